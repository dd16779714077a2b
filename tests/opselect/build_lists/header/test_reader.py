from __future__ import annotations

import contextlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel_index.errors import InputError
from opselect.build_lists.header.literals import quoted, unquoted
from opselect.build_lists.header.reader import read_header
from opselect.build_lists.header.record import Form, SelectiveHeader

FORMS = Path("fixtures/headers/forms")
PAIRS: list[tuple[str, str | None]] = [tuple(pair) for pair in json.loads((FORMS / "pairs.json").read_text())]
RELEASES: dict[str, Form] = {"1.0.1": "0.12", "1.1.0": "1.1", "1.2.1": "1.2", "1.3.1": "1.3", "1.12.3": "1.3"}


def form(release: str, old: str = "", new: str = "") -> str:
    text = (FORMS / f"{release}.h").read_text()
    assert old in text
    return text.replace(old, new) if old else text


@pytest.mark.parametrize(("release", "generation"), RELEASES.items())
def test_every_form_says_the_same(release: str, generation: Form) -> None:
    header = read_header(form(release))
    pairs = [pair for pair in PAIRS if pair[1] is not None or release == "1.12.3"]
    assert header == SelectiveHeader(
        generation,
        tuple(sorted({op for op, _ in pairs})),
        tuple(kernel_class for _, kernel_class in pairs if kernel_class is not None),
        gradient=True,
        script="" if generation in ("0.12", "1.1") else "print_selective_registration_header.py",
    )


@pytest.mark.parametrize("release", RELEASES)
def test_all(release: str) -> None:
    header = read_header((FORMS / f"{release}.all.h").read_text())
    assert (header.ops, header.classes, header.gradient) == (None, None, True)
    assert header.generation == ("0.12" if release in ("1.0.1", "1.1.0") else "1.2")
    assert header.has_op("Anything")
    assert header.has_class("Anything")


def test_blanks_in_classes_count_in_the_oldest_form_only() -> None:
    for release, generation in RELEASES.items():
        header = read_header(form(release))
        assert header.has_class("BinaryOp< CPUDevice, functor::mul<float>>")
        assert header.has_class("BinaryOp<CPUDevice,functor::mul<float>>") == (generation != "0.12")
        assert header.has_op(" Mul ") == (generation == "1.3")
        assert header.has_op("Mul")
        assert not header.has_op("Mu")
        assert not header.has_class("BinaryOp<\tCPUDevice, functor::mul<float>>")


def test_the_oldest_form_finds_a_class_inside_another() -> None:
    header = read_header(form("1.0.1", "NoOp,", "Fill<int,float,double>,"))
    assert header.has_class("float")
    assert header.classes is not None
    assert "Fill<int,float,double>" in header.classes
    assert not read_header(form("1.3.1", '"NoOp"', '"Fill<int,float,double>"')).has_class("float")


def test_lines_of_others_before_the_header() -> None:
    header = read_header("Using TensorFlow backend.\nCouldn't import dot_parser\n" + form("1.3.1"))
    assert header.foreign_lines == ("Using TensorFlow backend.", "Couldn't import dot_parser")
    assert header.error is not None
    assert "Using TensorFlow backend." in header.error
    assert header.has_op("Mul")
    assert header.script == "print_selective_registration_header.py"


def test_lines_of_others_behind_the_header() -> None:
    header = read_header(form("1.3.1") + "Done in 3 s\n// a comment\n")
    assert header.foreign_lines == ("Done in 3 s",)
    assert header.error is not None


def test_comments_includes_and_pragmas_are_no_lines_of_others() -> None:
    license_text = "/* Copyright\n   of mine */\n#include <cstring>\n// my\n"
    text = form("1.0.1", "#ifndef OPS_TO_REGISTER\n", f"{license_text}#ifndef OPS_TO_REGISTER\n#pragma once\n")
    assert read_header(text) == read_header(form("1.0.1"))


@pytest.mark.parametrize("text", ["Error reading graph!\n", "Error reading graph!\n1\n"])
def test_the_error_message_in_place_of_a_header(text: str) -> None:
    header = read_header(text)
    assert (header.ops, header.classes, header.gradient) == ((), (), False)
    assert header.error is not None
    assert "'Error reading graph!'" in header.error
    assert header.foreign_lines == ()
    assert read_header("Using TensorFlow backend.\n" + text).foreign_lines == ("Using TensorFlow backend.",)


def test_what_a_compiler_does_not_see_is_not_registered() -> None:
    text = form("1.3.1", '     || isequal(op, "Mul")', '//   || isequal(op, "Mul") \\\n  || isequal(op, "Sub")')
    text = text.replace('"NoOp",\n', '/* "NoOp",\n */')
    header = read_header(text)
    assert not header.has_op("Mul")
    assert not header.has_op("Sub")
    assert not header.has_class("NoOp")
    assert header.has_class("RecvOp")


def test_literals_without_a_comma_between_are_one_class() -> None:
    header = read_header(form("1.3.1", '"NoOp",', '"NoOp"'))
    assert not header.has_class("NoOp")
    assert header.has_class("NoOpSymbolicGradientOp")


def test_line_ends_and_blanks_do_not_matter() -> None:
    text = form("1.3.1")
    assert read_header("\ufeff" + text.replace("\n", "\r\n")) == read_header(text)
    assert read_header(text.replace("(clz) (find_in", "(clz) \\\n (find_in").replace("    ", "\t")) == read_header(text)


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("SHOULD_REGISTER_OP_GRADIENT true", "SHOULD_REGISTER_OP_GRADIENT 1", "neither true nor false"),
        ("#define SHOULD_REGISTER_OP_GRADIENT true\n", "", "does not define SHOULD_REGISTER_OP_GRADIENT"),
        (
            "SHOULD_REGISTER_OP(op) ShouldRegisterOp(op)",
            "SHOULD_REGISTER_OP(op) (op[0] == 'M')",
            "SHOULD_REGISTER_OP is",
        ),
        ("#endif", "", "no #endif"),
        ('isequal(op, "Mul")', 'isequal(op, "Mul', "does not end on its line"),
        ('isequal(op, "Mul")', "isequal(op, MUL)", "'MUL' stands where a string should"),
        ('|| isequal(op, "Mul")', '&& isequal(op, "Mul")', "ShouldRegisterOp has"),
        ('|| isequal(op, "Mul")', '|| (strcmp(op, "Mul") == 0)', "by strcmp and by isequal"),
        ("return false", "return true", "does not have 'ShouldRegisterOp"),
        ('"NoOp",', ",", "no class before it"),
        ('"NoOp",', '"No\\qOp",', "no escape"),
        ("#define SHOULD_REGISTER_OP_GRADIENT", "#if 0\n#define SHOULD_REGISTER_OP_GRADIENT", "#if is in no header"),
        ("#endif", "#define SHOULD_REGISTER_OP_GRADIENT false\n#endif", "defined twice"),
        ("(find_in<", "(!find_in<", "SHOULD_REGISTER_OP_KERNEL is"),
    ],
)
def test_what_no_tool_writes_is_an_error_with_its_place(old: str, new: str, problem: str) -> None:
    with pytest.raises(InputError, match=r"^my\.h(:\d+)?: ") as error:
        read_header(form("1.3.1", old, new), "my.h")
    assert problem in str(error.value)


def test_the_line_of_an_error_counts_from_the_top_of_the_file() -> None:
    text = "Using TensorFlow backend.\n" + form("1.3.1", '"RecvOp"', "RecvOp")
    with pytest.raises(InputError) as error:
        read_header(text, "my.h")
    number = text.splitlines().index("RecvOp,") + 1
    assert str(error.value).startswith(f"my.h:{number}: ")


@pytest.mark.parametrize(("text", "problem"), [("", "is empty"), (" \n", "is empty"), ("node {}\n", "is no ops_to_")])
def test_other_files_are_no_headers(text: str, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        read_header(text)


def test_a_missing_comma_in_the_oldest_form() -> None:
    with pytest.raises(InputError, match="comma around each class"):
        read_header(form("1.0.1", '"RecvOp,"', '"RecvOp"'))


@given(st.text(st.characters(exclude_categories=())))
def test_literals_there_and_back(text: str) -> None:
    try:
        text.encode("utf-8", "surrogateescape").decode("utf-8", "surrogateescape")
    except UnicodeError:
        return
    literal = quoted(text)
    assert literal.isascii()
    assert literal.isprintable()
    assert "??" not in literal
    data = text.encode("utf-8", "surrogateescape")
    assert unquoted(literal).encode("utf-8", "surrogateescape") == data


@given(st.integers(0, len(form("1.12.3"))), st.binary(max_size=3), st.integers(0, 40))
def test_damage_is_read_or_an_error_of_ours(at: int, new: bytes, length: int) -> None:
    text = form("1.12.3")
    with contextlib.suppress(InputError):
        read_header(text[:at] + new.decode("latin-1") + text[at + length :])
