"""What one side of a Flex library compiles: the phones' side, or that of all other platforms.

Both sides define nothing but what the models need, so that definitions of ops are selected, too: TensorFlow's own rule
compiles all of ``portable_op_registrations_and_gradients``. Which of the files are linked already by what the delegate
depends on differs from release to release (130 to 143 files with kernels or ops from 2.4 to 2.12, 16 from 2.13 to 2.16)
and is found out by Bazel itself, in the rule that is written.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from kernel_index.base_library import BaseLibrary, is_base
from kernel_index.build_files.labels import buildifier_order, label_of_path
from kernel_index.build_files.mobile_lists import BASE_GROUPS, written_groups
from kernel_index.build_files.places import KERNELS_PACKAGE
from kernel_index.dependencies import DependencyGraph, included
from kernel_index.file_names import is_source
from kernel_index.index import KernelIndex
from kernel_index.records import BAZEL, BuildLists
from kernel_index.walks import reached
from opselect.build_lists.header.content import header_text
from opselect.build_lists.header.options import HeaderOptions
from opselect.selection.named_kernels import NamedKernels
from opselect.selection.select import Selection

_OPS = "tensorflow/core/ops/"
_TENSORFLOW = "tensorflow/"

TARGETS_OF_FILES = {
    "tensorflow/c/kernels.h": "//tensorflow/c:kernels",
    "tensorflow/core/data/rewrite_utils.cc": "//tensorflow/core/data:rewrite_utils",
    "tensorflow/core/framework/reader_base.h": "//tensorflow/core:reader_base",
    "tensorflow/core/kernels/data/multi_device_iterator_ops.cc": (
        "//tensorflow/core/kernels/data:multi_device_iterator_ops"
    ),
    "tensorflow/core/lib/gif/gif_io.h": "//tensorflow/core:gif_internal",
    "tensorflow/core/lib/jpeg/jpeg_handle.h": "//tensorflow/core:jpeg_internal",
    "tensorflow/core/lib/jpeg/jpeg_mem.h": "//tensorflow/core:jpeg_internal",
    "tensorflow/core/util/quantization/uniform_quant_ops_params.h": (
        "//tensorflow/core/util/quantization:uniform_quant_ops_params"
    ),
    "tensorflow/core/util/tensor_bundle/tensor_bundle.h": "//tensorflow/core/util/tensor_bundle",
}
"""Elsewhere than on phones: the targets of files that the delegate does not depend on, and that can or should not be
compiled by themselves, for they need others. Headers are of the phones' base library; ``rewrite_utils.cc`` has more
dependencies there than on phones; ``multi_device_iterator_ops.cc`` registers an op by a name that is no constant, which
does not compile with a header that has it.

Found by comparing ``mobile_srcs`` of ``tensorflow/core/BUILD`` with what ``delegate_only_runtime`` and
``delegate_data`` of ``tensorflow/lite/delegates/flex/BUILD`` depend on, and these targets' names with the BUILD files,
in 2.4 to 2.16 and 2.20.
"""

_ALWAYS_LINKED = tuple(
    f"tensorflow/core/{folder}/"
    for folder in ("framework", "lib", "platform", "protobuf", "public", "example", "graph", "profiler")
)
"""Folders that ``//tensorflow/core:framework``, ``:lib`` and ``:core_cpu`` link on every platform."""


_JUDGED = ("tensorflow/core/", "tensorflow/c/")
"""Folders whose sources kernels may be linked with; those of ``tensorflow/tsl`` come with ``//tensorflow/core:lib``."""


@dataclass(frozen=True, slots=True)
class FlexSide:
    """What a side compiles, sorted.

    ``paths`` are sources and headers from the root of the checkout, ``labels`` those of them that are in none of the
    groups which TensorFlow's own rule compiles. ``beside`` are sources of the phones' base library that are compiled,
    too, where nothing links them; ``targets`` are labels of what is linked besides. ``header`` are the lines of
    ``ops_to_register.h``. Where it cannot be built ``missing`` says why, and there is nothing else.
    """

    profile: str
    missing: str = ""
    paths: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    header: tuple[str, ...] = ()

    def names(self) -> tuple[str, ...]:
        """All paths and labels."""
        return (*self.paths, *self.labels, *self.beside)


def flex_side(selection: Selection, index: KernelIndex, *, phone: bool, named: NamedKernels) -> FlexSide:
    """The side of a selection, complete or not: what is missing is for the caller to judge."""
    sources = _sources(selection, index)
    ungrouped = _ungrouped(sources, index.build_lists)
    headers = _headers(ungrouped, index)
    touched = () if phone else _base_headers(sources, index)
    targets = {TARGETS_OF_FILES[path] for path in (*touched, *sources) if not phone and path in TARGETS_OF_FILES}
    return FlexSide(
        selection.profile,
        paths=tuple(sorted({*sources, *headers})),
        labels=_labels({*ungrouped, *_ungrouped(headers, index.build_lists)}, index.build_lists),
        beside=tuple(_beside(touched)),
        targets=tuple(sorted(targets, key=buildifier_order)),
        header=tuple(header_text(selection, HeaderOptions(default_ops=""), named).splitlines()),
    )


def _sources(selection: Selection, index: KernelIndex) -> tuple[str, ...]:
    """The files with the kernels, those that define their ops, and all that both are linked with.

    The header drops the other kernels of these files, but those of the system, whose ops must be defined, too.
    """
    graph = DependencyGraph(index, selection.profile)
    ops = set(selection.ops)
    kernels = {file.path for file in selection.files if file.role == "kernel"}
    while True:
        defining = {each.source for each in map(index.op_definition, sorted(ops)) if each is not None}
        files = kernels | defining
        sources = files.union(graph.closure(sorted(files)))
        more = _system_ops(sources, index, selection.profile) - ops
        if not more:
            return tuple(sorted(sources))
        ops |= more


def _system_ops(files: Collection[str], index: KernelIndex, profile: str) -> set[str]:
    """The ops of kernels in some files that are registered whatever a header says."""
    kernel_ops = index.kernel_ops(profile)
    return {
        registration.op
        for file in files
        for op in kernel_ops.get(file, ())
        for registration in index.registrations(op)
        if registration.system and registration.source == file and profile in registration.profiles
    }


def _headers(sources: Iterable[str], index: KernelIndex) -> tuple[str, ...]:
    """Headers beside the kernels that sources include, directly or not.

    Those of the base library come with it, and those of sources in a group are in the groups, which are compiled with
    nothing else. Others are visible to few: such headers are named for the sources only that need them.
    """
    return tuple(path for path in included(sources, index.includes) if _is_header(path) and not is_base(path))


def _is_header(path: str) -> bool:
    return path.startswith(_TENSORFLOW) and not is_source(path)


def _base_headers(sources: Iterable[str], index: KernelIndex) -> tuple[str, ...]:
    """Headers of the base library that the sources include themselves, or by headers that come with the kernels.

    What those headers' own sources need is linked or compiled with them.
    """

    def included_by(path: str) -> Iterable[str]:
        return index.includes.get(path, ()) if is_source(path) or not is_base(path) else ()

    return tuple(sorted(path for path in reached(sources, included_by) if _is_header(path) and is_base(path)))


def _beside(headers: Iterable[str]) -> Iterator[str]:
    for header in headers:
        of_a_source = header.endswith(".h") and header not in TARGETS_OF_FILES
        if of_a_source and header.startswith(_JUDGED) and not header.startswith(_ALWAYS_LINKED):
            yield BaseLibrary.source_of(header)


def _ungrouped(paths: Iterable[str], lists: BuildLists) -> tuple[str, ...]:
    """The files that neither the groups of kernels hold, nor that of all ops, nor the base library of phones."""
    names = (*written_groups(lists), *BASE_GROUPS)
    grouped = frozenset[str]().union(*(lists.groups.get(name, ()) for name in names), lists.compiled.get(BAZEL, ()))
    return tuple(path for path in paths if path not in grouped and not path.startswith(_OPS))


def _labels(paths: Iterable[str], lists: BuildLists) -> tuple[str, ...]:
    packages = frozenset(lists.packages) | {KERNELS_PACKAGE}
    found = (label_of_path(path, packages) for path in paths)
    return tuple(sorted((f"//{label.package}:{label.name}" for label in found), key=buildifier_order))
