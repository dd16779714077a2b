"""What records of builds come to: which files differ, and what is said of that."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import KERNELS, Cli
from tests.kernel_index.scan.trees import tree

SHAPED = """
#include "tensorflow/core/framework/op_kernel.h"
REGISTER_OP("Shaped").Input("x: T").Output("y: T").Attr("T: {float, int32, half}");
#ifdef NDEBUG
REGISTER_KERNEL_BUILDER(Name("Shaped").Device(DEVICE_CPU).TypeConstraint<SHAPE>("T"), ShapedOp);
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
