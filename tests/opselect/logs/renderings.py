"""The ways in which programs print a message into a log: functions of a text that leave what it says as it is."""

from __future__ import annotations

import html
import json
import textwrap
from collections.abc import Callable

Rendering = Callable[[str], str]

PID, TID = 4711, 4739


def _on_every_line(prefix: str) -> Rendering:
    """A prefix in front of every line, as programs print that take texts line by line."""
    return lambda text: "".join(f"{prefix}{line}\n" for line in text.split("\n"))


def _on_first_line(prefix: str) -> Rendering:
    """A prefix in front of the text, whose other lines stand bare."""
    return lambda text: f"{prefix}{text}\n"


def wrapped(text: str, columns: int, prefix: str = "") -> str:
    """The text as a terminal of so many columns copies it: broken anywhere, every line full but the last."""
    lines = []
    for line in text.split("\n"):
        lines += [line[at : at + columns] for at in range(0, max(len(line), 1), columns)]
    return "".join(f"{prefix}{line}\n" for line in lines)


def _wrapped(columns: int, prefix: str = "") -> Rendering:
    return lambda text: wrapped(text, columns, prefix)


def _wrapped_at_blanks(columns: int, prefix: str = "") -> Rendering:
    def render(text: str) -> str:
        lines = []
        for line in text.split("\n"):
            lines += textwrap.wrap(
                line, columns, break_long_words=False, break_on_hyphens=False, drop_whitespace=True
            ) or [""]
        return "".join(f"{prefix}{line}\n" for line in lines)

    return render


def _logcat_long(text: str) -> str:
    return f"[ 11-28 19:23:32.205  {PID}: {TID} E/AndroidRuntime ]\n{text}\n\n"


def _in_colours(text: str) -> str:
    lines = text.split("\n")
    return "".join(f"\x1b[31m\x1b[1m{line}\x1b[0m\x1b[K\n" for line in lines)


def _amid_noise(text: str) -> str:
    before = [
        "11-28 19:23:31.998  1021  1188 I ActivityTaskManager: START u0 {act=android.intent.action.MAIN} from uid 90",
        "11-28 19:23:32.001   312   312 W kernel  : binder: 4711:4739 transaction failed 29189/-22, size 0-0",
        f"11-28 19:23:32.101  {PID}  {PID} D AndroidRuntime: Shutting down VM",
    ]
    after = [
        "11-28 19:23:32.301  1021  1204 W ActivityTaskManager:   Force finishing org.example.ocr/.MainActivity",
        "11-28 19:23:32.322  1890  1890 I keystore2: registered 2 listeners",
    ]
    stack = [f"\tat org.example.ocr.Recognizer.step{number}(Recognizer.java:{90 + number})" for number in range(12)]
    head = f"11-28 19:23:32.205  {PID}  {TID} E AndroidRuntime: "
    body = [head + line for line in [*text.split("\n"), *stack]]
    return "\n".join([*before, *body, *after, ""])


def _python_traceback(text: str) -> str:
    return (
        "Traceback (most recent call last):\n"
        '  File "predict.py", line 61, in <module>\n'
        "    main()\n"
        '  File "predict.py", line 48, in main\n'
        "    session.run(outputs, feed_dict={image: pixels})\n"
        f"{text}\n"
        "\n"
        "During handling of the above exception, another exception occurred:\n"
        "\n"
        "Traceback (most recent call last):\n"
        '  File "predict.py", line 52, in main\n'
        "    raise SystemExit(1)\n"
    )


def _crash_report(text: str) -> str:
    return json.dumps({"app": "org.example.ocr", "level": "error", "message": text, "build": 118}) + "\n"


RENDERINGS: dict[str, Rendering] = {
    "clean": lambda text: text,
    "logcat brief": _on_every_line(f"E/AndroidRuntime( {PID}): "),
    "logcat brief, wide pid": _on_every_line("E/tflite  (14711): "),
    "logcat tag": _on_every_line("E/TensorFlowInferenceInterface: "),
    "logcat process": _on_every_line(f"E( {PID}) "),
    "logcat thread": _on_every_line(f"E( {PID}: {TID}) "),
    "logcat time": _on_every_line(f"11-28 19:23:32.205 E/AndroidRuntime( {PID}): "),
    "logcat threadtime": _on_every_line(f"11-28 19:23:32.205  {PID}  {TID} E AndroidRuntime: "),
    "logcat threadtime, padded tag": _on_every_line(f"11-28 19:23:32.205  {PID}  {TID} W tflite  : "),
    "logcat threadtime, year": _on_every_line(f"2026-11-28 19:23:32.205  {PID}  {TID} E AndroidRuntime: "),
    "logcat threadtime, year and zone": _on_every_line(
        f"2026-11-28 19:23:32.205 +0100  {PID}  {TID} E AndroidRuntime: "
    ),
    "logcat threadtime, uid": _on_every_line(f"11-28 19:23:32.205 10123  {PID}  {TID} E AndroidRuntime: "),
    "logcat threadtime, name of uid": _on_every_line(f"11-28 19:23:32.205  u0_a123  {PID}  {TID} E AndroidRuntime: "),
    "logcat threadtime, usec": _on_every_line(f"11-28 19:23:32.205967  {PID}  {TID} E AndroidRuntime: "),
    "logcat threadtime, epoch": _on_every_line(f"1795890212.205  {PID}  {TID} E AndroidRuntime: "),
    "logcat threadtime, monotonic": _on_every_line(f"    9421.205  {PID}  {TID} E AndroidRuntime: "),
    "logcat of Eclipse": _on_every_line(f"11-28 19:23:32.205: E/AndroidRuntime({PID}): "),
    "logcat long": _logcat_long,
    "logcat amid noise": _amid_noise,
    "Android Studio, old": _on_every_line(f"11-28 19:23:32.205 {PID}-{TID}/org.example.ocr E/AndroidRuntime: "),
    "Android Studio, old with year": _on_every_line(
        f"2026-11-28 19:23:32.205 {PID}-{TID}/org.example.ocr E/AndroidRuntime: "
    ),
    "Android Studio, old with ?": _on_every_line(f"11-28 19:23:32.205 {PID}-{TID}/? E/AndroidRuntime: "),
    "Android Studio, first": _on_every_line(
        f"11-28 19:23:32.205    {PID}-{TID}/org.example.ocr E/AndroidRuntime\ufe55 "
    ),
    "Android Studio, new": _on_every_line(
        f"2026-11-28 19:23:32.205  {PID}-{TID}  AndroidRuntime          org.example.ocr                      E  "
    ),
    "Android Studio, old, header on the first line": lambda text: (
        f"11-28 19:23:32.205 {PID}-{TID}/org.example.ocr W/System.err: {text}".replace("\n", "\n    ") + "\n"
    ),
    "System.err": _on_every_line("W/System.err: "),
    "NSLog": _on_first_line(f"2026-11-28 19:23:32.205967+0100 Classifier[{PID}:98765] "),
    "NSLog, old": _on_first_line(f"2016-11-28 19:23:32.205 Classifier[{PID}:98765] "),
    "os_log": _on_first_line(f"2026-11-28 19:23:32.205967+0100 Classifier[{PID}:98765] [inference] "),
    "Xcode, with what it knows": lambda text: (
        f"{text}\nType: Error | Timestamp: 2026-11-28 19:23:32.205967+01:00 | Process: Classifier | TID: 0x1a2b\n"
    ),
    "fastlane": _on_every_line("[19:23:32]: "),
    "console of an iPhone": _on_every_line(f"Nov 28 19:23:32 iPhone Classifier(TensorFlowLiteC)[{PID}] <Error>: "),
    "glog": _on_first_line(f"E1128 19:23:32.205967    {PID} runner.cc:132] "),
    "TensorFlow, old": _on_first_line("E tensorflow/examples/runner.cc:132] "),
    "TensorFlow": _on_first_line("2026-11-28 19:23:32.205967: E tensorflow/examples/runner.cc:132] "),
    "absl": _on_first_line(f"E0000 00:00:1795890212.205967    {PID} runner.cc:132] "),
    "TensorFlow with process of absl": _on_first_line(f"I1128 19:23:32.205967  140213 {PID} runner.cc:132] "),
    "flutter": _on_every_line("flutter: "),
    "flutter of Android": _on_every_line(f"I/flutter ( {PID}): "),
    "react-native": _on_first_line(" ERROR  Error: "),
    "react-native, device": _on_every_line(f"11-28 19:23:32.205  {PID}  {TID} E ReactNativeJS: "),
    "gradle": _on_every_line("        "),
    "gradle, test": lambda text: (
        "> Task :app:connectedDebugAndroidTest\n\norg.example.ocr.RecognizerTest > reads[Pixel_4(AVD) - 11] FAILED\n"
        + "".join(f"\t{line}\n" for line in text.split("\n"))
        + "\tat org.example.ocr.RecognizerTest.reads(RecognizerTest.kt:31)\n"
    ),
    "Unity": lambda text: (
        f"{text}\n  at Classifier.Start () [0x00000] in <0>:0 \n(Filename: not available on il2cpp Line: -1)\n"
    ),
    "pytest": _on_every_line("E       "),
    "python traceback": _python_traceback,
    "monitor of Arduino": _on_every_line("19:23:32.205 -> "),
    "python logging": _on_first_line("2026-11-28 19:23:32,205 - root - ERROR - "),
    "python logging, root": _on_first_line("ERROR:root:"),
    "docker compose": _on_every_line("predictor-1  | "),
    "kubectl": _on_every_line("[pod/predictor-0/main] "),
    "pm2": _on_every_line("0|predictor  | "),
    "heroku": _on_every_line("2026-11-28T19:23:32.205967+00:00 app[web.1]: "),
    "grep of one file": lambda text: "".join(f"{at}:{line}\n" for at, line in enumerate(text.split("\n"), 118)),
    "grep of several files": lambda text: "".join(
        f"device.log:{at}:{line}\n" for at, line in enumerate(text.split("\n"), 118)
    ),
    "numbers of lines": lambda text: "".join(f"{at:6}\t{line}\n" for at, line in enumerate(text.split("\n"), 118)),
    "Markdown": lambda text: f"The app stops:\n\n```\n{text}\n```\n\nWhat now?\n",
    "systemd": _on_every_line(f"Nov 28 19:23:32 device predictor[{PID}]: "),
    "systemd, iso": _on_every_line(f"2026-11-28T19:23:32+0100 device predictor[{PID}]: "),
    "time of a CI": _on_every_line("2026-11-28T19:23:32.2059670Z "),
    "time of a CI and stream": _on_every_line("2026-11-28T19:23:32.205967Z 01O "),
    "time in brackets": _on_every_line("[2026-11-28T19:23:32.205Z] "),
    "quoted": _on_every_line("> "),
    "quoted twice": _on_every_line("> > "),
    "wrapped at blanks of 72": _wrapped_at_blanks(72),
    "wrapped at blanks of 72, quoted": _wrapped_at_blanks(72, "> "),
    "CRLF": lambda text: text.replace("\n", "\r\n") + "\r\n",
    "CRLF and logcat": lambda text: _on_every_line(f"E/AndroidRuntime( {PID}): ")(text).replace("\n", "\r\n"),
    "CRCRLF": lambda text: _on_every_line(f"E/AndroidRuntime( {PID}): ")(text).replace("\n", "\r\r\n"),
    "colours": _in_colours,
    "colours and threadtime": lambda text: _in_colours(
        _on_every_line(f"11-28 19:23:32.205  {PID}  {TID} E AndroidRuntime: ")(text).rstrip("\n")
    ),
    "JSON": _crash_report,
    "literal line breaks": lambda text: text.replace("\n", "\\n").replace("\t", "\\t") + "\n",
    "HTML": lambda text: f"<pre>{html.escape(text)}</pre>\n",
}
"""Renderings by name. Each takes a text without a line break at its end."""

WRAPS: dict[str, Rendering] = {
    "wrapped at 60": _wrapped(60),
    "wrapped at 80": _wrapped(80),
    "wrapped at 100": _wrapped(100),
    "wrapped at 120": _wrapped(120),
    "wrapped at 60, threadtime": _wrapped(60, f"11-28 19:23:32.205  {PID}  {TID} E AndroidRuntime: "),
    "wrapped at 80, brief": _wrapped(80, f"E/AndroidRuntime( {PID}): "),
    "wrapped at 100, quoted": _wrapped(100, "> "),
    "wrapped at 120, docker": _wrapped(120, "predictor-1  | "),
}
"""Renderings that break lines within words."""

ENCODINGS = ("utf-8-sig", "utf-16", "utf-16-be-bom")


def encoded(text: str, encoding: str) -> bytes:
    """A text as a file of an encoding with a byte order mark."""
    if encoding == "utf-16-be-bom":
        return b"\xfe\xff" + text.encode("utf-16-be")
    if encoding == "utf-16":
        return b"\xff\xfe" + text.encode("utf-16-le")
    return text.encode(encoding)


def as_process(text: str, pid: int) -> list[str]:
    """The lines of a text as logcat prints them of a process."""
    return [f"11-28 19:23:32.205 {pid:5} {pid:5} E tflite  : {line}" for line in text.split("\n")]
