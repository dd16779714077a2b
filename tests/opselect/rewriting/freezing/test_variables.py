"""A graph and a checkpoint in, a graph without variables out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from kernel_index.datatypes import DataType
from kernel_index.errors import InputError
from opselect.models.graph import Graph, Shape, StoredBytes, TensorRef, Versions
from opselect.models.storage import FileBytes, JoinedBytes
from opselect.rewriting.constants import constant_node
from opselect.rewriting.freezing import VariableSelection
from tests.opselect.rewriting.freezing.graphs import (
    FLOAT,
    INT,
    RESOURCE,
    W,
    by_name,
    checkpoint,
    frozen,
    graph,
    handle,
    node,
    read,
    value,
    variable,
)

TRAINED = graph(
    node("x", "Placeholder", dtype=FLOAT),
    node("w/init", "Const", dtype=FLOAT),
    variable("w", 2, 3, _class=("loc:@w",)),
    node("w/Assign", "Assign", "w", "w/init", T=FLOAT),
    node("w/read", "Identity", "w", T=FLOAT, _class=("loc:@w",)),
    node("y", "MatMul", "x", "w/read", T=FLOAT),
    node("gradients/y", "Neg", "y", T=FLOAT),
    node("save/SaveV2", "SaveV2", "w"),
)


@pytest.mark.parametrize("op", ["Variable", "VariableV2"])
def test_a_reference_becomes_a_constant_and_what_outputs_do_not_need_is_gone(tmp_path: Path, op: str) -> None:
    before = replace(TRAINED, nodes=tuple(replace(n, op=op) if n.name == "w" else n for n in TRAINED.nodes))
    result = frozen(before, checkpoint(tmp_path, w=W), "y")
    assert [each.name for each in result.graph.nodes] == ["x", "w", "w/read", "y"]
    assert result.variables == ("w",)
    nodes = by_name(result.graph)
    assert (value(nodes["w"]) == W).all()
    assert nodes["w"].attrs.keys() == {"dtype", "value"}
    assert nodes["w/read"] == by_name(before)["w/read"]


def test_weights_are_left_where_they_are(tmp_path: Path) -> None:
    tensor = by_name(frozen(TRAINED, checkpoint(tmp_path, w=W), "y").graph)["w"].attrs["value"]
    assert isinstance(tensor, TensorRef)
    assert isinstance(tensor.source, JoinedBytes)
    (weights,) = (piece for piece in tensor.source.pieces if isinstance(piece, StoredBytes))
    assert isinstance(weights.source, FileBytes)
    assert weights.length == W.nbytes


def test_versions_stay(tmp_path: Path) -> None:
    before = replace(TRAINED, versions=Versions(134, 12))
    assert frozen(before, checkpoint(tmp_path, w=W), "y").graph.versions == Versions(134, 12)


def test_outputs_may_be_tensors(tmp_path: Path) -> None:
    values = checkpoint(tmp_path, w=W)
    assert frozen(TRAINED, values, "y:0").graph == frozen(TRAINED, values, "y").graph


def test_devices_go_unless_they_are_to_stay(tmp_path: Path) -> None:
    before = replace(TRAINED, nodes=tuple(replace(each, device="/gpu:0") for each in TRAINED.nodes))
    values = checkpoint(tmp_path, w=W)
    assert {each.device for each in frozen(before, values, "y").graph.nodes} == {""}
    kept = by_name(frozen(before, values, "y", clear_devices=False).graph)
    assert {each.device for each in kept.values() if each.op != "Const"} == {"/gpu:0"}


def test_colocation_with_nodes_that_are_gone_goes(tmp_path: Path) -> None:
    before = graph(
        node("a", "Const", _class=("loc:@gone", "loc:@b")),
        node("b", "Neg", "a", _class=("loc:@gone",)),
        node("gone", "NoOp"),
    )
    nodes = by_name(frozen(before, checkpoint(tmp_path, w=W), "b").graph)
    assert nodes["a"].attrs == {"_class": ("loc:@b",)}
    assert nodes["b"].attrs == {}


def test_shapes_that_a_meta_graph_notes_stay(tmp_path: Path) -> None:
    noted = {"w/read": (Shape((2, 3)),), "y": (Shape((-1, 3)),)}
    nodes = tuple(
        replace(each, attrs={**each.attrs, "_output_shapes": noted[each.name]}) if each.name in noted else each
        for each in TRAINED.nodes
    )
    after = by_name(frozen(replace(TRAINED, nodes=nodes), checkpoint(tmp_path, w=W), "y").graph)
    assert {name: after[name].attrs["_output_shapes"] for name in noted} == noted


def test_a_resource_becomes_a_constant_and_its_readers_pass_it_on(tmp_path: Path) -> None:
    before = graph(
        handle("w", 2, 3, _class=("loc:@w",), _output_shapes=()),
        node("p", "Placeholder", dtype=INT),
        read("r", "w", FLOAT, "^p"),
        node("alias", "Identity", "w", T=RESOURCE, _output_shapes=()),
        node("g", "ResourceGather", "alias", "p", dtype=FLOAT, Tindices=INT, validate_indices=True, batch_dims=0),
        node("n", "ResourceGatherNd", "w", "p", dtype=FLOAT, Tindices=INT),
        node("s", "VariableShape", "w", out_type=INT),
        node("i", "VarIsInitializedOp", "w"),
        node("d", "DisableCopyOnRead", "w"),
        node("out", "NoOp", "^r", "^g", "^n", "^s", "^i", "^d"),
    )
    nodes = by_name(frozen(before, checkpoint(tmp_path, w=W), "out").graph)
    assert (value(nodes["w"]) == W).all()
    assert nodes["r"] == node("r", "Identity", "w", "^p", T=FLOAT)
    assert nodes["alias"] == node("alias", "Identity", "w", T=FLOAT)
    assert nodes["g"] == node("g", "GatherV2", "alias", "p", "g/axis", Tparams=FLOAT, Tindices=INT, Taxis=INT)
    assert value(nodes["g/axis"]) == np.int32(0)
    assert nodes["n"] == node("n", "GatherNd", "w", "p", Tparams=FLOAT, Tindices=INT)
    assert nodes["s"] == node("s", "Shape", "w", T=FLOAT, out_type=INT)
    assert value(nodes["i"]) == np.True_
    assert nodes["d"] == node("d", "NoOp")


def test_batch_dimensions_of_a_gather_are_kept(tmp_path: Path) -> None:
    before = graph(
        handle("w", 2, 3),
        node("p", "Placeholder", dtype=INT),
        node("g", "ResourceGather", "w", "p", dtype=FLOAT, Tindices=INT, batch_dims=1),
    )
    nodes = by_name(frozen(before, checkpoint(tmp_path, w=W), "g").graph)
    assert nodes["g"].attrs["batch_dims"] == 1
    assert value(nodes["g/axis"]) == np.int32(1)


def test_resources_go_through_while_loops(tmp_path: Path) -> None:
    before = graph(
        handle("w", 2, 3),
        node("p", "Placeholder", dtype=INT),
        node("enter", "Enter", "w", T=RESOURCE, frame_name="loop", _output_shapes=()),
        node("indices", "Enter", "p", T=INT, frame_name="loop"),
        node("merge", "Merge", "enter", "next", T=RESOURCE, N=2),
        node("continue", "LoopCond", "indices"),
        node("switch", "Switch", "merge", "continue", T=RESOURCE),
        node("r", "ReadVariableOp", "switch:1", dtype=FLOAT),
        node("g", "ResourceGather", "switch:1", "indices", dtype=FLOAT, Tindices=INT),
        node("next", "NextIteration", "switch:1", "^r", "^g", T=RESOURCE),
        node("exit", "Exit", "switch", T=RESOURCE),
        read("out", "exit"),
    )
    nodes = by_name(frozen(before, checkpoint(tmp_path, w=W), "out").graph)
    for name in ("enter", "merge", "switch", "next", "exit", "r", "out"):
        assert nodes[name].attrs["T"] is FLOAT, name
        assert "_output_shapes" not in nodes[name].attrs
    assert nodes["g/axis"].inputs == ("^switch",)  # or it would run outside of the loop


def test_references_through_control_flow_become_values(tmp_path: Path) -> None:
    before = graph(
        variable("w", 2, 3),
        node("p", "Placeholder"),
        node("switch", "RefSwitch", "w", "p", T=FLOAT),
        node("merge", "RefMerge", "switch", "switch:1", T=FLOAT, N=2),
        node("enter", "RefEnter", "merge", T=FLOAT, frame_name="loop"),
        node("same", "RefIdentity", "enter", T=FLOAT),
        node("ready", "IsVariableInitialized", "w"),
        node("out", "Neg", "same", "^ready", T=FLOAT),
    )
    nodes = by_name(frozen(before, checkpoint(tmp_path, w=W), "out").graph)
    assert [nodes[name].op for name in ("switch", "merge", "enter", "same")] == ["Switch", "Merge", "Enter", "Identity"]
    assert nodes["ready"].op == "Const"
    assert nodes["out"] == by_name(before)["out"]


def test_one_variable_may_have_several_nodes(tmp_path: Path) -> None:
    before = graph(
        handle("w", 2, 3), handle("w_again", 2, 3, shared_name="w"), read("a", "w"), read("b", "w_again"),
        node("out", "AddV2", "a", "b", T=FLOAT),
    )  # fmt: skip
    result = frozen(before, checkpoint(tmp_path, w=W), "out")
    assert result.variables == ("w",)
    assert (value(by_name(result.graph)["w_again"]) == W).all()


KEPT = graph(
    handle("a", 2, 3), handle("b", 2, 3), read("ra", "a"), read("rb", "b"), node("out", "AddV2", "ra", "rb", T=FLOAT)
)


@pytest.mark.parametrize("selection", [VariableSelection(without=("b",)), VariableSelection(only=("a",))])
def test_variables_that_are_to_stay_are_read_as_before(tmp_path: Path, selection: VariableSelection) -> None:
    result = frozen(KEPT, checkpoint(tmp_path, a=W), "out", selection=selection)
    nodes = by_name(result.graph)
    assert result.variables == ("a",)
    assert nodes["ra"].op == "Identity"
    assert nodes["b"] == by_name(KEPT)["b"]
    assert nodes["rb"] == by_name(KEPT)["rb"]


def test_a_list_that_names_no_variable_is_a_note(tmp_path: Path) -> None:
    before = graph(variable("weights", 2, 3), node("y", "Neg", "weights", T=FLOAT))
    result = frozen(before, checkpoint(tmp_path, weights=W), "y", selection=VariableSelection(without=("weigths",)))
    assert result.notes == ("no variable is named 'weigths'; did you mean weights?",)


def test_a_graph_without_variables_needs_no_checkpoint() -> None:
    before = graph(node("x", "Placeholder"), node("y", "Neg", "x"), node("z", "Neg", "x"))
    result = frozen(before, None, "y")
    assert [each.name for each in result.graph.nodes] == ["x", "y"]
    assert result.notes == ("the graph has no variables; perhaps it was frozen before",)


ASSIGNED = graph(
    handle("w", 2, 3),
    node("v", "Const"),
    node("assign", "AssignVariableOp", "w", "v", dtype=FLOAT),
    read("r", "w", FLOAT, "^assign"),
)
REFUSED: dict[str, tuple[Graph, str, str]] = {
    "assigned resource": (ASSIGNED, "r", "node 'assign' changes the variable 'w' by op AssignVariableOp"),
    "assigned reference": (
        graph(variable("w", 2, 3), node("v", "Const"), node("add", "AssignAdd", "w", "v"), node("y", "Neg", "add")),
        "y",
        "node 'add' changes the variable 'w' by op AssignAdd",
    ),
    "handed on": (
        graph(handle("w", 2, 3), node("use", "SerializeIterator", "w")),
        "use",
        "node 'use' uses the variable 'w' by op SerializeIterator, which needs a variable",
    ),
    "unknown op": (
        graph(variable("w", 2, 3), node("use", "Custom>Op", "w")),
        "use",
        "node 'use' has the variable 'w' as input, and its op Custom>Op is not known",
    ),
    "read as another type": (
        graph(handle("w", 2, 3), node("r", "ReadVariableOp", "w", dtype=INT)),
        "r",
        "node 'r' reads the variable 'w' as DT_INT32, which is DT_FLOAT",
    ),
    "merged with something else": (
        graph(
            handle("w", 2, 3), node("p", "Placeholder", dtype=RESOURCE), node("m", "Merge", "w", "p"), read("r", "m")
        ),
        "r",
        "node 'm' is the variable 'w' or something that does not become a constant",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_no_constant_can_do_is_refused_with_the_node(tmp_path: Path, case: str) -> None:
    before, output, problem = REFUSED[case]
    with pytest.raises(InputError) as error:
        frozen(before, checkpoint(tmp_path, w=W), output)
    assert problem in str(error.value)


def test_a_variable_that_is_assigned_may_stay(tmp_path: Path) -> None:
    result = frozen(ASSIGNED, checkpoint(tmp_path, w=W), "r", selection=VariableSelection(without=("w",)))
    assert by_name(result.graph) == by_name(ASSIGNED)


def test_all_that_is_refused_is_said_at_once(tmp_path: Path) -> None:
    before = graph(
        handle("w", 2, 3), node("v", "Const"), node("a", "AssignVariableOp", "w", "v"),
        node("b", "AssignAddVariableOp", "w", "v"), node("out", "NoOp", "^a", "^b"),
    )  # fmt: skip
    with pytest.raises(InputError, match=r"node 'a' (.|\n)* node 'b' "):
        frozen(before, checkpoint(tmp_path, w=W), "out")


def test_a_node_that_stays_must_not_share_a_variable_that_goes(tmp_path: Path) -> None:
    before = graph(
        handle("w", 2, 3), handle("same", 2, 3, shared_name="w"), read("a", "w"), read("b", "same"),
        node("out", "NoOp", "^a", "^b"),
    )  # fmt: skip
    with pytest.raises(InputError, match="node 'same' is to stay, but is the same variable as 'w'"):
        frozen(before, checkpoint(tmp_path, w=W), "out", selection=VariableSelection(without=("same",)))


def test_an_output_that_does_not_exist_is_named_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no node 'w/raed' for the output; did you mean w/read"):
        frozen(TRAINED, checkpoint(tmp_path, w=W), "w/raed")


def test_initializers_assign_constants(tmp_path: Path) -> None:
    ones = by_name(frozen(graph(variable("c", 2, 3)), checkpoint(tmp_path, c=W + 1), "c").graph)["c"]
    before = graph(
        variable("local", 2, 3), replace(ones, name="one"), node("copy", "Identity", "one", T=FLOAT),
        node("set", "Assign", "local", "copy"), node("init", "NoOp", "^set"), node("y", "Neg", "local", T=FLOAT),
    )  # fmt: skip
    assert (value(by_name(frozen(before, None, "y", initializers=("init",)).graph)["local"]) == W + 1).all()


def test_initializers_that_compute_are_refused(tmp_path: Path) -> None:
    before = graph(
        variable("w", 2, 3),
        node("random", "RandomUniform"),
        node("set", "Assign", "w", "random"),
        node("y", "Neg", "w"),
    )
    with pytest.raises(InputError, match="node 'set': would set the variable 'w' to what 'random' computes"):
        frozen(before, checkpoint(tmp_path, w=W), "y", initializers=("set",))


def test_a_main_op_that_computes_is_named_with_the_way_out(tmp_path: Path) -> None:
    before = graph(
        variable("w", 2, 3),
        node("random", "RandomUniform"),
        node("set", "Assign", "w", "random"),
        node("group", "NoOp", "^set"),
        node("y", "Neg", "w"),
    )
    with pytest.raises(InputError, match=r"main op 'group'.* throws away .* 'w' .*: node 'set' would set") as error:
        frozen(before, checkpoint(tmp_path, w=W), "y", main_op=("group",))
    assert "--initializer_nodes=" in error.value.advice


def test_a_main_op_that_sets_what_a_loader_feeds_is_named() -> None:
    before = graph(
        variable("w", 2, 3),
        node("path", "Placeholder"),
        node("set", "Assign", "w", "path"),
        node("group", "NoOp", "^set"),
        node("y", "Neg", "w"),
    )
    with pytest.raises(InputError, match="sets 'w' to what the loader feeds to 'path', such as the path of an asset"):
        frozen(before, None, "y", main_op=("group",))


def test_what_the_user_runs_counts_after_what_the_loader_runs(tmp_path: Path) -> None:
    before = graph(
        variable("w", 2, 3), constant_node("one", W + 1, FLOAT), constant_node("two", W + 2, FLOAT),
        node("main", "Assign", "w", "one"), node("mine", "Assign", "w", "two"), node("y", "Neg", "w"),
    )  # fmt: skip
    by_loader = frozen(before, checkpoint(tmp_path, w=W), "y", main_op=("main",))
    assert (value(by_name(by_loader.graph)["w"]) == W + 1).all()
    by_both = frozen(before, checkpoint(tmp_path, w=W), "y", main_op=("main",), initializers=("mine",))
    assert (value(by_name(by_both.graph)["w"]) == W + 2).all()


def test_a_gather_has_no_batch_dimensions_where_the_file_left_them_out(tmp_path: Path) -> None:
    before = graph(
        handle("w", 2, 3),
        node("at", "Placeholder", dtype=DataType.DT_INT32),
        node("row", "ResourceGather", "w", "at", dtype=FLOAT, Tindices=DataType.DT_INT32),
        node("own", "GatherV2", "row", "at", "at", Tparams=FLOAT, Tindices=DataType.DT_INT32, Taxis=DataType.DT_INT32),
    )
    after = by_name(frozen(before, checkpoint(tmp_path, w=W), "own", defaults_of="1.15.0").graph)
    assert "batch_dims" not in after["row"].attrs
    assert after["own"].attrs["batch_dims"] == 0


def test_what_is_made_of_a_variable_has_no_device(tmp_path: Path) -> None:
    before = graph(
        handle("w", 2, 3),
        variable("v", 2, 3),
        read("read", "w"),
        node("at", "Placeholder", dtype=DataType.DT_INT32),
        node("row", "ResourceGather", "w", "at", dtype=FLOAT, Tindices=DataType.DT_INT32),
        node("same", "Identity", "v", T=FLOAT),
        node("out", "NoOp", "^read", "^row", "^same"),
    )
    before = replace(before, nodes=tuple(replace(each, device="/cpu:0") for each in before.nodes))
    after = by_name(frozen(before, checkpoint(tmp_path, w=W, v=W), "out", clear_devices=False).graph)
    assert sorted(after) == ["at", "out", "read", "row", "row/axis", "same", "v", "w"]
    assert sorted(name for name, each in after.items() if each.device) == ["at", "out", "same"]


def test_a_table_that_nothing_fills_any_more_is_a_note() -> None:
    before = graph(
        node("table", "HashTableV2"),
        node("fill", "InitializeTableV2", "table"),
        node("y", "LookupTableFindV2", "table"),
    )
    assert any("'table' stays, but no output needs 'fill'" in each for each in frozen(before, None, "y").notes)
    assert not any("fill" in each for each in frozen(before, None, "y", "fill").notes)
