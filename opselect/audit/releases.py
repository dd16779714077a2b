"""Of which release is a binary, and where in its sources are the kernels that it registers?"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from kernel_index import shipped
from kernel_index.index import KernelIndex
from kernel_index.records import Constraint, KernelRegistration, Location
from opselect.binaries.records import RegisteredKernel

_ASKED = 60
"""Maximum number of ops about which all releases are asked before the best of them are asked about every op."""

_BEST = 3
"""Number of releases that are asked about every op."""


_UNSCANNED = frozenset(("XLA_CPU", "XLA_GPU"))
"""Devices whose kernels macros of a header register: a scan of sources does not see them, a library has them."""

_MOST = 0.5
"""A binary with this part of a release's op definitions was built with all of them."""


class Nearest(NamedTuple):
    """The shipped release that has most of a binary's kernel classes: ``known`` of ``classes``.

    ``alike`` are all releases that have as many; of these that counts whose ops are most like those of the binary.
    """

    release: str
    known: int
    classes: int
    alike: tuple[str, ...]


def nearest_release(
    kernels: Iterable[RegisteredKernel], defined: Collection[str] = (), releases: Sequence[str] | None = None
) -> Nearest | None:
    """The release whose kernels a binary registers, by op and class as the compiler spelled it; None without any.

    Where several releases have as many, that whose op definitions are most like those in the binary, for most builds
    have all of them. Of a build with a selection, which has few, the newest whose sources were scanned: a part of what
    an index of libraries says is that of another release. Only ``releases`` are asked, by default
    all that are shipped.
    """
    pairs: dict[str, set[str]] = {}
    for kernel in kernels:
        if kernel.device not in _UNSCANNED:
            pairs.setdefault(kernel.op, set()).add(kernel.kernel_class)
    some = sorted(pairs)[:: max(1, len(pairs) // _ASKED)]
    asked = shipped.releases() if releases is None else releases
    first = {release: _known(pairs, some, shipped.index_of(release)) for release in asked}
    best = sorted(first, key=lambda release: -first[release])[:_BEST]
    least = first[best[-1]] if best else 0
    counts = {
        release: count if len(some) == len(pairs) else _known(pairs, pairs, shipped.index_of(release))
        for release, count in first.items()
        if count and count >= least
    }
    if not counts:
        return None
    most = max(counts.values())
    alike = tuple(release for release, count in counts.items() if count == most)
    ops = frozenset(defined)
    chosen = max(alike, key=lambda release: (_likeness(ops, release), _is_scanned(release), alike.index(release)))
    return Nearest(chosen, most, sum(map(len, pairs.values())), alike)


def _is_scanned(release: str) -> bool:
    return shipped.index_of(release).origin is None


def _known(pairs: Mapping[str, set[str]], ops: Iterable[str], index: KernelIndex) -> int:
    return sum(len(pairs[op] & index.kernel_classes(op)) for op in ops)


def _likeness(defined: frozenset[str], release: str) -> float:
    """Which part of the ops that are known here or there is known in both; 0 where that is less than half."""
    if not defined:
        return 0
    ops = frozenset(shipped.index_of(release).op_names())
    part = len(ops & defined) / len(ops | defined)
    return part if part >= _MOST else 0


class KnownKernels:
    """Finds the kernels of binaries again among those of an index."""

    def __init__(self, index: KernelIndex) -> None:
        self._index = index
        self._of_op: dict[str, dict[_Key, list[KernelRegistration]]] = {}

    def find(self, kernel: RegisteredKernel) -> KernelRegistration | None:
        """The registration of the index that a kernel comes from; None where the index has none that is equal.

        Where several files register the same, that whose name the binary has.
        """
        if kernel.op not in self._of_op:
            found: dict[_Key, list[KernelRegistration]] = {}
            for registration in self._index.registrations(kernel.op):
                found.setdefault(_key(registration), []).append(registration)
            self._of_op[kernel.op] = found
        equal = self._of_op[kernel.op].get(_key(kernel), [])
        named = [each for each in equal if each.source == kernel.file]
        named = named or [each for each in equal if _is_same_file(each, kernel.file)]
        if kernel.file and not named:
            return None
        built = [each for each in named or equal if each.profiles]
        return next(iter([*built, *named, *equal]), None)

    def registration(self, kernel: RegisteredKernel, profile: str) -> KernelRegistration:
        """The same as a record of the index that is built in a profile; one of its own where it has none."""
        known = self.find(kernel)
        if known is not None:
            return known if profile in known.profiles else replace(known, profiles=self._index.profiles)
        return KernelRegistration(
            kernel.op,
            kernel.device,
            kernel.kernel_class,
            Location(kernel.file, 0),
            self._index.profiles,
            kernel.label,
            kernel.priority,
            kernel.constraints,
            kernel.host_memory_args,
        )


_Key = tuple[str, str, int, str, tuple[tuple[str, tuple[object, ...]], ...]]


def _key(kernel: KernelRegistration | RegisteredKernel) -> _Key:
    return (kernel.device, kernel.label, kernel.priority, kernel.kernel_class, _sorted(kernel.constraints))


def _sorted(constraints: tuple[Constraint, ...]) -> tuple[tuple[str, tuple[object, ...]], ...]:
    if len(constraints) == 1 and len(constraints[0].allowed) == 1:
        # Most are so, and there are ten thousand kernels.
        return ((constraints[0].attr, constraints[0].allowed),)
    return tuple(sorted((each.attr, tuple(sorted(each.allowed, key=repr))) for each in constraints))


def _is_same_file(registration: KernelRegistration, file: str) -> bool:
    return registration.source.rpartition("/")[2] == file.rpartition("/")[2]


def with_paths(kernels: Sequence[RegisteredKernel], known: KnownKernels) -> tuple[RegisteredKernel, ...]:
    """The kernels with the paths of their source files from the root of a checkout, where the index tells them."""
    found = []
    for kernel in kernels:
        registration = known.find(kernel)
        is_whole = registration is None or kernel.file == registration.source
        found.append(kernel if registration is None or is_whole else replace(kernel, file=registration.source))
    return tuple(found)
