"""Files that say what a build has: told by their content, and refused with their place."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kernel_index.errors import InputError
from opselect.build_lists.header.record import SelectiveHeader
from opselect.verifying.named_files import ManifestFile, OpsList, PathList, read_named_file
from opselect.verifying.resolver import Resolver

K = "tensorflow/core/kernels"
HEADER = "fixtures/headers/forms/1.3.1.h"


def read(folder: Path, data: str | bytes, name: str = "file") -> object:
    path = folder / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return read_named_file(str(path))


def test_kinds_are_told_by_what_stands_in_them(tmp_path: Path) -> None:
    manifest = {"tensorflow": "2.14.1", "profile": "android", "files": [{"path": f"{K}/a.cc", "role": "kernel"}]}
    known = ManifestFile("2.14.1", "android", frozenset({f"{K}/a.cc"}))
    assert read(tmp_path, json.dumps(manifest)) == known
    assert read(tmp_path, f"# made\ntensorflow: 2.14.1\nprofile: android\nfiles:\n- path: {K}/a.cc\n") == known
    assert read(tmp_path, '[["Relu","ReluOp<CPUDevice, float>"],["NoOp",null]]') == OpsList(
        (("Relu", "ReluOp<CPUDevice, float>"), ("NoOp", None))
    )
    assert isinstance(read(tmp_path, Path(HEADER).read_text()), SelectiveHeader)
    assert isinstance(read(tmp_path, "Using TensorFlow backend.\n" + Path(HEADER).read_text()), SelectiveHeader)
    assert isinstance(read(tmp_path, "Error reading graph!\n1\n"), SelectiveHeader)
    assert isinstance(read(tmp_path, 'r->AddCustom("a", X());'), Resolver)
    listed = f"{K}/a.cc  # why\n\n./{K}//b.c\n{K}/c.h {K}/d.cc\n"
    assert read(tmp_path, listed) == PathList(frozenset(f"{K}/{each}" for each in ("a.cc", "b.c", "c.h", "d.cc")))


def test_make_compiles_the_source_of_that_name() -> None:
    listed = PathList(frozenset({"a/x.c", "a/y.c", "a/z.cc"}))
    assert listed.compiled({"a/x.cc", "a/y.c", "a/y.cc"}) == {"a/x.cc", "a/y.c", "a/z.cc"}


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is empty"),
        (b" \n\t", "is empty"),
        (b"\x7fELF\2\1", "is no ELF file that can be read"),
        (b"PK\3\4", "is a damaged archive"),
        (b"MZ", "is a built binary"),
        (b"a/b.cc\n\0", "byte 7: is no text"),
        (b"\xff\xfea\0", "is UTF-16"),
        (b"{", "file:1: is no JSON"),
        (b'{"a": 1}', "has no list `files`"),
        (b'{"files": [{"path": "a"}, 3], "tensorflow": "2", "profile": "x"}', "files[1] has no path"),
        (b'{"files": []}', "does not say which TensorFlow"),
        (b"tensorflow: [\n", "is no YAML"),
        (b'{"files": ' + b"9" * 5_000 + b"}", "or a number is too long"),
        (b"files: " + b"9" * 5_000, "holds a number that is too long"),
        (b"[" + b"9" * 5_000 + b"]", "or a number is too long"),
        (b"[" * 100_000, "is no JSON that can be read"),
        (b"files: 3\n", "has no list `files`"),
        (b'["Relu"]', "[0] is no pair"),
        (b'filegroup(\n  name = "android_core_ops",\n)', "is a BUILD file"),
        (b"a/b.cc\nhello world\n", "file:2: 'hello' is no path of a source file"),
        (b"relu_op.cc\n", "is no path of a source file from the root"),
        (b"int main() {}", "is no path of a source file"),
    ],
)
def test_what_says_nothing_of_a_build_is_refused(data: bytes, said: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as raised:
        read(tmp_path, data)
    assert said in str(raised.value)


def test_a_broken_header_is_one_by_its_name(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"is no ops_to_register\.h"):
        read(tmp_path, "int x;\n", "ops.h")


def test_a_file_that_is_not_there() -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_named_file("nowhere.h")
