"""Which release does a model need at least, and does the model say so itself?

The rule is that of ``UpdateMinimumRuntimeVersionForModel`` in ``lite/tools/versioning/runtime_version.cc``: the
greatest first release among the built-in operators of all subgraphs. Custom operators and those of TensorFlow do not
count. The converter notes it in the metadata ``min_runtime_version``; whoever edits a model leaves that as it was.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from opselect.lite.operators import unused_builtins
from opselect.lite.runtimes.registered import first_named, first_releases, runtime_releases
from opselect.lite.runtimes.releases import parse_release
from opselect.lite.runtimes.tables import tables
from opselect.models.graph.tflite import OperatorCode, OperatorCount, TfliteModel

_NUMBER = re.compile(r"[ \t\n\v\f\r]*[+-]?\d+[ \t\n\v\f\r]*", re.ASCII)
_INT32 = range(-(1 << 31), 1 << 31)

Judgement = Literal["same", "lower", "higher", "absent", "not judged"]
"""How the noted release is to the computed one. It is not judged where no operator says one, where the note is no
release, and where operators that are not in the table may need a later one."""


@dataclass(frozen=True, slots=True)
class OperatorMinimum:
    """A built-in operator in one version, and its first release by upstream's table; empty where that lacks it.

    ``registered`` are the first releases of TensorFlow and LiteRT that do register it, in words; none where none does.
    """

    op: str
    version: int
    release: str
    registered: tuple[str, ...] = ()

    @property
    def is_late(self) -> bool:
        """Whether upstream's table says an earlier release than the first of TensorFlow that does register it.

        A runtime between the two refuses it. Of releases that are older or newer than the known ones nobody can tell.
        """
        since = parse_release(self.release)
        known = [each for each in runtime_releases() if not each.is_litert]
        if since is None or not known[0].minor <= since.minor <= known[-1].minor:
            return False
        firsts = [each for each in first_releases(self.op, self.version) if not each.is_litert]
        return not firsts or since.minor < firsts[0].minor


@dataclass(frozen=True, slots=True)
class ModelMinimum:
    """The release that a model needs at least, as it is ``computed`` and as the model has it ``stored``.

    Both may be empty: where no built-in is in the table, and where the converter noted nothing. ``operators`` are all
    built-ins, sorted by name and version. ``unused`` stand in the model's table and nowhere else: upstream does not
    count them, and an interpreter that lacks one refuses the model.
    """

    computed: str
    stored: str
    operators: tuple[OperatorMinimum, ...]
    unused: tuple[OperatorMinimum, ...] = ()

    @property
    def unknown(self) -> tuple[OperatorMinimum, ...]:
        """The operators that the table lacks: upstream passes over them in silence."""
        return tuple(each for each in self.operators if not each.release)

    @property
    def late(self) -> tuple[OperatorMinimum, ...]:
        """The operators that are registered later than upstream's table says."""
        return tuple(each for each in self.operators if each.is_late)

    @property
    def deciding(self) -> tuple[OperatorMinimum, ...]:
        """The operators that need the computed release."""
        return tuple(each for each in self.operators if self.computed and each.release == self.computed)

    @property
    def judgement(self) -> Judgement:
        """Whether the note is right."""
        if not self.stored:
            return "absent"
        stored = _numbers(self.stored)
        if not self.computed or stored is None:
            return "not judged"
        computed = _numbers(self.computed) or []
        if stored < computed:
            return "lower"
        if self.unknown:
            return "not judged"
        return "same" if stored == computed else "higher"


def minimum_runtime(op: str, version: int) -> str:
    """The first release with a version of a built-in (``FindMinimumRuntimeVersionForOp``), such as ``2.4.0``.

    Empty for one that no table of upstream has. Where its tables changed their mind, the newest counts.
    """
    return tables().versions.get((op, version), "")


def minimum_runtime_of(model: TfliteModel) -> ModelMinimum:
    """What a model needs at least, and what it says of that itself."""
    operators = tuple(_minimum(each) for each in model.operator_counts if not each.is_custom)
    computed = ""
    for each in operators:
        if each.release and is_older(computed, each.release):
            computed = each.release
    return ModelMinimum(computed, model.min_runtime_version, operators, tuple(map(_minimum, unused_builtins(model))))


def is_older(first: str, second: str) -> bool:
    """Whether a release is before another, as ``CompareRuntimeVersion`` has it.

    Part by part as numbers; a part that is none in either is passed over; what is left of the second, too, makes it
    the later: ``2.4`` is before ``2.4.0``, and nothing before everything.
    """
    parts = first.split("."), second.split(".")
    for mine, other in zip(*parts, strict=False):
        numbers = _number(mine), _number(other)
        if None not in numbers and numbers[0] != numbers[1]:
            return (numbers[0] or 0) < (numbers[1] or 0)
    return len(parts[0]) < len(parts[1])


def _minimum(operator: OperatorCount | OperatorCode) -> OperatorMinimum:
    op, version = operator.name, operator.version
    return OperatorMinimum(op, version, minimum_runtime(op, version), first_named(op, version))


def _number(text: str) -> int | None:
    """A number as ``absl::SimpleAtoi`` reads it into 32 bits."""
    if len(text) > len("-2147483648") + 8 or not _NUMBER.fullmatch(text):
        return None
    value = int(text)
    return value if value in _INT32 else None


def _numbers(release: str) -> list[int] | None:
    """The numbers of a release without zeros at its end; None for what is none."""
    numbers = [_number(part) for part in release.split(".")]
    found = [number for number in numbers if number is not None and number >= 0]
    if len(found) < len(numbers):
        return None
    while found and not found[-1]:
        found.pop()
    return found
