"""What does the other side of a Flex library need: the desktop beside a phone, phones beside the desktop?"""

from __future__ import annotations

from kernel_index.profiles import is_mobile
from kernel_index.records import BAZEL
from opselect.build_lists.flex.options import FlexOptions
from opselect.build_lists.lite import Labels
from opselect.selection.named_kernels import NamedKernels
from opselect.usecases.select_kernels import BuildAnswer, select_kernels

DESKTOP = "desktop"
SELECTIVE = "selective"
"""The build of phones with ``SUPPORT_SELECTIVE_REGISTRATION``, which the Flex delegate is compiled with."""


def flex_options(found: BuildAnswer, labels: Labels) -> FlexOptions:
    """The selection for the other side, from the same index and the same models."""
    other = DESKTOP if is_mobile(found.selection.profile) else SELECTIVE
    if other not in found.index.profiles:
        return FlexOptions(labels, why_not=f"the index has no profile {other}")
    lacking = [each for each in found.named.kernels if other not in each.registration.profiles]
    if lacking:
        op = lacking[0].registration.op
        return FlexOptions(labels, why_not=f"profile {other} lacks a kernel of {op} that an ops list names")
    named = NamedKernels(kernels=found.named.kernels, ops=found.named.ops)
    answer = select_kernels(found.needed, found.index, other, builds=(BAZEL,), have=found.have, named=named)
    if answer.unread:
        return FlexOptions(labels, why_not="some models could not be read")
    return FlexOptions(labels, answer.selection)
