"""Which names stand in a program or a library: an op whose name is nowhere in it, it does not register."""

from __future__ import annotations

import mmap
from pathlib import Path

from kernel_index.errors import InputError

_PROGRAMS = (
    b"\x7fELF", b"!<arch>\n", b"!<thin>\n", b"MZ", b"\x00asm", b"\xfe\xed\xfa\xce", b"\xfe\xed\xfa\xcf",
    b"\xce\xfa\xed\xfe", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe",
)  # fmt: skip
"""How programs, libraries and archives of object files begin: ELF, ar, PE, WebAssembly and Mach-O."""


class BinaryNames:
    """The texts of a binary, as far as anybody asks: registrations give names of ops as C strings.

    Raises InputError for what cannot be read, and for what is no program, as an .apk, whose libraries are packed.
    """

    def __init__(self, path: Path) -> None:
        self.name = str(path)
        try:
            with path.open("rb") as file:
                self._bytes = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError) as error:
            raise InputError(str(path), f"cannot be read: {getattr(error, 'strerror', None) or error}") from None
        if not self._bytes[:8].startswith(_PROGRAMS):
            advice = "An .apk, .aar or .ipa is a zip file: unpack it and name the library in it (.so, .a)."
            raise InputError(str(path), "is no program or library", advice)
        self._known: dict[str, bool] = {}

    def has(self, name: str) -> bool:
        """Whether a name stands in it as a C string, or at the end of one: linkers let strings share their ends."""
        if name not in self._known:
            self._known[name] = self._bytes.find(name.encode() + b"\0") >= 0
        return self._known[name]
