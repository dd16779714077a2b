"""What must all the build files say that a configuration asks for?"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from kernel_index.build_files.places import MAKEFILE_LIST
from kernel_index.errors import InputError
from kernel_index.records_json import Json
from opselect.build_lists.header.options import HeaderOptions
from opselect.build_lists.lite import LiteOptions
from opselect.build_lists.lite.options import asks_for_kernels, asks_models_alone
from opselect.build_lists.unread import check_read
from opselect.build_lists.write import write_files
from opselect.config_file import Config, ConfigError, ConfiguredTarget
from opselect.config_file.runtimes import reading_runtime
from opselect.findings import Finding
from opselect.findings.as_json import missing_json
from opselect.models.formats import check_output
from opselect.usecases.budgets import Exceeded, exceeded
from opselect.usecases.config_models import NamedInputs, named_inputs
from opselect.usecases.config_places import at_spot
from opselect.usecases.configured_runtimes import ConfiguredRuntime, configured_runtimes, inputs_by_runtime
from opselect.usecases.estimate_size import estimate_json
from opselect.usecases.generate import (
    ListOptions,
    build_files,
    estimate_lists,
    list_texts,
    list_warnings,
    manifest_of,
)
from opselect.usecases.generate_lite import check_lite, lite_texts, told_of
from opselect.usecases.kernel_source import DEFAULT_PROFILE, KernelSource, Macros
from opselect.usecases.lite_models import read_lite_models
from opselect.usecases.named_kernels import named_kernels
from opselect.usecases.open_kernels import open_kernels, profile_of
from opselect.usecases.read_requirements import ModelRequirements, ModelSet, read_together
from opselect.usecases.select_kernels import BuildAnswer, builds_for, select_kernels
from opselect.usecases.watch import NOBODY, RecordingWatch, Watch

if TYPE_CHECKING:
    from kernel_index.index import KernelIndex
    from opselect.estimates import SizeEstimate
    from opselect.lite.operators import LiteModel
    from opselect.requirements.of_many_models import Failure
    from opselect.selection.select import SelectedFile


@dataclass(frozen=True, slots=True)
class ConfiguredBuild:
    """One selection of kernels, the targets that it is for, and the budgets of these that it exceeds.

    ``estimate`` is what the sources are expected to take once compiled, None where nothing is known.
    """

    answer: BuildAnswer
    targets: tuple[ConfiguredTarget, ...]
    exceeded: tuple[Exceeded, ...] = ()
    estimate: SizeEstimate | None = None

    @property
    def refusing(self) -> tuple[ConfiguredTarget, ...]:
        """Targets that must not be written, for the build cannot have all that the models need."""
        return tuple(t for t in self.targets if not (self.answer.complete or t.allow_missing))

    @property
    def files(self) -> tuple[SelectedFile, ...]:
        """The files of the manifest of the first target."""
        return build_files(self.answer, _options(self.targets[0]))

    def to_json(self) -> Json:
        """A row of ``builds``: the manifest of the first target, and what the targets are told."""
        first = self.targets[0]
        return {
            "targets": [target.number for target in self.targets],
            "ok": not (self.refusing or self.exceeded),
            **manifest_of(self.answer, _options(first)),
            "estimate": estimate_json(self.estimate),
            "over_budget": [each.to_json() for each in self.exceeded],
        }


@dataclass(frozen=True, slots=True)
class TargetOfModels:
    """A target that asks for models of TensorFlow Lite alone: its text, and what it lacks.

    ``release`` and ``profile`` are those of its kernels, empty where it names none. ``warnings`` are what a user
    should know of it, a sentence each.
    """

    target: ConfiguredTarget
    text: str
    missing: tuple[Finding, ...] = ()
    release: str = ""
    profile: str = ""
    warnings: tuple[str, ...] = ()

    @property
    def is_refusing(self) -> bool:
        """Whether it must not be written, for it cannot have all that the models use."""
        return bool(self.missing) and not self.target.allow_missing

    def to_json(self) -> Json:
        """A row of ``of_models``."""
        return {"target": self.target.number, "unresolved": [missing_json(each) for each in self.missing]}


@dataclass(frozen=True, slots=True)
class WrittenTarget:
    """The file of a target, and whether it changed."""

    target: ConfiguredTarget
    path: Path
    changed: bool
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GeneratedTargets:
    """What came of a configuration: its builds, and all the files, or none where a target must not be written.

    ``inputs`` are those that TensorFlow's targets are written from.
    """

    config: Config
    inputs: NamedInputs
    builds: tuple[ConfiguredBuild, ...]
    of_models: tuple[TargetOfModels, ...] = ()
    of_runtimes: tuple[ConfiguredRuntime, ...] = ()
    written: tuple[WrittenTarget, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether everything may be written."""
        lacking = any(each.is_refusing for each in self.of_models)
        return not (lacking or any(build.refusing or build.exceeded for build in self.builds))

    @property
    def unread(self) -> tuple[Failure, ...]:
        """The models that could not be read."""
        return self.builds[0].answer.needed.unread if self.builds else ()

    def to_json(self) -> Json:
        """``{"config", "ok", "builds": [...], "files": [{"target", "kind", "path", "changed"}]}``.

        Where a target lacks something that asks for the models alone, ``of_models`` has a row for it. ``of_runtimes``
        is there where targets are of ONNX Runtime or ExecuTorch.
        """
        lacking = [each.to_json() for each in self.of_models if each.missing]
        return {
            "config": self.config.path,
            "ok": self.ok,
            "builds": [build.to_json() for build in self.builds],
            **({"of_models": lacking} if lacking else {}),
            **({"of_runtimes": [each.to_json() for each in self.of_runtimes]} if self.of_runtimes else {}),
            "files": [
                {
                    "target": each.target.number,
                    "kind": each.target.kind,
                    "path": str(each.path),
                    "changed": each.changed,
                }
                for each in self.written
            ],
        }


@dataclass(frozen=True, slots=True)
class ReadingOptions:
    """How the models of a configuration are read: in how many processes or on which dask cluster, and past links."""

    jobs: int | None = None
    dask: str = ""
    follow_links: bool = False


def generate_configured(
    config: Config, options: ReadingOptions | None = None, watch: Watch = NOBODY
) -> GeneratedTargets:
    """Writes the files of all targets of a configuration, or none.

    Targets of the same TensorFlow, profile and libraries share one selection, and models are read once for each
    TensorFlow. All files are rendered before the first is written. Nothing is written where one of the builds lacks
    something without ``allow_missing``, or exceeds a budget.

    Raises ConfigError for what is wrong with values of the configuration, InputError for what cannot be read or
    written, and NoModelReadError where none of several models could be read.
    """
    everything = named_inputs(config)
    by_runtime = inputs_by_runtime(config, everything)
    inputs = by_runtime.get("tensorflow", NamedInputs((), ()))
    targets = tuple(target for target in config.targets if reading_runtime(target.kind) == "tensorflow")
    work = _Work(config, targets, inputs, options or ReadingOptions(), watch)
    _check_outputs(config, everything)
    try:
        builds = tuple(work.builds())
        of_models = tuple(work.of_models())
    finally:
        work.close()
    of_runtimes = tuple(configured_runtimes(config, by_runtime, watch))
    found = GeneratedTargets(config, inputs, builds, of_models, of_runtimes)
    return replace(found, written=_write(found)) if found.ok else found


@dataclass(slots=True)
class _Work:
    """The indexes that are open, and what the models need of each; ``targets`` are TensorFlow's."""

    config: Config
    targets: tuple[ConfiguredTarget, ...]
    inputs: NamedInputs
    options: ReadingOptions
    watch: Watch
    indexes: dict[object, KernelIndex] = field(default_factory=dict)
    needs: dict[object, ModelRequirements] = field(default_factory=dict)

    def builds(self) -> Iterator[ConfiguredBuild]:
        """A build for each group of targets that share a selection, in the order of their first targets."""
        groups: dict[object, list[ConfiguredTarget]] = {}
        for target in self.targets:
            if asks_models_alone(target.kind, _lite(target)):
                continue
            index = _index_key(self._source(target), target)
            key = (index, _profile(target), target.inserted_ops, target.have, target.compat)
            groups.setdefault(key, []).append(target)
        # What is wrong with a source or a target is said before any model is read.
        for target in self.targets:
            self._check(target)
        profiles = [self._profile(targets[0]) for targets in groups.values()]
        for targets, profile in zip(groups.values(), profiles, strict=True):
            yield self._build(targets, profile)

    def of_models(self) -> Iterator[TargetOfModels]:
        """The targets that ask for the models alone, in their order."""
        models: tuple[LiteModel, ...] | None = None
        for target in self.targets:
            options = _lite(target)
            if not asks_models_alone(target.kind, options):
                continue
            templates = _template_dir(self.config, target)
            options = replace(options, template_dir=templates, tree=self._source(target).tree)
            index, profile = None, ""
            if asks_for_kernels(target.kind, options):
                index, profile = self._index(target), self._profile(target)
            with at_spot(target.own.spot):
                if models is None:
                    models = read_lite_models([model.path for model in self.inputs.models], self.watch)
                texts, missing = lite_texts(models, (target.kind,), options, index, profile)
            (text,) = texts.values() or ("",)
            told = told_of((target.kind,), models, options)
            yield TargetOfModels(target, text, missing, index.release if index is not None else "", profile, told)

    def _check(self, target: ConfiguredTarget) -> None:
        """Raises ConfigError for values of a target that make no sense together."""
        _check_header(target)
        options = _lite(target)
        with at_spot(target.spot_of("compat")):
            check_lite((target.kind,), options)
        if asks_models_alone(target.kind, options) and self.inputs.kept:
            advice = "Name the models themselves, in place of `requirements`."
            problem = (
                f"{target.kind} is written from models of TensorFlow Lite, and kept requirements do not say enough"
            )
            raise ConfigError((target.own.spot.error(problem, advice),))

    def close(self) -> None:
        for needed in self.needs.values():
            needed.closed()

    def _build(self, targets: Sequence[ConfiguredTarget], profile: str) -> ConfiguredBuild:
        first = targets[0]
        recording = RecordingWatch(self.watch)
        index, needed = self._index(first), self._needs(first, recording)
        if not first.inserted_ops:
            needed = needed.without_inserted()
        kinds = tuple(target.kind for target in targets)
        with at_spot(first.spot_of("compat")):
            tool = _header(first).tool
            named = named_kernels(self._sets(), needed, (), index, profile, tool)
        builds = builds_for(kinds, _profile(first))
        found = select_kernels(needed, index, profile, builds=builds, have=frozenset(first.have), named=named)
        check_read(index.build_lists)
        tree = self._source(first).tree
        found = replace(found, needed=replace(needed, only=None), warnings=recording.warnings, tree=tree)
        over = tuple(each for target in targets for each in exceeded(found, target))
        size = estimate_lists(found, replace(_options(first), targets=tuple(kinds)))
        return ConfiguredBuild(found, tuple(targets), over, size)

    def _source(self, target: ConfiguredTarget) -> KernelSource:
        def place(path: str) -> Path | None:
            return Path(self.config.place(path)) if path else None

        roots = tuple(Path(self.config.place(root)) for root in target.roots)
        follow = self.options.follow_links
        return KernelSource(target.tensorflow or None, place(target.tree), place(target.index), roots, follow)

    def _index(self, target: ConfiguredTarget) -> KernelIndex:
        source = self._source(target)
        key = _index_key(source, target)
        if key not in self.indexes:
            stated = next(name for name in ("tensorflow", "tree", "index") if getattr(target, name))
            with at_spot(target.spot_of(stated)):
                self.indexes[key] = open_kernels(
                    source, macros=_macros(target), profile=_profile(target), watch=self.watch
                )
        return self.indexes[key]

    def _profile(self, target: ConfiguredTarget) -> str:
        index = self._index(target)
        with at_spot(target.spot_of("profile")):
            return profile_of(index, _profile(target), _macros(target))

    def _needs(self, target: ConfiguredTarget, watch: Watch) -> ModelRequirements:
        key = _index_key(self._source(target), target)
        if key not in self.needs:
            self.needs[key] = read_together(self._sets(), self._index(target), watch)
        return self.needs[key]

    def _sets(self) -> list[ModelSet]:
        return [replace(each, jobs=self.options.jobs, dask=self.options.dask) for each in self.inputs.sets()]


def _profile(target: ConfiguredTarget) -> str:
    return target.profile or DEFAULT_PROFILE


def _macros(target: ConfiguredTarget) -> Macros:
    pairs = (text.partition("=") for text in target.define)
    return Macros(tuple((name, value if equals else "1") for name, equals, value in pairs), target.undefine)


def _index_key(source: KernelSource, target: ConfiguredTarget) -> object:
    """The same for targets that ask the same index: macros are scanned with the profile that they are on top of."""
    macros = _macros(target)
    return source, macros, _profile(target) if macros else ""


def _options(target: ConfiguredTarget, template_dir: Path | None = None) -> ListOptions:
    header, lite = _header(target), _lite(target)
    return ListOptions((target.kind,), target.mode, target.keep_core, template_dir, target.format, header, lite)


def _template_dir(config: Config, target: ConfiguredTarget) -> Path | None:
    return Path(config.place(target.template_dir)) if target.template_dir else None


def _lite(target: ConfiguredTarget) -> LiteOptions:
    return LiteOptions(target.compat, target.namespace, target.labels, kernels=not target.no_kernels)


def _header(target: ConfiguredTarget) -> HeaderOptions:
    usual = HeaderOptions(compat=target.compat)
    return usual if target.default_ops is None else replace(usual, default_ops=target.default_ops)


def _check_header(target: ConfiguredTarget) -> None:
    """Raises ConfigError for a tool that there is not, and for default ops that make no sense."""
    options = _header(target)
    with at_spot(target.spot_of("compat")):
        _ = options.tool
    with at_spot(target.spot_of("default_ops")):
        _ = options.pairs


def _check_outputs(config: Config, inputs: NamedInputs) -> None:
    """Raises ConfigError where a target would be written over what is read."""
    models = [model.path for model in inputs.models]
    for target in config.targets:
        files = [config.place(target.index)] if target.index else []
        files += [str(Path(config.place(target.tree), MAKEFILE_LIST))] if target.tree else []
        with at_spot(target.own.spot):
            check_output(str(config.output(target)), *models, *inputs.kept, config.path, *files)


def _write(found: GeneratedTargets) -> tuple[WrittenTarget, ...]:
    """Renders the files of all targets, and writes them all."""
    config, builds = found.config, found.builds
    texts = {config.output(each.target): each.text for each in found.of_models}
    texts |= {config.output(target): each.text_of(target) for each in found.of_runtimes for target in each.targets}
    warnings = {each.target.number: each.warnings for each in found.of_models}
    problems: list[InputError] = []
    beside = [target.kind for target in config.targets]
    for build in builds:
        for target in build.targets:
            options = _options(target, _template_dir(config, target))
            try:
                with at_spot(target.own.spot):
                    (texts[config.output(target)],) = list_texts(build.answer, options).values()
                    warnings[target.number] = list_warnings(build.answer, options, beside)
            except ConfigError as error:
                problems += error.problems
    if problems:
        raise ConfigError(tuple(problems))
    changed = set(write_files(texts))
    written = []
    for target in config.targets:
        path = config.output(target)
        written.append(
            WrittenTarget(target, path, Path(os.path.realpath(path)) in changed, warnings.get(target.number, ()))
        )
    return tuple(written)
