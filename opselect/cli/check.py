"""``opselect check``: what is wrong with the mobile build lists of a checkout."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from opselect.cli.shared.console import counted, note, print_json
from opselect.cli.shared.exit_codes import DONE, NO, UNUSABLE
from opselect.cli.shared.models import choice_options
from opselect.cli.shared.needs import Needed, Needs, NeedsCommand, needs_options, parse_needs, read_needs, report_unread
from opselect.cli.shared.options import (
    DEFAULT_PROFILE,
    FOLDER,
    Macros,
    Source,
    have_option,
    json_option,
    macro_options,
    no_inserted_option,
    quiet_option,
)

if TYPE_CHECKING:
    from kernel_index.index import KernelIndex
    from opselect.findings import Finding
    from opselect.models.choice import Choice


@dataclass(frozen=True, slots=True)
class Request:
    """Everything that a command line of ``check`` asks for; ``needs`` is None where no model is named."""

    tree: Path
    roots: tuple[Path, ...]
    needs: Needs | None
    profile: str
    macros: Macros
    inserted: bool
    ignore: tuple[str, ...]
    have: frozenset[str]
    as_json: bool
    quiet: bool


@click.command(
    "check",
    cls=NeedsCommand,
    short_help="Find what is wrong with the build lists of a checkout.",
    epilog="""\b
Examples:
  opselect check --tree tensorflow
  opselect check mobilenet.pb --tree tensorflow --profile android-slim
  opselect check --tree tensorflow --ignore unneeded --ignore drift --json
""",
)
@needs_options
@click.option("--tree", required=True, type=FOLDER, metavar="PATH", help="The TensorFlow checkout to look at.")
@click.option("--root", "roots", multiple=True, type=FOLDER, metavar="DIR", help="Add kernels of this folder.")
@click.option(
    "--profile", default=DEFAULT_PROFILE, show_default=True, metavar="NAME", help="The build that the lists are for."
)
@macro_options
@choice_options
@no_inserted_option
@click.option("--ignore", multiple=True, metavar="KIND", help="Leave out findings of this kind; may be repeated.")
@have_option
@json_option
@quiet_option
def command(
    models: tuple[str, ...],
    kept: tuple[str, ...],
    jobs: int | None,
    dask: str,
    tree: Path,
    roots: tuple[Path, ...],
    profile: str,
    macros: Macros,
    choice: Choice,
    no_inserted: bool,
    ignore: tuple[str, ...],
    have: frozenset[str],
    as_json: bool,
    quiet: bool,
) -> int:
    """Find what is wrong with the mobile build lists of a TensorFlow checkout.

    Entries that do not exist or stand there twice, files that BUILD and makefile do not agree about, files that
    nothing needs, and files that are needed and missing. With MODELs also kernels that they need and that the lists
    or the release lack, and files that none of them needs. Exit code 1 if anything is found.
    """
    _check_kinds(ignore)
    needs = None
    if models or kept:
        needs = parse_needs(models, kept, choice, jobs, dask)
    elif choice or no_inserted or jobs is not None or dask:
        raise click.UsageError("name the MODEL that these options are about")
    return check(Request(tree, roots, needs, profile, macros, not no_inserted, ignore, have, as_json, quiet))


def _check_kinds(kinds: Sequence[str]) -> None:
    from opselect.build_lists.checking import KINDS
    from opselect.cli.shared.console import near

    for kind in kinds:
        if kind not in KINDS:
            close = near(kind, tuple(KINDS))
            meant = f"; did you mean {' or '.join(close)}?" if close else ""
            raise click.BadParameter(
                f"there is no kind {kind!r}{meant} The kinds are {', '.join(KINDS)}.", param_hint="--ignore"
            )


def check(request: Request) -> int:
    """Prints the findings and returns the exit code. Raises InputError for what cannot be read."""
    from opselect.build_lists.checking import check_lists
    from opselect.cli.shared.sources import build_profile, open_source, profile_of
    from opselect.usecases.judging import judge

    quiet = request.quiet
    source = Source(tree=request.tree, roots=request.roots)
    index = open_source(source, macros=request.macros, profile=request.profile, quiet=quiet, lists=False)
    profile = profile_of(index, request.profile, request.macros)
    needed = _needed(request, index)
    if needed is not None and needed.code == UNUSABLE:
        report_unread(needed)
        return UNUSABLE
    selection = None
    if needed is not None and request.needs is not None:
        models, choice = request.needs.only_model, request.needs.choice
        selection = judge(needed.requirements, index, profile, models, choice, builds=(), have=())
    build = build_profile(index.release, request.profile, request.macros)
    findings = check_lists(request.tree, index, build, selection, request.ignore, request.have)
    if request.as_json:
        from opselect.findings.as_json import list_json

        print_json({"findings": [list_json(finding) for finding in findings]})
    else:
        for finding in findings:
            click.echo(_shown(finding))
    note(_summary(findings), quiet=quiet)
    if needed is not None and needed.code:
        report_unread(needed)
        return needed.code
    return NO if findings else DONE


def _needed(request: Request, index: KernelIndex) -> Needed | None:
    if request.needs is None:
        return None
    return read_needs(request.needs, index, inserted=request.inserted, quiet=request.quiet)


def _shown(finding: Finding) -> str:
    """A finding as compilers print theirs, so that an editor can jump to the line; what to do stands below."""
    place = f"{finding.place}: " if finding.places else ""
    entry = f"{finding.entry}: " if finding.entry else ""
    return f"{place}{finding.code} {finding.kind}: {entry}{finding.reason}\n    {finding.advice}"


def _summary(findings: Sequence[Finding]) -> str:
    counts = Counter(finding.kind for finding in findings)
    kinds = ", ".join(f"{counts[kind]} {kind}" for kind in sorted(counts))
    if not findings:
        return "no findings"
    more = f"more about a code: opselect explain {findings[0].code}"
    return f"{counted(len(findings), 'finding')}: {kinds}; {more}"
