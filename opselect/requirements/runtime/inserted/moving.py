"""Rewrites of ``grappler/optimizers/arithmetic_optimizer.cc`` of ops that move, copy and pick values."""

from __future__ import annotations

from collections.abc import Iterator

from kernel_index.datatypes import DataType, item_size
from opselect.models.graph import Node
from opselect.requirements.runtime.body_view import known
from opselect.requirements.runtime.inserted.forms import FormView
from opselect.requirements.runtime.inserted.rule import Insertion, Rule, int32_const, typed, with_input
from opselect.requirements.runtime.releases import Span

_SOURCE = "grappler/optimizers/arithmetic_optimizer.cc"
_INT32 = DataType.DT_INT32
_MOST_PARTS = 16
"""Maximum number of inputs of a stack that are looked at one by one."""

_GATHERS = ("Gather", "GatherV2", "ResourceGather")


def _conj_and_transpose(view: FormView) -> Iterator[Insertion]:
    transposes = ("Transpose", "ConjugateTranspose")
    for root in view.named("Conj", *transposes):
        for source in view.sources(root):
            for transpose, conj in ((root, source), (source, root)):
                if transpose.op in transposes and conj.op == "Conj":
                    other = transposes[transpose.op == "Transpose"]
                    inputs = (view.inputs(source)[0], *view.inputs(transpose)[1:])
                    perm = view.type(transpose, "Tperm")
                    root_first = (root, source)
                    types = known(T=view.type(transpose), Tperm=perm)
                    yield Insertion(other, root_first, types, inputs)


def _conj(view: FormView) -> Iterator[Insertion]:
    for transpose in view.named("ConjugateTranspose"):
        if view.constant(transpose, 1):
            yield typed("Conj", view, transpose, inputs=view.inputs(transpose)[:1])


def _tile(view: FormView) -> Iterator[Insertion]:
    """The ones have as many dimensions as the tensor, and more elements, so they are no scalar."""
    for product in view.named("Mul"):
        ones = view.inputs(product)[1]
        if view.type(product) is DataType.DT_FLOAT and view.filled(product, 1, 1) and not view.is_scalar(ones):
            multiples = int32_const(view, product)
            yield multiples
            inputs = (view.inputs(product)[0], multiples.place)
            yield typed("Tile", view, product, inputs=inputs, Tmultiples=_INT32)


def _tile_for_pack(view: FormView) -> Iterator[Insertion]:
    for pack in view.named("Pack"):
        inputs = view.inputs(pack)
        if len(inputs) > 1 and view.same(*inputs):
            number = int32_const(view, pack)
            yield number
            tiled = (inputs[0], number.place)
            place = view.beside(pack, "Tile", tiled)
            yield typed("Tile", view, pack, inputs=tiled, place=place, Tmultiples=_INT32)
            yield typed("Reshape", view, pack, inputs=(place, number.place), Tshape=_INT32)


def _slice_of_pack(view: FormView) -> Iterator[Insertion]:
    for part in view.named("StridedSlice", "Slice"):
        if not (view.constant(part, 1) and view.constant(part, 2)):
            continue
        for pack in view.sources(part):
            if pack.op == "Pack":
                axis = int32_const(view, part, pack)
                yield axis
                for reference in dict.fromkeys(view.inputs(pack)[:_MOST_PARTS]):
                    yield typed("Identity", view, part, pack, inputs=(reference,))
                    inputs = (reference, axis.place)
                    yield typed("ExpandDims", view, part, pack, inputs=inputs, Tdim=_INT32)


_SEGMENT_REDUCTIONS = tuple(
    f"SparseSegment{name}{number}" for name in ("Sum", "Mean", "SqrtN") for number in ("", "WithNumSegments")
)


def _embedding_lookup(view: FormView) -> Iterator[Insertion]:
    """The reduction reads the indices that Unique got, so its Tidx becomes theirs."""
    for reduction in view.named(*_SEGMENT_REDUCTIONS):
        for gather in view.sources(reduction):
            for unique in view.sources(gather, 1) if gather.op in _GATHERS else ():
                if unique.op not in ("Unique", "UniqueV2"):
                    continue
                types = {**view.plain.own_types(reduction), **known(Tidx=view.type(unique))}
                inputs = (view.inputs(gather)[0], view.inputs(unique)[0], *view.inputs(reduction)[2:])
                yield Insertion(reduction.op, (reduction, gather, unique), types, inputs)
                if gather.op == "ResourceGather":
                    yield Insertion("ReadVariableOp", (reduction, gather), known(dtype=view.type(gather, "dtype")))


def _segment_reduction_of_cast(view: FormView) -> Iterator[Insertion]:
    for reduction in view.named(*_SEGMENT_REDUCTIONS):
        for index, attr in ((1, "Tidx"), (2, "Tsegmentids")):
            for cast in view.sources(reduction, index):
                before = view.type(cast, "SrcT") if cast.op == "Cast" else None
                if before in (_INT32, DataType.DT_INT64):
                    types = {**view.plain.own_types(reduction), **known(**{attr: before})}
                    inputs = with_input(view, reduction, index, view.inputs(cast)[0])
                    yield Insertion(reduction.op, (reduction, cast), types, inputs)


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


_CAST_LIKE: dict[str, tuple[str, str | DataType]] = {
    "Angle": ("T", "Tout"),
    "Bucketize": ("T", _INT32),
    "Cast": ("SrcT", "DstT"),
    "HistogramFixedWidth": ("T", "dtype"),
    "Imag": ("T", "Tout"),
    "IsFinite": ("T", DataType.DT_BOOL),
    "IsInf": ("T", DataType.DT_BOOL),
    "IsNan": ("T", DataType.DT_BOOL),
    "Real": ("T", "Tout"),
}
"""The attrs with the types of input and output, or the type itself (``IsCastLike`` in ``grappler/op_types.cc``)."""


def _cast_and_move(view: FormView) -> Iterator[Insertion]:
    """A Cast and an op that moves values change places where the latter gets the smaller type by that."""
    for mover in view.named(*_VALUE_PRESERVING):
        for cast in view.sources(mover) if "T" in mover.attrs else ():
            if cast.op not in _CAST_LIKE:
                continue
            before, after = _cast_types(view, cast)
            if item_size(before) < item_size(after):
                yield from _swapped(view, mover, cast, mover, before)
    for cast in view.named(*_CAST_LIKE):
        before, after = _cast_types(view, cast)
        for mover in view.sources(cast) if item_size(after) < item_size(before) else ():
            if mover.op in _VALUE_PRESERVING and "T" in mover.attrs:
                yield from _swapped(view, cast, mover, mover, after)


def _cast_types(view: FormView, node: Node) -> tuple[DataType, DataType]:
    """What an op like Cast reads and gives; the same for other ops, and where there is no telling."""
    source, target = _CAST_LIKE.get(node.op, ("", ""))
    before = view.type(node, source)
    after = view.type(node, target) if isinstance(target, str) else target
    if before is None or after is None or not (item_size(before) and item_size(after)):
        return _INT32, _INT32
    return before, after


def _swapped(view: FormView, root: Node, source: Node, mover: Node, data_type: DataType | None) -> Iterator[Insertion]:
    """The root's op reads what the source reads, and the source's op reads the root's."""
    below = (view.inputs(source)[0], *view.inputs(root)[1:])
    place = view.beside(root, f"{root.op} {data_type}", below)
    above = (place, *view.inputs(source)[1:])
    moved = {**mover.attrs, **known(T=data_type)}
    for op, inputs, where in ((root, below, place), (source, above, "")):
        attrs = moved if op is mover else op.attrs
        yield Insertion(op.op, (root, source), attrs, inputs, where, listed=op is mover)


RULES = (
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
        "a Cast (or IsNan, Real and their like) and an op that only moves values, one after the other, where the "
        "latter gets a smaller type",
        "types of the op, T from the other side of the Cast",
        _cast_and_move,
    ),
)
