"""Damaged and hostile ``.tflite`` files: a model or one error of ours, quickly, and no memory for what is not there."""

from __future__ import annotations

import os
import struct
import time
import tracemalloc
from pathlib import Path
from random import Random

import pytest

from kernel_index.errors import InputError
from opselect.models.formats.tflite import read_flex_graph
from opselect.models.graph import Graph
from opselect.models.graph.tflite import TfliteModel, flex_graph
from opselect.requirements.collect import collect_requirements
from tests.opselect.graph_text import node
from tests.opselect.tflite_files import Op, Subgraph, Tensor, flex, model_of, tflite_bytes

MUTATIONS = int(os.environ.get("OPSELECT_TFLITE_MUTATIONS", "400"))
"""How many damaged files are read; 10000 and more now and then."""
SECONDS = 60.0
"""Longer than this is a hang and no slow machine."""

MODELS = Path(__file__).parents[4] / "fixtures" / "models"
FILES = {path.name: path.read_bytes() for path in sorted(MODELS.glob("*.tflite"))}


def survivor(path: Path, data: bytes) -> TfliteModel | None:
    """The model; None where reading it, or finding out what it needs, is a proper error."""
    started = time.monotonic()
    try:
        model = model_of(path, data)
        graph: Graph = flex_graph(model)
        collect_requirements(graph, "model", index=None)
        assert isinstance(model.parameter_count, int)
        assert model.operator_counts is not None
    except InputError:
        return None
    finally:
        assert time.monotonic() - started < SECONDS
    return model


@pytest.mark.parametrize(("name", "step"), [("flex_ops.tflite", 1), ("flex_while.tflite", 3)])
def test_a_model_cut_at_any_byte(tmp_path: Path, name: str, step: int) -> None:
    whole = FILES[name]
    path = tmp_path / "cut.tflite"
    model = model_of(path, whole)
    for length in range(1, len(whole), step):
        found = survivor(path, whole[:length])
        # The last bytes are a string's end and padding, which nobody has to read.
        assert found is None or (length > len(whole) - 8 and found == model), length


def test_damage_says_where_and_what_to_do(tmp_path: Path) -> None:
    whole = FILES["flex_ops.tflite"]
    with pytest.raises(InputError) as caught:
        model_of(tmp_path / "cut.tflite", whole[:900])
    assert caught.value.place.path == str(tmp_path / "cut.tflite")
    assert caught.value.place.byte is not None
    assert "the file of 900" in caught.value.problem
    assert "cut short" in caught.value.advice


def mutated(random: Random, data: bytes) -> bytes:
    """A file with a few changes: bits, bytes and whole numbers."""
    changed = bytearray(data)
    for _ in range(random.choice((1, 1, 1, 2, 5))):
        place = random.randrange(len(changed))
        kind = random.randrange(4)
        if kind < 2:
            changed[place] ^= 1 << random.randrange(8)
        elif kind == 2:
            changed[place] = random.randrange(256)
        else:
            place = min(place & ~3, len(changed) - 4)
            number = random.choice((0, 1, 4, len(data), 1 << 16, (1 << 31) - 1, 1 << 31, (1 << 32) - 1))
            struct.pack_into("<I", changed, place, number)
    return bytes(changed)


def test_random_damage(tmp_path: Path) -> None:
    random = Random("tflite")
    fine = 0
    for _ in range(MUTATIONS):
        data = mutated(random, FILES[random.choice(sorted(FILES))])
        fine += survivor(tmp_path / "m.tflite", data) is not None
    assert 0 < fine < MUTATIONS


@pytest.mark.parametrize("number", [1 << 31, 0])
def test_every_number_may_be_huge(tmp_path: Path, number: int) -> None:
    """Offsets and lengths are among them: none is believed, and nothing is allocated for what it claims."""
    whole = FILES["flex_while.tflite"]
    path = tmp_path / "m.tflite"
    survivor(path, whole)
    for place in [*range(4), *range(8, len(whole) - 3, 4)]:
        data = bytearray(whole)
        struct.pack_into("<I", data, place, number)
        tracemalloc.start()
        survivor(path, bytes(data))
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 1_000_000, place


def many_tensors(count: int, shape: int) -> tuple[bytearray, int]:
    """A model of ``count`` tensors without shape and one with ``shape`` dimensions, and where their list begins."""
    tensors = (*(Tensor("") for _ in range(count - 1)), Tensor("last", (1,) * shape))
    data = bytearray(tflite_bytes(Subgraph(tensors)))
    return data, data.index(struct.pack("<I", count)) + 4


@pytest.mark.parametrize(("shape", "fits"), [(10, True), (40_000, False)])
def test_tables_may_be_shared_but_not_to_read_the_file_many_times(tmp_path: Path, shape: int, fits: bool) -> None:
    count = 1009
    data, start = many_tensors(count, shape)
    last = start + 4 * (count - 1)
    target = last + struct.unpack_from("<I", data, last)[0]
    for place in range(start, last, 4):
        struct.pack_into("<I", data, place, target - place)
    model = survivor(tmp_path / "m.tflite", bytes(data))
    assert (model is not None) == fits
    if model:
        assert {tensor.name for tensor in model.subgraphs[0].tensors} == {"last"}
    else:
        with pytest.raises(InputError, match="add up to more than 4 times its size"):
            model_of(tmp_path / "m.tflite", bytes(data))


def test_more_tables_than_a_model_has_are_refused_before_one_is_read(tmp_path: Path) -> None:
    count = 1009
    data = bytearray(tflite_bytes(Subgraph(), buffers=[bytes(5_000_000), *[b""] * (count - 1)]))
    struct.pack_into("<I", data, data.index(struct.pack("<I", count)), 1_100_000)
    started = time.monotonic()
    with pytest.raises(InputError, match="a list of 1,100,000 tables is more than a model has"):
        model_of(tmp_path / "m.tflite", bytes(data))
    assert time.monotonic() - started < SECONDS


def test_offsets_cannot_lead_backwards_or_out(tmp_path: Path) -> None:
    for root in (0, 1, 3, 19, 10_000, (1 << 32) - 4):
        data = bytearray(FILES["flex_ops.tflite"])
        struct.pack_into("<I", data, 0, root)
        with pytest.raises(InputError):
            model_of(tmp_path / "m.tflite", bytes(data))


def test_a_node_that_claims_more_than_its_options(tmp_path: Path) -> None:
    options = bytearray(flex(node("e", "Erf", attrs="T: type: DT_FLOAT")))
    length = options.index(b"\x0a\x01e") - 1
    options[length] += 2
    data = tflite_bytes(Subgraph(operators=(Op("FlexErf", options=bytes(options)),)))
    with pytest.raises(InputError, match="FlexErf"):
        read_flex_graph(model_of(tmp_path / "m.tflite", data), "m")
    options[length] = 250
    data = tflite_bytes(Subgraph(operators=(Op("FlexErf", options=bytes(options)),)))
    with pytest.raises(InputError, match="its NodeDef is cut off"):
        read_flex_graph(model_of(tmp_path / "m.tflite", data), "m")


def test_dimensions_that_multiply_without_end(tmp_path: Path) -> None:
    shape = ((1 << 31) - 1,) * 250
    data = tflite_bytes(Subgraph((Tensor("t", shape, buffer=1),)), buffers=(b"", b"1"))
    assert survivor(tmp_path / "m.tflite", data) is not None
