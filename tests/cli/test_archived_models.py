"""Models in archives, for the commands that write a graph."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.opselect.archive_files import folder_files, tar_bytes, zip_bytes

FIXTURES = Path(__file__).parents[2] / "fixtures"
PARTITIONED = FIXTURES / "freeze" / "models" / "partitioned_vars_v1_checkpoint"
LSTM = FIXTURES / "freeze" / "models" / "lstm_dynamic_rnn"
RESOURCES = FIXTURES / "freeze" / "models" / "train_resvar_cnn_preproc_midgraph_input"
SAVED_MODEL = FIXTURES / "saved_models" / "sm2_functional_cnn"
GRAPH = FIXTURES / "models" / "tiny_mobilenet.pb"

COMMANDS: dict[str, tuple[tuple[str, ...], tuple[str | Path, ...]]] = {
    "a graph and a checkpoint": (
        ("freeze", "all.zip!v1/graph.pb", "--checkpoint=all.zip!v1/model.ckpt", "--outputs=output", "-o"),
        ("freeze", PARTITIONED / "graph.pb", f"--checkpoint={PARTITIONED / 'model.ckpt'}", "--outputs=output", "-o"),
    ),
    "a graph and the only checkpoint": (
        ("freeze", "all.zip!res.pb", "--checkpoint=ckpt.tar.gz", "--outputs=probs", "-o"),
        ("freeze", RESOURCES / "graph.pb", f"--checkpoint={RESOURCES / 'model.ckpt'}", "--outputs=probs", "-o"),
    ),
    "a MetaGraph and its checkpoint": (
        ("freeze", "--input_meta_graph=all.zip!lstm/model.ckpt.meta", "--output_node_names=output", "-o"),
        ("freeze", LSTM / "model.ckpt.meta", "--outputs=output", "-o"),
    ),
    "a SavedModel": (("freeze", "all.zip!sm", "-o"), ("freeze", SAVED_MODEL, "-o")),
    "the only model": (("freeze", "sm.tar.gz", "-o"), ("freeze", SAVED_MODEL, "-o")),
    "transform": (
        ("transform", "all.zip!tiny.pb", "--transforms=remove_device", "--out_graph"),
        ("transform", GRAPH, "--transforms=remove_device", "--out_graph"),
    ),
    "prepare": (("prepare", "sm.tar.gz", "-o"), ("prepare", SAVED_MODEL, "-o")),
    "prepare a graph and a checkpoint": (
        ("prepare", "all.zip!res.pb", "--checkpoint=ckpt.tar.gz", "--outputs=probs", "-o"),
        ("prepare", RESOURCES / "graph.pb", f"--checkpoint={RESOURCES / 'model.ckpt'}", "--outputs=probs", "-o"),
    ),
}


@pytest.fixture
def unpack_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that models are unpacked in; archives of models are in the scratch folder."""
    files = folder_files(PARTITIONED, "v1/") | folder_files(LSTM, "lstm/") | folder_files(SAVED_MODEL, "sm/")
    files |= {"tiny.pb": GRAPH.read_bytes(), "res.pb": (RESOURCES / "graph.pb").read_bytes()}
    (tmp_path / "all.zip").write_bytes(zip_bytes(files))
    (tmp_path / "sm.tar.gz").write_bytes(tar_bytes(folder_files(SAVED_MODEL), "gz"))
    checkpoint = {name: data for name, data in folder_files(RESOURCES).items() if name.startswith("model.ckpt")}
    (tmp_path / "ckpt.tar.gz").write_bytes(tar_bytes(checkpoint, "gz"))
    folder = tmp_path / "unpacked"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.mark.parametrize("case", COMMANDS)
def test_a_model_in_an_archive_becomes_the_same_graph(cli: Cli, unpack_to: Path, case: str) -> None:
    inside, outside = COMMANDS[case]
    archived = cli(*inside, "a.pb")
    assert archived.code == 0, archived.err
    assert cli(*outside, "b.pb").code == 0
    assert Path("a.pb").read_bytes() == Path("b.pb").read_bytes()
    assert str(unpack_to) not in archived.out + archived.err
    assert list(unpack_to.iterdir()) == []


BAD: dict[str, tuple[tuple[str, ...], str]] = {
    "several models": (("freeze", "all.zip", "-o"), "all.zip: holds 5 models\n  Name the one you mean: all.zip!"),
    "no such member": (
        ("transform", "all.zip!tyni.pb", "--transforms=remove_device", "--out_graph"),
        "all.zip!tiny.pb",
    ),
    "no such output": (
        ("freeze", "all.zip!v1/graph.pb", "--outputs=outptu", "-o"),
        "all.zip!v1/graph.pb: the graph has",
    ),
    "another checkpoint": (
        ("freeze", "all.zip!v1/graph.pb", "--checkpoint=all.zip!lstm/model.ckpt", "--outputs=output", "-o"),
        "all.zip!lstm/model.ckpt: does not fit the graph",
    ),
    "no checkpoint": (("prepare", "all.zip!v1/graph.pb", "--outputs=output", "-o"), "all.zip!v1/graph.pb: has "),
    "no graph": (
        ("transform", "sm.tar.gz", "--transforms=remove_device", "--out_graph"),
        "sm.tar.gz!.: is no GraphDef, it is a SavedModel",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_errors_name_the_member_and_leave_nothing(cli: Cli, unpack_to: Path, case: str) -> None:
    arguments, problem = BAD[case]
    outcome = cli(*arguments, "a.pb")
    assert outcome.code == 2
    assert problem in outcome.err
    assert str(unpack_to) not in outcome.err
    assert list(unpack_to.iterdir()) == []
    assert not Path("a.pb").exists()
