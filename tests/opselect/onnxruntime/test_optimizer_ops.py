"""Operators that a model is required to have → those that ONNX Runtime may add when it loads it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel_index.errors import InputError
from opselect.onnxruntime.merging import merged
from opselect.onnxruntime.operators import RequiredOperators, TypeEntry
from opselect.onnxruntime.optimizer_ops import AddedOperator, added_operators, added_to_any, with_added
from opselect.onnxruntime.optimizer_rules import function_bodies, optimizer_rules, parse_bodies, parse_rules
from tests.opselect.onnxruntime.optimizers_page import PAGE, page

FLOATS = frozenset({"float", "int64_t"})
NAMES = sorted(
    {operator for rule in optimizer_rules() for alternatives in rule.needs for operator in alternatives}
    | {("ai.onnx", name) for name in function_bodies().by_operator}
)


def model(*operators: str, opset: int = 17, types: dict[tuple[str, str], TypeEntry] | None = None) -> RequiredOperators:
    """What a model of an opset needs; operators of other domains have theirs in front."""
    found: dict[tuple[str, int], frozenset[str]] = {}
    for each in operators:
        domain, _, name = each.rpartition(":")
        key = (domain, 1) if domain else ("ai.onnx", opset)
        found[key] = found.get(key, frozenset()) | {name}
    return RequiredOperators(found, types or {})


def added(required: RequiredOperators, types: frozenset[str] | None = FLOATS) -> dict[str, AddedOperator]:
    """The operators that are added, by their names with the domain and the opset."""
    return {f"{each.domain};{each.opset};{each.name}": each for each in added_operators(required, types)}


def test_a_convolution_and_its_activation_become_one_operator_and_change_their_layout() -> None:
    found = added(model("Conv", "Relu"))
    fused = found["com.microsoft;1;FusedConv"]
    assert fused.optimizer == "ConvActivationFusion"
    assert fused.level == "extended"
    assert fused.because == ("Conv", "Relu")
    assert found["com.microsoft.nchwc;1;Conv"].level == "layout"
    assert found["com.microsoft;1;NhwcFusedConv"].optimizer == "NhwcTransformer"


@pytest.mark.parametrize("domain", ["", "com.microsoft:"])
def test_weights_beside_quantised_inputs_are_quantised_by_operators_of_onnx(domain: str) -> None:
    found = added(model(f"{domain}DequantizeLinear", "Gemm"))
    assert found["ai.onnx;17;QuantizeLinear"].optimizer == "WeightBiasQuantization"
    assert ("ai.onnx;17;DequantizeLinear" in found) is bool(domain)


def test_nothing_is_added_for_operators_that_no_optimiser_touches() -> None:
    assert added(model("NonMaxSuppression", "ai.onnx.ml:TreeEnsembleClassifier")) == {}


def test_all_needs_of_a_rule_must_be_there() -> None:
    assert "com.microsoft;1;FusedConv" not in added(model("Relu", "Gemm"))
    assert "com.microsoft;1;FusedGemm" in added(model("Relu", "Gemm"))


def test_what_is_added_may_be_fused_again() -> None:
    """MatMulIntegerToFloat comes of three operators, and only it is fused with the quantisation of its input."""
    found = added(model("DynamicQuantizeLinear", "MatMulInteger", "Cast", "Mul"))
    assert found["com.microsoft;1;DynamicQuantizeMatMul"].because == (
        "DynamicQuantizeLinear",
        "com.microsoft:MatMulIntegerToFloat",
    )


def test_operators_of_onnx_are_added_under_the_opsets_of_the_model() -> None:
    found = added(RequiredOperators({("ai.onnx", 11): frozenset({"MatMul"}), ("ai.onnx", 20): frozenset({"Add"})}))
    assert {"ai.onnx;11;Gemm", "ai.onnx;20;Gemm"} <= found.keys()


def test_an_operator_is_not_added_to_opsets_that_do_not_have_it() -> None:
    parts = ("Erf", "Mul", "Add", "Div")
    assert "ai.onnx;19;Gelu" not in added(model(*parts, opset=19))
    assert "com.microsoft;1;Gelu" in added(model(*parts, opset=19))
    assert "ai.onnx;20;Gelu" in added(model(*parts, opset=20))


def test_an_operator_without_a_kernel_is_replaced_by_its_function_in_the_opsets_that_it_has_one_of() -> None:
    found = added(model("HardSwish", opset=14))
    assert found["ai.onnx;14;HardSigmoid"].because == ("HardSwish",)
    assert found["ai.onnx;14;HardSigmoid"].level == "always"
    assert "ai.onnx;18;Max" in added(model("HardSwish", opset=18))
    assert "ai.onnx;19;Max" not in added(model("HardSwish", opset=19))


def test_an_operator_that_is_added_may_be_replaced_by_its_function() -> None:
    parts = model("Erf", "Mul", "Add", "Div", opset=20)
    assert "ai.onnx;20;Sum" not in added(parts)
    assert added(parts, frozenset({"MLFloat16"}))["ai.onnx;20;Sum"].because == ("Gelu",)


def test_operators_of_another_layout_have_the_versions_of_those_of_onnx() -> None:
    found = added(model("MaxPool", opset=12), frozenset({"MLFloat16"}))
    assert found["com.ms.internal.nhwc;12;MaxPool"].because == ("MaxPool",)


def test_newer_opsets_than_are_known_are_taken_as_the_newest() -> None:
    assert f"ai.onnx;{function_bodies().newest + 1};HardSigmoid" in added(
        model("HardSwish", opset=function_bodies().newest + 1)
    )


def test_a_function_is_used_for_the_types_that_have_no_kernel() -> None:
    assert "ai.onnx;17;ReduceMax" not in added(model("Softmax"))
    assert "ai.onnx;17;ReduceMax" in added(model("Softmax"), FLOATS | {"MLFloat16"})
    assert "ai.onnx;17;ReduceMax" in added(model("Softmax"), None), "nobody knows the types, so it may be"


def test_the_type_entry_of_an_operator_is_more_exact_than_the_types_of_the_model() -> None:
    entry = {("ai.onnx", "Softmax"): TypeEntry(inputs={0: frozenset({"float"})})}
    both = FLOATS | {"MLFloat16"}
    assert "ai.onnx;17;ReduceMax" not in added(model("Softmax", types=entry), both)
    entry = {("ai.onnx", "Softmax"): TypeEntry(inputs={0: both})}
    assert "ai.onnx;17;ReduceMax" in added(model("Softmax", types=entry), FLOATS)


def test_a_type_entry_that_no_longer_holds_says_nothing_of_functions() -> None:
    entry = {("ai.onnx", "DepthToSpace"): TypeEntry(inputs={0: frozenset({"float"})})}
    assert "ai.onnx;28;Concat" not in added(model("DepthToSpace", opset=28, types=entry))
    quantized = model("DepthToSpace", "QuantizeLinear", "DequantizeLinear", opset=28, types=entry)
    assert "ai.onnx;28;Concat" in added(quantized)


def test_models_with_float16_are_cast() -> None:
    assert added(model("Elu")) == {}
    cast = added(model("Elu"), frozenset({"MLFloat16"}))["ai.onnx;17;Cast"]
    assert (cast.optimizer, cast.level, cast.because) == ("CastFloat16Transformer", "always", ("MLFloat16",))


def test_a_model_of_other_domains_alone_has_an_opset_that_nobody_knows() -> None:
    found = added(model("com.microsoft:QLinearConv"))
    assert {f"ai.onnx;{opset};Transpose" for opset in range(7, function_bodies().newest + 1)} <= found.keys()


def test_a_build_of_all_operators_has_those_that_are_added() -> None:
    assert added_operators(RequiredOperators({}, all_operators=True)) == ()


def test_what_is_added_is_required_with_all_types() -> None:
    narrow = TypeEntry(inputs={0: frozenset({"float"})})
    required = model(
        "QuantizeLinear",
        "DequantizeLinear",
        "Gather",
        "Elu",
        types={("ai.onnx", op): narrow for op in ("Gather", "Elu")},
    )
    found = added_operators(required, FLOATS)
    widened = with_added(required, found)
    assert "Gather" in {each.name for each in found}, "on quantised values, once the operators around it are gone"
    assert widened.types == {("ai.onnx", "Elu"): narrow}
    assert "Identity" in widened.operators["ai.onnx", 17]
    assert "Gather" not in {each.name for each in added_operators(widened, FLOATS)}


def test_operators_on_float16_are_needed_on_float_too() -> None:
    half = frozenset({"MLFloat16"})
    required = model(
        "Elu",
        types={
            ("ai.onnx", "Elu"): TypeEntry(inputs={0: half}, outputs={0: frozenset({"double"})}),
            ("ai.onnx", "OneHot"): TypeEntry(custom=frozenset({("int64_t", "MLFloat16", "int64_t")})),
        },
    )
    types = with_added(required, ()).types
    assert types["ai.onnx", "Elu"] == TypeEntry(inputs={0: half | {"float"}}, outputs={0: frozenset({"double"})})
    assert types["ai.onnx", "OneHot"].custom == {
        ("int64_t", "MLFloat16", "int64_t"),
        ("int64_t", "float", "int64_t"),
    }


def test_types_that_are_allowed_everywhere_are_widened_for_what_is_added() -> None:
    required = RequiredOperators(
        {("ai.onnx", 17): frozenset({"Gather", "Elu"})}, allowed_types=frozenset({"MLFloat16"})
    )
    assert with_added(required, ()).allowed_types == frozenset({"MLFloat16", "float"})
    found = added_operators(required, frozenset({"MLFloat16"}))
    assert with_added(required, found).allowed_types == frozenset({"MLFloat16", "float", "int32_t", "int64_t"})


@given(st.sets(st.sampled_from(NAMES), max_size=8), st.sets(st.sampled_from(NAMES), max_size=3), st.integers(7, 26))
def test_more_operators_have_no_fewer_added_and_what_is_added_adds_no_more(
    some: set[tuple[str, str]], more: set[tuple[str, str]], opset: int
) -> None:
    def required(operators: set[tuple[str, str]]) -> RequiredOperators:
        return model(
            *(name if domain == "ai.onnx" else f"{domain}:{name}" for domain, name in operators), "Elu", opset=opset
        )

    few, many = (with_added(each, added_operators(each)) for each in (required(some), required(some | more)))
    for key, names in few.operators.items():
        assert names <= many.operators[key]
    assert added_operators(few) == ()


def test_a_rule_is_a_line() -> None:
    (rule,) = parse_rules("# one\n\nF; basic; A|x.y:B C types:float|int8_t; D@12 x.y:E\n", "rules")
    assert rule.optimizer == "F"
    assert rule.needs == ((("ai.onnx", "A"), ("x.y", "B")), (("ai.onnx", "C"),))
    assert rule.types == {"float", "int8_t"}
    assert [(each.operator, each.since) for each in rule.adds] == [(("ai.onnx", "D"), 12), (("x.y", "E"), 1)]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("F; basic; A", "a row has 4 cells"),
        ("F; basic; A;", "a row has 4 cells"),
        ("F; highest; A; B", "there is no level 'highest'"),
        ("F; basic; A; B@new", "'new' is no opset"),
    ],
)
def test_a_damaged_rule_is_an_error_at_its_line(line: str, problem: str) -> None:
    with pytest.raises(InputError, match=problem) as caught:
        parse_rules(f"F; basic; A; B\n{line}\n", "rules")
    assert "rules:2" in str(caught.value)


@pytest.mark.parametrize(("line", "problem"), [("A;1;2;*", "a row has 5 cells"), ("A;one;2;*;B", "opsets are numbers")])
def test_a_damaged_body_is_an_error_at_its_line(line: str, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        parse_bodies(line, "bodies")


def test_the_page_has_the_tables_as_they_are() -> None:
    assert PAGE.read_text() == page()


def test_inputs_are_loaded_one_by_one() -> None:
    """The opsets of one say nothing of another, and operators of two are not fused."""
    of_onnx = RequiredOperators({("ai.onnx", 17): frozenset({"MatMul", "Cast"})})
    of_microsoft = RequiredOperators({("com.microsoft", 1): frozenset({"Gelu"})})
    parts = [of_onnx, of_microsoft]
    together = merged(parts)
    found = added_to_any([(each, None) for each in parts], together)
    told = {(each.domain, each.opset, each.name) for each in found}
    by_itself = {(each.domain, each.opset, each.name) for each in added_operators(of_microsoft)}
    assert ("ai.onnx", 12, "Erf") in by_itself
    assert by_itself - told == {("ai.onnx", 17, "Cast")}
    assert {each[1] for each in told if each[2] == "Erf"} > {7, 17}


def test_types_that_no_longer_hold_are_told_though_another_input_names_the_operator() -> None:
    few = RequiredOperators({("ai.onnx", 17): frozenset({"Cast"})}, {("ai.onnx", "Cast"): TypeEntry({0: FLOATS})})
    found = added_to_any([(few, {"MLFloat16"}), (few, FLOATS)], few)
    assert [each.name for each in found] == ["Cast"]
    assert with_added(few, found).types == {}
    assert added_to_any([(few, None)], RequiredOperators({}, all_operators=True)) == ()
