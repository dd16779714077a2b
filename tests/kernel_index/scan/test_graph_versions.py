from __future__ import annotations

from pathlib import Path

import pytest

from kernel_index.records import GraphVersions
from kernel_index.scan.graph_versions import HEADER
from tests.kernel_index.scan.trees import VERSION, scan

HEADERS = {
    "": None,
    "#define TF_GRAPH_DEF_VERSION 27\n": GraphVersions(27, 0),
    "#define TF_GRAPH_DEF_VERSION_MIN_PRODUCER 3\n#define TF_GRAPH_DEF_VERSION 134  // Updated: 2019/8/21\n": (
        GraphVersions(134, 3)
    ),
    "// TF_GRAPH_DEF_VERSION 5 is old\r\n#  define  TF_GRAPH_DEF_VERSION  1766\r\n": GraphVersions(1766, 0),
    "#define TF_GRAPH_DEF_VERSION_MIN_CONSUMER 9\n#define TF_GRAPH_DEF_VERSION Other\n": None,
}


@pytest.mark.parametrize("text", HEADERS)
def test_the_header_says_which_versions_of_the_graph_format_a_tree_knows(text: str, tmp_path: Path) -> None:
    assert scan(tmp_path, "", {HEADER: VERSION + text}).graph_versions == HEADERS[text]


def test_a_tree_without_the_header_says_nothing(tmp_path: Path) -> None:
    from kernel_index.scan import scan_tree

    (tmp_path / "tensorflow/core/kernels").mkdir(parents=True)
    assert scan_tree(tmp_path, release="2.21.0", jobs=1).graph_versions is None
