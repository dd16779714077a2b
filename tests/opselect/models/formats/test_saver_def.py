"""SaverDefs in, restore ops out."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel_index.errors import InputError
from opselect.models.formats import read_model
from opselect.models.formats.saver_def import parse_saver, read_saver
from opselect.models.formats.wire import WireError

FREEZE = Path(__file__).parents[4] / "fixtures" / "freeze" / "models"
SAVER = FREEZE / "partitioned_vars_v1_checkpoint" / "saver.pb"
META = FREEZE / "lstm_dynamic_rnn" / "model.ckpt.meta"


def test_a_saver_names_its_restore_op() -> None:
    assert read_saver(str(SAVER)) == "save/restore_all"
    assert read_model(META).meta_graphs[0].restore_op == "save/restore_all"


def test_a_saver_may_be_a_text(tmp_path: Path) -> None:
    path = tmp_path / "saver.pbtxt"
    path.write_text('filename_tensor_name: "save/Const:0"\nrestore_op_name: "save/restore_all:0"\nversion: V2\n')
    assert read_saver(str(path)) == "save/restore_all"


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "the file is empty"),
        (b"\x0a\x04save", "names no restore op"),
        (b"\x1a\x40save", "is no SaverDef: field 3 is said to have 64 bytes"),
        (b"\x1a\x02\xff\xfe", "not valid UTF-8"),
        (b'restore_op_name: "unfinished', "is no SaverDef in text"),
        (b'restore_op_name: "\xff"', "not valid UTF-8"),
    ],
)
def test_what_is_no_saver(tmp_path: Path, data: bytes, problem: str) -> None:
    path = tmp_path / "saver"
    path.write_bytes(data)
    with pytest.raises(InputError) as error:
        read_saver(str(path))
    assert problem in str(error.value)


@given(st.binary(max_size=40))
def test_any_bytes_are_a_saver_or_broken(data: bytes) -> None:
    with contextlib.suppress(WireError):
        assert ":" not in parse_saver(data, [(0, len(data))])
