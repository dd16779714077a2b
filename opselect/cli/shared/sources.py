"""Which TensorFlow a command line names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from opselect.cli.shared.console import ConsoleWatch
from opselect.usecases.kernel_source import NO_MACROS, KernelSource, Macros

if TYPE_CHECKING:
    from kernel_index.index import KernelIndex


def check_source(source: KernelSource, macros: Macros = NO_MACROS) -> None:
    """Raises click.UsageError when not exactly one source is named, or for macros that would be applied to nothing."""
    from kernel_index import shipped

    if source.given != 1:
        known = shipped.releases()
        raise click.UsageError(
            "name one TensorFlow: --tensorflow VERSION, --tree PATH or --index FILE "
            f"(shipped are indexes of {known[0]} to {known[-1]}: opselect index list)"
        )
    if source.tree is None and macros and not source.roots:
        raise click.UsageError(
            "-D and -U need the sources: use --tree PATH or --root DIR, or make an index by 'opselect index scan'"
        )


def open_source(source: KernelSource, *, quiet: bool = False) -> KernelIndex:
    """The index that the options name, for commands that show what is in one.

    Raises click.UsageError as :func:`check_source` does, and InputError for what cannot be read.
    """
    from opselect.usecases.open_kernels import open_kernels

    check_source(source)
    with ConsoleWatch(quiet=quiet) as watch:
        return open_kernels(source, watch=watch)
