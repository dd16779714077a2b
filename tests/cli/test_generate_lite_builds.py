"""``opselect generate`` for builds of TensorFlow Lite: Bazel's rules and CMake's snippet."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Cli

MODEL = Path(__file__).parents[2] / "fixtures" / "models" / "flex_ops.tflite"
BOTH = ("--target", "tflite-bazel", "--target", "tflite-cmake")


def test_files_and_what_to_know_of_them(cli: Cli, tmp_path: Path) -> None:
    outcome = cli("generate", MODEL, *BOTH, "--out", tmp_path, "--labels", "litert", "--namespace", "app")
    assert outcome.code == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["tflite.BUILD", "tflite_registration.cmake"]
    assert '"//tflite:build_def.bzl"' in (tmp_path / "tflite.BUILD").read_text()
    assert "app::RegisterSelectedOps(&resolver)" in (tmp_path / "tflite_registration.cmake").read_text()
    warnings = [line.removeprefix("warning: ") for line in outcome.err.splitlines() if line.startswith("warning: ")]
    assert [sentence.split()[0] for sentence in warnings] == ["LiteRT's", "tflite.BUILD", "TensorFlow", "CMake"]
    again = cli("generate", MODEL, *BOTH, "--out", tmp_path, "--labels", "litert", "--namespace", "app")
    assert again.err.count("(unchanged)") == 2


def test_a_name_that_a_build_cannot_carry_writes_nothing(cli: Cli, tmp_path: Path) -> None:
    model = tmp_path / "my model.tflite"
    model.write_bytes(MODEL.read_bytes())
    outcome = cli("generate", model, "--target", "registration", *BOTH, "--out", tmp_path / "out")
    assert outcome.code == 2
    assert "my model.tflite: its file name cannot stand in Bazel's rules" in outcome.err
    assert not (tmp_path / "out").exists()


def test_warnings_beside_what_kernels_are_selected_for_and_of_a_configuration(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mixed = cli(
        "generate", MODEL, "--tensorflow", "2.14", "--target", "list", "--target", "tflite-bazel", "--out", tmp_path
    )
    assert "warning: TensorFlow's flex rules select only for" in mixed.err
    monkeypatch.chdir(tmp_path)
    Path("opselect.yaml").write_text(
        f"out: out\nmodels: [{MODEL}]\ntargets: [{{kind: tflite-bazel, labels: litert}}]\n"
    )
    configured = cli("generate")
    assert configured.code == 0
    assert "LiteRT's flex rules select only for" in configured.err


def test_json_has_the_warnings(cli: Cli, tmp_path: Path) -> None:
    document = cli("generate", MODEL, *BOTH, "--out", tmp_path, "--json").json
    assert len(document["warnings"]) == 4


@pytest.mark.parametrize("way", ["command", "beside kernels", "configuration"])
@pytest.mark.parametrize(
    ("target", "template"), [("tflite-bazel", "tflite.BUILD"), ("tflite-cmake", "tflite_registration.cmake")]
)
def test_own_templates_go_before_ours(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str, target: str, template: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("own").mkdir()
    Path("own", f"{template}.j2").write_text("{{ folder }}, mine\n")
    command = ("generate", MODEL, "--target", target, "--template-dir", "own", "--out", "out")
    if way == "command":
        outcome = cli(*command)
    elif way == "beside kernels":
        outcome = cli(*command, "--tensorflow", "2.14", "--target", "list")
    else:
        Path("opselect.yaml").write_text(
            f"out: out\nmodels: [{MODEL}]\ntargets: [{{kind: {target}, template_dir: own}}]\n"
        )
        outcome = cli("generate")
    assert outcome.code == 0, outcome.err
    assert Path("out", template).read_text() == "tensorflow/lite, mine\n"


def test_the_snippet_of_cmake_is_no_registration_to_verify(cli: Cli, tmp_path: Path) -> None:
    targets = ("--target", "registration", *BOTH)
    assert cli("generate", MODEL, *targets, "--out", tmp_path).code == 0
    against = ("verify", MODEL, "--tensorflow", "2.14", "--profile", "selective", "--against")
    for name in ("tflite_registration.cmake", "tflite.BUILD"):
        outcome = cli(*against, tmp_path / name)
        assert outcome.code == 2
        assert "is no path of a source file" in outcome.err
    assert "OPS125" not in cli(*against, tmp_path / "registration.cc").out
