"""How users may write the processors of libraries."""

from __future__ import annotations

ABIS = {
    "x86_64": "x86_64", "x86-64": "x86_64", "amd64": "x86_64",
    "x86": "x86", "i386": "x86", "i686": "x86",
    "arm64-v8a": "arm64-v8a", "arm64": "arm64-v8a", "arm64e": "arm64-v8a", "aarch64": "arm64-v8a",
    "armeabi-v7a": "armeabi-v7a", "armeabi": "armeabi-v7a", "arm": "armeabi-v7a", "armv7": "armeabi-v7a",
    "armv7s": "armeabi-v7a",
}  # fmt: skip
"""The value of :class:`opselect.binaries.image.Machine` that each word stands for."""

ABI_NAMES = tuple(ABIS)
