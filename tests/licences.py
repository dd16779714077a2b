"""docs/licences.md: under which licences everything is that an installation of opselect brings.

``python -m tests.licences`` makes the page again, of what is installed here. Which licences go with Apache-2.0 is what
the Apache Software Foundation says: its categories A, and B for libraries that are used as they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement

PAGE = Path(__file__).resolve().parents[1] / "docs" / "licences.md"
EXTRAS = ("onnx",)
"""Extras whose packages are looked at, too: those that the tests install."""

COMPATIBLE = {
    "Apache-2.0": "A",
    "BSD": "A",
    "BSD-2-Clause": "A",
    "BSD-3-Clause": "A",
    "MIT": "A",
    "PSF-2.0": "A",
    "Zlib": "A",
    "0BSD": "A",
    "CC0-1.0": "A",
    "Unlicense": "A",
    "public domain": "A",
    "MPL-2.0": "B",
}
_WORDS = (
    (r"Apache", "Apache-2.0"),
    (r"3-Clause", "BSD-3-Clause"),
    (r"2-Clause", "BSD-2-Clause"),
    (r"BSD", "BSD"),
    (r"\bMIT\b", "MIT"),
    (r"Python Software Foundation|\bPSF\b", "PSF-2.0"),
    (r"public domain", "public domain"),
    (r"Unlicense", "Unlicense"),
)
"""What packages call their licences that do not use SPDX's names."""


@dataclass(frozen=True, slots=True)
class Licensed:
    """A package, the licences that its metadata names, and who brings it."""

    name: str
    licences: tuple[str, ...]
    brought_by: tuple[str, ...]


def installed() -> list[Licensed]:
    """Every package that opselect and those extras need, directly or not, by name."""
    found: dict[str, list[str]] = {}
    todo = [(each, "opselect") for each in _needs("opselect", EXTRAS)]
    for name, by in todo:
        if name not in found:
            todo += [(each, name) for each in _needs(name)]
        found.setdefault(name, []).append(by)
    return [Licensed(name, licences(name), tuple(sorted(set(by)))) for name, by in sorted(found.items())]


def licences(name: str) -> tuple[str, ...]:
    """The licences of an installed package, by SPDX's names where there are some; several apply together."""
    data = distribution(name).metadata
    if "License-Expression" in data:
        return tuple(data["License-Expression"].split(" AND "))
    classifiers = [text.split(" :: ")[-1] for text in data.get_all("Classifier", []) if text.startswith("License ::")]
    said = " ".join([*classifiers, data["License"][:60] if "License" in data else ""])
    known = next((spdx for pattern, spdx in _WORDS if re.search(pattern, said, re.IGNORECASE)), "")
    return (known or said.strip() or "not said",)


def page(packages: list[Licensed]) -> str:
    """The text of the page."""
    rows = [
        f"| {each.name} | {', '.join(each.licences)} | {', '.join(COMPATIBLE.get(one, '?') for one in each.licences)} "
        f"| {', '.join(each.brought_by)} |"
        for each in packages
    ]
    return "\n".join(
        [
            "# Licences",
            "",
            "opselect is under Apache-2.0. It has no code of others in it but d3-hierarchy (ISC), which lays out the",
            "page of `--html`, and whose licence stands in its file. These packages are installed with it, and with",
            "its extra `onnx`; their licences are what their metadata says. The category is that of the Apache",
            "Software Foundation: A may be used and shipped, B used as it is. `python -m tests.licences` makes this",
            "page.",
            "",
            "| package | licence | category | needed by |",
            "|---|---|---|---|",
            *rows,
            "",
        ]
    )


def _needs(name: str, extras: tuple[str, ...] = ()) -> Iterator[str]:
    """The packages that one needs, those of the extras included; what is not installed here is left out."""
    for text in distribution(name).requires or ():
        needed = Requirement(text)
        marker = needed.marker
        if marker is None or any(marker.evaluate({"extra": extra}) for extra in ("", *extras)):
            try:
                yield str(distribution(needed.name).metadata["Name"]).lower().replace("_", "-")
            except PackageNotFoundError:
                continue


if __name__ == "__main__":
    PAGE.write_text(page(installed()), encoding="utf-8")
