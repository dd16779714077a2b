from __future__ import annotations

import json
import struct
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from kernel_index.errors import InputError
from opselect.executorch.program import ExecutorchProgram, read_program
from opselect.models.storage import open_file
from tests.opselect.pte_files import (
    DELEGATE,
    FREE,
    JUMP,
    MOVE,
    Call,
    Plan,
    Value,
    bundled,
    calling,
    pte_bytes,
    tensor,
    tensors,
    with_header,
)

FIXTURES = Path(__file__).parents[3] / "fixtures" / "executorch"
TEXTS: dict[str, dict[str, str]] = json.loads((FIXTURES / "texts.json").read_text())
PROGRAMS = sorted(path.name for path in FIXTURES.glob("*pte"))


def read(path: Path) -> ExecutorchProgram:
    with open_file(str(path)) as file:
        return read_program(file)


@pytest.fixture
def program(tmp_path: Path) -> Any:
    def of(data: bytes) -> ExecutorchProgram:
        path = tmp_path / "m.pte"
        path.write_bytes(data)
        return read(path)

    return of


def keys(program: ExecutorchProgram) -> dict[str, list[str]]:
    return {name: sorted(some) for name, some in program.keys.items()}


@pytest.mark.parametrize("name", PROGRAMS)
def test_programs_need_what_the_tool_lists(name: str) -> None:
    found = read(FIXTURES / name)
    listed = yaml.safe_load(TEXTS[name]["selected_operators.yaml"])
    assert sorted(found.operators) == sorted(listed["operators"])
    if name != "mixed_cat.pte":
        assert keys(found) == listed["et_kernel_metadata"]


def test_each_other_dtype_of_a_list_has_a_key_which_the_tool_forgets() -> None:
    listed = yaml.safe_load(TEXTS["mixed_cat.pte"]["selected_operators.yaml"])["et_kernel_metadata"]
    assert listed == {"aten::cat.out": ["v1/6;0,1|6;0,1|6;0,1"]}
    found = read(FIXTURES / "mixed_cat.pte")
    assert keys(found) == {"aten::cat.out": ["v1/4;0,1|6;0,1|6;0,1", "v1/6;0,1|6;0,1|6;0,1"]}
    assert found.mixed_lists == {"aten::cat.out"}


def test_methods_and_backends() -> None:
    assert read(FIXTURES / "methods.pte").methods == ("decode", "encode")
    assert read(FIXTURES / "xnnpack.pte").backends == {"XnnpackBackend"}


@pytest.mark.parametrize(
    ("values", "args", "key"),
    [
        ((tensor(6, 0, 1), Value(), tensor(4)), (0, 1, 2, 0), "v1/6;0,1|4;|6;0,1"),
        ((Value(2), Value(9)), (0, 1), "v1"),
        ((), (), "v1"),
        ((tensors(1, 2), tensor(5, 0), tensor(5, 0)), (0,), "v1/5;0"),
        ((tensors(), tensor(5, 0)), (0, 1), "v1/5;0"),
        ((tensors(-1, 1, 2, optional=True), Value(), tensor(11, 1, 0)), (0,), "v1/11;1,0"),
        ((tensors(-1, 1, optional=True), Value(), tensor(15)), (0, 2), "v1/15;"),
        # The output is a list, too: what is in it stands beside it.
        ((tensor(6, 0), tensor(4, 0), tensors(0, 1)), (0, 0, 1, 2), "v1/6;0|6;0|4;0|6;0"),
        # Lists of one dtype in several orders have the key of the first.
        ((tensors(1, 2), tensor(6, 0, 1), tensor(6, 1, 0)), (0,), "v1/6;0,1"),
    ],
)
def test_keys_of_calls(program: Any, values: tuple[Value, ...], args: tuple[int, ...], key: str) -> None:
    found = program(calling("aten::op.out", *values, args=args))
    assert keys(found) == {"aten::op.out": [key]}
    assert not found.mixed_lists


def test_dtypes_of_several_lists_are_added_one_at_a_time(program: Any) -> None:
    found = program(
        calling("a::b", tensors(2, 3, 4), tensors(3, 2, optional=True), tensor(6), tensor(4), tensor(3), args=(0, 1))
    )
    assert keys(found) == {"a::b": ["v1/3;|4;", "v1/6;|4;"]}


def test_operators_that_nothing_calls_have_no_keys(program: Any) -> None:
    found = program(pte_bytes(Plan(("aten::a.out", "aten::b")), Plan(("c::d",), (), (Call(),), name="second")))
    assert found.operators == {"aten::a.out", "aten::b", "c::d"}
    assert keys(found) == {"c::d": ["v1"]}


def test_keys_of_several_methods_are_united(program: Any) -> None:
    plans = (Plan(("a::b",), (tensor(number),), (Call(0, (0,)),), name=str(number)) for number in (3, 6, 3))
    assert keys(program(pte_bytes(*plans))) == {"a::b": ["v1/3;", "v1/6;"]}


def test_instructions_that_call_no_kernel_need_none(program: Any) -> None:
    calls = (Call(0, (), DELEGATE), *(Call(99, None, kind) for kind in (MOVE, JUMP, FREE)))
    found = program(pte_bytes(Plan((), (), calls, ("CoreMLBackend",), name=None)))
    assert (found.operators, keys(found), found.backends) == (frozenset(), {}, {"CoreMLBackend"})


def test_an_overload_may_be_missing(program: Any) -> None:
    assert program(pte_bytes(Plan((("a::b", None), ("a::c", ""))))).operators == {"a::b", "a::c"}


@pytest.mark.parametrize("length", [24, 32, 40])
def test_behind_the_tables_nothing_is_read(program: Any, length: int) -> None:
    plain = calling("a::b", tensor(6))
    for data in (with_header(plain, bytes(100), length=length), bundled(with_header(plain, b"x" * 77, length=length))):
        assert keys(program(data)) == {"a::b": ["v1/6;"]}
    # An offset into the segments is one out of the program.
    cut = with_header(plain, plain, size=len(plain) + 31)
    with pytest.raises(InputError, match="byte"):
        program(cut)


def test_a_list_of_fields_among_the_segments_is_none_of_the_program(program: Any) -> None:
    plain = with_header(calling("a::b", tensor(6)))
    (root,) = struct.unpack_from("<I", plain)
    fields = root - struct.unpack_from("<i", plain, root)[0]
    segments = plain[fields : fields + 64]
    moved = plain[:root] + struct.pack("<i", root - len(plain)) + plain[root + 4 :]
    with pytest.raises(InputError, match="a number of 2 bytes is not all in the file"):
        program(moved + segments)
    # Without a header the segments are a part of the program.
    assert keys(program(moved[:8] + bytes(4) + moved[12:] + segments)) == {"a::b": ["v1/6;"]}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (calling("a::b", tensor(6), args=(-1,)), "instruction 0: a::b: value -1 is asked for, and there are 1"),
        (calling("a::b", tensors(-1)), "instruction 0: a::b: value -1 is asked for, and there are 1"),
        (pte_bytes(Plan(("a::b",), (), (Call(-1),))), "instruction 0: operator -1 is called, and there are 1"),
        (calling("a::b", tensor(99)), "value 0 has a dtype 99, and there are 30"),
    ],
)
def test_errors_say_where(program: Any, data: bytes, message: str) -> None:
    with pytest.raises(InputError, match=r"m.pte: byte \d+: method 'forward': ") as error:
        program(data)
    assert message in error.value.problem


def test_an_older_header_says_nothing_of_the_size_of_segments(program: Any) -> None:
    data = with_header(calling("a::b"), bytes(50))
    assert keys(program(data[:8] + data[8:12] + b"\x18\0\0\0" + data[16:-50] + bytes(3))) == {"a::b": ["v1"]}
    with pytest.raises(InputError, match=r"has .* bytes, and .* by its header"):
        program(data[:-1])


@pytest.mark.parametrize("name", ["methods.pte", "bundled.bpte"])
def test_no_cut_program_is_read(name: str, program: Any) -> None:
    whole = (FIXTURES / name).read_bytes()
    for length in range(1, len(whole), 3):
        try:
            found = program(whole[:length])
        except InputError:
            continue
        # What is cut off is padding behind the tables, or test cases.
        assert found == read(FIXTURES / name)


def read_or_refused(path: Path) -> ExecutorchProgram | None:
    """The program, None where there was an error that names the file."""
    try:
        return read(path)
    except InputError as error:
        if not str(error).startswith(str(path)):
            raise
        return None


@given(st.data())
def test_whatever_is_changed_is_read_or_is_one_error(data: st.DataObject) -> None:
    changed = bytearray((FIXTURES / data.draw(st.sampled_from(PROGRAMS))).read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(st.sampled_from((0, 1, 2, 5, 127, 128, 255)))
    with NamedTemporaryFile(suffix=".pte") as file:
        file.write(changed)
        file.flush()
        found = read_or_refused(Path(file.name))
    assert found is None or found.keys.keys() <= found.operators


@pytest.mark.parametrize(
    ("values", "fraction"),
    [
        ((tensor(3, 0), Value(4), tensor(11, 0)), True),
        ((tensor(3, 0), Value(2), tensor(11, 0)), False),
        ((tensor(3, 0), Value(4), tensor(6, 0)), False),
        ((Value(4),), False),
    ],
)
def test_whole_numbers_and_a_fraction(program: Any, values: tuple[Value, ...], fraction: bool) -> None:
    found = program(calling("aten::gt.Scalar_out", *values, args=tuple(range(len(values)))))
    assert found.fractions == ({"aten::gt.Scalar_out"} if fraction else set())


@pytest.mark.parametrize("value", [Value(0), Value(content=False), Value(5, content=False)])
def test_a_value_without_a_kind_or_content_is_an_error(value: Value, tmp_path: Path) -> None:
    path = tmp_path / "m.pte"
    path.write_bytes(calling("aten::add.out", value))
    with open_file(str(path)) as file, pytest.raises(InputError, match="value 0: what it is about is missing"):
        read_program(file)
