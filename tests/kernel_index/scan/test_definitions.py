from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.kernel_index.scan.trees import kernels, problems, scan

H = "tensorflow/core/kernels/names.h"
INCLUDE = '#include "tensorflow/core/kernels/names.h"\n'

CONSTANTS: dict[str, tuple[str, Mapping[str, str]]] = {
    "an array of the file": ('constexpr char kOp[] = "Right";\n', {}),
    "a pointer of the file": ('static const char* const kOp = "Right";\n', {}),
    "behind its use": ('REGISTER(1)\nconst char kOp[] = "Right";\n', {}),
    "in braces": ('constexpr char kOp[]{"Right"};\n', {}),
    "a string object": ('const std::string kOp = "Ri" "ght";\n', {}),
    "a header": (INCLUDE, {H: 'constexpr char kOp[] = "Right";\n'}),
    "a header of a header": (
        INCLUDE,
        {H: '#include "more.h"\n', "tensorflow/core/kernels/more.h": 'constexpr char kOp[] = "Right";\n'},
    ),
    "extern, defined in the .cc of its name": (
        INCLUDE,
        {H: "extern const char* const kOp;\n", H.replace(".h", ".cc"): 'const char* const kOp = "Right";\n'},
    ),
    "extern array": (
        INCLUDE,
        {H: "extern const char kOp[];\n", H.replace(".h", ".cc"): 'const char kOp[] = "Right";\n'},
    ),
    "extern, defined in the .cpp of its name": (
        INCLUDE,
        {H: "extern const char* const kOp;\n", H.replace(".h", ".cpp"): 'const char* const kOp = "Right";\n'},
    ),
    "another name": ('constexpr char kName[] = "Right";\nconstexpr auto kOp = kName;\n', {}),
    "another name of a header": (
        INCLUDE + "constexpr auto kOp = Library::kOp;\n",
        {H: 'struct Library { static constexpr const char* const kOp = "Right"; };\n'},
    ),
    "nearer than a header's": (INCLUDE + 'const char kOp[] = "Right";\n', {H: 'const char kOp[] = "Wrong";\n'}),
    "a string view": ('constexpr absl::string_view kOp = "Right";\n', {}),
    "the data of a string view": ('const char* kOp = std::string_view("Right").data();\n', {}),
    "a constructor": ('const std::string kOp("Right");\nvoid f() { return kOp("Wrong"); }\n', {}),
    "parentheses": ('const char* const kOp = ("Ri" "ght");\n', {}),
    "a sum": ('const std::string kOp = std::string("Ri") + kEnd;\nconst char kEnd[] = "ght";\n', {}),
    "joined": ('const std::string kOp = absl::StrCat(kStart, "g", "ht");\nconst char kStart[] = "Ri";\n', {}),
    "a cast": ('const char* kOp = static_cast<const char*>("Right");\n', {}),
    "the text of a joined string": ('const string kOp = absl::StrCat("Ri", "ght").c_str();\n', {}),
    "in a namespace": ('namespace a { constexpr char kName[] = "Right"; }\nconst string kOp = a::kName;\n', {}),
    "in a template's class": (
        'template <class T> struct A { static constexpr char k[] = "Right"; };\nconst string kOp = A<int>::k;\n',
        {},
    ),
    "a macro": ('#define OP_NAME "Right"\nconstexpr char kOp[] = OP_NAME;\n', {}),
    "a macro with arguments": ('#define OP_NAME(x) ("Ri" #x)\nconstexpr char kOp[] = OP_NAME(ght);\n', {}),
    "a macro of a header": (INCLUDE + "constexpr char kOp[] = OP_NAME;\n", {H: '#define OP_NAME "Right"\n'}),
    "not an argument's default": ('void f(string kOp = "Wrong");\nconst char kOp[] = "Right";\n', {}),
    "not a member of a variable": ('const char kOp[] = "Right";\nvoid f() { a.kOp = "Wrong"; b->kOp = "Odd"; }\n', {}),
    "not a member of a class": ('class Other { char* kOp = "Wrong"; };\nconst char kOp[] = "Right";\n', {}),
    "behind a class of a header": (
        INCLUDE + 'class Other : public Base { char* kOp = "Wrong"; };\n', {H: 'constexpr char kOp[] = "Right";\n'},
    ),
    "behind a class of a class": (
        'class Other { class Inner {}; char* kOp = "Wrong"; };\nconst char kOp[] = "Right";\n', {},
    ),
    "not in a comment": ('// kOp = "Wrong";\nconst char kOp[] = "Right";\n', {}),
}  # fmt: skip


@pytest.mark.parametrize("case", CONSTANTS)
def test_a_constant_names_the_op(case: str, tmp_path: Path) -> None:
    before, headers = CONSTANTS[case]
    source = f'#define REGISTER(n) REGISTER_KERNEL_BUILDER(Name(kOp).Device("CPU"), K);\n{before}'
    if "REGISTER(1)" not in before:
        source += "REGISTER(1)\n"
    assert kernels(tmp_path, source, headers) == ["Right@CPU: K"]


FUNCTIONS: dict[str, tuple[str, Mapping[str, str]]] = {
    "of the file": ('const char* OpName() { return "Right"; }\n', {}),
    "of a header": (INCLUDE, {H: 'inline std::string OpName() {\n  return "Ri"\n         "ght";\n}\n'}),
    "declared in a header": (
        INCLUDE,
        {H: "std::string OpName();\n", H.replace(".h", ".cc"): 'std::string OpName() { return "Right"; }\n'},
    ),
}


@pytest.mark.parametrize("case", FUNCTIONS)
def test_a_function_that_returns_the_name(case: str, tmp_path: Path) -> None:
    before, headers = FUNCTIONS[case]
    source = before + 'constexpr auto kOp = OpName;\nREGISTER_KERNEL_BUILDER(Name(kOp).Device("CPU"), K);\n'
    assert kernels(tmp_path, source, headers) == ["Right@CPU: K"]


CLASSES: dict[str, tuple[str, Mapping[str, str]]] = {
    "a constant": ('struct Op { static constexpr char kName[] = "Right"; auto OpName() { return kName; } };\n', {}),
    "beside another": (
        ('class Other { static const char* OpName() { return kName; } static constexpr char kName[] = "Wrong"; };\n'
        'class Op { static const char* OpName() { return kName; } static constexpr char kName[] = "Right"; };\n'), {},
    ),
    "a header's": (INCLUDE, {H: 'class MY_EXPORT Op final : public OpKernel { auto OpName() { return "Right"; } };\n'}),
    "inherited": (
        ('struct Named { static const char* OpName() { return kName; } static constexpr char kName[] = "Right"; };\n'
        "class Op : public OpKernel, private ns::Named {};\n"), {},
    ),
    "of the derived class": (
        ("template <class T, typename Derived> struct Named { static auto OpName() { return Derived::kName; } };\n"
        'class Op : public Named<int, Op> { static constexpr char kName[] = "Right"; };\n'), {},
    ),
    "of a shim, its own header absent": (
        ('template <Runtime R> class Impl : Shim<Impl, R> { static const char* OpName() { return "Right"; } };\n'
        "class Op : public tflite::shim::TfOpKernel<Impl> {};\n"), {},
    ),
    "of a shim": (
        INCLUDE + 'template <Runtime R> class Impl { static const char* OpName() { return "Right"; } };\n'
        "using Op = KernelOf<int>;\ntemplate <class T> class KernelOf : public tflite::shim::TfOpKernel<Impl, T> {};\n",
        {H: "template <template <Runtime, typename...> class I, typename... Ts>\nclass TfOpKernel : public OpKernel {\n"
            "  using ImplType = I<Runtime::kTf, Ts...>;\n  static auto OpName() { return ImplType::OpName(); }\n};"},
    ),
    "defined outside": (
        ("struct Op { static const char* OpName(); };\nconst char* Other::OpName() { return kWrong; }\n"
        'const char* Op::OpName() { return "Right"; }\n'), {},
    ),
    "defined in the source beside the header": (
        INCLUDE,
        {H: "struct Op { static char* const OpName; };\n", H.replace(".h", ".cc"): 'auto Op::OpName = "Right";\n'},
    ),
    "not what stands in a class of it": (
        INCLUDE + 'struct Op::Inner { auto OpName() { return "Wrong"; } };\n',
        {H: 'struct Op { struct Inner; auto OpName() { return "Right"; } };\n'},
    ),
    "a typedef": ('template <class T> struct K { auto OpName() { return "Right"; } };\nusing Op = K<float>;\n', {}),
    "not the names of other classes": (
        'struct Op { static auto OpName() { return "Right"; } };\nauto OpName() { return "Wrong"; }\n', {},
    ),
}  # fmt: skip


@pytest.mark.parametrize("call", ["Op::OpName()", "::ns::Op::OpName()", "std::string(Op::OpName()).c_str()"])
@pytest.mark.parametrize("case", CLASSES)
def test_a_class_names_the_op(case: str, call: str, tmp_path: Path) -> None:
    before, headers = CLASSES[case]
    if "OpName;" in "".join(headers.values()):
        call = call.replace("OpName()", "OpName")
    source = f'{before}REGISTER_KERNEL_BUILDER(Name({call}).Device("CPU"), K);\nREGISTER_OP({call});\n'
    result = scan(tmp_path, source, headers)
    assert problems(result) == []
    assert [r.op for r in result.registrations] == [d.name for d in result.op_definitions] == ["Right"]


@pytest.mark.parametrize(
    "source",
    [
        'struct Op : Unseen {};\nauto OpName() { return "Wrong"; }\n',
        'class Op;\nauto OpName() { return "Wrong"; }\n',
        'struct Other { auto OpName() { return "Wrong"; } };\n\n',
    ],
)
def test_a_class_that_has_no_such_member_is_a_diagnostic(source: str, tmp_path: Path) -> None:
    result = scan(tmp_path, source + 'REGISTER_KERNEL_BUILDER(Name(Op::OpName()).Device("CPU"), K);\n')
    assert problems(result) == ["unit.cc:3: the value of 'Op::OpName' is not known"]


NUMBERS: dict[str, tuple[str, Mapping[str, str]]] = {
    "a constant": ("constexpr int kHigh = 7;\n", {}),
    "one of several": ("const int kLow = 1, kHigh = 7;\n", {}),
    "braces": ("inline constexpr int32_t kHigh{7};\n", {}),
    "parentheses": ("const int kHigh(7);\n", {}),
    "parentheses, and calls of a function of that name": ("static const int kHigh(7);\nint x = ns::kHigh(3);\n", {}),
    "arithmetic": ("constexpr int kHigh = (kBase << 1) + kOne;\nconst int kBase = 3, kOne = 1;\n", {}),
    "a header's": (INCLUDE, {H: "namespace p { constexpr int kHigh = 0x7; }\n"}),
    "a macro": ("#define kHigh 7\n", {}),
    "a macro of a header": (INCLUDE, {H: "#define HIGH (kBase + 4)\n#define kHigh HIGH\nconst int kBase = 3;\n"}),
    "an enumerator": ("enum P { kLow = 6, kHigh };\n", {}),
    "an enumerator with its own value": ("#define FIRST(a, b) a\nenum P { kLow = 2, kHigh = FIRST(7, 1) };\n", {}),
    "the first enumerator and so on": ("enum class P : int { a, b, c, d, e, f, g, kHigh, };\n", {}),
    "a cast": ("constexpr int kHigh = static_cast<int>(7L);\n", {}),
    "a function": ("constexpr int kHigh() { return 7; }\n", {}),
    "with one below zero": ("constexpr int kHigh = 10 + kLow;\nconst int kLow = -3;\n", {}),
    "a choice": ("constexpr int kHigh = kLow || false ? 1 : true ? 7 : 2;\nconst bool kLow = false;\n", {}),
}


@pytest.mark.parametrize("case", NUMBERS)
def test_a_constant_is_the_priority(case: str, tmp_path: Path) -> None:
    before, headers = NUMBERS[case]
    name = "kHigh()" if "function" in case else "ns::P::kHigh" if "enum" in case else "kHigh"
    source = f'{before}REGISTER_KERNEL_BUILDER(Name("A").Device("CPU").Priority({name}), K);\n'
    assert kernels(tmp_path, source, headers) == ["A@CPU priority=7: K"]


def test_numbers_of_constraints_may_be_constants(tmp_path: Path) -> None:
    source = """
constexpr int kTwo = 2;
REGISTER_KERNEL_BUILDER(Name("A").Device("CPU").AttrConstraint<int>("n", {1, kTwo, -kTwo, kTwo * 4}), K);
"""
    assert kernels(tmp_path, source) == ["A@CPU n={-2,1,2,8}: K"]


def test_a_function_that_takes_something_gives_no_number(tmp_path: Path) -> None:
    source = 'int high() { return 7; }\nREGISTER_KERNEL_BUILDER(Name("A").Device("CPU").Priority(high(3)), K);\n'
    assert problems(scan(tmp_path, source)) == ["unit.cc:2: 'high(3)' is no number"]


@pytest.mark.parametrize(
    "before", ["", "extern const int kHigh;\n", "const int kHigh = f(3);\n", "int kHigh = kHigh;\n"]
)
def test_a_number_without_a_value_is_a_diagnostic(before: str, tmp_path: Path) -> None:
    source = before + 'REGISTER_KERNEL_BUILDER(Name("A").Device("CPU").Priority(kHigh), K);\n'
    assert problems(scan(tmp_path, source)) == [
        f"unit.cc:{before.count(chr(10)) + 1}: the value of 'kHigh' is not known"
    ]


UNKNOWN: dict[str, tuple[str, Mapping[str, str]]] = {
    "two values": ('const char kOp[] = "One";\nnamespace n { const char kOp[] = "Two"; }\n', {}),
    "only extern": ("extern const char kOp[];\n", {}),
    "itself": ("constexpr auto kOp = kOp;\n", {}),
    "a circle": ("constexpr auto kOp = kB;\nconstexpr auto kB = kOp;\n", {}),
    "computed": ('const std::string kOp = Join("a", 1);\n', {}),
    "in a header that is not included": ("", {H: 'constexpr char kOp[] = "Right";\n'}),
}


@pytest.mark.parametrize("case", UNKNOWN)
def test_a_constant_without_a_single_value_is_a_diagnostic(case: str, tmp_path: Path) -> None:
    before, headers = UNKNOWN[case]
    result = scan(tmp_path, before + '\nREGISTER_KERNEL_BUILDER(Name(kOp).Device("CPU"), K);\n', headers)
    assert result.registrations == ()
    line = before.count("\n") + 2
    assert problems(result) == [f"unit.cc:{line}: the value of 'kOp' is not known"]


TYPES: dict[str, tuple[str, Mapping[str, str]]] = {
    "using": ("using Index = int64;\n", {}),
    "typedef": ("typedef tensorflow::int64 Index;\n", {}),
    "typedef of two words": ("typedef long long Index;\n", {}),
    "a chain of aliases": ("typedef long long Long;\nusing Longer = Long;\nusing Index = ns::Longer;\n", {}),
    "a header": (INCLUDE, {H: "namespace n {\nusing Index = int64;\n}\n"}),
    "an enum's type": ("using Index = EnumToDataType<DT_INT64>::Type;\n", {}),
    "typename": ("using Index = typename EnumToDataType<DT_INT64>::Type;\n", {}),
}


@pytest.mark.parametrize("case", TYPES)
def test_a_typedef_names_the_type(case: str, tmp_path: Path) -> None:
    before, headers = TYPES[case]
    source = before + 'REGISTER_KERNEL_BUILDER(Name("A").Device("CPU").TypeConstraint<Index>("T"), Op<Index>);\n'
    assert kernels(tmp_path, source, headers) == ["A@CPU T={DT_INT64}: Op<Index>"]


@pytest.mark.parametrize(
    "before",
    [
        "",
        "class Index;\n",
        "using Index = Index;\n",
        "using Index = int32;\nusing Index = int64;\n",
        "typedef Odd Index;\n",
    ],
)
def test_a_type_without_a_single_meaning_is_a_diagnostic(before: str, tmp_path: Path) -> None:
    source = before + 'REGISTER_KERNEL_BUILDER(Name("A").Device("CPU").TypeConstraint<Index>("T"), K);\n'
    result = scan(tmp_path, source)
    assert result.registrations == ()
    line = before.count("\n") + 1
    assert problems(result) == [f"unit.cc:{line}: 'Index' is no type the scanner knows"]


LISTS: dict[str, tuple[str, Mapping[str, str]]] = {
    "an array": ("constexpr DataType kTypes[] = {DT_HALF, DT_FLOAT};\n", {}),
    "an array of a size": ("static DataType kTypes[2] = {\n  DT_HALF,\n  DT_FLOAT,\n};\n", {}),
    "braces": ("const std::vector<DataType> kTypes{DT_FLOAT, DT_HALF};\n", {}),
    "a header": (INCLUDE, {H: "constexpr std::array<DataType, 2> kTypes = {DT_FLOAT, DT_HALF};\n"}),
}


@pytest.mark.parametrize("case", LISTS)
def test_a_constant_lists_the_types(case: str, tmp_path: Path) -> None:
    before, headers = LISTS[case]
    source = before + 'REGISTER_KERNEL_BUILDER(Name("A").Device("CPU").TypeConstraint("T", kTypes), K);\n'
    assert kernels(tmp_path, source, headers) == ["A@CPU T={DT_FLOAT,DT_HALF}: K"]


def test_a_constant_of_one_type(tmp_path: Path) -> None:
    source = """
const DataType kType = DT_QINT8;
REGISTER_KERNEL_BUILDER(Name("A").Device("CPU").TypeConstraint("T", kType), K);
"""
    assert kernels(tmp_path, source) == ["A@CPU T={DT_QINT8}: K"]


@pytest.mark.parametrize(
    "before", ["const DataType kTypes[] = {DT_FLOAT, DT_ODD};\n", "const DataType kTypes[] = {};\n"]
)
def test_a_list_with_an_unknown_type_is_a_diagnostic(before: str, tmp_path: Path) -> None:
    source = before + 'REGISTER_KERNEL_BUILDER(Name("A").Device("CPU").TypeConstraint("T", kTypes), K);\n'
    result = scan(tmp_path, source)
    assert result.registrations == ()
    assert problems(result) == ["unit.cc:2: the value of 'kTypes' is not known"]


COMPUTED_NAMES = (
    'std::string("Wrong").substr(1)',
    'std::string("Wrong", 3)',
    'static_cast<string>("Wrong" kMore',
    'absl::StrCat("Wrong" kMore)',
    'Found("Wrong")',
    "a.b",
    "kNone + kNone",
    "5",
)


@pytest.mark.parametrize("value", COMPUTED_NAMES)
def test_a_name_that_is_computed_is_said_with_its_place(value: str, tmp_path: Path) -> None:
    """Never a part of it: the kernel would be looked up under a name that is not its own."""
    source = f'const std::string kOp = {value};\nREGISTER_KERNEL_BUILDER(Name(kOp).Device("CPU"), K);\n'
    result = scan(tmp_path, source)
    assert result.registrations == ()
    (problem,) = problems(result)
    assert problem.startswith("unit.cc:2: ")
    assert "kOp" in problem


def test_numbers_in_a_joined_name(tmp_path: Path) -> None:
    source = 'REGISTER_KERNEL_BUILDER(Name(absl::StrCat("Op", 2, "D")).Device("CPU"), K);\n'
    assert kernels(tmp_path, source) == ["Op2D@CPU: K"]
