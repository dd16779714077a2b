"""``opselect inspect``: what a model file holds."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kernel_index.shown import shown_path
from opselect.cli.shared.console import print_json
from opselect.cli.shared.download import max_download_option
from opselect.cli.shared.exit_codes import DONE, NO
from opselect.cli.shared.options import (
    DEFAULT_PROFILE,
    Source,
    json_option,
    plain_flags,
    quiet_option,
    source_options,
    split_names,
)

if TYPE_CHECKING:
    from opselect.models.formats import Model
    from opselect.models.graph import Graph

FORMATS = ("table", "summarize_graph")


@dataclass(frozen=True, slots=True)
class Request:
    """What a command line of ``inspect`` asks for."""

    model: str
    tags: tuple[str, ...] = ()
    output_format: str = "table"
    structure: bool = False
    source: Source = field(default_factory=Source)
    profile: str = DEFAULT_PROFILE
    as_json: bool = False
    quiet: bool = False


class _InspectCommand(click.Command):
    """Takes ``--print_structure=true`` and ``=false`` too, as TensorFlow's tool does."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, plain_flags(args, "--print_structure"))


@click.command(
    "inspect",
    cls=_InspectCommand,
    short_help="Show what a model holds.",
    epilog="""\b
Examples:
  opselect inspect mobilenet.pb
  opselect inspect mobilenet.pb --tensorflow 1.15 --profile android-slim
  opselect inspect mobilenet.pb --print-structure
  opselect inspect saved_model --tags serve --json
  opselect inspect app.apk
  opselect inspect 'app.apk!assets/mobilenet.pb'
  opselect inspect --in_graph=mobilenet.pb --format summarize_graph
""",
)
@click.argument("model", required=False, metavar="MODEL")
@click.option("--in_graph", metavar="FILE", help="The model, as TensorFlow's summarize_graph is told it.")
@click.option("--tags", multiple=True, metavar="TAGS", help="Only the MetaGraph with just these tags.")
@click.option("--print-structure", "--print_structure", "structure", is_flag=True, help="List the nodes as well.")
@click.option(
    "--format",
    "output_format",
    type=click.Choice(FORMATS),
    default="table",
    show_default=True,
    help="summarize_graph is the very text of TensorFlow's tool of that name.",
)
@source_options
@click.option(
    "--profile", default=DEFAULT_PROFILE, show_default=True, metavar="NAME", help="The build to hold the model against."
)
@max_download_option
@json_option
@quiet_option
def command(
    model: str | None,
    in_graph: str | None,
    tags: tuple[str, ...],
    structure: bool,
    output_format: str,
    release: str | None,
    tree: Path | None,
    index_file: Path | None,
    roots: tuple[Path, ...],
    profile: str,
    as_json: bool,
    quiet: bool,
) -> int:
    """Show the inputs, variables, likely outputs, parameters and ops of a MODEL, and its tags and signatures.

    A MODEL is a GraphDef, a MetaGraphDef, a SavedModel, a checkpoint or a TensorFlow Lite model, by path, URL or
    prefix, told apart by content. Of an archive (.zip, .apk, .tar.gz …) it is said what is inside; ARCHIVE!MEMBER is a
    model in one. Likely outputs are the nodes whose outputs nothing in the graph uses. What mobile builds lack by
    default is said for the TensorFlow that is named, or else for the newest shipped release.
    """
    paths = [path for path in (model, in_graph) if path is not None]
    if len(paths) != 1:
        raise click.UsageError("name one model, as argument or with --in_graph")
    if as_json and (structure or output_format != "table"):
        raise click.UsageError("--json goes with neither --format nor --print-structure")
    source = Source(release, tree, index_file, roots)
    return show(Request(paths[0], split_names(tags), output_format, structure, source, profile, as_json, quiet))


def show(request: Request) -> int:
    """Prints what the request asks for and returns the exit code.

    What there is of a broken graph is printed all the same; InputError then says what is wrong with it.
    """
    from opselect.models.formats import is_archive_at, model_at, read_model

    if request.output_format == "table" and is_archive_at(request.model):
        from opselect.cli.inspect.archive import archive_json, print_archive

        if request.as_json:
            print_json(archive_json(request.model))
        else:
            print_archive(request.model)
        return DONE
    with model_at(request.model) as path:
        model = read_model(path, frozenset(request.tags) or None)
        shown = shown_path(request.model)
        prefix = shown_path(_spelled(model.variables, path, request.model))
        return _show_model(replace(model, path=shown), prefix, request)


def _spelled(prefix: str, path: str, given: str) -> str:
    """How a user spells a prefix in or beside ``path``, where the model that was ``given`` is."""
    if prefix.startswith(path):
        return given + prefix[len(path) :]
    above = given[: max(given.rfind("/"), given.rfind("!")) + 1]
    return above + prefix.removeprefix(path[: path.rfind("/") + 1])


def _show_model(model: Model, prefix: str, request: Request) -> int:
    """Prints a model; ``prefix`` is how a user spells that of its variables."""
    from kernel_index.errors import InputError
    from opselect.models.choice import choose_meta_graph
    from opselect.models.graph import check_graph

    if request.output_format == "summarize_graph":
        if model.tflite is not None:
            raise InputError(
                model.path,
                "is a TensorFlow Lite model, which summarize_graph does not know",
                "Leave out --format, or pass the graph that it was converted from.",
            )
        _print_as_tensorflow(choose_meta_graph(model).graph, request)
        return DONE
    from opselect.cli.inspect.mobile import MobileBuilds

    builds = MobileBuilds(request.source, request.profile, quiet=request.quiet)
    if request.as_json:
        from opselect.cli.inspect.json import model_json

        print_json(model_json(model, builds))
    else:
        from opselect.cli.inspect.text import print_model

        print_model(model, builds, prefix, structure=request.structure)
    for meta_graph in model.meta_graphs:
        check_graph(meta_graph.graph, model.path)
    return NO if builds.refuses else DONE


def _print_as_tensorflow(graph: Graph, request: Request) -> None:
    """The text of TensorFlow's tool; InputError where that fails: for inputs that do not exist, and for cycles."""
    from opselect.models.graph import check_graph
    from opselect.models.graph.order import execution_order
    from opselect.models.summarize_graph import structure_lines, summarize_graph_text
    from opselect.models.summary import summarize

    summary = summarize(graph)
    click.echo(summarize_graph_text(summary, shown_path(request.model)), nl=False)
    if summary.invalid_inputs:
        check_graph(graph, request.model)
    elif request.structure:
        order = execution_order(graph)
        if len(order) < len(graph.nodes):
            check_graph(graph, request.model)
        for line in structure_lines(order):
            click.echo(line)
