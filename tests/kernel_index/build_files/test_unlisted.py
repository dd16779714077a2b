"""What builds compile and link without being told, read from small checkouts."""

from __future__ import annotations

from pathlib import Path

from kernel_index.build_files.unlisted import read_unlisted
from kernel_index.records import BAZEL, MAKE
from tests.kernel_index.build_files.drawing import plant

MAKEFILE = """
--- tensorflow/contrib/makefile/Makefile
INCLUDES := -I. -I$(MAKEFILE_DIR)/downloads/gemmlowp -I$(MAKEFILE_DIR)/downloads/absl
LIBS := -lprotobuf -lz
ifeq ($(TARGET),ANDROID)
	LIBS += -lre2
endif
ALL := $(wildcard tensorflow/core/lib/*/*.cc) tensorflow/core/util/version.cc
OUT := $(wildcard tensorflow/core/lib/io/zlib*) $(wildcard tensorflow/core/lib/*/*test.cc)
TF_CC_SRCS := $(filter-out $(OUT), $(ALL))
TF_CC_SRCS += $(shell cat $(MAKEFILE_DIR)/tf_op_files.txt)
all: lib
	@echo $(TF_CC_SRCS)
--- tensorflow/contrib/makefile/tf_op_files.txt
tensorflow/core/kernels/mul_op.cc
--- tensorflow/core/lib/io/zlib.cc tensorflow/core/lib/io/path.cc tensorflow/core/lib/io/path_test.cc
--- tensorflow/core/lib/io/.path.cc
"""


def test_what_make_compiles_and_links(tmp_path: Path) -> None:
    builds, diagnostics = read_unlisted(plant(tmp_path, MAKEFILE))
    assert diagnostics == ()
    assert list(builds) == [MAKE]
    assert builds[MAKE].sources == {"tensorflow/core/lib/io/path.cc", "tensorflow/core/util/version.cc"}
    assert builds[MAKE].libraries == {"absl", "gemmlowp", "zlib"}  # re2 on one of the phones only


def test_what_of_the_makefile_is_not_evaluated_is_said(tmp_path: Path) -> None:
    plant(tmp_path, MAKEFILE.replace("ALL :=", "ALL := $(shell find tensorflow/core -name '*.cc')"))
    _, (diagnostic,) = read_unlisted(tmp_path)
    assert str(diagnostic).startswith("tensorflow/contrib/makefile/Makefile:6: `$(shell find ")
    assert "is not known in full" in diagnostic.message


def test_a_makefile_that_cannot_be_read(tmp_path: Path) -> None:
    builds, (diagnostic,) = read_unlisted(plant(tmp_path, "--- tensorflow/contrib/makefile/Makefile\nifdef X\n"))
    assert builds == {}
    assert str(diagnostic) == "tensorflow/contrib/makefile/Makefile:1: cannot be read: a conditional without its endif"


def test_a_makefile_that_compiles_nothing_is_not_understood(tmp_path: Path) -> None:
    builds, (diagnostic,) = read_unlisted(plant(tmp_path, "--- tensorflow/contrib/makefile/Makefile\nLIBS := -lz\n"))
    assert builds == {}
    assert diagnostic.message == "TF_CC_SRCS is empty: what make compiles is not known"


BAZEL_TREE = """
--- tensorflow/core/BUILD
load("//tensorflow/core/platform:config.bzl", "more_deps", alias = "platform_sources")

cc_library(
    name = "android_tensorflow_lib",
    srcs = if_android([":android_op_registrations_and_gradients"]),
    deps = [":lib_lite", "//tensorflow/core/kernels:android_tensorflow_kernels"] + more_deps(),
)

cc_library(
    name = "lib_lite",
    srcs = [":mobile_srcs"],
    linkopts = ["-lz"],
)

filegroup(name = "mobile_srcs", srcs = glob(["lib/**/*.cc", "lib/**/*.h"], exclude = ["lib/jpeg/**"]) + alias("posix"))

[
    alias(
        name = "%s" % (name,),
        actual = "//tensorflow/core/ops:%s" % name,
    )
    for name in [
        "array_ops",
        "android_op_registrations_and_gradients",
    ]
]
--- tensorflow/core/ops/BUILD
filegroup(name = "android_op_registrations_and_gradients", srcs = glob(["**/*.cc"], exclude = ["**/*test.cc"]))
--- tensorflow/core/platform/config.bzl
load("//tensorflow/core/platform:default.bzl", _platform_sources = "platform_sources")

platform_sources = _platform_sources

def more_deps():
    "What every library needs."
    return [str(Label("@com_googlesource_code_re2//:re2"))]
--- tensorflow/core/platform/default.bzl
def platform_sources(name, folder = "platform/"):
    return [folder + name + ".cc"]
--- tensorflow/core/kernels/BUILD
cc_library(
    name = "android_tensorflow_kernels",
    srcs = ["mul_op.cc"],
    deps = [":codec", "@gemmlowp"],
)

cc_library(
    name = "codec",
    srcs = ["codec.cc"],
)
--- tensorflow/core/lib/io/zlib.cc tensorflow/core/lib/io/zlib.h tensorflow/core/lib/jpeg/jpeg.cc
--- tensorflow/core/platform/posix.cc tensorflow/core/ops/math_ops.cc tensorflow/core/ops/math_ops_test.cc
--- tensorflow/core/kernels/mul_op.cc tensorflow/core/kernels/codec.cc
"""


def test_what_bazel_compiles_and_links(tmp_path: Path) -> None:
    builds, diagnostics = read_unlisted(plant(tmp_path, BAZEL_TREE))
    assert diagnostics == ()
    assert list(builds) == [BAZEL]
    core = "tensorflow/core"
    assert builds[BAZEL].sources == {
        f"{core}/lib/io/zlib.cc",
        f"{core}/lib/io/zlib.h",
        f"{core}/platform/posix.cc",
        f"{core}/ops/math_ops.cc",
        f"{core}/kernels/codec.cc",
    }
    assert builds[BAZEL].libraries == {"gemmlowp", "re2", "zlib"}


def test_what_bazel_may_compile_counts_as_compiled(tmp_path: Path) -> None:
    plant(tmp_path, BAZEL_TREE.replace('    return [folder + name + ".cc"]', "    return native.glob([name])"))
    builds, (diagnostic,) = read_unlisted(tmp_path)
    assert str(diagnostic).startswith("tensorflow/core/platform/default.bzl:2: ")
    assert "below tensorflow/core/platform is not known in full" in diagnostic.message
    assert builds[BAZEL].may_compile("tensorflow/core/platform/posix.cc")
    assert not builds[BAZEL].may_compile("tensorflow/core/lib/jpeg/jpeg.cc")
    assert not builds[BAZEL].may_compile("tensorflow/core/platform_windows.cc")


def test_a_checkout_without_builds(tmp_path: Path) -> None:
    assert read_unlisted(tmp_path) == ({}, ())


TSL_TREE = """
--- tensorflow/core/BUILD
cc_library(
    name = "portable_tensorflow_lib",
    deps = ["@local_tsl//tsl/platform:gif", "@png"],
)
--- third_party/xla/third_party/tsl/tsl/platform/BUILD
cc_library(
    name = "gif",
    srcs = ["gif.cc"],
    deps = ["//tsl/platform:jpeg"],
)

cc_library(
    name = "jpeg",
    deps = ["@libjpeg_turbo//:jpeg"],
)
--- third_party/xla/third_party/tsl/tsl/platform/gif.cc
"""


def test_repositories_that_lie_in_the_checkout_are_followed(tmp_path: Path) -> None:
    builds, diagnostics = read_unlisted(plant(tmp_path, TSL_TREE))
    assert diagnostics == ()
    assert builds[BAZEL].libraries == {"jpeg", "png"}
    assert builds[BAZEL].sources == {"third_party/xla/third_party/tsl/tsl/platform/gif.cc"}
