from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel_index.datatypes import DataType
from kernel_index.records import Constraint, KernelRegistration, Location
from tests.kernel_index.scan.trees import UNIT, kernels, problems, scan

BUILDERS = {
    'Name("A").Device("CPU")': "A@CPU: K",
    '::tensorflow::register_kernel::Name("A").Device("GPU")': "A@GPU: K",
    'Name("Deco" "dePng").Device("C" "PU")': "DecodePng@CPU: K",
    'Name(R"(A)").Device("CPU")': "A@CPU: K",
    'Name(("A" "B")).Device(("CPU"))': "AB@CPU: K",
    'Name((("A"))).Device("CPU").Label(("x")).HostMemory(("y"))': "A@CPU host=y label=x: K",
    'Name(std::string("A").c_str()).Device(absl::string_view("CPU"))': "A@CPU: K",
    'Name("A").Device("CPU").AttrConstraint("mode", ("NHWC"))': "A@CPU mode={NHWC}: K",
    'Name("A").Device("CPU").Priority(2 * (3 + 1))': "A@CPU priority=8: K",
    'Name("A\\x41").Device("CPU")': "AA@CPU: K",
    'Name("\\u00e9\\U0001F600\\101").Device("CPU")': "\u00e9\U0001f600A@CPU: K",
    'Name("\\x1FFFFF\\ud800").Device("CPU")': "\ufffd\ufffd@CPU: K",  # no characters: nothing could write them
    'Name("A").Device("CPU").TypeConstraint<float>("T")': "A@CPU T={DT_FLOAT}: K",
    'Name("A").Device("CPU").TypeConstraint<std::complex<float> >("T")': "A@CPU T={DT_COMPLEX64}: K",
    'Name("A").Device("CPU").TypeConstraint<::tensorflow::int64>("I").TypeConstraint<Eigen::half>("H")': (
        "A@CPU H={DT_HALF} I={DT_INT64}: K"
    ),
    'Name("A").Device("CPU").TypeConstraint<unsigned char>("T")': "A@CPU T={DT_UINT8}: K",
    'Name("A").Device("CPU").TypeConstraint("T", DT_HALF)': "A@CPU T={DT_HALF}: K",
    'Name("A").Device("CPU").TypeConstraint("T", tensorflow::DT_INT8)': "A@CPU T={DT_INT8}: K",
    'Name("A").Device("CPU").TypeConstraint("T", {DT_HALF, DT_FLOAT, DT_HALF})': "A@CPU T={DT_FLOAT,DT_HALF}: K",
    'Name("A").Device("CPU").TypeConstraint("T", {DT_INT8, DT_INT16,})': "A@CPU T={DT_INT16,DT_INT8}: K",
    'Name("A").Device("CPU").TypeConstraint("T", std::vector<DataType>{DT_INT8, DT_BOOL})': (
        "A@CPU T={DT_INT8,DT_BOOL}: K"
    ),
    'Name("A").Device("CPU").TypeConstraint("T", std::vector<DataType>({DT_INT8, DT_BOOL}))': (
        "A@CPU T={DT_INT8,DT_BOOL}: K"
    ),
    'Name("A").Device("CPU").TypeConstraint("T", DataTypeToEnum<std::complex<double>>::v())': (
        "A@CPU T={DT_COMPLEX128}: K"
    ),
    'Name("A").Device("CPU").TypeConstraint("T", {DataTypeToEnum<bool>::value, DT_STRING})': (
        "A@CPU T={DT_STRING,DT_BOOL}: K"
    ),
    'Name("A").Device("CPU").AttrConstraint("mode", {"b", "a"})': "A@CPU mode={a,b}: K",
    'Name("A").Device("CPU").AttrConstraint("mode", "NHWC")': "A@CPU mode={NHWC}: K",
    'Name("A").Device("CPU").AttrConstraint<bool>("fast", true)': "A@CPU fast={True}: K",
    'Name("A").Device("CPU").AttrConstraint("n", {3, -1})': "A@CPU n={-1,3}: K",
    # Both must admit the attr, so only what both name is left.
    'Name("A").Device("CPU").TypeConstraint("T", {DT_HALF, DT_FLOAT}).TypeConstraint<float>("T")': (
        "A@CPU T={DT_FLOAT}: K"
    ),
    'Name("A").Device("CPU").HostMemory("y").HostMemory("x")': "A@CPU host=y,x: K",
    'Name("A").Device("CPU").Label("fancy").Priority(-2)': "A@CPU label=fancy priority=-2: K",
    'Name("A").Device("CPU").Priority(0x10)': "A@CPU priority=16: K",
    'Name("A") . Device ( "CPU" )\n  . Label ( "x" )': "A@CPU label=x: K",
}


@pytest.mark.parametrize("builder", BUILDERS)
def test_builder(builder: str, tmp_path: Path) -> None:
    assert kernels(tmp_path, f"REGISTER_KERNEL_BUILDER({builder}, K);\n") == [BUILDERS[builder]]


CLASSES = {
    "Op<A, B>": "Op<A, B>",
    "Op<\n    A,B   >": "Op< A,B >",
    "Op<functor::mul<T>>": "Op<functor::mul<float>>",
    "Op<\"x\", 'c'>": "Op<\"x\", 'c'>",
    "Op< T /* the type */ >": "Op< float >",
    "::ns::Op": "::ns::Op",
}


@pytest.mark.parametrize("written", CLASSES)
def test_the_kernel_class_is_stringified_as_the_compiler_does_it(written: str, tmp_path: Path) -> None:
    source = f'#define T float\nREGISTER_KERNEL_BUILDER(Name("A").Device("CPU"), {written});\n'
    assert kernels(tmp_path, source) == [f"A@CPU: {CLASSES[written]}"]


def test_system_kernels_are_marked(tmp_path: Path) -> None:
    source = 'REGISTER_SYSTEM_KERNEL_BUILDER(Name("NoOp").Device("CPU"), NoOp);\n'
    assert kernels(tmp_path, source) == ["NoOp@CPU system: NoOp"]


def test_macros_several_deep_that_are_redefined_on_the_way(tmp_path: Path) -> None:
    source = """
#define REGISTER(D, NAME, F, T) \\
  REGISTER_KERNEL_BUILDER(Name(NAME).Device(#D).TypeConstraint<T>("T"), Op<D##Device, F<T>>);
#define REGISTER2(D, N, F, T0, ...) REGISTER(D, N, F, T0) REGISTER(D, N, F, __VA_ARGS__)
#define FOR_ALL(m) m(float) m(double)

REGISTER2(CPU, "Mul", functor::mul, float, std::complex<float>);

#define ONE(T) REGISTER(CPU, "Neg", neg, T)
FOR_ALL(ONE)
#undef ONE
#define ONE(T) REGISTER(GPU, "Abs", abs, T)
#undef FOR_ALL
#define FOR_ALL(m) m(int8)
FOR_ALL(ONE)
"""
    result = scan(tmp_path, source)
    assert [(r.op, r.location.line, r.kernel_class) for r in result.registrations] == [
        ("Abs", 15, "Op<GPUDevice, abs<int8>>"),
        ("Mul", 7, "Op<CPUDevice, functor::mul<std::complex<float>>>"),
        ("Mul", 7, "Op<CPUDevice, functor::mul<float>>"),
        ("Neg", 10, "Op<CPUDevice, neg<double>>"),
        ("Neg", 10, "Op<CPUDevice, neg<float>>"),
    ]


def test_registrations_inside_functions_and_classes(tmp_path: Path) -> None:
    source = """
namespace { void Register() { REGISTER_KERNEL_BUILDER(Name("A").Device("CPU"), K); } }
struct S { static void f() { if (x) { REGISTER_KERNEL_BUILDER(Name("B").Device("CPU"), K); } } };
"""
    assert kernels(tmp_path, source) == ["A@CPU: K", "B@CPU: K"]


def test_comments_strings_and_names_alike_register_nothing(tmp_path: Path) -> None:
    source = """
// REGISTER_KERNEL_BUILDER(Name("A").Device("CPU"), K);
/* REGISTER_KERNEL_BUILDER(Name("B").Device("CPU"), K); */
const char* s = "REGISTER_KERNEL_BUILDER(Name(C).Device(D), K);";
MY_REGISTER_KERNEL_BUILDER(Name("D").Device("CPU"), K);
"""
    assert kernels(tmp_path, source) == []


NOT_EVALUATED = {
    "SomeBuilder(), K": "'SomeBuilder ( )' is no Name(...) builder",
    'Name("A"), K': "the registration names no device",
    'Name("A").Device("CPU")': "the registration names no kernel class",
    'Name(kUnknown).Device("CPU"), K': "the value of 'kUnknown' is not known",
    'Name("A").Device(DEVICE_ODD), K': "the value of 'DEVICE_ODD' is not known",
    'Name().Device("CPU"), K': "the value of '' is not known",
    'Name.Device("CPU"), K': "'(' is missing in a kernel builder",
    'Name("A").Device("CPU").Colour("red"), K': "the kernel builder has no method Colour",
    'Name("A").Device("CPU") + 1, K': "'+' was not expected in a kernel builder",
    'Name("A").Device("CPU").Priority(kHigh), K': "the value of 'kHigh' is not known",
    'Name("A").Device("CPU").TypeConstraint<Odd<int>>("T"), K': "'Odd<int>' is no type the scanner knows",
    'Name("A").Device("CPU").TypeConstraint<float("T"), K': "'>' is missing in a kernel builder",
    'Name("A").Device("CPU").TypeConstraint("T"), K': "a constraint has no values",
    'Name("A").Device("CPU").TypeConstraint(), K': "a constraint has no values",
    'Name("A").Device("CPU").TypeConstraint("T", {}), K': "the value of '' is not known",
    'Name("A").Device("CPU").TypeConstraint("T", AllTypes()), K': "the value of 'AllTypes()' is not known",
    'Name("A").Device("CPU").TypeConstraint("T", DataTypeToEnum), K': "the value of 'DataTypeToEnum' is not known",
    'Name("A").Device("CPU").TypeConstraint("T", list({vector}, 3)), K': "the value of 'vector' is not known",
    'Name("A").Device("CPU").AttrConstraint("n", --5), K': "the value of '--5' is not known",
    'Name("A").Device("CPU").AttrConstraint("n", \u00b2), K': "the value of '\u00b2' is not known",
    'Name("A").Device("CPU").AttrConstraint("n", {1, "a"}), K': "the constraint on 'n' mixes strings with other values",
    f'Name("A").Device("CPU").AttrConstraint("n", {"{" * 2000}1{"}" * 2000}), K': (
        "the kernel builder is nested too deeply"
    ),
}


@pytest.mark.parametrize("arguments", NOT_EVALUATED)
def test_what_cannot_be_evaluated_is_a_diagnostic(arguments: str, tmp_path: Path) -> None:
    result = scan(tmp_path, f"\n\nREGISTER_KERNEL_BUILDER({arguments});\n")
    assert result.registrations == ()
    assert problems(result) == [f"unit.cc:3: {NOT_EVALUATED[arguments]}"]


def test_the_words_that_a_macro_joins_may_come_of_others(tmp_path: Path) -> None:
    source = """
#define REG_AB(x) REGISTER_KERNEL_BUILDER(Name(#x).Device("CPU"), x##Op);
#define CAT_(a, b) a##b
#define CAT(a, b) CAT_(a, b)
#define ONE TWO
#define TWO THREE
#define THREE AB
CAT(REG_, ONE)(Far)
"""
    assert kernels(tmp_path, source) == ["Far@CPU: FarOp"]


def test_one_bad_registration_does_not_hide_its_neighbours(tmp_path: Path) -> None:
    source = """
REGISTER_KERNEL_BUILDER(Name("A").Device("CPU"), K);
REGISTER_KERNEL_BUILDER(Name(Odd(1)).Device("CPU"), K);
REGISTER_KERNEL_BUILDER(Name("B").Device("CPU"), K);
"""
    result = scan(tmp_path, source)
    assert [r.op for r in result.registrations] == ["A", "B"]
    assert problems(result) == ["unit.cc:3: the value of 'Odd(1)' is not known"]


CPP_TYPES = {
    "float": DataType.DT_FLOAT, "Eigen::half": DataType.DT_HALF, "::tensorflow::int64": DataType.DT_INT64,
    "std::complex<double>": DataType.DT_COMPLEX128, "tstring": DataType.DT_STRING, "qint8": DataType.DT_QINT8,
}  # fmt: skip

_words = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp")), max_size=12)
_allowed = st.one_of(
    st.sets(st.sampled_from([t for t in DataType if t]), min_size=1),
    st.sets(_words, min_size=1, max_size=3),
    st.sets(st.integers(-(2**40), 2**40), min_size=1, max_size=3),
    st.booleans().map(lambda b: {b}),
)


@st.composite
def registrations(draw: st.DrawFn) -> KernelRegistration:
    constraints = draw(st.dictionaries(st.text("abTN_", min_size=1, max_size=5), _allowed, max_size=3))
    return KernelRegistration(
        op=draw(_words),
        device=draw(_words.filter(bool)),
        kernel_class=draw(st.sampled_from(("K", "Op<CPUDevice, float>", "a::b<c<d> >"))),
        location=Location(UNIT, 1),
        profiles=("desktop",),
        label=draw(_words),
        priority=draw(st.integers(-9, 9)),
        constraints=tuple(Constraint(a, tuple(sorted(v))) for a, v in sorted(constraints.items())),
        host_memory_args=tuple(draw(st.lists(st.text("xyz", min_size=1, max_size=3), max_size=2))),
        system=draw(st.booleans()),
    )


def literal(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def written(record: KernelRegistration) -> str:
    """The macro call that makes a registration."""
    builder = f"Name({literal(record.op)}).Device({literal(record.device)})"
    for constraint in record.constraints:
        values = [
            v.name if isinstance(v, DataType) else literal(v) if isinstance(v, str) else str(v).lower()
            for v in constraint.allowed
        ]
        builder += f'.AttrConstraint("{constraint.attr}", {{{", ".join(reversed(values))}}})'
    builder += "".join(f'.HostMemory("{a}")' for a in record.host_memory_args)
    builder += f".Label({literal(record.label)}).Priority({record.priority})"
    macro = "REGISTER_SYSTEM_KERNEL_BUILDER" if record.system else "REGISTER_KERNEL_BUILDER"
    return f"{macro}({builder}, {record.kernel_class});"


@given(st.lists(registrations(), min_size=1, max_size=8, unique_by=written))
@settings(max_examples=60, deadline=None)
def test_any_registration_is_found_as_it_was_written(records: list[KernelRegistration]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        result = scan(Path(folder), " ".join(map(written, records)))
    assert problems(result) == []
    assert set(result.registrations) == set(records)


@given(st.permutations(list(CPP_TYPES)))
@settings(max_examples=10, deadline=None)
def test_every_spelling_of_a_type_in_any_order(spellings: list[str]) -> None:
    calls = "".join(f"R({spelling})" for spelling in spellings)
    define = '#define R(...) REGISTER_KERNEL_BUILDER(Name("A").Device("CPU").TypeConstraint<__VA_ARGS__>("T"), K);\n'
    with tempfile.TemporaryDirectory() as folder:
        result = scan(Path(folder), define + calls)
    assert [r.constraints[0].allowed[0] for r in result.registrations] == sorted(CPP_TYPES.values(), key=str)
