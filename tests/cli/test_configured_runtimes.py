"""Targets of ONNX Runtime and ExecuTorch in opselect.yaml, alone and beside those of TensorFlow."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from opselect.cli.shared.exit_codes import DONE, NO, UNUSABLE
from tests.cli.conftest import Cli
from tests.opselect.onnx_models import write_models

FIXTURES = Path(__file__).parents[2] / "fixtures"
CONFIG = Path("opselect.yaml")


@pytest.fixture(autouse=True)
def models(tmp_path: Path) -> None:
    """Models of each runtime in the scratch folder."""
    write_models(tmp_path, "cnn", "branches")
    shutil.copy(FIXTURES / "executorch" / "mobile.pte", tmp_path)
    shutil.copy(FIXTURES / "models" / "flex_ops.tflite", tmp_path / "flex.tflite")


def written(folder: str = "build_lists") -> set[str]:
    return {path.name for path in Path(folder).iterdir()} if Path(folder).exists() else set()


def test_a_configuration_of_models_alone_names_no_tensorflow(cli: Cli) -> None:
    CONFIG.write_text("models: ['*.onnx']\ntargets:\n  - kind: onnxruntime\n    types: true\n")
    outcome = cli("generate", "--json")
    assert outcome.code == DONE, outcome.err
    assert written() == {"required_operators.config"}
    assert 'Conv{"inputs": {"0": ["float"]}}' in Path("build_lists/required_operators.config").read_text()
    (row,) = outcome.json["of_runtimes"]
    assert row["targets"] == [0]
    assert row["models"] == ["branches.onnx", "cnn.onnx"]
    assert {each["domain"] for each in row["operators"]} == {"ai.onnx"}
    assert outcome.json["builds"] == []
    assert [each["kind"] for each in outcome.json["files"]] == ["onnxruntime"]
    again = cli("generate")
    assert "required_operators.config (unchanged)" in again.err
    assert "2 models need" in again.err


def test_each_runtime_reads_its_own_models(cli: Cli) -> None:
    CONFIG.write_text(
        "models: [flex.tflite, CNN.ONNX, mobile.pte, more.config]\n"
        "targets: [registration, onnxruntime, executorch, executorch-header]\n"
    )
    Path("cnn.onnx").rename("CNN.ONNX")
    Path("more.config").write_text("ai.onnx;7;Add\n")
    outcome = cli("generate", "--json")
    assert outcome.code == DONE, outcome.err
    names = {"registration.cc", "required_operators.config", "selected_operators.yaml", "selected_op_variants.h"}
    assert written() == names
    rows = outcome.json["of_runtimes"]
    assert [(row["targets"], row["models"]) for row in rows] == [
        ([1], ["CNN.ONNX", "more.config"]),
        ([2, 3], ["mobile.pte"]),
    ]
    assert "ai.onnx;7;Add\n" in Path("build_lists/required_operators.config").read_text()


def test_targets_of_one_runtime_have_options_and_folders_of_their_own(cli: Cli) -> None:
    CONFIG.write_text(
        "models: [cnn.onnx]\ntargets:\n  - kind: onnxruntime\n    out: plain\n"
        "  - {kind: onnxruntime, types: true, out: typed}\n"
    )
    assert cli("generate").code == DONE
    plain, typed = (Path(out, "required_operators.config").read_text() for out in ("plain", "typed"))
    assert "{" not in plain
    assert "{" in typed


def test_all_models_are_of_the_only_runtime_whatever_they_are_called(cli: Cli) -> None:
    Path("cnn.onnx").rename("cnn.bin")
    CONFIG.write_text("models: [cnn.bin]\ntargets: [onnxruntime]\n")
    assert cli("generate").code == DONE


REFUSED = {
    "models: [cnn.onnx, mobile.pte]\ntargets: [onnxruntime, registration]\n": (
        "opselect.yaml:1: models[1]: no target reads mobile.pte"
    ),
    "models:\n  - cnn.onnx\n  - names.txt\ntargets: [onnxruntime, executorch]\n": (
        "opselect.yaml:3: models[1]: no target reads names.txt: by their names onnxruntime and executorch read .onnx, "
        ".config, .pte, .bpte Name single files or patterns such as models/*.onnx; a folder, or a list"
    ),
    "models: [cnn.onnx, flex.tflite]\ntargets: [onnxruntime, executorch]\n": (
        "opselect.yaml:1: models[1]: no target reads flex.tflite"
    ),
    "models: [cnn.onnx]\ntargets:\n  - onnxruntime\n  - executorch\n": "opselect.yaml:4: targets[1]: no model",
    "models: [cnn.onnx]\ntargets: [onnxruntime, registration]\n": "targets[1]: no model is for it",
    "models:\n  - path: cnn.onnx\n    outputs: [scores]\ntargets: [onnxruntime]\n": (
        "opselect.yaml:2: models[0]: chooses a part of cnn.onnx, and onnxruntime has the operators of whole models"
    ),
    "requirements: [kept.json]\nmodels: [cnn.onnx]\ntargets: [onnxruntime]\n": (
        "opselect.yaml:1: requirements: kept requirements are TensorFlow's, and no target is"
    ),
    "models: [cnn.onnx]\ntargets:\n  - kind: onnxruntime\n    tree: tf\n": ":4: targets[0].tree: is not for",
    "models: [cnn.onnx]\ntargets:\n  - {kind: onnxruntime, budgets: {ops: 3}}\n": "targets[0].budgets: is not for",
    "models: [mobile.pte]\ntargets:\n  - {kind: executorch, types: true}\n": (
        "targets[0].types: is only for onnxruntime, not for executorch"
    ),
    "models: [flex.tflite]\ntargets: [onnxruntime]\n": "opselect.yaml:2: targets[0]: flex.tflite: ",
    "models: [none.onnx]\ntargets: [onnxruntime]\n": "opselect.yaml:2: targets[0]: none.onnx: ",
}


@pytest.mark.parametrize("text", REFUSED, ids=lambda text: text.replace("\n", " ")[:70])
def test_what_makes_no_sense_is_an_error_at_its_line(cli: Cli, text: str) -> None:
    CONFIG.write_text(text)
    Path("kept.json").write_text("{}")
    outcome = cli("generate")
    assert outcome.code == UNUSABLE
    assert REFUSED[text] in " ".join(outcome.err.split())
    assert not written()


def test_where_a_build_of_tensorflow_lacks_something_nothing_is_written(
    cli: Cli, index_file: Path, tmp_path: Path
) -> None:
    (tmp_path / "m.pbtxt").write_text('node { name: "x" op: "Nope" }\n')
    CONFIG.write_text(f"models: [m.pbtxt, cnn.onnx]\nindex: {index_file}\ntargets: [manifest, onnxruntime]\n")
    outcome = cli("generate")
    assert outcome.code == NO
    assert not written()
    assert "1 target cannot have it all (targets[0])" in outcome.err


def test_merged_configurations_keep_the_targets_of_each(cli: Cli) -> None:
    CONFIG.write_text("models: [flex.tflite]\ntensorflow: 2.14\nprofile: ios\ntargets: [registration]\n")
    Path("ort.yaml").write_text("models: [cnn.onnx]\ntargets: [{kind: onnxruntime, types: true}]\n")
    assert cli("merge", "opselect.yaml", "ort.yaml", "-o", "all.yaml").code == DONE
    outcome = cli("generate", "--config", "all.yaml")
    assert outcome.code == DONE, outcome.err
    assert written() == {"registration.cc", "required_operators.config"}
    assert "{" in Path("build_lists/required_operators.config").read_text()
    Path("cnn.onnx").rename("cnn.bin")
    Path("ort.yaml").write_text("models: [cnn.bin]\ntargets: [onnxruntime]\n")
    refused = cli("merge", "opselect.yaml", "ort.yaml")
    assert refused.code == UNUSABLE
    assert "ort.yaml:1: models[0]: is read for onnxruntime here" in " ".join(refused.err.split())


def test_what_is_tensorflows_makes_no_contradiction_between_targets_of_others(cli: Cli) -> None:
    text = "models: [cnn.onnx]\ntargets: [onnxruntime]\n"
    CONFIG.write_text(text)
    Path("other.yaml").write_text(f"tensorflow: 2.14\nprofile: ios\nbudgets: {{ops: 1}}\n{text}")
    merged = cli("merge", "opselect.yaml", "other.yaml", "-o", "all.yaml")
    assert merged.code == DONE, merged.err
    assert cli("generate", "--config", "all.yaml").code == DONE


def test_init_writes_targets_for_the_models_of_each_runtime(cli: Cli) -> None:
    assert cli("init").code == DONE
    outcome = cli("generate")
    assert outcome.code == DONE, outcome.err
    assert written() == {
        "registration.cc",
        "tflite_registration.cmake",
        "required_operators.config",
        "selected_operators.yaml",
    }


def test_init_names_no_tensorflow_where_none_is_needed(cli: Cli) -> None:
    Path("flex.tflite").unlink()
    Path("broken.onnx").write_bytes(b"no model")
    Path("other.pte").write_bytes(Path("cnn.onnx").read_bytes())
    made = cli("init")
    assert made.code == DONE
    text = CONFIG.read_text()
    assert "\ntensorflow:" not in text
    assert "\nprofile:" not in text
    assert "# not taken: broken.onnx: is not an ONNX model" in text
    assert "# not taken: other.pte: is not an ExecuTorch program, it looks like an ONNX model" in text
    assert cli("generate").code == DONE
    assert written() == {"required_operators.config", "selected_operators.yaml"}


def test_a_page_tells_of_kernels_and_there_are_none(cli: Cli) -> None:
    CONFIG.write_text("models: [cnn.onnx]\ntargets: [onnxruntime]\n")
    outcome = cli("generate", "--html", "page.html")
    assert outcome.code == UNUSABLE
    assert "no target of opselect.yaml selects any" in " ".join(outcome.err.split())
    assert not written()


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("# Generated from model/s:\n# - a.onnx\nai.onnx;11,12;Add\n", "onnxruntime"),
        ("!globally_allowed_types;float\n", "onnxruntime"),
        ("build_features: []\net_kernel_metadata: {}\noperators: {}\n", "executorch"),
    ],
)
def test_merge_says_what_puts_files_of_other_runtimes_together(cli: Cli, text: str, target: str) -> None:
    Path("a.config").write_text(text)
    outcome = cli("merge", "a.config", "a.config")
    assert outcome.code == UNUSABLE
    assert f"opselect generate FILE… --target {target} --out DIR" in " ".join(outcome.err.split())


def test_bundled_programs_are_known_by_their_names(cli: Cli) -> None:
    shutil.copy(FIXTURES / "executorch" / "bundled.bpte", ".")
    assert cli("init", "-o", "opselect.yaml", ".").code == DONE
    assert "- bundled.bpte" in CONFIG.read_text()
    CONFIG.write_text("models: [cnn.onnx, bundled.bpte]\ntargets: [onnxruntime, executorch]\n")
    outcome = cli("generate", "--json")
    assert outcome.code == DONE, outcome.err
    assert [row["models"] for row in outcome.json["of_runtimes"]] == [["cnn.onnx"], ["bundled.bpte"]]
