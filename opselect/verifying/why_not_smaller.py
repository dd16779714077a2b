"""Why a trim changed nothing, or less than it should have, each by what is seen in the binaries."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from kernel_index.index import KernelIndex
from kernel_index.records import KernelRegistration
from opselect.audit.audited import dtypes_of
from opselect.audit.difference import Difference
from opselect.audit.releases import KnownKernels
from opselect.binaries.records import RegisteredKernel
from opselect.build_lists.header.record import SelectiveHeader
from opselect.findings import Finding
from opselect.findings.mends import BuildFlags, Mend, change_model

_SHOWN = 3

_FLAG = "-DSELECTIVE_REGISTRATION"
_NARROW = ("android", "android-slim", "ios")
"""Profiles without the types that ``SUPPORT_SELECTIVE_REGISTRATION`` and ``__ANDROID_TYPES_FULL__`` bring in."""


@dataclass(frozen=True, slots=True)
class Trim:
    """What a trim was to do: headers and lists of source files by the names that sentences call them."""

    headers: Mapping[str, SelectiveHeader] = field(default_factory=dict, hash=False)
    files: Mapping[str, frozenset[str]] = field(default_factory=dict, hash=False)


def why_not_smaller(found: Difference, index: KernelIndex | None, profile: str, trim: Trim) -> tuple[Finding, ...]:
    """What keeps the new binary larger than it should be, the surest first.

    ``index`` is that of the release which the binary is of, None where it is of none that is known.
    """
    explained = [*_header_not_applied(found, index, trim), *_still_compiled(found, trim)]
    explained += _without_header(found, index, profile) if not trim.headers else ()
    if index is not None:
        explained += [*_wider_types(found, index), *_linked_whole(found, index, profile)]
    return tuple(explained)


def _header_not_applied(found: Difference, index: KernelIndex | None, trim: Trim) -> Iterator[Finding]:
    """Kernels that the header leaves out and that the binary registers."""
    known = KnownKernels(index) if index is not None else None
    for name, header in trim.headers.items():
        left_out = [each for each in found.new.kernels if not _registers(header, each) and not _is_system(each, known)]
        if not left_out:
            continue
        kept = [each for each in found.gone if not _registers(header, each)]
        ops = _some(each.op for each in left_out)
        count = f"{len(left_out)} of its {len(found.new.kernels)} kernels are left out by {name}"
        if kept:
            files = _some(each.file for each in left_out)
            others = "another is gone" if len(kept) == 1 else f"{len(kept)} others are gone"
            why = f"the header took effect elsewhere ({others}), but not for {files}"
            mend: Mend = change_model(f"Give {_FLAG} and the header's folder to whatever compiles these files, too.")
        else:
            why = f"SELECTIVE_REGISTRATION was not defined (a slip in the flag?), or another header was found ({ops})"
            mend = BuildFlags(
                text=f"Compile everything again with {_FLAG}, and with -I and the folder of {name} in front of others.",
                system="",
                where="",
                add=(_FLAG,),
                applicability="likely",
            )
        yield Finding("OPS527", f"{count}: {why}", files=(name,), mends=(mend,))


def _registers(header: SelectiveHeader, kernel: RegisteredKernel) -> bool:
    return header.has_op(kernel.op) and header.has_class(kernel.kernel_class)


def _is_system(kernel: RegisteredKernel, known: KnownKernels | None) -> bool:
    """Whether it is registered whatever a header says."""
    registration = known.find(kernel) if known is not None else None
    return registration is not None and registration.system


def _without_header(found: Difference, index: KernelIndex | None, profile: str) -> Iterator[Finding]:
    """The same kernels are registered, and perhaps all that the files of the binary can register."""
    if found.gone or found.added or found.growth < 0 or not found.new.kernels:
        return
    reason = f"it registers just the {len(found.new.kernels)} kernels that {found.old.name} does"
    files = _all_of(found.new.kernels, index, profile) if index is not None else 0
    if files:
        of = "its only file with kernels has" if files == 1 else f"its {files} files with kernels have"
        reason += f", all that {of}: no selection was seen when they were compiled"
    text = (
        f"See whether {_FLAG} is spelled so and reaches every compiler, whether the header is found, and whether the "
        "lists that were trimmed are those of this build."
    )
    yield Finding("OPS527", reason, mends=(change_model(text),))


def _all_of(kernels: Sequence[RegisteredKernel], index: KernelIndex, profile: str) -> int:
    """The number of files of which all kernels of the profile are registered; 0 where of any one some are not."""
    known = KnownKernels(index)
    here = {each for each in map(known.find, kernels) if each is not None}
    files = {each.source for each in here}
    for op in index.op_names():
        for registration in index.registrations(op):
            if registration.source in files and profile in registration.profiles and registration not in here:
                return 0
    return len(files)


def _still_compiled(found: Difference, trim: Trim) -> Iterator[Finding]:
    """Files with kernels that are in no list."""
    for name, files in trim.files.items():
        others: dict[str, int] = {}
        for kernel in found.new.kernels:
            if "/" in kernel.file and kernel.file not in files:
                others[kernel.file] = others.get(kernel.file, 0) + 1
        if others:
            count = (
                f"{len(others)} files that {name} leaves out" if len(others) > 1 else f"a file that {name} leaves out"
            )
            reason = f"it registers kernels of {count}: {_some(others)}"
            text = "Something else lists them: another group, another library that is linked, or the list was not read."
            yield Finding("OPS530", reason, files=tuple(sorted(others)), mends=(change_model(text),))


def _wider_types(found: Difference, index: KernelIndex) -> Iterator[Finding]:
    """Kernels that are new, of ops that were there, for types that only builds with more types have."""
    known = KnownKernels(index)
    before = {kernel.op for kernel in found.old.kernels}
    wider = [
        kernel
        for kernel in found.added
        if kernel.op in before and dtypes_of(kernel) and _is_of_wide_builds(known.find(kernel))
    ]
    if not wider:
        return
    dtypes = tuple(sorted({dtype for kernel in wider for dtype in dtypes_of(kernel)}))
    names = _some(dtype.name for dtype in dtypes)
    what = "a kernel" if len(wider) == 1 else f"{len(wider)} kernels"
    reason = f"it has {what} more of ops that were there, for types that phones' builds leave out: {names}"
    text = (
        "SUPPORT_SELECTIVE_REGISTRATION and __ANDROID_TYPES_FULL__ bring in all types: leave them out of the flags, "
        "or give the header that goes with them (-DSELECTIVE_REGISTRATION)."
    )
    ops = tuple(sorted({kernel.op for kernel in wider}))
    yield Finding(
        "OPS528", f"{reason} (of {_some(ops)})", op=ops[0] if len(ops) == 1 else "", dtypes=dtypes,
        mends=(change_model(text),),
    )  # fmt: skip


def _is_of_wide_builds(registration: KernelRegistration | None) -> bool:
    return registration is not None and bool(registration.profiles) and not set(_NARROW) & set(registration.profiles)


def _linked_whole(found: Difference, index: KernelIndex, profile: str) -> Iterator[Finding]:
    """Source files of kernels that have bytes in the new binary and register nothing in it."""
    bytes_of = {row.name.rpartition("/")[2]: row.own_bytes for row in found.new.rows("file") if not row.kernels}
    registering = {kernel.file.rpartition("/")[2] for kernel in found.new.kernels}
    idle: dict[str, int] = {}
    for path in index.kernel_files(profile):
        name = path.rpartition("/")[2]
        if name not in registering and bytes_of.get(name, 0) > 0:
            idle[name] = bytes_of[name]
    if not idle:
        return
    largest = sorted(idle, key=lambda name: (-idle[name], name))
    files = "a file" if len(idle) == 1 else f"{len(idle)} files"
    reason = f"{files} of kernels that register none still have {sum(idle.values()):,} bytes: {_some(largest)}"
    mends: tuple[Mend, ...] = (
        change_model("Take them out of the lists: a header alone does not keep a file from being linked whole."),
        change_model("Or compile with -ffunction-sections -fdata-sections and link with -Wl,--gc-sections."),
    )
    yield Finding("OPS529", reason, files=tuple(largest), mends=mends)


def _some(names: Iterable[str]) -> str:
    found = list(dict.fromkeys(filter(None, names)))
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return f"{', '.join(found[:_SHOWN])}{more}"
