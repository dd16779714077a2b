"""The text of ``--transforms`` in, steps out."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel_index.errors import InputError
from opselect.rewriting import Step, parse_steps


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("fold_batch_norms", [Step("fold_batch_norms")]),
        ("a b()\n  c", [Step("a"), Step("b"), Step("c")]),
        ('  s(type=float, shape="1,299,299,3")', [Step("s", {"type": ("float",), "shape": ("1,299,299,3",)})]),
        ("r(op=A, op=B,op=C)", [Step("r", {"op": ("A", "B", "C")})]),
        ("q(x=-1.5e/_z)", [Step("q", {"x": ("-1.5e/_z",)})]),
        (r'q(x="a \"b\" c", y="")', [Step("q", {"x": (r"a \"b\" c",), "y": ("",)})]),
        ('q(x="1"\', y=2")', [Step("q", {"x": ("1",), "y": ("2",)})]),
        ("q(x=1 y=2)", [Step("q", {"x": ("1",), "y": ("2",)})]),
        (
            """
         strip_unused_nodes(type=float, shape="1,299,299,3")
         fold_constants(ignore_errors=true)
         fold_batch_norms
         fold_old_batch_norms""",
            [
                Step("strip_unused_nodes", {"type": ("float",), "shape": ("1,299,299,3",)}),
                Step("fold_constants", {"ignore_errors": ("true",)}),
                Step("fold_batch_norms"),
                Step("fold_old_batch_norms"),
            ],
        ),
    ],
)
def test_steps_and_their_arguments(text: str, steps: list[Step]) -> None:
    assert list(parse_steps(text)) == steps


@pytest.mark.parametrize(
    ("text", "problem", "column"),
    [
        ("", "there is no transform", 0),
        ("a, b", "the name of a transform is missing", 1),
        ("a(b)", "'=' is missing", 3),
        ("a(b=)", "a value is missing", 4),
        ("a(b=1 )", "the name of an argument is missing", 6),
        ("a(b=1", "the name of an argument is missing", 5),
        ("a(", "the name of an argument is missing", 2),
        ('a(b="1)', "the quote is never closed", 4),
        ("one\ntwo(", "the name of an argument is missing", 4),
    ],
)
def test_errors_underline_the_place(text: str, problem: str, column: int) -> None:
    with pytest.raises(InputError) as caught:
        parse_steps(text)
    first, line, marker = caught.value.problem.split("\n")
    assert first == problem
    assert line == "  " + text.splitlines()[-1] if text else line == "  "
    assert marker == "  " + " " * column + "^"


NAME = r"[A-Za-z0-9_]+(?![A-Za-z0-9_])"
VALUE = r'(?:"(?:[^"\\]|\\.)*"|[A-Za-z0-9\-./_]+(?![A-Za-z0-9\-./_]))"?\'?'
LANGUAGE = re.compile(rf"(?:\s*{NAME}(?:\((?:,?\s*{NAME}={VALUE})*\))?)+\s*", re.ASCII | re.DOTALL)
"""What the states of ``ParseTransformParameters`` take, but for a last bracket that is not closed."""


def steps_or_none(text: str) -> tuple[Step, ...] | None:
    try:
        return parse_steps(text)
    except InputError:
        return None


WORDS = st.sampled_from(
    ["a", "b_", "(", ")", ",", "=", '"', "'", " ", "\n", "\v", "\\", "1", "-", "/", ".", "\u00a0", "é"]
)


@settings(max_examples=300)
@given(st.lists(st.one_of(WORDS, st.sampled_from(["a(", "(b=", "b=1", 'a="x,', '\\""', "a()"]))).map("".join))
def test_the_text_that_is_taken_is_the_text_that_the_original_takes(text: str) -> None:
    assert (steps_or_none(text) is not None) == bool(LANGUAGE.fullmatch(text))


IDENTIFIERS = st.text("aZ0_", min_size=1, max_size=3)
QUOTED = (
    st.lists(st.sampled_from([*"a ,()='\n", '\\"', "\\\\"]), max_size=5)
    .map("".join)
    .map(lambda text: (f'"{text}"', text))
)
BARE = st.text("aZ9-./_", min_size=1, max_size=4).map(lambda text: (text, text))
Written = tuple[str, list[tuple[str, str, tuple[str, str]]]]
"""A transform, and what stands before each argument, its name, its value as written and as read."""
ARGUMENT = st.tuples(st.sampled_from(["", ",", " ", ", ", "\n\t"]), IDENTIFIERS, st.one_of(QUOTED, BARE))


@given(st.lists(st.tuples(IDENTIFIERS, st.lists(ARGUMENT, max_size=3)), min_size=1, max_size=3))
def test_steps_that_are_written_down_are_read_back(steps: list[Written]) -> None:
    text, expected = "", []
    for name, arguments in steps:
        inside = ""
        values: dict[str, tuple[str, ...]] = {}
        for number, (between, argument, (written, value)) in enumerate(arguments):
            inside += f"{between or ',' if number else ''}{argument}={written}"
            values[argument] = (*values.get(argument, ()), value)
        text += f"\n {name}({inside})" if arguments else f" {name}"
        expected.append(Step(name, values))
    assert list(parse_steps(text)) == expected


@given(st.text("ab(),=\"' \n1"))
def test_any_text_is_steps_or_an_error(text: str) -> None:
    steps = steps_or_none(text)
    assert steps is None or (steps and all(step.name and "" not in step.arguments for step in steps))
