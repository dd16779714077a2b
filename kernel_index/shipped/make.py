"""Make the shipped indexes: scan checkouts and put an index of each beside this file.

    python -m kernel_index.shipped.make TREE...

prints a line a checkout: release, registrations, op definitions, diagnostics, bytes.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from kernel_index.errors import OpselectError
from kernel_index.scan import scan_tree
from kernel_index.shipped import SUFFIX
from kernel_index.store import write_index


def make(tree: Path, folder: Path) -> str:
    """Scan a checkout, write its index into a folder, and return the line that says so. Raises OpselectError."""
    scan = scan_tree(tree)
    path = folder / (scan.release + SUFFIX)
    write_index(scan, path)
    counts = (len(scan.registrations), len(scan.op_definitions), len(scan.diagnostics), path.stat().st_size)
    return " ".join([scan.release, *map(str, counts)])


def main(arguments: Sequence[str]) -> int:
    """The exit code: 2 where a checkout cannot be scanned, after which no further one is tried."""
    try:
        for tree in arguments:
            sys.stdout.write(make(Path(tree), Path(__file__).parent) + "\n")
            sys.stdout.flush()
    except OpselectError as problem:
        sys.stderr.write(f"error: {problem}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
