"""Which instructions of an x86 processor a compiler takes: the macros that it defines for them.

Source: the manual of GCC ("x86 Options"), whose names clang has too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

_LADDER = {
    "sse3": "__SSE3__", "ssse3": "__SSSE3__", "sse4.1": "__SSE4_1__", "sse4.2": "__SSE4_2__", "avx": "__AVX__",
    "avx2": "__AVX2__", "avx512f": "__AVX512F__",
}  # fmt: skip
"""Each has those before it."""
_BESIDE = {"fma": "__FMA__"}
_STEPS = tuple(_LADDER)

INSTRUCTIONS = (*_LADDER.values(), *_BESIDE.values())
"""The macros of all instructions that are told apart."""

_PROCESSORS: Mapping[str, tuple[str, ...]] = {
    "": ("x86-64", "k8", "opteron", "athlon64", "athlon-fx", "i386", "i486", "i586", "i686", "pentium",
         "pentiumpro", "pentium2", "pentium3", "pentium4", "pentium-m"),
    "sse3": ("nocona", "prescott", "k8-sse3", "opteron-sse3", "athlon64-sse3", "amdfam10", "barcelona"),
    "ssse3": ("core2", "atom", "bonnell", "btver1"),
    "sse4.2": ("x86-64-v2", "nehalem", "corei7", "westmere", "silvermont", "slm", "goldmont", "goldmont-plus",
               "tremont"),
    "avx": ("sandybridge", "corei7-avx", "ivybridge", "core-avx-i", "bdver1", "btver2"),
    "avx2": ("x86-64-v3", "haswell", "core-avx2", "broadwell", "skylake", "bdver4", "znver1", "znver2", "znver3",
             "alderlake"),
    "avx512f": ("x86-64-v4", "skylake-avx512", "cascadelake", "cooperlake", "cannonlake", "icelake-client",
                "icelake-server", "tigerlake", "rocketlake", "sapphirerapids", "znver4"),
}  # fmt: skip
_STEP_OF = {name: step for step, names in _PROCESSORS.items() for name in names}


_OF_ANDROID = {"x86-64": "sse4.2", "x86": "ssse3"}
"""What the NDK's page "Android ABIs" has for each kind of processor."""


def instructions_of(words: Sequence[str], system: str = "", processor: str = "") -> tuple[dict[str, str], str]:
    """The macros of the instructions that a compiler takes, each with the argument that says so; and what is unknown.

    Without an argument it takes what every processor of the target has. What is unknown is the
    ``-march`` of a processor that is not in the table, as ``native`` is; empty where there is none.
    """
    base = _OF_ANDROID.get(processor, "") if system == "android" else ""
    found = _up_to(base, "the compiler") if base else {}
    unknown = ""
    for word in (each for each in words if each.startswith("-march=")):
        step = _STEP_OF.get(word.removeprefix("-march="))
        unknown = word if step is None else ""
        found = _up_to(step, word) if step else {}
        if step in ("avx2", "avx512f"):
            found["__FMA__"] = word
    for word in words:
        if word.startswith("-mno-") and word[5:] in _LADDER:
            for step in _STEPS[_STEPS.index(word[5:]) :]:
                found.pop(_LADDER[step], None)
            if "__AVX__" not in found:
                found.pop("__FMA__", None)
        elif word.startswith("-mno-") and word[5:] in _BESIDE:
            found.pop(_BESIDE[word[5:]], None)
        elif word.startswith("-m") and word[2:] in _LADDER:
            found.update(_up_to(word[2:], word))
        elif word.startswith("-m") and word[2:] in _BESIDE:
            found.update({**_up_to("avx", word), _BESIDE[word[2:]]: word})
    return found, unknown


def _up_to(step: str, word: str) -> dict[str, str]:
    return {_LADDER[each]: word for each in _STEPS[: _STEPS.index(step) + 1]}
