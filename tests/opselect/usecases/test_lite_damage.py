"""Hostile ``.tflite`` files: what is generated of each is a text or one error of ours, and nothing half-written."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from kernel_index.errors import OpselectError
from opselect.build_lists.lite import LiteOptions
from opselect.targets import Target
from opselect.usecases.generate_lite import LiteQuestion, generate_for_lite
from opselect.usecases.kernel_source import KernelSource
from tests.opselect.hostile_tflite import HOSTILE

INDEX = Path(__file__).parents[3] / "fixtures" / "kernel_tree.opselidx"
ACTS = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""What a terminal takes for an order, but for line feeds."""
MAX_ERROR = 2_000
"""Characters of an error, whatever it quotes."""
QUESTIONS: tuple[tuple[Target, bool, str], ...] = (
    ("registration", True, "2.14"),
    ("registration", True, ""),
    ("flex-ops", True, "2.14"),
    ("flex-ops", False, "2.14"),
)


def outcome(path: Path, out: Path, target: Target, options: LiteOptions) -> str:
    """The text that was written; a line for what is missing, and an error for what cannot be read."""
    question = LiteQuestion((str(path),), (target,), options, KernelSource(index_file=INDEX), "android")
    try:
        generated = generate_for_lite(question, out)
    except OpselectError as error:
        said = str(error)
        assert len(said) < MAX_ERROR
        assert not ACTS.search(said)
        assert not out.exists()
        return f"error: {said}"
    if generated.missing:
        assert not out.exists()
        return "missing: " + "; ".join(each.reason for each in generated.missing)
    (written,) = out.iterdir()
    text = written.read_text("utf-8")
    written.unlink()
    out.rmdir()
    return text


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_files(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "m.tflite"
    for number, data in enumerate(HOSTILE[kind]):
        path.write_bytes(data)
        for target, kernels, compat in QUESTIONS:
            text = outcome(path, tmp_path / "out", target, LiteOptions(compat, kernels=kernels))
            if text.startswith(("error: ", "missing: ")):
                assert str(path) in text or path.name in text or text.startswith("missing: "), number
            elif target == "registration":
                assert text.count("RegisterSelectedOps(") == 1
                assert not re.search('[^\\w\\s"#/.:,;(){}*<>=-]|builtin \\d', text), number
            else:
                json.loads(text)


def test_files_of_other_formats_are_no_models(tmp_path: Path) -> None:
    for data in HOSTILE["other_formats"]:
        (tmp_path / "m.tflite").write_bytes(data)
        for target, kernels, compat in QUESTIONS:
            options = LiteOptions(compat, kernels=kernels)
            assert outcome(tmp_path / "m.tflite", tmp_path / "out", target, options).startswith("error: ")


def test_one_of_many_is_hostile(tmp_path: Path) -> None:
    """Nothing is written of the others, and the file is named that cannot be read."""
    good = Path(__file__).parents[3] / "fixtures" / "tflite" / "cnn_int8.tflite"
    (tmp_path / "bad.tflite").write_bytes(HOSTILE["cut_short"][3])
    question = LiteQuestion((str(good), str(tmp_path / "bad.tflite")), ("registration",))
    with pytest.raises(OpselectError, match=re.escape("bad.tflite")):
        generate_for_lite(question, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_there_are_two_hundred() -> None:
    assert sum(map(len, HOSTILE.values())) >= 200
