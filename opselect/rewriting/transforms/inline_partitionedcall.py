"""``inline_partitionedcall``: what a function does in the place of its call.

Source: ``tools/graph_transforms/inline_partitionedcall.cc``, there from 2.3 on. How a call is inlined without its order
or a side effect being lost: :mod:`opselect.rewriting.freezing.inline`.
"""

from __future__ import annotations

from opselect.models.graph import FunctionRef, Graph, input_node, without_uncalled_functions
from opselect.rewriting import Context, Transform, ops_of
from opselect.rewriting.freezing.inline import Inliner

_OP = "PartitionedCall"


def inline_partitionedcall(graph: Graph, context: Context) -> Graph:
    """The graph with the bodies of functions in the place of every PartitionedCall; calls inside of them stay.

    One that is fed stays, one that is fetched keeps its name. So does, with a note, one that cannot be inlined without
    changing what the graph computes. Functions that nothing calls then go, but with ``gtt``. TransformError for a call
    without a function, or of one that the library has not.
    """
    functions = {function.name for function in graph.functions}
    fed = set(map(input_node, context.inputs))
    calls = [node for node in graph.nodes if node.op == _OP]
    for call in calls:
        named = call.attrs.get("f")
        if not isinstance(named, FunctionRef):
            raise context.error("does not say which function it calls", node=call.name)
        if named.name not in functions:
            raise context.error(f"calls the function {named.name!r}, which is not in the library", node=call.name)
    names = {call.name for call in calls} - fed
    if not names:
        return graph
    inliner = Inliner(ops_of(context.index, graph.functions), only=names)
    inlined = inliner.graph(graph, tuple(map(input_node, context.outputs)), context.path)
    for node in inlined.nodes:
        if node.op == _OP and node.name in names:
            context.note(f"{node.name!r} stays a {_OP}: to inline it could change what the graph computes")
    return inlined if context.gtt else without_uncalled_functions(inlined, context.path)


TRANSFORM = Transform(
    "inline_partitionedcall",
    "Puts the body of the function in the place of every PartitionedCall.",
    inline_partitionedcall,
)
