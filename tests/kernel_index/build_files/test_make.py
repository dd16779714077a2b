"""Makefiles: what variables hold, held against GNU make where there is one."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kernel_index.build_files.make import Makefile, UnreadableMakefileError

FILES = ("a/one.cc", "a/one_test.cc", "a/two.cc", "b/one.cc", "b/.hidden.cc")


def wildcard(pattern: str) -> list[str]:
    """Of :data:`FILES` those of a pattern with one star."""
    before, star, after = pattern.partition("*")
    if not star:
        return [pattern] if pattern in FILES else []
    found = (f for f in FILES if f.startswith(before) and f.endswith(after) and len(f) >= len(before) + len(after))
    return sorted(f for f in found if "/" not in f[len(before) : len(f) - len(after)] and "/." not in f)


def printed(path: str) -> str | None:
    return "x.cc\ny.cc\n" if path == "list.txt" else None


def words(text: str, name: str = "X", given: Mapping[str, str] | None = None) -> str:
    return " ".join(Makefile(text, wildcard, printed, given or {}).words(name))


CASES = {
    "expanded where it is assigned": ("A := 1\nX := $(A)\nA := 2\n", "1"),
    "expanded where it is used": ("A = 1\nX = $(A) $A\nA = 2\n", "2 2"),
    "added to what is simple": ("A := 1\nX := 0\nX += $(A)\nA := 2\n", "0 1"),
    "added to what is recursive": ("A = 1\nX = 0\nX += $(A)\nA = 2\n", "0 2"),
    "only where there is none": ("X = 1\nX ?= 2\nY ?= 3\nX += $(Y)\n", "1 3"),
    "lines that go on": ("X := a \\\n  b\\\n\tc\n", "a b c"),
    "comments": ("X := a # b\n# X := c\nY := \\# d\n", "a"),
    "braces and one letter": ("A := 1\nX := ${A}$A$$A\n", "11$A"),
    "a name that is computed": ("B := A\nA := 1\nX := $($(B))\n", "1"),
    "suffixes": ("A := a.cc b.c\nX := $(A:.cc=.o) $(A:%.c=%.d)\n", "a.o b.c a.cc b.d"),
    "ifeq and else": ("ifeq (a,b)\nX := 1\nelse\nX := 2\nendif\n", "2"),
    "else ifeq": ("ifeq (a,b)\nX := 1\nelse ifeq (b,b)\nX := 2\nelse\nX := 3\nendif\n", "2"),
    "the first of several": ("ifeq (a,a)\nX := 1\nelse ifeq (b,b)\nX := 2\nelse\nX := 3\nendif\n", "1"),
    "quoted": ("A := b\nifeq '$(A)' \"b\"\nX := 1\nendif\n", "1"),
    "ifneq inside what is off": ("ifdef NONE\nifneq (a,b)\nX := 1\nendif\nelse\nX := 2\nendif\n", "2"),
    "ifdef": ("A :=\nB := 1\nifdef A\nX += a\nendif\nifdef B\nX += b\nendif\nifndef C\nX += c\nendif\n", "b c"),
    "an assignment behind a tab": ("ifeq (a,a)\n\tX := 1\nendif\n", "1"),
    "a recipe ends with the next line": ("all: one\n\n\tX := 2\n$(info read)\n\tX := 1\n", "1"),
    "a recipe is none": ("all: one\n\tX := 2\nX := 1\n", "1"),
    "filter-out with patterns": ("A := a.cc b.cc c.c\nX := $(filter-out a% c.c,$(A))\n", "b.cc"),
    "filter": ("X := $(filter %.cc b.c,a.cc b.c c.c)\n", "a.cc b.c"),
    "sort": ("X := $(sort b a b)\n", "a b"),
    "addprefix and patsubst": ("X := $(addprefix o/, $(patsubst %.cc,%.o,a.cc b.c))\n", "o/a.o o/b.c"),
    "subst, strip, dir, notdir": ("X := $(strip  $(subst a,b,aa)  $(dir a/b c) $(notdir a/b))\n", "bb a/ ./ b"),
    "a last argument with commas": ("X := $(subst a,b,a,c a)\n", "b,c b"),
    "patsubst with commas in the text": ("X := $(patsubst %.c,%.o,a.c,b.c c.c)\n", "a.c,b.o c.o"),
    "one stem a replacement": ("X := $(patsubst %.c,%/%,a.c)\n", "a/%"),
    "arguments that are not there": ("X := a $(subst a,b)\n", "a"),
    "a suffix of a folder": ("X := $(basename a.b/c a.b/c.d)\n", "a.b/c a.b/c"),
    "basename and words": ("X := $(basename a/b.cc c) $(firstword a b) $(lastword a b)\n", "a/b c a b"),
    "wildcard": (
        "X := $(wildcard a/*.cc) $(wildcard b/*.cc) $(wildcard none/*)\n", "a/one.cc a/one_test.cc a/two.cc b/one.cc",
    ),
    "cat": ("F := list.txt\nX := $(shell cat $(F))\n", "x.cc y.cc"),
    "origin": ("ifeq ($(origin A), undefined)\nX := 1\nendif\n", "1"),
    "origin of what is there": ("B := A\nA := 1\nX := $(origin $(B))\n", "file"),
    "nothing comes after": ("X := a \\", "a"),
    "what is only printed": ("X := a$(info b)$(warning c) d\n", "a d"),
    "itself": ("X := 1\nX := $(X) 2\n", "1 2"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_values(case: str) -> None:
    text, expected = CASES[case]
    assert words(text) == expected


def test_the_command_line_wins() -> None:
    text = "T := LINUX\nT += more\nifeq ($(T),PHONE)\nX := phone\nendif\n"
    assert words(text, given={"T": "PHONE"}) == "phone"
    assert words(text) == ""
    assert words("X := $(origin T)\n", given={"T": "PHONE"}) == "command line"


def test_what_a_value_needs_and_is_not_evaluated_is_said() -> None:
    text = "A := $(shell uname)\nB := $(A) b\nC := $(foreach x,a,b)\nX := $(B)\ninclude more.mk\n"
    makefile = Makefile(text, wildcard, printed, {})
    assert [(u.line, u.message) for u in makefile.unclear("X")] == [(1, "`$(shell uname)` is not evaluated")]
    assert [u.line for u in makefile.unclear("C")] == [3]
    assert makefile.unclear("D") == ()


def test_what_is_unclear_of_an_earlier_value_stays_unclear() -> None:
    text = "X := $(shell uname)\nX := $(X) b\nX += c\n"
    assert [u.line for u in Makefile(text, wildcard, printed, {}).unclear("X")] == [1]


@pytest.mark.parametrize(("text", "line"), [("X := 1\nendif\n", 2), ("else\n", 1), ("A := 1\nifdef A\nX := 1\n", 2)])
def test_conditionals_that_do_not_end(text: str, line: int) -> None:
    with pytest.raises(UnreadableMakefileError) as caught:
        Makefile(text, wildcard, printed, {})
    assert caught.value.line == line


def test_a_variable_that_names_itself_ends() -> None:
    assert words("A = $(B)\nB = $(A) b\nX = $(A)\n") == "b"


# GNU make as the judge.

_WORDS = st.sampled_from(["a.cc", "b.cc", "dir/a.cc", "b.c", "a%", "x"])
_NAMES = st.sampled_from(["A", "B", "X"])
_VALUES = st.one_of(
    st.lists(_WORDS, max_size=3).map(" ".join),
    _NAMES.map(lambda name: f"$({name})"),
    st.tuples(_NAMES, _WORDS).map(lambda p: f"$({p[0]}:.cc=.o) {p[1]}"),
    st.tuples(st.sampled_from(["filter", "filter-out"]), _WORDS, _NAMES).map(
        lambda p: f"$({p[0]} {p[1]} %.c,$({p[2]}))"
    ),
    st.tuples(st.sampled_from(["sort", "dir", "notdir", "basename", "firstword", "lastword", "strip"]), _NAMES).map(
        lambda p: f"$({p[0]} z $({p[1]}) a)"
    ),
    st.tuples(_WORDS, _NAMES).map(lambda p: f"$(patsubst %.cc,{p[0].replace('%', '')}%,$({p[1]}))"),
    st.tuples(st.sampled_from(["addprefix", "addsuffix"]), _NAMES).map(lambda p: f"$({p[0]} p/, $({p[1]}))"),
)  # fmt: skip
_SIMPLE = st.tuples(_NAMES, st.sampled_from([":=", "+=", "?=", ":="]), _VALUES).map(" ".join)
_CONDITIONAL = st.tuples(
    st.sampled_from(["ifeq", "ifneq"]), _NAMES, _WORDS, st.lists(_SIMPLE, max_size=2), st.lists(_SIMPLE, max_size=2)
).map(lambda p: "\n".join([f"{p[0]} ($({p[1]}),{p[2]})", *p[3], "else", *p[4], "endif"]))
_DEFINED = st.tuples(st.sampled_from(["ifdef", "ifndef"]), _NAMES, st.lists(_SIMPLE, max_size=2)).map(
    lambda p: "\n".join([f"{p[0]} {p[1]}", *p[2], "endif"])
)


@pytest.mark.skipif(shutil.which("make") is None, reason="needs GNU make")
@settings(deadline=None, max_examples=150)
@given(st.lists(st.one_of(_SIMPLE, _CONDITIONAL, _DEFINED), max_size=6))
@example(["X += ", "A := $(X)", "ifeq ($(A),x)\nelse\nA := \nendif"])
def test_gnu_make_finds_the_same(parts: list[str]) -> None:
    text = "A := a.cc\nB := dir/a.cc b.c\nX := x\n" + "\n".join(parts) + "\n"
    with tempfile.TemporaryDirectory() as folder:
        show = "show:\n" + "".join(f"\t@echo '{name}: $({name})'\n" for name in "ABX")
        (Path(folder) / "Makefile").write_text(f"{text}{show}")
        shown = subprocess.run(["make", "-s", "-C", folder, "show"], capture_output=True, text=True, check=True).stdout
    expected = [line.split() for line in shown.splitlines() if line[:2] in ("A:", "B:", "X:")]
    makefile = Makefile(text, wildcard, printed, {})
    assert [[f"{name}:", *makefile.words(name)] for name in "ABX"] == expected
