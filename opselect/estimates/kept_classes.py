"""What is left of a source file of which a header, ``ops_to_register.h``, keeps some kernel classes only."""

from __future__ import annotations

from typing import NamedTuple

from kernel_index.shipped.sizes import FileSize
from opselect.estimates.records import KeptClasses

_WITHOUT_KERNELS = 0.1
"""The part of a usual file that is there without any of its kernels."""


_FACTOR_AROUND = 2
"""By this what registers kernels may be off, which no kernel leads to and each has a part of."""


class Share(NamedTuple):
    """A part of a file's bytes: at least, expected, at most."""

    low: float
    middle: float
    high: float


def share_of(kept: KeptClasses, registrations: int, measured: FileSize | None) -> Share:
    """The part of a file that is compiled of ``registrations`` kernels when only some classes are kept.

    ``measured`` has the bytes of its classes. What each has alone is known; of what several share, at least as much
    stays as one of them needs, at most what all of them need. Without such bytes each kernel counts alike, and
    nearly nothing or nearly all may be left.
    """
    if kept.registrations >= registrations:
        return Share(1, 1, 1)
    if measured is None or not measured.bytes or not kept.names & measured.classes.keys():
        left = kept.registrations / registrations
        middle = _WITHOUT_KERNELS + (1 - _WITHOUT_KERNELS) * left
        return Share(min(middle, _WITHOUT_KERNELS / 2 + left / 4), middle, 1)
    classes = measured.classes
    known = [classes[name] for name in sorted(kept.names & classes.keys())]
    alone = sum(each.alone for each in known)
    around = measured.bytes - measured.kernel_bytes
    together = max(0, measured.kernel_bytes - sum(each.alone for each in classes.values()))
    needed = [max(0, each.whole - each.alone) for each in known]
    registering = around * kept.registrations / registrations
    least = alone + min(together, max(needed, default=0))
    most = alone + min(together, sum(needed))
    counts = (
        least + registering / _FACTOR_AROUND,
        (least + most) / 2 + registering,
        most + min(around, registering * _FACTOR_AROUND),
    )
    return Share(*(min(1.0, count / measured.bytes) for count in counts))
