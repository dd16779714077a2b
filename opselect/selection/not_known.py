"""What an index that was made of libraries cannot tell: which builds have a new kernel, and where new files are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from kernel_index.diagnostics import unsure
from kernel_index.index import KernelIndex
from kernel_index.kernel_lookup import CPU, DEFAULT, Found, admits, find_kernel
from kernel_index.records import Diagnostic, KernelRegistration, LibraryOrigin, Location
from opselect.findings import Finding
from opselect.findings.mends import OR, OpselectOptions, change_model
from opselect.requirements.collect import Requirement, Requirements

SCAN = OpselectOptions(
    text="Scan the sources of the release in place of this index: --tree PATH.",
    options=("--tree", "PATH"),
    applicability="likely",
)


def doubtful(registrations: Iterable[KernelRegistration], index: KernelIndex) -> list[KernelRegistration]:
    """Those of which it is not known which builds have them, but for the builds that they name."""
    if index.origin is None:
        return []
    places: dict[str, set[Location]] = {}
    found = []
    for each in registrations:
        if each.op not in places:
            places[each.op] = {diagnostic.location for diagnostic in unsure(each.op, index.diagnostics)}
        if each.location in places[each.op]:
            found.append(each)
    return found


def may_have(requirement: Requirement, index: KernelIndex) -> list[KernelRegistration]:
    """The kernels of which that is not known and that a requirement would pick on a CPU."""
    attrs = dict(requirement.attrs)
    return [
        r
        for r in doubtful(index.registrations(requirement.op), index)
        if r.device in (CPU, DEFAULT) and r.label == requirement.label and admits(r, attrs) is True
    ]


def unsure_of(requirements: Requirements, index: KernelIndex, profile: str) -> tuple[str, ...]:
    """Sentences about what a build of ``profile`` may lack, by op; nothing is said of what it has some kernel for."""
    found: dict[str, None] = {}
    for item in requirements.items:
        needs_none = item.may_insert or (item.origin is not None and item.origin.kind == "replaced")
        kernels = [] if needs_none or index.origin is None else may_have(item, index)
        built = [r for r in index.registrations(item.op) if profile in r.profiles] if kernels else []
        if kernels and not isinstance(find_kernel(built, dict(item.attrs), label=item.label), Found):
            unsure_here = explain_unsure(item, kernels, index, profile)
            if unsure_here is not None:
                found[f"{item.op}: {unsure_here.reason}"] = None
    return tuple(found)


def explain_unsure(
    requirement: Requirement, fitting: Iterable[KernelRegistration], index: KernelIndex, profile: str
) -> Finding | None:
    """Why it is not known whether a build has one of the kernels that fit; None where that is known of all of them."""
    kernel = next((r for r in doubtful(fitting, index) if profile not in r.profiles), None)
    if index.origin is None or kernel is None:
        return None
    reason = (
        f"whether a build of profile {profile} has its kernel {kernel.kernel_class} ({kernel.location}) is not known: "
        f"{_made_of(index, index.origin)}, and neither that nor {index.origin.base}, which told the rest, says so"
    )
    return Finding(
        "OPS127",
        reason,
        op=requirement.op,
        attrs=requirement.attrs,
        device=requirement.device,
        count=requirement.count,
        nodes=requirement.nodes,
        models=requirement.models,
        places=(kernel.location,),
        profiles=(profile,),
        mends=(SCAN, change_model("Export the model without the op, or for types of its other kernels.", lead=OR)),
    )


def explain_unread(lost: Sequence[Diagnostic], index: KernelIndex) -> Finding | None:
    """Why it is not known whether an op has kernels, about no requirement yet; None of an index of sources."""
    if index.origin is None:
        return None
    reason = f"{lost[0].message} ({lost[0].location}): {_made_of(index, index.origin)}"
    return Finding("OPS110", reason, places=tuple(dict.fromkeys(each.location for each in lost)), mends=(SCAN,))


def explain_file(path: str, ops: Sequence[str], index: KernelIndex) -> Finding | None:
    """Why a source file cannot be put in a list; None for a file that the index knows, or that is not a release's."""
    if index.origin is None or is_known_file(path, index):
        return None
    reason = (
        f"where {path} is in the sources, and what it needs to be linked, is not known: "
        f"{_made_of(index, index.origin)}, and {index.origin.base} has no such file"
    )
    return Finding("OPS128", reason, op=ops[0] if ops else "", files=(path,), mends=(SCAN,))


def is_known_file(path: str, index: KernelIndex) -> bool:
    """Whether an index tells of a source file more than that it registers something; one of sources does of each."""
    return index.origin is None or path in index.includes or path in index.dependencies


def _made_of(index: KernelIndex, origin: LibraryOrigin) -> str:
    return f"the index of TensorFlow {index.release} was made of {origin.made_of}"
