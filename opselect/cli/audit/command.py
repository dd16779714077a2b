"""``opselect audit``: what is registered in a binary, what each op costs, and what would be saved."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from opselect.cli.shared.console import ConsoleWatch, counted, note, print_data, print_json, warn
from opselect.cli.shared.exit_codes import DONE, NO
from opselect.cli.shared.models import choice_options
from opselect.cli.shared.needs import reading, report_unread, unread_code
from opselect.cli.shared.options import FILE, json_option, quiet_option, source_options
from opselect.cli.shared.page_file import html_option, page_file, write_text
from opselect.cli.shared.usage import WordChoice
from opselect.usecases.kernel_source import KernelSource

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kernel_index.records_json import Json
    from opselect.audit.audited import Audit, By
    from opselect.audit.budget import Budget, OverBudget
    from opselect.models.choice import Choice
    from opselect.usecases.audit import Audited
    from opselect.usecases.audit_models import ModelsAudit
    from opselect.usecases.compare_binaries import Compared

_BYS = ("op", "dtype", "kernel", "file", "section", "symbol")


@click.command(
    "audit",
    short_help="Say what is registered in a binary, and what each op costs.",
    epilog="""\b
Examples:
  opselect audit libruntime.so
  opselect audit libruntime.so --registrations --json
  opselect audit libruntime.so --by file --top 5
  opselect audit libruntime.so --model relu.pbtxt
  opselect audit libruntime.so --budget budget.yaml --csv -
  opselect audit --diff libwhole.so libruntime.so
  opselect audit libruntime.so --model relu.pbtxt --html page.html
""",
)
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.UNPROCESSED)
@click.option("--registrations", is_flag=True, help="List the kernels that are registered, and nothing else.")
@click.option("--definitions", is_flag=True, help="List the op definitions that are compiled in, and nothing else.")
@click.option(
    "--by", type=WordChoice(_BYS), default="op", show_default=True, help="What the rows of bytes are told apart by."
)
@click.option(
    "--top", type=click.IntRange(min=0), default=20, show_default=True, metavar="N", help="How many rows a table has."
)
@click.option("--csv", "csv_file", metavar="FILE", help="Write all rows to a file, or with - to stdout.")
@html_option
@click.option("--model", "models", multiple=True, metavar="MODEL", help="A model that is to run on it; repeatable.")
@choice_options
@click.option("--diff", "old", metavar="OLD", help="An older build: what was added, grew and is gone since.")
@click.option(
    "--header",
    "headers",
    multiple=True,
    type=FILE,
    metavar="FILE",
    help="With --diff: the ops_to_register.h of the new build.",
)
@click.option(
    "--lists",
    multiple=True,
    type=FILE,
    metavar="FILE",
    help="With --diff: the manifest or list of files of the new build.",
)
@click.option(
    "--budget", "budget_file", type=FILE, metavar="FILE", help="A YAML file of sizes that must not be exceeded."
)
@click.option(
    "--abi", default="", metavar="ABI", help="Of a package: for which processor (arm64-v8a, armeabi-v7a, x86_64, x86)."
)
@click.option(
    "--map",
    "map_file",
    type=FILE,
    metavar="FILE",
    help="The map that the linker wrote (-Wl,-Map=FILE): it names source files.",
)
@click.option(
    "--debug-file", type=FILE, metavar="FILE", help="The debug information or unstripped library of the same build."
)
@source_options
@click.option(
    "--profile", default="", metavar="NAME", help="With --model: the build profile.  [default: the one that fits best]"
)
@json_option
@quiet_option
def command(
    files: tuple[str, ...],
    registrations: bool,
    definitions: bool,
    by: str,
    top: int,
    csv_file: str | None,
    html_file: str | None,
    models: tuple[str, ...],
    choice: Choice,
    old: str | None,
    headers: tuple[Path, ...],
    lists: tuple[Path, ...],
    budget_file: Path | None,
    abi: str,
    map_file: Path | None,
    debug_file: Path | None,
    release: str | None,
    tree: Path | None,
    index_file: Path | None,
    roots: tuple[Path, ...],
    profile: str,
    as_json: bool,
    quiet: bool,
) -> int:
    """Say which kernels and ops are registered in FILEs, what each costs, and what would go without it.

    A FILE is a shared library, a program, an object or an archive of them, or a package with one (.aar, .apk, .whl,
    .framework), stripped or not. Several FILEs work together, a library and the framework library that it needs. With
    --model it is said what the models need, what is missing and what none of them uses; with --diff what became of an
    older build, and why it is no smaller; with --budget whether it is larger than it may be. Exit code 1 where the
    answer to one of these is no; what should not ship otherwise is only reported. --html has all of it on a page to
    look at.

    "Own bytes" carry the op's name: each byte of the file is in one row at most. "Would go" is by how much the file
    would be smaller without the kernels of the row, with all that nothing else needs. docs/audit.md has an example.
    """
    from opselect.usecases.audit import AuditQuestion, audit
    from opselect.usecases.read_requirements import ModelSet
    from opselect.usecases.watch import RecordingWatch

    if registrations and definitions:
        raise click.UsageError("--registrations and --definitions exclude each other")
    if (registrations or definitions) and (models or old or budget_file or csv_file or html_file):
        raise click.UsageError("--registrations and --definitions list what is there, and answer nothing else")
    if (headers or lists) and old is None:
        raise click.UsageError("--header and --lists are for --diff")
    if (choice or profile) and not models:
        raise click.UsageError("--tags, --signature, --inputs, --outputs and --profile are for --model")
    if as_json and csv_file == "-":
        raise click.UsageError("--json and --csv - both write to stdout")
    if csv_file == html_file == "-":
        raise click.UsageError("--csv - and --html - both write to stdout")
    named = [*files, *models, old, *headers, *lists, budget_file, map_file, debug_file, index_file]
    if csv_file is not None and any(path is not None and _is_same_file(csv_file, str(path)) for path in named):
        raise click.UsageError(f"--csv {csv_file} would write over what is read")
    page = page_file(html_file, named, outputs=[csv_file], as_json=as_json)
    budget = _budget(budget_file, has_old=old is not None)
    source = KernelSource(release, tree, index_file, roots)
    costs = not (registrations or definitions)
    question = AuditQuestion(files, abi, map_file, debug_file, source, costs)
    asked = ModelSet(models, choice=choice)
    needs: ModelsAudit | None = None
    compared: Compared | None = None
    older: Audited | None = None
    rows_by = cast("By", by)
    with reading(quiet=quiet) as shown:
        watch = RecordingWatch(shown)
        audited = audit(question, watch)
        if models:
            from opselect.usecases.audit_models import audit_models

            needs = audit_models(audited, asked, profile, watch)
        if old is not None:
            from opselect.usecases.compare_binaries import compare

            older = audit(AuditQuestion((old,), abi, source=source), watch)
            compared = compare(older, audited, tuple(map(str, headers)), tuple(map(str, lists)), watch)
        if costs:
            # Rows are counted when they are asked for first, which takes long: while somebody is shown that it does.
            if compared is None or as_json or csv_file is not None:
                audited.audit.rows(rows_by)
            if page is not None or as_json:
                audited.audit.rows("op")
        exceeded = _exceeded(budget, audited.audit, older.audit if older is not None else None, quiet=quiet)
    if not costs:
        return _list(audited, definitions=definitions, as_json=as_json, quiet=quiet)
    if as_json:
        print_json(_document(audited, rows_by, needs, compared, exceeded, has_budget=budget is not None))
    elif csv_file == "-":
        print_data(_csv(audited.audit, rows_by))
    elif page is None or not page.on_stdout:
        from opselect.cli.audit.text import print_audit, print_difference, print_models, print_over_budget

        if compared is None:
            print_audit(audited, rows_by, top, needs, quiet=quiet)
        else:
            print_difference(compared, top)
        if needs is not None:
            print_models(needs, audited.audit, models, top, quiet=quiet)
        if budget is not None:
            print_over_budget(budget, exceeded)
    if csv_file is not None and csv_file != "-":
        write_text(csv_file, _csv(audited.audit, rows_by), quiet=quiet)
    if page is not None:
        from opselect.report.of_audit import AuditAnswer, audit_document
        from opselect.usecases.model_origins import model_origins

        origins = model_origins([asked], needs.unread) if needs is not None else ()
        answer = AuditAnswer(audited, needs, compared, budget, exceeded, origins, watch.warnings)
        with ConsoleWatch(quiet=quiet):
            document = audit_document(answer)
        page.write(document, quiet=quiet)
    if needs is None:
        _note_undecoded(audited.audit, quiet=quiet)
    code = DONE
    if needs is not None:
        report_unread(needs.unread, needs.models)
        code = unread_code(needs.unread) or (DONE if needs.ok else NO)
    failed = bool(exceeded) or (compared is not None and compared.difference.failed)
    return code or (NO if failed else DONE)


def _budget(path: Path | None, *, has_old: bool) -> Budget | None:
    if path is None:
        return None
    from opselect.audit.budget import read_budget

    budget = read_budget(str(path))
    if budget.is_of_growth and not has_old:
        raise click.UsageError(f"{path} limits growth: name the older build with --diff OLD")
    return budget


def _exceeded(budget: Budget | None, audit: Audit, old: Audit | None, *, quiet: bool) -> tuple[OverBudget, ...]:
    if budget is None:
        return ()
    from opselect.audit.budget import over_budget, unknown_ops

    for sentence in unknown_ops(budget, audit):
        warn(sentence, quiet=quiet)
    return tuple(over_budget(budget, audit, old))


def _document(
    audited: Audited,
    by: By,
    needs: ModelsAudit | None,
    compared: Compared | None,
    exceeded: Sequence[OverBudget],
    *,
    has_budget: bool,
) -> Json:
    from opselect.usecases.audit_json import audit_json, diff_json, over_budget_json

    document = audit_json(audited, by, needs)
    if compared is not None:
        document["diff"] = diff_json(compared)
    if has_budget:
        document["over_budget"] = [over_budget_json(each) for each in exceeded]
    return document


def _list(audited: Audited, *, definitions: bool, as_json: bool, quiet: bool) -> int:
    """Lists kernels or op definitions, as JSON a line each."""
    from opselect.cli.audit.text import print_definitions, print_registrations
    from opselect.usecases.audit_json import definition_json, kernel_json

    audit = audited.audit
    if as_json:
        parts = [each.registrations for each in audit.binaries]
        rows = (
            (definition_json(each) for part in parts for each in part.definitions)
            if definitions
            else (kernel_json(each) for part in parts for each in part.kernels)
        )
        for line in sorted(json.dumps(row) for row in rows):
            sys.stdout.write(line + "\n")
    elif definitions:
        print_definitions(audit)
    else:
        print_registrations(audit)
    _note_undecoded(audit, quiet=quiet)
    return DONE


def _note_undecoded(audit: Audit, *, quiet: bool) -> None:
    """Counts on stderr what could not be decoded, and names it."""
    undecoded = [(each.name, one) for each in audit.binaries for one in each.registrations.undecoded]
    if not undecoded:
        return
    from opselect.binaries.names import readable

    warn(f"{counted(len(undecoded), 'registration')} could not be decoded:", quiet=quiet)
    for name, one in undecoded:
        what = one.kernel_class or readable(one.function_name) or "a call"
        where = f"{one.file}, " if one.file else ""
        note(f"  {name}: {what} ({where}address {one.place:#x}): {one.reason}", quiet=quiet)


def _csv(audit: Audit, by: By) -> str:
    """All rows, with a line of headers."""
    import csv
    import io

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([by, "kernels", "own_bytes", "retained_bytes", "files"])
    for row in audit.rows(by):
        retained = "" if row.retained_bytes is None else row.retained_bytes
        writer.writerow([row.name, row.kernels, row.own_bytes, retained, ";".join(row.files)])
    return text.getvalue()


def _is_same_file(path: str, other: str) -> bool:
    try:
        return Path(path).samefile(other)
    except (OSError, ValueError):
        return False
