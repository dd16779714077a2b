"""A tree in which nothing has changed is not scanned again, and one in which anything has is."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from kernel_index.profiles import profiles
from kernel_index.records import ScanResult
from kernel_index.scan import ScanCache, scan_tree, stamps
from kernel_index.scan.cache import Kept
from kernel_index.scan.tree_state import tree_state

FIXTURE = Path(__file__).resolve().parents[3] / "fixtures" / "kernel_tree"
KERNELS = "tensorflow/core/kernels"
NEW = 'REGISTER_KERNEL_BUILDER(Name("New").Device("CPU"), NewOp);\n'


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the fixture tree, on a disk whose times show every change at once."""
    monkeypatch.setattr(stamps, "_SETTLED_AFTER", 0)
    return shutil.copytree(FIXTURE, tmp_path / "tree")


def scanned(root: Path, cache: Path) -> ScanResult:
    time.sleep(0.02)  # longer than a step of the clock by which files are stamped
    return scan_tree(root, cache=ScanCache(cache), jobs=1)


def kept(cache: Path) -> list[Path]:
    return sorted(cache.glob("*.opselect-result"))


def keep(root: Path, cache: Path) -> ScanResult:
    """Scans twice: the second time nothing has changed, and the result is kept whole."""
    scanned(root, cache)
    assert not kept(cache)
    result = scanned(root, cache)
    assert len(kept(cache)) == 1
    return result


def notes_are_gone(cache: Path) -> None:
    """From now on a scan either finds the whole result or scans everything."""
    for file in cache.glob("*.opselect-scan"):
        file.unlink()


def done_at_first(root: Path, cache: Path) -> tuple[ScanResult, tuple[int, int]]:
    """A scan, and how many of how many source files were done when it began."""
    counts: list[tuple[int, int]] = []
    result = scan_tree(root, cache=ScanCache(cache), jobs=1, progress=lambda *count: counts.append(count))
    return result, counts[0]


def test_a_tree_that_is_as_it_was_gives_what_it_gave(copy: Path, tmp_path: Path) -> None:
    plain = scan_tree(copy, jobs=1)
    assert keep(copy, tmp_path / "cache") == plain
    notes_are_gone(tmp_path / "cache")
    result, (done, total) = done_at_first(copy, tmp_path / "cache")
    assert result == plain
    assert done == total == len(set(plain.includes) & {p for p in plain.includes if p.endswith(".cc")})


def test_it_is_kept_only_when_its_files_have_settled(tmp_path: Path) -> None:
    root, cache = shutil.copytree(FIXTURE, tmp_path / "tree"), tmp_path / "cache"
    scanned(root, cache)
    scanned(root, cache)
    assert not kept(cache)
    time.sleep(2.1)
    scanned(root, cache)
    scanned(root, cache)
    assert len(kept(cache)) == 1


def a_source_more(root: Path) -> None:
    (root / KERNELS / "new_op.cc").write_text(NEW)


def a_source_less(root: Path) -> None:
    (root / KERNELS / "conv_ops.cc").unlink()


def another_text_of_the_same_size_and_time(root: Path) -> None:
    path = root / KERNELS / "conv_ops.cc"
    before, text = path.stat(), path.read_text()
    path.write_text(text.replace('"Conv', '"Conw'))
    assert path.read_text() != text
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def a_header_that_was_missing(root: Path) -> None:
    path = root / "third_party/not_in_this_tree/half.h"
    path.parent.mkdir(parents=True)
    path.write_text("struct half {};\n")


def another_build_file(root: Path) -> None:
    with (root / KERNELS / "BUILD").open("a") as file:
        file.write('filegroup(name = "android_extended_ops_group1", srcs = ["fill_rows.cc"])\n')


def a_build_file_more(root: Path) -> None:
    (root / "tensorflow/core/ops/BUILD").write_text("")
    (root / KERNELS / "BUILD").write_text('filegroup(name = "android_all_ops", srcs = ["//tensorflow/core/ops:x.cc"])')


def another_list_of_the_makefile(root: Path) -> None:
    (root / "tensorflow/contrib/makefile/tf_op_files.txt").write_text(f"{KERNELS}/conv_ops.cc\n")


def another_version(root: Path) -> None:
    path = root / "tensorflow/core/public/version.h"
    text = path.read_text()
    path.write_text(text.replace("TF_MINOR_VERSION 1", "TF_MINOR_VERSION 2"))
    assert path.read_text() != text


def a_folder_moved(root: Path) -> None:
    (root / "tensorflow/contrib").rename(root / "tensorflow/compiler")


def a_link_that_leads_elsewhere(root: Path) -> None:
    path = root / KERNELS / "linked_op.cc"
    path.unlink()
    path.symlink_to("gather_op.cc")


def a_link_that_leads_out(root: Path) -> None:
    outside = root.parent / "outside.cc"
    outside.write_text(NEW)
    (root / KERNELS / "outside_op.cc").symlink_to(outside)


@pytest.mark.parametrize(
    "edit",
    [
        a_source_more,
        a_source_less,
        another_text_of_the_same_size_and_time,
        a_header_that_was_missing,
        another_build_file,
        a_build_file_more,
        another_list_of_the_makefile,
        another_version,
        a_folder_moved,
        a_link_that_leads_elsewhere,
        a_link_that_leads_out,
    ],
)
def test_any_change_is_seen(copy: Path, tmp_path: Path, edit: Callable[[Path], None]) -> None:
    cache = tmp_path / "cache"
    (copy / KERNELS / "linked_op.cc").symlink_to("conv_ops.cc")
    before = keep(copy, cache)
    time.sleep(0.02)
    edit(copy)
    plain = scan_tree(copy, jobs=1)
    assert plain != before
    assert scanned(copy, cache) == plain
    assert scanned(copy, cache) == plain
    assert scanned(copy, cache) == plain


def test_a_tree_of_which_links_lead_out_is_not_kept(copy: Path, tmp_path: Path) -> None:
    a_link_that_leads_out(copy)
    for _ in range(3):
        scanned(copy, tmp_path / "cache")
    assert not kept(tmp_path / "cache")


def test_links_of_bazel_do_not_count_but_where_a_source_asks_behind_them(copy: Path, tmp_path: Path) -> None:
    (tmp_path / "outputs").mkdir()
    (copy / "bazel-bin").symlink_to(tmp_path / "outputs")
    keep(copy, tmp_path / "cache")
    asking = copy / KERNELS / "asking_op.cc"
    asking.write_text(f'#include "bazel-bin/made.h"\n{NEW}')
    for _ in range(3):
        scanned(copy, tmp_path / "other cache")
    assert not kept(tmp_path / "other cache")


def test_history_does_not_count(copy: Path, tmp_path: Path) -> None:
    keep(copy, tmp_path / "cache")
    (copy / ".git").mkdir()
    (copy / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    notes_are_gone(tmp_path / "cache")
    done, total = done_at_first(copy, tmp_path / "cache")[1]
    assert done == total


def test_what_else_a_scan_is_asked_counts(copy: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    keep(copy, cache)
    more = tmp_path / "more"
    more.mkdir()
    (more / "more_op.cc").write_text(NEW)
    found = scan_tree(copy, cache=ScanCache(cache), jobs=1, extra_roots=[more])
    assert [r.op for r in found.registrations if r.op == "New"] == ["New"]
    for _ in range(3):
        assert scan_tree(copy, cache=ScanCache(cache), jobs=1, release="2.4.4").release == "2.4.4"
        assert scan_tree(copy, cache=ScanCache(cache), jobs=1).release != "2.4.4"


@pytest.mark.parametrize("damage", ["empty", "another count", "cut", "flipped", "foreign", "of notes"])
def test_a_damaged_result_is_as_good_as_none(copy: Path, tmp_path: Path, damage: str) -> None:
    cache = tmp_path / "cache"
    plain = keep(copy, cache)
    (file,) = kept(cache)
    data = file.read_bytes()
    (notes,) = cache.glob("*.opselect-scan")
    first = data.split(b"\n")[2]
    damaged = {
        "empty": b"",
        "another count": data.replace(first, first[:-1] + b"9"),
        "cut": data[:-9],
        "flipped": data[:-9] + bytes([data[-9] ^ 1]) + data[-8:],
        "foreign": b"something else\n",
        "of notes": notes.read_bytes(),
    }
    file.write_bytes(damaged[damage])
    notes_are_gone(cache)
    result, (done, total) = done_at_first(copy, cache)
    assert result == plain
    assert (done, total > 0) == (0, True)


def test_what_was_not_used_for_longest_goes(copy: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    keep(copy, cache)
    (file,) = kept(cache)
    os.utime(file, (1000, 1000))
    other = shutil.copytree(FIXTURE, tmp_path / "other")
    scan_tree(other, cache=ScanCache(cache, max_bytes=file.stat().st_size + 1), jobs=1)
    assert not kept(cache)


def test_a_result_that_is_used_stays(copy: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    keep(copy, cache)
    (file,) = kept(cache)
    os.utime(file, (1000, 1000))
    scanned(copy, cache)
    assert file.stat().st_mtime > 1000


def test_a_change_while_a_tree_is_scanned_is_seen(copy: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    link = copy / "tensorflow/contrib/makefile/tf_op_files.txt"
    here = link.rename(link.with_name("here.txt"))
    other = link.with_name("other.txt")
    other.write_text("")
    link.symlink_to(here.name)

    def lead(target: Path) -> None:
        link.unlink()
        link.symlink_to(target.name)

    plain = scanned(copy, cache)
    time.sleep(0.02)
    scan_tree(copy, cache=ScanCache(cache), jobs=1, progress=lambda *_: lead(other))
    lead(here)
    assert scanned(copy, cache) == plain


def test_only_what_can_be_read_back_is_kept(copy: Path, tmp_path: Path) -> None:
    cache = ScanCache(tmp_path / "cache")
    (tmp_path / "cache").mkdir()
    result = scan_tree(copy, jobs=1)
    builds = profiles(result.release)
    cache.save_result(copy, builds, "state", Kept(replace(result, registrations=result.registrations[::-1]), 9))
    assert cache.load_result(copy, builds, "state") is None
    cache.save_result(copy, builds, "state", Kept(result, 9))
    assert cache.load_result(copy, builds, "state") == Kept(result, 9)


def test_states_differ_by_folders_and_releases(copy: Path) -> None:
    before = tree_state(copy, "1.13.0")
    assert before == tree_state(copy, "1.13.0")
    assert before != tree_state(copy, "1.13.1")
    (copy / "empty").mkdir()
    assert before != tree_state(copy, "1.13.0")
    assert tree_state(copy / "nowhere", "1.13.0") == ""


def test_where_nothing_has_changed_the_scanner_is_not_imported(copy: Path, tmp_path: Path) -> None:
    keep(copy, tmp_path / "cache")
    script = (
        "import sys; from pathlib import Path\n"
        "from kernel_index.scan import ScanCache, scan_tree, stamps\n"
        "stamps._SETTLED_AFTER = 0\n"
        "print(len(scan_tree(Path(sys.argv[1]), cache=ScanCache(Path(sys.argv[2]))).registrations) > 0)\n"
        "print('kernel_index.scan.tree' in sys.modules)\n"
    )
    command = [sys.executable, "-c", script, str(copy), str(tmp_path / "cache")]
    done = subprocess.run(command, cwd=FIXTURE.parents[1], check=True, capture_output=True, text=True)
    assert done.stdout.split() == ["True", "False"]


def test_the_slow_way_uses_nothing_that_is_kept(copy: Path, tmp_path: Path) -> None:
    plain = keep(copy, tmp_path / "cache")
    counts: list[tuple[int, int]] = []
    cache = ScanCache(tmp_path / "cache")
    found = scan_tree(copy, cache=cache, jobs=1, uncut=True, progress=lambda *count: counts.append(count))
    assert found == plain
    assert counts[0][0] == 0
    assert counts[-1][0] > 0


def test_a_tree_with_sources_that_are_scanned_each_time_is_not_kept(copy: Path, tmp_path: Path) -> None:
    (copy / KERNELS / "computed_op.cc").write_text(f'#define WHICH "third_party/x.h"\n#include WHICH\n{NEW}')
    for _ in range(3):
        scanned(copy, tmp_path / "cache")
    assert not kept(tmp_path / "cache")
