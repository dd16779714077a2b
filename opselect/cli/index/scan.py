"""``opselect index scan``: a TensorFlow checkout in, an index file out."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from opselect.cli.shared.build_options import record_of, record_options, say
from opselect.cli.shared.console import ConsoleWatch, counted, note, print_json
from opselect.cli.shared.exit_codes import DONE
from opselect.cli.shared.options import FOLDER, follow_links_option, json_option, macro_options, quiet_option
from opselect.usecases.kernel_source import KernelSource, Macros
from opselect.usecases.real_build import RealBuild, real_build

if TYPE_CHECKING:
    from kernel_index.records import ScanResult


@click.command(
    "scan",
    short_help="Make an index of a TensorFlow checkout.",
    epilog="""\b
Examples:
  opselect index scan tensorflow -o mine.opselidx
  opselect index scan tensorflow --root my_ops/kernels -D INTEL_MKL -o mine.opselidx
  opselect index scan --base 2.14 --root my_ops/kernels -o mine.opselidx
""",
)
@click.argument("tree", type=FOLDER, required=False)
@click.option(
    "--base", metavar="RELEASE|INDEX-FILE", help="In place of TREE: lay the kernels of --root over this index."
)
@click.option(
    "--root", "roots", multiple=True, type=FOLDER, metavar="DIR", help="Another folder with kernels, in TREE or not."
)
@macro_options
@record_options
@click.option("--release", metavar="VERSION", help="The version of TREE, where its files do not tell.")
@click.option("--jobs", type=click.IntRange(min=1), metavar="N", help="Processes to use (default: all cores).")
@click.option("--no-cache", is_flag=True, help="Scan every file, whatever is known from earlier scans.")
@click.option(
    "--uncut",
    is_flag=True,
    help="Scan the slow way, to check the fast one: read every header whole in every file, expand all text.",
)
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(dir_okay=False),
    metavar="FILE",
    help="The index to write; - is stdout.",
)
@follow_links_option
@json_option
@quiet_option
def command(
    tree: Path | None,
    base: str | None,
    roots: tuple[Path, ...],
    macros: Macros,
    compile_commands: Path | None,
    aquery: Path | None,
    bazelrc: Path | None,
    configs: tuple[str, ...],
    release: str | None,
    jobs: int | None,
    no_cache: bool,
    uncut: bool,
    output: str,
    follow_links: bool,
    as_json: bool,
    quiet: bool,
) -> int:
    """Scan the TensorFlow checkout TREE under every build profile and write what it registers to one file.

    What the scanner could not evaluate is listed with file and line. With -D and -U, the macros are on top of every
    profile, and the profiles' names say so.

    A scan leaves out what cannot matter to what it looks for. With --uncut it leaves out nothing: that takes many times
    as long and must find the same.

    Kernels that belong to no checkout can be laid over the index of a release: with --base, only the folders of --root
    are scanned, and -D and -U count for them alone. A folder that contains 'tensorflow/core' or the like is taken for
    a part of a fork, and its files take the place of the release's files of the same path.

    A build that --compile-commands, --aquery or --bazelrc records is one profile more, where it is none of those.

    What is behind a symbolic link that leads out of these folders is not read, and that is said; --follow-links reads
    it.
    """
    if as_json and output == "-":
        raise click.UsageError("--json prints the summary on stdout: name a file for the index")
    record = record_of(compile_commands, aquery, bazelrc, configs)
    if record is not None and (macros or tree is None):
        raise click.UsageError("a record of a build is about TREE, and says its macros: leave out --base, -D and -U")
    if (tree is None) == (base is None):
        raise click.UsageError("name either TREE or --base")
    if tree is None:
        if not roots or release or uncut:
            raise click.UsageError("--base takes the folders of --root, and neither --release nor --uncut")
        return scan_over(base or "", roots, macros, output, follow_links=follow_links, as_json=as_json, quiet=quiet)
    cached = not (no_cache or uncut)
    build = None
    if record is not None:
        source = KernelSource(tree=tree, roots=roots, follow_links=follow_links)
        build = real_build(record, source)
        say(build, quiet=quiet)
    return scan(
        tree,
        roots,
        macros,
        build,
        release,
        jobs,
        output,
        cached=cached,
        uncut=uncut,
        follow_links=follow_links,
        as_json=as_json,
        quiet=quiet,
    )


def scan(
    tree: Path,
    roots: tuple[Path, ...],
    macros: Macros,
    build: RealBuild | None,
    release: str | None,
    jobs: int | None,
    output: str,
    *,
    cached: bool,
    uncut: bool,
    follow_links: bool,
    as_json: bool,
    quiet: bool,
) -> int:
    """Writes the index, prints the summary and returns the exit code."""
    from kernel_index.profiles import profiles
    from kernel_index.scan import default_cache, scan_tree
    from kernel_index.source_tree import version
    from kernel_index.store import check_output, write_index
    from opselect.usecases.open_kernels import build_profile
    from opselect.usecases.watch import progress_of

    check_output(output, (tree, *roots))
    release = release or version(tree, follow_links=follow_links)
    with_macros = [profile.with_macros(dict(macros.define), macros.undefine) for profile in profiles(release)]
    if build is not None and build.scanned:
        with_macros.append(build_profile(release, build.profile, build.scanned))
    cache = default_cache() if cached else None
    with ConsoleWatch(quiet=quiet) as watch:
        result = scan_tree(
            tree,
            profiles=with_macros,
            extra_roots=roots,
            release=release,
            jobs=jobs,
            progress=progress_of(watch, "Scanning"),
            cache=cache,
            uncut=uncut,
            follow_links=follow_links,
        )
        if cache is not None and cache.problem:
            watch.note(f"nothing is kept for the next scan: {cache.problem}")
        write_index(result, output)
    _print(result, as_json=as_json, quiet=quiet)
    return DONE


def scan_over(
    base: str,
    roots: tuple[Path, ...],
    macros: Macros,
    output: str,
    *,
    follow_links: bool,
    as_json: bool,
    quiet: bool,
) -> int:
    """Writes the index of a release with kernels over it, prints the summary and returns the exit code.

    What could not be evaluated of the release is in the index; only that of the folders is printed.
    """
    from kernel_index.store import check_output, write_index
    from opselect.cli.index.export import release_or_file
    from opselect.cli.shared.sources import open_source
    from opselect.usecases.open_kernels import add_roots

    source = release_or_file(base)
    check_output(output, roots, source.index_file)
    opened = open_source(source, quiet=quiet)
    with ConsoleWatch(quiet=quiet):
        index = add_roots(opened, roots, macros=macros, follow_links=follow_links)
        result = index.as_scan()
        write_index(result, output)
    _print(replace(result, diagnostics=index.own_diagnostics), as_json=as_json, quiet=quiet)
    return DONE


def _print(result: ScanResult, *, as_json: bool, quiet: bool) -> None:
    if as_json:
        print_json(_summary(result))
    else:
        for line in _summary_lines(result):
            note(line, quiet=quiet)


def _summary(result: ScanResult) -> dict[str, object]:
    return {
        "tensorflow": result.release,
        "profiles": {name: sum(name in r.profiles for r in result.registrations) for name in result.profiles},
        "registrations": len(result.registrations),
        "op_definitions": len(result.op_definitions),
        "skipped_files": dict(sorted(result.skipped_files.items())),
        "missing_headers": sorted(result.missing_headers),
        "diagnostics": [
            {"file": d.location.file, "line": d.location.line, "message": d.message} for d in result.diagnostics
        ],
    }


def _summary_lines(result: ScanResult) -> list[str]:
    from kernel_index.diagnostics import in_few_lines

    counts = (
        f"{counted(len(result.registrations), 'registration')}, {counted(len(result.op_definitions), 'op definition')}"
    )
    lines = [f"TensorFlow {result.release}: {counts}"]
    lines += [f"  {name}: {sum(name in r.profiles for r in result.registrations)} kernels" for name in result.profiles]
    for reason, count in sorted(Counter(result.skipped_files.values()).items()):
        lines.append(f"  {counted(count, 'file')} left out: {reason}")
    if result.missing_headers:
        lines.append(f"  {counted(len(result.missing_headers), 'header')} not in the tree")
    if result.diagnostics:
        lines.append(f"  {counted(len(result.diagnostics), 'place')} could not be evaluated:")
        lines += [f"    {line}" for line in in_few_lines(result.diagnostics)]
    return lines
