"""Trees of bytes: no byte is lost, and parents stand before their children."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from opselect.report.document import Tree
from opselect.report.trees import MAX_DEPTH, Branch, folders_of, joined_folders, pruned, tree

NAMES = st.lists(st.sampled_from(["a", "b", "c", "d", ""]), min_size=1, max_size=5).map(tuple)
GROWN = st.dictionaries(NAMES, st.integers(0, 1000), max_size=30)


def grown(sizes: dict[tuple[str, ...], int]) -> Branch:
    root = Branch("root")
    for path, size in sizes.items():
        root.at_path(path).own += size
    return root


def columns(found: Tree) -> list[tuple[str, int, int]]:
    return list(zip(found.names, found.parents, found.own, strict=True))


def test_a_tree_is_its_branches_largest_first() -> None:
    root = grown({("a",): 1, ("b", "x"): 2, ("b", "y"): 3, ("c",): 1})
    found = tree("t", "By letter", "a note", root)
    assert columns(found) == [("root", -1, 0), ("b", 0, 0), ("y", 1, 3), ("x", 1, 2), ("a", 0, 1), ("c", 0, 1)]
    assert (found.id, found.label, found.note) == ("t", "By letter", "a note")


def test_kernels_are_those_below_where_no_number_is_told() -> None:
    root = Branch("root")
    root.at("a").kernels = 2
    root.at_path(("b", "x")).kernels = 3
    assert tree("t", "", "", root).kernels == (5, 2, 3, 3)


def test_kernels_that_are_not_told_are_not_none_at_all() -> None:
    root = Branch("root", kernels=7)
    root.at_path(("a", "x")).kernels = 2
    root.at_path(("a", "y")).own = 5
    found = tree("t", "", "", root)
    assert dict(zip(found.names, found.kernels, strict=True)) == {"root": 7, "a": None, "x": 2, "y": None}
    assert pruned(found, 2).kernels == (7, None, None)
    root.at_path(("a", "y")).kernels = 0
    root.at("a").kernels = None
    assert pruned(tree("t", "", "", root), 2).kernels == (7, 2, 2)


def test_what_is_left_of_a_node_is_a_branch_of_its_own() -> None:
    root = grown({("a",): 5, ("a", "x"): 2, ("b",): 1})
    for branch in root.branches.values():
        branch.has_rest("the rest")
    assert columns(tree("t", "", "", root)) == [
        ("root", -1, 0),
        ("a", 0, 0),
        ("[the rest]", 1, 5),
        ("x", 1, 2),
        ("b", 0, 1),
    ]


def test_folders_that_hold_one_folder_are_one_name() -> None:
    root = grown({folders_of("a/b/c/x.cc"): 1, folders_of("a/b/c/y.cc"): 2, folders_of("/usr/lib/z.cc"): 1})
    joined_folders(root)
    found = tree("t", "", "", root)
    assert found.names == ("root", "a/b/c", "y.cc", "x.cc", "/usr/lib", "z.cc")


@given(st.text(alphabet="a/.", max_size=80))
def test_folders_together_are_the_path(path: str) -> None:
    parts = folders_of(path)
    assert "/".join(parts) == path
    assert 1 <= len(parts) <= MAX_DEPTH


@given(GROWN)
def test_parents_stand_before_their_children_and_no_byte_is_lost(sizes: dict[tuple[str, ...], int]) -> None:
    root = grown(sizes)
    joined_folders(root)
    found = tree("t", "", "", root)
    assert sum(found.own) == sum(sizes.values())
    assert found.parents[0] == -1
    assert all(0 <= parent < node for node, parent in enumerate(found.parents) if node)


@given(GROWN, st.integers(1, 12))
def test_a_pruned_tree_has_all_bytes_and_its_largest_nodes(sizes: dict[tuple[str, ...], int], most: int) -> None:
    whole = tree("t", "", "", grown(sizes))
    found = pruned(whole, most)
    assert sum(found.own) == sum(whole.own)
    assert found.parents[0] == -1
    assert all(0 <= parent < node for node, parent in enumerate(found.parents) if node)
    rests = [name for name in found.names if name.endswith(" more]")]
    assert len(found.names) - len(rests) == min(most, len(whole.names))
    left_out = sum(int(name[1:].removesuffix(" more]")) for name in rests)
    # A node that is left out is counted once, by its parent that stays, with all below it.
    assert left_out <= len(whole.names) - (len(found.names) - len(rests))
    assert bool(rests) == (len(whole.names) > most)


def test_deep_trees_take_no_recursion() -> None:
    root = Branch("root")
    root.at_path(str(number) for number in range(5000)).own = 7
    found = pruned(tree("t", "", "", root), 3000)
    assert sum(found.own) == 7
    joined_folders(root)
    assert len(tree("t", "", "", root).names) == 3
