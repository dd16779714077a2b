"""``opselect index deps``: which source files a kernel file cannot be linked without, and why."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kernel_index.errors import InputError
from kernel_index.near_names import did_you_mean
from opselect.cli.shared.console import print_json
from opselect.cli.shared.exit_codes import DONE, NO
from opselect.cli.shared.options import json_option, quiet_option, source_options
from opselect.usecases.kernel_source import DEFAULT_PROFILE, KernelSource

if TYPE_CHECKING:
    from kernel_index.dependencies import DependencyGraph
    from kernel_index.index import KernelIndex
    from kernel_index.records import Dependency


@click.command(
    "deps",
    short_help="Show which source files kernel files cannot be linked without.",
    epilog="""\b
Examples:
  opselect index deps tensorflow/core/kernels/slice_op.cc --tensorflow 2.14
  opselect index deps tensorflow/core/kernels/cumsum_op.cc --tree tensorflow --profile android-slim --json
  opselect index deps tensorflow/core/kernels/mfcc_op.cc --tensorflow 2.14 --explain tensorflow/core/kernels/mfcc.h
""",
)
@click.argument("files", nargs=-1, metavar="FILE...")
@click.option("--stdin", "from_stdin", is_flag=True, help="Read more files from stdin, one path a line.")
@source_options
@click.option("--profile", default=DEFAULT_PROFILE, show_default=True, metavar="NAME", help="The build profile.")
@click.option("--explain", metavar="FILE", help="Show only why this source file or header is needed.")
@json_option
@quiet_option
def command(
    files: tuple[str, ...],
    from_stdin: bool,
    release: str | None,
    tree: Path | None,
    index_file: Path | None,
    roots: tuple[Path, ...],
    profile: str,
    explain: str | None,
    as_json: bool,
    quiet: bool,
) -> int:
    """Show the source files without which the object file of a kernel FILE cannot be linked, and theirs in turn.

    A FILE is a path from the root of the checkout. Each needed file comes with a symbol that it defines and the
    header that only declares it. Files of the base library (framework, platform, lib, util, runtime) are not listed.
    """
    if from_stdin:
        stripped = (line.strip() for line in sys.stdin)
        files += tuple(line for line in stripped if line)
    if not files:
        raise click.UsageError("name source files, or give them with --stdin, one path a line")
    source = KernelSource(release, tree, index_file, roots)
    return dependencies(files, source, profile=profile, explain=explain, as_json=as_json, quiet=quiet)


def dependencies(
    files: Sequence[str], source: KernelSource, *, profile: str, explain: str | None, as_json: bool, quiet: bool
) -> int:
    """Prints what the files need and returns the exit code. Raises InputError for a file that nobody knows."""
    from kernel_index.dependencies import DependencyGraph
    from opselect.cli.shared.sources import open_source
    from opselect.usecases.open_kernels import profile_of

    index = open_source(source, quiet=quiet)
    files = tuple(dict.fromkeys(files))
    _check(index, files)
    graph = DependencyGraph(index, profile_of(index, profile))
    if explain is not None:
        return _explain(graph, index, files, explain)
    if as_json:
        everything = sorted({*files, *graph.closure(files)})
        print_json({file: _shown(graph, file) for file in everything})
    else:
        shown: set[str] = set()
        for file in files:
            click.echo(file)
            _print_tree(graph, file, 1, shown)
    return DONE


def _check(index: KernelIndex, files: Iterable[str]) -> None:
    from kernel_index.base_library import is_base

    includes = index.includes
    unknown = [file for file in files if file not in includes and not is_base(file)]
    if unknown:
        more = f", and {len(unknown) - 1} more" if len(unknown) > 1 else ""
        raise InputError(
            unknown[0],
            f"is no source file that the index of TensorFlow {index.release} knows{more}"
            + did_you_mean(unknown[0], includes),
            "Give paths from the root of the checkout, such as tensorflow/core/kernels/slice_op.cc.",
        )


def _shown(graph: DependencyGraph, file: str) -> dict[str, list[str]]:
    found = graph.of(file)
    return {"needs": sorted({d.file for d in found.needs}), "headers": list(found.headers)}


def _print_tree(graph: DependencyGraph, file: str, depth: int, shown: set[str]) -> None:
    """The needs of a file, indented; what some file needs is shown where that is met first."""
    shown.add(file)
    for dependency in graph.of(file).needs:
        again = dependency.file in shown
        click.echo(f"{'  ' * depth}{dependency.file}: {_reason(dependency)}{' (see above)' if again else ''}")
        if not again:
            _print_tree(graph, dependency.file, depth + 1, shown)


def _reason(dependency: Dependency) -> str:
    return f"{dependency.symbol}, declared in {dependency.declared_in}"


def _explain(graph: DependencyGraph, index: KernelIndex, files: Sequence[str], wanted: str) -> int:
    from kernel_index.dependencies import include_path

    _check(index, [wanted])
    way = graph.path(files, wanted)
    if not way and wanted not in files:
        reached = sorted((len(graph.path(files, file)), file) for file in (*files, *graph.closure(files)))
        includes = ((file, include_path(file, wanted, index.includes)) for _, file in reached)
        includer, chain = next(((file, chain) for file, chain in includes if chain), ("", ()))
        if not includer:
            click.echo(f"{wanted} is not needed by {', '.join(files)}")
            return NO
        way = graph.path(files, includer)
        _print_reasons(way)
        click.echo(" includes ".join((includer, *chain)))
        return DONE
    _print_reasons(way)
    return DONE


def _print_reasons(way: Iterable[Dependency]) -> None:
    for dependency in way:
        click.echo(f"{dependency.file}: {_reason(dependency)}")
