"""What object files of kernels leave undefined and which of them define it, as facts for ``tests.conformance.link``.

    python -m tests.conformance.objects FOLDER PROFILE > FACTS

FOLDER holds object files named after their sources, ``/`` written ``@``: ``tensorflow@core@kernels@slice_op.cc.o``.
Needs ``nm`` of GNU binutils.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path


def symbols(objects: Path) -> tuple[set[str], set[str]]:
    """The mangled names that an object file leaves undefined, and those that it defines for others."""
    lines = subprocess.run(["nm", str(objects)], check=True, capture_output=True, text=True).stdout.splitlines()
    undefined, defined = set(), set()
    for line in lines:
        kind, name = line.split()[-2:]
        if kind == "U":
            undefined.add(name)
        elif kind.isupper() or kind == "u":
            defined.add(name)
    return undefined, defined


def source_of(path: Path) -> str:
    """The source of an object file, from the root of its tree."""
    return path.name.removesuffix(".o").replace("@", "/")


def facts(folder: Path) -> dict[str, list[str]]:
    """Source file to the other sources that define a symbol which its object file leaves undefined."""
    found = {source_of(path): symbols(path) for path in sorted(folder.glob("*.o"))}
    definers: dict[str, list[str]] = {}
    for file, (_, defined) in found.items():
        for name in defined:
            definers.setdefault(name, []).append(file)
    return {
        file: sorted({definer for name in undefined for definer in definers.get(name, ())})
        for file, (undefined, _) in found.items()
    }


def main(arguments: Sequence[str]) -> int:
    """The exit code, always 0."""
    folder, profile = arguments
    print(json.dumps({"profile": profile, "needs": facts(Path(folder))}, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
