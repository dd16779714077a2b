"""Rewrites of ``grappler/optimizers/arithmetic_optimizer.cc`` that bring ops which the graph may not have."""

from __future__ import annotations

from collections.abc import Iterator

from kernel_index.datatypes import DataType
from opselect.models.graph import Node, NodeAttr
from opselect.requirements.runtime.body_view import BodyView, known
from opselect.requirements.runtime.inserted.rule import Insertion, Rule
from opselect.requirements.runtime.inserted.values import filled_with
from opselect.requirements.runtime.releases import Span

_SOURCE = "grappler/optimizers/arithmetic_optimizer.cc"
_INT32 = DataType.DT_INT32
_ADD = ("Add", "AddV2")
_DIVISIONS = ("RealDiv", "Div", "TruncateDiv", "Xdivy")
_COMPLEX = (DataType.DT_COMPLEX64, DataType.DT_COMPLEX128)


def _typed(op: str, view: BodyView, *nodes: Node, attr: str = "T", **attrs: NodeAttr | None) -> Insertion:
    """The op with the type of the first node in ``attr``."""
    return Insertion(op, nodes, known(**{attr: view.type(nodes[0])}, **attrs))


def _add_n(view: BodyView) -> Iterator[Insertion]:
    """Sums of sums: an AddN for inputs of one shape, an AddV2 for those of different ones.

    A batch norm counts as a sum, for the remapper makes one of it.
    """
    sums = (*_ADD, "AddN", "FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3")
    for root in view.named(*_ADD, "AddN"):
        for index in range(len(view.data_inputs(root))):
            inner = view.input(root, index)
            if inner is None or inner.op not in sums or len(view.uses(inner)) != 1:
                continue
            if not view.has_controls(root) and not view.has_controls(inner):
                yield _typed("AddN", view, root, inner)
                yield _typed("AddV2", view, root, inner)
                yield _typed("Add", view, root, inner)
                break


def _scaled_weights(view: BodyView) -> Iterator[Insertion]:
    for conv in view.named("Conv2D", "Conv3D"):
        product = view.input(conv)
        if product is None or product.op not in ("Mul", "MulNoNan") or len(view.uses(product)) != 1:
            continue
        if view.is_constant(view.input(conv, 1)) and any(view.is_constant(view.input(product, i)) for i in range(2)):
            yield _typed(product.op, view, conv, product)


def _conj_and_transpose(view: BodyView) -> Iterator[Insertion]:
    transposes = ("Transpose", "ConjugateTranspose")
    for root in view.named("Conj", *transposes):
        source = view.input(root)
        for transpose, conj in ((root, source), (source, root)):
            if transpose is None or conj is None or transpose.op not in transposes or conj.op != "Conj":
                continue
            other = transposes[transpose.op == "Transpose"]
            yield _typed(other, view, transpose, conj, Tperm=view.type(transpose, "Tperm"))


def _conj(view: BodyView) -> Iterator[Insertion]:
    for transpose in view.named("ConjugateTranspose"):
        if view.is_constant(view.input(transpose, 1)):
            yield _typed("Conj", view, transpose)


def _without_negation(view: BodyView) -> Iterator[Insertion]:
    for root in view.named(*_ADD, "Sub"):
        for index in (0, 1) if root.op != "Sub" else (1,):
            negation = view.input(root, index)
            if negation is not None and negation.op == "Neg":
                for op in ("Sub",) if root.op != "Sub" else _ADD:
                    yield _typed(op, view, root, negation)


_OPPOSITES = {
    "Equal": "NotEqual",
    "NotEqual": "Equal",
    "Less": "GreaterEqual",
    "LessEqual": "Greater",
    "Greater": "LessEqual",
    "GreaterEqual": "Less",
}


def _without_not(view: BodyView) -> Iterator[Insertion]:
    for negation in view.named("LogicalNot"):
        comparison = view.input(negation)
        if comparison is not None and comparison.op in _OPPOSITES and view.used_once(comparison):
            yield _typed(_OPPOSITES[comparison.op], view, comparison, negation)


def _square(view: BodyView) -> Iterator[Insertion]:
    for product in view.named("Mul", "MulNoNan"):
        inputs = view.data_inputs(product)
        if len(inputs) == 2 and inputs[0] == inputs[1]:
            yield _typed("Square", view, product)


def _tile(view: BodyView) -> Iterator[Insertion]:
    for product in view.named("Mul"):
        if view.type(product) is DataType.DT_FLOAT and filled_with(view, view.input(product, 1), 1):
            yield _typed("Tile", view, product, Tmultiples=_INT32)
            yield Insertion("Const", (product,), {"dtype": _INT32})


def _tile_for_pack(view: BodyView) -> Iterator[Insertion]:
    for pack in view.named("Pack"):
        inputs = view.data_inputs(pack)
        if len(inputs) > 1 and len(set(inputs)) == 1:
            yield _typed("Tile", view, pack, Tmultiples=_INT32)
            yield _typed("Reshape", view, pack, Tshape=_INT32)
            yield Insertion("Const", (pack,), {"dtype": _INT32})


def _product_for_sum(view: BodyView) -> Iterator[Insertion]:
    for total in view.named("AddN", "AccumulateNV2", *_ADD):
        inputs = view.data_inputs(total)
        if len(inputs) > 1 and len(set(inputs)) == 1 and view.type(total) is not DataType.DT_VARIANT:
            yield _typed("Mul", view, total)
            yield _typed("Const", view, total, attr="dtype")


def _rsqrt(view: BodyView) -> Iterator[Insertion]:
    for division in view.named(*_DIVISIONS):
        root = view.input(division, 1)
        if root is not None and root.op == "Sqrt" and view.used_once(root):
            yield _typed("Rsqrt", view, division, root)
            yield _typed("MulNoNan" if division.op == "Xdivy" else "Mul", view, division, root)


def _squared_difference(view: BodyView) -> Iterator[Insertion]:
    for square in view.named("Square"):
        difference = view.input(square)
        if difference is None or difference.op != "Sub" or not view.used_once(difference):
            continue
        if view.type(difference) not in _COMPLEX:
            yield _typed("SquaredDifference", view, square, difference)
            yield _typed("Identity", view, square, difference)


def _log_softmax(view: BodyView) -> Iterator[Insertion]:
    for logarithm in view.named("Log"):
        softmax = view.input(logarithm)
        if softmax is not None and softmax.op == "Softmax" and view.used_once(softmax):
            yield _typed("LogSoftmax", view, logarithm, softmax)
            yield _typed("Identity", view, logarithm, softmax)


_POWERS: dict[float, tuple[str, ...]] = {
    2: ("Square",),
    3: ("Square", "Mul"),
    1: ("Identity",),
    0.5: ("Sqrt",),
    0: ("Const",),
    -0.5: ("Rsqrt",),
    -1: ("Reciprocal",),
}


def _power(view: BodyView) -> Iterator[Insertion]:
    for power in view.named("Pow"):
        for exponent, ops in _POWERS.items():
            if filled_with(view, view.input(power, 1), exponent):
                yield from (_typed(op, view, power, attr="dtype" if op == "Const" else "T") for op in ops)


def _log1p(view: BodyView) -> Iterator[Insertion]:
    for logarithm in view.named("Log"):
        total = view.input(logarithm)
        if total is not None and total.op in _ADD and any(filled_with(view, view.input(total, i), 1) for i in range(2)):
            yield _typed("Log1p", view, logarithm, total)


def _expm1(view: BodyView) -> Iterator[Insertion]:
    for difference in view.named("Sub"):
        exponential = view.input(difference)
        if exponential is not None and exponential.op == "Exp" and filled_with(view, view.input(difference, 1), 1):
            yield _typed("Expm1", view, difference, exponential)


_FALLING = ("Acos", "Erfc", "Neg", "Rsqrt")
_RISING = (
    *("Acosh", "Asin", "Asinh", "Atan", "Atanh", "Ceil", "Elu", "Erf", "Exp", "Expm1", "Floor", "Log", "Log1p"),
    *("Relu", "Relu6", "Rint", "Selu", "Sigmoid", "Sign", "Sinh", "Softsign", "Softplus", "Sqrt", "Tanh"),
)
_EXTREMES = {"Max": "Min", "Min": "Max", "ArgMax": "ArgMin", "ArgMin": "ArgMax"}


def _extreme_of_monotonic(view: BodyView) -> Iterator[Insertion]:
    for extreme in view.named(*_EXTREMES):
        function = view.input(extreme)
        if function is None or function.op not in (*_FALLING, *_RISING) or len(view.uses(function)) != 1:
            continue
        if function.op in _FALLING:
            yield Insertion(_EXTREMES[extreme.op], (extreme, function), view.own_types(extreme))
        if extreme.op.startswith("Arg"):
            yield _typed("Identity", view, function, extreme)


_UNARY = (
    *(
        "Abs",
        "Ceil",
        "Cos",
        "Elu",
        "Exp",
        "Expm1",
        "Floor",
        "Inv",
        "Log",
        "Log1p",
        "Neg",
        "Reciprocal",
        "Relu",
        "Relu6",
    ),
    *("Round", "Rsqrt", "Selu", "Sigmoid", "Sin", "Sqrt", "Square", "Tanh"),
)
_UNARY_BUT_HALF = ("Acos", "Acosh", "Asin", "Asinh", "Atan", "Atanh", "Cosh", "Rint", "Sinh", "Tan")


def _unary_composition(view: BodyView) -> Iterator[Insertion]:
    for root in view.named(*_UNARY, *_UNARY_BUT_HALF):
        source = view.input(root)
        if source is None or len(view.uses(source)) != 1 or not _composes(view, root) or not _composes(view, source):
            continue
        if view.type(root) is view.type(source):
            yield _typed("_UnaryOpsComposition", view, root, source)


def _composes(view: BodyView, node: Node) -> bool:
    if node.op not in (*_UNARY, *_UNARY_BUT_HALF) or view.has_controls(node):
        return False
    half = view.type(node) is DataType.DT_HALF
    return node.op in _UNARY if half else view.type(node) in (DataType.DT_FLOAT, DataType.DT_DOUBLE)


def _slice_of_pack(view: BodyView) -> Iterator[Insertion]:
    for part in view.named("StridedSlice", "Slice"):
        pack = view.input(part)
        if pack is not None and pack.op == "Pack" and all(view.is_constant(view.input(part, i)) for i in (1, 2)):
            yield _typed("Identity", view, part, pack)
            yield _typed("ExpandDims", view, part, pack, Tdim=_INT32)
            yield Insertion("Const", (part, pack), {"dtype": _INT32})


_SEGMENT_REDUCTIONS = tuple(
    f"SparseSegment{name}{number}" for name in ("Sum", "Mean", "SqrtN") for number in ("", "WithNumSegments")
)


def _embedding_lookup(view: BodyView) -> Iterator[Insertion]:
    """The reduction reads the indices that Unique got, so its Tidx becomes theirs."""
    for reduction in view.named(*_SEGMENT_REDUCTIONS):
        gather = view.input(reduction)
        unique = view.input(gather, 1) if gather is not None else None
        if gather is None or gather.op not in ("Gather", "GatherV2", "ResourceGather"):
            continue
        if unique is None or unique.op not in ("Unique", "UniqueV2"):
            continue
        types = {**view.own_types(reduction), **known(Tidx=view.type(unique))}
        yield Insertion(reduction.op, (reduction, gather, unique), types)
        if gather.op == "ResourceGather":
            yield Insertion("ReadVariableOp", (reduction, gather), known(dtype=view.type(gather, "dtype")))


def _segment_reduction_of_cast(view: BodyView) -> Iterator[Insertion]:
    for reduction in view.named(*_SEGMENT_REDUCTIONS):
        for index, attr in ((1, "Tidx"), (2, "Tsegmentids")):
            cast = view.input(reduction, index)
            before = view.type(cast, "SrcT") if cast is not None and cast.op == "Cast" else None
            if cast is not None and before in (_INT32, DataType.DT_INT64):
                types = {**view.own_types(reduction), **known(**{attr: before})}
                yield Insertion(reduction.op, (reduction, cast), types)


_VALUE_PRESERVING = (
    *(
        "BatchToSpace",
        "BatchToSpaceND",
        "DepthToSpace",
        "ExpandDims",
        "Identity",
        "InvertPermutation",
        "PreventGradient",
    ),
    *(
        "Reshape",
        "Reverse",
        "ReverseV2",
        "Roll",
        "Snapshot",
        "SpaceToBatch",
        "SpaceToBatchND",
        "SpaceToDepth",
        "Squeeze",
    ),
    *("StopGradient", "Transpose"),
)


def _cast_and_move(view: BodyView) -> Iterator[Insertion]:
    """A Cast and an op that moves values change places: the latter gets the smaller type."""
    for cast in view.named("Cast"):
        before, after = view.type(cast, "SrcT"), view.type(cast, "DstT")
        source = view.input(cast)
        movers = [(use.consumer, before) for use in view.uses(cast) if use.index == 0]
        for mover, data_type in [*movers, (source, after)]:
            if mover is not None and mover.op in _VALUE_PRESERVING and "T" in mover.attrs:
                types = {**view.own_types(mover), **known(T=data_type)}
                yield Insertion(mover.op, (mover, cast), types)


_T_OF_ROOT = "T of the first node"

RULES = (
    Rule(
        ("Add", "AddN", "AddV2"),
        Span((1, 9)),
        _SOURCE,
        "an Add or AddN that reads another, or a batch norm, which nothing else reads",
        _T_OF_ROOT,
        _add_n,
    ),
    Rule(
        ("Mul", "MulNoNan"),
        Span((1, 4)),
        _SOURCE,
        "a convolution with constant weights that alone reads a product with a constant",
        "T of the convolution",
        _scaled_weights,
    ),
    Rule(
        ("ConjugateTranspose", "Transpose"),
        Span((1, 5)),
        _SOURCE,
        "a Conj and a transposition, one after the other",
        "T and Tperm of the transposition",
        _conj_and_transpose,
    ),
    Rule(
        ("Conj",),
        Span((2, 4)),
        _SOURCE,
        "a ConjugateTranspose with a constant permutation",
        "T of the ConjugateTranspose",
        _conj,
    ),
    Rule(
        ("Add", "AddV2", "Sub"),
        Span((1, 8)),
        _SOURCE,
        "a sum or difference with a Neg",
        "T of the sum",
        _without_negation,
    ),
    Rule(
        ("Equal", "Greater", "GreaterEqual", "Less", "LessEqual", "NotEqual"),
        Span((1, 9)),
        _SOURCE,
        "a LogicalNot that alone reads a comparison",
        "T of the comparison",
        _without_not,
    ),
    Rule(("Square",), Span((1, 5)), _SOURCE, "a product of a tensor with itself", "T of the product", _square),
    Rule(
        ("Const", "Tile"),
        Span((2, 5)),
        _SOURCE,
        "a product (float) with a constant of ones",
        "T of the product, multiples of type int32",
        _tile,
    ),
    Rule(
        ("Const", "Reshape", "Tile"),
        Span((2, 5)),
        _SOURCE,
        "a Pack of one tensor several times",
        "T of the Pack, shape and multiples of type int32",
        _tile_for_pack,
    ),
    Rule(
        ("Const", "Mul"),
        Span((1, 5)),
        _SOURCE,
        "a sum of one tensor several times",
        "T of the sum",
        _product_for_sum,
    ),
    Rule(
        ("Mul", "MulNoNan", "Rsqrt"),
        Span((1, 9)),
        _SOURCE,
        "a division that alone reads its divisor, a Sqrt; MulNoNan for Xdivy, from 1.14 on",
        "T of the division",
        _rsqrt,
    ),
    Rule(
        ("Identity", "SquaredDifference"),
        Span((1, 14)),
        _SOURCE,
        "a Square that alone reads a Sub, no complex numbers",
        "T of the Square",
        _squared_difference,
    ),
    Rule(
        ("Identity", "LogSoftmax"),
        Span((1, 14)),
        _SOURCE,
        "a Log that alone reads a Softmax",
        "T of the Log",
        _log_softmax,
    ),
    Rule(
        ("Const", "Identity", "Mul", "Reciprocal", "Rsqrt", "Sqrt", "Square"),
        Span((1, 10)),
        _SOURCE,
        "a Pow with the constant exponent 2, 3, 1, 0.5, 0, -0.5 or -1",
        "T of the Pow",
        _power,
    ),
    Rule(("Log1p",), Span((1, 10)), _SOURCE, "a Log of a sum with a constant of ones", "T of the Log", _log1p),
    Rule(("Expm1",), Span((1, 11)), _SOURCE, "an Exp minus a constant of ones", "T of the Sub", _expm1),
    Rule(
        ("ArgMax", "ArgMin", "Identity", "Max", "Min"),
        Span((1, 14)),
        _SOURCE,
        "a maximum or minimum that alone reads a monotonic function, turned into its opposite if that falls",
        "types of the maximum or minimum",
        _extreme_of_monotonic,
    ),
    Rule(
        ("_UnaryOpsComposition",),
        Span((1, 10)),
        _SOURCE,
        "elementwise functions (float, double, some half), one of which alone reads the other",
        "T of the functions",
        _unary_composition,
    ),
    Rule(
        ("Const", "ExpandDims", "Identity"),
        Span((1, 13)),
        _SOURCE,
        "a slice of a Pack with constant bounds",
        "T of the slice, axis of type int32",
        _slice_of_pack,
    ),
    Rule(
        ("ReadVariableOp", *_SEGMENT_REDUCTIONS),
        Span((2, 3)),
        _SOURCE,
        "a segment reduction of what is gathered at unique indices; ReadVariableOp after a ResourceGather",
        "types of the reduction, Tidx from the Unique's T",
        _embedding_lookup,
    ),
    Rule(
        _SEGMENT_REDUCTIONS,
        Span((2, 3)),
        _SOURCE,
        "a segment reduction whose indices or segments come from a Cast of int32 or int64",
        "types of the reduction, Tidx or Tsegmentids from the Cast's SrcT",
        _segment_reduction_of_cast,
    ),
    Rule(
        _VALUE_PRESERVING,
        Span((1, 9)),
        _SOURCE,
        "a Cast and an op that only moves values, one after the other",
        "types of the op, T from the other side of the Cast",
        _cast_and_move,
    ),
)
