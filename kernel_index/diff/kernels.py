"""Which kernels of one op two indexes have, combination of attr values by combination."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from kernel_index.admitted import Admitted, united
from kernel_index.records import AttrScalar, Constraint, KernelRegistration, OpDefinition

ProfilePair = tuple[str, str]
"""A profile of the index before, and the one of the index after that it is compared with."""

OTHERS = "*"
"""Stands for all values of an attr that neither of the two indexes names."""

_CPU = "CPU"
_DEFAULT = "DEFAULT"

_Values = tuple[AttrScalar, ...]
"""One value for each attr that kernels of the op constrain."""

_Slot = tuple[str, str, _Values]
"""Device, label and values of a node: at most one kernel serves it."""

_Serving = dict[_Slot, dict[int, list[KernelRegistration]]]
"""Slot → position of a profile → the kernels that serve it there."""


@dataclass(frozen=True, slots=True)
class KernelChange:
    """A kernel that both indexes have, but from another file, class or device; both are narrowed to what changed."""

    before: KernelRegistration
    after: KernelRegistration

    @property
    def moved(self) -> bool:
        """Whether another source file registers it."""
        return self.before.source != self.after.source

    @property
    def renamed(self) -> bool:
        """Whether the text of the class differs by more than white space, which selective registration skips."""
        return _class_text(self.before) != _class_text(self.after)


@dataclass(frozen=True, slots=True)
class KernelDiff:
    """The differences for one op; ``had`` and ``has`` tell whether there are kernels before and after."""

    lost: tuple[KernelRegistration, ...]
    gained: tuple[KernelRegistration, ...]
    changed: tuple[KernelChange, ...]
    had: bool
    has: bool


def changed_kernels(
    before: Sequence[KernelRegistration],
    after: Sequence[KernelRegistration],
    old: OpDefinition | None,
    new: OpDefinition | None,
    profiles: Sequence[ProfilePair],
) -> KernelDiff | None:
    """The differences between the registrations of one op in two indexes, None where there are none.

    A kernel that does not constrain an attr counts for every value that the op's definition allows; where only one
    of the definitions has the attr, the other index counts as having its default, or every value without one. A
    kernel for the device DEFAULT serves every device without a kernel of its own (``framework/op_kernel.cc``), so
    one that takes the place of a CPU kernel is a change, no loss.
    """
    attrs = sorted({c.attr for r in (*before, *after) for c in r.constraints})
    choices_before, choices_after = _choices(attrs, (*before, *after), old, new)
    names = [pair[0] for pair in profiles], [pair[1] for pair in profiles]
    left = _serving(before, attrs, choices_before, names[0])
    right = _serving(after, attrs, choices_after, names[1])
    result = KernelDiff(
        lost=_registrations(_missing(left, right), attrs, choices_before, names[0]),
        gained=_registrations(_missing(right, left), attrs, choices_after, names[1]),
        changed=_changes(left, right, attrs, profiles),
        had=_any_in(before, names[0]),
        has=_any_in(after, names[1]),
    )
    return result if result.lost or result.gained or result.changed else None


def _changes(
    left: _Serving, right: _Serving, attrs: Sequence[str], profiles: Sequence[ProfilePair]
) -> tuple[KernelChange, ...]:
    """The slots that both serve with different kernels, those of the same two kernels together."""
    changed: dict[tuple[int, int, tuple[int, ...]], tuple[KernelRegistration, KernelRegistration, list[_Values]]] = {}
    for slot, by_profile in left.items():
        if slot[0] == _DEFAULT:
            continue  # it counts where it serves: on the CPU
        pairs: dict[tuple[int, int], list[int]] = {}
        for position, kernels in by_profile.items():
            others = right.get(slot, {}).get(position)
            if others and not {_identity(k) for k in kernels} & {_identity(k) for k in others}:
                pairs.setdefault((id(kernels[0]), id(others[0])), []).append(position)
        for (one, other), positions in pairs.items():
            kernels = by_profile[positions[0]]
            others = right[slot][positions[0]]
            changed.setdefault((one, other, tuple(positions)), (kernels[0], others[0], []))[2].append(slot[2])
    changes = []
    for (_, _, where), (old, new, values) in changed.items():
        for part in _parts(attrs, values):
            # What neither of them constrains says nothing.
            shown = tuple(item for item in part if item[0] in _constrained(old) | _constrained(new))
            changes.append(
                KernelChange(
                    _narrowed(old, shown, [profiles[position][0] for position in where]),
                    _narrowed(new, shown, [profiles[position][1] for position in where]),
                )
            )
    return tuple(sorted(changes, key=lambda change: (_order(change.before), _order(change.after))))


def _identity(kernel: KernelRegistration) -> tuple[str, str, str]:
    return kernel.device, kernel.source, _class_text(kernel)


def _class_text(kernel: KernelRegistration) -> str:
    return "".join(kernel.kernel_class.split())


def _constrained(kernel: KernelRegistration) -> set[str]:
    return {constraint.attr for constraint in kernel.constraints}


def _any_in(kernels: Iterable[KernelRegistration], profiles: Sequence[str]) -> bool:
    return any(profile in kernel.profiles for kernel in kernels for profile in profiles)


_Choices = Mapping[str, tuple[AttrScalar, ...]]
"""The values an attr can have in nodes of one index."""


def _choices(
    attrs: Sequence[str], kernels: Iterable[KernelRegistration], old: OpDefinition | None, new: OpDefinition | None
) -> tuple[_Choices, _Choices]:
    named: dict[str, set[AttrScalar]] = {attr: set() for attr in attrs}
    for kernel in kernels:
        for constraint in kernel.constraints:
            named[constraint.attr].update(constraint.allowed)
    left: dict[str, tuple[AttrScalar, ...]] = {}
    right: dict[str, tuple[AttrScalar, ...]] = {}
    for attr, values in named.items():
        definitions = [None if d is None else d.attr(attr) for d in (old, new)]
        for definition in definitions:
            values.update((definition.allowed if definition is not None else None) or ())
        everything = (*sorted(values, key=lambda v: (str(type(v)), v)), OTHERS)
        for side, definition, other, whole in (
            (left, definitions[0], definitions[1], old),
            (right, definitions[1], definitions[0], new),
        ):
            side[attr] = everything
            if definition is not None and definition.allowed is not None:
                side[attr] = definition.allowed
            elif definition is None and whole is not None and other is not None and other.has_default:
                default = other.default
                side[attr] = everything if default is None or isinstance(default, tuple) else (default,)
    return left, right


def _serving(
    kernels: Iterable[KernelRegistration], attrs: Sequence[str], choices: _Choices, profiles: Sequence[str]
) -> _Serving:
    serving: _Serving = {}
    for kernel in sorted(kernels, key=lambda k: (-k.priority, _order(k))):
        positions = [p for p, profile in enumerate(profiles) if profile in kernel.profiles]
        if not positions:
            continue
        allowed = {constraint.attr: constraint.allowed for constraint in kernel.constraints}
        for values in itertools.product(*(allowed[attr] if attr in allowed else choices[attr] for attr in attrs)):
            by_profile = serving.setdefault((kernel.device, kernel.label, values), {})
            for position in positions:
                rivals = by_profile.setdefault(position, [])
                if not rivals or rivals[0].priority == kernel.priority:
                    rivals.append(kernel)
    for (device, label, values), by_profile in list(serving.items()):
        if device == _DEFAULT:
            on_cpu = serving.setdefault((_CPU, label, values), {})
            for position, rivals in by_profile.items():
                on_cpu.setdefault(position, rivals)
    return serving


_Missing = dict[tuple[int, tuple[int, ...]], tuple[KernelRegistration, list[_Values]]]


def _missing(here: _Serving, there: _Serving) -> _Missing:
    """What ``here`` has and ``there`` lacks: kernel and positions of the profiles → the values."""
    missing: _Missing = {}
    for (device, label, values), by_profile in here.items():
        if device == _DEFAULT:
            continue  # it counts where it serves: on the CPU
        others = there.get((device, label, values), {})
        default = there.get((_DEFAULT, label, values), {})
        lacking: dict[int, list[int]] = {}
        for position in by_profile:
            if position not in others and position not in default:
                lacking.setdefault(id(by_profile[position][0]), []).append(position)
        for positions in lacking.values():
            kernel = by_profile[positions[0]][0]
            missing.setdefault((id(kernel), tuple(positions)), (kernel, []))[1].append(values)
    return missing


def _registrations(
    missing: _Missing, attrs: Sequence[str], choices: _Choices, profiles: Sequence[str]
) -> tuple[KernelRegistration, ...]:
    narrowed = []
    for (_, positions), (kernel, values) in missing.items():
        free = {attr: frozenset(choices[attr]) for attr in attrs if attr not in _constrained(kernel)}
        for part in _parts(attrs, values):
            # An attr that the kernel leaves free and that makes no difference says nothing.
            shown = tuple((attr, allowed) for attr, allowed in part if free.get(attr) != allowed)
            narrowed.append(_narrowed(kernel, shown, [profiles[p] for p in positions]))
    return tuple(sorted(narrowed, key=_order))


def _parts(attrs: Sequence[str], values: Iterable[_Values]) -> set[Admitted]:
    return united({tuple((attr, frozenset((v,))) for attr, v in zip(attrs, row, strict=True)) for row in values})


def _narrowed(kernel: KernelRegistration, part: Admitted, profiles: Sequence[str]) -> KernelRegistration:
    constraints = tuple(Constraint(attr, tuple(sorted(v, key=lambda v: (str(type(v)), v)))) for attr, v in part)
    return replace(kernel, constraints=constraints, profiles=tuple(profiles))


def _order(kernel: KernelRegistration) -> tuple[object, ...]:
    return kernel.device, kernel.label, kernel.location, kernel.kernel_class, str(kernel.constraints), kernel.profiles
