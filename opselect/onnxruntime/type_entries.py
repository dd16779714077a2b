"""Which types operators are used with: of those arguments that a reduced build of ONNX Runtime can restrict.

Source: ``tools/python/util/ort_format_model/operator_type_usage_processors.py`` of ONNX Runtime. An operator that is
not in the table is built with all types whatever a configuration says.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from opselect.onnxruntime.node_uses import NodeUse
from opselect.onnxruntime.operators import TypeEntry
from opselect.onnxruntime.value_types import ValueType, cpp_name


@dataclass(frozen=True, slots=True)
class CountedArguments:
    """The positions of an operator whose types count: each by itself, or ``together``, in this order of inputs."""

    inputs: tuple[int, ...] = ()
    outputs: tuple[int, ...] = ()
    together: tuple[int, ...] = ()


_FIRST_INPUT = (
    "Abs",
    "Add",
    "ArgMax",
    "ArgMin",
    "AveragePool",
    "BatchNormalization",
    "BitShift",
    "Ceil",
    "Clip",
    "Concat",
    "Conv",
    "CumSum",
    "DequantizeLinear",
    "Div",
    "Equal",
    "Exp",
    "Expand",
    "Floor",
    "Gemm",
    "Greater",
    "IsNaN",
    "Less",
    "Log",
    "LogSoftmax",
    "LpNormalization",
    "MatMul",
    "Max",
    "MaxPool",
    "Mean",
    "Min",
    "Mul",
    "Neg",
    "NonZero",
    "Pad",
    "QLinearConv",
    "QLinearMatMul",
    "Range",
    "Reciprocal",
    "ReduceL1",
    "ReduceL2",
    "ReduceLogSum",
    "ReduceLogSumExp",
    "ReduceMax",
    "ReduceMean",
    "ReduceMin",
    "ReduceProd",
    "ReduceSum",
    "ReduceSumSquare",
    "Relu",
    "Resize",
    "ReverseSequence",
    "RoiAlign",
    "Round",
    "Scatter",
    "ScatterElements",
    "ScatterND",
    "Shrink",
    "Sigmoid",
    "Sign",
    "Sin",
    "Softmax",
    "Split",
    "SplitToSequence",
    "Sqrt",
    "Sub",
    "Sum",
    "Tanh",
    "TopK",
    "Transpose",
    "Unique",
)
_FIRST_OUTPUT = (
    "ConstantOfShape",
    "DynamicQuantizeLinear",
    "Multinomial",
    "QuantizeLinear",
    "RandomNormal",
    "RandomNormalLike",
    "RandomUniform",
    "RandomUniformLike",
)
_FIRST_INPUTS = ("Gather", "GatherElements", "Pow", "Slice")
_MICROSOFT_FIRST_INPUT = ("QLinearAdd", "QLinearConv", "QLinearMul")

COUNTED: Mapping[tuple[str, str], CountedArguments] = {
    **{("ai.onnx", op): CountedArguments((0,)) for op in _FIRST_INPUT},
    **{("ai.onnx", op): CountedArguments(outputs=(0,)) for op in _FIRST_OUTPUT},
    **{("ai.onnx", op): CountedArguments((0, 1)) for op in _FIRST_INPUTS},
    **{("com.microsoft", op): CountedArguments((0,)) for op in _MICROSOFT_FIRST_INPUT},
    ("ai.onnx", "Cast"): CountedArguments((0,), (0,)),
    ("ai.onnx", "OneHot"): CountedArguments(together=(0, 2, 1)),
    ("ai.onnx", "Where"): CountedArguments((1,)),
    ("com.microsoft", "GatherPacked"): CountedArguments((0, 1), (0,)),
}
"""By domain and operator."""

_REGISTERED_BY = {
    ("ai.onnx", "DynamicQuantizeLinear"): [("outputs", 0)],
    ("ai.onnx", "QuantizeLinear"): [("outputs", 0)],
    ("com.microsoft", "GatherPacked"): [("outputs", 0), ("inputs", 1)],
}
"""The arguments whose types tell kernels apart, where that is not the first input that counts."""


def lacking_types(operator: tuple[str, str], entry: TypeEntry) -> str:
    """The argument of which an entry must have types and has none, empty where nothing is amiss: kernels are registered
    by it, and the tools of ONNX Runtime end with an error then, or keep none of them.

    Source: ``is_typed_registration_needed`` in ``operator_type_usage_processors.py``.
    """
    counted = COUNTED.get(operator, CountedArguments())
    if counted.together:
        return "" if entry.custom else "custom"
    for side, position in _REGISTERED_BY.get(operator, [("inputs", each) for each in counted.inputs[:1]]):
        if position not in (entry.inputs if side == "inputs" else entry.outputs):
            return f"position {position} of {side}"
    return ""


@dataclass(frozen=True, slots=True)
class UnknownType:
    """A value that an operator would be restricted by, and whose type is not known, or has no name in configurations:
    then it is ``value_type``. ``model`` and ``node`` say where the first such value is.
    """

    domain: str
    op: str
    model: str
    node: str
    value: str
    value_type: ValueType | None


class TypeUsage:
    """The types that operators are used with, of any number of models."""

    def __init__(self) -> None:
        self._inputs: dict[tuple[str, str], dict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
        self._outputs: dict[tuple[str, str], dict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
        self._together: dict[tuple[str, str], set[tuple[str, ...]]] = defaultdict(set)
        self._unknown: dict[tuple[str, str], UnknownType] = {}

    def add(self, use: NodeUse, model: str) -> None:
        """Counts the types of a node. Values that it leaves out, or that its version of the operator does not have,
        do not count.
        """
        key = use.domain, use.op
        counted = COUNTED.get(key)
        if counted is None:
            return
        for positions, values, found in (
            (counted.inputs, use.inputs, self._inputs[key]),
            (counted.outputs, use.outputs, self._outputs[key]),
        ):
            for position in positions:
                if position < len(values) and values[position][0]:
                    name = self._name(use, model, *values[position])
                    if name is not None:
                        found[position].add(name)
        if counted.together and max(counted.together) < len(use.inputs):
            names = [self._name(use, model, *use.inputs[position]) for position in counted.together]
            known = tuple(name for name in names if name is not None)
            if len(known) == len(names):
                self._together[key].add(known)

    def _name(self, use: NodeUse, model: str, value: str, value_type: ValueType | None) -> str | None:
        name = cpp_name(value_type) if value_type is not None else None
        if name is None:
            unknown = UnknownType(use.domain, use.op, model, use.node, value, value_type)
            self._unknown.setdefault((use.domain, use.op), unknown)
        return name

    @property
    def unknown(self) -> tuple[UnknownType, ...]:
        """What keeps operators from being restricted, sorted by operator."""
        return tuple(self._unknown[key] for key in sorted(self._unknown))

    def entries(self) -> dict[tuple[str, str], TypeEntry]:
        """What the operators are restricted to; those that cannot be are not in it."""
        found = {}
        for key in sorted({*self._inputs, *self._outputs, *self._together} - self._unknown.keys()):
            inputs = {position: frozenset(types) for position, types in sorted(self._inputs[key].items())}
            outputs = {position: frozenset(types) for position, types in sorted(self._outputs[key].items())}
            entry = TypeEntry(inputs, outputs, frozenset(self._together[key]))
            if entry != TypeEntry() and not lacking_types(key, entry):
                found[key] = entry
        return found
