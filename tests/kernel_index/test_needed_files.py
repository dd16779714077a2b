"""Files that a build needs besides those that register the kernels."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kernel_index.index import MemoryIndex
from kernel_index.needed_files import BuildNeeds
from kernel_index.records import BAZEL, MAKE, BuildLists, Dependency, LibraryUse, Location
from opselect.build_lists.keep_rule import Mode
from opselect.build_lists.render import render
from opselect.requirements.collect import Requirement, Requirements
from opselect.selection.select import Selection, select
from tests.opselect.sample import FLOAT, KERNELS, definition, index, kernel

CORE, MUL, HELPER, DEEP, OTHER = (f"{KERNELS}/{name}.cc" for name in ("core", "mul", "helper", "deep", "other"))
OPS, GRADIENT = "tensorflow/core/ops/math_ops.cc", "tensorflow/contrib/x/ops/x.cc"
ALL = ("android-slim", "android-full", "desktop", "selective")

GROUPS = {
    "android_core_ops": (CORE, f"{KERNELS}/core_helper.cc"),
    "android_extended_ops_group1": (MUL, HELPER, OTHER, f"{KERNELS}/mul.h"),
    "android_extended_ops_headers": (f"{KERNELS}/known.h",),
}


def source() -> MemoryIndex:
    """One kernel that needs a helper, which needs a file that upstream does not list; another helper for nobody."""
    labels = {name: tuple(path.rpartition("/")[2] for path in paths) for name, paths in GROUPS.items()}
    lists = BuildLists("android", GROUPS, labels, (MUL, HELPER, OTHER, OPS, GRADIENT), packages=(KERNELS,))
    needs = {
        MUL: (Dependency(HELPER, "f", f"{KERNELS}/mul.h", ALL),),
        HELPER: (Dependency(DEEP, "A::g", f"{KERNELS}/deep.h", ALL),),
        CORE: (Dependency(f"{KERNELS}/core_helper.cc", "c", f"{KERNELS}/c.h", ALL),),
    }
    includes = {MUL: (f"{KERNELS}/mul.h", "tensorflow/core/lib/l.h"), HELPER: (f"{KERNELS}/deep.h",)}
    scan = index([kernel("Mul", FLOAT), kernel("Core", FLOAT)]).scan
    scan = replace(scan, build_lists=lists, includes=includes, dependencies=needs)
    return MemoryIndex(scan)


def chosen(of: MemoryIndex) -> Selection:
    return select(Requirements((Requirement("Mul", (("T", FLOAT),)),)), of, "android-slim")


def test_what_kernels_link_with_and_include_comes_with_the_reason() -> None:
    found = {file.path: (file.role, file.reasons[0].note) for file in chosen(source()).files}
    assert found == {
        MUL: ("kernel", ""),
        HELPER: ("dependency", f"{MUL} uses f, declared in {KERNELS}/mul.h"),
        DEEP: ("dependency", f"{HELPER} uses A::g, declared in {KERNELS}/deep.h"),
        f"{KERNELS}/mul.h": ("header", f"included by {MUL}"),
        f"{KERNELS}/deep.h": ("header", f"included by {HELPER}"),
    }


def makefile(of: MemoryIndex, mode: Mode = "trim") -> list[str]:
    (text,) = render("makefile", chosen(of), of, mode=mode).values()
    return text.splitlines()


def test_trim_drops_helpers_that_nothing_needs_and_adds_those_that_upstream_lacks() -> None:
    assert makefile(source()) == [MUL, HELPER, OPS, GRADIENT, DEEP]
    assert makefile(source(), "extend") == [MUL, HELPER, OTHER, OPS, GRADIENT, DEEP]


def test_trim_drops_the_definitions_of_ops_that_nothing_needs() -> None:
    scan = source().scan
    of = MemoryIndex(replace(scan, op_definitions=(replace(definition("Odd"), location=Location(OPS, 3)),)))
    assert makefile(of) == [MUL, HELPER, GRADIENT, DEEP]
    assert makefile(of, "extend") == [MUL, HELPER, OTHER, OPS, GRADIENT, DEEP]


@pytest.mark.parametrize("keep_core", [False, True])
def test_what_stays_anyway_keeps_what_it_links_with(keep_core: bool) -> None:
    of = source()
    text = "".join(render("bazel", chosen(of), of, keep_core=keep_core).values())
    assert ('"core.cc"' in text, '"core_helper.cc"' in text) == (keep_core, keep_core)
    assert '"other.cc"' not in text
    assert '"deep.cc"' in text
    assert '"deep.h"' in text


@pytest.mark.parametrize(
    ("build", "profile", "header", "missing"),
    [
        (BAZEL, "desktop", "eigen_contraction_kernel.h", False),
        (BAZEL, "android", "eigen_contraction_kernel.h", True),
        (MAKE, "desktop", "eigen_contraction_kernel.h", True),
        (BAZEL, "desktop", "matmul.h", True),
    ],
)
def test_onednn_of_the_contraction_comes_along_where_bazel_links_it(
    build: str, profile: str, header: str, missing: bool
) -> None:
    use = LibraryUse("onednn", "dnnl.h", f"{KERNELS}/{header}", ("android", "desktop"))
    lists = BuildLists(libraries={BAZEL: ("zlib",), MAKE: ("zlib",)})
    scan = replace(index([kernel("Mul", FLOAT)]).scan, build_lists=lists, library_uses={MUL: (use,)})
    found = BuildNeeds(MemoryIndex(scan), profile, build).missing_libraries((MUL,))
    assert found == ({"onednn": (MUL, use)} if missing else {})
