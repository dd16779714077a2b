"""``opselect init``: a configuration to begin with."""

from __future__ import annotations

from pathlib import Path

import click

from opselect.cli.generate_configured import CONFIG_NAME
from opselect.cli.shared.console import ConsoleWatch, counted, note, print_data, print_line, warn
from opselect.cli.shared.exit_codes import DONE, NO
from opselect.cli.shared.options import FILE, FOLDER, quiet_option
from opselect.usecases.kernel_source import DEFAULT_PROFILE, KernelSource


@click.command(
    "init",
    short_help="Write an opselect.yaml for the models in a folder.",
    epilog="""\b
Examples:
  opselect init models --tensorflow 2.14
  opselect init --tree tensorflow --profile ios -o phone.yaml
  opselect init --schema
""",
)
@click.argument("folder", default=".", metavar="[FOLDER]", type=click.Path(exists=True, file_okay=False))
@click.option("--index", "index_file", type=FILE, metavar="FILE", help="For the TensorFlow of this index file.")
@click.option("--tree", type=FOLDER, metavar="PATH", help="For this TensorFlow checkout.")
@click.option(
    "--tensorflow", "release", metavar="VERSION", help="For this release. Default: the newest that is shipped."
)
@click.option("--profile", default=DEFAULT_PROFILE, show_default=True, metavar="NAME", help="The build to write for.")
@click.option("-o", "--output", default=CONFIG_NAME, show_default=True, metavar="FILE", help="Where to write it.")
@click.option("--force", is_flag=True, help="Write over a file that is there.")
@click.option("--schema", is_flag=True, help="Print the JSON schema of opselect.yaml, and write nothing.")
@quiet_option
def command(
    folder: str,
    release: str | None,
    tree: Path | None,
    index_file: Path | None,
    profile: str,
    output: str,
    force: bool,
    schema: bool,
    quiet: bool,
) -> int:
    """Write a commented opselect.yaml with the models in FOLDER and the folders below it (default: this folder).

    Models are found by their names and contents, and what looks like one and cannot be read is said. The file that is
    written works as it is: opselect generate. Where all models are of TensorFlow Lite it writes what CMake needs, and
    of .onnx and .pte models what their runtimes need; the other targets stand in comments. A file that is there stays,
    but for --force.
    """
    from opselect.config_file.schema import schema_text

    if schema:
        print_data(schema_text())
        return DONE
    from opselect.usecases.init_config import check_free, init_config, write_config

    source = KernelSource(release, tree, index_file)
    if source.given > 1:
        raise click.UsageError("name one TensorFlow: --tensorflow VERSION, --tree PATH or --index FILE")
    if not force:
        check_free(output)
    with ConsoleWatch(quiet=quiet) as watch:
        made = init_config(folder, output, source, profile, watch)
    for path, reason in made.found.passed_over:
        warn(f"{path} is not taken: {reason}", quiet=quiet)
    if not made.text:
        print_line(f"No models were found in {folder}; nothing was written.", err=True)
        return NO
    write_config(output, made.text)
    note(f"{output}: {counted(len(made.found.models), 'model')}", quiet=quiet)
    for model in made.found.models:
        note(f"  {model.path} ({model.format})", quiet=quiet)
    return DONE
