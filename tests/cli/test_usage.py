"""What the command line says of a command, option or value that there is not."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Cli


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("genrate x", "opselect has no command 'genrate'; did you mean generate?"),
        ("nonsense", "opselect has no command 'nonsense'"),
        ("index lst", "opselect index has no command 'lst'; did you mean list?"),
        ("scan tensorflow", "opselect has no command 'scan'; did you mean opselect index scan?"),
        (
            "show x",
            "opselect has no command 'show'; did you mean opselect index show or opselect header show or opselect profile show?",
        ),
        ("generate x --tensorflwo 2.14", "opselect generate has no option --tensorflwo; did you mean --tensorflow?"),
        ("index show x --jsno", "opselect index show has no option --jsno; did you mean --json?"),
        ("audit x --frobnicate", "opselect audit has no option --frobnicate"),
        ("generate x --target onnx", "Invalid value for '--target': there is no 'onnx'; did you mean onnxruntime?"),
        ("generate x --mode trin", "Invalid value for '--mode': there is no 'trin'; did you mean trim?"),
        ("generate x --labels zzz", "Invalid value for '--labels': there is no 'zzz'; there are tensorflow, litert"),
        ("audit x --by ops", "Invalid value for '--by': there is no 'ops'; did you mean op?"),
    ],
)
def test_wrong_words_are_told_what_may_have_been_meant(cli: Cli, line: str, sentence: str) -> None:
    outcome = cli(*line.split())
    assert outcome.code == 2
    assert outcome.out == ""
    assert outcome.err.splitlines()[-1] == f"Error: {sentence}"


def test_targets_are_listed_by_what_they_are_for(cli: Cli) -> None:
    outcome = cli("generate", "x", "--target", "zzzz")
    assert outcome.code == 2
    assert "there is no 'zzzz'; there are\n  TensorFlow: bazel, makefile, " in outcome.err
    assert "\n  ONNX Runtime, of .onnx models: onnxruntime\n" in outcome.err


def test_help_breaks_no_word_of_the_targets(cli: Cli) -> None:
    text = cli("generate", "--help").out
    assert "bazel, makefile, cmake, list, header,\n" in text
    assert "executorch, executorch-ops-dict,\n" in text
