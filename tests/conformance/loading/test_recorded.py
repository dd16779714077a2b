"""Our verdict on random graphs is what the releases themselves said to them: a sample of what ``compare`` records."""

from __future__ import annotations

import base64
import gzip
import json
from pathlib import Path

import pytest

from kernel_index import shipped
from kernel_index.store import open_index
from tests.conformance.loading.compare import refused

ANSWERS = Path(__file__).parents[3] / "fixtures" / "loading"


@pytest.mark.parametrize("release", ["1.13", "1.15", "2.14"])
def test_verdicts_are_those_of_the_release(release: str) -> None:
    index = open_index(shipped.find(release))
    rows = [json.loads(line) for line in gzip.decompress((ANSWERS / f"{release}.jsonl.gz").read_bytes()).splitlines()]
    assert len(rows) > 150
    assert {row["refused"] for row in rows} == {True, False}
    wrong, unknown = [], 0
    for row in rows:
        ours = refused(base64.b64decode(row["graph"]), index)
        if ours is None:
            unknown += 1
        elif bool(ours) != row["refused"]:
            wrong.append((row["kind"], ours))
    assert wrong == []
    assert not unknown
