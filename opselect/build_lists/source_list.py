"""The sources of a build for build systems without lists of TensorFlow's own: what the manifest has, as plain paths."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from kernel_index.build_files.mobile_lists import BASE_LIBRARY
from kernel_index.errors import InputError
from kernel_index.file_names import is_source
from kernel_index.index import KernelIndex
from kernel_index.records import LibraryUse
from kernel_index.shown import visible
from opselect.build_lists.keep_rule import Mode, support_files
from opselect.selection.select import Selection


def source_list(selection: Selection, index: KernelIndex, mode: Mode, keep_core: bool) -> tuple[str, ...]:
    """The source files of the manifest but those that every build compiles, sorted, from the root of the checkout.

    Definitions of ops are in it in any case: which of them another build system compiles is not known.
    """
    told = (file for file in selection.files if file.builds or file.role == "definition")
    files = (*told, *support_files(selection, index, mode, keep_core))
    paths = sorted({file.path for file in files if is_source(file.path) and not file.path.startswith(BASE_LIBRARY)})
    return tuple(paths)


def check_names(paths: Iterable[str]) -> None:
    """Raises InputError for a path that no list can hold: one with line breaks, control or direction characters."""
    for path in paths:
        if "\n" in path or visible(path) != path:
            raise InputError(
                path, "a list of files cannot hold a path with line breaks or control characters", "Rename the file."
            )


def library_warnings(selection: Selection, index: KernelIndex, have: Collection[str]) -> tuple[str, ...]:
    """The libraries of others that the sources are compiled with, but those that the user says to ``have``, sorted.

    What another build system has is not known, so none is missing.
    """
    uses = [
        use
        for file in selection.files
        for use in index.library_uses.get(file.path, ())
        if selection.profile in use.profiles and use.library not in have
    ]
    first: dict[str, LibraryUse] = {}
    for use in sorted(uses, key=lambda use: (use.library, use.header, use.included_by)):
        first.setdefault(use.library, use)
    return tuple(
        f"{use.included_by} includes {use.header}: your build must find the headers of {library} and link it "
        f"(--have {library} says that it does)"
        for library, use in first.items()
    )
