"""A profile and a larger one in, what people change in their build out."""

from __future__ import annotations

import pytest

from kernel_index.build_flags import how_to_build, larger_profile

MAKEFILE = "tensorflow/contrib/makefile/Makefile"
SELECTIVE = "-DSUPPORT_SELECTIVE_REGISTRATION"
ALL = ("android-slim", "android-full", "android", "ios", "raspberry-pi", "desktop", "selective")


@pytest.mark.parametrize(
    ("profile", "others", "release", "larger"),
    [
        ("android-slim", ALL, "1.13.2", "android"),
        ("android", ALL, "1.13.2", "android-full"),
        ("android", ("desktop", "selective"), "1.13.2", "selective"),
        ("ios", ("android", "android-full"), "2.0.4", "android"),
        ("ios", ("android", "android-full"), "2.1.4", "android-full"),
        ("raspberry-pi", ("android",), "2.4.4", ""),
        ("android-full", ("android", "desktop"), "1.13.2", ""),
        ("android", ("raspberry-pi", "desktop"), "1.13.2", ""),
        ("selective", ("desktop",), "1.13.2", ""),
        ("desktop", ("selective",), "1.13.2", ""),
        ("android-slim+-DX", ("android",), "1.13.2", "android"),
    ],
)
def test_the_profile_that_takes_the_fewest_more_types(
    profile: str, others: tuple[str, ...], release: str, larger: str
) -> None:
    assert larger_profile(profile, others, release) == larger


@pytest.mark.parametrize(
    ("profile", "larger", "release", "change", "told"),
    [
        (
            *("ios", "android", "1.2.1"),
            "take out -D__ANDROID_TYPES_SLIM__ in tensorflow/contrib/makefile/Makefile",
            "--tree PATH --profile ios -U __ANDROID_TYPES_SLIM__",
        ),
        (
            *("ios", "selective", "1.1.0"),
            f"put -DSUPPORT_SELECTIVE_REGISTRATION in the place of -D__ANDROID_TYPES_SLIM__ in {MAKEFILE}",
            "--tree PATH --profile ios -U __ANDROID_TYPES_SLIM__ -D SUPPORT_SELECTIVE_REGISTRATION",
        ),
        (
            *("raspberry-pi", "android", "1.5.1"),
            "run make with ANDROID_TYPES=-D__ANDROID_TYPES_FULL__ in place of -D__ANDROID_TYPES_SLIM__",
            "--tree PATH --profile raspberry-pi -U __ANDROID_TYPES_SLIM__ -D __ANDROID_TYPES_FULL__",
        ),
        ("android-slim", "android", "2.4.4", "run Bazel without --copt=-D__ANDROID_TYPES_SLIM__", "--profile android"),
        (
            *("android-slim", "android-full", "2.4.4"),
            "run Bazel without --copt=-D__ANDROID_TYPES_SLIM__ and with --copt=-D__ANDROID_TYPES_FULL__",
            "--profile android-full",
        ),
        (
            *("android", "selective", "1.15.5"),
            f"run Bazel with --copt={SELECTIVE} (or make with {SELECTIVE} among the CXXFLAGS of {MAKEFILE})",
            "--profile selective",
        ),
        (
            *("ios", "android-full", "2.1.4"),
            "run Bazel with --copt=-D__ANDROID_TYPES_FULL__",
            "--tree PATH --profile ios -D __ANDROID_TYPES_FULL__",
        ),
    ],
)
def test_what_to_change(profile: str, larger: str, release: str, change: str, told: str) -> None:
    text = how_to_build(profile, larger, release)
    assert text == f"{change} for the types of profile {larger}, and tell opselect so by {told}"
