"""``opselect inspect``: what a model file holds."""

from __future__ import annotations

from pathlib import Path

import click

from opselect.cli.shared.console import ConsoleWatch, print_json
from opselect.cli.shared.download import max_download_option
from opselect.cli.shared.exit_codes import DONE, NO
from opselect.cli.shared.options import json_option, plain_flags, quiet_option, source_options, split_names
from opselect.cli.shared.sources import check_source
from opselect.cli.shared.usage import WordChoice
from opselect.usecases.kernel_source import DEFAULT_PROFILE, KernelSource

FORMATS = ("table", "summarize_graph")


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
    type=WordChoice(FORMATS),
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
    from opselect.models.formats import is_archive_at

    if output_format == "summarize_graph":
        return _print_as_tensorflow(paths[0], split_names(tags), structure=structure)
    if is_archive_at(paths[0]):
        from opselect.cli.inspect.archive import archive_json, print_archive

        if as_json:
            print_json(archive_json(paths[0]))
        else:
            print_archive(paths[0])
        return DONE
    source = KernelSource(release, tree, index_file, roots)
    if source.given:
        check_source(source)
    return show(paths[0], split_names(tags), source, profile, structure=structure, as_json=as_json, quiet=quiet)


def show(
    path: str,
    tags: tuple[str, ...],
    source: KernelSource,
    profile: str,
    *,
    structure: bool,
    as_json: bool,
    quiet: bool,
) -> int:
    """Prints what a model holds and returns the exit code.

    What there is of a broken graph is printed all the same; InputError then says what is wrong with it.
    """
    from opselect.usecases.inspect import inspect_model

    with (
        ConsoleWatch(quiet=quiet) as watch,
        inspect_model(path, source, profile, tags=tags, watch=watch) as inspected,
    ):
        if as_json:
            from opselect.cli.inspect.json import model_json

            print_json(model_json(inspected))
        else:
            from opselect.cli.inspect.text import print_model

            print_model(inspected, structure=structure, quiet=quiet)
    if inspected.problem is not None:
        raise inspected.problem
    return NO if inspected.refused else DONE


def _print_as_tensorflow(path: str, tags: tuple[str, ...], *, structure: bool) -> int:
    """The text of TensorFlow's tool; InputError where that fails: for inputs that do not exist, and for cycles."""
    from opselect.usecases.inspect import summary_text

    summary = summary_text(path, tags=tags, structure=structure)
    click.echo(summary.text, nl=False)
    if summary.problem is not None:
        raise summary.problem
    return DONE
