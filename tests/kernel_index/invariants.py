"""What must hold in the index of any release, whatever it registers; and upstream's own breaches of it, by name.

    python -m tests.kernel_index.invariants [INDEX-FILE...]

prints what does not hold in these files, else in the shipped ones. What is explained is left out.
"""

from __future__ import annotations

import itertools
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kernel_index import shipped
from kernel_index.datatypes import DataType
from kernel_index.profiles import release_number
from kernel_index.records import AttrDefinition, Constraint, KernelRegistration, OpDefinition
from kernel_index.store import StoredIndex, open_index
from tests.kernel_index.known_breaches import KNOWN, LABELS

SOURCE = re.compile(r"\.(cc|cpp|cxx|c\+\+|C|c)$")


@dataclass(frozen=True, slots=True)
class Breach:
    """One thing that does not hold: the rule, what it is about (known breaches go by that), and where and how."""

    rule: str
    about: str
    how: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.about}: {self.how}"


def breaches(index: StoredIndex) -> list[Breach]:
    """Everything in an index that breaks a rule, sorted; known breaches of upstream included."""
    registrations = list(index.all_registrations())
    read = frozenset(index.includes)
    found = itertools.chain(
        _kernels_and_definitions(index, registrations),
        _files_of_registrations(registrations, read, of_sources=index.origin is None),
        _labels_and_priorities(registrations),
        _listed_files(index, read),
        _dependencies(index, read),
        _ties(registrations),
        _mobile_builds(index, registrations),
    )
    return sorted(set(found), key=lambda b: (b.rule, b.about, b.how))


def unexplained(found: Iterable[Breach], release: str) -> list[Breach]:
    """Those of a release's breaches that are not upstream's own."""
    number = release_number(release)
    return [b for b in found if not any(k.covers(b.rule, b.about, number) for k in KNOWN)]


def _kernels_and_definitions(index: StoredIndex, registrations: Sequence[KernelRegistration]) -> Iterator[Breach]:
    """An op with kernels is defined; what its kernels name is in the definition, and the types are allowed there."""
    definitions = {op: index.op_definition(op) for op in {r.op for r in registrations}}
    for record in registrations:
        definition = definitions[record.op]
        if definition is None:
            yield Breach("op is defined", record.op, f"not so, though {record.source} has kernels of it")
            continue
        for constraint in record.constraints:
            problem = _constraint_problem(constraint, definition)
            if problem:
                yield Breach("constraint fits", f"{record.op}.{constraint.attr}", f"{problem}, in {record.source}")
        arguments = {argument.name for argument in (*definition.inputs, *definition.outputs)}
        for name in sorted(set(record.host_memory_args) - arguments):
            yield Breach("host memory of an argument", f"{record.op} {name}", f"it has none such, in {record.source}")


def _constraint_problem(constraint: Constraint, definition: OpDefinition) -> str:
    attr = definition.attr(constraint.attr)
    if attr is None:
        return "the op has no such attr"
    if not constraint.allowed:
        return "no value is admitted"
    if any(not _is_of(value, attr) for value in constraint.allowed):
        return f"values that are no {attr.type}"
    if attr.allowed is not None and (more := set(constraint.allowed) - set(attr.allowed)):
        return f"the op does not allow {', '.join(sorted(map(str, more)))}"
    return ""


_KINDS: dict[str, type] = {"type": DataType, "string": str, "bool": bool, "int": int, "float": float}


def _is_of(value: object, attr: AttrDefinition) -> bool:
    """Whether a value is of the attr's type, or one of its list's."""
    return type(value) is _KINDS.get(attr.type.removeprefix("list(").removesuffix(")"))


def _files_of_registrations(
    registrations: Sequence[KernelRegistration], read: frozenset[str], *, of_sources: bool
) -> Iterator[Breach]:
    """Every file that a registration names is one that the scan has read; what is compiled is a source file.

    An index that was made of libraries knows new kernels by no line, new files by no folder, and of some kernels not
    whether they are still there.
    """
    for record in registrations:
        if not of_sources and not (record.location.line and (record.profiles or record.condition)):
            continue
        places = [record.source, record.location.file]
        if record.condition is not None:
            places.append(record.condition.location.file)
        for file in places:
            if file not in read:
                yield Breach("file is known", file, f"not so, though a kernel of {record.op} names it")
        if not SOURCE.search(record.source):
            yield Breach(
                "source is compiled", record.source, f"no source file, though a kernel of {record.op} needs it"
            )
        if record.location.line < 1:
            yield Breach("line is one", str(record.location), f"of a kernel of {record.op}")
        if not record.profiles and record.condition is None:
            yield Breach("hidden for a reason", record.op, f"no profile and no condition at {record.location}")


def _labels_and_priorities(registrations: Sequence[KernelRegistration]) -> Iterator[Breach]:
    for record in registrations:
        if record.label and record.label not in LABELS:
            yield Breach("label is known", record.label, f"not so, {record.location}")
        if not 0 <= record.priority <= 2:
            yield Breach("priority is small", record.op, f"{record.priority} at {record.location}")
        if not re.fullmatch(r"[A-Z][A-Z_]*", record.device):
            yield Breach("device is a name", record.device, f"of {record.op} at {record.location}")
        if not record.kernel_class.strip():
            yield Breach("class has a text", record.op, f"none at {record.location}")


def _listed_files(index: StoredIndex, read: frozenset[str]) -> Iterator[Breach]:
    """Source files of the build lists were read. Headers need not be: globs list some that nothing includes."""
    lists = index.build_lists
    listed = {file: name for name, files in lists.groups.items() for file in files}
    listed |= dict.fromkeys((f for f in lists.makefile if f not in lists.makefile_missing), "tf_op_files.txt")
    for file, name in sorted(listed.items()):
        if SOURCE.search(file) and file not in read:
            yield Breach("listed file is known", file, f"not so, though {name} lists it")


def _dependencies(index: StoredIndex, read: frozenset[str]) -> Iterator[Breach]:
    for file, needed in index.dependencies.items():
        for dependency in needed:
            for known in (file, dependency.file, dependency.declared_in):
                if known not in read:
                    yield Breach("dependency is known", known, f"not so, though {file} needs {dependency.symbol}")
            if not SOURCE.search(dependency.file):
                yield Breach("dependency is a source", dependency.file, f"not so, though {file} needs it")
            if not dependency.profiles:
                yield Breach("dependency of some build", dependency.file, f"of none, though {file} needs it")


def _ties(registrations: Sequence[KernelRegistration]) -> Iterator[Breach]:
    """No node has two kernels to choose from.

    TensorFlow refuses to choose between kernels of one device, label and priority that admit the same node
    (``FindKernelRegistration`` in ``framework/op_kernel.cc``).
    """
    rivals: dict[tuple[str, str, str, int], list[KernelRegistration]] = defaultdict(list)
    for record in registrations:
        if record.profiles:
            rivals[record.op, record.device, record.label, record.priority].append(record)
    for (op, *_), records in rivals.items():
        seen: dict[tuple[object, ...], list[KernelRegistration]] = defaultdict(list)
        forms = {tuple(c.attr for c in r.constraints) for r in records}
        common = tuple(sorted(set.intersection(*map(set, forms))))
        for record in records:
            allowed = {c.attr: c.allowed for c in record.constraints}
            for values in itertools.product(*(allowed[attr] for attr in common)):
                for other in seen[values]:
                    if _both_admit(allowed, other) and not set(record.profiles).isdisjoint(other.profiles):
                        yield Breach("one kernel a node", op, " and ".join(sorted({r.source for r in (other, record)})))
                seen[values].append(record)


def _both_admit(allowed: Mapping[str, tuple[object, ...]], other: KernelRegistration) -> bool:
    return all(not set(allowed.get(c.attr, c.allowed)).isdisjoint(c.allowed) for c in other.constraints)


AT_MOST_OF_DESKTOP = {"android-slim": 0.45, "android": 0.5, "android-full": 0.65}
"""The share of a desktop build's kernels that these builds have at most: they leave types out."""

DECIDING_HEADERS = re.compile(r"(^|/)(platform/platform|framework/register_types|framework/types)\.h$")
"""Headers whose macros decide which types a mobile build has."""


def _mobile_builds(index: StoredIndex, registrations: Sequence[KernelRegistration]) -> Iterator[Breach]:
    """Mobile builds were told from desktop builds: the headers that do it were read, and types are left out.

    Source: ``IS_MOBILE_PLATFORM`` in ``platform/platform.h``, which ``framework/register_types.h`` asks for.
    """
    for header in index.missing_headers:
        if DECIDING_HEADERS.search(header):
            yield Breach("header of macros was read", header, "included, but not found in the tree")
    kernels = Counter(profile for record in registrations for profile in record.profiles)
    for profile, share in AT_MOST_OF_DESKTOP.items():
        if {profile, "desktop"} <= set(index.profiles) and kernels[profile] > share * kernels["desktop"]:
            how = f"{kernels[profile]} kernels of {kernels['desktop']}"
            yield Breach("mobile builds leave types out", profile, how)


def gaps(indexes: Sequence[StoredIndex]) -> list[Breach]:
    """Ops that a release lacks though releases before and after it have them.

    ``indexes`` are those of releases in order. An op that a scan loses looks like this; so do very few of upstream's.
    """
    defined = [{op for op in index.op_names() if index.op_definition(op) is not None} for index in indexes]
    found = []
    for op in sorted(set[str]().union(*defined)):
        having = [number for number, ops in enumerate(defined) if op in ops]
        lacking = [n for n in range(having[0], having[-1]) if op not in defined[n]]
        found += [Breach("op does not come back", op, f"not in {indexes[n].release}") for n in lacking]
    return found


def losses(before: StoredIndex, after: StoredIndex) -> float:
    """The share of a release's ops that the next one lacks."""
    had = [op for op in before.op_names() if before.op_definition(op) is not None]
    return sum(after.op_definition(op) is None for op in had) / len(had)


def main(arguments: Sequence[str]) -> int:
    paths = [Path(a) for a in arguments] or [shipped.find(release) for release in shipped.releases()]
    indexes = sorted(map(open_index, paths), key=lambda index: release_number(index.release))
    count = 0
    for index in indexes:
        for breach in unexplained(breaches(index), index.release):
            count += 1
            sys.stdout.write(f"{index.release}: {breach}\n")
    for breach in gaps(indexes):
        if not any(k.covers(breach.rule, breach.about, None) for k in KNOWN):
            count += 1
            sys.stdout.write(f"{breach}\n")
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
