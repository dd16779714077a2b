"""What operators with graphs of their own give to these, and return of them.

Source: the schemas of If, Loop, Scan and SequenceMap in ``onnx/defs`` (``controlflow/defs.cc``, ``sequence/defs.cc``).
"""

from __future__ import annotations

from collections.abc import Mapping

from opselect.onnxruntime.inference import Types
from opselect.onnxruntime.value_types import ValueType, agreed, parts_of

_ITERATION, _CONDITION = "tensor(int64)", "tensor(bool)"


def body_inputs(op: str, opset: int, inputs: Types) -> Types:
    """The types that an operator of ONNX gives to the inputs of its graph, by position; none where it gives none."""
    if op == "Loop":
        return (_ITERATION, _CONDITION, *inputs[2:])
    if op == "Scan":
        return inputs[_scan_start(opset) :]
    if op == "SequenceMap":
        return [_element(each) for each in inputs]
    return ()


def node_outputs(op: str, bodies: Mapping[str, Types], outputs: int) -> Types:
    """The types of what an operator of ONNX returns, of what its graphs do; ``bodies`` are by the attribute's name."""
    found: Types = ()
    if op == "If":
        branches = list(bodies.values())
        found = [agreed(*pair) for pair in zip(*branches, strict=False)] if len(branches) == 2 else ()
    elif op in ("Loop", "Scan"):
        found = bodies.get("body", ())[1 if op == "Loop" else 0 :]  # a loop's first is whether it goes on
    elif op == "SequenceMap":
        found = [each and f"seq({each})" for each in bodies.get("body", ())]
    return [*found[:outputs], *[None] * (outputs - len(found))]


def _scan_start(opset: int) -> int:
    """Where what Scan gives to its graph begins: up to opset 8 the lengths of sequences come first."""
    return 1 if opset < 9 else 0


def _element(value_type: ValueType | None) -> ValueType | None:
    if value_type is None:
        return None
    kind, inner = parts_of(value_type)
    return inner if kind == "seq" else value_type
