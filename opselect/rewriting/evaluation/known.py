"""What is known of a graph before it runs: the values that follow from constants, and shapes.

Source: ``common_runtime/constant_folding.cc`` for which nodes are constant, ``common_runtime/shape_refiner.cc`` and
``eval_const_tensor.cc`` for how shapes and constants follow from each other.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import TypeAlias

import numpy as np

from kernel_index.datatypes import DataType, item_size
from opselect.models.formats.array_shapes import ArrayError
from opselect.models.formats.numpy_types import Array
from opselect.models.formats.tensor_headers import read_header
from opselect.models.formats.tensors import read_tensor
from opselect.models.graph import Node, Shape, TensorRef, input_node
from opselect.models.graph.references import data_inputs, endpoint
from opselect.rewriting.evaluation.evaluate import Value, evaluate
from opselect.rewriting.evaluation.frames import import_order
from opselect.rewriting.evaluation.inference import RULES, UNKNOWN, Facts, is_known, merged
from opselect.rewriting.evaluation.inference.partial import OPEN
from opselect.rewriting.evaluation.kernel import KERNELS, EvaluationError, KernelCall, data_type_of
from opselect.rewriting.evaluation.kernels.shapes import sizes_as_array
from opselect.rewriting.evaluation.kernels.slicing import strided_slice_of

MAX_LIVE_BYTES = 1 << 31
"""The most that all values held at one time may take: what a GraphDef could hold."""
_STRING_BYTES = 32
"""What TensorFlow counts for a string beside its bytes (``Tensor::TotalBytes``)."""
_MAX_RULE_ELEMENTS = 1 << 16
"""Larger constants are no shapes, axes or paddings; they are not read to infer a shape."""
_MAX_DEPTH = 64
"""Maximum number of ops that put shapes together that are looked through, one after the other."""
_SHAPE_OPS = frozenset({"Shape", "ShapeN", "Size", "Rank"})
_PASSED_ON = frozenset(
    {"Identity", "GuaranteeConst", "Snapshot", "StopGradient", "PreventGradient", "PlaceholderWithDefault"}
)


@dataclass(frozen=True, slots=True)
class Stored:
    """A constant that stays where it is stored until its elements are needed; ``name`` is the Const that has it."""

    name: str
    ref: TensorRef
    type: DataType
    shape: tuple[int, ...]

    @property
    def array(self) -> Array:
        """The elements, read now; InputError where they cannot be."""
        return read_tensor(self.ref)


Held: TypeAlias = Value | Stored


def shape_of(held: Held) -> tuple[int, ...]:
    """The shape of a tensor."""
    return held.shape if isinstance(held, Stored) else held.array.shape


def size_of(held: Held) -> int:
    """The bytes that TensorFlow counts for a tensor (``Tensor::TotalBytes``); of stored strings the most."""
    count = math.prod(shape_of(held))
    if held.type is not DataType.DT_STRING:
        return count * item_size(held.type)
    text = held.ref.length if isinstance(held, Stored) else sum(map(len, held.array.ravel()))
    return count * _STRING_BYTES + text


@dataclass
class Known:
    """``constant`` are the nodes whose outputs are known before the graph runs, ``values`` those outputs.

    Values are kept of nodes that others than constant ones consume, and of those asked for. What a constant node waits
    for and is not constant itself is in ``waits``. Of nodes that are not evaluated though all their inputs are
    constant ``refused`` says why.
    """

    constant: set[str] = field(default_factory=set)
    values: dict[str, tuple[Held, ...]] = field(default_factory=dict)
    shapes: dict[str, tuple[Shape, ...]] = field(default_factory=dict)
    waits: dict[str, frozenset[str]] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)


def find_known(
    nodes: Sequence[Node],
    fed: Collection[str] = (),
    kept: Collection[str] = (),
    considered: Callable[[Node], bool] = lambda _: True,
    recorded_shapes: bool = False,
    approximations: bool = True,
) -> Known:
    """What follows from the constants of a graph of which the nodes ``fed`` get their values from outside.

    Values are kept of nodes in ``kept`` whoever consumes them. Nodes that are not ``considered`` are not constant,
    unless they are Const or ask for a shape that is known. With ``recorded_shapes`` the attr ``_output_shapes`` is
    believed. Without ``approximations`` a node is not constant whose op TensorFlow only approximates. Raises InputError
    for a constant that cannot be read.
    """
    search = _Search(nodes, fed, kept, considered, recorded_shapes, approximations)
    for node in import_order(nodes):
        search.visit(node)
    return search.known


class _Search:
    def __init__(
        self,
        nodes: Sequence[Node],
        fed: Collection[str],
        kept: Collection[str],
        considered: Callable[[Node], bool],
        recorded_shapes: bool,
        approximations: bool,
    ) -> None:
        self.known = Known()
        self._by_name = {node.name: node for node in nodes}
        self._fed = fed
        names = Counter(node.name for node in nodes)
        self._ambiguous = {name for name, count in names.items() if count > 1}
        self._considered = considered
        self._uses_recorded_shapes = recorded_shapes
        self._approximations = approximations
        self._wanted = set(kept)
        self._users_left = Counter(endpoint(reference)[0] for node in nodes for reference in data_inputs(node))
        self._live = 0

    def visit(self, node: Node) -> None:
        """Takes in a node, all whose inputs have been visited."""
        outputs = None if node.name in self._fed or node.name in self._ambiguous else self._outputs(node)
        if outputs is not None:
            self.known.constant.add(node.name)
            self.known.values[node.name] = outputs
            self.known.waits[node.name] = self._waits(node)
            self._live += sum(size_of(held) for held in outputs if isinstance(held, Value))
        self.known.shapes[node.name] = self._shapes(node, outputs)
        for reference in data_inputs(node):
            self._use(endpoint(reference)[0], constant=outputs is not None)

    def _use(self, name: str, *, constant: bool) -> None:
        """Takes note of a consumer; values that nobody wants any more are dropped."""
        if not constant:
            self._wanted.add(name)
        self._users_left[name] -= 1
        if not self._users_left[name] and name not in self._wanted and name in self.known.values:
            dropped = self.known.values.pop(name)
            self._live -= sum(size_of(held) for held in dropped if isinstance(held, Value))

    def _waits(self, node: Node) -> frozenset[str]:
        """What is not constant and comes before a constant node, directly or before what it is made of."""
        found: set[str] = set()
        for reference in node.inputs:
            name = input_node(reference)
            found |= self.known.waits[name] if name in self.known.constant else {name}
        return frozenset(found)

    def _outputs(self, node: Node) -> tuple[Held, ...] | None:
        """What the node gives, if that is known."""
        if node.op == "Const":
            return self._stored(node)
        references = data_inputs(node)
        if node.op in _SHAPE_OPS and references:
            by_shape = self._by_shape(node, [self._shape(reference) for reference in references])
            if by_shape is not None:
                return by_shape
        if not self._considered(node) or not all(endpoint(each)[0] in self.known.constant for each in references):
            return None
        if node.op == "NoOp":
            return ()
        return self._evaluated(node, references) if references else None

    def _stored(self, node: Node) -> tuple[Held, ...] | None:
        ref = node.attrs.get("value")
        if not isinstance(ref, TensorRef):
            return None
        header = read_header(ref)
        return (Stored(node.name, ref, header.dtype, header.dims),)

    def _by_shape(self, node: Node, shapes: Sequence[Shape]) -> tuple[Held, ...] | None:
        """What an op gives that asks for nothing but the shapes of its inputs."""
        call = KernelCall(node.attrs)
        if any(shape.dims is None or (node.op != "Rank" and not is_known(shape)) for shape in shapes):
            return None
        dims = [shape.dims or () for shape in shapes]
        if node.op == "Rank":
            return (Value(np.array(len(dims[0]), np.int32), DataType.DT_INT32),)
        try:
            if node.op == "Size":
                arrays = [sizes_as_array(call, [math.prod(dims[0])]).reshape(())]
            else:
                arrays = [sizes_as_array(call, each) for each in dims]
        except EvaluationError:
            return None
        return tuple(Value(array, call.data_type("out_type")) for array in arrays)

    def _evaluated(self, node: Node, references: Sequence[str]) -> tuple[Held, ...] | None:
        try:
            held = [self._value(reference) for reference in references]
            if node.op in _PASSED_ON and len(held) == 1:
                return (held[0],)
            if self._live + sum(map(size_of, held)) > MAX_LIVE_BYTES:
                raise EvaluationError(f"would have more than {MAX_LIVE_BYTES:,} bytes in memory")
            arrays = [each.array for each in held]
            values = evaluate(node, arrays)
            if not self._approximations:
                _check_near(node, arrays, values)
            return tuple(map(_own, values))
        except (EvaluationError, ArrayError) as error:
            self.known.refused[node.name] = str(error)
            return None

    def _value(self, reference: str) -> Held:
        name, index = endpoint(reference)
        outputs = self.known.values[name]
        if index >= len(outputs):
            raise EvaluationError(f"has an input {reference!r}, which does not exist")
        return outputs[index]

    def _shape(self, reference: str) -> Shape:
        name, index = endpoint(reference)
        shapes = self.known.shapes.get(name, ())
        return shapes[index] if index < len(shapes) else UNKNOWN

    def _shapes(self, node: Node, outputs: tuple[Held, ...] | None) -> tuple[Shape, ...]:
        if outputs is not None:
            return tuple(Shape(shape_of(held)) for held in outputs)
        shapes = self._inferred(node)
        recorded = node.attrs.get("_output_shapes")
        if self._uses_recorded_shapes and isinstance(recorded, tuple):
            known = [each if isinstance(each, Shape) else UNKNOWN for each in recorded]
            pairs = zip_longest(shapes, known, fillvalue=UNKNOWN)
            shapes = tuple(merged(pair) for pair in pairs)
        return shapes

    def _inferred(self, node: Node) -> tuple[Shape, ...]:
        rule = RULES.get(node.op)
        if rule is None:
            return ()
        references = data_inputs(node)
        facts = Facts(
            KernelCall(node.attrs),
            tuple(map(self._shape, references)),
            lambda position: self._small(references, position),
            lambda position: self._sizes(references[position]) if position < len(references) else UNKNOWN,
        )
        try:
            return tuple(rule(facts))
        except (EvaluationError, ValueError, IndexError, TypeError, ZeroDivisionError):
            # Inputs that do not fit the op: TensorFlow refuses the graph, and nothing follows from it here.
            return ()

    def _small(self, references: Sequence[str], position: int) -> Array | None:
        """The elements of a constant input that are whole numbers, and not too many for what a rule asks."""
        if position >= len(references):
            return None
        name, index = endpoint(references[position])
        outputs = self.known.values.get(name, ())
        if index >= len(outputs) or math.prod(shape_of(outputs[index])) > _MAX_RULE_ELEMENTS:
            return None
        array = outputs[index].array
        return array if array.dtype.kind in "iu" else None

    def _sizes(self, reference: str, depth: int = 0) -> Shape:
        """What a tensor says as a shape, as far as that is known (``ShapeRefiner::ConstantPartialShape``)."""
        value = self._small([reference], 0)
        if value is not None:
            return Shape(tuple(max(int(size), OPEN) for size in value)) if value.ndim == 1 else UNKNOWN
        length = self._shape(reference).dims
        anything = Shape((OPEN,) * length[0]) if length and len(length) == 1 and 0 <= length[0] < 256 else UNKNOWN
        name, index = endpoint(reference)
        node = self._by_name.get(name)
        if node is None or name in self._fed or depth > _MAX_DEPTH:
            return anything
        inputs = data_inputs(node)
        if node.op in ("Shape", "ShapeN") and index < len(inputs):
            return self._shape(inputs[index])
        if node.op == "Pack":
            return Shape(tuple(self._number(each) for each in inputs))
        if node.op in ("Concat", "ConcatV2"):
            pieces = inputs[1:] if node.op == "Concat" else inputs[:-1]
            return concatenated_sizes([self._sizes(each, depth + 1) for each in pieces])
        if node.op == "StridedSlice" and len(inputs) == 4:
            return self._sliced(node, inputs, self._sizes(inputs[0], depth + 1))
        return anything

    def _number(self, reference: str) -> int:
        value = self._small([reference], 0)
        return OPEN if value is None or value.size != 1 else max(int(value.reshape(())), OPEN)

    def _sliced(self, node: Node, inputs: Sequence[str], sizes: Shape) -> Shape:
        begin, end, strides = (self._small(inputs, position) for position in (1, 2, 3))
        if sizes.dims is None or begin is None or end is None or strides is None or begin.size != 1:
            return UNKNOWN
        index = strided_slice_of(KernelCall(node.attrs), begin, end, strides).dense((len(sizes.dims),))
        return Shape(sizes.dims[index[0]]) if isinstance(index[0], slice) and len(index) == 1 else UNKNOWN


def concatenated_sizes(pieces: Sequence[Shape]) -> Shape:
    """Shapes one after the other; unknown if the length of one is."""
    if any(piece.dims is None for piece in pieces):
        return UNKNOWN
    return Shape(tuple(size for piece in pieces for size in piece.dims or ()))


def _check_near(node: Node, inputs: Sequence[Array], outputs: Sequence[Value]) -> None:
    """EvaluationError for values that are not as near to TensorFlow's as the accuracy of a kernel says."""
    data_type = data_type_of(inputs[0])
    if KERNELS[node.op].approximates(data_type, max((value.array.size for value in outputs), default=0)):
        name = data_type.name.removeprefix("DT_").lower()
        raise EvaluationError(f"is a {node.op} of {name}, which TensorFlow approximates in a way of its own")


def _own(value: Value) -> Value:
    """The value, not as a small part of a larger array that it would keep in memory."""
    base = value.array.base
    if isinstance(base, np.ndarray) and base.nbytes > 2 * value.array.nbytes:
        return Value(value.array.copy(), value.type)
    return value
