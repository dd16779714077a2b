"""``ops_to_register.h``: the header by which TensorFlow registers kernels one by one; written, and read back."""

from opselect.build_lists.header.content import HeaderOptions, header_text, header_warnings, kernels_by_choice
from opselect.build_lists.header.reader import FILE_NAME, read_header
from opselect.build_lists.header.record import SelectiveHeader, compiles_with

__all__ = [
    "FILE_NAME",
    "HeaderOptions",
    "SelectiveHeader",
    "compiles_with",
    "header_text",
    "header_warnings",
    "kernels_by_choice",
    "read_header",
]
