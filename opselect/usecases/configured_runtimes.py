"""What must the files of a configuration say that are for other runtimes than TensorFlow?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from kernel_index.errors import InputError
from kernel_index.records_json import Json
from opselect.config_file import Config, ConfigError, ConfiguredTarget
from opselect.config_file.runtimes import reader_of, reading_runtime, suffixes_of
from opselect.targets import Runtime
from opselect.usecases.config_models import NamedInputs
from opselect.usecases.config_places import at_spot
from opselect.usecases.generate_other_runtimes import runtime_texts
from opselect.usecases.runtime_question import RuntimeOptions, RuntimeQuestion, RuntimeTexts
from opselect.usecases.watch import Watch

_ONE_RUNTIME = (
    "Name single files or patterns such as models/*.onnx; a folder, or a list that is called otherwise, goes into an "
    "opselect.yaml of its own, with targets of one runtime."
)


@dataclass(frozen=True, slots=True)
class ConfiguredRuntime:
    """Targets of one runtime that ask the same of its models, and what came of it."""

    targets: tuple[ConfiguredTarget, ...]
    found: RuntimeTexts

    def text_of(self, target: ConfiguredTarget) -> str:
        """What one of the targets writes."""
        return self.found.texts[target.file_name]

    def to_json(self) -> Json:
        """A row of ``of_runtimes``."""
        return {
            "targets": [target.number for target in self.targets],
            "models": list(self.found.models),
            **self.found.details,
            "warnings": list(self.found.warnings),
        }


def inputs_by_runtime(config: Config, inputs: NamedInputs) -> Mapping[Runtime, NamedInputs]:
    """The models that are read for the targets of each runtime; kept requirements are TensorFlow's.

    Raises ConfigError for models that no target reads, for targets without models, and for parts of models that are
    chosen for other runtimes, which run whole models.
    """
    firsts: dict[Runtime, ConfiguredTarget] = {}
    for target in config.targets:
        firsts.setdefault(reading_runtime(target.kind), target)
    found: dict[Runtime, NamedInputs] = {
        runtime: NamedInputs((), inputs.kept if runtime == "tensorflow" else ()) for runtime in firsts
    }
    problems: dict[object, InputError] = {}
    for model in inputs.models:
        runtime = reader_of(model.path, firsts)
        if runtime not in found:
            kinds = " and ".join(target.kind for target in firsts.values())
            problem = f"no target reads {model.path}: by their names {kinds} read {', '.join(_ends(found))}"
            problems.setdefault(model.spot, model.spot.error(problem, _ONE_RUNTIME))
            continue
        if runtime != "tensorflow" and model.choice:
            problem = f"chooses a part of {model.path}, and {firsts[runtime].kind} has the operators of whole models"
            problems.setdefault(model.spot, model.spot.error(problem))
        found[runtime] = replace(found[runtime], models=(*found[runtime].models, model))
    for runtime, target in firsts.items():
        if not (found[runtime].models or found[runtime].kept):
            ends = " or ".join(suffixes_of(runtime))
            advice = f"Name one under `models` that ends in {ends}." if ends else "Name one under `models`."
            problems[target.own.spot] = target.own.spot.error("no model is for it", advice)
    if inputs.kept and "tensorflow" not in firsts:
        spot = config.requirements[0][1]
        problems[spot] = spot.error("kept requirements are TensorFlow's, and no target is")
    if problems:
        raise ConfigError(tuple(problems.values()))
    return found


def _ends(found: Mapping[Runtime, NamedInputs]) -> Iterator[str]:
    for runtime in found:
        yield from suffixes_of(runtime)


def configured_runtimes(
    config: Config, inputs: Mapping[Runtime, NamedInputs], watch: Watch
) -> Iterator[ConfiguredRuntime]:
    """The targets of other runtimes. Models are read once for all targets that have the same options.

    Raises ConfigError for what cannot be read, with the first target that it is for.
    """
    groups: dict[tuple[Runtime, RuntimeOptions], list[ConfiguredTarget]] = {}
    for target in config.targets:
        runtime = reading_runtime(target.kind)
        if runtime != "tensorflow":
            options = RuntimeOptions(target.types, target.with_optimizer_ops)
            groups.setdefault((runtime, options), []).append(target)
    for (runtime, options), targets in groups.items():
        models = tuple(model.path for model in inputs[runtime].models)
        kinds = tuple(dict.fromkeys(target.kind for target in targets))
        with at_spot(targets[0].own.spot):
            found = runtime_texts(RuntimeQuestion(models, kinds, options), watch)
        yield ConfiguredRuntime(tuple(targets), found)
