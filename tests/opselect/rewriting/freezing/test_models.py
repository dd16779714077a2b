"""Models of every form in, frozen graphs out."""

from __future__ import annotations

import contextlib
import random
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from kernel_index.datatypes import DataType
from kernel_index.errors import InputError
from opselect import open_checkpoint
from opselect.models.formats import graphdef_writer, read_graph
from opselect.models.formats.graphdef_writer import write_graph
from opselect.models.graph import (
    FunctionRef,
    Graph,
    MetaGraph,
    Shape,
    Signature,
    TensorInfo,
    check_graph,
    expand_functions,
)
from opselect.rewriting.freezing import Options, VariableSelection, freeze_model
from opselect.rewriting.freezing.defaults import with_defaults
from opselect.rewriting.freezing.signature_graph import signature_graph
from opselect.rewriting.freezing.signatures import chosen_signatures, output_names
from tests.opselect.models.formats.checkpoint_files import write_bundle
from tests.opselect.rewriting.freezing.graphs import (
    FLOAT,
    RESOURCE,
    W,
    by_name,
    call,
    function,
    graph,
    handle,
    node,
    read,
    value,
    variable,
)

FIXTURES = Path(__file__).parents[4] / "fixtures"
SAVED_MODELS = FIXTURES / "saved_models"
VARIABLES = frozenset({"Variable", "VariableV2", "VarHandleOp", "ReadVariableOp"})


def ops(after: Graph) -> set[str]:
    """All ops of a graph and its functions."""
    return {each.op for nodes in (after.nodes, *(f.nodes for f in after.functions)) for each in nodes}


@pytest.mark.parametrize(
    "name", ["sm2_functional_cnn", "sm2_nested_functions_map_fn", "sm2_text_lookup_assets", "sm2_tf_data_in_library"]
)
@pytest.mark.parametrize("by_outputs", [True, False])
def test_a_saved_model_of_2x_becomes_a_graph_without_variables(name: str, by_outputs: bool) -> None:
    options = Options(outputs=("StatefulPartitionedCall",)) if by_outputs else Options()
    after = freeze_model(str(SAVED_MODELS / name), options).graph
    check_graph(after, name)
    assert not ops(after) & VARIABLES
    assert expand_functions(after, after.nodes, name).missing == {}
    assert {each.name for each in after.functions} == set(expand_functions(after, after.nodes, name).functions)


def test_a_signature_says_what_its_tensors_are_called() -> None:
    frozen = freeze_model(str(SAVED_MODELS / "sm2_functional_cnn"), Options())
    assert frozen.inputs == {"image": "image:0"}
    assert frozen.outputs == {"probs": "Identity:0", "score": "Identity_1:0"}
    assert by_name(frozen.graph)["image"] == node("image", "Placeholder", dtype=FLOAT, shape=Shape((-1, 16, 16, 3)))


def test_several_signatures_are_frozen_in_the_graph_of_the_file() -> None:
    path = str(SAVED_MODELS / "sm2_multi_signatures")
    frozen = freeze_model(path, Options(signatures=("decode", "serving_default")))
    assert {"decode_img", "PartitionedCall", "serving_default_x", "StatefulPartitionedCall"} < set(
        by_name(frozen.graph)
    )
    assert frozen.outputs == {}
    with pytest.raises(InputError, match="changes the variable 'Variable'"):
        freeze_model(path, Options(all_signatures=True))
    kept = freeze_model(
        path, Options(all_signatures=True, selection=VariableSelection(without=("Variable", "Variable_1")))
    )
    assert kept.variables == ()


def test_a_variable_of_a_signature_that_changes_it_may_stay() -> None:
    path = str(SAVED_MODELS / "sm2_while_cond_functional")
    with pytest.raises(
        InputError, match=r"node 'cond/AssignAddVariableOp' of function .* changes the variable 'Variable'"
    ):
        freeze_model(path, Options())
    frozen = freeze_model(path, Options(selection=VariableSelection(without=("Variable",))))
    nodes = by_name(frozen.graph)
    assert frozen.variables == ("Variable_1",)
    assert nodes["unknown_0"].op == "VarHandleOp"
    assert nodes["unknown_0"].attrs["shared_name"] == "Variable"
    assert nodes["StatefulPartitionedCall/ReadVariableOp"].op == "ReadVariableOp"


def test_tables_stay_and_what_fills_them_is_named() -> None:
    frozen = freeze_model(str(SAVED_MODELS / "sm2_text_lookup_assets"), Options())
    assert by_name(frozen.graph)["unknown"].op == "HashTableV2"
    assert [note.split(" stays")[0] for note in frozen.notes] == ["the table 'hash_table_1'", "the table 'hash_table'"]
    assert "'StatefulPartitionedCall_1', which fills it" in frozen.notes[0]


PLUS = function(
    "plus", {"a": FLOAT, "w": RESOURCE}, {"b": (FLOAT, "s:z:0")},
    read("r", "w"), node("s", "AddV2", "a", "r:value:0", T=FLOAT),
)  # fmt: skip
SERVING = graph(
    node("fed", "Placeholder", dtype=FLOAT),
    handle("v", 2, 3),
    call("run", "plus", "fed", "v", takes=(FLOAT, RESOURCE), gives=(FLOAT,)),
    functions=(PLUS,),
)
RESULT = TensorInfo("run:0")
SIGNATURE = Signature({"x": TensorInfo("fed:0")}, {"y": RESULT})


def test_the_graph_of_a_signature_is_the_body_of_its_function() -> None:
    made = signature_graph(SERVING, SIGNATURE, "model")
    assert made is not None
    assert [(each.name, each.op) for each in made.graph.nodes] == [
        ("a", "Placeholder"), ("w", "VarHandleOp"), ("r", "ReadVariableOp"), ("s", "AddV2"),
    ]  # fmt: skip
    assert by_name(made.graph)["w"].attrs["shared_name"] == "v"
    assert (made.inputs, made.outputs, made.names) == ({"x": "a:0"}, {"y": "s:0"}, {"w": "v"})


OTHER_FORMS: dict[str, tuple[Graph, Signature]] = {
    "no call": (graph(node("fed", "Placeholder"), node("run", "Neg", "fed")), SIGNATURE),
    "no function": (replace(SERVING, functions=()), SIGNATURE),
    "two nodes": (SERVING, replace(SIGNATURE, outputs={"y": TensorInfo("run:0"), "z": TensorInfo("fed:0")})),
    "a computed capture": (
        graph(*SERVING.nodes[:2], node("same", "Identity", "v", T=RESOURCE),
              call("run", "plus", "fed", "same", takes=(FLOAT, RESOURCE), gives=(FLOAT,)), functions=(PLUS,)),
        SIGNATURE,
    ),
    "other arguments": (
        graph(*SERVING.nodes[:2], call("run", "plus", "fed", takes=(FLOAT,), gives=(FLOAT,)), functions=(PLUS,)),
        SIGNATURE,
    ),
    "a composite": (SERVING, Signature({"x": TensorInfo("", None, None, {"v": TensorInfo("fed:0")})}, {"y": RESULT})),
    "an unknown op": (
        replace(SERVING, functions=(replace(PLUS, nodes=(*PLUS.nodes, node("own", "Custom>Op", "a"))),)),
        SIGNATURE,
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", OTHER_FORMS)
def test_signatures_of_another_form_are_none_of_their_own(case: str) -> None:
    assert signature_graph(*OTHER_FORMS[case], "model") is None


def test_colocations_in_a_function_name_nodes_that_are_none_of_the_graph() -> None:
    reader, adder = PLUS.nodes
    tied = replace(PLUS, nodes=(reader, replace(adder, attrs={**adder.attrs, "_class": ("loc:@r",)})))
    made = signature_graph(replace(SERVING, functions=(tied,)), SIGNATURE, "model")
    assert made is not None
    assert by_name(made.graph)["s"].attrs == {"T": FLOAT}


def test_one_signature_or_the_usual_one_is_meant() -> None:
    one, two = Signature({}, {"y": TensorInfo("a:0")}), Signature({}, {"y": TensorInfo("b:0")})
    assert chosen_signatures(MetaGraph(Graph(), signatures={"only": one}), (), False, "model") == {"only": one}
    runs = Signature({}, {"__saved_model_train_op": TensorInfo("train")})
    both = MetaGraph(Graph(), signatures={"serving_default": one, "other": two, "init": Signature(), "run": runs})
    assert chosen_signatures(both, (), False, "model") == {"serving_default": one}
    assert chosen_signatures(both, (), True, "model") == {"serving_default": one, "other": two}
    assert chosen_signatures(both, ("other",), False, "model") == {"other": two}
    with pytest.raises(InputError, match=r"has 2 signatures(.|\n)*a, b"):
        chosen_signatures(MetaGraph(Graph(), signatures={"a": one, "b": two}), (), False, "model")
    assert chosen_signatures(MetaGraph(Graph(), signatures={"own": two, "run": runs}), (), False, "m") == {"own": two}
    with pytest.raises(InputError, match="has no signatures"):
        chosen_signatures(MetaGraph(Graph()), (), False, "model")


def test_a_saved_model_may_have_other_values(tmp_path: Path) -> None:
    model = str(SAVED_MODELS / "sm2_functional_cnn")
    own = freeze_model(model, Options())
    values = open_checkpoint(SAVED_MODELS / "sm2_functional_cnn" / "variables" / "variables")
    write_bundle(tmp_path / "other", {key: values[key] + 1 for key in values if key.startswith("layer")})
    nodes = by_name(freeze_model(model, Options(checkpoint=str(tmp_path / "other"))).graph)
    constants = [(value(each), value(nodes[each.name])) for each in own.graph.nodes if each.op == "Const"]
    differences = [new - old for old, new in constants if (new != old).any()]
    assert len(differences) == len(own.variables)
    assert all(np.allclose(difference, 1) for difference in differences)


def test_a_variable_that_a_signature_feeds_is_refused() -> None:
    signature = Signature({"x": TensorInfo("w:0")}, {"y": TensorInfo("y:0")})
    before = graph(variable("w", 2, 3), node("y", "Neg", "w"))
    with pytest.raises(InputError, match="signature 'key' feeds the variable 'w:0'"):
        output_names(before, {"key": signature}, "model")


def test_a_graph_and_a_checkpoint_in_files(tmp_path: Path) -> None:
    before = graph(variable("w", 2, 3), node("y", "Neg", "w", T=FLOAT))
    write_graph(before, str(tmp_path / "graph.pb"))
    write_bundle(tmp_path / "model.ckpt", {"w": W})
    frozen = freeze_model(str(tmp_path / "graph.pb"), Options(checkpoint=str(tmp_path / "model.ckpt"), outputs=("y",)))
    write_graph(frozen.graph, str(tmp_path / "frozen.pb"))
    assert (value(by_name(read_graph(tmp_path / "frozen.pb"))["w"]) == W).all()
    assert frozen.weight_bytes == W.nbytes


def test_a_graph_that_is_too_large_is_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_bundle(tmp_path / "ckpt", {"w": np.zeros((100, 100), np.float32)})
    write_graph(graph(variable("w", 100, 100), node("y", "Neg", "w")), str(tmp_path / "graph.pb"))
    frozen = freeze_model(str(tmp_path / "graph.pb"), Options(checkpoint=str(tmp_path / "ckpt"), outputs=("y",)))
    monkeypatch.setattr(graphdef_writer, "MAX_BYTES", 20_000)
    with pytest.raises(InputError, match=r"at most 20,000(.|\n)*'w' \(40,"):
        write_graph(frozen.graph, str(tmp_path / "frozen.pb"))
    assert not (tmp_path / "frozen.pb").exists()


def test_defaults_are_those_of_the_release_that_wrote_the_file() -> None:
    before = graph(
        node("p", "MaxPool", T=FLOAT), node("x", "Placeholder", dtype=FLOAT), node("own", "Custom>Op"),
        functions=(function("f", {}, {}, node("m", "MatMul", transpose_a=True)),),
    )  # fmt: skip
    new, old = with_defaults(before, "2.14.1"), with_defaults(before, "1.15.0")
    assert by_name(new)["p"].attrs == {"T": FLOAT, "data_format": "NHWC", "explicit_paddings": ()}
    assert by_name(old)["p"].attrs == {"T": FLOAT, "data_format": "NHWC"}
    assert by_name(new)["x"].attrs == {"dtype": FLOAT, "shape": Shape()}
    assert by_name(new)["own"].attrs == {}
    attrs = by_name(new.functions[0])["m"].attrs
    assert attrs["transpose_a"] is True
    assert attrs["transpose_b"] is False
    assert with_defaults(before, "2.12.0") == with_defaults(before, "2.8.0")
    assert with_defaults(before, "0.9") == with_defaults(before, "1.0.1")


def test_control_flow_of_a_signature_stays_in_functions() -> None:
    after = freeze_model(str(SAVED_MODELS / "sm2_nested_functions_map_fn"), Options()).graph
    loops = [each for each in after.nodes if each.op in ("While", "StatelessWhile")]
    assert {each.attrs["_lower_using_switch_merge"] for each in loops} == {False}
    named = [each.attrs["body"] for each in loops]
    assert all(isinstance(each, FunctionRef) for each in named)
    assert DataType.DT_RESOURCE not in {argument.type for each in after.functions for argument in each.inputs}


@pytest.mark.parametrize("seed", range(40))
def test_files_with_flipped_bits_are_frozen_or_refused(tmp_path: Path, seed: int) -> None:
    choose = random.Random(seed)
    folder = tmp_path / "model"
    shutil.copytree(SAVED_MODELS / choose.choice(("sm2_nested_functions_map_fn", "sm2_multi_signatures")), folder)
    data = bytearray((folder / "saved_model.pb").read_bytes())
    for _ in range(choose.choice((1, 3, 9))):
        data[choose.randrange(len(data))] ^= 1 << choose.randrange(8)
    (folder / "saved_model.pb").write_bytes(data)
    for options in (Options(), Options(outputs=("StatefulPartitionedCall",))):
        with contextlib.suppress(InputError):
            check_graph(freeze_model(str(folder), options).graph, "model")
