"""What a compiler makes of a source file though nobody in it asks: known from symbols alone."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from opselect.audit.references import ReferenceGraph
from opselect.binaries.image import Addresses, Symbols

_VTABLE = b"_ZTV"


def made_unasked(graph: ReferenceGraph, files: NDArray[np.int32] | None) -> list[NDArray[np.int32]]:
    """The nodes of symbols that a compiler makes with their file, whoever needs them; -1 among them is none.

    These are global functions and data that one file alone may define, the vtables of classes whose virtual functions
    are among them (the Itanium C++ ABI, "Virtual Tables": they are made with the key function), and instances of
    templates that their own file does not need: it was told to make them. The last takes the ``files`` of nodes.
    Raises ValueError where the symbols are stripped.
    """
    strong = graph.image.strong
    if strong is None:
        raise ValueError("what a compiler makes though nobody asks is known from symbols alone")
    found = [graph.pieces.at(strong), _vtables_of_strong_functions(graph, strong)]
    if files is not None:
        found.append(_told(graph, strong, files))
    return found


def _vtables_of_strong_functions(graph: ReferenceGraph, strong: Addresses) -> NDArray[np.int32]:
    """The nodes of vtables in which a function of the class itself stands that is made once."""
    symbols = graph.image.symbols
    numbers = np.flatnonzero(_begin_with(symbols, _VTABLE))
    nodes = graph.pieces.at(symbols.addresses[numbers])
    numbers, nodes = numbers[nodes >= 0], nodes[nodes >= 0]
    places = graph.image.pointers.places
    low = np.searchsorted(places, symbols.addresses[numbers])
    high = np.searchsorted(places, symbols.addresses[numbers] + symbols.sizes[numbers])
    is_strong = np.isin(graph.image.pointers.values, strong)
    at_strong = np.concatenate(([0], np.cumsum(is_strong)))
    names: dict[int, list[str]] = {}
    found = []
    for position in np.flatnonzero(at_strong[high] > at_strong[low]).tolist():
        entries = slice(low[position], high[position])
        own = symbols.name(int(numbers[position])).removeprefix("_ZTV").removeprefix("N").removesuffix("E")
        for value in graph.image.pointers.values[entries][is_strong[entries]].tolist():
            if value not in names:
                names[value] = sorted(map(symbols.name, symbols.at(value)))
            if _has_member(names[value], own):
                found.append(int(nodes[position]))
                break
    return np.array(found, np.int32)


def _has_member(functions: Sequence[str], owner: str) -> bool:
    """Whether the mangled name of a member of a class, of which the nested name is given, is among sorted ones.

    Linkers that fold functions leave tens of thousands of names at one address, to which most vtables point.
    """
    for start in (f"_ZN{owner}", f"_ZNK{owner}"):
        place = bisect_left(functions, start)
        if place < len(functions) and functions[place].startswith(start):
            return True
    return False


def _begin_with(symbols: Symbols, start: bytes) -> NDArray[np.bool_]:
    if not len(symbols.text):  # a damaged table, whose names are missing
        return np.zeros(len(symbols), np.bool_)
    found = np.ones(len(symbols), np.bool_)
    for offset, byte in enumerate(start):
        found &= symbols.text[np.minimum(symbols.name_at + offset, len(symbols.text) - 1)] == byte
    return found


def _told(graph: ReferenceGraph, strong: Addresses, files: NDArray[np.int32]) -> NDArray[np.int32]:
    """The nodes of global symbols that several files may define, and that only other files than theirs need."""
    symbols = graph.image.symbols
    shared = graph.pieces.at(symbols.addresses[~symbols.local & ~np.isin(symbols.addresses, strong)])
    asked = np.zeros(graph.node_count, np.bool_)
    sources = np.repeat(np.arange(graph.node_count, dtype=np.int32), np.diff(graph.edges.first))
    targets = graph.edges.targets
    # A registration stands in the file of the function around it.
    whose = files.copy()
    registered = graph.functions >= 0
    whose[graph.registrations[registered]] = files[graph.functions[registered]]
    asked[targets[whose[sources] == whose[targets]]] = True
    shared = shared[shared >= 0]
    return shared[(files[shared] >= 0) & ~asked[shared]]
