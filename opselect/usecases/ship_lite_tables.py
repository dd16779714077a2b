"""Make the tables of TensorFlow Lite's operators: what each release registers, and since when versions are there.

    python -m opselect.usecases.ship_lite_tables --tensorflow REPOSITORY --litert REPOSITORY [--out FILE]
        [--python PROGRAM] [WHEEL ...]

A ``REPOSITORY`` is one of git, all releases of which are read at their tags. A release whose sources are not at hand
may be told by a ``WHEEL`` of TensorFlow or LiteRT, whose interpreter is asked by a Python that takes it
(:mod:`opselect.usecases.ask_lite_wheel`). A tag whose sources call themselves another release is passed over.

Prints a line a release: how many operators it registers, how many custom ones, how many its schema has; then each
version of an operator whose first release upstream changed its mind about.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kernel_index.errors import InputError, OpselectError
from kernel_index.whole_files import write_whole
from opselect.lite.operators import Versions
from opselect.lite.runtimes import tables
from opselect.lite.runtimes.releases import LiteRelease, parse_release
from opselect.lite.runtimes.tables import LiteTables, history, tables_text
from opselect.lite.runtimes.upstream import default_resolver, operator_codes, version_pairs
from opselect.usecases.ask_lite_wheel import NO_OPERATORS, ask_lite_wheel
from opselect.verifying.resolver import read_registration

_OLDEST = (1, 9, 0)
"""Before it, operators had other names, and no versions."""

_REGISTER = (
    "tensorflow/lite/core/kernels/register.cc",
    "tensorflow/lite/kernels/register.cc",
    "tensorflow/contrib/lite/kernels/register.cc",
    "tflite/core/kernels/register.cc",
)
_VERSIONS = (
    "tensorflow/compiler/mlir/lite/tools/versioning/runtime_version.cc",
    "tensorflow/lite/tools/versioning/runtime_version.cc",
    "tflite/converter/tools/versioning/runtime_version.cc",
    "tflite/tools/versioning/runtime_version.cc",
)
_SCHEMAS = (
    "tensorflow/compiler/mlir/lite/schema/schema.fbs",
    "tensorflow/lite/schema/schema.fbs",
    "tensorflow/contrib/lite/schema/schema.fbs",
    "tflite/converter/schema/schema.fbs",
)
"""Where the files were, the newest places first; the toco converter's tables of versions name no built-ins."""


LITE_SOURCES = (*_REGISTER, *_VERSIONS, *_SCHEMAS)
"""The files that are read of a release, as far as it has them."""

_VERSION = "tensorflow/core/public/version.h"
_DEFINED = re.compile(r"^#define TF_(MAJOR|MINOR|PATCH)_VERSION (\d+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class LiteFacts:
    """What one release says: None where it has no such file. ``functions`` register the custom operators."""

    release: LiteRelease
    registered: Mapping[str, Versions]
    custom: Mapping[str, Versions]
    functions: Mapping[str, str]
    codes: Mapping[str, int] | None
    versions: Mapping[tuple[str, int], str] | None


def facts_of(release: LiteRelease, files: Mapping[str, str]) -> LiteFacts | None:
    """What the source files of a release say, path → text; None where none registers operators.

    Raises InputError for a file that cannot be read as what its name says.
    """
    register, schema, versions = (_first(files, paths) for paths in (_REGISTER, _SCHEMAS, _VERSIONS))
    if register is None:
        return None
    path, text = register
    resolver = default_resolver(text, path)
    found: tuple[dict[str, list[Versions]], dict[str, list[Versions]]] = ({}, {})
    for each in read_registration(resolver.body, path).operators:
        found[each.is_custom].setdefault(each.name, []).append((each.low, each.high))
    registered, custom = ({op: _joined(op, spans, path) for op, spans in kind.items()} for kind in found)
    unnamed = [op for op in custom if op not in resolver.functions]
    if unnamed:
        raise InputError(path, f"which function registers {unnamed[0]} cannot be told")
    return LiteFacts(
        release,
        registered,
        custom,
        resolver.functions,
        operator_codes(schema[1], schema[0]) if schema else None,
        version_pairs(versions[1], versions[0]) if versions else None,
    )


def joined_tables(facts: Sequence[LiteFacts]) -> LiteTables:
    """The tables of what some releases say; where upstream changed its mind about a pair, the newest table counts.

    Raises InputError for a built-in that is registered and in no schema.
    """
    facts = sorted(facts, key=lambda each: each.release)
    with_schema = [each for each in facts if each.codes is not None]
    names = {op: None for each in facts for op in each.registered}
    customs = {op: None for each in facts for op in each.custom}
    codes = {op: None for each in with_schema for op in each.codes or {} if op not in NO_OPERATORS}
    unknown = sorted(names.keys() - codes.keys())
    if unknown:
        raise InputError(str(facts[-1].release), f"registers {unknown[0]}, which no schema has")
    pairs = [pair for each in facts for pair in (each.versions or {}).items()]
    return LiteTables(
        tuple(each.release for each in facts),
        tuple(each.release for each in with_schema),
        dict(pairs),
        {op: history([(each.release, each.registered.get(op)) for each in facts]) for op in names},
        {op: history([(each.release, each.custom.get(op)) for each in facts]) for op in customs},
        {op: function for each in facts for op, function in each.functions.items()},
        {op: history([(each.release, (each.codes or {}).get(op)) for each in with_schema]) for op in codes},
    )


def changed_pairs(facts: Sequence[LiteFacts]) -> Iterator[str]:
    """A line for each version of an operator that tables of several releases disagree about."""
    said: dict[tuple[str, int], list[tuple[LiteRelease, str]]] = {}
    for each in sorted(facts, key=lambda each: each.release):
        for pair, since in (each.versions or {}).items():
            entries = said.setdefault(pair, [])
            if not entries or entries[-1][1] != since:
                entries.append((each.release, since))
    for (op, version), entries in sorted(said.items()):
        if len(entries) > 1:
            yield f"{op} {version}: {', then '.join(f'{since} in {release}' for release, since in entries)}"


def _first(files: Mapping[str, str], paths: Sequence[str]) -> tuple[str, str] | None:
    return next(((path, files[path]) for path in paths if path in files), None)


def _joined(op: str, spans: Sequence[Versions], path: str) -> Versions:
    """All versions of an operator. Raises InputError where some between are missing, which no table can say."""
    low, high = min(spans)
    for each in sorted(spans):
        if each[0] > high + 1 or each[1] < each[0]:
            raise InputError(path, f"registers versions {spans} of {op}, which are no range")
        high = max(high, each[1])
    return low, high


def facts_of_repository(repository: Path, *, litert: bool) -> Iterator[LiteFacts]:
    """What all releases of a repository of git say. Raises InputError for what cannot be read."""
    for tag in _git(repository, "tag").split():
        release = parse_release(f"litert-{tag}" if litert else tag)
        if release is None or len(release.numbers) != len(_OLDEST) or (not litert and release.numbers < _OLDEST):
            continue
        there = set(_git(repository, "ls-tree", "-r", "--name-only", tag).splitlines())
        if _VERSION in there and not litert:
            said = said_release(_git(repository, "show", f"{tag}:{_VERSION}"))
            if said not in (None, release):
                continue
        wanted = [path for path in LITE_SOURCES if path in there]
        facts = facts_of(release, {path: _git(repository, "show", f"{tag}:{path}") for path in wanted})
        if facts is not None:
            yield facts


def said_release(text: str) -> LiteRelease | None:
    """The release that ``core/public/version.h`` says; None where it does not, as from 2.20 on."""
    numbers = dict(_DEFINED.findall(text))
    if len(numbers) < len(_OLDEST):
        return None
    return LiteRelease(False, tuple(int(numbers[part]) for part in ("MAJOR", "MINOR", "PATCH")))


def _git(repository: Path, *arguments: str) -> str:
    process = subprocess.run(["git", "-C", str(repository), *arguments], capture_output=True, check=False)
    if process.returncode:
        raise InputError(str(repository), process.stderr.decode(errors="replace").strip())
    return process.stdout.decode(errors="replace")


def _facts_of_wheel(wheel: Path, facts: Sequence[LiteFacts], python: str) -> LiteFacts:
    """What a wheel says; asked for is what is known of other releases, the codes of which never change."""
    custom = sorted({op for each in facts for op in each.functions})
    codes = {op: code for each in facts for op, code in (each.codes or {}).items()}
    asked = ask_lite_wheel(wheel, custom, codes, python)
    return LiteFacts(asked.release, asked.registered, asked.custom, {}, asked.codes, None)


def _counts(facts: LiteFacts) -> str:
    codes = "-" if facts.codes is None else len(facts.codes)
    return f"{facts.release} {len(facts.registered)} {len(facts.custom)} {codes}\n"


def main(arguments: Sequence[str]) -> int:
    """The exit code: 2 where something cannot be read, and then nothing is written."""
    parser = argparse.ArgumentParser(
        prog="python -m opselect.usecases.ship_lite_tables", description="Make the tables of TensorFlow Lite."
    )
    parser.add_argument("--tensorflow", type=Path, required=True, metavar="REPOSITORY")
    parser.add_argument("--litert", type=Path, required=True, metavar="REPOSITORY")
    parser.add_argument("--out", type=Path, default=Path(tables.__file__).with_name("tables.txt"), metavar="FILE")
    parser.add_argument("--python", default=sys.executable, metavar="PROGRAM", help="What loads the wheels.")
    parser.add_argument("wheels", nargs="*", type=Path, metavar="WHEEL")
    given = parser.parse_args(arguments)
    facts: list[LiteFacts] = []
    try:
        for repository, is_litert in ((given.tensorflow, False), (given.litert, True)):
            facts += facts_of_repository(repository, litert=is_litert)
        facts += [_facts_of_wheel(wheel, facts, given.python) for wheel in given.wheels]
        text = tables_text(joined_tables(facts))
        write_whole(given.out, text.encode())
    except (OpselectError, OSError) as problem:
        sys.stderr.write(f"error: {problem}\n")
        return 2
    sys.stdout.writelines(_counts(each) for each in sorted(facts, key=lambda each: each.release))
    sys.stdout.writelines(f"{line}\n" for line in changed_pairs(facts))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
