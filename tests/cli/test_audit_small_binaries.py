"""The small binaries of the fixtures through ``audit``: what they register is what was printed, and bytes add up."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from opselect.cli.main import run
from tests.cli.conftest import Cli

BINARIES = Path(__file__).parents[2] / "fixtures" / "binaries" / "elf"
PRINTED = [json.loads(line) for line in (BINARIES / "printed.jsonl").read_text().splitlines()]
MADE_AT_THE_START = "xxx"
"""The op whose name is no text of the binary."""

READ = (
    "x86_64.so", "x86_64.stripped.so", "x86_64.packed.so", "x86_64.o", "x86_64.a", "x86_64.thin.a", "arm64.so",
    "arm64.stripped.so", "arm64.packed.so", "arm64.long_calls.stripped.so", "thumb.so", "thumb.stripped.so", "i386.so",
    "i386.stripped.so", "i386.o",
)  # fmt: skip
NOT_FOLLOWED = ("powerpc64.so",)

Run = Callable[..., str]


@pytest.fixture
def audit(capsys: pytest.CaptureFixture[str]) -> Run:
    def printed(name: str, *options: str, err: str = "") -> str:
        assert run(["audit", str(BINARIES / name), *options]) == 0
        captured = capsys.readouterr()
        assert err in captured.err
        return captured.out

    return printed


def _sorted(rows: list[dict[str, object]]) -> list[str]:
    return sorted(json.dumps(row, sort_keys=True) for row in rows)


@pytest.mark.parametrize("name", READ)
def test_registrations_are_what_a_program_printed(name: str, audit: Run) -> None:
    lines = audit(name, "--registrations", "--json", err="1 registration could not be decoded").splitlines()
    rows = [json.loads(line) for line in lines]
    assert {row.pop("known_from") for row in rows} <= {"symbols", "code"}
    assert {row.pop("file") for row in rows} <= {"small.cc", ""}
    assert _sorted(rows) == _sorted([row for row in PRINTED if row["op"] != MADE_AT_THE_START])


@pytest.mark.parametrize("name", NOT_FOLLOWED)
def test_code_that_is_not_followed_is_said(name: str, audit: Run) -> None:
    assert audit(name, "--registrations", "--json", err="nothing is known of what it registers") == ""


@pytest.mark.parametrize("name", [*READ, *NOT_FOLLOWED])
def test_all_bytes_together_are_the_file(name: str, audit: Run) -> None:
    told = json.loads(audit(name, "--json"))
    owned = sum(op["own_bytes"] for op in told["ops"]) + sum(row["bytes"] for row in told["shared"])
    assert owned + sum(told["unattributed"].values()) == told["size"]
    assert sum(told["sections"].values()) == told["size"]
    read = [row for row in PRINTED if row["op"] != MADE_AT_THE_START] if name in READ else []
    assert {op["op"]: op["kernels"] for op in told["ops"]} == {
        op: sum(row["op"] == op for row in read) for op in {row["op"] for row in read}
    }


def test_a_library_whose_symbols_have_lost_their_names(cli: Cli, tmp_path: Path) -> None:
    data = bytearray((BINARIES / "x86_64.so").read_bytes())
    headers, size, count = (
        int.from_bytes(data[at : at + width], "little") for at, width in ((40, 8), (58, 2), (60, 2))
    )
    for at in range(headers, headers + size * count, size):
        if data[at + 4] == 3:  # a table of names
            data[at + 32 : at + 40] = bytes(8)
    (tmp_path / "nameless.so").write_bytes(data)
    assert cli("audit", tmp_path / "nameless.so", "--json").code in {0, 2}
