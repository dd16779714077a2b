"""What causes are judged with: a release and a profile, sure or inferred, and whatever else is known of the build."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from kernel_index.index import KernelIndex
from opselect.findings import Finding
from opselect.findings.mends import Applicability, Mend, change_model, uncapitalized
from opselect.logs.records import LogFailure
from opselect.models.graph import Node
from opselect.selection.contents import BuildContents
from opselect.verifying.binary_contents import BinaryContents

_FEW = 3


@dataclass(frozen=True, slots=True)
class Setting:
    """The release of ``index`` in a ``profile``, and what else is known; everything but these two may be unknown.

    ``releases`` are those that may have written the log, the one of the index among them, ``inferred`` tells that
    nobody named it, ``is_profile_told`` that somebody named the profile. ``contents`` is what the build has by the
    lists and headers that describe it, ``described`` what they are called; ``compiles`` tells whether their build
    compiles a source file, ``has_header`` that it is one with ``ops_to_register.h``. ``builds`` are the build systems
    that count, those of the description or what the log tells. ``seen`` are all failures of the log, ``macros`` the
    names and texts of macros that the build defines. ``model`` is what the model is called in commands, ``nodes`` gives
    the nodes of its graph, ``binary`` has what the binary registers that wrote the log. ``source`` are the options that
    name the checkout or the index, empty for a release; ``tree`` is the checkout.
    """

    index: KernelIndex
    profile: str
    releases: tuple[str, ...] = ()
    inferred: bool = True
    is_profile_told: bool = False
    contents: BuildContents | None = None
    described: str = ""
    compiles: Callable[[str], bool] | None = None
    has_header: bool = False
    builds: tuple[str, ...] = ()
    seen: tuple[LogFailure, ...] = ()
    macros: tuple[tuple[str, str], ...] = ()
    model: str = ""
    nodes: Callable[[], Sequence[Node]] | None = None
    binary: BinaryContents | None = None
    source: str = ""
    tree: Path | None = None

    @property
    def source_options(self) -> str:
        """The options that name the TensorFlow in commands: those that somebody gave, or the release."""
        return self.source or f"--tensorflow {self.index.release}"

    @property
    def release(self) -> str:
        """The release in words: ``TensorFlow 1.13.2``."""
        return f"TensorFlow {self.index.release}"

    @property
    def target(self) -> str:
        """What a model is to be exported for: the release, or where several may be meant, that of the binary."""
        return "the TensorFlow of the binary" if self.inferred and len(self.releases) > _FEW else self.release

    @property
    def is_mobile(self) -> bool:
        """Whether the build is one with lists of kernels."""
        return not self.profile.startswith("desktop")

    @property
    def shown_model(self) -> str:
        """What commands call the model."""
        return self.model or "MODEL"


def told(applicability: Applicability, text: str, *, lead: str = "") -> Mend:
    """What to do in a sentence, trusted so far."""
    return replace(change_model(text, lead=lead), applicability=applicability)


def trusted(finding: Finding, applicability: Applicability) -> Finding:
    """A finding whose first mend is trusted so far: of causes, that says how sure they are."""
    if not finding.mends:
        return finding
    return replace(finding, mends=(replace(finding.mends[0], applicability=applicability), *finding.mends[1:]))


def about(finding: Finding, failure: LogFailure) -> Finding:
    """A finding with what the log tells of the op and the nodes that fail."""
    nodes = (failure.node,) if failure.node else ()
    return replace(
        finding,
        op=finding.op or failure.op,
        nodes=finding.nodes or nodes,
        count=finding.count or failure.count,
        device=finding.device or failure.device,
    )


def because(finding: Finding, first: str) -> Finding:
    """A finding whose reason begins with a clause of its own."""
    return replace(finding, reason=f"{first}: {uncapitalized(finding.reason)}")
