"""Writers for TensorFlow Lite: what its builds are told of the operators of models.

:mod:`render` has them; nothing here imports it, for most builds are not of TensorFlow Lite.
"""

from opselect.build_lists.lite.options import LABELS, Labels, LiteOptions

__all__ = ["LABELS", "Labels", "LiteOptions"]
