"""Rewrites of ``grappler/optimizers/constant_folding.cc`` and of optimizers that work with constants and shapes."""

from __future__ import annotations

from collections.abc import Iterator

from kernel_index.datatypes import DataType
from opselect.models.graph import Node, NodeAttr
from opselect.requirements.runtime.body_view import BodyView, known
from opselect.requirements.runtime.inserted.rule import Insertion, Rule
from opselect.requirements.runtime.inserted.values import filled_with
from opselect.requirements.runtime.releases import Span

_SOURCE = "grappler/optimizers/constant_folding.cc"
_INT32 = DataType.DT_INT32
_FLOATING = (
    DataType.DT_HALF,
    DataType.DT_BFLOAT16,
    DataType.DT_FLOAT,
    DataType.DT_DOUBLE,
    DataType.DT_COMPLEX64,
    DataType.DT_COMPLEX128,
)
_ADD = ("Add", "AddV2")
_REDUCTIONS = ("Sum", "Prod", "Min", "Max", "Mean", "Any", "All")


def _typed(op: str, view: BodyView, *nodes: Node, attr: str = "T", **attrs: NodeAttr | None) -> Insertion:
    return Insertion(op, nodes, known(**{attr: view.type(nodes[0])}, **attrs))


def _shape_constants(view: BodyView) -> Iterator[Insertion]:
    for node in view.named("Shape", "Size", "Rank", "ShapeN", "TensorArraySizeV3", "BroadcastGradientArgs"):
        for data_type in sorted(set(view.output_types(node)) - {None}, key=str):
            yield Insertion("Const", (node,), known(dtype=data_type))


def _fill_constants(view: BodyView) -> Iterator[Insertion]:
    for node in view.named("Fill", "ZerosLike", "OnesLike"):
        yield _typed("Const", view, node, attr="dtype")


_BY_ONE = ("Mul", "MulNoNan", "LogicalAnd")
_PLUS_ZERO = (*_ADD, "BiasAdd", "LogicalOr")
_DIVISIONS = ("RealDiv", "Div", "TruncateDiv", "Xdivy")


def _neutral(view: BodyView) -> Iterator[Node]:
    """Operations with a neutral element, which return their other input unchanged."""
    commutative = ((_BY_ONE, 1), (_PLUS_ZERO, 0))
    yield from (
        node
        for ops, value in commutative
        for node in view.named(*ops)
        if any(filled_with(view, view.input(node, side), value) for side in (0, 1))
    )
    yield from (node for node in view.named(*_DIVISIONS) if filled_with(view, view.input(node, 1), 1))
    yield from (node for node in view.named("Sub") if filled_with(view, view.input(node, 1), 0))


def _snapshot(view: BodyView) -> Iterator[Insertion]:
    for node in _neutral(view):
        data_type = view.type(node) or (DataType.DT_BOOL if node.op.startswith("Logical") else None)
        yield Insertion("Snapshot", (node,), known(T=data_type))
        yield Insertion("Identity", (node,), known(T=data_type))


def _snapshot_beside_updates(view: BodyView) -> Iterator[Insertion]:
    """Only a value that may be overwritten is kept in a Snapshot."""
    updates = any(view.changes_inputs(node) for node in view.nodes)
    yield from (found for found in _snapshot(view) if updates or found.op == "Identity")


def _broadcast(view: BodyView) -> Iterator[Insertion]:
    for node in _neutral(view):
        if node.op == "BiasAdd":
            continue
        yield _typed("BroadcastTo", view, node, Tidx=_INT32)
        yield Insertion("Const", (node,), {"dtype": _INT32})


def _zero_products(view: BodyView) -> Iterator[Insertion]:
    for node in view.named("Mul", "MulNoNan", "MatMul", "BatchMatMul", "BatchMatMulV2"):
        if any(filled_with(view, view.input(node, side), 0) for side in (0, 1)):
            yield _typed("Const", view, node, attr="dtype")
            yield _typed("Identity", view, node)


def _negation(view: BodyView) -> Iterator[Insertion]:
    for node in view.named("Sub"):
        if filled_with(view, view.input(node), 0):
            yield _typed("Neg", view, node)


def _reciprocal(view: BodyView) -> Iterator[Insertion]:
    for node in view.named(*_DIVISIONS):
        if view.type(node) in _FLOATING and filled_with(view, view.input(node), 1):
            yield _typed("Reciprocal", view, node)


def _reciprocal_product(view: BodyView) -> Iterator[Insertion]:
    for node in view.named("RealDiv", "Div", "Xdivy"):
        if view.is_constant(view.input(node, 1)) and (node.op != "Div" or view.type(node) in _FLOATING):
            yield _typed("Reciprocal", view, node)
            yield _typed("MulNoNan" if node.op == "Xdivy" else "Mul", view, node)


def _moves_nothing(view: BodyView) -> Iterator[Insertion]:
    """What changes nothing for certain shapes or constants becomes an Identity."""
    for node in view.named("Reverse", "ReverseV2", "RandomShuffle", "Transpose", "Slice", "StridedSlice", "Split"):
        yield _typed("Identity", view, node)
    for node in view.named("SplitV", "Squeeze", "Reshape"):
        yield _typed("Identity", view, node)
    for op, filling in (("Tile", 1), ("Pad", 0), ("PadV2", 0)):
        for node in view.named(op):
            if filled_with(view, view.input(node, 1), filling):
                yield _typed("Identity", view, node)


def _select(view: BodyView) -> Iterator[Insertion]:
    for node in view.named("Select", "SelectV2"):
        if any(filled_with(view, view.input(node), value) for value in (0, 1)):
            yield _typed("Identity", view, node)
            yield _typed("BroadcastTo", view, node, Tidx=_INT32)
            yield Insertion("Const", (node,), {"dtype": _INT32})


def _constant_reductions(view: BodyView) -> Iterator[tuple[Node, DataType]]:
    for node in view.named(*_REDUCTIONS):
        if view.is_constant(view.input(node, 1)):
            yield node, view.type(node) or DataType.DT_BOOL


def _reduction_of_nothing(view: BodyView) -> Iterator[Insertion]:
    for node, data_type in _constant_reductions(view):
        yield Insertion("Identity", (node,), {"T": data_type})


def _reduction_of_one(view: BodyView) -> Iterator[Insertion]:
    for node, data_type in _constant_reductions(view):
        if "T" in node.attrs and view.definitions.attr(node, "keep_dims") is not True:
            yield Insertion("Reshape", (node,), {"T": data_type, "Tshape": _INT32})
            yield Insertion("Const", (node,), {"dtype": _INT32})


def _pack_of_one(view: BodyView) -> Iterator[Insertion]:
    for node in view.named("Pack"):
        if len(view.data_inputs(node)) == 1:
            yield _typed("ExpandDims", view, node, Tdim=_INT32)
            yield Insertion("Const", (node,), {"dtype": _INT32})


def _case_with_constant_branch(view: BodyView) -> Iterator[Insertion]:
    for node in view.named("Case"):
        source = view.input(node)
        if source is not None and source.op == "Const":
            attrs = {name: node.attrs[name] for name in ("Tin", "Tout") if name in node.attrs}
            yield Insertion("PartitionedCall", (node,), attrs)


_SUMS, _PRODUCTS = ("Add", "AddV2", "Sub"), ("Mul", "Div")
_PARTNERS = {**dict.fromkeys(_SUMS, _SUMS), **dict.fromkeys(_PRODUCTS, _PRODUCTS)}


def _pushed_down(view: BodyView) -> Iterator[Insertion]:
    """``c - (x + y)`` becomes ``(c - y) - x``: with differences and quotients in it, the ops change."""
    for root in view.named(*_PARTNERS):
        for side in (0, 1):
            inner = view.input(root, side)
            if inner is None or inner.op not in _PARTNERS[root.op] or not view.used_once(inner):
                continue
            if not view.is_constant(view.input(root, 1 - side)) or view.is_constant(inner):
                continue
            changed = {root.op, inner.op} & {"Sub", "Div"}
            if changed and view.type(root) in _FLOATING[2:]:
                for op in ("Add", "Sub") if root.op in _SUMS else _PRODUCTS:
                    yield _typed(op, view, root, inner)


def _partial_sums(view: BodyView) -> Iterator[Insertion]:
    for node in view.named("AddN", "AccumulateNV2"):
        constant = [view.is_constant(view.input(node, index)) for index in range(len(view.data_inputs(node)))]
        if len(constant) > 2 and sum(constant) > 1:
            yield _typed("AddN", view, node)


def _partial_concats(view: BodyView) -> Iterator[Insertion]:
    for node in view.named("Concat", "ConcatV2"):
        count = len(view.data_inputs(node))
        if count > 3 and sum(view.is_constant(view.input(node, index)) for index in range(count)) > 2:
            yield _typed("ConcatV2", view, node, Tidx=view.type(node, "Tidx"))


def _switch_on_itself(view: BodyView) -> Iterator[Insertion]:
    for node in view.named("Switch"):
        inputs = view.data_inputs(node)
        if len(inputs) == 2 and inputs[0] == inputs[1]:
            yield Insertion("Const", (node,), {"dtype": DataType.DT_BOOL})
            yield Insertion("Identity", (node,), {"T": DataType.DT_BOOL})


def _merge_of_constants(view: BodyView) -> Iterator[Insertion]:
    for node in view.named("Merge"):
        if any(view.is_constant(view.input(node, index)) for index in range(len(view.data_inputs(node)))):
            yield _typed("Const", view, node, attr="dtype")
            yield Insertion("Const", (node,), {"dtype": _INT32})


def _constant_past_enter(view: BodyView) -> Iterator[Insertion]:
    for node in view.named("Enter"):
        if view.definitions.attr(node, "is_constant") is True and view.is_constant(view.input(node)):
            yield _typed("Const", view, node, attr="dtype")


def _size_for_product(view: BodyView) -> Iterator[Insertion]:
    for product in view.named("Prod"):
        shape = view.input(product)
        if shape is not None and shape.op == "Shape" and view.definitions.attr(product, "keep_dims") is not True:
            yield Insertion("Size", (product, shape), known(T=view.type(shape), out_type=view.type(product)))


def _ratio_of_sizes(view: BodyView) -> Iterator[Insertion]:
    for ratio in view.named("Div"):
        sources = [view.input(ratio, side) for side in (0, 1)]
        if all(source is not None and source.op == "Size" for source in sources):
            yield _typed("Const", view, ratio, attr="dtype")


RULES = (
    Rule(
        ("Const",),
        Span((1, 4)),
        _SOURCE,
        "an op that gives shapes or sizes, where shapes are known",
        "dtype of the op's output",
        _shape_constants,
    ),
    Rule(
        ("Const",),
        Span((1, 4)),
        _SOURCE,
        "a Fill, ZerosLike or OnesLike, where shapes are known",
        "dtype from the op's T",
        _fill_constants,
    ),
    Rule(
        ("Identity", "Snapshot"),
        Span((1, 7), (1, 8)),
        _SOURCE,
        "a sum with zeros, a product with ones, or the like",
        "T of the operation",
        _snapshot,
    ),
    Rule(
        ("Identity", "Snapshot"),
        Span((1, 9)),
        _SOURCE,
        "a sum with zeros, a product with ones, or the like; Snapshot only beside ops that change their inputs",
        "T of the operation",
        _snapshot_beside_updates,
    ),
    Rule(
        ("BroadcastTo", "Const"),
        Span((1, 14)),
        _SOURCE,
        "a sum with zeros, a product with ones, or the like, of different shapes",
        "T of the operation, shapes of type int32",
        _broadcast,
    ),
    Rule(
        ("Const", "Identity"),
        Span((1, 5)),
        _SOURCE,
        "a product with zeros",
        "T of the product",
        _zero_products,
    ),
    Rule(("Neg",), Span((1, 7)), _SOURCE, "zeros minus a tensor", "T of the Sub", _negation),
    Rule(("Reciprocal",), Span((1, 5)), _SOURCE, "ones divided by a tensor", "T of the division", _reciprocal),
    Rule(
        ("Mul", "MulNoNan", "Reciprocal"),
        Span((1, 5)),
        _SOURCE,
        "a division by a constant",
        "T of the division",
        _reciprocal_product,
    ),
    Rule(
        ("Identity",),
        Span((1, 4)),
        _SOURCE,
        "an op that only moves or cuts values, where shapes or constants make it return its input",
        "T of the op",
        _moves_nothing,
    ),
    Rule(
        ("BroadcastTo", "Const", "Identity"),
        Span((2, 3)),
        _SOURCE,
        "a Select with a constant condition",
        "T of the Select, shapes of type int32",
        _select,
    ),
    Rule(
        ("Identity",),
        Span((1, 4)),
        _SOURCE,
        "a reduction along constant axes, where there is nothing to reduce",
        "T of the reduction, bool for Any and All",
        _reduction_of_nothing,
    ),
    Rule(
        ("Const", "Reshape"),
        Span((1, 13)),
        _SOURCE,
        "a reduction along constant axes without keep_dims, of a single element",
        "T of the reduction, shapes of type int32",
        _reduction_of_one,
    ),
    Rule(
        ("Const", "ExpandDims"),
        Span((1, 8)),
        _SOURCE,
        "a Pack of one tensor",
        "T of the Pack, axis of type int32",
        _pack_of_one,
    ),
    Rule(
        ("PartitionedCall",),
        Span((2, 3)),
        _SOURCE,
        "a Case with a constant branch index",
        "Tin and Tout of the Case",
        _case_with_constant_branch,
    ),
    *(
        Rule(
            ("Add", "Div", "Mul", "Sub"),
            releases,
            _SOURCE,
            "a sum, difference, product or quotient with a constant that alone reads another one, not all of them sums "
            "or products",
            "T of the first node (float, double, complex)",
            _pushed_down,
        )
        for releases in (Span((1, 15), (1, 15)), Span((2, 1)))
    ),
    Rule(
        ("AddN",),
        Span((1, 7)),
        _SOURCE,
        "an AddN with two constants or more, and with three inputs or more",
        "T of the AddN",
        _partial_sums,
    ),
    Rule(
        ("ConcatV2",),
        Span((1, 7)),
        _SOURCE,
        "a concatenation with two constants or more, and with three tensors or more",
        "T and Tidx of the concatenation",
        _partial_concats,
    ),
    Rule(
        ("Const", "Identity"),
        Span((1, 7)),
        _SOURCE,
        "a Switch of its own condition",
        "bool",
        _switch_on_itself,
    ),
    Rule(
        ("Const",),
        Span((1, 4)),
        _SOURCE,
        "a Merge with a constant input",
        "dtype from the Merge's T, and int32 for the index",
        _merge_of_constants,
    ),
    Rule(
        ("Const",),
        Span((1, 8)),
        _SOURCE,
        "a constant that enters a loop and does not change in it",
        "dtype from the Enter's T",
        _constant_past_enter,
    ),
    Rule(
        ("Size",),
        Span((1, 9)),
        "grappler/optimizers/shape_optimizer.cc",
        "a Prod of a Shape",
        "T of the Shape, out_type from the Prod's T",
        _size_for_product,
    ),
    Rule(
        ("Const",),
        Span((1, 9)),
        "grappler/optimizers/shape_optimizer.cc",
        "a Div of two Sizes",
        "dtype from the Div's T",
        _ratio_of_sizes,
    ),
)
