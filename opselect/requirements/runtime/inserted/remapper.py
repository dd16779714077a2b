"""Fusions of ``grappler/optimizers/remapper.cc``."""

from __future__ import annotations

from collections.abc import Iterator

from kernel_index.datatypes import DataType
from opselect.models.graph import Node
from opselect.requirements.runtime.body_view import known
from opselect.requirements.runtime.inserted.forms import FormView
from opselect.requirements.runtime.inserted.rule import Insertion, Rule
from opselect.requirements.runtime.releases import Span

_SOURCE = "grappler/optimizers/remapper.cc"
_FLOAT, _DOUBLE, _INT32 = DataType.DT_FLOAT, DataType.DT_DOUBLE, DataType.DT_INT32
_BIAS_ADD = ("BiasAdd", "BiasAddV1")
_BATCH_NORM = ("FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3")
_ADD = ("Add", "AddV2")
_ONE_DNN = "in builds with oneDNN"
_ONE_DNN_TYPES = (_FLOAT, DataType.DT_BFLOAT16)


def _fused(op: str, view: FormView, chain: tuple[Node, ...]) -> Insertion:
    """The fused op takes the type of the convolution or product at the end of the chain."""
    return Insertion(op, chain, known(T=view.type(chain[-1])))


def _fused_conv2d(view: FormView) -> Iterator[Insertion]:
    """Later releases say the types of the bias, or of the batch norm's four parameters, in an attr of their own."""
    definition = view.definitions.op("_FusedConv2D")
    typed_args = definition is not None and definition.attr("TArgs") is not None
    conv = ("Conv2D",)
    for steps, args in (((_BIAS_ADD, conv), 1), ((_BIAS_ADD, ("Squeeze",), conv), 1), ((_BATCH_NORM, conv), 4)):
        for chain in view.chains(*steps):
            data_type = view.type(chain[-1])
            if data_type is None or data_type not in (_FLOAT, _DOUBLE):
                continue
            nhwc = view.definitions.attr(chain[-1], "data_format") == "NHWC"
            if nhwc and (args == 1 or _infers(view, chain[0])):
                types = (data_type,) * args if typed_args else None
                yield Insertion("_FusedConv2D", chain, known(T=data_type, TArgs=types))


def _infers(view: FormView, norm: Node) -> bool:
    """Whether a batch norm is not for training and nobody reads more than its first output."""
    return view.definitions.attr(norm, "is_training") is False and not any(use.port for use in view.plain.uses(norm))


def _fused_matmul(view: FormView) -> Iterator[Insertion]:
    for chain in view.chains(_BIAS_ADD, ("MatMul",)):
        if view.type(chain[-1]) is _FLOAT:
            yield _fused("_FusedMatMul", view, chain)


def _fused_depthwise(view: FormView) -> Iterator[Insertion]:
    for chain in view.chains(_BIAS_ADD, ("DepthwiseConv2dNative",)):
        if view.type(chain[-1]) in _ONE_DNN_TYPES:
            yield _fused("_FusedDepthwiseConv2dNative", view, chain)


def _fused_conv3d(view: FormView) -> Iterator[Insertion]:
    for steps in ((_BIAS_ADD, ("Conv3D",)), (_BIAS_ADD, ("Squeeze",), ("Conv3D",))):
        for chain in view.chains(*steps):
            if view.type(chain[-1]) in _ONE_DNN_TYPES:
                yield _fused("_FusedConv3D", view, chain)


def _padded_conv3d(view: FormView) -> Iterator[Insertion]:
    for conv in view.named("Conv3D"):
        for pad in view.sources(conv):
            if pad.op == "Pad" and view.type(conv) in _ONE_DNN_TYPES:
                yield _fused("_FusedConv3D", view, (pad, conv))


def _fused_batch_norm_ex(view: FormView) -> Iterator[Insertion]:
    for steps in ((("Relu",), _BATCH_NORM), (("Relu",), _ADD, _BATCH_NORM)):
        for chain in view.chains(*steps):
            norm = chain[-1]
            data_type = view.type(norm)
            plain = norm.op == "FusedBatchNorm"
            if data_type in (*_ONE_DNN_TYPES, DataType.DT_HALF) and (plain or view.type(norm, "U") is _FLOAT):
                yield Insertion("_FusedBatchNormEx", chain, known(T=data_type, U=_FLOAT))


def _batch_norm_primitives(view: FormView) -> Iterator[Insertion]:
    """Scale and variance are constants, or four of the five inputs are."""
    for norm in view.named(*_BATCH_NORM):
        if view.type(norm) is not _FLOAT or not _infers(view, norm):
            continue
        constant = [view.constant(norm, index) for index in range(5)]
        if not (constant[1] and constant[4]) and sum(constant) < 4:
            continue
        yield from _primitives(view, norm)
        if view.definitions.attr(norm, "data_format") != "NHWC":
            yield Insertion("Const", (norm,), {"dtype": _INT32})
            yield Insertion("Reshape", (norm,), {"T": _FLOAT, "Tshape": _INT32})


def _primitives(view: FormView, norm: Node) -> Iterator[Insertion]:
    """``x * factor + (offset - mean * factor)`` with ``factor = scale * rsqrt(variance + epsilon)``.

    What reads constants alone is a vector no longer than they are, so it is folded.
    """
    x, scale, offset, mean, variance = view.inputs(norm)[:5]
    epsilon = view.beside(norm, "epsilon", ())
    number = view.definitions.attr(norm, "epsilon")
    filling = frozenset({number}) if isinstance(number, float) else None
    yield Insertion("Const", (norm,), {"dtype": _FLOAT}, (), epsilon, filling)
    total = view.beside(norm, "Add", (variance, epsilon))
    root = view.beside(norm, "Rsqrt", (total,))
    factor = view.beside(norm, "Mul", (root, scale))
    shift = view.beside(norm, "Mul", (mean, factor))
    parts = (
        ("Add", (variance, epsilon)),
        ("Rsqrt", (total,)),
        ("Mul", (root, scale)),
        ("Mul", (x, factor)),
        ("Mul", (mean, factor)),
        ("Sub", (offset, shift)),
    )
    for op, inputs in parts:
        yield Insertion(op, (norm,), {"T": _FLOAT}, inputs, view.beside(norm, op, inputs))
    terms = (view.beside(norm, "Mul", (x, factor)), view.beside(norm, "Sub", (offset, shift)))
    yield Insertion("Add", (norm,), {"T": _FLOAT}, terms)


def _tensor_to_hash_bucket(view: FormView) -> Iterator[Insertion]:
    small = (DataType.DT_INT8, DataType.DT_INT16, DataType.DT_INT32, DataType.DT_INT64)
    for bucket in view.named("StringToHashBucketFast"):
        for text in view.sole_sources(bucket):
            data_type = view.type(text)
            default = view.definitions.attr(text, "width") in (None, -1) and not view.definitions.attr(text, "fill")
            if text.op != "AsString" or data_type not in small or not default:
                continue
            if not view.has_controls(bucket) and not view.has_controls(text):
                yield Insertion("_TensorToHashBucketFast", (bucket, text), known(T=data_type))


def _leaky_relu(view: FormView) -> Iterator[Insertion]:
    types = (DataType.DT_HALF, DataType.DT_BFLOAT16, _FLOAT, _DOUBLE)
    for largest in view.named("Maximum"):
        inputs = view.inputs(largest)
        for index in range(2):
            for product in view.sources(largest, index):
                if product.op != "Mul" or view.type(largest) not in types:
                    continue
                sides = enumerate(view.inputs(product))
                if any(
                    view.constant(product, 1 - side) and view.same(other, inputs[1 - index]) for side, other in sides
                ):
                    yield Insertion("LeakyRelu", (largest, product), known(T=view.type(largest)))


RULES = (
    Rule(
        ("_FusedConv2D",),
        Span((1, 13)),
        _SOURCE,
        "a Conv2D (NHWC, float or double) whose only reader is a BiasAdd, a Squeeze before one, or a batch norm for "
        "inference",
        "T of the Conv2D, as are TArgs where there are",
        _fused_conv2d,
    ),
    Rule(
        ("_FusedMatMul",),
        Span((1, 14)),
        _SOURCE,
        "a MatMul (float) whose only reader is a BiasAdd",
        "T of the MatMul",
        _fused_matmul,
    ),
    Rule(
        ("_FusedDepthwiseConv2dNative",),
        Span((2, 3)),
        _SOURCE,
        "a DepthwiseConv2dNative (float or bfloat16) whose only reader is a BiasAdd",
        "T of the convolution",
        _fused_depthwise,
        only=_ONE_DNN,
    ),
    Rule(
        ("_FusedConv3D",),
        Span((2, 8)),
        _SOURCE,
        "a Conv3D (float or bfloat16) whose only reader is a BiasAdd, or a Squeeze before one",
        "T of the Conv3D",
        _fused_conv3d,
        only=_ONE_DNN,
    ),
    Rule(
        ("_FusedConv3D",),
        Span((2, 9)),
        _SOURCE,
        "a Conv3D (float or bfloat16) that reads a Pad",
        "T of the Conv3D",
        _padded_conv3d,
        only=_ONE_DNN,
    ),
    Rule(
        ("_FusedBatchNormEx",),
        Span((1, 15)),
        _SOURCE,
        "a batch norm (float, half or bfloat16) whose only reader is a Relu, or an Add before one",
        "T and U of the batch norm",
        _fused_batch_norm_ex,
        only="on GPUs and, from 2.3 on, in builds with oneDNN",
    ),
    Rule(
        ("Add", "Const", "Mul", "Reshape", "Rsqrt", "Sub"),
        Span((1, 9)),
        _SOURCE,
        "a batch norm for inference (float) with constants for scale and variance, or for four of its inputs",
        "float; Reshape, with shapes of type int32, unless the layout is NHWC",
        _batch_norm_primitives,
    ),
    Rule(
        ("_TensorToHashBucketFast",),
        Span((2, 6)),
        _SOURCE,
        "an AsString of whole numbers, without width and fill, whose only reader is a StringToHashBucketFast",
        "T of the AsString",
        _tensor_to_hash_bucket,
    ),
    Rule(
        ("LeakyRelu",),
        Span((2, 9)),
        _SOURCE,
        "a Maximum of a tensor and its product with a constant",
        "T of the Maximum",
        _leaky_relu,
        only=_ONE_DNN,
    ),
)
