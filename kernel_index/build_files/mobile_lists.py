"""Which files a mobile build compiles by default: the release's own lists, as its build files use them."""

from __future__ import annotations

from collections.abc import Iterable

from kernel_index.base_library import is_base
from kernel_index.records import BAZEL, MAKE, BuildLists

GROUPS = (
    "core_ops",
    "extended_ops",
    "extended_ops_headers",
    "extended_ops_group1",
    "extended_ops_group2",
    "quantized_ops",
)
"""The filegroups of a mobile build, without the first word of the release's names."""

BASE_LIBRARY = ("tensorflow/core/common_runtime/", "tensorflow/core/framework/")
"""Folders that every mobile build compiles whole (``mobile_srcs`` of ``tensorflow/core/BUILD``, ``CORE_CC_ALL_SRCS``
of the Makefile): kernels in them are there without being listed."""

BASE_GROUPS = ("mobile_srcs", "android_srcs")
"""Files of the kernels package that belong to the base library."""

_BAZEL_GLOBS = "tensorflow/core/ops/"
"""What ``android_op_registrations_and_gradients`` of ``tensorflow/core/BUILD`` globs in every release."""

BY_MAKEFILE = ("ios", "raspberry-pi")
"""Profiles of builds that the makefile makes in releases that have one (docs/profiles.md)."""


def group_name(lists: BuildLists, group: str) -> str:
    """``android_core_ops`` or ``portable_core_ops``."""
    return f"{lists.prefix}_{group}"


def written_groups(lists: BuildLists) -> list[str]:
    """The full names of the groups of a mobile build, those that the release has."""
    names = [group_name(lists, group) for group in GROUPS]
    return [name for name in names if name in lists.groups]


def makefile_sources(lists: BuildLists) -> Iterable[tuple[str, str]]:
    """The entries of ``tf_op_files.txt`` with the file that make compiles for each; empty where there is none."""
    return ((entry, lists.makefile_missing.get(entry, entry)) for entry in lists.makefile)


def builds_of(lists: BuildLists) -> tuple[str, ...]:
    """The builds for which a release has lists, among :data:`BAZEL` and :data:`MAKE`."""
    return tuple(build for build, there in ((BAZEL, lists.groups), (MAKE, lists.makefile)) if there)


def builds_by_default(lists: BuildLists, profile: str) -> tuple[str, ...]:
    """The builds that make binaries of a profile, of those for which the release has lists.

    Phones with Android have both; iOS and the Raspberry Pi the makefile where there is one; a desktop none of them.
    """
    platform = profile.partition("+")[0]
    if platform == "desktop":
        return ()
    builds = builds_of(lists)
    return (MAKE,) if platform in BY_MAKEFILE and MAKE in builds else builds


def compiled_unlisted(path: str, lists: BuildLists, build: str) -> bool:
    """Whether a build compiles a source file that no list of kernels names.

    Where the index does not say what a build compiles (:attr:`BuildLists.not_compiled`), as that of a tree without the
    build's own files, it is taken to compile :data:`BASE_LIBRARY`, and Bazel the definitions of core ops too.
    """
    known = lists.not_compiled.get(build)
    if known is not None:
        return path not in known if is_base(path) else path in lists.compiled.get(build, ())
    return path.startswith(BASE_LIBRARY) or (build == BAZEL and path.startswith(_BAZEL_GLOBS))


def default_files(lists: BuildLists, profile: str) -> frozenset[str] | None:
    """The files that a build of ``profile`` takes from the lists by default; those of BASE_LIBRARY come on top.

    By the makefile's list where the makefile builds the profile, else by the Bazel groups. None where that is no
    subset of all kernels: the profile is no mobile one, or the release has no such lists.
    """
    platform = profile.partition("+")[0]
    if platform == "desktop":
        return None
    if platform in BY_MAKEFILE and lists.makefile:
        return frozenset(path for _, path in makefile_sources(lists) if path)
    groups = written_groups(lists)
    if not groups:
        return None
    base = [name for name in BASE_GROUPS if name in lists.groups]
    return frozenset(path for name in (*groups, *base) for path in lists.groups[name])


def comes_with_kernels(path: str) -> bool:
    """Whether both builds take a source file from the lists.

    Op definitions, and gradients with them, are in the makefile's list alone: Bazel globs them
    (``android_op_registrations_and_gradients`` of ``tensorflow/core/BUILD``). The base library is in neither list.
    """
    return not is_base(path) and "/ops/" not in path
