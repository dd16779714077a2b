"""``opselect diagnose``: from an error log to the cause and the edit."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from opselect.cli.shared.console import counted, note, print_data, print_json, print_line, print_whole_line
from opselect.cli.shared.exit_codes import DONE, NO
from opselect.cli.shared.models import choice_options
from opselect.cli.shared.needs import parse_needs, reading
from opselect.cli.shared.options import (
    FILE,
    follow_links_option,
    have_option,
    json_option,
    macro_options,
    quiet_option,
    source_options,
)
from opselect.cli.shared.usage import WordChoice
from opselect.usecases.kernel_source import KernelSource, Macros

if TYPE_CHECKING:
    from kernel_index.records_json import Json
    from opselect.findings.mends import Applicability
    from opselect.logs.reader import LogReader
    from opselect.logs.records import LogFailure
    from opselect.models.choice import Choice
    from opselect.usecases.diagnose import Diagnoser, Diagnosis
    from opselect.usecases.fix_build import BuildFix

_STDIN = "-"


@click.command(
    "diagnose",
    short_help="Find the cause of a failure in a log, and the edit that mends it.",
    epilog="""\b
Examples:
  opselect diagnose crash.log
  adb logcat | opselect diagnose --follow
  opselect diagnose crash.log --model mobilenet.pb --tree tensorflow
  opselect diagnose crash.log --model mobilenet.pb --tensorflow 2.14 --header ops_to_register.h
  opselect diagnose build.log --tree tensorflow --fix
  opselect diagnose - --json < crash.log
""",
)
@click.argument("logs", nargs=-1, metavar="[LOG]...")
@click.option("--follow", is_flag=True, help="Read on while the log grows, and say at once what fails.")
@click.option("--model", "models", multiple=True, metavar="MODEL", help="The model that failed; repeatable.")
@choice_options
@click.option(
    "--lists",
    multiple=True,
    metavar="BUILD",
    help="What the build has, as verify --against takes it: 'default', a checkout, a manifest, a list of files.",
)
@click.option("--header", "headers", multiple=True, metavar="FILE", help="The ops_to_register.h of the build.")
@click.option("--binary", type=FILE, metavar="FILE", help="The program or library that wrote the log.")
@click.option("--abi", default="", metavar="ABI", help="The processor whose library that is, of a package.")
@source_options
@click.option("--profile", default="", metavar="NAME", help="The build profile.  [default: what the log tells]")
@click.option("--build", type=WordChoice(("bazel", "makefile")), help="The build whose lists count.")
@macro_options
@have_option
@click.option(
    "--fix",
    is_flag=False,
    flag_value="certain",
    type=WordChoice(("certain", "likely")),
    help="Edit the lists of --tree, or of --lists: what is certain, or with --fix=likely what is likely, too.",
)
@click.option("-v", "--verbose", is_flag=True, help="All causes with all mends, and all failures.")
@follow_links_option
@json_option
@quiet_option
def command(
    logs: tuple[str, ...],
    follow: bool,
    models: tuple[str, ...],
    choice: Choice,
    lists: tuple[str, ...],
    headers: tuple[str, ...],
    binary: Path | None,
    abi: str,
    release: str | None,
    tree: Path | None,
    index_file: Path | None,
    roots: tuple[Path, ...],
    profile: str,
    build: str | None,
    macros: Macros,
    have: frozenset[str],
    fix: str | None,
    verbose: bool,
    follow_links: bool,
    as_json: bool,
    quiet: bool,
) -> int:
    """Find the failures in LOGs (or stdin) that are about missing kernels and ops, their causes, and what mends them.

    Understood are the messages of TensorFlow, TensorFlow Lite, their converters and tools, ONNX Runtime and
    ExecuTorch, of linkers and loaders, behind the prefixes of logcat, Xcode and others, wrapped, cut and mixed.
    Without options causes are what the shipped indexes make likely; --model, --tree, --lists, --header, --binary and
    --tensorflow have them checked, and name all other ops of the model that will fail next. Exit code 1 when the log
    holds no failure that is known.
    """
    from opselect.usecases.diagnose import DiagnoseQuestion, Diagnoser

    if follow and len(logs) > 1:
        raise click.UsageError("--follow is for one log")
    if fix and follow:
        raise click.UsageError("--fix and --follow exclude each other")
    if fix and tree is None and not lists:
        raise click.UsageError("--fix edits the lists of a checkout, or a list: name it with --tree or --lists")
    named = logs or (_STDIN,)
    if not logs and sys.stdin.isatty():
        raise click.UsageError("name a LOG, or - to type or paste one (Ctrl-D ends it)")
    question = DiagnoseQuestion(
        parse_needs(models, (), choice, None, "", inserted=True, named=True),
        KernelSource(release, tree, index_file, roots, follow_links),
        lists,
        headers,
        binary,
        profile,
        macros,
        build or "",
        have,
        abi,
    )
    typed = _STDIN in named and sys.stdin.isatty()
    with reading(quiet=quiet, waiting=follow or typed) as watch:
        diagnoser = Diagnoser(question, watch)
        if follow:
            return _follow(named[0], diagnoser, models, verbose=verbose, as_json=as_json)
        found: list[tuple[str, tuple[Diagnosis, ...]]] = []
        readers: list[tuple[str, LogReader]] = []
        for log in named:
            reader, failures = _read(log)
            readers.append((log, reader))
            found.append((log, diagnoser.diagnose_all(failures)))
        everything = [diagnosis for _, diagnoses in found for diagnosis in diagnoses]
        edit = None
        if fix or tree is not None or any(Path(named).is_file() for named in lists):
            from opselect.usecases.fix_build import fix_build

            trust: Applicability = "certain" if fix == "certain" else "likely"
            edit = fix_build(diagnoser, everything, trust, write=bool(fix), follow_links=follow_links)
    if as_json:
        _print_json(found, edit)
    else:
        _print(found, models, verbose=verbose)
        if edit is not None and edit.files and not edit.written:
            click.echo("The edit that mends what a list mends (--fix=likely makes it):")
            print_data("".join(each.diff() for each in edit.files))
    if edit is not None and fix:
        _note_edit(edit, quiet=quiet)
    if not everything:
        _say_nothing_found(readers, as_json=as_json, quiet=quiet)
    return DONE if any(diagnosis.causes for diagnosis in everything) else NO


def _note_edit(edit: BuildFix, *, quiet: bool) -> None:
    """What was edited, and the causes that no edit of a list mends, or that are not sure enough."""
    if edit.written:
        note(f"edited {counted(len(edit.files), 'file')} (opselect apply --undo restores a checkout's)", quiet=quiet)
        for each in edit.files:
            note(f"  {each.path}", quiet=quiet)
    else:
        note("nothing to edit: no list mends this, or not for certain (--fix=likely edits what is likely)", quiet=quiet)
    for cause in edit.left:
        note(f"left as it is: {cause.code} {cause.op}: {cause.advice}", quiet=quiet)


def _read(log: str) -> tuple[LogReader, Sequence[LogFailure]]:
    """The failures of a whole log. Raises InputError for one that cannot be read."""
    from opselect.logs.blocks import utf8_blocks
    from opselect.logs.joined import joined
    from opselect.logs.reader import LogReader

    reader = LogReader()
    with _opened(log) as stream:
        return reader, joined(reader.failures(utf8_blocks(stream)))


@contextlib.contextmanager
def _opened(log: str) -> Iterator[BinaryIO]:
    from kernel_index.errors import InputError

    try:
        if log == _STDIN:
            # Unbuffered: what is followed is waited for with the descriptor.
            with os.fdopen(os.dup(sys.stdin.fileno()), "rb", buffering=0) as stream:
                yield stream
        else:
            with Path(log).open("rb", buffering=0) as stream:
                yield stream
    except OSError as error:
        raise InputError(
            log, f"cannot be read: {error.strerror or error}", "Name a log, or - for what comes in on stdin."
        ) from None


def _follow(log: str, diagnoser: Diagnoser, models: Sequence[str], *, verbose: bool, as_json: bool) -> int:
    from opselect.logs.follow import follow

    code = NO
    with _opened(log) as stream:
        for failure in follow(stream.fileno()):
            diagnosis = diagnoser.diagnose(failure)
            code = DONE if diagnosis.causes else code
            _print_followed(diagnosis, log, models, verbose=verbose, as_json=as_json)
            sys.stdout.flush()
    return code


def _print_followed(diagnosis: Diagnosis, log: str, models: Sequence[str], *, verbose: bool, as_json: bool) -> None:
    if as_json:
        import json

        from opselect.usecases.diagnosis_json import diagnosis_json

        click.echo(json.dumps(diagnosis_json(diagnosis, log)))
    else:
        _print_one(diagnosis, log, models, verbose=verbose, brief=False)


def _print_json(found: Sequence[tuple[str, tuple[Diagnosis, ...]]], edit: BuildFix | None) -> None:
    from opselect.usecases.diagnosis_json import diagnosis_json

    document: Json = {"failures": [diagnosis_json(each, log) for log, diagnoses in found for each in diagnoses]}
    if edit is not None:
        document["edits"] = [{"path": each.path, "diff": each.diff()} for each in edit.files]
        document["written"] = edit.written
    print_json(document)


def _print(found: Sequence[tuple[str, tuple[Diagnosis, ...]]], models: Sequence[str], *, verbose: bool) -> None:
    from opselect.cli.shared.diagnosis_text import MANY, MOST
    from opselect.logs.kinds import WARNINGS

    for log, diagnoses in found:
        stopping = [each for each in diagnoses if each.failure.kind not in WARNINGS]
        harmless = [each for each in diagnoses if each.failure.kind in WARNINGS] if stopping and not verbose else []
        told = [each for each in diagnoses if each not in harmless]
        shown = told if verbose else told[:MOST]
        for each in shown:
            _print_one(each, log, models, verbose=verbose, brief=len(told) > MANY and not verbose)
        if told[len(shown) :]:
            print_line(f"{log}: {counted(len(told) - len(shown), 'more failure')}; --verbose tells all of them.")
        if harmless:
            print_line(_harmless(log, harmless))
    codes = [each.causes[0].code for _, diagnoses in found for each in diagnoses if each.causes]
    if codes:
        print_line(f"More about a code: opselect explain {codes[0]}")


def _harmless(log: str, diagnoses: Sequence[Diagnosis]) -> str:
    ops = list(dict.fromkeys(each.failure.op for each in diagnoses if each.failure.op))
    named = ", ".join(ops[:5]) + (f" and {counted(len(ops) - 5, 'more op')}" if ops[5:] else "")
    return f"{log}: {counted(len(diagnoses), 'warning')} besides that alone {_stop(diagnoses)} nothing ({named})."


def _stop(diagnoses: Sequence[Diagnosis]) -> str:
    return "stops" if len(diagnoses) == 1 else "stop"


def _print_one(diagnosis: Diagnosis, log: str, models: Sequence[str], *, verbose: bool, brief: bool) -> None:
    from opselect.cli.shared.diagnosis_text import diagnosis_lines
    from opselect.cli.shared.findings_text import width_of

    name = "stdin" if log == _STDIN else log
    for line in diagnosis_lines(diagnosis, name, models, width_of(sys.stdout), verbose=verbose, brief=brief):
        print_whole_line(line)
    click.echo()


def _say_nothing_found(readers: Sequence[tuple[str, LogReader]], *, as_json: bool, quiet: bool) -> None:
    """That no failure is known, and the lines that come nearest to one; on stderr where JSON is on stdout."""
    for log, reader in readers:
        name = "stdin" if log == _STDIN else log
        sentence = f"{name}: no failure that is known in {counted(reader.line_count, 'line')}"
        nearest = reader.nearest
        if as_json:
            note(sentence, quiet=quiet)
            continue
        print_line(f"{sentence}; the nearest lines:" if nearest else f"{sentence}.")
        for number, text in nearest:
            print_line(f"  {number}: {text}")
