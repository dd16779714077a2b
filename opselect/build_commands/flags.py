"""The arguments of a compiler → the macros that it compiles with, each with the argument that makes it.

As gcc, clang, clang-cl and cl spell them. Source: the manuals of GCC ("Preprocessor Options") and clang.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from kernel_index.profiles import compiler_macros
from opselect.build_commands.commands import CompileCommand, after_launchers, base_name
from opselect.build_commands.compile_commands import response_words, windows_words
from opselect.build_commands.instructions import INSTRUCTIONS, instructions_of
from opselect.build_commands.targets import CompilerTarget, target_of

_TAKE_ONE = frozenset((
    "-o", "-I", "-isystem", "-iquote", "-idirafter", "-MF", "-MT", "-MQ", "-x", "-L", "-l", "-B", "-T", "-u", "-z",
    "-Xlinker", "-Xassembler", "-mllvm", "-framework", "-iframework", "-F", "-iprefix", "-iwithprefix", "-dumpbase",
    "-gcc-toolchain", "-include-pch", "-index-store-path", "--param", "-aux-info", "-isystem-after", "-imultilib",
))  # fmt: skip
"""Options whose value is the next argument and has nothing to do with macros."""

_CL = frozenset(("cl", "clang-cl"))
_DEPTH = 10
_LARGEST = 1 << 22


@dataclass(frozen=True, slots=True)
class MacroSource:
    """The value of a macro, None where it is undefined, and what makes it so: an argument, or the compiler itself."""

    value: str | None
    argument: str
    by_compiler: bool = False


@dataclass(slots=True)
class CompiledFile:
    """What a file is compiled with: its macros by name, and the target.

    ``problems`` say what of the arguments could not be read, each with the macros that it may define, none for any.
    """

    file: str
    place: str
    target: CompilerTarget
    macros: dict[str, MacroSource]
    problems: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def defines(self) -> dict[str, str]:
        """The macros that are defined, name to text."""
        return {name: source.value for name, source in self.macros.items() if source.value is not None}


def compiled_file(command: CompileCommand) -> CompiledFile:
    """The macros of one call of a compiler, later arguments over earlier ones, as compilers have it."""
    unread: list[str] = []
    words = after_launchers(list(_expanded(command, unread)))
    problems: dict[str, tuple[str, ...]] = dict.fromkeys(unread, ())
    compiler = words[0] if words else ""
    settings, told = _read(words[1:], is_cl=base_name(compiler) in _CL)
    target = target_of(
        compiler,
        told.get("target", ""),
        told.get("arch", ""),
        told.get("sysroot", ""),
        told.get("minimum", ""),
        narrow="narrow" in told,
    )
    by_compiler = f"the compiler, for {target.said_by or 'the machine it runs on'}"
    own = compiler_macros(target.system, target.processor, clang=target.clang)
    macros = {name: MacroSource(value, by_compiler, True) for name, value in own.items()}
    if target.processor.startswith("x86"):
        found, unknown = instructions_of(words, target.system, target.processor)
        macros.update({name: MacroSource("1", word, True) for name, word in found.items()})
        if unknown:
            problems[f"which instructions {unknown} stands for is not known"] = INSTRUCTIONS
    macros.update(settings)
    if "included" in told:
        problems[f"includes {told['included']} before all else: what that defines is not read"] = ()
    return CompiledFile(command.file, command.place, target, macros, problems)


def macro_settings(words: Sequence[str]) -> dict[str, MacroSource]:
    """The macros that arguments without a compiler before them define or undefine."""
    return _read(words, is_cl=False)[0]


def _read(words: Sequence[str], *, is_cl: bool) -> tuple[dict[str, MacroSource], dict[str, str]]:
    """The macros that arguments set, and what they say of the target."""
    settings: dict[str, MacroSource] = {}
    told: dict[str, str] = {}
    rest = iter(words)
    for word in rest:
        shown = word
        if word in ("-Xclang", "-Xpreprocessor"):
            shown = word = next(rest, "")
        if word.startswith("-Wp,"):
            parts = word[4:].split(",")
            found, _ = _read(parts, is_cl=False)
            settings.update({name: MacroSource(each.value, word) for name, each in found.items()})
            continue
        option = _macro_option(word, is_cl=is_cl)
        if option is not None:
            kind, text = option
            if not text:
                text = next(rest, "")
                if text in ("-Xclang", "-Xpreprocessor"):
                    text = next(rest, "")
                shown = f"{word} {text}"
            name, equals, value = text.partition("=")
            if is_cl and not equals:
                name, equals, value = text.partition("#")
            if name and kind == "D":
                settings[name] = MacroSource(value if equals else "1", shown)
            elif name:
                settings[name] = MacroSource(None, shown)
        elif word in ("-include", "-imacros"):
            told["included"] = next(rest, "")
        elif word.startswith(("-include=", "--include=")):
            told["included"] = word.partition("=")[2]
        elif word.startswith("/FI") and is_cl:
            told["included"] = word[3:] or next(rest, "")
        elif word in ("-target", "--target"):
            told["target"] = next(rest, "")
        elif word.startswith(("--target=", "-target=")):
            told["target"] = word.partition("=")[2]
        elif word == "-arch":
            told["arch"] = next(rest, "")
        elif word in ("-isysroot", "--sysroot"):
            told["sysroot"] = next(rest, "")
        elif word.startswith(("--sysroot=", "-isysroot")):
            told["sysroot"] = word.partition("=")[2] or word.removeprefix("-isysroot")
        elif re.match(r"-m(?:ios|iphoneos|ios-simulator|macosx|macos)-version-min=", word):
            told["minimum"] = word
        elif word in ("-m32", "-m64"):
            told.pop("narrow", None)
            told.update({"narrow": word} if word == "-m32" else {})
        elif word in _TAKE_ONE:
            next(rest, "")
        elif word in ("-fopenmp", "-qopenmp"):
            settings["_OPENMP"] = MacroSource("201511", word)
        elif word == "--" and not is_cl:
            break
    return settings, told


def _macro_option(word: str, *, is_cl: bool) -> tuple[str, str] | None:
    """``D`` or ``U`` and what follows, empty where that is the next argument; None for any other argument."""
    for spelled, kind in (("--define-macro", "D"), ("--undefine-macro", "U")):
        if word == spelled:
            return kind, ""
        if word.startswith(f"{spelled}="):
            return kind, word[len(spelled) + 1 :]
    if word[:2] in ("-D", "-U") or (is_cl and word[:2] in ("/D", "/U")):
        return word[1], word[2:]
    return None


def _expanded(command: CompileCommand, problems: list[str]) -> Iterator[str]:
    """The arguments, with those of response files in the place of ``@file``."""
    known = dict(command.param_files)
    # Compilers with options as GCC's read response files as GCC does, on Windows too.
    words = after_launchers(command.arguments)
    is_cl = bool(words) and base_name(words[0]) in _CL
    yield from _with_files(command.arguments, command.directory, known, is_cl, (), problems)


def _with_files(
    words: Sequence[str],
    directory: str,
    known: dict[str, tuple[str, ...]],
    is_cl: bool,
    inside: tuple[str, ...],
    problems: list[str],
) -> Iterator[str]:
    for index, word in enumerate(words):
        name = word[1:]
        if not (word.startswith("@") and name and (index or inside)):
            yield word
            continue
        if name in inside or len(inside) >= _DEPTH:
            problems.append(f"the response file {name} leads back to itself")
            continue
        found = known.get(name)
        if found is None:
            found = _read_file(Path(directory, name), is_cl=is_cl)
        if found is None:
            problems.append(f"the response file {name} cannot be read: what it passes is not known")
            continue
        yield from _with_files(found, directory, known, is_cl, (*inside, name), problems)


def _read_file(path: Path, *, is_cl: bool) -> tuple[str, ...] | None:
    try:
        if not path.is_file() or path.stat().st_size > _LARGEST:
            return None
        text = path.read_text(encoding="utf-8-sig", errors="replace")
        return tuple(windows_words(text) if is_cl else response_words(text))
    except (OSError, ValueError):
        return None
