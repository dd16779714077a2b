"""Programs of the fixture runtime from several lists and several headers, compiled once and linked for each."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from kernel_index.build_files.places import MAKEFILE_LIST
from opselect.cli.main import run
from tests.builds.builders import JOBS, checked, copy_tree
from tests.builds.pair_models import write_models
from tests.builds.run_graph import MODELS

_MAKEFILE = "tensorflow/contrib/makefile/Makefile"
_HEADER = "ops_to_register.h"
_SLIM = ("ANDROID_TYPES=-D__ANDROID_TYPES_SLIM__",)
_SELECTIVE = ("ANDROID_TYPES=", "EXTRA_CXXFLAGS=-DSELECTIVE_REGISTRATION -DSUPPORT_SELECTIVE_REGISTRATION")
_BY_NO_LIST = (
    "tensorflow/core/kernels/cwise_op_add_2.cc",
    "tensorflow/core/kernels/scan_ops.cc",
    "tensorflow/core/ops/scan_ops.cc",
    "tensorflow/core/util/scan_order.cc",
)
"""What the makefile's list has not, and trimmed or extended lists may have."""

_DEFINITION = "tensorflow/core/ops/scan_ops.cc"
_EVERYTHING = "everything"


@dataclass(frozen=True, slots=True)
class Program:
    """A program, what it was built from, and what ``opselect verify`` is to be asked against.

    ``tree`` is a checkout whose list is the one that was built. ``header`` is the header, empty in programs without.
    """

    name: str
    path: Path
    tree: Path
    profile: str
    header: Path | None = None

    @property
    def op_files(self) -> Path:
        """The ``tf_op_files.txt`` that it was built from."""
        return self.tree / MAKEFILE_LIST


@dataclass(frozen=True, slots=True)
class Built:
    """All programs and all models, by name.

    ``everything`` is a checkout in which every file is compiled, with the slim types.
    """

    programs: Mapping[str, Program]
    models: Mapping[str, Path]
    everything: Path


def build_all(folder: Path) -> Built:
    """Builds every program in the folder, which is made; twenty seconds on two cores."""
    (folder / "models").mkdir(parents=True)
    models = {**MODELS, **write_models(folder / "models")}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OPSELECT_CACHE", str(folder / "cache"))
        programs = [*_with_lists(folder, models), *_with_headers(folder, models)]
    return Built({program.name: program for program in programs}, models, folder / _EVERYTHING)


def _with_lists(folder: Path, models: Mapping[str, Path]) -> Iterator[Program]:
    """The list as it stands, trimmed for one model, for another and for many, extended, and short of a definition."""
    everything = folder / _EVERYTHING
    copy_tree(everything)
    stands = (everything / MAKEFILE_LIST).read_text()
    _make(everything, stands + "".join(f"{path}\n" for path in _BY_NO_LIST), _SLIM)

    def trimmed(name: str, mode: str = "trim") -> Callable[[Path], None]:
        return lambda tree: _opselect(
            "apply", models[name], "--tree", tree, "--profile", "android-slim", "--mode", mode, "--write"
        )

    def generated(tree: Path) -> None:
        named = [models[name] for name in ("matmul_float", "softmax_float", "add_int32")]
        _opselect(
            "generate", *named, "--tree", tree, "--profile", "android-slim", "--target", "makefile", "--out",
            tree / "generated",
        )  # fmt: skip
        shutil.copy(tree / "generated" / "tf_op_files.txt", tree / MAKEFILE_LIST)

    def without_definition(tree: Path) -> None:
        trimmed("running_total")(tree)
        entries = (tree / MAKEFILE_LIST).read_text().splitlines()
        (tree / MAKEFILE_LIST).write_text("".join(f"{entry}\n" for entry in entries if entry != _DEFINITION))

    for name, edit in {
        "as_it_stands": lambda _: None,
        "for_mobilenet": trimmed("tiny_mobilenet"),
        "for_three_models": generated,
        "for_running_total": trimmed("running_total"),
        "extended": trimmed("running_total", "extend"),
        "without_definition": without_definition,
    }.items():
        tree = copy_tree(folder / "trees" / name)
        edit(tree)
        listed = (tree / MAKEFILE_LIST).read_text()
        path = _kept(_make(everything, listed, _SLIM), folder / name)
        yield Program(name, path, tree, "android-slim")


def _with_headers(folder: Path, models: Mapping[str, Path]) -> Iterator[Program]:
    """The kernels of two models by the header of these models, and by one that somebody changed by hand."""
    base = folder / _EVERYTHING
    tree = copy_tree(folder / "trees" / "with_header")
    named = [models["mixed"], models["running_total"]]
    source = ("--tree", tree, "--profile", "selective", "--no-inserted")
    _opselect("generate", *named, *source, "--target", "header", "--target", "makefile", "--out", tree / "generated")
    shutil.copy(tree / "generated" / "tf_op_files.txt", tree / MAKEFILE_LIST)
    # The base library registers nothing: its objects serve with a header as well.
    shutil.copytree(base / "tensorflow/contrib/makefile/gen", tree / "tensorflow/contrib/makefile/gen")
    objects_of = tree / "tensorflow/contrib/makefile/gen/obj/android_x86_64/tensorflow"
    whole = (tree / "generated" / _HEADER).read_text()
    changed = _without(whole, r'^ *\|\| isequal\(op, "Softmax"\)\n')
    changed = _without(changed, r'^"ScanOp<.*\n')
    changed = _without(changed, r"functor::add<float>", "functor::add<int32>")
    # Blanks mean nothing, and the runtime's own are registered whatever a header says.
    changed = _without(changed, r"functor::mul<Eigen::half>", "functor::mul < Eigen::half >")
    changed = _without(changed, r'^ *\|\| isequal\(op, "(_Arg|_Retval)"\)\n')
    for name, header in {"header": whole, "header_by_hand": changed}.items():
        (tree / _HEADER).write_text(header)
        for objects in [*objects_of.glob("*/kernels"), objects_of / "core/ops"]:
            shutil.rmtree(objects)
        kept = folder / f"{name}.h"
        kept.write_text(header)
        path = _kept(_make(tree, (tree / MAKEFILE_LIST).read_text(), _SELECTIVE), folder / name)
        yield Program(name, path, tree, "selective", kept)


def _without(text: str, pattern: str, instead: str = "") -> str:
    changed = re.sub(pattern, instead, text, flags=re.MULTILINE)
    assert changed != text, pattern
    return changed


def _make(tree: Path, listed: str, variables: tuple[str, ...]) -> Path:
    """The program of a list of files, without optimization, for that is quick; what was compiled before is kept."""
    (tree / MAKEFILE_LIST).write_text(listed)
    checked(["make", "-s", "-j", JOBS, "-f", _MAKEFILE, "TARGET=ANDROID", "OPTFLAGS=-O0", *variables], tree)
    return tree / "tensorflow/contrib/makefile/gen/bin/android_x86_64/run_graph"


def _kept(program: Path, path: Path) -> Path:
    """The program under a path where the next one is not written over it."""
    return Path(shutil.copy(program, path))


def _opselect(command: str, *arguments: str | Path) -> None:
    assert run([command, *map(str, arguments), "--quiet"]) == 0
