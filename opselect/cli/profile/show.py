"""``opselect profile show``: the macros of a profile or of a build, and what they make of the kernels."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from opselect.cli.shared.build_options import record_of, record_options, say
from opselect.cli.shared.console import ConsoleWatch, print_json, print_line, print_table
from opselect.cli.shared.exit_codes import DONE
from opselect.cli.shared.options import json_option, quiet_option, source_options
from opselect.cli.shared.sources import check_source
from opselect.usecases.kernel_source import DEFAULT_PROFILE, KernelSource

if TYPE_CHECKING:
    from opselect.usecases.real_build import BuildRecord, RealBuild
    from opselect.usecases.shown_profiles import ProfileCounts


@click.command(
    "show",
    short_help="Show the macros of a profile or of a build.",
    epilog="""\b
Examples:
  opselect profile show
  opselect profile show raspberry-pi --tensorflow 1.13 --json
  opselect profile show --compile-commands build/compile_commands.json --tensorflow 2.14
  opselect profile show --bazelrc tensorflow/.bazelrc --config android_arm64 --tensorflow 2.14
""",
)
@click.argument("name", required=False)
@source_options
@record_options
@json_option
@quiet_option
def command(
    name: str | None,
    release: str | None,
    tree: Path | None,
    index_file: Path | None,
    roots: tuple[Path, ...],
    compile_commands: Path | None,
    aquery: Path | None,
    bazelrc: Path | None,
    configs: tuple[str, ...],
    as_json: bool,
    quiet: bool,
) -> int:
    """Show the macros of the profile NAME (android, if none is named), each with what defines it.

    With a TensorFlow also how many kernels it registers, and how many more and fewer than the other profiles. A build
    that --compile-commands, --aquery or --bazelrc records is shown in its own macros, with the profile that it is, or
    with the nearest one and what differs.
    """
    from opselect.usecases.open_kernels import newest_release

    record = record_of(compile_commands, aquery, bazelrc, configs)
    if record is not None and name:
        raise click.UsageError("name either a profile or a record of a build")
    source = KernelSource(release, tree, index_file, roots)
    if source.given or roots:
        check_source(source)
    if record is not None:
        return _show_build(record, source if source.given else KernelSource(newest_release()), as_json, quiet)
    return _show_profile(name or DEFAULT_PROFILE, source, as_json, quiet)


def _show_profile(name: str, source: KernelSource, as_json: bool, quiet: bool) -> int:
    from opselect.usecases.open_kernels import open_kernels
    from opselect.usecases.shown_profiles import counts, known_profile, macros_of, release_asked

    release = release_asked(source)
    profile = known_profile(name, release)
    macros = macros_of(profile, release)
    compared: tuple[ProfileCounts, ...] = ()
    if source.given:
        with ConsoleWatch(quiet=quiet) as watch:
            compared = counts(open_kernels(source, lists=False, watch=watch), name)
    if as_json:
        print_json(
            {
                "tensorflow": release,
                "profile": name,
                "summary": profile.summary,
                "macros": {m.name: {"value": m.value, "from": m.said_by, "decides": m.decides} for m in macros},
                **_counts_json(compared),
            }
        )
        return DONE
    print_line(f"{name}, TensorFlow {release}: {profile.summary}")
    rows = [(m.name, m.value, "yes" if m.decides else "no", m.said_by) for m in macros]
    print_table(("macro", "value", "decides", "from"), rows, indent=2)
    _print_counts(compared, name)
    return DONE


def _show_build(record: BuildRecord, source: KernelSource, as_json: bool, quiet: bool) -> int:
    from opselect.usecases.real_build import real_build

    with ConsoleWatch(quiet=quiet) as watch:
        build = real_build(record, source, watch)
    if as_json:
        print_json(_build_json(build))
        return DONE
    say(build, quiet=quiet)
    rows = [
        (name, "undefined" if s.value is None else s.value, "yes" if name in build.deciding else "no", s.argument)
        for name, s in sorted(build.sources.items(), key=lambda item: item[0] not in build.deciding)
    ]
    print_line(f"{build.profile}{f' with {build.difference}' if build.macros else ''}, TensorFlow {build.release}")
    print_table(("macro", "value", "decides", "from"), rows, indent=2)
    return DONE


def _build_json(build: RealBuild) -> dict[str, object]:
    return {
        "tensorflow": build.release,
        "profile": build.profile,
        "define": dict(build.macros.define),
        "undefine": list(build.macros.undefine),
        "scanned": {"define": dict(build.scanned.define), "undefine": list(build.scanned.undefine)},
        "files": build.files,
        "kernel_files": build.kernel_files,
        "macros": {
            name: {"value": s.value, "from": s.argument, "decides": name in build.deciding}
            for name, s in build.sources.items()
        },
        "notes": list(build.notes),
        "warnings": list(build.warnings),
    }


def _counts_json(compared: tuple[ProfileCounts, ...]) -> dict[str, object]:
    if not compared:
        return {}
    return {"kernels": {c.name: {"kernels": c.kernels, "more": c.more, "fewer": c.fewer} for c in compared}}


def _print_counts(compared: tuple[ProfileCounts, ...], name: str) -> None:
    if compared:
        rows = [(c.name, str(c.kernels), str(c.more), str(c.fewer)) for c in compared]
        print_line(f"kernels, and how many of them {name} lacks, or has besides")
        print_table(("profile", "kernels", "lacks", "has besides"), rows, indent=2)
