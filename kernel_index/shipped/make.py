"""Make the shipped indexes: scan checkouts and put an index of each beside this file.

    python -m kernel_index.shipped.make [--out FOLDER] TREE[=RELEASE[:NOTE]]...

``=RELEASE`` is for a checkout that calls itself something else, ``:NOTE`` what ``opselect index list`` says of it then.
An index takes the place of that of any other patch release: of each minor release, one is shipped.

Prints a line a checkout: release, registrations, op definitions, diagnostics, bytes.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from kernel_index.errors import OpselectError
from kernel_index.scan import scan_tree
from kernel_index.shipped import SUFFIX, minor_of, releases
from kernel_index.store import write_index


def make(tree: Path, folder: Path, release: str = "", note: str = "") -> str:
    """Scan a checkout, write its index into a folder, and return the line that says so. Raises OpselectError.

    The release is the one that the checkout names, unless given.
    """
    scan = replace(scan_tree(tree, release=release or None), note=note)
    path = folder / (scan.release + SUFFIX)
    write_index(scan, path)
    for other in releases(folder):
        if minor_of(other) == minor_of(scan.release) and other != scan.release:
            (folder / (other + SUFFIX)).unlink()
    counts = (len(scan.registrations), len(scan.op_definitions), len(scan.diagnostics), path.stat().st_size)
    return " ".join([scan.release, *map(str, counts)])


def main(arguments: Sequence[str]) -> int:
    """The exit code: 2 where a checkout cannot be scanned, after which no further one is tried."""
    parser = argparse.ArgumentParser(prog="python -m kernel_index.shipped.make", description="Make shipped indexes.")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, metavar="FOLDER")
    parser.add_argument("trees", nargs="+", metavar="TREE[=RELEASE[:NOTE]]")
    given = parser.parse_args(arguments)
    try:
        given.out.mkdir(parents=True, exist_ok=True)  # before a scan that takes minutes
        for tree in given.trees:
            path, _, named = tree.partition("=")
            release, _, note = named.partition(":")
            sys.stdout.write(make(Path(path), given.out, release, note) + "\n")
            sys.stdout.flush()
    except (OpselectError, OSError) as problem:
        sys.stderr.write(f"error: {problem}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
