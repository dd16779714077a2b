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
