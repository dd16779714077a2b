"""A MetaGraph and what a user says about it in, the ways into it that count out."""

from __future__ import annotations

import pytest

from kernel_index.errors import InputError
from opselect.models.choice import Choice, entries_of
from opselect.models.graph import Entry, Graph, MetaGraph, Signature, TensorInfo

SPARSE = TensorInfo("", components={"values": TensorInfo("v:0"), "indices": TensorInfo("i:0")})
SIGNATURES = {
    "serve": Signature({"image": TensorInfo("x:0"), "words": SPARSE}, {"probs": TensorInfo("softmax:0")}),
    "feed": Signature({"image": TensorInfo("resized:0")}),
    "nothing": Signature(),
}
MODEL = MetaGraph(Graph(()), signatures=SIGNATURES)
SERVE = Entry(outputs=("softmax:0", "x:0", "v:0", "i:0"), name="serve")
FEED = Entry(outputs=("resized:0",), name="feed")


def test_a_signature_counts_with_what_its_inputs_reach_too() -> None:
    """A SavedModel is loaded as it is: what computes an input in the middle of the graph is built with the rest."""
    assert entries_of(MODEL, Choice(signatures=("serve",)), "m") == (SERVE,)
    assert entries_of(MODEL, Choice(signatures=("feed", "nothing")), "m") == (FEED,)


def test_without_a_choice_every_signature_counts_and_what_a_loader_runs() -> None:
    assert entries_of(MODEL, Choice(), "m") == (SERVE, FEED)
    loaded = MetaGraph(Graph(()), signatures=SIGNATURES, initializers=("init",))
    assert entries_of(loaded, Choice(), "m") == (SERVE, FEED, Entry(outputs=("init",), name="initialization"))


def test_a_graph_without_signatures_counts_whole() -> None:
    assert entries_of(MetaGraph(Graph(())), Choice(), "m") == (Entry(),)
    with pytest.raises(InputError, match="has no signatures"):
        entries_of(MetaGraph(Graph(())), Choice(all_signatures=True), "m")


def test_nodes_spelled_out_take_the_place_of_signatures() -> None:
    assert entries_of(MODEL, Choice(inputs=("a",), outputs=("b",)), "m") == (Entry(("a",), ("b",)),)
