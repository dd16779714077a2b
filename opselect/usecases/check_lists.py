"""What is wrong with the build lists of a checkout?"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from kernel_index.errors import OpselectError
from kernel_index.links import Links
from kernel_index.near_names import did_you_mean, listed
from opselect.build_lists.checking import KINDS, check_lists
from opselect.findings import Finding
from opselect.usecases.kernel_source import DEFAULT_PROFILE, NO_MACROS, KernelSource, Macros, PathLike
from opselect.usecases.open_kernels import build_profile, open_kernels, profile_of
from opselect.usecases.read_requirements import ModelRequirements, ModelSet, read_requirements
from opselect.usecases.select_kernels import BuildAnswer, select_kernels
from opselect.usecases.watch import NOBODY, RecordingWatch, Watch


@dataclass(frozen=True, slots=True)
class CheckedLists:
    """What is wrong with the lists of a checkout, sorted by place.

    ``answer`` is what the models need of the checkout, None where no model was named. ``warnings`` are about the
    sources and the models.
    """

    findings: tuple[Finding, ...]
    answer: BuildAnswer | None = None
    warnings: tuple[str, ...] = ()

    @property
    def needed(self) -> ModelRequirements | None:
        """What the models need, and those that could not be read."""
        return None if self.answer is None else self.answer.needed


def check_checkout(
    tree: PathLike,
    models: ModelSet | None = None,
    *,
    roots: Iterable[PathLike] = (),
    profile: str = DEFAULT_PROFILE,
    macros: Macros = NO_MACROS,
    ignore: Collection[str] = (),
    have: Collection[str] = (),
    follow_links: bool = False,
    watch: Watch = NOBODY,
) -> CheckedLists:
    """What is wrong with the mobile build lists of the checkout at ``tree``; with models also what they need of them.

    ``roots`` are more folders with kernels, ``profile`` is the build that the lists are for, ``macros`` are on top of
    its own, ``ignore`` are kinds of findings that are left out (``docs/check.md``), ``have`` libraries that the builds
    have besides. ``follow_links`` reads what is behind links that lead out of the checkout, too.

    Raises SourceTreeError for a folder that is no checkout or has no lists, InputError for what else cannot be read,
    NoModelReadError where none of several models could be, and OpselectError for a kind that does not exist.
    """
    for kind in ignore:
        if kind not in KINDS:
            raise OpselectError(unknown_kind(kind))
    recording = RecordingWatch(watch)
    source = KernelSource(tree=Path(tree), roots=tuple(map(Path, roots)), follow_links=follow_links)
    index = open_kernels(source, macros=macros, profile=profile, lists=False, watch=recording)
    name = profile_of(index, profile, macros)
    answer = None
    if models is not None:
        # Libraries are judged against the lists as they are, by a rule of the check.
        needed = read_requirements(models, index, recording)
        answer = replace(select_kernels(needed, index, name, builds=()), needed=needed.closed())
    build = build_profile(index.release, profile, macros)
    selection = None if answer is None else answer.selection
    links = Links(Path(tree), follow=follow_links)
    findings = check_lists(Path(tree), index, build, selection, ignore, have, links)
    return CheckedLists(findings, answer, recording.warnings)


def unknown_kind(kind: str) -> str:
    """The sentence about a kind of findings that does not exist."""
    meant = did_you_mean(kind, KINDS) or "."
    return f"there is no kind {kind!r}{meant} The kinds are {listed(tuple(KINDS))}."
