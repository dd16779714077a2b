"""A graph and an index in, findings with tried advice out."""

from __future__ import annotations

from pathlib import Path

import pytest

from kernel_index import shipped
from kernel_index.store import open_index
from opselect.criteria import criterion
from opselect.findings.as_json import left_out_json
from opselect.models.formats import read_graph
from opselect.models.graph import Entry
from opselect.requirements.collect import Requirement, Requirements, collect_requirements
from opselect.selection.left_out_by_default import Attempt, GraphAdviser, findings
from opselect.selection.left_out_by_default.advice import key_of
from opselect.selection.left_out_by_default.left_out import MobileBuild
from tests.opselect.graph_text import function, graph_of, node
from tests.opselect.sample import DOUBLE, FLOAT, kernel
from tests.opselect.selection.left_out_by_default.lists import MOBILE, advised, found_in, mobile_index, op

MODELS = Path(__file__).parents[4] / "fixtures" / "models"

LISTED = (
    "Placeholder",
    "Const",
    "Cast",
    "Mul",
    "Conv2D",
    "Softmax",
    "Identity",
    "VariableV2",
    "Mean",
    "Switch",
    "Merge",
)
MISSING = (
    "DecodeJpeg",
    "EncodeJpeg",
    "SaveV2",
    "ReluGrad",
    "ReaderReadV2",
    "TextLineReaderV2",
    "QueueDequeueV2",
    "Odd",
)
INDEX = mobile_index(
    [*map(kernel, LISTED), *map(kernel, MISSING), kernel("Neg", FLOAT), kernel("Neg", DOUBLE, profiles=("desktop",))],
    [*(f"{name.lower()}.cc" for name in LISTED), "neg.cc"],
    definitions=[op(name) for name in LISTED] + [op("SaveV2", outputs=())],
)


def advice(*nodes: str, inputs: tuple[str, ...] = (), outputs: tuple[str, ...] = ()) -> dict[str, tuple[object, ...]]:
    """Op → action, inputs and outputs of the advice."""
    found = found_in(graph_of("".join(nodes)), INDEX, inputs=inputs, outputs=outputs)
    return {f.op: (advised(f).action, advised(f).inputs, advised(f).outputs) for f in found}


JPEG = (
    node("file", "Placeholder"),
    node("jpeg", "DecodeJpeg", "file"),
    node("cast", "Cast", "jpeg"),
    node("scaled", "Mul", "cast"),
    node("w", "VariableV2"),
    node("conv", "Conv2D", "scaled", "w"),
    node("probs", "Softmax", "conv"),
)
TRAINING = (
    node("save", "SaveV2", "w"),
    node("gradients/conv_grad", "Mul", "conv"),
    node("relu_grad", "ReluGrad", "conv"),
)


def test_what_no_output_needs_is_to_be_stripped() -> None:
    found = found_in(graph_of("".join(JPEG + TRAINING)), INDEX)
    assert [(f.op, f.kind, advised(f).action) for f in found] == [
        ("ReluGrad", "gradients", "strip"),
        ("SaveV2", "checkpoints", "strip"),
        ("DecodeJpeg", "image-decoders", "feed"),
    ]
    assert advised(found[0]).text == "Strip it: with --outputs probs nothing needs it."
    assert advised(found[0]).outputs == ("probs",)
    assert advised(found[2]).text == "Feed cast in its place: with --inputs cast --outputs probs nothing needs it."
    assert (advised(found[2]).inputs, advised(found[2]).outputs) == (("cast",), ("probs",))


def test_a_decoder_with_given_outputs() -> None:
    assert advice(*JPEG, outputs=("conv:0",)) == {"DecodeJpeg": ("feed", ("cast",), ("conv:0",))}
    assert advice(*JPEG, outputs=("probs",), inputs=("scaled",)) == {}


def test_outputs_for_training_among_given_ones_are_left_out() -> None:
    given = ("probs", "gradients/conv_grad", "relu_grad")
    assert advice(*JPEG, *TRAINING, inputs=("cast",), outputs=given) == {"ReluGrad": ("strip", ("cast",), ("probs",))}


def test_an_op_that_the_given_outputs_are_about_stays() -> None:
    found = found_in(graph_of("".join(JPEG + TRAINING)), INDEX, inputs=("cast",), outputs=("relu_grad",))
    (grad,) = found
    assert (advised(grad).action, advised(grad).files) == ("extend", ("tensorflow/core/kernels/relugrad.cc",))
    assert (
        advised(grad).text
        == "Extend the build by tensorflow/core/kernels/relugrad.cc (opselect generate --mode extend)."
    )


def test_readers_and_queues_are_fed_after_the_last_of_them() -> None:
    nodes = (
        node("reader", "TextLineReaderV2"),
        node("read", "ReaderReadV2", "reader"),
        node("half", "Identity", "read:1"),
        node("queue", "QueueDequeueV2", "half"),
        node("image", "Cast", "queue"),
        *JPEG[4:5],
        node("conv", "Conv2D", "image", "w"),
    )
    fed = ("feed", ("image",), ("conv",))
    assert advice(*nodes) == {"QueueDequeueV2": fed, "ReaderReadV2": fed, "TextLineReaderV2": fed}


def test_ways_that_part_and_meet_again() -> None:
    nodes = (
        node("jpeg", "DecodeJpeg"),
        node("a", "Cast", "jpeg"),
        node("b", "Identity", "jpeg", "^a"),
        node("both", "Mul", "a", "b"),
        node("conv", "Conv2D", "both"),
    )
    assert advice(*nodes) == {"DecodeJpeg": ("feed", ("both",), ("conv",))}


def test_several_inputs_are_fed_each_at_its_own_place() -> None:
    nodes = (
        node("left", "DecodeJpeg"),
        node("right", "DecodeJpeg"),
        node("l", "Cast", "left"),
        node("r", "Cast", "right"),
        node("conv", "Conv2D", "l", "r"),
    )
    assert advice(*nodes) == {"DecodeJpeg": ("feed", ("l", "r"), ("conv",))}


def test_control_flow_is_not_fed() -> None:
    nodes = (
        node("jpeg", "DecodeJpeg"),
        node("cond", "Switch", "jpeg", "flag"),
        node("flag", "Placeholder"),
        node("merge", "Merge", "cond", "cond:1"),
        node("cast", "Cast", "merge"),
        node("conv", "Conv2D", "cast"),
    )
    assert advice(*nodes) == {"DecodeJpeg": ("feed", ("cast",), ("conv",))}


def test_what_a_loop_in_front_of_the_model_gives_is_fed() -> None:
    """The edge back of a loop is nothing that its first iteration waits for."""
    nodes = (
        node("jpeg", "DecodeJpeg"),
        node("enter", "Enter", "jpeg"),
        node("merge", "Merge", "enter", "next"),
        node("cond", "LoopCond", "merge"),
        node("switch", "Switch", "merge", "cond"),
        node("body", "Mul", "switch:1"),
        node("next", "NextIteration", "body"),
        node("exit", "Exit", "switch"),
        node("cast", "Cast", "exit"),
        node("conv", "Conv2D", "cast"),
    )
    assert advice(*nodes)["DecodeJpeg"] == ("feed", ("cast",), ("conv",))


def test_without_a_node_that_all_passes_the_op_itself_is_fed() -> None:
    queue = (node("batch", "QueueDequeueV2"), node("conv", "Conv2D", "batch"), node("other", "Conv2D", "batch:1"))
    assert advice(*queue) == {"QueueDequeueV2": ("feed", ("batch",), ("conv", "other"))}


def test_a_decoder_in_the_middle_of_the_model_is_not_fed() -> None:
    found = found_in(
        graph_of(node("x", "Placeholder") + node("conv", "Conv2D", "x") + node("jpeg", "DecodeJpeg", "conv")), INDEX
    )
    assert [(f.op, advised(f).action) for f in found] == [("DecodeJpeg", "extend")]
    assert advised(found[0]).text.endswith(", and link the library that it calls.")


def test_an_encoder_behind_the_model_is_stripped() -> None:
    nodes = (node("x", "Placeholder"), node("conv", "Conv2D", "x"), node("jpeg", "EncodeJpeg", "conv"))
    assert advice(*nodes) == {"EncodeJpeg": ("strip", (), ("conv",))}


def test_other_ops_of_the_model_extend_the_build() -> None:
    assert advice(node("x", "Placeholder"), node("odd", "Odd", "x")) == {"Odd": ("extend", (), ())}


def test_ops_inside_functions_are_followed() -> None:
    graph = graph_of(
        node("x", "Placeholder")
        + node("y", "Mul", "x")
        + node("saving", "f", "x")
        + function("f", node("inner", "SaveV2", "x"), inputs="x")
    )
    (found,) = found_in(graph, INDEX)
    assert (found.op, found.nodes, advised(found).action) == ("SaveV2", ("f:inner",), "strip")
    assert advised(found).outputs == ("y",)


def test_a_type_that_the_profile_drops_names_those_that_it_has() -> None:
    graph = graph_of(node("x", "Placeholder") + node("n", "Neg", "x", attrs="T: type: DT_DOUBLE"))
    (found,) = found_in(graph, INDEX)
    assert (found.kind, found.attr, found.dtypes, advised(found).action) == ("types", "T", (DOUBLE,), "change")
    assert advised(found).text == "Convert the model to types that android-slim has: T in {DT_FLOAT}."


def test_tables_that_the_outputs_use_are_filled() -> None:
    ops = ("HashTableV2", "InitializeTableV2", "LookupTableFindV2")
    kernels = [*map(kernel, ops), kernel("Placeholder"), kernel("SaveV2")]
    fills = op("InitializeTableV2", "resource", outputs=())
    table_index = mobile_index(kernels, ["placeholder.cc"], definitions=[fills])
    graph = graph_of(
        node("table", "HashTableV2")
        + node("fill", "InitializeTableV2", "table", "words")
        + node("words", "Placeholder")
        + node("find", "LookupTableFindV2", "table", "words")
        + node("save", "SaveV2", "words")
    )
    found = {f.op: advised(f) for f in found_in(graph, table_index)}
    assert {name: each.action for name, each in found.items()} == {**dict.fromkeys(ops, "extend"), "SaveV2": "strip"}
    assert found["SaveV2"].outputs == ("find", "fill")


def test_one_finding_an_op_and_criterion_with_few_nodes() -> None:
    graph = graph_of(
        "".join(node(f"n{i}", "Odd", attrs=f"T: type: {t}") for i, t in enumerate(["DT_FLOAT", "DT_INT32"] * 4))
    )
    (found,) = found_in(graph, INDEX)
    assert (found.count, found.nodes, found.models) == (8, ("n0", "n1", "n2", "n3", "n4"), ("m.pb",))


def test_without_a_graph_advice_is_general() -> None:
    graph = graph_of("".join(JPEG + TRAINING))
    parts = [collect_requirements(graph, name, index=INDEX) for name in ("a.pb", "b.pb")]
    found = {f.op: f for f in findings(Requirements.merge(parts), INDEX, MOBILE)}
    assert found["DecodeJpeg"].models == ("a.pb", "b.pb")
    assert advised(found["DecodeJpeg"]).text == (
        "Name what the program fetches with --outputs, and feed the node that follows it with --inputs. If the model "
        "cannot do without: extend the build by tensorflow/core/kernels/decodejpeg.cc (opselect generate --mode "
        "extend), and link the library that it calls."
    )
    assert advised(found["SaveV2"]).action == "strip"
    assert advised(found["SaveV2"]).outputs == ()
    (variable,) = findings(Requirements((Requirement("VariableV2"),)), mobile_index([kernel("VariableV2")], []), MOBILE)
    assert (advised(variable).action, advised(variable).text) == ("freeze", criterion("variables").advice)


@pytest.mark.parametrize(
    ("attempt", "more"),
    [
        (Attempt("prepare it", problem="tried without success: no outputs"), ""),
        (
            Attempt("prepare it", too_large="not tried, as it is large"),
            " `prepare it` may take it out (not tried, as it is large).",
        ),
    ],
)
def test_only_what_was_not_tried_is_said_to_be_worth_a_try(attempt: Attempt, more: str) -> None:
    graph = graph_of(node("x", "Placeholder") + node("odd", "Odd", "x"))
    entries = (Entry((), ("odd",)),)
    adviser = GraphAdviser(MobileBuild(INDEX, MOBILE), graph, "m.pb", entries, lambda: attempt)
    (found,) = findings(collect_requirements(graph, "m.pb", index=INDEX, entries=entries), INDEX, MOBILE, adviser)
    text = "Extend the build by tensorflow/core/kernels/odd.cc (opselect generate --mode extend)."
    assert advised(found).text == text + more


def test_json() -> None:
    (found,) = found_in(graph_of(node("x", "Placeholder") + node("odd", "Odd", "x")), INDEX)
    assert left_out_json(found) == {
        "op": "Odd",
        "criterion": "other",
        "attr": "",
        "dtype": None,
        "reason": found.reason,
        "source": found.source,
        "advice": {
            "action": "extend",
            "text": "Extend the build by tensorflow/core/kernels/odd.cc (opselect generate --mode extend).",
            "inputs": [],
            "outputs": [],
            "files": ["tensorflow/core/kernels/odd.cc"],
        },
        "count": 1,
        "nodes": ["odd"],
        "models": ["m.pb"],
        "code": "OPS209",
        "kind": "other",
        "applicability": "likely",
        "mends": [
            {
                "kind": "list",
                "text": "Extend the build by tensorflow/core/kernels/odd.cc (opselect generate --mode extend).",
                "applicability": "likely",
                "list": "",
                "file": "",
                "add": ["tensorflow/core/kernels/odd.cc"],
                "remove": [],
            }
        ],
    }


@pytest.mark.parametrize("release", ["1.4", "1.13", "1.15", "2.4", "2.14"])
@pytest.mark.parametrize("name", ["jpeg_training", "training", "functions", "tiny_mobilenet", "while_v1"])
def test_advice_on_real_graphs_is_true(name: str, release: str) -> None:
    """Whoever follows it and collects the requirements anew does not find the op again."""
    graph = read_graph(MODELS / f"{name}.pb")
    real = open_index(shipped.find(release))
    build = MobileBuild(real, "android")
    adviser = GraphAdviser(build, graph, name, (Entry(),))
    for found in findings(collect_requirements(graph, name, index=real), real, "android", adviser):
        if advised(found).action in ("strip", "feed"):
            entry = Entry(advised(found).inputs, advised(found).outputs)
            left = collect_requirements(graph, name, index=real, entries=(entry,)).items
            keys = {key_of(item.op, verdict) for item in left if (verdict := build.left_out(item)) is not None}
            assert found.op not in {key[0] for key in keys if key[1] == found.kind}


def test_a_real_training_graph_in_a_build_without_codecs() -> None:
    graph = read_graph(MODELS / "jpeg_training.pb")
    real = open_index(shipped.find("1.13"))
    adviser = GraphAdviser(MobileBuild(real, "android"), graph, "m", (Entry(),))
    found = findings(collect_requirements(graph, "m", index=real), real, "android", adviser)
    assert [(f.op, f.kind, advised(f).action, advised(f).inputs, advised(f).outputs) for f in found] == [
        ("ReaderReadV2", "readers", "strip", (), ("probabilities",)),
        ("TextLineReaderV2", "readers", "strip", (), ("probabilities",)),
        ("ImageSummary", "summaries", "strip", (), ("probabilities",)),
        ("SparseSoftmaxCrossEntropyWithLogits", "losses", "strip", (), ("probabilities",)),
        ("DecodeJpeg", "image-decoders", "feed", ("pixels",), ("probabilities",)),
        ("StringToNumber", "types", "strip", (), ("probabilities",)),
        ("RandomShuffle", "other", "strip", (), ("probabilities",)),
    ]
