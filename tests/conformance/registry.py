"""Compare a scan with the registry of a running TensorFlow, registration by registration.

    python -m tests.conformance.registry TREE [--index FILE] [--registry FILE] [--devices CPU,DEFAULT] [--all]

prints the figures and every difference with its cause. The registry is a table of what a release's library said of
itself, one row a registration: that of the tree's release in ``fixtures/registry`` unless another one is named, which
``dump_registry.py`` beside this file makes.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kernel_index.datatypes import DataType
from kernel_index.records import KernelRegistration, ScanResult
from kernel_index.scan import scan_tree
from kernel_index.shipped import minor_of
from kernel_index.store import open_index
from opselect.verifying.desktop_library import NOT_LINKED

REGISTRIES = Path(__file__).parents[2] / "fixtures" / "registry"
REGISTRY_2_14 = REGISTRIES / "registered_kernels_2.14.1.json.gz"
REGISTRY_1_15_HALF = REGISTRIES / "registered_kernels_1.15.0.half.json.gz"

KERNEL_FOLDERS = ("tensorflow/core/kernels/", "tensorflow/core/common_runtime/", "tensorflow/c/kernels/")
"""Where the kernels of the runtime itself are."""

DEVICES = ("CPU", "DEFAULT")

Key = tuple[str, str, str, int, tuple[tuple[str, tuple[object, ...]], ...], tuple[str, ...], str]
"""Op, device, label, priority, constraints, host memory args, kernel class."""

COMPUTED_NAMES = {"Fact": "device and label are decoded at run time (fact_op.cc), so no preprocessor can know them"}

NOT_LOOKED_AT = {
    "XLA_CPU": "compiler/jit/xla_cpu_device.cc registers by macros of a header alone, and outside the kernel folders "
    "only sources are looked at that name a registration macro themselves",
}
"""Devices whose kernels come from a file that the scan does not look at."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A registration that only one side has; ``cause`` is empty where nobody knows why."""

    side: str
    key: Key
    place: str
    cause: str

    def __str__(self) -> str:
        op, device, label, _, constraints, _, kernel_class = self.key
        types = "; ".join(f"{attr} in [{', '.join(map(str, values))}]" for attr, values in constraints)
        what = f"{op} on {device} {label} [{types}] {kernel_class}"
        return f"{self.side}: {what} {self.place}: {self.cause or 'UNEXPLAINED'}"


@dataclass(frozen=True, slots=True)
class Comparison:
    """Both sides counted, and every difference. ``registry`` counts what sources of the tree can register."""

    registry: int
    found: int
    reported: int
    missing: tuple[Difference, ...]
    surplus: tuple[Difference, ...]

    @property
    def unexplained(self) -> tuple[Difference, ...]:
        return tuple(d for d in self.missing + self.surplus if not d.cause)


def read_registry(path: Path) -> list[Mapping[str, object]]:
    """The rows of a registry table."""
    with gzip.open(path, "rt") as file:
        rows: list[Mapping[str, object]] = json.load(file)
    return rows


def _registry_key(row: Mapping[str, object]) -> Key:
    constraints = row["constraints"]
    hosts = row["host_memory_arg"]
    assert isinstance(constraints, dict)
    assert isinstance(hosts, list)
    return (
        str(row["op"]), str(row["device"]), str(row["label"]), int(str(row["priority"])),
        tuple((attr, tuple(sorted(values, key=str))) for attr, values in sorted(constraints.items())),
        tuple(sorted(hosts)), str(row["kernel_class"]),
    )  # fmt: skip


def _record_key(record: KernelRegistration) -> Key:
    constraints = tuple(
        (c.attr, tuple(sorted((str(v) if isinstance(v, DataType) else v for v in c.allowed), key=str)))
        for c in record.constraints
    )
    return (
        record.op, record.device, record.label, record.priority, constraints, tuple(sorted(record.host_memory_args)),
        record.kernel_class,
    )  # fmt: skip


def compare(
    scan: ScanResult,
    registry: Iterable[Mapping[str, object]],
    test_ops: Mapping[str, str],
    *,
    devices: Sequence[str] | None = DEVICES,
    ops: frozenset[str] | None = None,
) -> Comparison:
    """Compare the desktop profile of a scan with a registry.

    ``test_ops`` are ops that only test sources register, with the file; ``ops`` limits both sides to some op names,
    ``devices`` to some devices.
    """

    def meant(op: object, device: object) -> bool:
        return (devices is None or device in devices) and (ops is None or op in ops)

    wanted = Counter(_registry_key(r) for r in registry if meant(r["op"], r["device"]))
    records = [r for r in scan.registrations if "desktop" in r.profiles and meant(r.op, r.device)]
    got = Counter(_record_key(r) for r in records)
    places = {_record_key(r): r.location for r in records}
    missing = []
    for key in sorted((wanted - got).elements(), key=str):
        why = COMPUTED_NAMES.get(key[0]) or NOT_LOOKED_AT.get(key[1], "")
        place = "" if why else test_ops.get(key[0], "")
        missing.append(Difference("missing", key, place, f"registered by {place}, a test" if place else why))
    surplus = []
    for key in sorted((got - wanted).elements(), key=str):
        file = places[key].file
        cause = next((why for folder, why in NOT_LINKED.items() if file.startswith(folder)), "")
        surplus.append(Difference("surplus", key, str(places[key]), cause))
    registered = wanted.total() - sum(1 for d in missing if d.place)
    return Comparison(registered, (wanted & got).total(), got.total(), tuple(missing), tuple(surplus))


def open_scanned(tree: Path, index: Path | None) -> ScanResult:
    """The scan of a checkout, made now or read from an index of it, without its includes and dependencies."""
    if index is None:
        return scan_tree(tree)
    stored = open_index(index)
    definitions = (stored.op_definition(op) for op in stored.op_names())
    return ScanResult(
        stored.release,
        stored.profiles,
        tuple(stored.all_registrations()),
        tuple(d for d in definitions if d is not None),
        stored.build_lists,
        stored.diagnostics,
        stored.skipped_files,
    )


def ops_of_tests(scan: ScanResult, tree: Path) -> dict[str, str]:
    """Ops that sources register which the scan skipped as tests: name to file."""
    found: dict[str, str] = {}
    for path in scan.skipped_files:
        text = (tree / path).read_text(errors="replace")
        for name in re.findall(r'\b(?:Name|REGISTER_OP)\("([\w>]+)"', text):
            found.setdefault(name, path)
        for resource in re.findall(r"REGISTER_RESOURCE_HANDLE_(?:KERNEL|OP)\((\w+)\)", text):
            found.setdefault(f"{resource}HandleOp", path)
    return found


def report(comparison: Comparison, *, everything: bool, devices: str = "CPU and DEFAULT") -> str:
    """The figures, and the differences: all, or a count for each cause."""
    lines = [
        f"registrations in the registry ({devices}, tests left out): {comparison.registry}",
        f"found with every field equal: {comparison.found} ({100 * comparison.found / comparison.registry:.2f} %)",
        f"reported by the scan: {comparison.reported}",
    ]
    differences = comparison.missing + comparison.surplus
    if everything:
        lines += [str(d) for d in differences]
    else:
        causes = Counter((d.side, d.cause or "UNEXPLAINED") for d in differences)
        lines += [f"{side}: {count} × {cause}" for (side, cause), count in sorted(causes.items())]
    lines.append(f"unexplained differences: {len(comparison.unexplained)}")
    return "\n".join(lines)


def table_of(kind: str, release: str, folder: Path = REGISTRIES) -> Path | None:
    """The table of a release in a folder, or of another patch release of its minor one."""
    return min(folder.glob(f"{kind}_{minor_of(release)}.*.json.gz"), default=None)


def main() -> int:
    parser = argparse.ArgumentParser(description="Compare a scan with the registry of a running TensorFlow.")
    parser.add_argument("tree", type=Path, help="a checkout of the registry's release")
    parser.add_argument("--index", type=Path, help="an index of that checkout: then it is not scanned")
    parser.add_argument("--registry", type=Path, help="a table made by dump_registry.py")
    parser.add_argument("--devices", help="only these devices, with commas between them")
    parser.add_argument("--all", action="store_true", help="print every difference, not a count for each cause")
    arguments = parser.parse_args()
    scan = open_scanned(arguments.tree, arguments.index)
    registry = arguments.registry or table_of("registered_kernels", scan.release)
    if registry is None:
        parser.error(f"there is no table of {scan.release} in {REGISTRIES}: name one by --registry")
    rows = read_registry(registry)
    # A table may hold some op names only: then only these can be compared.
    ops = frozenset(str(r["op"]) for r in rows) if "half" in registry.name else None
    devices = arguments.devices.split(",") if arguments.devices else None
    comparison = compare(scan, rows, ops_of_tests(scan, arguments.tree), devices=devices, ops=ops)
    print(report(comparison, everything=arguments.all, devices=arguments.devices or "all devices"))
    return 1 if comparison.unexplained else 0


if __name__ == "__main__":
    sys.exit(main())
