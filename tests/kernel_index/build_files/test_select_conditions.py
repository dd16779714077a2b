"""When the branches of a ``select`` in a mobile list count: what its conditions are made of."""

from __future__ import annotations

from pathlib import Path

import pytest

from kernel_index.build_files.lists import read_build_lists
from kernel_index.records import BuildLists
from tests.kernel_index.build_files.drawing import plant

K = "tensorflow/core/kernels"


def lists_of(root: Path, condition: str, more: str, *, settings: str = "", files: str = "") -> BuildLists:
    """The lists of a checkout of one group with one select, and ``settings`` in the BUILD file above."""
    plant(
        root,
        f"""
--- tensorflow/core/kernels/BUILD
{more}
filegroup(
    name = "android_core_ops",
    srcs = ["mul.cc"] + select({{{condition}: ["x.cc"], "//conditions:default": []}}),
)
--- tensorflow/core/kernels/mul.cc tensorflow/core/kernels/x.cc
--- tensorflow/BUILD
{settings}
{files}
""",
    )
    return read_build_lists(root)[0]


@pytest.mark.parametrize(
    ("setting", "ways"),
    [
        ('values = {"define": "conv=gemm"}', (("--define=conv=gemm",),)),
        ('values = {"cpu": "x86", "copt": "-a=b"}', (("--copt=-a=b", "--cpu=x86"),)),
        ('define_values = {"a": "1", "b": "2"}, values = {}', (("--define=a=1", "--define=b=2"),)),
        ('flag_values = {":flag": "on", "@far//:flag": "on"}', (("--//tensorflow:flag=on", "--@far//:flag=on"),)),
        ('constraint_values = ["@platforms//os:android"]', (("@platforms//os:android",),)),
        ('values = dict({"cpu": "x86"}, define = "a=b"), visibility = ["//:a"]', (("--cpu=x86", "--define=a=b"),)),
        ("values = VALUES", (("--cpu=k8",),)),
        ("values = pick(VALUES)", (("--cpu=k8",),)),
        ("values = CIRCLE", None),
        ("values = {CPU: unknown()}", None),
        ("values = dict(unknown(), cpu = 'x86')", None),
        ('constraint_values = select({"a": ["b"]})', None),
        ("constraint_values = unknown()", None),
        ('values = {"cpu": "x86"}, selects_some_day = 1', None),
    ],
)
def test_a_setting_holds_where_all_its_options_are_set(
    tmp_path: Path, setting: str, ways: tuple[tuple[str, ...], ...] | None
) -> None:
    settings = (
        'VALUES = {"cpu": "k8"}\nCIRCLE = dict(CIRCLE)\ndef pick(these, others = {}):\n    return these\n'
        f'config_setting(name = "s", {setting})'
    )
    lists = lists_of(tmp_path, '"//tensorflow:s"', "", settings=settings)
    assert lists.conditions == ({} if ways is None else {"//tensorflow:s": ways})


GROUPS = """
config_setting(name = "a", values = {"cpu": "a"})
config_setting(name = "b", values = {"cpu": "b"})
config_setting(name = "c", values = {"define": "c=1"})
alias(name = "other_name", actual = ":a")
alias(name = "either", actual = select({":c": ":a", "//conditions:default": ":b"}))
alias(name = "round", actual = ":round")
selects.config_setting_group(name = "any", match_any = [":a", ":b"])
selects.config_setting_group(name = "all", match_all = [":any", ":c"])
selects.config_setting_group(name = "far", match_any = [":a", "@far//:b"])
"""


@pytest.mark.parametrize(
    ("name", "ways"),
    [
        ("other_name", (("--cpu=a",),)),
        ("any", (("--cpu=a",), ("--cpu=b",))),
        ("all", (("--cpu=a", "--define=c=1"), ("--cpu=b", "--define=c=1"))),
        ("either", None), ("round", None), ("far", None), ("none", None),
    ],
)  # fmt: skip
def test_groups_of_settings_hold_in_several_ways(tmp_path: Path, name: str, ways: object) -> None:
    lists = lists_of(tmp_path, f'"//tensorflow:{name}"', "", settings=GROUPS)
    assert lists.conditions.get(f"//tensorflow:{name}") == ways


def test_more_ways_than_anybody_spells_out_are_not_known(tmp_path: Path) -> None:
    made = "".join(f'config_setting(name = "s{i}", values = {{"cpu": "{i}"}})\n' for i in range(65))
    groups = (
        f"selects.config_setting_group(name = 'many', match_any = {[f':s{i}' for i in range(65)]})\n"
        f"selects.config_setting_group(name = 'some', match_any = {[f':s{i}' for i in range(9)]})\n"
        "selects.config_setting_group(name = 'square', match_all = [':some', ':some'])\n"
    )
    for name, known in {"many": False, "square": False, "some": True}.items():
        lists = lists_of(tmp_path / name, f'"//tensorflow:{name}"', "", settings=made + groups)
        assert bool(lists.conditions) is known


def test_a_condition_of_which_nothing_can_be_read_is_no_fault_of_the_lists(tmp_path: Path) -> None:
    lists = lists_of(tmp_path, '"//tensorflow:s"', "", settings="config_setting(")
    assert (lists.conditions, lists.unread) == ({}, ())
    assert read_build_lists(tmp_path)[1] == ()
    assert lists.group_selects == {"android_core_ops": ({"//tensorflow:s": ("x.cc",)},)}


def test_conditions_are_spelled_by_functions_and_constants_too(tmp_path: Path) -> None:
    more = 'X = ":x"\nconfig_setting(name = "x", values = {"cpu": "x"})'
    for folder, spelled in {"a": "X", "b": 'Label(":x")', "c": '":" + "x"'}.items():
        lists = lists_of(tmp_path / folder, spelled, more)
        assert lists.conditions == {f"//{K}:x": (("--cpu=x",),)}
    assert lists_of(tmp_path / "d", "unknown()", more).conditions == {}


def test_empty_branches_count_where_another_one_counts_only_without_them(tmp_path: Path) -> None:
    plant(
        tmp_path,
        """
--- tensorflow/core/kernels/BUILD
load("//tensorflow:lists.bzl", "more")
filegroup(
    name = "android_core_ops",
    srcs = select({":a": [], ":b": ["b.cc"], "//conditions:default": ["x.cc"]}) + more() + select({":c": ["c.cc"]}),
)
alias(name = "android_ops", actual = select({":a": ":android_core_ops", "//conditions:default": ":none"}))
filegroup(name = "none")
--- tensorflow/lists.bzl
def more():
    return select({":d": ["d.cc"], "//conditions:default": []})
--- tensorflow/core/kernels/b.cc tensorflow/core/kernels/x.cc tensorflow/core/kernels/c.cc
--- tensorflow/core/kernels/d.cc
""",
    )
    lists, diagnostics = read_build_lists(tmp_path)
    assert diagnostics == ()
    assert lists.group_selects == {
        "android_core_ops": (
            {":a": (), ":b": ("b.cc",), "//conditions:default": ("x.cc",)},
            {":d": ("d.cc",)},
            {":c": ("c.cc",)},
        ),
        "android_ops": ({":a": (":android_core_ops",), "//conditions:default": (":none",)},),
    }


def test_what_is_listed_outside_of_a_select_too_is_there_anyhow(tmp_path: Path) -> None:
    lists = lists_of(tmp_path, '":a"', 'filegroup(name = "android_ops", srcs = ["x.cc"] + select({":a": ["x.cc"]}))')
    assert lists.group_selects.keys() == {"android_core_ops"}


def test_functions_that_choose_are_selects_where_they_can_be_read(tmp_path: Path) -> None:
    plant(
        tmp_path,
        """
--- tensorflow/core/kernels/BUILD
load("//tensorflow:lists.bzl", "if_odd", "if_phone", "if_unread")
NAMED = ["named.cc"]
filegroup(
    name = "android_core_ops",
    srcs = if_phone(["a.cc"]) + if_odd(["b.cc"]) + if_unread(["c.cc"]) + select({":d": ["d.cc"]}) + if_phone(NAMED, []),
)
--- tensorflow/lists.bzl
def if_phone(these, others = []):
    return select({Label("//tensorflow:android"): these, "//conditions:default": others})
def if_odd(these):
    return select({":odd": these}) + unknown()
--- tensorflow/BUILD
config_setting(name = "android", values = {"cpu": "x"})
--- tensorflow/core/kernels/a.cc tensorflow/core/kernels/b.cc tensorflow/core/kernels/c.cc
--- tensorflow/core/kernels/d.cc tensorflow/core/kernels/named.cc
""",
    )
    lists, diagnostics = read_build_lists(tmp_path)
    assert diagnostics == ()
    android = "//tensorflow:android"
    assert lists.group_selects == {
        "android_core_ops": ({android: ("a.cc",)}, {":d": ("d.cc",)}, {android: ("named.cc",)})
    }
    assert lists.conditions == {android: (("--cpu=x",),)}
    assert lists.group_labels["android_core_ops"] == ("a.cc", "b.cc", "c.cc", "d.cc", "named.cc")
