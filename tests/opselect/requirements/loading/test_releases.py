"""Which shipped releases know an attr, and how those are named that do what another one does not."""

from __future__ import annotations

import pytest

from kernel_index import shipped
from opselect.requirements.loading.releases import attr_elsewhere, elsewhere, is_default_elsewhere

RELEASES = shipped.releases()


def having(*minors: str) -> tuple[str, ...]:
    return tuple(release for release in RELEASES if shipped.minor_of(release) in minors)


@pytest.mark.parametrize(
    ("minors", "expected"),
    [
        (("1.5", "1.6", "1.8"), "TensorFlow 1.5 to 1.6 take it"),
        (("1.0", "1.2", "1.3", "1.8"), "TensorFlow 1.8 takes it"),
        (("1.0", "1.2", "1.3"), "TensorFlow 1.2 to 1.3 take it"),
        (("1.0", "1.3", "1.4"), "TensorFlow 1.3 takes it"),
        ((), ""),
    ],
)
def test_releases_in_a_row_are_named(minors: tuple[str, ...], expected: str) -> None:
    assert elsewhere(having(*minors), "1.4.1", "take it") == expected


def test_the_newest_release_stands_for_later_ones() -> None:
    assert elsewhere(RELEASES, "1.4.1", "know it") == "TensorFlow 1.5 and later know it"
    assert elsewhere(RELEASES, RELEASES[-1], "know it").startswith("TensorFlow 1.0 to ")


def test_a_default_is_that_of_the_release_that_brought_the_attr_in() -> None:
    op, attr = "_MklQuantizeV2", "round_mode"
    first, last = (attr_elsewhere(op, attr, release) for release in ("1.12.3", "99.0.0"))
    assert first is not None
    assert last is not None
    assert (first.default, last.default) == ("HALF_TO_EVEN", "HALF_AWAY_FROM_ZERO")
    assert is_default_elsewhere(op, attr, "HALF_TO_EVEN", "1.12.3")
    assert not is_default_elsewhere(op, attr, "HALF_AWAY_FROM_ZERO", "1.12.3")
    assert not is_default_elsewhere(op, "colour", "HALF_TO_EVEN", "1.12.3")
