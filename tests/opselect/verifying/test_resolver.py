"""Registration files of TensorFlow Lite: text in, operators out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel_index.errors import InputError
from opselect.verifying.resolver import ResolvedOperator, is_registration, read_registration

GENERATED = """#include "tensorflow/lite/kernels/builtin_op_kernels.h"
namespace tflite { namespace ops { namespace custom {
// Forward-declarations for the custom ops.
TfLiteRegistration* Register_MY_OP();
} } }
void RegisterSelectedOps(::tflite::MutableOpResolver* resolver) {
  resolver->AddBuiltin(::tflite::BuiltinOperator_ADD, ::tflite::ops::builtin::Register_ADD());
  resolver->AddBuiltin(::tflite::BuiltinOperator_CONV_2D, ::tflite::ops::builtin::Register_CONV_2D(), 1, 3);
  resolver->AddCustom("MyOp", ::tflite::ops::custom::Register_MY_OP(), 2, 2);
}
"""


def test_what_the_generator_writes() -> None:
    resolver = read_registration(GENERATED, "r.cc")
    assert resolver.operators == (
        ResolvedOperator("ADD", False),
        ResolvedOperator("CONV_2D", False, 1, 3),
        ResolvedOperator("MyOp", True, 2, 2),
    )
    found = [resolver.has("CONV_2D", version, is_custom=False) for version in (0, 1, 3, 4)]
    assert found == [False, True, True, False]
    assert resolver.has("MyOp", 2, is_custom=True)
    assert not resolver.has("MyOp", 1, is_custom=True)
    assert not resolver.has("ADD", 1, is_custom=True)


@pytest.mark.parametrize(
    ("call", "operator"),
    [
        ("r.AddBuiltin(tflite::BuiltinOperator_ADD, Register_ADD());", ResolvedOperator("ADD", False)),
        ("AddBuiltin(BuiltinOperator_ADD, &add_registration, 4)", ResolvedOperator("ADD", False, 4, 4)),
        (
            "AddBuiltin(tflite::BuiltinOperator::ADD,\n  Register_ADD(),\n  1,\n  2)",
            ResolvedOperator("ADD", False, 1, 2),
        ),
        ('AddCustom("a // b", Register_X()) // AddCustom("c", Y())', ResolvedOperator("a // b", True)),
        ('/* AddCustom("c", Y()) */ AddCustom("d", Y(), /* low */ 1, 5)', ResolvedOperator("d", True, 1, 5)),
        (r'AddCustom("it\'s \"M\303\257ne\"\\", X())', ResolvedOperator('it\'s "M\u00efne"\\', True)),
    ],
)
def test_calls_by_hand(call: str, operator: ResolvedOperator) -> None:
    assert read_registration(call, "r.cc").operators == (operator,)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("int main() {}", "r.cc: registers no operators"),
        (
            '\nresolver->AddAll(tflite::ops::builtin::BuiltinOpResolver());\nAddCustom("a", X());',
            "r.cc:2: which operators AddAll",
        ),
        ("AddBuiltin(op, registration);", "which operators AddBuiltin adds cannot be told"),
        ("AddCustom(kName, X());", "which operators AddCustom adds cannot be told"),
        (r'AddCustom("\777", X());', "which operators AddCustom adds cannot be told"),
        ("AddBuiltin(BuiltinOperator_ADD, Register_ADD(), kLow, 3);", "which operators AddBuiltin adds cannot be told"),
    ],
)
def test_what_cannot_be_told_is_an_error(text: str, said: str) -> None:
    with pytest.raises(InputError) as raised:
        read_registration(text, "r.cc")
    assert said in str(raised.value)


OPERATORS = st.builds(
    ResolvedOperator,
    st.from_regex(r"[A-Z][A-Z0-9_]{0,8}", fullmatch=True),
    st.booleans(),
    st.integers(1, 9),
    st.integers(1, 9),
)


@given(st.lists(OPERATORS, min_size=1), st.sampled_from(["", " ", "\n  ", "/* x */"]))
def test_any_operators_come_back(operators: list[ResolvedOperator], blank: str) -> None:
    def call(each: ResolvedOperator) -> str:
        name = f'"{each.name}"' if each.is_custom else f"tflite::BuiltinOperator_{each.name}"
        what = "AddCustom" if each.is_custom else "AddBuiltin"
        return f"r->{what}({blank}{name},{blank}Register_X(),{blank}{each.low},{blank}{each.high}{blank});"

    text = "\n".join(map(call, operators))
    assert read_registration(text, "r.cc").operators == tuple(operators)


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    for each in (text, f"AddBuiltin({text}", f'AddCustom("{text}'):
        try:
            resolver = read_registration(each, "r.cc")
        except InputError:
            continue
        assert is_registration(each)
        assert all(operator.name for operator in resolver.operators if not operator.is_custom)
