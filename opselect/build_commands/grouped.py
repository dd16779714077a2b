"""The files of a build by what they are compiled with: a build of thousands of files has a few sets of macros."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from opselect.build_commands.commands import CompileCommand, compiles, is_source, normalized
from opselect.build_commands.flags import CompiledFile, compiled_file

CLOCK = frozenset(("__DATE__", "__TIME__", "__TIMESTAMP__", "_FORTIFY_SOURCE"))
"""What differs from build to build and from file to file, and no kernel asks for."""


@dataclass(slots=True)
class AlikeFiles:
    """Files that are compiled with the same macros; ``example`` is the first of them."""

    example: CompiledFile
    files: list[str] = field(default_factory=list)


@dataclass(slots=True)
class UnreadArguments:
    """What of some files' arguments could not be read: where that stands first, and the macros that it may define."""

    place: str
    names: tuple[str, ...]
    files: list[str] = field(default_factory=list)


@dataclass(slots=True)
class GroupedFiles:
    """``groups`` are those with the most files first; ``problems`` what of the arguments could not be read.

    ``count`` is the number of calls of a compiler for C, C++ or Objective-C.
    """

    groups: list[AlikeFiles]
    problems: dict[str, UnreadArguments]

    @property
    def count(self) -> int:
        return sum(len(group.files) for group in self.groups)


def grouped(commands: Iterable[CompileCommand]) -> GroupedFiles:
    """The files of some commands, by their macros. Raises what reading the commands raises."""
    groups: dict[object, AlikeFiles] = {}
    problems: dict[str, UnreadArguments] = {}
    known: dict[object, object] = {}
    for command in commands:
        if not is_source(command.file) or not compiles(command):
            continue
        made = compiled_file(command)
        settings = tuple((n, s.value) for n, s in sorted(made.macros.items()) if n not in CLOCK)
        key = known.setdefault((made.target.system, made.target.processor, settings), len(known))
        path = normalized(command.file)
        if not PurePosixPath(path).is_absolute() and command.directory:
            path = normalized(f"{command.directory}/{path}")
        groups.setdefault(key, AlikeFiles(made)).files.append(path)
        for problem, names in made.problems.items():
            problems.setdefault(problem, UnreadArguments(command.place, names)).files.append(path)
    return GroupedFiles(sorted(groups.values(), key=lambda group: -len(group.files)), problems)
