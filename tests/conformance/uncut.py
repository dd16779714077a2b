"""Scan checkouts both ways, cut and uncut, and compare all that is found.

    nice -n 10 python -m tests.conformance.uncut TREE... [--jobs 1]

The uncut scan reads every header whole in every source file and expands every text, minutes a checkout. Its records
must be those of a scan as always. It also meets conditions and calls that a scan leaves out, so it may report more
that cannot be evaluated, and never less.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from kernel_index.records import ScanResult
from kernel_index.scan import scan_tree


@dataclass(frozen=True, slots=True)
class Comparison:
    """What two scans found: records that both have, those of one only, and diagnostics of the uncut one only."""

    same: int
    cut_only: tuple[str, ...]
    uncut_only: tuple[str, ...]
    more_diagnostics: tuple[str, ...]

    @property
    def agree(self) -> bool:
        return not (self.cut_only or self.uncut_only)


def compare(cut: ScanResult, uncut: ScanResult) -> Comparison:
    """Compare every record of two scans of a tree."""
    ours, theirs = _lines(cut), _lines(uncut)
    more = {line for line in theirs - ours if line.startswith("diagnostics: ")}
    return Comparison(
        len(ours & theirs), tuple(sorted(ours - theirs)), tuple(sorted(theirs - ours - more)), tuple(sorted(more))
    )


def _lines(result: ScanResult) -> set[str]:
    found = set()
    for field in fields(result):
        value = getattr(result, field.name)
        if isinstance(value, Mapping):
            found |= {f"{field.name}: {key}: {item!r}" for key, item in value.items()}
        elif isinstance(value, str):
            found.add(f"{field.name}: {value}")
        elif isinstance(value, tuple):
            found |= {f"{field.name}: {item!r}" for item in value}
        else:
            found.add(f"{field.name}: {value!r}")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description="Compare cut and uncut scans of TensorFlow checkouts.")
    parser.add_argument("trees", type=Path, nargs="+", help="checkouts of TensorFlow")
    parser.add_argument("--jobs", type=int, help="processes to use (default: all cores)")
    arguments = parser.parse_args()
    agree = True
    for root in arguments.trees:
        start = time.perf_counter()
        cut = scan_tree(root, jobs=arguments.jobs)
        middle = time.perf_counter()
        found = compare(cut, scan_tree(root, jobs=arguments.jobs, uncut=True))
        seconds = f"{middle - start:.0f} s and {time.perf_counter() - middle:.0f} s"
        print(
            f"{cut.release}: {found.same} records the same, {'agree' if found.agree else 'DIFFER'} ({seconds})",
            flush=True,
        )
        for side, lines in (
            ("cut only", found.cut_only), ("uncut only", found.uncut_only), ("also reported", found.more_diagnostics)
        ):  # fmt: skip
            for line in lines:
                print(f"    {side}: {line}", flush=True)
        agree &= found.agree
    return 0 if agree else 1


if __name__ == "__main__":
    sys.exit(main())
