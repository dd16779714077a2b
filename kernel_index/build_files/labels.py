"""Bazel labels: ``//package:name``, ``:name``, ``name`` and labels of other repositories."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Label:
    """A target or file of this repository: ``package`` is a folder from the root of the checkout."""

    package: str
    name: str

    def __str__(self) -> str:
        return f"//{self.package}:{self.name}"

    @property
    def path(self) -> str:
        """Where the file of this name is, from the root of the checkout."""
        return f"{self.package}/{self.name}" if self.package else self.name

    def seen_from(self, package: str) -> str:
        """How a BUILD file of ``package`` spells this file."""
        return self.name if package == self.package else str(self)


def parse_label(text: str, package: str) -> Label | None:
    """The label that ``text`` is in a BUILD file of ``package``; None for one of another repository (``@zlib``)."""
    if text.startswith("@"):
        return None
    if text.startswith("//"):
        folder, colon, name = text[2:].partition(":")
        return Label(folder, name if colon else folder.rpartition("/")[2])
    return Label(package, text.removeprefix(":"))


def label_of_path(path: str, packages: Collection[str]) -> Label:
    """The label of a source file: its package is the innermost folder that holds a BUILD file.

    Where no folder of the path is among the ``packages``, its own folder counts as one.
    """
    folder, _, name = path.rpartition("/")
    own_folder = folder
    while folder:
        if folder in packages:
            return Label(folder, path[len(folder) + 1 :])
        folder = folder.rpartition("/")[0]
    return Label(own_folder, name)


def buildifier_order(label: str) -> tuple[int, list[str]]:
    """buildifier's order of labels: this package's files, its targets, other packages, other repositories."""
    phase = next((n for n, start in ((3, "@"), (2, "//"), (1, ":")) if label.startswith(start)), 0)
    return phase, label.replace(":", ".").split(".")
