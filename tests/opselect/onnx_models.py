"""Models of ONNX as text, small and of all kinds, and what makes files of them.

ONNX Runtime loads every one of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from onnx import ModelProto, parser

MODELS: Mapping[str, str] = {
    "cnn": """
        <ir_version: 7, opset_import: ["": 13]>
        cnn (float[1, 3, 8, 8] image, float[4, 3, 3, 3] w, float[4] b, float[4, 2] dense) => (float[1, 2] scores) {
            a = Conv <pads = [1, 1, 1, 1]> (image, w, b)
            c = BatchNormalization (a, b, b, b, b)
            d = Relu (c)
            e = MaxPool <kernel_shape = [2, 2]> (d)
            f = GlobalAveragePool (e)
            g = Flatten (f)
            h = Gemm (g, dense)
            scores = Softmax (h)
        }
    """,
    "branches": """
        <ir_version: 6, opset_import: ["": 11]>
        branches (float[N] x, int64[N] n, bool c) => (y, m) {
            t = Cast <to = 6> (n)
            y, m = If (c) <
                then_branch = then () => (float[N] a, int32[N] k) {
                    a = Exp (x)
                    k = If (c) <
                        then_branch = inner () => (int32[N] u) { u = Mul (t, t) },
                        else_branch = other () => (int32[N] v) { v = Sub (t, t) }
                    >
                },
                else_branch = else () => (float[N] b, int32[N] l) {
                    b = Neg (x)
                    l = Abs (t)
                }
            >
        }
    """,
    "loop": """
        <ir_version: 8, opset_import: ["": 16]>
        loop (int64 trips, bool go, double[1] start) => (last, all, seen) {
            last, all, seen = Loop (trips, go, start) <
                body = turn (i, more, value) => (again, next, scanned, index) {
                    again = Identity (more)
                    next = Add (value, value)
                    scanned = Sqrt (next)
                    index = Mul (i, i)
                }
            >
            least = Min (last, start)
            most = ReduceMax (seen)
        }
    """,
    "scan": """
        <ir_version: 7, opset_import: ["": 12]>
        scan (float[2] state, float[5, 2] items) => (end, sums) {
            end, sums = Scan <num_scan_inputs = 1, body = step (before, item) => (after, out) {
                after = Add (before, item)
                out = Tanh (after)
            }> (state, items)
            z = Sigmoid (sums)
        }
    """,
    "functions": """
        <ir_version: 8, opset_import: ["": 15, "my": 1, "others": 3]>
        calls (float[2, 3] x, int64[2, 3] n) => (y, m) {
            y = my.Twice <to = 1> (x)
            h = my.Twice <to = 11> (n)
            m = others.Rounded (h)
        }
        <domain: "my", opset_import: ["": 15, "others": 3]>
        Twice <to> (a) => (b) {
            c = Add (a, a)
            d = Cast <to: int = @to> (c)
            b = others.Rounded (d)
        }
        <domain: "others", opset_import: ["": 15]>
        Rounded (a) => (b) { b = Round (a) }
        <domain: "my", opset_import: ["": 15]>
        Unused (a) => (b) { b = Cos (a) }
    """,
    "function_with_graphs": """
        <ir_version: 8, opset_import: ["": 14, "my": 1]>
        calls (float[2, 3] x) => (y) { y = my.Chosen (x) }
        <domain: "my", opset_import: ["": 14]>
        Chosen (a) => (b) {
            s = ReduceSum <keepdims = 0> (a)
            c = Cast <to = 9> (s)
            b = If (c) <
                then_branch = then () => (t) { t = Relu (a) },
                else_branch = else () => (e) { e = Softmax (a) }
            >
        }
    """,
    "text": """
        <ir_version: 7, opset_import: ["": 13, "ai.onnx.ml": 2]>
        text (string[4] words, int64[2] chosen, bool[2] which) => (ids, y) {
            w = Gather (words, chosen)
            z = Where (which, w, w)
            y = Transpose (z)
            ids = ai.onnx.ml.LabelEncoder <keys_strings = ["a", "b"], values_int64s = [1, 2], default_int64 = -1> (z)
            t = Add (ids, ids)
        }
    """,
    "classic": """
        <ir_version: 6, opset_import: ["": 9, "ai.onnx.ml": 1]>
        classic (float[1, 2] x) => (label, named) {
            s = ai.onnx.ml.Scaler <offset = [0.5, 0.5], scale = [2.0, 2.0]> (x)
            n = ai.onnx.ml.Normalizer <norm = "L2"> (s)
            label, p = ai.onnx.ml.LinearClassifier
                <classlabels_ints = [0, 1], coefficients = [1.0, 2.0, 3.0, 4.0], intercepts = [0.0, 0.0]> (n)
            named = ai.onnx.ml.ZipMap <classlabels_int64s = [0, 1]> (p)
            l = Sub (label, label)
            q = Exp (p)
        }
    """,
    "microsoft": """
        <ir_version: 7, opset_import: ["": 14, "com.microsoft": 1]>
        microsoft (float[2, 2] x, uint8[4] q, float s, uint8 z) => (y, r) {
            a = com.microsoft.FusedMatMul <alpha = 0.5> (x, x)
            y = com.microsoft.Gelu (a)
            r = com.microsoft.QLinearAdd (q, s, z, q, s, z, s, z)
            b = Relu (x)
        }
    """,
    "half": """
        <ir_version: 7, opset_import: ["": 13]>
        half (float[2, 2] x) => (y) {
            a = Cast <to = 10> (x)
            b = Transpose (a)
            c = Concat <axis = 0> (a, b)
            y = Cast <to = 1> (c)
        }
    """,
    "brain": """
        <ir_version: 8, opset_import: ["": 17]>
        brain (float[2, 2] x, int64[1] n) => (y) {
            a = Cast <to = 16> (x)
            b = Slice (a, n, n)
            c = Gather (b, n)
            y = Cast <to = 11> (c)
        }
    """,
    "sequences": """
        <ir_version: 7, opset_import: ["": 11]>
        sequences (float[4, 2] x, int32[4] n) => (y, m) {
            s = SplitToSequence (x)
            i = Constant <value = int64 {1}> ()
            e = SequenceAt (s, i)
            y = Log (e)
            o = SequenceConstruct (n, n)
            m = ConcatFromSequence <axis = 0> (o)
            k = ReduceMin (m)
            empty = SequenceEmpty <dtype = 7> ()
            t = SequenceInsert (empty, i)
            u = SequenceAt (t, i)
            v = Div (u, u)
        }
    """,
    "one_hot": """
        <ir_version: 5, opset_import: ["": 9]>
        one_hot (int64[3] n, float[2] on, int64[2] values, float[1] f, int64[1] depth) => (y, z) {
            y = OneHot (n, depth, on)
            z = OneHot (f, depth, values)
        }
    """,
    "quantized": """
        <ir_version: 9, opset_import: ["": 19]>
        quantized (float[1, 1, 4, 4] x, float s, uint8 z, int8 i, uint8[1, 1, 2, 2] w) => (y, v) {
            q = QuantizeLinear (x, s, z)
            d = DequantizeLinear (q, s, z)
            k = QuantizeLinear (d, s, i)
            y = DequantizeLinear (k, s, i)
            a, b, c = DynamicQuantizeLinear (x)
            v = QLinearConv (a, b, c, w, s, z, s, z)
        }
    """,
    "shapes": """
        <ir_version: 5, opset_import: ["": 10]>
        shapes (float[N, 4] x, int32[1] i, int64[1] j) => (y, p, r) {
            s = Shape (x)
            g = Gather (s, i)
            c = ConstantOfShape <value = int64[1] {7}> (g)
            e = Expand (x, s)
            y = Slice (e, j, j)
            f = Slice (s, i, i)
            p = Pow (x, x)
            k, n = TopK (x, j)
            r = RandomUniformLike <dtype = 11> (x)
            t = Equal (n, n)
            l = Less (k, k)
        }
    """,
    "oldest": """
        <ir_version: 3, opset_import: ["": 7]>
        oldest (float[2, 3] x, int64[1] n) => (y) {
            a = Add (x, x)
            b = Max (a, x)
            c = Dropout (b)
            d = Pad <pads = [0, 0, 1, 1]> (c)
            y = Slice <starts = [0], ends = [1]> (d)
        }
    """,
    "newest": """
        <ir_version: 12, opset_import: ["": 25]>
        newest (float[2, 3] x, int8[3] n) => (y, m) {
            a = Cast <to = 17> (x)
            y = Cast <to = 1> (a)
            m = Expand (n, s)
            s = Shape (x)
            r = ReduceMean (x)
            u, k = Unique (n)
        }
    """,
}

SETS: tuple[tuple[str, ...], ...] = (
    ("cnn", "branches", "loop"),
    ("text", "classic", "microsoft", "one_hot"),
    ("oldest", "shapes", "sequences", "newest"),
    ("half", "brain", "quantized", "functions", "function_with_graphs"),
)
"""Models that one build is to run."""


def onnx_model(text: str) -> ModelProto:
    """The model of a text."""
    return parser.parse_model(text)


def write_models(folder: Path, *names: str) -> list[Path]:
    """Writes models of these names into a folder."""
    paths = [folder / f"{name}.onnx" for name in names]
    for name, path in zip(names, paths, strict=True):
        path.write_bytes(onnx_model(MODELS[name]).SerializeToString())
    return paths
