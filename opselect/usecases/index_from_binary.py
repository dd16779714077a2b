"""The index of libraries whose sources are not at hand: what they register, and the rest from a near release."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kernel_index import shipped
from kernel_index.errors import InputError
from kernel_index.store import open_index
from opselect.audit.releases import nearest_release
from opselect.library_index.join import Join, join
from opselect.library_index.libraries import Libraries, together
from opselect.library_index.said_version import said_release
from opselect.library_index.wheels import Wheel, wheel_of
from opselect.usecases.audit import AuditQuestion
from opselect.usecases.kernel_source import KernelSource
from opselect.usecases.read_binaries import read_binaries
from opselect.usecases.watch import NOBODY, RecordingWatch, Watch

if TYPE_CHECKING:
    from kernel_index.records import ScanResult
    from kernel_index.store import StoredIndex

PIP_PROFILE = "desktop"
"""The build that the libraries of pip packages are."""


@dataclass(frozen=True, slots=True)
class LibraryQuestion:
    """Which libraries: ``files`` are binaries or packages that work together, all of one build of one release.

    ``abi`` picks the member of a package. ``base`` is a release or index file that tells what they do not, by default
    the release that has most of their kernels; ``release`` what the index is called, by default what a wheel among the
    files is, else what the libraries say, else the base. ``profile`` is the build that they are.
    """

    files: tuple[str, ...]
    base: KernelSource | None = None
    release: str = ""
    profile: str = PIP_PROFILE
    abi: str = ""


@dataclass(frozen=True, slots=True)
class LibraryIndex:
    """The index that was made, as records, and what the user should know."""

    scan: ScanResult
    warnings: tuple[str, ...] = ()


def index_from_binary(question: LibraryQuestion, watch: Watch = NOBODY) -> LibraryIndex:
    """Reads libraries and joins what they register with the index of a near release.

    Raises InputError for what cannot be read, for libraries without kernels, and for a base that has no such profile or
    was made of libraries itself.
    """
    recording = RecordingWatch(watch)
    read = read_binaries(AuditQuestion(question.files, question.abi, costs=False), recording)
    libraries = together(((each.binary.member or each.binary.path), each.registrations) for each in read)
    base = _base(question, libraries, recording)
    wheel = _wheel(question.files)
    release = question.release or (wheel.release if wheel is not None else said_release(each.image for each in read))
    versions = wheel.graph_versions if wheel is not None else None
    made = join(Join(libraries, base, release or base.release, question.profile, versions))
    if not release:
        recording.warning(
            f"no file says of which release it is, so the index is called {base.release}, as its base; --release names "
            "another"
        )
    return LibraryIndex(made, recording.warnings)


def _base(question: LibraryQuestion, libraries: Libraries, watch: Watch) -> StoredIndex:
    if question.base is not None:
        return open_index(question.base.index_file or shipped.find(question.base.release or ""))
    scanned = [r for r in shipped.releases() if open_index(shipped.find(r)).origin is None]
    nearest = nearest_release(libraries.kernels, {each.op for each in libraries.definitions}, scanned)
    if nearest is None and libraries.kernels:
        raise InputError(
            question.files[0],
            "has no kernel that a release of TensorFlow has",
            "Name the index that tells what the library does not: --base RELEASE or --base INDEX-FILE.",
        )
    release = scanned[-1] if nearest is None else nearest.release
    if nearest is not None:
        watch.note(
            f"The base is TensorFlow {release}, which has {nearest.known:,} of {nearest.classes:,} kernel classes"
        )
    return open_index(shipped.find(release))


def _wheel(files: tuple[str, ...]) -> Wheel | None:
    """The wheel of TensorFlow among some files; None where there is none, or where several say different things."""
    found = {wheel for path in files if (wheel := wheel_of(path)) is not None}
    return found.pop() if len(found) == 1 else None
