"""``opselect merge``: requirements or configurations as one."""

from __future__ import annotations

import click

from opselect.cli.shared.console import ConsoleWatch, counted, note, print_data
from opselect.cli.shared.exit_codes import DONE
from opselect.cli.shared.options import quiet_option


@click.command(
    "merge",
    short_help="Merge requirements or configurations.",
    epilog="""\b
Examples:
  opselect merge phone.json watch.json -o all.json
  opselect merge phone/opselect.yaml watch/opselect.yaml -o opselect.yaml
""",
)
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.UNPROCESSED)
@click.option("-o", "--output", default="", metavar="FILE", help="Where to write it. Default: stdout.")
@quiet_option
def command(files: tuple[str, ...], output: str, quiet: bool) -> int:
    """Merge FILEs of requirements, as 'opselect requirements --json' prints them, or of configurations (opselect.yaml).

    Merged requirements are those of all models read at once. Of configurations, models and targets are put together;
    where they contradict each other, that is an error with both places. Comments are not kept. Lists, headers and
    manifests that were generated are never merged: merge what they were made of. Configurations of ONNX Runtime and
    lists of ExecuTorch are put together by 'opselect generate FILE... --target onnxruntime', or executorch.
    """
    from opselect.usecases.init_config import write_config
    from opselect.usecases.merge import merge_files

    with ConsoleWatch(quiet=quiet):
        merged = merge_files(files, output)
    if output:
        write_config(output, merged.text)
        note(f"{output}: {merged.kind} of {counted(len(set(files)), 'file')}", quiet=quiet)
    else:
        print_data(merged.text)
    return DONE
