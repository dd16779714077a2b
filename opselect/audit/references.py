"""Which pieces of a binary need which: the graph that a linker walks when it drops what nobody needs.

A node is a function or a piece of data; nodes are numbered from 0. What describes a piece goes with it and counts as
its bytes: its frame description, its tables of exception handling, the relocations in it, its entry among the dynamic
symbols, its slot among the initialisers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from opselect.audit.code_references import aarch64, arm, x86
from opselect.audit.code_references.referents import CodeReferences, Referents
from opselect.audit.pieces import Pieces, code_pieces, code_sections, data_pieces, data_sections, gap_pieces
from opselect.audit.registration_code import Registration, ranges_of
from opselect.audit.sizes import sizes_of
from opselect.audit.unwinding import Unwinding, unwinding
from opselect.audit.walking import Edges, distinct
from opselect.binaries.image import Addresses, Image, Machine, Section


@dataclass(frozen=True, slots=True)
class ReferenceGraph:
    """What needs what.

    ``sizes`` are the bytes of the file that go with each node, shape (n,). ``registrations`` are the nodes of the
    registrations, in the order in which they were given; nothing leads to them. ``functions`` are the nodes of the
    functions that registrations stand in, without the registrations. ``initialisers`` are the nodes of what the loader
    calls. ``imports`` are the names of the last nodes, which other libraries give, and ``not_understood`` the nodes of
    code that neither the unwinder nor a symbol knows.
    """

    image: Image
    pieces: Pieces
    edges: Edges
    sizes: NDArray[np.int64]
    registrations: NDArray[np.int32]
    functions: NDArray[np.int32]
    initialisers: NDArray[np.int32]
    imports: tuple[str, ...]
    not_understood: NDArray[np.int32]

    @property
    def node_count(self) -> int:
        return self.edges.node_count

    @property
    def first_import(self) -> int:
        """The number of the first node that stands for a symbol of another library."""
        return self.node_count - len(self.imports)


def reference_graph(image: Image, registrations: Sequence[Registration] = ()) -> ReferenceGraph:
    """The graph of an image. Each registration is a node of its own, the code of one or all of its function."""
    frames = unwinding(image)
    plain = code_pieces(image)
    known_pointers = _pointers(image)
    found = code_references(image, plain)
    code = code_pieces(image, ranges_of(image, registrations, found, frames)) if registrations else plain
    parts = np.arange(len(code), len(code) + len(registrations), dtype=np.int32)
    meant = np.concatenate([known_pointers[1], *(part.addresses for part in found)])
    data = data_pieces(image, meant, len(code) + len(parts))
    gaps = gap_pieces(code, meant, len(code) + len(parts) + len(data))
    pieces = _joined(code.only(code.known), data, gaps)
    first_import = len(code) + len(parts) + len(data) + len(gaps)
    node_count = first_import + len(image.pointers.import_names)
    sources, targets = _edges(image, pieces, found, known_pointers, frames, first_import)
    factories = np.array([getattr(part, "factory", None) or 0 for part in registrations], np.uint64)
    made = pieces.at(factories)
    sources, targets = np.append(sources, parts[made >= 0]), np.append(targets, made[made >= 0])
    return ReferenceGraph(
        image=image,
        pieces=pieces,
        edges=Edges.of(node_count, sources, targets),
        sizes=sizes_of(image, pieces, frames, first_import, registrations, parts),
        registrations=parts,
        functions=pieces.at(np.array([part.function for part in registrations], np.uint64)),
        initialisers=pieces.at(np.array(image.initialisers, np.uint64)),
        imports=image.pointers.import_names,
        not_understood=pieces.nodes[pieces.code & ~pieces.known],
    )


def code_references(image: Image, code: Pieces) -> list[CodeReferences]:
    """What the code of an image refers to, in the order of places; nothing for a machine that is not known."""
    ranges = [[s.address, s.address + s.size] for s in data_sections(image)]
    gaps = np.stack((code.starts[~code.known], code.ends[~code.known]), axis=1)
    anywhere = np.concatenate((np.array(ranges, np.uint64).reshape(-1, 2), gaps))
    targets = Referents(code.starts[code.known], anywhere)
    found = []
    for section in code_sections(image):
        content = image.content[section.offset : section.offset + section.size]
        found += _of_section(image, section, content, targets)
    return found


def _of_section(image: Image, section: Section, content: NDArray[np.uint8], targets: Referents) -> list[CodeReferences]:
    if image.machine is Machine.X86_64:
        found = x86.references(content, section.address, targets)
    elif image.machine is Machine.X86:
        found = x86.references_of_32_bit_code(content, section.address, targets, _offset_table(image))
    elif image.machine is Machine.ARM:
        found = arm.references(content, section.address, targets, _offset_table(image))
    elif image.machine is Machine.AARCH64:
        found = aarch64.references(content, section.address, targets)
    else:
        found = []
    if is_fixed(image) and image.machine in {Machine.X86_64, Machine.X86}:
        found += x86.references_to_fixed_addresses(content, section.address, targets)
    return found


def _offset_table(image: Image) -> int:
    """What distances from the global offset table are counted from."""
    named = {section.name: section.address for section in image.sections if section.loaded}
    on_x86 = named.get(".got.plt") if image.machine is Machine.X86 else None
    return on_x86 or named.get(".got", 0)


def is_fixed(image: Image) -> bool:
    """Whether an image is linked for one address, so that pointers in it need no relocations."""
    return image.entry is not None and min((s.address for s in image.segments), default=0) > 0


def _pointers(image: Image) -> tuple[Addresses, Addresses]:
    """Places and values of pointers in data that stay in the image."""
    pointers = image.pointers
    inside = pointers.imports < 0
    places, values = pointers.places[inside], pointers.values[inside]
    if not is_fixed(image):
        return places, values
    order, size = ">" if image.big_endian else "<", image.pointer_size
    all_places, all_values = [places], [values]
    low, high = min(s.address for s in image.segments), max(s.address + s.memory_size for s in image.segments)
    for section in data_sections(image):
        skipped = -section.address % size
        words = image.content[section.offset + skipped : section.offset + section.size]
        found = words[: len(words) // size * size].view(f"{order}u{size}").astype(np.uint64)
        at = np.flatnonzero((found >= low) & (found < high))
        all_places.append(at.astype(np.uint64) * np.uint64(size) + np.uint64(section.address + skipped))
        all_values.append(found[at])
    return np.concatenate(all_places), np.concatenate(all_values)


def _joined(*parts: Pieces) -> Pieces:
    order = np.argsort(np.concatenate([part.starts for part in parts]), kind="stable")
    columns = ("starts", "ends", "nodes", "code", "known")
    return Pieces(*(np.concatenate([getattr(part, name) for part in parts])[order] for name in columns))


def _edges(
    image: Image,
    pieces: Pieces,
    found: Sequence[CodeReferences],
    pointers: tuple[Addresses, Addresses],
    frames: Unwinding,
    first_import: int,
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Sources and targets of all edges."""
    sources, targets = [], []

    def add(from_nodes: NDArray[np.int32], to_nodes: NDArray[np.int32]) -> None:
        kept = (from_nodes >= 0) & (to_nodes >= 0) & (from_nodes != to_nodes)
        sources.append(from_nodes[kept])
        targets.append(to_nodes[kept])

    for part in found:
        add(*_distinct(pieces.at(part.places), pieces.at(part.addresses)))
    values = pointers[1] & ~np.uint64(1) if image.machine is Machine.ARM else pointers[1]
    add(pieces.at(pointers[0]), pieces.at(values))
    imported = image.pointers.imports >= 0
    add(pieces.at(image.pointers.places[imported]), image.pointers.imports[imported] + np.int32(first_import))
    landing = frames.landing > 0
    add(pieces.at(frames.functions[landing]), pieces.at(frames.landing[landing].astype(np.uint64)))
    add(*_continued_texts(image, pieces))
    return np.concatenate(sources), np.concatenate(targets)


def _distinct(sources: NDArray[np.int32], targets: NDArray[np.int32]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Each edge of a chunk once."""
    both = distinct(sources.astype(np.int64) << 32 | targets.astype(np.int64) & 0xFFFFFFFF)
    return (both >> 32).astype(np.int32), both.astype(np.uint32).view(np.int32)


def _continued_texts(image: Image, pieces: Pieces) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Pieces of text that end in the middle of it: a linker merges a text with another that ends as it does."""
    sources, targets = [], []
    for section in data_sections(image):
        limits = np.array([section.address, section.address + section.size], np.uint64)
        low, high = np.searchsorted(pieces.starts, limits)
        if section.writable or high - low < 2:
            continue
        content = image.content[section.offset : section.offset + section.size]
        at = (pieces.starts[low + 1 : high] - np.uint64(section.address)).astype(np.int64)
        at, numbers = at[at >= 2], np.arange(low + 1, high)[at >= 2]
        printable = np.ones(len(at), np.bool_)
        for distance in (2, 1, 0):
            byte = content[at - distance]
            printable &= (byte >= 32) & (byte < 127) | ((byte == 0) & (distance == 0))
        sources.append(pieces.nodes[numbers[printable] - 1])
        targets.append(pieces.nodes[numbers[printable]])
    nothing = np.empty(0, np.int32)
    return np.concatenate([nothing, *sources]), np.concatenate([nothing, *targets])
