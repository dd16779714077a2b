"""Where TensorFlow's header tool goes wrong without a word, and what we do there.

That it prints an error message as a header, fails on classes with commas in ``--default-ops``, drops nodes without a
device type or a type attr, and does not sort an ops list that has an op twice: see ``test_header.py``.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from opselect.build_lists.header.reader import read_header
from opselect.build_lists.header.record import SelectiveHeader
from opselect.cli.main import run
from opselect.cli.shared.exit_codes import DONE, NO, UNUSABLE

FLOAT = 'attr { key: "T" value { type: DT_FLOAT } }'
X = 'node { name: "x" op: "Placeholder" attr { key: "dtype" value { type: DT_FLOAT } } } '
TREE = "fixtures/runtime_tree"
RUNNING_TOTAL = "fixtures/build_models/running_total.pb"
SUM_OF_THE_TREE = "ScanOp<CPUDevice, functor::RunningSum<float>, float, int32>"


def generate(folder: Path, model: str, *arguments: str) -> int:
    path = folder / "graph.pbtxt"
    path.write_text(X + model)
    return run(["generate", str(path), "--target", "header", "--out", str(folder / "out"), "--quiet", *arguments])


def header(folder: Path) -> SelectiveHeader:
    return read_header((folder / "out/ops_to_register.h").read_text())


@pytest.mark.parametrize("device", ["/gpu:0", "/device:GPU:0", "/job:worker/task:1/device:GPU:*"])
@pytest.mark.parametrize("compat", [(), ("--compat", "2.14")])
def test_a_node_on_a_gpu_is_missing_and_no_class_of_a_gpu_is_written(
    device: str, compat: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    node = f'node {{ name: "y" op: "Relu" input: "x" device: "{device}" {FLOAT} }}'
    assert generate(tmp_path, node, "--tensorflow", "2.14", *compat) == NO
    assert "pinned to a device" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
    assert generate(tmp_path, node, "--tensorflow", "2.14", *compat, "--allow-missing") == DONE
    classes = header(tmp_path).classes
    assert classes is not None
    assert not [name for name in classes if "GPU" in name]
    assert ("ReluOp<CPUDevice, float>" in classes) == (not compat)


@pytest.mark.parametrize(
    ("flag", "hint"),
    [("--default_ops=", "--default-ops"), ("--graphs=x.pb", ""), ("--proto_fileformat=textproto", "")],
)
def test_an_unknown_flag_is_an_error_and_is_never_ignored(
    flag: str, hint: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert generate(tmp_path, "", "--tensorflow", "2.14", flag) == UNUSABLE
    message = capsys.readouterr().err
    assert flag.partition("=")[0] in message
    assert hint in message
    assert not (tmp_path / "out").exists()


CONV = (
    'node { name: "f" op: "Placeholder" attr { key: "dtype" value { type: DT_FLOAT } } } '
    f'node {{ name: "y" op: "Conv2D" input: "x" input: "f" {FLOAT} '
    'attr { key: "strides" value { list { i: 1 i: 1 i: 1 i: 1 } } } attr { key: "padding" value { s: "SAME" } } }'
)


@pytest.mark.parametrize("compat", [(), ("--compat", "1.15"), ("--compat", "1.3"), ("--compat", "2.14")])
def test_classes_are_those_of_the_build_that_is_asked_for_not_of_this_machine(
    compat: tuple[str, ...], tmp_path: Path
) -> None:
    for profile, name in (("android", "Conv2DOp"), ("ios", "Conv2DUsingGemmOp"), ("desktop", "Conv2DOp")):
        assert generate(tmp_path, CONV, "--tensorflow", "1.15", "--profile", profile, *compat) == DONE
        classes = header(tmp_path).classes
        assert classes is not None
        assert [each.partition("<")[0] for each in classes if each.startswith("Conv2D")] == [name]


@pytest.mark.parametrize("compat", [(), ("--compat", "2.14")])
def test_classes_are_those_of_the_tree_that_is_built(
    compat: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--tree", TREE, "--target", "header", "--out", str(tmp_path), "--quiet", *compat]
    assert run(["generate", RUNNING_TOTAL, *arguments]) == DONE
    path = str(tmp_path / "ops_to_register.h")
    assert SUM_OF_THE_TREE in (read_header(Path(path).read_text()).classes or ())
    assert run(["header", "show", path, "--tree", TREE]) == DONE
    capsys.readouterr()
    # A build of another release would register nothing for it, and say nothing.
    assert run(["header", "show", path, "--tensorflow", "2.14", "--profile", "desktop"]) == NO
    (line,) = [line for line in capsys.readouterr().out.splitlines() if SUM_OF_THE_TREE in line]
    assert "no, and of no release" in line


FUNCTION = (
    'library { function { signature { name: "f" input_arg { name: "a" type: DT_FLOAT } '
    f'output_arg {{ name: "b" type: DT_FLOAT }} }} node_def {{ name: "r" op: "Relu" input: "a" {FLOAT} }} '
    'ret { key: "b" value: "r:activations:0" } } }'
)


@pytest.mark.parametrize(("compat", "reads"), [("2.9", False), ("2.10", True)])
def test_a_call_of_a_function_is_no_op_and_its_body_counts_from_2_10_on(
    compat: str, reads: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = 'node { name: "y" op: "f" input: "x" } ' + FUNCTION
    arguments = ["--tensorflow", "2.14", "--profile", "desktop", "--compat", compat]
    path = tmp_path / "graph.pbtxt"
    path.write_text(X + model)
    assert run(["generate", str(path), "--target", "header", "--out", str(tmp_path / "out"), *arguments]) == DONE
    found = header(tmp_path)
    assert not found.has_op("f")
    assert found.has_op("Relu") == reads
    # What the tool leaves out is said.
    assert ("the header lacks kernels that the models need: Relu" in capsys.readouterr().err) != reads
