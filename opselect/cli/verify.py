"""``opselect verify``: the verdict before shipping."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from opselect.cli.shared.build_options import real_build_options_with_record
from opselect.cli.shared.console import counted, note, print_json, print_line
from opselect.cli.shared.exit_codes import DONE, NO
from opselect.cli.shared.models import choice_options
from opselect.cli.shared.needs import NeedsCommand, needs_options, parse_needs, reading, report_unread, unread_code
from opselect.cli.shared.options import (
    follow_links_option,
    given_text,
    have_option,
    json_option,
    macro_options,
    quiet_option,
    source_options,
)
from opselect.cli.shared.usage import WordChoice
from opselect.usecases.kernel_source import DEFAULT_PROFILE, KernelSource, Macros

if TYPE_CHECKING:
    from opselect.models.choice import Choice
    from opselect.usecases.real_build import BuildRecord
    from opselect.usecases.verify import Verified


@click.command(
    "verify",
    cls=NeedsCommand,
    short_help="Say whether a build runs models, before it is shipped.",
    epilog="""\b
Examples:
  opselect verify mobilenet.pb --against 2.14 --profile android-slim
  opselect verify mobilenet.pb --tensorflow 2.14 --against ops_to_register.h
  opselect verify mobilenet.pb --against tensorflow --json
  opselect verify mobilenet.pb --against 1.15 --profile android-slim --build makefile
  opselect verify mobilenet.pb --against manifest.yaml --against ops_to_register.h --summary
  opselect verify flex.tflite --tensorflow 2.14 --against flex_ops.json --against registration.cc
  opselect verify gelu.tflite --runtime 2.9
  opselect verify relu.pbtxt --against libruntime.so
""",
)
@needs_options
@click.option(
    "--against",
    multiple=True,
    metavar="BUILD",
    help="What the build has: 'default' or a release for its default lists, a checkout, or a file: a manifest, "
    "ops_to_register.h, tf_op_files.txt or another list of paths, an ops list (JSON), *_registration.cc, or the binary "
    "itself (.so, .a, .aar, .apk and others). Several are parts of one build.  [default: default]",
)
@click.option(
    "--runtime",
    default="",
    callback=given_text,
    metavar="VERSION",
    help="Whether the interpreter of this release has the operators of .tflite models: 2.8, or litert-2.2 of LiteRT. A "
    "registration file besides says what of it is there.",
)
@click.option("--abi", default="", metavar="ABI", help="The processor whose library is meant, of a package.")
@source_options
@click.option(
    "--profile",
    metavar="NAME",
    help=f"The build profile.  [default: that of manifest or binary, or {DEFAULT_PROFILE}]",
)
@click.option(
    "--build",
    type=WordChoice(("bazel", "makefile")),
    help="Whose lists are judged. Default: those of the builds that make the profile: both for Android, the makefile's "
    "for ios and raspberry-pi, where there are both (up to 2.0). The verdict names them.",
)
@macro_options
@real_build_options_with_record
@choice_options
@have_option
@click.option("--summary", is_flag=True, help="Print the verdict alone, in one line.")
@follow_links_option
@json_option
@quiet_option
def command(
    models: tuple[str, ...],
    kept: tuple[str, ...],
    jobs: int | None,
    dask: str,
    against: tuple[str, ...],
    runtime: str,
    abi: str,
    release: str | None,
    tree: Path | None,
    index_file: Path | None,
    roots: tuple[Path, ...],
    profile: str | None,
    build: str | None,
    macros: Macros,
    record: BuildRecord | None,
    choice: Choice,
    have: frozenset[str],
    summary: bool,
    follow_links: bool,
    as_json: bool,
    quiet: bool,
) -> int:
    """Say whether a build runs the MODELs: node by node, and each model as a whole.

    What the build has is told by --against: upstream's default lists of a release, a checkout's lists as they stand, a
    manifest, a header, a list of files, an ops list, a registration file of TensorFlow Lite, or the binary itself, in
    which the kernels are read. Found are kernels, ops and types that it lacks, and whatever the release does not load:
    attrs that it does not know, ops that it removed, inputs that do not fit, versions. Exit code 1 when anything would
    fail on the phone.
    """
    from opselect.models.formats import check_for_tensorflow
    from opselect.usecases.described_build import VerifyQuestion
    from opselect.usecases.verify import verify

    check_for_tensorflow(models)
    source = KernelSource(release, tree, index_file, roots, follow_links)
    needs = parse_needs(models, kept, choice, jobs, dask, inserted=True)
    question = VerifyQuestion(needs, against, source, profile or "", macros, build or "", have, abi, runtime, record)
    with reading(quiet=quiet) as watch:
        verified = verify(question, watch)
    if as_json:
        print_json(verified.to_json())
        note(_summary(verified), quiet=quiet)
    else:
        if not summary:
            _print(verified, needs.only_model, quiet=quiet)
        print_line(_summary(verified))
    report_unread(verified.unread, verified.models)
    return unread_code(verified.unread) or (DONE if verified.ok else NO)


def _print(verified: Verified, models: tuple[str, ...], *, quiet: bool) -> None:
    from opselect.cli.shared.findings_text import Report, print_report
    from opselect.findings import code_of
    from opselect.requirements.loading import Verdict

    refused = tuple(each for each in verified.problems if code_of(each.code).family == "3")
    missing = [each for each in verified.problems if each not in refused]
    verdict = Verdict(refused, verified.ignored, verified.unjudged)
    heading = f"{_build(verified)} does not run all of it:"
    report = Report(verified.release, verified.profile, missing, (), verdict, models, heading)
    print_report(report, err=False, quiet=quiet)
    for sentence in verified.notes:
        note(sentence, quiet=quiet)


def _build(verified: Verified) -> str:
    parts = [f"TensorFlow {verified.release}, profile {verified.profile}"] if verified.release else []
    if verified.runtime is not None:
        parts.append(verified.runtime.name)
    lists = f" ({verified.whose_lists})" if verified.whose_lists else ""
    return ", ".join([*(parts or ["TensorFlow Lite"]), *([verified.against + lists] if verified.against else [])])


def _summary(verified: Verified) -> str:
    """The verdict in a line: ``ok``, ``fails`` or ``not known``, what was asked, and problems by code."""
    models = counted(verified.models, "model") if verified.models else "kept requirements"
    asked = f"{models} against {_build(verified)}"
    if verified.ok:
        doubts = f"; {counted(len(verified.unjudged), 'thing')} not judged" if verified.unjudged else ""
        return f"ok: {asked}{doubts}"
    codes = Counter(each.code for each in verified.problems)
    parts = [f"{count} {code}" for code, count in sorted(codes.items())]
    if verified.unread:
        parts.append(f"{len(verified.unread)} unread")
    return f"{verified.verdict}: {asked}: {', '.join(parts)}"
