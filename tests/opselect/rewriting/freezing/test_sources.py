"""Which tensor of a checkpoint is which variable's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel_index.datatypes import DataType
from kernel_index.errors import InputError
from opselect import open_checkpoint
from opselect.models.formats.array_shapes import ArrayError
from opselect.models.formats.checkpoint.slices import TensorSlice, parse_spec
from opselect.models.formats.numpy_types import Array
from opselect.models.graph import FunctionRef, Graph, Node, StoredBytes, TensorRef
from opselect.models.storage import JoinedBytes
from opselect.rewriting.constants import constant_node
from tests.opselect.graph_text import field
from tests.opselect.models.formats.checkpoint_files import (
    Stored,
    encoded,
    extents,
    masked_crc,
    strings_of,
    write_bundle,
    write_parts,
)
from tests.opselect.rewriting.freezing.graphs import (
    FLOAT,
    RESOURCE,
    W,
    by_name,
    checkpoint,
    frozen,
    function,
    graph,
    handle,
    node,
    read,
    value,
    variable,
)


def strings(name: str, *items: bytes) -> Node:
    """A constant of strings."""
    return constant_node(name, strings_of(*items), DataType.DT_STRING)


def restoring(name: str, key: bytes, spec: bytes = b"") -> tuple[Node, ...]:
    """The nodes that restore a reference from the tensor of a key."""
    return (
        strings(f"{name}/names", key),
        strings(f"{name}/specs", spec),
        node(f"{name}/restore", "RestoreV2", "file", f"{name}/names", f"{name}/specs"),
        node(f"{name}/assign", "Assign", name, f"{name}/restore"),
    )


USE = (node("file", "Placeholder"), node("y", "Neg", "w", T=FLOAT))


def test_restore_ops_say_which_tensor_a_variable_has(tmp_path: Path) -> None:
    before = graph(variable("w", 2, 3), *USE, *restoring("w", b"renamed"))
    assert (value(by_name(frozen(before, checkpoint(tmp_path, renamed=W), "y").graph)["w"]) == W).all()


def test_a_variables_own_name_counts_first_but_not_before_a_saver(tmp_path: Path) -> None:
    before = graph(variable("w", 2, 3), *USE, *restoring("w", b"average"), node("all", "NoOp", "^w/assign"))
    values = checkpoint(tmp_path, w=W, average=W + 1)
    assert (value(by_name(frozen(before, values, "y").graph)["w"]) == W).all()
    assert (value(by_name(frozen(before, values, "y", restore_op="all").graph)["w"]) == W + 1).all()


def test_only_what_the_saver_runs_counts(tmp_path: Path) -> None:
    other = graph(node("other", "NoOp"))
    before = Graph((*other.nodes, variable("w", 2, 3), *USE, *restoring("w", b"average")))
    values = checkpoint(tmp_path, w=W, average=W + 1)
    assert (value(by_name(frozen(before, values, "y", restore_op="other").graph)["w"]) == W).all()


def test_a_resource_goes_by_its_shared_name(tmp_path: Path) -> None:
    before = graph(handle("node", 2, 3, shared_name="w"), read("r", "node"))
    assert (value(by_name(frozen(before, checkpoint(tmp_path, w=W), "r").graph)["node"]) == W).all()


def test_restore_functions_of_2x_are_followed(tmp_path: Path) -> None:
    restore = function(
        "restore",
        {"file": DataType.DT_STRING, "to": RESOURCE},
        {},
        strings("names", b"other", b"layer/.ATTRIBUTES/VARIABLE_VALUE"),
        strings("specs", b"", b""),
        node("values", "RestoreV2", "file", "names:output:0", "specs:output:0"),
        node("one", "Identity", "values:tensors:1"),
        node("assign", "AssignVariableOp", "to", "one:output:0"),
    )
    before = graph(
        handle("v", 2, 3), read("r", "v"), node("file", "Placeholder"),
        node("load", "StatefulPartitionedCall", "file", "v", f=FunctionRef("restore")), functions=(restore,),
    )  # fmt: skip
    write_bundle(tmp_path / "ckpt", {"layer/.ATTRIBUTES/VARIABLE_VALUE": W, "other": W + 1})
    values = open_checkpoint(tmp_path / "ckpt")
    assert (value(by_name(frozen(before, values, "r", restore_op="load").graph)["v"]) == W).all()


def test_object_graphs_say_under_which_key_a_variable_is_kept(tmp_path: Path) -> None:
    key = b"net/kernel/.ATTRIBUTES/VARIABLE_VALUE"
    attribute = field(1, b"VARIABLE_VALUE") + field(2, b"dense/kernel") + field(3, key)
    objects = np.array(field(1, field(2, attribute)), np.object_)
    write_bundle(tmp_path / "ckpt", {key.decode(): W, "_CHECKPOINTABLE_OBJECT_GRAPH": objects})
    before = graph(handle("dense/kernel", 2, 3), read("r", "dense/kernel"))
    values = open_checkpoint(tmp_path / "ckpt")
    assert (value(by_name(frozen(before, values, "r").graph)["dense/kernel"]) == W).all()


PARTS = (
    variable("p/part_0", 1, 3), variable("p/part_1", 1, 3), node("file", "Placeholder"),
    node("y", "ConcatV2", "p/part_0", "p/part_1"),
)  # fmt: skip


def saved_in_parts(folder: Path) -> None:
    """A checkpoint of W in its two rows."""
    rows = [encoded(W[:1]), encoded(W[1:])]
    places = [((0, 1), (0, -1)), ((1, 1), (0, -1))]
    parts = {b"p": Stored(dims=(2, 3), slices=tuple(extents(*place) for place in places))}
    for number, (place, (data, crc)) in enumerate(zip(places, rows, strict=True)):
        stored = Stored(dims=(1, 3), offset=12 * number, size=len(data), crc=crc)
        parts[TensorSlice(place).key(b"p")] = stored
    write_parts(folder / "ckpt", parts, b"".join(data for data, _ in rows))


@pytest.mark.parametrize("restored", [True, False])
@pytest.mark.parametrize("in_parts", [True, False])
def test_partitioned_variables(tmp_path: Path, restored: bool, in_parts: bool) -> None:
    ops = (*restoring("p/part_0", b"p", b"2 3 0,1:0,3"), *restoring("p/part_1", b"p", b"2 3 1,1:-")) if restored else ()
    if in_parts:
        saved_in_parts(tmp_path)
    else:
        write_bundle(tmp_path / "ckpt", {"p": W})
    nodes = by_name(frozen(graph(*PARTS, *ops), open_checkpoint(tmp_path / "ckpt"), "y").graph)
    assert (value(nodes["p/part_0"]) == W[:1]).all()
    assert (value(nodes["p/part_1"]) == W[1:]).all()
    tensor = nodes["p/part_1"].attrs["value"]
    assert isinstance(tensor, TensorRef)
    assert isinstance(tensor.source, JoinedBytes)
    assert any(isinstance(piece, StoredBytes) for piece in tensor.source.pieces) == in_parts


BAD: dict[str, tuple[dict[str, Array], tuple[Node, ...], str]] = {
    "missing": ({"v": W}, (), "has no tensor for the variable 'w'"),
    "near": ({"scope/w": W}, (), "has no tensor for the variable 'w'"),
    "type": ({"w": W.astype(np.int32)}, (), "'w' of type DT_INT32, but the variable 'w' is DT_FLOAT"),
    "shape": ({"w": W.T.copy()}, (), r"'w' of shape \[3, 2\], but the variable 'w' has shape \[2, 3\]"),
    "whole": (
        {"whole": W},
        restoring("w", b"whole", b"4 3 0,2:0,3"),
        r"'whole' of shape \[2, 3\], but the graph restores parts of a tensor of shape \[4, 3\]",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_variables_without_a_value_that_fits(tmp_path: Path, case: str) -> None:
    tensors, ops, problem = BAD[case]
    write_bundle(tmp_path / "ckpt", tensors)
    with pytest.raises(InputError, match=problem):
        frozen(graph(variable("w", 2, 3), *USE, *ops), open_checkpoint(tmp_path / "ckpt"), "y")


def test_all_variables_without_a_value_are_named_and_the_nearest_names(tmp_path: Path) -> None:
    before = graph(variable("layer/kernel", 2), variable("bias", 2), node("y", "AddN", "layer/kernel", "bias"))
    with pytest.raises(InputError) as error:
        frozen(before, checkpoint(tmp_path, layers__kernel=W), "y")
    assert "does not fit the graph" in str(error.value)
    assert "keep variables: opselect freeze --variable_names_blacklist" in error.value.advice
    assert "no tensor for the variable 'layer/kernel'; did you mean layers/kernel" in str(error.value)
    assert "no tensor for the variable 'bias'" in str(error.value)


def test_a_checkpoint_is_asked_for_where_there_is_none() -> None:
    with pytest.raises(InputError, match="has 1 variables without values: 'w'"):
        frozen(graph(variable("w", 2, 3), *USE), None, "y")


def test_shapes_that_are_not_known_fit_any(tmp_path: Path) -> None:
    before = graph(variable("w", -1, 3), *USE)
    assert (value(by_name(frozen(before, checkpoint(tmp_path, w=W), "y").graph)["w"]) == W).all()


def test_a_wrong_checksum_is_an_error(tmp_path: Path) -> None:
    write_parts(tmp_path / "ckpt", {b"w": Stored(dims=(2, 3), size=24, crc=masked_crc(b"other"))}, W.tobytes())
    with pytest.raises(InputError, match="checksum"):
        frozen(graph(variable("w", 2, 3), *USE), open_checkpoint(tmp_path / "ckpt"), "y")


def test_slices_are_spelled_as_restore_ops_spell_them() -> None:
    assert parse_spec("") is None
    assert parse_spec("8 4 0,4:-") == ((8, 4), TensorSlice(((0, 4), (0, -1))))


@pytest.mark.parametrize("text", ["8", "8 4 0,4", "8 0,9", "x 0,1", "8 a,b", "8 0,1,2", "8 -1,2"])
def test_other_slices_are_refused(text: str) -> None:
    with pytest.raises(ArrayError):
        parse_spec(text)


@given(st.text("0123456789,:- ", max_size=12))
def test_any_text_is_a_slice_or_refused(text: str) -> None:
    try:
        parsed = parse_spec(text)
    except ArrayError:
        return
    assert (parsed is None) == (text == "")


def test_a_restore_op_with_a_slice_that_is_none_is_named(tmp_path: Path) -> None:
    before = graph(variable("w", 2, 3), *USE, *restoring("w", b"whole", b"2 3 nonsense"))
    with pytest.raises(InputError, match="a restore op is broken"):
        frozen(before, checkpoint(tmp_path, whole=W), "y")
