"""``opselect freeze``: a model and its checkpoint → one graph with the weights in it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from opselect.cli.shared.console import ConsoleWatch, byte_size, counted, note, warn
from opselect.cli.shared.download import max_download_option
from opselect.cli.shared.exit_codes import DONE
from opselect.cli.shared.options import names_or_none, quiet_option, source_options, split_names
from opselect.cli.shared.sources import check_source
from opselect.usecases.kernel_source import KernelSource

_SWITCHES = ("input_binary", "clear_devices")
_WORDS = frozenset({"true", "t", "1", "yes", "on", "false", "f", "0", "no", "off"})


class _FreezeCommand(click.Command):
    """Takes flags as TensorFlow's tool does.

    They may be cut short where only one begins like that; switches are ``--flag``, ``--flag=false``, ``--flag false``
    and ``--noflag``.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        flags = [name for param in self.params for name in param.opts]
        return super().parse_args(ctx, _spelled_out(args, flags))


def _spelled_out(args: list[str], flags: list[str]) -> list[str]:
    """The arguments with whole names of flags, and ``--flag=true`` or ``--flag=false`` for a switch."""
    result: list[str] = []
    rest = list(args)
    while rest:
        arg = rest.pop(0)
        if arg == "--":
            return [*result, arg, *rest]
        arg = _whole(arg, flags)
        for name in _SWITCHES:
            if arg == f"--{name}":
                said = bool(rest) and rest[0].lower() in _WORDS
                arg = f"{arg}={rest.pop(0) if said else 'true'}"
            elif arg == f"--no{name}":
                arg = f"--{name}=false"
        result.append(arg)
    return result


def _whole(arg: str, flags: list[str]) -> str:
    """The argument with the whole name of the only flag of TensorFlow's tool that begins like it."""
    name, equals, value = arg.partition("=")
    begun = [flag for flag in flags if flag.startswith(name) and "_" in flag]
    if not name.startswith("--") or name in flags or len(begun) != 1:
        return arg
    return f"{begun[0]}{equals}{value}"


@click.command(
    "freeze",
    cls=_FreezeCommand,
    short_help="Put the weights of a model into its graph.",
    epilog="""\b
Examples:
  opselect freeze saved_model -o frozen.pb
  opselect freeze graph.pb --checkpoint model.ckpt --outputs probs -o frozen.pb
  opselect freeze model.ckpt.meta --outputs probs -o frozen.pb
  opselect freeze --input_graph=graph.pb --input_checkpoint=model.ckpt --output_graph=f.pb --output_node_names=probs
""",
)
@click.argument("model", required=False, metavar="MODEL")
@click.option("-o", "--output_graph", "output", metavar="FILE", help="Where the frozen graph goes, a binary GraphDef.")
@click.option("--checkpoint", "--input_checkpoint", "checkpoint", metavar="PREFIX", help="The checkpoint to take.")
@click.option(
    "--outputs", "--output_node_names", "outputs", multiple=True, metavar="NAMES", help="Nodes that are fetched."
)
@click.option(
    "--signature", "signatures", multiple=True, metavar="KEYS", help="Signatures of a SavedModel, in place of outputs."
)
@click.option("--all-signatures", is_flag=True, help="All signatures of a SavedModel.")
@click.option("--tags", multiple=True, metavar="TAGS", help="The MetaGraph with just these tags.")
@click.option(
    "--saved_model_tags",
    multiple=True,
    metavar="TAGS",
    help="The same; not used beside --input_graph and --input_meta_graph, as in TensorFlow's tool.",
)
@click.option("--input_graph", metavar="FILE", help="The MODEL: a GraphDef.")
@click.option("--input_meta_graph", metavar="FILE", help="The MODEL: a MetaGraphDef.")
@click.option("--input_saved_model_dir", metavar="DIR", help="The MODEL: a SavedModel.")
@click.option("--input_saver", metavar="FILE", help="A SaverDef: which node of the graph restores its variables.")
@click.option(
    "--variable_names_whitelist", "only", multiple=True, metavar="NAMES", help="Make constants of these variables only."
)
@click.option(
    "--variable_names_blacklist",
    "--variable_names_denylist",
    "without",
    multiple=True,
    metavar="NAMES",
    help="Leave these variables as they are.",
)
@click.option(
    "--initializer_nodes",
    "initializers",
    multiple=True,
    metavar="NAMES",
    help="Nodes that assign constants to variables after the checkpoint was restored. Empty: not the main op either.",
)
@click.option(
    "--clear_devices", type=click.BOOL, default=True, show_default=True, help="Take the devices off all nodes."
)
@click.option(
    "--input_binary", expose_value=False, type=click.BOOL, help="Not needed: binary and text are told apart by content."
)
@click.option(
    "--checkpoint_version",
    expose_value=False,
    type=click.IntRange(1, 2),
    metavar="1|2",
    help="Not needed: it is told by content.",
)
@click.option("--restore_op_name", metavar="NAME", help="Not used, as in TensorFlow's tool.")
@click.option("--filename_tensor_name", metavar="NAME", help="Not used, as in TensorFlow's tool.")
@source_options
@max_download_option
@quiet_option
def command(
    model: str | None,
    output: str | None,
    checkpoint: str | None,
    outputs: tuple[str, ...],
    signatures: tuple[str, ...],
    all_signatures: bool,
    tags: tuple[str, ...],
    saved_model_tags: tuple[str, ...],
    input_graph: str | None,
    input_meta_graph: str | None,
    input_saved_model_dir: str | None,
    input_saver: str | None,
    only: tuple[str, ...],
    without: tuple[str, ...],
    initializers: tuple[str, ...],
    clear_devices: bool,
    restore_op_name: str | None,
    filename_tensor_name: str | None,
    quiet: bool,
    release: str | None,
    tree: Path | None,
    index_file: Path | None,
    roots: tuple[Path, ...],
) -> int:
    """Write the graph of a MODEL with its variables as constants, and of it only what the outputs need.

    A MODEL is a GraphDef, a MetaGraphDef, a SavedModel or a checkpoint with its .meta file, by path or URL, told apart
    by content; ARCHIVE!MEMBER is one in an archive, and may be a checkpoint. A SavedModel has its own variables,
    PREFIX.meta those of PREFIX; other graphs need --checkpoint. Without --outputs a SavedModel is frozen for its only
    signature or serving_default.

    What ops take and give is that of the TensorFlow named by --tensorflow, --tree or --index, without one that of the
    newest shipped release; --root adds custom ops.

    The flags of TensorFlow's freeze_graph are taken as they are. Whatever they ask for that cannot be done without
    changing what the graph computes is an error, and nothing is written.
    """
    from opselect.rewriting.freezing import Options, VariableSelection
    from opselect.usecases.freeze import freeze_to_file
    from opselect.usecases.open_kernels import ops_named

    unused = {"restore_op_name": restore_op_name, "filename_tensor_name": filename_tensor_name}
    if input_saved_model_dir and input_graph:
        unused["input_graph"] = input_graph
        input_graph = None
    if input_meta_graph or input_graph:
        unused["saved_model_tags"] = ",".join(saved_model_tags)
        saved_model_tags = ()
    for name in (name for name, value in unused.items() if value):
        note(f"--{name} is not used, as in TensorFlow's tool", quiet=quiet)
    paths = [path for path in (model, input_graph, input_meta_graph, input_saved_model_dir) if path]
    if len(paths) != 1:
        raise click.UsageError(
            "name one model, as argument or with --input_graph, --input_meta_graph or --input_saved_model_dir"
        )
    if not output:
        raise click.UsageError("name the file to write: -o FILE or --output_graph=FILE")
    names = split_names(outputs)
    if names and (signatures or all_signatures):
        raise click.UsageError("a signature has outputs of its own: leave out --outputs")
    if signatures and all_signatures:
        raise click.UsageError("--signature and --all-signatures exclude each other")
    options = Options(
        checkpoint=checkpoint or "",
        outputs=names,
        signatures=split_names(signatures),
        all_signatures=all_signatures,
        tags=split_names((*tags, *saved_model_tags)),
        selection=VariableSelection(split_names(only) or None, split_names(without)),
        saver=input_saver or "",
        initializers=names_or_none(initializers),
        clear_devices=clear_devices,
    )
    kernels = KernelSource(release, tree, index_file, roots)
    if kernels.given:
        check_source(kernels)
    kernels.check_output(output)
    with ConsoleWatch(quiet=quiet) as watch:
        made = freeze_to_file(paths[0], replace(options, index=ops_named(kernels, watch)), output)
    frozen = made.frozen
    for text in frozen.notes:
        warn(text, quiet=quiet)
    for kind, tensors in (("input", frozen.inputs), ("output", frozen.outputs)):
        for name, tensor in tensors.items():
            note(f"{kind} {name}: {tensor}", quiet=quiet)
    note(
        f"{output}: {counted(len(frozen.variables), 'variable')} frozen "
        f"({byte_size(frozen.weight_bytes)} of weights), {counted(len(frozen.graph.nodes), 'node')}, "
        f"{byte_size(made.size)}",
        quiet=quiet,
    )
    return DONE
