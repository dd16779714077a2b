"""Graphs in, requirements out; merging; JSON."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given

from kernel_index.datatypes import DataType
from kernel_index.errors import InputError
from kernel_index.index import MemoryIndex
from kernel_index.records import (
    ArgDefinition,
    AttrDefinition,
    AttrValue,
    BuildLists,
    Constraint,
    KernelRegistration,
    Location,
    OpDefinition,
    ScanResult,
)
from kernel_index.shipped import find
from kernel_index.store import open_index
from opselect.models.formats import read_graph
from opselect.models.graph import Entry
from opselect.requirements.collect import Requirement, Requirements, collect_requirements
from tests.opselect.graph_text import function, graph_of, node
from tests.opselect.requirement_values import requirements

MODELS = Path(__file__).parents[3] / "fixtures" / "models"
HERE = Location("x.cc", 1)
FLOAT, INT32, HALF, STRING = DataType.DT_FLOAT, DataType.DT_INT32, DataType.DT_HALF, DataType.DT_STRING


def op(name: str, *attrs: AttrDefinition, outputs: tuple[str, ...] = ()) -> OpDefinition:
    return OpDefinition(name, (), tuple(ArgDefinition("o", text) for text in outputs), attrs, HERE)


def registration(name: str, **constraints: tuple[AttrValue, ...]) -> KernelRegistration:
    return KernelRegistration(
        name,
        "CPU",
        "Kernel",
        HERE,
        ("android",),
        constraints=tuple(Constraint(attr, allowed) for attr, allowed in constraints.items()),  # type: ignore[arg-type]
    )


INDEX = MemoryIndex(
    ScanResult(
        "9.9",
        ("android",),
        (registration("MatMul", T=(FLOAT,)), registration("MutableHashTable", key_dtype=(STRING,), mode=("a", "b"))),
        (
            op("MatMul", AttrDefinition("T", "type"), AttrDefinition("transpose_a", "bool", has_default=True)),
            op(
                "Cumsum",
                AttrDefinition("T", "type"),
                AttrDefinition("Tidx", "type", has_default=True, default=INT32),
                AttrDefinition("exclusive", "bool", has_default=True, default=False),
            ),
            op("Empty", AttrDefinition("Ts", "list(type)", has_default=True, default=())),
            op(
                "MutableHashTable",
                AttrDefinition("key_dtype", "type"),
                AttrDefinition("mode", "string", has_default=True, default="a"),
            ),
            op("Split", AttrDefinition("T", "type"), outputs=("int32", "T")),
        ),
        BuildLists(),
    )
)


def needs(text: str, inputs: tuple[str, ...] = (), outputs: tuple[str, ...] = ()) -> Requirements:
    return collect_requirements(graph_of(text), "m.pb", index=INDEX, entries=[Entry(inputs, outputs)])


def only(text: str) -> Requirement:
    (item,) = needs(text).items
    return item


def test_types_of_the_node_count_and_other_attrs_do_not() -> None:
    text = node("n", "MatMul", attrs="T: type: DT_FLOAT; transpose_a: b: true; _output_shapes: list { shape { } }")
    assert only(text) == Requirement("MatMul", (("T", FLOAT),), nodes=("n",), models=("m.pb",))


def test_defaults_of_the_definition_are_filled_in() -> None:
    assert only(node("n", "Cumsum", attrs="T: type: DT_HALF")).attrs == (("T", HALF), ("Tidx", INT32))
    assert only(node("n", "Cumsum", attrs="Tidx: type: DT_INT64")).attrs == (("Tidx", DataType.DT_INT64),)


def test_every_attr_that_a_registration_constrains_on_counts() -> None:
    attrs = (("key_dtype", STRING), ("mode", "a"))
    assert only(node("n", "MutableHashTable", attrs="key_dtype: type: DT_STRING")).attrs == attrs
    assert only(node("n", "MutableHashTable", attrs='mode: s: "b"')).attrs == (("mode", "b"),)


def test_lists_of_types() -> None:
    assert only(node("n", "Empty")).attrs == (("Ts", ()),)
    listed = only(node("n", "Empty", attrs="Ts: list { type: DT_INT32 type: DT_STRING }"))
    assert listed.attrs == (("Ts", (INT32, STRING)),)


@pytest.mark.parametrize("index", [INDEX, None])
def test_an_unknown_op_keeps_its_types(index: MemoryIndex | None) -> None:
    text = node(
        "n", "New", attrs="B: type: DT_HALF; A: list { type: DT_HALF }; _T: type: DT_HALF; n: i: 1; e: list { }"
    )
    (item,) = collect_requirements(graph_of(text), "m.pb", index=index).items
    assert item.attrs == (("A", (HALF,)), ("B", HALF))


def test_nodes_that_need_the_same_are_counted_and_five_are_named() -> None:
    item = only("".join(node(name, "NoOp") for name in "gfedcba"))
    assert (item.count, item.nodes) == (7, ("a", "b", "c", "d", "e"))


def test_types_devices_and_labels_make_different_requirements() -> None:
    text = (
        node("a", "MatMul", attrs="T: type: DT_FLOAT")
        + node("b", "MatMul", attrs="T: type: DT_HALF")
        + node("c", "MatMul", attrs="T: type: DT_FLOAT", device="/gpu:0")
        + node("d", "MatMul", attrs='T: type: DT_FLOAT; _kernel: s: "eigen"')
    )
    assert {(item.nodes, item.device, item.label) for item in needs(text).items} == {
        (("a",), "", ""),
        (("b",), "", ""),
        (("c",), "GPU", ""),
        (("d",), "", "eigen"),
    }


def test_only_what_the_outputs_need() -> None:
    text = node("x", "Placeholder") + node("y", "Neg", "x") + node("z", "Abs", "x")
    assert [item.op for item in needs(text, outputs=("y",)).items] == ["Neg", "Placeholder"]


def test_a_node_that_is_fed_counts_as_placeholder_of_its_type() -> None:
    text = (
        node("s", "Split", attrs="T: type: DT_HALF")
        + node("y", "Neg", "s:1")
        + node("u", "New")
        + node("z", "Neg", "u")
    )

    def placeholders(*inputs: str) -> list[object]:
        found = needs(text, inputs=inputs, outputs=("y", "z")).items
        return [(item.attrs, item.nodes) for item in found if item.op == "Placeholder"]

    assert placeholders("s:1") == [((("dtype", HALF),), ("s",))]
    assert placeholders("s") == [((("dtype", INT32),), ("s",))]
    assert placeholders("u") == [((), ("u",))]
    assert "Split" not in {item.op for item in needs(text, inputs=("s",), outputs=("y",)).items}


def test_functions_count_and_their_call_needs_no_kernel() -> None:
    text = function("f", node("n", "MatMul", attrs='T: placeholder: "T"'), attrs="T")
    item = only(text + node("call", "f", attrs="T: type: DT_FLOAT"))
    assert item == Requirement("MatMul", (("T", FLOAT),), nodes=("f:n",), models=("m.pb",))


def test_real_model() -> None:
    graph = read_graph(MODELS / "tiny_mobilenet.pb")
    found = collect_requirements(graph, "tiny.pb", index=None, entries=[Entry(outputs=("MobilenetV2/Predictions",))])
    counts = {(item.op, *(value for _, value in item.attrs)): item.count for item in found.items}
    assert counts[("DepthwiseConv2dNative", FLOAT)] == 5
    assert counts[("FusedBatchNormV3", FLOAT, FLOAT)] == 16
    assert counts[("Pad", FLOAT, INT32)] == 3
    assert sum(counts.values()) == len(graph.nodes)
    assert found.warnings == ()


def test_training_graphs_warn_unless_outputs_are_named() -> None:
    graph = read_graph(MODELS / "training.pb")
    (warning,) = collect_requirements(graph, "t.pb", index=None).warnings
    assert "training graph" in warning
    stripped = collect_requirements(
        graph, "t.pb", index=None, entries=[Entry(("examples_DequeueMany",), ("prediction",))]
    )
    assert stripped.warnings == ()
    assert {item.op for item in stripped.items} == {"Identity", "MatMul", "Placeholder", "VariableV2"}


def test_warnings_name_what_is_not_known() -> None:
    call = 'f: func { name: "gone" }'
    text = node("x", "Neg") + node("c", "PartitionedCall", attrs=call)
    text += function("g", node("n", "Neg", attrs='T: placeholder: "T"'), attrs="T")
    text += node("d", "SymbolicGradient", attrs='f: func { name: "g" }')
    warnings = needs(text, inputs=("x",), outputs=("c", "d")).warnings
    assert len(warnings) == 4
    joined = "\n".join(warnings)
    assert "node 'c' names function 'gone'" in joined
    assert "gradient of function 'g'" in joined
    assert "attr 'T' of function 'g'" in joined
    assert "input 'x' does not contribute" in joined


def test_a_broken_graph_is_refused() -> None:
    with pytest.raises(InputError, match="which does not exist"):
        needs(node("a", "Neg", "gone"))


def without_counts(value: Requirements) -> object:
    return [
        (item.op, item.attrs, item.device, item.label, item.origin, item.nodes, item.models) for item in value.items
    ], value.warnings


@given(one=requirements, other=requirements, third=requirements)
def test_merging_does_not_depend_on_order_or_grouping(
    one: Requirements, other: Requirements, third: Requirements
) -> None:
    merge = Requirements.merge
    assert merge([one, other]) == merge([other, one])
    assert merge([one, merge([other, third])]) == merge([merge([one, other]), third]) == merge([one, other, third])
    assert merge([one]) == merge([one, Requirements()]) == one
    assert without_counts(merge([one, one])) == without_counts(one)
    assert [item.count for item in merge([one, one]).items] == [2 * item.count for item in one.items]
    assert [item.model_count for item in merge([one, one]).items] == [2 * item.model_count for item in one.items]


def test_of_many_models_the_first_by_name_are_examples_and_all_are_counted() -> None:
    text = node("n", "NoOp")
    names = [f"m{number:03}.pb" for number in range(100)]
    parts = [collect_requirements(graph_of(text), name, index=None) for name in names]
    (item,) = Requirements.merge(reversed(parts)).items
    assert item == Requirement("NoOp", count=100, nodes=("n",), models=tuple(names[:20]), model_count=100)


def shipped_needs(text: str) -> dict[tuple[str, str], Requirement]:
    """The requirements by release 2.14, by op and by what kind of origin they have."""
    found = collect_requirements(graph_of(text), "m.pb", index=open_index(find("2.14")))
    return {(item.op, item.origin.kind if item.origin is not None else ""): item for item in found.items}


CONV = (
    node("x", "Placeholder", attrs="dtype: type: DT_FLOAT")
    + node("conv", "Conv2D", "x", "x", attrs="T: type: DT_FLOAT")
    + node("bias", "BiasAdd", "conv", "x", attrs="T: type: DT_FLOAT")
)


def test_what_the_runtime_may_insert_names_the_node_and_the_reason() -> None:
    fused = shipped_needs(CONV)["_FusedConv2D", "inserted"]
    assert (fused.nodes, fused.count, dict(fused.attrs)["T"], fused.models) == (("bias",), 1, FLOAT, ("m.pb",))
    assert fused.may_insert
    assert fused.origin is not None
    assert "grappler/optimizers/remapper.cc" in fused.origin.why


def test_in_a_function_the_node_is_named_with_it() -> None:
    text = function("f", CONV)
    found = shipped_needs(text + node("c", "PartitionedCall", attrs='f: func { name: "f" }'))
    assert found["_FusedConv2D", "inserted"].nodes == ("f:bias",)


def test_what_is_needed_anyway_is_not_inserted_too() -> None:
    square = node("s", "Mul", "x", "x", attrs="T: type: DT_FLOAT")
    assert ("Square", "inserted") in shipped_needs(CONV + square)
    own = node("q", "Square", "x", attrs="T: type: DT_FLOAT")
    assert ("Square", "inserted") not in shipped_needs(CONV + square + own)
    assert ("NoOp", "inserted") not in shipped_needs(CONV + function("f", node("n", "Neg")) + node("c", "f"))


def test_an_op_that_is_replaced_is_no_requirement_of_its_own() -> None:
    found = shipped_needs(node("a", "AccumulateNV2", attrs="T: type: DT_FLOAT"))
    assert ("AccumulateNV2", "replaced") in found
    assert ("AccumulateNV2", "") not in found
    assert found["TemporaryVariable", "added"].attrs == (("dtype", FLOAT),)


def test_without_inserted() -> None:
    index = open_index(find("2.14"))
    found = collect_requirements(graph_of(CONV), "m.pb", index=index)
    left = found.without_inserted()
    assert collect_requirements(graph_of(CONV), "m.pb", index=index, inserted=False) == left
    assert {item.op for item in left.items} == {"BiasAdd", "Conv2D", "Placeholder"}
    assert left.warnings == found.warnings


@pytest.mark.parametrize("name", ["functions", "jpeg_training", "tiny_mobilenet", "training", "while_v1"])
def test_what_is_not_looked_for_is_what_would_be_left_out(name: str) -> None:
    graph = read_graph(Path(f"fixtures/models/{name}.pb"))
    for release in ("1.15", "2.14"):
        index = open_index(find(release))
        found = collect_requirements(graph, "m.pb", index=index)
        assert collect_requirements(graph, "m.pb", index=index, inserted=False) == found.without_inserted()


def test_without_an_index_nothing_is_known_of_the_runtime() -> None:
    assert all(item.origin is None for item in collect_requirements(graph_of(CONV), "m.pb", index=None).items)


def test_values_of_other_kinds_are_other_values_even_where_python_finds_them_equal() -> None:
    index = MemoryIndex(ScanResult("9.9", ("android",), (registration("Odd", n=(1,)),), (), BuildLists()))
    written = ("i: 1", "b: true", "f: 1", "f: 0", "f: -0.0", "list { i: 1 }", "list { b: true }")
    text = "".join(
        node(f"n{number:02}", "Odd", attrs=f"n: {value}") for number, value in enumerate((*written, *written))
    )
    items = collect_requirements(graph_of(text), "m.pb", index=index).items
    assert sorted(item.nodes for item in items) == [(f"n{i:02}", f"n{i + 7:02}") for i in range(7)]


def test_uses_differ_by_what_feeds_a_node_and_where_it_is() -> None:
    text = (
        node("half", "Cumsum", attrs="T: type: DT_HALF")
        + node("s", "Split", attrs="T: type: DT_HALF")
        + "".join(node(f"a{i}", "New", "s", attrs="n: i: 7") for i in range(2))
        + "".join(node(f"b{i}", "New", "s:1", attrs="n: i: 7") for i in range(2))
        + node("c", "New", "^half", "s", attrs="n: i: 7")
        + node("call", "F", attrs="T: type: DT_HALF")
        + function("F", node("inner", "New", attrs="n: i: 7"))
        + node("d", "New", attrs="n: i: 7")
    )
    uses = [use for use in needs(text).loads.uses if use.op == "New"]
    assert sorted((use.nodes, use.inputs, use.in_function, bool(use.misfit)) for use in uses) == [
        (("F:inner",), (), True, False),
        (("a0", "a1"), ("DT_INT32",), False, False),
        (("b0", "b1"), ("DT_HALF",), False, False),
        (("c",), ("DT_INT32",), False, True),
        (("d",), (), False, False),
    ]
