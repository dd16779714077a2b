"""What the code of each named function refers to, in words that do not hang on addresses."""

from __future__ import annotations

import re

import capstone

from opselect.binaries.image import Image, Machine, SymbolKind

_STUB = 12
_MARKS = re.compile(r"\[rip ([+-]) (0x[0-9a-f]+|\d+)\]")


def references(image: Image) -> dict[str, list[str]]:
    """By the name of each function what it calls and which texts, symbols and imports it takes the address of."""
    names: dict[int, str] = {}
    for number in range(len(image.symbols)):
        names.setdefault(int(image.symbols.addresses[number]), image.symbols.name(number))
    found: dict[str, list[str]] = {}
    for number in range(len(image.symbols)):
        start, size = int(image.symbols.addresses[number]), int(image.symbols.sizes[number])
        if image.symbols.kinds[number] == SymbolKind.FUNCTION and size and names[start] == image.symbols.name(number):
            targets = _arm64(image, start, size) if image.machine is Machine.AARCH64 else _x86_64(image, start, size)
            found[names[start]] = [_word(image, names, target) for target in targets if target]
    return found


def _word(image: Image, names: dict[int, str], target: int) -> str:
    if target in image.stubs:
        return image.stubs[target]
    if (imported := image.import_at(target)) is not None:
        return imported
    section = image.section_at(target)
    if section is not None and section.name.endswith("stubs"):
        (inside,) = (
            [each for each in _arm64(image, target, _STUB) if each]
            if image.machine is Machine.AARCH64
            else [each for each in _x86_64(image, target, 6) if each]
        )
        return image.import_at(inside) or "?"
    # Slots are where linkers keep addresses that they could have put into the code.
    if image.pointers.number(target) is not None and target not in names:
        return _word(image, names, image.pointer(target) or 0)
    # Objects for arm64 have names for texts (l_.str).
    name = names.get(target, "")
    return (image.text(target) or "?") if not name or name.startswith("l_") else name


def _x86_64(image: Image, start: int, size: int) -> list[int]:
    found = []
    decoder = capstone.Cs(capstone.CS_ARCH_X86, capstone.CS_MODE_64)
    for address, length, mnemonic, operands in decoder.disasm_lite(image.bytes_at(start, size), start):
        if mnemonic in {"call", "jmp"} and operands.startswith("0x"):
            target = int(operands, 16)
            found += [] if start < target < start + size else [target]
        elif match := _MARKS.search(operands):
            distance = int(match[2], 0) * (1 if match[1] == "+" else -1)
            found.append(address + length + distance)
    return found


def _arm64(image: Image, start: int, size: int) -> list[int]:
    """Targets of calls, and addresses that two instructions make: linkers write others in shorter ways."""
    found, pages = [], dict[str, int]()
    decoder = capstone.Cs(capstone.CS_ARCH_ARM64, capstone.CS_MODE_ARM)
    for _, _, mnemonic, operands in decoder.disasm_lite(image.bytes_at(start, size), start):
        parts = [part.strip(" []#") for part in operands.split(",")]
        if mnemonic == "adrp":
            pages[parts[0]] = int(parts[1], 16)
        elif mnemonic in {"b", "bl"}:
            target = int(parts[0], 16)
            found += [] if start < target < start + size else [target]
        elif mnemonic == "adr":
            found.append(int(parts[1], 16))
        elif len(parts) > 1 and parts[1] in pages:
            page = pages.pop(parts[1])
            if mnemonic == "add" or (mnemonic == "ldr" and size == _STUB):
                found.append(page + (int(parts[2], 0) if len(parts) > 2 else 0))
    return found
