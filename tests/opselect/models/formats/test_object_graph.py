"""Object graphs of checkpoints of 2.x in, names of variables out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kernel_index.errors import InputError
from opselect import open_checkpoint
from opselect.models.formats.checkpoint.object_graph import OBJECT_GRAPH_KEY, names_of_variables
from tests.opselect.models.formats.checkpoint_files import write_bundle

FIXTURE = Path(__file__).parents[4] / "fixtures" / "checkpoints" / "tf2_object_based"


def test_variables_are_known_by_the_names_of_their_program() -> None:
    checkpoint = open_checkpoint(FIXTURE)
    names = names_of_variables(checkpoint)
    assert names
    assert all(key in checkpoint for keys in names.values() for key in keys)
    assert all(key.endswith(".ATTRIBUTES/VARIABLE_VALUE") for keys in names.values() for key in keys)


def test_a_checkpoint_without_objects_has_no_such_names(tmp_path: Path) -> None:
    write_bundle(tmp_path / "ckpt", {"w": np.zeros(3, np.float32)})
    assert names_of_variables(open_checkpoint(tmp_path / "ckpt")) == {}


def test_a_broken_object_graph_is_an_error(tmp_path: Path) -> None:
    write_bundle(tmp_path / "ckpt", {OBJECT_GRAPH_KEY: np.array(b"\x0a\x40cut", np.object_)})
    with pytest.raises(InputError, match="the object graph is broken"):
        names_of_variables(open_checkpoint(tmp_path / "ckpt"))
