"""Binaries of which nothing can be read that they register: that none is found is then no answer."""

from __future__ import annotations

import numpy as np

from opselect.binaries.image import Image
from opselect.binaries.records import Registrations

_OF_THE_SYSTEM = 4
"""Functions without a known beginning that a compiler's own objects give the loader to call (``frame_dummy`` …)."""


def why_not_followed(image: Image, registrations: Registrations) -> str:
    """Why nothing is known of what a binary registers; empty where it was looked at.

    Where a function begins, symbols say and the tables for unwinding. Without both, nothing begins where the loader
    calls, and code that registers cannot be told from code that does not.
    """
    if registrations.not_followed:
        return registrations.not_followed
    if registrations.kernels or registrations.definitions or registrations.undecoded:
        return ""
    called = np.array(image.initialisers, np.uint64) & ~np.uint64(1 if image.thumb else 0)
    unknown = int((~np.isin(called, image.functions.starts)).sum())
    if unknown <= _OF_THE_SYSTEM or unknown < len(called):
        return ""
    return "neither symbols nor tables for unwinding say where the functions begin that the loader calls"
