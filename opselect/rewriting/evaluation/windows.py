"""Windows that move over an image: how many there are, and how far they reach over its edges.

Source: ``GetWindowedOutputSizeVerboseV2`` of ``framework/common_shape_fns.cc``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from opselect.rewriting.evaluation.kernel import EvaluationError, KernelCall

NHWC = "NHWC"
MAX_WINDOW = 1 << 16
"""No window has more elements."""


@dataclass(frozen=True, slots=True)
class Windows:
    """Along one axis: the ``window`` in elements, how far it moves, and how far apart its elements are.

    ``padding`` is SAME, VALID or the elements that are added before and after.
    """

    window: int
    stride: int
    dilation: int
    padding: str | tuple[int, int]

    def __post_init__(self) -> None:
        if min(self.window, self.stride, self.dilation) < 1:
            raise EvaluationError("has a window or a stride below 1")

    @property
    def reach(self) -> int:
        """Elements from the first to the last one of a window."""
        return (self.window - 1) * self.dilation + 1

    def count(self, size: int) -> int:
        """How many windows there are on an axis of that size; EvaluationError where not one fits."""
        if self.padding == "SAME":
            return -(-size // self.stride)
        around = 0 if isinstance(self.padding, str) else sum(self.padding)
        count = (size + around - self.reach) // self.stride + 1
        if count < 0:
            raise EvaluationError(f"has windows of {self.reach} elements on an axis of {size}")
        return count

    def around(self, size: int) -> tuple[int, int]:
        """The elements that are added before and after an axis of that size."""
        if isinstance(self.padding, tuple):
            return self.padding
        if self.padding == "VALID":
            return 0, 0
        added = max(0, (self.count(size) - 1) * self.stride + self.reach - size)
        return added // 2, added - added // 2


def channels_last(call: KernelCall) -> bool:
    """Whether an image's channels are its last dimension; EvaluationError for another layout than the common two."""
    layout = call.text("data_format", NHWC)
    if layout not in (NHWC, "NCHW"):
        raise EvaluationError(f"has the layout {layout}")
    return layout == NHWC


def spatial(values: Sequence[int], last: bool) -> tuple[int, int]:
    """Those of a layout's four values that are about height and width."""
    if len(values) != 4:
        raise EvaluationError(f"has {len(values)} values for four dimensions")
    return (values[1], values[2]) if last else (values[2], values[3])


def windows_of(call: KernelCall, sizes: tuple[int, int]) -> tuple[Windows, Windows]:
    """The windows of a node along height and width, from its strides, dilations and padding."""
    last = channels_last(call)
    strides = spatial(call.wholes("strides"), last)
    dilations = spatial(call.wholes("dilations", (1, 1, 1, 1)), last)
    padding = call.text("padding", "VALID")
    paddings: tuple[str | tuple[int, int], str | tuple[int, int]] = (padding, padding)
    if padding == "EXPLICIT":
        listed = call.wholes("explicit_paddings")
        if len(listed) != 8 or min(listed) < 0:
            raise EvaluationError(f"has the paddings {list(listed)}")
        first = 2 if last else 4
        paddings = (listed[first], listed[first + 1]), (listed[first + 2], listed[first + 3])
    elif padding not in ("SAME", "VALID"):
        raise EvaluationError(f"has the padding {padding}")
    if sizes[0] * sizes[1] > MAX_WINDOW:
        raise EvaluationError(f"has windows of {sizes[0]} x {sizes[1]}")
    height, width = (Windows(*each) for each in zip(sizes, strides, dilations, paddings, strict=True))
    return height, width
