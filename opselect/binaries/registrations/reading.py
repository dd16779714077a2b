"""Reads what a binary registers: which functions to follow, what the functions do that these call, and the records."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from opselect.binaries.code.callers import call_sites
from opselect.binaries.code.flow import Flow
from opselect.binaries.code.machines import flow_of
from opselect.binaries.code.targets import Targets
from opselect.binaries.code.values import Call
from opselect.binaries.image import Image, unmapped
from opselect.binaries.records import KnownFrom, Registrations
from opselect.binaries.registrations.builders import Assembler
from opselect.binaries.registrations.roles import ApiFunction, Role, role_by_name

_STARTS = frozenset({Role.NAME, Role.REGISTRAR, Role.OP})
_MOST_DEPTH = 6
_INITIALISER = re.compile(r"_GLOBAL__sub_I_(?:_ZN?K?\w*|(?P<file>.+\.(?:cc|cpp|cxx|c\+\+|C|cu)(?:\.cc|\.cpp)?))$")


def read_registrations(image: Image) -> Registrations:
    """Everything that a binary registers when it starts, in the order of addresses.

    The functions that register are those that the loader calls, and whoever else calls what they call for it.
    """
    flow = flow_of(image)
    if flow is None:
        return Registrations((), (), ())
    return _Reader(image, flow).read()


class _Reader:
    def __init__(self, image: Image, flow: Flow) -> None:
        self._image = image
        self._flow = flow
        self._targets = Targets(image)
        self._calls: dict[int, list[Call]] = {}
        self._roles: dict[int | str, ApiFunction | None] = {}

    def read(self) -> Registrations:
        api = self._imported_api()
        for number in filter(None, map(self._function, self._image.initialisers)):
            api |= self._api_called_by(number)
        unmapped(self._image.content)
        return self._assembled(api, KnownFrom.SYMBOLS)

    def _assembled(self, api: dict[int | str, ApiFunction], known_from: KnownFrom) -> Registrations:
        found = self._registering(api)
        within = self._called_by_one_another(list(found))
        assembler = Assembler(self._image, known_from, self._role_in(api), self._is_code)
        functions = self._image.functions
        for number in found:
            if number in within:
                continue
            start = int(functions.starts[number])
            name, file = self._name_and_file(start)
            assembler.read(list(self._unfolded(number, within, 0)), start, name, file)
        return Registrations(
            kernels=tuple(sorted(assembler.kernels, key=lambda kernel: kernel.place)),
            definitions=tuple(sorted(assembler.definitions, key=lambda definition: definition.place)),
            undecoded=tuple(sorted(assembler.undecoded, key=lambda undecoded: undecoded.place)),
        )

    def _registering(self, api: dict[int | str, ApiFunction]) -> list[int]:
        """The functions that begin or end a registration; what they call besides is added to what is known."""
        functions = self._image.functions
        found: dict[int, None] = {}
        scanned: set[int | str] = set()
        while True:
            starts = {target for target, function in api.items() if function.role in _STARTS} - scanned
            if not starts:
                break
            scanned |= starts
            for site in call_sites(self._image, starts):
                number = functions.containing(int(site))
                if number is not None and number not in found:
                    found[number] = None
                    start = int(functions.starts[number])
                    behind = self._targets.of(start)
                    if behind != start and behind in api:
                        api[start] = api[behind]
                    api |= self._api_called_by(number)
        return sorted(number for number in found if int(functions.starts[number]) not in api)

    def _imported_api(self) -> dict[int | str, ApiFunction]:
        """What those imports do that registrations call."""
        named = ((name, role_by_name(name)) for name in self._image.pointers.import_names)
        return {name: api for name, api in named if api is not None}

    def _api_called_by(self, number: int) -> dict[int | str, ApiFunction]:
        """What the functions do, by their names, that a function calls for registrations."""
        found: dict[int | str, ApiFunction] = {}
        calls = self._calls_of(number)
        for call in calls:
            target = self._target(call)
            if isinstance(target, int):
                if target not in self._roles:
                    self._roles[target] = self._role_of_symbol(target)
                api = self._roles[target]
                if api is not None:
                    found[target] = api
        if not found:
            del self._calls[number]
        return found

    def _role_of_symbol(self, address: int) -> ApiFunction | None:
        for number in self._image.symbols.at(address):
            api = role_by_name(self._image.symbols.name(number))
            if api is not None:
                return api
        return None

    def _role_in(self, api: dict[int | str, ApiFunction]) -> Callable[[Call], ApiFunction | None]:
        def role_of(call: Call) -> ApiFunction | None:
            target = self._target(call)
            return None if target is None else api.get(target)

        return role_of

    def _called_by_one_another(self, numbers: list[int]) -> set[int]:
        """Those functions that another one of them calls: their calls are read in the place of that call."""
        functions, chosen = self._image.functions, set(numbers)
        within = set()
        for number in numbers:
            for call in self._calls_of(number):
                target = self._target(call)
                called = functions.starting(target) if isinstance(target, int) else None
                if called in chosen and called is not None and called != number:
                    within.add(called)
        return within

    def _unfolded(self, number: int, within: set[int], depth: int) -> Iterator[Call]:
        """The calls of a function, those of functions that register in the place of their call."""
        for call in self._calls_of(number):
            target = self._target(call)
            called = self._image.functions.starting(target) if isinstance(target, int) else None
            if called is not None and called in within and called != number and depth < _MOST_DEPTH:
                yield from self._unfolded(called, within, depth + 1)
            else:
                yield call

    def _target(self, call: Call) -> int | str | None:
        return None if call.target is None else self._targets.of(call.target)

    def _function(self, address: int) -> int | None:
        return self._image.functions.starting(address)

    def _is_code(self, address: int) -> bool:
        return self._image.functions.starting(address) is not None

    def _calls_of(self, number: int) -> list[Call]:
        if number not in self._calls:
            functions = self._image.functions
            self._calls[number] = self._flow.calls(int(functions.starts[number]), int(functions.ends[number]))
        return self._calls[number]

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
