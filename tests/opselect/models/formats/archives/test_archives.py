"""Archives in, members, models and unpacked files out."""

from __future__ import annotations

import doctest
import gzip
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import fsspec
import pytest

from kernel_index.errors import InputError, Place
from opselect.models.formats import read_model
from opselect.models.formats.archives import (
    ArchivedModel,
    ArchiveMember,
    is_archive,
    list_archive,
    models_inside,
    split_member,
    unpacked,
)
from opselect.models.formats.wire import LENGTH, fields, tag
from tests.opselect.archive_files import (
    GRAPH,
    LITE,
    MODELS,
    file_info,
    folder_files,
    tar_bytes,
    tar_of,
    written,
    zip_bytes,
)

FIXTURES = MODELS.parent
SAVED_MODEL = folder_files(FIXTURES / "saved_models" / "sm2_functional_cnn")
CHECKPOINT = folder_files(FIXTURES / "checkpoints" / "v2_sharded_3_devices")
META_GRAPH = next(
    SAVED_MODEL["saved_model.pb"][a:b]
    for field, a, b in fields(SAVED_MODEL["saved_model.pb"], 0, len(SAVED_MODEL["saved_model.pb"]))
    if field == tag(2, LENGTH)
)

Make = Callable[[dict[str, bytes]], bytes]
FORMS: dict[str, Make] = {
    "zip": zip_bytes,
    "stored zip": lambda files: zip_bytes(files, zipfile.ZIP_STORED),
    "tar": tar_bytes,
    "old tar": lambda files: tar_bytes(files, format=tarfile.USTAR_FORMAT),
    "GNU tar": lambda files: tar_bytes(files, format=tarfile.GNU_FORMAT),
    "tar.gz": lambda files: tar_bytes(files, "gz"),
    "tar.bz2": lambda files: tar_bytes(files, "bz2"),
    "tar.xz": lambda files: tar_bytes(files, "xz"),
}


@pytest.fixture(params=list(FORMS))
def make(request: pytest.FixtureRequest) -> Make:
    return FORMS[str(request.param)]


def refused(path: str, name: str | None = None) -> InputError:
    with pytest.raises(InputError) as caught, unpacked(path, name):
        pass
    return caught.value


def test_members_are_listed_by_name_with_their_sizes(tmp_path: Path, make: Make) -> None:
    long = "folder/" * 30 + "graph.pb" if make is not FORMS["old tar"] else "folder/graph.pb"
    path = written(tmp_path / "any name", make({"b.txt": b"12345", "./a//c.bin": b"", long: GRAPH}))
    assert list_archive(path) == (
        ArchiveMember("a/c.bin", 0),
        ArchiveMember("b.txt", 5),
        ArchiveMember(long, len(GRAPH)),
    )


def test_archives_are_told_by_content(make: Make) -> None:
    assert is_archive(make({"graph.pb": GRAPH}))


def test_an_archive_without_members() -> None:
    assert is_archive(zip_bytes({}))


@pytest.mark.parametrize(
    "data",
    [b"", b"PK", b"\x1f\x8b", GRAPH, LITE, LITE + zip_bytes({"labels.txt": b"cat"}), gzip.compress(GRAPH), bytes(2000)],
)
def test_what_is_no_archive(tmp_path: Path, data: bytes) -> None:
    assert not is_archive(data)
    with pytest.raises(InputError):
        list_archive(written(tmp_path / "file.zip", data))


def test_tar_archives_from_before_ustar() -> None:
    header = bytearray(tar_bytes({"graph.pb": GRAPH}, format=tarfile.USTAR_FORMAT))
    header[257:265] = bytes(8)
    checksum = sum(header[:148]) + sum(header[156:512]) + 8 * ord(" ")
    header[148:156] = b"%06o\0 " % checksum
    assert is_archive(bytes(header))


def test_models_are_told_by_content_whatever_their_names(tmp_path: Path, make: Make) -> None:
    files = {
        "assets/graph": GRAPH,
        "assets/functions.dat": (MODELS / "functions.pbtxt").read_bytes(),
        "assets/lite.bin": LITE,
        "assets/meta": META_GRAPH,
        "assets/loose_saved_model": SAVED_MODEL["saved_model.pb"],
        "classes.dex": b"dex\n035\0" + bytes(100),
        "config.json": b'{"node": {}}',
        "fingerprint.pb": SAVED_MODEL["fingerprint.pb"],
        "inner.zip": zip_bytes({"graph.pb": GRAPH}),
        "labels.pbtxt": b'item { name: "cat" id: 1 }',
        "notes.pb": b"\n\x07\n\x05notes",
        "short": b"\n",
        "empty.pb": b"",
    }
    assert models_inside(written(tmp_path / "m", make(files))) == (
        ArchivedModel("graphdef", "assets/functions.dat"),
        ArchivedModel("graphdef", "assets/graph"),
        ArchivedModel("tflite", "assets/lite.bin"),
        ArchivedModel("saved_model", "assets/loose_saved_model"),
        ArchivedModel("meta_graph", "assets/meta"),
    )


def test_a_metagraph_whose_ops_fill_more_than_the_first_bytes(tmp_path: Path) -> None:
    assert len(META_GRAPH) > 1 << 13
    path = written(tmp_path / "m", zip_bytes({"m": META_GRAPH}))
    assert [model.kind for model in models_inside(path)] == ["meta_graph"]


def test_saved_models_and_checkpoints_are_one_model_each(tmp_path: Path, make: Make) -> None:
    files = {f"cnn/{name}": content for name, content in SAVED_MODEL.items()}
    files |= {f"cnn/assets/{name}": content for name, content in {"vocabulary.pb": GRAPH}.items()}
    files |= {f"steps/{name}": content for name, content in CHECKPOINT.items()}
    files |= {"steps/model.ckpt-12.meta": META_GRAPH, "steps/other.meta": META_GRAPH, "alone.index": b"x"}
    assert models_inside(written(tmp_path / "m", make(files))) == (
        ArchivedModel("saved_model", "cnn"),
        ArchivedModel("checkpoint", "steps/model.ckpt-12"),
        ArchivedModel("meta_graph", "steps/other.meta"),
    )


def test_the_only_model_is_unpacked_and_gone_afterwards(tmp_path: Path, make: Make) -> None:
    path = written(tmp_path / "m", make({"README": b"read me", "models/graph.pb": GRAPH}))
    with unpacked(path) as local:
        assert Path(local).name == "graph.pb"
        assert Path(local).read_bytes() == GRAPH
        assert [entry.name for entry in Path(local).parent.iterdir()] == ["graph.pb"]
        assert read_model(local).meta_graphs[0].graph.nodes
    assert not Path(local).parent.exists()


def files_below(folder: str) -> dict[str, bytes]:
    return folder_files(Path(folder))


@pytest.mark.parametrize("name", [None, "cnn", "cnn/", "./cnn"])
def test_a_saved_model_is_unpacked_with_its_variables(tmp_path: Path, make: Make, name: str | None) -> None:
    files = {f"cnn/{part}": content for part, content in SAVED_MODEL.items()}
    path = written(tmp_path / "m", make({"cnn2/x": b"x", **files, "cnn/keras.json": b"{}", "cnn/assets/a/b": b"b"}))
    with unpacked(path, name) as local:
        assert Path(local).name == "cnn"
        expected = {part: content for part, content in SAVED_MODEL.items() if part != "fingerprint.pb"}
        assert files_below(local) == {**expected, "assets/a/b": b"b"}
        assert read_model(local).variables


def test_a_saved_model_without_a_folder(tmp_path: Path) -> None:
    path = written(tmp_path / "m.tgz", tar_bytes({f"./{name}": data for name, data in SAVED_MODEL.items()}, "gz"))
    assert models_inside(path) == (ArchivedModel("saved_model", "."),)
    for name in (None, ".", "./", "saved_model.pb"):
        with unpacked(path, name) as local:
            assert read_model(local).format == "saved_model"
            assert read_model(local).variables


def test_the_file_of_a_saved_model_brings_its_variables(tmp_path: Path) -> None:
    path = written(tmp_path / "m", zip_bytes({f"a/cnn/{name}": data for name, data in SAVED_MODEL.items()}))
    with unpacked(path, "a/cnn/saved_model.pb") as local:
        assert Path(local).name == "saved_model.pb"
        assert read_model(local).variables
    assert "no such member" in refused(path, "a/cnn/saved_model.pbtxt").problem


@pytest.mark.parametrize(
    "name", [None, "c/model.ckpt-12", "c/model.ckpt-12.index", "c/model.ckpt-12.data-00001-of-00003"]
)
def test_a_checkpoint_is_unpacked_with_all_its_files(tmp_path: Path, name: str | None) -> None:
    path = written(tmp_path / "m", zip_bytes({f"c/{part}": data for part, data in CHECKPOINT.items()}))
    with unpacked(path, name) as local:
        parts = {part for part in CHECKPOINT if part.startswith("model.ckpt-12.")}
        assert set(files_below(str(Path(local).parent))) == parts
        assert Path(local).name in {"model.ckpt-12", *parts}


def test_any_member_may_be_named(tmp_path: Path, make: Make) -> None:
    path = written(tmp_path / "m", make({"a/notes.txt": b"text", "graph.pb": GRAPH}))
    with unpacked(path, "a/notes.txt") as local:
        assert Path(local).read_bytes() == b"text"


def test_several_models_are_an_error_that_spells_them(tmp_path: Path, make: Make) -> None:
    path = written(tmp_path / "app.apk", make({"b.tflite": LITE, "a/graph.pb": GRAPH}))
    error = refused(path)
    assert error.problem == "holds 2 models"
    assert error.advice == f"Name the one you mean: {path}!a/graph.pb, {path}!b.tflite."
    with unpacked(path, "b.tflite") as local:
        assert Path(local).read_bytes() == LITE


def test_no_model_is_an_error_that_says_what_is_inside(tmp_path: Path, make: Make) -> None:
    error = refused(written(tmp_path / "m", make({f"{number:02}.txt": b"text" for number in range(13)})))
    assert error.problem == "holds no model"
    assert error.advice == f"It holds {', '.join(f'{number:02}.txt' for number in range(10))} and 3 more."


def test_nothing_inside(tmp_path: Path) -> None:
    assert refused(written(tmp_path / "m", zip_bytes({}))).advice == "It holds no files at all."


def test_many_models_are_not_all_spelled(tmp_path: Path) -> None:
    error = refused(written(tmp_path / "m", zip_bytes({f"{number:02}.pb": GRAPH for number in range(13)})))
    assert error.advice.endswith("!09.pb or one of 3 more.")


def test_a_misspelt_member_is_an_error_with_the_nearest(tmp_path: Path, make: Make) -> None:
    path = written(tmp_path / "m", make({"assets/graph.pb": GRAPH}))
    error = refused(path, "assets/grpah.pb")
    assert str(error.place) == f"{path}!assets/grpah.pb"
    assert error.problem == f"the archive has no such member; did you mean {path}!assets/graph.pb?"
    assert refused(path, "zzz").advice == "It holds assets/graph.pb."


def test_errors_of_the_block_name_the_member(tmp_path: Path) -> None:
    path = written(tmp_path / "m", zip_bytes({"a/graph.pb": GRAPH[:300], "b/cnn/saved_model.pb": b"x"}))
    with pytest.raises(InputError) as caught, unpacked(path, "a/graph.pb") as local:
        read_model(local)
    assert caught.value.place.path == f"{path}!a/graph.pb"
    assert caught.value.place.byte is not None
    with pytest.raises(InputError) as caught, unpacked(path, "b/cnn") as local:
        raise InputError(Place(f"{local}/saved_model.pb", line=3), "is wrong")
    assert str(caught.value) == f"{path}!b/cnn/saved_model.pb:3: is wrong"
    with pytest.raises(InputError, match=r"^elsewhere: is wrong$"), unpacked(path, "b/cnn"):
        raise InputError("elsewhere", "is wrong")


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("../graph.pb", "leads out of the archive"),
        ("a/../../graph.pb", "leads out of the archive"),
        ("/etc/graph.pb", "absolute path"),
        ("C:/graph.pb", "absolute path"),
        ("a\\graph.pb", "backslash"),
        ("..\\graph.pb", "backslash"),
        ("a\ngraph.pb", "no text"),
        ("a\x1b[2Jgraph.pb", "no text"),
    ],
)
def test_names_that_no_file_may_have(tmp_path: Path, make: Make, name: str, problem: str) -> None:
    path = written(tmp_path / "m", make({name: GRAPH, "lite": LITE}))
    (member,) = [member for member in list_archive(path) if member.problem]
    assert problem in member.problem
    assert models_inside(path) == (ArchivedModel("tflite", "lite"),)
    error = refused(path, name)
    assert problem in error.problem
    assert "\x1b" not in str(error)
    # It may be the model that is meant, so the other one is not taken in silence.
    error = refused(path)
    assert problem in error.problem
    assert error.advice == f"Name the one you mean: {path}!lite."
    with unpacked(path, "lite") as local:
        assert Path(local).read_bytes() == LITE
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["m"]


@pytest.mark.parametrize(
    ("info", "problem"),
    [
        (file_info("x.pb", kind=tarfile.SYMTYPE, target="/etc/passwd"), "is a link"),
        (file_info("x.pb", kind=tarfile.LNKTYPE, target="graph"), "is a link"),
        (file_info("x.pb", kind=tarfile.CHRTYPE), "device"),
        (file_info("x.pb", kind=tarfile.BLKTYPE), "device"),
        (file_info("x.pb", kind=tarfile.FIFOTYPE), "pipe"),
    ],
)
def test_members_of_a_tar_that_are_no_files(tmp_path: Path, info: tarfile.TarInfo, problem: str) -> None:
    infos = [file_info("graph", len(GRAPH)), info]
    path = written(tmp_path / "m", tar_of(infos, {"graph": GRAPH}))
    assert models_inside(path) == (ArchivedModel("graphdef", "graph"),)
    assert problem in refused(path, "x.pb").problem
    assert problem in refused(path).problem


def test_links_in_a_zip(tmp_path: Path) -> None:
    info = zipfile.ZipInfo("x.pb")
    info.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "m", "w") as archive:
        archive.writestr(info, "/etc/passwd")
    assert refused(str(tmp_path / "m"), "x.pb").problem == "is a link"


def test_encrypted_members(tmp_path: Path) -> None:
    data = zip_bytes({"a.pb": GRAPH, "b": LITE})
    directory = data.index(b"PK\x01\x02")
    encrypted = data[: directory + 8] + b"\x01" + data[directory + 9 :]
    path = written(tmp_path / "m", encrypted)
    assert refused(path, "a.pb").problem == "is encrypted"
    assert refused(path).problem == "is encrypted"


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_methods_that_mobile_archives_never_have(tmp_path: Path, method: int) -> None:
    path = written(tmp_path / "m", zip_bytes({"a.pb": GRAPH}, method))
    assert f"method {method}" in refused(path).problem


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_names_that_are_there_twice(tmp_path: Path) -> None:
    infos = [file_info(name, len(GRAPH)) for name in ("a.pb", "./a.pb", "b.pb")]
    for data in (
        tar_of(infos, {"a.pb": GRAPH, "./a.pb": GRAPH, "b.pb": GRAPH}),
        zip_bytes({"a.pb": b"1", "./a.pb": b""}),
    ):
        path = written(tmp_path / "m", data)
        assert refused(path, "a.pb").problem == "is there more than once"
        assert refused(path).problem == "is there more than once"


def test_a_file_where_another_has_its_folder(tmp_path: Path) -> None:
    files = {"m/saved_model.pb": b"x", "m/variables/a": b"x", "m/variables/a/b": b"x"}
    assert "cannot be unpacked" in refused(written(tmp_path / "m", tar_bytes(files)), "m").problem


def test_compressed_files_may_come_in_several_pieces(tmp_path: Path) -> None:
    whole = tar_bytes({"a.txt": b"text", "graph.pb": GRAPH})
    pieces = gzip.compress(whole[:700]) + bytes(100) + gzip.compress(whole[700:]) + bytes(70_000)
    with unpacked(written(tmp_path / "m", pieces)) as local:
        assert Path(local).read_bytes() == GRAPH


def test_bytes_before_a_zip_do_no_harm(tmp_path: Path) -> None:
    data = zip_bytes({"a.txt": b"text"}) + zip_bytes({"graph.pb": GRAPH})
    with unpacked(written(tmp_path / "m", data)) as local:
        assert Path(local).read_bytes() == GRAPH


@pytest.fixture
def url() -> Iterator[str]:
    files = fsspec.filesystem("memory")
    files.pipe({"/models/app.apk": zip_bytes({"a/graph.pb": GRAPH})})
    yield "memory://models/app.apk"
    files.rm("/models", recursive=True)


def test_archives_behind_urls(url: str) -> None:
    assert models_inside(url) == (ArchivedModel("graphdef", "a/graph.pb"),)
    assert split_member(url) == (url, None)
    assert split_member(f"{url}!a/graph.pb") == (url, "a/graph.pb")
    with unpacked(url, "a/graph.pb") as local:
        assert Path(local).read_bytes() == GRAPH


def test_members_are_spelled_behind_an_exclamation_mark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    archive = zip_bytes({"graph.pb": GRAPH, "odd!name": GRAPH})
    written(tmp_path / "app.apk", archive)
    written(tmp_path / "odd!.zip", archive)
    written(tmp_path / "odd!.zip!x", GRAPH)
    written(tmp_path / "text", b"text")
    written(tmp_path / "text!.zip", archive)
    (tmp_path / "folder!").mkdir()
    assert split_member("app.apk") == ("app.apk", None)
    assert split_member("app.apk!graph.pb") == ("app.apk", "graph.pb")
    assert split_member("app.apk!odd!name") == ("app.apk", "odd!name")
    assert split_member("odd!.zip") == ("odd!.zip", None)
    assert split_member("odd!.zip!graph.pb") == ("odd!.zip", "graph.pb")
    assert split_member("odd!.zip!x") == ("odd!.zip!x", None)
    assert split_member("text!.zip!graph.pb") == ("text!.zip", "graph.pb")
    assert split_member("text!graph.pb") == ("text!graph.pb", None)
    assert split_member("folder!") == ("folder!", None)
    assert split_member("nothing.zip!graph.pb") == ("nothing.zip!graph.pb", None)
    assert split_member(str(tmp_path / "app.apk") + "!graph.pb") == (str(tmp_path / "app.apk"), "graph.pb")


def test_the_page_shows_what_happens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "fixtures").symlink_to(FIXTURES)
    monkeypatch.chdir(tmp_path)
    failed, run = doctest.testfile(str(FIXTURES.parent / "docs" / "archives.md"), module_relative=False)
    assert (failed, run > 3) == (0, True)
