"""A binary as it is audited: what it registers, whose its bytes are, and what would go with what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeVar

from kernel_index.datatypes import DataType
from opselect.binaries.packages import Packed
from opselect.binaries.records import RegisteredKernel, Registrations
from opselect.findings import Finding

By = Literal["op", "dtype", "kernel", "file", "section", "symbol"]
"""What bytes can be told apart by."""

BYS: tuple[By, ...] = ("op", "dtype", "kernel", "file", "section", "symbol")


Linked = Literal["by function", "by file", "unknown", "not told"]
"""How the linker of a build takes code: each function by itself (``--gc-sections``), or files whole.

``unknown`` where there are no symbols; ``not told`` where nothing is known of what would go, without section headers.
"""


class Costs(Protocol):
    """Whose the bytes of one binary are, and which of them would go.

    Registrations are meant by their numbers: kernels by their place in the list, and behind them the definitions.
    """

    @property
    def linked(self) -> Linked:
        """How the build was linked, which says what would go; where it is unknown, that is counted by function."""

    def owned(self, by: By) -> Mapping[str, int]:
        """Name to bytes of the file; under the empty name those of none, so that the sum is the size of the file.

        By ``kernel`` the names are the places of the kernels in the list, as text.
        """

    def owned_together(self, bys: Sequence[By]) -> Mapping[tuple[str, ...], int]:
        """The names of each kind, in the order asked, to the bytes that have all of them; symbols are no such kind.

        A name is empty where the bytes have none of the kind; names as :meth:`owned` has them, and the sum, too.
        """

    def unattributed(self) -> Mapping[str, int]:
        """Section to the bytes of it that belong to no op, or to several."""

    def shared(self) -> Mapping[tuple[str, ...], int]:
        """Ops to the bytes that they have together, which are among the unattributed."""

    def retained(self, groups: Sequence[Sequence[int]]) -> Sequence[int]:
        """For each group of registrations the bytes that would go if none of them were there."""


@dataclass(frozen=True, slots=True)
class AuditedBinary:
    """One binary. ``name`` is its path, with the member behind it where it stands in a package.

    ``costs`` is None where only the registrations were asked for. The source files of kernels are paths from the root
    of a checkout where a release told them, else as the binary has them.
    """

    name: str
    size: int
    abi: str
    registrations: Registrations
    costs: Costs | None = None
    checks: tuple[Finding, ...] = ()
    packed: Packed | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """An op, a data type, a kernel, a file, a section or a symbol, and what it costs.

    ``retained_bytes`` would go without its kernels, and of an op or a file also without the definitions; None where it
    registers nothing, so that nothing can be left out.
    """

    name: str
    kernels: int
    own_bytes: int
    retained_bytes: int | None
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Audit:
    """Some binaries that work together, a library and the framework that it needs say."""

    binaries: tuple[AuditedBinary, ...]
    _rows: dict[By, tuple[Row, ...]] = field(default_factory=dict, init=False, repr=False, compare=False)
    """What was counted once: several answers have the same rows."""

    @property
    def name(self) -> str:
        """All names, joined."""
        return " + ".join(each.name for each in self.binaries)

    @property
    def size(self) -> int:
        """The bytes of all files."""
        return sum(each.size for each in self.binaries)

    @property
    def kernels(self) -> tuple[RegisteredKernel, ...]:
        """The kernels of all of them."""
        return tuple(kernel for each in self.binaries for kernel in each.registrations.kernels)

    @property
    def tells_what_would_go(self) -> bool:
        """Whether it is known of all kernels what would go without them: not where section headers are gone."""
        return not any(
            each.registrations.kernels and each.costs is not None and each.costs.linked == "not told"
            for each in self.binaries
        )

    def rows(self, by: By) -> tuple[Row, ...]:
        """The rows of one kind, what costs most first; bytes that belong to none of them are in no row."""
        if by not in self._rows:
            self._rows[by] = self._counted(by)
        return self._rows[by]

    def _counted(self, by: By) -> tuple[Row, ...]:
        found: dict[str, _Sum] = {}
        for binary in self.binaries:
            _add_rows(found, binary, by)
        rows = [
            Row(name, each.kernels, each.own, each.retained, tuple(sorted(each.files))) for name, each in found.items()
        ]
        return tuple(sorted(rows, key=lambda row: (-(row.retained_bytes or row.own_bytes), row.name)))

    def owned_together(self, *bys: By) -> dict[tuple[str, ...], int]:
        """The names of each kind to the bytes that have all of them, what is most first; their sum is the size.

        A name is empty where the bytes have none of the kind. Raises ValueError for symbols.
        """
        return _summed(_together(each, bys) for each in self.binaries if each.costs is not None)

    def shared(self) -> dict[tuple[str, ...], int]:
        """Ops to the bytes that they have together, what is most first."""
        return _summed(each.costs.shared() for each in self.binaries if each.costs is not None)

    def unattributed(self) -> dict[str, int]:
        """Section to the bytes of it that belong to no op, or to several."""
        return _summed(each.costs.unattributed() for each in self.binaries if each.costs is not None)

    def sections(self) -> dict[str, int]:
        """Section to its bytes in the file; together they are the size of the files."""
        return _summed(each.costs.owned("section") for each in self.binaries if each.costs is not None)


@dataclass(slots=True)
class _Sum:
    files: set[str]
    kernels: int = 0
    own: int = 0
    retained: int | None = None


def _together(binary: AuditedBinary, bys: Sequence[By]) -> Mapping[tuple[str, ...], int]:
    """What a binary owns by several kinds of names, kernels by theirs."""
    assert binary.costs is not None
    owned = binary.costs.owned_together(bys)
    if "kernel" not in bys:
        return owned
    kernels, at = binary.registrations.kernels, bys.index("kernel")
    found: dict[tuple[str, ...], int] = {}
    for names, count in owned.items():
        shown = kernel_name(kernels[int(names[at])]) if names[at] else ""
        key = (*names[:at], shown, *names[at + 1 :])
        found[key] = found.get(key, 0) + count
    return found


def _add_rows(found: dict[str, _Sum], binary: AuditedBinary, by: By) -> None:
    kernels = binary.registrations.kernels
    groups = groups_of(binary.registrations, by)
    for name, numbers in groups.items():
        row = found.setdefault(name, _Sum(set()))
        registered = [kernels[number] for number in numbers if number < len(kernels)]
        row.kernels += len(registered)
        row.files.update(each.file for each in registered if each.file)
    if binary.costs is None:
        return
    for name, count in binary.costs.owned(by).items():
        shown = kernel_name(kernels[int(name)]) if by == "kernel" and name else name
        if shown:
            found.setdefault(shown, _Sum(set())).own += count
    if binary.costs.linked == "not told":
        return
    for name, count in zip(groups, binary.costs.retained(tuple(groups.values())), strict=True):
        found[name].retained = (found[name].retained or 0) + count


def groups_of(registrations: Registrations, by: By) -> dict[str, list[int]]:
    """Name to the numbers of the registrations that go with it; sections and symbols have none."""
    found: dict[str, list[int]] = {}
    for number, kernel in enumerate(registrations.kernels):
        for name in _names(kernel, by):
            found.setdefault(name, []).append(number)
    for number, definition in enumerate(registrations.definitions, start=len(registrations.kernels)):
        name = {"op": definition.op, "file": definition.file}.get(by, "")
        if name:
            found.setdefault(name, []).append(number)
    return found


def _names(kernel: RegisteredKernel, by: By) -> tuple[str, ...]:
    match by:
        case "op":
            return (kernel.op,)
        case "file":
            return (kernel.file,) if kernel.file else ()
        case "kernel":
            return (kernel_name(kernel),)
        case "dtype":
            return tuple(sorted({dtype.name for dtype in dtypes_of(kernel)}))
        case _:
            return ()


def dtypes_of(kernel: RegisteredKernel) -> tuple[DataType, ...]:
    """The data types that a kernel is registered for, by any attr."""
    return tuple(value for each in kernel.constraints for value in each.allowed if isinstance(value, DataType))


def kernels_by_name(kernels: Iterable[RegisteredKernel]) -> dict[str, list[RegisteredKernel]]:
    """Kernels by the names of their rows; those of one name differ in constraints, or stand in several binaries."""
    found: dict[str, list[RegisteredKernel]] = {}
    for kernel in kernels:
        found.setdefault(kernel_name(kernel), []).append(kernel)
    return found


def kernel_name(kernel: RegisteredKernel) -> str:
    """A kernel in a line: op, device, class, and the label where it has one."""
    label = f" label={kernel.label}" if kernel.label else ""
    return f"{kernel.op} {kernel.device} {kernel.kernel_class}{label}"


_Name = TypeVar("_Name", str, tuple[str, ...])


def _summed(parts: Iterable[Mapping[_Name, int]]) -> dict[_Name, int]:
    found: dict[_Name, int] = {}
    for part in parts:
        for name, count in part.items():
            found[name] = found.get(name, 0) + count
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))
