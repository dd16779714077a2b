"""A log of 100 MB with few failures in it: ``opselect diagnose``, beside grep for the same words.

Made is a logcat of many processes, among them lines that resemble failures, with 50 messages of ``fixtures/logs`` in
it. ``grep -c -F`` counts the lines with any of the words that messages have; it reads the same file and does no more.
Whole processes, in turn.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
from pathlib import Path

from benchmarks.figures import Curve, Figure, Measured
from benchmarks.given import Given, main
from benchmarks.processes import cost, in_turn, opselect
from opselect.logs.shapes import words

RUNS = 3
REASON = "the answer needs indexes of releases, which came after the limit was set"
SIZES = (25, 50, 100)
MEGABYTES = SIZES[-1]
MESSAGES = Path(__file__).resolve().parents[1] / "fixtures/logs/messages"
FAILURES = 50
TAGS = ("ActivityManager", "WifiService", "libEGL", "art", "OpenGLRenderer", "tflite", "System.err", "audio_hw_primary")
TEXTS = (
    "Start proc 12345:com.android.chrome/u0a20 for broadcast {com.android.chrome/Receiver}",
    "registered receiver for android.net.conn.CONNECTIVITY_CHANGE, custom operation of another process",
    "Background concurrent copying GC freed 12345(1MB) AllocSpace objects, 0(0B) LOS objects, 49% free",
    "kernel: usb 1-1: new high-speed device number 5 using xhci_hcd",
    "avc: denied { read } for name=foo dev=proc ino=1234 scontext=u:r:untrusted_app:s0 tclass=file",
    "Skipped 33 frames! The application may be doing too much work on its main thread.",
)


def write_log(path: Path, size: int) -> None:
    """A log of about so many bytes."""
    choose = random.Random(7)
    messages = [each.read_text() for each in sorted(MESSAGES.rglob("*.txt"))]
    places = sorted(choose.randrange(size) for _ in range(FAILURES))
    written = number = 0
    with path.open("w") as log:
        while written < size:
            number += choose.randint(0, 20)
            minute, second = divmod(number // 1000, 60)
            stamp = f"06-05 {minute // 60 % 24:02}:{minute % 60:02}:{second:02}.{number % 1000:03}"
            process = f"{choose.randint(300, 9000):5} {choose.randint(300, 9999):5} {choose.choice('VDIWE')}"
            text = f"{choose.choice(TEXTS)} {choose.getrandbits(64):x}"
            written += log.write(f"{stamp} {process} {choose.choice(TAGS):<8}: {text}\n")
            if places and written > places[0]:
                places.pop(0)
                for line in choose.choice(messages).splitlines():
                    written += log.write(f"{stamp} 26605 26639 E AndroidRuntime: {line}\n")


def measure(_given: Given) -> Measured:
    with tempfile.TemporaryDirectory() as folder:
        log, listed, printed = (Path(folder, name) for name in ("logcat", "words", "printed.json"))
        growth = []
        for size in SIZES:  # the last one stays
            write_log(log, size * 1_000_000)
            growth.append(cost(opselect("diagnose", log, "--json", "--quiet")).core_seconds)
        listed.write_text("".join(f"{word}\n" for word in words()))
        diagnose = opselect("diagnose", log, "--json", "--quiet")
        grep = ["grep", "-c", "-F", "-f", listed, log]
        ours, theirs = in_turn(diagnose, grep, runs=RUNS)
        cost(diagnose, printed)
        failures = json.loads(printed.read_text())["failures"]
        what, tool = f"diagnose of a log of {MEGABYTES} MB", "grep -c -F"
        return Measured(
            [
                Figure(what, ours.seconds, "s", tool, theirs.seconds, at_most=3),
                Figure(f"{what}: memory", ours.megabytes, "MB", tool, theirs.megabytes, at_most=60, reason=REASON),
            ],
            curves=[Curve("diagnose", "MB of log", SIZES, tuple(growth))],
            notes=[f"{len(failures)} failures in {sum(each['count'] for each in failures)} places"],
        )


if __name__ == "__main__":
    sys.exit(main(measure, __doc__))
