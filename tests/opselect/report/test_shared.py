"""What a page says of a model."""

from __future__ import annotations

import pytest

from opselect.report.shared import model_row, some
from opselect.usecases.model_origins import ModelOrigin


@pytest.mark.parametrize(
    ("kind", "note", "shown"),
    [
        *(("saved_model", "", "SavedModel"), ("graphdef", "", "GraphDef"), ("tflite", "", "TensorFlow Lite model")),
        *(("meta_graph", "of parts", "MetaGraphDef; of parts"), ("", "not read", "not read"), ("other", "", "other")),
    ],
)
def test_a_model_says_what_it_is(kind: str, note: str, shown: str) -> None:
    assert model_row(ModelOrigin("m", kind, note=note)).note == shown


def test_a_model_says_what_wrote_it() -> None:
    row = model_row(ModelOrigin("m", "graphdef", "1.15.0", 134, ("serving_default", "train"), 3, 9, "ab" * 32))
    assert (row.producer, row.signatures) == ("TensorFlow 1.15.0, GraphDef producer 134", "serving_default, train")
    assert (row.ops, row.nodes, row.sha256) == (3, 9, "ab" * 32)
    assert model_row(ModelOrigin("m")).producer == ""


def test_of_many_names_some_are_told_and_the_others_counted() -> None:
    assert some(["a", "b"], 2) == "a, b"
    assert some(["a", "b", *"c" * 1200], 2) == "a, b and 1,200 more"
