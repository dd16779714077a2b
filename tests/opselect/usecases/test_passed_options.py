"""Which options a build passes: by what is named, else by what the checkout's own .bazelrc has for every build."""

from __future__ import annotations

from pathlib import Path

import pytest

from kernel_index.errors import InputError
from opselect.usecases.kernel_source import KernelSource
from opselect.usecases.passed_options import passed_options
from opselect.usecases.real_build import BuildRecord
from opselect.verifying.build_options import BuildOptions

RC = """build --define=a=1 --define a=2 --cpu=x86 --config=usual
build:usual --define=b=1
build:c --define=c=1 --copt=-O2
"""


def of_tree(folder: Path, *, follow_links: bool = False) -> BuildOptions:
    return passed_options("android", KernelSource(tree=folder, follow_links=follow_links), None)


def test_a_named_bazelrc_says_all(tmp_path: Path) -> None:
    path = tmp_path / "my.rc"
    path.write_text(RC)
    plain = {"--define=a": "2", "--cpu": "x86", "--define=b": "1"}
    for configs, more in {(): {}, ("c",): {"--define=c": "1", "--copt": "-O2"}}.items():
        found = passed_options("ios", KernelSource(), BuildRecord(bazelrc=path, configs=configs))
        assert found == BuildOptions("ios", plain | more)
    with pytest.raises(InputError):
        passed_options("ios", KernelSource(), BuildRecord(bazelrc=tmp_path / "none.rc"))


def test_other_records_say_nothing_of_options(tmp_path: Path) -> None:
    (tmp_path / ".bazelrc").write_text(RC)
    source = KernelSource(tree=tmp_path)
    for record in (BuildRecord(aquery=Path("a")), BuildRecord(compile_commands=Path("a"))):
        assert passed_options("android", source, record) == BuildOptions("android", are_all=False)


def test_a_checkout_has_options_for_every_build(tmp_path: Path) -> None:
    assert passed_options("android", KernelSource("2.14"), None) == BuildOptions("android")
    assert of_tree(tmp_path) == BuildOptions("android")
    (tmp_path / ".bazelrc").write_text(RC)
    # The profile says for what is compiled, whatever the machine's own builds are for.
    perhaps = frozenset(("--define=b", "--define=c", "--copt"))
    assert of_tree(tmp_path) == BuildOptions("android", {"--define=a": "2"}, perhaps)


def test_what_bazel_does_not_read_in_a_checkout_leaves_all_open(tmp_path: Path) -> None:
    (tmp_path / ".bazelrc").write_text("build --config=none\n")
    assert of_tree(tmp_path) == BuildOptions("android", are_all=False)


def test_a_bazelrc_behind_a_link_out_is_not_read_unasked(tmp_path: Path) -> None:
    (tmp_path / "rc").write_text("build --define=a=1\n")
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / ".bazelrc").symlink_to(tmp_path / "rc")
    assert of_tree(tree) == BuildOptions("android", are_all=False)
    assert of_tree(tree, follow_links=True) == BuildOptions("android", {"--define=a": "1"})
