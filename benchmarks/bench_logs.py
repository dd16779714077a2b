"""A large log with few failures in it: time and peak memory of ``opselect diagnose``, against grep for the same words.

    python benchmarks/bench_logs.py [--megabytes 100] [--opselect PROGRAM]

Made is a logcat of many processes, among them lines that resemble failures, with 50 messages of ``fixtures/logs`` in
it. ``grep -c -F`` counts the lines with any of the words that messages have; it reads the same file and does no more.
Counted is the fastest of --runs runs of each. Memory is the peak resident set as the kernel counts it.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import tempfile
import time
from pathlib import Path

from opselect.logs.shapes import words

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


def measured(command: list[str], output: Path) -> tuple[float, float]:
    """Seconds and megabytes of a command, whose stdout goes to a file."""
    started = time.perf_counter()
    pid = os.fork()
    if pid == 0:
        with output.open("wb") as stdout:
            os.dup2(stdout.fileno(), 1)
            os.execvp(command[0], command)
    _, _, usage = os.wait4(pid, 0)
    return time.perf_counter() - started, usage.ru_maxrss / 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--megabytes", type=int, default=100)
    parser.add_argument("--opselect", default="opselect")
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    with tempfile.TemporaryDirectory() as folder:
        log, listed, ours, theirs = (Path(folder, name) for name in ("logcat", "words", "ours.json", "theirs"))
        write_log(log, options.megabytes * 1_000_000)
        listed.write_text("".join(f"{word}\n" for word in words()))
        own = [options.opselect, "diagnose", str(log), "--json", "--quiet"]
        grep = ["grep", "-c", "-F", "-f", str(listed), str(log)]
        runs = [(*measured(own, ours), *measured(grep, theirs)) for _ in range(options.runs)]
        own_time, own_memory, grep_time, grep_memory = map(min, zip(*runs, strict=True))
        failures = json.loads(ours.read_text())["failures"]
        lines = theirs.read_text().strip()
    count = sum(each["count"] for each in failures)
    print(f"opselect diagnose  {own_time:6.2f} s  {own_memory:5.0f} MB  {len(failures)} failures, {count} occurrences")
    print(f"grep -c -F         {grep_time:6.2f} s  {grep_memory:5.0f} MB  {lines} lines")
    print(f"ratio              {own_time / grep_time:6.2f}    {own_memory / grep_memory:5.1f}")


if __name__ == "__main__":
    sys.exit(main())
