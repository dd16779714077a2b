"""What of the base library some build does not compile, and which libraries of others it lacks."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from kernel_index.base_library import SAME_EVERYWHERE, is_base
from kernel_index.build_files.unlisted import read_unlisted
from kernel_index.dependencies import DependencyGraph
from kernel_index.index import MemoryIndex
from kernel_index.overlay import OverlayIndex
from kernel_index.profiles import BuildProfile
from kernel_index.records import BAZEL, MAKE, Dependency, LibraryUse, ScanResult
from kernel_index.scan import ScanCache, scan_tree
from kernel_index.scan.base_library import base_library
from kernel_index.scan.roots import scan_roots
from kernel_index.store import index_bytes
from tests.kernel_index.build_files.drawing import plant

ANDROID = BuildProfile("android", {"__ANDROID__": "1"})
IO, K = "tensorflow/core/lib/io", "tensorflow/core/kernels"

TREE = f"""
--- tensorflow/core/public/version.h
#define TF_MAJOR_VERSION 1
#define TF_MINOR_VERSION 13
#define TF_PATCH_VERSION 9
#define TF_VERSION_SUFFIX ""
--- tensorflow/contrib/makefile/Makefile
LIBS := -lz
OUT := $(wildcard {IO}/zlib*)
TF_CC_SRCS := $(filter-out $(OUT), $(wildcard tensorflow/core/lib/*/*.cc))
TF_CC_SRCS += $(shell cat $(MAKEFILE_DIR)/tf_op_files.txt)
--- tensorflow/contrib/makefile/tf_op_files.txt
{K}/read_op.cc
--- tensorflow/core/BUILD
cc_library(
    name = "android_tensorflow_lib",
    srcs = glob(["lib/**/*.cc", "lib/**/*.h", "ops/*.cc"], exclude = ["lib/sound/**"]),
    deps = ["@com_googlesource_code_re2//:re2", "@zlib"],
)
--- {IO}/zlib_stream.h
#include <zlib.h>
struct ZlibStream {{ int Read(); }};
--- {IO}/zlib_stream.cc
#include "{IO}/zlib_stream.h"
#include "{IO}/zlib_options.h"
#include "{IO}/path.h"
int ZlibStream::Read() {{ return DefaultOptions() + Path(); }}
--- {IO}/zlib_options.h
int DefaultOptions();
--- {IO}/zlib_options.cc
#include "{IO}/zlib_options.h"
int DefaultOptions() {{ return 1; }}
--- {IO}/path.h
int Path();
--- {IO}/path.cc
#include "{IO}/path.h"
int Path() {{ return 1; }}
--- {IO}/zlib_unused.cc
#include "{IO}/path.h"
int Unused() {{ return Path(); }}
--- tensorflow/core/lib/sound/wave.h
#if defined(__ANDROID__)
#include "re2/re2.h"
#else
#include <jpeglib.h>
#endif
int Wave();
--- tensorflow/core/lib/sound/wave.cc
#include "tensorflow/core/lib/sound/wave.h"
int Wave() {{ return 1; }}
--- tensorflow/core/ops/read_ops.cc
REGISTER_OP("Read");
REGISTER_OP("Wave");
--- {K}/read_op.cc
#include "{IO}/zlib_stream.h"
#include "{IO}/path.h"
int Use() {{ return ZlibStream().Read() + Path(); }}
REGISTER_KERNEL_BUILDER(Name("Read").Device("CPU"), ReadOp);
--- {K}/wave_op.cc
#include "tensorflow/core/lib/sound/wave.h"
int Sound() {{ return Wave(); }}
REGISTER_KERNEL_BUILDER(Name("Wave").Device("CPU"), WaveOp);
"""


@pytest.fixture(scope="module")
def scanned(tmp_path_factory: pytest.TempPathFactory) -> ScanResult:
    tree = plant(tmp_path_factory.mktemp("tree"), TREE)
    return scan_tree(tree, profiles=[ANDROID], jobs=1)


def closure(scan: ScanResult, file: str, build: str = "") -> tuple[str, ...]:
    return DependencyGraph(MemoryIndex(scan), "android", build).closure([f"{K}/{file}"])


def test_only_files_of_the_base_library_are_in_question(tmp_path: Path) -> None:
    tree = plant(tmp_path, TREE)
    found = base_library(tree, read_unlisted(tree)[0])
    assert f"{IO}/zlib_stream.cc" in found.not_compiled
    assert {path for path in found.not_compiled if not is_base(path)} == set()
    assert base_library(tree, {}) == SAME_EVERYWHERE


def test_make_must_be_told_what_bazel_compiles(scanned: ScanResult) -> None:
    zlib = (f"{IO}/zlib_options.cc", f"{IO}/zlib_stream.cc")
    assert closure(scanned, "read_op.cc", MAKE) == zlib
    assert closure(scanned, "read_op.cc", BAZEL) == ()
    assert closure(scanned, "read_op.cc") == zlib
    assert scanned.build_lists.not_compiled[MAKE] == (*zlib, "tensorflow/core/ops/read_ops.cc")


def test_bazel_must_be_told_what_make_compiles_and_its_headers(scanned: ScanResult) -> None:
    wave = "tensorflow/core/lib/sound/wave"
    assert closure(scanned, "wave_op.cc", MAKE) == ()
    assert closure(scanned, "wave_op.cc", BAZEL) == (f"{wave}.cc",)
    assert scanned.build_lists.not_compiled[BAZEL] == (f"{wave}.cc", f"{wave}.h")
    graph = DependencyGraph(MemoryIndex(scanned), "android", BAZEL)
    assert graph.of(f"{K}/wave_op.cc").headers == (f"{wave}.h",)


def test_bazel_must_be_told_of_headers_through_which_libraries_are_included(tmp_path: Path) -> None:
    more = f"""
--- tensorflow/core/lib/sound/codec.h
#include <jpeglib.h>
--- tensorflow/core/lib/sound/volume.h
enum {{ kLoud = 1 }};
--- {K}/codec_op.cc
#include "tensorflow/core/lib/sound/codec.h"
#include "tensorflow/core/lib/sound/volume.h"
REGISTER_KERNEL_BUILDER(Name("Wave").Device("CPU").Label("codec"), CodecOp);
"""
    scan = scan_tree(plant(tmp_path, TREE + more), profiles=[ANDROID], jobs=1)
    sound = "tensorflow/core/lib/sound"
    assert scan.build_lists.not_compiled[BAZEL] == (f"{sound}/codec.h", f"{sound}/wave.cc", f"{sound}/wave.h")
    assert scan.build_lists.not_compiled[MAKE] == (
        f"{IO}/zlib_options.cc", f"{IO}/zlib_stream.cc", "tensorflow/core/ops/read_ops.cc"
    )  # fmt: skip


def test_libraries_that_not_every_build_links_where_the_profile_includes_them(scanned: ScanResult) -> None:
    assert scanned.build_lists.libraries == {BAZEL: ("re2", "zlib"), MAKE: ("zlib",)}
    header = "tensorflow/core/lib/sound/wave.h"
    use = LibraryUse("re2", "re2/re2.h", header, ("android",))
    assert scanned.library_uses == {f"{K}/wave_op.cc": (use,), header.replace(".h", ".cc"): (use,)}


def test_nothing_is_known_to_differ_without_the_build_files(tmp_path: Path) -> None:
    tree = plant(tmp_path, TREE)
    (tree / "tensorflow/core/BUILD").unlink()
    (tree / "tensorflow/contrib/makefile/Makefile").unlink()
    scan = scan_tree(tree, profiles=[ANDROID], jobs=1)
    assert (scan.build_lists.not_compiled, scan.build_lists.libraries) == ({}, {})
    assert (dict(scan.dependencies), dict(scan.library_uses)) == ({}, {})


def test_a_build_file_that_changes_counts_though_sources_are_known(tmp_path: Path) -> None:
    tree = plant(tmp_path / "tree", TREE)
    cache = ScanCache(tmp_path / "cache")
    first = scan_tree(tree, profiles=[ANDROID], jobs=1, cache=cache)
    again = scan_tree(tree, profiles=[ANDROID], jobs=1, cache=cache)
    assert index_bytes(again) == index_bytes(first)
    makefile = tree / "tensorflow/contrib/makefile/Makefile"
    makefile.write_text(makefile.read_text().replace("zlib*", "path*"))
    changed = scan_tree(tree, profiles=[ANDROID], jobs=1, cache=cache)
    assert index_bytes(changed) == index_bytes(scan_tree(tree, profiles=[ANDROID], jobs=1))
    assert closure(changed, "read_op.cc", MAKE) == (f"{IO}/path.cc",)
    kernel = tree / K / "read_op.cc"
    kernel.write_text(kernel.read_text().replace(" + Path()", ""))
    fewer = scan_tree(tree, profiles=[ANDROID], jobs=1, cache=cache)
    assert index_bytes(fewer) == index_bytes(scan_tree(tree, profiles=[ANDROID], jobs=1))
    assert closure(fewer, "read_op.cc", MAKE) == ()


def test_kernels_of_ones_own_need_what_headers_of_the_release_lead_to(scanned: ScanResult) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "mine"
        plant(
            root,
            """
--- mine_op.cc
#include "tensorflow/core/lib/sound/wave.h"
#include "tensorflow/core/lib/io/zlib_stream.h"
#include "png.h"
REGISTER_KERNEL_BUILDER(Name("Mine").Device("CPU"), MineOp);
""",
        )
        overlay: OverlayIndex = scan_roots([root], MemoryIndex(scanned))
        assert [use.library for use in overlay.library_uses["mine/mine_op.cc"]] == ["png", "re2"]
        needed: tuple[Dependency, ...] = overlay.dependencies["mine/mine_op.cc"]
        assert {d.file for d in needed} >= {f"{IO}/zlib_stream.cc", "tensorflow/core/lib/sound/wave.cc"}


def test_headers_of_kernels_are_none_of_the_base_library(tmp_path: Path) -> None:
    tree = plant(
        tmp_path,
        f"""{TREE}
--- {K}/gif_op.h
#include "gif_lib.h"
--- {K}/gif_op.cc
#include "{K}/gif_op.h"
REGISTER_KERNEL_BUILDER(Name("Gif").Device("CPU"), GifOp);
""",
    )
    scan = scan_tree(tree, profiles=[ANDROID], jobs=1)
    assert [use.included_by for use in scan.library_uses[f"{K}/gif_op.cc"]] == [f"{K}/gif_op.h"]
    assert not [path for path in scan.build_lists.not_compiled[BAZEL] if path.startswith(K)]
