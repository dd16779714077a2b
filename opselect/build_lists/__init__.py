"""One writer an output, each a thin layer over a template."""

from opselect.build_lists.keep_rule import Mode
from opselect.build_lists.render import render, render_warnings
from opselect.build_lists.templates import template_folder
from opselect.build_lists.unread import check_read
from opselect.build_lists.write import write_files, write_outputs

__all__ = [
    "Mode",
    "check_read",
    "render",
    "render_warnings",
    "template_folder",
    "write_files",
    "write_outputs",
]
