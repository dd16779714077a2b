"""The calls of a function in AArch64 code, with what is known of their arguments."""

from __future__ import annotations

import capstone

from opselect.binaries.code.arm_text import Indirect, Operand, operands
from opselect.binaries.code.flow import CodeFlow, State
from opselect.binaries.code.values import Imported, Place, Value
from opselect.binaries.image import Image

_ARGUMENTS = tuple(f"x{number}" for number in range(8))
_SCRATCH = (*(f"x{number}" for number in range(19)), "x30")
_WIDTHS = {"x": 8, "w": 4, "q": 16, "v": 16, "d": 8, "s": 4, "h": 2, "b": 1}
_MASK = (1 << 64) - 1
_NO_EFFECT = frozenset(("cmp", "cmn", "tst", "nop", "bti", "hint", "prfm", "dmb", "ccmp", "fcmp", "paciasp", "autiasp"))
_BRANCHES = frozenset(("cbz", "cbnz", "tbz", "tbnz"))


class AArch64Flow(CodeFlow):
    """The flow of a function in AArch64 code."""

    def __init__(self, image: Image) -> None:
        super().__init__(image, _ARGUMENTS, _SCRATCH, "x0", "sp")
        self._decoder = capstone.Cs(capstone.CS_ARCH_ARM64, capstone.CS_MODE_ARM)
        self._decoder.skipdata = True

    def step(self, state: State, code: bytes, start: int, end: int) -> None:
        """Follows the instructions of a function."""
        for address, _, mnemonic, text in self._decoder.disasm_lite(code, start):
            if address in state.saved:
                state.resume(address)
            if mnemonic in _NO_EFFECT:
                continue
            found = operands(text)
            if mnemonic in {"bl", "b"}:
                self._branch(state, address, mnemonic, found, start, end)
            elif mnemonic in {"blr", "br"}:
                value = self._read(state, found[0]) if found else None
                state.call(
                    address,
                    address + 4,
                    value.name if isinstance(value, Imported) else _address(value),
                    jump=mnemonic == "br",
                )
                if mnemonic == "br":
                    state.lose(address)
            elif mnemonic in {"ret", "retaa", "udf", "brk"}:
                state.end(address)
            elif mnemonic in _BRANCHES or mnemonic.startswith("b."):
                if found and isinstance(found[-1], int) and start <= found[-1] < end:
                    state.jump(address, found[-1])
            else:
                self._effect(state, mnemonic, found)

    def _branch(
        self, state: State, address: int, mnemonic: str, found: tuple[Operand, ...], start: int, end: int
    ) -> None:
        target = found[0] if found and isinstance(found[0], int) else None
        if mnemonic == "bl":
            state.call(address, address + 4, target)
            return
        if target is not None and start <= target < end:
            state.jump(address, target)
        else:
            state.call(address, address + 4, target, jump=True)
        state.lose(address)

    def _effect(self, state: State, mnemonic: str, found: tuple[Operand, ...]) -> None:
        if not found or not isinstance(found[0], str):
            return
        target = found[0]
        if mnemonic.startswith(("str", "stur", "stp", "stnp", "stlr")):
            self._store(state, mnemonic, found)
        elif mnemonic.startswith(("ldr", "ldur", "ldp", "ldnp")):
            self._load(state, mnemonic, found)
        elif mnemonic in {"adrp", "adr"} and isinstance(found[1], int):
            self._write(state, target, found[1])
        elif mnemonic in {"mov", "movz", "fmov"}:
            value = self._read(state, found[1])
            if len(found) > 2:
                value = value << _shift(found[2]) if isinstance(value, int) else None
            self._write(state, target, value)
        elif mnemonic == "movk" and isinstance(found[1], int):
            value, shift = self._read(state, target), _shift(found[2]) if len(found) > 2 else 0
            kept = value & ~(0xFFFF << shift) if isinstance(value, int) else None
            self._write(state, target, None if kept is None else kept | found[1] << shift)
        elif mnemonic == "movn" and isinstance(found[1], int):
            self._write(state, target, ~(found[1] << (_shift(found[2]) if len(found) > 2 else 0)) & _MASK)
        elif mnemonic in {"add", "sub"} and len(found) >= 3:
            amount = self._read(state, found[2])
            if len(found) > 3:
                amount = amount << _shift(found[3]) if isinstance(amount, int) else None
            signed = amount if mnemonic == "add" or not isinstance(amount, int) else -amount
            self._write(state, target, _sum(self._read(state, found[1]), signed))
        elif mnemonic == "movi":
            self._write(state, target, bytes(16) if found[1] == 0 else None)
        elif mnemonic == "csel":
            self._write(state, target, self._read(state, found[1]))
            state.choose(_name(target), self._read(state, found[2]))
        else:
            self._write(state, target, None)

    def _store(self, state: State, mnemonic: str, found: tuple[Operand, ...]) -> None:
        at = next((number for number, operand in enumerate(found) if isinstance(operand, Indirect)), None)
        if at is None:
            return
        place = self._place(state, found, at)
        for number in range(at):
            register = found[number]
            if isinstance(register, str):
                size = _size(mnemonic, register)
                state.store(_sum(place, number * size), size, self._read(state, register))

    def _load(self, state: State, mnemonic: str, found: tuple[Operand, ...]) -> None:
        at = next((number for number, operand in enumerate(found) if isinstance(operand, Indirect)), None)
        place: Value = self._place(state, found, at) if at is not None else None
        if at is None and isinstance(found[-1], int):
            at, place = len(found) - 1, found[-1]
        for number in range(at or 0):
            register = found[number]
            if isinstance(register, str):
                size = _size(mnemonic, register)
                value = state.load(_sum(place, number * size), size)
                if mnemonic.startswith("ldrs") and isinstance(value, int) and value >> (8 * size - 1):
                    value = None
                self._write(state, register, value)

    def _place(self, state: State, found: tuple[Operand, ...], at: int) -> Value:
        """The address of memory; moves the base where the instruction does."""
        memory = found[at]
        if not isinstance(memory, Indirect):
            return None
        base = self._read(state, memory.base)
        offset: Value = memory.offset
        if memory.register:
            value = self._read(state, memory.register)
            offset = value << memory.shift if isinstance(value, int) else None
        place = _sum(base, offset)
        behind = found[at + 1] if at + 1 < len(found) else None
        if memory.before:
            self._write(state, memory.base, place)
        elif isinstance(behind, int):
            self._write(state, memory.base, _sum(base, behind))
        return place

    def _read(self, state: State, operand: Operand) -> Value:
        if isinstance(operand, int):
            return operand & _MASK
        if not isinstance(operand, str) or operand in {"xzr", "wzr"}:
            return 0 if isinstance(operand, str) else None
        value = state.registers.get(_name(operand))
        if isinstance(value, int) and operand[0] == "w" and operand != "wsp":
            return value & 0xFFFFFFFF
        return value

    def _write(self, state: State, register: str, value: Value) -> None:
        if isinstance(value, int):
            value &= 0xFFFFFFFF if register[0] == "w" else _MASK
        state.registers[_name(register)] = value


def _name(register: str) -> str:
    """The whole register that a name is a part of."""
    if register[0] in "xw" and register[1:].isdigit():
        return f"x{register[1:]}"
    if register[0] in "qdshbv" and register[1:2].isdigit():
        return f"v{register[1:].partition('.')[0]}"
    return {"wsp": "sp", "fp": "x29", "lr": "x30"}.get(register, register)


def _size(mnemonic: str, register: str) -> int:
    if mnemonic.endswith("sw"):
        return 4
    if mnemonic.startswith(("ldr", "str", "ldur", "stur", "stlr")) and mnemonic[-1] in "bh":
        return 1 if mnemonic[-1] == "b" else 2
    return _WIDTHS.get(register[0], 8)


def _shift(operand: Operand) -> int:
    text = str(operand)
    return int(text.partition("#")[2] or "0", 0) if text.startswith("lsl") else 0


def _sum(first: Value, second: Value) -> Value:
    if isinstance(second, int):
        signed = second - (1 << 64) if second >> 63 == 1 else second
        if isinstance(first, Place):
            return Place(first.base, first.offset + signed)
        if isinstance(first, int):
            return (first + signed) & _MASK
        if isinstance(first, Imported) and not signed:
            return first
    return _sum(second, first) if isinstance(first, int) and not isinstance(second, int) else None


def _address(value: Value) -> int | None:
    return value if isinstance(value, int) else None
