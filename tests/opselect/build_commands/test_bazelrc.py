from __future__ import annotations

import contextlib
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel_index.errors import InputError
from opselect.build_commands.bazel_options import bazel_flags
from opselect.build_commands.bazelrc import read_bazelrc


def options(folder: Path, text: str, *configs: str) -> list[str]:
    path = folder / ".bazelrc"
    path.write_text(text)
    return [option.text for option in read_bazelrc(path).options(configs)]


def test_lines_of_build_come_after_those_that_are_common_and_configs_last(tmp_path: Path) -> None:
    text = "build --b # no option\ncommon --a\ntest --c\nbuild:x --y\ncommon:x --z 'q r'\nbuild:w --v\nstartup --s\n"
    assert options(tmp_path, text, "x") == ["--a", "--b", "--z", "q r", "--y"]


def test_a_config_is_expanded_where_it_stands(tmp_path: Path) -> None:
    text = "build:x --1 --config=y --3\nbuild:y --2 \\\n  --config z\nbuild:z --two\n"
    assert options(tmp_path, text, "x") == ["--1", "--2", "--two", "--3"]


def test_imports_are_read_where_they_stand(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/more.rc").write_text("build --more\n")
    text = "build --a\nimport %workspace%/sub/more.rc\ntry-import %workspace%/none.rc\nbuild --b\n"
    assert options(tmp_path, text) == ["--a", "--more", "--b"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("build:x --config=y\nbuild:y --config=x\n", "x → y → x"), ("build:xx --a\n", "did you mean xx"),
        ("import %workspace%/.bazelrc\n", "imports itself"), ("import none.rc\n", "cannot be read"),
        ("build --copt='x\n", "is no line"), ("import a b\n", "takes one file"), ("build --a\0\n", "no text"),
    ],
)  # fmt: skip
def test_what_bazel_would_not_take_is_one_error(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        options(tmp_path, text, "x")


def test_what_would_be_read_for_ever_is_one_error(tmp_path: Path) -> None:
    doubles = "".join(f"build:x{i} --config=x{i + 1} --config=x{i + 1}\n" for i in range(31))
    with pytest.raises(InputError, match="more than 10,000 others"):
        options(tmp_path, f"{doubles}build:x31 --a\n", "x0")
    rc = tmp_path / "my.rc"
    rc.write_text(f"{doubles}build:x31 --a\n")
    known = read_bazelrc(rc)
    assert [len(known.options(("x19",))) for _ in range(2)] == [4096, 4096]
    for i in range(20):
        (tmp_path / f"{i}.rc").write_text(f"import {i + 1}.rc\n" * 2)
    (tmp_path / "20.rc").write_text("")
    with pytest.raises(InputError, match="more than 256 files"):
        options(tmp_path, "import 0.rc\n")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match=r"imports .*pipe, which is no file"):
        options(tmp_path, "import pipe\n")
    assert options(tmp_path, "try-import pipe\nbuild --a\n") == ["--a"]


def test_flags_say_macros_with_their_lines_and_the_target(tmp_path: Path) -> None:
    path = tmp_path / "rc"
    path.write_text(
        "build --copt=-DA --copt -DB=2 --cxxopt=-UA --conlyopt=-DC --define=using_cuda=false --define using_x=1\n"
        "build:phone --fat_apk_cpu=arm64-v8a --per_file_copt=//a:.*cc,-.*/skip.cc@-DP,-DQ\n"
    )
    flags = bazel_flags(read_bazelrc(path).options(["phone"]))
    assert {n: s.value for n, s in flags.macros("a/b.cc").items()} == {"A": None, "B": "2", "P": "1", "Q": "1"}
    assert "P" not in flags.macros("a/skip.cc")
    assert "P" not in flags.macros("b/b.cc")
    assert flags.macros("a/b.cc")["P"].argument == f"-DP ({path}:2, --config=phone)"
    assert (flags.system, flags.processor, flags.said_by) == ("android", "arm64", "--fat_apk_cpu=arm64-v8a")
    assert list(flags.switches) == ["--define=using_x=1"]


@pytest.mark.parametrize(
    ("option", "system", "processor"),
    [
        ("--cpu=ios_arm64", "ios", "arm64"), ("--apple_platform_type=ios", "ios", ""), ("--cpu=k8", "linux", "x86-64"),
        ("--cpu=armhf", "linux", "arm"), ("--cpu=aarch64", "linux", "arm64"), ("--cpu=armeabi-v7a", "android", "arm"),
        ("--cpu=darwin_arm64", "macos", "arm64"), ("--cpu=x64_windows", "windows", "x86-64"),
    ],
)  # fmt: skip
def test_the_target_that_options_name(tmp_path: Path, option: str, system: str, processor: str) -> None:
    path = tmp_path / "rc"
    path.write_text(f"build {option}\n")
    flags = bazel_flags(read_bazelrc(path).options())
    assert (flags.system, flags.processor) == (system, processor)


@settings(max_examples=40)
@given(st.text(st.sampled_from("build:x common import --config=y \\\n'\"#%@-,"), max_size=60))
def test_any_text_is_read_or_is_an_error(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.mktemp("rc") / "rc"
    path.write_text(text)
    with contextlib.suppress(InputError):
        bazel_flags(read_bazelrc(path).options())


def test_options_of_the_machine_that_builds_count_unless_they_are_switched_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    text = (
        "build --enable_platform_specific_config\nbuild:linux --l\nbuild:macos --m\n"
        "build:x --noenable_platform_specific_config\n"
    )
    assert "--l" in options(tmp_path, text)
    assert "--m" not in options(tmp_path, text)
    assert "--l" not in options(tmp_path, text, "x")


def test_files_that_a_pattern_leaves_out_and_patterns_that_are_none(tmp_path: Path) -> None:
    path = tmp_path / "rc"
    path.write_text("build --per_file_copt=kernels/,-kernels/gpu@-DX\nbuild --per_file_copt=*(@-DY\n")
    flags = bazel_flags(read_bazelrc(path).options())
    assert "X" in flags.macros("core/kernels/a.cc")
    assert flags.macros("core/kernels/gpu.cc") == {}
    assert [problem.partition(" has ")[0] for problem in flags.problems] == [f"{path}:2: --per_file_copt"]
