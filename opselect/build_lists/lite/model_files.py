"""Models as files of a Bazel package: which names its rules for TensorFlow Lite can carry."""

from __future__ import annotations

import re
from collections.abc import Sequence

from kernel_index.errors import InputError
from kernel_index.shown import shown_path
from opselect.lite.operators import LiteModel

_LEGAL = re.compile(r"[A-Za-z0-9_.+=-]+", re.ASCII)
_ARCHIVE = r"\.(?:zip|apk|aab|aar|ipa|jar|tar|tgz|gz|bz2|xz)"
_FOLDERS = re.compile(rf"/|{_ARCHIVE}!", re.IGNORECASE)


def model_files(models: Sequence[LiteModel]) -> tuple[str, ...]:
    """The file names of models, which lie beside a BUILD file, in the order of the models.

    The rules join the names with commas, put them into ``$(location …)`` and give them to a shell
    (``lite/build_def.bzl``, ``lite/delegates/flex/build_def.bzl``), and a package has one file of a name. Raises
    InputError for a name that this breaks, for a second model of one name, and for an archive, which they cannot read.
    """
    owners: dict[str, str] = {}
    for model in models:
        shown = shown_path(model.name)
        file = _FOLDERS.split(model.name)[-1]
        if not _LEGAL.fullmatch(file) or file in (".", ".."):
            raise InputError(
                shown,
                "its file name cannot stand in Bazel's rules for TensorFlow Lite",
                "Rename the file: letters and digits of ASCII and . _ + = - only, no blanks and no commas.",
            )
        if re.search(rf"{_ARCHIVE}$", file, re.IGNORECASE):
            raise InputError(
                shown, "Bazel's rules for TensorFlow Lite read no archives", "Unpack it and name the model inside."
            )
        if file in owners:
            raise InputError(
                shown,
                f"has the file name of {owners[file]}, and a Bazel package has one file of a name",
                "Rename one of the two.",
            )
        owners[file] = shown
    return tuple(owners)
