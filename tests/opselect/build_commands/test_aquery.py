from __future__ import annotations

import contextlib
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel_index.errors import InputError
from opselect.build_commands import aquery_text, json_stream
from opselect.build_commands.aquery import aquery_commands
from opselect.build_commands.flags import compiled_file
from opselect.build_commands.grouped import grouped

RECORDS = Path(__file__).parents[3] / "fixtures/build_records"
FORMATS = ("jsonproto", "textproto", "proto")


@pytest.mark.parametrize("form", FORMATS)
def test_what_bazel_printed_is_the_same_in_every_format(form: str) -> None:
    found = list(aquery_commands(RECORDS / f"aquery.{form}"))
    expected = list(aquery_commands(RECORDS / "aquery.jsonproto"))
    assert [each.file for each in found] == [each.file for each in expected] != []
    assert [each.arguments for each in found] == [each.arguments for each in expected]
    for each in found:
        made = compiled_file(each).defines
        assert made["__ANDROID_TYPES_FULL__"] == "1"
        assert made["__DATE__"] == '"redacted"'


def written(folder: Path, text: str | bytes) -> Path:
    path = folder / "aquery"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_parameter_files_stand_for_what_is_in_them(tmp_path: Path) -> None:
    action = {
        "mnemonic": "CppCompile",
        "targetId": "7",
        "arguments": ["gcc", "@bin/a.params", "-c", "a.cc"],
        "paramFiles": [{"execPath": "bin/a.params", "arguments": ["-DX=3"]}],
    }
    text = (
        'actions { mnemonic: "CppCompile" arguments: "gcc" arguments: "@bin/a.params" arguments: "-c"\n'
        'arguments: "a" \'.cc\' param_files < exec_path: "bin/a.params" arguments: "-D" "X\\075\\x33" > }\n'
    )
    for form in (json.dumps({"targets": [{"id": "7"}], "actions": [action]}), text):
        commands = list(aquery_commands(written(tmp_path, form)))
        assert [each.file for each in commands] == ["a.cc"]
        assert compiled_file(commands[0]).defines["X"] == "3"


def test_actions_that_compile_nothing_are_left_out(tmp_path: Path) -> None:
    actions = [{"mnemonic": "CppLink", "arguments": ["gcc", "-c", "a.cc"]}, {"mnemonic": "CppCompile", "arguments": []}]
    assert list(aquery_commands(written(tmp_path, json.dumps({"actions": actions})))) == []


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (b"", "is empty"), (b"action 'Compiling x.cc'\n  Mnemonic: CppCompile", "for people to read"),
        (b'{"actions": [', "is no JSON"), (b'{"actions": [3]}', "is no action"),
        (b'{"actions": [{"arguments": [1]}]}', "no texts"), (b"actions {\n", "does not end"),
        (b'actions {\n} }', "too many"), (b'actions {\n "a" }', "no field before it"),
        (b'actions {\n arguments: "a\n }', "begins with"), (b"\x7fELF\x02\x01\x01", "neither JSON nor text nor bytes"),
        (b"a {" * 200, "too many of them"), (b'{"actions": ' + b"[" * 100_000, "nested too deeply"),
    ],
)  # fmt: skip
def test_what_is_no_aquery_is_one_error(tmp_path: Path, text: bytes, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        list(aquery_commands(written(tmp_path, text)))


@pytest.mark.parametrize("form", FORMATS)
@settings(max_examples=40)
@given(at=st.integers(0, 2000), byte=st.integers(0, 255))
def test_a_damaged_aquery_is_read_or_is_an_error(
    tmp_path_factory: pytest.TempPathFactory, form: str, at: int, byte: int
) -> None:
    data = bytearray((RECORDS / f"aquery.{form}").read_bytes())
    data[at % len(data)] = byte
    path = tmp_path_factory.mktemp("damaged") / "aquery"
    path.write_bytes(data)
    with contextlib.suppress(InputError):
        grouped(aquery_commands(path))


def test_lists_before_the_actions_may_be_longer_than_what_is_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_stream, "_LARGEST", 1 << 16)
    monkeypatch.setattr(json_stream, "_CHUNK", 1 << 10)
    path = tmp_path / "a.json"
    action = '{"mnemonic": "CppCompile", "arguments": ["cc", "-c", "a.cc"]}'
    path.write_text(f'{{"artifacts": [{", ".join(["{}"] * 100_000)}], "actions": [{action}]}}')
    assert [command.file for command in aquery_commands(path)] == ["a.cc"]
    path.write_text('{"artifacts": "' + "x" * 200_000)
    with pytest.raises(InputError, match="Unterminated string"):
        list(aquery_commands(path))


def test_a_line_that_does_not_end_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aquery_text, "_LONGEST", 50)
    path = tmp_path / "a.textproto"
    path.write_text(f'actions {{\n  mnemonic: "{"x" * 60}"\n}}\n')
    with pytest.raises(InputError, match="longer than 16 MB") as raised:
        list(aquery_commands(path))
    assert str(raised.value).startswith(f"{path}:2")
