"""Kernels that are named outright, or picked as TensorFlow's header tool picks them, whatever requirements say."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from kernel_index.index import KernelIndex
from kernel_index.kernel_lookup import BadAttr, Found, NotFound, Outcome, find_kernel
from kernel_index.near_names import near_names
from kernel_index.needed_files import knows_definitions
from kernel_index.records import KernelRegistration
from opselect.findings import Finding
from opselect.findings.mends import OpselectOptions, change_model
from opselect.requirements.collect import MAX_MODELS_NAMED, MAX_NODES_NAMED, Requirement
from opselect.requirements.header_tool import ToolRelease
from opselect.requirements.ops_list import Pair
from opselect.selection.select import MAY_BE_INSERTED, Reason, SelectedKernel, Selection, merge_reasons


@dataclass(frozen=True, slots=True)
class NamedKernels:
    """Ops with kernel classes, and the registrations that these are in a build.

    ``pairs`` are all that was found, sorted, each once. ``kernels`` are the registrations; ``ops`` those without a
    class. ``lost`` is what was named and is not there.
    """

    pairs: tuple[Pair, ...] = ()
    kernels: tuple[SelectedKernel, ...] = ()
    ops: tuple[str, ...] = ()
    lost: tuple[Finding, ...] = ()

    @staticmethod
    def merge(parts: Iterable[NamedKernels]) -> NamedKernels:
        """All of the parts together."""
        parts = tuple(parts)
        reasons: dict[KernelRegistration, list[Reason]] = {}
        for kernel in (kernel for part in parts for kernel in part.kernels):
            reasons.setdefault(kernel.registration, []).extend(kernel.reasons)
        return NamedKernels(
            sorted_pairs(pair for part in parts for pair in part.pairs),
            tuple(SelectedKernel(registration, merge_reasons(found)) for registration, found in reasons.items()),
            tuple(sorted({op for part in parts for op in part.ops})),
            tuple(lost for part in parts for lost in part.lost),
        )


def sorted_pairs(pairs: Iterable[Pair]) -> tuple[Pair, ...]:
    """Each pair once, by op and then by class, that without a class first."""
    return tuple(sorted(set(pairs), key=lambda pair: (pair[0], pair[1] or "")))


def named_by_list(pairs: Iterable[Pair], path: str, index: KernelIndex, profile: str) -> NamedKernels:
    """What an ops list names: every kernel of the op that has the class in the profile, on any device.

    A class that no kernel of the op has there is lost; so is an op that the release does not define.
    """
    kernels: list[SelectedKernel] = []
    ops: list[str] = []
    lost: list[Finding] = []
    for op, kernel_class in pairs:
        reason = Reason(op, kernel_class=kernel_class or "", models=(path,), note="named by an ops list")
        built = [r for r in index.registrations(op) if profile in r.profiles]
        matching = [r for r in built if r.kernel_class == kernel_class]
        kernels += [SelectedKernel(registration, (reason,)) for registration in matching]
        if kernel_class is None:
            ops.append(op)
            if knows_definitions(index) and index.op_definition(op) is None:
                lost.append(_unknown(op, "the release does not define the op", index.op_names(), path))
        elif not matching:
            wrong = f"no kernel of the op has the class {kernel_class} in profile {profile}"
            lost.append(_unknown(op, wrong, sorted({r.kernel_class for r in built}), path, kernel_class))
    return NamedKernels(sorted_pairs(pairs), tuple(kernels), tuple(sorted(set(ops))), tuple(lost))


def _unknown(op: str, reason: str, known: Iterable[str], path: str, name: str = "") -> Finding:
    close = near_names(name or op, tuple(known))
    meant = f"; near it: {', '.join(close)}" if close else ""
    text = "Make the ops list with the same release, or ask for the profile that has it: --profile NAME."
    mend = OpselectOptions(text=text, options=("--profile",))
    return Finding("OPS117", reason + meant, op=op, models=(path,), mends=(mend,))


def picked_by_tool(asked: Iterable[Requirement], index: KernelIndex, profile: str, tool: ToolRelease) -> NamedKernels:
    """The kernels that TensorFlow's tool finds for nodes, if it is linked with the kernels of this build.

    Each node is looked up for the device that it names, and for ``DEFAULT`` after that; what it finds nothing for is
    lost. The look-up is ``TryFindKernelClass`` of ``python/util/kernel_registry.cc``.
    """
    found: dict[tuple[object, ...], tuple[Requirement, list[str], set[str]]] = {}
    for requirement in asked:
        key = (requirement.op, requirement.attrs, requirement.device, requirement.label)
        _, nodes, models = found.setdefault(key, (requirement, [], set()))
        nodes += requirement.nodes
        models.update(requirement.models)
    pairs: list[Pair] = []
    kernels: list[SelectedKernel] = []
    ops: list[str] = []
    lost: list[Finding] = []
    for requirement, nodes, models in found.values():
        together = replace(
            requirement,
            count=len(nodes),
            nodes=tuple(sorted(nodes)[:MAX_NODES_NAMED]),
            models=tuple(sorted(models)[:MAX_MODELS_NAMED]),
        )
        op = requirement.op
        outcome = kernel_of_tool(together, index, profile)
        if isinstance(outcome, Found):
            pairs.append((op, outcome.registration.kernel_class))
            reason = Reason(op, together.attrs, outcome.registration.kernel_class, together.nodes, together.models)
            kernels.append(SelectedKernel(outcome.registration, (reason,)))
        elif op in tool.ops_without_kernel:
            pairs.append((op, None))
            ops.append(op)
        else:
            lost.append(_dropped(together, outcome))
    return NamedKernels.merge([NamedKernels(tuple(pairs), tuple(kernels), tuple(ops), tuple(lost))])


def kernel_of_tool(requirement: Requirement, index: KernelIndex, profile: str) -> Outcome | None:
    """The kernel that a tool of TensorFlow finds for a node by itself; None where it does not look for one."""
    if knows_definitions(index) and index.op_definition(requirement.op) is None:
        return None
    device = requirement.device
    if "/" in device:
        device = ""
    built = [r for r in index.registrations(requirement.op) if profile in r.profiles]
    return find_kernel(built, dict(requirement.attrs), label=requirement.label, device=device)


def _dropped(requirement: Requirement, outcome: Outcome | None) -> Finding:
    if outcome is None:
        why = "the release does not define the op"
    elif "/" in requirement.device:
        why = f"the device {requirement.device} names no type, and the tool looks a kernel up by its type only"
    elif isinstance(outcome, BadAttr):
        why = f"attr {outcome.attr} decides the kernel and is not known from the node alone"
    elif isinstance(outcome, NotFound):
        why = f"no kernel for {requirement.device} admits it"
    else:
        why = "several kernels of the same priority admit it"
    text = "Leave out --compat: then the header has what a build needs that runs the models."
    return Finding(
        "OPS118",
        f"TensorFlow's tool writes no line for it: {why}",
        op=requirement.op,
        attrs=requirement.attrs,
        device=requirement.device,
        count=requirement.count,
        nodes=requirement.nodes,
        models=requirement.models,
        mends=(change_model(text),),
    )


def with_losses(selection: Selection, named: NamedKernels) -> Selection:
    """The selection with what was lost among the unresolved, where it is lost indeed.

    What the selection itself says to be missing is not said again. A node of a function's body counts only if the
    models need a kernel of its op that is in no pair.
    """
    said = {each.op for each in (*selection.unresolved, *selection.verdict.refused)}
    without = {kernel.registration.op for kernel in not_in_pairs(selection, named.pairs)}
    lost = [
        each
        for each in named.lost
        if each.op not in said
        and (each.code != "OPS118" or each.op in without or any(":" not in node for node in each.nodes))
    ]
    return replace(selection, unresolved=(*selection.unresolved, *lost)) if lost else selection


def not_in_pairs(selection: Selection, pairs: Iterable[Pair]) -> tuple[SelectedKernel, ...]:
    """The kernels that models need by their nodes, or by what the runtime makes of these, and that no pair has.

    Not among them are kernels that register whatever a header says, and ops that are only inserted maybe.
    """
    having = set(pairs)
    return tuple(
        kernel
        for kernel in selection.kernels
        if not kernel.registration.system
        and (kernel.registration.op, kernel.registration.kernel_class) not in having
        and any(reason.nodes and not reason.note.startswith(MAY_BE_INSERTED) for reason in kernel.reasons)
    )
