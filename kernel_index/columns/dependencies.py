"""Which source files and libraries others cannot be compiled and linked without, as columns and back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from kernel_index.columns.text import SEPARATOR, Table, escape, letter, letter_number, unescape
from kernel_index.records import Dependency, LibraryUse

Dependencies = Mapping[str, tuple[Dependency, ...]]
LibraryUses = Mapping[str, tuple[LibraryUse, ...]]


def depending_files(dependencies: Dependencies) -> Iterable[str]:
    """The paths that the columns of dependencies name by number."""
    for file, found in dependencies.items():
        yield file
        for dependency in found:
            yield dependency.file
            yield dependency.declared_in


def files_with_libraries(uses: LibraryUses) -> Iterable[str]:
    """The paths that the columns of libraries name by number."""
    for file, found in uses.items():
        yield file
        yield from (use.included_by for use in found)


def write_dependencies(
    dependencies: Dependencies,
    files: Sequence[str],
    file_numbers: Mapping[str, int],
    profile_set: Callable[[Sequence[str]], int],
) -> dict[str, list[str]]:
    """A line a file with a field a dependency, and the table of reasons."""
    reasons = Table()
    lines = []
    for path in files:
        expected = 0
        edges = []
        for dependency in dependencies.get(path, ()):
            number = file_numbers[dependency.file]
            reason = reasons.number(f"{escape(dependency.symbol)}\t{file_numbers[dependency.declared_in]}")
            profiles = letter(profile_set(dependency.profiles))
            edges.append(SEPARATOR.join((str(number - expected), str(reason), profiles)))
            expected = number + 1
        lines.append("\t".join(edges))
    return {"dependencies": lines, "dependency_reasons": reasons.lines}


def read_dependencies(
    lines: Iterable[str], reasons: Sequence[str], profile_sets: Sequence[tuple[str, ...]], files: Sequence[str]
) -> dict[str, tuple[Dependency, ...]]:
    """What :func:`write_dependencies` got. Raises ValueError or LookupError where damaged."""
    places = []
    for line in reasons:
        symbol, declared_in = line.split("\t")
        places.append((unescape(symbol), files[int(declared_in)]))
    found = {}
    for path, line in zip(files, lines, strict=True):
        if line:
            edges = []
            number = -1
            for edge in line.split("\t"):
                step, reason, profiles = edge.split(SEPARATOR)
                number += 1 + int(step)
                edges.append(Dependency(files[number], *places[int(reason)], profile_sets[letter_number(profiles)]))
            found[path] = tuple(edges)
    return found


def write_library_uses(
    uses: LibraryUses,
    files: Sequence[str],
    file_numbers: Mapping[str, int],
    profile_set: Callable[[Sequence[str]], int],
) -> dict[str, list[str]]:
    """A line a file with a field a library, and the table of libraries with a header of each and who includes it."""
    includes = Table()
    lines = []
    for path in files:
        fields = []
        for use in uses.get(path, ()):
            include = f"{escape(use.library)}\t{escape(use.header)}\t{file_numbers[use.included_by]}"
            fields.append(f"{includes.number(include)}{SEPARATOR}{letter(profile_set(use.profiles))}")
        lines.append("\t".join(fields))
    return {"library_uses": lines, "library_includes": includes.lines}


def read_library_uses(
    lines: Iterable[str], includes: Sequence[str], profile_sets: Sequence[tuple[str, ...]], files: Sequence[str]
) -> dict[str, tuple[LibraryUse, ...]]:
    """What :func:`write_library_uses` got. Raises ValueError or LookupError where damaged."""
    known = []
    for line in includes:
        library, header, number = line.split("\t")
        known.append((unescape(library), unescape(header), files[int(number)]))
    found = {}
    for path, line in zip(files, lines, strict=True):
        if line:
            fields = (field.split(SEPARATOR) for field in line.split("\t"))
            found[path] = tuple(
                LibraryUse(*known[int(number)], profile_sets[letter_number(profiles)]) for number, profiles in fields
            )
    return found
