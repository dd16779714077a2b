"""What TensorFlow's tools on the host print of nodes that are not there, and of ops without a kernel."""

from __future__ import annotations

import pytest

from opselect.logs.shapes.host_tools import SHAPES
from tests.opselect.logs.shapes.reading import one, read

OUTPUT, INPUT = "tool-output-name", "tool-input-name"
NO_TENSOR = (
    "The name 'a/x:0' refers to a Tensor which does not exist. The operation, 'a/x', does not exist in the graph."
)


@pytest.mark.parametrize("width", [0, 7, 33])
@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ('    assert d in name_to_node, "%s is not in graph" % d\nAssertionError: a/x:0 is not in graph', OUTPUT),
        ("AssertionError: a/x is not in graph", OUTPUT),
        ("KeyError: \"The following input nodes were not found: {'a/x', 'b'}.\"", INPUT),
        ("KeyError: \"The following input nodes were not found: set([u'a/x'])\\n\"", INPUT),
        ("ValueError: Name 'a/x:0' appears to refer to a Tensor, not a Operation.", INPUT),
        ("ValueError: Name 'a/x:0' appears to refer to a Tensor, not an Operation.", INPUT),
        ("ValueError: Requested return tensor 'a/x:0' not found in graph def", OUTPUT),
        ("ValueError: Requested return_element 'a/x' not found in graph_def.", OUTPUT),
        ("ValueError: Attempted to map inputs that were not found in graph_def: [a/x:0, b:0]", INPUT),
        (f'ValueError: Argument `fetch` = a/x:0 cannot be interpreted as a Tensor. ("{NO_TENSOR}")', OUTPUT),
        (f"ValueError: Fetch argument 'a/x:0' cannot be interpreted as a Tensor. (\"{NO_TENSOR}\")", OUTPUT),
        (f"TypeError: Cannot interpret feed_dict key as Tensor: {NO_TENSOR}", INPUT),
        (f'KeyError: "{NO_TENSOR}"', OUTPUT),
        ("KeyError: \"The name 'a/x' refers to an Operation not in the graph.\"", OUTPUT),
        ("transform_graph.cc:210] FeedInputs: unable to find feed output a/x:0", INPUT),
        ("Running model failed: Not found: FeedInputs: unable to find feed output a/x", INPUT),
        ("Not found: FetchOutputs node a/x:0: not found", OUTPUT),
        ("Not found: PruneForTargets: Some target nodes not found: a/x b", OUTPUT),
        ("Tensor a/x:0, specified in either feed_devices or fetch_devices was not found in the Graph", OUTPUT),
        ("Invalid argument: Input node a/x not found in graph", OUTPUT),
        ("No Operation named [a/x] in the Graph\n at org.tensorflow.Session$Runner.fetch(Session.java:3)", OUTPUT),
        ("No Operation named [a/x:0] in the Graph\n at org.tensorflow.Session$Runner.feed(Session.java:3)", INPUT),
        ('Check failed: Specified output array "a/x" is not produced by any op in this graph. Is it a typo?', OUTPUT),
        ('Specified input array "a/x" is not consumed by any op in this graph. Is it a typo?', INPUT),
        ("ValueError: Invalid tensors 'a/x,b' were found.", OUTPUT),
    ],
)
def test_a_node_that_is_not_in_the_graph(text: str, kind: str, width: int) -> None:
    failure = one(SHAPES, text, width=width)
    assert (failure.kind, failure.node, failure.op) == (kind, "a/x", "")


@pytest.mark.parametrize("width", [0, 7])
@pytest.mark.parametrize(
    ("text", "kind", "op"),
    [
        ("Warning: no kernel found for op Foo\n", "header-tool", "Foo"),
        ("WARNING:tensorflow:Warning: no kernel found for op Foo", "header-tool", "Foo"),
        ("Failed to find kernel class for op: Foo\nAborted (core dumped)", "flex-tool", "Foo"),
        (
            "Op Foo not found: Not found: Op type not registered 'Foo' in binary running on host. Make sure the Op and",
            "flex-tool",
            "Foo",
        ),
        ("Op Foo not found: NOT_FOUND: Op type not registered 'Foo' in binary running on h", "flex-tool", "Foo"),
        ("Invalid CustomOptionsFormat", "flex-tool", ""),
        ("Error reading graph!\n1\n", "header-is-message", ""),
        ("Error reading graph!", "header-is-message", ""),
    ],
)
def test_tools_that_list_ops_and_kernels(text: str, kind: str, op: str, width: int) -> None:
    failure = one(SHAPES, text, width=width)
    assert (failure.kind, failure.op) == (kind, op)


@pytest.mark.parametrize("text", ["FeedInputs: unable to find feed out", "AssertionError: a/x is not in gra"])
def test_what_is_cut_before_it_says_what_it_is_of(text: str) -> None:
    assert read(SHAPES, text) == []


@pytest.mark.parametrize(
    "text",
    [
        (
            "The name 'out' refers to an Operation, not a Tensor. Tensor names must be of the form "
            '"<op_name>:<output_index>".'
        ),
        "Node from log not found in graph: a/x",
        "AssertionError: 3 is not in the list. The graph is not in graph mode",
    ],
)
def test_what_is_no_failure(text: str) -> None:
    assert read(SHAPES, text) == []
