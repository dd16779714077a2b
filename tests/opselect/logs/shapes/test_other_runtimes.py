"""What ONNX Runtime, ExecuTorch and PyTorch Mobile print of kernels and operators that they have not."""

from __future__ import annotations

import pytest

from opselect.logs.shapes.other_runtimes import SHAPES
from tests.opselect.logs.shapes.reading import one, read

ORT = "onnxruntime.capi.onnxruntime_pybind11_state.NotImplemented: [ONNXRuntimeError] : 9 : NOT_IMPLEMENTED : "
INVALID = "[ONNXRuntimeError] : 10 : INVALID_GRAPH : This is an invalid model. "


@pytest.mark.parametrize("width", [0, 11, 60])
@pytest.mark.parametrize(
    ("text", "op", "version", "node"),
    [
        (ORT + "Could not find an implementation for Erf(13) node with name '/enc/Erf'", "Erf", 13, "/enc/Erf"),
        ("Could not find an implementation for HardSigmoid(6) node with name ''", "HardSigmoid", 6, ""),
        ("Could not find an implementation for Pad(13) node with na", "Pad", 13, ""),
        ("Could not find an implementation for Pad(13) node with name '/Pa", "Pad", 13, ""),
        (ORT + "Could not find an implementation for the node ReduceMin(1)", "ReduceMin", 1, ""),
        (
            (
                "Error code - ORT_NOT_IMPLEMENTED - message: Could not find an implementation for the node "
                "mel/stft:STFT(17)"
            ),
            "STFT",
            17,
            "mel/stft",
        ),
        (ORT + "Failed to find kernel for Split(18) (node Split_2). Kernel not found", "Split", 18, "Split_2"),
        (
            ("Error: failed to find kernel for GridSample(16) (node GridSample_88). Kernel"),
            "GridSample",
            16,
            "GridSample_88",
        ),
        (
            (
                "Failed to find kernel for Conv(11) (node a/Conv). Op with name (a/Conv) domain () and type "
                "(Conv) kernel is not "
                "supported in CPUExecutionProvider."
            ),
            "Conv",
            11,
            "a/Conv",
        ),
        (
            "Failed to find kernel for com.microsoft.FusedConv(1) (node:'/x/Conv' ep:'CPUExecutionProvider')",
            "com.microsoft.FusedConv",
            1,
            "/x/Conv",
        ),
        ("Op with name (a/Conv) and type (Conv) kernel not found in CPUExecutionProvider.", "Conv", None, "a/Conv"),
        ("Failed to find kernel for MemcpyFromHost (node Memcpy_1)", "MemcpyFromHost", None, "Memcpy_1"),
        (
            (
                "AssignNodesToEpsFromHashesImpl Failed to find kernel def hash (4500561021631132744) in kernel "
                "registries for "
                "GatherElements(13) node with name 'G_354'"
            ),
            "GatherElements",
            13,
            "G_354",
        ),
        ("Failed to find kernel def hash in kernel registries: 13881250836434776192", "", None, ""),
        (
            ORT + "Non-zero status code returned while running Resize node. Name:'up/Resize' Status LogMessage: cubic",
            "Resize",
            None,
            "up/Resize",
        ),
    ],
)
def test_onnx_runtime_has_no_kernel(text: str, op: str, version: int | None, node: str, width: int) -> None:
    failure = one(SHAPES, text, width=width)
    assert (failure.kind, failure.op, failure.version, failure.node) == ("onnx-no-kernel", op, version, node)


@pytest.mark.parametrize("width", [0, 11, 60])
@pytest.mark.parametrize(
    ("text", "op", "version", "node"),
    [
        (
            (
                f'{INVALID}In Node, ("my/node", Mish, "", -1) : ("x": tensor(float),) -> ("y": tensor(float),) '
                f", Error No Op "
                "registered for Mish with domain_version of 13"
            ),
            "Mish",
            13,
            "my/node",
        ),
        (
            (f"{INVALID}Error in Node:Const_1085 : No Op registered for Foo with domain_version of 11"),
            "Foo",
            11,
            "Const_1085",
        ),
        ("No Op registered for my.dom.ConvWIO with domain_version of 13", "my.dom.ConvWIO", 13, ""),
        (
            ("[ONNXRuntimeError] : 1 : FAIL : Fatal error: my.dom:NoSuch(-1) is not a registered function/op"),
            "my.dom:NoSuch",
            None,
            "",
        ),
        ("FAIL : Fatal error: BatchedNMS(1) is not a registered function/op", "BatchedNMS", 1, ""),
        ("FAIL : Fatal error: ImageScaler is not a registered function/op", "ImageScaler", None, ""),
    ],
)
def test_onnx_runtime_does_not_know_the_op(text: str, op: str, version: int | None, node: str, width: int) -> None:
    failure = one(SHAPES, text, width=width)
    assert (failure.kind, failure.op, failure.version, failure.node) == ("onnx-unknown-op", op, version, node)


@pytest.mark.parametrize(
    ("text", "version"),
    [
        (
            (
                "model.cc:256 onnxruntime::Model::Model(onnx::ModelProto&&) Unsupported model IR version: 10, max "
                "supported IR version: 9"
            ),
            10,
        ),
        (
            (
                "stamped with official released onnx opset versions. Opset 19 is under development and support for "
                "this is limited."
            ),
            19,
        ),
    ],
)
def test_an_onnx_model_is_newer_than_the_runtime(text: str, version: int) -> None:
    for width in (0, 13):
        failure = one(SHAPES, text, width=width)
        assert (failure.kind, failure.version, failure.op) == ("onnx-version", version, "")


def test_lines_of_executorch_belong_together() -> None:
    text = (
        "E executorch:operator_registry.cpp:256] kernel 'aten::cumsum.out' not found.\n"
        "I executorch:operator_registry.cpp:257] dtype: 6 | dim order: [\n"
        "E executorch:method.cpp:724] Missing operator: [7] aten::cumsum.out\n"
        "E executorch:method.cpp:724] Missing operator: [12] llama::sdpa_with_kv_cache.out\n"
        "E executorch:method.cpp:992] There are 2 instructions don't have corresponding operator registered. See logs\n"
    )
    for width in (0, 17):
        failures = read(SHAPES, text, width=width)
        assert list(dict.fromkeys(each.op for each in failures)) == [
            "aten::cumsum.out",
            "llama::sdpa_with_kv_cache.out",
        ]
        assert {each.kind for each in failures} == {"executorch-operator"}
    assert one(SHAPES, text.splitlines()[-1]).op == ""
    assert one(SHAPES, "There are 1 operators missing from registration to Executor").op == ""
    assert one(SHAPES, "Missing operator: [4] aten::x.out").op == "aten::x.out"


@pytest.mark.parametrize("width", [0, 13])
@pytest.mark.parametrize(
    ("text", "ops"),
    [
        (
            ("Following ops cannot be found: [aten::max_pool2d, aten::conv2d]. Please check if"),
            ("aten::max_pool2d", "aten::conv2d"),
        ),
        (
            ("Following ops cannot be found: aten::hardtanh_, aten::pixel_shuffle"),
            ("aten::hardtanh_", "aten::pixel_shuffle"),
        ),
        (
            (
                "Following ops cannot be found. Check fburl.com/missing_ops for the "
                "fix.{torchvision::roi_align, torchvision::nms, "
                "} ()\n Exception raised from print_unsupported_ops_and_throw at "
                "../torch/csrc/jit/mobile/import.cpp:206"
            ),
            ("torchvision::roi_align", "torchvision::nms"),
        ),
        (
            (
                "Following ops cannot be found. Please check if the operator library is included in the build. "
                "If built with "
                "selected ops, check if these ops are in the list. Or post it in "
                "https://discuss.pytorch.org/aten::to.prim_dtype ()"
            ),
            ("aten::to.prim_dtype",),
        ),
        (
            (
                "Following ops cannot be found. Please check. Or post it in https://discuss.pytorch.org/c/mobile/ () \n"
                "aten::_convolution_mode, \naten::upsample_bicubic2d.vec, \n"
            ),
            ("aten::_convolution_mode", "aten::upsample_bicubic2d.vec"),
        ),
    ],
)
def test_pytorch_mobile_lists_operators(text: str, ops: tuple[str, ...], width: int) -> None:
    failure = one(SHAPES, text, width=width)
    assert (failure.kind, failure.op, failure.ops) == ("pytorch-operator", ops[0], ops)


@pytest.mark.parametrize(
    ("text", "op"),
    [
        (
            (
                "Unknown builtin op: aten::mul.\nCould not find any similar ops to aten::mul. This op may not "
                "exist or may not be"
            ),
            "aten::mul",
        ),
        ("Couldn't find an operator for aten::foo(Tensor self) -> Tensor.", "aten::foo"),
        ("Could not find schema for aten::upsample_nearest2d.vec but we found", "aten::upsample_nearest2d.vec"),
        (
            (
                "Could not run 'aten::less_equal.Scalar' with arguments from the 'CPU' backend.\nThis could be "
                "because the operator "
                "doesn't exist for this backend, or was omitted during the selective/custom build process"
            ),
            "aten::less_equal.Scalar",
        ),
    ],
)
def test_pytorch_mobile_lacks_an_operator(text: str, op: str) -> None:
    for width in (0, 13):
        failure = one(SHAPES, text, width=width)
        assert (failure.kind, failure.op) == ("pytorch-operator", op)


@pytest.mark.parametrize(
    "text",
    [
        (
            "Type Error: Type 'tensor(bfloat16)' of input parameter (x) of operator (Softplus) in node "
            "(my/node) is invalid."
        ),
        (
            "ONNX Runtime only *guarantees* support for models stamped with opset version 7 or above for opset "
            "domain 'ai.onnx'."
        ),
        "PrologParserException: Operator precedence clash or missing operator: [x] 3",
        "kernel 'softmax' not found. Falling back",
        "Could not run 'aten::foo' with arguments from the 'CUDA' backend.",
    ],
)
def test_what_is_no_failure(text: str) -> None:
    assert read(SHAPES, text) == []
