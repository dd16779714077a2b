"""Ops in the place of newer ones, and attrs in the place of none."""

from __future__ import annotations

import numpy as np
import pytest

from kernel_index.datatypes import DataType
from kernel_index.errors import OpselectError
from opselect.models.graph import Graph, Shape, Versions
from opselect.rewriting import Context, TransformError, parse_steps
from opselect.rewriting.constants import constant_value
from opselect.rewriting.transforms import apply_steps
from tests.opselect.graph_text import function, graph_of, node
from tests.opselect.rewriting.transforms.run import after

FLOAT, INT = "T: type: DT_FLOAT", "dtype: type: DT_INT32"


def concat(index_type: str) -> Graph:
    return graph_of(
        node("x", "Placeholder", attrs="dtype: type: DT_FLOAT")
        + node("axis", "Const", attrs=f"dtype: type: {index_type}")
        + node("c", "ConcatV2", "x", "x", "axis", "^x", attrs=f"{FLOAT}; N: i: 2; Tidx: type: {index_type}")
    )


def test_the_axis_of_a_concatenation_comes_first() -> None:
    done = after("backport_concatv2", concat("DT_INT32"))["c"]
    assert (done.op, done.inputs) == ("Concat", ("axis", "x", "x", "^x"))
    assert done.attrs == {"T": DataType.DT_FLOAT, "N": 2}


def test_the_original_takes_whatever_comes_last_for_the_axis() -> None:
    assert after("backport_concatv2", concat("DT_INT32"), gtt=True)["c"].inputs == ("^x", "x", "x", "axis")


def test_an_axis_that_concat_does_not_take_is_refused() -> None:
    with pytest.raises(TransformError, match="node 'c': its axis is DT_INT64, and Concat takes DT_INT32 only"):
        after("backport_concatv2", concat("DT_INT64"))
    assert after("backport_concatv2", concat("DT_INT64"), gtt=True)["c"].op == "Concat"


def arrays(versions: str = "producer: 134") -> Graph:
    return graph_of(
        node("size", "Const", attrs=INT)
        + node(
            "ta", "TensorArrayV3", "size", attrs="dtype: type: DT_FLOAT; identical_element_shapes: b: true; _x: i: 1"
        )
        + node("enter", "Enter", "ta", attrs='T: type: DT_RESOURCE; frame_name: s: "w"')
        + node("other", "Enter", "ta:1", attrs='T: type: DT_FLOAT; frame_name: s: "w"')
        + node("write", "TensorArrayWriteV3", "enter", "size", "other", "ta:1", attrs=FLOAT)
        + node("read", "TensorArrayReadV3", "ta:0", "size", "write", attrs="dtype: type: DT_FLOAT")
        + node("grad", "TensorArrayGradV3", "ta", "write")
        + node("close", "TensorArrayCloseV3", "grad")
        + f"versions {{ {versions} }}"
    )


def test_tensor_arrays_are_of_the_second_version() -> None:
    done = after("backport_tensor_array_v3", arrays())
    ops = {name: each.op for name, each in done.items()}
    assert ops == {
        "size": "Const",
        "ta": "TensorArrayV2",
        "ta/replacement_flow_node": "Const",
        "enter": "Enter",
        "other": "Enter",
        "write": "TensorArrayWriteV2",
        "read": "TensorArrayReadV2",
        "grad": "TensorArrayGradV2",
        "grad/replacement_flow_node": "Const",
        "close": "TensorArrayCloseV2",
    }
    assert done["ta"].attrs == {"dtype": DataType.DT_FLOAT, "_x": 1}
    assert done["enter"].attrs["T"] is DataType.DT_STRING
    assert done["other"].attrs["T"] is DataType.DT_FLOAT
    flow = done["ta/replacement_flow_node"]
    assert constant_value(flow, Context()).tolist() == 1.0
    assert flow.inputs == ("^ta",)
    assert done["other"].inputs == ("ta/replacement_flow_node",)
    assert done["write"].inputs == ("enter", "size", "other", "ta/replacement_flow_node")


def test_a_graph_with_older_tensor_arrays_is_of_an_older_version() -> None:
    steps = parse_steps("backport_tensor_array_v3")
    assert apply_steps(arrays(), steps, Context()).versions == Versions(25)
    assert apply_steps(arrays("producer: 20 min_consumer: 3"), steps, Context()).versions == Versions(20, 3)
    assert apply_steps(concat("DT_INT32"), steps, Context()) == concat("DT_INT32")


def test_the_original_leaves_attrs_and_types_that_do_not_fit() -> None:
    done = after("backport_tensor_array_v3", arrays(), gtt=True)
    assert done["ta"].attrs["identical_element_shapes"] is True
    assert done["enter"].attrs["T"] is DataType.DT_RESOURCE
    assert done["ta/replacement_flow_node"].inputs == ()


def test_a_flow_that_is_fetched_is_refused() -> None:
    with pytest.raises(TransformError, match="node 'ta': output 'ta:1' is fetched and would be gone"):
        after("backport_tensor_array_v3", arrays(), outputs="ta:1")


DEFAULTS = graph_of(
    node("conv", "Conv2D", attrs='T: type: DT_FLOAT; padding: s: "SAME"; data_format: s: "NCHW"')
    + node("call", "F", attrs="b: i: 2")
    + node("ta", "TensorArrayV3", attrs="dtype: type: DT_FLOAT")
    + function("F", node("n", "NoOp")).replace(
        "signature { ",
        'signature { attr { name: "a" type: "int" default_value { i: 7 } } '
        'attr { name: "b" type: "int" default_value { i: 8 } } ',
    )
)


def test_attrs_that_are_left_out_have_their_default() -> None:
    done = after("add_default_attributes", DEFAULTS)
    assert done["conv"].attrs == {
        "T": DataType.DT_FLOAT,
        "padding": "SAME",
        "data_format": "NCHW",
        "use_cudnn_on_gpu": True,
        "explicit_paddings": (),
        "dilations": (1, 1, 1, 1),
    }
    assert done["ta"].attrs["element_shape"] == Shape(None)
    assert done["call"].attrs == {"a": 7, "b": 2}


def test_the_release_whose_defaults_count_can_be_named() -> None:
    assert "explicit_paddings" not in after("add_default_attributes(tensorflow=1.4)", DEFAULTS)["conv"].attrs
    with pytest.raises(OpselectError, match="no shipped index of TensorFlow 0\\.1"):
        after("add_default_attributes(tensorflow=0.1)", DEFAULTS)


def test_an_op_that_the_release_lacks_is_refused() -> None:
    graph = graph_of(node("m", "BatchMatMulV3"))
    with pytest.raises(TransformError, match="node 'm': TensorFlow 1\\.15\\.5 has no op 'BatchMatMulV3'"):
        after("add_default_attributes", graph)
    assert after("add_default_attributes(tensorflow=2.14)", graph)["m"].attrs["adj_x"] is False


def test_floats_are_as_a_file_has_them() -> None:
    done = after("add_default_attributes", graph_of(node("n", "FusedBatchNorm")))["n"]
    assert done.attrs["epsilon"] == float(np.float32(0.0001))


def test_the_original_keeps_the_versions_here() -> None:
    graph = graph_of(node("n", "NoOp") + "versions { producer: 134 }")
    context = Context(gtt=True)
    assert apply_steps(graph, parse_steps("add_default_attributes"), context).versions == Versions(134)
    assert apply_steps(graph, parse_steps("remove_device"), context).versions == Versions()
