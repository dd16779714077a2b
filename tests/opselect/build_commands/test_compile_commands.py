from __future__ import annotations

import contextlib
import json
import shlex
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel_index.errors import InputError
from opselect.build_commands.commands import CompileCommand, normalized
from opselect.build_commands.compile_commands import compile_commands, windows_words
from opselect.build_commands.flags import CompiledFile, compiled_file
from opselect.build_commands.grouped import grouped

ANDROID = ("clang++", "--target=aarch64-none-linux-android21")


def written(folder: Path, entries: object) -> Path:
    path = folder / "compile_commands.json"
    path.write_text(entries if isinstance(entries, str) else json.dumps(entries))
    return path


def defines(*arguments: str) -> dict[str, str]:
    return compiled_file(CompileCommand("a.cc", arguments)).defines


@pytest.mark.parametrize(
    "flags",
    [
        ("-DX=2",), ("-D", "X=2"), ("--define-macro=X=2",), ("--define-macro", "X=2"), ("-Wp,-DX=2",),
        ("-Xclang", "-DX=2"), ("-Xclang", "-D", "-Xclang", "X=2"), ("-UX", "-DX=2"), ("-DX=1", "-DX=2"),
        ("-o", "-UX", "-DX=2"), ("-Xpreprocessor", "-DX=2"),
    ],
)  # fmt: skip
def test_a_macro_is_defined_as_any_compiler_spells_it(flags: tuple[str, ...]) -> None:
    assert defines("g++", *flags)["X"] == "2"


@pytest.mark.parametrize("flags", [("-DX", "-UX"), ("-DX", "-U", "X"), ("-DX", "--undefine-macro=X"), ("-I", "-DX")])
def test_what_is_undefined_or_no_macro_is_not_there(flags: tuple[str, ...]) -> None:
    assert "X" not in defines("g++", *flags)


def test_only_compilers_for_windows_take_a_slash() -> None:
    assert defines("clang-cl.exe", "/DX", "/D", "Y=3", "-DZ#4")["Y"] == "3"
    assert defines("C:\\llvm\\clang-cl.exe", "/DX#5")["X"] == "5"
    assert "X" not in defines("g++", "/DX")
    assert "_WIN32" in defines("clang-cl.exe")


@pytest.mark.parametrize(
    ("arguments", "there", "missing"),
    [
        (ANDROID, ["__ANDROID__", "__aarch64__", "__clang__"], ["__x86_64__", "ANDROID"]),
        (("/ndk/bin/armv7a-linux-androideabi21-clang++",), ["__ANDROID__", "__arm__"], ["__aarch64__"]),
        (("aarch64-linux-gnu-g++",), ["__aarch64__", "__linux__"], ["__clang__", "__ANDROID__", "__x86_64__"]),
        (("arm-linux-gnueabihf-g++-12",), ["__arm__"], ["__x86_64__"]),
        (("clang", "-arch", "arm64", "-isysroot", "/SDKs/iPhoneOS.sdk"), ["TARGET_OS_IPHONE"], ["__linux__"]),
        (("clang", "-target", "arm64-apple-ios12.0"), ["__APPLE__", "__aarch64__"], ["__linux__"]),
        (("clang", "-arch", "x86_64", "-mmacosx-version-min=11"), ["__APPLE__", "__x86_64__"], ["__linux__"]),
        (("ccache", "g++", "-m32"), ["__i386__"], ["__x86_64__"]),
        (("g++", "-mavx2"), ["__SSE4_1__", "__AVX2__"], ["__AVX512F__"]),
    ],
)
def test_what_the_compiler_itself_defines_goes_by_its_target(
    arguments: tuple[str, ...], there: list[str], missing: list[str]
) -> None:
    found = defines(*arguments)
    assert [found.get(name, "0") != "0" for name in there] == [True] * len(there)
    assert [name for name in missing if name in found] == []


def test_response_files_are_read(tmp_path: Path) -> None:
    (tmp_path / "flags.rsp").write_text("-DX='a b' @more.rsp")
    (tmp_path / "more.rsp").write_text("-DY @flags.rsp")
    made = compiled_file(CompileCommand("a.cc", ("g++", "@flags.rsp", "@none.rsp"), str(tmp_path)))
    assert (made.defines["X"], made.defines["Y"]) == ("a b", "1")
    assert list(made.problems) == [
        "the response file flags.rsp leads back to itself",
        "the response file none.rsp cannot be read: what it passes is not known",
    ]


def test_entries_with_a_command_and_with_arguments_are_alike(tmp_path: Path) -> None:
    words = ["g++", '-DX="a b"', "-c", "a.cc"]
    path = written(
        tmp_path,
        [
            {"directory": "/b", "file": "a.cc", "arguments": words},
            {"directory": "/b", "file": "a.cc", "command": shlex.join(words)},
        ],
    )
    assert [each.arguments for each in compile_commands(path)] == [tuple(words)] * 2
    groups = grouped(compile_commands(path)).groups
    assert [group.files for group in groups] == [["/b/a.cc", "/b/a.cc"]]


def test_assembler_is_none_of_the_files(tmp_path: Path) -> None:
    path = written(tmp_path, [{"directory": "", "file": "a.S", "arguments": ["g++", "-DX"]}])
    assert grouped(compile_commands(path)).groups == []


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "expected"), ("{}", "needs 'file'"), ("[{]", "is no JSON"), ("[1]", "it is no object"),
        ('[{"file": "a.cc"}]', "no 'arguments' and no 'command'"), ('[{"file": 1, "command": ""}]', "needs 'file'"),
        ('[{"file": "a.cc", "command": "g++ \'"}]', "no shell takes"), ("[] x", "more after its end"),
        ("[" * 100_000, "nested too deeply"), ('[{"file": "a.cc"', "is no JSON"),
    ],
)  # fmt: skip
def test_what_is_no_compilation_database_is_one_error(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        list(compile_commands(written(tmp_path, text)))


def test_bytes_that_are_no_text_are_one_error(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(b"[\xff\xfe")
    with pytest.raises(InputError, match="UTF-8"):
        list(compile_commands(path))


def test_an_array_longer_than_what_is_read_at_once_is_whole(tmp_path: Path) -> None:
    entries = [{"directory": "/b", "file": f"{n}.cc", "arguments": ["g++", "x" * 5000]} for n in range(500)]
    assert [each.file for each in compile_commands(written(tmp_path, entries))] == [f"{n}.cc" for n in range(500)]
    places = [
        each.place.rpartition(":")[2] for each in compile_commands(written(tmp_path, json.dumps(entries, indent=1)))
    ]
    assert places[:2] == ["2", "10"]


def test_words_of_windows() -> None:
    assert windows_words(r'cl.exe "/DX=\"a b\"" C:\x\y.cc ""') == ["cl.exe", '/DX="a b"', r"C:\x\y.cc", ""]


@settings(max_examples=40)
@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8), min_size=1, max_size=6))
def test_words_that_a_shell_would_take_come_back(tmp_path_factory: pytest.TempPathFactory, words: list[str]) -> None:
    path = tmp_path_factory.mktemp("words") / "c.json"
    command = shlex.join(["g++", *words])
    path.write_text(json.dumps([{"directory": "", "file": "a.cc", "command": command}]), encoding="utf-8")
    assert [list(each.arguments) for each in compile_commands(path)] == [["g++", *words]]


@settings(max_examples=40)
@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_are_an_error(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.mktemp("bytes") / "c.json"
    path.write_bytes(data)
    with contextlib.suppress(InputError):
        grouped(compile_commands(path))


def test_paths_are_made_plain() -> None:
    assert normalized("./a/../b//c.cc") == "b/c.cc"
    assert normalized("/a/./b\\c.cc") == "/a/b/c.cc"
    assert normalized("../x.cc") == "../x.cc"


def test_what_ends_or_changes_the_arguments(tmp_path: Path) -> None:
    def made(*words: str) -> CompiledFile:
        return compiled_file(CompileCommand("a.cc", words, str(tmp_path)))

    assert made("clang++", "--target=armv7m-none-eabi").target.system == "none"
    assert made("cc", "--sysroot=/ndk/platforms/android-21/arch-arm").target.system == "android"
    assert "X" not in made("cc", "--", "-DX").defines
    assert "_OPENMP" in made("cc", "-fopenmp").defines
    (tmp_path / "loop").write_text("-DX @loop")
    looped = made("cc", "@loop")
    assert "X" in looped.defines
    assert list(looped.problems) == ["the response file loop leads back to itself"]
