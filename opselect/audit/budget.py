"""How large a binary may be: ``budget.yaml``, read and held against an audit (``docs/audit.md``)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import cast

from kernel_index.errors import InputError
from kernel_index.near_names import did_you_mean
from kernel_index.records import Location
from kernel_index.records_json import Json
from opselect.audit.audited import Audit
from opselect.config_file.config import ConfigError
from opselect.config_file.values import Fields, InvalidError, Key, MappingOf, Problems, Spot, Stated, quoted
from opselect.config_file.yaml_tree import YamlMap, YamlNode, YamlText, read_yaml
from opselect.findings import Finding
from opselect.findings.mends import change_model

_UNITS = {
    "": 1, "b": 1, "byte": 1, "bytes": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "kib": 2**10, "mib": 2**20,
    "gib": 2**30,
}  # fmt: skip
_SIZE = re.compile(r"(\d{1,15})(?:\.(\d{1,9}))?\s*([A-Za-z]*)")


@dataclass(frozen=True, slots=True)
class Size:
    """A number of bytes, or text such as ``12 MB``: kB, MB and GB are steps of 1000, KiB, MiB and GiB of 1024."""

    words: str = "a number of bytes, or a size such as `12 MB`"

    def read(self, node: YamlNode, spot: Spot, problems: Problems) -> int:
        text = node.text if isinstance(node, YamlText) and node.tag in ("int", "float", "str") else ""
        match = _SIZE.fullmatch(text.strip())
        unit = _UNITS.get(match[3].lower()) if match is not None else None
        if match is None or unit is None:
            shown = quoted(node.text) if isinstance(node, YamlText) else "no text"
            problems.append(spot.error(f"must be {self.words.replace('`', '')}, and is {shown}"))
            raise InvalidError
        fraction = match[2] or ""
        return int(match[1] + fraction) * unit // int("1" + "0" * len(fraction))

    def schema(self) -> Json:
        return {"anyOf": [{"type": "integer", "minimum": 0}, {"type": "string", "pattern": _SIZE.pattern}]}


@dataclass(frozen=True, slots=True)
class SizesByName:
    """A mapping of any names to sizes."""

    words: str = "a mapping of names to sizes"

    def read(self, node: YamlNode, spot: Spot, problems: Problems) -> Fields:
        if not isinstance(node, YamlMap):
            problems.append(spot.error(f"must be {self.words}"))
            raise InvalidError
        stated: dict[str, Stated] = {}
        for name, (line, value) in node.entries.items():
            place = spot.key(name, line)
            with suppress(InvalidError):
                stated[name] = Stated(Size().read(value, place, problems), place)
        return Fields(spot, stated)

    def schema(self) -> Json:
        return {"type": "object", "additionalProperties": Size().schema()}


BUDGET = MappingOf(
    (
        Key("total", Size(), "the size of the binary, or of all that are named together"),
        Key("any_op", Size(), "what would go without any one op that `ops` does not name"),
        Key("ops", SizesByName(), "op to what would go without it"),
        Key("growth", Size(), "how much larger than OLD, for `--diff`"),
        Key("any_op_growth", Size(), "how much more any one op may cost than in OLD, for `--diff`"),
    )
)
"""The keys of a budget; all may be left out."""


@dataclass(frozen=True, slots=True)
class Budget:
    """What a binary may cost at most, in bytes; None where nothing is said. ``spots`` are the places of the limits."""

    path: str
    total: int | None = None
    any_op: int | None = None
    ops: Mapping[str, int] = field(default_factory=dict, hash=False)
    growth: int | None = None
    any_op_growth: int | None = None
    spots: Mapping[str, Spot] = field(default_factory=dict, hash=False)

    @property
    def is_of_growth(self) -> bool:
        """Whether it can be judged only with an older binary."""
        return self.growth is not None or self.any_op_growth is not None


def read_budget(path: str) -> Budget:
    """The budget in a file. Raises InputError for what is no YAML, and ConfigError that lists all that is wrong."""
    tree, top = read_yaml(path), Spot(path)
    problems: Problems = []
    try:
        fields = BUDGET.read(tree if tree is not None else YamlMap(1), top, problems)
    except InvalidError:
        raise ConfigError(tuple(problems)) from None
    if not problems and not fields.stated:
        names = ", ".join(key.name for key in BUDGET.keys)
        problems.append(top.error("limits nothing", f"A budget has at least one of {names}."))
    if problems:
        raise ConfigError(tuple(problems))
    ops = fields.get("ops")
    named = ops.stated if isinstance(ops, Fields) else {}
    spots = {name: each.spot for name, each in fields.stated.items() if name != "ops"}
    return Budget(
        path,
        _size(fields, "total"),
        _size(fields, "any_op"),
        {name: cast(int, each.value) for name, each in named.items()},
        _size(fields, "growth"),
        _size(fields, "any_op_growth"),
        spots | {f"ops.{name}": each.spot for name, each in named.items()},
    )


def _size(fields: Fields, key: str) -> int | None:
    return cast("int | None", fields.get(key))


@dataclass(frozen=True, slots=True)
class OverBudget:
    """A limit that is exceeded: ``limit`` is its key, ``subject`` the op or empty; both numbers are bytes."""

    limit: str
    subject: str
    number: int
    most: int
    spot: Spot

    @property
    def finding(self) -> Finding:
        """The same as a finding, at the line of the budget."""
        what = f"op {self.subject}" if self.subject else "the binary"
        more = "grew by" if "growth" in self.limit else "has"
        text = "Audit with --model what no model needs and leave that out, or raise the number."
        return Finding(
            "OPS601",
            f"{self.limit}: {what} {more} {self.number:,} bytes, {self.number - self.most:,} more than {self.most:,}",
            op=self.subject,
            entry=self.limit,
            places=(Location(self.spot.file, self.spot.line),),
            mends=(change_model(text),),
        )


def over_budget(budget: Budget, audit: Audit, old: Audit | None = None) -> Iterator[OverBudget]:
    """The limits that a binary exceeds; those of growth with the binary that it is to replace.

    Raises InputError for limits of ops where nothing is known of what would go without one.
    """
    if budget.any_op is not None or budget.any_op_growth is not None or budget.ops:
        for each in (*audit.binaries, *(old.binaries if old is not None else ())):
            if each.registrations.kernels and each.costs is not None and each.costs.linked == "not told":
                problem = f"limits ops, and of {each.name} it is not told what would go without one"
                raise InputError(budget.path, problem, "Audit it with its section headers, or limit the total alone.")
    costs = {row.name: row.retained_bytes or 0 for row in audit.rows("op")}
    if budget.total is not None and audit.size > budget.total:
        yield OverBudget("total", "", audit.size, budget.total, budget.spots["total"])
    for op, number in costs.items():
        key = f"ops.{op}" if op in budget.ops else "any_op"
        most = budget.ops.get(op, budget.any_op)
        if most is not None and number > most:
            yield OverBudget(key, op, number, most, budget.spots[key])
    if old is None:
        return
    if budget.growth is not None and audit.size - old.size > budget.growth:
        yield OverBudget("growth", "", audit.size - old.size, budget.growth, budget.spots["growth"])
    if budget.any_op_growth is not None:
        before = {row.name: row.retained_bytes or 0 for row in old.rows("op")}
        for op, number in costs.items():
            grown = number - before.get(op, 0)
            if grown > budget.any_op_growth:
                yield OverBudget("any_op_growth", op, grown, budget.any_op_growth, budget.spots["any_op_growth"])


def unknown_ops(budget: Budget, audit: Audit) -> Iterator[str]:
    """A sentence for each op that the budget names and of which the binary has no kernel."""
    known = {kernel.op for kernel in audit.kernels}
    for op in budget.ops:
        if op not in known:
            spot = budget.spots[f"ops.{op}"]
            yield f"{spot.file}:{spot.line}: ops.{op}: the binary has no kernel of such an op{did_you_mean(op, known)}"
