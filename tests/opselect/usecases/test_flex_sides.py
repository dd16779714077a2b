"""Which selection the other side of a Flex library has, and why there is none."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kernel_index.index import MemoryIndex
from kernel_index.records import BAZEL, LibraryUse
from opselect.build_lists.flex.options import FlexOptions
from opselect.requirements.collect import Requirement, Requirements
from opselect.requirements.of_many_models import Failure
from opselect.usecases.flex_sides import flex_options
from opselect.usecases.read_requirements import ModelRequirements
from opselect.usecases.select_kernels import select_kernels
from tests.opselect.build_lists.build import RELEASE
from tests.opselect.sample import FLOAT, KERNELS, PROFILES

NEEDED = ModelRequirements(Requirements((Requirement("Mul", (("T", FLOAT),)),)))


def other_side(
    index: MemoryIndex = RELEASE,
    profile: str = "selective",
    needed: ModelRequirements = NEEDED,
    have: frozenset[str] = frozenset(),
) -> FlexOptions:
    return flex_options(select_kernels(needed, index, profile, builds=(BAZEL,), have=have), "litert")


@pytest.mark.parametrize(
    ("profile", "other"), [("selective", "desktop"), ("android-slim", "desktop"), ("desktop", "selective")]
)
def test_the_other_side_of_a_phone_is_the_desktop_and_that_of_the_desktop_a_selective_phone(
    profile: str, other: str
) -> None:
    found = other_side(profile=profile)
    assert found.labels == "litert"
    assert found.other is not None
    assert (found.other.profile, found.other.complete, found.why_not) == (other, True, "")
    assert {file.path for file in found.other.files} >= {f"{KERNELS}/mul.cc", f"{KERNELS}/helper.cc"}


def test_an_index_may_not_have_the_profile() -> None:
    phones = tuple(profile for profile in PROFILES if profile != "desktop")
    found = other_side(MemoryIndex(replace(RELEASE.scan, profiles=phones)))
    assert found == FlexOptions("litert", None, "the index has no profile desktop")


def test_nothing_is_known_of_a_side_of_models_that_were_not_read() -> None:
    found = other_side(needed=replace(NEEDED, unread=(Failure("b.pb", "b.pb: cannot be read"),)))
    assert found == FlexOptions("litert", None, "some models could not be read")


def test_a_library_that_the_users_build_has_counts_on_both_sides() -> None:
    use = LibraryUse("re2", "re2/re2.h", f"{KERNELS}/mul.cc", PROFILES)
    lists = replace(RELEASE.build_lists, libraries={BAZEL: ("zlib",)})
    index = MemoryIndex(replace(RELEASE.scan, build_lists=lists, library_uses={f"{KERNELS}/mul.cc": (use,)}))
    (without, having) = (other_side(index, have=have).other for have in (frozenset[str](), frozenset(("re2",))))
    assert without is not None
    assert having is not None
    assert (without.complete, having.complete) == (False, True)
