"""The text of ``--transforms`` in, steps out."""

from __future__ import annotations

import pytest
from hypothesis import given
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


def steps_or_none(text: str) -> tuple[Step, ...] | None:
    try:
        return parse_steps(text)
    except InputError:
        return None


@given(st.text("ab(),=\"' \n1"))
def test_any_text_is_steps_or_an_error(text: str) -> None:
    steps = steps_or_none(text)
    assert steps is None or (steps and all(step.name and "" not in step.arguments for step in steps))
