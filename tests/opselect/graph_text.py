"""Graphs for tests, written in protobuf's text format."""

from __future__ import annotations

from google.protobuf import text_format

from opselect.models.formats.graphdef import parse_graphdef
from opselect.models.graph import Graph
from opselect.models.proto import message_class
from opselect.models.storage import MemoryBytes


def graph_bytes(text: str) -> bytes:
    """The GraphDef in wire format, as protobuf itself encodes it."""
    return text_format.Merge(text, message_class("GraphDef")()).SerializeToString(deterministic=True)


def graph_of(text: str) -> Graph:
    """The graph that the text describes."""
    return graph_from_bytes(graph_bytes(text))


def graph_from_bytes(data: bytes) -> Graph:
    """The graph of a GraphDef in wire format."""
    return parse_graphdef(data, [(0, len(data))], MemoryBytes(data))


def varint(number: int) -> bytes:
    """A number as protobuf writes it."""
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def field(number: int, content: bytes) -> bytes:
    """A length-delimited field."""
    return varint(number << 3 | 2) + varint(len(content)) + content


def node(name: str, op: str, *inputs: str, device: str = "", attrs: str = "") -> str:
    """The text of a node; ``attrs`` such as ``T: type: DT_FLOAT; N: i: 2``, values in protobuf's text format."""
    lines = [f"name: {quoted(name)} op: {quoted(op)} device: {quoted(device)}"]
    lines += [f"input: {quoted(reference)}" for reference in inputs]
    for attr in filter(None, (part.strip() for part in attrs.split(";"))):
        key, _, value = attr.partition(":")
        lines.append(f"attr {{ key: {quoted(key)} value {{ {value} }} }}")
    return f"node {{ {' '.join(lines)} }}\n"


def function(name: str, *nodes: str, inputs: str = "", returns: str = "", attrs: str = "") -> str:
    """The text of a library with one function; ``inputs`` and ``attrs`` by name, ``returns`` as ``out=node:y:0``."""
    signature = [f"name: {quoted(name)}"]
    signature += [f"input_arg {{ name: {quoted(arg)} type: DT_FLOAT }}" for arg in inputs.split()]
    signature += [f'attr {{ name: {quoted(attr)} type: "type" }}' for attr in attrs.split()]
    body = "".join(nodes).replace("node {", "node_def {")
    rets = [pair.split("=") for pair in returns.split()]
    ret = " ".join(f"ret {{ key: {quoted(key)} value: {quoted(value)} }}" for key, value in rets)
    return f"library {{ function {{ signature {{ {' '.join(signature)} }} {body} {ret} }} }}\n"


def quoted(text: str) -> str:
    return '"' + text + '"'
