"""Where the registration of an operator for int8 alone does what the general one does.

Read off the kernels of main of 2026-08-20, ``tensorflow/lite/micro/kernels``: the general ones, and those of
``cmsis_nn`` and ``xtensa``, which define registrations for int8; elsewhere these are the general ones. A registration
for int8 does not look at the types again in most kernels: with other types it computes nonsense and says nothing. So
each rule names every tensor whose type the general kernel looks at, and the type at which it calls what the one for
int8 calls.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from opselect.models.graph.tflite import NO_TENSOR, TfliteOperator, TfliteSubgraph


@dataclass(frozen=True, slots=True)
class Int8Rule:
    """Which types tensors must have: ``inputs`` by position, and the first output int8.

    ``bias`` is the position of an input that may be left out, and else has int32; None where there is none. ``never``
    is why the registration is not for use even so. ``not_under`` is a macro of builds where it does something else, and
    ``difference`` what.
    """

    inputs: Mapping[int, str] = field(default_factory=dict)
    bias: int | None = None
    never: str = ""
    not_under: str = ""
    difference: str = ""

    def misfit(self, operator: TfliteOperator, subgraph: TfliteSubgraph) -> str:
        """What of an operator is not as the rule wants it, as ``input 1 is FLOAT32``; empty where all is."""
        for position, wanted in self.inputs.items():
            found = _type(operator.inputs, position, subgraph)
            if found != wanted:
                return f"input {position} is {found or 'left out'}"
        if self.bias is not None:
            found = _type(operator.inputs, self.bias, subgraph)
            if found not in ("", "INT32"):
                return f"input {self.bias} is {found}"
        found = _type(operator.outputs, 0, subgraph)
        return "" if found == _INT8 else f"output 0 is {found or 'left out'}"


def _type(tensors: tuple[int, ...], position: int, subgraph: TfliteSubgraph) -> str:
    """The type of a tensor; empty where it is left out."""
    number = tensors[position] if position < len(tensors) else NO_TENSOR
    return "" if number == NO_TENSOR else subgraph.tensors[number].type


_INT8 = "INT8"
_ONE = Int8Rule({0: _INT8})
_TWO = Int8Rule({0: _INT8, 1: _INT8})
_WEIGHTS = Int8Rule({0: _INT8, 1: _INT8}, bias=2)

INT8_RULES: Mapping[str, Int8Rule] = {
    "ADD": _TWO,
    "AVERAGE_POOL_2D": _ONE,
    "BATCH_MATMUL": _TWO,
    # xtensa/conv_int8_int16.cc calls the fast kernel always; xtensa/conv.cc goes round it for dilations on HiFi, and
    # for filters by channel and images that are no squares on Vision P6.
    "CONV_2D": Int8Rule(
        {0: _INT8, 1: _INT8},
        bias=2,
        not_under="XTENSA",
        difference="that of Xtensa does not hand to the reference kernel what its general one does",
    ),
    "DEPTHWISE_CONV_2D": _WEIGHTS,
    "FULLY_CONNECTED": _WEIGHTS,
    "MAXIMUM": _TWO,
    "MAX_POOL_2D": _ONE,
    "MINIMUM": _TWO,
    "MUL": _TWO,
    "PAD": _ONE,
    "SOFTMAX": _ONE,
    # xtensa/svdf.cc takes no other state and weights in time, and no operator without bias.
    "SVDF": Int8Rule({0: _INT8, 1: _INT8, 2: "INT16", 3: "INT32", 4: "INT16"}),
    "TRANSPOSE": _ONE,
    "TRANSPOSE_CONV": Int8Rule({1: _INT8, 2: _INT8}, bias=3),
    # cmsis_nn/unidirectional_sequence_lstm.cc wants the type of weights to be int16, and runs those of int8.
    "UNIDIRECTIONAL_SEQUENCE_LSTM": Int8Rule(
        {0: _INT8}, never="that of CMSIS-NN ends debug builds whose weights are int8"
    ),
}
"""The rules by operator: one for each that has a registration for int8."""
