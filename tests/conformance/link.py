"""Dependencies of kernel files against what real object files left undefined.

    python -m tests.conformance.link TREE FACTS [--profile android-slim]

FACTS is JSON, ``{"profile": "android-slim", "needs": {file: [file]}}``: to each source those that define what its
object file leaves undefined. Files of the base library's folders are left out, for no facts were made of them. Printed
are the sources that differ, with what is missed and what is more than the facts say and why, then the totals. Exits
with 1 where anything is missed. ``tests.conformance.objects`` makes such facts.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kernel_index.base_library import is_base
from kernel_index.records import Dependency, ScanResult
from kernel_index.scan import scan_tree


@dataclass(frozen=True, slots=True)
class FileDifference:
    """Where the dependencies of a file are not those of its object file."""

    file: str
    missed: tuple[str, ...]
    surplus: tuple[Dependency, ...]

    def __str__(self) -> str:
        lines = [self.file]
        lines += [f"  missed  {path}" for path in self.missed]
        lines += [f"  surplus {d.file}: {d.symbol}, declared in {d.declared_in}" for d in self.surplus]
        return "\n".join(lines)


def differences(scan: ScanResult, needs: Mapping[str, Sequence[str]], profile: str) -> list[FileDifference]:
    """The files of which the scan says something else than the facts."""
    found = []
    for file in sorted(needs):
        found_here = (d for d in scan.dependencies.get(file, ()) if profile in d.profiles and not is_base(d.file))
        direct = {d.file: d for d in found_here}
        missed = tuple(sorted(set(needs[file]) - direct.keys()))
        surplus = tuple(direct[path] for path in sorted(direct.keys() - set(needs[file])))
        if missed or surplus:
            found.append(FileDifference(file, missed, surplus))
    return found


def main(arguments: Sequence[str]) -> int:
    """The exit code: 1 where a file is missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.conformance.link")
    parser.add_argument("tree", type=Path)
    parser.add_argument("facts", type=Path)
    parser.add_argument("--profile")
    options = parser.parse_args(arguments)
    facts = json.loads(options.facts.read_text(encoding="utf-8"))
    profile = options.profile or facts["profile"].split()[0]
    found = differences(scan_tree(options.tree), facts["needs"], profile)
    for difference in found:
        print(difference)
    total = sum(map(len, facts["needs"].values()))
    missed = sum(len(difference.missed) for difference in found)
    surplus = sum(len(difference.surplus) for difference in found)
    print(f"{len(facts['needs'])} files, {total} needs: {missed} missed, {surplus} more than needed")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
