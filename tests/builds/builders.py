"""Real make and real Bazel, building the fixture runtime in a scratch folder."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from kernel_index.build_files.lists import read_build_lists
from kernel_index.build_files.mobile_lists import default_files, makefile_sources
from tests.builds.run_graph import RUNTIME_TREE

JOBS = str(os.cpu_count() or 1)


def copy_tree(folder: Path) -> Path:
    """A copy of the fixture runtime, which must not be built in its place; the folder must not be there yet."""
    return Path(shutil.copytree(RUNTIME_TREE, folder))


def checked(command: Sequence[str | Path], folder: Path) -> str:
    """Runs a command and gives what it printed on stdout; a failure shows everything."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout[-4000:]}{done.stderr[-8000:]}"
    return done.stdout


def skip_without(missing: str) -> None:
    """Skips a test whose tools are missing: where test.sh may not install them, the other tests still count."""
    if missing:
        pytest.skip(f"not installed: {missing}")


def missing_commands(*names: str) -> str:
    """The commands that are not installed, to skip with; empty where all are there."""
    return ", ".join(name for name in names if shutil.which(name) is None)


_VARIABLES = {
    "android-slim": (),
    "selective": (
        "ANDROID_TYPES=",
        "OPTFLAGS=-O0",
        "EXTRA_CXXFLAGS=-DSELECTIVE_REGISTRATION -DSUPPORT_SELECTIVE_REGISTRATION",
    ),
}
"""What make is told for a build profile."""


@dataclass
class Make:
    """The makefile's build for Android; objects are kept from build to build."""

    tree: Path
    architecture: str = "x86_64"
    profile: str = "android-slim"

    @property
    def name(self) -> str:
        return f"make, {self.profile}, {self.architecture}"

    @property
    def strip(self) -> str:
        return self._tool("strip")

    def _tool(self, name: str) -> str:
        return {"x86_64": "", "arm64-v8a": "aarch64-linux-gnu-"}[self.architecture] + name

    def missing_tools(self) -> str:
        """What is not installed, to skip with; empty where all is there."""
        return missing_commands("make", self._tool("g++"))

    def build(self) -> Path:
        """The program, made from the tree as it is now. Raises AssertionError with what the build printed."""
        makefile = "tensorflow/contrib/makefile/Makefile"
        variables = ("TARGET=ANDROID", f"ANDROID_ARCH={self.architecture}", *_VARIABLES[self.profile])
        checked(["make", "-s", "-j", JOBS, "-f", makefile, *variables], self.tree)
        return self.tree / f"tensorflow/contrib/makefile/gen/bin/android_{self.architecture}/run_graph"

    def sources(self) -> frozenset[str]:
        """The op and kernel files that the list has make compile, from the tree's root."""
        lists, _ = read_build_lists(self.tree)
        return frozenset(compiled for _, compiled in makefile_sources(lists))

    def close(self) -> None:
        """Make leaves nothing running."""


_BAZEL = "bazel-4"
_DEBIANS_RULES = {"rules_java": "rules/java", "rules_proto": "rules/proto", "platforms": "tools/platforms"}


@dataclass
class Bazel:
    """Debian's Bazel, offline: what it would fetch comes from Debian's packages and from a folder beside this file.

    No sandbox, which takes rights that a container may not give.
    """

    tree: Path
    output_user_root: Path
    profile: str = "android"
    strip: str = "strip"

    @property
    def name(self) -> str:
        return f"bazel, {self.profile}, x86_64"

    def missing_tools(self) -> str:
        """What is not installed, to skip with; empty where all is there."""
        folders = [_debians(rules) for rules in _DEBIANS_RULES.values()]
        missing = [] if shutil.which(_BAZEL) else [_BAZEL]
        return ", ".join([*missing, *(str(folder) for folder in folders if not folder.is_dir())])

    def run(self, command: str, *arguments: str) -> str:
        """What a Bazel command prints on stdout."""
        repositories = {"rules_cc": Path(__file__).parent / "rules_cc"}
        repositories |= {name: _debians(rules) for name, rules in _DEBIANS_RULES.items()}
        overrides = [f"--override_repository={name}={folder}" for name, folder in repositories.items()]
        return checked([*self._server, command, *overrides, "--curses=no", *arguments], self.tree)

    @property
    def _server(self) -> tuple[str, ...]:
        return (_BAZEL, f"--output_user_root={self.output_user_root}", "--max_idle_secs=60")

    def build(self) -> Path:
        """The program, made from the tree as it is now. Raises AssertionError with what the build printed."""
        flags = ("--define=platform=android", "--copt=-Os", "--spawn_strategy=local", f"--jobs={JOBS}")
        self.run("build", "//tensorflow/tools/run_graph", *flags)
        return self.tree / "bazel-bin/tensorflow/tools/run_graph/run_graph"

    def sources(self) -> frozenset[str]:
        """The op and kernel files that opselect says are in the groups, from the tree's root."""
        lists, _ = read_build_lists(self.tree)
        files = default_files(lists, self.profile)
        assert files is not None
        ops = frozenset(path.relative_to(self.tree).as_posix() for path in self.tree.glob("tensorflow/core/ops/*.cc"))
        return ops | {path for path in files if path.endswith(".cc")}

    def queried_sources(self) -> frozenset[str]:
        """The op and kernel files that Bazel says are in the groups, with those of every branch of a select."""
        kernels = "//tensorflow/core/kernels:android_core_ops + //tensorflow/core/kernels:android_extended_ops"
        groups = f"{kernels} + //tensorflow/core:android_op_registrations"
        labels = self.run("query", f'kind("source file", deps({groups}))').split()
        return frozenset(label.removeprefix("//").replace(":", "/") for label in labels if label.endswith(".cc"))

    def close(self) -> None:
        """Ends the server."""
        checked([*self._server, "shutdown"], self.tree)


def _debians(rules: str) -> Path:
    return Path("/usr/share/bazel") / rules


Builder = Make | Bazel
