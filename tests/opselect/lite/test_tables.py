"""The tables of operators and runtimes: records to text and back, and releases as people spell them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel_index.errors import InputError, OpselectError
from opselect.lite.operators import Versions
from opselect.lite.runtimes.releases import LiteRelease, find_release, parse_release
from opselect.lite.runtimes.tables import LiteTables, history, read_tables, tables, tables_text

RELEASES = tuple(
    LiteRelease(litert, numbers)
    for litert, numbers in ((False, (2, 8, 0)), (False, (2, 8, 4)), (False, (2, 10, 1)), (True, (2, 2, 0)))
)
ROWS = (
    *("[releases]", "2.8.0 litert-2.2.0", "[schemas]", "2.8.0", "[versions]", "ADD 1.5.0 - 2.8.0", "[registered]"),
    *("ADD 2.8.0:1-2", "[custom]", "Mfcc Register_MFCC 2.8.0:1", "[codes]", "ADD 2.8.0:0"),
)
SMALL = "".join(f"{row}\n" for row in ROWS)
RANGES = st.none() | st.tuples(st.integers(1, 9), st.integers(0, 9)).map(lambda ends: (ends[0], ends[0] + ends[1]))


@st.composite
def made_up_tables(draw: st.DrawFn) -> LiteTables:
    def changes(values: st.SearchStrategy[Versions | None]) -> dict[str, list[tuple[LiteRelease, Versions | None]]]:
        return {op: [(release, draw(values)) for release in RELEASES] for op in ("ADD", "SUB")}

    ranges, customs = changes(RANGES), changes(RANGES)
    codes = [draw(st.integers(0, 300)), *draw(st.lists(st.none() | st.integers(0, 300), min_size=3, max_size=3))]
    versions = draw(
        st.dictionaries(
            st.tuples(st.sampled_from(["ADD", "SUB"]), st.integers(1, 9)), st.sampled_from(["1.5.0", "2.8.0"])
        )
    )
    return LiteTables(
        RELEASES,
        RELEASES,
        {**versions, ("ADD", 1): "1.5.0"},
        {op: history(values) for op, values in ranges.items()},
        {op: history(values) for op, values in customs.items()},
        {"ADD": "Register_ADD", "SUB": "Register_SUB"},
        {"ADD": history(list(zip(RELEASES, codes, strict=True)))},
    )


@given(made_up_tables())
def test_tables_are_read_back_as_they_were_written(made: LiteTables) -> None:
    assert read_tables(tables_text(made), "t") == made
    assert tables_text(read_tables(tables_text(made), "t")) == tables_text(made)


@given(st.lists(RANGES, min_size=4, max_size=4))
def test_a_history_tells_what_each_release_has(values: list[Versions | None]) -> None:
    changes = history(list(zip(RELEASES, values, strict=True)))
    assert [changes.at(release) for release in RELEASES] == values
    assert changes.at(LiteRelease(False, (1, 0, 0))) is None
    # What is between two releases is as the one before it.
    assert changes.at(LiteRelease(False, (2, 9, 0))) == values[1]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("[codes]", "[other]", r"t: lacks the table \[codes\]"),
        ("2.8.0:1-2", "2.8:1-x", r"t:\d+: cannot read '2.8:1-x'"),
        ("2.8.0:1-2", "soon:1", r"t:\d+: 'soon' is no release"),
        ("2.8.0:1-2", "2.8.0", r"t:\d+: '' is no release"),
        ("litert-2.2.0\n", "litert-x\n", r"t:\d+: 'litert-x' is no release"),
        ("Mfcc Register_MFCC 2.8.0:1", "Mfcc", r"t:\d+: lacks the function of the operator"),
    ],
)
def test_what_cannot_be_read_is_named_with_its_line(old: str, new: str, said: str) -> None:
    assert read_tables(SMALL, "t").versions == {("ADD", 1): "1.5.0", ("ADD", 3): "2.8.0"}
    with pytest.raises(InputError, match=said):
        read_tables(SMALL.replace(old, new), "t")


@given(st.integers(0, len(SMALL)), st.integers(0, 9), st.text(alphabet="[]# :-.109aA\n\t\u2028", max_size=4))
def test_a_damaged_table_is_read_or_one_clear_error(at: int, length: int, other: str) -> None:
    try:
        read_tables(SMALL[:at] + other + SMALL[at + length :], "t")
    except InputError as error:
        said = str(error)
    else:
        said = "t"
    assert said.startswith("t")


def test_shipped_tables_are_in_the_form_that_is_written_now() -> None:
    known = tables()
    assert read_tables(tables_text(known), "t") == known
    assert list(known.releases) == sorted(known.releases)
    assert set(known.schemas) <= set(known.releases)
    assert known.functions.keys() == known.custom.keys()
    assert known.registered.keys() <= known.codes.keys()


@pytest.mark.parametrize(
    ("text", "spelled", "name"),
    [
        ("2.8", "2.8", "TensorFlow Lite 2.8"),
        ("v2.8.4", "2.8.4", "TensorFlow Lite 2.8.4"),
        (" litert-2.2.0 ", "litert-2.2.0", "LiteRT 2.2.0"),
        ("litert-v1.4", "litert-1.4", "LiteRT 1.4"),
    ],
)
def test_releases_are_spelled_in_one_way(text: str, spelled: str, name: str) -> None:
    release = parse_release(text)
    assert release is not None
    assert (str(release), release.name) == (spelled, name)


@pytest.mark.parametrize(
    "text", ["", "2", "2.8.4.1", "2.8-rc0", "LiteRT 2.2", "litert", "v", "\uff12.\uff18", "2.99999", "2.8\n\n2"]
)
def test_what_is_no_release(text: str) -> None:
    assert parse_release(text) is None


@pytest.mark.parametrize(
    ("text", "found"),
    [("2.8", "2.8.4"), ("2.8.0", "2.8.0"), ("v2.10", "2.10.1"), ("litert-2.2", "litert-2.2.0")],
)
def test_two_numbers_mean_the_newest_patch(text: str, found: str) -> None:
    assert str(find_release(text, RELEASES)) == found


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("2.9", "no runtime 2.9 of TensorFlow Lite is known; nearest: 2.8.4, 2.10.1"),
        ("2.8.2", "nearest: 2.8.0, 2.8.4"),
        ("2.01", r"is known; did you mean 2\.10\?"),
        ("2.10.0", "nearest: 2.8.4, 2.10.1"),
        ("2.2.0", "nearest: 2.8.0, litert-2.2.0"),
        ("litert-2.8", "nearest: litert-2.2.0, 2.8.4"),
        ("newest", "write 2.8 for TensorFlow Lite 2.8, and litert-2.1 for LiteRT 2.1"),
        ("", r"no runtime \(empty\)"),
        ("2.9", "Known are 2.8.0 to 2.10.1, and of LiteRT litert-2.2.0 to litert-2.2.0"),
    ],
)
def test_an_unknown_release_names_the_nearest(text: str, said: str) -> None:
    with pytest.raises(OpselectError, match=said):
        find_release(text, RELEASES)
