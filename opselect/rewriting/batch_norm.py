"""Batch normalisation ops: which of their inputs is what, and the scale and offset they amount to.

Source: ``GetScaleAndOffsetValues`` of ``tools/graph_transforms/fold_old_batch_norms.cc`` and ``ops/nn_ops.cc``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from opselect.models.formats.numpy_types import Array
from opselect.models.graph import Node


@dataclass(frozen=True, slots=True)
class _Layout:
    """Positions of the inputs after the tensor that is normalised, and the attr that holds epsilon."""

    mean: int
    variance: int
    beta: int
    gamma: int
    epsilon: str
    default_epsilon: float


_FUSED = _Layout(mean=3, variance=4, beta=2, gamma=1, epsilon="epsilon", default_epsilon=1e-4)
_GLOBAL = _Layout(mean=1, variance=2, beta=3, gamma=4, epsilon="variance_epsilon", default_epsilon=0.0)
_LAYOUTS = {
    "BatchNormWithGlobalNormalization": _GLOBAL,
    "FusedBatchNorm": _FUSED,
    "FusedBatchNormV2": _FUSED,
    "FusedBatchNormV3": _FUSED,
}
OPS = tuple(_LAYOUTS)
GTT_OPS = OPS[:2]
"""Those that the Graph Transform Tool knows."""


def is_training(node: Node) -> bool:
    """Whether the op normalises by the statistics of its batch, and not by the ones that it is given."""
    return node.op != "BatchNormWithGlobalNormalization" and node.attrs.get("is_training", True) is True


def scale_and_offset(node: Node, inputs: list[Array]) -> tuple[Array, Array]:
    """The vectors by which the op multiplies each channel and what it adds then.

    ``inputs`` are the values of the op's inputs after the first, vectors of one length. Computed in float, in the
    order of upstream. Raises ValueError for inputs that are not such vectors.
    """
    layout = _LAYOUTS[node.op]
    mean, variance, beta, gamma = (
        inputs[position - 1] for position in (layout.mean, layout.variance, layout.beta, layout.gamma)
    )
    if mean.ndim != 1 or any(vector.shape != mean.shape for vector in (variance, beta, gamma)):
        shapes = ", ".join(str(list(vector.shape)) for vector in (mean, variance, beta, gamma))
        raise ValueError(f"mean, variance, beta and gamma have the shapes {shapes}, they must be vectors of one length")
    epsilon = node.attrs.get(layout.epsilon, layout.default_epsilon)
    one = np.float32(1)
    with np.errstate(all="ignore"):  # what a division by zero gives is what the op itself would give
        scale = one / np.sqrt(variance + np.float32(epsilon if isinstance(epsilon, float) else 0.0))
        if node.attrs.get("scale_after_normalization", True) is True:
            scale = scale * gamma
        return scale, -mean * scale + beta
