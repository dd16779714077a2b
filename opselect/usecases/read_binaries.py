"""Binaries read for an audit: the one place where images, registrations and costs come together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from opselect.audit.audited import AuditedBinary
from opselect.audit.checks import checks_of, undefined
from opselect.audit.costs import BinaryCosts
from opselect.audit.owners.owning import owners
from opselect.audit.releases import KnownKernels, with_paths
from opselect.binaries.code.machines import flow_of
from opselect.binaries.image import Image
from opselect.binaries.opening import Binary, open_images
from opselect.binaries.records import RegisteredKernel, Registrations
from opselect.binaries.registrations.reading import read_registrations
from opselect.usecases.watch import Watch

if TYPE_CHECKING:
    from kernel_index.index import KernelIndex
    from opselect.usecases.audit import AuditQuestion

READING, JUDGING = "Reading binaries", "Counting bytes"
"""The tasks, as a :class:`Watch` sees them."""


@dataclass(frozen=True, slots=True)
class ReadBinary:
    """A binary with what it registers; source files as it has them itself."""

    binary: Binary
    image: Image
    registrations: Registrations


def read_binaries(question: AuditQuestion, watch: Watch) -> tuple[ReadBinary, ...]:
    """All binaries of the files of a question, in the order given; of a package those of the processor that is meant.

    A processor whose code is not followed is a warning: nothing is known of what is registered there. Raises InputError
    for what is no binary or damaged, and for a package of several processors of which none is named.
    """
    opened = [each for path in question.files for each in open_images(path, question.abi or None)]
    found = []
    for number, each in enumerate(opened):
        watch.progress(READING, number, len(opened))
        image = each.image()
        if flow_of(image) is None:
            machine = image.machine.value
            watch.warning(f"{each.name} is for a processor whose code is not followed ({machine}): no kernel is known")
        found.append(ReadBinary(each, image, read_registrations(image)))
    watch.progress(READING, len(opened), len(opened))
    return tuple(found)


def audited_binaries(
    read: tuple[ReadBinary, ...], index: KernelIndex | None, watch: Watch, *, costs: bool
) -> tuple[AuditedBinary, ...]:
    """The binaries with the paths that the index has of their source files; with ``costs`` what their bytes are for.

    Raises InputError for tables that cannot be read.
    """
    known = KnownKernels(index) if index is not None else None
    paths = _paths(index)
    found = []
    for number, each in enumerate(read):
        watch.progress(JUDGING, number, len(read))
        found.append(_audited(each, known, paths, costs=costs))
    watch.progress(JUDGING, len(read), len(read))
    return tuple(_with_undefined(found) if costs else found)


def _audited(read: ReadBinary, known: KnownKernels | None, paths: Mapping[str, str], *, costs: bool) -> AuditedBinary:
    image, registrations = read.image, read.registrations
    kernels = with_paths(registrations.kernels, known) if known is not None else registrations.kernels
    definitions = tuple(replace(each, file=paths.get(each.file, each.file)) for each in registrations.definitions)
    counted = BinaryCosts(owners(image, registrations), {**paths, **_paths_of(kernels)}) if costs else None
    return AuditedBinary(
        read.binary.name,
        len(image.content),
        image.machine.value,
        replace(registrations, kernels=kernels, definitions=definitions),
        counted,
        checks_of(image, read.binary.packed) if costs else (),
        read.binary.packed,
    )


def _paths_of(kernels: tuple[RegisteredKernel, ...]) -> dict[str, str]:
    """File name to the path of the only file of that name that registers kernels; others of the name count for it."""
    found: dict[str, set[str]] = {}
    for kernel in kernels:
        found.setdefault(kernel.file.rpartition("/")[2], set()).add(kernel.file)
    return {name: min(paths) for name, paths in found.items() if name and len(paths) == 1}


def _paths(index: KernelIndex | None) -> dict[str, str]:
    """File name to the path that the index has for it, where one file only has the name."""
    if index is None:
        return {}
    count = Counter(path.rpartition("/")[2] for path in index.includes)
    return {name: path for path in index.includes for name in (path.rpartition("/")[2],) if count[name] == 1}


def _with_undefined(binaries: list[AuditedBinary]) -> Iterator[AuditedBinary]:
    """The binaries, the last one with what all of them register and define nowhere."""
    yield from binaries[:-1]
    everything = Registrations(
        tuple(kernel for each in binaries for kernel in each.registrations.kernels),
        tuple(definition for each in binaries for definition in each.registrations.definitions),
        (),
    )
    last = binaries[-1]
    yield replace(last, checks=(*last.checks, *undefined(" + ".join(each.name for each in binaries), everything)))
