"""What passes of every build take out and put in."""

from __future__ import annotations

import pytest

from opselect.requirements.runtime import Kind
from tests.opselect.graph_text import function, node
from tests.opselect.requirements.runtime.additions import ops

KNOWN = "shape: shape { dim { size: 2 } }"
UNKNOWN = "shape: shape { dim { size: -1 } }"


def accumulate(shape: str = UNKNOWN) -> str:
    return node("a", "AccumulateNV2", attrs=f"T: type: DT_DOUBLE; {shape}")


def test_accumulating_needs_a_variable_and_its_kernels_by_type() -> None:
    assert ops(accumulate(), kind="replaced") == {"AccumulateNV2": {"double"}}
    assert ops(accumulate(), kind="added") == {
        "TemporaryVariable": {"double"},
        "Const": {"double"},
        "Shape": {"double,int32"},
        "Fill": {"double,int32"},
        "Assign": {"double"},
        "AssignAdd": {"double"},
        "DestroyTemporaryVariable": {"double"},
    }


@pytest.mark.parametrize(
    ("release", "shape", "fill"),
    [
        ("1.7", UNKNOWN, False),
        ("1.8", UNKNOWN, True),
        ("1.13", KNOWN, False),
        ("1.13", "shape: shape { unknown_rank: true }", True),
        ("1.14", KNOWN, True),
    ],
)
def test_the_first_value_of_a_known_shape_was_a_constant_up_to_1_13(release: str, shape: str, fill: bool) -> None:
    assert ("Fill" in ops(accumulate(shape), release, "added")) == fill


@pytest.mark.parametrize(("release", "add_n"), [("1.13", False), ("1.14", True)])
def test_in_a_loop_it_is_an_add_n_from_1_14_on(release: str, add_n: bool) -> None:
    assert ("AddN" in ops(accumulate() + node("e", "Enter"), release, "added")) == add_n


def test_before_1_4_nothing_replaces_it() -> None:
    assert ops(accumulate(), "1.3", "replaced") == {}


def test_parallel_concat() -> None:
    text = node("c", "ParallelConcat", attrs="T: type: DT_INT32")
    assert ops(text, "1.0", "replaced") == {"ParallelConcat": {"int32"}}
    assert ops(text, "1.0", "added") == {
        "_ParallelConcatStart": {"int32"},
        "_ParallelConcatUpdate": {"int32"},
        "Identity": {"int32"},
    }


def test_passes_do_not_run_over_functions_that_are_called_by_name() -> None:
    text = function("f", node("c", "ParallelConcat", attrs="T: type: DT_INT32")) + node("call", "f")
    assert ops(text, kind="replaced") == ops(text, kind="added") == {}


@pytest.mark.parametrize("release", ["1.0", "1.1", "1.3", "1.4"])
def test_reads_that_are_only_fetched_were_unsafe_from_1_1_to_1_3(release: str) -> None:
    read = node("r", "ReadVariableOp", "v", attrs="dtype: type: DT_FLOAT")
    text = node("v", "VarHandleOp") + read
    expected = {"_UnsafeReadVariable": {"float"}} if release in ("1.1", "1.3") else {}
    assert ops(text, release, "added") == expected
    assert ops(text + node("use", "Neg", "r"), release, "added") == {}


@pytest.mark.parametrize(("release", "isolated"), [("1.13", False), ("1.14", True)])
def test_calls_that_return_resources_are_isolated(release: str, isolated: bool) -> None:
    types = "Tin: list { type: DT_FLOAT }; Tout: list { type: DT_RESOURCE type: DT_INT32 }"
    text = function("f", node("n", "Neg")) + node("x", "Placeholder", attrs="dtype: type: DT_FLOAT")
    call = node("c", "PartitionedCall", "x", attrs=f'f: func {{ name: "f" }}; {types}')
    expected = {"Identity": {"float", "resource", "int32"}} if isolated else {}
    assert ops(text + call, release, "added") == expected
    assert ops(text + call.replace("DT_RESOURCE", "DT_HALF"), release, "added") == {}


@pytest.mark.parametrize("kind", ["inserted", "replaced", "added"])
def test_what_lacks_its_input_does_not_change_places(kind: Kind) -> None:
    cast = node("c", "Cast", attrs="SrcT: type: DT_INT8; DstT: type: DT_FLOAT")
    moved = node("m", "Reverse", "c", attrs="T: type: DT_FLOAT") + node("r", "Reshape", "c", attrs="T: type: DT_FLOAT")
    assert "Cast" not in ops(cast + moved, kind=kind)
