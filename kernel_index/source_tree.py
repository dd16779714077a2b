"""Find one's way in a TensorFlow checkout: its version, and which source files can register kernels or ops."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from kernel_index.errors import SourceTreeError

KERNEL_FOLDERS = ("tensorflow/core/kernels", "tensorflow/core/common_runtime", "tensorflow/c/kernels")
"""Folders in which every source file is looked at, however it comes to register something."""

REGISTERING_FOLDERS = (
    "tensorflow/core", "tensorflow/c", "tensorflow/contrib", "tensorflow/compiler", "tensorflow/dtensor",
    "tensorflow/distribute", "tensorflow/user_ops", "tensorflow/python", "tensorflow/lite",
)  # fmt: skip
"""Folders in which a source file is looked at if it names a registration macro itself."""

_VERSION_HEADER = "tensorflow/core/public/version.h"
_VERSION_PART = re.compile(r'#define\s+TF_(MAJOR_VERSION|MINOR_VERSION|PATCH_VERSION|VERSION_SUFFIX)\s+"?([^"\s]*)"?')

_NAMES_A_SINK = re.compile(
    rb"REGISTER_KERNEL_BUILDER|REGISTER_SYSTEM_KERNEL_BUILDER|REGISTER_OP\b|REGISTER_SYSTEM_OP\b|TF_RegisterKernelBuilder|"
    rb"TF_RegisterOpDefinition"
)
_TEST_NAME = re.compile(r"(^|_)(test|tests|testlib|testutil|test_util|testing)(_|\.|$)|(^|_)(test_op|test_ops)(_|\.|$)")
_BENCHMARK_NAME = re.compile(r"(^|_)benchmark(s|_util|_testlib)?(_|\.|$)")
_TEST_FOLDERS = frozenset(
    ("test", "tests", "testdata", "testing", "test_kernels", "test_op", "kernel_tests", "benchmarks", "benchmark")
)
_GPU_NAME = re.compile(r"\.cu\.cc$|(^|[_/])gpu(_\w+)?\.cc$|/gpu/")


@dataclass(frozen=True, slots=True)
class SourceUnit:
    """A source file to scan; ``gpu_only`` ones are compiled in GPU builds alone."""

    path: str
    gpu_only: bool


@dataclass(frozen=True, slots=True)
class SourceTree:
    """A checkout: where it is, its version, the files to scan, and those left out with the reason."""

    root: Path
    release: str
    units: tuple[SourceUnit, ...]
    skipped: tuple[tuple[str, str], ...]
    extra_roots: tuple[tuple[str, Path], ...] = ()


def version(root: Path) -> str:
    """The version of the checkout, such as ``1.13.2`` or ``2.8.0-rc1``. Raises SourceTreeError."""
    header = root / _VERSION_HEADER
    try:
        text = header.read_text(encoding="utf-8", errors="replace")
    except OSError:
        raise SourceTreeError(
            str(root), "is no TensorFlow source tree: it has no " + _VERSION_HEADER,
            "Name the root of a checkout, the folder that contains 'tensorflow/'.",
        ) from None  # fmt: skip
    parts = dict(_VERSION_PART.findall(text))
    if not {"MAJOR_VERSION", "MINOR_VERSION", "PATCH_VERSION"} <= parts.keys():
        raise SourceTreeError(
            str(header), "does not define TF_MAJOR_VERSION, TF_MINOR_VERSION and TF_PATCH_VERSION",
            "Name the version yourself with --release.",
        )  # fmt: skip
    release = f"{parts['MAJOR_VERSION']}.{parts['MINOR_VERSION']}.{parts['PATCH_VERSION']}"
    return f"{release}{parts.get('VERSION_SUFFIX', '')}"


def open_tree(root: Path, *, extra_roots: Sequence[Path] = (), release: str | None = None) -> SourceTree:
    """Survey a checkout; ``extra_roots`` are more folders with kernels, inside or outside it.

    Raises SourceTreeError where the root is no TensorFlow tree or an extra root is no folder.
    """
    if not root.is_dir():
        raise SourceTreeError(str(root), "is no folder", "Name the root of a TensorFlow checkout.")
    found_release = release or version(root)
    units: dict[str, SourceUnit] = {}
    skipped: dict[str, str] = {}
    outside: dict[str, Path] = {}
    if not any((root / folder).is_dir() for folder in KERNEL_FOLDERS):
        raise SourceTreeError(str(root), f"has none of {', '.join(KERNEL_FOLDERS)}", "Is the checkout complete?")
    for folder in REGISTERING_FOLDERS:
        for path in _sources(root, folder):
            everything = path.startswith(tuple(f + "/" for f in KERNEL_FOLDERS))
            _classify(root, path, path, everything, units, skipped)
    for extra in extra_roots:
        if not extra.is_dir():
            raise SourceTreeError(str(extra), "is no folder", "--root takes a folder with C++ kernel sources.")
        prefix = _prefix(root, extra)
        if not extra.resolve().is_relative_to(root.resolve()):
            outside[prefix] = extra
        for path in _sources(extra, ""):
            _classify(extra, path, f"{prefix}/{path}", True, units, skipped)
    return SourceTree(
        root,
        found_release,
        tuple(units[p] for p in sorted(units)),
        tuple(sorted(skipped.items())),
        tuple(sorted(outside.items())),
    )


def _prefix(root: Path, extra: Path) -> str:
    """How paths of an extra root begin: from the checkout's root where it lies inside, else with its own name."""
    resolved = extra.resolve()
    if resolved.is_relative_to(root.resolve()):
        return resolved.relative_to(root.resolve()).as_posix()
    return resolved.name


def _sources(root: Path, folder: str) -> Iterator[str]:
    """Paths of the .cc files below a folder, from the root, sorted; links to folders are not followed."""
    for where, folders, names in os.walk(root / folder):
        folders.sort()
        base = Path(where).relative_to(root).as_posix()
        for name in sorted(names):
            if name.endswith(".cc"):
                yield f"{base}/{name}" if base != "." else name


def _classify(
    base: Path, path: str, shown: str, everything: bool, units: dict[str, SourceUnit], skipped: dict[str, str]
) -> None:
    folder, _, name = path.rpartition("/")
    reason = ""
    if _TEST_NAME.search(name) or not _TEST_FOLDERS.isdisjoint(folder.split("/")):
        reason = "a test or a helper of tests"
    elif _BENCHMARK_NAME.search(name):
        reason = "a benchmark"
    if everything and not reason:
        units[shown] = SourceUnit(shown, bool(_GPU_NAME.search(path)))
        return
    try:
        registers = _NAMES_A_SINK.search((base / path).read_bytes()) is not None
    except OSError:
        registers = False
    if registers and reason:
        skipped[shown] = reason
    elif registers:
        units[shown] = SourceUnit(shown, bool(_GPU_NAME.search(path)))
