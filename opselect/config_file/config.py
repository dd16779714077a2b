"""``opselect.yaml`` read and checked: which models, of which TensorFlow, and all that is to be written."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, cast

from kernel_index.errors import InputError, OpselectError
from opselect.config_file.keys import CONFIG, SETTINGS, SOURCES
from opselect.config_file.values import Fields, InvalidError, Problems, Spot, Stated
from opselect.config_file.yaml_tree import YamlNode, parse_yaml, read_yaml
from opselect.targets import ManifestFormat, Target, kind_of

FILE_NAME = "opselect.yaml"
"""What is read where no configuration is named."""

SETTING_NAMES = tuple(key.name for key in SETTINGS)

DEFAULT_OUT = "build_lists"


class ConfigError(OpselectError):
    """A configuration cannot be used; ``problems`` are all that is wrong, each with its place."""

    def __init__(self, problems: tuple[InputError, ...]) -> None:
        self.problems = problems
        super().__init__(problems)

    def __str__(self) -> str:
        return "\n".join(map(str, self.problems))


@dataclass(frozen=True, slots=True)
class ConfiguredModel:
    """An entry of ``models``: a path as the file has it, and which part of the model counts."""

    path: str
    spot: Spot
    tags: tuple[str, ...] = ()
    signatures: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ConfiguredTarget:
    """An entry of ``targets``. Paths are as the file has them; :meth:`Config.place` says where they lead.

    What the entry does not say is what the top level says. Of ``tensorflow``, ``tree`` and ``index`` just one is not
    empty; ``define`` are names with their text, ``budgets`` what is counted with the most that it may be.
    """

    kind: Target
    number: int
    own: Fields
    tensorflow: str = ""
    tree: str = ""
    index: str = ""
    roots: tuple[str, ...] = ()
    profile: str = ""
    define: tuple[str, ...] = ()
    undefine: tuple[str, ...] = ()
    have: tuple[str, ...] = ()
    inserted_ops: bool = True
    mode: Literal["trim", "extend"] = "trim"
    keep_core: bool = False
    template_dir: str = ""
    out: str = DEFAULT_OUT
    allow_missing: bool = False
    budgets: tuple[tuple[str, int], ...] = ()
    format: ManifestFormat = "yaml"
    compat: str = ""
    default_ops: str | None = None
    no_kernels: bool = False
    namespace: str = ""
    labels: Literal["tensorflow", "litert"] = "tensorflow"
    types: bool = False
    with_optimizer_ops: bool = False
    spots: Mapping[str, Spot] = field(default_factory=dict, hash=False)

    @property
    def file_name(self) -> str:
        """The name of the file that is written."""
        return kind_of(self.kind).file_name(self.format)

    @property
    def of_models_alone(self) -> bool:
        """Whether no TensorFlow is asked for it: it says what models of its runtime say themselves."""
        return kind_of(self.kind).runtime != "tensorflow" or self.no_kernels

    def spot_of(self, key: str) -> Spot:
        """Where a setting stands that counts for the target: in it, at the top level, or nowhere: the target itself."""
        return self.spots.get(key, self.own.spot)


@dataclass(frozen=True, slots=True)
class Config:
    """A configuration: ``path`` is its file as the user spells it, ``top`` what its top level states."""

    path: str
    models: tuple[ConfiguredModel, ...]
    requirements: tuple[tuple[str, Spot], ...]
    targets: tuple[ConfiguredTarget, ...]
    top: Fields

    def place(self, path: str) -> str:
        """Where a path of the configuration leads: it is relative to the file; a URL is as it is."""
        return path if "://" in path else os.path.join(os.path.dirname(self.path), path)  # noqa: PTH118, PTH120 - as it is spelled

    def output(self, target: ConfiguredTarget) -> Path:
        """The file that a target is written to."""
        return Path(self.place(target.out), target.file_name)


def read_config(path: str) -> Config:
    """The configuration in a file. Raises InputError for what is no YAML, and ConfigError that lists what is wrong."""
    return _checked(read_yaml(path), path)


def parse_config(data: bytes, path: str) -> Config:
    """The configuration in a text; ``path`` is where it is from. Raises as :func:`read_config` does."""
    return _checked(parse_yaml(data, path), path)


def _checked(tree: YamlNode | None, path: str) -> Config:
    top = Spot(path)
    if tree is None:
        raise ConfigError((top.error("is empty", "`opselect init` writes a configuration to begin with."),))
    problems: Problems = []
    try:
        fields = CONFIG.read(tree, top, problems)
    except InvalidError:
        raise ConfigError(tuple(problems)) from None
    if not (fields.get("models") or fields.get("requirements")) and not _names_any(problems):
        problems.append(fields.spot_of("models").error("names no models", "Name some under `models`."))
    models = tuple(_model(each) for each in cast("tuple[Fields, ...]", fields.get("models") or ()))
    read = cast("tuple[Fields, ...]", fields.get("targets") or ())
    if problems:
        raise ConfigError(tuple(sorted(problems, key=lambda each: each.place.line or 0)))
    targets = tuple(_target(each, number, fields) for number, each in enumerate(read))
    config = Config(path, models, _kept(fields), targets, fields)
    problems += _misfits(config)
    if problems:
        raise ConfigError(tuple(problems))
    return config


def _names_any(problems: Problems) -> bool:
    """Whether a problem is about the models already."""
    return any(each.problem.startswith(("models", "requirements")) for each in problems)


def _model(fields: Fields) -> ConfiguredModel:
    def names(key: str) -> tuple[str, ...]:
        return cast("tuple[str, ...]", fields.get(key) or ())

    path = str(fields.get("path"))
    return ConfiguredModel(path, fields.spot, names("tags"), names("signature"), names("inputs"), names("outputs"))


def _kept(fields: Fields) -> tuple[tuple[str, Spot], ...]:
    spot = fields.spot_of("requirements")
    return tuple((path, spot) for path in cast("tuple[str, ...]", fields.get("requirements") or ()))


def _target(own: Fields, number: int, top: Fields) -> ConfiguredTarget:
    stated: dict[str, Stated] = {name: each for name, each in top.stated.items() if name in SETTING_NAMES}
    if any(source in own.stated for source in SOURCES):
        stated = {name: each for name, each in stated.items() if name not in SOURCES}
    budgets = {**_budgets(top), **_budgets(own)}
    stated.update(own.stated)
    values = {name: each.value for name, each in stated.items()}
    values["budgets"] = tuple(sorted((name, cast(int, each.value)) for name, each in budgets.items()))
    spots = {name: each.spot for name, each in stated.items()}
    spots |= {f"budgets.{name}": each.spot for name, each in budgets.items()}
    return ConfiguredTarget(number=number, own=own, spots=spots, **values)  # type: ignore[arg-type]  # as the table says


def _budgets(fields: Fields) -> Mapping[str, Stated]:
    found = fields.get("budgets")
    return found.stated if isinstance(found, Fields) else {}


def _misfits(config: Config) -> Iterator[InputError]:
    """What is wrong with values that are right by themselves."""
    written: dict[str, ConfiguredTarget] = {}
    for target in config.targets:
        if not (target.tensorflow or target.tree or target.index or target.of_models_alone):
            advice = "Give `tensorflow`, `tree` or `index`, here or at the top level."
            yield target.own.spot.error("names no TensorFlow", advice)
        for macros in ("define", "undefine"):
            if getattr(target, macros) and not (target.tree or target.roots):
                yield target.spot_of(macros).error("needs sources to scan: `tree` or `roots`")
        file = os.path.realpath(config.output(target))
        before = written.setdefault(file, target)
        if before is not target:
            where = before.own.spot
            problem = f"writes {config.output(target)}, as {where.where} in line {where.line} does"
            yield target.own.spot.error(problem, "Give one of them another `out`.")
