"""TensorFlow ops inside ``.tflite`` files: the custom options of a ``Flex…`` operator.

They are a FlexBuffers vector of the op's name and a serialised ``NodeDef``, in this order, both as strings, from
TensorFlow 1.13 to 2.14: ``lite/toco/tflite/operator.cc`` and ``compiler/mlir/lite/flatbuffer_export.cc`` write it so,
``lite/delegates/flex/kernel.cc`` reads it.
"""

from __future__ import annotations

import struct

from flatbuffers import flexbuffers

from opselect.models.formats.graphdef import parse_nodedef
from opselect.models.formats.tflite.checked import CheckedFile, NumberList
from opselect.models.formats.wire import WireError
from opselect.models.graph.model import Node
from opselect.models.graph.values import ByteSource

_BAD_FLEXBUFFER = (AssertionError, IndexError, KeyError, OverflowError, TypeError, ValueError, struct.error)
"""What the FlexBuffers package raises, by what it stumbles over."""


def flex_node(file: CheckedFile, options: NumberList, source: ByteSource) -> Node:
    """The node of an operator's custom options; its tensors refer to ``source`` by their offset in the file.

    Raises WireError where the options are no such vector, or where the two names of the op differ.
    """
    data = file.load(options)
    try:
        vector = flexbuffers.GetRoot(data).AsVector
        op = bytes(vector[0].AsStringBytes)
        node_def = bytes(vector[1].AsStringBytes)
    except _BAD_FLEXBUFFER:
        raise WireError(options.start, "its options are no pair of an op's name and a NodeDef") from None
    # A string ends with a zero byte, which a slice that the end of the options cut off lacks.
    offset = data.find(node_def + b"\0")
    if offset < 0:
        raise WireError(options.start, "its NodeDef is cut off")
    start = options.start + offset
    node = parse_nodedef(file.buffer, start, start + len(node_def), source)
    if node.op.encode() != op:
        raise WireError(
            start, f"its options name the op {op.decode(errors='backslashreplace')!r}, its NodeDef {node.op!r}"
        )
    return node
