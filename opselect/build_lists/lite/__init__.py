"""Writers for TensorFlow Lite: what its builds are told of the operators of models."""

from opselect.build_lists.lite.options import LABELS, Labels, LiteOptions
from opselect.build_lists.lite.render import lite_findings, render_lite

__all__ = ["LABELS", "Labels", "LiteOptions", "lite_findings", "render_lite"]
