"""Which code of an initialiser is whose registration."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from opselect.audit.code_references.referents import CodeReferences
from opselect.audit.unwinding import Unwinding, call_sites
from opselect.binaries.image import Image, Machine
from opselect.binaries.records import CompiledDefinition, RegisteredKernel

Registration = RegisteredKernel | CompiledDefinition


_CALL = 5
"""Bytes of a call, the longest of all machines."""
_ARGUMENTS = 64
"""So many bytes in front of a call its arguments are made at most."""


def ranges_of(
    image: Image, registrations: Sequence[Registration], references: Sequence[CodeReferences], frames: Unwinding
) -> list[tuple[int, int, int]]:
    """First address, end and number of the registration, for each range of its code; ranges do not overlap.

    The last of a function ends where the handlers of exceptions begin, which serve others as well.
    Where a kernel is made on a condition, compilers put the call that registers it somewhere behind, in the middle of
    another registration: the call and what makes its arguments are cut out of that.
    """
    found = []
    last = {this.function: this for this in sorted(registrations, key=lambda this: this.first)}
    for number, this in enumerate(registrations):
        end = min(this.end, _first_handler(image, this, frames)) if last[this.function] is this else this.end
        found.append((this.first, end, number))
        if isinstance(this, RegisteredKernel) and not this.first <= this.place < this.end:
            found.append((_arguments(image, this, references), this.place + _CALL, number))
    return _apart(found)


def _first_handler(image: Image, this: Registration, frames: Unwinding) -> int:
    """Where the handlers of a function begin behind all calls of a registration that have one; its end without any."""
    table = frames.handlers_of(this.function)
    handled = [site for site in call_sites(image, table, this.function) if site.pad] if table else []
    behind = max([this.place, *(site.start for site in handled if this.first <= site.start < this.end)])
    return min((site.pad for site in handled if site.pad > behind), default=this.end)


def _arguments(image: Image, this: RegisteredKernel, references: Sequence[CodeReferences]) -> int:
    """Where the code begins that makes the arguments of a call: the first that mentions the factory or the class."""
    text = this.kernel_class.encode()
    near = (part for part in references if len(part.places) and int(part.places[0]) < this.place)
    around = (part for part in near if this.place <= int(part.places[-1]) + _ARGUMENTS)
    for part in around:
        low, high = np.searchsorted(part.places, np.array([this.place - _ARGUMENTS, this.place], np.uint64))
        for place, address in zip(part.places[low:high].tolist(), part.addresses[low:high].tolist(), strict=True):
            if address == this.factory or image.bytes_at(address, len(text)) == text:
                # An operand stands three bytes behind the beginning of its instruction on x86.
                return int(place) - 3 * (image.machine in {Machine.X86_64, Machine.X86})
    return this.place


def _apart(ranges: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    """Ranges without overlaps: of two the one that begins later has what both have; the rest of the other stays."""
    apart: list[tuple[int, int, int]] = []
    for first, end, number in sorted(ranges):
        while apart and apart[-1][1] > first:
            before_first, before_end, before = apart.pop()
            if before_first < first:
                apart.append((before_first, first, before))
            if before_end > end:
                ranges_left = (end, before_end, before)
                apart.append((first, end, number))
                apart.append(ranges_left)
                break
        else:
            apart.append((first, end, number))
    return [part for part in apart if part[0] < part[1]]
