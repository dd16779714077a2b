"""``opselect transform``: a graph rewritten step by step, in the words of TensorFlow's Graph Transform Tool."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from kernel_index.shown import shown_path
from opselect.cli.shared.console import ConsoleWatch, byte_size, counted, note, print_json, print_table
from opselect.cli.shared.download import max_download_option
from opselect.cli.shared.exit_codes import DONE
from opselect.cli.shared.options import json_option, plain_flags, quiet_option, source_options, split_names
from opselect.cli.shared.other_tools import HintingCommand
from opselect.cli.shared.sources import check_source
from opselect.cli.shared.usage import WordChoice
from opselect.usecases.kernel_source import KernelSource

if TYPE_CHECKING:
    from opselect.usecases.transform import GraphSize


class _TransformCommand(HintingCommand):
    """Takes ``--output_as_text=true`` and ``=false`` too, as TensorFlow's tool does."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, plain_flags(args, "--output_as_text", "--output-as-text"))


@click.command(
    "transform",
    cls=_TransformCommand,
    short_help="Rewrite a graph: strip, fold, rename, quantize.",
    epilog="""\b
Examples:
  opselect transform mobilenet.pb small.pb --outputs MobilenetV2/Predictions --transforms quantize_weights
  opselect transform --in_graph=mobilenet.pb --out_graph=out.pb --transforms='remove_nodes(op=Identity) remove_device'
  opselect transform --list
""",
)
@click.argument("source", required=False, metavar="[IN]")
@click.argument("target", required=False, metavar="[OUT]")
@click.option("--in_graph", "--in-graph", "in_graph", metavar="FILE", help="The graph, in place of IN.")
@click.option("--out_graph", "--out-graph", "out_graph", metavar="FILE", help="Where to write it, in place of OUT.")
@click.option("--inputs", multiple=True, metavar="NODES", help="What the program feeds, between commas.")
@click.option("--outputs", multiple=True, metavar="NODES", help="What the program fetches, between commas.")
@click.option("--transforms", metavar="STEPS", help="Transforms and their arguments, in the order to run them.")
@click.option("--output_as_text", "--output-as-text", "as_text", is_flag=True, help="Write protobuf's text format.")
@click.option(
    "--compat",
    type=WordChoice(["gtt"]),
    help="Do what the Graph Transform Tool does where opselect does otherwise on purpose.",
)
@click.option("--list", "listed", is_flag=True, help="List the transforms and their arguments.")
@source_options
@max_download_option
@json_option
@quiet_option
def command(
    source: str | None,
    target: str | None,
    in_graph: str | None,
    out_graph: str | None,
    inputs: tuple[str, ...],
    outputs: tuple[str, ...],
    transforms: str | None,
    as_text: bool,
    compat: str | None,
    listed: bool,
    as_json: bool,
    quiet: bool,
    release: str | None,
    tree: Path | None,
    index_file: Path | None,
    roots: tuple[Path, ...],
) -> int:
    """Run transforms over the GraphDef IN, one after the other, and write the result to OUT.

    IN is a path or URL, binary or text, or ARCHIVE!MEMBER; OUT is another path, and appears whole or not at
    all. After each transform the graph is valid, or the command says which node is not and writes nothing.

    What ops take and give is that of the TensorFlow named by --tensorflow, --tree or --index, without one that of the
    newest shipped release; --root adds custom ops.
    """
    if listed:
        return show_transforms(as_json=as_json)
    if as_json:
        raise click.UsageError("--json goes with --list")
    from opselect.usecases.open_kernels import ops_named
    from opselect.usecases.transform import transform_file

    read = _one(source, in_graph, "graph to read: IN or --in_graph")
    written = _one(target, out_graph, "file to write: OUT or --out_graph")
    steps = transforms or ""
    if not steps.strip():
        raise click.UsageError("--transforms names no transform; --list shows those there are")
    kernels = KernelSource(release, tree, index_file, roots)
    if kernels.given:
        check_source(kernels)
    kernels.check_output(written)
    with ConsoleWatch(quiet=quiet) as watch:
        made = transform_file(
            read,
            written,
            steps,
            inputs=split_names(inputs),
            outputs=split_names(outputs),
            as_text=as_text,
            gtt=compat == "gtt",
            index=ops_named(kernels, watch),
            watch=watch,
        )
    note(f"{shown_path(read)}: {_size(made.before)}", quiet=quiet)
    note(f"{written}: {_size(made.after)}", quiet=quiet)
    return DONE


def _one(first: str | None, second: str | None, what: str) -> str:
    given = [path for path in (first, second) if path]
    if len(given) != 1:
        raise click.UsageError(f"name one {what}")
    return _expanded(given[0])


def _expanded(path: str) -> str:
    """``~`` and ``~user`` as a home; a shell leaves them alone after ``--in_graph=``."""
    try:
        return str(Path(path).expanduser()) if path.startswith("~") else path
    except RuntimeError:
        return path


def _size(size: GraphSize) -> str:
    return f"{counted(size.nodes, 'node')}, {byte_size(size.bytes)}"


def show_transforms(*, as_json: bool) -> int:
    """Prints the transforms, their arguments, and those that are not there, and returns the exit code."""
    from opselect.rewriting.absent import ABSENT
    from opselect.rewriting.transforms import IGNORE_ERRORS, NAMES, find_transform
    from opselect.usecases.transform import transforms_json

    if as_json:
        print_json(transforms_json())
        return DONE
    rows = []
    for each in map(find_transform, NAMES):
        rows.append((each.name, "", each.summary))
        rows += [("", f"{a.name}{' …' if a.repeated else ''}", a.help) for a in each.arguments]
    print_table(("transform", "argument", "what it does"), rows)
    click.echo(
        f"An argument with … may be given several times. Every transform takes {IGNORE_ERRORS}=true: where it fails,\n"
        "the graph stays as it was and the next one runs.\n"
        "The Graph Transform Tool has these, too, and opselect has not:"
    )
    print_table(("transform", "why"), list(ABSENT.items()), indent=2)
    return DONE
