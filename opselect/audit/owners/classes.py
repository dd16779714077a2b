"""The class of each kernel, by the code that makes it, and what belongs to the class.

A factory makes one object: within its first 200 bytes it calls the constructor of the class or stores the address of
its table of virtual functions. With run-time type information the table leads to the mangled name of the class even
in what is stripped (the C++ ABI of Itanium, sections 2.5 "Virtual Table Layout" and 2.9.5 "RTTI Layout").
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from opselect.audit.owners.code_targets import targets_of
from opselect.audit.owners.intervals import NOTHING
from opselect.audit.owners.items import named_at
from opselect.binaries.image import Image, SectionKind
from opselect.binaries.names import readable
from opselect.binaries.names.search import starting_with
from opselect.binaries.records import RegisteredKernel

_FACTORY_BYTES = 200
_CONSTRUCTOR_BYTES = 600
_MOST_SLOTS = 256
_NAME_OF_CLASS = re.compile(rb"(?:N[\w.$]{2,}E|\d{1,4}[A-Za-z_][\w.$]*)\Z")
_IDENTIFIER = re.compile(r"(\w+)\s*(?:<|\Z)")


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
        """The class as people write it, with template arguments; the text of the registration where nothing else is known."""
        mangled = self.mangled[number].decode("ascii", "replace")
        prefix = "typeinfo name for "
        found = readable("_ZTS" + mangled) if mangled else ""
        return found.removeprefix(prefix) if found.startswith(prefix) else self.texts[number]


class _Tables:
    """Reads tables of virtual functions, each once."""

    def __init__(self, image: Image) -> None:
        self._image = image
        self._word = image.pointer_size
        self._known: dict[int, VirtualTable | None] = {}
        self._code = [
            (section.address, section.address + section.memory_size)
            for section in image.sections
            if section.kind is SectionKind.CODE
        ] or [(part.address, part.address + part.memory_size) for part in image.segments if part.executable]

    def at(self, address: int) -> VirtualTable | None:
        """The table whose address point this is; None where there is none."""
        if address not in self._known:
            self._known[address] = self._read(address)
        return self._known[address]

    def _is_code(self, address: int | None) -> bool:
        return address is not None and any(start <= address < end for start, end in self._code)

    def _read(self, point: int) -> VirtualTable | None:
        image, word = self._image, self._word
        if point % word or self._is_code(point) or image.region_of(point) is None:
            return None
        start, end, mangled, type_info, type_name = point - 2 * word, 0, b"", 0, 0
        for number in image.symbols.at(start):
            name = image.symbols.name(number)
            if name.lstrip("_").startswith("ZTV"):
                mangled = name.lstrip("_")[3:].encode()
                end = start + int(image.symbols.sizes[number])
        type_info = image.pointer(point - word) or 0
        if type_info and (place := image.pointer(type_info + word)):
            text = image.bytes_at(place, 4096).partition(b"\0")[0].lstrip(b"*")
            if _NAME_OF_CLASS.match(text):
                mangled, type_name = mangled or text, place
            else:
                type_info = 0
        if not mangled:
            return None
        slots = []
        limit = end if end > point else point + _MOST_SLOTS * word
        for place in range(point, limit, word):
            target = image.pointer(place)
            if target is not None and self._is_code(target):
                slots.append(target)
            elif image.import_at(place) is None:
                break
            if place != point and image.symbols.at(place) and end <= point:
                break
        if not slots:
            return None
        return VirtualTable(start, point, max(end, point + len(slots) * word), type_info, type_name, mangled, tuple(slots))


def kernel_classes(image: Image, kernels: tuple[RegisteredKernel, ...]) -> KernelClasses:
    """The class of each kernel that a factory makes."""
    tables = _Tables(image)
    factories = sorted({kernel.factory for kernel in kernels if kernel.factory is not None})
    places = np.array(factories, np.uint64)
    pairs = targets_of(image, places, _ends(image, places, _FACTORY_BYTES))
    reached = dict(_grouped(factories, *pairs))
    constructors = _constructors(image, reached)
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
    ends = starts + np.uint64(most)
    if len(image.functions):
        number = np.searchsorted(image.functions.starts, starts, "right") - 1
        known = (number >= 0) & (image.functions.ends[np.maximum(number, 0)] > starts)
        ends = np.where(known, np.minimum(ends, image.functions.ends[np.maximum(number, 0)]), ends)
    return ends


def _grouped(
    starts: list[int], owners: NDArray[np.int64], targets: NDArray[np.uint64], calls: NDArray[np.bool_]
) -> Iterator[tuple[int, list[tuple[int, bool]]]]:
    borders = np.searchsorted(owners, np.arange(len(starts) + 1))
    every = list(zip(targets.tolist(), calls.tolist(), strict=True))
    for number, start in enumerate(starts):
        yield start, every[borders[number] : borders[number + 1]]


_Constructor = tuple[bytes, list[tuple[int, bool]]]


def _constructors(image: Image, reached: dict[int, list[tuple[int, bool]]]) -> dict[int, _Constructor]:
    """Of every function that factories call: the class it constructs if its name says so, and what it refers to."""
    called = sorted({target for found in reached.values() for target, is_call in found if is_call})
    places = np.array(called, np.uint64)
    inner = dict(_grouped(called, *targets_of(image, places, _ends(image, places, _CONSTRUCTOR_BYTES))))
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
    words = _IDENTIFIER.findall(text.rpartition("::")[2] if "<" not in text else text[: text.index("<")])
    mark = f"{len(words[-1])}{words[-1]}".encode() if words else b""
    named = [choice for choice in choices if mark and mark in choice[0]]
    if named:
        return named[-1]
    others = [choice for choice in choices if not choice[0].endswith(_BASES)]
    return others[-1] if others else None


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
    mangled = starting_with(symbols, b"_Z")
    text = symbols.text
    longest = max(len(name) for name in inner) + 1
    for form in (b"N", b"NK", b"ZN", b"ZNK", b"TV", b"TI", b"TS", b"TVN", b"TIN", b"TSN", b"GVZN", b"GVZNK", b"GVN",
                 b"TIZN", b"TIZNK", b"TSZN", b"TSZNK", b"ZZN", b"ZZNK"):  # fmt: skip
        of_form = starting_with(symbols, b"_Z" + form, mangled)
        for lead in leads:
            for number in starting_with(symbols, b"_Z" + form + lead, of_form).tolist():
                start = int(symbols.name_at[number]) + 2 + len(form)
                candidates.append((text[start : start + longest].tobytes().partition(b"\0")[0], number))
    for number in starting_with(symbols, b"_ZTh", mangled).tolist():
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
        # What begins with a class follows it at once in the order: one that does not begin this name begins no later one.
        while stack and not name.startswith(stack[-1][0]):
            stack.pop()
        found[number] = next((at for inside, at in reversed(stack) if _begins(name, inside)), NOTHING)


def _begins(name: bytes, class_name: bytes) -> bool:
    """Whether a class begins a name, and not a template of its name."""
    return name.startswith(class_name) and name[len(class_name) : len(class_name) + 1] != b"I"
