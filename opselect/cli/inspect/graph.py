"""What ``opselect inspect`` says of a graph: what it takes and gives, what it holds, and what it is made of."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping

import click

from kernel_index.shown import one_line, shortened
from opselect.cli.shared.console import byte_size, print_command, print_line, print_section, wrapped
from opselect.criteria.training import training_signs
from opselect.models.graph import MetaGraph, Shape, Signature, TensorInfo
from opselect.models.graph.order import execution_order
from opselect.models.summarize_graph import benchmark_command, structure_lines
from opselect.models.summary import NodeTensor, Parameters, Summary, summarize, with_likely_outputs
from opselect.models.tensor_text import human_readable, shape_text, type_word


def print_graph(meta_graph: MetaGraph, path: str, *, structure: bool) -> None:
    """The report of a graph with what its file says about using it.

    ``path`` is that of a GraphDef file, which TensorFlow's benchmark tool takes; empty for other files.
    """
    graph = meta_graph.graph
    summary = with_likely_outputs(summarize(graph), graph)
    if meta_graph.signatures:
        headers = ("signature", "", "argument", "tensor", "type", "shape")
        print_section("signatures", headers, _signature_rows(meta_graph))
    for title, names in (("a loader runs first", meta_graph.initializers), ("assets", meta_graph.assets)):
        if names:
            print_line(f"{title}: {', '.join(names)}")
    print_section("inputs", ("name", "type", "shape"), [_tensor_row(tensor) for tensor in summary.inputs])
    print_section(
        "variables", ("name", "op", "type", "shape"), [_variable_row(variable) for variable in summary.variables]
    )
    print_section("likely outputs", ("name", "op"), [(output.name, output.op) for output in summary.outputs])
    print_section("parameters", ("in", "number", "in memory"), _parameter_rows(summary))
    for name in summary.undecodable:
        print_line(f"  the tensor of {name!r} cannot be decoded and is not counted")
    if summary.devices:
        print_section("devices", ("device", "nodes"), _count_rows(summary.devices))
    print_section("ops", ("op", "nodes"), _count_rows(summary.op_counts))
    if summary.functions:
        rows = [(each.name, str(each.inputs), str(each.outputs), str(each.nodes)) for each in summary.functions]
        print_section("functions", ("name", "inputs", "outputs", "nodes"), rows)
    click.echo(f"nodes: {summary.nodes}, control edges: {summary.control_edges}")
    if structure:
        for line in structure_lines(execution_order(graph)):
            print_line(f"  {line}")
    signs = training_signs(graph.nodes)
    if signs and not meta_graph.signatures:
        click.echo(wrapped(shortened(one_line(f"looks like a training graph: it has {', '.join(signs)}")), 0))
    if path:
        click.echo("to time it on a device")
        print_command(benchmark_command(summary, shlex.quote(path)))


def _signature_rows(meta_graph: MetaGraph) -> list[tuple[str, ...]]:
    return [(key, *row) for key, signature in meta_graph.signatures.items() for row in _argument_rows(signature)]


def _argument_rows(signature: Signature) -> Iterator[tuple[str, ...]]:
    for way, arguments in (("in", signature.inputs), ("out", signature.outputs)):
        for argument, info in arguments.items():
            for part, each in _parts(argument, info):
                described = (type_word(each.dtype), _shape(each.shape)) if each.dtype else ("", "")
                yield way, part, each.name, *described


def _parts(argument: str, info: TensorInfo) -> Iterator[tuple[str, TensorInfo]]:
    """The tensor of an argument, or those that a sparse or composite one is made of."""
    if info.name or not info.components:
        yield argument, info
    for part, each in info.components.items():
        yield from _parts(f"{argument}.{part}", each)


def _shape(shape: Shape | None) -> str:
    return "" if shape is None else shape_text(shape)


def _tensor_row(tensor: NodeTensor) -> tuple[str, str, str]:
    return tensor.name, type_word(tensor.dtype), _shape(tensor.shape)


def _variable_row(variable: NodeTensor) -> tuple[str, ...]:
    name, *rest = _tensor_row(variable)
    return name, variable.op, *rest


def _parameter_rows(summary: Summary) -> list[tuple[str, str, str]]:
    held = (
        ("constants", summary.constants),
        ("constants of functions", summary.function_constants),
        ("variables", summary.variables_held),
    )
    return [(where, _number(each), byte_size(each.bytes)) for where, each in held if each.count]


def _number(parameters: Parameters) -> str:
    short = human_readable(parameters.count)
    return f"{parameters.count:,}" + (f" ({short})" if parameters.count >= 1000 else "")


def _count_rows(counts: Mapping[str, int]) -> list[tuple[str, str]]:
    return [(name, str(count)) for name, count in counts.items()]
