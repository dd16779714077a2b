"""Find one's way in a TensorFlow checkout: its version, and which source files can register kernels or ops."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from kernel_index.errors import SourceTreeError
from kernel_index.file_names import CPP_ENDINGS, is_cpp_source
from kernel_index.links import LEADS_OUT, Links
from kernel_index.type_table import UPSTREAM, TypeTable, type_table

KERNEL_FOLDERS = ("tensorflow/core/kernels", "tensorflow/core/common_runtime", "tensorflow/c/kernels")
"""Folders in which every source file is looked at, however it comes to register something."""

HELPER_FOLDERS = ("tensorflow/core/data", "tensorflow/tsl/framework/contraction")
"""Folders of what kernels link with and no base library has: upstream's groups of kernels name files there."""

CONTRIB = "tensorflow/contrib"
"""Holds packages with kernels of their own; every source file of such a package is looked at."""

OTHER_RUNTIME = "tensorflow/contrib/lite"
"""The package of contrib that is TensorFlow Lite, which has kernels of another kind (up to 1.12)."""

REGISTERING_FOLDERS = (
    "tensorflow/core", "tensorflow/c", "tensorflow/contrib", "tensorflow/compiler", "tensorflow/dtensor",
    "tensorflow/distribute", "tensorflow/user_ops", "tensorflow/python", "tensorflow/lite",
)  # fmt: skip
"""Folders in which a source file is looked at if it names a registration macro itself."""

SEARCH = ("", "third_party/xla", "third_party/xla/third_party/tsl", "third_party/tsl", "tensorflow/compiler")
"""Folders in which includes are looked for: the root, and where XLA and TSL stand in newer trees."""

_VERSION_HEADER = "tensorflow/core/public/version.h"
_VERSION_FILE = "tensorflow/tf_version.bzl"
_VERSION_PART = re.compile(r'#define\s+TF_(MAJOR_VERSION|MINOR_VERSION|PATCH_VERSION|VERSION_SUFFIX)\s+"?([^"\s]*)"?')

_VERSION_TEXT = re.compile(r'^TF_VERSION\s*=\s*["\'](\d+\.\d+\.\d+[^"\']*)["\']', re.MULTILINE)

_OF_A_FORK = (
    "tensorflow/core", "tensorflow/c", "tensorflow/contrib", "tensorflow/compiler", "tensorflow/user_ops",
    "tensorflow/dtensor", "tensorflow/lite",
)  # fmt: skip
"""What only a part of TensorFlow has: other libraries have a folder of that name, too, for what they are to it."""

_NOWHERE = Path(os.devnull)
"""The root of a tree that is made of other folders alone: no file is below it."""

_FRAMEWORK = ("tensorflow/core/framework", "core/framework", "framework", "")
"""Where ``types.h`` is in a checkout, or in a folder that is a part of one."""

_NAMES_A_SINK = re.compile(
    rb"REGISTER_KERNEL_BUILDER|REGISTER_SYSTEM_KERNEL_BUILDER|REGISTER_OP\b|REGISTER_SYSTEM_OP\b|TF_RegisterKernelBuilder|"
    rb"TF_RegisterOpDefinition"
)
_TEST_NAME = re.compile(r"(^|_)(test|tests|testlib|testutil|test_util|testing)(_|\.|$)|(^|_)(test_op|test_ops)(_|\.|$)")
_BENCHMARK_NAME = re.compile(r"(^|_)benchmark(s|_util|_testlib)?(_|\.|$)")
_TEST_FOLDERS = frozenset(
    ("test", "tests", "testdata", "testing", "test_kernels", "test_op", "kernel_tests", "benchmarks", "benchmark")
)
_ENDING = "|".join(map(re.escape, CPP_ENDINGS))
_GPU_NAME = re.compile(rf"\.cu(?:{_ENDING})$|(^|[_/])gpu(_\w+)?(?:{_ENDING})$|/gpu/")


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
    types: TypeTable = UPSTREAM
    roots: tuple[str, ...] = ()
    """How the paths of files in extra roots begin, inside the checkout or outside: their includes begin there."""
    links: Links = field(default_factory=Links, compare=False)
    """Which links lead out of the checkout and the extra roots: nothing is read behind them."""

    def where(self, path: str) -> str:
        """Where on disk a path from the root is to be read; for one behind a link that leads out, where no file is."""
        place = self._place(path)
        return f"{_NOWHERE}/{path}" if self.links.lead_out(place) else place

    def leads_out(self, path: str) -> bool:
        """Whether something is at a path from the root, and behind a link that leads out."""
        place = self._place(path)
        return self.links.lead_out(place) and os.path.exists(place)  # noqa: PTH110 - for thousands of headers

    def _place(self, path: str) -> str:
        first, _, rest = path.partition("/")
        for name, folder in self.extra_roots:
            if name == first:
                return f"{folder}/{rest}"
        return f"{self.root}/{path}"


def version(root: Path, *, follow_links: bool = False) -> str:
    """The version of the checkout, such as ``1.13.2`` or ``2.8.0-rc1``.

    Up to 2.19 it is in ``core/public/version.h``, from then on in ``tf_version.bzl``. Raises SourceTreeError where it
    is in neither, and but with ``follow_links`` where they are behind a link that leads out of the checkout.
    """
    header = root / _VERSION_HEADER
    links = Links(root, follow=follow_links)
    for file in (header, root / _VERSION_FILE):
        if links.lead_out(str(file)) and file.exists():
            raise SourceTreeError(str(file), LEADS_OUT)
    try:
        text = header.read_text(encoding="utf-8", errors="replace")
    except OSError:
        raise SourceTreeError(
            str(root), "is no TensorFlow source tree: it has no " + _VERSION_HEADER,
            "Name the root of a checkout, the folder that contains 'tensorflow/'.",
        ) from None  # fmt: skip
    parts = dict(_VERSION_PART.findall(text))
    if not {"MAJOR_VERSION", "MINOR_VERSION", "PATCH_VERSION"} <= parts.keys():
        written = _VERSION_TEXT.search(_text_of(root / _VERSION_FILE))
        if written is not None:
            return written[1]
        raise SourceTreeError(
            str(header),
            "does not define TF_MAJOR_VERSION, TF_MINOR_VERSION and TF_PATCH_VERSION, "
            f"and {_VERSION_FILE} no TF_VERSION",
            "Name the version yourself with --release.",
        )  # fmt: skip
    release = f"{parts['MAJOR_VERSION']}.{parts['MINOR_VERSION']}.{parts['PATCH_VERSION']}"
    return f"{release}{parts.get('VERSION_SUFFIX', '')}"


def _text_of(path: Path) -> str:
    """The text of a file, nothing where it cannot be read."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def release_of(root: Path, release: str | None = None, *, follow_links: bool = False) -> str:
    """The release that is given, else the :func:`version` of the checkout. Raises SourceTreeError."""
    if not root.is_dir():
        raise SourceTreeError(str(root), "is no folder", "Name the root of a TensorFlow checkout.")
    return release or version(root, follow_links=follow_links)


Registers = Callable[[str], bool]
"""Says of a source file, by its place on disk, whether it names a registration macro itself."""


def names_a_sink(where: str) -> bool:
    """Whether the file names a registration macro, or cannot be read (then the scan says so)."""
    try:
        data = Path(where).read_bytes()
    except OSError:
        return True
    return (b"REGISTER_" in data or b"TF_Register" in data) and _NAMES_A_SINK.search(data) is not None


def open_tree(
    root: Path,
    *,
    extra_roots: Sequence[Path] = (),
    release: str | None = None,
    registers: Registers = names_a_sink,
    follow_links: bool = False,
) -> SourceTree:
    """Survey a checkout; ``extra_roots`` are more folders with kernels, inside or outside it.

    ``registers`` is asked of the files outside the kernel folders. ``follow_links`` reads what is behind links that
    lead out of these folders, too. Raises SourceTreeError where the root is no TensorFlow tree or has its kernels
    behind such a link, and where an extra root is no folder.
    """
    links = Links(root, *extra_roots, follow=follow_links)
    found_release = release_of(root, release, follow_links=follow_links)
    units: dict[str, SourceUnit] = {}
    skipped: dict[str, str] = {}
    outside: dict[str, Path] = {}
    prefixes: list[str] = []
    if not any((root / folder).is_dir() for folder in KERNEL_FOLDERS):
        raise SourceTreeError(str(root), f"has none of {', '.join(KERNEL_FOLDERS)}", "Is the checkout complete?")
    for folder in KERNEL_FOLDERS:
        if links.lead_out(f"{root}/{folder}"):
            advice = "apply, check, generate and index scan have this option."
            raise SourceTreeError(f"{root}/{folder}", LEADS_OUT, advice)
    whole = tuple(f + "/" for f in (*KERNEL_FOLDERS, *HELPER_FOLDERS))
    for folder in (*REGISTERING_FOLDERS, *(f for f in HELPER_FOLDERS if not f.startswith(REGISTERING_FOLDERS))):
        sources = list(_sources(root, folder))
        packages = _registering_packages(root, sources, registers) if folder == CONTRIB else ()
        for path in sources:
            everything = path.startswith(whole) or _contrib_package(path) in packages
            where = f"{root}/{path}"
            # A file that cannot be read is scanned all the same: the scan says so.
            where = f"{_NOWHERE}/{path}" if links.lead_out(where) else where
            _classify(where, path, path, everything, registers, units, skipped)
    for extra in extra_roots:
        if not extra.is_dir():
            raise SourceTreeError(str(extra), "is no folder", "--root takes a folder with C++ kernel sources.")
        prefix = _prefix(root, extra, outside)
        prefixes.append(prefix)
        if not extra.resolve().is_relative_to(root.resolve()):
            outside[prefix] = extra
        for path in _sources(extra, ""):
            shown = f"{prefix}/{path}".removeprefix("./")
            _classify(f"{extra}/{path}", path, shown, True, registers, units, skipped)
            if shown in units:
                skipped.pop(shown, None)
    return SourceTree(
        root,
        found_release,
        tuple(units[p] for p in sorted(units)),
        tuple(sorted(skipped.items())),
        tuple(sorted(outside.items())),
        _types([root, *extra_roots], links),
        tuple(prefix for prefix in prefixes if prefix != "."),
        links,
    )


def _types(folders: Sequence[Path], links: Links) -> TypeTable:
    """The types of the first folder that has its own ``types.h`` or ``types.proto``: a tree, or a part of a fork."""
    for folder in folders:
        for inner in _FRAMEWORK:
            files = [folder / inner / name for name in ("types.h", "types.proto")]
            texts = ["" if links.lead_out(str(file)) else _text_of(file) for file in files]
            if any("DT_FLOAT" in text for text in texts):
                return type_table(*texts)
    return UPSTREAM


def _contrib_package(path: str) -> str:
    """The first three parts of a path: ``tensorflow/contrib/rnn``."""
    return "/".join(path.split("/", 3)[:3])


def _registering_packages(root: Path, sources: Sequence[str], registers: Registers) -> frozenset[str]:
    """The packages of contrib with a source file that registers something and is no test."""
    found = {_contrib_package(path) for path in sources if not left_out(path) and registers(f"{root}/{path}")}
    return frozenset(found - {OTHER_RUNTIME})


def open_roots(roots: Sequence[Path], release: str, *, follow_links: bool = False) -> SourceTree:
    """Survey folders of kernels that belong to no checkout.

    A folder that contains ``tensorflow/core`` or another of a release's folders is part of a fork: its paths begin
    there, so that they are those of the release's files. There can be one such folder; all others' paths begin with
    the folder's name. ``follow_links`` reads what is behind links that lead out of the folders, too. Raises
    SourceTreeError.
    """
    links = Links(*roots, follow=follow_links)
    forks = [root for root in roots if any((root / folder).is_dir() for folder in _OF_A_FORK)]
    if len(forks) > 1:
        raise SourceTreeError(
            str(forks[1]),
            f"contains 'tensorflow/', and so does {forks[0]}",
            "Only one fork can be laid over a release.",
        )
    base = forks[0] if forks else _NOWHERE
    units: dict[str, SourceUnit] = {}
    skipped: dict[str, str] = {}
    outside: dict[str, Path] = {}
    for root in roots:
        if not root.is_dir():
            raise SourceTreeError(str(root), "is no folder", "--root takes a folder with C++ kernel sources.")
        prefix = "" if root in forks else _own_prefix(base, root, outside) + "/"
        if prefix:
            outside[prefix[:-1]] = root
        for path in _sources(root, ""):
            _classify(f"{root}/{path}", path, prefix + path, True, names_a_sink, units, skipped)
    if not units:
        if skipped:
            first, reason = min(skipped.items())
            raise SourceTreeError(
                str(roots[0]),
                f"contains only C++ source files that are left out: {first} is {reason}, by its name",
                "Give kernels that a build needs another name or folder.",
            )
        raise SourceTreeError(
            str(roots[0]), "contains no C++ source file",
            f"--root takes a folder with files that end in {', '.join(CPP_ENDINGS)}.",
        )  # fmt: skip
    return SourceTree(
        base,
        release,
        tuple(units[p] for p in sorted(units)),
        tuple(sorted(skipped.items())),
        tuple(sorted(outside.items())),
        _types(roots, links),
        tuple(outside),
        links,
    )


def _own_prefix(base: Path, root: Path, outside: Mapping[str, Path]) -> str:
    """How paths of a root without a checkout begin: not like those of the release, unless it is a part of one."""
    prefix = _outside_prefix(base, root, outside)
    of_release = prefix in ("tensorflow", "third_party") and not (root / "core").is_dir()
    return f"{prefix}-2" if of_release else prefix


def _prefix(root: Path, extra: Path, outside: Mapping[str, Path]) -> str:
    """How paths of an extra root begin: from the checkout's root where it lies inside, else with its own name.

    The name gets a number where a folder of the checkout or another extra root has it already.
    """
    resolved = extra.resolve()
    if resolved.is_relative_to(root.resolve()):
        return resolved.relative_to(root.resolve()).as_posix()
    return _outside_prefix(root, extra, outside)


def _outside_prefix(root: Path, extra: Path, outside: Mapping[str, Path]) -> str:
    resolved = extra.resolve()
    name = resolved.name or "root"
    prefix = name
    number = 2
    while (root / prefix).exists() or (prefix in outside and outside[prefix].resolve() != resolved):
        prefix = f"{name}-{number}"
        number += 1
    return prefix


def _sources(root: Path, folder: str) -> Iterator[str]:
    """Paths of the C++ sources below a folder, from the root, folder by folder; links to folders are not followed."""
    start = f"{root}/{folder}" if folder else str(root)
    strip = len(start) - len(folder)
    for where, _, names in os.walk(start):
        base = f"{where}/"[strip:].lstrip("/")
        for name in names:
            if is_cpp_source(name):
                yield base + name


def plain_sources(root: Path, folder: str) -> Iterator[str]:
    """The source files below a folder that are neither tests nor for GPUs only, from the root."""
    return (path for path in _sources(root, folder) if not (left_out(path) or _GPU_NAME.search(path)))


def _classify(
    where: str,
    path: str,
    shown: str,
    everything: bool,
    registers: Registers,
    units: dict[str, SourceUnit],
    skipped: dict[str, str],
) -> None:
    reason = left_out(path)
    if everything and not reason:
        units[shown] = SourceUnit(shown, bool(_GPU_NAME.search(path)))
    elif registers(where):
        if reason:
            skipped[shown] = reason
        else:
            units[shown] = SourceUnit(shown, bool(_GPU_NAME.search(path)))


def left_out(path: str) -> str:
    """Why a source file is left out on purpose, by its path or name; nothing where it is not."""
    folder, _, name = path.rpartition("/")
    if _TEST_NAME.search(name) or not _TEST_FOLDERS.isdisjoint(folder.split("/")):
        return "a test or a helper of tests"
    return "a benchmark" if _BENCHMARK_NAME.search(name) else ""
