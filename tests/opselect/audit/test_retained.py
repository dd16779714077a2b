"""What would go with what, in a program that registers three kernels in two files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from kernel_index.records import Constraint
from opselect.audit.pieces import code_pieces
from opselect.audit.references import ReferenceGraph, code_references, reference_graph
from opselect.audit.registration_code import ranges_of
from opselect.audit.retained import Dropping, Retention, retention
from opselect.audit.unwinding import Unwinding
from opselect.binaries.image import Image
from opselect.binaries.records import KnownFrom, RegisteredKernel
from tests.opselect.audit.compiled import compiled

PROGRAM = r"""
#define KERNEL(name, ...) struct name { virtual void compute(); int state = 0; }; \
  __attribute__((noinline)) void name::compute() { __VA_ARGS__; }
#define KEPT __attribute__((noinline))
extern "C" {
volatile int sink;
KEPT void shared_by_two() { sink += 11; sink *= 13; }
KEPT void of_one_alone() { sink -= 17; sink *= 19; }
KEPT void of_main() { sink ^= 23; }
typedef void* (*factory)();
volatile const char* last_name; volatile factory last_factory;
KEPT void registrar(const char* name, factory make) { last_name = name; last_factory = make; }
}
KERNEL(First, shared_by_two(); of_one_alone())
KERNEL(Second, shared_by_two(); of_main())
KERNEL(Third, sink = 29)
template <class T> void* make() { return new T; }
#define INITIALISER __attribute__((constructor)) void registers()
namespace one { INITIALISER { registrar("First", make<First>); registrar("Second", make<Second>); } }
namespace two { INITIALISER { registrar("Third", make<Third>); OTHER; } }
int main() { of_main(); return sink; }
"""
NAMES = ("First", "Second", "Third")


def program(folder: Path, *flags: str, other: str = "", stripped: bool = False) -> Image:
    collected = ("-ffunction-sections", "-fdata-sections", "-Wl,--gc-sections")
    return compiled(folder, PROGRAM, "-fno-ipa-icf", f"-DOTHER={other}", *collected, *flags, stripped=stripped)


def address(image: Image, name: str) -> int:
    symbols = image.symbols
    return next(int(symbols.addresses[n]) for n in range(len(symbols)) if symbols.name(n) == name)


def registered(image: Image) -> list[RegisteredKernel]:
    """The registrations, read from where the registrar is called, as they follow each other."""
    goal = address(image, "registrar")
    found: list[RegisteredKernel] = []
    references = code_references(image, code_pieces(image))
    places = [int(p) for part in references for p in part.places[part.addresses == goal]]
    first: dict[int, int] = {}
    for place in sorted(places):
        number = image.functions.containing(place)
        assert number is not None
        function = int(image.functions.starts[number])
        start = first.setdefault(function, function)
        name = NAMES[len(found)]
        factory = address(image, f"_Z4makeI{len(name)}{name}EPvv")
        found.append(kernel(name, place, function, start, place + 4, factory))
        first[function] = place + 4
    return found


def kernel(name: str, place: int, function: int, first: int, end: int, factory: int | None) -> RegisteredKernel:
    constraints: tuple[Constraint, ...] = ()
    return RegisteredKernel(
        name, "CPU", "", 0, constraints, (), name, "", KnownFrom.SYMBOLS, place, function, first, end, factory
    )


def graph_of(image: Image, whole: Image | None = None) -> ReferenceGraph:
    return reference_graph(image, registered(whole or image))


def gone(kept: Retention, *names: str) -> set[str]:
    """The names of the symbols that go with some kernels."""
    image = kept.graph.image
    nodes = kept.nodes_without([NAMES.index(name) for name in names])
    held = kept.graph.pieces.at(image.symbols.addresses)
    return {image.symbols.name(number) for number in np.flatnonzero(np.isin(held, nodes)).tolist()}


def test_what_one_kernel_alone_needs_goes_with_it(tmp_path: Path) -> None:
    kept = retention(graph_of(program(tmp_path)))
    first = gone(kept, "First")
    assert {"_Z4makeI5FirstEPvv", "_ZN5First7computeEv", "_ZTV5First", "_ZTI5First", "of_one_alone"} <= first
    assert not {"shared_by_two", "of_main", "registrar", "_ZN3one9registersEv"} & first


def test_what_two_kernels_need_goes_with_both_and_with_none_of_them(tmp_path: Path) -> None:
    kept = retention(graph_of(program(tmp_path)))
    assert "shared_by_two" not in gone(kept, "Second")
    assert "shared_by_two" in gone(kept, "First", "Second")
    each = kept.by_group([0, 1, 2], 3)
    assert each.tolist() == [kept.without([number]) for number in range(3)]
    assert kept.without([0, 1]) > each[0] + each[1]
    assert kept.by_group([0, 0, -1], 1).tolist() == [kept.without([0, 1])]


def test_an_initialiser_goes_with_the_last_of_its_registrations(tmp_path: Path) -> None:
    kept = retention(graph_of(program(tmp_path)))
    assert "_ZN3two9registersEv" in gone(kept, "Third")
    assert "_ZN3one9registersEv" in gone(kept, "First", "Second")
    assert "registrar" in gone(kept, *NAMES)


def test_an_initialiser_that_does_something_else_stays(tmp_path: Path) -> None:
    kept = retention(graph_of(program(tmp_path, other="of_main()")))
    assert "_ZN3two9registersEv" not in gone(kept, "Third")


def test_the_same_goes_in_a_stripped_program(tmp_path: Path) -> None:
    whole = program(tmp_path)
    stripped = program(tmp_path, stripped=True)
    expected = retention(graph_of(whole)).by_group([0, 1, 2], 3)
    found = retention(graph_of(stripped, whole)).by_group([0, 1, 2], 3)
    assert found == pytest.approx(expected, rel=0.05)


def test_what_is_exported_and_made_once_stays(tmp_path: Path) -> None:
    kept = retention(graph_of(program(tmp_path, "-rdynamic")))
    first = gone(kept, "First")
    # Others may call what one file defines; instances of templates come with who needs them.
    assert "_ZN5First7computeEv" not in first
    assert "_Z4makeI5FirstEPvv" in first


def test_without_sections_the_linker_takes_files_whole(tmp_path: Path) -> None:
    kept = retention(graph_of(program(tmp_path)), Dropping.COMPILER)
    first = gone(kept, "First")
    assert "_Z4makeI5FirstEPvv" in first
    assert not {"of_one_alone", "_ZN5First7computeEv", "_ZTV5First"} & first


def test_what_a_compiler_makes_unasked_is_not_known_without_symbols(tmp_path: Path) -> None:
    whole = program(tmp_path)
    stripped = program(tmp_path, stripped=True)
    with pytest.raises(ValueError, match="symbols"):
        retention(graph_of(stripped, whole), Dropping.COMPILER)


def test_a_file_goes_with_what_it_has_for_nobody_else(tmp_path: Path) -> None:
    graph = graph_of(program(tmp_path, "-rdynamic"))
    files = np.full(graph.node_count, -1, np.int32)
    symbols = graph.image.symbols
    for number in range(len(symbols)):
        if symbols.name(number) in {"of_one_alone", "shared_by_two", "_ZN5First7computeEv", "_ZN3one9registersEv"}:
            files[graph.pieces.at(symbols.addresses[number : number + 1])] = 0
    files[graph.registrations[:1]] = 0
    kept = retention(graph)
    own = kept.without([0]) + sum(size_of(graph, name) for name in ("of_one_alone", "_ZN5First7computeEv"))
    dropped = kept.by_file(files, 1)[0]
    assert own <= dropped < own + size_of(graph, "shared_by_two")


def size_of(graph: ReferenceGraph, name: str) -> int:
    return int(graph.sizes[graph.pieces.at(np.array([address(graph.image, name)], np.uint64))[0]])


def spans(ranges: Sequence[tuple[int, int, int]]) -> list[list[int]]:
    return [list(part) for part in ranges]


def test_a_call_that_stands_in_the_next_registration_is_cut_out_of_it(tmp_path: Path) -> None:
    image = program(tmp_path)
    first = kernel("First", 130, 100, 100, 120, None)
    second = kernel("Second", 150, 100, 120, 160, None)
    assert spans(ranges_of(image, [first, second], [], Unwinding.none())) == [
        [100, 120, 0],
        [120, 130, 1],
        [130, 135, 0],
        [135, 160, 1],
    ]
