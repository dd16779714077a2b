"""The flow of the code of each machine that can be followed."""

from __future__ import annotations

from opselect.binaries.code.flow import CodeFlow
from opselect.binaries.image import Image, Machine


def flow_of(image: Image) -> CodeFlow | None:
    """How the code of an image is followed; None for machines that cannot be."""
    if image.machine in {Machine.X86_64, Machine.X86}:
        from opselect.binaries.code.x86 import X86Flow

        return X86Flow(image)
    if image.big_endian:
        return None
    if image.machine is Machine.AARCH64:
        from opselect.binaries.code.aarch64 import AArch64Flow

        return AArch64Flow(image)
    if image.machine is Machine.ARM:
        from opselect.binaries.code.arm import ArmFlow

        return ArmFlow(image)
    return None
