"""Refusals with their mend, what is not judged, and facts that survive being kept for another release."""

from __future__ import annotations

import json

import pytest

from kernel_index import shipped
from kernel_index.records import GraphVersions
from opselect.requirements.loading import AttrUse, Loads, LoadsMerger, Use, judge
from opselect.requirements.loading.loads_json import loads_json, parse_loads
from opselect.requirements.loading.releases import elsewhere
from tests.opselect.graph_text import function, node
from tests.opselect.requirements.loading.op_specs import loads_of, op, release, verdict

X = node("x", "Placeholder", attrs="dtype: type: DT_FLOAT")
CONV = "Conv2D(input: T, filter: T) -> output: T | T: type"


def conv(name: str = "c", more: str = "", *, source: str = "x") -> str:
    return node(name, "Conv2D", source, source, attrs=f"T: type: DT_FLOAT; {more}")


DEFAULT = "dilations: list { i: [1, 1, 1, 1] }"
OTHER = "dilations: list { i: [1, 2, 2, 1] }"


def test_an_attr_with_its_default_can_be_taken_off() -> None:
    (said,) = verdict(X + conv(more=DEFAULT), release(op(CONV))).refused
    assert (said.kind, said.op, said.attr, said.nodes, said.models) == (
        "unknown_attr", "Conv2D", "dilations", ("c",), ("m.pb",)
    )  # fmt: skip
    assert said.advice == (
        "Take the attr off, for its value is the default: opselect prepare m.pb -o phone.pb --tensorflow 1.4 does "
        "it; for a GraphDef also opselect transform m.pb without.pb "
        "--transforms='remove_attribute(attribute_name=dilations, op_name=Conv2D)'. TensorFlow 1.5 and later know it."
    )


@pytest.mark.parametrize("name", ["exports/1", "graph.meta", "exports/saved_model.pb"])
def test_what_is_no_graph_is_not_told_to_be_transformed(name: str) -> None:
    index = release(op(CONV))
    (said,) = judge(loads_of(X + conv(more=DEFAULT), index, name), index).refused
    assert said.advice == (
        f"Take the attr off, for its value is the default: opselect prepare {name} -o phone.pb --tensorflow 1.4 does "
        "it. TensorFlow 1.5 and later know it."
    )


def test_a_model_of_tensorflow_lite_is_converted_again_for_no_command_edits_it() -> None:
    index = release(op(CONV))
    (said,) = judge(loads_of(X + conv(more=DEFAULT), index, "my app.tflite"), index).refused
    assert said.advice == "TensorFlow 1.5 and later know it: build one of these, or export the model for 1.4.1."
    inv = op("Inv(x: T) -> y: T | T: type", gone=17, explanation="Use Reciprocal")
    index = release(inv, op("Reciprocal(x: T) -> y: T | T: type"))
    text = X + node("i", "Inv", "x", attrs="T: type: DT_FLOAT") + "versions { producer: 21 }"
    (said,) = judge(loads_of(text, index, "app.tflite"), index).refused
    assert said.advice == "Export the model again with what takes its place."
    index = release(version="1.13.2")
    text = X + node("r", "Relu", "x", attrs="T: type: DT_FLOAT; _lower_using_switch_merge: b: true")
    said = judge(loads_of(text, index, "app.tflite"), index).refused[-1]
    assert (said.kind, said.advice) == ("lowering", "Export the model for TensorFlow 1.13.2.")


@pytest.mark.parametrize("values", [(OTHER,), (DEFAULT, OTHER)])
def test_an_attr_with_another_value_needs_another_release(values: tuple[str, ...]) -> None:
    text = X + "".join(conv(f"c{number}", more) for number, more in enumerate(values))
    (said,) = verdict(text, release(op(CONV))).refused
    assert said.count == len(values)
    assert said.advice == (
        "Its value is not the default. TensorFlow 1.5 and later know it: build one of these, or export the model for "
        "1.4.1."
    )


def test_an_attr_that_no_release_has() -> None:
    (said,) = verdict(X + conv(more="colour: s: 'red'"), release(op(CONV))).refused
    assert said.advice == "No shipped release knows it. Export the model for TensorFlow 1.4.1."


def test_nodes_of_functions_count_where_they_are_called() -> None:
    library = function("f", conv(more=DEFAULT, source="a"), inputs="a", returns="r=c:output:0")
    index = release(op(CONV))
    assert verdict(X + library, index).refused == ()
    (said,) = verdict(X + node("call", "f", "x") + library, index).refused
    assert (said.attr, said.nodes) == ("dilations", ("f:c",))
    assert "in functions too" in said.advice
    assert "remove_attribute" not in said.advice


def test_types_are_followed_through_functions() -> None:
    body = node("c", "Concat", "a", "a", attrs="T: type: DT_FLOAT") + node("r", "Relu", "c:output:0")
    index = release(op("Concat(dim: int32, x: T) -> output: T | T: type"))
    said = verdict(X + node("call", "f", "x") + function("f", body, inputs="a", returns="r=r:y:0"), index)
    assert [each.reason for each in said.refused] == ["Input 0 was passed float incompatible with expected int32"]


def test_calls_must_fit_their_function() -> None:
    library = function("f", node("r", "Relu", "a"), inputs="a", returns="r=r:y:0")
    index = release()
    assert verdict(X + node("call", "f", "x") + library, index).refused == ()
    few = verdict(X + node("call", "f") + library, index).refused
    assert [each.reason for each in few] == ["NodeDef expected inputs 'float' do not match 0 inputs specified"]
    none = verdict(X + node("call", "f", "x:1") + library, index).refused
    assert [each.reason for each in none] == ["Input 0 is connected to an invalid output of its source node"]
    odd = verdict(X + node("call", "f", "x", attrs="colour: i: 1") + library, index).refused
    assert [(each.kind, each.op, each.attr) for each in odd] == [("unknown_attr", "f", "colour")]


def test_a_renamed_op_takes_the_place_of_a_removed_one() -> None:
    inv = op("Inv(x: T) -> y: T | T: type", gone=17, explanation="Use Reciprocal")
    index = release(inv, op("Reciprocal(x: T) -> y: T | T: type"))
    text = X + node("i", "Inv", "x", attrs="T: type: DT_FLOAT") + "versions { producer: 21 }"
    (said,) = verdict(text, index).refused
    assert "--transforms='rename_op(old_op_name=Inv, new_op_name=Reciprocal)'" in said.advice
    other = release(inv, op("Reciprocal(x: T) -> y: T | T: type | soft: bool"))
    assert verdict(text, other).refused[0].advice == "Export the model again with what takes its place."


def test_a_removed_op_of_what_is_no_graph_is_renamed_after_freezing() -> None:
    inv = op("Inv(x: T) -> y: T | T: type", gone=17, explanation="Use Reciprocal")
    index = release(inv, op("Reciprocal(x: T) -> y: T | T: type"))
    text = X + node("i", "Inv", "x", attrs="T: type: DT_FLOAT") + "versions { producer: 21 }"
    (said,) = judge(loads_of(text, index, "my model"), index).refused
    assert said.advice == (
        "Reciprocal takes its place: opselect freeze 'my model' -o frozen.pb, then opselect transform frozen.pb "
        "renamed.pb --transforms='rename_op(old_op_name=Inv, new_op_name=Reciprocal)'."
    )


@pytest.mark.parametrize(
    ("having", "text"),
    [
        (("1.15.5",), "TensorFlow 1.15 takes it"),
        (("1.14.0", "1.15.5"), "TensorFlow 1.14 to 1.15 take it"),
        ((shipped.releases()[-1],), f"TensorFlow {shipped.minor_of(shipped.releases()[-1])} and later take it"),
    ],
)
def test_one_release_or_several_take_it(having: tuple[str, ...], text: str) -> None:
    assert elsewhere(having, "1.13.2", "take it") == text


def test_an_op_of_a_later_release() -> None:
    (said,) = verdict(X + node("l", "LeakyRelu", "x"), release()).refused
    assert (said.kind, said.reason) == ("unknown_op", "Op type not registered 'LeakyRelu'")
    assert said.advice == (
        "TensorFlow 1.13 and later have it. Export the model for TensorFlow 1.4.1, or build TensorFlow 1.13 or later."
    )


def test_what_is_not_judged_is_said() -> None:
    custom = verdict(X + node("m", "Mine", "x"), release())
    assert custom.refused == ()
    assert [line.split(":")[0] for line in custom.unjudged] == ["TensorFlow 1.4.1 has no definition of Mine"]
    before = verdict(X + "versions { min_consumer: 999 }", release(graph=None))
    assert before.refused == ()
    assert [line.split(",")[0] for line in before.unjudged] == ["Which versions of graphs TensorFlow 1.4.1 takes"]
    assert judge(Loads(), release(graph=None)).unjudged == ()
    (unknown,) = judge(Loads(unknown=("old.json",)), release()).unjudged
    assert unknown.startswith("old.json: what a release checks when it loads a graph was not collected")


def test_facts_that_are_kept_answer_for_another_release() -> None:
    newer = release(op(f"{CONV} | dilations: list(int) = [1, 1, 1, 1]"), version="1.15.5")
    text = X + conv(more=DEFAULT) + conv("d", OTHER) + "versions { producer: 134 }"
    loads = loads_of(text, newer)
    assert judge(loads, newer).refused == ()
    kept = parse_loads(json.loads(json.dumps(loads_json(loads))), "loads", "kept.json")
    assert kept == loads
    older = release(op(CONV))
    here = judge(kept, older).refused
    there = verdict(text, older).refused
    assert [(each.kind, each.attr, each.nodes, each.advice) for each in here] == [
        (each.kind, each.attr, each.nodes, each.advice) for each in there
    ]


def test_values_that_were_not_kept_are_not_judged() -> None:
    loads = loads_of(
        node("c", "Cut", attrs="n: i: 5; s: s: 'x'"), release(op("Cut() -> y: int32 | n: int | s: string"))
    )
    limited = release(op("Cut() -> y: int32 | n: int >= 9 | s: {'a', 'b'}"), version="2.0.4")
    said = judge(loads, limited)
    assert (said.refused, len(said.unjudged)) == ((), 1)
    other_kind = judge(loads_of(node("c", "Cut", attrs="n: s: 'x'; s: s: 'a'"), limited), limited)
    assert ([each.kind for each in other_kind.refused], other_kind.unjudged) == (["attr_value"], ())
    assert said.unjudged[0].startswith("Whether TensorFlow 2.0.4 admits the values of n of Cut, s of Cut is not judged")


def test_facts_do_not_grow_with_names_and_sizes() -> None:
    index = release(op("Cut(x: T) -> y: T | T: type | size: list(int) | seed: int = 0 | label: string = '' | s: shape"))
    merger = LoadsMerger()
    for number in range(1, 40):
        attrs = f"T: type: DT_FLOAT; size: list {{ i: [{number}, 1] }}; seed: i: {number}; label: s: 'l{number}'"
        attrs += f"; s: shape {{ dim {{ size: {number} }} }}"
        merger.add(loads_of(X + node(f"n{number}", "Cut", "x", attrs=attrs), index, f"m{number:02}.pb"))
    merged = merger.merged()
    cut = next(use for use in merged.uses if use.op == "Cut")
    assert len(merged.uses) == 2
    assert len(merged.graphs) == 1
    assert (cut.count, len(cut.nodes), len(cut.models)) == (39, 5, 20)


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("list { s: ['a', 'b'] }", True),
        (f"list {{ s: ['a', '{'b' * 65}'] }}", False),
        (f"list {{ s: {['a'] * 9} }}", False),
        (f"s: '{'b' * 65}'", False),
        ("shape { dim { size: 2 } }", True),
        (f"shape {{ {'dim { size: 2 } ' * 9} }}", False),
    ],
)
def test_only_small_values_of_unknown_attrs_are_kept(value: str, kept: bool) -> None:
    loads = loads_of(node("c", "Cut", attrs=f"odd: {value}"), release(op("Cut() -> y: int32")))
    ((use,),) = ([each for each in use.attrs if each.name == "odd"] for use in loads.uses)
    assert (use.value is not None) is kept


def test_of_kept_names_as_many_are_read_as_are_kept() -> None:
    many = [f"n{number:02}" for number in range(30)]
    row = {"op": "Relu", "count": 30, "nodes": many, "models": many}
    (use,) = parse_loads({"uses": [row]}, "loads", "kept.json").uses
    assert (use.nodes, use.models) == (tuple(many[:5]), tuple(many[:20]))


def test_lengths_of_lists_survive() -> None:
    loads = Loads((Use("A", tuple(AttrUse(f"l{length}", "list(int)", None, length) for length in (0, 1, 9))),))
    assert parse_loads(loads_json(loads), "loads", "kept.json") == loads


def test_ops_that_run_one_by_one_have_neither_inputs_nor_versions() -> None:
    index = release(op("Inv(x: T) -> y: T | T: type", gone=17))
    loads = loads_of(node("i", "Inv", attrs="T: type: DT_FLOAT") + "versions { producer: 99 min_consumer: 99 }", index)
    assert judge(loads, index).refused
    assert judge(loads.as_single_ops(), index).refused == ()


def test_of_merged_models_the_newest_and_the_oldest_producer_count() -> None:
    index = release(op("Inv(x: T) -> y: T | T: type", gone=17), graph=GraphVersions(24, 9))
    inv = X + node("i", "Inv", "x", attrs="T: type: DT_FLOAT")
    for order in ((8, 21), (21, 8)):
        merger = LoadsMerger()
        for producer in order:
            merger.add(loads_of(f"{inv} versions {{ producer: {producer} }}", index, f"m{producer}.pb"))
        said = judge(merger.merged(), index).refused
        assert [(each.kind, each.reason.split(". ")[0]) for each in said] == [
            ("removed_op", "Op Inv is not available in GraphDef version 21"),
            ("versions", "GraphDef producer version 8 below min producer 9"),
        ]


def test_inputs_whose_number_nothing_tells_are_not_judged() -> None:
    index = release(op("Join(values: N * T) -> output: T | T: type | N: int"))

    def judged(count: str) -> bool:
        join = node("j", "Join", "x", attrs=f"T: type: DT_FLOAT{count}")
        return any("expected inputs" in each.reason for each in verdict(X + join, index).refused)

    assert judged("; N: i: 2")
    assert [count for count in ("", "; N: s: 'two'", "; N: i: -1", "; N: b: true", "; N: i: 1") if judged(count)] == []


@pytest.mark.parametrize(
    ("versions", "releases"),
    [
        ("producer: 99 min_consumer: 25", "TensorFlow 1.6 and later take it"),
        ("producer: 99 min_consumer: 120", "TensorFlow 1.15 takes it"),
        ("producer: 99 bad_consumers: [21, 22, 23, 24]", "TensorFlow 1.6 and later take it"),
        ("producer: 99 min_consumer: 9999", ""),
    ],
)
def test_releases_that_take_the_versions_of_a_graph(versions: str, releases: str) -> None:
    (said,) = verdict(X + f"versions {{ {versions} }}", release()).refused
    choice = f"{releases}: build one of these, or export the model for 1.4.1."
    assert said.advice == (choice if releases else "Export the model for TensorFlow 1.4.1.")


def test_what_an_importer_has_against_nodes_themselves() -> None:
    bad = node("a b", "Neg", "x", attrs="T: type: DT_FLOAT")
    colocated = node("c", "Neg", "x", attrs='T: type: DT_FLOAT; _class: list { s: ["loc:@gone"] }')
    called = node("d", "PartitionedCall", "x", attrs="Tin: list { type: [DT_FLOAT] }; f: func { name: 'nowhere' }")
    call = op("PartitionedCall(args: Tin) -> o: float | Tin: list(type)")
    index = release(op("Neg(x: T) -> y: T | T: type"), call)
    kept = loads_of(X + bad + colocated + called, index)
    for loads in (kept, parse_loads(loads_json(kept), "loads", "f")):
        found = [(each.code, each.op, each.reason) for each in judge(loads, index).refused]
        assert ("OPS310", "Neg", "Node 'a b': Node name contains invalid characters") in found
        assert ("OPS310", "Neg", "Node 'c' expects to be colocated with unknown node 'gone'") in found
        assert ("OPS310", "PartitionedCall", "Function nowhere is not defined") in found
