"""``opselect requirements``: what models need, whatever a release has."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from opselect.cli.shared.build_options import real_build_options
from opselect.cli.shared.cells import attrs_text, such_as
from opselect.cli.shared.console import counted, print_json, print_line, print_table
from opselect.cli.shared.exit_codes import DONE, NO
from opselect.cli.shared.findings_text import Report, print_report
from opselect.cli.shared.models import choice_options
from opselect.cli.shared.needs import (
    NeedsCommand,
    needs_options,
    parse_needs,
    reading,
    report_unread,
    unread_code,
)
from opselect.cli.shared.options import json_option, no_inserted_option, quiet_option, source_options
from opselect.cli.shared.sources import check_source
from opselect.usecases.kernel_source import DEFAULT_PROFILE, KernelSource

if TYPE_CHECKING:
    from opselect.models.choice import Choice
    from opselect.requirements.collect import Requirement


@click.command(
    "requirements",
    cls=NeedsCommand,
    short_help="List the ops that models need.",
    epilog="""\b
Examples:
  opselect requirements mobilenet.pb --tensorflow 2.14
  opselect requirements mobilenet.pb --tensorflow 2.14 --outputs MobilenetV2/Predictions --json
  opselect requirements saved_model --tensorflow 2.14 --tags serve --signature serving_default --json
  opselect requirements --requirements phone.json watch.json --json
""",
)
@needs_options
@source_options
@click.option(
    "--profile", default=DEFAULT_PROFILE, show_default=True, metavar="NAME", help="The build to say what it leaves out."
)
@real_build_options
@choice_options
@no_inserted_option
@json_option
@quiet_option
def command(
    models: tuple[str, ...],
    release: str | None,
    tree: Path | None,
    index_file: Path | None,
    roots: tuple[Path, ...],
    profile: str,
    choice: Choice,
    no_inserted: bool,
    kept: tuple[str, ...],
    jobs: int | None,
    dask: str,
    as_json: bool,
    quiet: bool,
) -> int:
    """List the ops a MODEL needs, with the attrs that kernels are chosen by and the nodes that ask.

    A MODEL is a GraphDef, a MetaGraphDef or a SavedModel, by path or URL, told apart by content. The TensorFlow that is
    named tells the attrs that matter, fills in their defaults, and says what its runtime makes of the nodes. What its
    mobile builds leave out by default is listed with the reason and with what to do.

    Whether that TensorFlow loads the models at all is judged: where it refuses, that is said with why and what to do,
    and the exit code is 1.

    What --json prints can be kept, and merged later in place of the models. One of several models that cannot be read
    does not stop the rest: it is listed at the end, and the exit code is 1.
    """
    from opselect.models.formats import check_for_tensorflow
    from opselect.usecases.judge_requirements import judge_requirements

    check_for_tensorflow(models)
    source = KernelSource(release, tree, index_file, roots)
    needs = parse_needs(models, kept, choice, jobs, dask, inserted=not no_inserted)
    if needs.paths or source.given:
        check_source(source)
    with reading(quiet=quiet) as watch:
        found = judge_requirements(needs, source, profile, watch)
    if as_json:
        print_json(found.to_json())
    else:
        _print_tables(found.requirements.items)
    left_out = () if as_json else found.criteria
    report = Report(found.release, found.profile, left_out=left_out, verdict=found.verdict, models=needs.only_model)
    print_report(report, err=as_json, quiet=quiet)
    unread = found.needed.unread
    report_unread(unread, found.needed.models)
    refused = found.verdict is not None and found.verdict.refused
    return unread_code(unread) or (NO if refused else DONE)


def _print_tables(items: Sequence[Requirement]) -> None:
    own = [item for item in items if item.origin is None or item.origin.kind == "replaced"]
    ops, nodes = len({item.op for item in own}), sum(item.count for item in own)
    click.echo(f"{counted(ops, 'op')}, {counted(nodes, 'node')}")
    _print_section("", [item for item in own if item.origin is None])
    for kind, title in _SECTIONS.items():
        _print_section(title, [item for item in items if item.origin is not None and item.origin.kind == kind])


_SECTIONS = {
    "replaced": "replaced by the runtime, so that no kernel runs them",
    "added": "added by the runtime",
    "inserted": "may be inserted by the runtime",
}


def _print_section(title: str, items: Sequence[Requirement]) -> None:
    """Tables of requirements; where the runtime decides, one for each reason, which stands above it."""
    if title and items:
        click.echo(f"\n{title}")
    several = any(item.model_count > 1 for item in items)
    headers = ("op", "attrs", "device", *(("models",) if several else ()), "nodes", "such as")
    whys = dict.fromkeys(item.origin.why if item.origin is not None else "" for item in items)
    for why in whys:
        if why:
            print_line(f"  {why}:")
        rows = [
            (
                item.op,
                attrs_text(item.attrs_json()),
                item.device or "any",
                *((str(item.model_count),) if several else ()),
                str(item.count),
                such_as(item.nodes),
            )
            for item in items
            if (item.origin.why if item.origin is not None else "") == why
        ]
        print_table(headers, rows, indent=4 if why else 2)
