"""One writer an output, each a thin layer over a template."""

from opselect.emit.render import TARGETS, ManifestFormat, Target, render, render_warnings
from opselect.emit.templates import template_folder
from opselect.emit.upstream import Mode
from opselect.emit.write import write_outputs

__all__ = [
    "TARGETS",
    "ManifestFormat",
    "Mode",
    "Target",
    "render",
    "render_warnings",
    "template_folder",
    "write_outputs",
]
