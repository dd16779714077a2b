"""An op and the release that lacks it in, which releases have it out."""

from __future__ import annotations

import pytest

from kernel_index import shipped
from kernel_index.op_history import history, known_span
from kernel_index.profiles import release_number
from kernel_index.store import open_index


@pytest.mark.parametrize(
    ("op", "release", "text", "later", "earlier"),
    [
        ("LeakyRelu", "1.12.3", "TensorFlow 1.13 and later have it", "1.13", ""),
        ("NonMaxSuppressionV3", "1.4.1", "TensorFlow 1.9 and later have it", "1.9", ""),
        ("BigtableClient", "2.4.4", "TensorFlow 1.10 to 2.0 have it, and it was removed after 2.0", "", "2.0"),
        ("BigtableClient", "1.4.1", "TensorFlow 1.10 to 2.0 have it, and it was removed after 2.0", "1.10", ""),
    ],
)
def test_ops_that_came_and_went(op: str, release: str, text: str, later: str, earlier: str) -> None:
    found = history(op, release)
    assert found is not None
    assert (found.text, found.later, found.earlier) == (text, later, earlier)


@pytest.mark.parametrize(
    ("op", "advice"),
    [
        ("LeakyRelu", "Export the model for TensorFlow 1.4.1, or build TensorFlow 1.13 or later."),
        ("BigtableClient", "Export the model for TensorFlow 1.4.1, or build TensorFlow 1.10."),
    ],
)
def test_an_op_that_went_is_not_in_what_is_later(op: str, advice: str) -> None:
    found = history(op, "1.4.1")
    assert found is not None
    assert found.advice("1.4.1") == advice


def test_an_op_of_no_release_has_no_history() -> None:
    assert history("Frobnicate", "1.13.1") is None


def test_the_span_is_that_of_the_shipped_releases() -> None:
    first, last = (".".join(map(str, release_number(each))) for each in (shipped.releases()[0], shipped.releases()[-1]))
    assert known_span() == f"{first} to {last}"


@pytest.mark.parametrize("op", ["Conv2D", "AddV2", "BigtableClient", "_MklAdd"])
def test_a_history_says_of_each_release_what_its_index_says(op: str) -> None:
    having = {release for release in shipped.releases() if op in open_index(shipped.find(release)).op_names()}
    assert set(shipped.releases_with(op)) == having


def test_an_op_that_upstream_has_in_this_very_release_is_missing_from_the_sources_at_hand() -> None:
    found = history("NcclReduceRecv", "1.4.0")
    assert found is not None
    assert (found.earlier, found.later) == ("", "")
    assert found.advice("1.4.0") == (
        "Export the model without it, or take the op's sources from upstream and scan them with --root DIR."
    )
