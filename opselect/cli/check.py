"""``opselect check``: what is wrong with the mobile build lists of a checkout."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from opselect.cli.shared.build_options import real_build_options
from opselect.cli.shared.console import counted, note, print_json, print_line
from opselect.cli.shared.exit_codes import DONE, NO
from opselect.cli.shared.models import choice_options
from opselect.cli.shared.needs import (
    NeedsCommand,
    needs_options,
    parse_needs,
    reading,
    report_unread,
    unread_code,
)
from opselect.cli.shared.options import (
    FOLDER,
    follow_links_option,
    have_option,
    json_option,
    macro_options,
    no_inserted_option,
    quiet_option,
)
from opselect.usecases.kernel_source import DEFAULT_PROFILE, Macros

if TYPE_CHECKING:
    from opselect.findings import Finding
    from opselect.models.choice import Choice


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
@real_build_options
@choice_options
@no_inserted_option
@click.option("--ignore", multiple=True, metavar="KIND", help="Leave out findings of this kind; may be repeated.")
@have_option
@follow_links_option
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
    follow_links: bool,
    as_json: bool,
    quiet: bool,
) -> int:
    """Find what is wrong with the mobile build lists of a TensorFlow checkout.

    Entries that do not exist or stand there twice, files that BUILD and makefile do not agree about, files that
    nothing needs, and files that are needed and missing. With MODELs also kernels that they need and that the lists
    or the release lack, and files that none of them needs. Exit code 1 if anything is found.
    """
    from opselect.usecases.check_lists import check_checkout

    _check_kinds(ignore)
    needs = None
    if models or kept:
        needs = parse_needs(models, kept, choice, jobs, dask, inserted=not no_inserted)
    elif choice or no_inserted or jobs is not None or dask:
        raise click.UsageError("name the MODEL that these options are about")
    with reading(quiet=quiet) as watch:
        checked = check_checkout(
            tree,
            needs,
            roots=roots,
            profile=profile,
            macros=macros,
            ignore=ignore,
            have=have,
            follow_links=follow_links,
            watch=watch,
        )
    if as_json:
        from opselect.findings.as_json import list_json

        print_json({"findings": [list_json(finding) for finding in checked.findings]})
    else:
        for finding in checked.findings:
            _print(finding)
    note(_summary(checked.findings), quiet=quiet)
    if checked.needed is not None and checked.needed.unread:
        report_unread(checked.needed.unread, checked.needed.models)
        return unread_code(checked.needed.unread)
    return NO if checked.findings else DONE


def _check_kinds(kinds: Sequence[str]) -> None:
    from opselect.build_lists.checking import KINDS
    from opselect.usecases.check_lists import unknown_kind

    for kind in kinds:
        if kind not in KINDS:
            raise click.BadParameter(unknown_kind(kind), param_hint="--ignore")


def _print(finding: Finding) -> None:
    """A finding as compilers print theirs, so that an editor can jump to the line; what to do stands below."""
    place = f"{finding.place}: " if finding.places else ""
    entry = f"{finding.entry}: " if finding.entry else ""
    print_line(f"{place}{finding.code} {finding.kind}: {entry}{finding.reason}")
    print_line(f"    {finding.advice}")


def _summary(findings: Sequence[Finding]) -> str:
    counts = Counter(finding.kind for finding in findings)
    kinds = ", ".join(f"{counts[kind]} {kind}" for kind in sorted(counts))
    if not findings:
        return "no findings"
    more = f"more about a code: opselect explain {findings[0].code}"
    return f"{counted(len(findings), 'finding')}: {kinds}; {more}"
