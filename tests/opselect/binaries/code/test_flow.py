"""The calls that code makes, and their arguments: assembled snippets in, calls out.

Each file in ``snippets`` is of one processor: a title, lines of bytes with the instruction that they are, and behind
``->`` the calls that are found: the goal, and what is known of the arguments as far as anything is.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from opselect.binaries.code.flow import CodeFlow
from opselect.binaries.code.machines import flow_of
from opselect.binaries.code.values import STACK, CodeCall, Either, Imported, Loaded, Place, Value
from opselect.binaries.image import Functions, Image, Machine, Pointers, Region, Symbols

_CODE, _TEXT, _NUMBERS, _TABLE, _CALLEE, _OTHER = 0x1000, 0x2000, 0x2040, 0x2800, 0x3000, 0x3100
_NAMES = {_TEXT: "text", _NUMBERS: "numbers", _CALLEE: "callee", _OTHER: "other"}
_MACHINES = {
    "x86_64": (Machine.X86_64, 64),
    "i386": (Machine.X86, 32),
    "aarch64": (Machine.AARCH64, 64),
    "arm": (Machine.ARM, 32),
    "thumb": (Machine.ARM, 32),
}
_SNIPPETS = Path(__file__).parent / "snippets"


def snippets() -> Iterator[tuple[str, str, bytes, list[str]]]:
    for path in sorted(_SNIPPETS.glob("*.txt")):
        for part in path.read_text().split("== ")[1:]:
            title, *lines = part.splitlines()
            code = b"".join(bytes.fromhex(line.split()[0]) for line in lines if line and not line.startswith("->"))
            yield path.stem, title, code, [line[3:] for line in lines if line.startswith("->")]


def flow(kind: str, code: bytes) -> CodeFlow:
    machine, bits = _MACHINES[kind]
    data = bytearray(0x1000)
    data[: len(b"a text\0")] = b"a text\0"
    data[0x40:0x50] = np.array([3, 19, 9, 10], "<u4").tobytes()
    word = bits // 8
    functions = Functions(
        np.array([_CODE, _CALLEE, _OTHER], np.uint64),
        np.array([_CODE + len(code), _CALLEE + 16, _OTHER + 16], np.uint64),
    )
    return flow_of_image(
        Image(
            name="snippet",
            machine=machine,
            bits=bits,
            big_endian=False,
            content=np.empty(0, np.uint8),
            sections=(),
            segments=(),
            regions=tuple(
                Region(address, np.frombuffer(bytes(content), np.uint8))
                for address, content in ((_CODE, code), (_TEXT, data), (_CALLEE, bytes(0x200)))
            ),
            symbols=Symbols.none(),
            functions=functions,
            pointers=Pointers(
                np.array([_TABLE, _TABLE + word], np.uint64),
                np.array([_TEXT, 0], np.uint64),
                np.array([-1, 0], np.int32),
                ("far",),
            ),
            initialisers=(),
            thumb=frozenset({_CODE} if kind == "thumb" else ()),
        )
    )


def flow_of_image(image: Image) -> CodeFlow:
    found = flow_of(image)
    assert found is not None
    return found


def told(call: CodeCall) -> str:
    """A call as the snippets have it."""
    goal = call.target if isinstance(call.target, str) else _NAMES.get(call.target or 0, str(call.target))
    known = [shown(value, call) for value in call.arguments]
    while known and known[-1] == "?":
        known.pop()
    return f"{'jump to ' if call.jump else ''}{goal}({', '.join(known)})"


def shown(value: Value, call: CodeCall) -> str:
    if isinstance(value, Place):
        held = call.memory.content(value, 16, call.number)
        numbers = [int.from_bytes(held[at : at + 4], "little") for at in range(0, len(held) - 3, 4)]
        place = "stack" if value.base == STACK else f"result {value.base}"
        return f"{place}{value.offset:+d}{numbers or ''}" if value.offset or numbers else place
    if isinstance(value, Imported):
        return f"address of {value.name}"
    if isinstance(value, Loaded):
        return f"word at {value.name}"
    if isinstance(value, Either):
        return " or ".join(shown(one, call) for one in value)
    if value is None:
        return "?"
    return _NAMES.get(value, str(value)) if isinstance(value, int) else value.hex()


@pytest.mark.parametrize(
    ("kind", "code", "calls"), [pytest.param(k, c, e, id=f"{k}: {t}") for k, t, c, e in snippets()]
)
def test_calls_are_found_with_what_is_known_of_their_arguments(kind: str, code: bytes, calls: list[str]) -> None:
    assert [told(call) for call in flow(kind, code).calls(_CODE)] == calls


@pytest.mark.parametrize(
    ("kind", "code", "nothing"),
    [
        ("x86_64", "4889f8 c3", True),  # mov rax, rdi; ret
        ("x86_64", "48897df8 c3", False),  # mov [rbp - 8], rdi; ret: nothing says where rbp points
        ("x86_64", "48893e c3", False),  # mov [rsi], rdi; ret
        ("x86_64", "55 4889e5 48897df8 5d c3", True),  # push rbp; mov rbp, rsp; mov [rbp - 8], rdi; pop rbp; ret
        ("x86_64", "e8fb1f0000 c3", False),  # call callee; ret
        ("aarch64", "200000f9 c0035fd6", False),  # str x0, [x1]; ret
        ("aarch64", "ff4300d1 e00700f9 ff430091 c0035fd6", True),  # sub sp; str x0, [sp, #8]; add sp; ret
        ("arm", "000081e5 1eff2fe1", False),  # str r0, [r1]; bx lr
        ("arm", "04002de5 04009de4 1eff2fe1", True),  # push {r0}; pop {r0}; bx lr
    ],
)
def test_functions_that_do_nothing_are_told_from_those_that_only_store(kind: str, code: str, nothing: bool) -> None:
    assert flow(kind, bytes.fromhex(code)).does_nothing(_CODE) is nothing
