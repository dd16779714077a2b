"""Transforms that the Graph Transform Tool has, or had, and opselect has not, and why.

Source: the files of ``tools/graph_transforms/`` from 1.0 to 2.20, those of ``core/kernels/`` that register transforms.
"""

from __future__ import annotations

from collections.abc import Mapping

_WRONG_KERNEL = "TensorFlow's kernels of the fused ops are right for the first image of a batch only"
_HEXAGON = "it is for the runtime of one DSP (Hexagon), which TensorFlow has from 1.1 to 2.4"

ABSENT: Mapping[str, str] = {
    "fake_quantize_training": "it is for training, and the tool has it from 1.4 to 1.6 only",
    "freeze_requantization_ranges": "it is for graphs that quantize_nodes has made",
    "fuse_pad_and_conv": _WRONG_KERNEL,
    "fuse_quantized_conv_and_requantize": "it is for builds with Intel's MKL, and the tool has it in 1.13 only",
    "fuse_remote_graph": _HEXAGON,
    "fuse_resize_and_conv": _WRONG_KERNEL,
    "fuse_resize_pad_and_conv": _WRONG_KERNEL,
    "insert_logging": "it is for debugging a graph, not for preparing one",
    "place_remote_graph_arguments": _HEXAGON,
    "quantize_nodes": "it changes what a model computes; TensorFlow Lite's converter is the way to eight-bit models",
    "remove_ema": "it is for graphs that fake_quantize_training has made, and the tool has it from 1.4 to 1.6 only",
    "rewrite_quantized_stripped_model_for_hexagon": _HEXAGON,
    "sparsify_gather": "it needs the model's checkpoint, and an initialiser that every program must run",
}
"""Name → why it is not there."""
