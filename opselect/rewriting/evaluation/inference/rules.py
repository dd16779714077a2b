"""Shapes of outputs, op by op: a registry of rules. Source: ``framework/common_shape_fns.cc`` and the shape functions
in ``core/ops/*.cc``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from opselect.models.formats.numpy_types import Array
from opselect.models.graph import Shape
from opselect.rewriting.evaluation.inference.partial import (
    OPEN,
    SCALAR,
    UNKNOWN,
    broadcast,
    concatenated,
    either,
    merged,
)
from opselect.rewriting.evaluation.kernel import KernelCall


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a node's inputs: their shapes, the values of constant ones, and what those say as shapes."""

    call: KernelCall
    shapes: tuple[Shape, ...]
    values: Callable[[int], Array | None]
    sizes: Callable[[int], Shape]

    def shape(self, position: int) -> Shape:
        """The shape of an input, unknown of one that there is not."""
        return self.shapes[position] if -len(self.shapes) <= position < len(self.shapes) else UNKNOWN

    def number(self, position: int) -> int | None:
        """The value of a constant input of one element."""
        value = self.values(position)
        return int(value.reshape(())) if value is not None and value.size == 1 else None


Rule: TypeAlias = Callable[[Facts], Sequence[Shape]]
RULES: dict[str, Rule] = {}


def rule(ops: str) -> Callable[[Rule], Rule]:
    """Registers a function as the rule of ops, white space between them."""

    def register(function: Rule) -> Rule:
        RULES.update(dict.fromkeys(ops.split(), function))
        return function

    return register


@rule(
    """
    Abs Acos Acosh Angle Asin Asinh Atan Atanh BiasAdd BiasAddV1 Cast Ceil CheckNumerics ComplexAbs Conj Cos Cosh
    Cumprod Cumsum Digamma Elu Enter Erf Erfc Exit Exp Expm1 FakeQuantWithMinMaxArgs FakeQuantWithMinMaxVars
    FakeQuantWithMinMaxVarsPerChannel Floor Identity Imag Inv Invert IsFinite IsInf IsNan L2Normalize LRN LeakyRelu
    Lgamma Log Log1p LogSoftmax LogicalNot LoopCond MatrixBandPart Neg NextIteration OnesLike PreventGradient
    QuantizeAndDequantizeV2 QuantizeAndDequantizeV3 Real Reciprocal Relu Relu6 Reverse ReverseSequence ReverseV2 Rint
    Roll Round Rsqrt Selu Sigmoid Sign Sin Sinh Snapshot Softmax Softplus Softsign Sqrt Square StopGradient Tan Tanh
    TensorScatterAdd TensorScatterUpdate ZerosLike BatchNormWithGlobalNormalization StringLower StringUpper StringStrip
    StringLength AsString StaticRegexReplace RegexReplace StringToNumber StringToHashBucketFast StringToHashBucket
    StringToHashBucketStrong EncodeBase64 DecodeBase64 InvertPermutation Dequantize
    """
)
def unchanged(facts: Facts) -> Sequence[Shape]:
    """The first output has the shape of the first input."""
    return [facts.shape(0)]


@rule(
    """
    Add AddV2 ApproximateEqual Atan2 BitwiseAnd BitwiseOr BitwiseXor Complex Div DivNoNan Equal FloorDiv FloorMod
    Greater GreaterEqual LeftShift Less LessEqual LogicalAnd LogicalOr Maximum Minimum Mod Mul MulNoNan NotEqual Pow
    RealDiv RightShift SquaredDifference Sub TruncateDiv TruncateMod Xdivy Xlog1py Xlogy
    """
)
def broadcast_pair(facts: Facts) -> Sequence[Shape]:
    """Two inputs are broadcast."""
    return [broadcast(facts.shape(0), facts.shape(1))]


@rule("SelectV2")
def broadcast_three(facts: Facts) -> Sequence[Shape]:
    """Three inputs are broadcast."""
    return [broadcast(facts.shape(0), broadcast(facts.shape(1), facts.shape(2)))]


@rule("Select")
def chosen(facts: Facts) -> Sequence[Shape]:
    """Both choices have one shape."""
    return [merged(facts.shapes[1:3])]


@rule("AddN AccumulateNV2")
def all_alike(facts: Facts) -> Sequence[Shape]:
    """All inputs have one shape."""
    return [merged(facts.shapes)]


@rule("Switch RefSwitch")
def both_ways(facts: Facts) -> Sequence[Shape]:
    """The input goes to either output."""
    return [facts.shape(0), facts.shape(0)]


@rule("Merge RefMerge")
def any_of(facts: Facts) -> Sequence[Shape]:
    """One of the inputs comes out, and its number."""
    return [either(facts.shapes), SCALAR]


@rule("IdentityN")
def each_its_own(facts: Facts) -> Sequence[Shape]:
    """Every output is an input."""
    return facts.shapes


@rule("Placeholder PlaceholderV2 PlaceholderWithDefault")
def placeholder(facts: Facts) -> Sequence[Shape]:
    """The node says it; a Placeholder of old without dimensions says nothing (``PlaceholderShapeFn``)."""
    return [facts.call.shape("shape")]


@rule("Shape")
def dimensions(facts: Facts) -> Sequence[Shape]:
    """One number for each dimension."""
    return [_vector(facts.shape(0))]


@rule("ShapeN")
def dimensions_of_each(facts: Facts) -> Sequence[Shape]:
    """One number for each dimension of each input."""
    return [_vector(shape) for shape in facts.shapes]


def _vector(shape: Shape) -> Shape:
    return Shape((OPEN if shape.dims is None else len(shape.dims),))


@rule("Rank Size L2Loss")
def one_number(_: Facts) -> Sequence[Shape]:
    """A scalar."""
    return [SCALAR]


@rule("Range")
def counted(_: Facts) -> Sequence[Shape]:
    """As many as there are steps; a constant one is evaluated before a rule is asked."""
    return [Shape((OPEN,))]


@rule("LinSpace")
def so_many(facts: Facts) -> Sequence[Shape]:
    """As many as the last input says."""
    count = facts.number(2)
    return [Shape((OPEN if count is None or count < 0 else count,))]


@rule("MatMul")
def matrix_product(facts: Facts) -> Sequence[Shape]:
    """Rows of the first, columns of the second, each maybe turned."""
    return [_product(facts, "transpose_a", "transpose_b", 2)]


@rule("BatchMatMul BatchMatMulV2 BatchMatMulV3")
def matrix_products(facts: Facts) -> Sequence[Shape]:
    """The same for matrices in the last two dimensions; those before are broadcast."""
    return [_product(facts, "adj_x", "adj_y", None)]


def _product(facts: Facts, turn_left: str, turn_right: str, rank: int | None) -> Shape:
    left, right = facts.shape(0).dims, facts.shape(1).dims
    if rank is not None:
        left, right = ((OPEN,) * rank if dims is None else dims for dims in (left, right))
    if left is None or right is None or len(left) < 2 or len(right) < 2:
        return UNKNOWN
    batch = broadcast(Shape(left[:-2]), Shape(right[:-2])).dims or ()
    rows = left[-1] if facts.call.flag(turn_left) else left[-2]
    columns = right[-2] if facts.call.flag(turn_right) else right[-1]
    return Shape((*batch, rows, columns))


@rule("Sum Mean Prod Max Min All Any EuclideanNorm")
def reduced(facts: Facts) -> Sequence[Shape]:
    """Without the axes of a constant second input, or with a size of 1 there (``ReductionShape``)."""
    dims, axes, keep = facts.shape(0).dims, facts.values(1), facts.call.flag("keep_dims")
    if dims is None:
        return [UNKNOWN]
    if axes is None:
        return [Shape((OPEN,) * len(dims)) if keep else UNKNOWN]
    gone = {int(axis) % len(dims) for axis in axes.ravel()} if dims else set()
    kept = [1 if axis in gone else size for axis, size in enumerate(dims) if keep or axis not in gone]
    return [Shape(tuple(kept))]


@rule("ArgMax ArgMin")
def reduced_once(facts: Facts) -> Sequence[Shape]:
    """Without one axis."""
    dims, axis = facts.shape(0).dims, facts.number(1)
    if dims is None or not dims:
        return [UNKNOWN]
    if axis is None or not -len(dims) <= axis < len(dims):
        return [Shape((OPEN,) * (len(dims) - 1))]
    axis %= len(dims)
    return [Shape((*dims[:axis], *dims[axis + 1 :]))]


@rule("Concat")
def joined_by_first(facts: Facts) -> Sequence[Shape]:
    """One after the other along the axis that the first input is."""
    return [_joined(facts.shapes[1:], facts.number(0))]


@rule("ConcatV2")
def joined_by_last(facts: Facts) -> Sequence[Shape]:
    """One after the other along the axis that the last input is."""
    return [_joined(facts.shapes[:-1], facts.number(len(facts.shapes) - 1))]


def _joined(shapes: Sequence[Shape], axis: int | None) -> Shape:
    if axis is not None:
        return concatenated(shapes, axis)
    rank = next((len(shape.dims) for shape in shapes if shape.dims is not None), None)
    return UNKNOWN if rank is None else Shape((OPEN,) * rank)


@rule("FusedBatchNorm FusedBatchNormV2 FusedBatchNormV3")
def normalized(facts: Facts) -> Sequence[Shape]:
    """The image as it is, and statistics of each channel."""
    return [facts.shape(0), *[merged(facts.shapes[1:])] * 4]


@rule("QuantizeV2")
def quantized(facts: Facts) -> Sequence[Shape]:
    """The same numbers, and their range."""
    return [facts.shape(0), SCALAR, SCALAR]
