from __future__ import annotations

from pathlib import Path

import pytest

from kernel_index.datatypes import DataType
from kernel_index.records import ArgDefinition
from tests.kernel_index.scan.trees import kernels, op, problems, scan


def kernel(calls: str, created: str = '"A", "CPU", &Create, &Compute, &Delete') -> str:
    """A function that registers one kernel."""
    return f"""
void Register() {{
  auto* b = TF_NewKernelBuilder({created});
  {calls}
  TF_RegisterKernelBuilder("KernelOfA", b, status);
}}
"""


CALLS = {
    "": "A@CPU: KernelOfA",
    'TF_KernelBuilder_TypeConstraint(b, "T", TF_FLOAT, s);': "A@CPU T={DT_FLOAT}: KernelOfA",
    'TF_KernelBuilder_TypeConstraint(b, "T", static_cast<TF_DataType>(DataTypeToEnum<std::complex<float>>::v()), s);': (
        "A@CPU T={DT_COMPLEX64}: KernelOfA"
    ),
    'TF_KernelBuilder_TypeConstraint(b, "U", TF_HALF, s); TF_KernelBuilder_TypeConstraint(b, "T", TF_INT64, s);': (
        "A@CPU T={DT_INT64} U={DT_HALF}: KernelOfA"
    ),
    'TF_KernelBuilder_HostMemory(b, "x"); TF_KernelBuilder_HostMemory(b, "y");': "A@CPU host=x,y: KernelOfA",
    'TF_KernelBuilder_Priority(b, 3); TF_KernelBuilder_Label(b, "fast");': "A@CPU label=fast priority=3: KernelOfA",
}


@pytest.mark.parametrize("calls", CALLS)
def test_kernel(calls: str, tmp_path: Path) -> None:
    assert kernels(tmp_path, kernel(calls)) == [CALLS[calls]]


def test_the_place_is_where_the_builder_is_made(tmp_path: Path) -> None:
    (record,) = scan(tmp_path, kernel("")).registrations
    assert record.location.line == 3


TEMPLATE = """
using Long = long long;

template <typename T>
void Register(TF_Status* status) {
  auto* b = TF_NewKernelBuilder(kOp, DEVICE_CPU, &Create<T>, &Compute<T>, &Delete);
  TF_KernelBuilder_TypeConstraint(b, "T", static_cast<TF_DataType>(DataTypeToEnum<T>::v()), status);
  TF_RegisterKernelBuilder("KernelOfA", b, status);
}

void Plain() {
  auto* b = TF_NewKernelBuilder(kOp, "GPU", &Create, &Compute, &Delete);
  TF_RegisterKernelBuilder("Other", b, status);
}

static bool done = []() {
  Register<float>();
  Register<Long>();
  return true;
}();
constexpr char kOp[] = "A";
const char* const DEVICE_CPU = "CPU";
"""


def test_a_template_registers_a_kernel_for_every_type_it_is_called_with(tmp_path: Path) -> None:
    assert kernels(tmp_path, TEMPLATE) == [
        "A@CPU T={DT_FLOAT}: KernelOfA",
        "A@CPU T={DT_INT64}: KernelOfA",
        "A@GPU: Other",
    ]


def test_declarations_and_unfinished_groups_register_nothing(tmp_path: Path) -> None:
    source = """
TF_KernelBuilder* TF_NewKernelBuilder(const char* op_name, const char* device_name, void* (*create)(void*));
void TF_RegisterKernelBuilder(const char* name, TF_KernelBuilder* builder, TF_Status* status);
void f() { auto* b = TF_NewKernelBuilder("A", "CPU"); }
"""
    assert kernels(tmp_path, source) == []


NOT_EVALUATED = {
    kernel("TF_KernelBuilder_Priority(b, kHigh);"): "the value of 'kHigh' is not known",
    kernel("TF_KernelBuilder_Priority(b);"): "'' is no number",
    kernel("TF_KernelBuilder_HostMemory(b, Name(1));"): "the value of 'Name(1)' is not known",
    kernel(
        'TF_KernelBuilder_TypeConstraint(b, "T");'
    ): "a call of TF_KernelBuilder_TypeConstraint has too few arguments",
    kernel('TF_KernelBuilder_TypeConstraint(b, "T", TF_ODD, s);'): "the type constraint 'TF_ODD' is not known",
    kernel('TF_KernelBuilder_TypeConstraint(b, "T", DataTypeToEnum<T>::v(), s);'): (
        "the type constraint 'DataTypeToEnum<T>::v()' is not known"
    ),
    kernel("", '"A"'): "the value of '' is not known",
    kernel("", 'kOdd, "CPU"'): "the value of 'kOdd' is not known",
}


@pytest.mark.parametrize("source", NOT_EVALUATED)
def test_what_cannot_be_evaluated_is_a_diagnostic(source: str, tmp_path: Path) -> None:
    result = scan(tmp_path, source)
    assert result.registrations == ()
    assert problems(result) == [f"unit.cc:3: {NOT_EVALUATED[source]}"]


def test_an_op_definition(tmp_path: Path) -> None:
    source = """
void RegisterOp() {
  TF_OpDefinitionBuilder* b = TF_NewOpDefinitionBuilder("Bitcast");
  TF_OpDefinitionBuilderAddInput(b, "input: T");
  TF_OpDefinitionBuilderAddOutput(b, "output: type");
  TF_OpDefinitionBuilderAddAttr(b, "T: {float, half}");
  TF_OpDefinitionBuilderAddAttr(b, "type: type = DT_HALF");
  TF_OpDefinitionBuilderSetIsStateful(b, true);
  TF_RegisterOpDefinition(b, status);
}
"""
    found = op(tmp_path, source)
    assert (found.name, found.location.line, found.stateful) == ("Bitcast", 3, True)
    assert found.inputs == (ArgDefinition("input", "T"),)
    assert found.outputs == (ArgDefinition("output", "type"),)
    attr = found.attr("T")
    assert attr is not None
    assert attr.allowed == (DataType.DT_FLOAT, DataType.DT_HALF)
