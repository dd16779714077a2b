"""What the commands print: results on stdout, everything about the work on stderr."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, TextIO, final

import click

from kernel_index.shown import one_line, shortened, visible
from opselect.cli.shared.screen import Screen, beneath, screens

if TYPE_CHECKING:
    from rich.console import Console

WIDTH = 100
"""What is laid out by hand fits a window of this many columns."""

MAX_PADDED = 60
"""Characters up to which a cell widens its column; a longer one reaches into the next."""

MAX_COMMAND = 10_000
"""Characters of a command line that is printed to be copied."""

Progress = Callable[[int, int], None]
"""Called with the number of files done and of all."""


def print_json(document: object) -> None:
    """A JSON document on stdout, indented, in ASCII: names in models need not be valid UTF-8."""
    click.echo(json.dumps(document, indent=2))


def print_data(text: str) -> None:
    """Text on stdout that programs read, a patch say: byte for byte, save on a terminal."""
    if isinstance(sys.stdout, Screen) and not sys.stdout.isatty():
        sys.stdout.write_bytes(text.encode("utf-8", "surrogateescape"))
    else:
        click.echo(text, nl=False)


def print_line(text: str, *, err: bool = False) -> None:
    """A sentence on one line of stdout, or of stderr: line feeds in names break none, and what is overlong is cut."""
    click.echo(shortened(_unbroken(text)), err=err)


def print_command(command: str) -> None:
    """A command to copy, below the line that says what it does."""
    print_whole_line(f"  {command}")


def print_whole_line(text: str, *, err: bool = False) -> None:
    """A line of which all counts, a command say: cut only where it is too long for anybody to copy."""
    click.echo(shortened(_unbroken(text), MAX_COMMAND, MAX_COMMAND), err=err)


def warn(message: str, *, quiet: bool = False) -> None:
    """A line on stderr about something that does not stop the work."""
    if not quiet:
        print_line(f"warning: {message}", err=True)


def note(message: str, *, quiet: bool = False) -> None:
    """A line on stderr that says what was done."""
    if not quiet:
        print_line(message, err=True)


def _unbroken(text: str) -> str:
    return text.replace("\n", "\\n")


def print_table(headers: Sequence[str], rows: Sequence[Sequence[str]], *, indent: int = 0) -> None:
    """A table: fitted to the window and coloured on a terminal, aligned text with one line a row elsewhere.

    An overlong cell is cut in the middle, and says how long it was.
    """
    if sys.stdout.isatty():
        _draw_table(headers, rows, indent)
        return
    lines = [[shortened(one_line(cell)) for cell in row] for row in (headers, *rows)]
    widths = [max(min(len(cell), MAX_PADDED) for cell in column) for column in zip(*lines, strict=True)]
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
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    console = _drawing(sys.stdout)
    shown = [[shortened(visible(cell)) for cell in row] for row in rows]
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold cyan")
    for position, header in enumerate(headers):
        # The first column is what people copy: it wraps last, where it alone is wider than half of the window.
        longest = max((len(row[position]) for row in shown), default=0)
        table.add_column(header, overflow="fold", no_wrap=position == 0 and longest <= console.width // 2)
    for row in shown:
        table.add_row(*map(Text, row))
    console.print(Padding(table, (0, 0, 0, indent)))


def _drawing(stream: TextIO) -> Console:
    """What draws on a terminal: in colours unless ``NO_COLOR`` is set or the terminal has none."""
    from rich.console import Console

    plain = bool(os.environ.get("NO_COLOR")) or is_dumb()
    return Console(file=beneath(stream), highlight=False, color_system=None if plain else "auto")


def is_dumb() -> bool:
    """Whether the terminal knows no escape codes."""
    return os.environ.get("TERM", "").lower() in ("dumb", "unknown")


def _is_watched(quiet: bool) -> bool:
    """Whether somebody would see how the work goes on."""
    return not quiet and sys.stderr.isatty() and not is_dumb()


@contextlib.contextmanager
def progress_bar(label: str, *, quiet: bool, counted_parts: bool = True) -> Iterator[Progress | None]:
    """A progress bar on stderr while the block runs; None where nobody would see it.

    Without ``counted_parts`` it says only how long the work has taken so far.
    """
    if not _is_watched(quiet):
        yield None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    parts = [MofNCompleteColumn()] if counted_parts else []
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), *parts, TimeElapsedColumn())
    # While the bar is there, rich puts streams of its own before stderr, and before stdout where that is a terminal,
    # which keep it below what is printed: before these stand screens again. A file gets what is printed to it.
    drawn = Bar(*columns, console=_drawing(sys.stderr), transient=True, redirect_stdout=sys.stdout.isatty())
    with drawn as bar, screens():
        task = bar.add_task(visible(label), total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


_WORKING = "Working"
_PATIENCE = 1.0
"""Seconds after which somebody who is told nothing wonders whether anything goes on."""


@final
class ConsoleWatch:
    """Shows the user how work goes on: a progress bar where somebody sees it, warnings and notes as lines on stderr.

    Work that tells of no progress for a second is shown as such, unless it is ``waiting`` for the user or for others. A
    context manager that takes the bar away when it is left.
    """

    def __init__(self, *, quiet: bool, waiting: bool = False) -> None:
        self._quiet = quiet
        self._watched = _is_watched(quiet) and not waiting
        self._task = ""
        self._bar: Progress | None = None
        self._shown = contextlib.ExitStack()
        # The bar of work that tells nothing is drawn by the thread of a timer.
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None

    def progress(self, task: str, done: int, total: int) -> None:
        with self._lock:
            if task != self._task:
                self._close()
                self._task, self._bar = task, self._shown.enter_context(progress_bar(task, quiet=self._quiet))
            if self._bar is not None:
                self._bar(done, total)
            if done == total:
                self._close()
                self._wait()

    def warning(self, sentence: str) -> None:
        warn(sentence, quiet=self._quiet)

    def note(self, sentence: str) -> None:
        note(sentence, quiet=self._quiet)

    def _wait(self) -> None:
        """Has something shown after a while in which nothing is told."""
        if self._watched:
            self._timer = threading.Timer(_PATIENCE, self._show_work)
            self._timer.daemon = True
            self._timer.start()

    def _show_work(self) -> None:
        with self._lock:
            if self._timer is threading.current_thread() and not self._task:
                self._task = _WORKING
                self._shown.enter_context(progress_bar(_WORKING, quiet=self._quiet, counted_parts=False))

    def _close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._shown.close()
        self._task, self._bar = "", None

    def __enter__(self) -> ConsoleWatch:
        self._wait()
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._close()


def wrapped(text: str, indent: int = 2) -> str:
    """Text broken between words at :data:`WIDTH`; its further lines are indented more."""
    import textwrap

    deeper = " " * (indent + 4)
    fill = textwrap.TextWrapper(WIDTH, " " * indent, deeper, break_long_words=False, break_on_hyphens=False)
    return fill.fill(visible(text))


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
