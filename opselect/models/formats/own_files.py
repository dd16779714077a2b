"""The files that a model is made of, and whether an output would be written over one of them."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

from kernel_index.errors import InputError
from kernel_index.shown import shown_path
from opselect.models.formats.archives.spelling import split_member
from opselect.models.formats.models import SAVED_MODEL_FILES
from opselect.models.storage import is_url

_STATE = "checkpoint"
_OF_A_FOLDER = re.compile(r"saved_model\.pb(txt)?|fingerprint\.pb|keras_metadata\.pb|checkpoint|.*\.(index|meta)")
_PART = r"(\.index|\.meta|\.data-\d+-of-\d+|-\d+-of-\d+)"
"""What the names of a checkpoint's files have after its prefix."""
_FOLDERS = ("variables", "assets", "assets.extra")
_LOCAL = ("file://", "local://")


def check_output(output: str, *models: str) -> None:
    """Raises InputError where the file at ``output`` belongs to a model that is read.

    That is the file of the model by whatever link or name, the archive that it is in, any file of its SavedModel or of
    its checkpoint. ``models`` are paths and URLs, prefixes of checkpoints too; empty ones count for nothing.
    """
    there = _status(output)
    if there is None or not stat.S_ISREG(there.st_mode):
        return
    for model in filter(None, models):
        for file in _files_of(model):
            found = _status(file)
            if found is not None and os.path.samestat(found, there):
                problem = f"would be written over, and is part of what is read: {shown_path(model)}"
                raise InputError(output, problem, "Choose another place for the output.")


def _status(path: str | Path) -> os.stat_result | None:
    try:
        return Path(path).stat()
    except (OSError, ValueError):
        return None


def _files_of(model: str) -> Iterator[Path]:
    """The files on this machine that a model may be made of, some of which need not be there."""
    if is_url(model):
        last = model.rpartition("::")[2]
        start = next((scheme for scheme in _LOCAL if last.startswith(scheme)), "")
        if is_url(last) and not start:
            return
        place = Path(last[len(start) :])
    else:
        place = Path(split_member(model)[0])
    yield place
    if place.is_dir() or place.name in (*SAVED_MODEL_FILES, _STATE):
        yield from _of_folder(place if place.is_dir() else place.parent)
        return
    prefix = re.sub(f"{_PART}$", "", place.name)
    part = re.compile(f"{re.escape(prefix)}{_PART}?|{_STATE}")
    yield from (each for each in _entries(place.parent) if part.fullmatch(each.name))


def _of_folder(folder: Path) -> Iterator[Path]:
    """The files of a SavedModel, or of checkpoints, that lie in a folder."""
    part = re.compile(f"{_OF_A_FOLDER.pattern}|.*{_PART}")
    yield from (each for each in _entries(folder) if part.fullmatch(each.name))
    for name in _FOLDERS:
        yield from (folder / name).rglob("*")


def _entries(folder: Path) -> Iterator[Path]:
    try:
        yield from folder.iterdir()
    except (OSError, ValueError):
        return
