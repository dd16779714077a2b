"""Which function adds which operator, and where the types allow it in int8 alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from opselect.lite.micro import MicroFunction, MicroTable, micro_uses
from opselect.lite.micro.int8 import INT8_RULES
from opselect.lite.operators import LiteModel
from opselect.models.graph.tflite import OperatorCode, TfliteModel, TfliteOperator, TfliteSubgraph, TfliteTensor

INT8 = "INT8"


def operator(name: str, inputs: list[str], outputs: list[str], is_custom: bool = False) -> TfliteSubgraph:
    """A subgraph with one operator, whose tensors have these types; an empty one is left out."""
    numbers: list[int] = []
    tensors: list[TfliteTensor] = []
    for each in (*inputs, *outputs):
        numbers.append(len(tensors) if each else -1)
        tensors += [TfliteTensor("t", each)] if each else []
    ins, outs = tuple(numbers[: len(inputs)]), tuple(numbers[len(inputs) :])
    return TfliteSubgraph(
        "main", operators=(TfliteOperator(name, inputs=ins, outputs=outs, is_custom=is_custom),), tensors=tuple(tensors)
    )


def model(*subgraphs: TfliteSubgraph, name: str = "a.tflite", unused: tuple[OperatorCode, ...] = ()) -> LiteModel:
    codes = dict.fromkeys(each.code for subgraph in subgraphs for each in subgraph.operators)
    return LiteModel(name, TfliteModel(3, "", subgraphs, operator_codes=(*codes, *unused)))


def remark(*subgraphs: TfliteSubgraph) -> str:
    """What is said of the only operator; ``int8`` where its registration for that is taken."""
    (use,) = micro_uses([model(*subgraphs)]).added
    assert not (use.int8 and use.remark)
    return "int8" if use.int8 else use.remark


IN_INT8: dict[str, tuple[list[str], list[str]]] = {
    "ADD": ([INT8, INT8], [INT8]),
    "AVERAGE_POOL_2D": ([INT8], [INT8]),
    "BATCH_MATMUL": ([INT8, INT8], [INT8]),
    "CONV_2D": ([INT8, INT8, "INT32"], [INT8]),
    "DEPTHWISE_CONV_2D": ([INT8, INT8, "INT32"], [INT8]),
    "FULLY_CONNECTED": ([INT8, INT8, "INT32"], [INT8]),
    "MAXIMUM": ([INT8, INT8], [INT8]),
    "MAX_POOL_2D": ([INT8], [INT8]),
    "MINIMUM": ([INT8, INT8], [INT8]),
    "MUL": ([INT8, INT8], [INT8]),
    "PAD": ([INT8, "INT32"], [INT8]),
    "SOFTMAX": ([INT8], [INT8]),
    "SVDF": ([INT8, INT8, "INT16", "INT32", "INT16"], [INT8]),
    "TRANSPOSE": ([INT8, "INT32"], [INT8]),
    "TRANSPOSE_CONV": (["INT32", INT8, INT8, "INT32"], [INT8]),
}
NOT_LOOKED_AT = {("PAD", 1), ("TRANSPOSE", 1), ("TRANSPOSE_CONV", 0)}
"""Inputs that the general registration takes as that for int8 does."""


def test_all_registrations_for_int8_are_tried_here() -> None:
    assert set(IN_INT8) == {name for name, rule in INT8_RULES.items() if not rule.never}


@pytest.mark.parametrize("name", IN_INT8)
def test_int8_is_taken_where_all_types_are_as_its_kernels_want_them(name: str) -> None:
    inputs, outputs = IN_INT8[name]
    assert remark(operator(name, inputs, outputs)) == "int8"


@pytest.mark.parametrize(
    ("name", "position", "other"),
    [
        (name, position, other)
        for name, (inputs, _) in IN_INT8.items()
        for position in range(len(inputs))
        for other in ("FLOAT32", "INT4", "INT64", "")
        if (name, position) not in NOT_LOOKED_AT
    ],
)
def test_another_type_of_an_input_is_for_the_general_registration(name: str, position: int, other: str) -> None:
    inputs, outputs = IN_INT8[name]
    said = remark(operator(name, [*inputs[:position], other, *inputs[position + 1 :]], outputs))
    if not other and inputs[position] == "INT32" and name != "SVDF":
        assert said == "int8"  # the bias
    else:
        assert said == f"input {position} is {other or 'left out'} in subgraph_0/operator_0 of a.tflite"


@pytest.mark.parametrize("name", IN_INT8)
@pytest.mark.parametrize("other", ["INT16", "FLOAT32", ""])
def test_another_type_of_the_output_is_for_the_general_registration(name: str, other: str) -> None:
    said = remark(operator(name, IN_INT8[name][0], [other]))
    assert said == f"output 0 is {other or 'left out'} in subgraph_0/operator_0 of a.tflite"


def test_a_bias_may_be_missing_at_the_end() -> None:
    assert remark(operator("CONV_2D", [INT8, INT8], [INT8])) == "int8"


def test_one_operator_of_another_type_anywhere_decides_for_all() -> None:
    fine = operator("ADD", [INT8, INT8], [INT8])
    floats = operator("ADD", ["FLOAT32", "FLOAT32"], ["FLOAT32"])
    assert remark(fine, fine) == "int8"
    assert remark(fine, floats) == "input 0 is FLOAT32 in subgraph_1/operator_0 of a.tflite"
    (use,) = micro_uses([model(fine), model(fine, floats, name="b.tflite")]).added
    assert (use.count, use.int8, use.remark) == (3, False, "input 0 is FLOAT32 in subgraph_1/operator_0 of b.tflite")


def test_an_lstm_is_never_registered_for_int8_alone() -> None:
    assert "CMSIS-NN" in remark(operator("UNIDIRECTIONAL_SEQUENCE_LSTM", [INT8], [INT8]))
    assert remark(operator("UNIDIRECTIONAL_SEQUENCE_LSTM", ["FLOAT32"], [INT8])).startswith("input 0 is FLOAT32")


def test_a_registration_that_nobody_has_read_is_not_taken() -> None:
    table = MicroTable("main", (MicroFunction("ABS", False, "AddAbs", True, "Register_ABS_INT8"),))
    (use,) = micro_uses([model(operator("ABS", [INT8], [INT8]))], table=table).added
    assert (use.int8, use.remark) == (False, "nobody has read yet what its int8 kernels take")


def test_an_operator_without_such_a_registration_has_no_remark() -> None:
    assert remark(operator("RESHAPE", [INT8, "INT32"], [INT8])) == ""


def test_versions_count_for_nothing() -> None:
    first = operator("ADD", [INT8, INT8], [INT8])
    second = replace(first, operators=(replace(first.operators[0], version=99),))
    (use,) = micro_uses([model(first, second)]).added
    assert (use.function.function, use.count) == ("AddAdd", 2)


def test_what_nothing_uses_counts_with_the_whole_table_only() -> None:
    given = model(operator("RESHAPE", [INT8], [INT8]), unused=(OperatorCode("COS"), OperatorCode("ADD")))
    assert [use.function.operator for use in micro_uses([given]).added] == ["RESHAPE"]
    uses = micro_uses([given], whole_table=True).added
    assert [(use.function.operator, use.count) for use in uses] == [("ADD", 0), ("COS", 0), ("RESHAPE", 1)]
    assert not any(use.int8 for use in uses)


def test_what_no_function_adds_is_said_with_who_has_it() -> None:
    own = operator("Own", ["FLOAT32"], ["FLOAT32"], is_custom=True)
    flex = operator("FlexErf", ["FLOAT32"], ["FLOAT32"], is_custom=True)
    lacks = operator("RFFT2D", ["FLOAT32"], ["FLOAT32"])
    signal = operator("SignalRfft", ["INT16"], ["INT16"], is_custom=True)
    same_name = operator("SignalRfft", ["INT16"], ["INT16"])
    uses = micro_uses([model(own, own, flex, lacks, signal, same_name), model(own, own, name="b.tflite")])
    assert [use.function.function for use in uses.added] == ["AddRfft"]
    assert [(each.code.name, each.code.is_flex, each.count, each.models) for each in uses.lacking] == [
        ("FlexErf", True, 1, ("a.tflite",)),
        ("Own", False, 4, ("a.tflite", "b.tflite")),
        ("RFFT2D", False, 1, ("a.tflite",)),
        ("SignalRfft", False, 1, ("a.tflite",)),
    ]
    assert uses.lacking[1].places == ("subgraph_0/operator_0", "subgraph_1/operator_0", "subgraph_0/operator_0")
