from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel_index.datatypes import DataType
from kernel_index.records import ArgDefinition, AttrDefinition, AttrScalar, AttrValue, Deprecation
from kernel_index.scan.expressions import NotEvaluatedError
from kernel_index.scan.ops import argument_definition, attr_definition
from kernel_index.store import open_index, write_index
from tests.kernel_index.scan.trees import UNIT, op, problems, scan

FLOAT, HALF, INT32, INT64 = DataType.DT_FLOAT, DataType.DT_HALF, DataType.DT_INT32, DataType.DT_INT64
QUANTIZED = {DataType.DT_QINT8, DataType.DT_QUINT8, DataType.DT_QINT16, DataType.DT_QUINT16, DataType.DT_QINT32}

SPECS = {
    "T: type": AttrDefinition("T", "type"),
    "T:type": AttrDefinition("T", "type"),
    "  T :  type ": AttrDefinition("T", "type"),
    "T: {float, int32} = DT_FLOAT": AttrDefinition("T", "type", (FLOAT, INT32), has_default=True, default=FLOAT),
    "T: {half,int64,}": AttrDefinition("T", "type", (HALF, INT64)),
    "T: half": AttrDefinition("T", "type", (HALF,)),
    "T: type = DT_RESOURCE": AttrDefinition("T", "type", has_default=True, default=DataType.DT_RESOURCE),
    "T: {string, variant, resource}": AttrDefinition(
        "T", "type", (DataType.DT_STRING, DataType.DT_VARIANT, DataType.DT_RESOURCE)
    ),
    "T: list(type) >= 1": AttrDefinition("T", "list(type)", minimum=1),
    "T: list({float, half}) = [DT_HALF, DT_FLOAT]": AttrDefinition(
        "T", "list(type)", (FLOAT, HALF), has_default=True, default=(HALF, FLOAT)
    ),
    "T: list(type) = []": AttrDefinition("T", "list(type)", has_default=True, default=()),
    "n: int": AttrDefinition("n", "int"),
    "n: int >= 2 = 3": AttrDefinition("n", "int", minimum=2, has_default=True, default=3),
    "n: int >= -5 = -1": AttrDefinition("n", "int", minimum=-5, has_default=True, default=-1),
    "n: list(int) >= 2 = [1, 2]": AttrDefinition("n", "list(int)", minimum=2, has_default=True, default=(1, 2)),
    "x: float = 1": AttrDefinition("x", "float", has_default=True, default=1.0),
    "x: float = 1.5e-3f": AttrDefinition("x", "float", has_default=True, default=0.0015),
    "x: float = -inf": AttrDefinition("x", "float", has_default=True, default=float("-inf")),
    "x: list(float) = [0.5, 2]": AttrDefinition("x", "list(float)", has_default=True, default=(0.5, 2.0)),
    "b: bool = true": AttrDefinition("b", "bool", has_default=True, default=True),
    "b: list(bool) = [false]": AttrDefinition("b", "list(bool)", has_default=True, default=(False,)),
    "s: string = ''": AttrDefinition("s", "string", has_default=True, default=""),
    's: string = "a = b"': AttrDefinition("s", "string", has_default=True, default="a = b"),
    "s: string = '\\n'": AttrDefinition("s", "string", has_default=True, default="\n"),
    "s: {'SAME', 'VALID'} = 'SAME'": AttrDefinition("s", "string", ("SAME", "VALID"), has_default=True, default="SAME"),
    "s: {'a,b', 'c'}": AttrDefinition("s", "string", ("a,b", "c")),
    "s: list({'x', 'y'}) = ['y']": AttrDefinition("s", "list(string)", ("x", "y"), has_default=True, default=("y",)),
    "s: list(string) = ['a, b', 'c']": AttrDefinition("s", "list(string)", has_default=True, default=("a, b", "c")),
    "s: shape": AttrDefinition("s", "shape"),
    "s: shape = { dim { size: 2 } }": AttrDefinition(
        "s", "shape", has_default=True, default_text="{ dim { size: 2 } }"
    ),
    "s: list(shape) = []": AttrDefinition("s", "list(shape)", has_default=True, default=()),
    "f: func": AttrDefinition("f", "func"),
    "v: tensor": AttrDefinition("v", "tensor"),
}


@pytest.mark.parametrize("spec", SPECS)
def test_attr_spec(spec: str) -> None:
    assert attr_definition(spec) == SPECS[spec]


def test_type_classes() -> None:
    """What ``framework/types.cc`` counts as numbers."""
    numbers = set(attr_definition("T: numbertype").allowed or ())
    real = set(attr_definition("T: realnumbertype").allowed or ())
    complex_ones = {DataType.DT_COMPLEX64, DataType.DT_COMPLEX128}
    assert attr_definition("T: quantizedtype").allowed == attr_definition("T: {quantizedtype}").allowed
    assert set(attr_definition("T: quantizedtype").allowed or ()) == QUANTIZED
    assert numbers - real == QUANTIZED | complex_ones
    assert real >= {FLOAT, HALF, INT32, INT64, DataType.DT_BFLOAT16, DataType.DT_UINT64}
    assert not numbers & {DataType.DT_BOOL, DataType.DT_STRING, DataType.DT_RESOURCE, DataType.DT_VARIANT}
    assert attr_definition("T: {realnumbertype, bool}").allowed == (
        *(attr_definition("T: realnumbertype").allowed or ()),
        DataType.DT_BOOL,
    )


NO_SPECS = ["", "T", "T:", "T: odd", "T: {odd}", "T: {float", "T: list(", "T: list()", "T: list(odd)", "T: = 3"]


@pytest.mark.parametrize("spec", NO_SPECS)
def test_what_is_no_attr_spec_is_said(spec: str) -> None:
    with pytest.raises(NotEvaluatedError):
        attr_definition(spec)


@settings(deadline=None)
@given(st.text("aT:{}()[],'\"=>1- listype\\", max_size=25))
def test_any_text_is_a_spec_or_an_error(text: str) -> None:
    for parse in (attr_definition, argument_definition):
        with suppress(NotEvaluatedError):
            assert parse(text).name == text.partition(":")[0].strip()


def quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def spelled(value: AttrScalar) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return quoted(value) if isinstance(value, str) else str(value)


def spec_of(attr: AttrDefinition) -> str:
    """The text that declares an attr."""
    kind = attr.type.removeprefix("list(").removesuffix(")")
    if attr.allowed is not None:
        words = [a.name[3:].lower() if isinstance(a, DataType) else spelled(a) for a in attr.allowed]
        kind = "{" + ", ".join(words) + "}"
    text = f"{attr.name}: list({kind})" if attr.type.startswith("list(") else f"{attr.name}: {kind}"
    if attr.minimum is not None:
        text += f" >= {attr.minimum}"
    if attr.has_default:
        default = attr.default
        assert default is not None
        text += " = " + (
            "[" + ", ".join(map(spelled, default)) + "]" if isinstance(default, tuple) else spelled(default)
        )
    return text


_types = st.sampled_from([t for t in DataType if t])
_strings = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)
_VALUES: dict[str, st.SearchStrategy[AttrScalar]] = {
    "type": _types,
    "string": _strings,
    "int": st.integers(-(2**63), 2**63 - 1),
    "float": st.floats(allow_nan=False),
    "bool": st.booleans(),
}


@st.composite
def attrs(draw: st.DrawFn) -> AttrDefinition:
    kind = draw(st.sampled_from(sorted(_VALUES)))
    values = _VALUES[kind]
    is_list = draw(st.booleans())
    allowed = None
    if kind in ("type", "string") and draw(st.booleans()):
        allowed = tuple(draw(st.lists(values, min_size=1, max_size=4)))
    default: AttrValue | None = None
    if draw(st.booleans()):
        default = tuple(draw(st.lists(values, max_size=3))) if is_list else draw(values)
    return AttrDefinition(
        name=draw(st.text("abTN_1", min_size=1, max_size=6)),
        type=f"list({kind})" if is_list else kind,
        allowed=allowed,
        minimum=draw(st.integers(-99, 99)) if (is_list or kind == "int") and draw(st.booleans()) else None,
        has_default=default is not None,
        default=default,
    )


@settings(deadline=None)
@given(attrs())
def test_any_attr_comes_back_from_its_spec(attr: AttrDefinition) -> None:
    assert attr_definition(spec_of(attr)) == attr


def test_a_definition_from_its_chain(tmp_path: Path) -> None:
    source = """
REGISTER_OP("Gather")
    .Input("params: T")
    .Input("indices :  N *  I")
    .Output("rows: Ref(T)")
    .Attr("T: type")
    .Attr("I: {int32, int64} = DT_INT64")
    .Attr("N: int")
    .Doc(R"doc(
Copies rows. ".Input(" in here is text; so is REGISTER_OP("Other").
)doc")
    .SetShapeFn([](Context* c) {
      if (c->rank() > 1) { return c->fail(); }
      return c->same("x");
    });
"""
    found = op(tmp_path, source)
    assert found.name == "Gather"
    assert (found.location.line, found.stateful) == (2, False)
    assert found.inputs == (ArgDefinition("params", "T"), ArgDefinition("indices", "N * I"))
    assert found.outputs == (ArgDefinition("rows", "Ref(T)"),)
    assert [a.name for a in found.attrs] == ["T", "I", "N"]
    attr = found.attr("I")
    assert attr is not None
    assert attr.default == INT64
    assert found.attr("Tindices") is None


def test_an_attr_that_counts_or_lists_arguments_has_at_least_one_element(tmp_path: Path) -> None:
    source = """
REGISTER_OP("A").Input("a: N * float").Input("b: Ts").Output("c: Tz").Output("d: M*int32")
    .Attr("N: int").Attr("M: int >= 0").Attr("Ts: list(type)").Attr("Tz: list(type) >= 0").Attr("U: int");
"""
    found = op(tmp_path, source)
    assert {a.name: a.minimum for a in found.attrs} == {"N": 1, "M": 0, "Ts": 1, "Tz": 0, "U": None}


def test_from_which_graph_version_on_an_op_is_gone(tmp_path: Path) -> None:
    source = """
REGISTER_OP("Inv").Input("x: T").Output("y: T").Attr("T: type")
    .Deprecated(17, "Use Reci"
                    "procal, please")
    .Doc("x");
"""
    assert op(tmp_path, source).deprecation == Deprecation(17, "Use Reciprocal, please")
    assert op(tmp_path, 'REGISTER_OP("Neg").Input("x: int32");').deprecation is None


STATEFUL = {
    '.Input("x: resource")': True,
    '.Output("x: N * resource").Attr("N: int")': True,
    ".SetIsStateful()": True,
    ".SetDoNotOptimize()": True,
    '.Input("x: int32")': False,
    '.Input("resource: int32").SetIsCommutative()': False,
}


@pytest.mark.parametrize("chain", STATEFUL)
def test_what_makes_an_op_stateful(chain: str, tmp_path: Path) -> None:
    assert op(tmp_path, f'REGISTER_OP("A"){chain};').stateful is STATEFUL[chain]


NAMED = {
    'REGISTER_OP("A" "b")': "Ab",
    "REGISTER_OP(kName)": "FromConstant",
    "REGISTER_OP(ns::kName)": "FromConstant",
    'REGISTER_OP(strings::StrCat("X", kName, "Y"))': "XFromConstantY",
    'REGISTER_OP(std::string("X") + kName)': "XFromConstant",
    'REGISTER_SYSTEM_OP("_Arg")': "_Arg",
    'DEFINE("Wrapped")': "Wrapped",
}


@pytest.mark.parametrize("call", NAMED)
def test_names_of_ops(call: str, tmp_path: Path) -> None:
    constant = 'namespace ns { constexpr char kName[] = "FromConstant"; }'
    source = f'#define DEFINE(n) REGISTER_OP(n)\n{constant}\n{call}.Input("x: int32");\n'
    found = op(tmp_path, source)
    assert (found.name, found.location.line) == (NAMED[call], 3)


def test_specs_may_come_from_macros_and_constants(tmp_path: Path) -> None:
    source = """
#define UNARY(types) Input("x: T").Output("y: T").Attr("T: {" types "}")
const char kMode[] = "mode: {'a', 'b'} = 'a'";
REGISTER_OP("A").UNARY("float, half").Attr(kMode).Attr(std::string("n: ") + "int");
"""
    found = op(tmp_path, source)
    assert [(a.name, a.allowed) for a in found.attrs] == [("T", (FLOAT, HALF)), ("mode", ("a", "b")), ("n", None)]


def test_a_chain_may_go_on_behind_a_directive(tmp_path: Path) -> None:
    source = """
REGISTER_OP("A")
    .Input("x: int32")
#ifdef ODD
    .Input("y: int32")
#endif
    .Output("z: int32");
"""
    found = op(tmp_path, source)
    assert ([a.name for a in found.inputs], [a.name for a in found.outputs]) == (["x"], ["z"])


SHIM = """
template <Runtime Rt> class Impl : public OpKernelShim<Impl, Rt> {
  enum Inputs { kX = 0, kY };
 public:
  static constexpr char kFast[] = "fast";
  static const char* OpName() { return "Lib>Mine"; }
  static std::vector<std::string> Attrs() { return {absl::StrCat(kFast, ": bool = false"), "T: type",}; }
  static std::vector<std::string> Inputs();
  static std::vector<std::string> Outputs() { return {}; }
};
template <Runtime Rt> std::vector<std::string> Impl<Rt>::Inputs() { return {"x: T", "y: " "int32"}; }
class Kernel : public tflite::shim::TfOpKernel<Impl> {};
REGISTER_TF_OP_SHIM(Kernel);
REGISTER_TF_OP_SHIM(Unseen);
"""


@pytest.mark.parametrize("part", ["Inputs", "Outputs", "Attrs"])
def test_a_shim_whose_functions_compute_something_is_said_with_its_op(part: str, tmp_path: Path) -> None:
    functions = dict.fromkeys(("Inputs", "Outputs", "Attrs"), "{}") | {part: '{ Computed("x: int32") }'}
    members = "".join(f"  static Strings {name}() {{ return {spec}; }}\n" for name, spec in functions.items())
    head = 'struct Kernel {\n  static const char* OpName() { return "A"; }\n'
    result = scan(tmp_path, f"{head}{members}}};\nREGISTER_TF_OP_SHIM(Kernel);\n")
    assert result.op_definitions == ()
    assert [d.lost.op for d in result.diagnostics if d.lost is not None] == ["A"]
    assert problems(result) == [f"unit.cc:7: what Kernel::{part}() returns is not known"]


def test_a_shim_defines_its_op_in_static_functions(tmp_path: Path) -> None:
    result = scan(tmp_path, SHIM)
    (found,) = result.op_definitions
    assert (found.name, found.location.line) == ("Lib>Mine", 13)
    assert [(a.name, a.type_text) for a in found.inputs] == [("x", "T"), ("y", "int32")]
    assert [(a.name, a.type, a.default) for a in found.attrs] == [("fast", "bool", False), ("T", "type", None)]
    assert found.outputs == ()
    assert problems(result) == ["unit.cc:14: in an op definition, the value of 'Unseen::OpName' is not known"]


NOT_EVALUATED = {
    'REGISTER_OP().Input("x: int32");': "the op definition names no op",
    'REGISTER_OP("");': "the op definition names no op",
    "REGISTER_OP(5);": "in an op definition, the value of '5' is not known",
    "REGISTER_OP(NameOf(kOp));": "in an op definition, the value of 'NameOf(kOp)' is not known",
    'REGISTER_OP("A").Input("x");': "'x' is no input or output of an op",
    'REGISTER_OP("A").Attr("T: odd");': "the type of the attr 'T: odd' is not known",
    'REGISTER_OP("A").Attr("a: int").Input("x: int32";': "the arguments of Input in an op definition do not end",
    'REGISTER_OP("A").Deprecated(kSince, "Use B");': "'kSince' is no version from which an op is deprecated",
    'REGISTER_OP("A").Deprecated("Use B");': "'\"Use B\"' is no version from which an op is deprecated",
    'REGISTER_OP("A").Deprecated();': "'' is no version from which an op is deprecated",
    'REGISTER_OP("A").Attr("a: int") + 1;': "'+' was not expected in an op definition",
}


@pytest.mark.parametrize("source", NOT_EVALUATED)
def test_what_cannot_be_evaluated_is_a_diagnostic(source: str, tmp_path: Path) -> None:
    result = scan(tmp_path, "\n" + source)
    assert result.op_definitions == ()
    assert problems(result) == [f"unit.cc:2: {NOT_EVALUATED[source]}"]


def test_of_two_definitions_the_one_every_build_has_counts(tmp_path: Path) -> None:
    headers = {"tensorflow/core/ops/a_ops.cc": 'REGISTER_OP("A").Input("core: int32");\n'}
    result = scan(tmp_path, 'REGISTER_OP("A").Input("other: int32");\n', headers)
    assert [d.location.file for d in result.op_definitions] == ["tensorflow/core/ops/a_ops.cc"]


def test_an_op_in_a_header_names_the_source_to_compile(tmp_path: Path) -> None:
    header = "tensorflow/core/kernels/ops.h"
    result = scan(tmp_path, '#include "ops.h"\nREGISTER_OP("A");\n', {header: '#pragma once\nREGISTER_OP("B");\n'})
    assert [(d.name, d.location.file, d.source) for d in result.op_definitions] == [
        ("A", UNIT, UNIT),
        ("B", header, UNIT),
    ]
    write_index(result, tmp_path / "x.opselidx")
    written = open_index(tmp_path / "x.opselidx")
    assert [written.op_definition(d.name) for d in result.op_definitions] == list(result.op_definitions)
