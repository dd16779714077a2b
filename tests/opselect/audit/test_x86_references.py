"""Where operands of instructions end that are given by two or three bytes of opcode."""

from __future__ import annotations

import numpy as np
import pytest

from opselect.audit.code_references.referents import Referents
from opselect.audit.code_references.x86 import references

_DATA = 0x3000


@pytest.mark.parametrize(
    ("code", "length"),
    [
        ("0f5805", 0),  # addps xmm0, [rip + …]
        ("0fc605", 1),  # shufps xmm0, [rip + …], one byte
        ("660f380005", 0),  # pshufb xmm0, [rip + …]
        ("660f3a0f05", 1),  # palignr xmm0, [rip + …], one byte
    ],
)
def test_what_stands_behind_an_operand_counts_for_its_instruction(code: str, length: int) -> None:
    opcode = bytes.fromhex(code)
    end = len(opcode) + 4 + length
    whole = opcode + (_DATA - 0x1000 - end).to_bytes(4, "little") + b"\x44" * length + b"\x90" * 16
    # One byte of data: only the right end of the instruction leads there.
    targets = Referents(np.array([0x100], np.uint64), np.array([[_DATA, _DATA + 1]], np.uint64))
    found = references(np.frombuffer(whole, np.uint8), 0x1000, targets)
    assert {int(goal) for part in found for goal in part.addresses} == {_DATA}
