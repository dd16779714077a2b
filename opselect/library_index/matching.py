"""Which registration of an index is that of a library's kernel, in another release at that?"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from kernel_index.records import Constraint, KernelRegistration
from opselect.binaries.records import RegisteredKernel
from opselect.library_index.spellings import spelled_alike


class Likeness(enum.Enum):
    """How a kernel of a library and a registration of an index are alike; the best first.

    All have op, device, label and constraints in common, and the name of the source file, as far as the library says
    that.
    """

    EQUAL = "equal"
    SPELLING = "spelling"
    """But for how the class spells its types."""
    CLASS = "class"
    """But for the class or the priority: the same op for the same types, by code that was written anew."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A kernel of a library and its registration; neither of these where there is no such registration."""

    kernel: RegisteredKernel
    record: KernelRegistration | None
    likeness: Likeness | None


_Key = tuple[object, ...]
_Kernel = RegisteredKernel | KernelRegistration


def paired(
    kernels: Sequence[RegisteredKernel], records: Iterable[KernelRegistration], profile: str
) -> tuple[Pair, ...]:
    """Each kernel with its registration, in the order given; a registration is that of one kernel at most.

    Registrations of ``profile`` come first, then those of any other, then those that a condition hides everywhere.
    """
    ops = {kernel.op for kernel in kernels}
    mine = (record for record in records if record.op in ops)
    left = sorted(mine, key=lambda record: (profile not in record.profiles, not record.profiles))
    found: dict[int, Pair] = {}
    for likeness, key_of in _KEYS.items():
        pools: dict[_Key, list[KernelRegistration]] = {}
        for record in left:
            pools.setdefault(key_of(record), []).append(record)
        for number, kernel in enumerate(kernels):
            pool = [] if number in found else pools.get(key_of(kernel), [])
            place = next((at for at, record in enumerate(pool) if is_of_file(kernel.file, record)), None)
            if place is not None:
                found[number] = Pair(kernel, pool.pop(place), likeness)
        left = [record for pool in pools.values() for record in pool]
    return tuple(found.get(number, Pair(kernel, None, None)) for number, kernel in enumerate(kernels))


def _equal(kernel: _Kernel) -> _Key:
    return (*_alike(kernel), kernel.priority, kernel.kernel_class)


def _spelled(kernel: _Kernel) -> _Key:
    return (*_alike(kernel), kernel.priority, spelled_alike(kernel.kernel_class))


def _alike(kernel: _Kernel) -> _Key:
    return (kernel.op, kernel.device, kernel.label, admitted(kernel.constraints))


_KEYS: dict[Likeness, Callable[[_Kernel], _Key]] = {
    Likeness.EQUAL: _equal,
    Likeness.SPELLING: _spelled,
    Likeness.CLASS: _alike,
}


def admitted(constraints: Iterable[Constraint]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The values that constraints admit, in an order that is always the same."""
    return tuple(sorted((each.attr, tuple(sorted(map(repr, each.allowed)))) for each in constraints))


def last_name(path: str) -> str:
    """The name of a file without its folders."""
    return path.rpartition("/")[2]


def is_of_file(file: str, record: KernelRegistration) -> bool:
    """Whether the source file that a library names may be that of a registration."""
    return not file or last_name(file) in (last_name(record.source), last_name(record.location.file))
