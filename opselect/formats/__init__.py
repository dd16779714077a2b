"""Model files → Graph, without TensorFlow."""

from opselect.formats.reader import read_graph

__all__ = ["read_graph"]
