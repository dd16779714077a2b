from __future__ import annotations

import pytest

from kernel_index.errors import OpselectError
from kernel_index.profiles import PROFILE_NAMES, BuildProfile, profiles, release_number

SLIM, FULL, SELECTIVE = "__ANDROID_TYPES_SLIM__", "__ANDROID_TYPES_FULL__", "SUPPORT_SELECTIVE_REGISTRATION"


def having(macro: str, release: str) -> set[str]:
    """The profiles of a release that define a macro."""
    return {p.name for p in profiles(release) if macro in p.defines}


def test_the_names() -> None:
    assert PROFILE_NAMES == (
        "android-slim", "android-full", "android", "ios", "raspberry-pi", "desktop", "selective",
    )  # fmt: skip
    for release in ("0.12", "1.4.1", "1.13.2", "2.0.0", "2.14.0"):
        assert tuple(p.name for p in profiles(release)) == PROFILE_NAMES
        assert all(p.summary for p in profiles(release))


@pytest.mark.parametrize("release", ["1.4.1", "1.15.5", "2.0.0", "2.4.4", "2.14.0"])
def test_what_every_release_has(release: str) -> None:
    assert having("__ANDROID__", release) == {"android-slim", "android-full", "android", "selective"}
    assert having("__APPLE__", release) == {"ios"}
    assert having("__x86_64__", release) == {"desktop"}
    assert having("__cplusplus", release) == set(PROFILE_NAMES)
    assert having(FULL, release) == {"android-full"}
    assert having(SELECTIVE, release) == {"selective"}
    assert not having("GOOGLE_CUDA", release)


RELEASES = {
    # The makefile, whose mobile builds are slim, ends with 2.0.
    (SLIM, "2.0.0"): {"android-slim", "ios", "raspberry-pi"},
    (SLIM, "2.1.0"): {"android-slim"},
    ("USE_GEMM_FOR_CONV", "1.13.2"): {"ios"},
    ("USE_GEMM_FOR_CONV", "2.1.0"): set(),
    ("RASPBERRY_PI", "1.3.0"): set(),
    ("RASPBERRY_PI", "1.4.0"): {"raspberry-pi"},
    ("RASPBERRY_PI", "2.4.0"): set(),
    ("TENSORFLOW_USE_XLA", "2.1.0"): set(),
    ("TENSORFLOW_USE_XLA", "2.2.0"): {"desktop"},
    ("INTEL_MKL", "2.4.4"): set(),
    ("INTEL_MKL", "2.5.0"): {"desktop"},
    ("ENABLE_ONEDNN_V3", "2.13.0"): set(),
    ("ENABLE_ONEDNN_V3", "2.14.0"): {"desktop"},
}


@pytest.mark.parametrize(("macro", "release"), RELEASES)
def test_what_differs_between_releases(macro: str, release: str) -> None:
    assert having(macro, release) == RELEASES[macro, release]


def test_macros_on_top_are_part_of_the_name() -> None:
    base = BuildProfile("android", {"ANDROID": "1", "OLD": "1"}, "summary")
    changed = base.with_macros({"NEW": "1", "LEVEL": "2", "OLD": "3"}, ["ANDROID", "NOT_THERE"])
    assert changed.name == "android+-DNEW+-DLEVEL=2+-DOLD=3+-UANDROID+-UNOT_THERE"
    assert dict(changed.defines) == {"NEW": "1", "LEVEL": "2", "OLD": "3"}
    assert (changed.summary, dict(base.defines)) == ("summary", {"ANDROID": "1", "OLD": "1"})
    assert base.with_macros({}, []) is base


NUMBERS = {"2.14.0": (2, 14), "v1.13.2": (1, 13), "2.8.0-rc1": (2, 8), "1.4": (1, 4)}


@pytest.mark.parametrize("release", NUMBERS)
def test_release_number(release: str) -> None:
    assert release_number(release) == NUMBERS[release]


@pytest.mark.parametrize("release", ["", "2", "latest", "x2.14", "v"])
def test_what_is_no_release(release: str) -> None:
    with pytest.raises(OpselectError, match="is no TensorFlow version"):
        profiles(release)
