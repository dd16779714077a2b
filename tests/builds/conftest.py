"""The fixture runtime built whole, trimmed for one model and extended for another, by make and by Bazel; and programs
of several lists and headers, by make."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from kernel_index.records import ScanResult
from kernel_index.scan import scan_tree
from opselect.cli.main import run
from tests.builds.builders import Bazel, Builder, Make, copy_tree, missing_commands, skip_without
from tests.builds.programs import Built, build_all
from tests.builds.run_graph import MODELS, RUNTIME_TREE
from tests.builds.sharing import made_once, shared_base, shared_folder
from tests.conftest import KEPT, SIZES


@dataclass(frozen=True, slots=True)
class Stage:
    """A program as it was at one point of a story, and the files that its lists had compiled."""

    program: Path
    sources: frozenset[str]
    size: int


@dataclass(frozen=True, slots=True)
class Story:
    """All ops of the lists; those that tiny_mobilenet needs; and those that running_total needs besides.

    ``queried`` is what Bazel says of the extended lists.
    """

    builder: Builder
    whole: Stage
    trimmed: Stage
    extended: Stage
    queried: frozenset[str]


_CCACHE = Path("/usr/lib/ccache")
"""Debian's compilers behind ccache."""


@pytest.fixture(scope="session", autouse=True)
def compiled_once(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Iterator[None]:
    """Nothing is compiled twice where ccache is there, in this run or a later one: most trees hold the same sources."""
    with pytest.MonkeyPatch.context() as patch:
        if _CCACHE.is_dir():
            patch.setenv("PATH", str(_CCACHE), prepend=os.pathsep)
            patch.setenv("CCACHE_DIR", str(KEPT / "ccache"))
            patch.setenv("CCACHE_MAXSIZE", "500M")
            patch.setenv("CCACHE_BASEDIR", str(shared_base(tmp_path_factory, pytestconfig)))
            patch.setenv("CCACHE_NOHASHDIR", "1")
            # The precompiled header is made anew in every tree, of the same text, which stands beside it.
            patch.setenv("CCACHE_PCH_EXTSUM", "1")
            patch.setenv("CCACHE_SLOPPINESS", "pch_defines,time_macros,include_file_mtime,include_file_ctime")
        yield


@pytest.fixture(scope="session")
def scanned() -> ScanResult:
    return scan_tree(RUNTIME_TREE)


@pytest.fixture(scope="session", params=["make", "bazel"])
def story(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config
) -> Story:
    folder = shared_folder(tmp_path_factory, pytestconfig, request.param)
    tree = folder / "tree"
    builder: Builder = Make(tree) if request.param == "make" else Bazel(tree, folder / "bazel")
    skip_without(builder.missing_tools())
    return made_once(folder, lambda: tell(builder, folder))


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Built:
    """All that :mod:`tests.builds.programs` builds, once in a run of pytest."""
    skip_without(missing_commands("make", "g++"))
    folder = shared_folder(tmp_path_factory, pytestconfig, "pairs")
    return made_once(folder, lambda: build_all(folder / "built"))


def tell(builder: Builder, folder: Path) -> Story:
    """Builds everything that a story is about; the programs are kept in the folder."""
    copy_tree(builder.tree)
    try:
        whole = take_stage(builder, folder / "whole")
        apply(builder, "tiny_mobilenet", "trim")
        trimmed = take_stage(builder, folder / "trimmed")
        apply(builder, "running_total", "extend")
        extended = take_stage(builder, folder / "extended")
        queried = builder.queried_sources() if isinstance(builder, Bazel) else frozenset[str]()
    finally:
        builder.close()
    return Story(builder, whole, trimmed, extended, queried)


def take_stage(builder: Builder, kept: Path) -> Stage:
    """Builds the tree as it is, and keeps the program."""
    program = Path(shutil.copy(builder.build(), kept))
    return Stage(program, builder.sources(), stripped_size(program, builder.strip))


def apply(builder: Builder, model: str, mode: str) -> None:
    """Edits the lists of the builder's tree for a model."""
    tree = str(builder.tree)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OPSELECT_CACHE", f"{tree}.cache")
        arguments = ["--tree", tree, "--profile", builder.profile, "--mode", mode, "--write", "--quiet"]
        assert run(["apply", str(MODELS[model]), *arguments]) == 0


def stripped_size(program: Path, strip: str) -> int:
    """Bytes of a program without its symbols."""
    stripped = program.with_suffix(".stripped")
    subprocess.run([strip, "-o", stripped, program], check=True)
    return stripped.stat().st_size


def note_sizes(record_property: Callable[[str, object], None], builder: Builder, **stages: Stage) -> None:
    """Has the sizes of programs printed at the end of the run."""
    sizes = ", ".join(f"{name} {stage.size:,}" for name, stage in stages.items())
    record_property(SIZES, f"{builder.name}: {sizes} bytes")
