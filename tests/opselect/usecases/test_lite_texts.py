"""Texts for builds of TensorFlow Lite, held against those of TensorFlow 2.14's own tools for the same models."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from kernel_index.errors import InputError
from kernel_index.index import KernelIndex
from opselect.build_lists.lite import LiteOptions
from opselect.lite.operators import LiteModel
from opselect.targets import Target
from opselect.usecases.generate_lite import lite_texts
from opselect.usecases.kernel_source import KernelSource
from opselect.usecases.lite_models import read_lite_models
from opselect.usecases.open_kernels import open_kernels
from tests.opselect.odd_tflite import ODD

FIXTURES = Path(__file__).parents[3] / "fixtures" / "tflite"
ROWS: list[dict[str, Any]] = json.loads((FIXTURES / "texts.json").read_text())
TOOLS: dict[str, tuple[Target, bool]] = {
    "list_flex_ops": ("flex-ops", True),
    "list_flex_ops_no_kernel": ("flex-ops", False),
    "gen_op_registration": ("registration", True),
}
NOT_COMPILED = {
    "placeholder",
    "placeholder_in_both",
    "unknown",
    "unknown_huge",
    "negative",
    "of_2_15",
    "of_2_18",
    "nowhere",
    "custom_quote",
    "custom_backslash",
    "custom_blank",
    "custom_line_feed",
    "custom_dash",
}
"""Models for which ``gen_op_registration`` writes code that no compiler takes."""


@pytest.fixture(scope="module")
def index() -> KernelIndex:
    return open_kernels(KernelSource("2.14"), profile="desktop")


def read(names: Sequence[str], folder: Path) -> tuple[LiteModel, ...]:
    paths = []
    for name in names:
        path = FIXTURES / f"{name}.tflite"
        if name in ODD:
            path = folder / f"{name}.tflite"
            path.write_bytes(ODD[name])
        paths.append(str(path))
    return read_lite_models(paths)


def name_of(row: dict[str, Any]) -> str:
    models: list[str] = row["models"]
    return "-".join(models if len(models) < 5 else [*models[:2], str(len(models))]) + str(row.get("namespace", ""))


@pytest.mark.parametrize("row", ROWS, ids=name_of)
def test_the_text_is_that_of_the_tool(tmp_path: Path, index: KernelIndex, row: dict[str, Any]) -> None:
    for tool in row.keys() & TOOLS:
        target, kernels = TOOLS[tool]
        options = LiteOptions(compat="2.14", namespace=row.get("namespace", ""), kernels=kernels)
        expected = row[tool]
        if isinstance(expected, dict) or (target == "registration" and NOT_COMPILED & {*row["models"]}):
            refused(row["models"], tmp_path, target, options, index, expected)
            continue
        texts, missing = lite_texts(read(row["models"], tmp_path), (target,), options, index, "desktop")
        assert (list(texts.values()), missing) == ([expected], ()), tool


def refused(
    names: Sequence[str],
    folder: Path,
    target: Target,
    options: LiteOptions,
    index: KernelIndex,
    expected: str | dict[str, str],
) -> None:
    """Where the tool ends itself the same words are the reason; where it crashes or errs there is one of our own."""
    try:
        _, missing = lite_texts(read(names, folder), (target,), options, index, "desktop")
        (reason,) = [each.reason for each in missing]
    except InputError as error:
        reason = error.problem
    words = expected["ends"] if isinstance(expected, dict) else ""
    assert words in reason


def test_every_odd_model_is_recorded() -> None:
    assert {row["models"][0] for row in ROWS if len(row["models"]) == 1} >= ODD.keys()


def test_texts_have_something_to_tell() -> None:
    """Of flex ops, of versions, and of custom operators."""
    texts = [text for row in ROWS for text in row.values() if isinstance(text, str)]
    assert sum('"UnaryOp<' in text for text in texts) > 20
    assert sum("(), 1, 3);" in text for text in texts) > 2
    assert sum("AddCustom" in text for text in texts) > 10


@pytest.mark.parametrize("compat", ["", "2.14"])
def test_an_operator_that_nothing_registers_is_named(tmp_path: Path, compat: str) -> None:
    options = LiteOptions(compat=compat)
    models = read(["custom_dash"], tmp_path)
    with pytest.raises(InputError, match=r"'my-custom-op' cannot be registered.*'Register_MY-CUSTOM-OP'") as caught:
        lite_texts(models, ("registration",), options)
    assert caught.value.place.path == models[0].name
    models = read(["flex_conv", "unknown"], tmp_path)
    if compat:
        with pytest.raises(InputError, match="builtin 1000"):
            lite_texts(models, ("registration",), options)
    else:
        # No operator of the model is of that row of its table.
        assert "1000" not in "".join(lite_texts(models, ("registration",), options)[0].values())


@pytest.mark.parametrize(
    ("name", "compat", "advice"),
    [
        ("of_2_15", "2.14", "The first that registers it: TensorFlow Lite 2.15."),
        ("of_2_15", "2.14.1", "The first that registers it: TensorFlow Lite 2.15."),
        ("of_2_15", "2.15", ""),
        ("of_2_15", "2.16.1", ""),
        ("of_2_18", "2.17.0", "The first that registers it: TensorFlow Lite 2.18."),
        ("of_2_18", "2.18", ""),
        ("nowhere", "2.14", "Convert the model for a release that is known."),
        ("every_of_2_14", "2.13", ""),
        ("every_of_2_14", "2.12", "The first that registers it: TensorFlow Lite 2.13."),
    ],
)
def test_an_operator_must_be_in_the_release(tmp_path: Path, name: str, compat: str, advice: str) -> None:
    models = read([name], tmp_path)
    options = LiteOptions(compat=compat)
    if not advice:
        assert "AddBuiltin" in "".join(lite_texts(models, ("registration",), options)[0].values())
        return
    with pytest.raises(InputError) as caught:
        lite_texts(models, ("registration",), options)
    assert caught.value.advice == advice


def test_options_behind_the_tables_are_seen_all_the_same(tmp_path: Path) -> None:
    (model,) = read(["options_behind"], tmp_path)
    assert [operator.is_outside for operator in model.model.operators] == [True, False]
    assert [operator.node and operator.node.op for operator in model.model.operators] == ["Cos", "Sin"]
