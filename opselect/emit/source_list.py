"""The sources of a build for build systems without lists of TensorFlow's own: what the manifest has, as plain paths."""

from __future__ import annotations

from kernel_index.errors import InputError
from kernel_index.file_names import is_source
from kernel_index.index import KernelIndex
from opselect.emit.upstream import Mode, support_files
from opselect.mobile_lists import BASE_LIBRARY
from opselect.selection import Selection


def source_list(selection: Selection, index: KernelIndex, mode: Mode, keep_core: bool) -> tuple[str, ...]:
    """The source files of the manifest but those that every build compiles, sorted, from the root of the checkout.

    Definitions of ops are in it in any case: which of them another build system compiles is not known.

    Raises InputError for a path with a line break, which no list of one path a line can hold.
    """
    told = (file for file in selection.files if file.builds or file.role == "definition")
    files = (*told, *support_files(selection, index, mode, keep_core))
    paths = sorted({file.path for file in files if is_source(file.path) and not file.path.startswith(BASE_LIBRARY)})
    for path in paths:
        if len(path.splitlines()) != 1:
            raise InputError(path, "a list of files cannot hold a path with a line break", "Rename the file.")
    return tuple(paths)
