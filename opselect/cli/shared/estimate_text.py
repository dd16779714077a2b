"""The expected size of a build's sources, as the commands say it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from opselect.cli.shared.console import byte_size, counted, note

if TYPE_CHECKING:
    from opselect.estimates import SizeEstimate

_MOST_NAMED = 5


def print_estimate(
    found: SizeEstimate | None,
    *,
    without: str = "the base library",
    kernel_files_only: bool = False,
    quiet: bool,
) -> None:
    """One line with the size, its band and what it is of, and lines for what makes it unsure, on stderr.

    ``without`` is what it leaves out. With ``kernel_files_only`` other files that a build needs are in no number, and
    that is said.
    """
    if found is None or quiet or not (found.files or found.unknown):
        return
    made = found.compiled_as
    flags = made.flags.partition(" ")[0]
    cases = f"in {round(found.confidence * 10)} of 10 cases"
    note(
        f"Expected size{' of the kernel files' if kernel_files_only else ''}: {byte_size(found.bytes)} of object code "
        f"({byte_size(found.low)} to {byte_size(found.high)} {cases}; "
        f"{made.compiler}, {made.architecture}, {flags}, {made.profile}; before linking, without {without})"
    )
    unsure = Counter(each.basis for each in found.files)
    if len(unsure) > 1 or (unsure and next(iter(unsure)).name != "MEASURED"):
        known = sorted(unsure, key=list(type(next(iter(unsure)))).index)
        note("  " + ", ".join(f"{counted(unsure[basis], 'file')} {basis.value}" for basis in known))
    if found.unknown:
        named = ", ".join(found.unknown[:_MOST_NAMED])
        more = f" and {len(found.unknown) - _MOST_NAMED:,} more" if len(found.unknown) > _MOST_NAMED else ""
        note(f"  in no number, for nothing is known of them: {named}{more}")
