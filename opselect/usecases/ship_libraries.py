"""Make shipped indexes of releases whose sources are not at hand: read wheels and put an index of each with the others.

    python -m opselect.usecases.ship_libraries [--out FOLDER] WHEEL[=BASE]...

BASE is the release that tells what a wheel does not, by default the one that has most of its kernels. An index takes
the place of that of any other patch release: of each minor release, one is shipped. Indexes of sources are made by
``kernel_index.shipped.make``.

Prints a line a wheel: release, registrations, op definitions, diagnostics, bytes, base.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from kernel_index import shipped
from kernel_index.errors import InputError, OpselectError
from kernel_index.shipped import SUFFIX, minor_of, releases
from kernel_index.store import write_index
from opselect.library_index.wheels import wheel_of
from opselect.usecases.index_from_binary import LibraryQuestion, index_from_binary
from opselect.usecases.kernel_source import KernelSource


def ship(wheel: str, folder: Path, base: str = "") -> str:
    """Reads a wheel, writes its index into a folder, and returns the line that says so.

    Raises InputError for a file that is no wheel of TensorFlow, and what
    :func:`opselect.usecases.index_from_binary.index_from_binary` raises.
    """
    if wheel_of(wheel) is None:
        raise InputError(
            wheel, "is no wheel of TensorFlow", "Download one: pip download --no-deps tensorflow-cpu==VERSION."
        )
    scan = index_from_binary(LibraryQuestion((wheel,), KernelSource(base) if base else None)).scan
    path = folder / (scan.release + SUFFIX)
    write_index(scan, path)
    for other in releases(folder):
        if minor_of(other) == minor_of(scan.release) and other != scan.release:
            (folder / (other + SUFFIX)).unlink()
    counts = (len(scan.registrations), len(scan.op_definitions), len(scan.diagnostics), path.stat().st_size)
    return " ".join([scan.release, *map(str, counts), scan.origin.base if scan.origin is not None else ""])


def main(arguments: Sequence[str]) -> int:
    """The exit code: 2 where a wheel cannot be read, after which no further one is tried."""
    parser = argparse.ArgumentParser(
        prog="python -m opselect.usecases.ship_libraries", description="Make shipped indexes of wheels."
    )
    parser.add_argument("--out", type=Path, default=Path(shipped.__file__).parent, metavar="FOLDER")
    parser.add_argument("wheels", nargs="+", metavar="WHEEL[=BASE]")
    given = parser.parse_args(arguments)
    try:
        given.out.mkdir(parents=True, exist_ok=True)
        for named in given.wheels:
            wheel, _, base = named.partition("=")
            sys.stdout.write(ship(wheel, given.out, base) + "\n")
            sys.stdout.flush()
    except (OpselectError, OSError) as problem:
        sys.stderr.write(f"error: {problem}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
