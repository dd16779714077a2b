"""Which builds have a kernel that only the library of one build shows? Only what is sure is said.

Nothing of a library tells how the source hides a registration from mobile builds. Two things were never wrong between
neighbouring releases since 2.5 (``docs/index_from_binary.md`` has the figures of these and of rules that were): what a
source file has for one build alone, it goes on having for that alone; and kernels of one template for the same types in
one file are registered by the same list.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from kernel_index.kernel_lookup import CPU, DEFAULT
from kernel_index.records import Condition, KernelRegistration
from opselect.binaries.records import RegisteredKernel
from opselect.library_index.matching import admitted, last_name
from opselect.library_index.spellings import template


@dataclass(frozen=True, slots=True)
class Builds:
    """The builds that surely have a kernel, and the condition that hides it from others."""

    profiles: tuple[str, ...]
    condition: Condition | None = None


class KnownBuilds:
    """What an index tells about kernels that it has not, by those of the same source files."""

    def __init__(self, records: Iterable[KernelRegistration], profile: str) -> None:
        self._profile = profile
        self._of_file: dict[str, list[KernelRegistration]] = {}
        for record in records:
            if record.profiles:
                self._of_file.setdefault(last_name(record.source), []).append(record)

    def of(self, kernel: RegisteredKernel) -> Builds | None:
        """The builds that have a kernel; None where that is not known."""
        beside = self._of_file.get(last_name(kernel.file), []) if kernel.file else []
        if beside and all(record.profiles == (self._profile,) for record in beside):
            return _alike(beside)
        types = _types(kernel)
        return _alike(
            [
                record
                for record in beside
                if types
                and record.device == kernel.device
                and _types(record) == types
                and template(record.kernel_class) == template(kernel.kernel_class)
            ]
        )


def _alike(records: Sequence[KernelRegistration]) -> Builds | None:
    """The builds of all of some registrations, where these have the same."""
    if len({record.profiles for record in records}) != 1:
        return None
    conditions = {record.condition for record in records}
    return Builds(records[0].profiles, conditions.pop() if len(conditions) == 1 else None)


def _types(kernel: RegisteredKernel | KernelRegistration) -> tuple[tuple[str, ...], ...]:
    """What the constraints admit, whatever the attrs are called."""
    return tuple(values for _, values in admitted(kernel.constraints))


def is_for_phones(kernel: RegisteredKernel) -> bool:
    """Whether a kernel is for a device that a phone has, so that it matters which mobile builds have it."""
    return kernel.device in (CPU, DEFAULT)


def unsure_by_place(
    kernels: Iterable[RegisteredKernel],
) -> Mapping[tuple[str, str], tuple[RegisteredKernel, ...]]:
    """The kernels for phones, by op and file."""
    found: dict[tuple[str, str], list[RegisteredKernel]] = {}
    for kernel in filter(is_for_phones, kernels):
        found.setdefault((kernel.op, kernel.file), []).append(kernel)
    return {place: tuple(group) for place, group in sorted(found.items())}
