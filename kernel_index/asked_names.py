"""The macros that conditions around registrations ask for, in any release: what a build defines besides opens none.

Made by :func:`kernel_index.scan.asked_macros.asked_macros` of the sources of 33 releases, 1.0.1 to 2.16.1; guards of
headers are left out. docs/profiles.md says how.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

ASKED = frozenset((
    "AMD_ZENDNN", "ANDROID", "ANDROID_TEGRA", "ARM_NON_MOBILE", "COMPILER_GCC3", "COMPILER_MSVC",
    "CPU_PROVIDED_IXDIM", "CUDA_VERSION", "CUDA_VERSOIN", "CUDNN_VERSION", "DNNL_AARCH64_USE_ACL", "DO_NOT_USE_ML",
    "EIGEN_ARCH_i386", "EIGEN_ARCH_x86_64", "EIGEN_COMP_GNUC", "EIGEN_USE_LIBXSMM", "EIGEN_VECTORIZE_AVX",
    "EIGEN_VECTORIZE_AVX512", "ENABLE_INTEL_MKLDNN_V1", "ENABLE_INTEL_MKL_BFLOAT16", "ENABLE_MKL", "ENABLE_MKLDNN_V1",
    "ENABLE_ONEDNN_OPENMP", "ENABLE_ONEDNN_V3", "GEMMLOWP_NEON_32", "GEMMLOWP_NEON_64", "GOOGLE_CUDA",
    "GOOGLE_LOGGING", "GOOGLE_TENSORRT", "INTEL_MKL", "INTEL_MKL_DNN", "INTEL_MKL_DNN_ONLY", "INTEL_MKL_ML",
    "INTEL_MKL_ML_ONLY", "IS_MOBILE_PLATFORM", "IS_SLIM_BUILD", "LIBTPU_ON_GCE", "MACOS",
    "MLIR_GENERATED_CPU_KERNELS_ENABLED", "MLIR_GENERATED_EXPERIMENTAL_KERNELS_ENABLED",
    "MLIR_GENERATED_GPU_KERNELS_ENABLED", "NDEBUG", "NVIDIA_TEGRA", "PLATFORM_CHROMIUMOS", "PLATFORM_GOOGLE",
    "PLATFORM_GOOGLE_ANDROID", "PLATFORM_GOOGLE_IOS", "PLATFORM_POSIX", "PLATFORM_POSIX_ANDROID",
    "PLATFORM_POSIX_IOS", "PLATFORM_WINDOWS", "PLUGGABLE_DEVICE_SUPPORTED", "PLUGGABLE_DEVICE_SUPPORTED_MACOS",
    "RASPBERRY_PI", "SELECTIVE_REGISTRATION", "SPECIALIZE_FOR_GPUS", "STRIDED_SLICE_INSTANTIATE_DIM",
    "SUPPORT_SELECTIVE_REGISTRATION", "SWIG", "TARGET_IPHONE_SIMULATOR", "TARGET_OS_IOS", "TARGET_OS_IPHONE",
    "TARGET_OS_MAC", "TENSORFLOW_DISABLE_META", "TENSORFLOW_MEM_DEBUG", "TENSORFLOW_SYCL_NO_DOUBLE",
    "TENSORFLOW_USE_CUSTOM_CONTRACTION_KERNEL", "TENSORFLOW_USE_LIBXSMM", "TENSORFLOW_USE_LIBXSMM_CONVOLUTIONS",
    "TENSORFLOW_USE_MPI", "TENSORFLOW_USE_NVCC", "TENSORFLOW_USE_ROCM", "TENSORFLOW_USE_SYCL", "TF_COMPILE_LIBRARY",
    "TF_EXTRA_CUDA_CAPABILITIES", "TF_GPU_USE_PJRT", "TF_HIPBLASLT", "TF_LITE_DISABLE_X86_NEON",
    "TF_LOG_KERNEL_SOURCES", "TF_NEXT_PLUGGABLE_DEVICE_USE_C_API", "TF_OPKERNEL_C_API_PASSTHROUGH",
    "TF_PLATFORM_LINUX_X86_64", "TF_ROCM_VERSION", "USE_GEMM_FOR_CONV", "USE_HEXAGON_LIBS", "_DEBUG", "_MSC_VER",
    "_M_IX86", "_M_X64", "_WIN32", "__ANDROID_TYPES_FULL__", "__ANDROID_TYPES_SLIM__", "__ANDROID__", "__APPLE__",
    "__ARM_NEON", "__ARM_NEON__", "__CUDACC__", "__EMSCRIPTEN__", "__Fuchsia__", "__GNUC__", "__HIPCC__", "__NVCC__",
    "__SSE4_1__", "__TF_CHROMIUMOS__", "__amd64__", "__arm__", "__clang__", "__cplusplus", "__i386__", "__x86_64__",
))  # fmt: skip

LAST_RELEASE = (2, 16)
"""The newest release whose sources were looked at."""

_UNTIL = {"__arm__": (2, 3), "RASPBERRY_PI": (2, 3), "ARM_NON_MOBILE": (2, 3)}
"""The last releases that ask for some: platform.h of later ones takes no ARM for a phone."""


def asked_in(release: tuple[int, int]) -> frozenset[str]:
    """The macros that conditions of a release may ask for."""
    return ASKED.difference(name for name, last in _UNTIL.items() if release > last)


WITHOUT_EFFECT = frozenset((
    "NDEBUG", "__clang__", "__GNUC__", "__cplusplus", "__SSE4_1__", "__ARM_NEON", "__ARM_NEON__", "__i386__",
    "__x86_64__", "__amd64__", "EIGEN_COMP_GNUC", "EIGEN_ARCH_i386", "EIGEN_ARCH_x86_64",
))  # fmt: skip
"""Asked for by code of kernels, by none of their registrations: scans with and without them were the same."""

_TARGETS = ("__ANDROID__", "TARGET_OS_IPHONE")


def deciding(
    defines: Mapping[str, str], asked: Collection[str], without_effect: Collection[str] = WITHOUT_EFFECT
) -> dict[str, str]:
    """Of a build's macros those that decide what is registered, sorted.

    ``ANDROID`` and ``__arm__`` add nothing where the compiler compiles for Android or iOS anyway, and a macro that is 0
    where the sources ask for its value is as good as none.
    """
    found = {name: defines[name] for name in sorted(defines) if name in asked and name not in without_effect}
    if any(defines.get(name, "0") != "0" for name in _TARGETS):
        found.pop("ANDROID", None)
        found.pop("__arm__", None)
    return {name: value for name, value in found.items() if not (name.startswith("TARGET_") and value == "0")}
