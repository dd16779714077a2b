"""How many bytes of the file go with each piece of a binary."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from opselect.audit.pieces import Pieces, last_name
from opselect.audit.registration_code import Registration
from opselect.audit.unwinding import Unwinding, call_sites
from opselect.audit.walking import distinct
from opselect.binaries.image import Addresses, Image, Machine


def sizes_of(
    image: Image,
    pieces: Pieces,
    frames: Unwinding,
    first_import: int,
    registrations: Sequence[Registration],
    parts: NDArray[np.int32],
) -> NDArray[np.int64]:
    """The bytes of each node, with those of what describes it; shape (n,). ``parts`` are the nodes of registrations."""
    sizes = np.zeros(first_import + len(image.pointers.import_names), np.int64)

    def add(nodes: NDArray[np.int32], count: NDArray[np.int64] | int) -> None:
        np.add.at(sizes, nodes[nodes >= 0], count[nodes >= 0] if isinstance(count, np.ndarray) else count)

    add(pieces.nodes, (pieces.ends - pieces.starts).astype(np.int64))
    owners = pieces.at(frames.functions)
    add(owners, frames.sizes + frames.handler_sizes)
    relocation = _relocation_size(image)
    slots, called = _initialiser_slots(image)
    in_slot = np.isin(image.pointers.places, slots)
    add(pieces.at(image.pointers.places[~in_slot]), relocation)
    add(pieces.at(called), image.pointer_size + (relocation if in_slot.any() else 0))
    add(pieces.at(image.exports.addresses), image.exports.sizes)
    _share_handlers(image, pieces, frames, registrations, parts, sizes)
    entry = 24 if image.bits == 64 else 16
    for number, name in enumerate(image.pointers.import_names):
        sizes[first_import + number] = entry + len(name) + 3
    return sizes


def _relocation_size(image: Image) -> int:
    """The bytes that a relocation takes on average; in packed form they are few."""
    tables = (s.size for s in image.sections if s.loaded and s.name.startswith((".rel", ".android.rel")))
    return sum(tables) // max(len(image.pointers.places), 1)


def _initialiser_slots(image: Image) -> tuple[Addresses, Addresses]:
    """The places of pointers to initialisers, and what they point to."""
    size, order = image.pointer_size, ">" if image.big_endian else "<"
    places, called = [np.empty(0, np.uint64)], [np.empty(0, np.uint64)]
    for section in image.sections:
        if (
            section.loaded
            and last_name(section).startswith((".init_array", ".ctors", "__mod_init_func"))
            and section.size >= size
        ):
            at = np.arange(section.address, section.address + section.size // size * size, size, dtype=np.uint64)
            words = image.content[section.offset : section.offset + len(at) * size].view(f"{order}u{size}")
            values = words.astype(np.uint64)
            number = np.searchsorted(image.pointers.places, at)
            number = np.minimum(number, max(len(image.pointers.places) - 1, 0))
            if len(image.pointers.places):
                relocated = image.pointers.places[number] == at
                values[relocated] = image.pointers.values[number[relocated]]
            places.append(at)
            called.append(values & ~np.uint64(1) if image.machine is Machine.ARM else values)
    return np.concatenate(places), np.concatenate(called)


def _share_handlers(
    image: Image,
    pieces: Pieces,
    frames: Unwinding,
    registrations: Sequence[Registration],
    parts: NDArray[np.int32],
    sizes: NDArray[np.int64],
) -> None:
    """Gives registrations what an initialiser has for exceptions in them alone: rows of its table, and handlers.

    Handlers stand behind the last registration or in a part of the code of its own. What serves several registrations
    stays with the initialiser.
    """
    first_part = int(parts[0]) if len(parts) else 0
    for function in sorted({registration.function for registration in registrations}):
        table = frames.handlers_of(function)
        sites = call_sites(image, table, function) if table else []
        starts = pieces.at(np.array([site.start for site in sites], np.uint64))
        pads = distinct(np.array([site.pad for site in sites if site.pad], np.uint64))
        holders = pieces.at(pads)
        number = np.searchsorted(pieces.starts, pads, "right") - 1
        lengths = np.minimum(np.append(pads[1:], np.iinfo(np.uint64).max), pieces.ends[number]) - pads
        owner = pieces.at(np.array([function], np.uint64))[0]
        users: dict[int, set[int]] = {}
        for site, node in zip(sites, starts.tolist(), strict=True):
            if site.pad:
                users.setdefault(site.pad, set()).add(node)
            if first_part <= node < first_part + len(parts):
                sizes[node] += site.size
                sizes[owner] -= site.size
        for pad, holder, length in zip(pads.tolist(), holders.tolist(), lengths.tolist(), strict=True):
            (user, *others) = users[pad]
            handled = first_part <= holder < first_part + len(parts) or holder < 0
            if not others and not handled and first_part <= user < first_part + len(parts):
                sizes[user] += length
                sizes[holder] -= length
