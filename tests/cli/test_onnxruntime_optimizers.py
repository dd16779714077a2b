"""``opselect generate --target onnxruntime --with-optimizer-ops``: what ONNX Runtime adds when it loads models."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from opselect.cli.shared.exit_codes import DONE
from tests.cli.conftest import Cli
from tests.opselect.onnx_models import onnx_model, write_models

FILE = Path("out/required_operators.config")
TARGET = ("--target", "onnxruntime", "--out", "out")
PLAIN = '<ir_version: 8, opset_import: ["": 18]> g (float[2] x) => (y) { y = Abs (x) }'


def operators() -> set[str]:
    """The operators that were written, with domain and opset."""
    return {
        f"{domain};{opset};{op}"
        for domain, opset, ops in (
            line.split(";") for line in FILE.read_text().splitlines() if not line.startswith("#")
        )
        for op in ops.split(",")
    }


def test_operators_that_may_be_added_are_told_and_not_written(cli: Cli) -> None:
    (model,) = write_models(Path(), "cnn")
    outcome = cli("generate", str(model), *TARGET, "--json")
    assert outcome.code == DONE
    (warning,) = outcome.json["warnings"]
    assert warning.startswith("ONNX Runtime may use ")
    assert " more when it optimises such models" in warning
    assert warning.endswith("--with-optimizer-ops (in opselect.yaml: with_optimizer_ops) adds them")
    assert "added_operators" not in outcome.json
    assert "com.microsoft;1;FusedConv" not in operators()


def test_operators_that_run_in_place_of_others_are_told_apart(cli: Cli) -> None:
    model = Path("hard.onnx")
    text = '<ir_version: 8, opset_import: ["": 14]> hard (float[4] x) => (float[4] y) { y = HardSwish (x) }'
    model.write_bytes(onnx_model(text).SerializeToString())
    outcome = cli("generate", str(model), *TARGET, "--json")
    (warning,) = outcome.json["warnings"]
    assert warning == (
        "ONNX Runtime may have no kernel for HardSwish and then runs Cast, HardSigmoid, Mul, even without "
        "optimisations; a build that lacks these does not load such models: --with-optimizer-ops (in opselect.yaml: "
        "with_optimizer_ops) adds them"
    )
    assert operators() == {"ai.onnx;14;HardSwish"}
    assert cli("generate", str(model), *TARGET, "--with-optimizer-ops").code == DONE
    assert operators() >= {f"ai.onnx;14;{op}" for op in ("Cast", "HardSigmoid", "HardSwish", "Mul")}


@pytest.mark.parametrize("order", [("typed.onnx", "plain.onnx"), ("plain.onnx", "typed.onnx")])
@pytest.mark.parametrize("body", ["y = Neg (x)", "y = my.F (x)"], ids=["float16", "unknown"])
def test_types_of_any_model_count(cli: Cli, order: tuple[str, str], body: str) -> None:
    """Casts come with float16, and where it is not known whether there is any."""
    head = '<ir_version: 8, opset_import: ["": 18, "my": 1]>'
    kind = "float16" if "Neg" in body else "float"
    for name, text in (("typed", f"{head} g ({kind}[2] x) => (y) {{ {body} }}"), ("plain", PLAIN)):
        Path(f"{name}.onnx").write_bytes(onnx_model(text).SerializeToString())
    assert cli("generate", *order, *TARGET, "--with-optimizer-ops").code == DONE
    assert "ai.onnx;18;Cast" in operators()
    assert cli("generate", "plain.onnx", *TARGET, "--with-optimizer-ops").code == DONE
    assert "ai.onnx;18;Cast" not in operators()


def test_operators_that_may_be_added_are_written_with_their_reasons(cli: Cli) -> None:
    (model,) = write_models(Path(), "cnn")
    assert cli("generate", str(model), *TARGET).code == DONE
    without = operators()
    outcome = cli("generate", str(model), *TARGET, "--with-optimizer-ops", "--json")
    assert outcome.code == DONE
    assert outcome.json["warnings"] == []
    rows = outcome.json["added_operators"]
    assert operators() == without | {f"{row['domain']};{row['opset']};{row['op']}" for row in rows}
    assert {
        "domain": "com.microsoft",
        "opset": 1,
        "op": "FusedConv",
        "optimizer": "ConvActivationFusion",
        "level": "extended",
        "because": ["Conv", "Relu"],
    } in rows
    assert "ai.onnx;13;ReduceMax" not in operators(), "Softmax has a kernel for the one type that the model has"


def test_operators_are_added_to_those_of_configurations_whose_types_nobody_knows(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    Path("a.config").write_text("ai.onnx;13;Softmax\n")
    Path("b.config").write_text("ai.onnx;13;Conv\n")
    assert cli("generate", "a.config", "b.config", *TARGET, "--with-optimizer-ops").code == DONE
    assert {"ai.onnx;13;ReduceMax", "com.microsoft.nchwc;1;Conv"} <= operators()


def test_casts_are_added_where_nobody_knows_whether_there_is_float16(cli: Cli) -> None:
    Path("a.config").write_text('ai.onnx;13;Abs{"inputs": {"0": ["float"]}}\n')
    outcome = cli("generate", "a.config", *TARGET, "--with-optimizer-ops", "--json")
    assert outcome.json["added_operators"] == [
        {
            "domain": "ai.onnx",
            "opset": 13,
            "op": "Cast",
            "optimizer": "CastFloat16Transformer",
            "level": "always",
            "because": ["MLFloat16"],
        }
    ]
