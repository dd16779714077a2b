from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from kernel_index.records import BuildLists, Dependency, ScanResult
from tests.conformance.link import differences
from tests.conformance.objects import facts
from tests.conformance.selections import compare

NEEDS = (Dependency("b.cc", "f", "h.h", ("p", "q")), Dependency("c.cc", "g", "h.h", ("q",)))
SCAN = ScanResult("2.4.0", ("p", "q"), (), (), BuildLists(), dependencies={"a.cc": NEEDS})


@pytest.mark.parametrize(
    ("needs", "profile", "expected"),
    [
        (["b.cc"], "p", ""),
        (["b.cc", "c.cc"], "q", ""),
        (["b.cc", "c.cc"], "p", "a.cc\n  missed  c.cc"),
        (["d.cc"], "p", "a.cc\n  missed  d.cc\n  surplus b.cc: f, declared in h.h"),
        ([], "q", "a.cc\n  surplus b.cc: f, declared in h.h\n  surplus c.cc: g, declared in h.h"),
    ],
)
def test_what_is_missed_and_what_is_more(needs: list[str], profile: str, expected: str) -> None:
    assert "\n".join(map(str, differences(SCAN, {"a.cc": needs}, profile))) == expected


def test_selections_are_compared_by_all_that_they_lead_to() -> None:
    ours = {"a.cc": ["b.cc", "c.cc"], "b.cc": ["d.cc"], "x.cc": ["y.cc"]}
    needs = {"a.cc": ["b.cc"], "b.cc": ["e.cc"], "e.cc": [], "c.cc": []}
    found = compare(["a.cc", "x.cc"], lambda file: ours.get(file, ()), needs, {"a.cc": 60, "b.cc": 40, "c.cc": 10})
    assert found.missed == {"e.cc"}
    assert found.surplus == {"c.cc", "d.cc"}
    assert found.unknown == {"d.cc", "x.cc", "y.cc"}
    assert str(found).splitlines() == [
        (
            "2 kernel files, 6 by dependencies, 5 by object files, 1 missed, 2 more: 10 of 100 bytes, 10.0% "
            "(3 without an object file)"
        ),
        "  missed e.cc",
        "  more   c.cc (10)",
        "  more   d.cc (0)",
    ]


@pytest.mark.skipif(not (shutil.which("g++") and shutil.which("nm")), reason="needs g++ and nm")
def test_facts_are_read_off_object_files(tmp_path: Path) -> None:
    texts = {
        "x@a.cc": "int f(); int main() { return f(); }",
        "x@b.cc": "static int g() { return 1; } int f() { return g(); }",
        "x@c.cc": "int g() { return 2; }",
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
        subprocess.run(["g++", "-c", name, "-o", f"{name}.o"], cwd=tmp_path, check=True)
    assert facts(tmp_path) == {"x/a.cc": ["x/b.cc"], "x/b.cc": [], "x/c.cc": []}
