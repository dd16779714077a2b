"""What is shown of URLs and of long input: no secret, and no more than can be read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel_index.errors import InputError, Place
from kernel_index.shown import MAX_SENTENCE, one_line, shortened, shown_path, visible, without_secrets

SHOWN = {
    "http://me:SECRET@host:1/x.pb?sig=SECRET": "http://me:***@host:1/x.pb?sig=***",
    "https://SECRET@host/x.pb": "https://***@host/x.pb",
    "https://me:SEC@RET@host/x?SECRET": "https://me:***@host/x?***",
    "https://host/x.zip?sig=SECRET&t=SECRET!graph.pb": "https://host/x.zip?sig=***&t=***",
    "zip://g.pb::https://me:SECRET@host/x.zip?k=SECRET": "zip://g.pb::https://me:***@host/x.zip?k=***",
    "s3://key:SECRET@bucket/x.pb": "s3://key:***@bucket/x.pb",
    "abfs://container@account/x.pb": "abfs://container@account/x.pb",
    "gs://bucket/x.pb": "gs://bucket/x.pb",
    "folder/x.pb?a=1": "folder/x.pb?a=1",
}


@pytest.mark.parametrize(("path", "shown"), SHOWN.items())
def test_a_url_is_shown_without_its_secrets(path: str, shown: str) -> None:
    assert shown_path(path) == shown
    assert shown_path(shown) == shown


def test_the_member_of_an_archive_behind_hidden_values_stays() -> None:
    assert shown_path("https://host/x.zip?sig=***!graph.pb") == "https://host/x.zip?sig=***!graph.pb"


@given(st.text(alphabet="ab:/?#@&=!*", max_size=20))
def test_what_is_shown_once_is_shown_alike_again(rest: str) -> None:
    shown = shown_path(f"https://{rest}")
    assert shown_path(shown) == shown


def test_an_error_shows_none_wherever_the_url_stands() -> None:
    url = "http://me:SECRET@host/x.pb?sig=SECRET"
    error = InputError(Place(url, byte=3), f"cannot be read: 404, url='{url}'", f"Check {url}.")
    assert "SECRET" not in str(error) + error.problem + error.advice + str(error.args)
    assert error.place.path == url
    assert without_secrets(f"see ({url}) or {url}") == "see (http://me:***@host/x.pb?sig=***) or " + shown_path(url)


def test_a_long_name_is_cut_in_the_middle_and_the_sentence_stays() -> None:
    error = InputError("m.pb", f"node '{'a' * 65_000}' has no op")
    assert error.problem.startswith("node 'aaa")
    assert error.problem.endswith("aaa' has no op")
    assert len(error.problem) < 400
    assert "65,002 characters" in error.problem


@given(st.text(max_size=30), st.integers(0, 5000))
def test_no_text_is_longer_than_a_sentence(text: str, times: int) -> None:
    assert len(shortened(text * times)) <= MAX_SENTENCE + 40
    assert shortened("short words") == "short words"


ACTS = "\x00\x07\x08\r\x0b\x1b\x7f\x80\x9b\x9f\u061c\u200e\u200f\u202a\u202e\u2028\u2029\u2066\u2069\ud800\udcff"


@given(st.text(), st.text(alphabet=ACTS, min_size=1))
def test_nothing_visible_acts_and_the_rest_stays(text: str, hostile: str) -> None:
    shown = visible(hostile.join(text))
    assert not set(shown) & set(ACTS)
    assert visible(shown) == shown
    spelled = hostile.encode("unicode-escape").decode().replace("\\r", "\\x0d")
    assert visible(f"a\tb\n{hostile}") == f"a\tb\n{spelled}"
    assert one_line(f" a \n\tb {hostile}") == f"a b {spelled}"


def test_ordinary_text_stays_as_it_is() -> None:
    text = 'MobilenetV2/Conv_1:0\tü 中 😀 "\\x1b"\n'
    assert visible(text) == text
