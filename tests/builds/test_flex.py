"""A generated Flex library as real Bazel analyses, builds and runs it, in a stand-in for TensorFlow's tree."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from opselect.cli.main import run
from tests.buildifier import complaints, needs_buildifier
from tests.builds.builders import JOBS, Bazel, skip_without
from tests.builds.sharing import made_once, shared_folder

WORKSPACE = Path(__file__).parent / "flex_workspace"
APP = "//tensorflow/lite/app"
ONE_SIDED = "//tensorflow/lite/one_sided"
OTHER_TREE = "//tensorflow/lite/other_tree"
UPSTREAM = "//tensorflow/lite/delegates/flex:as_upstream"
FILE = "tensorflow/lite/app/selected_flex.bzl"
PHONES = ("android",)
OTHERS = ("elinux", "macos", "linux")

GRAPH = """
node { name: "x" op: "Placeholder" attr { key: "dtype" value { type: DT_FLOAT } } }
node { name: "acos" op: "Acos" input: "x" attr { key: "T" value { type: DT_FLOAT } } }
node {
  name: "pool" op: "AvgPool" input: "acos"
  attr { key: "T" value { type: DT_FLOAT } }
  attr { key: "ksize" value { list { i: 1 i: 2 i: 2 i: 1 } } }
  attr { key: "strides" value { list { i: 1 i: 2 i: 2 i: 1 } } }
  attr { key: "padding" value { s: "VALID" } }
}
"""
"""One kernel is in no group, and one has helpers in the base library of phones."""

LINKED_ELSEWHERE = {
    "tensorflow/core/kernels/no_op.cc",
    "tensorflow/core/kernels/sendrecv_ops.cc",
    "tensorflow/core/ops/function_ops.cc",
}
"""What the delegate of the stand-in links by itself where it is not for phones."""

LINKED_ON_PHONES = {"tensorflow/core/kernels/pooling_ops_common.cc"}


@dataclass(frozen=True, slots=True)
class Seen:
    """Per platform the sources that each target compiles, and whether all of TensorFlow is linked, by the generated
    library and by a rule like TensorFlow's; what the program for Linux prints; why there is neither a one-sided library
    nor one of another tree; how a shared library is linked for macOS.
    """

    compiled: dict[str, dict[str, set[str]]]
    all_of_tensorflow: dict[str, tuple[bool, bool]]
    printed: list[str]
    shared: bool
    refused: str
    mac_linkopts: set[str]


def prepare(folder: Path) -> Path:
    """The workspace with a generated library, and with sources that register their own names."""
    tree = Path(shutil.copytree(WORKSPACE, folder / "tree"))
    graph = folder / "graph.pbtxt"
    graph.write_text(GRAPH)
    command = ["generate", str(graph), "--tensorflow", "2.14", "--profile", "selective", "--target", "flex-bazel"]
    assert run([*command, "--out", str((tree / FILE).parent), "--quiet"]) == 0
    others = {f"tensorflow/core/{room}/other_ops.cc" for room in ("kernels", "ops")}
    for path in {*named(tree), *others}:
        source = '#include "tensorflow/core/framework/register.h"\n#include "ops_to_register.h"\n'
        if path in LINKED_ELSEWHERE | others:
            source = source.replace('#include "ops_to_register.h"\n', "")
        (tree / path).write_text(f'{source}static const bool registered = Register("{path}");\n')
    write_elsewhere(tree, ONE_SIDED, 'missing = ""', 'missing = "Nothing for desktops: Odd has no kernel."')
    write_elsewhere(tree, OTHER_TREE, "paths = [", 'paths = ["tensorflow/core/kernels/gone.cc",')
    return tree


def write_elsewhere(tree: Path, package: str, old: str, new: str) -> None:
    """The generated file once more, with another side for all but phones."""
    folder = tree / package.removeprefix("//")
    folder.mkdir()
    before, _, after = (tree / FILE).read_text().partition("_ELSEWHERE = struct(")
    (folder / "selected_flex.bzl").write_text(f"{before}_ELSEWHERE = struct({after.replace(old, new, 1)}")
    for name in ("BUILD", "registered.cc"):
        shutil.copy((tree / FILE).parent / name, folder)


def named(tree: Path) -> set[str]:
    """The sources beside the kernels that the generated file names."""
    text = (tree / FILE).read_text()
    return set(
        re.findall(r'^        "(tensorflow/(?:core/kernels|core/ops|tsl/framework)/[^"]*\.cc)",$', text, re.MULTILINE)
    )


def look(folder: Path) -> Seen:
    tree = prepare(folder)
    bazel = Bazel(tree, folder / "bazel")
    try:
        compiled, whole = {}, {}
        for platform in (*PHONES, *OTHERS):
            flag = f"--define=platform={platform}"
            query = f'mnemonic("CppCompile", deps({APP}:flex))'
            compiled[platform] = sources_of(bazel.run("aquery", query, "--output=jsonproto", flag))
            ways = [f"somepath({start}, //tensorflow/core:tensorflow)" for start in (f"{APP}:flex", UPSTREAM)]
            also = [f"{ONE_SIDED}:flex"] if platform in PHONES else []
            lines = bazel.run("cquery", " + ".join([*ways, *also]), flag).split()
            assert not also or also[0] in lines
            whole[platform] = (f"{APP}:flex" in lines, UPSTREAM in lines)
        query = f'mnemonic("CppLink", {APP}:libshared_flex.so)'
        links = json.loads(bazel.run("aquery", query, "--output=jsonproto", "--define=platform=macos"))
        mac_linkopts = {argument for action in links["actions"] for argument in action["arguments"]}
        targets = (f"{APP}:registered", f"{APP}:shared_flex")
        bazel.run("build", *targets, flag, "--spawn_strategy=local", f"--jobs={JOBS}")
        program = tree / "bazel-bin/tensorflow/lite/app/registered"
        printed = subprocess.run([program], capture_output=True, text=True, check=True).stdout.splitlines()
        shared = (tree / "bazel-bin/tensorflow/lite/app/libshared_flex.so").is_file()
        with pytest.raises(AssertionError) as refused:
            bazel.run("build", "--nobuild", "--keep_going", f"{ONE_SIDED}:flex", f"{OTHER_TREE}:flex", flag)
        return Seen(compiled, whole, printed, shared, str(refused.value), mac_linkopts)
    finally:
        bazel.close()


def sources_of(actions: str) -> dict[str, set[str]]:
    """Label of a target to the files that it compiles."""
    graph = json.loads(actions)
    labels = {target["id"]: target["label"] for target in graph["targets"]}
    found: dict[str, set[str]] = {}
    for action in graph["actions"]:
        arguments = action["arguments"]
        found.setdefault(labels[action["targetId"]], set()).add(arguments[arguments.index("-c") + 1])
    return found


@pytest.fixture(scope="session")
def seen(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Seen:
    folder = shared_folder(tmp_path_factory, pytestconfig, "flex")
    skip_without(Bazel(folder, folder).missing_tools())
    return made_once(folder, lambda: look(folder))


def test_just_the_selected_sources_are_compiled_and_each_once(seen: Seen) -> None:
    for platform, targets in seen.compiled.items():
        paths = [path for paths in targets.values() for path in paths]
        assert len(paths) == len(set(paths)), platform
        library = targets[f"{APP}:flex_tensorflow_lib"]
        linked = LINKED_ON_PHONES if platform in PHONES else LINKED_ELSEWHERE
        assert not library & linked
        assert "tensorflow/core/kernels/cwise_op_acos.cc" in library
        assert "tensorflow/core/kernels/avgpooling_op.cc" in library
        assert not any("other_ops" in path for path in paths)
    assert all(seen.compiled[platform] == seen.compiled["linux"] for platform in OTHERS)


def test_all_of_tensorflow_is_linked_nowhere_but_by_its_own_rule_beyond_phones(seen: Seen) -> None:
    assert {platform: generated for platform, (generated, _) in seen.all_of_tensorflow.items()} == dict.fromkeys(
        (*PHONES, *OTHERS), False
    )
    assert [platform for platform, (_, upstream) in seen.all_of_tensorflow.items() if upstream] == list(OTHERS)


def test_the_library_for_linux_links_runs_and_registers_all_once(seen: Seen) -> None:
    tensorflow = {path for paths in seen.compiled["linux"].values() for path in paths if "core/framework/" not in path}
    assert sorted(seen.printed) == sorted(tensorflow)
    assert set(seen.printed) >= LINKED_ELSEWHERE | LINKED_ON_PHONES
    assert seen.shared


def test_a_shared_library_for_macos_exports_by_the_linkers_own_option(seen: Seen) -> None:
    symbols = "tensorflow/lite/delegates/flex/exported_symbols.lds"
    assert f"-Wl,-exported_symbols_list,{symbols}" in seen.mac_linkopts
    assert not any("version-script" in option or "-z,defs" in option for option in seen.mac_linkopts)


def test_a_side_that_cannot_be_built_says_why(seen: Seen) -> None:
    assert "Nothing for desktops: Odd has no kernel." in seen.refused


def test_a_tree_without_a_selected_file_is_refused_before_anything_is_built(seen: Seen) -> None:
    asked = "this tree does not have what was selected; is it TensorFlow 2.14.1? tensorflow/core/kernels/gone.cc\n"
    assert asked in seen.refused


@needs_buildifier
def test_buildifier_finds_nothing(tmp_path: Path) -> None:
    tree = prepare(tmp_path)
    assert complaints([tree / FILE]) == ""
    files = [*WORKSPACE.rglob("BUILD"), *WORKSPACE.rglob("*.bzl")]
    assert complaints(files, "--warnings=-native-cc-library,-native-cc-binary") == ""
