"""BUILD text in, BUILD text out: only the entries of lists change."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel_index.build_files.edit import WantedList, edit_build_file
from kernel_index.build_files.starlark import BuildFile, parse_build_file
from kernel_index.errors import SourceTreeError

BUILD = """\
# Kernels.
HELPERS = ["helper.cc"]

filegroup(
    name = "group1",
    srcs = [
        "a_op.cc",
        # Needed by b_op.cc
        # and nothing else.
        "b_lib.cc",
        "b_op.cc",  # the second
        ":headers",
    ] + [
        "//tensorflow/core/kernels/image:c_op.cc",
    ] + select({
        ":xsmm": [
            "xsmm.cc",
            "xsmm2.cc",
        ],
        "//conditions:default": [],
    }),
    visibility = ["//visibility:public"],
)

filegroup(
    name = "short",
    srcs = ["one.cc", "two.cc"],
)

filegroup(
    name = "globbed",
    srcs = HELPERS + glob(["*_op.cc"]) + ["x.cc"],
)
"""
GROUP1 = ("a_op.cc", "b_lib.cc", "b_op.cc", ":headers", "//tensorflow/core/kernels/image:c_op.cc")
SELECTS = ({":xsmm": ("xsmm.cc", "xsmm2.cc"), "//conditions:default": ()},)


def parsed(text: str, folder: Path = Path("/nowhere")) -> BuildFile:
    found = parse_build_file("tensorflow/core/kernels/BUILD", folder, text.encode())
    assert isinstance(found, BuildFile)
    return found


def edited(wanted: Mapping[str, WantedList], text: str = BUILD, folder: Path = Path("/nowhere")) -> str:
    return edit_build_file(text, parsed(text, folder), wanted)


def changes(after: str, before: str = BUILD) -> list[str]:
    return [line for line in difflib.ndiff(before.splitlines(), after.splitlines()) if line[0] in "+-"]


def group1(*labels: str, selects: tuple[Mapping[str, tuple[str, ...]], ...] = SELECTS) -> dict[str, WantedList]:
    return {"group1": WantedList(labels, selects)}


def test_what_is_wanted_already_changes_nothing() -> None:
    assert (
        edited({**group1(*reversed(GROUP1)), "short": WantedList(("//tensorflow/core/kernels:two.cc", "one.cc"))})
        == BUILD
    )


def test_an_entry_goes_with_its_comments() -> None:
    assert changes(edited(group1("a_op.cc", *GROUP1[2:]))) == [
        "-         # Needed by b_op.cc",
        "-         # and nothing else.",
        '-         "b_lib.cc",',
    ]
    assert changes(edited(group1(*GROUP1[:2], *GROUP1[3:]))) == ['-         "b_op.cc",  # the second']


def test_new_entries_come_where_buildifier_sorts_them() -> None:
    new = (
        "a_new.cc",
        "b.cc",
        "z_op.cc",
        "//tensorflow/core/kernels/image:a_op.cc",
        "//tensorflow/core/kernels/linalg:d.cc",
    )
    after = edited(group1(*GROUP1, *new))
    assert changes(after) == [f'+         "{label}",' for label in new]
    lines = [line.strip() for line in after.splitlines()]
    assert lines.index('"b.cc",') == lines.index("# Needed by b_op.cc") - 1
    assert lines.index('"z_op.cc",') == lines.index('":headers",') - 1
    assert edited(group1(*GROUP1, *new), after) == after


def test_branches_of_a_select_are_edited_by_themselves() -> None:
    after = edited(group1(*GROUP1, selects=({":xsmm": ("xsmm2.cc",), "//conditions:default": ("plain.cc",)},)))
    assert changes(after) == [
        '-             "xsmm.cc",',
        '-         "//conditions:default": [],',
        '+         "//conditions:default": ["plain.cc"],',
    ]
    emptied = edited(group1(*GROUP1, selects=({},)))
    assert '        ":xsmm": [],\n        "//conditions:default": [],\n' in emptied
    assert "xsmm.cc" not in emptied


@pytest.mark.parametrize(
    ("labels", "line"),
    [
        (("two.cc",), '    srcs = ["two.cc"],'),
        ((), "    srcs = [],"),
        (
            ("one.cc", "three.cc", "two.cc"),
            '    srcs = [\n        "one.cc",\n        "three.cc",\n        "two.cc",\n    ],',
        ),
    ],
)
def test_a_list_on_one_line_is_written_anew(labels: tuple[str, ...], line: str) -> None:
    after = edited({"short": WantedList(labels)})
    assert line in after
    assert after.replace(line, '    srcs = ["one.cc", "two.cc"],') == BUILD


def test_all_entries_may_go() -> None:
    after = edited(group1(selects=({},)))
    assert "    srcs = [] + [] + select({" in after
    assert 'visibility = ["//visibility:public"]' in after


def test_entries_from_elsewhere_stay_or_the_layout_is_not_understood(tmp_path: Path) -> None:
    (tmp_path / "a_op.cc").touch()
    everything = WantedList(("helper.cc", "a_op.cc", "y.cc"))
    assert changes(edited({"globbed": everything}, folder=tmp_path)) == [
        '-     srcs = HELPERS + glob(["*_op.cc"]) + ["x.cc"],',
        '+     srcs = HELPERS + glob(["*_op.cc"]) + ["y.cc"],',
    ]
    with pytest.raises(SourceTreeError, match=r"'a_op.cc' is to go and comes from `glob\(\['\*_op.cc'\]\)`") as caught:
        edited({"globbed": WantedList(("helper.cc", "x.cc"))}, folder=tmp_path)
    assert caught.value.place.line == 32
    with pytest.raises(SourceTreeError, match=r"'helper.cc' is to go and comes from `HELPERS`"):
        edited({"globbed": WantedList(("a_op.cc", "x.cc"))}, folder=tmp_path)


def test_groups_that_are_not_there() -> None:
    with pytest.raises(SourceTreeError, match="there is no group 'group9'"):
        edited({"group9": WantedList(())})


def test_a_label_twice_is_once_enough() -> None:
    text = 'filegroup(\n    name = "g",\n    srcs = [\n        "a.cc",\n        ":a.cc",\n    ],\n)\n'
    assert changes(edited({"g": WantedList(("a.cc",))}, text), text) == ['-         ":a.cc",']


NAMES = st.lists(st.sampled_from([f"{letter}_op.cc" for letter in "abcdefgh"]), unique=True).map(tuple)


@given(NAMES, NAMES, st.sampled_from(["\n", "\r\n"]))
def test_any_list_becomes_any_other_and_the_rest_stays(
    before: tuple[str, ...], after: tuple[str, ...], end: str
) -> None:
    entries = "".join(f'        # about é {name}\n        "{name}",\n' for name in before)
    text = f'X = "é"\nfilegroup(\n    name = "g",\n    srcs = [\n{entries}    ],\n)\n# the end\n'.replace("\n", end)
    result = edited({"g": WantedList(after)}, text)
    assert {entry.text for entry in parsed(result).strings(parsed(result).targets["g"].arguments["srcs"])} == set(after)
    for name in before:
        assert (f"# about é {name}" in result) == (name in after)
    assert result.startswith(f'X = "é"{end}')
    assert result.endswith(f"# the end{end}")
    assert edited({"g": WantedList(after)}, result) == result


NO_LIST = 'HEADERS = ["h.h"]\nfilegroup(name = "g", srcs = HEADERS + select({"a": ["x.cc"], "b": HEADERS}))\n'
NO_EDIT = {"a": ("x.cc",), "b": ("h.h",)}


@pytest.mark.parametrize(
    ("text", "wanted", "problem"),
    [
        ('filegroup(name = "g")', WantedList(("a.cc",)), "group 'g' has no srcs"),
        (NO_LIST, WantedList(("h.h", "new.cc"), (NO_EDIT,)), "no list of its own for new entries"),
        (NO_LIST, WantedList(("h.h",), ({"a": ("x.cc",)},)), "'h.h' is to go and comes from `HEADERS`"),
        ('filegroup(name = "g", srcs = select(B))', WantedList(()), "branches of this select cannot be read"),
        ('filegroup(name = "g", srcs = ["a.cc", "b" + ".cc"])', WantedList(("a.cc",)), "'b.cc' is to go"),
        ("", WantedList(()), "there is no group 'g'"),
    ],
)
def test_what_cannot_be_edited_is_refused(text: str, wanted: WantedList, problem: str) -> None:
    with pytest.raises(SourceTreeError, match=problem):
        edited({"g": wanted}, text)


def test_what_comes_from_a_constant_stays_where_it_is_wanted() -> None:
    after = edited({"g": WantedList(("h.h",), ({**NO_EDIT, "a": ("y.cc",)},))}, NO_LIST)
    assert after == NO_LIST.replace("x.cc", "y.cc")


@pytest.mark.parametrize(
    ("entries", "wanted", "after"),
    [
        ('["a.cc", "b" + ".cc"]', ("b.cc",), '["b" + ".cc"]'),
        ('["a.cc", "b" + ".cc", "d.cc"]', ("b.cc", "d.cc", "c.cc", "e.cc"),
         '[\n    "b" + ".cc",\n    "c.cc",\n    "d.cc",\n    "e.cc",\n]'),
        ('[\n    "b" + ".cc",\n    "d.cc",\n]', ("b.cc", "d.cc", "c.cc"),
         '[\n    "b" + ".cc",\n    "c.cc",\n    "d.cc",\n]'),
        ('[\n    "b" + ".cc",\n    "d.cc",\n]', ("b.cc",), '[\n    "b" + ".cc",\n]'),
    ],
)  # fmt: skip
def test_entries_that_are_computed_stay(entries: str, wanted: tuple[str, ...], after: str) -> None:
    """They are in no one's way: what is added goes between strings, what is taken away is a string."""
    text = f'filegroup(name = "g", srcs = {entries})\n'
    assert edited({"g": WantedList(wanted)}, text) == f'filegroup(name = "g", srcs = {after})\n'
