"""Models for TensorFlow Lite as no converter writes them, by name: what TensorFlow's own tools do with each is known.

``fixtures/tflite/texts.json`` has it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flatbuffers import flexbuffers

from opselect.models.proto import message_class
from tests.opselect.graph_text import node
from tests.opselect.tflite_files import BUILTIN, Code, Op, Subgraph, flex, flex_options, tflite_bytes

FLOAT = "T: type: DT_FLOAT"
LAST = BUILTIN.PLACEHOLDER_FOR_GREATER_OP_CODES
CUSTOM = BUILTIN.CUSTOM
NUMBERS = ["FLOAT", "DOUBLE", "HALF", "BFLOAT16", "COMPLEX64", "COMPLEX128"]
NUMBERS += [f"{sign}INT{bits}" for sign in ("", "U") for bits in (8, 16, 32, 64)]


def model(*operators: Op, codes: tuple[Code, ...] = (), **more: Any) -> bytes:
    return tflite_bytes(Subgraph(operators=operators), codes=codes, **more)


def table(*codes: Code) -> bytes:
    """A model that uses none of its operators."""
    return model(codes=codes)


def custom(*names: str) -> bytes:
    return model(*(Op(name) for name in names))


def op(name: str, attrs: str = FLOAT, **more: Any) -> Op:
    return Op(f"Flex{name}", options=flex(node("n", name, attrs=attrs)), **more)


def ops(*names: tuple[str, str]) -> bytes:
    return model(*(op(*each) for each in names))


def cos(options: bytes | None, **more: Any) -> bytes:
    return model(Op("FlexCos", options=options, **more))


def node_def(name: str = "Cos", **attrs: Any) -> bytes:
    message = message_class("NodeDef")(name="n", op=name)
    for key, (kind, value) in {"T": ("type", 1), **attrs}.items():
        setattr(message.attr[key], kind, value)  # type: ignore[attr-defined]
    return message.SerializeToString(deterministic=True)


def cos_of(data: bytes) -> bytes:
    return cos(flex_options("Cos", data))


def vector(*add: Callable[[Any], object], kind: str = "Vector", width: Any = flexbuffers.BitWidth.W8) -> bytes:
    builder = flexbuffers.Builder(force_min_bit_width=width)
    with getattr(builder, kind)():
        for each in add:
            each(builder)
    return bytes(builder.Finish())


def text(data: bytes) -> Callable[[Any], object]:
    return lambda builder: builder._WriteBlob(data, append_zero=True, type_=flexbuffers.Type.STRING)


def key(name: str) -> Callable[[Any], object]:
    return lambda builder: builder.Key(name)


def number(value: int) -> Callable[[Any], object]:
    return lambda builder: builder.Int(value)


def behind(options: bytes | None, size: int = 0, **more: Any) -> bytes:
    """A model with the options of an operator behind its tables, and another operator."""
    hidden = flex(node("n", "Cos", attrs=FLOAT))
    first = Op("FlexCos", options=options, outside=(4096, size or len(hidden)), **more)
    tables = model(first, op("Sin"))
    return tables + bytes(4096 - len(tables)) + hidden


COS = node_def()

TABLES: Mapping[str, bytes] = {
    "unused": table(Code(0, 0), Code(2, 2, version=3), Code(CUSTOM, CUSTOM, "Alpha"), Code(CUSTOM, CUSTOM, "FlexErf")),
    "old_fields_alone": model(
        Op(BUILTIN.ADD), Op("Foo"), codes=(Code(None, 3), Code(None, CUSTOM, "Old", 4)), only_old_codes=True
    ),
    "new_fields_alone": table(Code(9), Code(130)),
    "greater_codes": table(Code(130, LAST), Code(160, LAST)),
    "fields_differ": table(Code(5, 25), Code(25, 5), Code(7, -7), Code(-5, 3)),
    "custom_by_one_field": table(Code(0, 0, "FlexErf"), Code(0, CUSTOM, "Big"), Code(CUSTOM, 0, "Big2")),
    "placeholder": table(Code(None, LAST)),
    "placeholder_in_both": table(Code(LAST, LAST)),
    "unknown": table(Code(1000, LAST)),
    "unknown_huge": table(Code((1 << 31) - 1, LAST)),
    "negative": table(Code(-5, -3)),
    "of_2_15": table(Code(BUILTIN.STABLEHLO_SCATTER, LAST)),
    "of_2_18": table(Code(BUILTIN.STABLEHLO_COMPOSITE, LAST)),
    "nowhere": table(Code(BUILTIN.CONCAT_EMBEDDINGS, BUILTIN.CONCAT_EMBEDDINGS)),
    "every_of_2_14": table(
        *(
            Code(code, min(code, LAST))
            for code in range(162)
            if code not in (BUILTIN.CONCAT_EMBEDDINGS, BUILTIN.CALL, CUSTOM, BUILTIN.DELEGATE, LAST)
        )
    ),
    "versions": table(
        Code(0, 0, version=4),
        Code(0, 0, version=2),
        Code(0, 0, version=3),
        Code(CUSTOM, CUSTOM, "A", 2),
        Code(CUSTOM, CUSTOM, "A", 5),
        Code(9, 9),
        Code(9, 9, version=3),
    ),
    "odd_versions": table(
        Code(0, 0, version=0),
        Code(9, 9, version=-3),
        Code(CUSTOM, CUSTOM, "A", -1),
        Code(10, 10, version=(1 << 31) - 1),
        Code(11, 11, version=-(1 << 31)),
        Code(12, 12, version=0),
        Code(12, 12),
    ),
    "no_subgraphs": tflite_bytes(codes=(Code(0, 0), Code(CUSTOM, CUSTOM, "A"))),
    "no_operators": tflite_bytes(Subgraph()),
    "custom_quote": custom('a"b'),
    "custom_backslash": custom("a\\b"),
    "custom_blank": custom("My Op"),
    "custom_line_feed": custom("My\nOp"),
    "custom_dash": custom("my-custom-op"),
    "custom_letters": custom("ÄpfelBirne", "日本Op", "zé"),
    "custom_case": custom(
        "aBcDEfG",
        "TFLite_Detection_PostProcess",
        "HTTPServer2GoX",
        "x1Y2",
        "Convolution2DTransposeBias",
        "aB",
        "_",
        "1x",
    ),
    "custom_same_function": custom("fooBar", "foo_Bar", "FOO_BAR"),
    "custom_order": custom("b", "B", "a", "_", "Z", "a0", "ab"),
    "custom_empty": table(Code(CUSTOM, CUSTOM, "")),
    "custom_unnamed": model(Op(Code(CUSTOM, CUSTOM))),
    "custom_zero_byte": table(Code(CUSTOM, CUSTOM, "Foo\0Bar")),
    "trailing": model(Op(BUILTIN.ADD)) + b"trailing" * 10,
}
"""What is odd is the table of operators, or a name in it."""

FLEX: Mapping[str, bytes] = {
    "flex_alone": model(Op("Flex", options=flex_options("Cos", COS))),
    "flex_case": custom("flexErf", "FLEXErf", "Flexible"),
    "flex_zero_byte": model(Op("FlexErf\0x", options=flex_options("Cos", COS))),
    "flex_escapes": model(Op('FlexF\u00e9\U0001f600\u2028\x01/<>"\\u007f', options=flex_options("Cos", COS))),
    "flex_version": model(op("Cos", version=7)),
    "empty_options": model(Op("FlexErf", options=b""), Op("FlexAdd"), op("Cos")),
    "wrong_format": cos(flex_options("Cos", COS), format=1),
    "wrong_format_empty": cos(None, format=1),
    "wrong_format_of_others": model(Op(BUILTIN.ADD, format=1), Op("Foo", format=1)),
    "other_op": model(Op("FlexErf", options=flex_options("Cos", COS))),
    "other_first": model(Op("FlexErf", options=flex_options("Sin", COS))),
    "first_is_a_number": cos(vector(number(5), text(COS))),
    "three_elements": cos(vector(text(b"Cos"), text(COS), number(5))),
    "one_element": cos(vector(text(b"Cos"))),
    "no_element": cos(vector()),
    "second_is_a_number": cos(vector(text(b"Cos"), number(3))),
    "second_is_a_key": cos(vector(text(b"Cos"), key("abc"))),
    "second_is_a_blob": cos(vector(text(b"Cos"), lambda builder: builder.Blob(COS))),
    "map": cos(vector(key("a"), text(b"Cos"), key("b"), text(COS), kind="Map")),
    "typed_vector": cos(vector(text(b"Cos"), text(COS), kind="TypedVector")),
    "width_16": cos(vector(text(b"Cos"), text(COS), width=flexbuffers.BitWidth.W16)),
    "width_32": cos(vector(text(b"Cos"), text(COS), width=flexbuffers.BitWidth.W32)),
    "width_64": cos(vector(text(b"Cos"), text(COS), width=flexbuffers.BitWidth.W64)),
    "zeros": cos(bytes(20)),
    "no_node_def": cos_of(b"\xff\xff\xff"),
    "node_def_empty": cos_of(b""),
    "node_def_cut": cos_of(COS[:-1]),
    "node_def_name_no_utf8": cos_of(b"\x0a\x02\xff\xfe" + COS),
    "node_def_attr_no_utf8": cos_of(COS + b"\x2a\x08\x0a\x02\xff\xfe\x12\x02\x30\x01"),
    "node_def_unknown_field": cos_of(COS + b"\xfa\x01\x02hi"),
    "node_def_wrong_wire_type": cos_of(COS + b"\x08\x01"),
    "node_def_field_zero": cos_of(COS + b"\0"),
    "node_def_op_twice": cos_of(COS + b"\x12\x03Sin"),
    "node_def_without_op": cos_of(node_def("")),
    "undefined": ops(("InvalidOp", FLOAT)),
    "undefined_of_a_library": ops(("TFText>WhitespaceTokenize", "")),
    "no_kernel_for_type": ops(("Add", "T: type: DT_BOOL")),
    "no_kernel": ops(("AccumulateNV2", FLOAT)),
    "no_attr": ops(("Cos", "")),
    "no_attr_but_defaults": ops(("OneHot", "")),
    "attr_of_other_kind": ops(("Cos", 'T: s: "x"')),
    "attr_invalid_type": ops(("Cos", "T: type: DT_INVALID")),
    "attr_placeholder": cos_of(node_def(T=("placeholder", "T"))),
    "label_unknown": cos_of(node_def(_kernel=("s", b"x"))),
    "label_empty": cos_of(node_def(_kernel=("s", b""))),
    "label_no_text": cos_of(node_def(_kernel=("i", 3))),
    "label_no_utf8": cos_of(node_def(_kernel=("s", b"\xff"))),
    "label_of_mkl": ops(("_MklMatMul", FLOAT)),
    "device_of_gpu": cos_of(COS + b"\x22\x06/gpu:0"),
    "device_garbage": cos_of(COS + b"\x22\x04/x:y"),
    "defaults": ops(("OneHot", FLOAT), ("Sum", FLOAT), ("MatMul", FLOAT)),
    "default_devices": ops(("Shape", FLOAT), ("Identity", "T: type: DT_VARIANT"), ("Reshape", "T: type: DT_STRING")),
    "system_ops": ops(("_Arg", FLOAT), ("_Retval", "T: type: DT_STRING"), ("NoOp", ""), ("PartitionedCall", "")),
    "all_numbers": model(*(Op("FlexAdd", options=op("AddV2", f"T: type: DT_{kind}").options) for kind in NUMBERS)),
    "subgraph_execute": ops(("TfLiteSubgraphExecute", "")),
    "subgraph_execute_empty": model(Op("FlexTfLiteSubgraphExecute")),
    "subgraphs": tflite_bytes(Subgraph(operators=(op("Cos"),)), Subgraph(operators=(op("Sin"),), name=""), Subgraph()),
    "options_behind": behind(None),
    "options_behind_broken": behind(None, size=9),
    "options_behind_and_empty": behind(b""),
    "options_behind_wrong_format": behind(None, format=1),
}
"""What is odd is a TensorFlow op."""

ODD: Mapping[str, bytes] = {**TABLES, **FLEX}
