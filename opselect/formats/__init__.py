"""Model files → graphs on our own types, without TensorFlow."""

from opselect.formats.models import Model, read_graph, read_model

__all__ = ["Model", "read_graph", "read_model"]
