"""Logs that are still being written: failures as soon as they are there."""

from __future__ import annotations

import os
import select
import stat
import time
from collections.abc import Iterator

from opselect.logs.blocks import Utf8Text
from opselect.logs.joined import fingerprint
from opselect.logs.reader import LogReader
from opselect.logs.records import LogFailure

_WAIT = 0.2
"""Seconds between two looks at a file that grows, and how long a pipe is waited for at a time."""

_SETTLED = 0.4
"""Seconds after which nothing more is expected to belong to a message."""

_BLOCK = 1 << 16


def follow(descriptor: int) -> Iterator[LogFailure]:
    """The distinct failures of a pipe or a file, each once, about half a second after its line is there.

    Ends where a pipe does; a file is followed for ever, from its beginning again when it was cut.
    """
    text = Utf8Text()
    reader = LogReader()
    known: set[tuple[object, ...]] = set()
    is_file = stat.S_ISREG(os.fstat(descriptor).st_mode)
    for block in _blocks(descriptor, is_file=is_file):
        found = list(reader.read(text.utf8(block))) if block else []
        for failure in (*found, *(reader.end() if block is None else reader.flush(_SETTLED))):
            if fingerprint(failure) not in known:
                known.add(fingerprint(failure))
                yield failure


def _blocks(descriptor: int, *, is_file: bool) -> Iterator[bytes | None]:
    """What is there to read, empty where nothing is yet, and None at the end."""
    while True:
        if not is_file and not select.select([descriptor], [], [], _WAIT)[0]:
            yield b""
            continue
        block = os.read(descriptor, _BLOCK)
        if block:
            yield block
        elif is_file:
            if os.fstat(descriptor).st_size < os.lseek(descriptor, 0, os.SEEK_CUR):
                os.lseek(descriptor, 0, os.SEEK_SET)
            yield b""
            time.sleep(_WAIT)
        else:
            yield None
            return
