"""Arguments of transforms, and what is wrong with them."""

from __future__ import annotations

import pickle

import pytest

from kernel_index.datatypes import DataType
from opselect.models.graph import Shape
from opselect.rewriting import Context, TransformError

GIVEN = Context(
    "m.pb",
    arguments={
        "word": ("w",),
        "several": ("a", "b"),
        "count": ("-7",),
        "yes": ("true",),
        "type": ("half",),
        "shape": ("1,-1,3",),
        "bad": ("maybe",),
        "foreign": ("\u0663",),
        "huge": ("99999999999999999999",),
    },
)


def test_arguments_are_read_as_what_they_are() -> None:
    assert GIVEN.text("word") == "w"
    assert GIVEN.all("several") == ("a", "b")
    assert GIVEN.whole("count", 0) == -7
    assert GIVEN.flag("yes") is True
    assert [Context(arguments={"f": (word,)}).flag("f") for word in ("True", "1", "FALSE", "0")] == [1, 1, 0, 0]
    assert GIVEN.data_type("type", DataType.DT_FLOAT) is DataType.DT_HALF
    assert GIVEN.shape("shape", Shape(())) == Shape((1, -1, 3))


def test_arguments_that_are_not_given_have_their_default() -> None:
    context = Context()
    assert context.text("word", "other") == "other"
    assert context.all("several") == ()
    assert context.whole("count", 3) == 3
    assert context.flag("yes") is False
    assert context.shape("shape", Shape(())) == Shape(())
    with pytest.raises(TransformError, match="argument 'word' is missing"):
        context.text("word")


@pytest.mark.parametrize(
    ("read", "what"),
    [
        (lambda c: c.text("several"), "given 2 times"),
        (lambda c: c.whole("bad", 0), "not a whole number"),
        (lambda c: c.whole("huge", 0), "not a whole number"),
        (lambda c: c.whole("foreign", 0), "not a whole number"),
        (lambda c: c.flag("bad"), "not true, false, 1 or 0"),
        (lambda c: c.data_type("bad", DataType.DT_FLOAT), "not a data type"),
        (lambda c: c.shape("bad", Shape(())), "not a shape"),
    ],
)
def test_arguments_that_make_no_sense(read: object, what: str) -> None:
    with pytest.raises(TransformError, match=what) as caught:
        read(GIVEN)  # type: ignore[operator]
    assert caught.value.place.path == "m.pb"


def test_an_error_names_its_node_and_can_be_pickled() -> None:
    error = Context("m.pb").error("is shared", "Use another.", node="conv")
    assert str(error) == "m.pb: node 'conv': is shared\n  Use another."
    copy = pickle.loads(pickle.dumps(error))
    assert (str(copy), copy.node) == (str(error), "conv")
