"""The tables of docs/onnxruntime_optimizers.md: what they are, and how to bring them up to date.

``python -m tests.opselect.onnxruntime.optimizers_page`` writes them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from opselect.onnxruntime.optimizer_rules import (
    FunctionBody,
    OperatorName,
    OptimizerRule,
    function_bodies,
    optimizer_rules,
)

PAGE = Path(__file__).parents[3] / "docs" / "onnxruntime_optimizers.md"
_SECTIONS = ("\n## Optimisers\n", "\n## Functions\n")
_REMAKE = "`python -m tests.opselect.onnxruntime.optimizers_page` writes this table and the next."


def page() -> str:
    """The page with its tables as they are."""
    text = PAGE.read_text().partition(_SECTIONS[0])[0]
    bodies = function_bodies()
    return "".join(
        (
            text,
            _SECTIONS[0],
            f"\n{_REMAKE}\n\n",
            *_table(("Optimiser", "Level", "If the model has", "Adds"), map(_rule_row, optimizer_rules())),
            _SECTIONS[1],
            f"\nOperators of ONNX that are replaced, at any level, up to opset {bodies.newest}.\n\n",
            *_table(
                ("Operator", "Opsets", "On", "Becomes"),
                (_body_row(row, bodies.newest) for rows in bodies.by_operator.values() for row in rows),
            ),
        )
    )


def _table(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    for row in (heading, ["---"] * len(heading), *rows):
        yield f"| {' | '.join(row)} |\n"


def _rule_row(rule: OptimizerRule) -> list[str]:
    needs = [" or ".join(map(_spelled, alternatives)) for alternatives in rule.needs]
    needs += [f"values of {' or '.join(sorted(rule.types))}"] if rule.types else []
    adds = [
        _spelled(each.operator) + (f" (from opset {each.since} on)" if each.since > 1 else "") for each in rule.adds
    ]
    return [f"`{rule.optimizer}`", rule.level, "; ".join(needs), ", ".join(adds)]


def _body_row(row: FunctionBody, newest: int) -> list[str]:
    opsets = f"{row.first} on" if row.last == newest else f"{row.first} to {row.last}"
    if row.first == row.last:
        opsets = str(row.first)
    types = "every type" if row.types is None else ", ".join(sorted(row.types))
    return [f"`{row.operator}`", opsets, types, ", ".join(map(_spelled, row.body))]


def _spelled(operator: OperatorName) -> str:
    domain, name = operator
    return f"`{name}`" if domain == "ai.onnx" else f"`{domain}:{name}`"


if __name__ == "__main__":
    PAGE.write_text(page())
