"""Model files → graphs on our own types, without TensorFlow."""

from opselect.models.formats.models import Model, read_graph, read_model
from opselect.models.formats.own_files import check_output
from opselect.models.formats.places import check_for_tensorflow, is_archive_at, kind_at, model_at

__all__ = [
    "Model",
    "check_for_tensorflow",
    "check_output",
    "is_archive_at",
    "kind_at",
    "model_at",
    "read_graph",
    "read_model",
]
