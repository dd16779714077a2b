"""Source files as binaries, linkers and debug information call them, and their paths from the root of a checkout."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from kernel_index.index import KernelIndex
from opselect.binaries.records import RegisteredKernel

_OBJECT = re.compile(r"(?:.*[(/])?([^/()]+?)(?:\.pic)?(?:\.o|\.obj|\.lo)\)?")


class SourcePaths:
    """The paths that an index has for the source files of a binary.

    A name without folders is that of the only file of the index that is called so, or else of the only one that
    registers ``kernels`` of the binary: other files of that name count for it.
    """

    def __init__(self, index: KernelIndex | None, kernels: Iterable[RegisteredKernel] = ()) -> None:
        includes = index.includes if index is not None else {}
        self._known = frozenset(includes)
        count = Counter(path.rpartition("/")[2] for path in includes)
        self._named = {name: path for path in includes for name in (path.rpartition("/")[2],) if count[name] == 1}
        registering: dict[str, set[str]] = {}
        for kernel in kernels:
            registering.setdefault(kernel.file.rpartition("/")[2], set()).add(kernel.file)
        self._named |= {name: min(paths) for name, paths in registering.items() if name and len(paths) == 1}

    def of(self, name: str) -> str:
        """The path of a file, or of the source of an object; the name itself where none is known."""
        made = _OBJECT.fullmatch(name)
        stem = made[1] if made is not None else ""
        base = name.rpartition("/")[2]
        found = next((self._named[each] for each in (base, stem, f"{stem}.cc") if each in self._named), name)
        return self._ending(name) or found

    def _ending(self, name: str) -> str:
        """The known path that a longer one ends with: those of debug information begin where the compiler ran."""
        parts = name.split("/")
        return next((path for at in range(len(parts) - 1) if (path := _joined(parts, at)) in self._known), "")


def _joined(parts: Sequence[str], at: int) -> str:
    return "/".join(parts[at:])
