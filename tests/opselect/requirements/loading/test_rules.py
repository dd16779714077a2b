"""What a release checks of nodes: text of a graph in, reasons out. The words are those of TensorFlow's messages."""

from __future__ import annotations

import pytest

from kernel_index.datatypes import DataType
from kernel_index.records import GraphVersions
from opselect.requirements.loading import AttrUse, Use
from opselect.requirements.loading.rules import problems
from tests.opselect.graph_text import function, node
from tests.opselect.requirements.loading.op_specs import op, refused, release, verdict

X = node("x", "Placeholder", attrs="dtype: type: DT_FLOAT")
I = node("i", "Placeholder", attrs="dtype: type: DT_INT32")  # noqa: E741 - beside X
V = node("v", "VariableV2", attrs="dtype: type: DT_FLOAT; shape: shape {}")

OF_FLOATS = "T: type: DT_FLOAT"

CONCAT = op("Concat(dim: int32, values: N * T) -> output: T | N: int >= 2 | T: type")
ASSIGN = op("Assign(ref: Ref(T), value: T) -> output_ref: Ref(T) | T: type")
PACK = op("List(xs: Ts) -> (ys: Ts, n: int32) | Ts: list({float, int32}) >= 1")
ODD = op(
    "Odd() -> y: int32 | s: {'A', 'B'} = 'A' | n: int >= 2 = 3 | l: list(int) >= 2 = [1, 2] | f: float = 0.5 "
    "| b: bool = true | sh: shape = {} | fn: func = {} | t: type = DT_FLOAT | ss: list({'A', 'B'}) = []"
)
INDEX = release(CONCAT, ASSIGN, PACK, ODD)


def odd(attrs: str) -> str:
    return node("o", "Odd", attrs=attrs)


ACCEPTED = [
    X,
    X + node("r", "Relu", "x"),
    X + node("r", "Relu", "x", "^x", attrs="_class: list { s: 'loc:@x' }; _new: i: 1"),
    I + node("r", "Relu", "i", attrs="T: type: DT_INT32"),
    V + node("r", "Relu", "v"),
    V + X + node("a", "Assign", "v", "x", attrs=OF_FLOATS) + node("b", "Assign", "a:0", "a", attrs=OF_FLOATS),
    I + X + node("c", "Concat", "i", "x", "x:0", attrs="T: type: DT_FLOAT; N: i: 2"),
    I + X + node("l", "List", "i", "x", attrs="Ts: list { type: [DT_INT32, DT_FLOAT] }")
    + node("r", "Relu", "l:1") + node("s", "Relu", "l:2", attrs="T: type: DT_INT32"),
    odd("s: s: 'B'; n: i: 2; l: list { i: [1, 2, 3] }; f: f: 2; b: b: false; sh: shape {}; fn: func { name: 'g' }")
    + function("g"),
    odd("ss: list { s: ['A', 'B'] }"),
    odd("ss: list {}"),
    # Nobody knows what a custom op gives.
    X + node("m", "Mine", "x") + node("r", "Relu", "m:7"),
]  # fmt: skip


@pytest.mark.parametrize("text", ACCEPTED)
def test_what_fits_is_taken(text: str) -> None:
    assert refused(text, INDEX) == []


REFUSED = {
    node("x", "Placeholder"): "NodeDef missing attr 'dtype' from Op<name=Placeholder>",
    X + node("r", "Relu", "x", attrs="soft: b: true"): "NodeDef mentions attr 'soft' not in Op<name=Relu>",
    X + node("r", "Relu"): "NodeDef expected inputs 'float' do not match 0 inputs specified",
    X + node("r", "Relu", "x", "x"): "NodeDef expected inputs 'float' do not match 2 inputs specified",
    I + node("r", "Relu", "i"): "Input 0 was passed int32 incompatible with expected float",
    X + node("r", "Relu", "x:1"): "Input 0 is connected to an invalid output of its source node",
    X + node("r", "Relu", "^x", "x"): "Control dependencies must come after regular dependencies",
    X + node("r", "Relu", "x", attrs="T: type: DT_HALF"): (
        "Value for attr 'T' of half is not in the list of allowed values: float, int32"
    ),
    X + node("a", "Assign", "x", "x", attrs="T: type: DT_FLOAT"): (
        "Input 0 was passed float incompatible with expected float_ref"
    ),
    I + X + node("c", "Concat", "i", "x", "x", attrs="T: type: DT_FLOAT; N: i: 3"): (
        "NodeDef expected inputs 'int32, float, float, float' do not match 3 inputs specified"
    ),
    I + X + node("c", "Concat", "i", "x", attrs="T: type: DT_FLOAT; N: i: 1"): (
        "Value for attr 'N' of 1 must be at least minimum 2"
    ),
    node("l", "List", attrs="Ts: list {}"): "Length for attr 'Ts' of 0 must be at least minimum 1",
    X + node("l", "List", "x", attrs="Ts: list { type: DT_HALF }"): (
        "Value for attr 'Ts' of half is not in the list of allowed values: float, int32"
    ),
    node("x", "Placeholder", attrs="dtype: type: DT_INVALID"): "AttrValue has invalid DataType for attr 'dtype'",
    odd("s: s: 'C'"): """Value for attr 's' of "C" is not in the list of allowed values: "A", "B\"""",
    odd("ss: list { s: ['A', 'C'] }"): """Value for attr 'ss' of "C" is not in the list of allowed values: "A", "B\"""",
    odd("l: list { i: 1 }"): "Length for attr 'l' of 1 must be at least minimum 2",
    odd("b: i: 1"): "AttrValue had value with type 'int' when 'bool' expected for attr 'b'",
    odd("f: i: 1"): "AttrValue had value with type 'int' when 'float' expected for attr 'f'",
    odd("n: list { i: 2 }"): "AttrValue had value with type 'list(int)' when 'int' expected for attr 'n'",
    odd("n: list {}"): "AttrValue missing value with expected type 'int' for attr 'n'",
    odd("l: i: 2"): "AttrValue had value with type 'int' when 'list(int)' expected for attr 'l'",
    odd("fn: s: 'g'"): "AttrValue had value with type 'string' when 'func' expected for attr 'fn'",
    odd("sh: type: DT_FLOAT"): "AttrValue had value with type 'type' when 'shape' expected for attr 'sh'",
    odd("l: list { i: [1, 2] f: 0.5 }"): (
        "AttrValue had value with type 'list(mixed)' when 'list(int)' expected for attr 'l'"
    ),
}  # fmt: skip


@pytest.mark.parametrize("text", REFUSED)
def test_what_does_not_fit_is_refused(text: str) -> None:
    assert refused(text, INDEX) == [REFUSED[text]]


@pytest.mark.parametrize(("version", "fatal"), [("1.0.1", True), ("2.4.4", True), ("2.5.0", False), ("2.20.0", False)])
def test_attrs_that_the_op_lacks_are_passed_over_from_2_5_on(version: str, fatal: bool) -> None:
    text = X + node("r", "Relu", "x", attrs="soft: b: true")
    said = verdict(text, release(version=version))
    assert [each.attr for each in said.refused] == (["soft"] if fatal else [])
    assert [each.attr for each in said.ignored] == ([] if fatal else ["soft"])


VERSIONS = {
    "versions { producer: 9 }": [],
    "versions { producer: 99 min_consumer: 24 bad_consumers: 23 }": [],
    "versions { producer: 3 bad_consumers: 3 }": [],
    "versions { producer: 9 min_consumer: 25 }": ["GraphDef min consumer version 25 above current version 24"],
    "versions { producer: 9 bad_consumers: [5, 24] }": ["GraphDef disallows consumer version 24"],
    "versions { producer: 2 }": ["GraphDef producer version 2 below min producer 3"],
}


@pytest.mark.parametrize("versions", VERSIONS)
def test_versions_of_the_graph(versions: str) -> None:
    index = release(graph=GraphVersions(24, 3))
    assert refused(X + versions, index) == VERSIONS[versions]


@pytest.mark.parametrize("producer", [16, 17, 21])
def test_an_op_that_is_removed_at_the_version_of_the_graph(producer: int) -> None:
    index = release(op("Inv(x: T) -> y: T | T: type", gone=17, explanation="Use Reciprocal."))
    text = X + node("i", "Inv", "x", attrs="T: type: DT_FLOAT") + f"versions {{ producer: {producer} }}"
    words = (
        f"Op Inv is not available in GraphDef version {producer}. It has been removed in version 17. Use Reciprocal."
    )
    assert refused(text, index) == ([words] if producer >= 17 else [])


@pytest.mark.parametrize("version", ["1.12.3", "1.13.1", "1.15.5", "2.14.1"])
def test_ops_that_ask_to_be_lowered_in_vain(version: str) -> None:
    index = release(op("StatelessIf() -> y: int32"), op("If() -> y: int32"), op("Case() -> y: int32"), version=version)
    asks = "_lower_using_switch_merge: b: true"
    text = "".join(node(name, name, attrs=asks) for name in ("If", "StatelessIf", "Case"))
    text += node("off", "Relu", "Case", attrs="_lower_using_switch_merge: b: false; T: type: DT_INT32")
    text += node("on", "Relu", "Case", attrs=f"{asks}; T: type: DT_INT32")
    said = {"1.12.3": [], "1.13.1": ["Case", "Relu", "StatelessIf"]}.get(version, ["Relu"])
    assert [each.op for each in verdict(text, index).refused] == said


@pytest.mark.parametrize(("dtype", "since"), [("DT_INT4", (2, 15)), ("DT_UINT64", (1, 5)), ("DT_VARIANT", (1, 4))])
def test_types_that_the_release_does_not_have(dtype: str, since: tuple[int, int]) -> None:
    use = Use("Const", (AttrUse("dtype", "type", DataType[dtype]), AttrUse("more", "list(type)", (DataType[dtype],))))
    definition = op("Const() -> y: dtype | dtype: type | more: list(type)")
    said = [each.reason for each in problems(use, definition, (since[0], since[1] - 1))]
    number = int(DataType[dtype])
    assert said == [f"AttrValue has invalid DataType enum: {number} for attr '{name}'" for name in ("dtype", "more")]
    assert problems(use, definition, since) == []
