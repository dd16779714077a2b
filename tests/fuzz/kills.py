"""``apply --write`` and ``--undo`` as programs, killed at every system call that writes, by the kernel's own account.

Run ``python -m tests.fuzz.kills``; it needs ``strace``. A first run is recorded; then each of its calls that write is
the one in front of which another run is killed. Afterwards ``--undo`` must bring back what was there first and
``--write`` what was asked for, each from the state that the killed run left, and neither may leave anything else.
The tests of ``build_lists`` do the same within one process, in both halves of every piece that is written.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from opselect.build_lists.undo_journal import JOURNAL
from tests.cli.conftest import TREE

ROOT = Path(__file__).parents[2]
MAKEFILE = "tensorflow/contrib/makefile/tf_op_files.txt"
_NAMES = (
    "openat", "open", "creat", "write", "writev", "pwrite64", "rename", "renameat", "renameat2", "unlink", "unlinkat",
    "rmdir", "mkdir", "mkdirat", "chmod", "fchmod", "fchmodat", "truncate", "ftruncate", "link", "linkat", "symlink",
    "symlinkat", "fsync", "fdatasync", "sendfile", "copy_file_range", "utimensat",
)  # fmt: skip
# Of names that only some machines have, strace is told not to complain.
_CALLS = ",".join(f"?{name}" for name in _NAMES)
_CALL = re.compile(r"(?P<process>\d+) +(?P<name>\w+)\((?P<rest>.*)")

Contents = dict[str, tuple[int, bytes]]
Point = tuple[str, int]
"""The name of a system call, and which of those of the process it is."""


class Checkout:
    """A small checkout in a folder of its own, with lists of both kinds, and the commands that edit it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.tree = folder / "tree"
        listed = "".join(f"{path}\n" for path in sorted(TREE) if "kernels/" in path)
        for name, text in {**TREE, MAKEFILE: listed}.items():
            path = self.tree / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text.lstrip("\n"))
        (folder / "needs.json").write_text('{"ops": [{"op": "Mul", "attrs": {"T": "DT_FLOAT"}}]}')
        self.original = self.contents()
        self.run(self.write)
        self.written = self.contents()
        self.run(self.undo)
        assert self.contents() == self.original
        assert self.written.keys() == self.original.keys() | {JOURNAL}

    write = ("--requirements", "needs.json", "--allow-missing", "--write")
    undo = ("--undo",)

    def run(self, command: Sequence[str], *before: str) -> int:
        """The exit code of ``opselect apply``, with what starts it in front."""
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "OPSELECT_CACHE": str(self.folder / "cache")}
        environment |= {"PYTHONDONTWRITEBYTECODE": "1"}
        words = [*before, sys.executable, "-m", "opselect", "apply", "--tree", "tree", "--quiet", *command]
        return subprocess.run(words, cwd=self.folder, env=environment, capture_output=True, check=False).returncode

    def contents(self) -> Contents:
        """Mode and bytes of every file."""
        return {
            path.relative_to(self.tree).as_posix(): (path.stat().st_mode, path.read_bytes())
            for path in self.tree.rglob("*")
            if path.is_file()
        }

    def points(self, command: Sequence[str]) -> list[Point]:
        """The calls of a command that write into the tree, in their order, and the end."""
        record = self.folder / "record"
        assert self.run(command, "strace", "-f", "-y", "-o", str(record), "-e", f"trace={_CALLS}") == 0
        counts: Counter[str] = Counter()
        found = []
        process = ""
        for line in record.read_text("utf-8", "replace").splitlines():
            match = _CALL.match(line)
            if match is None or match["process"] != (process or match["process"]):
                continue
            process = match["process"]
            counts[match["name"]] += 1
            opens = match["name"] in ("openat", "open")
            if str(self.tree) in match["rest"] and not (opens and "O_RDONLY" in match["rest"]):
                found.append((match["name"], counts[match["name"]]))
        return found

    def killed_at(self, command: Sequence[str], point: Point) -> None:
        """Runs a command until a system call, which it does not come to make."""
        name, number = point
        inject = f"inject={name}:signal=KILL:when={number}"
        code = self.run(command, "strace", "-f", "-o", os.devnull, "-e", f"trace={name}", "-e", inject)
        assert code in (-9, 137), f"{command} was not killed at {point}: {code}"


def check(command: str, *, every: int = 1) -> int:
    """Kills ``write`` or ``undo`` at each of its points, or only at some; how many they are.

    Raises AssertionError where one command does not bring either state back, or leaves something else.
    """
    with tempfile.TemporaryDirectory() as place:
        checkout = Checkout(Path(place).resolve())
        arguments = checkout.write if command == "write" else checkout.undo
        if command == "undo":
            checkout.run(checkout.write)
        before = shutil.copytree(checkout.tree, checkout.folder / "before")
        points = checkout.points(arguments)
        states = set()
        for point in points[::every]:
            _restore(before, checkout.tree)
            checkout.killed_at(arguments, point)
            left = shutil.copytree(checkout.tree, checkout.folder / "left")
            now = checkout.contents()
            states.add(tuple(now[path] == checkout.original[path] for path in checkout.original))
            for path, file in checkout.original.items():
                assert now[path] in (file, checkout.written[path]), f"{path} is neither old nor new after {point}"
            # There is nothing to undo where the run was killed before it began to write: exit code 2.
            assert checkout.run(checkout.undo) in (0, 2), point
            assert checkout.contents() == checkout.original, f"--undo after {point}"
            _restore(left, checkout.tree)
            assert checkout.run(checkout.write) == 0, point
            assert checkout.contents() == checkout.written, f"--write after {point}"
            shutil.rmtree(left)
        assert every > 1 or len(states) >= 3, "neither file, one of them, both"
        return len(points[::every])


def _restore(source: Path, tree: Path) -> None:
    shutil.rmtree(tree)
    shutil.copytree(source, tree)


def main() -> int:
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    for command in ("write", "undo"):
        print(f"{command}: killed at {check(command)} system calls, and either state came back each time", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
