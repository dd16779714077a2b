"""What changes from one index to another, or from one build profile to another."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from kernel_index.diff.definitions import DefinitionChange, changed_definition
from kernel_index.diff.kernels import KernelChange, KernelDiff, ProfilePair, changed_kernels
from kernel_index.diff.lists import ListChange, changed_lists
from kernel_index.index import KernelIndex
from kernel_index.records import KernelRegistration, OpDefinition

__all__ = [
    "DefinitionChange",
    "IndexDiff",
    "KernelChange",
    "KnownOp",
    "ListChange",
    "ProfilePair",
    "diff_indexes",
]


@dataclass(frozen=True, slots=True)
class KnownOp:
    """An op that only one of the indexes knows; ``profiles`` are those, of the compared ones, that have a kernel."""

    name: str
    definition: OpDefinition | None
    profiles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class IndexDiff:
    """The differences from ``before`` to ``after``, two releases, under pairs of build profiles.

    ``ops_added`` and ``ops_removed`` are ops that only one of the two knows, by definition or registration.
    ``first_kernels`` and ``last_kernels`` are ops that both know, but of which only one has kernels in the profiles.
    ``lost`` and ``gained`` are registrations of ops that both know, narrowed to the values and profiles that the
    other does not have.
    """

    before: str
    after: str
    profiles: tuple[ProfilePair, ...]
    ops_added: tuple[KnownOp, ...]
    ops_removed: tuple[KnownOp, ...]
    first_kernels: tuple[str, ...]
    last_kernels: tuple[str, ...]
    lost: tuple[KernelRegistration, ...]
    gained: tuple[KernelRegistration, ...]
    changed: tuple[KernelChange, ...]
    definitions: tuple[DefinitionChange, ...]
    lists: tuple[ListChange, ...]


def diff_indexes(
    before: KernelIndex, after: KernelIndex, profiles: Sequence[ProfilePair], ops: Collection[str] = ()
) -> IndexDiff:
    """The differences between two indexes, or between two profiles of one that is given as both.

    ``profiles`` are pairs of a profile of ``before`` and the one of ``after`` that it is compared with; ``ops``
    limits the answer to these ops and leaves the build lists out. Registrations that are in none of the profiles do
    not count.
    """
    old_names, new_names = set(before.op_names()), set(after.op_names())
    if ops:
        old_names &= set(ops)
        new_names &= set(ops)
    parts: list[KernelDiff] = []
    definitions: list[DefinitionChange] = []
    first: list[str] = []
    last: list[str] = []
    for op in sorted(old_names & new_names):
        old, new = before.op_definition(op), after.op_definition(op)
        kernels = changed_kernels(before.registrations(op), after.registrations(op), old, new, profiles)
        if kernels is not None:
            parts.append(kernels)
            if kernels.had != kernels.has:
                (first if kernels.has else last).append(op)
        if old is not None and new is not None and (change := changed_definition(old, new)) is not None:
            definitions.append(change)
    return IndexDiff(
        before=before.release,
        after=after.release,
        profiles=tuple(profiles),
        ops_added=tuple(_known(after, op, [new for _, new in profiles]) for op in sorted(new_names - old_names)),
        ops_removed=tuple(_known(before, op, [old for old, _ in profiles]) for op in sorted(old_names - new_names)),
        first_kernels=tuple(first),
        last_kernels=tuple(last),
        lost=tuple(kernel for part in parts for kernel in part.lost),
        gained=tuple(kernel for part in parts for kernel in part.gained),
        changed=tuple(change for part in parts for change in part.changed),
        definitions=tuple(definitions),
        lists=() if ops else changed_lists(before.build_lists, after.build_lists),
    )


def _known(index: KernelIndex, op: str, profiles: Sequence[str]) -> KnownOp:
    registrations = index.registrations(op)
    having = tuple(profile for profile in profiles if any(profile in r.profiles for r in registrations))
    return KnownOp(op, index.op_definition(op), having)
