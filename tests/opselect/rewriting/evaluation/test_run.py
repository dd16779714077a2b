"""Graphs and what is fed in, what is fetched out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kernel_index.datatypes import DataType
from opselect.models.formats.models import read_graph
from opselect.models.formats.numpy_types import Array
from opselect.models.graph import FunctionArg, FunctionDefinition, FunctionRef, Graph, Node
from opselect.rewriting import Context, parse_steps
from opselect.rewriting.evaluation import EvaluationError
from opselect.rewriting.transforms import apply_steps
from tests.interpreter import interpreter, run
from tests.opselect.rewriting.transforms.graphs import const, graph, node

FIXTURES = Path(__file__).parents[4] / "fixtures"
TRANSFORMS, EVALUATION = FIXTURES / "transforms", FIXTURES / "evaluation"
OF_1X = sorted(each.parent for each in TRANSFORMS.glob("*/numerics.npz"))
OF_2X = [EVALUATION / "keras_lstm.pb", EVALUATION / "functional.pb"]
INT32, BOOL = DataType.DT_INT32, DataType.DT_BOOL


def recorded(path: Path) -> tuple[dict[str, Array], dict[str, Array]]:
    """What was fed, and what TensorFlow computed."""
    with np.load(path) as arrays:
        fed = {name[3:]: arrays[name] for name in arrays.files if name.startswith("in|")}
        return fed, {name[4:]: arrays[name] for name in arrays.files if name.startswith("out|")}


def check(before: Graph, numerics: Path) -> None:
    """Runs a graph, and what fold_constants makes of it."""
    fed, expected = recorded(numerics)
    context = Context(inputs=tuple(fed), outputs=tuple(expected))
    folded = apply_steps(before, parse_steps("fold_constants(ignore_errors=true)"), context)
    assert len(folded.nodes) <= len(before.nodes)
    for each in (before, folded):
        for ours, theirs in zip(run(each, fed, list(expected)), expected.values(), strict=True):
            assert ours.dtype == theirs.dtype
            np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("folder", OF_1X, ids=[folder.name for folder in OF_1X])
def test_graphs_of_1x_compute_what_tensorflow_computes(folder: Path) -> None:
    check(read_graph(folder / "input.pb"), folder / "numerics.npz")


@pytest.mark.parametrize("path", OF_2X, ids=[path.stem for path in OF_2X])
def test_graphs_of_2x_compute_what_tensorflow_computes(path: Path) -> None:
    check(read_graph(path), path.with_suffix(".npz"))


def conditional() -> Graph:
    """``x * 2 if p else x + 1``, and on the branch taken if p a division that fails unless it is not run."""
    return graph(
        node("x", "Placeholder"),
        node("p", "Placeholder"),
        node("s", "Switch", "x", "p"),
        const("two", 2),
        node("double", "Mul", "s:1", "two"),
        const("one", 1),
        node("more", "Add", "s", "one"),
        node("checked", "CheckNumerics", "double"),
        node("merged", "Merge", "more", "checked"),
        node("on_true", "Identity", "s:1"),
        Node("waits", "Const", ("^on_true",), attrs=const("c", 7).attrs),
        node("either", "Merge", "waits", "more"),
    )


@pytest.mark.parametrize(("taken", "result", "which", "either"), [(True, 6, 1, 7), (False, 4, 0, 4)])
def test_the_branch_that_is_taken(taken: bool, result: float, which: int, either: float) -> None:
    fed = {"x": np.float32(3), "p": np.array(taken)}
    assert [float(each) for each in run(conditional(), fed, ["merged", "merged:1", "either"])] == [
        result,
        which,
        either,
    ]


def test_the_branch_that_is_not_taken_does_not_run() -> None:
    nan = {"x": np.float32(np.nan), "p": np.array(False)}
    assert np.isnan(run(conditional(), nan, ["merged"])[0])
    with pytest.raises(EvaluationError, match="node 'checked' finds NaN"):
        run(conditional(), {**nan, "p": np.array(True)}, ["merged"])
    with pytest.raises(EvaluationError, match="'checked' has no value"):
        run(conditional(), nan, ["checked"])


def loop(name: str, start: str, limit: str, step: str) -> list[Node]:
    """``while value < limit: value += step``; the result is the node ``<name>/exit``."""
    inside = {"frame_name": name}
    return [
        node(f"{name}/enter", "Enter", start, **inside),
        node(f"{name}/limit", "Enter", limit, **inside, is_constant=True),
        node(f"{name}/step", "Enter", step, **inside, is_constant=True),
        node(f"{name}/merge", "Merge", f"{name}/enter", f"{name}/next"),
        node(f"{name}/less", "Less", f"{name}/merge", f"{name}/limit"),
        node(f"{name}/cond", "LoopCond", f"{name}/less"),
        node(f"{name}/switch", "Switch", f"{name}/merge", f"{name}/cond"),
        node(f"{name}/add", "Add", f"{name}/switch:1", f"{name}/step"),
        node(f"{name}/next", "NextIteration", f"{name}/add"),
        node(f"{name}/exit", "Exit", f"{name}/switch"),
    ]


CONSTANTS = [const("zero", 0), const("one", 1), const("three", 3), const("ten", 10)]


def test_loops_run_until_their_condition_no_longer_holds() -> None:
    assert run(graph(CONSTANTS, loop("l", "zero", "ten", "three")), {}, ["l/exit"]) == [12]
    assert run(graph(CONSTANTS, loop("l", "ten", "three", "one")), {}, ["l/exit"]) == [10]


def test_a_loop_in_a_loop_runs_for_each_iteration() -> None:
    outer = loop("o", "zero", "ten", "one")
    outer[7] = node("o/add", "Add", "i/exit", "o/step")
    inner = loop("i", "o/switch:1", "o/inner_limit", "o/step")
    limit = [node("o/inner", "Enter", "three", frame_name="o", is_constant=True)]
    limit += [node("o/inner_limit", "Add", "o/merge", "o/inner")]
    # Each outer iteration adds three in the inner loop and one itself: 0, 4, 8, 12.
    assert run(graph(CONSTANTS, outer, inner, limit), {}, ["o/exit"]) == [12]


def test_a_loop_on_a_branch_that_is_not_taken_does_not_run() -> None:
    nodes = [
        node("p", "Placeholder"),
        node("s", "Switch", "zero", "p"),
        *loop("l", "s:1", "ten", "one"),
        node("m", "Merge", "l/exit", "s"),
    ]
    assert run(graph(CONSTANTS, nodes), {"p": np.array(False)}, ["m", "m:1"]) == [0, 1]
    assert run(graph(CONSTANTS, nodes), {"p": np.array(True)}, ["m", "m:1"]) == [10, 0]


def test_a_loop_without_an_end_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interpreter, "MAX_STEPS", 1000)
    with pytest.raises(EvaluationError, match="more than 1,000 that run: the graph does not end"):
        run(graph(CONSTANTS, loop("l", "zero", "ten", "zero")), {}, ["l/exit"])


def test_a_long_chain_needs_no_recursion() -> None:
    chain = [node(f"n{number}", "Add", f"n{number - 1}" if number else "zero", "one") for number in range(5000)]
    assert run(graph(CONSTANTS, chain), {}, ["n4999"]) == [5000]


def test_any_tensor_can_be_fed_and_several_fetched() -> None:
    nodes = [node("x", "Placeholder"), node("y", "Mul", "x", "three"), node("z", "Add", "y", "one")]
    assert run(graph(CONSTANTS, nodes), {"y:0": np.float32(5)}, ["z", "y", "one:0"]) == [6, 5, 1]


@pytest.mark.parametrize(
    ("nodes", "fetch", "problem"),
    [
        ([node("x", "Placeholder")], "x", "node 'x' has the op Placeholder"),
        ([node("n", "Neg", "one:3")], "n", "node 'n' has an input 'one:3', which does not exist"),
        ([], "there", "'there' is asked for, and does not exist"),
        ([], "one:1", "'one:1' has no value"),
        ([node("n", "VarHandleOp")], "n", "node 'n' has the op VarHandleOp, which cannot be evaluated"),
        ([node("n", "Assert", "zero")], "n", "node 'n' is an assertion that does not hold"),
        ([node("n", "PartitionedCall", "zero", f=FunctionRef("f"))], "n", "calls 'f', which the library has not"),
    ],
)
def test_what_cannot_run_says_why(nodes: list[Node], fetch: str, problem: str) -> None:
    with pytest.raises(EvaluationError, match=problem):
        run(graph(CONSTANTS, nodes), {}, [fetch])


def test_a_function_that_calls_itself_for_ever_is_an_error() -> None:
    call = Node("c", "f", ("x",))
    function = FunctionDefinition("f", (FunctionArg("x"),), (FunctionArg("y"),), (call,), {"y": "c:y:0"})
    with pytest.raises(EvaluationError, match="functions call themselves"):
        run(Graph((*CONSTANTS, Node("n", "f", ("one",))), (function,)), {}, ["n"])


def array_ops(*more: Node) -> Graph:
    size = const("size", 2, INT32)
    made = node("a", "TensorArrayV3", "size", dtype=DataType.DT_FLOAT)
    first, second = const("0", 0, INT32), const("1", 1, INT32)
    write = node("w", "TensorArrayWriteV3", "a", "1", "ten", "a:1")
    return graph(CONSTANTS, size, made, first, second, write, more)


def test_tensor_arrays() -> None:
    both = node("w2", "TensorArrayWriteV3", "a", "0", "three", "w")
    indices = const("i", [1, 0, 1], INT32)
    gathered = node("g", "TensorArrayGatherV3", "a", "i", "w2")
    found = run(array_ops(both, indices, gathered, node("s", "TensorArraySizeV3", "a", "w2")), {}, ["g", "s"])
    assert [each.tolist() for each in found] == [[10, 3, 10], 2]
    with pytest.raises(EvaluationError, match="node 'r' reads element 0 of 2, which was not written"):
        run(array_ops(node("r", "TensorArrayReadV3", "a", "0", "w")), {}, ["r"])
    with pytest.raises(EvaluationError, match="'a' is no tensor that could be fetched"):
        run(array_ops(), {}, ["a"])


def test_an_output_that_is_too_large_is_an_error() -> None:
    sizes = const("sizes", [1 << 15, 1 << 15], INT32)
    with pytest.raises(EvaluationError, match="node 'n' would make an array of 4,294,967,296 bytes"):
        run(graph(CONSTANTS, sizes, node("n", "Fill", "sizes", "one")), {}, ["n"])
