"""Rewrites of ``grappler/optimizers/arithmetic_optimizer.cc`` that bring ops which the graph may not have."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from kernel_index.datatypes import DataType
from opselect.models.graph import Node
from opselect.requirements.runtime.body_view import known
from opselect.requirements.runtime.inserted.forms import MOST_FORMS, FormView
from opselect.requirements.runtime.inserted.rule import Insertion, Rule, typed, with_input
from opselect.requirements.runtime.releases import Span

_SOURCE = "grappler/optimizers/arithmetic_optimizer.cc"
_INT32 = DataType.DT_INT32
_ADD = ("Add", "AddV2")
_SUMS = (*_ADD, "AddN")
_DIVISIONS = ("RealDiv", "Div", "TruncateDiv", "Xdivy")
_COMPLEX = (DataType.DT_COMPLEX64, DataType.DT_COMPLEX128)

_MOST_TERMS = 16
"""Of larger sums, stacks and concatenations no more inputs are looked at than that, where each would be."""


def _pairs(view: FormView, root: Node, indices: Iterable[int]) -> Iterator[tuple[int, Node]]:
    """What each of these inputs may read."""
    for index in indices:
        for source in view.sources(root, index):
            yield index, source


def _add_n(view: FormView) -> Iterator[Insertion]:
    """Sums of sums: an AddN for inputs of one shape, an AddV2 for those of different ones.

    What comes of one of these again are the same ops with the same types, and of AddN no more forms are kept.
    """
    for root in view.named(*_SUMS):
        if (root.op == "AddN" and not view.is_own(root)) or view.has_controls(root):
            continue
        inputs = view.inputs(root)
        for index, inner in islice(_new_terms(view, root), MOST_FORMS):
            terms = (*inputs[:index], *view.inputs(inner), *inputs[index + 1 :])
            yield typed("AddN", view, root, inner, inputs=terms[:_MOST_TERMS])
            if view.is_new("sum", root):
                yield typed("AddV2", view, root, inner, inputs=inputs)
                yield typed("Add", view, root, inner)


def _new_terms(view: FormView, root: Node) -> Iterator[tuple[int, Node]]:
    """The terms of a sum that are sums, and their indices, those that no earlier round gave."""
    for index in range(len(view.inputs(root))):
        for inner in view.sole_sources(root, index):
            if inner.op in _SUMS and not view.has_controls(inner) and view.is_new("sum", root, index, inner):
                yield index, inner


def _hoisted_factor(view: FormView) -> Iterator[Insertion]:
    """``x * y + x * z`` becomes ``x * (y + z)``, ``y / x + z / x`` the like."""
    for total in view.named(*_SUMS):
        inputs = view.inputs(total)
        if not 2 <= len(inputs) <= _MOST_TERMS:
            continue
        for first in view.sources(total):
            if first.op not in ("Mul", *_DIVISIONS[:3]):
                continue
            for side in (0, 1) if first.op == "Mul" else (1,):
                factor = view.inputs(first)[side]
                rests = [view.inputs(first)[1 - side]]
                for index in range(1, len(inputs)):
                    rests.extend(_other_factors(view, total, index, first.op, factor))
                if len(rests) == len(inputs):
                    place = view.beside(total, total.op, tuple(rests))
                    yield typed(total.op, view, total, inputs=rests, place=place, listed=False)
                    product = (factor, place) if first.op == "Mul" else (place, factor)
                    yield typed(first.op, view, total, inputs=product, listed=False)


def _other_factors(view: FormView, total: Node, index: int, op: str, factor: str) -> Iterator[str]:
    """What a term of a sum multiplies the factor with, or divides by it; the first that is found."""
    for term in view.sources(total, index):
        for side in (0, 1) if op == "Mul" else (1,):
            if term.op == op and view.same(view.inputs(term)[side], factor):
                yield view.inputs(term)[1 - side]
                return


def _reordered_products(view: FormView) -> Iterator[Insertion]:
    """Of three factors those of one shape are multiplied first (``MinimizeBroadcasts``)."""
    for root in view.named("Mul"):
        for index, inner in ((side, node) for side in (0, 1) for node in view.sole_sources(root, side)):
            if inner.op == "Mul":
                outer = view.inputs(root)[1 - index]
                for side, factor in enumerate(view.inputs(inner)):
                    if view.same(outer, factor):
                        place = view.beside(root, "Mul", (outer, factor))
                        yield typed("Mul", view, root, inner, inputs=(outer, factor), place=place, listed=False)
                        others = (place, view.inputs(inner)[1 - side])
                        yield typed("Mul", view, root, inner, inputs=others, listed=False)


def _scaled_weights(view: FormView) -> Iterator[Insertion]:
    for conv in view.named("Conv2D", "Conv3D"):
        for product in view.sole_sources(conv) if view.constant(conv, 1) else ():
            for side in (0, 1) if product.op in ("Mul", "MulNoNan") else ():
                if view.constant(product, 1 - side):
                    x, factor = view.inputs(product)[side], view.inputs(product)[1 - side]
                    weights = (view.inputs(conv)[1], factor)
                    place = view.beside(conv, product.op, weights)
                    yield typed(product.op, view, conv, product, inputs=weights, place=place)
                    yield Insertion(conv.op, (conv, product), conv.attrs, (x, place), listed=False)


def _without_negation(view: FormView) -> Iterator[Insertion]:
    for root in view.named(*_ADD, "Sub"):
        inputs = view.inputs(root)
        for index, negation in _pairs(view, root, (0, 1) if root.op != "Sub" else (1,)):
            if negation.op == "Neg" and len(inputs) == 2:
                terms = (inputs[1 - index], view.inputs(negation)[0])
                for op in ("Sub",) if root.op != "Sub" else _ADD:
                    yield typed(op, view, root, negation, inputs=terms)


_OPPOSITES = {
    "Equal": "NotEqual",
    "NotEqual": "Equal",
    "Less": "GreaterEqual",
    "LessEqual": "Greater",
    "Greater": "LessEqual",
    "GreaterEqual": "Less",
}


def _without_not(view: FormView) -> Iterator[Insertion]:
    for negation in view.named("LogicalNot"):
        for comparison in view.sole_sources(negation):
            if comparison.op in _OPPOSITES:
                types = known(T=view.type(comparison))
                yield Insertion(_OPPOSITES[comparison.op], (negation, comparison), types, view.inputs(comparison))


_INVOLUTIONS = ("Conj", "Inv", "Invert", "LogicalNot", "Neg", "Reciprocal")


def _involution(view: FormView) -> Iterator[Insertion]:
    """What undoes itself goes, and so does a Cast to the type that is there."""
    for root in view.named(*_INVOLUTIONS):
        for inner in view.sources(root):
            if inner.op == root.op:
                yield typed("Identity", view, root, inner, inputs=view.inputs(inner)[:1], listed=False)
    for cast in view.named("Cast"):
        if view.type(cast, "SrcT") is view.type(cast, "DstT"):
            yield typed("Identity", view, cast, attr="DstT", inputs=view.inputs(cast)[:1], listed=False)


def _square(view: FormView) -> Iterator[Insertion]:
    for product in view.named("Mul", "MulNoNan"):
        inputs = view.inputs(product)
        if len(inputs) == 2 and view.same(*inputs):
            yield typed("Square", view, product, inputs=inputs[:1])


def _product_for_sum(view: FormView) -> Iterator[Insertion]:
    for total in view.named("AddN", "AccumulateNV2", *_ADD):
        inputs = view.inputs(total)
        if len(inputs) > 1 and view.same(*inputs) and view.type(total) is not DataType.DT_VARIANT:
            place = view.beside(total, f"{len(inputs)}", ())
            count = frozenset({float(len(inputs))})
            yield Insertion("Const", (total,), known(dtype=view.type(total)), (), place, count)
            yield typed("Mul", view, total, inputs=(place, inputs[0]))


def _rsqrt(view: FormView) -> Iterator[Insertion]:
    for division in view.named(*_DIVISIONS):
        for root in view.sole_sources(division, 1):
            if root.op == "Sqrt":
                place = view.beside(division, "Rsqrt", view.inputs(root))
                yield typed("Rsqrt", view, division, root, inputs=view.inputs(root), place=place)
                op = "MulNoNan" if division.op == "Xdivy" else "Mul"
                yield typed(op, view, division, root, inputs=(view.inputs(division)[0], place))


def _squared_difference(view: FormView) -> Iterator[Insertion]:
    for square in view.named("Square"):
        for difference in view.sole_sources(square):
            if difference.op == "Sub" and view.type(difference) not in _COMPLEX:
                yield typed("SquaredDifference", view, square, difference, inputs=view.inputs(difference))
                yield typed("Identity", view, square, difference)


def _log_softmax(view: FormView) -> Iterator[Insertion]:
    for logarithm in view.named("Log"):
        for softmax in view.sole_sources(logarithm):
            if softmax.op == "Softmax":
                yield typed("LogSoftmax", view, logarithm, softmax, inputs=view.inputs(softmax))
                yield typed("Identity", view, logarithm, softmax)


_POWERS: dict[float, str] = {
    2: "Square",
    1: "Identity",
    0.5: "Sqrt",
    -0.5: "Rsqrt",
    -1: "Reciprocal",
}


def _power(view: FormView) -> Iterator[Insertion]:
    for power in view.named("Pow"):
        base = view.inputs(power)[:1]
        for exponent, op in _POWERS.items():
            if view.filled(power, 1, exponent):
                yield typed(op, view, power, inputs=base)
        if view.filled(power, 1, 3):
            place = view.beside(power, "Square", base)
            yield typed("Square", view, power, inputs=base, place=place)
            yield typed("Mul", view, power, inputs=(*base, place))
        if view.filled(power, 1, 0):
            yield Insertion("Const", (power,), known(dtype=view.type(power)), (), "", frozenset({1.0}))


def _log1p(view: FormView) -> Iterator[Insertion]:
    for logarithm in view.named("Log"):
        for total in view.sources(logarithm):
            for side in (0, 1) if total.op in _ADD else ():
                if view.filled(total, side, 1):
                    yield typed("Log1p", view, logarithm, total, inputs=(view.inputs(total)[1 - side],))


def _expm1(view: FormView) -> Iterator[Insertion]:
    for difference in view.named("Sub"):
        for exponential in view.sources(difference) if view.filled(difference, 1, 1) else ():
            if exponential.op == "Exp":
                yield typed("Expm1", view, difference, exponential, inputs=view.inputs(exponential))


_FALLING = ("Acos", "Erfc", "Neg", "Rsqrt")
_RISING = (
    *("Acosh", "Asin", "Asinh", "Atan", "Atanh", "Ceil", "Elu", "Erf", "Exp", "Expm1", "Floor", "Log", "Log1p"),
    *("Relu", "Relu6", "Rint", "Selu", "Sigmoid", "Sign", "Sinh", "Softsign", "Softplus", "Sqrt", "Tanh"),
)
_EXTREMES = {"Max": "Min", "Min": "Max", "ArgMax": "ArgMin", "ArgMin": "ArgMax"}


def _extreme_of_monotonic(view: FormView) -> Iterator[Insertion]:
    """The extreme reads what the function reads; of a Max or Min the function is taken afterwards."""
    for extreme in view.named(*_EXTREMES):
        for function in view.sole_sources(extreme):
            if function.op not in (*_FALLING, *_RISING):
                continue
            op = _EXTREMES[extreme.op] if function.op in _FALLING else extreme.op
            inputs, nodes = with_input(view, extreme, 0, view.inputs(function)[0]), (extreme, function)
            place = "" if extreme.op.startswith("Arg") else view.beside(extreme, op, inputs)
            yield Insertion(op, nodes, extreme.attrs, inputs, place, listed=function.op in _FALLING)
            if place:
                types = view.plain.own_types(function)
                yield Insertion(function.op, nodes, types, (place,), listed=False)
            else:
                yield typed("Identity", view, function, extreme)


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


def _unary_composition(view: FormView) -> Iterator[Insertion]:
    for root in view.named(*_UNARY, *_UNARY_BUT_HALF):
        for source in view.sole_sources(root) if _composes(view, root) else ():
            if _composes(view, source) and view.type(root) is view.type(source):
                yield typed("_UnaryOpsComposition", view, root, source)


def _composes(view: FormView, node: Node) -> bool:
    if node.op not in (*_UNARY, *_UNARY_BUT_HALF) or view.has_controls(node):
        return False
    half = view.type(node) is DataType.DT_HALF
    return node.op in _UNARY if half else view.type(node) in (DataType.DT_FLOAT, DataType.DT_DOUBLE)


def _hoisted_unary(view: FormView) -> Iterator[Insertion]:
    """A function of each part of a concatenation becomes one of the whole."""
    for concat in view.named("Concat", "ConcatV2"):
        inputs = view.inputs(concat)
        axis = 0 if concat.op == "Concat" else len(inputs) - 1
        parts = [index for index in range(len(inputs)) if index != axis]
        for function in view.sole_sources(concat, parts[0]) if 1 < len(parts) <= _MOST_TERMS else ():
            if function.op not in (*_UNARY, *_UNARY_BUT_HALF):
                continue
            below = list(inputs)
            for index in parts:
                for source in view.sole_sources(concat, index):
                    if source.op == function.op:
                        below[index] = view.inputs(source)[0]
            if all(below[index] != inputs[index] for index in parts):
                place = view.beside(concat, concat.op, tuple(below))
                yield Insertion(concat.op, (concat, function), concat.attrs, tuple(below), place, listed=False)
                yield typed(function.op, view, concat, function, inputs=(place,), listed=False)


_T_OF_ROOT = "T of the first node"

RULES = (
    *(
        Rule((), Span(first), _SOURCE, trigger, "", find)
        for first, trigger, find in (
            ((1, 4), "an inverse of an inverse", _involution),
            ((1, 5), "a sum of products with a common factor", _hoisted_factor),
            ((1, 7), "a product of three factors", _reordered_products),
            ((1, 10), "a concatenation of what one function gives", _hoisted_unary),
        )
    ),
    Rule(
        ("Add", "AddN", "AddV2"),
        Span((1, 9)),
        _SOURCE,
        "an Add or AddN that reads another, which nothing else reads",
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
)
