"""Links that lead out of a tree: nothing behind them is read."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from kernel_index.build_files.lists import read_build_lists
from kernel_index.errors import SourceTreeError
from kernel_index.links import LEADS_OUT, Links
from kernel_index.profiles import profiles
from kernel_index.records import ScanResult
from kernel_index.scan import scan_tree
from kernel_index.scan.cache import ScanCache

FIXTURE = Path(__file__).parents[2] / "fixtures" / "kernel_tree"
K = "tensorflow/core/kernels"


def test_places(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    (tree / "inner").mkdir(parents=True)
    (tmp_path / "tree2").mkdir()
    (tree / "file").touch()
    (tmp_path / "tree2" / "file").touch()
    links = {"in": "file", "out": "../tree2/file", "there": "inner", "away": "../tree2", "none": "../none", "back": "."}
    for name, target in links.items():
        (tree / name).symlink_to(target)
    (tree / "inner" / "round").symlink_to("../away/../tree/file")
    (tmp_path / "way").symlink_to("tree")
    leading = {"out", "none", "away", "away/file", "back/out", "there/../out"}
    staying = {"file", "in", "inner/x", "there/x", "back/file", "inner/round", "nowhere/x", "a\0b"}
    for root in (tree, tmp_path / "way", Path(f"{tree}/")):
        known = Links(root)
        assert {path for path in leading | staying if known.lead_out(f"{root}/{path}")} == leading
    assert not any(Links(tree, follow=True).lead_out(f"{tree}/{path}") for path in leading)
    assert not any(Links(tree, tmp_path / "tree2").lead_out(f"{tree}/{path}") for path in leading - {"none"})


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A checkout that includes a header, and has a source file, behind links that lead out; others stay inside."""
    outside = tmp_path / "outside"
    outside.mkdir()
    registering = "#define {0}(n) REGISTER_KERNEL_BUILDER(Name(n).Device(DEVICE_CPU), Leak)\n"
    (outside / "o.h").write_text(registering.format("OUTSIDE"))
    (outside / "secret.cc").write_text('#include "tensorflow/core/framework/op_kernel.h"\nOUTSIDE("Secret");\n')
    root = tmp_path / "tree"
    shutil.copytree(FIXTURE, root)
    (root / K / "lnk").symlink_to(outside)
    (root / K / "secret_op.cc").symlink_to(outside / "secret.cc")
    (root / "forest").mkdir()
    (root / "forest" / "i.h").write_text(registering.format("INSIDE"))
    (root / K / "inner").symlink_to("../../../forest")
    (root / K / "escaping_op.cc").write_text(
        '#include "tensorflow/core/framework/op_kernel.h"\n'
        f'#include "{K}/lnk/o.h"\n#include "{K}/inner/i.h"\n'
        'OUTSIDE("Leaked");\nINSIDE("Kept");\n'
    )
    return root


def scan(
    root: Path,
    *,
    jobs: int = 1,
    cache: ScanCache | None = None,
    extra_roots: Sequence[Path] = (),
    follow_links: bool = False,
) -> ScanResult:
    one = profiles("1.13")[:1]
    return scan_tree(root, profiles=one, jobs=jobs, cache=cache, extra_roots=extra_roots, follow_links=follow_links)


def ops(found: ScanResult) -> set[str]:
    return {r.op for r in found.registrations} & {"Leaked", "Kept", "Secret"}


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_scan_says_what_it_did_not_read(tree: Path, jobs: int) -> None:
    found = scan(tree, jobs=jobs)
    assert ops(found) == {"Kept"}
    said = {d.location.file: d for d in found.diagnostics if LEADS_OUT in d.message}
    assert set(said) == {f"{K}/lnk/o.h", f"{K}/secret_op.cc"}
    assert all(d.lost is not None for d in said.values())
    followed = scan(tree, jobs=jobs, follow_links=True)
    assert ops(followed) == {"Kept", "Leaked"}
    assert not [d for d in followed.diagnostics if LEADS_OUT in d.message]


def test_what_is_known_from_a_scan_with_links_is_not_used_without(tree: Path, tmp_path: Path) -> None:
    for follow in (True, False, False, True):
        found = scan(tree, cache=ScanCache(tmp_path / "cache"), follow_links=follow)
        assert found == scan(tree, follow_links=follow)


def test_links_that_turn_outside_after_a_scan(tree: Path, tmp_path: Path) -> None:
    cache = ScanCache(tmp_path / "cache")
    assert ops(scan(tree, cache=cache)) == {"Kept"}
    shutil.copytree(tree / "forest", tmp_path / "moved")
    (tree / K / "inner").unlink()
    (tree / K / "inner").symlink_to(tmp_path / "moved")
    assert ops(scan(tree, cache=cache)) == set()


def test_an_extra_root_is_inside(tree: Path, tmp_path: Path) -> None:
    assert ops(scan(tree, extra_roots=[tmp_path / "outside"])) == {"Kept", "Leaked"}


def test_a_tree_behind_a_link_is_a_tree(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "way").symlink_to(tree)
    assert ops(scan(tmp_path / "way")) == {"Kept"}


def test_kernels_behind_a_link_are_an_error(tree: Path, tmp_path: Path) -> None:
    (tree / "tensorflow" / "core").rename(tmp_path / "core")
    (tree / "tensorflow" / "core").symlink_to(tmp_path / "core")
    with pytest.raises(SourceTreeError, match="is behind a link that leads out of the tree"):
        scan(tree)
    assert "Leaked" in ops(scan(tree, follow_links=True))


def test_lists_behind_links_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "tree" / K).mkdir(parents=True)
    (tmp_path / "BUILD").write_text('filegroup(name = "android_core_ops", srcs = [])\n')
    (tmp_path / "tree" / K / "BUILD").symlink_to(tmp_path / "BUILD")
    lists, _ = read_build_lists(tmp_path / "tree")
    assert [str(d) for d in lists.unread] == [f"{K}/BUILD:1: {LEADS_OUT}"]
    assert list(read_build_lists(tmp_path / "tree", Links(follow=True))[0].groups) == ["android_core_ops"]
    (tmp_path / "tree" / K / "BUILD").unlink()
    makefile = tmp_path / "tree/tensorflow/contrib/makefile"
    makefile.mkdir(parents=True)
    (makefile / "tf_op_files.txt").symlink_to(tmp_path / "BUILD")
    with pytest.raises(SourceTreeError, match="is behind a link that leads out of the tree"):
        read_build_lists(tmp_path / "tree")
