"""Hostile ``.pte`` files and lists of operators by what is wrong with them, the same each time.

Each is refused with one error. Names end as the files would, since lists are known by that.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

from tests.opselect.pte_files import (
    DELEGATE,
    OPTIONAL_LIST,
    TENSOR,
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

_FIXTURES = Path(__file__).parents[2] / "fixtures" / "executorch"
_WHOLE = calling("aten::add.out", tensor(6, 0, 1), tensors(0, 0))
HUGE = (1 << 31) - 1


def _put(data: bytes, place: int, number: int) -> bytes:
    return data[:place] + struct.pack("<I", number & 0xFFFF_FFFF) + data[place + 4 :]


def cut_short() -> Iterator[bytes]:
    methods = (_FIXTURES / "methods.pte").read_bytes()
    yield from (methods[: len(methods) * part // 12] for part in range(1, 12))
    bundle = (_FIXTURES / "bundled.bpte").read_bytes()
    yield from (bundle[:length] for length in (9, 40, 200, 1000))


def no_programs() -> Iterator[bytes]:
    yield b"\x04"
    yield _WHOLE[:4] + b"ET11" + _WHOLE[8:]
    yield _WHOLE[:4] + b"TFL3" + _WHOLE[8:]
    yield pte_bytes()
    yield bundled(None)
    yield bundled(b"")
    yield bundled(b"ET12" * 9)
    yield bundled(bundled(_WHOLE))


def offsets() -> Iterator[bytes]:
    for number in (0, 1, 3, len(_WHOLE), len(_WHOLE) - 2, HUGE, 1 << 31, -1):
        yield _put(_WHOLE, 0, number)
    (root,) = struct.unpack_from("<I", _WHOLE)
    for distance in (root, -len(_WHOLE), HUGE, -(1 << 31)):
        yield _put(_WHOLE, root, distance)


def counts() -> Iterator[bytes]:
    """Lists that claim more elements than there are: of characters, of values of a call, of dimensions."""
    name = struct.pack("<I", len("aten::add")) + b"aten::add"
    order = struct.pack("<I", 2) + bytes((0, 1))
    args = struct.pack("<III", 2, 0, 1)
    for part in (name, order, args):
        yield from (_put(_WHOLE, _WHOLE.index(part), number) for number in (1 << 20, HUGE, 1 << 31, -1))
    yield calling("a::b", Value(TENSOR, order=tuple(range(17))))


def headers() -> Iterator[bytes]:
    yield with_header(_WHOLE, size=0)
    yield with_header(_WHOLE, size=39)
    yield with_header(_WHOLE, size=1 << 40)
    yield with_header(_WHOLE, length=8)
    yield with_header(_WHOLE, length=1 << 20)
    yield with_header(_WHOLE, bytes(64))[:-1]
    yield with_header(_WHOLE, bytes(64), base=1 << 62)
    yield with_header(_WHOLE)[:30]
    yield bundled(with_header(_WHOLE, bytes(64))[:-9])


def indices() -> Iterator[bytes]:
    for number in (1, HUGE, -1, -(1 << 31)):
        yield pte_bytes(Plan(("a::b",), (), (Call(number),)))
        yield pte_bytes(Plan((), (), (Call(number, (), DELEGATE),), ("Backend",)))
        yield calling("a::b", tensor(6), args=(number,))
        yield calling("a::b", tensors(number))
    yield calling("a::b", tensors(-2, optional=True))


def unions() -> Iterator[bytes]:
    yield from (pte_bytes(Plan(("a::b",), (), (Call(kind=kind),))) for kind in (0, 6, 255))
    yield from (calling("a::b", Value(kind)) for kind in (0, 12, 255))


def values() -> Iterator[bytes]:
    yield calling("a::b", Value(TENSOR, order=None))
    yield from (calling("a::b", tensor(dtype)) for dtype in (30, 127, -1))
    yield calling("a::b", tensors(0))
    yield calling("a::b", tensors(0, optional=True))
    yield calling("a::b", tensors(1), tensors(0))
    yield calling("a::b", tensors(1), Value())
    yield calling("a::b", Value(OPTIONAL_LIST, items=(1,)), Value(77))


def names() -> Iterator[bytes]:
    for name in (None, "", "add", "aten:add", "aten::", "::add", 'a::b" == 0) || (true', "a::b\n", "ä::b", "a::b c"):
        yield pte_bytes(Plan(((name, "out"),)))
    yield pte_bytes(Plan((("a::b", "x y"),)))
    yield pte_bytes(Plan((("a::b", "x.y"),)))
    yield pte_bytes(Plan(delegates=(None,)))
    yield pte_bytes(Plan(delegates=("",)))


def names_lists() -> Iterator[bytes]:
    yield b"\n"
    yield b"# aten::add.out\n, ,"
    yield b"add.out"
    yield b"aten::add.out; aten::mul.out"
    yield b"aten::add.out\n\0"
    yield b"aten::a\xff"
    yield b"\xff\xfea\0d\0"
    yield b'"aten::add.out"'


def ops_dicts() -> Iterator[bytes]:
    yield b"["
    yield b"[]"
    yield b"null"
    yield b'"aten::add.out"'
    yield b'{"aten::add.out": "Float"}'
    yield b'{"aten::add.out": null}'
    yield b'{"aten::add.out": [6]}'
    yield b'{"aten::add.out": ["float"]}'
    yield b'{"aten::add.out": ["v1/6"]}'
    yield b'{"aten::add.out": ["v1/30;0"]}'
    yield b'{"aten::add.out": ["v2/6;0"]}'
    yield b'{"aten::add.out": ["v1/6;0|"]}'
    yield b'{"add.out": ["Float"]}'
    yield b'{"aten::add.out": [], "aten::add.out": ["Float"]}'
    yield b"[" * 100_000
    yield b'{"aten::add.out": ' + b"1" * 5_000 + b"}"
    yield b'{"a\\ud800::b": []}'


def yaml_lists() -> Iterator[bytes]:
    yield b"a"
    yield b"{"
    yield b"\xff"
    yield b"operators: [aten::add.out]"
    yield b"operators: {aten::add.out: true}"
    yield b"operators: {add.out: {}}"
    yield b"operators: {aten::add.out: {is_root: true}}"
    yield b"operators: {aten::add.out: {is_root_operator: 1}}"
    yield b"operators: {aten::add.out: {debug_info: model}}"
    yield b"operators: &a {aten::add.out: {}}\net_kernel_metadata: *a"
    yield b"operator: {}"
    yield b"include_all_operators: all"
    yield b"et_kernel_metadata: {aten::add.out: default}"
    yield b"et_kernel_metadata: {aten::add.out: [Flaot]}"
    yield b"et_kernel_metadata: {aten::add.out: [[default]]}"
    yield b"et_kernel_metadata: {aten::add.out: ['v1/6;0;1']}"
    yield b"et_kernel_metadata: {aten::add.out: [v1], aten::add.out: [default]}"
    yield b"et_kernel_metadata: !!python/object:os.system {}"
    yield b"- aten::add.out"
    yield b"- op: [add.out]"
    yield b"- op: a b"
    yield b"- func: add.out"
    yield b"- func: (Tensor x)"
    yield b"- kernels: []"
    yield b"- op: a::b\n---\n- op: c::d"
    yield b"[" * 1_000


PROGRAMS = {
    each.__name__: tuple(each())
    for each in (cut_short, no_programs, offsets, counts, headers, indices, unions, values, names)
}
LISTS = {".txt": tuple(names_lists()), ".json": tuple(ops_dicts()), ".yaml": tuple(yaml_lists())}
HOSTILE = {f"{kind}.pte": found for kind, found in PROGRAMS.items()} | {
    f"list{end}": all_ for end, all_ in LISTS.items()
}
