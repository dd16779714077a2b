"""Several configurations as one: all their models, all their targets, or where they contradict each other."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from kernel_index.errors import InputError
from kernel_index.records_json import Json
from opselect.config_file.config import SETTING_NAMES, Config, ConfigError, ConfiguredTarget
from opselect.config_file.keys import SETTINGS, SOURCES
from opselect.config_file.runtimes import reader_of, reading_runtime
from opselect.config_file.values import Fields, Spot
from opselect.targets import kind_of

_PATHS = frozenset({"tree", "index", "roots", "template_dir", "out"})
_OF_TARGETS = "out"
"""What is written in each target, for every file has a folder of its own."""


def merged_config(configs: Sequence[Config], folder: str) -> Json:
    """The data of a configuration, for a file in ``folder``, with all models and all targets of some others.

    What is in several of them alike is there once. Raises ConfigError, with both places, for settings of the top level
    that differ and that targets go by, for a model with different options or of another runtime once they are one, and
    for a file that is written differently.
    """
    problems: list[InputError] = list(_read_otherwise(configs))
    data: Json = {}
    models = _models(configs, folder, problems)
    kept = _once(relative(config.place(path), folder) for config in configs for path, _ in config.requirements)
    data.update({key: value for key, value in (("models", models), ("requirements", kept)) if value})
    data.update(_top(configs, folder, problems))
    data["targets"] = _targets(configs, folder, problems)
    if problems:
        raise ConfigError(tuple(problems))
    return data


def relative(path: str, folder: str) -> str:
    """A path as it is written in a file of ``folder``: as it is where it is absolute or a URL."""
    if "://" in path or Path(path).is_absolute():
        return path
    return Path(os.path.relpath(path, folder or ".")).as_posix()


def _once(values: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(values))


def _models(configs: Sequence[Config], folder: str, problems: list[InputError]) -> list[Json | str]:
    found: dict[str, tuple[Json, Spot]] = {}
    for config in configs:
        for model in config.models:
            path = relative(config.place(model.path), folder)
            options = {
                "tags": model.tags,
                "signature": model.signatures,
                "inputs": model.inputs,
                "outputs": model.outputs,
            }
            entry: Json = {"path": path, **{key: list(names) for key, names in options.items() if names}}
            before = found.setdefault(path, (entry, model.spot))
            if before[0] != entry:
                problems.append(_contradiction(model.spot, before[1], f"names {path} with other options"))
    return [entry if len(entry) > 1 else path for path, (entry, _) in found.items()]


def _read_otherwise(configs: Sequence[Config]) -> Iterator[InputError]:
    """Models that would be read for the targets of another runtime once their configurations are one."""
    every = {reading_runtime(target.kind) for config in configs for target in config.targets}
    for config in configs:
        own = {reading_runtime(target.kind) for target in config.targets}
        for model in config.models:
            before, after = (reader_of(model.path, runtimes) for runtimes in (own, every))
            if before != after:
                problem = f"is read for {before} here, and by the end of its name would be for {after} beside others"
                yield model.spot.error(problem, "Give it another name, or keep the configurations apart.")


def _contradiction(spot: Spot, before: Spot, problem: str, advice: str = "Make both say the same.") -> InputError:
    where = f"{before.file}:{before.line}" + (f": {before.where}" if before.where else "")
    return spot.error(f"{problem} than {where}", advice)


def _plain(config: Config, key: str, value: object, folder: str) -> object:
    """A value as it is written in a file of ``folder``."""
    if isinstance(value, Fields):
        return {name: each.value for name, each in sorted(value.stated.items())}

    def rebased(text: object) -> object:
        return relative(config.place(str(text)), folder) if key in _PATHS else text

    return [rebased(each) for each in value] if isinstance(value, tuple) else rebased(value)


def _inherits(config: Config, keys: Iterable[str]) -> bool:
    """Whether some target of a configuration goes by what the top level says of these keys, or does not say."""
    going = [target for target in config.targets if reading_runtime(target.kind) == "tensorflow"]
    if "budgets" in keys:
        return bool(going)
    return not all(any(key in target.own.stated for key in keys) for target in going)


def _top(configs: Sequence[Config], folder: str, problems: list[InputError]) -> Json:
    data: Json = {}
    groups = [SOURCES, *((name,) for name in SETTING_NAMES if name not in SOURCES and name != _OF_TARGETS)]
    for keys in groups:
        going_by = [config for config in configs if _inherits(config, keys)]
        said = [
            {key: _plain(config, key, config.top.get(key), folder) for key in keys if key in config.top.stated}
            for config in going_by
        ]
        for config, each in zip(going_by, said, strict=True):
            if not _same(keys, each, said[0]):
                problems.append(_differing(keys, config, going_by[0]))
        data.update(next(filter(None, said), {}))
    return data


def _same(keys: Sequence[str], one: Mapping[str, object], other: Mapping[str, object]) -> bool:
    """Whether two top levels say the same; what one does not say is the default."""
    if len(keys) > 1:
        return one == other
    default = _DEFAULTS.get(keys[0], [])
    return one.get(keys[0], default) == other.get(keys[0], default)


_DEFAULTS: Mapping[str, object] = {
    "profile": "android",
    "inserted_ops": True,
    "mode": "trim",
    "keep_core": False,
    "template_dir": "",
    "allow_missing": False,
    "budgets": {},
}
"""What a key means that is not there; lists are empty."""


def _differing(keys: Sequence[str], config: Config, first: Config) -> InputError:
    def stated(each: Config) -> tuple[str, Spot]:
        key = next((key for key in keys if key in each.top.stated), keys[0])
        return key, each.top.spot_of(key)

    (key, spot), (_, before) = stated(config), stated(first)
    default = next(each.default for each in SETTINGS if each.name == key)
    if key not in config.top.stated:
        problem = f"no {key} is given" + (f", which means {default}," if default else "") + " and that is another one"
    else:
        problem = "is another one"
    return _contradiction(spot, before, problem, "Make both say the same, or give each target its own.")


def _targets(configs: Sequence[Config], folder: str, problems: list[InputError]) -> list[Json]:
    found: dict[str, tuple[Json, Json, Spot]] = {}
    for config in configs:
        for target in config.targets:
            entry: Json = {"kind": target.kind, "out": relative(config.place(target.out), folder)}
            own = {key: _plain(config, key, each.value, folder) for key, each in target.own.stated.items()}
            entry.update((key, value) for key, value in own.items() if key not in entry)
            effective = _effective(config, target, folder)
            file = os.path.realpath(config.output(target))
            _, before, place = found.setdefault(file, (entry, effective, target.own.spot))
            differing = sorted(key for key in effective if effective[key] != before[key])
            if differing:
                what = f"writes {config.output(target)} with another {' and another '.join(differing)}"
                problems.append(_contradiction(target.own.spot, place, what, "Give one of them another `out`."))
    return [entry for entry, _, _ in found.values()]


def _effective(config: Config, target: ConfiguredTarget, folder: str) -> Json:
    goes_by = SETTING_NAMES if reading_runtime(target.kind) == "tensorflow" else ()
    stated = {name: getattr(target, name) for name in (*goes_by, *kind_of(target.kind).settings)}
    plain = {name: _plain(config, name, value, folder) if value else value for name, value in stated.items()}
    return {**plain, "profile": target.profile or _DEFAULTS["profile"]} if goes_by else plain
