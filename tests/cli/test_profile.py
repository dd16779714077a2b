from __future__ import annotations

import json
from pathlib import Path

import pytest

from kernel_index.asked_names import ASKED, asked_in, deciding
from kernel_index.profiles import PROFILE_NAMES, compiler_macros, profiles
from tests.cli.conftest import Cli

FIXTURES = Path(__file__).parents[2] / "fixtures"
RECORDS = FIXTURES / "build_records"
SLIM = RECORDS / "compile_commands.json"
PHONE = RECORDS / "phone.bazelrc"


def commands(folder: Path, *flags: tuple[str, ...]) -> Path:
    """A compilation database of kernels, each with these flags beside those of Android."""
    android = ["clang++", "--target=aarch64-none-linux-android21", "-DANDROID"]
    files = ("scan_ops", "conv_ops_float", "cwise_op_mul_1", "relu_op")
    entries = [
        {"directory": "/b", "file": f"tensorflow/core/kernels/{name}.cc", "arguments": [*android, *each]}
        for name, each in zip(files, flags, strict=False)
    ]
    path = folder / "compile_commands.json"
    path.write_text(json.dumps(entries))
    return path


def test_the_macros_that_are_passed_decide(cli: Cli) -> None:
    told = cli("locate", "Cumsum", "--tensorflow", "2.14", "--compile-commands", SLIM, "--json")
    assert told.code == 0
    assert told.out == cli("locate", "Cumsum", "--tensorflow", "2.14", "--profile", "android-slim", "--json").out
    assert "profile android-slim (2 of 3 compiled files register kernels)" in told.err
    assert "1 of the 1 files that register none are compiled otherwise (without -D__ANDROID_TYPES_SLIM__)" in told.err
    assert "/build/tensorflow/app/main.cc" in told.err
    assert "warning" not in told.err


def test_kernels_that_are_compiled_otherwise_are_a_warning_with_their_names(cli: Cli, tmp_path: Path) -> None:
    full = ("-D__ANDROID_TYPES_FULL__",)
    told = cli("locate", "Cumsum", "--tensorflow", "2.14", "--compile-commands", commands(tmp_path, full, full, ()))
    assert "profile android-full" in told.err
    assert "warning: 1 of the 3 files that register kernels are compiled otherwise" in told.err
    assert "cwise_op_mul_1.cc" in told.err


def test_bazels_options_decide(cli: Cli) -> None:
    told = cli("profile", "show", "--tensorflow", "2.14", "--bazelrc", PHONE, "--config", "phone", "--json").json
    assert told["profile"] == "android-full"
    assert (told["define"], told["undefine"]) == ({}, [])
    assert told["macros"]["__ANDROID_TYPES_FULL__"]["decides"]
    assert "phone.bazelrc:6, --config=phone" in told["macros"]["__ANDROID_TYPES_FULL__"]["from"]
    plain = cli(
        "profile", "show", "--tensorflow", "2.14", "--bazelrc", PHONE, "--config", "android_arm64", "--json"
    ).json
    assert plain["profile"] == "android"


def test_an_index_answers_for_no_other_build_than_its_profiles(cli: Cli, tmp_path: Path) -> None:
    path = commands(tmp_path, ("-D__ANDROID_TYPES_FULL__", "-DINTEL_MKL"))
    told = cli("locate", "Cumsum", "--tensorflow", "2.14", "--compile-commands", path)
    assert (told.code, told.out) == (2, "")
    assert "android-full, the nearest, lacks -DINTEL_MKL" in told.err
    assert "--tree PATH" in told.err


def test_a_tree_is_scanned_as_the_build_compiles_it(cli: Cli) -> None:
    tree = FIXTURES / "runtime_tree"
    told = cli("locate", "Transpose", "--tree", tree, "--aquery", RECORDS / "aquery.textproto", "--json")
    assert "no known profile; desktop with -DANDROID -D__ANDROID_TYPES_FULL__" in told.err
    assert told.code == 0
    types = {t for r in told.json["ops"]["Transpose"] for t in r["constraints"]["T"]}
    same = cli("locate", "Transpose", "--tree", tree, "--profile", "android-full", "--json").json
    assert types == {t for r in same["ops"]["Transpose"] for t in r["constraints"]["T"]}


def test_an_index_can_be_made_of_the_build(cli: Cli, tmp_path: Path) -> None:
    tree, out = FIXTURES / "runtime_tree", tmp_path / "mine.opselidx"
    told = cli("index", "scan", tree, "--aquery", RECORDS / "aquery.proto", "-o", out, "--json")
    name = "desktop+-DANDROID+-D__ANDROID_TYPES_FULL__"
    assert list(told.json["profiles"]) == [*PROFILE_NAMES, name]
    assert told.json["profiles"][name] == told.json["profiles"]["android-full"]
    assert cli("locate", "Transpose", "--index", out, "--profile", name).code == 0


def test_every_command_with_a_profile_takes_the_record_of_a_build(cli: Cli) -> None:
    for command in (["generate"], ["apply"], ["check"], ["verify"], ["locate"], ["requirements"], ["header", "show"]):
        text = cli(*command, "--help").out
        assert [name for name in ("--compile-commands", "--aquery", "--bazelrc") if name not in text] == [], command


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (["--compile-commands", SLIM, "--profile", "android"], "leave out --profile"),
        (["--compile-commands", SLIM, "-D", "X"], "leave out -D"),
        (["--compile-commands", SLIM, "--bazelrc", PHONE], "name one of"),
        (["--config", "phone"], "name the file by --bazelrc"),
        (["--bazelrc", PHONE, "--config", "fone"], "there is no configuration fone"),
        (["--aquery", SLIM], "expected '{'"),
    ],
)
def test_what_does_not_go_together_is_one_error(cli: Cli, options: list[str], problem: str) -> None:
    told = cli("locate", "Mul", "--tensorflow", "2.14", *options)
    assert (told.code, told.out) == (2, "")
    assert problem in " ".join(told.err.split())


def test_switches_for_gpus_are_not_taken_for_a_cpu(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "rc"
    path.write_text("build:cuda --@local_config_cuda//:enable_cuda\nbuild:off --define=using_cuda=false\n")
    told = cli("profile", "show", "--tensorflow", "2.14", "--bazelrc", path, "--config", "cuda")
    assert told.code == 2
    assert "rc:1" in told.err
    assert cli("profile", "show", "--tensorflow", "2.14", "--bazelrc", path, "--config", "off").code == 0


def test_switches_that_decide_about_kernels_are_not_guessed(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "rc"
    path.write_text(
        "build:mkl --define=build_with_mkl=true\nbuild:v2 --define build_with_onednn_v2=true\n"
        "build:mpi --define=with_mpi_support=true\nbuild:plain --define=tensorflow_mkldnn_contraction_kernel=1\n"
    )
    for number, config in enumerate(("mkl", "v2", "mpi"), 1):
        told = cli("profile", "show", "--tensorflow", "2.14", "--bazelrc", path, "--config", config)
        assert (told.code, told.out) == (2, "")
        assert f"rc:{number}" in told.err
    plain = cli("profile", "show", "--tensorflow", "2.14", "--bazelrc", path, "--config", "plain")
    assert plain.code == 0
    assert "rc:4: what TensorFlow's own build files make of --define=tensorflow_mkldnn" in plain.err


def test_a_tree_is_scanned_with_all_that_a_build_passes(cli: Cli, tmp_path: Path) -> None:
    tree, out = FIXTURES / "runtime_tree", tmp_path / "mine.opselidx"
    name = "android+-DSHAPE=float+-UANDROID"
    record = commands(tmp_path, ("-DSHAPE=float", '-D__TIME__="now"', "-UANDROID"))
    told = cli("index", "scan", tree, "--compile-commands", record, "-o", out, "--json")
    assert "profile android " in told.err
    assert "the sources are scanned with what else differs from android: -DSHAPE=float -UANDROID" in told.err
    assert [each for each in told.json["profiles"] if each.startswith("android+")] == [name]
    assert cli("locate", "Transpose", "--tree", tree, "--compile-commands", record).code == 0


def test_a_command_that_asks_no_kernels_of_the_tree_says_so(cli: Cli, tmp_path: Path) -> None:
    record = commands(tmp_path, ("-DSHAPE=float",))
    model = FIXTURES / "build_models" / "more_types.pb"
    told = cli("requirements", model, "--tree", FIXTURES / "runtime_tree", "--compile-commands", record)
    assert told.code == 0
    assert "the sources are scanned with" not in told.err
    assert "what else differs from android does not count in what this command tells" in told.err


def test_what_was_not_measured_in_a_release_is_said_where_an_index_answers(cli: Cli, tmp_path: Path) -> None:
    record = commands(tmp_path, ("-mavx2",))
    told = cli("locate", "Cumsum", "--tensorflow", "2.8", "--compile-commands", record)
    assert told.code == 0
    assert "NDEBUG differs from android and was measured in other releases alone" in told.err
    assert "in other releases" not in cli("locate", "Cumsum", "--tensorflow", "2.14", "--compile-commands", record).err


def test_a_profile_is_shown_with_its_macros_and_how_it_compares(cli: Cli) -> None:
    shown = cli("profile", "show", "android-slim", "--tensorflow", "2.14", "--json").json
    assert shown["macros"]["__ANDROID_TYPES_SLIM__"]["decides"]
    assert not shown["macros"]["__linux__"]["decides"]
    assert shown["macros"]["__linux__"]["from"] == "the compiler"
    here, full = shown["kernels"]["android-slim"], shown["kernels"]["android-full"]
    assert (here["more"], here["fewer"]) == (0, 0)
    assert here["kernels"] + full["more"] - full["fewer"] == full["kernels"]
    assert cli("profile", "show", "androit").code == 2


def test_a_macro_is_explained_by_profiles_and_conditions(cli: Cli) -> None:
    tree = FIXTURES / "runtime_tree"
    told = cli("profile", "explain", "__ANDROID_TYPES_FULL__", "NO_SUCH", "--tree", tree, "--json")
    assert told.code == 1
    full = told.json["__ANDROID_TYPES_FULL__"]
    assert list(full["profiles"]) == ["android-full"]
    assert any(place.startswith("tensorflow/core/framework/register_types.h:") for place in full["conditions"])
    assert told.json["NO_SUCH"]["conditions"] == []
    mkl = cli("profile", "explain", "INTEL_MKL", "--tensorflow", "2.14")
    assert mkl.code == 0
    assert "hides 409 kernels" in mkl.out


def test_list_names_every_profile(cli: Cli) -> None:
    assert list(cli("profile", "list", "--json").json["profiles"]) == list(PROFILE_NAMES)


def test_what_decides_is_what_differs_between_profiles() -> None:
    for release in ("1.13.2", "2.14.1"):
        known = {
            p.name: deciding(p.defines, asked_in((1, 13) if release[0] == "1" else (2, 14))) for p in profiles(release)
        }
        assert known["android"] == {"__ANDROID__": "1"}
        assert known["android-slim"] == {"__ANDROID__": "1", "__ANDROID_TYPES_SLIM__": "1"}
    assert "__arm__" in asked_in((2, 3))
    assert "__arm__" not in asked_in((2, 4))
    assert "EIGEN_USE_THREADS" not in ASKED


def test_what_compilers_define_is_that_of_the_profiles() -> None:
    android = dict(profiles("2.14.1")[2].defines)
    own = compiler_macros("android", "arm64", clang=True)
    assert {n: v for n, v in android.items() if n not in ("ANDROID", "NDEBUG", "TF_LEAN_BINARY")} == own
    assert compiler_macros("linux", "arm", clang=False)["__SIZEOF_POINTER__"] == "4"


def test_profile_show_takes_one_source_and_shows_the_one_that_is_named(cli: Cli) -> None:
    assert cli("profile", "show", "android", "--tensorflow", "2.14", "--tree", FIXTURES / "runtime_tree").code == 2
    of_tree = cli("profile", "show", "--tree", FIXTURES / "runtime_tree", "--compile-commands", SLIM).err
    of_release = cli("profile", "show", "--tensorflow", "2.14", "--compile-commands", SLIM).err
    assert of_tree != of_release
