"""The page of an answer: the option that asks for it, and how it is written."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from opselect.cli.shared.console import ConsoleWatch, counted, note, print_data

if TYPE_CHECKING:
    from opselect.report.document import Document

html_option = click.option(
    "--html", "html_file", metavar="FILE", help="Write a page to look at, one file, or with - to stdout."
)


@dataclass(frozen=True, slots=True)
class PageFile:
    """Where a page goes; ``folders`` are made for other outputs, and for the page where these are not written."""

    path: str
    folders: frozenset[str] = frozenset()

    @property
    def on_stdout(self) -> bool:
        """Whether it goes to stdout, where nothing else may be then."""
        return self.path == "-"

    def write(self, document: Document, *, quiet: bool) -> None:
        """Writes the page of a document, and says what is not on it. Raises InputError where it cannot be written."""
        from opselect.report.page import made_page

        with ConsoleWatch(quiet=quiet):
            page = made_page(document)
        if page.rows_left_out:
            note(f"{counted(page.rows_left_out, 'row')} of tables left out of the page, for its size", quiet=quiet)
        if self.on_stdout:
            print_data(page.text)
            return
        folder = _folder_of(self.path)
        if str(folder) in self.folders:
            folder.mkdir(parents=True, exist_ok=True)
        write_text(self.path, page.text, quiet=quiet)


def page_file(
    path: str | None,
    read: Iterable[object],
    *,
    outputs: Iterable[object] = (),
    folders: Iterable[Path] = (),
    as_json: bool,
) -> PageFile | None:
    """The file that ``--html`` names, looked at before any work is done; None without.

    Raises InputError where the page would be written over what is ``read``, paths or None each, and where it cannot be
    written; ``folders`` are those that other outputs have made. Raises click.UsageError where it is one of the other
    ``outputs``, or where JSON goes to stdout, too.
    """
    if path is None:
        return None
    if path == "-":
        if as_json:
            raise click.UsageError("--json and --html - both write to stdout")
        return PageFile(path)
    from opselect.models.formats import check_output

    check_output(path, *(str(each) for each in read if each is not None))
    place = os.path.realpath(path)
    for other in outputs:
        if other is not None and os.path.realpath(str(other)) == place:
            raise click.UsageError(f"--html {path} and another output are the same file")
    found = PageFile(path, frozenset(os.path.realpath(folder) for folder in folders))
    _check_folder(found)
    return found


def _check_folder(page: PageFile) -> None:
    """Raises InputError where no file can be there: other outputs would be written before that is seen."""
    folder = _folder_of(page.path)
    problem = ""
    if Path(page.path).is_dir():
        problem = "Is a directory"
    elif not folder.is_dir() and str(folder) not in page.folders:
        problem = "No such file or directory"
    elif folder.is_dir() and not os.access(folder, os.W_OK) and not Path(page.path).exists():
        problem = "Permission denied"
    if problem:
        raise _not_written(page.path, problem)


def _folder_of(path: str) -> Path:
    return Path(os.path.realpath(path)).parent


def write_text(path: str, text: str, *, quiet: bool) -> None:
    """Writes a whole file and says so. Raises InputError where it cannot be written."""
    from kernel_index.whole_files import write_whole

    try:
        write_whole(path, text.encode("utf-8", "surrogateescape"))
    except OSError as error:
        raise _not_written(path, error.strerror or str(error)) from None
    note(f"wrote {path}", quiet=quiet)


def _not_written(path: str, problem: str) -> Exception:
    from kernel_index.errors import InputError

    return InputError(path, f"cannot be written: {problem}", "Choose another place.")
