"""Which operators and kernels a selective build of ExecuTorch has, and what several lists need together."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

_NAME = re.compile(r"[A-Za-z_]\w*(::[A-Za-z_]\w*)+(\.\w+)?", re.ASCII)

UNKNOWN_SOURCE = "None"
"""What ``gen_oplist.py`` lets torchgen write where it knows no model that needs an operator."""


def is_operator_name(text: str) -> bool:
    """Whether a text is the full name of an operator: ``aten::add.out``."""
    return _NAME.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class ListedOperator:
    """What a list says of an operator beside its kernels, in the words of torchgen's ``SelectiveBuildOperator``.

    ``sources`` are the models or lists that need it, None where none are noted.
    """

    include_all_overloads: bool = False
    is_root_operator: bool = True
    is_used_for_training: bool = True
    sources: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class SelectedOperators:
    """The operators of a build, and the kernel keys that each is needed with (:mod:`kernel_keys`).

    An operator without keys is listed, but nothing calls it. The other fields are those of torchgen's
    ``SelectiveBuilder``, of which ExecuTorch reads ``include_all_operators`` alone.
    """

    operators: Mapping[str, ListedOperator] = field(default_factory=dict)
    keys: Mapping[str, frozenset[str]] = field(default_factory=dict)
    include_all_operators: bool = False
    include_all_non_op_selectives: bool = False
    kernel_metadata: Mapping[str, frozenset[str]] = field(default_factory=dict)
    custom_classes: frozenset[str] = frozenset()
    build_features: frozenset[str] = frozenset()
    debug_info: frozenset[str] | None = None

    @property
    def families(self) -> tuple[str, ...]:
        """Operators that are listed with all their overloads, sorted: of one that names its overload nothing follows
        (``SelectiveBuilder.is_operator_selected`` asks for the name without).
        """
        return tuple(
            sorted(name for name, each in self.operators.items() if each.include_all_overloads and "." not in name)
        )


def selected(names: Iterable[str], keys: Mapping[str, frozenset[str]], source: str) -> SelectedOperators:
    """Operators of one source with their keys."""
    listed = ListedOperator(sources=frozenset((source,)))
    return SelectedOperators(dict.fromkeys(sorted(names), listed), keys)


def together(parts: Iterable[SelectedOperators]) -> SelectedOperators:
    """What serves all of several builds: each operator, each key and each promise of any of them."""
    parts = tuple(parts)
    operators: dict[str, ListedOperator] = {}
    keys: defaultdict[str, frozenset[str]] = defaultdict(frozenset)
    metadata: defaultdict[str, frozenset[str]] = defaultdict(frozenset)
    for part in parts:
        for name, each in part.operators.items():
            operators[name] = _both(operators[name], each) if name in operators else each
        for name, some in part.keys.items():
            keys[name] |= some
        for name, some in part.kernel_metadata.items():
            metadata[name] |= some
    return SelectedOperators(
        operators,
        dict(keys),
        any(part.include_all_operators for part in parts),
        any(part.include_all_non_op_selectives for part in parts),
        dict(metadata),
        frozenset[str]().union(*(part.custom_classes for part in parts)),
        frozenset[str]().union(*(part.build_features for part in parts)),
        _noted(part.debug_info for part in parts),
    )


def _both(one: ListedOperator, other: ListedOperator) -> ListedOperator:
    return ListedOperator(
        one.include_all_overloads or other.include_all_overloads,
        one.is_root_operator or other.is_root_operator,
        one.is_used_for_training or other.is_used_for_training,
        _noted((one.sources, other.sources)),
    )


def _noted(notes: Iterable[frozenset[str] | None]) -> frozenset[str] | None:
    """All that is noted. That nothing is known says nothing where something is."""
    known = [each for each in notes if each is not None]
    if not known:
        return None
    found = frozenset[str]().union(*known)
    return (found - {UNKNOWN_SOURCE}) or found
