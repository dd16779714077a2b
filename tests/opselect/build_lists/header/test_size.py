"""When a header does not make a binary smaller, or makes it larger, that is said."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kernel_index.index import MemoryIndex
from kernel_index.records import KernelRegistration
from opselect.build_lists.header.content import header_warnings
from opselect.build_lists.header.options import HeaderOptions
from opselect.lite.flex_platforms import flex_platforms
from opselect.requirements.collect import Requirement, Requirements
from opselect.selection.named_kernels import NamedKernels
from opselect.selection.select import Selection, select
from tests.opselect.sample import DOUBLE, FLOAT, HALF, index, kernel

ALONE = "a header alone decides what is registered"
NOTHING_TO_CUT = "will not shrink a binary that is built of just these files"
GROWTH = "such a binary may grow"
NO_PHONE = "is no phone"


def of_class(kernel_class: str, registration: KernelRegistration) -> KernelRegistration:
    return replace(registration, kernel_class=kernel_class)


def mul(*others: KernelRegistration) -> MemoryIndex:
    """Kernels of ``mul.cc``: the one for float, and others."""
    return index([of_class("MulOp<float>", kernel("Mul", FLOAT)), *others])


def selection_of(source: MemoryIndex, profile: str, *ops: str) -> Selection:
    wanted = tuple(Requirement(op, (("T", FLOAT),), nodes=(f"node/{op}",), models=("m.pb",)) for op in ops)
    return select(Requirements(wanted), source, profile)


def said(source: MemoryIndex, profile: str = "android-slim", *, with_lists: bool = True, ops: str = "Mul") -> str:
    selection = selection_of(source, profile, *ops.split())
    rules = flex_platforms(selection.release)
    options = HeaderOptions()
    return "\n".join(header_warnings(selection, source, options, NamedKernels(), with_lists=with_lists, rules=rules))


def test_the_files_register_just_what_is_selected() -> None:
    assert NOTHING_TO_CUT in said(mul())


@pytest.mark.parametrize(
    "other",
    [
        of_class("MulOp<double>", kernel("Mul", DOUBLE)),
        of_class("DivOp<float>", kernel("Div", FLOAT, file="mul.cc")),
        of_class("MulOp<float>", kernel("MulNoNan", FLOAT, file="mul.cc")),
    ],
    ids=["another type", "another op", "another op of the same class"],
)
def test_another_kernel_of_the_files_can_be_cut(other: KernelRegistration) -> None:
    assert NOTHING_TO_CUT not in said(mul(other))


@pytest.mark.parametrize(
    "other",
    [
        of_class("DivOp<float>", kernel("Div", FLOAT)),
        of_class("MulOp<double>", kernel("Mul", DOUBLE, profiles=("desktop",))),
        of_class("MulOp<float>", kernel("Mul", HALF)),
        replace(of_class("SystemOp", kernel("System", FLOAT, file="mul.cc")), system=True),
    ],
    ids=["in a file that is not built", "in other profiles", "of the same class", "registered whatever a header says"],
)
def test_other_kernels_cannot_be_cut(other: KernelRegistration) -> None:
    assert NOTHING_TO_CUT in said(mul(other))


def test_a_header_alone_shrinks_no_build_and_says_nothing_of_files() -> None:
    alone = said(mul(), with_lists=False)
    assert ALONE in alone
    assert NOTHING_TO_CUT not in alone
    assert ALONE not in said(mul())


@pytest.mark.parametrize(
    ("profile", "grows"), [("android-slim", True), ("android-full", True), ("selective", False), ("desktop", False)]
)
def test_more_types_make_mobile_builds_grow(profile: str, grows: bool) -> None:
    text = said(mul(), profile)
    assert (GROWTH in text) == grows
    assert (f"widens the types of profile {profile} to all of them: such" in text) == grows


def test_files_inside_of_which_no_header_cuts_are_named() -> None:
    source = index([kernel("Pack", FLOAT, file="pack_op.cc"), kernel("Mul", FLOAT)])
    assert "inside pack_op.cc no header cuts them" in said(source, ops="Pack Mul")
    assert "no header cuts" not in said(source)
    both = index([kernel("Pack", FLOAT, file="pack_op.cc"), kernel("Concat", FLOAT, file="concat_lib_cpu.cc")])
    assert "inside concat_lib_cpu.cc and pack_op.cc no header cuts them" in said(both, ops="Pack Concat")


def test_flex_rules_take_a_header_for_phones_only() -> None:
    assert NO_PHONE in said(mul(), "desktop")
    assert NO_PHONE not in said(mul(), "android-slim")


def test_a_header_for_everything_makes_nothing_smaller() -> None:
    source = mul()
    selection = selection_of(source, "android-slim", "Mul")
    (only,) = header_warnings(selection, source, HeaderOptions("all"), NamedKernels(), with_lists=True)
    assert "will not get smaller" in only
