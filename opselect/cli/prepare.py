"""``opselect prepare``: a training export in, the graph that the phone runs out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from kernel_index.near_names import typeset_mark
from opselect.cli.shared.console import ConsoleWatch, byte_size, counted, print_json, print_line, print_table
from opselect.cli.shared.download import max_download_option
from opselect.cli.shared.estimate_text import print_estimate
from opselect.cli.shared.exit_codes import DONE, NO
from opselect.cli.shared.findings_text import Report, print_report
from opselect.cli.shared.options import json_option, names_or_none, quiet_option, source_options, split_names
from opselect.cli.shared.other_tools import HintingCommand
from opselect.cli.shared.sources import check_source
from opselect.usecases.kernel_source import DEFAULT_PROFILE, KernelSource

if TYPE_CHECKING:
    from opselect.estimates import SizeEstimate
    from opselect.usecases.prepare import PreparedModel

_MOST_SHOWN = 10


@click.command(
    "prepare",
    cls=HintingCommand,
    short_help="Freeze, strip and fold a model in one go.",
    epilog="""\b
Examples:
  opselect prepare saved_model -o phone.pb
  opselect prepare graph.pb --checkpoint model.ckpt --outputs probs -o phone.pb
  opselect prepare mobilenet.pb --inputs input --outputs MobilenetV2/Predictions -o phone.pb --tensorflow 2.14
""",
)
@click.argument("model", metavar="MODEL")
@click.option("-o", "--out", "output", required=True, metavar="FILE", help="Where the graph goes, a binary GraphDef.")
@click.option("--checkpoint", default="", metavar="PREFIX", help="The checkpoint with the values of its variables.")
@click.option("--inputs", multiple=True, metavar="NAMES", help="Nodes that the program feeds. Default: found out.")
@click.option("--outputs", multiple=True, metavar="NAMES", help="Nodes that the program fetches. Default: found out.")
@click.option("--signature", "signatures", multiple=True, metavar="KEYS", help="Signatures, in place of outputs.")
@click.option("--tags", multiple=True, metavar="TAGS", help="The MetaGraph with just these tags.")
@click.option(
    "--initializer_nodes",
    "initializers",
    multiple=True,
    metavar="NAMES",
    help="Nodes that assign constants to variables, as of freeze. Empty: not the main op of a SavedModel either.",
)
@click.option("--type", "type_name", metavar="TYPE", help="Type of inputs that become Placeholders, such as float.")
@click.option("--shape", "shape_text", metavar="DIMS", help="Their shape, such as 1,299,299,3; -1 for any size.")
@click.option(
    "--remove-checks", is_flag=True, help="Take out what only checks values: CheckNumerics, Assert and what they need."
)
@source_options
@click.option(
    "--profile", default=DEFAULT_PROFILE, show_default=True, metavar="NAME", help="The build to count kernels of."
)
@click.option("--allow-missing", is_flag=True, help="Write the graph even if the TensorFlow named refuses to load it.")
@max_download_option
@json_option
@quiet_option
def command(
    model: str,
    output: str,
    checkpoint: str,
    inputs: tuple[str, ...],
    outputs: tuple[str, ...],
    signatures: tuple[str, ...],
    tags: tuple[str, ...],
    initializers: tuple[str, ...],
    type_name: str | None,
    shape_text: str | None,
    remove_checks: bool,
    release: str | None,
    tree: Path | None,
    index_file: Path | None,
    roots: tuple[Path, ...],
    profile: str,
    allow_missing: bool,
    as_json: bool,
    quiet: bool,
) -> int:
    """Write the graph that a phone runs: the MODEL frozen, cut to what its outputs need, constants folded.

    Does what freeze and the transforms strip_unused_nodes, fold_constants, fold_batch_norms and fold_old_batch_norms
    do, one after the other. Inputs and outputs are those of the signature where the model has one, else its
    Placeholders and what looks like a result. A table says what that saves, kernels and files of the build too, and
    how large these are expected to be once compiled (docs/estimates.md), for the TensorFlow that is named or the newest
    shipped release.

    Attrs that the TensorFlow refuses and does not need are taken off: those of a later release, with their default.
    Where the one that is named refuses the graph all the same, that is said with why and what to do, nothing is
    written, and the exit code is 1.
    """
    from opselect.preparing import Wishes
    from opselect.rewriting import parse_data_type, parse_shape
    from opselect.rewriting.freezing import Options
    from opselect.usecases.prepare import prepare_to_file

    if output == "-":
        raise click.UsageError("what it saves is printed on stdout: name a file for the graph")
    if outputs and signatures:
        raise click.UsageError("a signature has outputs of its own: leave out --outputs")
    options = Options(
        checkpoint=checkpoint,
        outputs=split_names(outputs),
        signatures=split_names(signatures),
        tags=split_names(tags),
        initializers=names_or_none(initializers),
    )
    try:
        data_type = None if type_name is None else parse_data_type(type_name)
    except ValueError:
        raise click.BadParameter(f"{type_name!r} is no data type such as float or int32", param_hint="--type") from None
    try:
        shape = None if shape_text is None else parse_shape(shape_text)
    except ValueError:
        problem = f'{shape_text!r} is no shape such as "1,299,299,3"'
        mark = typeset_mark(shape_text or "")
        raise click.BadParameter(f"{problem} ({mark})" if mark else problem, param_hint="--shape") from None
    wishes = Wishes(options, split_names(inputs), data_type, shape, remove_checks)
    source = KernelSource(release, tree, index_file, roots)
    if source.given:
        check_source(source)
    with ConsoleWatch(quiet=quiet) as watch:
        made = prepare_to_file(model, wishes, source, profile, output=output, allow_missing=allow_missing, watch=watch)
    if as_json:
        print_json(made.to_json())
    else:
        _print_report(output, made)
    print_estimate(made.estimate, without="the base library and what the runtime may insert", quiet=quiet)
    after = made.saving.after
    print_report(Report(after.release, after.profile, after.unresolved, verdict=made.verdict), err=True, quiet=quiet)
    if made.written:
        return DONE
    click.echo("Nothing was written. --allow-missing writes the graph all the same.", err=True)
    return NO


def _print_report(output: str, made: PreparedModel) -> None:
    prepared, saving = made.prepared, made.saving
    before, after = prepared.before, prepared.after
    rows = [
        ("nodes", f"{before.nodes:,}", f"{after.nodes:,}"),
        ("ops", f"{before.ops:,}", f"{after.ops:,}"),
        ("parameters", f"{before.parameters:,}", f"{after.parameters:,}"),
        ("size", byte_size(before.bytes), byte_size(after.bytes)),
        ("kernels needed", str(len(saving.before.kernels)), str(len(saving.after.kernels))),
        ("kernel files needed", str(len(saving.before.files)), str(len(saving.after.files))),
        ("code expected", _expected(made.estimate_before), _expected(made.estimate)),
        ("kernels missing", str(len(saving.before.unresolved)), str(len(saving.after.unresolved))),
    ]
    print_line(f"{output}: feed {', '.join(prepared.inputs) or 'nothing'}, fetch {', '.join(prepared.outputs)}")
    print_table(("", "before", "after"), rows, indent=2)
    if saving.files:
        release = f"TensorFlow {saving.after.release}, profile {saving.after.profile}"
        click.echo(f"the build ({release}) no longer needs")
        for path in saving.files[:_MOST_SHOWN]:
            click.echo(f"  {path}")
        if len(saving.files) > _MOST_SHOWN:
            click.echo(f"  and {counted(len(saving.files) - _MOST_SHOWN, 'file')} more (--json lists all)")


def _expected(found: SizeEstimate | None) -> str:
    return "unknown" if found is None else byte_size(found.bytes)
