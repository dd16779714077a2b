"""``opselect transform``: a graph rewritten step by step, in the words of TensorFlow's Graph Transform Tool."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import click

from kernel_index.shown import shown_path
from opselect.cli.shared.console import byte_size, counted, note, print_json, print_table, progress_bar, warn
from opselect.cli.shared.download import max_download_option
from opselect.cli.shared.exit_codes import DONE
from opselect.cli.shared.options import json_option, plain_flags, quiet_option, split_names


@dataclass(frozen=True, slots=True)
class Request:
    """What a command line of ``transform`` asks for; ``source`` and ``target`` are paths or URLs."""

    source: str
    target: str
    transforms: str
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    as_text: bool = False
    gtt: bool = False
    quiet: bool = False


class _TransformCommand(click.Command):
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
    type=click.Choice(["gtt"]),
    help="Do what the Graph Transform Tool does where opselect does otherwise on purpose.",
)
@click.option("--list", "listed", is_flag=True, help="List the transforms and their arguments.")
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
) -> int:
    """Run transforms over the GraphDef IN, one after the other, and write the result to OUT.

    IN is a path or URL, binary or text, or ARCHIVE!MEMBER; OUT is a path, which may be the same, and appears whole or
    not at all. After each transform the graph is valid, or the command says which node is not and writes nothing.
    """
    if listed:
        return show_transforms(as_json=as_json)
    if as_json:
        raise click.UsageError("--json goes with --list")
    request = Request(
        _one(source, in_graph, "graph to read: IN or --in_graph"),
        _one(target, out_graph, "file to write: OUT or --out_graph"),
        transforms or "",
        split_names(inputs),
        split_names(outputs),
        as_text,
        compat == "gtt",
        quiet,
    )
    if not request.transforms.strip():
        raise click.UsageError("--transforms names no transform; --list shows those there are")
    return transform(request)


def _one(first: str | None, second: str | None, what: str) -> str:
    given = [path for path in (first, second) if path]
    if len(given) != 1:
        raise click.UsageError(f"name one {what}")
    return _expanded(given[0])


def _expanded(path: str) -> str:
    """``~`` and ``~user`` as a home; a shell leaves them alone behind ``--in_graph=``."""
    try:
        return str(Path(path).expanduser()) if path.startswith("~") else path
    except RuntimeError:
        return path


def transform(request: Request) -> int:
    """Writes the graph that the request asks for and returns the exit code."""
    from opselect.models.formats import model_at, read_graph
    from opselect.models.formats.graphdef_writer import encode_graph, write_graph
    from opselect.rewriting import Context, parse_steps
    from opselect.rewriting.transforms import apply_steps

    steps = parse_steps(request.transforms)
    context = Context(
        request.source,
        request.inputs,
        request.outputs,
        gtt=request.gtt,
        note=lambda sentence: warn(sentence, quiet=request.quiet),
    )
    with model_at(request.source) as place:
        before = read_graph(place)
        with progress_bar("transforms", quiet=request.quiet) as progress:
            after = apply_steps(before, steps, context, progress)
        written = write_graph(after, request.target, text=request.as_text)
    note(
        f"{shown_path(request.source)}: {_size(len(before.nodes), encode_graph(before).size)}\n"
        f"{request.target}: {_size(len(after.nodes), written)}",
        quiet=request.quiet,
    )
    return DONE


def _size(nodes: int, size: int) -> str:
    return f"{counted(nodes, 'node')}, {byte_size(size)}"


def show_transforms(*, as_json: bool) -> int:
    """Prints the transforms, their arguments, and those that are not there, and returns the exit code."""
    from opselect.rewriting.transforms import ABSENT, IGNORE_ERRORS, NAMES, find_transform

    transforms = [find_transform(name) for name in NAMES]
    if as_json:
        print_json(
            {
                "transforms": [
                    {
                        "name": each.name,
                        "summary": each.summary,
                        "arguments": [
                            {"name": argument.name, "help": argument.help, "repeated": argument.repeated}
                            for argument in each.arguments
                        ],
                    }
                    for each in transforms
                ],
                "absent": [{"name": name, "reason": reason} for name, reason in ABSENT.items()],
            }
        )
        return DONE
    rows = []
    for each in transforms:
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
