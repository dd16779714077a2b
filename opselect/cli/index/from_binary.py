"""``opselect index from-binary``: libraries in, an index file out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from opselect.cli.shared.console import counted, note, print_json
from opselect.cli.shared.exit_codes import DONE
from opselect.cli.shared.needs import reading
from opselect.cli.shared.options import json_option, quiet_option

if TYPE_CHECKING:
    from kernel_index.records import ScanResult


@click.command(
    "from-binary",
    short_help="Make an index of a library whose sources are not at hand.",
    epilog="""\b
Examples:
  opselect index from-binary libruntime.so --base 2.14 --profile android -o mine.opselidx
  opselect index from-binary libwhole.so libruntime.so --base 2.14 --release 2.14.2 -o mine.opselidx
  opselect index from-binary libwhole.so --json -o mine.opselidx
""",
)
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.UNPROCESSED)
@click.option(
    "--base",
    metavar="RELEASE|INDEX-FILE",
    help="What tells all that a library does not.  [default: the release that has most of its kernels]",
)
@click.option(
    "--release",
    default="",
    metavar="VERSION",
    help="Of which release it is.  [default: that of the wheel, what the libraries say, or the base]",
)
@click.option(
    "--profile", default="desktop", show_default=True, metavar="NAME", help="The build profile that it was built as."
)
@click.option(
    "--abi", default="", metavar="ABI", help="Of a package: for which processor (arm64-v8a, armeabi-v7a, x86_64, x86)."
)
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(dir_okay=False),
    metavar="FILE",
    help="The index to write; - is stdout.",
)
@json_option
@quiet_option
def command(
    files: tuple[str, ...],
    base: str | None,
    release: str,
    profile: str,
    abi: str,
    output: str,
    as_json: bool,
    quiet: bool,
) -> int:
    """Write an index of what FILEs register, which are libraries or packages of one build of TensorFlow.

    Kernels of one profile, and the signatures of ops, are read out of the FILEs; everything else is that of the base:
    which other profiles have a kernel, build lists, includes, dependencies. The index says of each what it is from
    (opselect index show). Of kernels that the base does not know, only what is sure is said about other profiles; the
    rest is not known, and every answer says so. docs/index_from_binary.md has the rules.
    """
    from kernel_index.profiles import release_number
    from kernel_index.store import check_output, write_index
    from opselect.cli.index.export import release_or_file
    from opselect.usecases.index_from_binary import LibraryQuestion, index_from_binary

    if as_json and output == "-":
        raise click.UsageError("--json and -o - both write to stdout")
    if release:
        release_number(release)
    source = release_or_file(base) if base is not None else None
    check_output(output, (), source.index_file if source is not None else None)
    if any(_is_same_file(output, path) for path in files):
        raise click.UsageError(f"-o {output} would write over what is read")
    with reading(quiet=quiet) as watch:
        made = index_from_binary(LibraryQuestion(files, source, release, profile, abi), watch)
        write_index(made.scan, output)
    if as_json:
        print_json(summary(made.scan))
    else:
        for line in summary_lines(made.scan):
            note(line, quiet=quiet)
    return DONE


def _is_same_file(path: str, other: str) -> bool:
    try:
        return Path(path).samefile(other)
    except (OSError, ValueError):
        return False


def summary(scan: ScanResult) -> dict[str, object]:
    """What was made, as JSON."""
    from kernel_index.records_json import origin_json

    return {
        "tensorflow": scan.release,
        "note": scan.note,
        "origin": origin_json(scan.origin),
        "profiles": {name: sum(name in r.profiles for r in scan.registrations) for name in scan.profiles},
        "registrations": len(scan.registrations),
        "op_definitions": len(scan.op_definitions),
        "skipped_files": dict(sorted(scan.skipped_files.items())),
        "diagnostics": [
            {"file": d.location.file, "line": d.location.line, "message": d.message} for d in scan.diagnostics
        ],
    }


def summary_lines(scan: ScanResult) -> list[str]:
    """What was made, in lines."""
    from kernel_index.diagnostics import in_few_lines
    from opselect.cli.index.origin_text import origin_lines

    counts = f"{counted(len(scan.registrations), 'registration')}, {counted(len(scan.op_definitions), 'op definition')}"
    lines = [f"TensorFlow {scan.release}: {counts}"]
    lines += [f"  {name}: {sum(name in r.profiles for r in scan.registrations)} kernels" for name in scan.profiles]
    lines += origin_lines(scan.origin)
    own = [each for each in scan.diagnostics if each.location.line == 0]
    if own:
        lines.append(f"  {counted(len(own), 'thing')} could not be told from the library:")
        lines += [f"    {line}" for line in in_few_lines(own)]
    return lines
