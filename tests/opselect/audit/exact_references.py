"""What code refers to, read instruction by instruction: slow, and what the quick reading is measured by."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

import capstone
from capstone import arm64_const, x86_const

from opselect.audit.references import is_fixed
from opselect.binaries.image import Image, Machine

_SYSTEMS = {
    Machine.X86_64: (capstone.CS_ARCH_X86, capstone.CS_MODE_64),
    Machine.X86: (capstone.CS_ARCH_X86, capstone.CS_MODE_32),
    Machine.ARM: (capstone.CS_ARCH_ARM, capstone.CS_MODE_ARM),
    Machine.AARCH64: (capstone.CS_ARCH_ARM64, capstone.CS_MODE_ARM),
}


def exact_references(image: Image, functions: Iterable[int], *, thumb: bool = False) -> set[tuple[int, int]]:
    """The number of a function and an address that an instruction of it means, whatever stands there."""
    architecture, mode = _SYSTEMS[image.machine]
    system = capstone.Cs(architecture, capstone.CS_MODE_THUMB if thumb else mode)
    system.detail = True
    read = {Machine.AARCH64: _arm64, Machine.ARM: _arm}.get(image.machine, partial(_x86, fixed=is_fixed(image)))
    found: set[tuple[int, int]] = set()
    for number in functions:
        start, end = int(image.functions.starts[number]), int(image.functions.ends[number])
        instructions = system.disasm(image.bytes_at(start, end - start), start)
        meant = read(instructions)
        found.update((number, address) for address in meant)
    return found


def _x86(instructions: Iterable[Any], *, fixed: bool) -> Iterator[int]:
    """Constants are addresses in jumps and calls, and anywhere in code that is linked for one address."""
    for instruction in instructions:
        jumps = instruction.group(capstone.CS_GRP_JUMP) or instruction.group(capstone.CS_GRP_CALL)
        for operand in instruction.operands:
            if operand.type == x86_const.X86_OP_IMM and (jumps or fixed):
                yield operand.imm
            elif operand.type == x86_const.X86_OP_MEM and operand.mem.base == x86_const.X86_REG_RIP:
                yield instruction.address + instruction.size + operand.mem.disp
            elif operand.type == x86_const.X86_OP_MEM and fixed:
                yield operand.mem.disp


def _arm(instructions: Iterable[Any]) -> Iterator[int]:
    """Jumps and calls alone."""
    for instruction in instructions:
        if instruction.mnemonic.split(".")[0] in {"b", "bl", "blx"} and instruction.op_str.startswith("#"):
            yield instruction.operands[0].imm


def _arm64(instructions: Iterable[Any]) -> Iterator[int]:
    pages: dict[int, int] = {}
    for instruction in instructions:
        operands = instruction.operands
        immediates = [operand.imm for operand in operands if operand.type == arm64_const.ARM64_OP_IMM]
        if instruction.mnemonic == "adrp":
            pages[operands[0].reg] = immediates[0]
            continue
        if instruction.mnemonic == "add" and operands[1].reg in pages and immediates:
            yield pages[operands[1].reg] + immediates[0]
        elif instruction.mnemonic in {"b", "bl", "adr"} or instruction.mnemonic.startswith(("b.", "cb")):
            yield from immediates
        for operand in operands:
            if operand.type == arm64_const.ARM64_OP_MEM and operand.mem.base in pages and not operand.mem.index:
                yield pages[operand.mem.base] + operand.mem.disp
        _, written = instruction.regs_access()
        for register in written:
            # The 32-bit half has a number of its own.
            name = instruction.reg_name(register)
            for known in [r for r in pages if instruction.reg_name(r)[1:] == name[1:] and name[0] in "wx"]:
                del pages[known]
        if instruction.mnemonic in {"bl", "blr"}:
            pages = {r: page for r, page in pages.items() if _saved(instruction.reg_name(r))}
        elif instruction.mnemonic in {"ret", "br"}:
            pages = {}


def _saved(name: str) -> bool:
    return name[1:].isdigit() and int(name[1:]) >= 19
