"""Graphs that are read and written again are the same graphs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel_index.datatypes import DataType
from kernel_index.errors import InputError
from opselect.models.formats import graphdef_writer, read_graph, read_model
from opselect.models.formats.graphdef_writer import encode_graph, write_graph
from opselect.models.formats.wire_writer import varint
from opselect.models.graph import (
    AttrPlaceholder,
    FunctionArg,
    FunctionDefinition,
    FunctionRef,
    Graph,
    Node,
    NodeAttr,
    Shape,
    TensorRef,
    Versions,
    changed,
)
from opselect.models.proto import message_class
from opselect.models.storage import JoinedBytes, MemoryBytes
from tests.opselect.graph_text import graph_from_bytes

FIXTURES = Path(__file__).parents[4] / "fixtures"
MODELS = sorted((FIXTURES / "models").glob("*.pb"))
SAVED_MODELS = sorted(path.parent for path in (FIXTURES / "saved_models").glob("*/saved_model.pb*"))


def encoded(graph: Graph) -> bytes:
    pieces = encode_graph(graph).pieces
    return JoinedBytes(tuple(pieces)).read(0, sum(map(len, [p if isinstance(p, bytes) else p.read() for p in pieces])))


def graph_def(data: bytes) -> Any:
    return message_class("GraphDef").FromString(data)


def comparable(data: bytes) -> Any:
    """The message without what says nothing of what a graph computes, and which the writer leaves out."""
    message = graph_def(data)
    message.DiscardUnknownFields()
    if not message.library.function:
        message.ClearField("library")
    for function in message.library.function:
        signature = function.signature
        for argument in [*signature.input_arg, *signature.output_arg]:
            argument.ClearField("description")
        function.ClearField("resource_arg_unique_id")
        for name in [name for name, value in function.attr.items() if value.WhichOneof("value") is None]:
            del function.attr[name]
        control_outputs = sorted(signature.control_output)
        signature.ClearField("control_output")
        signature.control_output.extend(control_outputs)
    for node in [*message.node, *(node for function in message.library.function for node in function.node_def)]:
        node.ClearField("experimental_debug_info")
    return message


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.name)
def test_files_of_tensorflow_come_out_as_they_went_in(path: Path, tmp_path: Path) -> None:
    size = write_graph(read_graph(path), str(tmp_path / "out.pb"))
    assert size == (tmp_path / "out.pb").stat().st_size
    assert comparable((tmp_path / "out.pb").read_bytes()) == comparable(path.read_bytes())


@pytest.mark.parametrize("path", SAVED_MODELS, ids=lambda path: path.name)
def test_functions_that_are_written_anew_lose_only_their_descriptions(path: Path) -> None:
    for meta_graph in read_model(path).meta_graphs:
        graph = meta_graph.graph
        functions = tuple(changed(function) for function in graph.functions)
        anew = Graph(graph.nodes, functions, graph.gradients, graph.versions)
        assert comparable(encoded(anew)) == comparable(encoded(graph))


DATA_TYPES = st.sampled_from([t for t in DataType if t is not DataType.DT_INVALID])
SHAPES = st.builds(Shape, st.none() | st.lists(st.integers(-1, 2**40), max_size=4).map(tuple))
TENSORS = st.binary(max_size=9).map(lambda data: message_class("TensorProto")(tensor_content=data).SerializeToString())
TENSOR_REFS = TENSORS.map(lambda data: TensorRef(MemoryBytes(data), 0, len(data)))
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=5) | st.just("\udcff\udc80")
FLOATS = st.floats(width=32, allow_nan=False)
INTS = st.integers(-(2**63), 2**63 - 1)
PLAIN = [DATA_TYPES, SHAPES, TENSOR_REFS, TEXTS, FLOATS, INTS, st.booleans()]
ATTRS: st.SearchStrategy[NodeAttr] = st.one_of(
    *PLAIN,
    *[st.lists(items, max_size=3).map(tuple) for items in PLAIN],
    st.builds(AttrPlaceholder, st.text("abc")),
    st.builds(FunctionRef, st.text("abc"), st.dictionaries(st.text("abc"), INTS, max_size=2)),
)
NAMES = st.text("abc/_", min_size=1, max_size=6)
NODES = st.builds(Node, NAMES, NAMES, st.lists(NAMES).map(tuple), NAMES, st.dictionaries(NAMES, ATTRS, max_size=3))
ARGS = st.builds(FunctionArg, NAMES, st.none() | DATA_TYPES, NAMES, NAMES, NAMES, st.booleans())
FUNCTIONS = st.builds(
    FunctionDefinition,
    NAMES,
    st.lists(ARGS, max_size=2).map(tuple),
    st.lists(ARGS, max_size=2).map(tuple),
    st.lists(NODES, max_size=2).map(tuple),
    st.dictionaries(NAMES, NAMES, max_size=2),
    st.dictionaries(NAMES, NAMES, max_size=2),
    st.dictionaries(NAMES, NAMES, max_size=2),
    st.just({}),
    st.dictionaries(NAMES, ATTRS, max_size=2),
    st.dictionaries(st.integers(0, 3), st.dictionaries(NAMES, ATTRS, max_size=2), max_size=2),
    st.booleans(),
)
GRAPHS = st.builds(
    Graph,
    st.lists(NODES, max_size=3).map(tuple),
    st.lists(FUNCTIONS, max_size=2).map(tuple),
    st.dictionaries(NAMES, NAMES, max_size=2),
    st.builds(Versions, st.integers(0, 2000), st.integers(0, 9), st.lists(st.integers(0, 9)).map(tuple)),
)


@given(GRAPHS)
def test_any_graph_is_read_as_it_was_written(graph: Graph) -> None:
    data = encoded(graph)
    assert graph_from_bytes(data) == graph
    assert len(graph_def(data).node) == len(graph.nodes)  # protobuf's own reader takes it too


@given(INTS)
def test_numbers_are_written_as_protobuf_writes_them(number: int) -> None:
    message = message_class("AttrValue")(i=number)
    assert message.SerializeToString() == b"\x18" + varint(number)


def test_a_graph_that_no_message_can_hold_is_refused_before_a_byte_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(graphdef_writer, "MAX_BYTES", 60_000)
    out = tmp_path / "out.pb"
    with pytest.raises(InputError, match="at most 60,000") as caught:
        write_graph(read_graph(FIXTURES / "models" / "tiny_mobilenet.pb"), str(out))
    assert "bytes), '" in caught.value.advice
    assert list(tmp_path.iterdir()) == []
