"""What ``opselect inspect`` finds as a report to read."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence

import click

from opselect.cli.console import byte_size, print_table, wrapped
from opselect.cli.criteria import print_findings
from opselect.cli.inspect_mobile import MobileBuilds, MobileNeeds
from opselect.cli.options import DEFAULT_PROFILE
from opselect.emit.summarize_graph import benchmark_command, structure_lines
from opselect.emit.tensor_text import human_readable, shape_text, type_word
from opselect.entries import SERVE
from opselect.formats import Model
from opselect.formats.recognize import CHECKPOINT, GRAPH_DEF, META_GRAPH, SAVED_MODEL
from opselect.graph import MetaGraph, Shape, Signature, TensorInfo, training_signs
from opselect.graph.order import execution_order
from opselect.summary import NodeTensor, Parameters, Summary, summarize

MAX_OUTPUTS_SUGGESTED = 3
"""A graph with more likely outputs has ends that no program fetches: the commands to go on with then name none."""

_FORMAT_WORDS = {
    GRAPH_DEF: "a GraphDef",
    META_GRAPH: "a MetaGraphDef",
    SAVED_MODEL: "a SavedModel",
    CHECKPOINT: "a checkpoint",
}


def print_model(model: Model, builds: MobileBuilds, *, structure: bool) -> None:
    """The report of a model, one MetaGraph after the other; ``structure`` lists their nodes."""
    writers = dict.fromkeys(each.tensorflow for each in model.meta_graphs if each.tensorflow)
    written = f", written by TensorFlow {' and '.join(writers)}" if writers else ""
    click.echo(f"{model.path}: {_FORMAT_WORDS[model.format]}{written}")
    if model.variables:
        click.echo(f"values of its variables: {model.variables}")
    if model.format == CHECKPOINT:
        from opselect.cli.inspect_checkpoint import print_checkpoint  # with it comes NumPy, which graphs do without

        print_checkpoint(model.variables)
        if model.meta_graphs:
            click.echo(f"\ngraph beside it: {model.variables}.meta")
    for meta_graph in model.meta_graphs:
        if meta_graph.tags:
            click.echo(f"\nMetaGraph {','.join(meta_graph.tags)}")
        _print_meta_graph(model, meta_graph, builds, structure)


def _print_meta_graph(model: Model, meta_graph: MetaGraph, builds: MobileBuilds, structure: bool) -> None:
    graph = meta_graph.graph
    summary = summarize(graph)
    if meta_graph.signatures:
        headers = ("signature", "", "argument", "tensor", "type", "shape")
        _print_section("signatures", headers, _signature_rows(meta_graph))
    for title, names in (("a loader runs first", meta_graph.initializers), ("assets", meta_graph.assets)):
        if names:
            click.echo(f"{title}: {', '.join(names)}")
    _print_section("inputs", ("name", "type", "shape"), [_tensor_row(tensor) for tensor in summary.inputs])
    _print_section(
        "variables", ("name", "op", "type", "shape"), [_variable_row(variable) for variable in summary.variables]
    )
    _print_section("likely outputs", ("name", "op"), [(output.name, output.op) for output in summary.outputs])
    _print_section("parameters", ("in", "number", "in memory"), _parameter_rows(summary))
    for name in summary.undecodable:
        click.echo(f"  the tensor of {name!r} cannot be decoded and is not counted")
    if summary.devices:
        _print_section("devices", ("device", "nodes"), _count_rows(summary.devices))
    _print_section("ops", ("op", "nodes"), _count_rows(summary.op_counts))
    if summary.functions:
        rows = [(each.name, str(each.inputs), str(each.outputs), str(each.nodes)) for each in summary.functions]
        _print_section("functions", ("name", "inputs", "outputs", "nodes"), rows)
    click.echo(f"nodes: {summary.nodes}, control edges: {summary.control_edges}")
    if structure:
        for line in structure_lines(execution_order(graph)):
            click.echo(f"  {line}")
    needs = builds.needs(meta_graph, model.path)
    if needs is not None:
        _print_mobile(needs)
    signs = training_signs(graph.nodes)
    if signs and not meta_graph.signatures:
        click.echo(wrapped(f"looks like a training graph: it has {', '.join(signs)}", 0))
    if model.format == GRAPH_DEF:
        click.echo("to time it on a device")
        click.echo(f"  {benchmark_command(summary, shlex.quote(model.path))}")
    if needs is not None:
        _print_next_steps(model, meta_graph, builds.arguments, needs)


def _print_section(title: str, headers: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table under its title; ``none`` where it has no rows."""
    click.echo(title if rows else f"{title}: none")
    if rows:
        print_table(headers, rows, indent=2)


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


def _print_mobile(needs: MobileNeeds) -> None:
    build = f"TensorFlow {needs.tensorflow}, profile {needs.profile}"
    if not needs.findings:
        click.echo(f"Left out of mobile builds by default ({build}): none")
    print_findings(needs.findings, needs.tensorflow, needs.profile)
    if needs.without_kernel:
        click.echo(f"without any kernel in {build}: {', '.join(needs.without_kernel)} (opselect generate says why)")


def _print_next_steps(model: Model, meta_graph: MetaGraph, build: str, needs: MobileNeeds) -> None:
    options = [build]
    if meta_graph.tags and meta_graph.tags != (SERVE,):
        options.append(f"--tags {shlex.quote(','.join(meta_graph.tags))}")
    if 0 < len(needs.outputs) <= MAX_OUTPUTS_SUGGESTED:
        options.append(f"--outputs {shlex.quote(','.join(needs.outputs))}")
    if needs.profile != DEFAULT_PROFILE:
        options.append(f"--profile {shlex.quote(needs.profile)}")
    arguments = " ".join([shlex.quote(model.path), *options])
    click.echo("to go on with it")
    click.echo(f"  opselect requirements {arguments}")
    click.echo(f"  opselect generate {arguments} --out build_lists")
