from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kernel_index.preprocessor.text import directives, newlines, without_comments


def test_comments_become_white_space_and_lines_stay() -> None:
    text = without_comments("a /* one\ntwo */ b // three\nc\n")
    assert text.replace("\\\n", "").split() == ["a", "b", "c"]
    assert text.index("c") > newlines(text)[1]


def test_comment_marks_inside_literals_are_text() -> None:
    source = 'f("/* no */", \'"\', "// no\\" //"); // yes'
    assert without_comments(source).strip() == 'f("/* no */", \'"\', "// no\\" //");'


def test_a_splice_continues_a_line_comment() -> None:
    assert without_comments("a // b \\\n c\nd").replace("\\\n", "").split() == ["a", "d"]


def test_digit_separators_are_no_character_literals() -> None:
    assert without_comments("x = 1'000; // '").strip() == "x = 1'000;"


def test_a_directive_inside_a_raw_string_is_text() -> None:
    text = without_comments('R"doc(\n#include "x"\n// kept)doc"\n#define A 1\n')
    assert [(d.keyword, d.argument, d.line) for d in directives(text)] == [("define", "A 1", 4)]
    assert "// kept" in text


def test_directives_with_splices_comments_and_spaces() -> None:
    text = without_comments("  # /* why */ define A(x) \\\n  x + \\\n  1\nb # c\n#if A\n#endif // A\n")
    assert [(d.keyword, " ".join(d.argument.split()), d.line) for d in directives(text)] == [
        ("define", "A(x) x + 1", 1),
        ("if", "A", 5),
        ("endif", "", 6),
    ]


def test_a_comment_over_lines_may_stand_before_a_directive() -> None:
    text = without_comments("/* a\n b */ #define A\nx\n")
    (directive,) = directives(text)
    assert (directive.keyword, directive.argument) == ("define", "A")
    assert text[: directive.start].strip() == ""


def test_windows_line_ends() -> None:
    text = without_comments("#define A \\\r\n 1\r\n#define B\r\n")
    assert [(d.argument, d.line) for d in directives(text)] == [("A  1", 1), ("B", 3)]


@given(st.text(alphabet="ab\"'/*\\\n#R() 1x", max_size=60))
def test_any_text_keeps_its_line_count(text: str) -> None:
    clean = without_comments(text)
    assert len(newlines(clean)) == text.count("\n")
    for directive in directives(clean):
        assert 1 <= directive.line <= text.count("\n") + 1
