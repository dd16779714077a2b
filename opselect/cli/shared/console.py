"""What the commands print: results on stdout, everything about the work on stderr."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import final

import click

WIDTH = 100
"""What is laid out by hand fits a window of this many columns."""

Progress = Callable[[int, int], None]
"""Called with the number of files done and of all."""


def print_json(document: object) -> None:
    """A JSON document on stdout, indented, in ASCII: names in models need not be valid UTF-8."""
    click.echo(json.dumps(document, indent=2))


def warn(message: str, *, quiet: bool = False) -> None:
    """A line on stderr about something that does not stop the work."""
    if not quiet:
        click.echo(f"warning: {message}", err=True)


def note(message: str, *, quiet: bool = False) -> None:
    """A line on stderr that says what was done."""
    if not quiet:
        click.echo(message, err=True)


def print_table(headers: Sequence[str], rows: Sequence[Sequence[str]], *, indent: int = 0) -> None:
    """A table: fitted to the window and coloured on a terminal, aligned text with one line a row elsewhere."""
    if sys.stdout.isatty():
        _draw_table(headers, rows, indent)
        return
    lines = [[" ".join(cell.split()) for cell in row] for row in (headers, *rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        text = "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        click.echo(" " * indent + text.rstrip())


def print_section(title: str, headers: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table under its title; ``none`` after the title where it has no rows."""
    click.echo(title if rows else f"{title}: none")
    if rows:
        print_table(headers, rows, indent=2)


def _draw_table(headers: Sequence[str], rows: Sequence[Sequence[str]], indent: int) -> None:
    from rich import box
    from rich.console import Console
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold cyan")
    for position, header in enumerate(headers):
        # The first column is what people copy: it wraps last.
        table.add_column(header, overflow="fold", no_wrap=position == 0)
    for row in rows:
        table.add_row(*map(Text, row))
    Console(file=sys.stdout, highlight=False).print(Padding(table, (0, 0, 0, indent)))


@contextlib.contextmanager
def progress_bar(label: str, *, quiet: bool) -> Iterator[Progress | None]:
    """A progress bar on stderr while the block runs; None where nobody would see it."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Bar(*columns, console=Console(file=sys.stderr), transient=True) as bar:
        task = bar.add_task(label, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


@final
class ConsoleWatch:
    """Shows the user how work goes on: a progress bar where somebody sees it, warnings and notes as lines on stderr.

    A context manager that takes the bar away when it is left.
    """

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._task = ""
        self._bar: Progress | None = None
        self._shown = contextlib.ExitStack()

    def progress(self, task: str, done: int, total: int) -> None:
        if task != self._task:
            self._shown.close()
            self._task, self._bar = task, self._shown.enter_context(progress_bar(task, quiet=self._quiet))
        if self._bar is not None:
            self._bar(done, total)
        if done == total:
            self._shown.close()
            self._task, self._bar = "", None

    def warning(self, sentence: str) -> None:
        warn(sentence, quiet=self._quiet)

    def note(self, sentence: str) -> None:
        note(sentence, quiet=self._quiet)

    def __enter__(self) -> ConsoleWatch:
        return self

    def __exit__(self, *_: object) -> None:
        self._shown.close()


def wrapped(text: str, indent: int = 2) -> str:
    """Text broken between words at :data:`WIDTH`; its further lines are indented more."""
    import textwrap

    deeper = " " * (indent + 4)
    fill = textwrap.TextWrapper(WIDTH, " " * indent, deeper, break_long_words=False, break_on_hyphens=False)
    return fill.fill(text)


def counted(count: int, noun: str) -> str:
    """``1 file``, ``2 files``."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def byte_size(count: int) -> str:
    """``999 bytes``, ``1.2 kB``, ``553.4 MB``: three digits or four, steps of a thousand."""
    if count < 1000:
        return counted(count, "byte")
    size = float(count)
    for unit in ("kB", "MB", "GB", "TB"):
        size /= 1000
        if size < 999.95 or unit == "TB":
            break
    return f"{size:.1f} {unit}"
