"""The makefile's list of sources, ``tf_op_files.txt``, for a selection."""

from __future__ import annotations

from kernel_index.build_files.lists import words_of_make
from kernel_index.build_files.mobile_lists import makefile_sources
from kernel_index.build_files.places import MAKEFILE_LIST
from kernel_index.errors import InputError
from kernel_index.index import KernelIndex
from kernel_index.records import MAKE
from opselect.build_lists.keep_rule import Mode, keep_rule
from opselect.selection.select import Selection


def makefile_list(selection: Selection, index: KernelIndex, mode: Mode, keep_core: bool) -> tuple[str, ...]:
    """The lines of ``tf_op_files.txt``: upstream's entries that stay, in their order, then the new ones, sorted.

    Gradients stay, and so do the definitions of all ops of which the build has kernels (:func:`keep_rule`). ``trim``
    drops an entry that does not exist, or writes the name of the file that make compiles in its place; ``extend``
    keeps it as it is spelled.

    Raises InputError for a release without such a list, and for a path with white space, at which make would split it.
    """
    lists = index.build_lists
    if not lists.makefile:
        raise InputError(
            f"TensorFlow {index.release}",
            f"it has no {MAKEFILE_LIST}",
            "The makefile build exists up to 2.0; use --target bazel or --target manifest.",
        )
    rule = keep_rule(selection, index, mode, keep_core, MAKE)
    lines = []
    for entry, compiled in makefile_sources(lists):
        if mode == "extend":
            lines.append(entry)
        elif compiled and rule.keeps(compiled):
            lines.append(compiled)
    listed = {compiled for _, compiled in makefile_sources(lists)}
    for path in sorted(rule.needed - listed):
        if len(words_of_make(path)) != 1:
            raise InputError(path, "make cannot list a path with white space", "Rename the file.")
        lines.append(path)
    return tuple(dict.fromkeys(lines))


def makefile_warnings(selection: Selection, index: KernelIndex, mode: Mode, keep_core: bool) -> tuple[str, ...]:
    """What upstream's list gets wrong of that which the written one has, and what became of it."""
    written = makefile_list(selection, index, mode, keep_core) if index.build_lists.makefile_missing else ()
    return tuple(
        f"{MAKEFILE_LIST}: {entry} does not exist: " + _what_became(compiled, mode)
        for entry, compiled in sorted(index.build_lists.makefile_missing.items())
        if (entry if mode == "extend" else compiled) in written
    )


def _what_became(compiled: str, mode: Mode) -> str:
    if mode == "extend":
        return "kept as upstream has it" + (f" (make compiles {compiled})" if compiled else "")
    return f"taken as {compiled}, which make compiles in its place"
