"""The page of an answer: the option that asks for it, and how it is written."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from opselect.cli.shared.console import note, print_data

if TYPE_CHECKING:
    from opselect.report.document import Document

html_option = click.option(
    "--html", "html_file", metavar="FILE", help="Write a page to look at, one file, or with - to stdout."
)


def check_page(path: str | None, read: Iterable[object], outputs: Iterable[object] = (), *, as_json: bool) -> None:
    """Raises InputError where the page would be written over what is ``read``, paths or None each.

    Raises click.UsageError where it is one of the other ``outputs``, or where JSON goes to stdout, too.
    """
    if path is None:
        return
    if path == "-":
        if as_json:
            raise click.UsageError("--json and --html - both write to stdout")
        return
    from opselect.models.formats import check_output

    check_output(path, *(str(each) for each in read if each is not None))
    place = os.path.realpath(path)
    for other in outputs:
        if other is not None and os.path.realpath(str(other)) == place:
            raise click.UsageError(f"--html {path} and another output are the same file")


def write_page(path: str, document: Document, *, quiet: bool) -> None:
    """Writes the page of a document. Raises InputError where it cannot be written."""
    from opselect.report.page import page

    text = page(document)
    if path == "-":
        print_data(text)
    else:
        write_text(path, text, quiet=quiet)


def write_text(path: str | Path, text: str, *, quiet: bool) -> None:
    """Writes a whole file and says so. Raises InputError where it cannot be written."""
    from kernel_index.errors import InputError
    from kernel_index.whole_files import write_whole

    try:
        write_whole(path, text.encode("utf-8", "surrogateescape"))
    except OSError as error:
        raise InputError(str(path), f"cannot be written: {error.strerror or error}", "Choose another place.") from None
    note(f"wrote {path}", quiet=quiet)
