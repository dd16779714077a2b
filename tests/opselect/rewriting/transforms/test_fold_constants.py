"""Graphs in, graphs with constants out."""

from __future__ import annotations

import numpy as np
import pytest

from kernel_index.datatypes import DataType
from kernel_index.errors import InputError
from opselect.models.formats.tensor_writer import encode_tensor
from opselect.models.graph import Graph, Node, NodeAttr, Shape
from opselect.rewriting import Context, TransformError
from opselect.rewriting.transforms.fold_constants import fold_constants
from tests.opselect.rewriting.transforms.graphs import by_name, const, graph, node, ops, values

FLOAT, INT32 = DataType.DT_FLOAT, DataType.DT_INT32
X = node("x", "Placeholder", shape=Shape((-1, 2)))


Arguments = dict[str, tuple[str, ...]]


def fold(
    before: Graph,
    *outputs: str,
    inputs: tuple[str, ...] = ("x",),
    arguments: Arguments | None = None,
    gtt: bool = False,
) -> Graph:
    return fold_constants(
        before, Context(inputs=inputs, outputs=outputs or ("out",), arguments=arguments or {}, gtt=gtt)
    )


def notes_of(before: Graph, *outputs: str, inputs: tuple[str, ...] = ("x",)) -> list[str]:
    notes: list[str] = []
    fold_constants(before, Context(inputs=inputs, outputs=outputs or ("out",), note=notes.append))
    return notes


def test_what_follows_from_constants_becomes_a_constant_behind_all_nodes() -> None:
    before = graph(
        X,
        const("a", [1, 2]),
        const("b", [3, 5]),
        node("sum", "Add", "a", "b"),
        node("neg", "Neg", "sum"),
        node("out", "Mul", "x", "neg"),
    )
    folded = fold(before)
    assert [each.name for each in folded.nodes] == ["out", "neg/_0__cf__0", "x"]
    assert by_name(folded)["out"].inputs == ("x:0", "neg/_0__cf__0")
    assert values(folded, "neg/_0__cf__0").tolist() == [-4, -7]
    assert by_name(folded)["neg/_0__cf__0"].attrs.keys() == {"dtype", "value"}


def test_numbers_follow_the_names_of_nodes() -> None:
    weights = [each for name in "ba" for each in (const(name, [1, 2]), node(f"{name}/read", "Identity", name))]
    before = graph(X, weights, node("m", "Mul", "x", "b/read"), node("out", "Add", "m", "a/read"))
    assert [each.name for each in fold(before).nodes] == ["m", "out", "a/read/_0__cf__0", "b/read/_1__cf__1", "x"]


def test_constants_that_are_passed_on_stay_where_they_are_stored() -> None:
    before = graph(X, const("w", [1, 2]), node("read", "Identity", "w"), node("out", "Add", "x", "read"))
    (new,) = (each for each in fold(before).nodes if "cf" in each.name)
    assert new.attrs["value"] is by_name(before)["w"].attrs["value"]


def test_each_output_of_a_node_is_a_constant_of_its_own() -> None:
    before = graph(
        X,
        const("axis", 0, INT32),
        const("c", [1, 2, 3, 4]),
        node("split", "Split", "axis", "c", num_split=2),
        node("m", "Mul", "x", "split:1"),
        node("out", "Add", "m", "split"),
    )
    folded = fold(before)
    assert by_name(folded)["m"].inputs == ("x:0", "split/_1__cf__1")
    assert by_name(folded)["out"].inputs == ("m", "split/_0__cf__0")
    assert values(folded, "split/_1__cf__1").tolist() == [3, 4]


def test_names_that_are_taken_are_not_given_again() -> None:
    before = graph(
        X,
        const("w", 1),
        node("r", "Identity", "w"),
        const("r/_0__cf__0", 2),
        node("out", "AddN", "x", "r", "r/_0__cf__0"),
    )
    assert by_name(fold(before))["out"].inputs == ("x:0", "r/_1__cf__1", "r/_0__cf__0")


def test_what_the_outputs_do_not_need_goes() -> None:
    before = graph(X, node("y", "Placeholder"), node("side", "Relu", "y"), node("out", "Relu", "x"), const("lone", 1))
    assert ops(fold(before)) == {"x": "Placeholder", "out": "Relu"}
    assert ops(fold(before, inputs=("x", "y"))) == {"x": "Placeholder", "y": "Placeholder", "out": "Relu"}


def test_an_input_with_a_default_becomes_a_placeholder() -> None:
    before = graph(
        const("d", [1]), node("x", "PlaceholderWithDefault", "d", shape=Shape((1,))), node("out", "Neg", "x")
    )
    folded = fold(before)
    assert by_name(folded)["x"] == node("x", "Placeholder", shape=Shape((1,)))
    assert ops(folded) == {"x": "Placeholder", "out": "Neg"}


def test_what_a_fed_node_waits_for_goes() -> None:
    fed = Node("x", "Placeholder", ("^one",), attrs={"dtype": DataType.DT_FLOAT, "shape": Shape(())})
    folded = fold_constants(graph(const("one", 1.0), fed, node("y", "Relu", "x")), Context("m", ("x",), ("y",)))
    assert {each.name: each.inputs for each in folded.nodes} == {"y": ("x:0",), "x": ()}


def test_of_two_nodes_of_one_name_neither_is_constant() -> None:
    waits = Node("c", "Identity", ("^c", "one"), attrs={"T": DataType.DT_FLOAT})
    nodes = (const("one", 1.0), const("c", 1.0), waits, node("y", "Neg", "c"))
    folded = fold_constants(Graph(nodes), Context("m", (), ("y",)))
    assert [each.inputs for each in folded.nodes if each.name == "y"] == [("c",)]


def test_a_default_that_is_not_fed_is_a_constant() -> None:
    before = graph(X, const("d", [1]), node("p", "PlaceholderWithDefault", "d"), node("out", "Add", "x", "p"))
    assert by_name(fold(before))["out"].inputs == ("x:0", "p/_0__cf__0")


def test_an_input_that_is_no_placeholder_is_refused() -> None:
    before = graph(X, node("mid", "Relu", "x"), node("out", "Neg", "mid"))
    with pytest.raises(TransformError, match="node 'mid': is an input, but a Relu") as caught:
        fold(before, inputs=("mid",))
    assert "strip_unused_nodes" in caught.value.advice


@pytest.mark.parametrize(
    ("inputs", "outputs", "problem"),
    [((), (), "needs to know the outputs"), (("x",), ("x:0",), "both fed and fetched"), (("y",), ("out",), "y")],
)
def test_what_is_fed_and_fetched_must_make_sense(
    inputs: tuple[str, ...], outputs: tuple[str, ...], problem: str
) -> None:
    with pytest.raises(InputError, match=problem):
        fold_constants(graph(X, node("out", "Relu", "x")), Context(inputs=inputs, outputs=outputs))


SHAPE_MODEL = graph(
    node("x", "Placeholder", shape=Shape((5, 2))),
    node("y", "Relu", "x"),
    node("shape", "Shape", "y"),
    node("out", "Reshape", "x", "shape"),
)


def test_shapes_that_are_known_are_constants_that_wait_for_their_tensor() -> None:
    folded = fold(SHAPE_MODEL)
    assert by_name(folded)["out"].inputs == ("x:0", "shape/_0__cf__0")
    assert by_name(folded)["shape/_0__cf__0"].inputs == ("^y",)
    assert values(folded, "shape/_0__cf__0").tolist() == [5, 2]


def test_shapes_that_are_not_known_stay() -> None:
    open_batch = graph(node("x", "Placeholder", shape=Shape((-1, 2))), SHAPE_MODEL.nodes[1:])
    assert "shape" in ops(fold(open_batch))


def test_recorded_shapes_are_believed_if_asked_for_and_always_removed() -> None:
    told = node("y", "Unheard", "x", _output_shapes=(Shape((5, 2)),))
    before = graph(X, told, SHAPE_MODEL.nodes[2:])
    kept, believed = fold(before), fold(before, arguments={"clear_output_shapes": ("false",)})
    assert "shape" in ops(kept)
    assert "shape/_0__cf__0" in ops(believed)
    assert "_output_shapes" not in by_name(kept)["y"].attrs


def test_results_that_are_too_large_stay() -> None:
    before = graph(X, const("w", [1, 2]), node("r", "Neg", "w"), node("out", "Add", "x", "r"))
    assert ops(fold(before, arguments={"max_constant_size_in_bytes": ("7",)})) == ops(before)
    assert "r" not in ops(fold(before, arguments={"max_constant_size_in_bytes": ("8",)}))
    big = graph(
        X,
        const("w", [1, 2]),
        const("s", [1 << 11, 1 << 11], INT32),
        node("r", "Tile", "w2", "s"),
        node("w2", "Pack", "w"),
        node("out", "Add", "x", "r"),
    )
    assert notes_of(big) == ["node 'r' stays as it is: its result takes 33,554,432 bytes, more than 10,485,760"]


def test_a_large_constant_that_is_passed_on_is_read_where_it_is() -> None:
    before = graph(X, const("w", np.zeros((1 << 20, 3))), node("r", "Identity", "w"), node("out", "Add", "x", "r"))
    assert by_name(fold(before))["out"].inputs == ("x:0", "w")
    assert "r" not in ops(fold(before))
    assert ops(fold(before, gtt=True)) == ops(before)
    assert ops(fold(before, arguments={"max_constant_size_in_bytes": ("10485760",)})) == ops(before)


def test_a_large_constant_is_not_read_before_what_it_waits_for() -> None:
    """On a branch that is not taken, nothing may be read that stands outside of it."""
    before = graph(
        X,
        const("w", np.zeros((1 << 20, 3))),
        node("side", "Relu", "x"),
        node("r", "Identity", "w", "^side"),
        node("out", "Add", "x", "r"),
    )
    folded = fold(before)
    assert ops(folded) == ops(before)
    assert by_name(folded)["out"].inputs == ("x:0", "r")
    assert set(by_name(folded)["r"].inputs) == {"w", "^side"}


@pytest.mark.parametrize("arguments", [{"exclude_op": ("Neg",)}, {"exclude_node": ("r",)}], ids=str)
def test_what_is_excluded_stays(arguments: Arguments) -> None:
    before = graph(X, const("w", [1, 2]), node("a", "Exp", "w"), node("r", "Neg", "a"), node("out", "Add", "x", "r"))
    folded = fold(before, arguments=arguments)
    assert ops(folded) == {"x": "Placeholder", "r": "Neg", "out": "Add", "a/_0__cf__0": "Const"}


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (node("bad", "FloorDiv", "one", "zero", T=INT32), "it divides by zero"),
        (
            node("bad", "Fill", "huge", "one"),
            "it would make an array of 4,398,046,511,104 bytes, more than 268,435,456",
        ),
        (
            node("bad", "Cast", "large", SrcT=FLOAT, DstT=INT32),
            "it casts a number that int32 cannot hold, of which every processor makes something else",
        ),
        (node("bad", "Digamma", "f"), "it has the op Digamma, which cannot be evaluated"),
        (node("bad", "MyOwnOp", "f"), "it has the op MyOwnOp, which cannot be evaluated"),
        (node("bad", "Neg", "one:1", T=INT32), "it has an input 'one:1', which does not exist"),
    ],
    ids=lambda value: value.op if isinstance(value, Node) else "",
)
def test_what_cannot_be_evaluated_stays_and_says_why(bad: Node, reason: str) -> None:
    huge = Node(
        "huge",
        "Const",
        attrs={"dtype": DataType.DT_INT64, "value": encode_tensor(np.array([1 << 40]), DataType.DT_INT64)},
    )
    before = graph(
        X,
        const("f", 1),
        const("large", 1e20),
        const("one", 1, INT32),
        const("zero", 0, INT32),
        huge,
        bad,
        node("out", "Unheard", "x", "bad"),
    )
    assert "bad" in ops(fold(before))
    assert "bad" in ops(fold(before, gtt=True))
    assert notes_of(before) == [f"node 'bad' stays as it is: {reason}"]


@pytest.mark.parametrize(
    ("op", "values", "folded"),
    [
        ("Sqrt", [2, 3], True),
        ("Rsqrt", [2, 3], True),
        ("Log", [2, 3], False),
        ("Log", 2, True),
        ("Tanh", 2, False),
        ("Softplus", [2, 3], False),
    ],
)
def test_what_tensorflow_only_approximates_stays(op: str, values: object, folded: bool) -> None:
    before = graph(X, const("c", values), node("n", op, "c"), node("out", "Add", "x", "n"))
    assert ("n" not in ops(fold(before))) == folded
    reason = f"it is a {op} of float, which TensorFlow approximates in a way of its own"
    assert notes_of(before) == ([] if folded else [f"node 'n' stays as it is: {reason}"])
    assert "n" not in ops(fold(before, gtt=True))


STATEFUL = ("Switch", "Enter", "RandomUniform", "VariableV2", "TensorListReserve")


@pytest.mark.parametrize("op", STATEFUL)
def test_what_no_constant_can_stand_for_is_not_worth_a_note(op: str) -> None:
    before = graph(X, const("c", [1, 2]), node("n", op, "c"), node("out", "Add", "x", "n"))
    assert ops(fold(before)) == ops(before)
    assert notes_of(before) == []


def test_a_constant_in_a_branch_waits_for_the_branch() -> None:
    before = graph(
        X,
        node("p", "Placeholder"),
        node("switch", "Switch", "x", "p"),
        node("taken", "Identity", "switch:1"),
        Node("c", "Const", ("^taken",), attrs=const("c", [2, 3]).attrs),
        node("n", "Neg", "c"),
        node("out", "Add", "taken", "n"),
    )
    folded = fold(before, inputs=("x", "p"))
    assert by_name(folded)["n/_0__cf__0"].inputs == ("^taken",)
    assert "c" not in ops(folded)


def frozen_by_2x() -> Graph:
    """As TensorFlow 2 freezes a function: its output waits for the reads of all weights."""
    weights = [each for name in "ab" for each in (const(name, [1, 2]), node(f"{name}/read", "Identity", name))]
    return graph(
        X,
        weights,
        node("m", "Mul", "x", "a/read"),
        node("sum", "Add", "m", "b/read"),
        node("NoOp", "NoOp", "^a/read", "^b/read"),
        node("out", "Identity", "sum", "^NoOp"),
        node("other", "Identity", "sum", "^a/read", "^b/read", "^b"),
    )


def test_no_weight_is_kept_for_what_waits_for_it() -> None:
    before = frozen_by_2x()
    folded = fold(before, "out", "other")
    assert ops(folded) == {
        "x": "Placeholder", "m": "Mul", "sum": "Add", "NoOp": "NoOp", "out": "Identity", "other": "Identity",
        "a/read/_0__cf__0": "Const", "b/read/_1__cf__1": "Const",
    }  # fmt: skip
    assert by_name(folded)["NoOp"].inputs == ()
    assert by_name(folded)["out"].inputs == ("sum", "^NoOp")
    assert by_name(folded)["other"].inputs == ("sum",)


def test_gtt_keeps_what_is_waited_for() -> None:
    before = frozen_by_2x()
    folded = fold(before, "out", "other", gtt=True)
    assert len(folded.nodes) == len(before.nodes) + 2


def test_a_noop_still_waits_for_what_is_not_constant() -> None:
    before = graph(
        X,
        node("side", "Relu", "x"),
        Node("c", "Const", ("^side",), attrs=const("c", [1, 2]).attrs),
        node("n", "Neg", "c"),
        node("wait", "NoOp", "^n"),
        node("out", "Relu", "x", "^wait"),
    )
    assert by_name(fold(before))["wait"].inputs == ("^side",)


def test_an_output_that_is_constant_becomes_one_of_its_name() -> None:
    before = graph(X, const("a", [1, 2]), node("c", "Neg", "a"), node("out", "Add", "x", "c"))
    folded = fold(before, "out", "c")
    assert ops(folded) == {"x": "Placeholder", "c": "Const", "out": "Add"}
    assert values(folded, "c").tolist() == [-1, -2]
    assert by_name(folded)["out"].inputs == ("x:0", "c")
    assert ops(fold(before, "out", "c", gtt=True))["c"] == "Neg"


@pytest.mark.parametrize("gtt", [False, True])
def test_attrs_at_their_defaults_are_not_added(gtt: bool) -> None:
    product = Node("out", "MatMul", ("x", "w"), attrs={"T": FLOAT})
    assert by_name(fold(graph(X, const("w", [[1.0]]), product), gtt=gtt))["out"].attrs == {"T": FLOAT}


def test_folding_twice_changes_nothing() -> None:
    once = fold(frozen_by_2x(), "out", "other")
    assert by_name(fold(once, "out", "other")) == by_name(once)


def test_quantized_constants_keep_their_type() -> None:
    attrs: dict[str, NodeAttr] = {"T": DataType.DT_QUINT8, "mode": "MIN_FIRST"}
    before = graph(
        X,
        const("w", [0, 1, 2]),
        const("low", 0),
        const("high", 2),
        node("q", "QuantizeV2", "w", "low", "high", **attrs),
        node("out", "Unheard", "x", "q", "q:1"),
    )
    folded = by_name(fold(before))
    assert folded["q/_0__cf__0"].attrs["dtype"] is DataType.DT_QUINT8
    assert folded["q/_1__cf__1"].attrs["dtype"] is DataType.DT_FLOAT
