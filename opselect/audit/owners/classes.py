"""The class of each kernel, by the code that makes it, and what belongs to the class.

A factory makes one object: within its first 600 bytes it calls the constructor of the class or stores the address of
its table of virtual functions. With run-time type information the table leads to the mangled name of the class even
in what is stripped (the C++ ABI of Itanium, sections 2.5 "Virtual Table Layout" and 2.9.5 "RTTI Layout").
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from opselect.audit.owners.code_targets import targets_of
from opselect.audit.owners.intervals import NOTHING
from opselect.audit.owners.items import named_at
from opselect.audit.owners.virtual_tables import VirtualTable, VirtualTables
from opselect.binaries.code.targets import CallTargets
from opselect.binaries.image import Image
from opselect.binaries.names import readable
from opselect.binaries.records import RegisteredKernel

_FACTORY_BYTES = 600
_CONSTRUCTOR_BYTES = 600
_IDENTIFIER = re.compile(r"(\w+)\s*\Z")


@dataclass(frozen=True, slots=True)
class KernelClasses:
    """The classes of kernels.

    ``mangled`` is the name of each (as type information has it, ``N10tensorflow6NoOpE``), empty where only the text
    of the registration names it, which is in ``texts``. ``of_kernel`` has for each kernel the number of its class,
    -1 where the factory does not say it.
    """

    mangled: tuple[bytes, ...]
    texts: tuple[str, ...]
    tables: tuple[VirtualTable | None, ...]
    of_kernel: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.mangled)

    def name(self, number: int) -> str:
        """The class as people write it, with template arguments; where it is not known, what the registration says."""
        mangled = self.mangled[number].decode("ascii", "replace")
        prefix = "typeinfo name for "
        found = readable("_ZTS" + mangled) if mangled else ""
        return found.removeprefix(prefix) if found.startswith(prefix) else self.texts[number]


def kernel_classes(image: Image, kernels: tuple[RegisteredKernel, ...]) -> KernelClasses:
    """The class of each kernel that a factory makes."""
    factories = sorted({kernel.factory for kernel in kernels if kernel.factory is not None})
    places = np.array(factories, np.uint64)
    pairs = targets_of(image, places, _ends(image, places, _FACTORY_BYTES))
    reached = dict(_grouped(image, factories, *pairs))
    called = _constructors(image, reached)
    referred = (*reached.values(), *(inner for _, inner in called.values()))
    tables = VirtualTables(image, (place for found in referred for place, _ in found))
    constructors = {place: _of_constructor(tables, constructor) for place, constructor in called.items()}
    choices = {start: list(_choices(tables, constructors, found)) for start, found in reached.items()}
    uses = Counter(key for found in choices.values() for key in {choice.key for choice in found if not choice.name})
    classes: dict[bytes, _Class] = {}
    of_kernel = np.full(len(kernels), NOTHING, np.int32)
    for at, kernel in enumerate(kernels):
        best = _best(choices.get(kernel.factory, []), kernel.kernel_class, uses) if kernel.factory is not None else None
        if best is None:
            continue
        made = classes.setdefault(best.key, _Class(len(classes), best.name, kernel.kernel_class))
        made.table = made.table or best.table
        of_kernel[at] = made.number
    return KernelClasses(
        tuple(each.name for each in classes.values()),
        tuple(each.text for each in classes.values()),
        tuple(each.table for each in classes.values()),
        of_kernel,
    )


@dataclass(slots=True)
class _Class:
    number: int
    name: bytes
    text: str
    table: VirtualTable | None = None


def _ends(image: Image, starts: NDArray[np.uint64], most: int) -> NDArray[np.uint64]:
    """Where the functions at these starts end, after so many bytes at the latest."""
    ends: NDArray[np.uint64] = starts + np.uint64(most)
    if len(image.functions):
        number = np.searchsorted(image.functions.starts, starts, "right") - 1
        last = image.functions.ends[np.maximum(number, 0)]
        known = (number >= 0) & (last > starts)
        ends[known] = np.minimum(ends, last)[known]
    return ends


def _grouped(
    image: Image, starts: list[int], owners: NDArray[np.int64], targets: NDArray[np.uint64], calls: NDArray[np.bool_]
) -> Iterator[tuple[int, list[tuple[int, bool]]]]:
    """What each piece of code refers to, calls through stubs of the linker as calls of the function behind."""
    borders = np.searchsorted(owners, np.arange(len(starts) + 1))
    stubs = CallTargets(image)
    places = [
        stubs.of(place) if is_call else place for place, is_call in zip(targets.tolist(), calls.tolist(), strict=True)
    ]
    every = [
        (place if isinstance(place, int) and 0 <= place < 1 << 64 else 0, call)
        for place, call in zip(places, calls.tolist(), strict=True)
    ]
    for number, start in enumerate(starts):
        yield start, every[borders[number] : borders[number + 1]]


_Constructor = tuple[bytes, list[tuple[int, bool]]]


def _constructors(image: Image, reached: dict[int, list[tuple[int, bool]]]) -> dict[int, _Constructor]:
    """Of every function that factories call: the class it constructs if its name says so, and what it refers to."""
    called = sorted({target for found in reached.values() for target, is_call in found if is_call})
    places = np.array(called, np.uint64)
    inner = dict(_grouped(image, called, *targets_of(image, places, _ends(image, places, _CONSTRUCTOR_BYTES))))
    names = named_at(image.symbols, places)
    return {
        place: (_constructed(image.symbols.name(number) if number >= 0 else ""), inner[place])
        for place, number in zip(called, names.tolist(), strict=True)
    }


def _constructed(name: str) -> bytes:
    """The mangled class of a constructor's name: of ``_ZN3foo3barIiEC2EPv`` it is ``N3foo3barIiEE``."""
    body = name.lstrip("_").partition("ZN")
    if body[0] or not body[1]:
        return b""
    found = max(body[2].rfind(mark) for mark in ("C1E", "C2E"))
    return b"" if found <= 0 else f"N{body[2][:found]}E".encode()


class _Choice(NamedTuple):
    """A class that a factory may make; what has no name is known by its table."""

    name: bytes
    table: VirtualTable | None

    @property
    def key(self) -> bytes:
        return self.name or (b"" if self.table is None else b"@%d" % self.table.point)


def _of_constructor(tables: VirtualTables, constructor: _Constructor) -> list[_Choice]:
    """What a function that a factory calls may construct: the class of its name, else what it stores."""
    name, inner = constructor
    stored = [table for place, call in inner if not call and (table := tables.at(place)) is not None]
    if name:
        return [_Choice(name, next((table for table in stored if table.mangled == name), None))]
    return [_Choice(table.mangled, table) for table in stored]


def _choices(
    tables: VirtualTables, constructors: dict[int, list[_Choice]], reached: list[tuple[int, bool]]
) -> Iterator[_Choice]:
    """The classes that a factory may make, the likeliest last: what it stores itself, what constructors store."""
    for target, is_call in reached:
        if is_call:
            yield from constructors[target]
        elif (table := tables.at(target)) is not None:
            yield _Choice(table.mangled, table)


_BASES = (b"8OpKernelE", b"13AsyncOpKernelE")


def _best(choices: list[_Choice], text: str, uses: Counter[bytes]) -> _Choice | None:
    """Of several the one whose last name the registration has, else the last that is no base of all kernels.

    Of tables without names that which the fewest factories lead to: those of bases are in many.
    """
    words = _IDENTIFIER.findall(text.strip("() ").partition("<")[0])
    mark = f"{len(words[-1])}{words[-1]}".encode() if words else b""
    named = [choice for choice in choices if mark and mark in choice.name]
    if named:
        return named[-1]
    others = [choice for choice in choices if choice.name and not choice.name.endswith(_BASES)]
    if others:
        return others[-1]
    unnamed = [each for each in choices if not each.name]
    return min(reversed(unnamed), key=lambda each: uses[each.key], default=None)
