"""``--compile-commands``, ``--aquery`` and ``--bazelrc``: the build itself says which profile it is."""

from __future__ import annotations

import functools
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click
from click.core import ParameterSource

from opselect.cli.shared.console import note, print_line
from opselect.cli.shared.options import FILE, Command
from opselect.usecases.kernel_source import KernelSource

if TYPE_CHECKING:
    from opselect.usecases.real_build import BuildRecord, RealBuild

_PARTS = ("compile_commands", "aquery", "bazelrc", "configs")
_OPTIONS = {"profile": "--profile", "define": "-D", "undefine": "-U", "macros": "-D"}


_CONFIG = ("--bazel-config", "--config")


def record_options(command: Command, spelled: tuple[str, ...] = _CONFIG) -> Command:
    """The options that name a record of a build, as the parameters of :func:`record_of`."""
    for option in (
        click.option(*spelled, "configs", multiple=True, metavar="NAME", help="A --config of --bazelrc; repeatable."),
        click.option("--bazelrc", type=FILE, metavar="FILE", help="The profile is what these options of Bazel make."),
        click.option(
            "--aquery", type=FILE, metavar="FILE", help="The profile is what 'bazel aquery' says is compiled."
        ),
        click.option(
            "--compile-commands", type=FILE, metavar="FILE", help="The profile is what compile_commands.json passes."
        ),
    ):
        command = option(command)
    return command


def record_of(
    compile_commands: Path | None, aquery: Path | None, bazelrc: Path | None, configs: tuple[str, ...]
) -> BuildRecord | None:
    """The record that options name, None where none does. Raises click.UsageError for two, or --config alone."""
    if sum(each is not None for each in (compile_commands, aquery, bazelrc)) > 1:
        raise click.UsageError("name one of --compile-commands, --aquery and --bazelrc")
    if configs and bazelrc is None:
        raise click.UsageError("--bazel-config is one of a .bazelrc: name the file by --bazelrc")
    if compile_commands is aquery is bazelrc is None:
        return None
    from opselect.usecases.real_build import BuildRecord

    return BuildRecord(compile_commands, aquery, bazelrc, configs)


def real_build_options(command: Command) -> Command:
    """The options in the place of ``--profile`` and ``-D``: the command gets ``profile`` and ``macros`` as they say."""
    return _deciding(command, _CONFIG)


def real_build_options_with_record(command: Command) -> Command:
    """The same for a command that asks more of the build: it gets its ``record``, too, None where none is named."""
    return _deciding(command, _CONFIG, with_record=True)


def real_build_options_beside_config(command: Command) -> Command:
    """The same for a command whose ``--config`` is another one."""
    return _deciding(command, _CONFIG[:1])


def _deciding(command: Command, spelled: tuple[str, ...], *, with_record: bool = False) -> Command:

    @functools.wraps(command)
    def decided(**values: Any) -> object:
        record = record_of(**{part: values.pop(part) for part in _PARTS})
        if record is not None:
            _decide(record, values)
        if with_record:
            values["record"] = record
        return command(**values)

    return record_options(cast("Command", decided), spelled)


def check_alone() -> None:
    """Raises click.UsageError where the command line has a profile or macros besides a record of a build."""
    context = click.get_current_context()
    for name, option in _OPTIONS.items():
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            raise click.UsageError(f"the build itself says its macros: leave out {option}")


def say(build: RealBuild, *, quiet: bool) -> None:
    """Says which profile a build is, and what differs between its files."""
    note(build.sentence, quiet=quiet)
    for line in build.notes:
        note(f"  {line}", quiet=quiet)
    if not quiet:
        for line in build.warnings:
            print_line(f"warning: {line}", err=True)


def _decide(record: BuildRecord, values: dict[str, Any]) -> None:
    from opselect.usecases.real_build import SCANNED_WITH, real_build, usable

    check_alone()
    source = KernelSource(
        values.get("release"),
        values.get("tree"),
        values.get("index_file"),
        values.get("roots", ()),
        values.get("follow_links", False),
    )
    if source.given != 1:
        raise click.UsageError("name the TensorFlow that is built: --tensorflow VERSION, --tree PATH or --index FILE")
    build = usable(real_build(record, source), source)
    if build.macros and "macros" not in values:
        raise click.UsageError(
            f"{build.sentence}: make an index of it by 'opselect index scan', which takes the same options, "
            "and name that by --index"
        )
    if "macros" not in values:
        others = tuple(line for line in build.notes if not line.startswith(SCANNED_WITH))
        if others != build.notes:
            others = (*others, f"what else differs from {build.profile} does not count in what this command tells")
        build = replace(build, notes=others)
    say(build, quiet=bool(values.get("quiet") or values.get("summary")))
    values["profile"] = build.profile
    if build.scanned and "macros" in values:
        values["macros"] = build.scanned
