"""A checkout of the fixture runtime that can be broken, built, run, and mended as somebody says."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from kernel_index.build_files.places import MAKEFILE, MAKEFILE_LIST
from tests.builds.builders import JOBS
from tests.builds.run_graph import Outcome, run_graph

HEADER = "ops_to_register.h"
_GENERATED = "tensorflow/contrib/makefile/gen"
_OBJECTS = f"{_GENERATED}/obj/android_x86_64/tensorflow"


@dataclass
class Workshop:
    """A checkout in ``tree`` of the folder, with objects of an earlier build, and the model that it is to run.

    ``model`` and everything else is named as seen from the folder, where commands run. ``variables`` are what make is
    told, by name.
    """

    folder: Path
    variables: dict[str, str] = field(default_factory=lambda: {"OPTFLAGS": "-O0"})
    model: str = "model.pb"

    @property
    def tree(self) -> Path:
        return self.folder / "tree"

    @property
    def program(self) -> Path:
        return self.tree / _GENERATED / "bin/android_x86_64/run_graph"

    def restore(self, everything: Path, listed: str) -> None:
        """Makes the checkout a copy of one with all its objects, with this list of make.

        Its path and the times of its files stay: what was read of them before is known.
        """
        for left in self.folder.iterdir() if self.folder.exists() else ():
            if left != self.tree:
                shutil.rmtree(left) if left.is_dir() else left.unlink()
        shutil.rmtree(self.tree / _GENERATED, ignore_errors=True)
        for left in self.tree.iterdir() if self.tree.exists() else ():
            if not (everything / left.name).exists():
                shutil.rmtree(left) if left.is_dir() else left.unlink()
        shutil.copytree(everything, self.tree, dirs_exist_ok=True)
        (self.tree / MAKEFILE_LIST).write_text(listed)

    def edit(self, path: str, change: Callable[[str], str]) -> None:
        """Changes a file of the checkout, which must not be as it was."""
        before = (self.tree / path).read_text()
        after = change(before)
        assert after != before, path
        (self.tree / path).write_text(after)
        if path == MAKEFILE:
            # What is linked by other rules is linked again.
            self.program.unlink(missing_ok=True)

    def take_out(self, *entries: str) -> None:
        """Takes entries, or the last names of their paths, out of the list of make."""
        for entry in entries:
            line = re.compile(rf"^(.*/)?{re.escape(entry)}\n", re.MULTILINE)
            self.edit(MAKEFILE_LIST, partial(line.sub, ""))

    def put_in(self, *entries: str) -> None:
        """Adds entries to the list of make; no line twice."""
        path = self.tree / MAKEFILE_LIST
        listed = path.read_text().splitlines()
        path.write_text("".join(f"{entry}\n" for entry in dict.fromkeys((*listed, *entries))))

    def set_variable(self, name: str, text: str) -> None:
        """Tells make another text for a variable of flags: what decides of kernels has to be compiled again."""
        self.variables[name] = text
        self.forget_objects()

    def forget_objects(self) -> None:
        """Removes the objects of ops and kernels: make does not know of flags. The base library registers nothing."""
        for objects in (*(self.tree / _OBJECTS).glob("*/kernels"), self.tree / _OBJECTS / "core/ops"):
            shutil.rmtree(objects, ignore_errors=True)

    def build(self) -> Outcome:
        """Builds by make, and says what it and what it runs have printed."""
        variables = [f"{name}={text}" for name, text in self.variables.items()]
        command = ["make", "-s", "-j", JOBS, "-f", MAKEFILE, "TARGET=ANDROID", *variables]
        done = subprocess.run(command, cwd=self.tree, capture_output=True, text=True, check=False, timeout=300)
        return Outcome(done.returncode, done.stdout, done.stderr)

    def run(self, feeds: Mapping[str, str], fetch: str) -> Outcome:
        """Runs the program as it was built last."""
        named = [f"--input={name}={values}" for name, values in feeds.items()]
        words = [word for each in named for word in each.split("=", 1)]
        return run_graph(self.program, self.folder / self.model, *words, "--output", fetch)


Run = Callable[[Sequence[str]], None]
"""Runs a command in the workshop's folder."""

MECHANICAL = ("list", "flags", "command")
"""Kinds of mends that a program can do; the others are for the author of a model."""


def do_as_told(
    mends: Iterable[Mapping[str, Any]], workshop: Workshop, run: Run, kinds: Sequence[str] = MECHANICAL
) -> Mapping[str, Any]:
    """Does the first of the mends of a cause that is of these kinds, to the letter, and gives it."""
    mend = next(mend for mend in mends if mend["kind"] in kinds)
    {"list": _edit_list, "flags": _set_flags, "command": _run_command}[mend["kind"]](mend, workshop, run)
    return mend


def _edit_list(mend: Mapping[str, Any], workshop: Workshop, _: Run) -> None:
    assert mend["file"] == MAKEFILE_LIST
    if mend["remove"]:
        workshop.take_out(*mend["remove"])
    if mend["add"]:
        workshop.put_in(*mend["add"])


def _set_flags(mend: Mapping[str, Any], workshop: Workshop, _: Run) -> None:
    """Flags on the command line of make are variables; elsewhere they stand in the makefile."""
    assert mend["system"] == "make"
    if "wherever" in mend["where"]:
        for name, text in workshop.variables.items():
            for wrong, right in zip(mend["remove"], mend["add"], strict=True):
                if wrong in text.split():
                    workshop.set_variable(name, " ".join(right if word == wrong else word for word in text.split()))
        return
    if "command line" in mend["where"]:
        for variable in mend["add"]:
            workshop.set_variable(*variable.split("=", 1))
        return
    assert MAKEFILE in mend["where"]
    flags = mend["add"]
    if "link" in mend["where"]:
        before, after = flags
        workshop.edit(MAKEFILE, lambda text: re.sub(r"(-o \$@ .*?)(\$\(LIB\))", rf"\1{before} \2 {after}", text))
    else:
        workshop.edit(MAKEFILE, lambda text: f"{text}\nCXXFLAGS += {' '.join(flags)}\n")
        workshop.forget_objects()


def _run_command(mend: Mapping[str, Any], workshop: Workshop, run: Run) -> None:
    """Runs it, and takes what it wrote: a model in the place of the old one, a header where the build reads it."""
    argv = mend["argv"]
    run(argv)
    command, *words = argv[1:]
    if command in ("prepare", "freeze"):
        workshop.model = words[words.index("-o") + 1]
    elif command == "transform":
        workshop.model = words[1]
    elif command == "generate":
        out = workshop.folder / words[words.index("--out") + 1]
        for name, place in ((HEADER, HEADER), ("tf_op_files.txt", MAKEFILE_LIST)):
            if (out / name).exists():
                shutil.copy(out / name, workshop.tree / place)
    else:
        assert command == "apply", command
