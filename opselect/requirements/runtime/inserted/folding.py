"""Rewrites of ``grappler/optimizers/constant_folding.cc`` and of optimizers that work with constants and shapes."""

from __future__ import annotations

from collections.abc import Iterator

from kernel_index.datatypes import DataType
from opselect.models.graph import Node
from opselect.requirements.runtime.body_view import known
from opselect.requirements.runtime.inserted.fillings import OF_EVERY_INPUT, Filling, either
from opselect.requirements.runtime.inserted.forms import FormView
from opselect.requirements.runtime.inserted.rule import Insertion, Rule, int32_const, typed
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


_BIAS_ADD = ("BiasAdd", "BiasAddV1")
_MOST_TERMS = 16
"""Merges and sums of more are not looked into one input after the other."""


def _folded_later(view: FormView) -> Iterator[Insertion]:
    """Ops that read nothing but constants once others have been rewritten."""
    for node in view.plain.nodes:
        if node.op != "Const" and view.becomes_constant(node) and not view.plain.is_constant(node):
            for data_type in sorted(set(view.plain.output_types(node)) - {None}, key=str):
                yield Insertion("Const", (node,), known(dtype=data_type))


def _shape_constants(view: FormView) -> Iterator[Insertion]:
    for node in view.named("Shape", "Size", "Rank", "ShapeN", "TensorArraySizeV3", "BroadcastGradientArgs"):
        for data_type in sorted(set(view.plain.output_types(node)) - {None}, key=str):
            yield Insertion("Const", (node,), known(dtype=data_type), ())


def _fill_constants(view: FormView) -> Iterator[Insertion]:
    for op, value in OF_EVERY_INPUT.items():
        for node in view.named(op):
            yield Insertion("Const", (node,), known(dtype=view.type(node)), (), "", frozenset({value}))
    for node in view.named("Fill"):
        yield Insertion("Const", (node,), known(dtype=view.type(node)), (), "", view.filling(node, 1))


_BY_ONE = ("Mul", "MulNoNan", "LogicalAnd")
_PLUS_ZERO = (*_ADD, "BiasAdd", "LogicalOr")
_DIVISIONS = ("RealDiv", "Div", "TruncateDiv", "Xdivy")


def _neutral(view: FormView) -> Iterator[tuple[Node, int]]:
    """Operations with a neutral element, and the number of that input; they return the other one unchanged."""
    commutative: tuple[tuple[tuple[str, ...], int], ...] = ((_BY_ONE, 1), (_PLUS_ZERO, 0))
    for ops, value in commutative:
        for node in view.named(*ops):
            for side in (0, 1):
                if len(view.inputs(node)) == 2 and view.filled(node, side, value):
                    yield node, side
    one_sided: tuple[tuple[tuple[str, ...], int], ...] = ((_DIVISIONS, 1), (("Sub",), 0))
    for ops, value in one_sided:
        for node in view.named(*ops):
            if view.filled(node, 1, value):
                yield node, 1


def _snapshot(view: FormView) -> Iterator[Insertion]:
    for node, side in _neutral(view):
        data_type = view.type(node) or (DataType.DT_BOOL if node.op.startswith("Logical") else None)
        yield Insertion("Snapshot", (node,), known(T=data_type))
        yield Insertion("Identity", (node,), known(T=data_type), (view.inputs(node)[1 - side],))


def _snapshot_beside_updates(view: FormView) -> Iterator[Insertion]:
    """Only a value that may be overwritten is kept in a Snapshot."""
    updates: bool | None = None
    for found in _snapshot(view):
        if found.op == "Snapshot" and updates is None:
            updates = any(map(view.plain.changes_inputs, view.plain.nodes))
        if updates or found.op != "Snapshot":
            yield found


def _broadcast(view: FormView) -> Iterator[Insertion]:
    """Nothing has to be broadcast to the shape of a scalar."""
    for node, side in _neutral(view):
        if node.op != "BiasAdd" and not view.is_scalar(view.inputs(node)[side]):
            yield from _broadcasts(view, node, view.inputs(node)[1 - side])


def _broadcasts(view: FormView, node: Node, source: str) -> Iterator[Insertion]:
    shape = int32_const(view, node)
    yield shape
    yield typed("BroadcastTo", view, node, inputs=(source, shape.place), Tidx=_INT32)


def _zero_products(view: FormView) -> Iterator[Insertion]:
    for node in view.named("Mul", "MulNoNan", "MatMul", "BatchMatMul", "BatchMatMulV2"):
        for side in (0, 1):
            if view.filled(node, side, 0):
                yield Insertion("Const", (node,), known(dtype=view.type(node)), (), "", frozenset({0.0}))
                yield typed("Identity", view, node, inputs=view.inputs(node)[side : side + 1])


def _negation(view: FormView) -> Iterator[Insertion]:
    for node in view.named("Sub"):
        if view.filled(node, 0, 0):
            yield typed("Neg", view, node, inputs=view.inputs(node)[1:])


def _reciprocal(view: FormView) -> Iterator[Insertion]:
    for node in view.named(*_DIVISIONS):
        if view.type(node) in _FLOATING and view.filled(node, 0, 1):
            yield typed("Reciprocal", view, node, inputs=view.inputs(node)[1:])


def _reciprocal_product(view: FormView) -> Iterator[Insertion]:
    for node in view.named("RealDiv", "Div", "Xdivy"):
        if view.constant(node, 1) and (node.op != "Div" or view.type(node) in _FLOATING):
            dividend, divisor = view.inputs(node)[:2]
            place = view.beside(node, "Reciprocal", (divisor,))
            yield typed("Reciprocal", view, node, inputs=(divisor,), place=place)
            yield typed("MulNoNan" if node.op == "Xdivy" else "Mul", view, node, inputs=(dividend, place))


def _moves_nothing(view: FormView) -> Iterator[Insertion]:
    """What changes nothing for certain shapes or constants becomes an Identity."""
    for node in view.named("Reverse", "ReverseV2", "RandomShuffle", "Transpose", "Slice", "StridedSlice"):
        yield typed("Identity", view, node, inputs=view.inputs(node)[:1])
    for node in view.named("Split"):
        yield typed("Identity", view, node, inputs=view.inputs(node)[1:2])
    for node in view.named("SplitV", "Squeeze", "Reshape"):
        yield typed("Identity", view, node, inputs=view.inputs(node)[:1])
    for op, filling in (("Tile", 1), ("Pad", 0), ("PadV2", 0)):
        for node in view.named(op):
            if view.filled(node, 1, filling):
                yield typed("Identity", view, node, inputs=view.inputs(node)[:1])
    for node in view.named("BroadcastTo"):
        yield typed("Identity", view, node, inputs=view.inputs(node)[:1], listed=False)


def _select(view: FormView) -> Iterator[Insertion]:
    for node in view.named("Select", "SelectV2"):
        for value, branch in ((1, 1), (0, 2)):
            if view.filled(node, 0, value):
                source = view.inputs(node)[branch]
                yield typed("Identity", view, node, inputs=(source,))
                yield from _broadcasts(view, node, source)


def _constant_reductions(view: FormView) -> Iterator[tuple[Node, DataType]]:
    for node in view.named(*_REDUCTIONS):
        if view.constant(node, 1):
            yield node, view.type(node) or DataType.DT_BOOL


def _reduction_of_nothing(view: FormView) -> Iterator[Insertion]:
    for node, data_type in _constant_reductions(view):
        yield Insertion("Identity", (node,), {"T": data_type}, view.inputs(node)[:1])


def _reduction_of_one(view: FormView) -> Iterator[Insertion]:
    for node, data_type in _constant_reductions(view):
        if "T" in node.attrs and view.definitions.attr(node, "keep_dims") is not True:
            shape = int32_const(view, node)
            yield shape
            inputs = (view.inputs(node)[0], shape.place)
            yield Insertion("Reshape", (node,), {"T": data_type, "Tshape": _INT32}, inputs)


def _pack_of_one(view: FormView) -> Iterator[Insertion]:
    for node in view.named("Pack"):
        if len(view.inputs(node)) == 1:
            axis = int32_const(view, node)
            yield axis
            inputs = (*view.inputs(node), axis.place)
            yield typed("ExpandDims", view, node, inputs=inputs, Tdim=_INT32)


def _case_with_constant_branch(view: FormView) -> Iterator[Insertion]:
    for node in view.named("Case"):
        if view.constant(node, 0):
            attrs = {name: node.attrs[name] for name in ("Tin", "Tout") if name in node.attrs}
            yield Insertion("PartitionedCall", (node,), attrs)


_SUMS, _PRODUCTS = ("Add", "AddV2", "Sub"), ("Mul", "Div")
_ONE_WAY = ("Add", "AddV2", "Mul")
_PARTNERS = {**dict.fromkeys(_SUMS, _SUMS), **dict.fromkeys(_PRODUCTS, _PRODUCTS)}


def _constant_sides(view: FormView, root: Node) -> Iterator[tuple[int, Node]]:
    """The sides of an operation with a constant, and what its other input may be that nothing else reads."""
    for side in (0, 1) if len(view.inputs(root)) == 2 else ():
        for inner in view.sole_sources(root, 1 - side) if view.constant(root, side) else ():
            if len(view.inputs(inner)) == 2 and not (view.constant(inner, 0) and view.constant(inner, 1)):
                yield side, inner


def _pushed_down(view: FormView) -> Iterator[Insertion]:
    """``c - (x + y)`` becomes ``(c - y) - x``: with differences and quotients in it, the ops change.

    The signs are those of the three terms, or whether they multiply or divide (``ConstantPushDown``).
    """
    for root in view.named(*_PARTNERS):
        data_type = view.type(root)
        for side, inner in _constant_sides(view, root):
            same = root.op in _ONE_WAY and inner.op in _ONE_WAY
            if inner.op not in _PARTNERS[root.op] or data_type in _FLOATING[:2]:
                continue
            if not same and data_type not in _FLOATING:
                continue
            x_side = 1 if view.constant(inner, 0) else 0
            if not view.is_new("pushed down", root, side, inner, x_side):
                continue
            x, y = view.inputs(inner)[x_side], view.inputs(inner)[1 - x_side]
            c = view.inputs(root)[side]
            if same:
                place = view.beside(root, inner.op, (c, y))
                yield typed(inner.op, view, root, inner, inputs=(c, y), place=place, listed=False)
                yield typed(root.op, view, root, inner, inputs=(x, place), listed=False)
                continue
            one_way, other_way = ("Add", "Sub") if root.op in _SUMS else ("Mul", "Div")
            turned = root.op not in _ONE_WAY and side == 0
            minus_c = root.op not in _ONE_WAY and side == 1
            minus_x, minus_y = (turned != (inner.op not in _ONE_WAY and at == 1) for at in (x_side, 1 - x_side))
            above = other_way if minus_x or (minus_c and minus_y) else one_way
            below = other_way if minus_c != minus_y else one_way
            pushed = (y, c) if minus_c else (c, y)
            place = view.beside(root, below, pushed)
            yield typed(below, view, root, inner, inputs=pushed, place=place)
            yield typed(above, view, root, inner, inputs=(place, x) if minus_x else (x, place))


def _pushed_down_bias(view: FormView) -> Iterator[Insertion]:
    """A constant added after a bias is added before it (``ConstantPushDownBiasAdd``)."""
    for root in view.named(*_ADD, *_BIAS_ADD):
        for side, inner in _constant_sides(view, root):
            if inner.op not in (*_ADD, *_BIAS_ADD) or not {root.op, inner.op} & set(_BIAS_ADD):
                continue
            for at, leaf in enumerate(view.inputs(inner)):
                if view.constant(inner, at):
                    continue
                below = list(view.inputs(inner))
                below[at] = view.inputs(root)[side]
                place = view.beside(root, inner.op, tuple(below))
                above = [place, place]
                above[side] = leaf
                yield Insertion(inner.op, (root, inner), inner.attrs, tuple(below), place, listed=False)
                yield Insertion(root.op, (root, inner), root.attrs, tuple(above), listed=False)


def _constant_inputs(view: FormView, node: Node) -> list[bool]:
    return [view.constant(node, index) for index in range(len(view.inputs(node)))]


def _partial_sums(view: FormView) -> Iterator[Insertion]:
    for node in view.named("AddN", "AccumulateNV2"):
        constant = _constant_inputs(view, node)
        if len(constant) > 2 and sum(constant) > 1:
            place = view.beside(node, "Const", tuple(view.inputs(node)))
            inputs = [each for each, is_constant in zip(view.inputs(node), constant, strict=True) if not is_constant]
            yield Insertion("Const", (node,), known(dtype=view.type(node)), (), place, listed=False)
            yield typed("AddN", view, node, inputs=(*inputs, place))


def _partial_concats(view: FormView) -> Iterator[Insertion]:
    for node in view.named("Concat", "ConcatV2"):
        constant = _constant_inputs(view, node)
        if len(constant) > 3 and sum(constant) > 2:
            yield typed("ConcatV2", view, node, Tidx=view.type(node, "Tidx"))


def _switch_on_itself(view: FormView) -> Iterator[Insertion]:
    for node in view.named("Switch"):
        if view.same(*view.inputs(node)):
            yield Insertion("Const", (node,), {"dtype": DataType.DT_BOOL}, (), "", frozenset({0.0, 1.0}))
            yield Insertion("Identity", (node,), {"T": DataType.DT_BOOL})


def _merge_of_constants(view: FormView) -> Iterator[Insertion]:
    for node in view.named("Merge"):
        constant = [index for index, is_constant in enumerate(_constant_inputs(view, node)) if is_constant]
        if constant:
            filling: Filling = frozenset()
            for index in constant[:_MOST_TERMS]:
                filling = either(filling, view.filling(node, index))
            yield Insertion("Const", (node,), known(dtype=view.type(node)), (), "", filling)
            yield Insertion("Const", (node,), {"dtype": _INT32})


def _constant_past_enter(view: FormView) -> Iterator[Insertion]:
    for node in view.named("Enter"):
        if view.definitions.attr(node, "is_constant") is True and view.constant(node, 0):
            yield Insertion("Const", (node,), known(dtype=view.type(node)), (), "", view.filling(node, 0))


RULES = (
    Rule(
        ("Const",),
        Span((1, 4)),
        _SOURCE,
        "an op that reads nothing but constants once others have been rewritten",
        "dtype of the op's outputs",
        _folded_later,
    ),
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
        (),
        Span((2, 2)),
        _SOURCE,
        "a constant that is added after a bias",
        "",
        _pushed_down_bias,
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
)
