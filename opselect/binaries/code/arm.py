"""The calls of a function in 32-bit ARM code, ARM and Thumb, with what is known of their arguments."""

from __future__ import annotations

import capstone

from opselect.binaries.code.arm_text import Indirect, Operand, operands
from opselect.binaries.code.flow import CodeFlow, State
from opselect.binaries.code.values import Imported, Place, Value
from opselect.binaries.image import Image

_ARGUMENTS = ("r0", "r1", "r2", "r3")
_SCRATCH = ("r0", "r1", "r2", "r3", "r12", "lr")
_ON_STACK = 4
_MASK = (1 << 32) - 1
_NAMES = {"r9": "r9", "sb": "r9", "sl": "r10", "fp": "r11", "ip": "r12", "r13": "sp", "r14": "lr", "r15": "pc"}
_NO_EFFECT = frozenset(("cmp", "cmn", "tst", "teq", "nop", "it", "dmb", "bti", "vcmp", "vmrs", "pld"))
_CONDITIONS = ("eq", "ne", "cs", "hs", "cc", "lo", "mi", "pl", "vs", "vc", "hi", "ls", "ge", "lt", "gt", "le")


class ArmFlow(CodeFlow):
    """The flow of a function in 32-bit ARM code.

    Whether a function is in ARM or Thumb code is known by its symbol or the loader's pointer to it; of others by who
    calls them. Where nobody said it yet, it is taken to be in what most of the functions are that the loader calls.
    """

    def __init__(self, image: Image) -> None:
        super().__init__(image, _ARGUMENTS, _SCRATCH, "r0", "sp")
        self._arm = capstone.Cs(capstone.CS_ARCH_ARM, capstone.CS_MODE_ARM)
        self._thumb = capstone.Cs(capstone.CS_ARCH_ARM, capstone.CS_MODE_THUMB)
        self._arm.skipdata = self._thumb.skipdata = True
        self._in_thumb = dict.fromkeys(image.thumb, True)
        loaded = [address in image.thumb for address in image.initialisers]
        self._mostly_thumb = 2 * sum(loaded) > len(loaded)

    def step(self, state: State, code: bytes, start: int, end: int) -> None:
        """Follows the instructions of a function."""
        thumb = self._in_thumb.get(start, self._mostly_thumb or start in self.targets.thumb)
        decoder = self._thumb if thumb else self._arm
        for address, size, mnemonic, text in decoder.disasm_lite(code, start):
            if address in state.saved:
                state.resume(address)
            state.place = address
            state.registers["pc"] = address + (4 if thumb else 8)
            name = mnemonic.removesuffix(".w").removesuffix(".n")
            base = name.partition(".")[0]
            if base in _NO_EFFECT or base.startswith("it"):
                continue
            found = operands(text)
            if base in {"bl", "blx", "b", "bx"}:
                self._branch(state, address, size, base, found, (start, end), thumb)
            elif base in {"cbz", "cbnz"} or (base[:1] == "b" and base[1:] in _CONDITIONS):
                if found and isinstance(found[-1], int) and start <= found[-1] < end:
                    state.jump(address, found[-1])
            elif base in {"udf", "trap"}:
                state.end(state.place)
            else:
                self._effect(state, base, found)

    def arguments(self, state: State) -> tuple[Value, ...]:
        """What is known of the arguments of a call: four registers, then the top of the stack."""
        top = state.registers.get("sp")
        held = (
            (state.load(Place(top.base, top.offset + 4 * number), 4) for number in range(_ON_STACK))
            if isinstance(top, Place)
            else ()
        )
        return (*super().arguments(state), *held)

    def function_at(self, value: int) -> int:
        """The address of the function that a pointer points at: the lowest bit says that it is in Thumb code."""
        address = value & ~1
        if value & 1 and self.image.functions.starting(address) is not None:
            self._in_thumb[address] = True
        return address

    def _branch(
        self, state: State, address: int, size: int, base: str, found: tuple[Operand, ...], within: tuple[int, int],
        thumb: bool,
    ) -> None:  # fmt: skip
        operand = found[0] if found else None
        target: int | str | None = None
        if isinstance(operand, int):
            target = operand
            switches = base == "blx"
            if base != "b" or not within[0] <= operand < within[1]:
                self._in_thumb.setdefault(operand, thumb != switches)
        elif isinstance(operand, str):
            value = self._read(state, operand)
            target = value.name if isinstance(value, Imported) else None
            if isinstance(value, int):
                target = self.function_at(value)
            if base == "bx" and operand == "lr":
                state.end(state.place)
                return
        if base in {"bl", "blx"}:
            state.call(address, address + size, target)
            return
        if isinstance(target, int) and within[0] <= target < within[1]:
            state.jump(address, target)
        else:
            state.call(address, address + size, target, jump=True)
        state.lose(state.place)

    def _effect(self, state: State, base: str, found: tuple[Operand, ...]) -> None:
        if base in {"push", "pop", "vpush", "vpop"} or base.startswith(("stm", "ldm")):
            self._many(state, base.removesuffix("ia"), found)
            return
        if not found or not isinstance(found[0], str):
            return
        target = found[0]
        plain = base.removesuffix("s") if base not in {"movs", "adds", "subs"} else base[:-1]
        if base.startswith(("str", "vstr")):
            self._store(state, base, found)
        elif base.startswith(("ldr", "vldr")):
            self._load(state, base, found)
        elif plain in {"mov", "movw"} and len(found) == 2:
            self._write(state, target, self._read(state, found[1]))
        elif base == "movt" and isinstance(found[1], int):
            value = self._read(state, target)
            self._write(state, target, (value & 0xFFFF) | found[1] << 16 if isinstance(value, int) else None)
        elif base == "mvn" and isinstance(found[1], int):
            self._write(state, target, ~found[1] & _MASK)
        elif plain in {"add", "addw", "sub", "subw"} and 2 <= len(found) <= 3:
            first, second = self._read(state, found[-2]), self._read(state, found[-1])
            if plain.startswith("sub"):
                second = -second & _MASK if isinstance(second, int) else None
            self._write(state, target, _sum(first, second))
        elif base == "adr" and isinstance(found[1], int):
            self._write(state, target, _sum(_aligned(state.registers.get("pc")), found[1]))
        elif plain[:-2] == "mov" and plain[-2:] in _CONDITIONS:
            state.choose(_name(target), self._read(state, found[1]))
        else:
            self._write(state, target, None)

    def _many(self, state: State, base: str, found: tuple[Operand, ...]) -> None:
        """Pushes and pops, and their like with another base: several registers at once."""
        names = str(found[-1]).strip("{}^").split(",") if found else []
        names = [name.strip() for name in names if name.strip()]
        size = 8 if base.startswith("v") else 4
        top = state.registers.get("sp")
        if base in {"push", "vpush"} and isinstance(top, Place):
            top = Place(top.base, top.offset - size * len(names))
            state.registers["sp"] = top
            for number, name in enumerate(names):
                state.memory.store(Place(top.base, top.offset + size * number), size, state.registers.get(_name(name)))
        elif base in {"pop", "vpop"} and isinstance(top, Place):
            for number, name in enumerate(names):
                value = state.load(Place(top.base, top.offset + size * number), size)
                state.registers[_name(name)] = value
            state.registers["sp"] = Place(top.base, top.offset + size * len(names))
            if "pc" in names:
                state.end(state.place)
        elif base in {"stm", "ldm", "stmdb", "ldmdb"} and found and isinstance(found[0], str):
            self._at_base(state, base, found[0], names)
        else:
            for name in names:
                self._write(state, name, None)

    def _at_base(self, state: State, base: str, register: str, names: list[str]) -> None:
        """Loads or stores several registers at the address in another one, upwards or, with ``db``, downwards."""
        size, moves = 4 * len(names), register.endswith("!")
        register = register.rstrip("!")
        place = self._read(state, register)
        if base.endswith("db"):
            place = _sum(place, -size & _MASK)
        for number, name in enumerate(names):
            at = _sum(place, 4 * number)
            if base.startswith("ldm"):
                self._write(state, name, state.load(at, 4))
            else:
                state.store(at, 4, self._read(state, name))
        if moves:
            self._write(state, register, place if base.endswith("db") else _sum(place, size))

    def _store(self, state: State, base: str, found: tuple[Operand, ...]) -> None:
        at = next((number for number, operand in enumerate(found) if isinstance(operand, Indirect)), None)
        place = self._place(state, found, at) if at is not None else None
        size = _size(base, str(found[0]))
        for number in range(at or 0):
            register = found[number]
            if isinstance(register, str):
                state.store(_sum(place, number * size), size, self._read(state, register))

    def _load(self, state: State, base: str, found: tuple[Operand, ...]) -> None:
        at = next((number for number, operand in enumerate(found) if isinstance(operand, Indirect)), None)
        if at is None:
            self._write(state, str(found[0]), None)
            return
        place = self._place(state, found, at)
        size = _size(base, str(found[0]))
        for number in range(at):
            register = found[number]
            if isinstance(register, str):
                self._write(state, register, state.load(_sum(place, number * size), size))

    def _place(self, state: State, found: tuple[Operand, ...], at: int) -> Value:
        """The address of memory; moves the base where the instruction does."""
        memory = found[at]
        if not isinstance(memory, Indirect):
            return None
        base = self._read(state, memory.base)
        if _name(memory.base) == "pc" and not memory.register:
            base = _aligned(base)
        offset: Value = memory.offset & _MASK
        if memory.register:
            value = self._read(state, memory.register)
            offset = (value << memory.shift) & _MASK if isinstance(value, int) else None
        place = _sum(base, offset)
        behind = found[at + 1] if at + 1 < len(found) else None
        if memory.before:
            self._write(state, memory.base, place)
        elif isinstance(behind, int):
            self._write(state, memory.base, _sum(base, behind & _MASK))
        return place

    def _read(self, state: State, operand: Operand) -> Value:
        if isinstance(operand, int):
            return operand & _MASK
        return state.registers.get(_name(operand)) if isinstance(operand, str) else None

    def _write(self, state: State, register: str, value: Value) -> None:
        name = _name(register)
        if name == "pc":
            state.lose(state.place)
            return
        if isinstance(value, int) and name[0] not in "dq":
            value &= _MASK
        state.registers[name] = value


def _name(register: str) -> str:
    return _NAMES.get(register, register)


def _size(base: str, register: str) -> int:
    if base.endswith(("b", "sb")):
        return 1
    if base.endswith(("h", "sh")):
        return 2
    return {"d": 8, "q": 16}.get(register[0], 4)


def _aligned(value: Value) -> Value:
    return value & ~3 if isinstance(value, int) else value


def _sum(first: Value, second: Value) -> Value:
    if isinstance(second, int):
        if isinstance(first, Place):
            return Place(first.base, first.offset + (second - (1 << 32) if second >> 31 == 1 else second))
        if isinstance(first, int):
            return (first + second) & _MASK
        if isinstance(first, Imported) and not second:
            return first
    return _sum(second, first) if isinstance(first, int) and not isinstance(second, int) else None
