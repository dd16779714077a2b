from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel_index.errors import InputError, OpselectError
from opselect.build_lists.header.default_ops import parse_default_ops
from opselect.build_lists.header.reader import read_header
from opselect.build_lists.header.writer import commented, own_text, tool_text
from opselect.requirements.header_tool import ToolRelease
from opselect.requirements.ops_list import Pair, read_ops_list

FORMS = Path("fixtures/headers/forms")
PAIRS: list[Pair] = [(op, kernel_class) for op, kernel_class in json.loads((FORMS / "pairs.json").read_text())]

ODD_NAMES = ['a"b', "a\\", "a\nb", "a??/b", "a??=", "ö", "x\u202ey", "a\tb", "\udc80", "*/ evil", "// x \\"]


def pairs_of(release: str) -> list[Pair]:
    tool = ToolRelease.parse(release)
    return [pair for pair in PAIRS if pair[1] is not None or pair[0] in tool.ops_without_kernel]


@pytest.mark.parametrize("release", ["1.0.1", "1.1.0", "1.2.1", "1.3.1", "1.12.3"])
def test_every_form_byte_for_byte(release: str) -> None:
    tool = ToolRelease.parse(release)
    assert tool_text(pairs_of(release), tool) == (FORMS / f"{release}.h").read_text()
    everything = tool_text(pairs_of(release), tool, everything=True)
    assert everything == (FORMS / f"{release}.all.h").read_text()


@pytest.mark.parametrize(
    ("releases", "like"),
    [
        (["0.12", "1.0"], "1.0.1"),
        (["1.1"], "1.1.0"),
        (["1.2"], "1.2.1"),
        (["1.3", "1.7.1", "1.11"], "1.3.1"),
        (["1.12", "1.15.5", "2.0", "2.3.4", "2.14.1", "v2.20.0", "2.21"], "1.12.3"),
    ],
)
def test_which_release_writes_which_form(releases: list[str], like: str) -> None:
    for release in releases:
        assert tool_text(pairs_of(release), ToolRelease.parse(release)) == (FORMS / f"{like}.h").read_text()


@pytest.mark.parametrize(
    ("text", "problem"), [("0.11", "no tool"), ("2.22", "not known"), ("x", "no TensorFlow version")]
)
def test_other_releases(text: str, problem: str) -> None:
    with pytest.raises(OpselectError, match=problem):
        ToolRelease.parse(text)


def test_gradient_only_for_symbolic_gradient() -> None:
    text = tool_text([("NoOp", "NoOp")], ToolRelease.parse("2.14"))
    assert not read_header(text).gradient


@pytest.mark.parametrize("name", ['a"b', "a\\", "a\nb", "a??/b", "x\u202ey", "\0"])
def test_the_words_of_the_tool_hold_no_name_that_cpp_reads_otherwise(name: str) -> None:
    for pair in ((name, "Class"), ("Op", name)):
        with pytest.raises(InputError, match="C\\+\\+ reads something else"):
            tool_text([pair], ToolRelease.parse("2.14"))


@pytest.mark.parametrize("name", ODD_NAMES)
def test_our_own_form_escapes_every_name(name: str) -> None:
    text = own_text({name: name, "Next": ""}, {name: name, "NextOp": ""}, [name, "last"])
    assert text.isascii()
    header = read_header(text)
    assert header.ops is not None
    assert set(header.ops) == {name, "Next"}
    assert header.classes is not None
    assert set(header.classes) == {name, "NextOp"}


def test_a_name_with_a_nul_byte_is_refused() -> None:
    with pytest.raises(InputError, match="NUL"):
        own_text({"a\0b": ""}, {}, [])


@given(st.text(st.characters(exclude_categories=())))
def test_no_comment_goes_on_or_ends(text: str) -> None:
    line = commented(text)
    assert line.isascii()
    assert "\n" not in line
    assert "??" not in line
    assert not line.rstrip().endswith("\\")


def test_default_ops_are_read_as_the_tool_reads_them() -> None:
    assert parse_default_ops("") == ()
    assert parse_default_ops("NoOp:NoOp,_Recv:RecvOp") == (("NoOp", "NoOp"), ("_Recv", "RecvOp"))
    assert parse_default_ops(" A:B<C,D:E>") == ((" A", "B<C"), ("D", "E>"))


def test_default_ops_with_commas_and_colons_in_classes() -> None:
    assert parse_default_ops("Mul:BinaryOp<CPUDevice, functor::mul<float>>,NoOp:NoOp,Z:::tf::ZOp<a(b, c)>") == (
        ("Mul", "BinaryOp<CPUDevice, functor::mul<float>>"),
        ("NoOp", "NoOp"),
        ("Z", "::tf::ZOp<a(b, c)>"),
    )


@pytest.mark.parametrize("text", ["NoOp", ",", "A:B,", "A:", ":B", "A:B<c::d", "A:b>,C:d::e", "all,A:B"])
def test_default_ops_that_are_no_pairs(text: str) -> None:
    with pytest.raises(OpselectError, match="--default-ops"):
        parse_default_ops(text)


def ops_list(text: str, folder: Path) -> str:
    path = folder / "ops.json"
    path.write_text(text)
    return str(path)


def test_an_ops_list_may_name_an_op_with_and_without_a_class(tmp_path: Path) -> None:
    text = '[["B", null], ["B", "BOp"], ["A", ""]]'
    assert read_ops_list(ops_list(text, tmp_path)) == (("B", None), ("B", "BOp"), ("A", None))
    assert read_ops_list(ops_list("[]", tmp_path)) == ()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "is empty"),
        ("{}", "no list"),
        ('[["A"]]', r"\[0\] is no pair"),
        ('[["A", ""], [1, "B"]]', r"\[1\]\[0\]"),
        ('[["A", 2]]', r"\[0\]\[1\]"),
        ("[", "no JSON"),
    ],
)
def test_other_files_are_no_ops_lists(text: str, problem: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=problem):
        read_ops_list(ops_list(text, tmp_path))


PROGRAM = """
#include <cstring>
#include "ops_to_register.h"
#ifdef SELECTIVE_REGISTRATION
static_assert(SHOULD_REGISTER_OP("Next") && !SHOULD_REGISTER_OP("Other"), "");
static_assert(SHOULD_REGISTER_OP_KERNEL("NextOp") && !SHOULD_REGISTER_OP_KERNEL("Next"), "");
static_assert(!(SHOULD_REGISTER_OP_GRADIENT), "");
#endif
"""


@pytest.mark.skipif(shutil.which("g++") is None, reason="no g++")
@pytest.mark.parametrize("standard", ["c++11", "c++17"])
@pytest.mark.parametrize("macro", [[], ["-DSELECTIVE_REGISTRATION"]])
def test_it_compiles_whatever_stands_in_it(standard: str, macro: list[str], tmp_path: Path) -> None:
    names = dict.fromkeys(ODD_NAMES, "")
    text = own_text({"Next": "??/", **{name: name for name in names}}, {"NextOp": "\\", **names}, ODD_NAMES)
    (tmp_path / "ops_to_register.h").write_text(text)
    (tmp_path / "main.cc").write_text(PROGRAM)
    command = ["g++", "-fsyntax-only", f"-std={standard}", "-Wall", "-Werror", "-Wno-unused", *macro, "main.cc"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
