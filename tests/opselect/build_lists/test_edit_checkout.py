"""A checkout and a selection in, edits of its lists out; what cannot be edited is refused with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from kernel_index.errors import SourceTreeError
from kernel_index.index import MemoryIndex
from kernel_index.scan import scan_tree
from opselect.build_lists.edit_checkout import FileEdit, edits, read_text
from opselect.requirements.collect import Requirement, Requirements
from opselect.selection.select import select
from tests.opselect.build_lists.checking.checkouts import ANDROID, BUILD, LIST, K, checkout, without_makefile


def edits_of(tree: Path, *ops: str) -> tuple[FileEdit, ...]:
    """What a checkout must say for a model with some ops, cut to them."""
    index = MemoryIndex(scan_tree(tree, profiles=[ANDROID], jobs=1))
    selection = select(Requirements(tuple(Requirement(op) for op in ops)), index, ANDROID.name)
    return edits(selection, index, tree, "trim", keep_core=False)


def test_both_lists_are_edited_where_there_are_both(tmp_path: Path) -> None:
    build, makefile = edits_of(checkout(tmp_path), "Mul")
    assert (build.path, makefile.path) == (BUILD, LIST)
    assert '"mul_op.cc"' in build.after
    assert "tile_op.cc" not in build.after
    assert f"{K}/tile_op.cc" in makefile.before
    assert f"{K}/tile_op.cc" not in makefile.after


def test_a_checkout_without_the_makefile_has_one_list(tmp_path: Path) -> None:
    (build,) = edits_of(without_makefile(tmp_path), "Mul")
    assert build.path == BUILD


def test_a_checkout_without_groups_has_the_makefiles_list_alone(tmp_path: Path) -> None:
    (makefile,) = edits_of(checkout(tmp_path, (BUILD, "", "# no groups\n")), "Mul")
    assert makefile.path == LIST


def test_a_checkout_without_lists_is_refused(tmp_path: Path) -> None:
    tree = without_makefile(tmp_path, (BUILD, "", "# no groups\n"))
    with pytest.raises(SourceTreeError, match="has no lists for mobile builds"):
        edits_of(tree, "Mul")


def test_a_file_that_changed_since_the_scan_is_read_with_care(tmp_path: Path) -> None:
    tree = checkout(tmp_path)
    index = MemoryIndex(scan_tree(tree, profiles=[ANDROID], jobs=1))
    selection = select(Requirements((Requirement("Mul"),)), index, ANDROID.name)
    (tree / BUILD).write_text("filegroup(\n    name = \n")
    with pytest.raises(SourceTreeError, match=rf"{BUILD}:\d+: cannot be parsed"):
        edits(selection, index, tree, "trim", keep_core=False)
    (tree / BUILD).write_bytes(b"# \xff\n")
    with pytest.raises(SourceTreeError, match=f"{BUILD}: byte 2: is not UTF-8 text"):
        edits(selection, index, tree, "trim", keep_core=False)
    (tree / BUILD).unlink()
    with pytest.raises(SourceTreeError, match=f"{BUILD}: cannot be read"):
        read_text(tree, BUILD)
