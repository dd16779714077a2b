"""Configurations of ONNX Runtime put together, and with what models need, by ``opselect generate``."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import onnx
import pytest

from opselect.cli.shared.exit_codes import DONE, UNUSABLE
from tests.cli.commands_page import ROOT, copy_models, examples
from tests.cli.conftest import Cli
from tests.opselect.onnx_models import MODELS, onnx_model, write_models
from tests.opselect.onnxruntime.hostile_configurations import REFUSED

FILE = Path("out/required_operators.config")
TARGET = ("--target", "onnxruntime", "--out", "out")
FLOAT, INT = '{"inputs": {"0": ["float"]}}', '{"inputs": {"0": ["int32_t"]}}'


def lines() -> list[str]:
    """The file that was written, without comments."""
    return [line for line in FILE.read_text().splitlines() if not line.startswith("#")]


def test_types_of_several_configurations_count_together(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    Path("a.config").write_text(f"ai.onnx;11;ReduceProd{FLOAT},Abs{FLOAT}\n")
    Path("b.txt").write_text(f"ai.onnx;11,13;ReduceProd{INT},Abs\ncom.microsoft;1;FusedConv\n")
    outcome = cli("generate", "b.txt", "a.config", *TARGET)
    assert outcome.code == DONE, outcome.err
    both = '{"inputs": {"0": ["float", "int32_t"]}}'
    assert lines() == [
        f"ai.onnx;11;Abs,ReduceProd{both}",
        f"ai.onnx;13;Abs,ReduceProd{both}",
        "com.microsoft;1;FusedConv",
    ]
    assert FILE.read_text().startswith("# Generated from model/s:\n# - a.config\n# - b.txt\n")
    assert "2 configurations need 3 operators, 1 of them with types" in outcome.err


def test_the_order_of_configurations_makes_no_difference(cli: Cli) -> None:
    Path("a.config").write_text(f"ai.onnx;11;Add{FLOAT}\n")
    Path("b.config").write_text("!globally_allowed_types;int64_t\nai.onnx;11;Mul\n")
    texts = []
    for order in (("a.config", "b.config"), ("b.config", "a.config"), ("a.config", "b.config", "a.config")):
        assert cli("generate", *order, *TARGET).code == DONE
        texts.append(FILE.read_text())
    assert len(set(texts)) == 1


def test_types_that_cannot_be_kept_are_told(cli: Cli) -> None:
    Path("a.config").write_text(f"ai.onnx;11;Add{FLOAT}\n")
    Path("b.config").write_text("!globally_allowed_types;int64_t\nai.onnx;11;Mul\n")
    outcome = cli("generate", "a.config", "b.config", *TARGET, "--json")
    assert outcome.code == DONE
    assert lines() == [f"ai.onnx;11;Add{FLOAT},Mul"]
    (warning,) = (each for each in outcome.json["warnings"] if not each.startswith("ONNX Runtime may"))
    assert warning.startswith("b.config restricts the types of all operators")
    assert "b.config restricts" in " ".join(outcome.err.split())


def test_types_for_all_operators_stay_where_all_have_some(cli: Cli) -> None:
    Path("a.config").write_text("!globally_allowed_types;float\nai.onnx;11;Add\n")
    Path("b.config").write_text("!globally_allowed_types;int64_t\nai.onnx;11;Mul\n")
    outcome = cli("generate", "a.config", "b.config", *TARGET, "--json")
    assert lines() == ["!globally_allowed_types;float,int64_t", "ai.onnx;11;Add,Mul"]
    assert outcome.json["allowed_types"] == ["float", "int64_t"]


def test_all_operators_stay_all(cli: Cli) -> None:
    Path("a.config").write_text("!no_ops_specified_means_all_ops_are_required\n")
    Path("b.config").write_text("ai.onnx;11;Mul\n")
    outcome = cli("generate", "a.config", "b.config", *TARGET, "--json")
    assert lines() == ["!no_ops_specified_means_all_ops_are_required"]
    assert outcome.json["all_operators"] is True
    assert "2 configurations need all operators" in outcome.err


def test_a_text_put_together_by_hand_is_mended_with_a_warning(cli: Cli) -> None:
    Path("a.config").write_text(f"ai.onnx;11;ReduceProd{FLOAT}\nai.onnx;11;ReduceProd{INT}\n")
    outcome = cli("generate", "a.config", *TARGET)
    assert outcome.code == DONE
    assert lines() == ['ai.onnx;11;ReduceProd{"inputs": {"0": ["float", "int32_t"]}}']
    assert "a.config:2: ReduceProd stands there with different types" in " ".join(outcome.err.split())


def test_models_and_configurations_count_together(cli: Cli, tmp_path: Path) -> None:
    write_models(tmp_path, "cnn")
    Path("a.config").write_text('ai.onnx;13;Conv{"inputs": {"0": ["MLFloat16"]}},Tanh\n')
    outcome = cli("generate", "cnn.onnx", "a.config", *TARGET, "--types")
    assert outcome.code == DONE, outcome.err
    (line,) = lines()
    assert 'Conv{"inputs": {"0": ["MLFloat16", "float"]}}' in line
    assert ",Tanh" in line
    assert "1 model and 1 configuration need" in outcome.err
    untyped = cli("generate", "cnn.onnx", "a.config", *TARGET)
    assert "Conv," in lines()[0]
    assert "and configurations restrict some: --types restricts the models, too" in " ".join(untyped.err.split())


def test_what_is_no_configuration_is_one_error_with_its_line(cli: Cli) -> None:
    Path("a.config").write_text("ai.onnx;11;Add\nai.onnx;12\n")
    outcome = cli("generate", "a.config", *TARGET)
    assert outcome.code == UNUSABLE
    assert "a.config:2: has 2 parts between semicolons, and not 3" in outcome.err
    assert outcome.err.count("a.config") == 1
    assert not FILE.exists()


def test_every_text_that_is_no_configuration_is_one_error(cli: Cli) -> None:
    for text, said in REFUSED.items():
        Path("a.config").write_bytes(text.encode())
        outcome = cli("generate", "a.config", *TARGET, "--json")
        assert (outcome.code, outcome.out) == (UNUSABLE, ""), text[:80]
        assert outcome.err.startswith("error: a.config:")
        assert "".join(said.split()) in "".join(outcome.err.split())
        assert outcome.err.count("error: ") == 1
    assert not FILE.exists()


def test_a_configuration_is_not_written_over(cli: Cli) -> None:
    FILE.parent.mkdir()
    FILE.write_text("ai.onnx;11;Add\n")
    outcome = cli("generate", FILE, *TARGET)
    assert outcome.code == UNUSABLE
    assert FILE.read_text() == "ai.onnx;11;Add\n"


def test_the_page_shows_what_is_written(cli: Cli) -> None:
    text = (ROOT / "docs" / "onnxruntime.md").read_text()
    shown = re.findall(r"^```text\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    copy_models(Path(), "fixtures/onnx")
    for (line, _), file in zip(examples(text), shown, strict=True):
        assert cli(*line.split()[1:]).code == DONE
        assert FILE.read_text() == file


def test_models_of_the_page_are_those_of_the_tests() -> None:
    for path in (ROOT / "fixtures" / "onnx").glob("*.onnx"):
        assert onnx_model(MODELS[path.stem]) == onnx.load(path)
