from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel_index.build_files.globbing import glob_files, matches
from tests.kernel_index.build_files.drawing import plant


@pytest.mark.parametrize(
    ("path", "pattern", "expected"),
    [
        ("mul.cc", "*.cc", True),
        ("data/map.cc", "*.cc", False),
        ("data/map.cc", "*/*.cc", True),
        ("data/map.cc", "**/*.cc", True),
        ("map.cc", "**/*.cc", True),
        ("a/b/c/map.cc", "a/**/map.cc", True),
        ("a/map.cc", "a/**/map.cc", True),
        ("b/map.cc", "a/**/map.cc", False),
        ("conv_3d.h", "*_3d*", True),
        ("debug_ops.cc", "debug_ops.*", True),
        ("debug_ops_x.cc", "debug_ops.*", False),
        ("a/b", "a", False),
    ],
)
def test_patterns_match_as_bazel_has_it(path: str, pattern: str, expected: bool) -> None:
    assert matches(path, pattern) is expected


NAMES = st.text("ab._", min_size=1, max_size=5)


@given(NAMES, st.text("ab._*?", min_size=1, max_size=5).filter(lambda p: p != "**"))
def test_in_one_folder_a_pattern_is_a_shell_pattern(name: str, pattern: str) -> None:
    assert matches(name, pattern) is fnmatchcase(name, pattern)


@given(st.lists(NAMES, min_size=1, max_size=5))
def test_double_star_matches_every_path(names: list[str]) -> None:
    assert matches("/".join(names), "**")
    assert matches("/".join(names), f"**/{names[-1]}")


def test_globs_are_sorted_excluded_and_stay_in_their_package(tmp_path: Path) -> None:
    plant(
        tmp_path,
        """
--- mul.cc add.cc add_test.cc mul.h neon/dw.cc image/resize.cc image/BUILD
""",
    )
    assert glob_files(tmp_path, ["*.cc"], ["*test.cc"]) == ["add.cc", "mul.cc"]
    assert glob_files(tmp_path, ["**/*.cc", "*.h"], ["*test.cc"]) == ["add.cc", "mul.cc", "mul.h", "neon/dw.cc"]
    assert glob_files(tmp_path / "nowhere", ["*.cc"]) == []
