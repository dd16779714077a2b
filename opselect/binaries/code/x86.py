"""The calls of a function in x86 code, 64 or 32 bits, with what is known of their arguments.

It follows the instructions in order, as straight-line code runs: what is behind a jump that is always taken begins with
what was known where somebody jumps there.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import capstone

from opselect.binaries.code.flow import CodeFlow, State
from opselect.binaries.code.values import Imported, Place, Value
from opselect.binaries.image import Image

_ARGUMENTS = ("rdi", "rsi", "rdx", "rcx", "r8", "r9")
_SCRATCH = ("rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11")
_SIZES = {"byte": 1, "word": 2, "dword": 4, "qword": 8, "xmmword": 16, "ymmword": 32, "zmmword": 64}
_MEMORY = re.compile(r"(?:(\w+) ptr )?(?:[c-gs]s:)?\[(.+)\]")
_NO_EFFECT = frozenset(
    {
        "nop", "test", "cmp", "endbr64", "int3", "ucomiss", "ucomisd", "comiss", "comisd", "bt",
        "vzeroupper", "leave", "pause", "mfence", "lfence", "sfence",
    }
)  # fmt: skip


_MOVES = frozenset(
    (
        "movaps",
        "movups",
        "movdqa",
        "movdqu",
        "movq",
        "movd",
        "vmovaps",
        "vmovups",
        "vmovdqa",
        "vmovdqu",
        "vmovq",
        "vmovd",
    )
)
_ENDS = frozenset({"ret", "ud2", "hlt"})


_COPIES = {
    bytes((0x8B, 0x04 | number << 3, 0x24, 0xC3)): name
    for number, name in enumerate(("rax", "rcx", "rdx", "rbx", "", "rbp", "rsi", "rdi"))
    if name
}
"""Functions that copy their return address into a register, by their code."""


class _Memory(NamedTuple):
    size: int
    base: str
    times: str
    scale: int
    offset: int


class _Register(NamedTuple):
    name: str
    size: int


_Operand = _Memory | _Register | int | None


def _registers() -> dict[str, _Register]:
    found: dict[str, _Register] = {}
    for letter in "abcd":
        whole = f"r{letter}x"
        found |= {whole: _Register(whole, 8), f"e{letter}x": _Register(whole, 4), f"{letter}x": _Register(whole, 2)}
        found |= {f"{letter}l": _Register(whole, 1), f"{letter}h": _Register(whole, 1)}
    for name in ("si", "di", "bp", "sp"):
        whole = f"r{name}"
        found |= {whole: _Register(whole, 8), f"e{name}": _Register(whole, 4), name: _Register(whole, 2)}
        found[f"{name}l"] = _Register(whole, 1)
    for number in range(8, 16):
        whole = f"r{number}"
        found |= {whole: _Register(whole, 8), f"{whole}d": _Register(whole, 4), f"{whole}w": _Register(whole, 2)}
        found[f"{whole}b"] = _Register(whole, 1)
    for number in range(32):
        found |= {
            f"{kind}mm{number}": _Register(f"xmm{number}", size) for kind, size in zip("xyz", (16, 32, 64), strict=True)
        }
    return found


_REGISTERS = _registers()
_NO_REGISTER = frozenset({"riz", "eiz"})
"""What a disassembler writes where an instruction names an index and means none."""


@lru_cache(maxsize=1 << 14)
def _operand(text: str) -> _Operand:
    register = _REGISTERS.get(text)
    if register is not None:
        return register
    at = text.find("[rip ")
    if at >= 0:
        # Most of what is not in the cache: each instruction has an offset of its own.
        offset = int(text[at + 7 : -1], 16)
        return _Memory(
            _SIZES.get(text[:at].partition(" ")[0], 8), "rip", "", 1, offset if text[at + 5] == "+" else -offset
        )
    memory = _MEMORY.fullmatch(text)
    if memory is None:
        try:
            return int(text, 0)
        except ValueError:
            return None
    base = times = ""
    scale, offset, sign = 1, 0, 1
    for part in re.split(r" ([+-]) ", memory[2]):
        if part in {"+", "-"}:
            sign = 1 if part == "+" else -1
        elif "*" in part:
            times, _, factor = part.partition("*")
            times, scale = _REGISTERS[times].name if times in _REGISTERS else "", int(factor, 0)
        elif part in _REGISTERS or part == "rip":
            name = part if part == "rip" else _REGISTERS[part].name
            base, times = (name, times) if not base else (base, name)
        elif part == "eip":
            return None
        elif part not in _NO_REGISTER:
            offset += sign * int(part, 0)
    return _Memory(_SIZES.get(memory[1] or "", 8), base, times, scale, offset)


class X86Flow(CodeFlow):
    """The flow of a function in x86 code. Registers have their names of 64 bits, also where they have 32."""

    def __init__(self, image: Image) -> None:
        super().__init__(image, _ARGUMENTS, _SCRATCH if image.bits == 64 else _SCRATCH[:3], "rax", "rsp")
        self._word = image.pointer_size
        self._mask = (1 << image.bits) - 1
        self._decoder = capstone.Cs(
            capstone.CS_ARCH_X86, capstone.CS_MODE_64 if image.bits == 64 else capstone.CS_MODE_32
        )
        self._decoder.skipdata = True

    def arguments(self, state: State) -> tuple[Value, ...]:
        """What is known of the arguments of a call: six registers, or with 32 bits six words of the stack."""
        if self._word == 8:
            return super().arguments(state)
        top = state.registers.get("rsp")
        if not isinstance(top, Place):
            return (None,) * len(_ARGUMENTS)
        return tuple(state.load(Place(top.base, top.offset + 4 * at), 4) for at in range(len(_ARGUMENTS)))

    def given(self, arguments: Sequence[Value], top: Place) -> tuple[dict[str, Value], list[tuple[Place, Value]]]:
        """Registers and words of the stack where a function finds its arguments."""
        if self._word == 8:
            return super().given(arguments, top)
        return {}, [(Place(top.base, top.offset + 4 + 4 * at), value) for at, value in enumerate(arguments)]

    def step(self, state: State, code: bytes, start: int, end: int) -> None:
        """Follows the instructions of a function."""
        registers = state.registers
        for address, size, mnemonic, text in self._decoder.disasm_lite(code, start):
            after = address + size
            if address in state.saved:
                state.resume(address)
                registers = state.registers
            if mnemonic == "call":
                if self._word == 8 or not self._tells_place(state, _operand(text), after):
                    self._call(state, address, after, text)
                continue
            if mnemonic == "mov" or mnemonic == "movabs":
                first, _, second = text.partition(", ")
                self._move(state, _operand(first), self._read(state, second, after), after)
                continue
            if mnemonic == "lea":
                first, _, second = text.partition(", ")
                target, memory = _operand(first), _operand(second)
                if isinstance(target, _Register) and isinstance(memory, _Memory):
                    registers[target.name] = self._address(state, memory, after)
                continue
            if mnemonic in _NO_EFFECT:
                continue
            if mnemonic in _ENDS:
                state.end(address)
                registers = state.registers
                continue
            if mnemonic[0] == "j":
                target = _operand(text)
                self._jump(state, address, after, mnemonic, target, text, start, end)
                registers = state.registers
                continue
            self._other(state, mnemonic, text, after)

    def _tells_place(self, state: State, target: _Operand, after: int) -> bool:
        """Whether a call only tells where it stands: to the next instruction, or to a function that copies its return.

        Code of 32 bits finds data by this. Source: the psABI of i386, "Position-Independent Function Prologue".
        """
        if not isinstance(target, int):
            return False
        if target == after:
            self._other(state, "push", hex(after), after)
            return True
        copies = _COPIES.get(self.image.bytes_at(target, 4))
        if copies is not None:
            state.registers[copies] = after
        return copies is not None

    def _call(self, state: State, address: int, after: int, text: str, *, jump: bool = False) -> None:
        operand = _operand(text)
        target: int | str | None = None
        if isinstance(operand, int):
            target = operand
        else:
            value = self._read(state, text, after)
            if isinstance(value, int):
                target = value
            elif isinstance(value, Imported):
                target = value.name
        state.call(address, after, target, jump=jump)

    def _jump(
        self, state: State, address: int, after: int, mnemonic: str, target: _Operand, text: str, start: int, end: int
    ) -> None:
        if mnemonic != "jmp":
            if isinstance(target, int) and start <= target < end:
                state.jump(address, target)
            return
        if isinstance(target, int) and start <= target < end:
            state.jump(address, target)
        else:
            self._call(state, address, after, text, jump=True)
        state.lose(address)

    def _address(self, state: State, memory: _Memory, after: int) -> Value:
        if memory.base == "rip":
            return after + memory.offset
        base: Value = state.registers.get(memory.base) if memory.base else 0
        if memory.times:
            times = state.registers.get(memory.times)
            if not isinstance(times, int) or not isinstance(base, int | Place):
                return None
            offset = memory.offset + times * memory.scale
        else:
            offset = memory.offset
        if isinstance(base, int):
            return (base + offset) & self._mask
        if isinstance(base, Place):
            return Place(base.base, base.offset + offset)
        return base if isinstance(base, Imported) and not offset else None

    def _read(self, state: State, text: str, after: int) -> Value:
        operand = _operand(text)
        if isinstance(operand, int):
            return operand
        if isinstance(operand, _Register):
            value = state.registers.get(operand.name)
            if operand.size < 8 and isinstance(value, int):
                return value & ((1 << (8 * operand.size)) - 1)
            return value
        if isinstance(operand, _Memory):
            return state.load(self._address(state, operand, after), operand.size)
        return None

    def _move(self, state: State, target: _Operand, value: Value, after: int) -> None:
        if isinstance(target, _Register):
            if target.size < 4:
                # The rest of the register stays what it was.
                whole, part = state.registers.get(target.name), (1 << (8 * target.size)) - 1
                if isinstance(value, int) and isinstance(whole, int):
                    value = (whole & ~part) | (value & part)
                else:
                    value = None
            elif target.size == 4 and isinstance(value, int):
                value &= 0xFFFFFFFF
            state.registers[target.name] = value
        elif isinstance(target, _Memory):
            state.store(self._address(state, target, after), target.size, value)

    def _other(self, state: State, mnemonic: str, text: str, after: int) -> None:
        first, _, second = text.partition(", ")
        target = _operand(first)
        if mnemonic == "push":
            state.move_stack(-self._word)
            top = state.registers.get("rsp")
            if isinstance(top, Place):
                state.memory.store(top, self._word, self._read(state, first, after))
            return
        if mnemonic == "pop":
            top = state.registers.get("rsp")
            value = state.load(top, self._word) if isinstance(top, Place) else None
            self._move(state, target, value, after)
            state.move_stack(self._word)
            return
        if mnemonic in _MOVES:
            self._move(state, target, self._read(state, second, after), after)
            return
        if mnemonic in {"xor", "xorps", "pxor", "vxorps", "vpxor"}:
            parts = set(text.split(", "))
            if len(parts) == 1 or (mnemonic[0] == "v" and len(set(text.split(", ")[1:])) == 1):
                wide = isinstance(target, _Register) and target.name.startswith("xmm")
                self._move(state, target, bytes(32) if wide else 0, after)
                return
        if mnemonic in {"add", "sub"} and isinstance(target, _Register) and target.size == self._word:
            amount, value = self._read(state, second, after), state.registers.get(target.name)
            if isinstance(amount, int):
                amount = amount if mnemonic == "add" else -amount
                if isinstance(value, Place):
                    state.registers[target.name] = Place(value.base, value.offset + amount)
                    return
                if isinstance(value, int):
                    state.registers[target.name] = (value + amount) & self._mask
                    return
        if mnemonic.startswith("cmov") and isinstance(target, _Register):
            state.choose(target.name, self._read(state, second, after))
            return
        if mnemonic == "and" and isinstance(target, _Register) and target.name == "rsp":
            return
        if mnemonic in {"movzx", "movsxd", "movsx"} and isinstance(target, _Register):
            value = self._read(state, second, after)
            state.registers[target.name] = value if isinstance(value, int) else None
            return
        if isinstance(target, _Register):
            state.registers[target.name] = None
        elif isinstance(target, _Memory):
            state.store(self._address(state, target, after), target.size, None)
