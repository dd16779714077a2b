"""A binary cut into what a linker would take or leave: functions, and data at every address that is meant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from opselect.audit.code_references.arm import stub_starts
from opselect.audit.walking import distinct
from opselect.binaries.image import Addresses, Image, Machine, Section, SectionKind, SymbolKind

TABLES = (
    ".eh_frame", ".gcc_except_table", ".dynsym", ".dynstr", ".rel", ".gnu.hash", ".hash", ".gnu.version", ".dynamic",
    ".note", ".interp", ".init_array", ".fini_array", ".preinit_array", ".ctors", ".dtors", ".ARM.ex", ".android.rel",
    "__unwind_info", "__eh_frame", "__gcc_except_tab", "__mod_init_func", "__init_offsets", "__mod_term_func",
)  # fmt: skip
"""How the names of loaded sections begin whose rows go with what they describe, or that stay whatever goes."""

_HIGHEST = 1 << 56
"""No address of a program is as high."""
_PADDING = 64
"""Code between functions that is no longer than this is padding of the function in front."""


@dataclass(frozen=True, slots=True)
class Pieces:
    """The pieces of an image, sorted by address; they do not overlap. Shape (n,) each, and their nodes in the graph.

    Several pieces may be one node: a function around the registrations that stand in it. ``known`` are pieces that
    something says is one (a function that the unwinder or a symbol knows, data that somebody points to); other code is
    not understood.
    """

    starts: Addresses
    ends: Addresses
    nodes: NDArray[np.int32]
    code: NDArray[np.bool_]
    known: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.starts)

    def at(self, addresses: NDArray[np.uint64]) -> NDArray[np.int32]:
        """The node that has each address; -1 where no piece does."""
        if not len(self):
            return np.full(len(addresses), -1, np.int32)
        number = np.searchsorted(self.starts, addresses, "right") - 1
        inside = (number >= 0) & (addresses < self.ends[number])
        return np.where(inside, self.nodes[number], -1).astype(np.int32)

    def only(self, chosen: NDArray[np.bool_]) -> Pieces:
        """Some of the pieces, with the same nodes."""
        return Pieces(self.starts[chosen], self.ends[chosen], self.nodes[chosen], self.code[chosen], self.known[chosen])


def is_table(section: Section) -> bool:
    """Whether a loaded section has rows about other pieces and is no piece itself."""
    return last_name(section).startswith(TABLES)


def last_name(section: Section) -> str:
    """The name of a section without that of its segment, which Mach-O has in front."""
    return section.name.rpartition(",")[2]


def code_sections(image: Image) -> list[Section]:
    """The sections of code, by address; none over another."""
    return _apart(image, SectionKind.CODE)


def data_sections(image: Image) -> list[Section]:
    """The sections of data that is no table, by address; none over another."""
    return [section for section in _apart(image, SectionKind.DATA) if not is_table(section)]


def _apart(image: Image, kind: SectionKind) -> list[Section]:
    """The loaded sections of a kind that have bytes in the file, without those that headers make up."""
    found = [s for s in image.sections if s.loaded and s.kind is kind and s.size and s.address + s.size < _HIGHEST]
    apart: list[Section] = []
    for section in sorted(found, key=lambda section: section.address):
        if not apart or section.address >= apart[-1].address + apart[-1].size:
            apart.append(section)
    return apart


def linkage_slots(section: Section, image: Image) -> Addresses | None:
    """Where the entries of a procedure linkage table begin; None where a section is none."""
    if not last_name(section).startswith((".plt", ".iplt", "__stubs")):
        return None
    first = np.array([section.address], np.uint64)
    if image.machine is Machine.ARM:
        words = image.content[section.offset : section.offset + section.size // 4 * 4].view("<u4").astype(np.int64)
        return distinct(np.concatenate((first, (stub_starts(words) * 4 + section.address).astype(np.uint64))))
    size, head = 16, 0
    if image.machine is Machine.AARCH64:
        head = 32 if section.name == ".plt" else 0
    elif section.name == ".plt.got" and section.size % 16:
        size = 8
    if last_name(section) == "__stubs":
        size = 12 if image.machine is Machine.AARCH64 else 6
    starts = np.arange(section.address + head, section.address + section.size, size, dtype=np.uint64)
    return np.concatenate((first, starts)) if head else starts


def code_pieces(image: Image, parts: Sequence[tuple[int, int, int]] = ()) -> Pieces:
    """The pieces of code; each is the node of its number, what is left of a function the node of its first piece.

    ``parts`` are ranges within functions that are nodes of their own, as first address, end and number; they do not
    overlap, and their nodes follow those of the n pieces: n + number. A part begins at least one byte behind its
    function, so that whoever means the function does not mean the part.
    """
    sections = code_sections(image)
    starts, ends = _functions(image, sections)
    part_starts, part_ends, numbers = _parts(parts, starts, ends)
    ranges = [(s.address, s.address + s.size) for s in sections]
    cuts = [starts, ends, part_starts, part_ends]
    cuts += [np.array(side, np.uint64) for side in zip(*ranges, strict=True)]
    every = distinct(np.concatenate(cuts))
    limits = np.append(every[1:], every[-1:])
    in_section = _inside(every, ranges)
    every, limits = every[in_section], limits[in_section]
    number = np.searchsorted(starts, every, "right") - 1
    in_function = (number >= 0) & (every < np.append(ends, np.uint64(0))[number]) if len(starts) else number >= 0
    nodes = np.arange(len(every), dtype=np.int32)
    nodes[in_function] = np.searchsorted(every, starts[number[in_function]])
    at = np.searchsorted(every, part_starts)
    # Functions of damaged files reach beyond their section, and parts with them.
    there = at < len(every)
    there[there] = every[at[there]] == part_starts[there]
    nodes[at[there]] = len(every) + numbers[there]
    return Pieces(every, limits, nodes, np.ones(len(every), np.bool_), in_function)


def gap_pieces(code: Pieces, meant: Addresses, first_node: int) -> Pieces:
    """Code between the functions that are known, cut at ``meant``: there begin functions that nothing describes.

    Without symbols these are the stubs for calls that reach far, and what is written in assembly.
    """
    starts, ends = code.starts[~code.known], code.ends[~code.known]
    ranges = list(zip(starts.tolist(), ends.tolist(), strict=True))
    inside = distinct(meant[_inside(meant, ranges)])
    every = distinct(np.concatenate((starts, ends, inside)))
    limits = np.append(every[1:], every[-1:])
    kept = _inside(every, ranges)
    every, limits = every[kept], limits[kept]
    nodes = np.arange(first_node, first_node + len(every), dtype=np.int32)
    return Pieces(every, limits, nodes, np.ones(len(every), np.bool_), np.isin(every, inside))


def _functions(image: Image, sections: Sequence[Section]) -> tuple[Addresses, Addresses]:
    """Functions, with the entries of procedure linkage tables in place of what stands for a whole table."""
    ranges = [(s.address, s.address + s.size) for s in sections]
    starts, ends = image.functions.starts, image.functions.ends
    in_section = _inside(starts, ranges)
    starts, ends = starts[in_section], ends[in_section]
    tables = [(s, found) for s in sections if (found := linkage_slots(s, image)) is not None]
    in_table = _inside(starts, [(s.address, s.address + s.size) for s, _ in tables])
    all_starts = [starts[~in_table], *(found for _, found in tables)]
    all_ends = [ends[~in_table], *(np.append(found[1:], np.uint64(s.address + s.size)) for s, found in tables)]
    joined = np.concatenate(all_starts)
    order = np.argsort(joined, kind="stable")
    starts, ends = joined[order], np.concatenate(all_ends)[order]
    # Padding is what the function in front of it needs to end where the next may begin.
    if not len(starts):
        return starts, ends
    limits = np.array([end for _, end in ranges], np.uint64)
    following = np.minimum(np.append(starts[1:], limits[-1:]), limits[np.searchsorted(limits, starts, "right")])
    return starts, np.where((ends < following) & (following - ends <= _PADDING), following, ends)


def _parts(
    parts: Sequence[tuple[int, int, int]], starts: Addresses, ends: Addresses
) -> tuple[Addresses, Addresses, NDArray[np.int32]]:
    """First addresses, ends and numbers of the parts that stand in functions, cut to these."""
    if not len(starts) or not parts:
        return np.empty(0, np.uint64), np.empty(0, np.uint64), np.empty(0, np.int32)
    first, end, numbers = (np.array(column) for column in zip(*parts, strict=True))
    function = np.maximum(np.searchsorted(starts, first.astype(np.uint64), "right") - 1, 0)
    first = np.maximum(first.astype(np.uint64), starts[function] + np.uint64(1))
    end = np.minimum(end.astype(np.uint64), ends[function])
    kept = first < end
    return first[kept], end[kept], numbers[kept].astype(np.int32)


def data_pieces(image: Image, meant: Addresses, first_node: int) -> Pieces:
    """The pieces of data, cut at ``meant``, where symbols stand, and at each slot of the GOT."""
    sections = data_sections(image)
    ranges = [(s.address, s.address + s.size) for s in sections]
    symbols = image.symbols
    objects = (symbols.kinds == SymbolKind.OBJECT) & (symbols.sizes > 0)
    object_starts, object_ends = symbols.addresses[objects], symbols.addresses[objects] + symbols.sizes[objects]
    loose = np.concatenate((meant, symbols.addresses[(symbols.kinds == SymbolKind.OTHER)]))
    loose = _before_vtables(image, distinct(loose[_inside(loose, ranges)]))
    cuts = [loose[~_within(loose, object_starts, object_ends)], object_starts, _far_ends(object_starts, object_ends)]
    cuts += [np.array(side, np.uint64) for side in zip(*ranges, strict=True)]
    cuts += [
        np.arange(s.address, s.address + s.size, image.pointer_size, dtype=np.uint64)
        for s in sections
        if last_name(s).startswith((".got", "__got", "__la_symbol_ptr", "__thread_ptrs"))
    ]
    every = distinct(np.concatenate(cuts)) if cuts else np.empty(0, np.uint64)
    limits = np.append(every[1:], every[-1:])
    kept = _inside(every, ranges)
    every, limits = every[kept], limits[kept]
    nodes = np.arange(first_node, first_node + len(every), dtype=np.int32)
    return Pieces(every, limits, nodes, np.zeros(len(every), np.bool_), np.ones(len(every), np.bool_))


def _far_ends(starts: Addresses, ends: Addresses) -> Addresses:
    """The ends of objects behind which more follows than the padding in front of the next; ``starts`` are sorted."""
    number = np.searchsorted(starts, ends, "left")
    following = np.append(starts, np.uint64(0))[number]
    far: Addresses = ends[(number == len(starts)) | (following - ends > _PADDING)]
    return far


def _inside(addresses: Addresses, ranges: Sequence[tuple[int, int]]) -> NDArray[np.bool_]:
    """Which addresses stand in one of some ranges, which are sorted and do not overlap."""
    if not ranges:
        return np.zeros(len(addresses), np.bool_)
    starts, ends = (np.array(side, np.uint64) for side in zip(*ranges, strict=True))
    number = np.searchsorted(starts, addresses, "right") - 1
    return (number >= 0) & (addresses < ends[number])


def _within(addresses: Addresses, starts: Addresses, ends: Addresses) -> NDArray[np.bool_]:
    """Which addresses stand in the middle of an object that a symbol knows."""
    if not len(starts):
        return np.zeros(len(addresses), np.bool_)
    number = np.searchsorted(starts, addresses, "left") - 1
    reach = np.maximum.accumulate(ends)
    return (number >= 0) & (addresses < reach[number])


def _before_vtables(image: Image, cuts: Addresses) -> Addresses:
    """Cuts at what a vtable's users mean, its first function, moved to where the vtable begins.

    In front of the functions stand an offset, zero where the object begins with it, and the pointer to the type's
    description. Source: the Itanium C++ ABI, "Virtual Table Layout". Only without symbols does this change anything.
    """
    size = np.uint64(image.pointer_size)
    places = image.pointers.places
    number = np.searchsorted(places, cuts)
    usable = np.flatnonzero((number > 0) & (number < len(places)))
    number = number[usable]
    here = (places[number] == cuts[usable]) & (places[number - 1] == cuts[usable] - size)
    offset = cuts[usable] - size - size
    here &= (number < 2) | (places[number - 2] != offset)
    code = [(s.address, s.address + s.size) for s in code_sections(image)]
    data = [(s.address, s.address + s.size) for s in data_sections(image)]
    functions = _inside(image.pointers.values[number], code)
    functions |= image.pointers.imports[number] >= 0
    described = _inside(image.pointers.values[number - 1], data)
    moved = cuts.copy()
    at = usable[here & functions & described]
    moved[at] -= size + size
    return distinct(moved)
