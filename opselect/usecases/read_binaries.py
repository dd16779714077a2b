"""Binaries read for an audit: the one place where images, registrations and costs come together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from opselect.audit.audited import AuditedBinary
from opselect.audit.checks import checks_of, undefined
from opselect.binaries.opening import Binary, open_images
from opselect.binaries.records import Registrations
from opselect.binaries.registrations.reading import read_registrations
from opselect.usecases.watch import Watch

if TYPE_CHECKING:
    from opselect.usecases.audit import AuditQuestion

READING = "Reading binaries"
"""The task, as a :class:`Watch` sees it."""


def read_binaries(question: AuditQuestion, watch: Watch) -> tuple[AuditedBinary, ...]:
    """All binaries of the files of a question, in the order given; of a package those of the processor that is meant.

    Raises InputError for what is no binary or damaged, and for a package of several processors of which none is named.
    """
    opened = [each for path in question.files for each in open_images(path, question.abi or None)]
    found = []
    for number, each in enumerate(opened):
        watch.progress(READING, number, len(opened))
        found.append(_read(each, question))
    watch.progress(READING, len(opened), len(opened))
    return tuple(_with_undefined(found))


def _read(binary: Binary, question: AuditQuestion) -> AuditedBinary:
    image = binary.image()
    registrations = read_registrations(image)
    return AuditedBinary(
        binary.name,
        len(image.content),
        image.machine.value,
        registrations,
        None,
        checks_of(image, binary.packed) if question.costs else (),
        binary.packed,
    )


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
