"""What an index that was made of libraries cannot tell: which builds have a new kernel, and where new files are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from kernel_index.diagnostics import unsure
from kernel_index.index import KernelIndex
from kernel_index.records import Diagnostic, KernelRegistration, LibraryOrigin
from opselect.findings import Finding
from opselect.findings.mends import OR, OpselectOptions, change_model
from opselect.requirements.collect import Requirement

SCAN = OpselectOptions(
    text="Scan the sources of the release in place of this index: --tree PATH.",
    options=("--tree", "PATH"),
    applicability="likely",
)


def explain_unsure(
    requirement: Requirement, fitting: Iterable[KernelRegistration], index: KernelIndex, profile: str
) -> Finding | None:
    """Why it is not known whether a build has one of the kernels that fit; None where that is known of all of them."""
    if index.origin is None:
        return None
    doubtful = {each.location for each in unsure(requirement.op, index.diagnostics)}
    kernel = next((r for r in fitting if r.location in doubtful and profile not in r.profiles), None)
    if kernel is None:
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
    if index.origin is None or path in index.includes or path in index.dependencies:
        return None
    reason = (
        f"where {path} is in the sources, and what it needs to be linked, is not known: "
        f"{_made_of(index, index.origin)}, and {index.origin.base} has no such file"
    )
    return Finding("OPS128", reason, op=ops[0] if ops else "", files=(path,), mends=(SCAN,))


def _made_of(index: KernelIndex, origin: LibraryOrigin) -> str:
    return f"the index of TensorFlow {index.release} was made of {origin.libraries[0]}"
