"""Which models and kept requirements does a configuration name?"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from kernel_index.errors import InputError
from kernel_index.shown import shown_path
from opselect.config_file import Config, ConfigError, ConfiguredModel, Spot
from opselect.models.choice import Choice
from opselect.usecases.read_requirements import ModelSet

_MAGIC = re.compile(r"[*?\[]")


@dataclass(frozen=True, slots=True)
class NamedModel:
    """A model that an entry names by itself or by a pattern, and which part of it counts."""

    path: str
    choice: Choice
    spot: Spot
    by_pattern: bool


@dataclass(frozen=True, slots=True)
class NamedInputs:
    """All that a configuration names: the models in its order, each once, and files with requirements."""

    models: tuple[NamedModel, ...]
    kept: tuple[str, ...]

    def by_choice(self) -> dict[Choice, tuple[str, ...]]:
        """The paths of the models that are read alike."""
        paths: dict[Choice, tuple[str, ...]] = {}
        for model in self.models:
            paths[model.choice] = (*paths.get(model.choice, ()), model.path)
        return paths

    def sets(self) -> list[ModelSet]:
        """The models that are read alike, and at last the files with requirements."""
        return [*(ModelSet(paths, (), choice) for choice, paths in self.by_choice().items()), ModelSet((), self.kept)]


def named_inputs(config: Config) -> NamedInputs:
    """The models and files of a configuration.

    A model that one entry names by its path and others by patterns is read as the former says. Raises ConfigError for
    a pattern that matches nothing, and for a model that two entries name with different options.
    """
    problems: list[InputError] = []
    found: dict[str, NamedModel] = {}
    for entry in config.models:
        for path, by_pattern in _paths(config, entry.path, entry.spot, problems):
            model = NamedModel(path, _choice(entry), entry.spot, by_pattern)
            key = path if "://" in path else os.path.realpath(path)
            before = found.get(key)
            if before is None or (before.by_pattern and not by_pattern):
                found[key] = model
            elif by_pattern == before.by_pattern and model.choice != before.choice:
                problems.append(_named_twice(model, before))
    kept = [path for entry, spot in config.requirements for path, _ in _paths(config, entry, spot, problems)]
    if problems:
        raise ConfigError(tuple(problems))
    return NamedInputs(tuple(found.values()), tuple(dict.fromkeys(kept)))


def _choice(entry: ConfiguredModel) -> Choice:
    return Choice(entry.tags, entry.signatures, False, entry.inputs, entry.outputs)


def _named_twice(model: NamedModel, before: NamedModel) -> InputError:
    return model.spot.error(
        f"names {shown_path(model.path)}, as {before.spot.where} in line {before.spot.line} does, with other options",
        "One entry can name several signatures, or several outputs."
        if not model.by_pattern
        else "Name the model by its path in an entry of its own, which counts more than patterns.",
    )


def _paths(config: Config, path: str, spot: Spot, problems: list[InputError]) -> Iterator[tuple[str, bool]]:
    """Where an entry leads, and whether it is a pattern; what is there under just that name is no pattern."""
    place = config.place(path)
    if "://" in path or not _MAGIC.search(path) or os.path.lexists(place):
        yield place, False
        return
    try:
        matches = sorted(_matches(place))
    except ValueError as error:
        problems.append(spot.error(f"is no pattern: {error}"))
        return
    if not matches:
        problems.append(spot.error(f"nothing matches {shown_path(place)}"))
    for match in matches:
        yield match, True


def _matches(pattern: str) -> Iterable[str]:
    """The paths that a pattern means: as in a shell, no name that begins with a dot is meant by a star.

    ``**`` stands for any number of folders; links to folders are not followed by it.
    """
    parts = Path(pattern).parts
    fixed = next(number for number, part in enumerate(parts) if _MAGIC.search(part))
    folder, rest = Path(*parts[:fixed]), parts[fixed:]
    wants_hidden = any(part.startswith(".") for part in rest)
    for match in folder.glob(str(Path(*rest))):
        hidden = any(part.startswith(".") for part in match.parts[fixed:])
        if wants_hidden or not hidden:
            yield str(match)
