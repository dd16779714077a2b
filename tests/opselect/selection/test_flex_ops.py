"""Operators of models and kernels of a release in, what ``list_flex_ops`` lists out."""

from __future__ import annotations

from dataclasses import replace

from kernel_index.index import MemoryIndex
from opselect.build_lists.flex_ops import selected_pairs
from opselect.lite.operators import LiteModel
from opselect.models.graph import Node
from opselect.models.graph.tflite import TfliteModel, TfliteOperator, TfliteSubgraph
from opselect.requirements.collect import Requirement, Requirements
from opselect.selection.flex_ops import FlexOps, flex_names, flex_ops
from opselect.selection.select import select
from tests.opselect.sample import DOUBLE, FLOAT, definition, index, kernel

MUL = replace(kernel("Mul", FLOAT), kernel_class="MulOp<float>")
MUL_OF_DOUBLES = replace(kernel("Mul", DOUBLE, line=11), kernel_class="MulOp<double>")
RELEASE = index([MUL, MUL_OF_DOUBLES], [definition("Mul"), definition("Times")])


def operator(op: str = "Mul", name: str = "", device: str = "", **attrs: object) -> TfliteOperator:
    node = Node("n", op, device=device, attrs=attrs)  # type: ignore[arg-type]  # values of attrs, by keyword
    return TfliteOperator(f"Flex{name or op}", is_custom=True, node=node)


def model(*operators: TfliteOperator, name: str = "m.tflite") -> LiteModel:
    return LiteModel(name, TfliteModel(3, "", (TfliteSubgraph("main", operators=operators),)))


def listed(*operators: TfliteOperator, release: MemoryIndex = RELEASE, profile: str = "desktop") -> FlexOps:
    return flex_ops([model(*operators)], release, profile)


def test_pairs_are_sorted_and_each_once() -> None:
    found = listed(operator(T=FLOAT), operator(T=DOUBLE), operator(T=FLOAT))
    assert found == FlexOps((("Mul", "MulOp<double>"), ("Mul", "MulOp<float>")))


def test_the_op_is_called_as_the_operator_and_its_class_is_that_of_the_node() -> None:
    assert listed(operator(name="Product", T=FLOAT)).pairs == (("Product", "MulOp<float>"),)
    assert flex_names([model(operator(name="Product", T=FLOAT), operator(T=FLOAT))]) == ("Mul", "Product")


def test_the_kernel_is_one_of_the_profile() -> None:
    phones = replace(MUL, profiles=("android-slim",))
    found = listed(operator(T=FLOAT), release=index([phones], [definition("Mul")]))
    assert found.pairs == ()
    assert "Failed to find kernel class for op: Mul" in found.lost[0].reason
    assert listed(operator(T=FLOAT), release=index([phones], [definition("Mul")]), profile="android-slim").pairs


def test_the_kernel_is_for_the_cpu_whatever_device_the_node_names() -> None:
    assert listed(operator(device="/device:GPU:0", T=FLOAT)).pairs == (("Mul", "MulOp<float>"),)
    for_gpus = replace(MUL, device="GPU")
    assert listed(operator(device="/device:GPU:0", T=FLOAT), release=index([for_gpus], [definition("Mul")])).lost


def test_a_label_asks_for_another_kernel() -> None:
    labelled = replace(kernel("Mul", FLOAT, label="fast", line=12), kernel_class="FastMul")
    release = index([MUL, labelled], [definition("Mul")])
    assert listed(operator(T=FLOAT, _kernel="fast"), release=release).pairs == (("Mul", "FastMul"),)
    assert "Failed to find kernel class" in listed(operator(T=FLOAT, _kernel="odd")).lost[0].reason


def test_the_same_loss_in_several_models_is_one_finding() -> None:
    models = [model(operator("Times", T=FLOAT), name="a"), model(operator("Times", T=FLOAT), name="b")]
    (lost,) = flex_ops(models, RELEASE, "desktop").lost
    assert (lost.code, lost.count, lost.models) == ("OPS129", 2, ("a", "b"))
    assert lost.nodes == ("subgraph_0/operator_0",)


def test_ops_without_a_kernel_are_in_a_list_of_a_selection_by_name() -> None:
    needed = Requirements((Requirement("Mul", (("T", FLOAT),)),))
    selection = select(needed, RELEASE, "desktop", named_ops=("Times",))
    assert selected_pairs(selection, RELEASE, functions=True) == (("Mul", "MulOp<float>"), ("Times", None))
