"""Reads what a binary registers: which functions to follow, what the functions do that these call, and the records."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from functools import partial

from opselect.binaries.code.callers import call_sites
from opselect.binaries.code.flow import CodeFlow
from opselect.binaries.code.machines import flow_of
from opselect.binaries.code.values import GIVEN, CodeCall, Place
from opselect.binaries.image import Image, Machine, unmapped
from opselect.binaries.records import CompiledDefinition, Registrations, Undecoded
from opselect.binaries.registrations.arguments import Arguments
from opselect.binaries.registrations.behaviour import definition_api, kernel_api
from opselect.binaries.registrations.builders import Api, Assembler
from opselect.binaries.registrations.roles import PARTS, ApiFunction, ApiRole, role_by_name
from opselect.binaries.symbol_search import symbols_with

_OF_KERNELS = frozenset({ApiRole.NAME, ApiRole.REGISTRAR})
_OF_DEFINITIONS = frozenset({ApiRole.OP, ApiRole.RECEIVER, ApiRole.OP_ATTR, ApiRole.OP_INPUT, ApiRole.OP_OUTPUT})
_STARTS = _OF_KERNELS | _OF_DEFINITIONS
"""What functions do that begin or end a registration. Of a definition every part may be the first: its name can be
stored without a call."""
_DEEPEST = 3
_GIVEN = 4
"""Arguments in registers, on every machine whose code is followed but i386."""
_TOGETHER = 256
"""Functions whose code is in memory together: each brings pages around it with it."""
_INITIALISER = re.compile(r"_GLOBAL__sub_I_(?:_ZN?K?\w*|(?P<file>.+\.(?:cc|cpp|cxx|c\+\+|C|cu)(?:\.cc|\.cpp)?))$")


def read_registrations(image: Image) -> Registrations:
    """Everything that a binary registers when it starts, in the order of addresses.

    The functions that register are those that the loader calls, and whoever else calls what they call for it.
    """
    flow = flow_of(image)
    if flow is None:
        return Registrations((), (), (), not_followed=f"its code is for {_processor(image)}")
    if not len(image.functions):
        return Registrations((), (), (), not_followed="nothing in it says where its functions begin")
    return _Reader(image, flow).read()


def _processor(image: Image) -> str:
    """What a processor is called whose code cannot be followed."""
    name = "a processor that is none of these" if image.machine is Machine.OTHER else image.machine.value
    order = "in big-endian order, " if image.big_endian else ""
    return f"{name}, {order}and only that for x86 and ARM, of 32 and 64 bits, can be followed"


class _Reader:
    def __init__(self, image: Image, flow: CodeFlow) -> None:
        self._image = image
        self._flow = flow
        self._arguments = Arguments(flow)
        self._calls: dict[int, list[CodeCall]] = {}

    def read(self) -> Registrations:
        api = self._named_api()
        if not any(function.role in _OF_DEFINITIONS for function in api.values()):
            api = self._unnamed(self._definition_api, _OF_DEFINITIONS) | api
        if not any(function.role in _OF_KERNELS for function in api.values()):
            found = self._unnamed(partial(self._kernel_api, self._definitions(api)), _OF_KERNELS)
            api |= {target: self._decided_within(target, function) for target, function in found.items()}
        registering = self._registering(api)
        unmapped(self._image.content)
        self._calls = {
            function: calls for function, calls in self._calls.items() if any(call.target in api for call in calls)
        }
        read = self._assembled(api, registering)
        further = self._beside_names(api, {undecoded.function for undecoded in read.undecoded})
        if further:
            read = self._assembled(api | further, registering)
        if read.kernels or read.undecoded or not read.definitions:
            return read
        return replace(read, undecoded=tuple(self._suspected()))

    def _suspected(self) -> Iterator[Undecoded]:
        """Calls that are given a text and a function, where ops are defined and no kernel was found.

        So a registrar is called; what was inlined around it, as by link time optimization, cannot be told any more.
        """
        functions = list(self._image.initialisers)
        for function in [*functions, *self._called(functions)]:
            for call in self._calls_of(function):
                text = self._arguments.class_of(call)
                if text and self._arguments.factory(call, ()) is not None:
                    name, file = self._name_and_file(function)
                    yield Undecoded(call.place, function, name, file, text, "what looks like a kernel of this class")

    def _beside_names(self, api: Api, doubtful: set[int]) -> Api:
        """What those functions do without a name that some functions call for registrations besides others with names.

        So it is in stripped libraries: functions of another library have names, and what is compiled in has none.
        """
        calls = [self._calls_of(function) for function in sorted(doubtful)]
        goals = {call.target for each in calls for call in each} - api.keys()
        functions = [goal for goal in goals if isinstance(goal, int) and self._is_function(goal)]
        if all(len(self._image.symbols.at(function)) for function in functions):
            return {}
        further = self._kernel_api(self._definitions(api), calls) | self._definition_api(calls)
        return {target: function for target, function in self._nameless(further).items() if target in goals}

    def _unnamed(self, api_of: Callable[[list[list[CodeCall]]], Api], starts: frozenset[ApiRole]) -> Api:
        """What functions do by how they are called, by those that the loader calls and those that these call.

        When it is known what begins and ends a registration, everything that does so is looked at again.
        """
        functions = list(self._image.initialisers)
        api: Api = {}
        for _ in range(_DEEPEST):
            calls = [self._calls_of(function) for function in functions]
            api = self._nameless(api_of(calls))
            if any(function.role in starts for function in api.values()):
                break
            functions = self._called(functions)
        while api:
            further = self._nameless(api_of([self._calls_of(function) for function in self._callers(api, starts)]))
            if further.keys() <= api.keys():
                return api | further
            api |= further
        return api

    def _nameless(self, api: Api) -> Api:
        """What functions do that have no name: a name says what its function does and what it does not.

        What does nothing at all stands for an op definition that selective registration leaves out (``register_op`` of
        ``framework/op.h``).
        """
        return {
            target: function
            for target, function in api.items()
            if isinstance(target, int)
            and not len(self._image.symbols.at(target))
            and not (function.role in _OF_DEFINITIONS and self._flow.does_nothing(target))
        }

    def _decided_within(self, target: int | str, function: ApiFunction) -> ApiFunction:
        """Says of what begins a kernel whether it asks another function first if the op is to be registered.

        Source: ``Name`` of ``framework/kernel_def_builder.h`` with ``SHOULD_REGISTER_OP`` of a generated header.
        """
        if function.role is not ApiRole.NAME or isinstance(target, str):
            return function
        builder, op = Place(GIVEN, 0), Place(GIVEN - 1, 0)
        calls = self._flow.calls(target, given=(builder, op))
        asked = any(call.arguments[0] == op for call in calls)
        handed_on = [call.arguments[1] for call in calls if call.arguments[0] == builder]
        return replace(function, conditional=asked and any(value != op for value in handed_on))

    def _definitions(self, api: Api) -> dict[str, CompiledDefinition]:
        """The op definitions that the binary has, by op."""
        only = {target: function for target, function in api.items() if function.role in _OF_DEFINITIONS}
        return {definition.op: definition for definition in self._assembled(only, self._registering(only)).definitions}

    def _kernel_api(self, definitions: dict[str, CompiledDefinition], calls: list[list[CodeCall]]) -> Api:
        return kernel_api(calls, self._arguments, self._flow.calls, definitions)

    def _called(self, functions: list[int]) -> list[int]:
        """The functions that some functions call."""
        goals = (call.target for function in functions for call in self._calls_of(function))
        return list(dict.fromkeys(goal for goal in goals if isinstance(goal, int) and self._is_function(goal)))

    def _definition_api(self, calls: list[list[CodeCall]]) -> Api:
        return definition_api(calls, self._arguments)

    def _callers(self, api: Api, roles: frozenset[ApiRole]) -> list[int]:
        """The functions that call what does something."""
        return self._calling({target for target, function in api.items() if function.role in roles})

    def _calling(self, wanted: Collection[int | str]) -> list[int]:
        """The functions that call one of some functions."""
        functions = self._image.functions
        sites = call_sites(self._image, self._flow.targets, wanted)
        numbers = dict.fromkeys(functions.containing(int(site)) for site in sites)
        return [int(functions.starts[number]) for number in numbers if number is not None]

    def _is_function(self, address: int) -> bool:
        return self._arguments.is_function(address)

    def _assembled(self, api: Api, registering: list[int]) -> Registrations:
        within = self._called_by_one_another(registering)
        assembler = Assembler(self._arguments, api)
        for function in registering:
            if function not in within:
                calls = self._calls_of(function)
                if any(call.target in within for call in calls):
                    calls = self._flow.calls(function, within)
                assembler.read(calls, function, *self._name_and_file(function))
        return assembler.registrations()

    def _registering(self, api: Api) -> list[int]:
        """The functions that begin or end a registration; of those that only jump to one that does, the callers."""
        functions = self._image.functions
        found: set[int] = set()
        scanned: set[int | str] = set()
        while True:
            starts = {target for target, function in api.items() if function.role in _STARTS} - scanned
            if not starts:
                break
            scanned |= starts
            for site in call_sites(self._image, self._flow.targets, starts):
                number = functions.containing(int(site))
                # Between functions stand the jumps that linkers put where a call cannot reach so far.
                start = int(site) if number is None else int(functions.starts[number])
                if start in found or (number is None and self._flow.targets.of(start) not in api.keys() - {start}):
                    continue
                found.add(start)
                behind = self._flow.targets.of(start)
                own = api.get(behind) if behind != start else self._role_of_symbol(start)
                if own is not None:
                    api.setdefault(start, own)
        return self._with_callers(sorted(start for start in found if start not in api), api)

    def _with_callers(self, registering: list[int], api: Api) -> list[int]:
        """Functions that register, and whoever else calls one of them that registers what its callers tell it."""
        for _ in range(_DEEPEST):
            within = {function for function in registering if self._hands_on(function, api)}
            further = {*self._calling(within)} - {*registering, *api} if within else set()
            if not further:
                break
            registering = sorted({*registering, *further})
        return registering

    def _hands_on(self, function: int, api: Api) -> bool:
        """Whether a function registers with arguments that it is given itself."""
        begun = [
            call for call in self._calls_of(function) if call.target in api and api[call.target].role in _OF_KERNELS
        ]
        if all(None not in call.arguments[:2] for call in begun):
            return False
        calls = self._flow.calls(function, given=[Place(GIVEN - number, 0) for number in range(_GIVEN)])
        told = (argument for call in calls if call.target in api for argument in call.arguments)
        return any(isinstance(argument, Place) and argument.base <= GIVEN for argument in told)

    def _named_api(self) -> Api:
        """What functions do that have names, imports and others."""
        imports = {*self._image.pointers.import_names, *self._image.stubs.values()}
        api: Api = {name: role for name in sorted(imports) if (role := role_by_name(name)) is not None}
        symbols = self._image.symbols
        for number in symbols_with(symbols, PARTS):
            address = int(symbols.addresses[number])
            role = role_by_name(symbols.name(int(number)))
            if role is not None and self._arguments.is_function(address):
                api[address] = self._decided_within(address, role)
        return api

    def _role_of_symbol(self, address: int) -> ApiFunction | None:
        for number in self._image.symbols.at(address):
            api = role_by_name(self._image.symbols.name(number))
            if api is not None:
                return api
        return None

    def _called_by_one_another(self, functions: list[int]) -> frozenset[int]:
        """Those functions that another one of them calls: they are read in the place of that call."""
        chosen = set(functions)
        return frozenset(
            call.target
            for function in functions
            for call in self._calls_of(function)
            if isinstance(call.target, int) and call.target in chosen and call.target != function
        )

    def _calls_of(self, function: int) -> list[CodeCall]:
        if function not in self._calls:
            self._calls[function] = self._flow.calls(function)
            if len(self._calls) % _TOGETHER == 0:
                unmapped(self._image.content)
        return self._calls[function]

    def _name_and_file(self, start: int) -> tuple[str, str]:
        """The name of a function and its source file, as far as its symbols say them."""
        symbols = self._image.symbols
        name = file = ""
        for number in symbols.at(start):
            name = name or symbols.name(number)
            if symbols.files[number] >= 0:
                file = file or symbols.file_names[int(symbols.files[number])]
        if not file:
            named = _INITIALISER.match(name)
            file = named["file"] or "" if named else ""
        return name, file
