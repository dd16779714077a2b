"""What an index says of source files besides kernels, as columns and back: includes and lists of types."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from kernel_index.columns.text import EMPTY, fields, from_steps, split_fields, steps

Includes = Mapping[str, tuple[str, ...]]
TypeLists = Mapping[str, Mapping[str, tuple[str, ...]]]


def included_files(includes: Includes) -> Iterable[str]:
    """The paths that the column of includes names by number."""
    yield from includes
    for targets in includes.values():
        yield from targets


def write_includes(includes: Includes, files: Sequence[str], file_numbers: Mapping[str, int]) -> list[str]:
    """A line a file; empty where nothing is known of it."""
    return [
        "" if (targets := includes.get(path)) is None else steps(file_numbers[t] for t in targets) or EMPTY
        for path in files
    ]


def read_includes(lines: Iterable[str], files: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """What :func:`write_includes` got. Raises ValueError or LookupError where damaged."""
    return {
        path: () if line == EMPTY else tuple(files[n] for n in from_steps(line))
        for path, line in zip(files, lines, strict=True)
        if line
    }


def write_type_lists(type_lists: TypeLists) -> list[str]:
    """For each macro a line with its name, and one with its name, a profile and the types for each profile."""
    lines = []
    for macro, by_profile in sorted(type_lists.items()):
        lines.append(fields([macro]))
        lines += [fields([macro, profile, *types]) for profile, types in sorted(by_profile.items())]
    return lines


def read_type_lists(lines: Iterable[str]) -> dict[str, dict[str, tuple[str, ...]]]:
    """What :func:`write_type_lists` got. Raises ValueError or LookupError where damaged."""
    type_lists: dict[str, dict[str, tuple[str, ...]]] = {}
    for line in lines:
        macro, *rest = split_fields(line)
        by_profile = type_lists.setdefault(macro, {})
        if rest:
            by_profile[rest[0]] = tuple(rest[1:])
    return type_lists
