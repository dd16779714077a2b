"""What a user may pass to mean a checkpoint, and what is said where it means none."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterator
from pathlib import Path

import fsspec
import numpy as np
import pytest

from kernel_index.errors import InputError
from opselect import open_checkpoint
from opselect.models.formats.checkpoint.locate import locate
from opselect.models.formats.checkpoint.state_file import latest_path
from tests.opselect.models.formats.checkpoint_files import FIXTURES, write_bundle


def write(folder: Path, *prefixes: str) -> None:
    """Checkpoints whose variable ``v`` is a number of its own: 1 for the first, and so on."""
    for number, prefix in enumerate(prefixes, 1):
        (folder / prefix).parent.mkdir(parents=True, exist_ok=True)
        write_bundle(folder / prefix, {"v": np.array(number, np.int32)})


def state(folder: Path, latest: str) -> None:
    text = f'model_checkpoint_path: "{latest}"\nall_model_checkpoint_paths: "a"\nall_model_checkpoint_paths: "b"\n'
    (folder / "checkpoint").write_text(text)


def value(path: Path | str) -> int:
    return int(open_checkpoint(path)["v"])


def refused(path: Path | str) -> InputError:
    with pytest.raises(InputError) as caught:
        open_checkpoint(path)
    return caught.value


@pytest.mark.parametrize("suffix", ["", ".index", ".meta", ".data-00000-of-00001"])
def test_any_file_of_a_bundle_means_its_prefix(tmp_path: Path, suffix: str) -> None:
    write(tmp_path, "model.ckpt-5", "model.ckpt-50")
    (tmp_path / "model.ckpt-5.meta").write_bytes(b"x")
    assert value(tmp_path / f"model.ckpt-5{suffix}") == 1
    assert open_checkpoint(tmp_path / f"model.ckpt-5{suffix}").prefix == str(tmp_path / "model.ckpt-5")


def test_a_path_from_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "a", "sub/b")
    state(tmp_path, "a")
    monkeypatch.chdir(tmp_path)
    assert [value(path) for path in ("a", "a.index", "sub/b", "sub", ".", "./a")] == [1, 1, 2, 2, 1, 1]


@pytest.mark.parametrize(
    "name", ["old", "old-?????-of-00002", "old-00000-of-00002", "old-00001-of-00002", "old.meta", "old.index"]
)
def test_any_file_of_sharded_version_1_means_all_of_them(name: str) -> None:
    located = locate(str(FIXTURES / "made_by_2_14" / name))
    assert [Path(file).name for file in located.files] == ["old-00000-of-00002", "old-00001-of-00002"]


def test_a_shard_that_is_missing_is_named(tmp_path: Path) -> None:
    for number in (0, 2):
        (tmp_path / f"old-{number:05d}-of-00003").write_bytes(b"x")
    for path in ("old", "old-00000-of-00003"):
        error = refused(tmp_path / path)
        assert (error.place.path, error.problem) == (str(tmp_path / "old-00001-of-00003"), "is missing")
    (tmp_path / "old-00001-of-00003").write_bytes(b"x")
    (tmp_path / "old-00002-of-00003").unlink()
    assert refused(tmp_path / "old").place.path.endswith("old-00002-of-00003")


def test_two_sharded_checkpoints_of_one_prefix(tmp_path: Path) -> None:
    for name in ("old-00000-of-00001", "old-00000-of-00002", "old-00001-of-00002"):
        (tmp_path / name).write_bytes(b"x")
    assert "old-?????-of-00002" in refused(tmp_path / "old").advice
    assert len(locate(str(tmp_path / "old-?????-of-00002")).files) == 2


def test_version_1_in_one_file(tmp_path: Path) -> None:
    data = (FIXTURES / "v1_single_file_dtypes" / "model.ckpt").read_bytes()
    (tmp_path / "model.ckpt").write_bytes(data)
    (tmp_path / "model.ckpt.meta").write_bytes(b"x")
    (tmp_path / "notes.txt").write_text("no checkpoint")
    for path in (tmp_path / "model.ckpt", tmp_path / "model.ckpt.meta", tmp_path):
        assert (open_checkpoint(path).version, len(open_checkpoint(path))) == (1, 14)


def test_a_folder_means_what_its_state_file_says(tmp_path: Path) -> None:
    write(tmp_path, "model-1", "model-2", "model-3")
    state(tmp_path, "model-2")
    assert value(tmp_path) == value(tmp_path / "checkpoint") == value(f"{tmp_path}/") == 2


def test_a_state_file_may_name_shards_of_version_1(tmp_path: Path) -> None:
    for name in ("old-00000-of-00002", "old-00001-of-00002"):
        (tmp_path / name).write_bytes((FIXTURES / "made_by_2_14" / name).read_bytes())
    state(tmp_path, "/gone/old-?????-of-00002")
    assert len(open_checkpoint(tmp_path)) == 6


def test_a_state_file_in_a_folder_that_was_moved(tmp_path: Path) -> None:
    write(tmp_path, "model-1", "model-2")
    for said in ("/home/someone/train/model-2", "C:\\\\train\\\\model-2", "gs://bucket/train/model-2", "./model-2"):
        state(tmp_path, said)
        assert value(tmp_path) == 2


def test_a_state_file_may_name_a_folder_below(tmp_path: Path) -> None:
    write(tmp_path, "a/model", "model")
    for said in ("a/model", str(tmp_path / "a" / "model"), "a//./model"):
        state(tmp_path, said)
        assert value(tmp_path) == 1


def test_an_absolute_path_through_a_link_to_the_folder(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    write(tmp_path / "real", "a/model", "model")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    for said in (tmp_path / "real" / "a" / "model", tmp_path / "link" / "a" / "model"):
        state(tmp_path / "real", str(said))
        assert value(tmp_path / "link") == 1


@pytest.mark.parametrize("outside", ["../secret/model", "{folder}/secret/model", "a/../../secret/model"])
def test_a_state_file_does_not_lead_out_of_its_folder(tmp_path: Path, outside: str) -> None:
    write(tmp_path, "secret/model", "train/own")
    state(tmp_path / "train", outside.format(folder=tmp_path))
    error = refused(tmp_path / "train")
    assert error.place.path == str(tmp_path / "train" / "checkpoint")
    assert "which is not in the folder" in error.problem
    assert "own" in error.advice
    write(tmp_path, "train/x", "train/model")
    assert value(tmp_path / "train") == 2


def test_a_checkpoint_of_the_state_file_that_was_deleted(tmp_path: Path) -> None:
    write(tmp_path, "model-8", "model-9")
    state(tmp_path, "model-10")
    error = refused(tmp_path)
    assert "'model-10'" in error.problem
    assert "model-9, model-8" in error.advice


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ('model_checkpoint_path: "a"', "a"),
        ("model_checkpoint_path:'a\"b'", 'a"b'),
        ('# a comment\nlast_preserved_timestamp: 1.5e9\nmodel_checkpoint_path : "a" # and one', "a"),
        ('all_model_checkpoint_timestamps: [1, -2.5]; model_checkpoint_path: "a";', "a"),
        ('model_checkpoint_path: "a" model_checkpoint_path: "b"', "b"),
        (r'model_checkpoint_path: "\303\251\x21\n\\\"\t"', 'é!\n\\"\t'),
        ('model_checkpoint_path: "é"', "é"),
        ('all_model_checkpoint_paths: "x"\nmodel_checkpoint_path: "a"\nall_model_checkpoint_paths: "z"', "a"),
    ],
)
def test_state_files(tmp_path: Path, text: str, path: str) -> None:
    (tmp_path / "checkpoint").write_text(text, encoding="utf-8")
    assert latest_path(str(tmp_path / "checkpoint")) == path


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "names no model_checkpoint_path"),
        (b'all_model_checkpoint_paths: "model_checkpoint_path"', "names no model_checkpoint_path"),
        (b'model_checkpoint_path: ""', "names no model_checkpoint_path"),
        (b'last: 1\nmodel_checkpoint_path: "a', "this line is not one of its"),
        (b'model_checkpoint_path: "a\nb"', "this line is not one of its"),
        (b"\xff\xfe", "it is not text"),
        (b"x" * (2 << 20), "2,097,152 bytes"),
        (b'model_checkpoint_path: "' + b"../" * 1000 + b'"', "which is not in the folder"),
        (b'model_checkpoint_path: "/"', "which is not in the folder"),
        (b'model_checkpoint_path: "a\\000b"', "which is not in the folder"),
        (b'model_checkpoint_path: "\\377"', "which is not in the folder"),
    ],
)
def test_state_files_that_name_nothing(tmp_path: Path, data: bytes, problem: str) -> None:
    (tmp_path / "checkpoint").write_bytes(data)
    error = refused(tmp_path)
    assert problem in error.problem
    assert error.place.path == str(tmp_path / "checkpoint")
    assert error.advice


def test_a_state_file_with_an_error_says_the_line(tmp_path: Path) -> None:
    (tmp_path / "checkpoint").write_text('a: 1\nb: "x"\n{\n')
    assert refused(tmp_path).place.line == 3


def test_a_folder_with_one_checkpoint_needs_no_state_file(tmp_path: Path) -> None:
    write(tmp_path, "variables")
    assert value(tmp_path) == 1
    write(tmp_path, "a", "b")
    error = refused(tmp_path)
    assert "3 checkpoints" in error.problem
    assert "a, b, variables" in error.advice


def test_the_folder_of_a_saved_model(tmp_path: Path) -> None:
    (tmp_path / "saved_model.pb").write_bytes(b"x")
    assert "SavedModel without variables" in refused(tmp_path).problem
    write(tmp_path, "variables/variables")
    assert value(tmp_path) == value(tmp_path / "variables") == 1


def test_a_wrong_prefix_suggests_those_beside_it(tmp_path: Path) -> None:
    write(tmp_path, *(f"model.ckpt-{number}" for number in (100, 200, 300)), "encoder")
    for prefix, best in (
        ("modle.ckpt-200", "model.ckpt-200"),
        ("encodre", "encoder"),
        ("model.ckpt-2", "model.ckpt-2"),
    ):
        error = refused(tmp_path / prefix)
        assert error.problem == "there is no checkpoint of this prefix"
        assert error.advice.startswith(f"There are: {best}")
    assert "encoder" in refused(tmp_path / "encoder.data-00001-of-00001x").advice


def test_there_is_nothing_at_all(tmp_path: Path) -> None:
    assert refused(tmp_path).problem == "is a folder without a checkpoint"
    assert "no checkpoint of this prefix" in refused(tmp_path / "nothing").problem
    assert "no checkpoint of this prefix" in refused(tmp_path / "no" / "folder").problem
    assert refused("a\0b").advice
    (tmp_path / "graph.pb").write_bytes(b"\n\x02\n\x00")
    assert refused(tmp_path / "graph.pb").problem == "is no checkpoint"


def test_a_pipe_does_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "model.index")
    os.mkfifo(tmp_path / "model")
    refused(tmp_path / "model")


@pytest.fixture
def in_memory() -> Iterator[str]:
    """A folder behind a URL with every file of the fixtures."""
    files = fsspec.filesystem("memory")
    for path in FIXTURES.rglob("*"):
        if path.is_file():
            files.pipe(f"/checkpoints/{path.relative_to(FIXTURES)}", path.read_bytes())
    yield "memory://checkpoints"
    files.rm("/checkpoints", recursive=True)


@pytest.mark.parametrize(
    "path",
    [
        "made_by_2_14/types",
        "made_by_2_14/types.index",
        "made_by_2_14/old",
        "made_by_2_14/old-00000-of-00002",
        "v2_sharded_3_devices",
        "v2_sharded_3_devices/checkpoint",
        "partitioned_vars_v1_checkpoint",
        "v1_single_file_dtypes/model.ckpt",
    ],
)
def test_urls_mean_what_paths_do(in_memory: str, path: str) -> None:
    here, there = open_checkpoint(FIXTURES / path), open_checkpoint(f"{in_memory}/{path}")
    assert there.prefix == f"{in_memory}/{Path(here.prefix).relative_to(FIXTURES)}"
    assert dict(here.shapes) == dict(there.shapes)
    for name in here:
        assert repr(here[name].tolist()) == repr(there[name].tolist())


def test_a_wrong_prefix_behind_a_url(in_memory: str) -> None:
    error = refused(f"{in_memory}/made_by_2_14/typse")
    assert error.place.path == f"{in_memory}/made_by_2_14/typse"
    assert "types" in error.advice


def test_a_checkpoint_in_a_zip_archive(tmp_path: Path) -> None:
    write(tmp_path, "train/model-1", "train/model-2")
    state(tmp_path / "train", "model-2")
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for file in (tmp_path / "train").iterdir():
            archive.write(file, f"train/{file.name}")
    for inside in ("train/model-2", "train/model-2.index", "train"):
        assert value(f"zip://{inside}::file://{tmp_path}/all.zip") == 2
