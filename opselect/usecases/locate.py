"""Where are the kernels of an op registered, for which types, in which builds?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kernel_index.diagnostics import unevaluated, unevaluated_text, unsure
from kernel_index.index import KernelIndex
from kernel_index.records import KernelRegistration
from opselect.selection.not_known import doubtful
from opselect.usecases.kernel_source import DEFAULT_PROFILE, NO_MACROS, KernelSource, Macros
from opselect.usecases.open_kernels import open_kernels, profile_of, unknown_op
from opselect.usecases.watch import NOBODY, RecordingWatch, Watch


@dataclass(frozen=True, slots=True)
class LocatedOp:
    """The kernels of an op.

    ``found`` are the registrations of the build that was asked for, or of any build; ``hidden`` are those that a
    condition keeps from it. ``registered`` are all that the sources have. Where nothing is found, ``problems`` are
    sentences that say why.
    """

    op: str
    found: tuple[KernelRegistration, ...]
    hidden: tuple[KernelRegistration, ...]
    registered: tuple[KernelRegistration, ...]
    problems: tuple[str, ...] = ()
    doubtful: tuple[KernelRegistration, ...] = ()
    """Those of ``found`` of which it is not known which other builds have them."""
    not_known: tuple[str, ...] = ()
    """Sentences about what an index of libraries does not tell of the op."""


@dataclass(frozen=True, slots=True)
class LocatedKernels:
    """The kernels of ops in a TensorFlow; ``profile`` is the build that was asked for, None for every one."""

    release: str
    profiles: tuple[str, ...]
    profile: str | None
    ops: tuple[LocatedOp, ...]
    warnings: tuple[str, ...] = ()


def locate(
    ops: Sequence[str],
    source: KernelSource,
    *,
    profile: str | None = None,
    macros: Macros = NO_MACROS,
    watch: Watch = NOBODY,
) -> LocatedKernels:
    """The registrations of the kernels of ops, each op once, in the order given.

    With ``profile`` only what this build registers. Raises InputError for sources that cannot be read and for a
    profile that does not exist.
    """
    recording = RecordingWatch(watch)
    index = open_kernels(source, macros=macros, profile=profile or DEFAULT_PROFILE, watch=recording)
    wanted = None if profile is None else profile_of(index, profile, macros)
    located = tuple(_located(op, index, wanted) for op in dict.fromkeys(ops))
    for each in located:
        for sentence in each.not_known:
            recording.warning(sentence)
    return LocatedKernels(index.release, index.profiles, wanted, located, recording.warnings)


def _located(op: str, index: KernelIndex, profile: str | None) -> LocatedOp:
    registered = index.registrations(op)
    found = tuple(r for r in registered if r.profiles and (profile is None or profile in r.profiles))
    # What some other profile has is no secret: it is hidden only if a condition says so.
    hidden = tuple(
        r
        for r in registered
        if not r.profiles or (r.condition is not None and profile is not None and profile not in r.profiles)
    )
    problems = () if found else tuple(_why_nothing(op, profile, index))
    # What the libraries themselves have is read, and nothing of it is in doubt.
    is_sure = index.origin is None or (bool(found) and profile == index.origin.profile)
    doubts = () if is_sure else tuple(map(str, unsure(op, index.diagnostics)))
    return LocatedOp(op, found, hidden, registered, problems, tuple(doubtful(found, index)), doubts)


def _why_nothing(op: str, profile: str | None, index: KernelIndex) -> list[str]:
    registered = index.registrations(op)
    sentences = [_absence(op, profile, index)]
    lost = unevaluated(op, index.diagnostics, named=bool(registered))
    return [*sentences, f"{op}: {unevaluated_text(lost)}"] if lost else sentences


def _absence(op: str, profile: str | None, index: KernelIndex) -> str:
    definition = index.op_definition(op)
    registered = index.registrations(op)
    if definition is None and not registered:
        return unknown_op(op, index)
    elsewhere = [name for name in index.profiles if any(name in r.profiles for r in registered)]
    if elsewhere and any(profile not in r.profiles for r in doubtful(registered, index)):
        verb = "has" if len(elsewhere) == 1 else "have"
        return f"{op}: whether profile {profile} has a kernel is not known; {', '.join(elsewhere)} {verb} one"
    if elsewhere:
        return f"{op}: no kernel in profile {profile}, but in {', '.join(elsewhere)}"
    place = f" (the op is defined in {definition.location})" if definition else ""
    return f"{op}: no build profile registers a kernel{place}"
