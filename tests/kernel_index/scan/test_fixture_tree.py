"""What the fixture tree registers, read off its sources by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from kernel_index.records import ScanResult
from kernel_index.scan import scan_tree
from tests.kernel_index.scan.trees import printed

FIXTURE = Path(__file__).resolve().parents[3] / "fixtures" / "kernel_tree"


@pytest.fixture(scope="module")
def result() -> ScanResult:
    return scan_tree(FIXTURE, jobs=1)


def kernels(result: ScanResult, op: str, profile: str) -> list[str]:
    return [printed(r).removeprefix(f"{op}@") for r in result.registrations if r.op == op and profile in r.profiles]


def mul(*types: tuple[str, str]) -> list[str]:
    return [f"CPU T={{{name}}}: BinaryOp<CPUDevice, functor::mul<{spelling}>>" for name, spelling in types]


FLOAT, INT32 = ("DT_FLOAT", "float"), ("DT_INT32", "int32")
ALL = mul(
    ("DT_DOUBLE", "double"), FLOAT, ("DT_HALF", "Eigen::half"), ("DT_UINT8", "uint8"), INT32, ("DT_INT64", "int64")
)
NAIVE = "CPU T={DT_FLOAT} label=naive priority=-1: NaiveConv2DOp"
PLAIN = "CPU T={DT_FLOAT}: Conv2DOp<CPUDevice, float>"

EXPECTED = {
    ("Mul", "android-slim"): mul(FLOAT, INT32),
    ("Mul", "ios"): mul(FLOAT, INT32),
    ("Mul", "android"): ALL,
    ("Mul", "desktop"): ALL,
    ("Conv2D", "android"): [PLAIN, NAIVE],
    ("Conv2D", "ios"): ["CPU T={DT_FLOAT}: Conv2DByProductOp<float, PatchColumns<float, kGathered>>", NAIVE],
    ("Conv2D", "android-full"): [PLAIN, "CPU T={DT_HALF}: Conv2DOp<CPUDevice, Eigen::half>", NAIVE],
    ("Square", "android-slim"): ["CPU T={DT_FLOAT}: UnaryOp<CPUDevice, functor::square<float>>"],
    ("Resample", "selective"): ["CPU T={DT_FLOAT,DT_UINT8,DT_HALF} mode={linear,near} host=size: ResampleOp"],
    ("Bits", "desktop"): ["CPU T={DT_FLOAT}: BitsOp", "CPU T={DT_INT64}: BitsOp"],
    ("NoOp", "raspberry-pi"): ["CPU system: NoOp"],
    ("Tiny>Blend", "android"): ["CPU: BlendOp<CPUDevice>"],
}


@pytest.mark.parametrize(("op", "profile"), EXPECTED)
def test_kernels_of_a_profile(op: str, profile: str, result: ScanResult) -> None:
    assert kernels(result, op, profile) == EXPECTED[op, profile]


GATHER_TYPES = {"android-slim": 4, "android-full": 6, "android": 4, "ios": 4, "desktop": 7, "selective": 7}


@pytest.mark.parametrize("profile", GATHER_TYPES)
def test_type_lists_of_a_profile_times_two_index_types(profile: str, result: ScanResult) -> None:
    assert len(kernels(result, "Gather", profile)) == 2 * GATHER_TYPES[profile]


def test_what_only_gpu_builds_have(result: ScanResult) -> None:
    hidden = [r for r in result.registrations if not r.profiles]
    assert {(r.op, r.device, r.condition.macro) for r in hidden if r.condition} == {
        ("Mul", "GPU", "GOOGLE_CUDA"), ("Mul", "SYCL", "TENSORFLOW_USE_SYCL"), ("Conv2D", "GPU", "GOOGLE_CUDA"),
        ("Square", "GPU", "GOOGLE_CUDA"),
    }  # fmt: skip
    assert len(hidden) == 7


def test_the_rest_of_the_scan(result: ScanResult) -> None:
    assert result.release == "1.13.99"
    assert [d.name for d in result.op_definitions] == [
        "Bits", "Conv2D", "Gather", "Mul", "NoOp", "Resample", "Square", "Tiny>Blend", "_Arg", "_Recv", "_Retval",
        "_Send",
    ]  # fmt: skip
    assert [str(d).rpartition("/")[2] for d in result.diagnostics] == [
        "gather_op.cc instead",
        "blend_op.cc:8: the value of 'SecretName(7)' is not known",
    ]
    assert dict(result.skipped_files) == {"tensorflow/core/kernels/conv_ops_test.cc": "a test or a helper of tests"}
    assert result.missing_headers == ("tensorflow/c/kernels.h", "third_party/not_in_this_tree/half.h")
    assert result.build_lists.prefix == "android"
    assert "tensorflow/c/kernels/bits_op.cc" in result.build_lists.groups["android_extended_ops"]
