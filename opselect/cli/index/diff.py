"""``opselect index diff``: what changes from one release, index or checkout to another, or between two profiles."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from opselect.cli.index.export import release_or_file
from opselect.cli.shared.console import ConsoleWatch, note, print_json, print_line
from opselect.cli.shared.exit_codes import DONE, NO
from opselect.cli.shared.options import json_option, quiet_option
from opselect.usecases.kernel_source import KernelSource

if TYPE_CHECKING:
    from kernel_index.diff import ProfilePair
    from kernel_index.index import KernelIndex

_RELEASE = re.compile(r"v?\d+\.\d+")


class _PairOfProfiles(click.Command):
    """A command whose ``--profile`` takes one name or two: what follows it and cannot be an index is the second."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, with_second_profile(args))


def with_second_profile(arguments: Sequence[str]) -> list[str]:
    """The arguments with ``--profile A B`` as ``--profile A --profile B``."""
    spelled: list[str] = []
    at = 0
    while at < len(arguments) and arguments[at] != "--":
        spelled.append(arguments[at])
        if arguments[at] == "--profile" or arguments[at].startswith("--profile="):
            if arguments[at] == "--profile" and at + 1 < len(arguments):
                at += 1
                spelled.append(arguments[at])
            following = arguments[at + 1] if at + 1 < len(arguments) else "-"
            if not following.startswith("-") and not _names_an_index(following):
                spelled.append("--profile")
        at += 1
    return [*spelled, *arguments[at:]]


def _names_an_index(text: str) -> bool:
    from kernel_index.profiles import PROFILE_NAMES

    if text.partition("+")[0] in PROFILE_NAMES:
        return False
    return _RELEASE.match(text) is not None or "/" in text or text.endswith(".opselidx") or Path(text).exists()


@click.command(
    "diff",
    cls=_PairOfProfiles,
    short_help="Show what changes between releases or profiles.",
    epilog="""\b
Examples:
  opselect index diff 1.13 1.15
  opselect index diff 1.13 1.15 --profile android-slim --op Conv2D
  opselect index diff 1.15 --profile android-slim android-full
  opselect index diff 2.14 ./tensorflow --json
""",
)
@click.argument("indexes", nargs=-1, required=True, metavar="BEFORE [AFTER]")
@click.option(
    "--profile",
    "profiles",
    multiple=True,
    metavar="NAME [NAME]",
    help="Compare only this build profile; or the first in BEFORE with the second in AFTER, or in BEFORE too.",
)
@click.option("--op", "ops", multiple=True, metavar="OP", help="Compare only this op; repeatable.")
@json_option
@quiet_option
def command(
    indexes: tuple[str, ...], profiles: tuple[str, ...], ops: tuple[str, ...], as_json: bool, quiet: bool
) -> int:
    """Show what changes from BEFORE to AFTER, or between two profiles of one of them.

    Each is a release whose index is shipped, an index file, or the folder of a checkout, which is scanned. Counts
    come first; then the ops, kernels, op definitions, kernel files, kernel classes and build lists that differ. The
    exit code is 0 whether or not there are differences.
    """
    if len(indexes) > 2 or len(profiles) > 2:
        raise click.UsageError("name at most two indexes and two profiles")
    if len(indexes) == 1 and len(profiles) != 2:
        raise click.UsageError("name two indexes, or one and two profiles of it: --profile NAME NAME")
    return diff(indexes, profiles, ops, as_json=as_json, quiet=quiet)


def diff(indexes: Sequence[str], profiles: Sequence[str], ops: Sequence[str], *, as_json: bool, quiet: bool) -> int:
    """Prints the differences and returns the exit code: 1 where an op is known to neither side."""
    from kernel_index.diff import diff_indexes
    from opselect.cli.shared.sources import open_source
    from opselect.usecases.open_kernels import unknown_op

    opened = [open_source(_source(text), quiet=quiet) for text in indexes]
    before, after = opened[0], opened[-1]
    pairs = _pairs(before, after, profiles, quiet=quiet)
    known = {*before.op_names(), *after.op_names()}
    unknown = [op for op in dict.fromkeys(ops) if op not in known]
    for op in unknown:
        print_line(unknown_op(op, after), err=True)
    if unknown:
        return NO
    with ConsoleWatch(quiet=quiet):
        found = diff_indexes(before, after, pairs, ops)
    doubts = list(dict.fromkeys(doubt for index in opened for doubt in _doubts(index, frozenset(ops))))
    if as_json:
        from opselect.cli.index.diff_json import diff_json

        print_json(diff_json(found) | {"not_known": doubts})
    else:
        from opselect.cli.index.diff_text import print_diff

        print_diff(found, in_full=bool(ops))
        if doubts:
            click.echo()
            print_line("not known, so that it may be no difference")
        for doubt in doubts:
            print_line(f"  {doubt}")
    return DONE


def _doubts(index: KernelIndex, ops: frozenset[str]) -> Iterator[str]:
    """What an index that was made of libraries does not know of the ops that are compared, all without any."""
    from kernel_index.records import UNSURE

    for each in index.diagnostics:
        if each.lost is not None and each.lost.what == UNSURE and (not ops or each.lost.op in ops):
            yield f"TensorFlow {index.release}: {each}"


def _source(text: str) -> KernelSource:
    """As for the other commands, and a folder is a checkout; a bare version number is always a release."""
    if Path(text).is_dir() and (_RELEASE.match(text) is None or "/" in text):
        return KernelSource(tree=Path(text))
    return release_or_file(text)


def _pairs(before: KernelIndex, after: KernelIndex, profiles: Sequence[str], *, quiet: bool) -> list[ProfilePair]:
    from kernel_index.errors import InputError
    from opselect.usecases.open_kernels import profile_of

    if profiles:
        return [(profile_of(before, profiles[0]), profile_of(after, profiles[-1]))]
    common = [name for name in before.profiles if name in after.profiles]
    if not common:
        raise InputError(
            "profiles",
            "the two indexes have no profile in common",
            f"Name one of each, --profile NAME NAME: {', '.join(before.profiles)}; {', '.join(after.profiles)}.",
        )
    for name in dict.fromkeys((*before.profiles, *after.profiles)):
        if name not in common:
            note(f"not compared: profile {name}, which only one of the two has", quiet=quiet)
    return [(name, name) for name in common]
