"""What records of builds come to: which files differ, and what is said of that."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import KERNELS, Cli
from tests.kernel_index.scan.trees import UNIT, VERSION, tree

SHAPED = """
#include "tensorflow/core/framework/op_kernel.h"
REGISTER_OP("Shaped").Input("x: T").Output("y: T").Attr("T: {float, int32, half}");
#ifdef NDEBUG
REGISTER_KERNEL_BUILDER(Name("Shaped").Device(DEVICE_CPU).TypeConstraint<SHAPE>("T"), ShapedOp<__TIME__>);
#endif
#ifdef __ANDROID_TYPES_FULL__
REGISTER_KERNEL_BUILDER(Name("Shaped").Device(DEVICE_GPU), ShapedOp);
#endif
"""


def shaped(folder: Path) -> Path:
    """A checkout with kernel files in which a macro of the build is the type of a kernel, where NDEBUG is defined."""
    texts = {f"{KERNELS}/{name}.cc": SHAPED.replace("Shaped", f"Shaped{name.upper()}") for name in "abcde"}
    return tree(folder, "", texts)


def compiled(folder: Path, *flags: str) -> Path:
    """A record of files a, b, c… of the kernels, each compiled for Android with some flags."""
    entries = [
        {
            "directory": "/b",
            "file": f"{KERNELS}/{name}.cc",
            "command": f"clang++ --target=aarch64-none-linux-android21 -DANDROID {each} -c {name}.cc",
        }
        for name, each in zip("abcdefg", flags, strict=False)
    ]
    path = folder / "shaped.json"
    path.write_text(json.dumps(entries))
    return path


def test_kernels_of_a_tree_that_differ_in_what_their_text_is_made_of_are_a_warning(cli: Cli, tmp_path: Path) -> None:
    checkout = shaped(tmp_path / "tree")
    record = compiled(tmp_path, "-DNDEBUG -DSHAPE=float", "-DNDEBUG -DSHAPE=float -DPIC", "-DNDEBUG -DSHAPE=int32")
    told = cli("locate", "ShapedA", "--tree", checkout, "--compile-commands", record, "--json")
    assert told.code == 0
    assert told.json["ops"]["ShapedA"][0]["constraints"]["T"] == ["DT_FLOAT"]
    assert "warning: 1 of the 3 files that register kernels are compiled otherwise (-DSHAPE=int32): " in told.err
    assert "kernels/c.cc" in told.err
    assert "PIC" not in told.err.partition("warning")[2]
    shown = cli("profile", "show", "--tree", checkout, "--compile-commands", record, "--json")
    assert len(shown.json["warnings"]) == 1
    assert "-DSHAPE=int32" in shown.json["warnings"][0]
    alike = compiled(tmp_path, "-DNDEBUG -DSHAPE=float", "-DNDEBUG -DSHAPE=float -DPIC")
    assert cli("profile", "show", "--tree", checkout, "--compile-commands", alike, "--json").json["warnings"] == []


def test_kernels_of_a_tree_that_differ_in_what_has_no_effect_elsewhere_are_a_warning(cli: Cli, tmp_path: Path) -> None:
    checkout = shaped(tmp_path / "tree")
    record = compiled(tmp_path, "-DSHAPE=float", "-DSHAPE=float", "-DNDEBUG -DSHAPE=float")
    told = cli("locate", "ShapedC", "--tree", checkout, "--compile-commands", record)
    assert "warning: 1 of the 3 files that register kernels are compiled otherwise (-DNDEBUG): " in told.err
    assert "without -DNDEBUG" not in told.err


def test_what_decides_counts_before_what_else_differs(cli: Cli, tmp_path: Path) -> None:
    full = "-DNDEBUG -D__ANDROID_TYPES_FULL__"
    record = compiled(tmp_path, f"{full} -DSHAPE=float", f"{full} -DSHAPE=int32", "-DSHAPE=half", "-DSHAPE=half", full)
    shown = cli("profile", "show", "--tree", shaped(tmp_path / "tree"), "--compile-commands", record, "--json").json
    otherwise = "files that register kernels are compiled otherwise"
    assert shown["profile"] == "android-full"
    assert [line.partition(": ")[0] for line in shown["warnings"]] == [
        f"2 of the 5 {otherwise} (-DSHAPE=half without -DNDEBUG without -D__ANDROID_TYPES_FULL__)",
        f"1 of the 5 {otherwise} (-DSHAPE=int32)",
        f"1 of the 5 {otherwise} (without -DSHAPE)",
    ]


def test_most_files_are_alike_in_all_that_sources_hang_on(cli: Cli, tmp_path: Path) -> None:
    """Of the files for one profile, the answer is for the type that most have, not for that of the first ones."""
    flags = ("-DSHAPE=float -DA", "-DSHAPE=float -DA", "-DSHAPE=half -DB", "-DSHAPE=half -DC", "-DSHAPE=half -DD")
    record = compiled(tmp_path, *(f"-DNDEBUG {each}" for each in flags))
    told = cli("locate", "ShapedA", "--tree", shaped(tmp_path / "tree"), "--compile-commands", record, "--json")
    assert told.json["ops"]["ShapedA"][0]["constraints"]["T"] == ["DT_HALF"]
    assert "warning: 2 of the 5 files that register kernels are compiled otherwise (-DSHAPE=float): " in told.err


def test_folders_over_an_index_are_scanned_as_the_build_compiles_them(cli: Cli, tmp_path: Path) -> None:
    folder = tmp_path / "my_ops"
    folder.mkdir()
    (folder / "mine.cc").write_text(SHAPED.replace("Shaped", "Mine").replace("NDEBUG", "WITH_MINE"))
    build = ["clang++", "--target=aarch64-none-linux-android21", "-DANDROID", "-DNDEBUG", "-DSHAPE=half"]
    entries = [
        {"directory": "/b", "file": "tensorflow/core/kernels/relu_op.cc", "arguments": build},
        {"directory": "/b", "file": "my_ops/mine.cc", "arguments": [*build, "-DWITH_MINE"]},
    ]
    record = tmp_path / "mine.json"
    record.write_text(json.dumps(entries[1:]))
    source = ("--tensorflow", "2.14", "--root", folder)
    told = cli("locate", "Mine", *source, "--compile-commands", record, "--json")
    assert told.code == 0
    assert "the sources are scanned with what else differs from android: -DSHAPE=half -DWITH_MINE" in told.err
    assert [r["constraints"]["T"] for r in told.json["ops"]["Mine"]] == [["DT_HALF"]]
    record.write_text(json.dumps(entries))
    shown = cli("profile", "show", *source, "--compile-commands", record, "--json").json
    assert [line.partition(": ")[0] for line in shown["warnings"]] == [
        "1 of the 2 files that register kernels are compiled otherwise (-DWITH_MINE)"
    ]


def test_json_says_what_sources_are_scanned_with(cli: Cli, tmp_path: Path) -> None:
    record = compiled(tmp_path, "-DSHAPE=float -D__ANDROID_TYPES_FULL__")
    with_sources = ("profile", "show", "--tree", shaped(tmp_path / "tree"), "--compile-commands", record, "--json")
    shown = cli(*with_sources).json
    assert (shown["profile"], shown["define"], shown["undefine"]) == ("android-full", {}, [])
    assert shown["scanned"] == {"define": {"SHAPE": "float"}, "undefine": ["NDEBUG"]}
    assert any("-DSHAPE=float -UNDEBUG" in line for line in shown["notes"])
    of_index = cli("profile", "show", "--tensorflow", "2.14", "--compile-commands", record, "--json").json
    assert of_index["scanned"] == {"define": {}, "undefine": []}


@pytest.mark.parametrize("command", [["show"], ["show", "--compile-commands", "shaped.json"], ["explain", "X"]])
def test_folders_alone_are_no_tensorflow(cli: Cli, tmp_path: Path, command: list[str]) -> None:
    compiled(tmp_path, "-DX")
    told = cli("profile", *command, "--root", tmp_path)
    assert (told.code, told.out) == (2, "")
    assert "name one TensorFlow" in told.err
    assert cli("profile", *command).code != 2


def record_of(folder: Path, *arguments: str, file: str = f"{KERNELS}/relu_op.cc") -> Path:
    path = folder / "one.json"
    path.write_text(json.dumps([{"directory": "/b", "file": file, "arguments": list(arguments)}]))
    return path


def test_a_board_with_64_bits_is_compiled_without_what_is_for_x86(cli: Cli, tmp_path: Path) -> None:
    names = ("__aarch64__", "__x86_64__", "__ANDROID__", "TARGET_OS_IPHONE", "INTEL_MKL", "TENSORFLOW_USE_XLA")
    asking = f"#if {' || '.join(f'defined({name})' for name in names)}\n"
    version = {"tensorflow/core/public/version.h": VERSION.replace("4", "14")}
    kernel = 'REGISTER_KERNEL_BUILDER(Name("One").Device(DEVICE_CPU), OneOp);\n#endif\n'
    checkout = tree(tmp_path / "tree", asking + kernel, version)
    rc = tmp_path / "rc"
    rc.write_text("build:board --cpu=aarch64\nbuild:pc --cpu=k8\nbuild:small --cpu=armhf\n")
    found = {}
    for config in ("board", "pc", "small"):
        told = cli("profile", "show", "--tree", checkout, "--bazelrc", rc, "--config", config, "--json").json
        found[config] = (told["profile"], told["notes"][0].partition(",")[0], set(told["scanned"]["define"]))
    assert found["board"] == (
        "raspberry-pi",
        "--cpu=aarch64: profile desktop without what is for x86-64",
        {"__aarch64__", "TENSORFLOW_USE_XLA"},
    )
    assert found["pc"] == ("desktop", "--cpu=k8: profile desktop", set())
    assert found["small"] == ("raspberry-pi", "--cpu=armhf: profile raspberry-pi", set())


def test_a_build_of_other_files_and_a_compiler_that_names_no_target_are_said(cli: Cli, tmp_path: Path) -> None:
    source = ("--tensorflow", "2.14", "--compile-commands")
    unnamed = "no argument names a target: a compiler for x86-64 Linux is taken to be meant"
    of_app = cli("profile", "show", *source, record_of(tmp_path, "g++", file="app/main.cc"), "--json").json
    nothing = f"none of the 1 files of {tmp_path}/one.json registers a kernel of TensorFlow 2.14.1"
    assert (of_app["warnings"], of_app["kernel_files"]) == ([nothing], 0)
    assert unnamed in of_app["notes"]
    of_kernel = cli("profile", "show", *source, record_of(tmp_path, "x86_64-linux-gnu-g++"), "--json").json
    assert (of_kernel["warnings"], of_kernel["kernel_files"]) == ([], 1)
    assert unnamed not in of_kernel["notes"]


def test_releases_whose_macros_are_not_known_are_said(cli: Cli, tmp_path: Path) -> None:
    record = record_of(tmp_path, "x86_64-linux-gnu-g++")
    notes = {
        release: cli("profile", "show", "--tensorflow", release, "--compile-commands", record, "--json").json["notes"]
        for release in ("2.16", "2.18")
    }
    said = "which macros TensorFlow 2.18.1 asks for is not known: those of 1.0 to 2.16 are compared"
    assert notes["2.18"][0] == said
    assert [line for line in notes["2.16"] if "is not known" in line] == []


def test_what_hides_kernels_of_an_index_decides(cli: Cli, tmp_path: Path) -> None:
    hidden = "\n".join(
        f'#ifdef {name}\nREGISTER_KERNEL_BUILDER(Name("{name}").Device(DEVICE_CPU), Op);\n#endif'
        for name in ("WITH_MINE", "__SSE4_1__")
    )
    out = tmp_path / "mine.opselidx"
    assert cli("index", "scan", tree(tmp_path / "tree", hidden), "-o", out, "--quiet").code == 0
    for flag, macro in (("-DWITH_MINE", "WITH_MINE"), ("-msse4.1", "__SSE4_1__"), ("-DOTHER", "")):
        record = record_of(tmp_path, "i686-linux-android-clang++", flag, file=UNIT)
        shown = cli("profile", "show", "--index", out, "--compile-commands", record, "--json").json
        assert (shown["profile"], shown["define"]) == ("android", {macro: "1"} if macro else {})
        told = cli("locate", macro or "WITH_MINE", "--index", out, "--compile-commands", record)
        assert (told.code == 2, "is no known profile" in told.err) == (bool(macro), bool(macro))


def test_files_that_are_compiled_alike_are_no_warning(cli: Cli, tmp_path: Path) -> None:
    """Flags that differ and decide nothing, among files with kernels and among others."""
    timed = [f"-DNDEBUG -DSHAPE=half -D__TIME__={time}" for time in (1, 2)]
    record = compiled(tmp_path, timed[0], f"{timed[1]} -DQUIET")
    entries = json.loads(record.read_text())
    for name in ("app", "lib"):
        entries.append(
            {**entries[0], "file": f"{name}.cc", "command": f"{entries[0]['command']} -DIS_{name} -DSHAPE={name}"}
        )
    record.write_text(json.dumps(entries))
    for source in (("--tree", shaped(tmp_path / "tree")), ("--tensorflow", "2.14")):
        shown = cli("profile", "show", *source, "--compile-commands", record, "--json").json
        assert shown["warnings"] == [] or "none of the" in shown["warnings"][0]
        assert [line for line in shown["notes"] if "compiled otherwise" in line] == []


def test_an_op_is_explained_by_its_kernels_in_each_profile_and_by_what_hides_more(cli: Cli) -> None:
    told = cli("profile", "explain", "Cumsum", "NoOp", "--tensorflow", "2.14", "--json")
    assert told.code == 1
    cumsum = told.json["Cumsum"]["profiles"]
    assert cumsum["android"] == {"kernels": 4, "macros": {"__ANDROID__": "1"}}
    assert cumsum["android-full"] == {"kernels": 8, "macros": {"__ANDROID_TYPES_FULL__": "1", "__ANDROID__": "1"}}
    assert cumsum["raspberry-pi"]["macros"] == {}
    assert {each["condition"]["macro"] for each in told.json["Cumsum"]["hidden"]} == {"GOOGLE_CUDA"}
    assert (told.json["Cumsum"]["decides"], told.json["NoOp"]["decides"]) == (True, False)
    text = cli("profile", "explain", "Cumsum", "--tensorflow", "2.14")
    assert text.code == 0
    assert "  android-full  8        __ANDROID_TYPES_FULL__ __ANDROID__\n" in text.out
    assert "12 more (GPU) in no profile: GOOGLE_CUDA would have to be defined\n" in text.out
    mkl = cli("profile", "explain", "QuantizedConv2DAndRelu", "--tensorflow", "2.14")
    assert "1 of these (CPU) only in desktop: INTEL_MKL would have to be defined" in mkl.out


def test_an_op_without_kernels_and_a_name_of_nothing_are_told_apart(cli: Cli, index_file: Path) -> None:
    told = cli("profile", "explain", "Lonely", "MatMull", "NoOp", "--index", index_file)
    assert told.code == 1
    assert "Lonely: no build has a kernel of it\n" in told.out
    assert "MatMull: no registration hangs on it; did you mean MatMul?\n" in told.out
    assert "NoOp: every build has the same kernels\n" in told.out
    mul = cli("profile", "explain", "Mul", "--index", index_file)
    assert (mul.code, mul.out.partition("\n")[0]) == (0, "Mul: its kernels hang on macros")


def test_a_macro_in_the_text_of_registrations_is_explained(cli: Cli, tmp_path: Path) -> None:
    told = cli("profile", "explain", "SHAPE", "NDEBUG", "--tree", shaped(tmp_path / "tree"), "--json")
    assert told.code == 0
    assert (told.json["SHAPE"]["in_text"], told.json["SHAPE"]["conditions"]) == (True, [])
    assert (told.json["NDEBUG"]["in_text"], len(told.json["NDEBUG"]["conditions"])) == (False, 5)
    of_others = cli("profile", "explain", "INTEL_MKL", "--tree", tmp_path / "tree")
    assert (of_others.code, of_others.out.partition("\n")[0]) == (1, "INTEL_MKL: no registration hangs on it")
    text = cli("profile", "explain", "SHAPE", "--tree", tmp_path / "tree")
    assert text.out.startswith("SHAPE: the text of registrations has it\n")


def test_a_macro_that_folders_or_an_index_hang_on_is_explained(cli: Cli, tmp_path: Path) -> None:
    folder, out = tmp_path / "my_ops", tmp_path / "mine.opselidx"
    folder.mkdir()
    (folder / "mine.cc").write_text(
        SHAPED.replace("Shaped", "Mine").replace("NDEBUG", "WITH_MINE").replace("SHAPE", "float")
    )
    over = cli("profile", "explain", "WITH_MINE", "--tensorflow", "2.14", "--root", folder, "--json")
    assert (over.code, over.json["WITH_MINE"]["conditions"]) == (0, ["my_ops/mine.cc:4"])
    assert cli("profile", "explain", "WITH_MINE", "--tensorflow", "2.14").code == 1
    assert cli("index", "scan", "--base", "2.14", "--root", folder, "-o", out, "--quiet").code == 0
    told = cli("profile", "explain", "WITH_MINE", "__arm__", "--index", out, "--json").json
    assert (told["WITH_MINE"]["decides"], len(told["WITH_MINE"]["hidden"])) == (True, 1)
    assert not told["__arm__"]["decides"]
    assert cli("profile", "explain", "__arm__", "--tensorflow", "1.13").code == 0
    for release, decides in (("1.13", True), ("2.14", False)):
        shown = cli("profile", "show", "raspberry-pi", "--tensorflow", release, "--json").json
        assert shown["macros"]["__arm__"]["decides"] == decides


def test_what_of_arguments_is_not_read_is_a_warning_where_kernels_may_hang_on_it(cli: Cli, tmp_path: Path) -> None:
    source = ("--tensorflow", "2.14", "--compile-commands")
    responding = record_of(tmp_path, "x86_64-linux-gnu-g++", "@none.rsp", "-march=native", "-c")
    shown = cli("profile", "show", *source, responding, "--json").json
    assert shown["warnings"] == [
        f"{responding}:1: the response file none.rsp cannot be read: what it passes is not known"
    ]
    of_app = cli("profile", "show", *source, record_of(tmp_path, "g++", "@none.rsp", file="a.cc"), "--json").json
    assert [line for line in of_app["warnings"] if "none.rsp" in line] == []
    assert [line for line in of_app["notes"] if "none.rsp" in line] != []


def test_what_instructions_a_compiler_takes_is_a_question_where_sources_ask_for_them(cli: Cli, tmp_path: Path) -> None:
    asking = '#ifdef __AVX2__\nREGISTER_KERNEL_BUILDER(Name("One").Device(DEVICE_CPU), OneOp);\n#endif\n'
    checkout = tree(tmp_path / "tree", asking)
    native = record_of(tmp_path, "x86_64-linux-gnu-g++", "-march=native", "-c", file=UNIT)
    shown = cli("profile", "show", "--tree", checkout, "--compile-commands", native, "--json").json
    assert shown["warnings"] == [f"{native}:1: which instructions -march=native stands for is not known"]
    haswell = record_of(tmp_path, "x86_64-linux-gnu-g++", "-march=haswell", "-c", file=UNIT)
    shown = cli("profile", "show", "--tree", checkout, "--compile-commands", haswell, "--json").json
    assert (shown["warnings"], shown["scanned"]["define"]) == ([], {"__AVX2__": "1"})


def test_many_arguments_that_are_not_read_are_counted(cli: Cli, tmp_path: Path) -> None:
    entries = [
        {"directory": "/b", "file": f"{KERNELS}/relu_op.cc", "arguments": ["g++", f"@{number}.rsp"]}
        for number in range(5)
    ]
    path = tmp_path / "many.json"
    path.write_text(json.dumps(entries))
    warnings = cli("profile", "show", "--tensorflow", "2.14", "--compile-commands", path, "--json").json["warnings"]
    assert len(warnings) == 4
    assert warnings[-1] == f"{path}: as many as 5 such arguments are not read"
