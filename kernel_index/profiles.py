"""Build profiles: which macros a build passes to the compiler, or the compiler defines by itself.

docs/profiles.md names the file of TensorFlow that shows each fact.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from kernel_index.datatypes import LongBits
from kernel_index.errors import OpselectError


@dataclass(frozen=True, slots=True)
class BuildProfile:
    """A named set of macro definitions, as ``-D`` passes them (name → value text)."""

    name: str
    defines: Mapping[str, str] = field(hash=False)
    summary: str = ""

    def with_macros(self, define: Mapping[str, str], undefine: Sequence[str] = ()) -> BuildProfile:
        """This profile with ``-D`` and ``-U`` on top; its name says so."""
        if not define and not undefine:
            return self
        defines = {**self.defines, **define}
        for name in undefine:
            defines.pop(name, None)
        flags = [f"-D{n}={v}" if v != "1" else f"-D{n}" for n, v in define.items()] + [f"-U{n}" for n in undefine]
        return BuildProfile("+".join([self.name, *flags]), defines, self.summary)


_COMPILER = {
    "__cplusplus": "201703L", "__STDC_HOSTED__": "1", "__GNUC__": "9", "__GNUC_MINOR__": "4", "__CHAR_BIT__": "8",
    "__ORDER_LITTLE_ENDIAN__": "1234", "__ORDER_BIG_ENDIAN__": "4321", "__BYTE_ORDER__": "1234", "NDEBUG": "1",
    "__SIZEOF_POINTER__": "8",
}  # fmt: skip
_LINUX = {"__linux__": "1", "__linux": "1", "__unix__": "1", "__ELF__": "1"}
_X86 = {"__x86_64__": "1", "__amd64__": "1", "__x86_64": "1", "__SSE__": "1", "__SSE2__": "1", "__SSE3__": "1"}
_ARM64 = {"__aarch64__": "1", "__ARM_NEON": "1", "__ARM_ARCH": "8"}
_ARM32 = {"__arm__": "1", "__ARM_NEON__": "1", "__ARM_NEON": "1", "__ARM_ARCH": "7"}
_CLANG = {"__clang__": "1", "__clang_major__": "9", "__llvm__": "1"}

_ANDROID = {
    **_COMPILER, **_LINUX, **_ARM64, **_CLANG,
    "__ANDROID__": "1", "ANDROID": "1", "__ANDROID_API__": "21", "TF_LEAN_BINARY": "1",
}  # fmt: skip
_IOS = {
    **_COMPILER, **_ARM64, **_CLANG,
    "__APPLE__": "1", "__MACH__": "1", "TARGET_OS_IPHONE": "1", "TARGET_OS_MAC": "1", "TARGET_OS_IOS": "1",
    "TARGET_IPHONE_SIMULATOR": "0",
}  # fmt: skip

_SYSTEMS = {
    "android": {**_LINUX, "__ANDROID__": "1", "__ANDROID_API__": "21"},
    "ios": {name: value for name, value in _IOS.items() if name.startswith(("TARGET_", "__APPLE", "__MACH"))},
    "linux": _LINUX,
    "macos": {
        "__APPLE__": "1", "__MACH__": "1", "TARGET_OS_MAC": "1", "TARGET_OS_IPHONE": "0", "TARGET_OS_IOS": "0",
        "TARGET_IPHONE_SIMULATOR": "0",
    },
    "windows": {"_WIN32": "1"},
    "none": {},
}  # fmt: skip
_PROCESSORS = {
    "arm64": _ARM64,
    "arm": _ARM32,
    "x86-64": {name: value for name, value in _X86.items() if name != "__SSE3__"},
    "x86": {"__i386__": "1", "__i386": "1"},
    "riscv64": {"__riscv": "1"},
}

PROCESSORS = tuple(_PROCESSORS)
"""The processors of which :func:`compiler_macros` knows what compilers define for them."""


def compiler_macros(system: str, processor: str, *, clang: bool) -> dict[str, str]:
    """What a compiler defines by itself, of what the sources ask for: for Android, iOS, Linux, macOS, Windows or none.

    Versions of compilers are those of the profiles. ``ANDROID`` is no macro of the compiler, and what instructions of a
    processor are to be used, flags say; ``TARGET_OS_…`` are those of ``TargetConditionals.h`` of Apple's SDK.
    """
    long = {"__SIZEOF_POINTER__": "4"} if processor in ("arm", "x86") else {}
    both = {**_COMPILER, **_SYSTEMS[system], **_PROCESSORS[processor], **(_CLANG if clang else {}), **long}
    return {name: value for name, value in both.items() if name != "NDEBUG"}


_SUMMARIES = {
    "android-slim": "Android, __ANDROID_TYPES_SLIM__: Bazel with that --copt",
    "android-full": "Android, __ANDROID_TYPES_FULL__: Bazel with that --copt",
    "android": "Android without either macro: by Bazel, or by the makefile up to 2.0",
    "ios": "iOS: the makefile's flags up to 2.0, Bazel's from then on",
    "raspberry-pi": "Raspberry Pi by the makefile up to 2.0, by Bazel from then on",
    "desktop": "the CPU build for x86-64 Linux that the pip package is made of",
    "selective": "Android with SUPPORT_SELECTIVE_REGISTRATION: all types, ops_to_register.h decides",
}

PROFILE_NAMES = tuple(_SUMMARIES)
"""The names of all profiles, in the order in which tables show them."""


def is_mobile(name: str) -> bool:
    """Whether a profile, by its name, is one of a mobile or embedded build."""
    return name.partition("+")[0] != "desktop"


def long_bits(profile: BuildProfile) -> LongBits:
    """How wide ``long`` is on the target of a build: 32 bits on 32-bit ARM, 64 elsewhere."""
    return 32 if "__arm__" in profile.defines else 64


def profiles(release: str) -> tuple[BuildProfile, ...]:
    """All profiles as builds of a release define them."""
    major, minor = release_number(release)
    makefile = (major, minor) < (2, 1)  # tensorflow/contrib/makefile ends with 2.0
    slim = {"__ANDROID_TYPES_SLIM__": "1"}
    by_makefile = {**slim, "IS_SLIM_BUILD": "1"} if makefile else {}
    ios = {**by_makefile, "USE_GEMM_FOR_CONV": "1", "TF_LEAN_BINARY": "1"} if makefile else {}
    pi = {**by_makefile, "RASPBERRY_PI": "1"} if makefile and (major, minor) >= (1, 4) else by_makefile
    wheel: dict[str, str] = {}
    if (major, minor) >= (2, 2):  # tf_copts in tensorflow/tensorflow.bzl
        wheel["TENSORFLOW_USE_XLA"] = "1"
    if (major, minor) >= (2, 5):  # compiled in by default: if_mkl in third_party/mkl/build_defs.bzl
        wheel["INTEL_MKL"] = "1"
    if (major, minor) >= (2, 14):  # onednn_v3_define in tensorflow/tsl/mkl/build_defs.bzl
        wheel["ENABLE_ONEDNN_V3"] = "1"
    defines = {
        "android-slim": {**_ANDROID, **slim},
        "android-full": {**_ANDROID, "__ANDROID_TYPES_FULL__": "1"},
        "android": _ANDROID,
        "ios": {**_IOS, **ios},
        "raspberry-pi": {**_COMPILER, **_LINUX, **_ARM32, **pi},
        "desktop": {**_COMPILER, **_LINUX, **_X86, **wheel},
        "selective": {**_ANDROID, "SELECTIVE_REGISTRATION": "1", "SUPPORT_SELECTIVE_REGISTRATION": "1"},
    }  # fmt: skip
    return tuple(BuildProfile(name, defines[name], _SUMMARIES[name]) for name in PROFILE_NAMES)


VERSION_MACROS = ("TF_MAJOR_VERSION", "TF_MINOR_VERSION", "TF_PATCH_VERSION")
"""What ``core/public/version.h`` says of a release; from 2.20 on the build does, with ``-D``."""


def version_macros(release: str) -> Mapping[str, str]:
    """The macros by which sources ask for the release, for those that are scanned without its headers."""
    patch = re.match(r"v?\d+\.\d+\.(\d+)", release)
    numbers = (*release_number(release), int(patch[1]) if patch else 0)
    return dict(zip(VERSION_MACROS, map(str, numbers), strict=True))


_RELEASE = re.compile(r"v?(\d+)\.(\d+)")


def release_number(release: str) -> tuple[int, int]:
    """Major and minor number of a release. Raises OpselectError where the text does not begin with them."""
    match = _RELEASE.match(release)
    if match is None:
        raise OpselectError(f"'{release}' is no TensorFlow version; write it like 2.14.0")
    return int(match[1]), int(match[2])
