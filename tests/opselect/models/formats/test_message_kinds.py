"""Which message a file holds is told by its fields, whatever their order and whichever are there."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from opselect.models.formats.message_kinds import GRAPH, META, SAVED, message_kind
from opselect.models.formats.models import read_model
from opselect.models.formats.wire import fields
from tests.opselect.graph_text import field

FIXTURES = Path(__file__).parents[4] / "fixtures"
SAVED_MODELS = sorted(FIXTURES.rglob("saved_model.pb"))
META_GRAPHS = sorted(FIXTURES.rglob("*.meta"))
GRAPHS = sorted((FIXTURES / "models").glob("*.pb"))
_ORDERS = 4


def _named(path: Path) -> str:
    return str(path.relative_to(FIXTURES))


def _reordered(data: bytes, needed: int) -> Iterator[bytes]:
    """Every choice of the message's fields that has the needed one, each in some orders."""
    by_number: dict[int, bytes] = {}
    position = 0
    for key, _, end in fields(data, 0, len(data)):
        by_number[key >> 3] = by_number.get(key >> 3, b"") + data[position:end]
        position = end
    random = Random(len(data))
    for size in range(1, len(by_number) + 1):
        for chosen in itertools.combinations(by_number, size):
            orders = list(itertools.permutations(chosen))
            for order in random.sample(orders, min(_ORDERS, len(orders))) if needed in chosen else ():
                yield b"".join(by_number[number] for number in order)


@pytest.mark.parametrize("path", SAVED_MODELS, ids=_named)
def test_a_saved_model_with_any_fields_in_any_order(path: Path) -> None:
    data = path.read_bytes()
    assert message_kind(data) == SAVED

    for key, a, b in fields(data, 0, len(data)):
        for meta_graph in _reordered(data[a:b], 2) if key >> 3 == 2 else ():
            assert message_kind(field(2, meta_graph)) == SAVED
            assert message_kind(field(2, meta_graph) + b"\x08\x01") == SAVED
            assert message_kind(meta_graph) == META


@pytest.mark.parametrize("path", META_GRAPHS, ids=_named)
def test_a_meta_graph_with_any_fields_in_any_order(path: Path) -> None:
    assert {message_kind(data) for data in _reordered(path.read_bytes(), 2)} == {META}


@pytest.mark.parametrize("path", GRAPHS, ids=_named)
def test_a_graph_with_any_fields_in_any_order(path: Path) -> None:
    assert {message_kind(data) for data in _reordered(path.read_bytes(), 1)} == {GRAPH}


@pytest.mark.parametrize("path", sorted(FIXTURES.rglob("saver.pb")), ids=_named)
def test_a_saver_is_none_of_them(path: Path) -> None:
    assert message_kind(path.read_bytes()) == ""


def test_a_saved_model_of_another_order_is_read_by_its_file(tmp_path: Path) -> None:
    data = SAVED_MODELS[0].read_bytes()
    parts = list(fields(data, 0, len(data)))
    turned = b"".join(field(2, data[a:b]) for key, a, b in parts if key >> 3 == 2) + b"\x08\x01"
    path = tmp_path / "model"
    path.write_bytes(turned)

    assert read_model(path).meta_graphs == read_model(SAVED_MODELS[0]).meta_graphs


def test_a_part_of_one_without_a_graph_is_none() -> None:
    assert message_kind(field(1, field(1, b"notes"))) == ""
    assert message_kind(b"\x08\x01") == ""


def test_a_name_behind_many_inputs() -> None:
    inputs = b"".join(field(3, f"input{number}".encode()) for number in range(20))
    graph = field(1, inputs + field(2, b"ConcatV2") + field(1, b"joined"))
    meta_graph = field(2, graph) + field(1, field(4, b"serve"))
    assert message_kind(graph) == GRAPH
    assert message_kind(meta_graph) == META
    assert message_kind(field(2, meta_graph) + b"\x08\x01") == SAVED
