"""The tables of TensorFlow Lite's operators say what its sources and its interpreters do.

``OPSELECT_TF_TREE`` names checkouts of TensorFlow, ``OPSELECT_LITE_REPOSITORIES`` repositories of git with the tags of
releases, ``tensorflow=FOLDER`` or ``litert=FOLDER``, and ``OPSELECT_LITE_PYTHONS`` interpreters of Python that have a
TensorFlow, ``RELEASE=PROGRAM``; colons between them.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from kernel_index.source_tree import version
from opselect.lite.operators import Versions
from opselect.lite.runtimes.releases import LiteRelease, parse_release
from opselect.lite.runtimes.tables import History, tables
from opselect.usecases.ask_lite_wheel import NO_OPERATORS, asked_registrations
from opselect.usecases.ship_lite_tables import LITE_SOURCES, LiteFacts, facts_of, facts_of_repository
from tests.conformance.conftest import trees

REPOSITORIES = [part for part in os.environ.get("OPSELECT_LITE_REPOSITORIES", "").split(":") if part]
PYTHONS = [part for part in os.environ.get("OPSELECT_LITE_PYTHONS", "").split(":") if part]


def told(known: Mapping[str, History[Versions]], release: LiteRelease) -> dict[str, Versions]:
    """What the tables say that a release has."""
    found = {op: changes.at(release) for op, changes in known.items()}
    return {op: versions for op, versions in found.items() if versions is not None}


def compare(facts: LiteFacts) -> None:
    known = tables()
    assert told(known.registered, facts.release) == facts.registered
    assert told(known.custom, facts.release) == facts.custom
    assert facts.functions.items() <= known.functions.items()
    if facts.codes is not None:
        codes = {op: changes.at(facts.release) for op, changes in known.codes.items()}
        has = {op: code for op, code in codes.items() if code is not None}
        assert has == {op: code for op, code in facts.codes.items() if op not in NO_OPERATORS}
    differing = {pair for pair, since in (facts.versions or {}).items() if known.versions[pair] != since}
    # Of these upstream changed its mind; the newest of its tables counts.
    assert differing <= {("ADD", 4), ("GELU", 1), ("RANDOM_STANDARD_NORMAL", 1)}


@pytest.mark.parametrize("tree", trees() or [None])
def test_tables_say_what_a_checkout_does(tree: Path | None) -> None:
    if tree is None:
        pytest.skip("OPSELECT_TF_TREE names no checkout of TensorFlow")
    release = parse_release(version(tree))
    if release not in tables().releases or release is None:
        pytest.skip(f"the tables have no release {version(tree)}")
    facts = facts_of(release, {path: (tree / path).read_text() for path in LITE_SOURCES if (tree / path).is_file()})
    assert facts is not None
    compare(facts)


@pytest.mark.parametrize("named", REPOSITORIES or [""])
def test_tables_say_what_all_releases_of_a_repository_do(named: str) -> None:
    line, _, folder = named.partition("=")
    if not folder:
        pytest.skip("OPSELECT_LITE_REPOSITORIES names no repository of git")
    count = 0
    for facts in facts_of_repository(Path(folder), litert=line == "litert"):
        compare(facts)
        count += 1
    assert count


@pytest.mark.parametrize("named", PYTHONS or [""])
def test_tables_say_what_an_interpreter_knows(named: str) -> None:
    spelled, _, python = named.partition("=")
    release = parse_release(spelled)
    if not python or release is None:
        pytest.skip("OPSELECT_LITE_PYTHONS names no RELEASE=PROGRAM with a TensorFlow")
    where = [python, "-c", "import sysconfig; print(sysconfig.get_path('platlib'))"]
    folder = Path(subprocess.run(where, capture_output=True, text=True, check=True).stdout.strip())
    known = tables()
    codes = {op: changes.at(release) for op, changes in known.codes.items()}
    has = {op: code for op, code in codes.items() if code is not None} | {"CUSTOM": 32}
    registered, custom = asked_registrations(folder, has, sorted(known.custom), python)
    assert registered == told(known.registered, release)
    assert custom == told(known.custom, release)
