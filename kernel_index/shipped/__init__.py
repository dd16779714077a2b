"""The indexes of released versions that come with the package: one file a release, made by ``opselect index scan``."""

from __future__ import annotations

import functools
import re
from pathlib import Path

from kernel_index.errors import OpselectError

SUFFIX = ".opselidx"

_MINOR = re.compile(r"\d+\.\d+")


def releases() -> tuple[str, ...]:
    """The releases whose indexes are shipped, oldest first."""
    found = [path.name.removesuffix(SUFFIX) for path in Path(__file__).parent.glob("*" + SUFFIX)]
    return tuple(sorted(found, key=lambda r: [int(n) for n in re.findall(r"\d+", r)]))


def find(release: str) -> Path:
    """The index file of a release, which may be written ``1.13``, ``1.13.2`` or ``v1.13.2``.

    A patch release that is not shipped is an error, for patch releases differ. Raises OpselectError.
    """
    wanted = release.removeprefix("v")
    for shipped in reversed(releases()):
        minor = _MINOR.match(shipped)
        if wanted == shipped or (minor is not None and wanted == minor[0]):
            return Path(__file__).parent / (shipped + SUFFIX)
    raise OpselectError(
        f"there is no shipped index of TensorFlow {release}; there are: {', '.join(releases())}\n"
        "  Name one of these, or scan your checkout: opselect index scan TREE -o FILE, then --index FILE."
    )


@functools.cache
def releases_with(op: str) -> tuple[str, ...]:
    """The shipped releases that know an op, be it by a definition or by a kernel, oldest first.

    Reads the names of the ops of every index: some milliseconds each. Raises IndexFileError for a damaged one.
    """
    from kernel_index.store import open_index

    return tuple(release for release in releases() if open_index(find(release)).has_op(op))
