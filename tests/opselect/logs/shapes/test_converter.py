"""What the converters to TensorFlow Lite print of ops that they have no operator for."""

from __future__ import annotations

import pytest

from opselect.logs.records import LogFailure
from opselect.logs.shapes.converter import SHAPES
from tests.opselect.logs.shapes.reading import one, read

NEITHER = "op is neither a custom op nor a flex op"
SELECT = (
    "Some ops are not supported by the native TFLite runtime, you can enable TF kernels fallback using TF Select. "
    "See instructions: https://www.tensorflow.org/lite/guide/ops_select "
)
CUSTOM = (
    "Some ops in the model are custom ops, See instructions to implement custom ops: "
    "https://www.tensorflow.org/lite/guide/ops_custom "
)
TOCO = (
    "Some of the operators in the model are not supported by the standard TensorFlow Lite runtime. If those are native "
    "TensorFlow operators, you might be able to use the extended runtime by passing --enable_select_tf_ops, "
    "or by setting "
    "target_ops=TFLITE_BUILTINS,SELECT_TF_OPS when calling tf.lite.TFLiteConverter(). Here is a list of "
    "builtin operators "
    "you are using: NEG, ADD. Here is a list of operators for which you will need custom implementations: "
)
TOCO_SELECTED = (
    "Some of the operators in the model are not supported by the standard TensorFlow Lite runtime and are "
    "not recognized "
    "by TensorFlow. If you have a custom implementation for them you can disable this error with "
    "--allow_custom_ops. Here "
    "is a list of builtin operators you are using: . Here is a list of operators for which  you will need custom "
    "implementations: "
)


def told(failure: LogFailure) -> tuple[str, str, tuple[str, ...], tuple[str, ...]]:
    return failure.op, failure.node, failure.ops, failure.custom_ops


@pytest.mark.parametrize("width", [0, 13, 60])
@pytest.mark.parametrize(
    ("text", "node"),
    [
        (f"error: 'tf.Roll' {NEITHER}", ""),
        (f"loc(\"a/Roll\"): error: 'tf.Roll' {NEITHER}", "a/Roll"),
        (f"<unknown>:0: error: loc(\"a/Roll\"): 'tf.Roll' {NEITHER}", "a/Roll"),
        (f'loc(callsite("a/Roll@__inference_f_7" at "PartitionedCall")): error: \'tf.Roll\' {NEITHER}', "a/Roll"),
        (
            (
                'note: loc("StatefulPartitionedCall"): called from\n<unknown>:0: error: '
                'loc(callsite(callsite("a/Roll@__inf_6" '
                f'at "Call@__inf_7") at "Call")): \'tf.Roll\' {NEITHER}'
            ),
            "a/Roll",
        ),
        (
            (
                'loc(callsite(callsite(fused["Roll:", '
                'callsite("a/Roll@__inference_f_15"("/home/me/conv.py":9:1) at "/x.py":4:1)]'
                f' at fused["PartitionedCall:", "PartitionedCall"]))): error: \'tf.Roll\' {NEITHER}'
            ),
            "a/Roll",
        ),
        (f"/home/me/conv.py:9:1: error: 'tf.Roll' {NEITHER}\nc = convert()\n^", ""),
        ("'tf.Roll' op is not any of a builtin TFLite op, a flex TensorFlow op or a custom TensorFlow op", ""),
    ],
)
def test_an_error_line_tells_op_and_node(text: str, node: str, width: int) -> None:
    assert told(one(SHAPES, text, width=width)) == ("Roll", node, ("Roll",), ())


def test_each_op_of_error_lines_without_a_list_is_a_failure_of_its_own() -> None:
    lines = [
        f"loc(\"{name}\"): error: 'tf.{op}' {NEITHER}" for name, op in [("a", "Roll"), ("b", "Roll"), ("c", "Erf")]
    ]
    first, second = read(SHAPES, "\n".join(lines))
    assert (told(first), first.count, first.lines) == (("Roll", "a", ("Roll",), ()), 2, (1, 2))
    assert (told(second), second.count) == (("Erf", "c", ("Erf",), ()), 1)


@pytest.mark.parametrize("width", [0, 40])
def test_error_lines_and_the_lists_behind_them_are_one_failure(width: int) -> None:
    lines = [
        *(f"loc(\"{op.lower()}\"): error: 'tf.{op}' {NEITHER}" for op in ("Igamma", "Dilation2D", "Erfinv")),
        "error: failed while converting: 'main': ",
        SELECT,
        "TF Select ops: Dilation2D, TensorListReserve",
        "Details:",
        '\ttf.Dilation2D(tensor<1x2x2x1xf32>) -> (tensor<1x2x2x1xf32>) : {device = ""}',
        "",
        CUSTOM,
        "Custom ops: Erfinv, Igamma",
        "Details:",
        '\ttf.Erfinv(tensor<1x4xf32>) -> (tensor<1x4xf32>) : {device = ""}',
    ]
    expected = ("Igamma", "igamma", ("Dilation2D", "TensorListReserve"), ("Erfinv", "Igamma"))
    failure = one(SHAPES, "\n".join(lines), width=width)
    assert (told(failure), failure.lines) == (expected, (1,))
    again = [
        "Traceback (most recent call last):",
        f"tensorflow.lite.python.convert_phase.ConverterError: conv.py:9:1: error: 'tf.Igamma' {NEITHER}",
        "conv.py:9:1: note: Error code: ERROR_NEEDS_CUSTOM_OPS",
        f"conv.py:9:1: error: 'tf.Dilation2D' {NEITHER}",
        "conv.py:9:1: note: Error code: ERROR_NEEDS_FLEX_OPS",
        *lines[3:],
    ]
    assert told(one(SHAPES, "\n".join(lines + again), width=width)) == expected


def test_the_code_says_that_the_op_of_its_line_is_a_custom_one() -> None:
    text = (
        f"error: 'tf.Foo' {NEITHER}\nnote: Error code: ERROR_NEEDS_CUSTOM_OPS\nerror: 'tf.Erf' "
        f"{NEITHER}\nERROR_NEEDS_FLEX_OPS"
    )
    assert [told(each) for each in read(SHAPES, text)] == [("Foo", "", (), ("Foo",)), ("Erf", "", ("Erf",), ())]
    assert told(one(SHAPES, "Error code: ERROR_NEEDS_FLEX_OPS")) == ("", "", (), ())


def test_lists_of_2_1_and_of_2_3() -> None:
    flags = "(enabled via setting the -emit-select-tf-ops flag):", "(enabled via setting the -emit-custom-ops flag):"
    old = (
        f"Ops that can be supported by the flex runtime {flags[0]} Roll,Erf,Roll.Ops that need custom "
        f"implementation {flags[1]} Foo,Bar"
    )
    assert told(one(SHAPES, old)) == ("Roll", "", ("Roll", "Erf"), ("Foo", "Bar"))
    new = (
        f"Ops that can be supported by the flex runtime {flags[0]}\n\ttf.Bincount {{T = i64, body = "
        f"@tf.Foo}}\n\ttf.Roll\n"
        f'\ttf.Cumsum {{device = ""}}Ops that need custom implementation {flags[1]}\n\ttf.Lookup {{device = "tf.X"}}'
    )
    for width in (0, 23):
        assert told(one(SHAPES, new, width=width)) == ("Bincount", "", ("Bincount", "Roll", "Cumsum"), ("Lookup",))


@pytest.mark.parametrize("tail", [SELECT, f"{SELECT}\nTF Select ops: ", CUSTOM, f"{CUSTOM}\nCustom ops:", SELECT[:40]])
def test_a_log_that_is_cut_in_front_of_the_list_has_no_other_failure(tail: str) -> None:
    assert told(one(SHAPES, f"error: 'tf.Roll' {NEITHER}\n{tail}")) == ("Roll", "", ("Roll",), ())


def test_a_list_that_is_cut_or_followed_by_other_words() -> None:
    assert told(one(SHAPES, f"{SELECT}\nTF Select ops: Angle, Exp")) == ("Angle", "", ("Angle", "Exp"), ())
    assert told(one(SHAPES, f"{SELECT}\nTF Select ops: Angle, Exp\nat com.example")) == (
        "Angle",
        "",
        ("Angle", "Exp"),
        (),
    )
    assert told(one(SHAPES, "TF Select ops: Angle\nDetails:\n\ttf.Angle()")) == ("Angle", "", ("Angle",), ())


@pytest.mark.parametrize("width", [0, 17])
def test_the_old_converter(width: int) -> None:
    assert told(one(SHAPES, TOCO + "Dilation2D, Igamma.", width=width)) == (
        "Dilation2D",
        "",
        ("Dilation2D", "Igamma"),
        (),
    )
    assert told(one(SHAPES, TOCO_SELECTED + "Foo, Bar.", width=width)) == ("Foo", "", (), ("Foo", "Bar"))
    cut = one(SHAPES, TOCO[:200], width=width)
    assert (cut.kind, told(cut)) == ("converter-needs-flex", ("", "", (), ()))


@pytest.mark.parametrize(
    ("text", "ops"),
    [
        ("Op Igamma is a valid TensorFlow op but has not been whitelisted for the TensorFlow Lite flex op set.", ()),
        ("Op Igamma is a valid TensorFlow op but has not been allowlisted for the TensorFlow Lite flex op set.", ()),
        (
            "Some of the operators in the model are not supported by TensorFlow Flex runtime: Igamma, Foo.",
            ("Igamma", "Foo"),
        ),
        ("TensorFlow Lite currently doesn't support control flow ops: Igamma, Foo. We are working", ("Igamma", "Foo")),
    ],
)
def test_an_op_that_flex_may_not_run(text: str, ops: tuple[str, ...]) -> None:
    for width in (0, 10):
        failure = one(SHAPES, text, width=width)
        assert (failure.kind, failure.op, failure.ops) == ("converter-flex-list", "Igamma", ops)


def test_the_decorator_that_checks_functions() -> None:
    warning = "COMPATIBILITY WARNING: op 'tf.Cosh, tf.Erf' require(s) \"Select TF Ops\" for model conversion"
    error = "COMPATIBILITY ERROR: op 'Foo' is(are) not natively supported by TensorFlow Lite. You need to provide"
    assert told(one(SHAPES, warning)) == ("Cosh", "", ("Cosh", "Erf"), ())
    assert told(one(SHAPES, error)) == ("Foo", "", (), ("Foo",))


@pytest.mark.parametrize(
    "text",
    [
        (
            "TFLite interpreter needs to link Flex delegate in order to run the model since it contains the "
            "following Select "
            "TFop(s):\nFlex ops: FlexDilation2D\nDetails:\n\ttf.Dilation2D()"
        ),
        "The following operation(s) need TFLite custom op implementation(s):\nCustom ops: Foo\nDetails:",
        "I import_tensorflow.cc:659] Converting unsupported operation: Dilation2D",
        "loc(\"a\"): error: 'tf.Roll' op operand #0 must be tensor",
    ],
)
def test_what_is_no_failure(text: str) -> None:
    assert read(SHAPES, text) == []
