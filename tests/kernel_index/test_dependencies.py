from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from kernel_index.dependencies import DependencyGraph, include_path, included
from kernel_index.index import MemoryIndex
from kernel_index.overlay import OverlayIndex
from kernel_index.records import BuildLists, Dependency, ScanResult
from kernel_index.scan import scan_tree
from kernel_index.scan.roots import scan_roots
from tests.kernel_index.scan.trees import PLAIN, tree

KERNELS = "tensorflow/core/kernels/"


def index(needs: dict[str, str], includes: dict[str, str] | None = None) -> MemoryIndex:
    """Files to the files that they need, blanks between them; the symbol is ``to_<file>``."""
    dependencies = {
        file: tuple(Dependency(other, f"to_{other}", f"{other}.h", ("p",)) for other in others.split())
        for file, others in needs.items()
    }
    include_lists = {file: tuple(others.split()) for file, others in (includes or {}).items()}
    scan = ScanResult("2.4.0", ("p", "q"), (), (), BuildLists(), includes=include_lists, dependencies=dependencies)
    return MemoryIndex(scan)


GRAPH = {"a": "b c", "b": "d", "c": "d", "d": "b e", "e": "", "x": "e"}


@pytest.mark.parametrize(
    ("files", "expected"), [("a", "b c d e"), ("x", "e"), ("a x", "b c d e"), ("e", ""), ("b", "d e"), ("unknown", "")]
)
def test_needs_are_closed_over_cycles_too(files: str, expected: str) -> None:
    assert DependencyGraph(index(GRAPH), "p").closure(files.split()) == tuple(expected.split())


def test_a_profile_without_the_edges_needs_nothing() -> None:
    graph = DependencyGraph(index(GRAPH), "q")
    assert (graph.closure(["a"]), graph.of("a").needs) == ((), ())


def test_a_graph_answers_again() -> None:
    graph = DependencyGraph(index(GRAPH), "p")
    assert [graph.closure([file]) for file in ("x", "a", "x")] == [("e",), ("b", "c", "d", "e"), ("e",)]


def test_the_shortest_way_is_the_reason() -> None:
    graph = DependencyGraph(index(GRAPH), "p")
    assert [d.symbol for d in graph.path(["a"], "e")] == ["to_b", "to_d", "to_e"]
    assert [d.symbol for d in graph.path(["a", "x"], "e")] == ["to_e"]
    assert graph.path(["e"], "a") == ()
    assert graph.path(["a"], "a") == ()


def test_headers_of_the_base_library_are_not_listed() -> None:
    lib, own, other = "tensorflow/core/lib/l.h", f"{KERNELS}h.h", f"{KERNELS}i.h"
    found = DependencyGraph(index({}, {"a.cc": f"{lib} {own}", own: f"{other} {own}", lib: ""}), "p").of("a.cc")
    assert found.headers == (own, other)


def test_includes_are_followed() -> None:
    includes = {"a": ("b", "c"), "b": ("d",), "c": ("d", "a"), "d": ()}
    assert included(("a",), includes) == ("b", "c", "d")
    assert include_path("a", "d", includes) == ("b", "d")
    assert include_path("d", "a", includes) == ()
    assert include_path("a", "a", includes) == ()


BASE = {
    f"{KERNELS}h.h": "int f(int x);\n",
    f"{KERNELS}h.cc": f'#include "{KERNELS}h.h"\nint f(int x) {{ return x; }}\n',
}


def test_kernels_of_ones_own_need_what_their_headers_lead_to(tmp_path: Path) -> None:
    root = tree(tmp_path / "tf", f'#include "{KERNELS}h.h"\nint g() {{ return f(1); }}\n', BASE)
    profile = replace(PLAIN, name="desktop")
    base = MemoryIndex(scan_tree(root, profiles=[profile], jobs=1))
    own = tmp_path / "mine"
    own.mkdir()
    (own / "op.cc").write_text(f'#include "{KERNELS}h.h"\n#include "own.h"\nint m() {{ return f(1) + o(1); }}\n')
    (own / "own.h").write_text("int o(int x);\n")
    (own / "own.cc").write_text('#include "own.h"\nint o(int x) { return x; }\n')
    overlay = scan_roots([own], base)
    assert isinstance(overlay, OverlayIndex)
    graph = DependencyGraph(overlay, "desktop")
    assert graph.closure(["mine/op.cc"]) == ("mine/own.cc", f"{KERNELS}h.cc")
    assert graph.of("mine/op.cc").headers == ("mine/own.h", f"{KERNELS}h.h")
    assert graph.closure([f"{KERNELS}unit.cc"]) == (f"{KERNELS}h.cc",)
    assert MemoryIndex(overlay.as_scan()).dependencies == overlay.dependencies
