"""What must builds of TensorFlow Lite be told of the operators of some models?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from kernel_index.errors import OpselectError
from kernel_index.records_json import Json
from opselect.build_lists.flex_ops import OLDEST_LISTED, list_text
from opselect.build_lists.lite.options import LiteOptions, asks_for_kernels, asks_models_alone
from opselect.build_lists.write import write_outputs
from opselect.findings import Finding
from opselect.findings.as_json import missing_json
from opselect.models.formats import check_output
from opselect.requirements.header_tool import ToolRelease
from opselect.selection.flex_ops import flex_names, flex_ops
from opselect.targets import LITE_TARGETS, Target, kind_of
from opselect.usecases.kernel_source import DEFAULT_PROFILE, NO_MACROS, KernelSource, Macros
from opselect.usecases.lite_models import read_lite_models
from opselect.usecases.open_kernels import open_kernels, profile_of
from opselect.usecases.watch import NOBODY, Watch

if TYPE_CHECKING:
    from kernel_index.index import KernelIndex
    from opselect.lite.operators import LiteModel


@dataclass(frozen=True, slots=True)
class LiteQuestion:
    """Of which models of TensorFlow Lite what is to be written; ``source`` has the kernels that an ops list names."""

    models: tuple[str, ...]
    targets: tuple[Target, ...]
    options: LiteOptions = field(default_factory=LiteOptions)
    source: KernelSource = field(default_factory=KernelSource)
    profile: str = DEFAULT_PROFILE
    macros: Macros = NO_MACROS


@dataclass(frozen=True, slots=True)
class GeneratedForLite:
    """What came of it: the files that were written, sorted by name, those of them that changed, and the models.

    Nothing is written where something is ``missing``, unless that was allowed. ``release`` and ``profile`` are those of
    the kernels, empty where none were asked for. ``warnings`` are what a user should know of the files, as sentences.
    """

    models: tuple[LiteModel, ...]
    paths: tuple[Path, ...] = ()
    changed: tuple[Path, ...] = ()
    missing: tuple[Finding, ...] = ()
    release: str = ""
    profile: str = ""
    warnings: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether the files have everything."""
        return not self.missing

    def to_json(self) -> Json:
        """``{"ok", "models", "tensorflow", "profile", "unresolved", "warnings", "files": [{"path", "changed"}]}``."""
        return {
            "ok": self.ok,
            "models": [each.name for each in self.models],
            "tensorflow": self.release,
            "profile": self.profile,
            "unresolved": [missing_json(each) for each in self.missing],
            "warnings": list(self.warnings),
            "files": [{"path": str(path), "changed": path in self.changed} for path in self.paths],
        }


def generate_for_lite(
    question: LiteQuestion, out: Path, *, allow_missing: bool = False, watch: Watch = NOBODY
) -> GeneratedForLite:
    """Writes targets that ask for the models alone, all of them or none.

    With ``allow_missing`` the files are written without what they cannot have.

    Raises InputError for what cannot be read or written, and for an operator that a target cannot have; OpselectError
    for options that make no sense.
    """
    options = replace(question.options, tree=question.options.tree or question.source.tree)
    check_lite(question.targets, options)
    for target in question.targets:
        check_output(str(out / kind_of(target).file), *question.models)
    index, profile = None, ""
    if any(asks_for_kernels(target, options) for target in question.targets):
        index = open_kernels(question.source, macros=question.macros, profile=question.profile, watch=watch)
        profile = profile_of(index, question.profile, question.macros)
    models = read_lite_models(question.models, watch)
    texts, missing = lite_texts(models, question.targets, options, index, profile)
    release = index.release if index is not None else ""
    if missing and not allow_missing:
        return GeneratedForLite(models, missing=missing, release=release, profile=profile)
    changed = {path.name for path in write_outputs(texts, out)}
    paths = tuple(out / name for name in sorted(texts))
    return GeneratedForLite(
        models,
        paths,
        tuple(path for path in paths if path.name in changed),
        missing,
        release=release,
        profile=profile,
        warnings=told_of(question.targets, models, options),
    )


def told_of(targets: Sequence[Target], models: Sequence[LiteModel], options: LiteOptions) -> tuple[str, ...]:
    """What a user should know of targets when they are written, a sentence each."""
    from opselect.build_lists.lite.render import lite_warnings

    return tuple(sentence for target in targets for sentence in lite_warnings(target, models, options))


def check_lite(targets: Sequence[Target], options: LiteOptions) -> None:
    """Raises OpselectError for options that make no sense for some targets."""
    options.check()
    if not options.compat:
        return
    tool = ToolRelease.parse(options.compat)
    for target in targets:
        oldest = _OLDEST.get(target)
        if oldest is not None and tool < oldest:
            raise OpselectError(
                f"what the tool of TensorFlow {tool} writes for {target} is not known\n"
                f"  The oldest that is known is that of {oldest}."
            )


_OLDEST = {"flex-ops": ToolRelease(*OLDEST_LISTED), "registration": ToolRelease(2, 3)}
"""The first releases whose tools write as all later ones do (``list_flex_ops``, ``gen_op_registration``)."""


def lite_texts(
    models: Sequence[LiteModel],
    targets: Sequence[Target],
    options: LiteOptions,
    index: KernelIndex | None = None,
    profile: str = "",
) -> tuple[dict[str, str], tuple[Finding, ...]]:
    """The texts of those targets that ask for the models alone, by the names of their files, and what is missing.

    ``index`` and ``profile`` have the kernels that an ops list names.
    """
    from opselect.build_lists.lite.render import lite_findings, render_lite

    texts: dict[str, str] = {}
    missing: list[Finding] = []
    for target in targets:
        if target in LITE_TARGETS:
            texts |= render_lite(target, models, options)
            missing += lite_findings(target, models, options)
        elif asks_models_alone(target, options):
            rows: Sequence[str] | Sequence[tuple[str, str | None]] = flex_names(models)
            if options.kernels and index is not None:
                found = flex_ops(models, index, profile)
                rows = found.pairs
                missing += found.lost
            texts[kind_of(target).file] = list_text(rows)
    return texts, tuple(missing)
