"""TensorFlow ops inside ``.tflite`` files: the custom options of a ``Flex…`` operator.

They are a FlexBuffers vector of the op's name and a serialised ``NodeDef``, in this order, both as strings, from
TensorFlow 1.13 to 2.14: ``lite/toco/tflite/operator.cc`` and ``compiler/mlir/lite/flatbuffer_export.cc`` write it so,
``lite/delegates/flex/kernel.cc`` reads it.
"""

from __future__ import annotations

import struct

from flatbuffers import flexbuffers

from opselect.models.formats.checked_tables import CheckedFile, NumberList
from opselect.models.formats.graphdef import parse_nodedef
from opselect.models.formats.wire import WireError
from opselect.models.graph.model import Node
from opselect.models.graph.tflite import FlexProblem
from opselect.models.graph.values import ByteSource

_BAD_FLEXBUFFER = (AssertionError, IndexError, KeyError, OverflowError, TypeError, ValueError, struct.error)
"""What the FlexBuffers package raises, by what it stumbles over."""


def flex_node(file: CheckedFile, options: NumberList, source: ByteSource) -> tuple[Node | None, FlexProblem | None]:
    """The node of an operator's custom options; its tensors refer to ``source`` by their offset in the file.

    It is None where it names no op. With a node may come what the delegate stumbles over and TensorFlow's tools, which
    read the NodeDef alone, do not: that the options name another op. Raises WireError where there is no NodeDef.
    """
    data = file.load(options)
    try:
        vector = flexbuffers.GetRoot(data).AsVector
        node_def = bytes(vector[1].AsStringBytes)
    except _BAD_FLEXBUFFER:
        raise WireError(options.start, "its options are no pair of an op's name and a NodeDef") from None
    if not node_def:
        raise WireError(options.start, "its NodeDef is empty")
    # A string ends with a zero byte, which a slice that the end of the options cut off lacks.
    offset = data.find(node_def + b"\0")
    if offset < 0:
        raise WireError(options.start, "its NodeDef is cut off")
    start = options.start + offset
    node = parse_nodedef(file.buffer, start, start + len(node_def), source, needs_op=False)
    if not node.op:
        return None, FlexProblem("no_op", "its NodeDef names no op", start)
    try:
        op = bytes(vector[0].AsStringBytes)
    except _BAD_FLEXBUFFER:
        return node, FlexProblem("other_op", "its options are no pair of an op's name and a NodeDef", options.start)
    if node.op.encode() == op:
        return node, None
    other = f"its options name the op {op.decode(errors='backslashreplace')!r}, its NodeDef {node.op!r}"
    return node, FlexProblem("other_op", other, start)
