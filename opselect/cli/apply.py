"""``opselect apply``: the build lists of a checkout, edited in place."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from opselect.cli.shared.build_options import real_build_options
from opselect.cli.shared.console import counted, note, print_data, print_json
from opselect.cli.shared.estimate_text import print_estimate
from opselect.cli.shared.exit_codes import DONE
from opselect.cli.shared.models import choice_options
from opselect.cli.shared.needs import NeedsCommand, needs_options, parse_needs, reading
from opselect.cli.shared.options import (
    FOLDER,
    follow_links_option,
    have_option,
    json_option,
    macro_options,
    no_inserted_option,
    quiet_option,
)
from opselect.cli.shared.selecting import print_missing, report
from opselect.cli.shared.usage import WordChoice
from opselect.usecases.kernel_source import DEFAULT_PROFILE, KernelSource, Macros

if TYPE_CHECKING:
    from opselect.build_lists.keep_rule import Mode
    from opselect.models.choice import Choice
    from opselect.usecases.edit_checkout import CheckoutEdit


@click.command(
    "apply",
    cls=NeedsCommand,
    short_help="Edit the build lists of a checkout.",
    epilog="""\b
Examples:
  opselect apply mobilenet.pb --tree tensorflow
  opselect apply mobilenet.pb --tree tensorflow --profile android-slim --write
  opselect apply mobilenet.pb --tree tensorflow --mode extend --write
  opselect apply --tree tensorflow --undo
""",
)
@needs_options
@click.option("--tree", required=True, type=FOLDER, metavar="PATH", help="The TensorFlow checkout to edit.")
@click.option("--root", "roots", multiple=True, type=FOLDER, metavar="DIR", help="Add kernels of this folder.")
@click.option(
    "--profile", default=DEFAULT_PROFILE, show_default=True, metavar="NAME", help="The build that the lists are for."
)
@macro_options
@real_build_options
@choice_options
@no_inserted_option
@click.option(
    "--mode",
    type=WordChoice(("trim", "extend")),
    default="trim",
    show_default=True,
    help="Cut every list to what is needed, or add what it lacks.",
)
@click.option("--keep-core", is_flag=True, help="With trim: leave the core group as it is.")
@click.option("--allow-missing", is_flag=True, help="Edit the lists even if they cannot give all that is needed.")
@click.option("--diff", "show_diff", is_flag=True, help="Print what changes as a diff: the default without --write.")
@click.option("--write", is_flag=True, help="Edit the files.")
@click.option("--undo", is_flag=True, help="Restore the files as they were before opselect first edited them.")
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
    mode: Mode,
    keep_core: bool,
    allow_missing: bool,
    show_diff: bool,
    write: bool,
    undo: bool,
    have: frozenset[str],
    follow_links: bool,
    as_json: bool,
    quiet: bool,
) -> int:
    """Make the lists of a TensorFlow checkout say what a build needs to run the MODELs.

    Edited are the mobile filegroups of tensorflow/core/kernels/BUILD and, where there is one, tf_op_files.txt. Only
    entries of lists change, comments go with their entries, and a second run changes nothing. Without --write the edit
    is only shown. A file with changes that are neither committed nor opselect's own is not touched, and neither is one
    behind a symbolic link that leads out of the checkout, but for --follow-links. How large the listed sources will be
    once compiled is said, too (docs/estimates.md).
    """
    if undo:
        if models or kept or write:
            raise click.UsageError("--undo takes nothing but --tree and --follow-links")
        return _undo(tree, follow_links=follow_links, quiet=quiet)
    from opselect.usecases.edit_checkout import apply
    from opselect.usecases.select_kernels import BuildQuestion

    needs = parse_needs(models, kept, choice, jobs, dask, inserted=not no_inserted)
    question = BuildQuestion(
        needs, KernelSource(tree=tree, roots=roots, follow_links=follow_links), profile, macros, have=have
    )
    with reading(quiet=quiet) as watch:
        made = apply(question, tree, mode, keep_core=keep_core, write=write, allow_missing=allow_missing, watch=watch)
    print_missing(made.answer, needs.only_model, quiet=quiet)
    if not made.refused:
        _print_edit(made, show_diff=show_diff or not write, as_json=as_json, quiet=quiet)
    return report(made.answer, allow_missing=allow_missing)


def _print_edit(made: CheckoutEdit, *, show_diff: bool, as_json: bool, quiet: bool) -> None:
    diffs = {edit.path: edit.diff() for edit in made.files}
    if as_json:
        from opselect.usecases.estimate_size import estimate_json

        print_json(
            {
                "written": made.written,
                "files": [{"path": path, "diff": diff} for path, diff in diffs.items()],
                "estimate": estimate_json(made.estimate),
            }
        )
    elif show_diff:
        print_data("".join(diffs.values()))
    if not diffs:
        note("the lists say just this already: nothing to change", quiet=quiet)
    elif made.written:
        note(f"edited {counted(len(diffs), 'file')} (--undo restores them)", quiet=quiet)
        for path in diffs:
            note(f"  {path}", quiet=quiet)
    else:
        note("nothing was written: --write makes this edit", quiet=quiet)
    print_estimate(made.estimate, quiet=quiet)


def _undo(tree: Path, *, follow_links: bool, quiet: bool) -> int:
    from opselect.usecases.edit_checkout import undo_edits

    restored = undo_edits(tree, follow_links=follow_links)
    for path in restored:
        note(f"restored {path}", quiet=quiet)
    if not restored:
        note("no file was edited; what an edit left that was cut short is removed", quiet=quiet)
    return DONE
