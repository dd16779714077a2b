"""What a path means: folders, files, checkpoints by prefix and with the graph that was saved beside them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from kernel_index.errors import InputError
from opselect.models.choice import choose_meta_graph
from opselect.models.formats import read_model

FIXTURES = Path(__file__).parents[4] / "fixtures"
V1 = FIXTURES / "checkpoints" / "partitioned_vars_v1_checkpoint"
V2 = FIXTURES / "checkpoints" / "v2_partitioned_slices"
GRAPH = 'graph_def { node { name: "x" op: "Placeholder" } }'


@pytest.fixture
def folder(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    source: Path = request.param
    shutil.copytree(source, tmp_path / "model")
    return tmp_path / "model"


@pytest.mark.parametrize("folder", [V1, V2], indirect=True, ids=["V1", "V2"])
def test_a_checkpoint_has_the_graph_that_was_saved_with_it(folder: Path) -> None:
    prefix = folder / "model.ckpt"
    spellings = [folder, prefix, *folder.glob("model.ckpt.index")]
    for path in spellings:
        model = read_model(path)
        assert (model.format, model.meta_graphs) == ("checkpoint", ())
        assert model.variables == str(prefix)
        with pytest.raises(InputError, match="it holds variables and no graph"):
            choose_meta_graph(model)
    (folder / "model.ckpt.meta").write_text(GRAPH)
    for path in spellings:
        model = read_model(path)
        assert [node.name for node in choose_meta_graph(model).graph.nodes] == ["x"]
        assert (model.format, model.variables) == ("checkpoint", str(prefix))
    assert read_model(folder / "model.ckpt.meta").format == "meta_graph"


@pytest.mark.parametrize("folder", [V2], indirect=True, ids=["V2"])
def test_names_that_only_begin_alike_are_no_checkpoint(folder: Path) -> None:
    with pytest.raises(InputError, match="No such file"):
        read_model(folder / "model")
    (folder / "graph.pb").write_bytes(b"x")
    with pytest.raises(InputError, match="No such file"):
        read_model(folder / "graph")


def test_a_folder_without_a_model(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    with pytest.raises(InputError, match="is a folder"):
        read_model(tmp_path)
