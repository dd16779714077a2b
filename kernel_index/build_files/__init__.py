"""The build files of a TensorFlow checkout: which sources a release's own mobile builds compile."""

from kernel_index.build_files.edit import WantedList, edit_build_file
from kernel_index.build_files.entries import ListEntries, ListEntry, read_list_entries
from kernel_index.build_files.globbing import BUILD_FILE_NAMES, is_there
from kernel_index.build_files.labels import Label, buildifier_order, label_of_path, parse_label
from kernel_index.build_files.lists import (
    KERNELS_PACKAGE,
    MAKEFILE_LIST,
    named_path,
    read_build_lists,
    words_of_make,
)
from kernel_index.build_files.select_conditions import BY_DEFAULT
from kernel_index.build_files.starlark import parse_build_file
from kernel_index.build_files.unlisted import MAKEFILE, UnlistedBuild, read_unlisted

__all__ = [
    "BUILD_FILE_NAMES",
    "BY_DEFAULT",
    "KERNELS_PACKAGE",
    "MAKEFILE",
    "MAKEFILE_LIST",
    "Label",
    "ListEntries",
    "ListEntry",
    "UnlistedBuild",
    "WantedList",
    "buildifier_order",
    "edit_build_file",
    "is_there",
    "label_of_path",
    "named_path",
    "parse_build_file",
    "parse_label",
    "read_build_lists",
    "read_list_entries",
    "read_unlisted",
    "words_of_make",
]
