"""What ``opselect inspect`` finds as a report to read."""

from __future__ import annotations

import shlex

import click

from opselect.cli.shared.console import print_command, print_line
from opselect.cli.shared.findings_text import Report, print_report
from opselect.lite.runtimes import runtime_releases
from opselect.models.choice import SERVE
from opselect.models.formats import Model
from opselect.models.formats.recognize import CHECKPOINT, GRAPH_DEF, META_GRAPH, SAVED_MODEL, TFLITE
from opselect.models.graph import MetaGraph
from opselect.models.graph.op_families import VARIABLES
from opselect.usecases.inspect import InspectedGraph, InspectedModel, MobileNeeds
from opselect.usecases.kernel_source import DEFAULT_PROFILE, KernelSource

MAX_OUTPUTS_SUGGESTED = 3
"""A graph with more likely outputs has ends that no program fetches: the commands to go on with then name none."""

_FORMAT_WORDS = {
    GRAPH_DEF: "a GraphDef",
    META_GRAPH: "a MetaGraphDef",
    SAVED_MODEL: "a SavedModel",
    CHECKPOINT: "a checkpoint",
    TFLITE: "a TensorFlow Lite model",
}


def print_model(inspected: InspectedModel, *, structure: bool, quiet: bool) -> None:
    """The report of a model, one MetaGraph after the other; ``structure`` lists their nodes."""
    model, prefix = inspected.model, inspected.variables
    writers = dict.fromkeys(each.tensorflow for each in model.meta_graphs if each.tensorflow)
    written = f", written by TensorFlow {' and '.join(writers)}" if writers else ""
    print_line(f"{model.path}: {_FORMAT_WORDS[model.format]}{written}")
    if model.variables:
        print_line(f"values of its variables: {prefix}")
    if model.format == CHECKPOINT:
        from opselect.cli.inspect.checkpoint import print_checkpoint  # with it comes NumPy, which graphs do without

        print_checkpoint(model.variables)
        if model.meta_graphs:
            click.echo()
            print_line(f"graph beside it: {prefix}.meta")
    if model.tflite is not None:
        from opselect.cli.inspect.tflite import print_tflite

        print_tflite(model.tflite, inspected, structure=structure)
        _print_mobile(inspected, inspected.graphs[0], "", quiet=quiet)
        _print_lite_steps(inspected, inspected.graphs[0].needs)
        return
    from opselect.cli.inspect.graph import print_graph

    for each in inspected.graphs:
        meta_graph = each.meta_graph
        if meta_graph.tags:
            click.echo()
            print_line(f"MetaGraph {','.join(meta_graph.tags)}")
        print_graph(meta_graph, model.path if model.format == GRAPH_DEF else "", structure=structure)
        # freeze takes no model in an archive, whose variables lie elsewhere for now.
        _print_mobile(inspected, each, prefix if model.variables == prefix else "", quiet=quiet)


def _print_mobile(inspected: InspectedModel, graph: InspectedGraph, variables: str, *, quiet: bool) -> None:
    """What builds lack of a graph, and the commands to go on with; nothing for a graph that is broken.

    ``variables`` is the prefix of the checkpoint with which the graph can be frozen, empty where there is none.
    """
    needs = graph.needs
    if needs is None:
        return
    build = f"TensorFlow {needs.tensorflow}, profile {needs.profile}"
    if not needs.findings:
        print_line(f"Left out of mobile builds by default ({build}): none")
    report = Report(needs.tensorflow, needs.profile, needs.missing, needs.findings, needs.verdict)
    print_report(report, err=False, quiet=quiet)
    if inspected.model.tflite is None:
        build_options = _options_of(inspected.source)
        _print_next_steps(inspected.model, graph.meta_graph, build_options, needs, variables)


def _options_of(source: KernelSource) -> str:
    """The options that name the same TensorFlow on another command line."""
    named = [("--tensorflow", source.release), ("--tree", source.tree), ("--index", source.index_file)]
    named += [("--root", root) for root in source.roots]
    return " ".join(f"{option} {shlex.quote(str(value))}" for option, value in named if value is not None)


def _print_next_steps(model: Model, meta_graph: MetaGraph, build: str, needs: MobileNeeds, variables: str) -> None:
    path = shlex.quote(model.path)
    part = []
    if meta_graph.tags and meta_graph.tags != (SERVE,):
        part.append(f"--tags {shlex.quote(','.join(meta_graph.tags))}")
    outputs = needs.outputs if len(needs.outputs) <= MAX_OUTPUTS_SUGGESTED else ()
    if outputs:
        part.append(f"--outputs {shlex.quote(','.join(outputs))}")
    asked = [path, build, *part]
    if needs.profile != DEFAULT_PROFILE:
        asked.append(f"--profile {shlex.quote(needs.profile)}")
    click.echo("to go on with it")
    print_command(f"opselect requirements {' '.join(asked)}")
    print_command(f"opselect generate {' '.join(asked)} --out build_lists")
    has_variables = any(node.op in VARIABLES for node in meta_graph.graph.nodes)
    if has_variables and variables and (meta_graph.signatures or outputs):
        print_command(f"opselect freeze {' '.join([path, *part])} -o frozen.pb")


def _print_lite_steps(inspected: InspectedModel, needs: MobileNeeds | None) -> None:
    """The commands to go on with a TensorFlow Lite model: does a runtime have it, and how is one built for it?"""
    path = shlex.quote(inspected.model.path)
    click.echo("to go on with it")
    print_command(f"opselect verify {path} --runtime {max(runtime_releases()).minor}")
    print_command(f"opselect generate {path} --target registration --target tflite-cmake --out lite")
    print_command(f"opselect generate {path} --target tflite-bazel --out lite")
    if needs is None:
        print_command(f"opselect generate {path} --target tflm-resolver --out micro")
        return
    profile = shlex.quote(needs.profile) if needs.profile != DEFAULT_PROFILE else "selective"
    build = f"{_options_of(inspected.source)} --profile {profile}"
    print_command(f"opselect generate {path} {build} --target flex-bazel --out flex")
