"""What lists compile: of a ``select`` the branches that the build takes."""

from __future__ import annotations

import pytest

from kernel_index import shipped
from kernel_index.records import BAZEL, BuildLists
from opselect.verifying.build_options import BuildOptions
from opselect.verifying.listed_files import ListedFiles, files_of_lists

K = "tensorflow/core/kernels"
DEFAULT = "//conditions:default"
CONDITIONS = {
    f"//{K}:on": (("--define=on=1",),),
    f"//{K}:on_too": (("--define=on=1", "--define=more=1"),),
    f"//{K}:off": (("--define=off=1",),),
    f"//{K}:open": (("--cpu=x86",),),
    f"//{K}:on_and_open": (("--cpu=x86", "--define=on=1"),),
}
OPTIONS = BuildOptions("android", {"--define=on": "1", "--define=more": "1"})


def listed(*selects: dict[str, tuple[str, ...]], more: dict[str, tuple[str, ...]] | None = None) -> ListedFiles:
    """The files of a group with these selects, and ``more`` groups, of which labels are names of files or groups."""
    labels = {"android_core_ops": ("a.cc", *dict.fromkeys(t for s in selects for b in s.values() for t in b))}
    labels |= more or {}
    names = {f"{K}/{text}" for texts in labels.values() for text in texts if text.endswith(".cc")}
    lists = BuildLists(
        prefix="android",
        groups=dict.fromkeys(labels, tuple(sorted(names))),
        group_labels=labels,
        group_selects={"android_core_ops": selects},
        conditions=CONDITIONS,
    )
    found = files_of_lists(lists, BAZEL, OPTIONS)
    short = found.compiled, found.undecided.keys(), found.left_out.keys()
    assert sum(map(len, short)) == len(frozenset[str]().union(*short))
    return found


def names(paths: object) -> set[str]:
    assert isinstance(paths, (frozenset, dict))
    return {path.removeprefix(f"{K}/") for path in paths}


@pytest.mark.parametrize(
    ("select", "compiled", "undecided"),
    [
        ({":on": ("x.cc",), DEFAULT: ("y.cc",)}, {"x.cc"}, set[str]()),
        ({":off": ("x.cc",), DEFAULT: ("y.cc",)}, {"y.cc"}, set()),
        ({":open": ("x.cc",), DEFAULT: ("y.cc",)}, set(), {"x.cc", "y.cc"}),
        ({":open": ("x.cc",), ":on": ("y.cc",), DEFAULT: ("z.cc",)}, {"y.cc"}, {"x.cc"}),
        ({":unread": ("x.cc",), ":on": (), DEFAULT: ("y.cc",)}, set(), {"x.cc"}),
        ({"": ("x.cc",), DEFAULT: ("y.cc",)}, set(), {"x.cc", "y.cc"}),
        # Of two that hold Bazel takes the one that asks for more.
        ({":on": ("x.cc",), ":on_too": ("y.cc",)}, {"y.cc"}, set()),
        ({":on": ("x.cc",), ":on_and_open": ("y.cc",)}, set(), {"x.cc", "y.cc"}),
        ({":off": (), DEFAULT: ("x.cc",)}, {"x.cc"}, set()),
        ({":on": (), DEFAULT: ("x.cc",)}, set(), set()),
        ({":off": ("x.cc",), ":on": ("x.cc", "y.cc")}, {"x.cc", "y.cc"}, set()),
    ],
)
def test_branches_that_are_taken(select: dict[str, tuple[str, ...]], compiled: set[str], undecided: set[str]) -> None:
    found = listed(select)
    assert names(found.compiled) == {"a.cc", *compiled}
    assert names(found.undecided) == undecided
    everything = {name for branch in select.values() for name in branch}
    assert names(found.left_out) == everything - compiled - undecided


def test_a_group_in_a_branch_is_taken_with_it() -> None:
    more = {"inner": ("x.cc", ":inmost"), "inmost": ("y.cc",)}
    for condition, where in {":on": "compiled", ":off": "left_out", ":open": "undecided"}.items():
        found = listed({condition: (":inner",)}, more=more)
        assert names(getattr(found, where)) - {"a.cc"} == {"x.cc", "y.cc"}
    # What another select adds is there, whatever this one does.
    found = listed({":off": (":inner",)}, {":on": ("y.cc",)}, more=more)
    assert (names(found.compiled), names(found.left_out)) == ({"a.cc", "y.cc"}, {"x.cc"})


def test_conditions_are_told_in_words() -> None:
    found = listed(
        {":off": ("x.cc",)}, {":open": ("y.cc",), DEFAULT: ("z.cc",)}, {":on": (), ":off": (), DEFAULT: ("w.cc",)}
    )
    assert found.left_out == {
        f"{K}/x.cc": f"//{K}:off holds",
        f"{K}/w.cc": f"none of //{K}:on, //{K}:off holds",
    }
    assert found.undecided == {f"{K}/y.cc": f"//{K}:open holds", f"{K}/z.cc": f"//{K}:open does not hold"}
    assert set(listed({"": ("x.cc",)}).undecided.values()) == {"a condition that is not followed holds"}


@pytest.mark.parametrize("release", ["1.4.1", "1.15.5", "2.14.1"])
def test_of_upstreams_lists_only_what_libxsmm_needs_is_left_out(release: str) -> None:
    lists = shipped.index_of(release).build_lists
    found = files_of_lists(lists, BAZEL, BuildOptions("android"))
    groups = [f"{lists.prefix}_{name}" for name in ("core_ops", "extended_ops")]
    assert found.compiled | found.left_out.keys() >= {path for name in groups for path in lists.groups[name]}
    assert names(dict(found.left_out)) == (set() if release == "2.14.1" else {"xsmm_conv2d.cc", "xsmm_conv2d.h"})
    assert found.undecided == {}
    told = BuildOptions("android", {"--define=tensorflow_xsmm": "1", "--define=tensorflow_xsmm_convolutions": "1"})
    assert files_of_lists(lists, BAZEL, told).left_out == {}
