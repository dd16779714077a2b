"""Which operators count, and in which opset."""

from __future__ import annotations

from pathlib import Path

import pytest
from onnx import AttributeProto, ModelProto, helper, parser

from kernel_index.errors import InputError
from tests.opselect.onnx_models import onnx_model
from tests.opselect.onnxruntime.needs import needs_of, operators_of

CALL = """
    <ir_version: 8, opset_import: ["": 14, "my": 1]>
    calls (float[2] x) => (y) { y = my.F (x) }
"""


def test_operators_stand_under_the_last_opset_that_a_model_imports(tmp_path: Path) -> None:
    text = '<ir_version: 8, opset_import: ["": 11, "ai.onnx": 14]> g (float[2] x) => (y) { y = Relu (x) }'
    model = onnx_model(text)
    model.graph.node.add(op_type="Neg", domain="ai.onnx", input=["x"], output=["z"])
    assert operators_of(tmp_path, model) == {"ai.onnx;14": ["Neg", "Relu"]}


def test_models_of_several_opsets(tmp_path: Path) -> None:
    first = '<ir_version: 8, opset_import: ["": 11]> g (float[2] x) => (y) { y = Relu (x) }'
    second = '<ir_version: 8, opset_import: ["": 9, "ai.onnx.ml": 2]> g (float[2] x) => (y) { y = Neg (x) }'
    assert operators_of(tmp_path, first, second) == {"ai.onnx;11": ["Relu"], "ai.onnx;9": ["Neg"]}


def test_graphs_in_lists_of_graphs(tmp_path: Path) -> None:
    model = onnx_model('<ir_version: 8, opset_import: ["": 14, "my": 1]> g (float[2] x) => (y) { y = my.Many (x) }')
    body = onnx_model('<ir_version: 8, opset_import: ["": 14]> b (float[2] i) => (o) { o = Sin (i) }').graph
    model.graph.node[0].attribute.add(name="bodies", type=AttributeProto.GRAPHS).graphs.extend([body, body])
    assert operators_of(tmp_path, model) == {"ai.onnx;14": ["Sin"], "my;1": ["Many"]}


def test_bodies_of_functions_are_looked_up_in_the_opset_of_the_model(tmp_path: Path) -> None:
    function = '<domain: "my", opset_import: ["": 11]> F (a) => (b) { b = Softmax (a) }'
    needs = needs_of(tmp_path, CALL + function)
    assert needs.required().operators == {("ai.onnx", 14): frozenset({"Softmax"})}
    assert needs.warnings == ()


def test_a_domain_that_only_a_function_imports(tmp_path: Path) -> None:
    function = '<domain: "my", opset_import: ["ai.onnx.ml": 1]> F (a) => (b) { b = ai.onnx.ml.Binarizer (a) }'
    needs = needs_of(tmp_path, CALL + function)
    assert needs.required().operators == {("ai.onnx.ml", 1): frozenset({"Binarizer"})}
    (warning,) = needs.warnings
    assert "ai.onnx.ml are listed for opset 1" in warning
    assert "import ai.onnx.ml in the model" in warning


def test_functions_that_are_not_called_do_not_count(tmp_path: Path) -> None:
    text = '<ir_version: 8, opset_import: ["": 14, "my": 1]> g (float[2] x) => (y) { y = Relu (x) }'
    function = '<domain: "my", opset_import: ["": 14]> F (a) => (b) { b = others.G (a) }'
    assert operators_of(tmp_path, text + function) == {"ai.onnx;14": ["Relu"]}


def test_a_function_named_as_an_operator_of_the_runtime(tmp_path: Path) -> None:
    """ONNX Runtime runs its own kernel where it has one."""
    text = '<ir_version: 8, opset_import: ["": 14]> g (float[2] x) => (y) { y = Relu (x) }'
    function = '<domain: "", opset_import: ["": 14]> Relu (a) => (b) { b = Neg (a) }'
    assert operators_of(tmp_path, text + function) == {"ai.onnx;14": ["Neg", "Relu"]}


def overloaded(called: str) -> ModelProto:
    model = onnx_model(CALL)
    model.ir_version = 10
    for overload, op in (("one", "Neg"), ("two", "Abs")):
        body = parser.parse_function(f'<domain: "my", opset_import: ["": 14]> F (a) => (b) {{ b = {op} (a) }}')
        body.overload = overload
        model.functions.append(body)
    model.graph.node[0].overload = called
    return model


def test_overloads_are_functions_of_their_own(tmp_path: Path) -> None:
    assert operators_of(tmp_path, overloaded("two")) == {"ai.onnx;14": ["Abs"]}
    assert operators_of(tmp_path, overloaded("three")) == {"my;1": ["F"]}


def test_a_graph_of_a_call_counts_where_the_function_runs_it(tmp_path: Path) -> None:
    text = """
        <ir_version: 8, opset_import: ["": 14, "my": 1]>
        g (bool c, float[2] x) => (y) { y = my.F <body = b () => (t) { t = Sin (x) }> (c) }
        <domain: "my", opset_import: ["": 14]>
        F <body> (c) => (r) { r = If <then_branch: graph = @body, else_branch: graph = @body> (c) }
    """
    assert operators_of(tmp_path, text) == {"ai.onnx;14": ["If", "Sin"]}
    unused = '<domain: "my", opset_import: ["": 14]> F <body> (c) => (r) { r = Not (c) }'
    assert operators_of(tmp_path, text[: text.index("<domain")] + unused) == {"ai.onnx;14": ["Not"]}


def test_graphs_for_training_are_no_part_of_what_runs(tmp_path: Path) -> None:
    model = onnx_model('<ir_version: 8, opset_import: ["": 14]> g (float[2] x) => (y) { y = Relu (x) }')
    model.training_info.add().algorithm.node.append(helper.make_node("Momentum", ["x"], ["z"], domain="unknown"))
    assert operators_of(tmp_path, model) == {"ai.onnx;14": ["Relu"]}


FUNCTION = '<domain: "my", opset_import: ["my": 1]>'


@pytest.mark.parametrize(
    ("imports", "functions", "problem"),
    [
        ('"": 14', (), "node 0 (F) of the model is of the domain 'my', which the model does not import"),
        (
            '"my": 1, "": 14',
            (FUNCTION + "F (a) => (b) { b = Neg (a) }",),
            "node 0 (Neg) of the function 'my:F' is of the domain 'ai.onnx', which the function 'my:F' does not import",
        ),
        (
            '"my": 1',
            (FUNCTION + "F (a) => (b) { b = my.G (a) }", FUNCTION + "G (a) => (b) { b = my.F (a) }"),
            "the function 'my:F' calls itself",
        ),
        (
            '"my": 1',
            ('<domain: "my", opset_import: ["": 0]> F (a) => (b) { b = Neg (a) }',),
            "the function 'my:F' imports opset 0 of 'ai.onnx'",
        ),
    ],
)
def test_what_no_runtime_runs_is_an_error(
    imports: str, functions: tuple[str, ...], problem: str, tmp_path: Path
) -> None:
    head = f"<ir_version: 8, opset_import: [{imports}]> g (float[2] x) => (y) {{ y = my.F (x) }}"
    with pytest.raises(InputError) as raised:
        needs_of(tmp_path, head + "".join(functions))
    assert problem in str(raised.value)
    assert raised.value.place.path.endswith("a.onnx")


@pytest.mark.parametrize("name", ["", "A,B", "A;B", 'A{"inputs"', "A}", "A B", "A\n!x", "\u00c4", "#A", "!A", "A\x7f"])
@pytest.mark.parametrize("where", ["op_type", "domain"])
def test_names_that_no_configuration_can_have(name: str, where: str, tmp_path: Path) -> None:
    model = onnx_model('<ir_version: 8, opset_import: ["": 14, "my": 1]> g (float[2] x) => (y) { y = my.F (x) }')
    setattr(model.graph.node[0], where, name)
    if where == "domain":
        model.opset_import.add(domain=name, version=1)
        if not name:  # that is ONNX itself
            assert operators_of(tmp_path, model) == {"ai.onnx;1": ["F"]}
            return
    with pytest.raises(InputError, match="that no configuration can have"):
        needs_of(tmp_path, model)


def test_functions_are_followed_once_for_each_way_they_are_called(tmp_path: Path) -> None:
    """Fifty functions that each call the next one twice: followed call by call they would never end."""
    text = '<ir_version: 8, opset_import: ["": 14, "my": 1]> g (float[2] x) => (y) { y = my.F0 (x) }'
    for number in range(50):
        text += (
            f'<domain: "my", opset_import: ["": 14, "my": 1]> F{number} (a) => (b) '
            f"{{ c = my.F{number + 1} (a) b = my.F{number + 1} (c) }}"
        )
    text += '<domain: "my", opset_import: ["": 14]> F50 (a) => (b) { b = Neg (a) }'
    assert operators_of(tmp_path, text) == {"ai.onnx;14": ["Neg"]}


def test_functions_that_are_called_in_endlessly_many_ways(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("opselect.onnxruntime.node_uses.MAX_FOLLOWED", 6)
    calls = " ".join(f"y{number} = my.F <a = {number}> (x) z{number} = Abs (x)" for number in range(3))
    text = '<ir_version: 8, opset_import: ["": 14, "my": 1]> g (float[2] x) => (y0) {{ {} }}'
    function = '<domain: "my", opset_import: ["": 14]> F <a> (x) => (y) { z = Neg (x) y = Neg (z) }'
    needs_of(tmp_path, text.format(calls) + function)
    with pytest.raises(InputError, match="its functions become more than 6 operators where they are called"):
        needs_of(tmp_path, text.format(calls + " y3 = my.F <a = 3> (x)") + function)


def test_functions_that_call_each_other_in_endlessly_many_ways(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of fifty functions calls the next one twice, and each time with an attribute more."""
    monkeypatch.setattr("opselect.onnxruntime.node_uses.MAX_FOLLOWED", 1_000)
    text = '<ir_version: 8, opset_import: ["": 14, "my": 1]> g (float[2] x) => (y) { y = my.F0 (x) }'
    for number in range(50):
        names = [f"k{each}" for each in range(number)]
        given = [f"{name}: int = @{name}" for name in names]
        calls = (f"my.F{number + 1} <{', '.join([*given, f'k{number}: int = {each}'])}> (a)" for each in (0, 1))
        declared = f"<{', '.join(names)}>" if names else ""
        text += (
            f'<domain: "my", opset_import: ["": 14, "my": 1]> F{number} {declared} (a) => (d) '
            f"{{ b = {next(calls)} c = {next(calls)} d = Add (b, c) }}"
        )
    text += '<domain: "my", opset_import: ["": 14]> F50 (a) => (b) { b = Neg (a) }'
    with pytest.raises(InputError, match="more than 1,000 operators"):
        needs_of(tmp_path, text)
