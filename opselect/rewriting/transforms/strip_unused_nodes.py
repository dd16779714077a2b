"""``strip_unused_nodes``: only what the outputs need. Source: ``tools/graph_transforms/strip_unused_nodes.cc``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from kernel_index.datatypes import DataType
from opselect.models.graph import Graph, Node, Shape, input_node, reach, without_uncalled_functions
from opselect.models.graph.references import output_index
from opselect.rewriting import Argument, Context, Transform, TransformError, parse_data_type, parse_shape

_PLACEHOLDER = "Placeholder"


def strip_unused_nodes(graph: Graph, context: Context) -> Graph:
    """The nodes that contribute to the outputs, given the inputs; every input is a Placeholder.

    Functions that nothing calls any more go too, but with ``gtt``: a dataset that a training program reads may be most
    of a graph.
    """
    if not context.outputs:
        raise context.error("strip_unused_nodes needs to know the outputs", "Name them: --outputs=softmax.")
    inputs = {input_node(reference) for reference in context.inputs}
    needed = {node.name for node in reach(graph, sorted(inputs), context.outputs, context.path).nodes} | inputs
    nodes = [node for node in graph.nodes if node.name in needed]
    made = {node.name for node in nodes if node.name in inputs and node.op != _PLACEHOLDER}
    placeholder = _placeholders(context, inputs, needed=bool(made))
    stripped = tuple(placeholder(node) if node.name in made else node for node in nodes)
    _check_outputs(stripped, made, context)
    result = replace(graph, nodes=stripped)
    return result if context.gtt else without_uncalled_functions(result, context.path)


def _placeholders(context: Context, inputs: set[str], *, needed: bool) -> Callable[[Node], Node]:
    """What makes Placeholders, as the arguments say. Arguments that make no sense are an error if one is needed."""
    try:
        names = context.all("name")
        if len(set(names)) < len(names):
            raise context.error("strip_unused_nodes has one name twice", "Give each name a type and a shape once.")
        data_type = context.data_type("type", DataType.DT_FLOAT)
        shape = context.shape("shape", Shape(()))
        types = dict(zip(names, _for_names(context, "type_for_name", parse_data_type), strict=False))
        shapes = dict(zip(names, _for_names(context, "shape_for_name", parse_shape), strict=False))
    except TransformError as error:
        if needed:
            raise
        context.note(f"{error.problem}; nothing comes of it, every input is a Placeholder already")
        return lambda node: node
    for name in names:
        if name not in inputs:
            context.note(f"name={name} names none of the inputs")

    def placeholder(node: Node) -> Node:
        dtype, dims = types.get(node.name, data_type), shapes.get(node.name, shape)
        return Node(node.name, _PLACEHOLDER, attrs={"dtype": dtype, "shape": dims})

    return placeholder


def _for_names(context: Context, argument: str, parse: Callable[[str], DataType | Shape]) -> list[DataType | Shape]:
    texts = context.all(argument)
    if len(texts) != len(context.all("name")):
        raise context.error(
            f"strip_unused_nodes has {len(context.all('name'))} names and {len(texts)} values of {argument}",
            'Give all three: name=in, type_for_name=int32, shape_for_name="2,3".',
        )
    try:
        return [parse(text) for text in texts]
    except ValueError as error:
        raise context.error(f"argument {argument!r} is {str(error)!r}, which makes no sense there") from None


def _check_outputs(nodes: tuple[Node, ...], made: set[str], context: Context) -> None:
    """A Placeholder has one output, so the other outputs of the node that it replaces must not be asked for."""
    asked = [(reference, "it is fetched") for reference in context.outputs]
    asked += [(reference, f"{node.name!r} reads it") for node in nodes for reference in node.inputs]
    for reference, why in asked:
        name = input_node(reference)
        if name in made and output_index(reference) not in (None, 0):
            raise context.error(
                f"an input becomes a Placeholder, which has no output {reference!r}, but {why}",
                "Name the node after it as input instead.",
                node=name,
            )


TRANSFORM = Transform(
    "strip_unused_nodes",
    "Removes what the outputs do not need; inputs become Placeholders.",
    strip_unused_nodes,
    (
        Argument("type", "type of new Placeholders, such as float or int32; float by default"),
        Argument("shape", 'shape of new Placeholders, such as "1,299,299,3", -1 for any size; a scalar by default'),
        Argument("name", "an input whose Placeholder gets a type and a shape of its own", repeated=True),
        Argument("type_for_name", "the type for each name", repeated=True),
        Argument("shape_for_name", "the shape for each name", repeated=True),
    ),
)
