"""What became of a binary since an older build, and why is it no smaller?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kernel_index.errors import InputError
from opselect.audit.difference import Difference, difference
from opselect.build_lists.header.reader import read_header
from opselect.build_lists.header.record import SelectiveHeader
from opselect.findings import Finding
from opselect.usecases.audit import Audited
from opselect.usecases.watch import NOBODY, Watch
from opselect.verifying.binary_contents import fitting_profile, preferred
from opselect.verifying.named_files import ManifestFile, PathList, read_named_file, text_of
from opselect.verifying.why_not_smaller import Trim, why_not_smaller


@dataclass(frozen=True, slots=True)
class Compared:
    """Two builds held together; ``explanations`` are there where the trim failed, or where the files show why."""

    difference: Difference
    explanations: tuple[Finding, ...]


def compare(
    old: Audited, new: Audited, headers: Sequence[str] = (), lists: Sequence[str] = (), watch: Watch = NOBODY
) -> Compared:
    """Holds a binary against an older build of it.

    ``headers`` and ``lists`` are what the new one was to be built with: ``ops_to_register.h``, manifests and lists of
    source files. Builds for different processors are a warning. Raises InputError for those that cannot be read or are
    none.
    """
    for_old, for_new = (", ".join(sorted({binary.abi for binary in each.audit.binaries})) for each in (old, new))
    if for_old != for_new:
        watch.warning(
            f"the older build is for {for_old}, and this one for {for_new}: code of each has sizes of its own"
        )
    found = difference(old.audit, new.audit)
    index = new.index or old.index
    profile = fitting_profile(index, new.audit.kernels, preferred(index.profiles)) if index is not None else ""
    trim = Trim(
        {path: _header(path) for path in headers},
        {path: _files(path, frozenset(index.includes) if index is not None else frozenset()) for path in lists},
    )
    return Compared(found, why_not_smaller(found, index, profile, trim))


def _header(path: str) -> SelectiveHeader:
    return read_header(text_of(path), path)


def _files(path: str, known: frozenset[str]) -> frozenset[str]:
    named = read_named_file(path)
    if isinstance(named, ManifestFile):
        return named.files
    if isinstance(named, PathList):
        return named.compiled(known)
    raise InputError(path, "is no list of source files", "Name a manifest, tf_op_files.txt or another list of paths.")
