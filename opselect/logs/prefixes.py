"""What stands in front of the lines of a log that is no part of the message, and which process it tells.

Formats of ``adb logcat`` (``-v brief``, ``process``, ``tag``, ``thread``, ``raw``, ``time``, ``threadtime``, ``long``
with all their modifiers), of Android Studio, Xcode, syslog, glog and absl, TensorFlow's own loggers, Flutter, Gradle,
containers and continuous integration. A line may have several, one behind the other.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_DATE = r"(?:\d{4}-)?\d\d-\d\d"
_TIME = r"\d\d:\d\d:\d\d"
_LEVEL = "[VDIWEFAS]"
_STAMP = rf"(?:{_DATE} {_TIME}\.\d{{3,9}}(?: [+-]\d{{4}})?|\d{{9,11}}\.\d{{3,9}})"
_XCODE_STAMP = rf"\d{{4}}-\d\d-\d\d {_TIME}\.\d{{3,6}}(?:[+-]\d{{4}})?"
_SYSLOG_STAMP = rf"[A-Z][a-z]{{2}} [ \d]\d {_TIME}(?:\.\d+)?"
_ISO_STAMP = rf"\d{{4}}-\d\d-\d\dT{_TIME}(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)"

_OF_PROCESS = tuple(
    re.compile(pattern)
    for pattern in (
        # logcat -v threadtime, with the user in front of the process where that is asked for
        rf" *{_STAMP} +(?:[\w]+ +)?(?P<pid>\d+) +(?P<tid>\d+) {_LEVEL} [^\n]{{0,80}}?: ?",
        # logcat -v time
        rf"{_STAMP}:? {_LEVEL}/[^\n]{{0,80}}?\( *(?P<pid>\d+)\): ?",
        # Android Studio, older: process-thread/package
        rf"{_STAMP} +(?P<pid>\d+)-(?P<tid>\d+)/\S+ {_LEVEL}/[^:\ufe55\n]{{0,80}}[:\ufe55] ?",
        # Android Studio, newer: columns
        rf"{_STAMP} +(?P<pid>\d+)-(?P<tid>\d+) +\S[^\n]{{0,60}}? +\S+ +{_LEVEL} {{1,2}}",
        # logcat -v brief, thread, process
        rf"{_LEVEL}/[^\n]{{0,80}}?\( *(?P<pid>\d+)\): ?",
        rf"{_LEVEL}\( *(?P<pid>\d+): *(?P<tid>\w+)\) ",
        rf"{_LEVEL}\( *(?P<pid>\d+)\) ",
        # Xcode and NSLog
        rf"{_XCODE_STAMP} [^\[\n]{{1,80}}\[(?P<pid>\d+)(?::\w+)?\] ?(?:\[[\w.]+:[\w ]+\] )?",
        # syslog, of devices too
        rf"(?:{_SYSLOG_STAMP}|{_ISO_STAMP}) \S+ [^\[\n]{{1,80}}\[(?P<pid>\d+)\](?: <\w+>)?: ?",
    )
)
_OF_LINES = tuple(
    re.compile(pattern)
    for pattern in (
        # logcat -v tag
        rf"{_LEVEL}/[\w.$ -]{{1,60}}[:\ufe55] ?",
        # glog and absl
        r"[IWEF](?:\d{4}|\d{8}) \d\d:\d\d:\d\d\.\d{6} +\d+ (?P<at>[\w./-]+:\d+)\] ?",
        # TensorFlow's logger, and what it prints where there is no clock
        r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3,6}: [IWEF] (?P<at>[\w./+-]+:\d+)\] ?",
        r"[IWEF] ?(?P<at>[\w./+-]+\.\w+:\d+)\] ?",
        r"(?:native *: *)?(?P<at>[\w./+-]+\.(?:cc|mm|cpp|h):\d+)\]? (?! *(?:error|warning|fatal|note|undefined))",
        # Python's logging
        r"(?:ERROR|WARNING|INFO|CRITICAL|DEBUG|FATAL):[\w.]+:",
        # Flutter
        r"flutter: ?",
        r"\[ERROR:[\w/.-]+\(\d+\)\] ?",
        r"\[ *(?:\+ *\d+ m?s)? *\] ",
        # containers and continuous integration
        r"[\w.-]+(?:_\d+)? +\| ",
        rf"(?:{_ISO_STAMP}|\d{{4}}-\d\d-\d\dT{_TIME}(?:[.,]\d+)?) (?:std(?:out|err) [FP] |\d\d[OE]\+? )?",
        r"\[?\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:[.,]\d{1,9})?\]? (?:- )?",
        r"(?:app|heroku)\[[\w.]+\]: ",
        r"\d+\|[\w.-]+ +\| ",
        r"\d\d:\d\d:\d\d(?:\.\d+)? -> ",
        # numbers of lines, as cat and grep put them in front
        r" *\d{1,7}\t",
        # what pytest puts in front of an error
        r"E {3,}",
        # quoted text
        r"(?:> ?)+(?! Task)",
    )
)
_ANY_OF_PROCESS, _ANY_OF_LINES = (
    re.compile("|".join(re.sub(r"\(\?P<\w+>", "(?:", pattern.pattern) for pattern in patterns))
    for patterns in (_OF_PROCESS, _OF_LINES)
)
_LONG = re.compile(rf"\[ +{_STAMP} +(?P<pid>\d+): *(?P<tid>\w+) +{_LEVEL}/.*\]\s*$")
_TAG_BEHIND = re.compile(r"^[VDIWEFAS]\( *\d+\) ")

_MAX_PREFIXES = 5


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a log: what it says, and the process and thread that said it, empty where it does not tell.

    ``logged_at`` is the place of the sources that logged it, base name and line. ``is_header`` tells that only the
    prefix of the lines that follow stands in it, as ``logcat -v long`` has it.
    """

    body: str
    process: str = ""
    logged_at: str = ""
    is_header: bool = False


def parse_line(text: str) -> Line:
    """A line without its prefixes; the whole line where it has none."""
    header = _LONG.match(text) if text.startswith("[") else None
    if header is not None:
        return Line("", f"{header['pid']}:{header['tid']}", is_header=True)
    process = ""
    start = 0
    for pattern in _OF_PROCESS if _ANY_OF_PROCESS.match(text) else ():
        found = pattern.match(text)
        if found is not None:
            named = found.groupdict()
            process = f"{named['pid']}:{named.get('tid') or ''}"
            start = found.end()
            break
    if start and _TAG_BEHIND.match(text):
        # logcat -v process has the tag behind the text.
        text = re.sub(r"  \([^()]*\) *$", "", text)
    logged_at = ""
    for _ in range(_MAX_PREFIXES):
        for pattern in _OF_LINES if _ANY_OF_LINES.match(text, start) else ():
            found = pattern.match(text, start)
            if found is not None and found.end() > start:
                at = found.groupdict().get("at")
                if at:
                    logged_at = at.rpartition("/")[2]
                start = found.end()
                break
        else:
            break
    return Line(text[start:], process, logged_at)


def without_shared_prefix(line: str, first: str, start: int) -> str:
    """A line without what the first line of its message has in front of the message, digits aside.

    For prefixes of programs that nobody has heard of: ``start`` is where the message begins in the first line.
    """
    end = 0
    for here, there in zip(line[:start], first[:start], strict=False):
        if here != there and not (here.isdigit() and there.isdigit()):
            break
        end += 1
    while end and line[end - 1].isalnum():
        end -= 1
    return line[end:] if end >= _LEAST_SHARED else line


_LEAST_SHARED = 3
