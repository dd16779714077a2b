"""The header with a resolver for microcontrollers: its text, and what a compiler makes of it."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opselect.build_lists.lite import LiteOptions
from opselect.build_lists.lite.render import lite_findings, render_lite
from opselect.lite.operators import LiteModel
from opselect.models.graph.tflite import TfliteModel, TfliteOperator, TfliteSubgraph
from tests.opselect.tflite_files import BUILTIN, TYPE, Op, Subgraph, Tensor, model_of, tflite_bytes

ROOT = Path(__file__).parents[4]
STAND_IN = ROOT / "fixtures/micro"
PAGE = ROOT / "docs/microcontrollers.md"
FILE = "gen_micro_mutable_op_resolver.h"

INT8 = (
    Tensor("image", (1, 8, 8, 1), TYPE.INT8),
    Tensor("filter", (1, 3, 3, 1), TYPE.INT8),
    Tensor("bias", (1,), TYPE.INT32),
    Tensor("paddings", (4, 2), TYPE.INT32),
    Tensor("out", (1, 8, 8, 1), TYPE.INT8),
    Tensor("float", (1, 8, 8, 1), TYPE.FLOAT32),
)
WORDS = (
    Op(BUILTIN.PAD, (0, 3), (4,)),
    Op(BUILTIN.CONV_2D, (4, 1, 2), (4,), version=3),
    Op(BUILTIN.CONV_2D, (4, 1, 2), (4,), version=5),
    Op(BUILTIN.FULLY_CONNECTED, (4, 1, -1), (4,), version=4),
    Op(BUILTIN.SOFTMAX, (4,), (4,), version=2),
    Op(BUILTIN.CUMSUM, (5, 3), (5,)),
)
SOUND = (
    Op("SignalRfft", (5,), (5,)),
    Op(BUILTIN.RESIZE_NEAREST_NEIGHBOR, (5, 3), (5,)),
    Op(BUILTIN.UNIDIRECTIONAL_SEQUENCE_LSTM, (0,), (4,)),
    Op(BUILTIN.ADD, (5, 5), (5,)),
    Op(BUILTIN.FULLY_CONNECTED, (5, 5, -1), (5,)),
)


def lite(folder: Path, name: str, *operators: Op) -> LiteModel:
    return LiteModel(name, model_of(folder / "m.tflite", tflite_bytes(Subgraph(INT8, operators))))


def text(*models: LiteModel, compat: str = "") -> str:
    (found,) = render_lite("tflm-resolver", models, LiteOptions(compat)).items()
    assert found[0] == FILE
    return found[1]


def ran(folder: Path, header: str, *flags: str, more: str = "") -> list[str]:
    """What a program with the resolver has registered: ``operator registration`` a line, and what ``more`` printed."""
    (folder / FILE).write_text(header)
    (folder / "main.cc").write_text(
        f'#include "{FILE}"\n#include <cstdio>\nint main() {{\n  auto resolver = get_resolver();\n{more}\n'
        "  for (unsigned int i = 0; i < resolver.count; ++i)\n"
        '    std::printf("%s %s\\n", resolver.operators[i], resolver.registrations[i]);\n}\n'
    )
    command = ["g++", "-std=c++17", "-Wall", "-Wextra", "-Werror", f"-I{STAND_IN}", *flags, "main.cc", "-o", "main"]
    built = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    return subprocess.run([folder / "main"], capture_output=True, text=True, check=True).stdout.splitlines()


def test_the_text_is_that_of_the_page(tmp_path: Path) -> None:
    (shown,) = re.findall(r"^```cpp\n(// The operators.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    assert text(lite(tmp_path, "words.tflite", *WORDS)) == shown


def test_the_text_with_compat_is_that_of_the_tool(tmp_path: Path) -> None:
    # As the tool printed it for models of these operators, but for AddRfft and AddCumSum, whose names it guesses.
    models = [lite(tmp_path, "a/sound.tflite", *SOUND), lite(tmp_path, "words.tflite", *WORDS)]
    license_, _, rest = text(*models, compat="2.14").partition("*/\n")
    assert license_.startswith("/* Copyright 2023 The TensorFlow Authors. All Rights Reserved.\n\nLicensed under")
    assert rest == (
        "\n// Generated based on sound.tflite, words.tflite.\n\n#pragma once\n\n"
        '#include "tensorflow/lite/micro/micro_mutable_op_resolver.h"\n\n'
        "constexpr int kNumberOperators = 9;\n\n"
        "inline tflite::MicroMutableOpResolver<kNumberOperators> get_resolver()\n{\n"
        "  tflite::MicroMutableOpResolver<kNumberOperators> micro_op_resolver;\n\n"
        "  micro_op_resolver.AddAdd();\n"
        "  micro_op_resolver.AddFullyConnected();\n"
        "  micro_op_resolver.AddResizeNearestNeighbor();\n"
        "  micro_op_resolver.AddRfft();\n"
        "  micro_op_resolver.AddUnidirectionalSequenceLSTM();\n"
        "  micro_op_resolver.AddConv2D();\n"
        "  micro_op_resolver.AddCumSum();\n"
        "  micro_op_resolver.AddPad();\n"
        "  micro_op_resolver.AddSoftmax();\n\n"
        "  return micro_op_resolver;\n}\n"
    )


def test_the_order_of_models_does_not_matter_without_compat(tmp_path: Path) -> None:
    sound, words = lite(tmp_path, "m", *SOUND), lite(tmp_path, "m", *WORDS)
    assert text(sound, words) == text(words, sound)


@pytest.mark.skipif(shutil.which("g++") is None, reason="no g++")
def test_a_compiled_program_registers_each_operator_once_and_in_int8_where_all_are(tmp_path: Path) -> None:
    words, sound = lite(tmp_path, "words.tflite", *WORDS), lite(tmp_path, "sound.tflite", *SOUND)
    assert ran(tmp_path, text(words)) == [
        *("CONV_2D CONV_2D_INT8", "CUMSUM CUMSUM", "FULLY_CONNECTED FULLY_CONNECTED_INT8"),
        *("PAD PAD_INT8", "SOFTMAX SOFTMAX_INT8"),
    ]
    assert ran(tmp_path, text(words), "-DXTENSA")[0] == "CONV_2D CONV_2D"
    both = ran(tmp_path, text(words, sound))
    assert (len(both), both[3]) == (9, "FULLY_CONNECTED FULLY_CONNECTED")
    assert ran(tmp_path, text(words, compat="2.14"))[0] == "CONV_2D CONV_2D"


@pytest.mark.skipif(shutil.which("g++") is None, reason="no g++")
@pytest.mark.parametrize("compat", ["", "2.14"])
def test_there_is_room_for_custom_operators_of_the_program_and_no_more(tmp_path: Path, compat: str) -> None:
    given = lite(tmp_path, "m", *WORDS[-1:], Op("Own"), Op("Other"), Op("FlexErf"), Op(BUILTIN.RFFT2D))
    add = '  TFLMRegistration own = {"own"};\n'
    for name in ("Own", "Other", "Third"):
        add += f'  std::printf("%d\\n", resolver.AddCustom("{name}", &own));\n'
    assert ran(tmp_path, text(given, compat=compat), more=add)[:3] == ["0", "0", "1"]
    comments = [line.strip() for line in text(given).splitlines() if line.startswith("  //")]
    assert comments == [
        "// FlexErf: left out, for there is no function for it.",
        "// Other: there is room for it, add it by hand.",
        "// Own: there is room for it, add it by hand.",
        "// RFFT2D: left out, for there is no function for it.",
    ]


def test_what_cannot_be_written_is_a_finding_each(tmp_path: Path) -> None:
    given = lite(tmp_path, "m.tflite", Op('O"wn\\'), Op("FlexErf"), Op("FlexErf"), Op(BUILTIN.RFFT2D), Op(BUILTIN.ADD))
    found = lite_findings("tflm-resolver", [given], LiteOptions())
    assert [(each.code, each.op, each.count, each.models) for each in found] == [
        ("OPS135", "FlexErf", 2, ("m.tflite",)),
        ("OPS134", 'O"wn\\', 1, ("m.tflite",)),
        ("OPS133", "RFFT2D", 1, ("m.tflite",)),
    ]
    assert found[0].nodes == ("subgraph_0/operator_1", "subgraph_0/operator_2")
    assert 'resolver.AddCustom("O\\"wn\\\\", …)' in found[1].advice
    assert found[1].mends[0].to_json()["options"] == ["--allow-missing"]
    assert lite_findings("registration", [given], LiteOptions()) == ()


def test_an_operator_that_only_stands_in_the_table_counts_with_compat(tmp_path: Path) -> None:
    given = lite(tmp_path, "m.tflite", Op(BUILTIN.RFFT2D), Op(BUILTIN.ADD, (5, 5), (5,)))
    (graph,) = given.model.subgraphs
    unused = replace(given, model=replace(given.model, subgraphs=(replace(graph, operators=graph.operators[1:]),)))
    assert lite_findings("tflm-resolver", [unused], LiteOptions()) == ()
    (finding,) = lite_findings("tflm-resolver", [unused], LiteOptions("2.14"))
    assert (finding.code, finding.count) == ("OPS133", 0)
    assert "nothing uses it" in finding.reason
    assert "Or leave out --compat" in finding.advice


@given(st.text(max_size=30), st.text(min_size=1, max_size=20), st.sampled_from(["", "2.14"]))
def test_no_name_ends_a_comment(name: str, operator: str, compat: str) -> None:
    def header(name: str, operator: str) -> list[str]:
        operators = (TfliteOperator(operator, is_custom=True),)
        codes = tuple(each.code for each in operators)
        model = TfliteModel(3, "", (TfliteSubgraph("main", operators=operators),), operator_codes=codes)
        return text(LiteModel(name, model), compat=compat).splitlines()

    lines = header(name, operator)
    assert len(lines) == len(header("m", "Own"))
    assert all(line.endswith(".") for line in lines if line.lstrip().startswith("//"))
