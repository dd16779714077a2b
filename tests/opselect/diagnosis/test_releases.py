"""Which release wrote a message: by its words, a line of source, an op definition, and what the release lacks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel_index import shipped
from kernel_index.profiles import release_number
from opselect.diagnosis.release_choice import likeliest
from opselect.diagnosis.releases import Told, narrowed, releases_of_signature, told_by
from opselect.logs.records import KernelRow, LogFailure

CAST = "Op<name=Cast; signature=x:SrcT -> y:DstT; attr=SrcT:type; attr=DstT:type>"
EQUAL = (
    "Op<name=Equal; signature=x:T, y:T -> z:bool; attr=T:type,allowed=[DT_BFLOAT16, DT_HALF, DT_FLOAT, DT_DOUBLE, "
    "DT_UINT8, ..., DT_QINT8, DT_QINT32, DT_STRING, DT_BOOL, DT_COMPLEX128]; is_commutative=true>"
)


def failure(**fields: object) -> LogFailure:
    return LogFailure(**{"kind": "no-kernel", "runtime": "tensorflow", **fields})  # type: ignore[arg-type] # by name


def minors(told: Told) -> tuple[str, str]:
    """The first and the last of the releases."""
    return shipped.minor_of(told.releases[0]), shipped.minor_of(told.releases[-1])


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("No OpKernel was registered to support Op 'Sum' with these attrs\n [[Node: s = Sum[]()]]", ("1.0", "1.10")),
        ("No OpKernel was regis\ntered to support Op 'Sum' used by node s (defined at x) with", ("1.13", "2.21")),
        ("Op type not registered 'Sum' in binary running on x. Make sure the Op is in this process.", ("1.3", "1.8")),
        ("NodeDef mentions attr 'x' not in Op<name=Sum; …>. (Check whether your GraphDef-interpreting", ("1.1", "2.4")),
        ("Node {{node c}} of type If has '_lower' attr set but it does not support lowering", ("1.13", "2.21")),
    ],
)  # fmt: skip
def test_words_of_a_message_narrow_its_release(text: str, span: tuple[str, str]) -> None:
    assert minors(narrowed(told_by(failure(op="Sum", text=text)))) == span


def test_line_that_logged_it_is_one_release() -> None:
    assert narrowed(told_by(failure(logged_at="op_kernel.cc:1325"))).releases == ("1.13.2",)
    assert narrowed(told_by(failure(logged_at="op_kernel.cc:1"))).releases == shipped.releases()
    assert narrowed(told_by(failure(logged_at="other.cc:1325"))).releases == shipped.releases()


def test_definition_is_of_the_releases_that_print_it() -> None:
    assert minors(Told(releases_of_signature("Cast", CAST), "")) == ("1.0", "1.10")
    assert minors(Told(releases_of_signature("Equal", EQUAL), "")) == ("1.5", "1.14")
    assert releases_of_signature("Cast", CAST.replace("SrcT:type", "SrcT:int")) == ()
    assert releases_of_signature("Cast", "") == ()
    # What is cut off says nothing against a release.
    assert "2.20.0" in releases_of_signature("Cast", CAST[:-5])


def test_what_contradicts_is_passed_over() -> None:
    old, new = Told(("1.0.1", "1.1.0"), "old"), Told(("2.20.0",), "new")
    assert narrowed([old, new]) == Told(("1.0.1", "1.1.0"), "old")
    assert narrowed([old, Told(shipped.releases(), "anything")]).how == "old"
    assert narrowed([]).releases == shipped.releases()


def test_messages_of_other_runtimes_tell_nothing_of_tensorflow() -> None:
    assert told_by(failure(runtime="onnxruntime", text="[[Node: x = Y[]()]]")) == []


@given(st.text(max_size=200), st.text(max_size=30), st.text(max_size=80))
def test_no_text_is_too_odd(text: str, place: str, signature: str) -> None:
    for told in told_by(failure(op="Cast", text=text, logged_at=place, signature=signature)):
        assert told.releases


def test_release_is_one_whose_kernels_are_just_those_listed() -> None:
    rows = (KernelRow("CPU", allowed=(("T", ("DT_FLOAT",)),)),)
    less = failure(kind="kernel-type", op="Less", dtypes=(("T", "DT_INT32"),), rows=rows)
    # From 1.10 on the slim types of Less are float and uint8.
    assert likeliest([less], shipped.releases()[:15], "android") == "1.9.0"


def test_release_is_one_that_lacks_the_kernel_by_default() -> None:
    pool = failure(op="MaxPoolWithArgmax", dtypes=(("Targmax", "DT_INT64"),))
    assert likeliest([pool], shipped.releases()[:15], "android") == "1.7.1"
    newest = likeliest([failure(op="Relu")], shipped.releases(), "android")
    assert newest == max((r for r in shipped.releases() if shipped.index_of(r).origin is None), key=release_number)
    assert likeliest([failure(op="Relu")], ["2.18.1", "2.19.1"], "android") == "2.19.1"


def test_release_refuses_what_the_message_says_is_refused() -> None:
    unknown = failure(kind="attr-unknown", op="Conv2D", attr="explicit_paddings")
    assert likeliest([unknown], shipped.releases(), "android") == "1.13.2"
    lowering = failure(kind="lowering", op="StatelessIf")
    assert likeliest([lowering], shipped.releases(), "android") == "1.14.0"
