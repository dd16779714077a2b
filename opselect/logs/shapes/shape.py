"""What an entry of the tables of shapes is: one way in which one kind of failure is written."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from opselect.logs.message import LogMessage
from opselect.logs.records import LogFailure, Runtime

Told = Mapping[str, object]
"""Fields of :class:`LogFailure` by name."""

Joins = Callable[[tuple[LogFailure, ...], LogFailure], tuple[LogFailure, ...]]
"""Earlier failures and a later one → what they are together."""


@dataclass(frozen=True, slots=True)
class MessageShape:
    """One way in which a failure is written, as TensorFlow or another program prints it.

    ``begins`` is how the message begins, a pattern for a text without any white space; its named groups are fields of
    :class:`LogFailure`, numbers made ints, but for those that begin with an underscore. ``words`` are two or more words
    of that beginning or of what follows next, without blanks, rare in other texts, and not more than about 40
    characters from each other: only lines near one of them are looked at closely, and where a line break goes through
    one of them, the other is whole.

    ``reads`` tells more from the text behind the beginning; None where the message turns out to be of no failure. It
    is given the match and the message, which begins with the match and ends where the next message begins.

    ``name_first`` tells that it begins with a path, which only white space parts from what stands in front of it.

    ``lines`` is how many lines of the same process may belong to the message, and ``ends`` a pattern behind which no
    more does. ``source`` is the file that prints it.

    ``joins`` makes one failure of this and earlier ones: programs print a list or a summary behind the lines that it is
    of. It is given the failures whose last line is at most ``reach`` lines above, in their order, and this one, and
    gives what takes the place of all of them.
    """

    kind: str
    runtime: Runtime
    begins: str
    words: tuple[str, ...]
    source: str
    reads: Callable[[re.Match[str], LogMessage], Told | None] | None = None
    name_first: bool = False
    lines: int = 6
    ends: str = ""
    joins: Joins | None = None
    reach: int = 0

    def failure(self, message: LogMessage) -> LogFailure | None:
        """What a message that begins as this shape does tells of the failure; None where it is of none."""
        match = re.match(self.begins, message.text)
        if match is None:
            return None
        told: dict[str, object] = {name: value for name, value in match.groupdict().items() if value and name[0] != "_"}
        if self.reads is not None:
            more = self.reads(match, message)
            if more is None:
                return None
            told |= more
        for name in ("version", "removed_in", "graph_version", "builtin_code", "node_number"):
            value = told.get(name)
            if isinstance(value, str):
                told[name] = int(value) if value.isdecimal() and len(value) < 10 else None
        if isinstance(told.get("device"), str):
            told["device"] = str(told["device"]).upper()
        fields = {"kind": self.kind, "runtime": self.runtime, "lines": (message.line_at(0),), **told}
        return LogFailure(**fields)  # type: ignore[arg-type] # checked by the tests of each
