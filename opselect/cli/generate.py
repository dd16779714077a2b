"""``opselect generate``: models in, the build lists of a TensorFlow release out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from opselect.cli.shared.console import counted, note, print_json, warn
from opselect.cli.shared.exit_codes import UNUSABLE
from opselect.cli.shared.models import choice_options
from opselect.cli.shared.needs import NeedsCommand, needs_options, parse_needs
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
    source_options,
)
from opselect.cli.shared.selecting import Question, answer, report

if TYPE_CHECKING:
    from kernel_index.index import KernelIndex
    from opselect.build_lists import Mode
    from opselect.models.choice import Choice
    from opselect.selection.select import Selection

TARGETS = ("bazel", "makefile", "cmake", "list", "manifest")
"""``opselect.build_lists.TARGETS``, which is not imported before there is something to write."""


@dataclass(frozen=True, slots=True)
class Request:
    """Everything that a command line of ``generate`` asks for."""

    question: Question
    targets: tuple[str, ...]
    out: Path | None
    mode: Mode
    keep_core: bool
    template_dir: Path | None
    as_json: bool


@click.command(
    "generate",
    cls=NeedsCommand,
    short_help="Write the build lists for models.",
    epilog="""\b
Examples:
  opselect generate mobilenet.pb --tensorflow 2.14 --out build_lists
  opselect generate mobilenet.pb --tensorflow 1.15 --profile android-slim --target makefile --out build_lists
  opselect generate mobilenet.pb --tree tensorflow --mode extend --outputs MobilenetV2/Predictions --out build_lists
  opselect generate mobilenet.pb --tensorflow 2.14 --target cmake --out cmake
  opselect generate mobilenet.pb --tensorflow 2.14 --target manifest --json
  opselect generate --requirements phone.json watch.json --tensorflow 2.14 --out build_lists
""",
)
@needs_options
@source_options
@click.option(
    "--profile", default=DEFAULT_PROFILE, show_default=True, metavar="NAME", help="The build to write the lists for."
)
@macro_options
@choice_options
@no_inserted_option
@click.option(
    "--target",
    "targets",
    multiple=True,
    type=click.Choice(TARGETS),
    help="What to write; repeatable; cmake and list are for builds by other means. Default: manifest, and of bazel and "
    "makefile what the release has lists for.",
)
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), metavar="DIR", help="Where to write it.")
@click.option(
    "--mode",
    type=click.Choice(("trim", "extend")),
    default="trim",
    show_default=True,
    help="Cut every group to what is needed, or add to upstream's lists what they lack.",
)
@click.option("--keep-core", is_flag=True, help="With trim: leave the core group as upstream has it.")
@click.option("--allow-missing", is_flag=True, help="Write the lists even if they cannot give all that is needed.")
@click.option("--template-dir", type=FOLDER, metavar="DIR", help="Templates to use instead of the built-in ones.")
@have_option
@json_option
@quiet_option
def command(
    release: str | None,
    tree: Path | None,
    index_file: Path | None,
    roots: tuple[Path, ...],
    macros: Macros,
    choice: Choice,
    no_inserted: bool,
    models: tuple[str, ...],
    kept: tuple[str, ...],
    jobs: int | None,
    dask: str,
    profile: str,
    targets: tuple[str, ...],
    out: Path | None,
    mode: Mode,
    keep_core: bool,
    allow_missing: bool,
    template_dir: Path | None,
    have: frozenset[str],
    as_json: bool,
    quiet: bool,
) -> int:
    """Write the exact lists of kernel files that a build needs to run the MODELs, for the release's own build files.

    When something cannot be resolved, or the TensorFlow would refuse to load a model, that is said with why and what to
    do, nothing is written, and the exit code is 1; the same when one of several models cannot be read. Ops that
    optimizers of the runtime may insert count too, unless --no-inserted is given, but none is ever missing. With --json
    the manifest is printed on stdout, and --out is not needed.
    """
    return generate(
        Request(
            question=Question(
                needs=parse_needs(models, kept, choice, jobs, dask),
                source=Source(release, tree, index_file, roots),
                profile=profile,
                macros=macros,
                inserted=not no_inserted,
                allow_missing=allow_missing,
                quiet=quiet,
                builds=_judged(targets, profile),
                have=have,
            ),
            targets=targets,
            out=out,
            mode=mode,
            keep_core=keep_core,
            template_dir=template_dir,
            as_json=as_json,
        )
    )


def generate(request: Request) -> int:
    """Does what the request asks, prints what came of it and returns the exit code."""
    _check_destination(request)
    found = answer(request.question)
    if found is None:
        return UNUSABLE
    if found.may_write and request.out is not None:
        _write(request, request.out, found.selection, found.index)
    if request.as_json:
        from opselect.build_lists.manifest import manifest

        print_json(manifest(found.selection, found.index, request.mode, request.keep_core))
    return report(found)


def _judged(targets: tuple[str, ...], profile: str) -> tuple[str, ...] | None:
    """The builds that some targets are for; None for the default ones, which the manifest alone is about, too.

    Bazel's lists are for no desktop.
    """
    if set(targets) <= {"manifest"}:
        return None
    return tuple(t for t in targets if t == "makefile" or (t == "bazel" and profile.partition("+")[0] != "desktop"))


def _check_destination(request: Request) -> None:
    if request.out is not None:
        return
    if not request.as_json:
        raise click.UsageError("say where the lists go: --out DIR, or --json to print the manifest")
    if set(request.targets) - {"manifest"}:
        raise click.UsageError("--json prints the manifest only; for the other targets name a folder: --out DIR")


def _write(request: Request, out: Path, selection: Selection, index: KernelIndex) -> None:
    from opselect.build_lists import TARGETS, render, render_warnings, write_outputs

    lists = index.build_lists
    available = {"bazel": bool(lists.groups), "makefile": bool(lists.makefile), "manifest": True}
    wanted = request.targets or [target for target, there in available.items() if there]
    texts: dict[str, str] = {}
    said: list[str] = []
    for target in TARGETS:
        if target in wanted:
            texts |= render(
                target,
                selection,
                index,
                mode=request.mode,
                keep_core=request.keep_core,
                template_dir=request.template_dir,
                manifest_format="json" if request.as_json else "yaml",
            )
            said += render_warnings(target, selection, index, mode=request.mode, have=request.question.have)
    for warning in dict.fromkeys(said):
        warn(warning, quiet=request.question.quiet)
    changed = {path.name for path in write_outputs(texts, out)}
    kernels = sum(file.role == "kernel" for file in selection.files)
    summary = f"TensorFlow {selection.release}, profile {selection.profile}: {counted(kernels, 'kernel file')}"
    if selection.unresolved:
        summary += f", {counted(len(selection.unresolved), 'missing kernel')} left out"
    if selection.verdict.refused:
        summary += f", {counted(len(selection.verdict.refused), 'refusal')} passed over"
    if selection.unread:
        summary += f", {counted(len(selection.unread), 'unread model')} left out"
    note(summary, quiet=request.question.quiet)
    if selection.not_inserted:
        ops = sorted({absent.op for absent in selection.not_inserted})
        note(
            f"  without kernels for ops that the runtime only may insert: {', '.join(ops)}",
            quiet=request.question.quiet,
        )
    for name in sorted(texts):
        note(f"  {out / name}{'' if name in changed else ' (unchanged)'}", quiet=request.question.quiet)
