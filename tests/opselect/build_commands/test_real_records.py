"""Records as CMake with Ninja, Ninja alone, clang and Xcode's converters write them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opselect.build_commands.commands import CompileCommand
from opselect.build_commands.compile_commands import compile_commands, response_words, split_command
from opselect.build_commands.flags import compiled_file
from opselect.build_commands.grouped import GroupedFiles, grouped

TIDY = "/usr/bin/cmake -E __run_co_compile --tidy='clang-tidy;-x' --source=a.cc -- clang++ -DX=1 -o a.o -c a.cc"


def read(folder: Path, *entries: dict[str, object] | str) -> GroupedFiles:
    """The files of records; a text is the command of one for a.cc."""
    path = folder / "compile_commands.json"
    told = [{"directory": "/b", "file": "a.cc", "command": e} if isinstance(e, str) else e for e in entries]
    path.write_text(json.dumps(told))
    return grouped(compile_commands(path))


def defines(folder: Path, command: str) -> dict[str, str]:
    (group,) = read(folder, command).groups
    return group.example.defines


@pytest.mark.parametrize(
    "command",
    [
        TIDY,
        "cmake -E env LC_ALL=C -- g++ -DX=1 -c a.cc",
        "/usr/bin/env LC_ALL=C ccache g++ -DX=1 -c a.cc",
        "cd /s && g++ -DX=1 -o a.o -c a.cc",
        "g++ -DX=1 -c ../s/a.cc && /usr/bin/cmake -E cmake_transform_depfile Ninja gccdepfile a.cc",
        "g++ -DX=2 -M a.cc ; g++ -DX=1 -c a.cc || rm a.o",
        ": && g++ -DX=1 -c ./a.cc",
    ],
)
def test_what_is_around_the_compiler_is_no_part_of_its_call(tmp_path: Path, command: str) -> None:
    found = defines(tmp_path, command)
    assert (found["X"], found["__x86_64__"]) == ("1", "1")


def test_of_several_commands_the_one_that_compiles_the_file_counts(tmp_path: Path) -> None:
    (group,) = read(tmp_path, "cd /s && aarch64-linux-gnu-g++ -DX -c a.cc && g++ -DY -c b.cc ; g++ -DZ -M a.cc").groups
    assert group.example.target.processor == "arm64"
    assert [name for name in "XYZ" if name in group.example.defines] == ["X"]


def test_a_quoted_word_ends_no_command(tmp_path: Path) -> None:
    arguments = ["g++", "-DX=1", "&&", "-DY", "-c", "a.cc"]
    (group,) = read(tmp_path, {"directory": "/b", "file": "a.cc", "arguments": arguments}).groups
    assert {"X", "Y"} <= group.example.defines.keys()


@pytest.mark.parametrize(
    "command",
    [
        "cmake -E copy a.cc b.cc", "python3 tools/generate.py --input a.cc", "tools/format.py -c a.cc",
        "clang-format -i a.cc", "clang-tidy -p . a.cc", "clang-scan-deps -format=p1689 -- g++ -c a.cc", "",
    ],
)  # fmt: skip
def test_a_command_that_compiles_nothing_is_no_file(tmp_path: Path, command: str) -> None:
    made = read(tmp_path, command, "g++ -DX -c a.cc")
    assert made.count == 1
    assert "X" in made.groups[0].example.defines


@pytest.mark.parametrize("compiler", ["g++-12", "cc", "x86_64-linux-gnu-c++", "clang-17", "cl", "icpx", "./mine -c"])
def test_a_compiler_is_known_by_its_name_or_by_what_it_is_told(tmp_path: Path, compiler: str) -> None:
    assert read(tmp_path, f"{compiler} -DX a.cc").count == 1


def test_fragments_of_clang_are_read_as_they_are(tmp_path: Path) -> None:
    """What ``clang++ -MJ`` writes for each file, put together with and without brackets."""
    entry = (
        '{ "directory": "/b", "file": "%s.cc", "output": "%s.o", "arguments": ["/usr/lib/llvm-14/bin/clang", "-xc++", '
        '"%s.cc", "--driver-mode=g++", "-D", "ANDROID", "-D", "T=\\"a b\\"", "-c", "-o", "%s.o", '
        '"--target=aarch64-unknown-linux-android21"]},\n'
    )
    fragments = "".join(entry % ((name,) * 4) for name in "ab")
    path = tmp_path / "all.json"
    for text in (
        fragments,
        fragments.rstrip().removesuffix(","),
        f"[\n{fragments}]\n",
        f"[{fragments.rstrip().removesuffix(',')}]",
    ):
        path.write_text(text)
        (group,) = grouped(compile_commands(path)).groups
        assert group.files == ["/b/a.cc", "/b/b.cc"]
        assert (group.example.defines["T"], group.example.target.system) == ('"a b"', "android")


def test_records_of_xcode(tmp_path: Path) -> None:
    """What converters make of Xcode's log: a backslash before each blank, also in the name of the file."""
    sdk = "/Applications/Xcode.app/Contents/Developer/Platforms/iPhoneOS.platform/Developer/SDKs/iPhoneOS17.2.sdk"
    command = (
        "/Applications/Xcode.app/Contents/Developer/Toolchains/XcodeDefault.xctoolchain/usr/bin/clang -x objective-c++ "
        f'-arch arm64 -fmessage-length=0 -std=gnu++17 -DDEBUG=1 -DNAME=\\"My\\ App\\" -isysroot {sdk} '
        "-miphoneos-version-min=12.0 -iquote /Users/me/My\\ App/build/My-own.hmap -I/Users/me/My\\ App/tensorflow "
        "-D__ANDROID_TYPES_SLIM__ -MMD -MT dependencies -MF /Users/me/My\\ App/build/a.d --serialize-diagnostics "
        "/Users/me/My\\ App/build/a.dia -c /Users/me/My\\ App/tensorflow/core/kernels/a.mm -o /Users/me/My\\ App/a.o"
    )
    for file in ("/Users/me/My\\ App/tensorflow/core/kernels/a.mm", "/Users/me/My App/tensorflow/core/kernels/a.mm"):
        (group,) = read(tmp_path, {"directory": "/", "file": file, "command": command}).groups
        found = group.example
        assert group.files[0].endswith("/tensorflow/core/kernels/a.mm")
        assert (found.target.system, found.target.processor, found.target.clang) == ("ios", "arm64", True)
        assert (found.defines["NAME"], found.defines["DEBUG"]) == ('"My App"', "1")
        assert found.defines["TARGET_OS_IPHONE"] == "1"
        assert "__ANDROID_TYPES_SLIM__" in found.defines


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('-DA="a\\$x" -DB=\\$x', ["-DA=a$x", "-DB=$x"]),
        ('-DC="\\"c:\\\\\\\\d\\"" -DD="\'q\'"', ['-DC="c:\\\\d"', "-DD='q'"]),
        ("'-DE=a\\' -DF=\"\\a\\`\"", ["-DE=a\\", "-DF=\\a`"]),
        ('-DG="" "" -DH', ["-DG=", "", "-DH"]),
    ],
)
def test_commands_are_read_as_a_shell_does(text: str, words: list[str]) -> None:
    assert split_command(text) == words


@pytest.mark.parametrize("text", ["a 'b", 'a "b', 'a "b\\"', 'a "b\\', "a 'b' '"])
def test_a_quotation_that_does_not_end_is_no_command(text: str) -> None:
    with pytest.raises(ValueError, match="quotation"):
        split_command(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('-DA="x y" "-DB=\\"q\\""', ["-DA=x y", '-DB="q"']),
        ("-UX\n\t-DC=a\\ b", ["-UX", "-DC=a b"]),
        ("'-DD=a\\'b' -DE=\"a\\ b\"", ["-DD=a'b", "-DE=a b"]),
        ('-DF=\'"\' -DG= "" -DH="it\'s"', ['-DF="', "-DG=", "", "-DH=it's"]),
        ("-DI='no end ", ["-DI=no end "]),
        ("-DJ=1\\", ["-DJ=1"]),
    ],
)
def test_response_files_are_read_as_gcc_and_clang_do(text: str, words: list[str]) -> None:
    assert response_words(text) == words


@given(st.lists(st.text(st.characters(blacklist_characters="\0", blacklist_categories=["Cs"]), min_size=1), max_size=5))
def test_words_of_response_files_come_back(words: list[str]) -> None:
    text = " ".join("".join(f"\\{character}" for character in word) for word in words)
    assert response_words(text) == words


def test_only_compilers_for_windows_read_response_files_by_its_rules(tmp_path: Path) -> None:
    (tmp_path / "rsp").write_text("'-DX=a b' -DY=c:\\\\d")
    for compiler, x, y in (
        ("clang++.exe", "a b", "c:\\d"),
        ("ccache clang-cl.exe", None, "c:\\\\d"),
        ("C:\\llvm\\bin\\clang-cl.exe", None, "c:\\\\d"),
    ):
        found = compiled_file(CompileCommand("a.cc", (*compiler.split(), "@rsp"), str(tmp_path))).defines
        assert (found.get("X"), found["Y"]) == (x, y)


@pytest.mark.parametrize(
    ("flags", "there", "missing"),
    [
        ("-march=haswell", ["__SSE4_1__", "__AVX2__", "__FMA__"], ["__AVX512F__"]),
        ("-march=x86-64-v2", ["__SSE4_2__"], ["__AVX__"]),
        ("-march=k8", [], ["__SSE3__"]),
        ("-march=skylake-avx512 -mno-avx", ["__SSE4_2__"], ["__AVX__", "__AVX512F__", "__FMA__"]),
        ("-mavx2 -march=core2", ["__SSSE3__", "__AVX2__"], ["__AVX512F__"]),
        ("-mfma", ["__AVX__", "__FMA__"], ["__AVX2__"]),
        ("-march=haswell -mno-fma", ["__AVX2__"], ["__FMA__"]),
        ("--target=x86_64-linux-android21", ["__SSE4_2__"], ["__AVX__"]),
        ("--target=i686-linux-android21", ["__SSSE3__"], ["__SSE4_1__"]),
        ("--target=x86_64-linux-android21 -march=haswell", ["__AVX2__"], []),
        ("--target=x86_64-linux-gnu", [], ["__SSE3__"]),
        ("-march=haswell -march=core2", ["__SSSE3__"], ["__AVX2__"]),
    ],
)
def test_instructions_go_by_the_processor_and_by_what_is_switched(
    tmp_path: Path, flags: str, there: list[str], missing: list[str]
) -> None:
    made = read(tmp_path, f"g++ {flags} -c a.cc")
    found = made.groups[0].example.defines
    assert [name for name in there if name not in found] == []
    assert [name for name in missing if name in found] == []
    assert made.problems == {}


def test_a_processor_that_is_not_known_is_said(tmp_path: Path) -> None:
    made = read(tmp_path, "g++ -march=native -c a.cc", "g++ -march=armv8-a --target=aarch64-linux-gnu -c b.cc")
    ((problem, unread),) = made.problems.items()
    assert problem == "which instructions -march=native stands for is not known"
    assert "__SSE4_1__" in unread.names
    assert unread.files == ["/b/a.cc"]
