"""Which operators releases have, and which release a model needs at least."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel_index.errors import OpselectError
from opselect.lite.runtimes import (
    OperatorMinimum,
    find_runtime,
    first_named,
    first_releases,
    first_schemas,
    is_older,
    minimum_runtime,
    minimum_runtime_of,
    newest_named,
    operator_code,
    operator_of_code,
    registered_versions,
    registering_function,
    schema_has,
)
from opselect.models.graph.tflite import TfliteModel, TfliteOperator, TfliteSubgraph
from opselect.usecases.lite_models import read_lite_models

MODELS = Path(__file__).parents[3] / "fixtures" / "models"
CONVERTED = sorted(MODELS.glob("converted_*.tflite"))


ALPHABET = "0123456789.-+ x\t\uff19"


def model_of(*operators: tuple[str, int], stored: str = "", custom: tuple[str, ...] = ()) -> TfliteModel:
    """A model with one subgraph an operator."""
    written = [TfliteOperator(op, version) for op, version in operators]
    written += [TfliteOperator(name, 9, is_custom=True) for name in custom]
    subgraphs = tuple(TfliteSubgraph("", operators=(each,)) for each in written)
    return TfliteModel(3, "", subgraphs, min_runtime_version=stored)


@pytest.mark.parametrize("path", CONVERTED, ids=lambda path: path.stem)
def test_the_computed_minimum_is_what_the_converter_notes(path: Path) -> None:
    (read,) = read_lite_models([str(path)])
    found = minimum_runtime_of(read.model)
    assert found.computed
    assert (found.computed, found.judgement) == (found.stored, "same")


def test_the_greatest_first_release_of_all_subgraphs_counts() -> None:
    found = minimum_runtime_of(model_of(("ADD", 1), ("BATCH_MATMUL", 4), ("CONV_2D", 8), custom=("FlexErf", "Mine")))
    assert found.computed == "2.15.0"
    assert [(each.op, each.version) for each in found.deciding] == [("CONV_2D", 8)]
    assert [(each.op, each.release) for each in found.operators] == [
        ("ADD", "1.5.0"), ("BATCH_MATMUL", "2.5.0"), ("CONV_2D", "2.15.0"),
    ]  # fmt: skip
    # As numbers: 2.5 is before 2.15, whatever comes first.
    assert minimum_runtime_of(model_of(("CONV_2D", 8), ("BATCH_MATMUL", 4))).computed == "2.15.0"


def test_custom_operators_and_those_of_tensorflow_do_not_count() -> None:
    found = minimum_runtime_of(model_of(custom=("FlexErf", "Mine")))
    assert (found.computed, found.operators, found.judgement) == ("", (), "absent")


@pytest.mark.parametrize(
    ("stored", "judgement"),
    [
        ("2.4.0", "same"), ("2.4", "same"),
        ("2.3.0", "lower"), ("2.13.0", "higher"), ("", "absent"), ("1.15.0", "lower"),
        ("soon", "not judged"), ("2.x", "not judged"), ("2.-4", "not judged"), ("2.4.1", "higher"),
    ],
)  # fmt: skip
def test_the_note_is_held_against_what_is_computed(stored: str, judgement: str) -> None:
    assert minimum_runtime_of(model_of(("CONV_2D", 5), stored=stored)).judgement == judgement


def test_what_the_table_lacks_is_said_and_no_note_is_called_too_high_for_it() -> None:
    found = minimum_runtime_of(model_of(("CONV_2D", 5), ("CONV_2D", 99), ("builtin 250", 1), stored="2.30.0"))
    assert found.computed == "2.4.0"
    assert found.unknown == (OperatorMinimum("CONV_2D", 99, ""), OperatorMinimum("builtin 250", 1, ""))
    assert found.judgement == "not judged"
    assert minimum_runtime_of(model_of(("CONV_2D", 5), ("CONV_2D", 99), stored="2.3.0")).judgement == "lower"
    nothing = minimum_runtime_of(model_of(("CONV_2D", 99), stored="2.3.0"))
    assert (nothing.computed, nothing.deciding, nothing.judgement) == ("", (), "not judged")


@pytest.mark.parametrize(
    ("first", "second", "older"),
    [
        ("", "1.5.0", True), ("1.5.0", "", False),
        ("", "", False), ("2.4.0", "2.10.0", True), ("2.10.0", "2.4.0", False),
        ("2.4", "2.4.0", True), ("2.4.0", "2.4", False), ("2.4.0", "2.4.0", False), ("2.x.0", "2.4.1", True),
        ("2.x.9", "2.4.1", False), (" 2.4.0", "2.5.0", True), ("2.4294967298.0", "2.3.1", True), ("-1.0", "0.0", True),
    ],
)  # fmt: skip
def test_releases_are_compared_as_upstream_does(first: str, second: str, older: bool) -> None:
    assert is_older(first, second) is older


@given(st.lists(st.integers(0, 30), min_size=1, max_size=4), st.lists(st.integers(0, 30), min_size=1, max_size=4))
def test_releases_made_of_numbers_are_in_the_order_of_their_numbers(first: list[int], second: list[int]) -> None:
    assert is_older(".".join(map(str, first)), ".".join(map(str, second))) is (first < second)


@given(st.text(alphabet=ALPHABET, max_size=12), st.text(alphabet=ALPHABET, max_size=12))
def test_any_text_can_be_compared(first: str, second: str) -> None:
    assert not (is_older(first, second) and is_older(second, first))


def test_what_a_release_registers_is_known_by_release() -> None:
    spans = [registered_versions(find_runtime(text), "CONV_2D") for text in ("1.9", "2.3", "2.4", "2.14", "litert-2.2")]
    assert spans == [(1, 1), (1, 4), (1, 5), (1, 7), (1, 8)]
    assert registered_versions(find_runtime("2.14"), "BROADCAST_TO") == (2, 3)
    assert registered_versions(find_runtime("2.14"), "STABLEHLO_ADD") is None
    assert registered_versions(find_runtime("2.16"), "STABLEHLO_ADD") == (1, 1)
    # DEPTH_TO_SPACE is in 1.15, came back in 2.1, and 2.0 is without.
    spans = [registered_versions(find_runtime(text), "DEPTH_TO_SPACE") for text in ("1.15", "2.0", "2.1")]
    assert spans == [(1, 1), None, (1, 1)]


def test_releases_of_wheels_alone_are_known_too() -> None:
    spans = [registered_versions(find_runtime(text), "FULLY_CONNECTED") for text in ("2.16", "2.17", "2.18", "2.21")]
    assert spans == [(1, 11), (1, 12), (1, 13), (1, 14)]


def test_custom_operators_of_the_runtime_are_known_by_name_and_function() -> None:
    detection = "TFLite_Detection_PostProcess"
    assert registered_versions(find_runtime("2.14"), detection, is_custom=True) == (1, 1)
    assert registered_versions(find_runtime("1.9"), detection, is_custom=True) is None
    assert registered_versions(find_runtime("2.14"), detection) is None
    assert registering_function(detection) == "Register_DETECTION_POSTPROCESS"
    assert (registering_function("Mine"), first_named("Mine", 1, is_custom=True)) == ("", ())


@pytest.mark.parametrize(
    ("op", "version", "first"),
    [
        ("CONV_2D", 5, ("TensorFlow Lite 2.4",)),
        ("CONV_2D", 1, ("TensorFlow Lite 1.5",)),  # the oldest known has it, and upstream says since when
        ("MAXIMUM", 1, ("TensorFlow Lite 1.9",)),  # upstream says 1.14
        ("TRANSPOSE", 7, ("TensorFlow Lite 2.20", "LiteRT 1.2")),
        ("COS", 2, ("LiteRT 2.1.6",)),  # a patch brought it
        ("CONV_2D", 99, ()),
        ("STABLEHLO_CBRT", 1, ()),
        ("NONE", 1, ()),
    ],
)
def test_the_first_release_that_registers_a_version(op: str, version: int, first: tuple[str, ...]) -> None:
    assert first_named(op, version) == first


def test_a_release_that_lost_an_operator_is_not_sent_back() -> None:
    assert [str(each) for each in first_releases("DEPTH_TO_SPACE", 1)] == ["1.15.0", "litert-1.0.1"]
    after = find_runtime("2.0")
    assert [str(each) for each in first_releases("DEPTH_TO_SPACE", 1, after=after)] == ["2.1.0", "litert-1.0.1"]
    assert first_named("DEPTH_TO_SPACE", 1, after=after) == ("TensorFlow Lite 2.1",)


def test_an_operator_that_upstream_promises_too_early_is_late() -> None:
    late = minimum_runtime_of(
        model_of(
            ("FULLY_CONNECTED", 9), ("CONV_2D", 5), ("MAXIMUM", 1), ("ADD", 6), ("CONV_2D", 1), ("STABLEHLO_CBRT", 1)
        )
    ).late
    assert [(each.op, each.release, each.registered) for each in late] == [
        ("FULLY_CONNECTED", "2.3.0", ("TensorFlow Lite 2.4",)),
        ("STABLEHLO_CBRT", "2.17.0", ()),
    ]


def test_where_tables_of_upstream_disagree_the_newest_counts() -> None:
    assert minimum_runtime("ADD", 4) == "2.6.0"
    assert minimum_runtime("GELU", 1) == "2.9.0"
    assert (minimum_runtime("CONV_2D", 99), minimum_runtime("BROADCAST_TO", 1)) == ("", "")


def test_the_schema_of_a_release_tells_which_operators_it_can_name() -> None:
    assert [schema_has("SIGN", text) for text in ("2.10", "2.11", "2.21", "litert-2.2")] == [False, True, True, True]
    assert not schema_has("NONE", "2.8")
    assert [schema_has("DEPTH_TO_SPACE", text) for text in ("1.15", "2.0", "2.1")] == [True, False, True]
    assert [str(each) for each in first_schemas("STABLEHLO_CASE")] == ["2.19.1", "litert-2.0.2"]
    assert first_schemas("NONE") == ()
    with pytest.raises(OpselectError, match=r"nearest: litert-2\.0\.2"):
        schema_has("ADD", "litert-1.2")


def test_codes_of_operators_are_those_of_the_schema() -> None:
    assert (operator_code("CONV_2D"), operator_of_code(142), operator_of_code(0)) == (3, "VAR_HANDLE", "ADD")
    assert (operator_code("BROADCAST_TO"), operator_code("NONE"), operator_of_code(250)) == (130, None, "")
    assert newest_named() == "TensorFlow Lite 2.21 and LiteRT 2.3"
