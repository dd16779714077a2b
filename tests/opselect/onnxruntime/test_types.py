"""The types that operators are used with."""

from __future__ import annotations

from pathlib import Path

import pytest
from onnx import TensorProto, defs, helper
from onnx.defs import OpSchema

from opselect.onnxruntime.inference import allowed_types, output_types
from opselect.onnxruntime.operators import TypeEntry
from opselect.onnxruntime.value_types import CPP_NAMES, cpp_name, proto_of, tensor_of, type_of
from tests.opselect.onnx_models import onnx_model
from tests.opselect.onnxruntime.needs import needs_of, types_of

HEAD = '<ir_version: 8, opset_import: ["": 16, "my": 1, "com.microsoft": 1]>'


def test_types_of_all_models_together(tmp_path: Path) -> None:
    first = HEAD + "g (float[2] x, int32[2] n) => (y) { y = Abs (x) m = Abs (n) }"
    second = '<ir_version: 8, opset_import: ["": 11]> g (double[2] x) => (y) { y = Abs (x) z = Sin (y) }'
    assert types_of(tmp_path, first, second) == {"Abs": ["double", "float", "int32_t"], "Sin": ["double"]}


def test_an_operator_that_is_used_with_an_unknown_type_has_no_entry(tmp_path: Path) -> None:
    text = HEAD + "g (float[2] x) => (y) { a = my.F (x) b = Abs (x) c = Abs (a) y = Neg (c) z = Sin (x) }"
    needs = needs_of(tmp_path, text, HEAD + "g (float[2] x) => (y) { y = Abs (x) }")
    assert needs.required().types == {("ai.onnx", "Sin"): TypeEntry({0: frozenset({"float"})})}
    assert needs.warnings == (
        "ai.onnx:Abs keeps all types: the type of 'a' is not known (a, node 2 (Abs) of the model)",
        "ai.onnx:Neg keeps all types: the type of 'c' is not known (a, node 3 (Neg) of the model)",
    )


def test_an_operator_without_the_input_that_kernels_are_told_apart_by_has_no_entry(tmp_path: Path) -> None:
    """Its other types alone say nothing: the tools of ONNX Runtime end with an error at such an entry."""
    text = '<ir_version: 8, opset_import: ["": 14]> g (int32[1] i) => (y) { y = Gather ("", i) z = Abs (i) }'
    assert list(needs_of(tmp_path, text).required().types) == [("ai.onnx", "Abs")]


def test_an_output_that_is_left_out_does_not_count(tmp_path: Path) -> None:
    needs = needs_of(
        tmp_path, '<ir_version: 8, opset_import: ["": 14]> g (float[1] x) => () { "" = Cast <to = 7> (x) }'
    )
    assert needs.required().types == {("ai.onnx", "Cast"): TypeEntry({0: frozenset({"float"})})}
    assert needs.warnings == ()


def test_overlong_names_are_cut_in_warnings(tmp_path: Path) -> None:
    model = onnx_model(HEAD + "g (float[2] x) => (y) { a = my.F (x) y = Abs (a) }")
    model.graph.node[0].output[0] = model.graph.node[1].input[0] = "a" * 100_000
    model.graph.node[1].name = "n " * 100_000
    (warning,) = needs_of(tmp_path, model).warnings
    assert warning.startswith("ai.onnx:Abs keeps all types: the type of 'aaa")
    assert len(warning) < 4_000


def test_what_a_model_declares_of_a_value_counts(tmp_path: Path) -> None:
    text = HEAD + "g (float[2] x) => (float[2] y) <float16[2] a> { a = my.F (x) b = Abs (a) y = my.F (b) z = Neg (y) }"
    assert types_of(tmp_path, text) == {"Abs": ["MLFloat16"], "Neg": ["float"]}


def test_a_declared_type_that_is_wrong_counts_for_nothing(tmp_path: Path) -> None:
    text = HEAD + "g (float[2] x) => (y) <int32[2] a> { a = Abs (x) y = Neg (a) }"
    needs = needs_of(tmp_path, text)
    assert ("ai.onnx", "Neg") not in needs.required().types
    assert "ai.onnx:Neg keeps all types: the type of 'a' is not known" in needs.warnings[0]


@pytest.mark.parametrize(
    ("body", "types"),
    [
        ("a = my.F (x) y = Cast <to = 10> (a) z = Neg (y)", {"Neg": ["MLFloat16"]}),
        ("a = my.F (x) y = Shape (a) z = Neg (y)", {"Neg": ["int64_t"]}),
        ("a = my.F (x) y = RandomNormalLike <dtype = 11> (a)", {"RandomNormalLike": [{0: ["double"]}]}),
        ("y = Clip (x, , x)", {"Clip": ["float"]}),
        ('y = Constant <value_strings = ["a"]> () z = Transpose (y)', {"Transpose": ["std::string"]}),
        ("y = Constant <value_float = 1.0> () z = Neg (y)", {"Neg": ["float"]}),
        ("y = Constant <value_ints = [1]> () z = Neg (y)", {"Neg": ["int64_t"]}),
        ("y, i = TopK (x, n) z = Neg (i)", {"TopK": ["float"], "Neg": ["int64_t"]}),
        ("s = Optional (x) y = OptionalGetElement (s) z = Neg (y)", {"Neg": ["float"]}),
        ("s = SequenceEmpty <dtype = 6> () y = SequenceAt (s, n) z = Neg (y)", {"Neg": ["int32_t"]}),
        (
            "s = SplitToSequence (x) t = SequenceInsert (s, x) y = SequenceAt (t, n) z = Neg (y)",
            {"SplitToSequence": ["float"], "Neg": ["float"]},
        ),
        ("y, m = Dropout (x) z = Where (m, n, n)", {"Where": [{1: ["int64_t"]}]}),
        ("y = Slice (x, n, n)", {"Slice": [{0: ["float"], 1: ["int64_t"]}]}),
        ("y = OneHot (n, n, x)", {"OneHot": [[("int64_t", "float", "int64_t")]]}),
        ("a = Abs (y) y = Neg (x)", {"Neg": ["float"]}),
    ],
)
def test_types_of_a_graph(body: str, types: object, tmp_path: Path) -> None:
    """The last one is not in order: ``y`` is used before it is there, so nothing is known of it then."""
    assert types_of(tmp_path, HEAD + f"g (float[2] x, int64[2] n) => (y) {{ {body} }}") == types


def test_initializers_and_inputs(tmp_path: Path) -> None:
    model = onnx_model(HEAD + "g (float[2] x, float[2] w) => (y) { y = Neg (w) z = Abs (v) s = Sin (sparse) }")
    model.graph.initializer.append(helper.make_tensor("w", TensorProto.FLOAT, [2], [1.0, 2.0]))
    model.graph.initializer.append(helper.make_tensor("v", TensorProto.INT8, [2], [1, 2]))
    values = helper.make_tensor("sparse", TensorProto.DOUBLE, [1], [2.0])
    indices = helper.make_tensor("indices", TensorProto.INT64, [1], [1])
    model.graph.sparse_initializer.append(helper.make_sparse_tensor(values, indices, [2]))
    assert types_of(tmp_path, model) == {"Neg": ["float"], "Abs": ["int8_t"], "Sin": ["double"]}


def test_weights_of_subgraphs(tmp_path: Path) -> None:
    model = onnx_model(
        HEAD + "g (bool c) => (y) { y = If <then_branch = t () => (a) { a = Neg (w) }, "
        "else_branch = e () => (b) { b = Constant <value = int32 {1}> () }> (c) z = Abs (y) }"
    )
    model.graph.node[0].attribute[0].g.initializer.append(helper.make_tensor("w", TensorProto.INT32, [1], [1]))
    assert types_of(tmp_path, model) == {"Neg": ["int32_t"], "Abs": ["int32_t"]}


@pytest.mark.parametrize(
    ("elsewhere", "known"), [("a = Identity (x)", True), ("a = Cast <to = 6> (x)", False), ("a = my.F (x)", True)]
)
def test_branches_that_differ_return_no_known_type(elsewhere: str, known: bool, tmp_path: Path) -> None:
    text = f"""g (bool c, float[2] x) => (y) {{
        y = If <then_branch = t () => (a) {{ a = Identity (x) }}, else_branch = e () => (a) {{ {elsewhere} }}> (c)
        z = Neg (y)
    }}"""
    assert types_of(tmp_path, HEAD + text).get("Neg") == (["float"] if known else None)


def test_inner_values_hide_outer_ones_only_inside(tmp_path: Path) -> None:
    text = (
        HEAD
        + """g (bool c, float[2] x) => (y) {
        a = Identity (x)
        y = If <then_branch = t () => (a) { a = Cast <to = 6> (x) s = Abs (a) }, else_branch = e () => (b)
            { b = Cast <to = 6> (x) }> (c)
        z = Neg (a)
    }"""
    )
    assert types_of(tmp_path, text) == {
        "Abs": ["int32_t"],
        "Cast": [{0: ["float"]}, {0: ["int32_t"]}],
        "Neg": ["float"],
    }


def test_scan_of_the_oldest_form_begins_with_lengths(tmp_path: Path) -> None:
    text = """<ir_version: 3, opset_import: ["": 8]> g (float[1, 2] s, int32[1, 5, 2] i) => (e, o) {
        e, o = Scan <num_scan_inputs = 1, body = b (p, q) => (r, t) { r = Neg (p) t = Sum (q) }> (, s, i)
    }"""
    assert types_of(tmp_path, text) == {"Neg": ["float"], "Sum": ["int32_t"]}


def test_sequences_are_mapped_element_by_element(tmp_path: Path) -> None:
    text = """<ir_version: 8, opset_import: ["": 17]> g (float[2] x, int64[2] n) => (y) {
        s = SequenceConstruct (x, x)
        m = SequenceMap <body = b (i, k) => (o) { o = Cast <to = 6> (i) a = Abs (k) }> (s, n)
        e = SequenceAt (m, n)
        y = Neg (e)
    }"""
    found = types_of(tmp_path, text)
    assert found == {"Cast": [{0: ["float"]}, {0: ["int32_t"]}], "Abs": ["int64_t"], "Neg": ["int32_t"]}


def test_functions_are_typed_call_by_call(tmp_path: Path) -> None:
    text = (
        HEAD
        + """
        g (float[2] x, int64[2] n) => (y) { a = my.F (x) b = my.F (n) c = my.F <to = 9> (x) y = Neg (b) z = Sin (a) }
        <domain: "my", opset_import: ["": 16, "my": 1]>
        F <to: int = 1> (v) => (w) { u = Abs (v) w = my.G <to: int = @to> (u) }
        <domain: "my", opset_import: ["": 16]>
        G <to> (v) => (w) { w = Cast <to: int = @to> (v) }
    """
    )
    assert types_of(tmp_path, text) == {
        "Abs": ["float", "int64_t"],
        "Cast": [{0: ["float", "int64_t"]}, {0: ["bool", "float"]}],
        "Neg": ["float"],
        "Sin": ["float"],
    }


def test_functions_are_followed_for_each_type_of_any_input(tmp_path: Path) -> None:
    text = """
        <ir_version: 8, opset_import: ["": 14, "my": 1]>
        g (bool[2] c, float[2] x, double[2] d) => (y, z) { y = my.F (c, x) z = my.F (c, d) }
        <domain: "my", opset_import: ["": 14]> F (c, x) => (y) { n = Not (c) y = Abs (x) }
    """
    assert types_of(tmp_path, text) == {"Abs": ["double", "float"]}


def test_inputs_and_attributes_that_a_call_leaves_out(tmp_path: Path) -> None:
    text = (
        HEAD
        + """
        g (float[2] x) => (y) { y = my.F (x) }
        <domain: "my", opset_import: ["": 16]>
        F <dtype> (v, least) => (w, more) { u = Clip (v, least) w = RandomNormalLike <dtype: int = @dtype> (u) }
    """
    )
    assert types_of(tmp_path, text) == {"Clip": ["float"], "RandomNormalLike": [{0: ["float"]}]}


@pytest.mark.parametrize("name", ["complex64", "int4", "float4e2m1"])
def test_types_that_the_tools_have_no_name_for(name: str, tmp_path: Path) -> None:
    model = onnx_model(HEAD + "g (float[2] x) => (y) { y = Transpose (x) }")
    model.graph.input[0].type.tensor_type.elem_type = TensorProto.DataType.Value(name.upper())
    needs = needs_of(tmp_path, model)
    assert needs.required().types == {}
    assert needs.warnings[0].startswith(f"ai.onnx:Transpose keeps all types: 'x' is tensor({name}), which config")


def test_opsets_that_are_newer_than_the_package(tmp_path: Path) -> None:
    newest = defs.onnx_opset_version()
    text = f'<ir_version: 8, opset_import: ["": {newest + 1}]> g (float[2] x) => (y) {{ a = Abs (x) y = Neg (a) }}'
    needs = needs_of(tmp_path, text)
    assert list(needs.required().types) == [("ai.onnx", "Abs")]
    assert needs.warnings[0] == (
        f"a: the installed package onnx does not know opset {newest + 1} of ai.onnx, and so not the types of its "
        "operators: update it"
    )
    assert needs_of(tmp_path, text, types=False).warnings == ()


def test_names_of_types() -> None:
    told = {name: number for name, number in TensorProto.DataType.items() if name != "UNDEFINED"}
    types = {name: tensor_of(number) for name, number in told.items()}
    assert {name.lower(): f"tensor({name.lower()})" for name in told} == {n.lower(): t for n, t in types.items()}
    assert CPP_NAMES.keys() <= {name.lower() for name in told}
    assert tensor_of(0) is None
    assert tensor_of(1 << 20) is None
    assert cpp_name("seq(tensor(int64))") == "int64_t"
    assert cpp_name("map(string, tensor(float))") is None
    assert cpp_name("optional(tensor(float))") is None


def test_every_type_of_every_schema_is_spelled_as_onnx_does() -> None:
    schemas = defs.get_all_schemas_with_history()
    parameters = [(schema, each) for schema in schemas for each in (*schema.inputs, *schema.outputs)]
    types = {spelled for parameter in parameters for spelled in allowed_types(*parameter) if "map(" not in spelled}
    assert len(types) > 50
    for spelled in types:
        assert type_of(proto_of(spelled)) == spelled


@pytest.mark.parametrize(
    "schema", [s for s in defs.get_all_schemas() if s.domain in ("", "ai.onnx.ml")], ids=lambda schema: schema.name
)
def test_inferred_types_are_those_that_schemas_allow(schema: OpSchema) -> None:
    """For every operator: with no attributes and the first type of each argument."""
    count = max(schema.min_input, 1) if schema.inputs else 0
    bound: dict[str, str] = {}
    for parameter in schema.inputs:
        bound.setdefault(parameter.type_str, min(allowed_types(schema, parameter)))
    inputs = [bound[schema.inputs[min(place, len(schema.inputs) - 1)].type_str] for place in range(count)]
    outputs = [f"y{place}" for place in range(max(schema.min_output, 1))]
    node = helper.make_node(schema.name, [f"x{place}" for place in range(count)], outputs)
    domain = schema.domain or "ai.onnx"
    for known in (inputs, [None] * count):
        found = output_types(domain, schema.since_version, node, known)
        assert len(found) == len(outputs)
        for place, value_type in enumerate(found):
            allowed = allowed_types(schema, schema.outputs[min(place, len(schema.outputs) - 1)])
            assert value_type is None or value_type in allowed
