"""The class of each kernel, by the code that makes it, and what belongs to the class.

A factory makes one object: within its first 600 bytes it calls the constructor of the class or stores the address of
its table of virtual functions. With run-time type information the table leads to the mangled name of the class even
in what is stripped (the C++ ABI of Itanium, sections 2.5 "Virtual Table Layout" and 2.9.5 "RTTI Layout").
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from opselect.audit.owners.code_targets import targets_of
from opselect.audit.owners.intervals import NOTHING
from opselect.audit.owners.items import named_at
from opselect.binaries.code.targets import Targets
from opselect.binaries.image import Image, SectionKind
from opselect.binaries.names import readable
from opselect.binaries.names.search import Beginnings
from opselect.binaries.records import RegisteredKernel

_FACTORY_BYTES = 600
_CONSTRUCTOR_BYTES = 600
_MOST_SLOTS = 256
_NAME_OF_CLASS = re.compile(rb"(?:N[\w.$]{2,}E|\d{1,4}[A-Za-z_][\w.$]*)\Z")
_IDENTIFIER = re.compile(r"(\w+)\s*\Z")


@dataclass(frozen=True, slots=True)
class VirtualTable:
    """A table of virtual functions: where it begins, where its ``end`` is, and the type information it leads to.

    ``point`` is the address that objects have. ``type_info`` and ``type_name`` are 0 where there is none.
    """

    start: int
    point: int
    end: int
    type_info: int
    type_name: int
    mangled: bytes
    slots: tuple[int, ...]


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


class _Tables:
    """Reads tables of virtual functions, each once."""

    def __init__(self, image: Image, candidates: Iterable[int]) -> None:
        self._image = image
        self._word = image.pointer_size
        self._known: dict[int, VirtualTable | None] = {}
        self._code = [
            (section.address, section.address + section.memory_size)
            for section in image.sections
            if section.kind is SectionKind.CODE
        ] or [(part.address, part.address + part.memory_size) for part in image.segments if part.executable]
        self._likely = set(self._with_pointers(sorted(set(candidates))))

    def _with_pointers(self, addresses: list[int]) -> list[int]:
        """Those of some addresses that lie in data and are aligned as a table of pointers is."""
        place = np.array(addresses, np.uint64)
        likely = place % np.uint64(self._word) == 0
        for start, end in self._code:
            likely &= (place < start) | (place >= end)
        inside = np.zeros(len(place), bool)
        for region in self._image.regions:
            inside |= (place >= region.address) & (place < region.end)
        likely &= inside
        known = self._image.pointers.places
        if len(known):
            following = np.minimum(np.searchsorted(known, place), len(known) - 1)
            likely &= known[following] <= place + np.uint64(2 * self._word)
        found: list[int] = place[likely].tolist()
        return found

    def at(self, address: int) -> VirtualTable | None:
        """The table that begins here or whose address point this is; None where there is none."""
        if address not in self._likely:
            return None
        if address not in self._known:
            self._known[address] = self._read(address) or self._read(address + 2 * self._word)
        return self._known[address]

    def _is_code(self, address: int) -> bool:
        return any(start <= address < end for start, end in self._code)

    def _read(self, point: int) -> VirtualTable | None:
        image, word = self._image, self._word
        start, end, mangled, type_name = point - 2 * word, 0, b"", 0
        for number in image.symbols.at(start):
            name = image.symbols.name(number)
            if name.lstrip("_").startswith("ZTV"):
                mangled = name.lstrip("_")[3:].encode()
                end = start + int(image.symbols.sizes[number])
        type_info = image.pointer(point - word) or 0
        if type_info and (place := image.pointer(type_info + word)):
            text = image.bytes_at(place, 2048).partition(b"\0")[0].lstrip(b"*")
            if _NAME_OF_CLASS.match(text):
                mangled, type_name = mangled or text, place
        if not mangled:
            return None
        most = (end - point) // word if end > point else _MOST_SLOTS
        slots, count = self._slots(point, most)
        if not slots:
            return None
        end = max(end, point + count * word)
        return VirtualTable(start, point, end, type_info if type_name else 0, type_name, mangled, slots)

    def _slots(self, point: int, most: int) -> tuple[tuple[int, ...], int]:
        """The functions of this file that a table names from its address point on, and how many slots it has."""
        pointers, word = self._image.pointers, self._word
        first = pointers.number(point)
        if first is None and len(pointers.places):
            return (), 0
        if first is None:
            words = self._image.bytes_at(point, most * word)
            order = ">" if self._image.big_endian else "<"
            values = np.frombuffer(words[: len(words) // word * word], f"{order}u{word}").tolist()
            imports = [-1] * len(values)
        else:
            places = pointers.places[first : first + most]
            together = places == point + np.arange(len(places), dtype=np.uint64) * np.uint64(word)
            count = len(places) if together.all() else int(np.argmin(together))
            values = pointers.values[first : first + count].tolist()
            imports = pointers.imports[first : first + count].tolist()
        found: list[int] = []
        for at, (value, outside) in enumerate(zip(values, imports, strict=True)):
            if outside < 0 and not self._is_code(value):
                return tuple(found), at
            if outside < 0:
                found.append(value)
        return tuple(found), len(values)


def kernel_classes(image: Image, kernels: tuple[RegisteredKernel, ...]) -> KernelClasses:
    """The class of each kernel that a factory makes."""
    factories = sorted({kernel.factory for kernel in kernels if kernel.factory is not None})
    places = np.array(factories, np.uint64)
    pairs = targets_of(image, places, _ends(image, places, _FACTORY_BYTES))
    reached = dict(_grouped(image, factories, *pairs))
    constructors = _constructors(image, reached)
    stored = (
        place for found in (*reached.values(), *(inner for _, inner in constructors.values())) for place, _ in found
    )
    tables = _Tables(image, stored)
    mangled: list[bytes] = []
    texts: list[str] = []
    found_tables: list[VirtualTable | None] = []
    numbers: dict[bytes, int] = {}
    of_kernel = np.full(len(kernels), NOTHING, np.int32)
    for at, kernel in enumerate(kernels):
        if kernel.factory is None:
            continue
        choices = list(_choices(tables, constructors, reached.get(kernel.factory, [])))
        best = _best(choices, kernel.kernel_class)
        if best is None:
            continue
        name, table = best
        if name not in numbers:
            numbers[name] = len(mangled)
            mangled.append(name)
            texts.append(kernel.kernel_class)
            found_tables.append(table)
        elif found_tables[numbers[name]] is None:
            found_tables[numbers[name]] = table
        of_kernel[at] = numbers[name]
    return KernelClasses(tuple(mangled), tuple(texts), tuple(found_tables), of_kernel)


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
    stubs = Targets(image)
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


_Choice = tuple[bytes, VirtualTable | None]


def _choices(
    tables: _Tables, constructors: dict[int, _Constructor], reached: list[tuple[int, bool]]
) -> Iterator[_Choice]:
    """The classes that a factory may make, the likeliest last: what it stores itself, what constructors store."""
    for target, is_call in reached:
        if not is_call:
            if (table := tables.at(target)) is not None:
                yield table.mangled, table
            continue
        name, inner = constructors[target]
        stored = [table for place, call in inner if not call and (table := tables.at(place)) is not None]
        if name:
            yield name, next((table for table in stored if table.mangled == name), None)
        else:
            for table in stored:
                yield table.mangled, table


_BASES = (b"8OpKernelE", b"13AsyncOpKernelE")


def _best(choices: list[_Choice], text: str) -> _Choice | None:
    """Of several the one whose last name the registration has, else the last that is no base of all kernels."""
    words = _IDENTIFIER.findall(text.strip("() ").partition("<")[0])
    mark = f"{len(words[-1])}{words[-1]}".encode() if words else b""
    named = [choice for choice in choices if mark and mark in choice[0]]
    if named:
        return named[-1]
    others = [choice for choice in choices if not choice[0].endswith(_BASES)]
    return others[-1] if others else None


_FORMS = (
    b"_ZN", b"_ZNK", b"_ZZN", b"_ZZNK", b"_ZZZN", b"_ZZZNK", b"_ZTV", b"_ZTI", b"_ZTS", b"_ZTVN", b"_ZTIN", b"_ZTSN",
    b"_ZGVN", b"_ZGVZN", b"_ZGVZNK", b"_ZTIZN", b"_ZTIZNK", b"_ZTSZN", b"_ZTSZNK", b"_ZTVZN", b"_ZTVZNK",
)  # fmt: skip
"""What stands in front of the class in the names of members, of what is local to them, and of tables."""


def members_by_name(image: Image, classes: KernelClasses) -> NDArray[np.int32]:
    """For each symbol the number of the kernel class that it belongs to by its name, else -1.

    Members, what is local to them, thunks, guards, the table of virtual functions and type information: their mangled
    names have the class right behind a few letters.
    """
    symbols = image.symbols
    found = np.full(len(symbols), NOTHING, np.int32)
    inner = {name[1:-1] if name.startswith(b"N") else name: at for at, name in enumerate(classes.mangled) if name}
    if not inner or not len(symbols):
        return found
    leads = sorted({_lead(name) for name in inner})
    candidates: list[tuple[bytes, int]] = []
    beginnings = Beginnings(symbols)
    text = symbols.text
    longest = max(len(name) for name in inner) + 1
    for form in _FORMS:
        for lead in leads:
            for number in beginnings.starting_with(form + lead).tolist():
                start = int(symbols.name_at[number]) + len(form)
                candidates.append((text[start : start + longest].tobytes().partition(b"\0")[0], number))
    for number in beginnings.starting_with(b"_ZTh").tolist():
        start = int(symbols.name_at[number])
        name = text[start : start + longest + 16].tobytes().partition(b"\0")[0]
        candidates.append((name.partition(b"_N")[2].removeprefix(b"K"), number))
    candidates.sort()
    _matched(candidates, inner, found)
    return found


def _lead(name: bytes) -> bytes:
    """The first part of a name, with its length: ``10tensorflow``."""
    match = re.match(rb"\d+", name)
    return name[:2] if match is None else name[: match.end() + int(match.group())]


def _matched(candidates: list[tuple[bytes, int]], inner: dict[bytes, int], found: NDArray[np.int32]) -> None:
    """Walks sorted names and sorted classes side by side: the longest class that begins a name has it."""
    stack: list[tuple[bytes, int]] = []
    classes = sorted(inner.items())
    following = 0
    for name, number in candidates:
        while following < len(classes) and classes[following][0] <= name:
            while stack and not classes[following][0].startswith(stack[-1][0]):
                stack.pop()
            stack.append(classes[following])
            following += 1
        # What begins with a class follows it at once in the order: if this name does not, no later one does.
        while stack and not name.startswith(stack[-1][0]):
            stack.pop()
        found[number] = next((at for inside, at in reversed(stack) if _begins(name, inside)), NOTHING)


def _begins(name: bytes, class_name: bytes) -> bool:
    """Whether a class begins a name, and not a template of its name."""
    return name.startswith(class_name) and name[len(class_name) : len(class_name) + 1] != b"I"
