"""What is promised of files that are written."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from kernel_index.whole_files import WholeFiles, sweep, write_whole


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_has_the_old_contents_until_the_block_ends(tmp_path: Path) -> None:
    file = tmp_path / "file.txt"
    file.write_text("old")
    with WholeFiles() as files:
        files.open(file).write(b"new")
        assert file.read_text() == "old"
    assert file.read_text() == "new"
    assert names(tmp_path) == ["file.txt"]


def test_several_files_take_their_places_together(tmp_path: Path) -> None:
    with WholeFiles(durable=True) as files:
        for name in ("a", "b"):
            files.open(tmp_path / name).write(name.encode())
        assert not {"a", "b"} & set(names(tmp_path))
    assert names(tmp_path) == ["a", "b"]


def write(folder: Path, *names: str, then: Exception | None = None) -> None:
    with WholeFiles() as files:
        for name in names:
            files.open(folder / name).write(b"new")
        if then is not None:
            raise then


def test_nothing_changes_where_the_block_raises(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("old")
    with pytest.raises(RuntimeError):
        write(tmp_path, "a", "b", then=RuntimeError())
    assert names(tmp_path) == ["a"]
    assert (tmp_path / "a").read_text() == "old"


def test_nothing_changes_where_one_file_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write(tmp_path, "a", "no/b")
    assert names(tmp_path) == []


def test_a_full_disk_leaves_the_old_files(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("old")
    program = (
        "import pathlib, resource, sys\n"
        "from kernel_index.whole_files import WholeFiles\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "with WholeFiles() as files:\n"
        "    files.open(pathlib.Path(sys.argv[1], 'a')).write(b'new')\n"
        "    files.open(pathlib.Path(sys.argv[1], 'b')).write(bytes(2000))\n"
    )
    done = subprocess.run([sys.executable, "-c", program, tmp_path], capture_output=True, text=True, check=False)
    assert "File too large" in done.stderr
    assert names(tmp_path) == ["a"]
    assert (tmp_path / "a").read_text() == "old"


def test_a_failed_rename_leaves_whole_files_and_no_temporary_ones(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    with pytest.raises(IsADirectoryError):
        write(tmp_path, "a", "b", "c")
    assert names(tmp_path) == ["a", "b"]
    assert (tmp_path / "a").read_text() == "new"


def test_permissions_are_kept_and_new_files_have_those_of_the_umask(tmp_path: Path) -> None:
    (tmp_path / "old").touch(0o600)
    (tmp_path / "program").touch(0o755)
    before = os.umask(0o027)
    try:
        for name in ("old", "program", "new"):
            write_whole(tmp_path / name, b"text")
    finally:
        os.umask(before)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert modes == {"old": 0o600, "program": 0o755, "new": 0o640}


def test_links_stay_and_what_they_point_to_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "real").write_text("old")
    (tmp_path / "link").symlink_to("there/real")
    (tmp_path / "hard").hardlink_to(tmp_path / "there" / "real")
    write_whole(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "there" / "real").read_text() == "new"
    assert (tmp_path / "hard").read_text() == "old"


def test_a_killed_process_leaves_the_old_file_and_later_writes_go_well(tmp_path: Path) -> None:
    (tmp_path / "file.txt").write_text("old")
    program = (
        "import os, pathlib, sys\n"
        "from kernel_index.whole_files import WholeFiles\n"
        "with WholeFiles() as files:\n"
        "    file = files.open(pathlib.Path(sys.argv[1]))\n"
        "    file.write(b'new')\n"
        "    file.flush()\n"
        "    os._exit(9)\n"
    )
    done = subprocess.run([sys.executable, "-c", program, tmp_path / "file.txt"], check=False)
    assert done.returncode == 9
    assert (tmp_path / "file.txt").read_text() == "old"
    (left,) = set(names(tmp_path)) - {"file.txt"}
    assert left.startswith(".file.")
    assert left.endswith(".txt.tmp")
    write_whole(tmp_path / "file.txt", b"new")
    assert (tmp_path / "file.txt").read_text() == "new"


def test_names_as_long_as_names_may_be(tmp_path: Path) -> None:
    for name in ("n" * 255, "n." + "x" * 250, "ü" * 127, "n." + "ü" * 126):
        write_whole(tmp_path / name, b"text")
        assert (tmp_path / name).read_bytes() == b"text"


def test_a_pipe_and_a_device_are_written_to_as_they_are(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with subprocess.Popen(["cat", tmp_path / "pipe"], stdout=subprocess.PIPE) as reader:
        with WholeFiles() as files:
            files.open(tmp_path / "pipe").write(b"new")
            files.open("/dev/null").write(b"new")
        assert reader.communicate()[0] == b"new"
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)
    assert names(tmp_path) == ["pipe"]


def test_a_dash_is_stdout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    monkeypatch.chdir(tmp_path)
    write_whole("-", b"one")
    write_whole(Path("/dev/stdout"), b"two")
    assert capfdbinary.readouterr().out == b"onetwo"
    assert names(tmp_path) == []


def test_a_link_that_leads_round_in_a_circle_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("link")
    with pytest.raises(OSError, match="symbolic links"):
        write_whole(tmp_path / "link", b"new")
    assert names(tmp_path) == ["link"]


def test_two_outputs_that_are_one_file_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"old")
    (tmp_path / "link").symlink_to("file")
    with WholeFiles() as files:
        files.open(tmp_path / "file").write(b"old")
        with pytest.raises(FileExistsError):
            files.open(tmp_path / "link")
    assert (tmp_path / "file").read_bytes() == b"old"
    assert names(tmp_path) == ["file", "link"]


def test_sweeping_beside_a_link_that_leads_round_in_a_circle(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("link")
    assert sweep(tmp_path / "link") == ()


def test_sweeping_takes_what_writers_of_that_file_left_and_nothing_else(tmp_path: Path) -> None:
    left = (".file.17-0123abcd.txt.tmp", ".file.4000-89abcdef.txt.tmp")
    others = (
        "file.txt",
        ".file.txt.tmp",
        ".file.17-0123abcd.tmp",
        ".file.x-0123abcd.txt.tmp",
        ".other.1-0123abcd.txt.tmp",
    )
    for name in (*left, *others):
        (tmp_path / name).touch()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "link.txt").symlink_to("../file.txt")
    assert sweep(tmp_path / "elsewhere" / "link.txt") == tuple(tmp_path / name for name in left)
    assert names(tmp_path) == sorted((*others, "elsewhere"))
    assert sweep(tmp_path / "no" / "file.txt") == ()
