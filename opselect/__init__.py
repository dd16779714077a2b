"""Which operator kernels does a mobile TensorFlow build need, and what must the build files say?

What a program calls has a name here and a place in ``docs/api.md``. A name is imported when it is first used, so that
whoever needs little waits for little. No part of it imports TensorFlow or gets in its way.
"""

import importlib

from kernel_index import __version__

TYPE_CHECKING = False
"""What type checkers take for true; from ``typing`` it would cost as much time as the rest of the start."""

_HOMES = {
    "ArchiveMember": "opselect.models.formats.archives",
    "ArchivedModel": "opselect.models.formats.archives",
    "BuildAnswer": "opselect.usecases.select_kernels",
    "CheckedLists": "opselect.usecases.check_lists",
    "Checkpoint": "opselect.models.formats.checkpoint",
    "CheckoutEdit": "opselect.usecases.edit_checkout",
    "Choice": "opselect.models.choice",
    "Finding": "opselect.findings",
    "Frozen": "opselect.rewriting.freezing",
    "FrozenModel": "opselect.usecases.freeze",
    "GraphSize": "opselect.usecases.transform",
    "IncompleteError": "opselect.usecases.select_kernels",
    "IndexFileError": "kernel_index.errors",
    "InputError": "kernel_index.errors",
    "KernelIndex": "kernel_index.index",
    "ListOptions": "opselect.usecases.generate",
    "LoadedModel": "opselect.usecases.load_model",
    "Macros": "opselect.usecases.kernel_source",
    "ModelRequirements": "opselect.usecases.read_requirements",
    "ModelSet": "opselect.usecases.read_requirements",
    "NoModelReadError": "opselect.usecases.read_requirements",
    "OpselectError": "kernel_index.errors",
    "PreparedModel": "opselect.usecases.prepare",
    "Requirement": "opselect.requirements.collect",
    "Requirements": "opselect.requirements.collect",
    "SelectedFile": "opselect.selection.select",
    "SelectedKernel": "opselect.selection.select",
    "Selection": "opselect.selection.select",
    "SizeEstimate": "opselect.estimates",
    "SourceTreeError": "kernel_index.errors",
    "TransformError": "opselect.rewriting",
    "TransformedGraph": "opselect.usecases.transform",
    "Watch": "opselect.usecases.watch",
    "WrittenLists": "opselect.usecases.generate",
    "check_checkout": "opselect.usecases.check_lists",
    "edit_checkout": "opselect.usecases.edit_checkout",
    "estimate_lists": "opselect.usecases.generate",
    "freeze": "opselect.usecases.freeze",
    "list_archive": "opselect.models.formats.archives",
    "load_model": "opselect.usecases.load_model",
    "manifest_of": "opselect.usecases.generate",
    "models_inside": "opselect.models.formats.archives",
    "open_checkpoint": "opselect.models.formats.checkpoint",
    "open_index": "opselect.usecases.open_kernels",
    "prepare": "opselect.usecases.prepare",
    "requirements_of": "opselect.usecases.read_requirements",
    "select": "opselect.usecases.select_kernels",
    "transform": "opselect.usecases.transform",
    "undo_edits": "opselect.usecases.edit_checkout",
    "write_build_lists": "opselect.usecases.generate",
}
"""The module of each name. What type checkers and editors see is below; ``tests/test_api.py`` holds both together."""

__all__ = [
    "ArchiveMember",
    "ArchivedModel",
    "BuildAnswer",
    "CheckedLists",
    "CheckoutEdit",
    "Checkpoint",
    "Choice",
    "Finding",
    "Frozen",
    "FrozenModel",
    "GraphSize",
    "IncompleteError",
    "IndexFileError",
    "InputError",
    "KernelIndex",
    "ListOptions",
    "LoadedModel",
    "Macros",
    "ModelRequirements",
    "ModelSet",
    "NoModelReadError",
    "OpselectError",
    "PreparedModel",
    "Requirement",
    "Requirements",
    "SelectedFile",
    "SelectedKernel",
    "Selection",
    "SizeEstimate",
    "SourceTreeError",
    "TransformError",
    "TransformedGraph",
    "Watch",
    "WrittenLists",
    "__version__",
    "check_checkout",
    "edit_checkout",
    "estimate_lists",
    "freeze",
    "list_archive",
    "load_model",
    "manifest_of",
    "models_inside",
    "open_checkpoint",
    "open_index",
    "prepare",
    "requirements_of",
    "select",
    "transform",
    "undo_edits",
    "write_build_lists",
]

if TYPE_CHECKING:
    from kernel_index.errors import IndexFileError, InputError, OpselectError, SourceTreeError
    from kernel_index.index import KernelIndex
    from opselect.estimates import SizeEstimate
    from opselect.findings import Finding
    from opselect.models.choice import Choice
    from opselect.models.formats.archives import ArchivedModel, ArchiveMember, list_archive, models_inside
    from opselect.models.formats.checkpoint import Checkpoint, open_checkpoint
    from opselect.requirements.collect import Requirement, Requirements
    from opselect.rewriting import TransformError
    from opselect.rewriting.freezing import Frozen
    from opselect.selection.select import SelectedFile, SelectedKernel, Selection
    from opselect.usecases.check_lists import CheckedLists, check_checkout
    from opselect.usecases.edit_checkout import CheckoutEdit, edit_checkout, undo_edits
    from opselect.usecases.freeze import FrozenModel, freeze
    from opselect.usecases.generate import ListOptions, WrittenLists, estimate_lists, manifest_of, write_build_lists
    from opselect.usecases.kernel_source import Macros
    from opselect.usecases.load_model import LoadedModel, load_model
    from opselect.usecases.open_kernels import open_index
    from opselect.usecases.prepare import PreparedModel, prepare
    from opselect.usecases.read_requirements import ModelRequirements, ModelSet, NoModelReadError, requirements_of
    from opselect.usecases.select_kernels import BuildAnswer, IncompleteError, select
    from opselect.usecases.transform import GraphSize, TransformedGraph, transform
    from opselect.usecases.watch import Watch
else:

    def __getattr__(name):
        """The name from its module, kept for the next time."""
        home = _HOMES.get(name)
        if home is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        found = getattr(importlib.import_module(home), name)
        globals()[name] = found
        return found

    def __dir__():
        return sorted({*globals(), *_HOMES})
