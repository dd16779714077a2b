"""For which system and processor a compiler compiles: by its flags, or by its own name."""

from __future__ import annotations

import re
from dataclasses import dataclass

_PROCESSORS = (
    ("arm64", re.compile(r"aarch64|arm64")),
    ("arm", re.compile(r"arm|thumb")),
    ("x86-64", re.compile(r"x86_64|amd64|x64|k8")),
    ("x86", re.compile(r"i[3-6]86|^x86$")),
    ("riscv64", re.compile(r"riscv")),
)
_SYSTEMS = (
    ("android", re.compile(r"android")),
    ("ios", re.compile(r"ios|iphone")),
    ("macos", re.compile(r"darwin|macos")),
    ("windows", re.compile(r"windows|mingw|msvc|win32")),
    ("linux", re.compile(r"linux|gnueabi")),
)


@dataclass(frozen=True, slots=True)
class CompilerTarget:
    """``said_by`` is the argument or the name that tells; empty where nothing does and this machine's kind is taken."""

    system: str
    processor: str
    clang: bool
    said_by: str = ""


def processor_of(text: str) -> str:
    """The processor that the first part of a target triple, or an ``-arch``, names; empty where it is not known."""
    return next((name for name, pattern in _PROCESSORS if pattern.search(text.lower())), "")


def system_of(text: str) -> str:
    """The system that a target triple names; empty where it names none that is known."""
    return next((name for name, pattern in _SYSTEMS if pattern.search(text.lower())), "")


def target_of(
    compiler: str, triple: str = "", arch: str = "", sysroot: str = "", minimum: str = "", *, narrow: bool = False
) -> CompilerTarget:
    """The target of a call. ``minimum`` is an ``-m…-version-min`` of Apple's, ``narrow`` says ``-m32``."""
    name = re.split(r"[\\/]", compiler)[-1].lower().removesuffix(".exe")
    clang = "clang" in name or bool(arch or minimum) or name in ("wrapped_clang", "wrapped_clang_pp", "emcc")
    prefix = re.match(r"(.*?-.*?)-(?:gcc|g\+\+|clang|clang\+\+|c\+\+|cc)(?:-[\d.]+)?$", name)
    said = f"--target={triple}" if triple else name if prefix else ""
    words = triple or (prefix[1] if prefix else "")
    processor = processor_of(arch or words.partition("-")[0])
    system = system_of(words)
    if not system and (arch or minimum or re.search(r"iphone|macosx", sysroot, re.IGNORECASE)):
        apple = f"{minimum} {sysroot}"
        system = "ios" if re.search(r"iphone|ios", apple, re.IGNORECASE) else "macos"
        said = minimum or (f"-isysroot {sysroot}" if sysroot else f"-arch {arch}")
    if system == "macos" and re.search(r"iphone|ios", f"{minimum} {sysroot}", re.IGNORECASE):
        system = "ios"
    if not system and "platforms/android-" in sysroot.replace("\\", "/"):
        system, said = "android", f"--sysroot={sysroot}"
        found = re.search(r"arch-(\w+)", sysroot)
        processor = processor or processor_of(found[1] if found else "")
    if not system and (name in ("cl", "clang-cl")):
        system, said = "windows", name
    if not system and words:
        system = "none"
    processor = processor or "x86-64"
    if narrow and processor == "x86-64":
        processor = "x86"
    return CompilerTarget(system or "linux", processor, clang, said)
