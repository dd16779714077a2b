"""Two builds of the same binary: what was added, what grew, what is gone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from opselect.audit.audited import Audit, By, Row, kernel_name
from opselect.binaries.records import RegisteredKernel

State = Literal["added", "grown", "gone", "smaller", "same"]


@dataclass(frozen=True, slots=True)
class Change:
    """An op or a file in both builds; ``before`` is None where it is new, ``after`` where it is gone."""

    name: str
    before: Row | None
    after: Row | None

    @property
    def state(self) -> State:
        """What became of it; an op of which only the definition is left is gone."""
        if self.before is None or (self.after is not None and self.after.kernels and not self.before.kernels):
            return "added"
        if self.after is None or (self.before.kernels and not self.after.kernels):
            return "gone"
        return "grown" if self.retained > 0 else "smaller" if self.retained < 0 else "same"

    @property
    def own(self) -> int:
        """By how many bytes of its own it grew."""
        return (self.after.own_bytes if self.after else 0) - (self.before.own_bytes if self.before else 0)

    @property
    def retained(self) -> int:
        """By how many bytes more would go without it; of what nothing would go with, its own."""
        return _cost(self.after) - _cost(self.before)

    @property
    def kernels(self) -> int:
        """By how many kernels it grew."""
        return (self.after.kernels if self.after else 0) - (self.before.kernels if self.before else 0)


def _cost(row: Row | None) -> int:
    if row is None:
        return 0
    return row.own_bytes if row.retained_bytes is None else row.retained_bytes


@dataclass(frozen=True, slots=True)
class Difference:
    """Two audits held together. ``added`` and ``gone`` are the kernels that only one of them registers."""

    old: Audit
    new: Audit
    added: tuple[RegisteredKernel, ...]
    gone: tuple[RegisteredKernel, ...]

    @property
    def growth(self) -> int:
        """By how many bytes the new one is larger."""
        return self.new.size - self.old.size

    def changes(self, by: By) -> tuple[Change, ...]:
        """What is not the same in both, the largest change first."""
        before, after = ({row.name: row for row in audit.rows(by)} for audit in (self.old, self.new))
        changes = (Change(name, before.get(name), after.get(name)) for name in before.keys() | after.keys())
        changed = [each for each in changes if each.state != "same" or each.own or each.kernels]
        return tuple(sorted(changed, key=lambda each: (-abs(each.retained), -abs(each.own), each.name)))

    @property
    def changed_nothing(self) -> bool:
        """Whether the new binary registers the same and is as large."""
        return not (self.added or self.gone or self.growth)

    @property
    def failed(self) -> bool:
        """Whether a trim failed: nothing changed, or kernels are gone and the binary is not smaller for it."""
        return self.changed_nothing or (bool(self.gone) and not self.added and self.growth >= 0)


def difference(old: Audit, new: Audit) -> Difference:
    """What became of a binary. Kernels are the same where op, device, label, constraints and class are."""
    before, after = Counter(map(_key, old.kernels)), Counter(map(_key, new.kernels))
    return Difference(old, new, _more(new.kernels, before), _more(old.kernels, after))


def _key(kernel: RegisteredKernel) -> tuple[str, str]:
    constraints = sorted((each.attr, sorted(map(repr, each.allowed))) for each in kernel.constraints)
    return kernel_name(kernel), repr(constraints)


def _more(kernels: Iterable[RegisteredKernel], others: Counter[tuple[str, str]]) -> tuple[RegisteredKernel, ...]:
    left = Counter(others)
    found = []
    for kernel in kernels:
        key = _key(kernel)
        if left[key]:
            left[key] -= 1
        else:
            found.append(kernel)
    return tuple(found)
