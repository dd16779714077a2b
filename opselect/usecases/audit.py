"""What is registered in a binary, what does each op cost, and what should not ship?"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from kernel_index import shipped
from opselect.audit.audited import Audit
from opselect.audit.releases import Nearest, nearest_release
from opselect.usecases.kernel_source import KernelSource
from opselect.usecases.open_kernels import open_kernels, warn_of_libraries
from opselect.usecases.watch import NOBODY, RecordingWatch, Watch

if TYPE_CHECKING:
    from kernel_index.index import KernelIndex


@dataclass(frozen=True, slots=True)
class AuditQuestion:
    """Which binaries: ``files`` are libraries, programs, objects, archives or packages, which work together.

    ``abi`` picks the member of a package, ``map`` is the linker's map and ``debug_file`` the debug information that was
    taken out. ``source`` is the TensorFlow that they are of, by default the shipped release that has most of their
    kernels; it tells the folders of source files. Without ``costs`` only what is registered is read.
    """

    files: tuple[str, ...]
    abi: str = ""
    map: Path | None = None
    debug_file: Path | None = None
    source: KernelSource = field(default_factory=KernelSource)
    costs: bool = True


@dataclass(frozen=True, slots=True)
class Audited:
    """The audit of some binaries, and the index of the TensorFlow that they are of; None where none is known.

    ``nearest`` says how it was found, None where it was named.
    """

    audit: Audit
    index: KernelIndex | None
    nearest: Nearest | None = None
    warnings: tuple[str, ...] = ()


def audit(question: AuditQuestion, watch: Watch = NOBODY) -> Audited:
    """What binaries register and cost.

    Raises InputError for a file that cannot be read or holds no binary, and OpselectError where it is not clear which
    TensorFlow is meant.
    """
    from opselect.usecases.read_binaries import audited_binaries, read_binaries

    recording = RecordingWatch(watch)
    read = read_binaries(question, recording)
    nearest = None
    index: KernelIndex | None = None
    if question.source.given or question.source.roots:
        index = open_kernels(question.source, lists=False, watch=recording)
    else:
        kernels = [kernel for each in read for kernel in each.registrations.kernels]
        nearest = nearest_release(kernels, {op.op for each in read for op in each.registrations.definitions})
        if nearest is not None:
            index = shipped.index_of(nearest.release)
            warn_of_libraries(index, "", recording)
    binaries = audited_binaries(read, question, index, recording)
    return Audited(Audit(binaries), index, nearest, recording.warnings)
