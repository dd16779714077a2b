"""Which options a build has set, as far as that can be known."""

from __future__ import annotations

import itertools

import pytest

from opselect.verifying.build_options import BuildOptions, all_of, any_of, system_of

CROSSTOOL = "--crosstool_top=//external:android/crosstool"


@pytest.mark.parametrize(
    ("option", "android", "ios"),
    [
        (CROSSTOOL, True, False),
        ("--apple_platform_type=ios", False, True),
        ("--apple_platform_type=macos", False, False),
        ("@platforms//os:android", True, False),
        ("--cpu=arm64-v8a", None, False),
        ("--cpu=ios_arm64", False, None),
        ("--cpu=k8", False, False),
        ("--cpu=x86", None, None),
        ("--crosstool_top=//my:toolchain", None, None),
        ("@platforms//cpu:arm64", None, None),
        ("--//tensorflow:flag=on", None, None),
        ("--define=conv=gemm", False, False),
        ("--define=platform=android", None, False),
        ("--define=platform=ios", False, None),
        ("--compilation_mode=opt", None, None),
    ],
)
def test_what_a_profile_says_of_options(option: str, android: bool | None, ios: bool | None) -> None:
    assert (BuildOptions("android").has(option), BuildOptions("ios").has(option)) == (android, ios)


def test_options_that_are_passed_decide() -> None:
    passed = BuildOptions("android", {"--define=conv": "gemm", "--cpu": "x86", "--crosstool_top": "//my:toolchain"})
    for option, is_set in {
        "--define=conv=gemm": True, "--define=conv=direct": False, "--define=other=gemm": False,
        "--cpu=x86": True, "--cpu=arm64-v8a": False, CROSSTOOL: False,
    }.items():  # fmt: skip
        assert passed.has(option) is is_set, option


def test_options_that_may_be_passed_are_not_known() -> None:
    perhaps = BuildOptions("android", perhaps=frozenset(("--define=conv",)))
    assert (perhaps.has("--define=conv=gemm"), perhaps.has("--define=other=1")) == (None, False)
    unsaid = BuildOptions("android", are_all=False)
    assert (unsaid.has("--define=conv=gemm"), unsaid.has(CROSSTOOL), unsaid.has("--cpu=k8")) == (None, True, False)


def test_a_condition_holds_in_one_way_of_which_all_is_set() -> None:
    build = BuildOptions("android", {"--define=a": "1"})
    a, b, unknown = "--define=a=1", "--define=b=1", "--cpu=x86"
    cases: list[tuple[list[tuple[str, ...]], bool | None]] = [
        ([(a,)], True), ([(a, b)], False), ([(a, b), (a,)], True), ([(a, unknown)], None), ([(b, unknown)], False),
        ([(unknown,), (a,)], True), ([(unknown,), (b,)], None), ([], False), ([()], True),
    ]  # fmt: skip
    for ways, holds in cases:
        assert build.hold(ways) is holds, ways


def test_what_is_not_known_of_parts_is_not_known_of_the_whole_unless_another_part_decides() -> None:
    for parts in itertools.product((True, False, None), repeat=2):
        could_be = [[part] if part is not None else [True, False] for part in parts]
        worlds = list(itertools.product(*could_be))
        for ours, plain in ((any_of, any), (all_of, all)):
            outcomes = {plain(world) for world in worlds}
            assert ours(parts) is (outcomes.pop() if len(outcomes) == 1 else None)


def test_systems_of_profiles() -> None:
    systems = {"android": "android", "android-slim+-DX": "android", "selective": "android", "ios": "ios"}
    systems |= {"ios+-UX": "ios", "raspberry-pi": "linux", "desktop": "linux"}
    assert {profile: system_of(profile) for profile in systems} == systems
