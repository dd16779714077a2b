"""A profile and a larger one in, what people change in their build out."""

from __future__ import annotations

import pytest

from kernel_index.build_flags import change_for, larger_profile
from kernel_index.records import MAKE

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


BAZEL = "on the command line of bazel build or in a build line of .bazelrc"
SLIM = "__ANDROID_TYPES_SLIM__"
FULL = "__ANDROID_TYPES_FULL__"
ALL_TYPES = "SUPPORT_SELECTIVE_REGISTRATION"


@pytest.mark.parametrize(
    ("profile", "larger", "release", "add", "remove", "where", "options"),
    [
        ("ios", "android", "1.2.1", [], [f"-D{SLIM}"], f"in {MAKEFILE}", f"--tree PATH --profile ios -U {SLIM}"),
        (
            *("ios", "selective", "1.1.0", [SELECTIVE], [f"-D{SLIM}"], f"in {MAKEFILE}"),
            f"--tree PATH --profile ios -U {SLIM} -D {ALL_TYPES}",
        ),
        (
            *("raspberry-pi", "android", "1.5.1", [f"ANDROID_TYPES=-D{FULL}"], []),
            f"on the command line of make ({MAKEFILE})",
            f"--tree PATH --profile raspberry-pi -U {SLIM} -D {FULL}",
        ),
        ("android-slim", "android", "2.4.4", [], [f"--copt=-D{SLIM}"], BAZEL, "--profile android"),
        (
            *("android-slim", "android-full", "2.4.4", [f"--copt=-D{FULL}"], [f"--copt=-D{SLIM}"], BAZEL),
            "--profile android-full",
        ),
        ("android", "selective", "1.15.5", [f"--copt={SELECTIVE}"], [], BAZEL, "--profile selective"),
        (
            *("ios", "android-full", "2.1.4", [f"--copt=-D{FULL}"], [], BAZEL),
            f"--tree PATH --profile ios -D {FULL}",
        ),
    ],
)
def test_what_to_change(
    profile: str, larger: str, release: str, add: list[str], remove: list[str], where: str, options: str
) -> None:
    change = change_for(profile, larger, release)
    assert (list(change.add), list(change.remove), change.where) == (add, remove, where)
    assert (change.system, " ".join(change.opselect)) == ("make" if MAKEFILE in where else "bazel", options)


@pytest.mark.parametrize(
    ("profile", "larger", "release", "add", "options"),
    [
        ("android-slim", "android-full", "1.15.5", f"ANDROID_TYPES=-D{FULL}", "--profile android-full"),
        # Without a macro the variable stands for the slim types: the next larger ones take its place.
        ("android-slim", "android", "1.15.5", f"ANDROID_TYPES=-D{FULL}", "--profile android-full"),
        ("android", "selective", "1.15.5", f"ANDROID_TYPES={SELECTIVE}", "--profile selective"),
    ],
)
def test_profiles_of_android_in_the_words_of_make(
    profile: str, larger: str, release: str, add: str, options: str
) -> None:
    change = change_for(profile, larger, release, MAKE)
    assert (change.system, change.add, change.remove) == ("make", (add,), ())
    assert "command line of make" in change.where
    assert " ".join(change.opselect) == options


def test_the_sentence_names_flags_place_and_what_they_widen() -> None:
    assert change_for("android", "selective", "1.15.5").sentence == (
        f"Add --copt={SELECTIVE} {BAZEL} (the makefile's Android build: {SELECTIVE} among the CXXFLAGS of {MAKEFILE}): "
        "every kernel then has all types that it names, as on a desktop. Tell opselect so by --profile selective"
    )
    assert change_for("android-slim", "android-full", "2.4.4").sentence.startswith(
        f"Add --copt=-D{FULL} and drop --copt=-D{SLIM} on the command line of bazel build"
    )
