"""What TensorFlow Lite prints of operators that it has not, whole, wrapped in the middle of words, and cut."""

from __future__ import annotations

import pytest

from opselect.logs.shapes.tflite import SHAPES
from tests.opselect.logs.shapes.reading import one, read

HINT = " An older version of this builtin might be supported. Are you using an old TFLite binary with a newer model?"
NO_FLEX = (
    "Select TensorFlow op(s), included in the given model, is(are) not supported by this interpreter. Make sure you"
)
APPLY = (
    'apply/link the Flex delegate before inference. For the Android, it can be resolved by adding "org.tensorflow:'
    'tensorflow-lite-select-tf-ops" dependency. See instructions: https://www.tensorflow.org/lite/guide/ops_select'
)


@pytest.mark.parametrize("width", [0, 9, 31])
@pytest.mark.parametrize(
    ("text", "kind", "op", "version"),
    [
        ("Didn't find op for builtin opcode 'ADD' version '4'." + HINT, "tflite-version", "ADD", 4),
        ("Didn't find op for builtin opcode 'FULLY_CONNECTED' version '12'", "tflite-version", "FULLY_CONNECTED", 12),
        ("ERROR: Didn't find op for builtin opcode 'CONV_2D' version '1'." + HINT, "tflite-not-added", "CONV_2D", 1),
        ("E/tflite: Didn't find op for builtin opcode 'SHAPE'", "tflite-not-added", "SHAPE", None),
        ("b\"Didn\\'t find op for builtin opcode \\'ADD\\' version \\'2\\'\"", "tflite-version", "ADD", 2),
        ("Didn\u2019t find op for builtin opcode \u2018PAD\u2019 version \u20182\u2019", "tflite-version", "PAD", 2),
        ("Didn&#39;t find op for builtin opcode &#39;PAD&#39; version &#39;2&#39;", "tflite-version", "PAD", 2),
        (
            "Didn't find custom op for name 'IdentityN' with version 1\n  Registration failed.",
            "tflite-custom",
            "IdentityN",
            1,
        ),
        ("Didn't find custom op for name 'FlexErf' with version 1", "flex-not-linked", "Erf", 1),
        ("Didn't find custom op for name 'aten::x'", "tflite-custom", "aten::x", None),
        ("Unsupported builtin op: CONCATENATION, version: 3", "tflite-version", "CONCATENATION", 3),
        ("Unsupported builtin op: RSQRT, version: 1", "tflite-not-added", "RSQRT", 1),
        ("Unsupported custom op: FlexSize, version: 1", "flex-not-linked", "Size", 1),
        (
            "Operation 'Roll' is not registered.  (while processing attributes of 'Roll')",
            "op-not-registered",
            "Roll",
            None,
        ),
    ],
)
def test_an_operator_that_the_resolver_lacks(text: str, kind: str, op: str, version: int | None, width: int) -> None:
    failure = one(SHAPES, text, width=width)
    assert (failure.kind, failure.op, failure.version) == (kind, op, version)


@pytest.mark.parametrize(
    ("text", "op", "version"),
    [
        ("Didn't find op for builtin opcode 'FULLY_CONN", "", None),
        ("Didn't find op for builtin opcode 'FULLY_CONNECTED'", "FULLY_CONNECTED", None),
        ("Didn't find op for builtin opcode 'FULLY_CONNECTED' version '1", "FULLY_CONNECTED", None),
        ("Didn't find custom op for name 'Ident", "", None),
    ],
)
def test_a_name_or_a_version_that_is_cut_is_not_taken_for_a_shorter_one(
    text: str, op: str, version: int | None
) -> None:
    failure = one(SHAPES, text)
    assert (failure.op, failure.version) == (op, version)


@pytest.mark.parametrize("width", [0, 7, 40])
@pytest.mark.parametrize(
    ("text", "kind", "op", "number"),
    [
        (
            "Encountered unresolved custom op: AddV2.Node number 0 (AddV2) failed to prepare.",
            "tflite-custom",
            "AddV2",
            0,
        ),
        (
            "Encountered unresolved custom op: Slice.\nNode number 0 (Slice) failed to prepare.",
            "tflite-custom",
            "Slice",
            0,
        ),
        (
            (
                "E tflite: Encountered unresolved custom op: Dilation2D.\nE tflite: See instructions: "
                "https://www.tensorflow.org/lite/guide/ops_custom \n"
                "E tflite: Node number 2 (Dilation2D) failed to prepare."
            ),
            "tflite-custom",
            "Dilation2D",
            2,
        ),
        ("Encountered unresolved custom op: aten.sin.Node number 4 (aten.sin) failed", "tflite-custom", "aten.sin", 4),
        (
            "Encountered unresolved custom op: FlexErf.Node number 8 (FlexErf) failed to prepare.",
            "flex-not-linked",
            "Erf",
            8,
        ),
        ("Encountered unresolved custom op: UnknownOp.", "tflite-custom", "", None),
        ("Encountered unresolved custom op: Assign", "tflite-custom", "Assign", None),
        (
            (
                "Encountered an unresolved custom op. Did you miss a custom op or delegate?\n"
                "Node number 3 (Foo) failed to invoke."
            ),
            "tflite-custom",
            "Foo",
            3,
        ),
        (f"{NO_FLEX} {APPLY}. Node number 83 (FlexErf) failed to prepare.", "flex-not-linked", "Erf", 83),
        (f"{NO_FLEX} {APPLY}Node number 83 (FlexErf) failed to prepare.", "flex-not-linked", "Erf", 83),
        (f"ERROR: {NO_FLEX} {APPLY}\nERROR: Node number 7 (FlexPad) failed to prepare.", "flex-not-linked", "Pad", 7),
        (
            (
                "Regular TensorFlow ops are not supported by this interpreter. Make sure you invoke the Flex "
                "delegate before "
                "inference.Node number 5 (FlexPack) failed to prepare."
            ),
            "flex-not-linked",
            "Pack",
            5,
        ),
        (
            (
                "ERROR : Regular TensorFlow ops are not supported by this interpreter.\nMake sure you apply / link the "
                "Flex delegate before inference.\nI am another line\nand another\n"
                "ERROR : Node number 0 (FlexPad) failed to prepare."
            ),
            "flex-not-linked",
            "Pad",
            0,
        ),
        ("Regular TensorFlow ops are not supported by this interpreter. Make sure", "flex-not-linked", "", None),
        (f"{NO_FLEX} {APPLY}\nNode number 13 (FlexTensorArr", "flex-not-linked", "", 13),
    ],
)
def test_the_line_behind_names_the_op_and_its_node(
    text: str, kind: str, op: str, number: int | None, width: int
) -> None:
    failure = one(SHAPES, text, width=width)
    assert (failure.kind, failure.op, failure.node_number, failure.node) == (kind, op, number, "")


def test_several_on_one_line_are_several() -> None:
    text = (
        "Encountered unresolved custom op: A.Node number 1 (A) failed to prepare.Encountered unresolved custom op: B."
        "Node number 2 (B) failed to prepare."
    )
    assert [(each.op, each.node_number) for each in read(SHAPES, text)] == [("A", 1), ("B", 2)]


def test_a_node_of_another_op_does_not_name_the_custom_op() -> None:
    failure = one(SHAPES, "Encountered unresolved custom op: A.\nNode number 2 (CONV_2D) failed to prepare.")
    assert (failure.op, failure.node_number) == ("A", None)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Op builtin_code out of range: 127. Are you using old TFLite binary with newer model?", 127),
        ("Op builtin_code out or range: 92. Are you", 92),
        ("Op builtin_code out of range: 14", None),
    ],
)
def test_an_operator_that_the_runtime_does_not_know(text: str, code: int | None) -> None:
    for width in (0, 5):
        failure = one(SHAPES, text, width=width)
        assert (failure.kind, failure.builtin_code) == ("tflite-builtin-unknown", code)


@pytest.mark.parametrize(
    ("text", "kind", "op"),
    [
        ("Failed to get registration from op code CUSTOM\n \nAllocateTensors() failed", "tflite-custom", ""),
        (
            "Failed to get registration from op code RANGE\n \nFailed starting model allocation.",
            "tflite-not-added",
            "RANGE",
        ),
        (
            (
                "Didn't find op for builtin opcode 'CONCATENATION' version '1'\n"
                "Failed to get registration from op code ADD\n"
            ),
            "tflite-not-added",
            "CONCATENATION",
        ),
        (
            "Didn't find op for builtin opcode 'SLICE' version '2'\n\nFailed to get registration from op code SLICE",
            "tflite-version",
            "SLICE",
        ),
        (
            "Didn't find custom op for name 'X' with version 1\nFailed to get registration from op code CUSTOM",
            "tflite-custom",
            "X",
        ),
    ],
)
def test_the_two_messages_of_a_microcontroller_are_one_failure(text: str, kind: str, op: str) -> None:
    for width in (0, 11):
        failure = one(SHAPES, text, width=width)
        assert (failure.kind, failure.op, failure.runtime) == (kind, op, "tflite-micro")


def test_a_resolver_without_room() -> None:
    custom = one(SHAPES, "Couldn't register custom op 'Foo', resolver size is too small (5)")
    builtin = one(SHAPES, "Couldn't register builtin op #83, resolver size is too small (5).")
    assert (custom.kind, custom.op, custom.builtin_code) == ("tflite-resolver-full", "Foo", None)
    assert (builtin.kind, builtin.op, builtin.builtin_code) == ("tflite-resolver-full", "", 83)


def test_models_of_another_schema_and_damaged_ones() -> None:
    schema = one(SHAPES, "Model provided is schema version 4 not equal to supported version 3.")
    assert (schema.kind, schema.version) == ("tflite-schema", 4)
    assert one(SHAPES, "Missing registration for opcode_index 3").kind == "tflite-model"
    assert one(SHAPES, "Operator with CUSTOM builtin_code has no custom_code.").kind == "tflite-model"


def test_the_calibrator_lists_what_it_lacks() -> None:
    text = (
        "There are unresolved custom ops: [Foo, Bar]Encountered unresolved custom op: Bar.\n"
        "Node number 5 (Bar) failed to prepare."
    )
    for width in (0, 8):
        failures = read(SHAPES, text, width=width)
        assert [(each.kind, each.op, each.node_number) for each in failures] == [
            ("tflite-custom", "Foo", None),
            ("tflite-custom", "Bar", 5),
        ]
    failures = read(SHAPES, "There are unresolved builtin ops: [ADD, SUB]")
    assert [(each.kind, each.op) for each in failures] == [("tflite-not-added", "ADD"), ("tflite-not-added", "SUB")]


@pytest.mark.parametrize(
    "text",
    [
        (
            "tensorflow/lite/kernels/detection_postprocess.cc:160 NumOutputs(node) != 4 (1 != 4)\n"
            "Node number 63 (TFLite_Detection_PostProcess) failed to prepare."
        ),
        "Node number 13 (FlexTensorArrayV3) failed to invoke.",
        "Node FULLY_CONNECTED (number 5f) failed to prepare with status 1",
        "INFO: Created TensorFlow Lite delegate for select TF ops.",
        "TfLiteFlexDelegate delegate: 2 nodes delegated out of 5 nodes with 1 partitions.",
        "Invalid NodeDef in Flex op 'Foo'",
    ],
)
def test_what_merely_resembles_a_missing_operator(text: str) -> None:
    assert read(SHAPES, text) == []
