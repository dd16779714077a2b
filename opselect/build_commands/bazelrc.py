"""``.bazelrc`` files → the options that ``bazel build --config=NAME`` comes to, each with its file and line.

Source: "Write bazelrc configuration files" of Bazel's documentation, and ``ConfigExpander`` of its sources: a
``--config`` is replaced where it stands by what ``common:NAME`` and ``build:NAME`` say, in the files' order.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from kernel_index.errors import InputError
from kernel_index.near_names import did_you_mean

_COMMANDS = ("always", "common", "build")
"""Whose lines count for ``bazel build``, in the order in which they are applied."""
_SYSTEMS = {"linux": "linux", "darwin": "macos", "win32": "windows", "freebsd": "freebsd", "openbsd": "openbsd"}
_PLATFORM = "enable_platform_specific_config"
_SWITCHED_ON = (f"--{_PLATFORM}", f"--{_PLATFORM}=true", f"--{_PLATFORM}=1")
_DEEPEST = 32
_LARGEST = 1 << 24
_MOST_FILES = 256
_MOST_CONFIGS = 10_000
"""Those that stand for one ``bazel build``, each as often as it is named: a chain of doubles has no end else."""

_SHOWN = 12


@dataclass(frozen=True, slots=True)
class RcOption:
    """One word of a line, ``via`` names the configurations that led to it, outermost first."""

    text: str
    place: str
    via: tuple[str, ...] = ()


@dataclass(slots=True)
class RcFile:
    """The lines of a ``.bazelrc`` and of all that it imports: command and configuration to words in order.

    ``files`` counts how many were read, each as often as it is imported.
    """

    path: Path
    lines: dict[tuple[str, str], list[RcOption]] = field(default_factory=dict)
    files: int = 0
    _followed: int = field(default=0, init=False)

    @property
    def configs(self) -> tuple[str, ...]:
        """The configurations that ``bazel build`` knows, sorted."""
        return tuple(sorted({config for command, config in self.lines if config and command in _COMMANDS}))

    def options(self, configs: Sequence[str] = ()) -> list[RcOption]:
        """The options of ``bazel build`` with ``--config`` for each of these, expanded.

        Raises InputError for a configuration that is not there, for one that leads back to itself, and for more of them
        than anybody writes.
        """
        self._followed = 0
        words = [word for command in _COMMANDS for word in self.lines.get((command, ""), ())]
        words += [RcOption(f"--config={name}", "the command line") for name in configs]
        plain = list(self._expanded(words, ()))
        told = [option.text for option in plain if option.text.startswith((f"--{_PLATFORM}", f"--no{_PLATFORM}"))]
        # The last word counts: configurations for phones switch off what is for the machine that builds.
        return list(self._expanded(words, (), platform=True)) if told and told[-1] in _SWITCHED_ON else plain

    def _expanded(
        self, words: Sequence[RcOption], inside: tuple[str, ...], *, platform: bool = False
    ) -> Iterator[RcOption]:
        rest = iter(words)
        for word in rest:
            if word.text == "--config":
                name = next(rest, RcOption("", "")).text
            elif word.text.startswith("--config="):
                name = word.text.partition("=")[2]
            elif platform and word.text in _SWITCHED_ON:
                yield RcOption(word.text, word.place, inside)
                system = _SYSTEMS.get(sys.platform, "linux")
                if system in self.configs and system not in inside:
                    yield from self._of_config(system, word, inside, platform=platform)
                continue
            else:
                yield RcOption(word.text, word.place, inside)
                continue
            yield from self._of_config(name, word, inside, platform=platform)

    def _of_config(self, name: str, word: RcOption, inside: tuple[str, ...], *, platform: bool) -> Iterator[RcOption]:
        self._followed += 1
        if self._followed > _MOST_CONFIGS:
            raise InputError(word.place, f"its configurations lead to more than {_MOST_CONFIGS:,} others")
        if name in inside:
            circle = " → ".join((*inside[inside.index(name) :], name))
            raise InputError(word.place, f"the configuration {name} leads back to itself: {circle}")
        found = [each for command in _COMMANDS for each in self.lines.get((command, name), ())]
        if not found and not any((command, name) in self.lines for command in _COMMANDS):
            ending = did_you_mean(name, self.configs)
            raise InputError(
                word.place if inside or word.place != "the command line" else str(self.path),
                f"there is no configuration {name} for bazel build{ending}",
                _named(self.configs),
            )
        yield from self._expanded(found, (*inside, name), platform=platform)


def _named(configs: Sequence[str]) -> str:
    more = f" and {len(configs) - _SHOWN} more" if len(configs) > _SHOWN else ""
    return f"The configurations are {', '.join(configs[:_SHOWN])}{more}." if configs else "It has no configurations."


def read_bazelrc(path: Path, workspace: Path | None = None) -> RcFile:
    """A ``.bazelrc`` with what it imports; ``%workspace%`` is ``workspace``, by default the file's folder.

    Raises InputError for a file that cannot be read, a line that is none, and an import that leads back to itself.
    """
    rc = RcFile(path)
    _read(path, workspace if workspace is not None else path.resolve().parent, rc, ())
    return rc


def _read(path: Path, workspace: Path, rc: RcFile, inside: tuple[Path, ...]) -> None:
    resolved = path.resolve()
    if resolved in inside or len(inside) >= _DEEPEST:
        raise InputError(str(path), "is imported by what it imports itself")
    rc.files += 1
    if rc.files > _MOST_FILES:
        raise InputError(str(path), f"is one of more than {_MOST_FILES} files that are imported")
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
        text = data.decode()
    except OSError as failure:
        raise InputError(str(path), f"cannot be read: {failure.strerror}") from None
    except UnicodeDecodeError:
        raise InputError(str(path), "is no .bazelrc: it is not UTF-8 text") from None
    if len(data) > _LARGEST or "\0" in text:
        raise InputError(str(path), "is no .bazelrc: it is larger than 16 MB or has bytes that are no text")
    for number, line in _joined(text):
        place = f"{path}:{number}"
        try:
            words = shlex.split(line, comments=True)
        except ValueError as problem:
            raise InputError(place, f"is no line of a .bazelrc: {problem}") from None
        if not words:
            continue
        command, *rest = words
        if command in ("import", "try-import"):
            if len(rest) != 1:
                raise InputError(place, f"{command} takes one file")
            named = Path(rest[0].replace("%workspace%", str(workspace)))
            target = named if named.is_absolute() else workspace / named
            if command == "import" and target.exists() and not target.is_file():
                raise InputError(place, f"imports {target}, which is no file")
            if command == "import" or target.is_file():
                _read(target, workspace, rc, (*inside, resolved))
            continue
        name, _, config = command.partition(":")
        # A line of options for no command, as in the oldest files, counts for none.
        if not name.startswith("-"):
            rc.lines.setdefault((name, config), []).extend(RcOption(word, place) for word in rest)


def _joined(text: str) -> Iterator[tuple[int, str]]:
    """The lines with those that a backslash continues, each with the number of its first."""
    begun, first = "", 0
    for number, line in enumerate(text.split("\n"), 1):
        first = first or number
        plain = line.removesuffix("\r")
        if plain.endswith("\\") and not plain.endswith("\\\\"):
            begun += plain[:-1]
            continue
        yield first, begun + plain
        begun, first = "", 0
    if begun:
        yield first, begun
