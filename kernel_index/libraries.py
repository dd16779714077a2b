"""Libraries of others that kernels are compiled with: how sources include them, and how builds name them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Library:
    """A library that no list of sources can give.

    ``headers`` are how its includes begin (a whole name, or a folder with its slash), ``repositories`` the names that
    Bazel workspaces of TensorFlow have had for it. ``folder`` is where ``download_dependencies.sh`` puts or would put
    it, below ``tensorflow/contrib/makefile/downloads``, as far as its headers are named from; ``flag`` is the
    linker's. A library without a ``flag`` is compiled from its sources or has headers only.
    """

    name: str
    headers: tuple[str, ...]
    repositories: tuple[str, ...]
    folder: str
    flag: str = ""


LIBRARIES = (
    Library("absl", ("absl/",), ("com_google_absl",), "absl"),
    Library("aws", ("aws/",), ("aws", "aws-sdk-cpp"), "aws/include", "-laws-cpp-sdk-core"),
    Library("boringssl", ("openssl/",), ("boringssl",), "boringssl/include", "-lcrypto"),
    Library("curl", ("curl/",), ("curl",), "curl/include", "-lcurl"),
    Library("double-conversion", ("double-conversion/",), ("double_conversion",), "double_conversion"),
    Library("ducc", ("ducc/",), ("ducc",), "ducc/src"),
    Library("farmhash", ("farmhash.h",), ("farmhash_archive",), "farmhash/src", "-lfarmhash"),
    Library("fft2d", ("third_party/fft2d/", "fft2d/"), ("fft2d",), "fft2d"),
    Library("flatbuffers", ("flatbuffers/",), ("flatbuffers",), "flatbuffers/include"),
    Library("gemmlowp", ("public/gemmlowp.h", "fixedpoint/", "meta/"), ("gemmlowp",), "gemmlowp"),
    Library("gif", ("gif_lib.h",), ("gif", "gif_archive"), "gif", "-lgif"),
    Library("google-cloud-cpp", ("google/cloud/",), ("com_github_googlecloudplatform_google_cloud_cpp",
            "com_github_googleapis_googleapis"), "google-cloud-cpp", "-lbigtable_client"),
    Library("grpc", ("grpc/", "grpc++/", "grpcpp/"), ("grpc", "com_github_grpc_grpc"), "grpc/include", "-lgrpc++"),
    Library("highwayhash", ("highwayhash/",), ("highwayhash",), "highwayhash", "-lhighwayhash"),
    Library("icu", ("unicode/",), ("icu",), "icu/source/common", "-licuuc"),
    Library("jpeg", ("jpeglib.h", "jerror.h"), ("jpeg", "jpeg_archive", "libjpeg_turbo"), "jpeg", "-ljpeg"),
    Library("jsoncpp", ("json/", "include/json/"), ("jsoncpp", "jsoncpp_git"), "jsoncpp", "-ljsoncpp"),
    Library("kafka", ("rdkafka.h", "rdkafkacpp.h"), ("kafka",), "kafka/src-cpp", "-lrdkafka++"),
    Library("lmdb", ("lmdb.h",), ("lmdb",), "lmdb/libraries/liblmdb", "-llmdb"),
    Library("libxsmm", ("include/libxsmm", "libxsmm"), ("libxsmm_archive",), "libxsmm", "-lxsmm"),
    Library("onednn", ("dnnl", "mkldnn", "mkl_dnn"), ("mkl_dnn", "mkl_dnn_v1", "onednn"), "onednn/include", "-ldnnl"),
    Library("png", ("png.h",), ("png", "png_archive"), "png", "-lpng"),
    Library("re2", ("re2/", "third_party/re2/"), ("re2", "com_googlesource_code_re2"), "re2", "-lre2"),
    Library("snappy", ("snappy.h", "snappy-sinksource.h"), ("snappy",), "snappy", "-lsnappy"),
    Library("sqlite", ("sqlite3.h", "sqlite3ext.h"), ("org_sqlite",), "sqlite", "-lsqlite3"),
    Library("webp", ("webp/", "src/webp/"), ("libwebp",), "webp", "-lwebp"),
    Library("zlib", ("zlib.h",), ("zlib", "zlib_archive"), "zlib", "-lz"),
)  # fmt: skip
"""Every library that kernels or the base library of some release include, sorted by name.

Left out are what every build of every release has (protobuf, Eigen, nsync) and what only builds for GPUs, TPUs and
Python use. Source: the includes of ``tensorflow/core`` and ``tensorflow/contrib`` of 1.0 to 2.20, ``workspace.bzl`` and
``contrib/makefile/download_dependencies.sh``.
"""

_BY_NAME = {library.name: library for library in LIBRARIES}
_HEADERS = tuple((header, library.name) for library in LIBRARIES for header in library.headers)


def library(name: str) -> Library | None:
    """The library of that name."""
    return _BY_NAME.get(name)


def library_of_header(target: str) -> str:
    """The name of the library that an include's target belongs to, empty where it is of none."""
    return next((name for start, name in _HEADERS if target.startswith(start)), "")


def libraries_of_repositories(names: Iterable[str]) -> frozenset[str]:
    """The names of the libraries that repositories of a Bazel workspace hold."""
    known = frozenset(names)
    return frozenset(found.name for found in LIBRARIES if not known.isdisjoint(found.repositories))
