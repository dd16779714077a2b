"""Budgets: how they are read, and what exceeds them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opselect.audit.budget import Budget, over_budget, read_budget, unknown_ops
from opselect.config_file.config import ConfigError
from tests.opselect.audit.made_up import audit, kernel


@pytest.fixture
def budget(tmp_path: Path) -> Path:
    return tmp_path / "budget.yaml"


def read(path: Path, text: str) -> Budget:
    path.write_text(text)
    return read_budget(str(path))


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0", 0), ("1234", 1234), ("12 MB", 12_000_000), ("12MB", 12_000_000), ("1.5 kB", 1500), ("2 KiB", 2048),
        ("0.5MiB", 524_288), ('"7 bytes"', 7), ("1 GB", 10**9),
    ],
)  # fmt: skip
def test_sizes(budget: Path, text: str, size: int) -> None:
    assert read(budget, f"total: {text}\n").total == size


@given(st.integers(0, 10**12), st.sampled_from(["", " B", " kB", " MB", " KiB", " MiB"]))
def test_whole_numbers_are_exact(number: int, unit: str) -> None:
    from opselect.audit.budget import Size
    from opselect.config_file.values import Spot
    from opselect.config_file.yaml_tree import YamlText

    factor = {"": 1, "B": 1, "kB": 1000, "MB": 10**6, "KiB": 1024, "MiB": 2**20}[unit.strip()]
    text = YamlText(f"{number}{unit}", "str" if unit else "int", 1)
    assert Size().read(text, Spot("budget.yaml"), []) == number * factor


def test_all_keys(budget: Path) -> None:
    text = "total: 1 MB\nany_op: 100 kB\nops:\n  Conv2D: 300 kB\n  Mul: 5\ngrowth: 10 kB\nany_op_growth: 1 kB\n"
    found = read(budget, text)
    assert (found.total, found.any_op, found.growth, found.any_op_growth) == (1_000_000, 100_000, 10_000, 1000)
    assert found.ops == {"Conv2D": 300_000, "Mul": 5}
    assert found.spots["ops.Mul"].line == 5
    assert found.is_of_growth


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("totl: 1 MB\n", "budget.yaml:1: totl: no such key; did you mean total?"),
        ("total: big\n", 'budget.yaml:1: total: must be a number of bytes, or a size such as 12 MB, and is "big"'),
        ("total: -1\n", 'total: must be a number of bytes, or a size such as 12 MB, and is "-1"'),
        ("total: 1 XB\n", 'and is "1 XB"'),
        ("total: [1]\n", "and is no text"),
        ("total: true\n", "and is"),
        ("ops: 5\n", "budget.yaml:1: ops: must be a mapping of names to sizes"),
        ("ops:\n  Mul: much\n", "budget.yaml:2: ops.Mul: must be"),
        ("", "budget.yaml:1: limits nothing"),
        ("- total\n", "must be a mapping"),
    ],
)
def test_what_is_no_budget_is_refused_with_its_place(budget: Path, text: str, problem: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(budget, text)
    assert problem in str(caught.value)


def test_all_that_is_wrong_is_said_at_once(budget: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        read(budget, "totl: 1\nops:\n  Mul: x\ngrowth: y\n")
    assert len(caught.value.problems) == 3


def test_what_exceeds_which_limit(budget: Path) -> None:
    now = audit(kernel("Relu"), kernel("Mul"), kernel("Add"), own=(300, 100, 20), size=5000)
    found = read(budget, "total: 4999\nany_op: 150\nops: {Relu: 600, Mul: 199}\n")
    assert [(each.limit, each.subject, each.number, each.most) for each in over_budget(found, now)] == [
        ("total", "", 5000, 4999),
        ("ops.Mul", "Mul", 200, 199),
    ]
    (first, second) = (each.finding for each in over_budget(found, now))
    assert (first.code, first.place.line) == ("OPS601", 1)
    assert second.reason == "ops.Mul: op Mul has 200 bytes, 1 more than 199"


def test_growth_is_held_against_the_older_build(budget: Path) -> None:
    old = audit(kernel("Relu"), own=(100,), size=5000)
    now = audit(kernel("Relu"), kernel("Mul"), own=(130, 10), size=5100)
    found = read(budget, "growth: 99\nany_op_growth: 59\n")
    assert [(each.limit, each.subject, each.number) for each in over_budget(found, now, old)] == [
        ("growth", "", 100),
        ("any_op_growth", "Relu", 60),
    ]
    assert list(over_budget(found, now)) == []
    assert list(over_budget(read(budget, "growth: 100\nany_op_growth: 60\n"), now, old)) == []


def test_ops_that_are_not_there_are_named(budget: Path) -> None:
    found = read(budget, "ops:\n  Rellu: 5\n  Relu: 5\n")
    (sentence,) = unknown_ops(found, audit(kernel("Relu")))
    assert sentence.endswith("budget.yaml:2: ops.Rellu: the binary has no kernel of such an op; did you mean Relu?")
