"""Patterns in graphs in, ops that the runtime may insert out."""

from __future__ import annotations

from pathlib import Path

import pytest

from kernel_index.datatypes import DataType
from kernel_index.profiles import release_number
from kernel_index.shipped import releases
from kernel_index.store import open_index
from opselect.models.graph import expand_functions
from opselect.requirements.runtime import runtime_additions
from opselect.requirements.runtime.inserted import RULES, Rule, grappler_builds
from tests.opselect.graph_text import function, graph_of, node
from tests.opselect.requirements.runtime.additions import additions, ops, shipped

F, D, H, I = "T: type: DT_FLOAT", "T: type: DT_DOUBLE", "T: type: DT_HALF", "T: type: DT_INT32"  # noqa: E741
X, Y = node("x", "Placeholder", attrs="dtype: type: DT_FLOAT"), node("y", "Placeholder", attrs="dtype: type: DT_FLOAT")


def const(name: str, tensor: str = "dtype: DT_FLOAT tensor_shape { dim { size: 2 } } float_val: 0.3") -> str:
    dtype = "DT_" + tensor.partition("DT_")[2].split()[0]
    return node(name, "Const", attrs=f"dtype: type: {dtype}; value: tensor {{ {tensor} }}")


def filled(name: str, value: float) -> str:
    return const(name, f"dtype: DT_FLOAT tensor_shape {{ dim {{ size: 9 }} }} float_val: {value}")


ONE_AND_TWO = 'dtype: DT_FLOAT tensor_shape { dim { size: 2 } } tensor_content: "\\000\\000\\200?\\000\\000\\000@"'
W = const("w")
NCHW = 'data_format: s: "NCHW"'


def conv(attrs: str = F) -> str:
    return X + W + node("conv", "Conv2D", "x", "w", attrs=attrs)


def bias(attrs: str = F) -> str:
    return node("bias", "BiasAdd", "conv", "w", attrs=attrs)


CONV, BIAS = conv(), bias()
NORM_ATTRS = f"{F}; U: type: DT_FLOAT; is_training: b: false"
NORM = node("norm", "FusedBatchNormV3", "conv", "w", "w", "w", "w", attrs=NORM_ATTRS)


@pytest.mark.parametrize(
    ("text", "op"),
    [
        (CONV + BIAS, "_FusedConv2D"),
        (CONV + BIAS + node("r", "Relu", "bias", attrs=F), "_FusedConv2D"),
        (CONV + node("conv1", "Squeeze", "conv", attrs=F) + BIAS.replace('"conv"', '"conv1"'), "_FusedConv2D"),
        (CONV + NORM, "_FusedConv2D"),
        ((CONV + BIAS).replace("Conv2D", "MatMul"), "_FusedMatMul"),
        ((CONV + BIAS).replace("Conv2D", "DepthwiseConv2dNative"), "_FusedDepthwiseConv2dNative"),
        ((CONV + BIAS).replace("Conv2D", "Conv3D"), "_FusedConv3D"),
        (CONV + NORM + node("r", "Relu", "norm", attrs=F), "_FusedBatchNormEx"),
        (CONV + NORM + node("a", "Add", "norm", "x", attrs=F) + node("r", "Relu", "a", attrs=F), "_FusedBatchNormEx"),
        (X + W + node("p", "Pad", "x", "w", attrs=F) + node("c", "Conv3D", "p", "w", attrs=F), "_FusedConv3D"),
        (X + node("s", "AsString", "x", attrs=I) + node("h", "StringToHashBucketFast", "s"), "_TensorToHashBucketFast"),
        (X + W + node("m", "Mul", "x", "w", attrs=F) + node("l", "Maximum", "x", "m", attrs=F), "LeakyRelu"),
    ],
)
def test_fusions(text: str, op: str) -> None:
    several = {
        "_FusedBatchNormEx": {"float,float"},
        "_FusedConv2D": {"float,float"} if "BiasAdd" in text else {"float,float,float,float,float"},
        "_TensorToHashBucketFast": {"int32"},
    }
    assert ops(text)[op] == several.get(op, {"float"})


def test_the_fused_op_gets_the_type_of_the_convolution() -> None:
    assert ops((CONV + BIAS).replace("DT_FLOAT", "DT_DOUBLE"), "1.13")["_FusedConv2D"] == {"double"}
    assert ops(CONV + BIAS, "1.13")["_FusedConv2D"] == {"float"}
    assert ops(CONV + BIAS)["_FusedConv2D"] == {"float,float"}


@pytest.mark.parametrize(
    "text",
    [
        CONV + BIAS + node("other", "Neg", "conv", attrs=F),
        CONV + BIAS.replace('"w"', '"^x"'),
        CONV + BIAS + node("waits", "NoOp", "^conv"),
        (CONV + BIAS).replace("DT_FLOAT", "DT_HALF"),
        conv(f"{F}; {NCHW}") + BIAS,
        CONV + bias(D),
        CONV + NORM.replace("b: false", "b: true"),
        CONV + NORM + node("mean", "Neg", "norm:1", attrs=F),
        CONV + node("neg", "Neg", "conv", attrs=F) + BIAS.replace('"conv"', '"neg"'),
        CONV,
    ],
)
def test_what_the_remapper_does_not_fuse(text: str) -> None:
    assert "_FusedConv2D" not in ops(text)


@pytest.mark.parametrize(
    ("text", "op", "first"),
    [
        (CONV + BIAS, "_FusedConv2D", "1.13"),
        ((CONV + BIAS).replace("Conv2D", "MatMul"), "_FusedMatMul", "1.14"),
        ((CONV + BIAS).replace("Conv2D", "DepthwiseConv2dNative"), "_FusedDepthwiseConv2dNative", "2.3"),
        (CONV + NORM + node("r", "Relu", "norm", attrs=F), "_FusedBatchNormEx", "1.15"),
        ((CONV + BIAS).replace("Conv2D", "Conv3D"), "_FusedConv3D", "2.8"),
        (X + node("e", "Exp", "x", attrs=F) + node("s", "Sin", "e", attrs=F), "_UnaryOpsComposition", "1.10"),
    ],
)
def test_the_first_release_of_a_fusion(text: str, op: str, first: str) -> None:
    major, minor = map(int, first.split("."))
    before = {"2.0": "1.15", "2.14": "2.8"}.get(first, f"{major}.{minor - 1}")
    assert op in ops(text, first)
    assert op not in ops(text, before)


def test_in_functions_their_outputs_count_as_readers() -> None:
    conv, bias = node("conv", "Conv2D", "x", "w", attrs=F), node("bias", "BiasAdd", "conv:output:0", "w", attrs=F)
    call = node("call", "PartitionedCall", "a", "a", attrs='f: func { name: "f" }') + node("a", "Placeholder")
    fused = function("f", conv, bias, inputs="x w", returns="o=bias:output:0")
    assert "_FusedConv2D" in ops(fused + call)
    kept = function("f", conv, bias, inputs="x w", returns="o=bias:output:0 c=conv:output:0")
    assert "_FusedConv2D" not in ops(kept + call)
    (fusion,) = (a for a in additions(graph_of(fused + call)) if a.op == "_FusedConv2D")
    assert (fusion.function, [each.name for each in fusion.nodes]) == ("f", ["bias", "conv"])


def test_a_batch_norm_with_constants_becomes_arithmetic() -> None:
    def norm(variance: str, attrs: str = NORM_ATTRS) -> dict[str, set[str]]:
        return ops(X + Y + W + node("n", "FusedBatchNormV3", "x", "w", "y", "y", variance, attrs=attrs))

    found = norm("w")
    assert (found["Add"], found["Mul"], found["Rsqrt"], found["Sub"]) == ({"float"},) * 4
    assert "Reshape" not in found
    assert norm("w", f"{NORM_ATTRS}; {NCHW}")["Reshape"] == {"float,int32"}
    assert "Rsqrt" not in norm("y")


def unary(op: str, source: str, name: str = "", attrs: str = F) -> str:
    return node(name or op.lower(), op, source, attrs=attrs)


def binary(op: str, first: str, second: str, name: str = "", attrs: str = F) -> str:
    return node(name or op.lower(), op, first, second, attrs=attrs)


def segments(op: str, index: str) -> str:
    """A mean of segments, of rows that an op reads at some indices."""
    unique = node("u", "Unique", "y", attrs="T: type: DT_INT64") + node(
        "g", op, "x", index, *["y"] * (op == "GatherV2"), attrs=F
    )
    return unique + node("s", "SparseSegmentMean", "g", "u:1", "y", attrs=f"{F}; Tidx: type: DT_INT32")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (unary("Exp", "x") + unary("Sin", "exp"), {"_UnaryOpsComposition": {"float"}}),
        (binary("Mul", "x", "x"), {"Square": {"float"}}),
        (binary("Add", "x", "y") + binary("AddV2", "add", "y"), {"AddN": {"float"}, "AddV2": {"float"}}),
        (unary("Neg", "x") + binary("Add", "y", "neg"), {"Sub": {"float"}}),
        (unary("Neg", "x") + binary("Sub", "y", "neg"), {"AddV2": {"float"}}),
        (binary("Less", "x", "y") + node("not", "LogicalNot", "less"), {"GreaterEqual": {"float"}}),
        (unary("Softmax", "x") + unary("Log", "softmax"), {"LogSoftmax": {"float"}}),
        (binary("Sub", "x", "y") + unary("Square", "sub"), {"SquaredDifference": {"float"}}),
        (unary("Sqrt", "x") + binary("RealDiv", "y", "sqrt"), {"Rsqrt": {"float"}, "Mul": {"float"}}),
        (unary("Sqrt", "x") + binary("Xdivy", "y", "sqrt"), {"Rsqrt": {"float"}, "MulNoNan": {"float"}}),
        (filled("c", 2) + binary("Pow", "x", "c"), {"Square": {"float"}}),
        (filled("c", 3) + binary("Pow", "x", "c"), {"Square": {"float"}, "Mul": {"float"}}),
        (filled("c", -0.5) + binary("Pow", "x", "c"), {"Rsqrt": {"float"}}),
        (filled("c", 1) + binary("Add", "x", "c") + unary("Log", "add"), {"Log1p": {"float"}}),
        (filled("c", 1) + unary("Exp", "x") + binary("Sub", "exp", "c"), {"Expm1": {"float"}}),
        (
            unary("Neg", "x") + node("max", "Max", "neg", "y", attrs=f"{F}; Tidx: type: DT_INT32"),
            {"Min": {"float,int32"}},
        ),
        (unary("Exp", "x") + node("m", "ArgMax", "exp", "y", attrs=F), {"Identity": {"float"}}),
        (node("p", "Pack", "x", "x", attrs=F), {"Tile": {"float,int32"}, "Reshape": {"float,int32"}}),
        (node("p", "Pack", "x", attrs=F), {"ExpandDims": {"float,int32"}}),
        (node("a", "AddN", "x", "x", "x", attrs=F), {"Mul": {"float"}}),
        (
            W + node("p", "Pack", "x", "y", attrs=F) + node("s", "Slice", "p", "w", "w", attrs=F),
            {"Identity": {"float"}},
        ),
        (
            node("c", "Cast", "x", attrs="SrcT: type: DT_UINT8; DstT: type: DT_FLOAT")
            + node("t", "Transpose", "c", "y", attrs=f"{F}; Tperm: type: DT_INT64"),
            {"Transpose": {"uint8,int64"}},
        ),
        (
            node("t", "Transpose", "x", "y", attrs=f"{F}; Tperm: type: DT_INT32")
            + node("c", "Cast", "t", attrs="SrcT: type: DT_FLOAT; DstT: type: DT_UINT8"),
            {"Transpose": {"uint8,int32"}},
        ),
        (
            node("c", "Conj", "x", attrs="T: type: DT_COMPLEX64")
            + node("t", "Transpose", "c", "y", attrs="T: type: DT_COMPLEX64; Tperm: type: DT_INT32"),
            {"ConjugateTranspose": {"complex64,int32"}},
        ),
        (W + node("t", "ConjugateTranspose", "x", "w", attrs="T: type: DT_COMPLEX64"), {"Conj": {"complex64"}}),
        (W + binary("Mul", "x", "w") + node("c", "Conv2D", "mul", "w", attrs=F), {"Mul": {"float"}}),
        (
            node("c", "Cast", "y", attrs="SrcT: type: DT_INT32; DstT: type: DT_INT64")
            + node("s", "SparseSegmentSum", "x", "c", "y", attrs=f"{F}; Tidx: type: DT_INT64"),
            {"SparseSegmentSum": {"float,int32"}},
        ),
        (
            node("u", "Unique", "y", attrs="T: type: DT_INT64")
            + node("g", "ResourceGather", "x", "u", attrs="dtype: type: DT_HALF")
            + node("s", "SparseSegmentMean", "g", "u:1", "y", attrs=f"{H}; Tidx: type: DT_INT32"),
            {"SparseSegmentMean": {"half,int64"}, "ReadVariableOp": {"half"}},
        ),
        (segments("GatherV2", "u"), {"SparseSegmentMean": {"float,int64"}}),
        (filled("c", 1) + binary("Mul", "x", "c"), {"Tile": {"float,int32"}, "BroadcastTo": {"float,int32"}}),
    ],
)
def test_arithmetic(text: str, expected: dict[str, set[str]]) -> None:
    found = ops(X + Y + text)
    assert {op: found.get(op) for op in expected} == expected


@pytest.mark.parametrize(
    ("text", "absent"),
    [
        (unary("Exp", "x") + unary("Sin", "exp") + unary("Cos", "exp"), "_UnaryOpsComposition"),
        (unary("Exp", "x", attrs=I) + unary("Sin", "exp", attrs=I), "_UnaryOpsComposition"),
        (unary("Acos", "x", attrs=H) + unary("Sin", "acos", attrs=H), "_UnaryOpsComposition"),
        (unary("Exp", "x") + unary("Sin", "exp", attrs=D), "_UnaryOpsComposition"),
        (binary("Mul", "x", "y"), "Square"),
        (filled("c", 1.5) + binary("Pow", "x", "c"), "Square"),
        (binary("Pow", "x", "y"), "Square"),
        (const("c", ONE_AND_TWO) + binary("Add", "x", "c") + unary("Log", "add"), "Log1p"),
        (binary("Sub", "x", "y", attrs="T: type: DT_COMPLEX64") + unary("Square", "sub"), "SquaredDifference"),
        (unary("Softmax", "x") + unary("Log", "softmax") + unary("Neg", "softmax"), "LogSoftmax"),
        (node("p", "Pack", "x", "y", attrs=F), "Tile"),
        (unary("Abs", "x") + node("m", "ArgMax", "abs", "y", attrs=F), "Identity"),
        (binary("Add", "x", "y"), "AddN"),
        (segments("AddV2", "u"), "SparseSegmentMean"),
        (segments("GatherV2", "y"), "SparseSegmentMean"),
    ],
)
def test_arithmetic_that_stays(text: str, absent: str) -> None:
    assert absent not in ops(X + Y + text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (node("s", "Shape", "x", attrs=f"{F}; out_type: type: DT_INT64"), {"Const": {"int64"}}),
        (node("z", "ZerosLike", "x", attrs=H), {"Const": {"half"}}),
        (filled("c", 0) + binary("Sub", "c", "x"), {"Neg": {"float"}}),
        (filled("c", 1) + binary("RealDiv", "c", "x"), {"Reciprocal": {"float"}}),
        (W + binary("RealDiv", "x", "w"), {"Reciprocal": {"float"}, "Mul": {"float"}}),
        (filled("c", 0) + binary("MatMul", "x", "c"), {"Const": {"float"}}),
        (node("r", "Reshape", "x", "y", attrs=F), {"Identity": {"float"}}),
        (filled("c", 0) + node("p", "Pad", "x", "c", attrs=F), {"Identity": {"float"}}),
        (W + node("m", "Mean", "x", "w", attrs=F), {"Identity": {"float"}, "Reshape": {"float,int32"}}),
        (W + node("a", "All", "x", "w"), {"Identity": {"bool"}}),
        (W + binary("Sub", "x", "y") + binary("Add", "w", "sub"), {"Add": {"float"}, "Sub": {"float"}}),
        (W + binary("Mul", "x", "y") + binary("Div", "w", "mul"), {"Div": {"float"}}),
        (W + node("a", "AddN", "w", "w", "x", attrs=F), {"AddN": {"float"}}),
        (
            W + node("c", "ConcatV2", "w", "w", "x", "w", attrs=f"{F}; Tidx: type: DT_INT32"),
            {"ConcatV2": {"float,int32"}},
        ),
        (node("s", "Switch", "x", "x", attrs="T: type: DT_BOOL"), {"Const": {"bool"}}),
        (W + node("s", "Switch", "x", "w", attrs=F), {"Identity": {"float"}}),
        (W + node("m", "Merge", "w", "x", attrs=F), {"Const": {"float", "int32"}}),
        (W + node("e", "Enter", "w", attrs=f"{F}; is_constant: b: true"), {"Const": {"float"}}),
        (
            node("s", "Shape", "x", attrs=F) + node("p", "Prod", "s", "y", attrs=f"{I}; Tidx: type: DT_INT32"),
            {"Size": {"float,int32"}},
        ),
        (
            node("s", "Size", "x", attrs=F) + node("d", "Div", "s", "s", attrs=I),
            {"Const": {"int32"}},
        ),
        (node("i", "DeviceIndex"), {"Const": {"int32"}}),
        (
            node("i", "IdentityN", "x", "y", attrs="T: list { type: DT_HALF type: DT_INT8 }"),
            {"Identity": {"half", "int8"}},
        ),
        (node("s", "StackPush", "x", "y", attrs=H), {"Identity": {"half"}}),
        (node("a", "AddN", "x", "y", "x", attrs=F), {"TemporaryVariable": {"float"}, "ZerosLike": {"float"}}),
        (
            W
            + function("f", node("n", "Neg"))
            + node("c", "Case", "w", "x", attrs="Tin: list { type: DT_HALF }; Tout: list { type: DT_INT8 }"),
            {"PartitionedCall": {"half,int8"}},
        ),
        (
            node("l", "_ListToArray", "x", attrs=H),
            {"Identity": {"half"}},
        ),
        (
            const("c", "dtype: DT_BOOL bool_val: true") + node("s", "SelectV2", "c", "x", "y", attrs=F),
            {"Identity": {"float"}, "BroadcastTo": {"float,int32"}},
        ),
    ],
)
def test_constants_shapes_and_loops(text: str, expected: dict[str, set[str]]) -> None:
    found = ops(X + Y + text)
    assert {op: found[op] >= types for op, types in expected.items()} == dict.fromkeys(expected, True)


@pytest.mark.parametrize(
    ("text", "root"),
    [
        (node("s", "Size", "x", attrs=F) + node("d", "Div", "s", "s", attrs=D), "d"),
        (node("z", "ZerosLike", "x", attrs=D), "z"),
        (filled("c", 0) + binary("MatMul", "x", "c", "product", D), "product"),
        (W + node("e", "Enter", "w", attrs=f"{D}; is_constant: b: true"), "e"),
    ],
)
def test_the_constant_in_place_of_a_result_has_its_type(text: str, root: str) -> None:
    """``Const`` is told by ``dtype``: a kernel that was asked for by ``T`` would be any type's."""
    of_root = [a for a in additions(graph_of(X + text)) if a.op == "Const" and a.nodes[0].name == root]
    assert {"dtype": DataType.DT_DOUBLE} in [a.attrs for a in of_root]


def test_snapshots_are_taken_only_beside_updates() -> None:
    text = X + filled("c", 1) + binary("Mul", "x", "c")
    assert "Snapshot" in ops(text, "1.8")
    assert "Snapshot" not in ops(text, "1.9")
    assert "Snapshot" in ops(text + node("v", "VariableV2") + node("a", "Assign", "v", "x", attrs=F), "1.9")


def test_folding_constants_leaves_one_for_what_others_read() -> None:
    """In every build: ``common_runtime/constant_folding.cc``."""
    text = (
        X
        + const("a")
        + unary("Exp", "a")
        + node("cast", "Cast", "exp", attrs="SrcT: type: DT_FLOAT; DstT: type: DT_HALF")
    )
    text += node("n", "Neg", "cast", attrs=H) + binary("Add", "n", "x", attrs=H)
    session = [a for a in additions(graph_of(text), "1.0") if a.origin.may_insert]
    assert [(a.op, a.attrs["dtype"], a.nodes[0].name) for a in session] == [("Const", 19, "n")]
    assert session[0].origin.why == (
        "an op without side effects that reads nothing but constants (common_runtime/constant_folding.cc)"
    )


@pytest.mark.parametrize("op", ["RandomUniform", "VariableV2", "Placeholder", "Switch"])
def test_what_is_never_constant(op: str) -> None:
    text = const("a") + node("n", op, "a", attrs=F) + node("m", "Neg", "n", attrs=F)
    assert "m" not in {a.nodes[0].name for a in additions(graph_of(text), "1.0")}


def test_a_thousand_constants_in_a_row() -> None:
    text = const("n0") + "".join(node(f"n{i + 1}", "Neg", f"n{i}", attrs=F) for i in range(1500))
    assert {a.nodes[0].name for a in additions(graph_of(text), "1.0")} == {"n1500"}


def test_calls_that_grappler_inlines() -> None:
    body = function("f", node("n", "Neg", "a", attrs=F), inputs="a", returns="o=n:y:0")
    signature = body.replace("input_arg", 'output_arg { name: "o" type: DT_FLOAT } input_arg')
    text = signature + X + node("call", "f", "x")
    assert {op: types for op, types in ops(text).items() if op != "Const"} == {
        "Identity": {"float"},
        "IdentityN": {"float"},
        "NoOp": {""},
    }
    noinline = signature.replace("ret {", 'attr { key: "_noinline" value { b: true } } ret {')
    assert ops(noinline + X + node("call", "f", "x")) == {}
    partitioned = node("c", "PartitionedCall", "x", attrs='f: func { name: "f" }; Tout: list { type: DT_HALF }')
    assert ops(signature + X + partitioned)["Identity"] == {"float", "half"}
    assert ops(signature + X + partitioned, "1.13") == {}


def test_between_devices() -> None:
    one, other = node("a", "Neg", "x", device="/cpu:0"), node("b", "Neg", "a", device="/gpu:0")
    assert ops(X + one) == {}
    assert ops(X + one + other)["Const"] == {"float"}
    loop = ops(X + one + other + node("e", "Enter", "x", attrs=F))
    assert (loop["NextIteration"], loop["LoopCond"]) == ({"int32"}, {""})
    assert "_HostCast" not in loop
    tasks = node("a", "Neg", device="/job:a/task:0") + node("b", "Neg", "a", device="/job:a/task:1")
    assert ops(tasks)["_HostCast"] == {"bfloat16,float", "float,bfloat16"}


@pytest.mark.parametrize(
    ("release", "where"),
    [
        ("1.12", "Android and iOS builds compile it out"),
        ("1.13", "Android and iOS builds have it in the bodies of PartitionedCall alone"),
        ("2.6", "Android builds compile it out, iOS builds have it in the bodies of PartitionedCall alone"),
        ("2.14", "Android and iOS builds compile it out"),
    ],
)
def test_the_reason_says_which_builds_run_grappler(release: str, where: str) -> None:
    text = X + unary("Exp", "x") + unary("Sin", "exp")
    (why,) = {a.origin.why for a in additions(graph_of(text), release)}
    assert why.endswith(f"; only where grappler runs: {where}")


def test_no_release_before_1_4_runs_grappler() -> None:
    text = CONV + BIAS + unary("Exp", "x") + unary("Sin", "exp") + binary("Mul", "x", "x")
    assert all("grappler" not in a.origin.why for a in additions(graph_of(text), "1.3"))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.source.rpartition('/')[2]}: {rule.trigger[:40]}")
def test_every_op_of_the_list_is_one_of_a_release_that_it_is_about(rule: Rule) -> None:
    about = [release for release in releases() if release_number(release) in rule.releases]
    for op in rule.ops:
        assert any(shipped(release).op_definition(op) for release in reversed(about)), op


def test_grappler_builds_of_any_release() -> None:
    assert grappler_builds((1, 0)) == grappler_builds((9, 9)) == grappler_builds((2, 14))


@pytest.mark.parametrize("op", ["Mul", "RealDiv", "BiasAdd", "Pow", "Conv2D", "FusedBatchNormV3", "Select"])
def test_nothing_is_made_of_nodes_that_lack_inputs(op: str) -> None:
    around = (
        node("s", "AddV2", "m", "m", attrs=F) + node("r", "Relu", "s", attrs=F) + node("p", "Mul", "m", "x", attrs=F)
    )
    lacking, unknown = node("m", op, "x", attrs=F), node("m", "Nonsense", "x", attrs=F)
    assert ops(X + lacking + around) == ops(X + unknown + around)


def test_nothing_is_made_of_an_op_without_a_definition() -> None:
    """How many inputs it takes is not known; an index of a few kernels has few definitions."""
    graph = graph_of(X + node("n", "FusedBatchNorm", "x", "x", "x", "x", attrs=F))
    index = open_index(Path(__file__).parents[4] / "fixtures" / "kernel_tree.opselidx")
    assert index.op_definition("FusedBatchNorm") is None
    assert [*runtime_additions(expand_functions(graph, graph.nodes, "g"), (), index)] == []
