"""Where a call goes: through the stubs that linkers put between, as those of the procedure linkage table."""

from __future__ import annotations

import struct

from opselect.binaries.image import Image, Machine

_MOST_STUBS = 10
"""Of a call from far away: an island, a stub, a constructor that jumps to another, and an island and a stub again."""


class CallTargets:
    """The functions that calls go to in the end: addresses in the image, or names of imports."""

    def __init__(self, image: Image) -> None:
        self._image = image
        self._known: dict[int, int | str] = {}
        self.thumb: set[int] = set()
        """Functions of 32-bit ARM whose address in a table says that they are in Thumb code."""

    def of(self, target: int | str) -> int | str:
        """The function behind a target; a target that is no stub is itself the function."""
        if isinstance(target, str):
            return target
        stub = self._image.stubs.get(target)
        if stub is not None:
            return stub
        known = self._known.get(target)
        if known is None:
            known = self._known[target] = self._follow(target)
        return known

    def _follow(self, target: int) -> int | str:
        for _ in range(_MOST_STUBS):
            further = self._behind(target)
            if further is None:
                return target
            if isinstance(further, str):
                return further
            target = further
            if target in self._image.stubs:
                return self._image.stubs[target]
        return target

    def _behind(self, target: int) -> int | str | None:
        """What a stub jumps to; None for what is no stub."""
        machine = self._image.machine
        if machine is Machine.X86_64:
            return self._x86_stub(target)
        if machine is Machine.X86:
            return self._i386_stub(target)
        if machine is Machine.AARCH64:
            return self._aarch64_stub(target)
        if machine is Machine.ARM:
            return self._arm_stub(target)
        return None

    def _at_slot(self, slot: int) -> int | str | None:
        name = self._image.import_at(slot)
        if name is not None:
            return name
        value = self._image.pointer(slot) or None
        if value is not None and value & 1 and self._image.machine is Machine.ARM:
            value &= ~1
            self.thumb.add(value)
        return value

    def _x86_stub(self, target: int) -> int | str | None:
        """A jump through the global offset table or to a function, with what is allowed before it.

        Source: the psABI of x86-64, "Procedure Linkage Table": ``endbr64`` for branch tracking, ``bnd`` for bounds.
        """
        code = self._image.bytes_at(target, 16)
        at = 4 if code.startswith(b"\xf3\x0f\x1e\xfa") else 0
        if code[at : at + 1] == b"\xf2":
            at += 1
        if code[at : at + 2] == b"\xff\x25" and len(code) >= at + 6:
            return self._at_slot(target + at + 6 + int(struct.unpack_from("<i", code, at + 2)[0]))
        if code[at : at + 1] == b"\xe9" and len(code) >= at + 5:
            return target + at + 5 + int(struct.unpack_from("<i", code, at + 1)[0])
        return None

    def _i386_stub(self, target: int) -> int | str | None:
        """A jump through the table, at an address or relative to the table's, which is in ``ebx`` then."""
        code = self._image.bytes_at(target, 12)
        at = 4 if code.startswith(b"\xf3\x0f\x1e\xfb") else 0
        form, number = code[at : at + 2], int.from_bytes(code[at + 2 : at + 6], "little", signed=True)
        if form == b"\xff\x25":
            return self._at_slot(number & 0xFFFFFFFF)
        if form == b"\xff\xa3":
            tables = [s.address for s in self._image.sections if s.loaded and s.name in {".got.plt", ".got"}]
            return self._at_slot(max(tables, default=0) + number & 0xFFFFFFFF)
        if code[at : at + 1] == b"\xe9":
            return (target + at + 5 + int.from_bytes(code[at + 1 : at + 5], "little", signed=True)) & 0xFFFFFFFF
        return None

    def _aarch64_stub(self, target: int) -> int | str | None:
        """``adrp x16`` with a load from the table and ``br x17``, or with ``add`` and ``br x16``; or one branch.

        Source: the ELF psABI of AArch64; linkers put the second before calls that are too far.
        """
        code = self._image.bytes_at(target, 20)
        words = [int.from_bytes(code[at : at + 4], "little") for at in range(0, len(code) - 3, 4)]
        place = target
        if words and words[0] in {0xD503245F, 0xD503249F, 0xD50324DF}:  # bti c, j, jc
            words, place = words[1:], place + 4
        if not words:
            return None
        if words[0] & 0xFC000000 == 0x14000000:
            offset = (words[0] & 0x3FFFFFF) << 2
            return place + (offset - (1 << 28) if offset & (1 << 27) else offset)
        if len(words) < 3 or words[0] & 0x9F000000 != 0x90000000:
            return None
        page = ((words[0] >> 29) & 3) | ((words[0] >> 5) & 0x7FFFF) << 2
        page = ((place >> 12) + (page - (1 << 21) if page & (1 << 20) else page)) << 12
        base = words[0] & 31
        second = words[1]
        if (second >> 5) & 31 != base:
            return None
        if second & 0xFFC00000 == 0xF9400000 and 0xD61F0000 in {word & 0xFFFFFC1F for word in words[2:4]}:
            return self._at_slot(page + ((second >> 10) & 0xFFF) * 8)
        if second & 0xFFC00000 == 0x91000000 and words[2] & 0xFFFFFC1F == 0xD61F0000:
            return page + ((second >> 10) & 0xFFF)
        return None

    def _arm_stub(self, target: int) -> int | str | None:
        """``add ip, pc`` and ``add ip, ip`` with a load of ``pc`` from the table; before it Thumb code changes to ARM.

        Source: the ELF psABI of ARM, "Procedure Linkage Table".
        """
        code = self._image.bytes_at(target, 24)
        if code.startswith(b"\x78\x47"):  # bx pc
            return target + 4
        words = [int.from_bytes(code[at : at + 4], "little") for at in range(0, len(code) - 3, 4)]
        masked = [word & 0xFFFFF000 for word in words[:3]]
        if masked != [0xE28FC000, 0xE28CC000, 0xE5BCF000]:
            return None
        base = target + 8 + _rotated(words[0]) + _rotated(words[1])
        return self._at_slot((base + (words[2] & 0xFFF)) & 0xFFFFFFFF)


def _rotated(word: int) -> int:
    """The number that an instruction of ARM has: eight bits, rotated to the right by twice four others."""
    turn, value = (word >> 8 & 15) * 2, word & 255
    return (value >> turn | value << (32 - turn)) & 0xFFFFFFFF
