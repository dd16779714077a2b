"""``.tflite`` files in, models out."""

from __future__ import annotations

import doctest
import pickle
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fixtures.models import make_tflite
from kernel_index.datatypes import DataType
from kernel_index.errors import InputError
from opselect.models.formats.tflite import is_tflite, read_flex_graph, read_tflite
from opselect.models.graph import FunctionRef, TensorRef, check_graph, expand_functions
from opselect.models.graph.tflite import (
    OperatorCode,
    OperatorCount,
    StoredBuffer,
    TfliteModel,
    TfliteSubgraph,
    TfliteTensor,
    flex_graph,
)
from opselect.models.storage import open_file
from opselect.requirements.collect import collect_requirements
from tests.opselect.graph_text import node
from tests.opselect.tflite_files import (
    BUILTIN,
    TYPE,
    Code,
    Op,
    Signature,
    Subgraph,
    Tensor,
    flex,
    flex_options,
    model_of,
    tflite_bytes,
)

ROOT = Path(__file__).parents[4]
MODELS = ROOT / "fixtures" / "models"
CONVERTED = sorted(MODELS.glob("converted_*.tflite"))


def model_at(path: Path) -> TfliteModel:
    with open_file(str(path)) as file:
        return read_tflite(file)


def analyzer_lines(model: TfliteModel) -> Iterator[str]:
    """A model in the words of ``tf.lite.experimental.Analyzer``, without the values of constants."""
    for number, subgraph in enumerate(model.subgraphs):
        names = [f"T#{number}_{index}" if number else f"T#{index}" for index in range(len(subgraph.tensors))]

        def places(tensors: tuple[TfliteTensor, ...], subgraph: TfliteSubgraph, names: list[str]) -> str:
            return ", ".join(names[next(i for i, t in enumerate(subgraph.tensors) if t is end)] for end in tensors)

        ends = places(subgraph.inputs, subgraph, names), places(subgraph.outputs, subgraph, names)
        yield f"Subgraph#{number} {subgraph.name}({ends[0]}) -> [{ends[1]}]"
        for index, operator in enumerate(subgraph.operators):
            inputs = [names[tensor] if tensor >= 0 else "T#-1" for tensor in operator.inputs]
            roles = {"IF": ("Then: ", "Else: "), "WHILE": ("Cond: ", "Body: ")}.get(operator.name, ("",))
            inputs += [f"{role}Subgraph#{called}" for role, called in zip(roles, operator.subgraphs, strict=False)]
            outputs = ", ".join(names[tensor] for tensor in operator.outputs)
            yield f"  Op#{index} {operator.name}({', '.join(inputs)}) -> [{outputs}]"
        yield f"Tensors of Subgraph#{number}"
        for name, tensor in zip(names, subgraph.tensors, strict=True):
            shape = f"shape:{list(tensor.shape)}"
            if tensor.shape_signature is not None:
                shape = f"shape_signature:{list(tensor.shape_signature)}"
            size = model.buffers[tensor.buffer].size
            constant = f" RO {size} bytes, buffer: {tensor.buffer}" if size else ""
            yield f"  {name}({tensor.name}) {shape}, type:{tensor.type}{constant}"
    for number, signature in enumerate(model.signatures):
        subgraph = model.subgraphs[signature.subgraph]
        yield f"Signature#{number} key: '{signature.name}'"
        yield f"- Subgraph: Subgraph#{signature.subgraph}"
        for title, arguments in (("Inputs", signature.inputs), ("Outputs", signature.outputs)):
            yield f"- {title}:"
            for argument, tensor in arguments.items():
                index = next(i for i, other in enumerate(subgraph.tensors) if other is tensor)
                prefix = f"{signature.subgraph}_" if signature.subgraph else ""
                yield f"    '{argument}' : T#{prefix}{index}"


def printed_lines(text: str) -> list[str]:
    """What the Analyzer printed, without the values of constants, which it shows in part."""
    text = re.sub(r"(T#-?\d+(?:_\d+)?)\[[^\]]*\]", r"\1", text)
    text = re.sub(r", data:.*", "", text)
    skipped = ("-----", "Your TFLite model")
    return [line for line in text.splitlines() if line.strip() and not line.startswith(skipped)]


@pytest.mark.parametrize("path", CONVERTED, ids=lambda path: path.stem)
def test_real_models_hold_what_tensorflow_says_of_them(path: Path) -> None:
    said = printed_lines(path.with_name(f"{path.stem}.analyzer.txt").read_text(encoding="utf-8"))
    assert list(analyzer_lines(model_at(path))) == said
    assert len(said) > 30


def test_fixtures_are_what_their_script_makes() -> None:
    assert (MODELS / "flex_ops.tflite").read_bytes() == make_tflite.flex_ops()
    assert (MODELS / "flex_while.tflite").read_bytes() == make_tflite.flex_while()
    assert (MODELS.parent / "findings" / "micro_fft.tflite").read_bytes() == make_tflite.micro_fft()
    assert (MODELS / "edited.tflite").read_bytes() == make_tflite.edited()


def test_operators_have_versions_and_are_counted() -> None:
    model = model_at(MODELS / "flex_ops.tflite")
    assert model.operator_counts == (
        OperatorCount("ADD", 1, False, 1),
        OperatorCount("CONV_2D", 3, False, 1),
        OperatorCount("DEQUANTIZE", 2, False, 1),
        OperatorCount("BlendEdges", 2, True, 1),
        OperatorCount("FlexAsString", 1, True, 1),
        OperatorCount("FlexErf", 1, True, 2),
        OperatorCount("FlexMatrixDeterminant", 1, True, 1),
    )


def test_the_frame_of_a_model() -> None:
    model = model_at(MODELS / "flex_ops.tflite")
    assert (model.version, model.description, model.metadata) == (3, "made by hand", ("min_runtime_version",))
    (main,) = model.subgraphs
    assert main.name == "main"
    assert main.inputs == (TfliteTensor("image", "INT8", (1, 8, 8, 1), (-1, 8, 8, 1)),)
    assert [tensor.name for tensor in main.outputs] == ["blended", "text"]
    assert main.operators[-1].inputs == (10, -1)
    (signature,) = model.signatures
    assert (signature.name, signature.subgraph) == ("serving_default", 0)
    assert signature.inputs == {"image": main.tensors[0]}
    assert pickle.loads(pickle.dumps(model)) == model


def test_buffers_are_places_in_the_file() -> None:
    path = MODELS / "flex_ops.tflite"
    model = model_at(path)
    assert model.buffers[0] == StoredBuffer()
    filters = model.buffers[1]
    assert path.read_bytes()[filters.offset : filters.offset + filters.size] == bytes(range(9))


def test_parameters_are_the_elements_of_constants_each_buffer_once(tmp_path: Path) -> None:
    assert model_at(MODELS / "flex_ops.tflite").parameter_count == 9 + 1 + 9
    shared = Subgraph((Tensor("a", (2, 3), buffer=1), Tensor("b", (6,), buffer=1), Tensor("x", (100,)), Tensor("s")))
    assert model_of(tmp_path / "m", tflite_bytes(shared, buffers=(b"", b"x" * 24))).parameter_count == 6


def test_control_flow_names_its_subgraphs(tmp_path: Path) -> None:
    assert model_at(MODELS / "flex_while.tflite").subgraphs[0].operators[0].subgraphs == (1, 2)
    operators = (
        Op(BUILTIN.IF, calls=(1, 2)),
        Op(BUILTIN.CALL_ONCE, calls=(2,)),
        Op(BUILTIN.STABLEHLO_COMPOSITE, calls=(1,)),
    )
    model = model_of(tmp_path / "m", tflite_bytes(Subgraph(operators=operators), Subgraph(), Subgraph()))
    assert [operator.subgraphs for operator in model.subgraphs[0].operators] == [(1, 2), (2,), (1,)]


def test_operators_of_files_before_schema_3a(tmp_path: Path) -> None:
    operators = (Op(BUILTIN.CONV_2D, version=2), Op("FlexErf", options=flex(node("e", "Erf"))), Op(BUILTIN.ADD))
    model = model_of(tmp_path / "m", tflite_bytes(Subgraph(operators=operators), only_old_codes=True))
    assert [(operator.name, operator.version) for operator in model.subgraphs[0].operators] == [
        ("CONV_2D", 2),
        ("FlexErf", 1),
        ("ADD", 1),
    ]


def test_numbers_that_the_schema_package_lacks_are_kept(tmp_path: Path) -> None:
    assert BUILTIN.STABLEHLO_COMPOSITE > BUILTIN.PLACEHOLDER_FOR_GREATER_OP_CODES
    subgraph = Subgraph((Tensor("x", type=99),), (Op(5000), Op(BUILTIN.STABLEHLO_COMPOSITE)))
    model = model_of(tmp_path / "m", tflite_bytes(subgraph))
    assert [operator.name for operator in model.subgraphs[0].operators] == ["builtin 5000", "STABLEHLO_COMPOSITE"]
    (tensor,) = model.subgraphs[0].tensors
    assert (tensor.type, tensor.data_type) == ("type 99", None)


def test_data_types_are_those_that_tensorflow_has_for_them(tmp_path: Path) -> None:
    names = [name for name in vars(TYPE) if not name.startswith("_")]
    tensors = tuple(Tensor(name, type=getattr(TYPE, name)) for name in names)
    model = model_of(tmp_path / "m", tflite_bytes(Subgraph(tensors)))
    assert [tensor.type for tensor in model.subgraphs[0].tensors] == names
    data_types = [tensor.data_type for tensor in model.subgraphs[0].tensors]
    assert None not in data_types
    assert len(set(data_types)) == len(names)
    assert data_types[names.index("FLOAT16")] is DataType.DT_HALF


def test_bytes_behind_the_tables(tmp_path: Path) -> None:
    options = flex(node("outside", "Erf", attrs="T: type: DT_FLOAT"))
    weights = b"w" * 12

    def data(start: int) -> bytes:
        return tflite_bytes(
            Subgraph(
                (Tensor("w", (3,), buffer=1), Tensor("open", buffer=2)),
                (Op("FlexErf", outside=(start + len(weights), len(options))),),
            ),
            buffers=(b"", (start, len(weights)), (1, 0)),
        )

    start = len(data(1 << 20))
    model = model_of(tmp_path / "m", data(start) + weights + options)
    assert model.buffers == (StoredBuffer(), StoredBuffer(start, len(weights)), StoredBuffer())
    assert model.parameter_count == 3
    assert [node.name for node in flex_graph(model).nodes] == ["outside"]
    with pytest.raises(InputError, match=r"at byte [\d,]+ are not all in the file"):
        model_of(tmp_path / "m", data(start) + weights)


def test_flex_operators_carry_their_node() -> None:
    (*_, body) = model_at(MODELS / "flex_while.tflite").subgraphs
    assert [operator.node and (operator.node.name, operator.node.op) for operator in body.operators] == [
        None,
        ("loop/Inv", "Inv"),
        ("loop/Cast", "Cast"),
    ]


def test_the_graph_of_flex_nodes_has_unique_names(tmp_path: Path) -> None:
    taken = "Erf/subgraph_0/operator_1"
    names = ["", "", "same", "same", taken]
    operators = tuple(Op("FlexErf", options=flex(node(name, "Erf", attrs="T: type: DT_FLOAT"))) for name in names)
    graph = flex_graph(model_of(tmp_path / "m", tflite_bytes(Subgraph(operators=operators))))
    assert [each.name for each in graph.nodes] == [
        "Erf/subgraph_0/operator_0",
        f"{taken}_",
        "same",
        "same/subgraph_0/operator_3",
        taken,
    ]
    check_graph(graph, "m")


def test_requirements_of_flex_ops() -> None:
    graph = flex_graph(model_at(MODELS / "flex_ops.tflite"))
    needed = collect_requirements(graph, "flex_ops.tflite", index=None)
    assert [(item.op, item.count, dict(item.attrs)) for item in needed.items] == [
        ("AsString", 1, {"T": DataType.DT_FLOAT}),
        ("Erf", 2, {"T": DataType.DT_FLOAT}),
        ("MatrixDeterminant", 1, {"T": DataType.DT_FLOAT}),
    ]


def test_subgraphs_that_tensorflow_ops_call_are_functions() -> None:
    model = model_at(MODELS / "converted_dataset.tflite")
    graph = flex_graph(model)
    assert [each.op for each in graph.nodes] == [
        "TensorSliceDataset",
        "MapDataset",
        "FilterDataset",
        "ReduceDataset",
    ]
    assert {function.name for function in graph.functions} == {subgraph.name for subgraph in model.subgraphs[1:]}
    called = graph.nodes[1].attrs["f"]
    assert isinstance(called, FunctionRef)
    function = next(function for function in graph.functions if function.name == called.name)
    assert [(arg.name, arg.type) for arg in function.inputs] == [("args_0", DataType.DT_INT64)]
    expansion = expand_functions(graph, graph.nodes, "m")
    assert not expansion.missing
    assert [each.node.op for each in expansion.nodes if each.function] == ["Const"] * 3
    check_graph(graph, "converted_dataset.tflite")


def test_a_subgraph_named_main_is_no_function(tmp_path: Path) -> None:
    operator = Op("FlexMapDataset", options=flex(node("map", "MapDataset", attrs='f: func { name: "main" }')))
    assert flex_graph(model_of(tmp_path / "m", tflite_bytes(Subgraph(operators=(operator,))))).functions == ()


def test_tensors_in_flex_nodes_stay_in_the_file(tmp_path: Path) -> None:
    text = node("c", "Const", attrs="value: tensor { dtype: DT_INT32 int_val: 7 }")
    model = model_of(tmp_path / "m", tflite_bytes(Subgraph(operators=(Op("FlexConst", options=flex(text)),))))
    value = flex_graph(model).nodes[0].attrs["value"]
    assert isinstance(value, TensorRef)
    assert value.read() == b"\x08\x03\x3a\x01\x07"


@pytest.mark.parametrize("size", [10, 250, 254, 300, 70_000])
def test_flex_options_of_every_width(tmp_path: Path, size: int) -> None:
    options = flex(node("n" * 9, "Op", attrs=f'text: s: "{"x" * size}"'))
    model = model_of(tmp_path / "m", tflite_bytes(Subgraph(operators=(Op("FlexOp", options=options),))))
    assert flex_graph(model).nodes[0].name == "n" * 9


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (None, "has no options that say which"),
        (b"", "has no options that say which"),
        (b"\0", "no pair"),
        (b"\xff" * 20, "no pair"),
        (flex(node("e", "Erf"))[:-8], "no pair"),
        (flex_options("Erf", b""), "its NodeDef is empty"),
        (flex_options("Erf", b"\x0a\x01e"), "its NodeDef names no op"),
        (flex_options("Erf", b"\x0a\x7f"), "is said to have"),
        (flex_options("Erf", b"\x12\x03Inv"), "name the op 'Erf', its NodeDef 'Inv'"),
    ],
)
def test_flex_options_that_are_none(tmp_path: Path, options: bytes | None, problem: str) -> None:
    operators = (Op(BUILTIN.ADD), Op("FlexErf", options=options))
    model = model_of(tmp_path / "m", tflite_bytes(Subgraph(operators=operators)))
    with pytest.raises(InputError, match=r"subgraph 0: operator 1 \(FlexErf\): ") as caught:
        read_flex_graph(model, "m")
    assert problem in caught.value.problem
    assert caught.value.place.byte is not None
    assert caught.value.advice


@pytest.mark.parametrize(
    ("subgraph", "problem"),
    [
        (Subgraph(outputs=(3,)), "subgraph 0: it names tensor 3 of 0"),
        (Subgraph(inputs=(-1,)), "subgraph 0: it names tensor -1 of 0"),
        (Subgraph(operators=(Op(BUILTIN.ADD, (1,)),)), "operator 0 (ADD): it names tensor 1 of 0"),
        (Subgraph(operators=(Op(BUILTIN.ADD, (), (-2,)),)), "operator 0 (ADD): it names tensor -2 of 0"),
        (Subgraph(operators=(Op(BUILTIN.WHILE, calls=(0, 7)),)), "operator 0 (WHILE): it names subgraph 7 of 1"),
        (Subgraph(operators=(Op(BUILTIN.IF, calls=(0, -1)),)), "operator 0 (IF): it names subgraph -1 of 1"),
        (Subgraph(operators=(Op(Code(BUILTIN.CUSTOM)),)), "a custom operator has no name"),
        (Subgraph((Tensor("x", buffer=9),)), "a tensor has buffer 9 of 1"),
    ],
)
def test_numbers_of_what_is_not_there(tmp_path: Path, subgraph: Subgraph, problem: str) -> None:
    with pytest.raises(InputError, match=re.escape(problem)):
        model_of(tmp_path / "m", tflite_bytes(subgraph))


@pytest.mark.parametrize(
    ("signature", "problem"),
    [
        (Signature("s", {}, {}, subgraph=4), "signature 's': it names subgraph 4 of 1"),
        (Signature("s", {"x": 2}, {}), "signature 's': it names tensor 2 of 1"),
    ],
)
def test_signatures_of_what_is_not_there(tmp_path: Path, signature: Signature, problem: str) -> None:
    with pytest.raises(InputError, match=re.escape(problem)):
        model_of(tmp_path / "m", tflite_bytes(Subgraph((Tensor("t"),)), signatures=(signature,)))


def test_a_model_without_subgraphs(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="has no subgraphs"):
        model_of(tmp_path / "m", tflite_bytes())


def test_a_model_without_subgraphs_is_one_for_tools(tmp_path: Path) -> None:
    (tmp_path / "m").write_bytes(tflite_bytes(codes=(Code(BUILTIN.MEAN, BUILTIN.MEAN),)))
    with open_file(str(tmp_path / "m")) as file:
        model = read_tflite(file, may_be_empty=True)
    assert (model.subgraphs, model.operator_codes) == ((), (OperatorCode("MEAN"),))


@pytest.mark.parametrize(
    ("code", "read"),
    [
        (Code(BUILTIN.SOFTMAX), "SOFTMAX"),
        (Code(BUILTIN.SOFTMAX, BUILTIN.MEAN), "MEAN"),
        (Code(BUILTIN.MEAN, BUILTIN.SOFTMAX), "MEAN"),
        (Code(BUILTIN.BROADCAST_TO), "BROADCAST_TO"),
        (Code(BUILTIN.MEAN, -7), "MEAN"),
        (Code(-5, -3), "builtin -3"),
        (Code(None, 127), "PLACEHOLDER_FOR_GREATER_OP_CODES"),
        (Code(1 << 30, 127), f"builtin {1 << 30}"),
        (Code(), "ADD"),
    ],
)
def test_the_larger_of_the_two_numbers_of_an_operator_counts(tmp_path: Path, code: Code, read: str) -> None:
    """``GetBuiltinCode`` of ``lite/schema/schema_utils.cc``; the schema package has another rule."""
    model = model_of(tmp_path / "m", tflite_bytes(Subgraph(), codes=(code,)))
    assert model.operator_codes == (OperatorCode(read),)


@pytest.mark.parametrize(("stored", "read"), [("", ""), ("Foo\0Bar", "Foo"), ("\0", "")])
def test_names_of_custom_operators_end_at_a_zero(tmp_path: Path, stored: str, read: str) -> None:
    code = Code(BUILTIN.CUSTOM, BUILTIN.CUSTOM, stored)
    model = model_of(tmp_path / "m", tflite_bytes(Subgraph(), codes=(code,)))
    assert model.operator_codes == (OperatorCode(read, is_custom=True),)


def test_names_that_are_no_utf8_are_spelled_out(tmp_path: Path) -> None:
    data = tflite_bytes(Subgraph((Tensor("tensor"),)))
    model = model_of(tmp_path / "m", data.replace(b"tensor", b"ten\xffor"))
    assert model.subgraphs[0].tensors[0].name == "ten\\xffor"


def test_models_are_told_by_their_identifier(tmp_path: Path) -> None:
    assert is_tflite((MODELS / "flex_ops.tflite").read_bytes())
    assert not is_tflite((MODELS / "while_v1.pb").read_bytes())
    assert not is_tflite(b"TFL3")
    with pytest.raises(InputError, match="is no TensorFlow Lite model"):
        model_of(tmp_path / "m", b"PK\x03\x04 and more")


def test_the_schema_is_loaded_only_for_a_model() -> None:
    script = (
        "import sys\n"
        "from opselect.models.formats.tflite import is_tflite, read_flex_graph, read_tflite\n"
        "from opselect.models.storage import open_file\n"
        "assert not is_tflite(b'no model at all')\n"
        "assert not {'tflite', 'flatbuffers', 'numpy'} & set(sys.modules)\n"
        "with open_file('fixtures/models/flex_ops.tflite') as file:\n"
        "    read_tflite(file)\n"
        "assert 'tflite' in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, cwd=ROOT)


def test_the_page_shows_what_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    failed, run = doctest.testfile(str(ROOT / "docs" / "tflite.md"), module_relative=False)
    assert (failed, run > 3) == (0, True)


def test_the_table_of_operators_is_read_whole(tmp_path: Path) -> None:
    operators = (Op(BUILTIN.CONV_2D, version=5), Op("FlexErf", options=flex(node("e", "Erf"))), Op("Mine", version=2))
    model = model_of(tmp_path / "m", tflite_bytes(Subgraph(operators=operators)))
    assert model.operator_codes == tuple(each.code for each in model.operators)
    assert [(code.name, code.version, code.is_custom, code.is_flex) for code in model.operator_codes] == [
        ("CONV_2D", 5, False, False),
        ("FlexErf", 1, True, True),
        ("Mine", 2, True, False),
    ]


@pytest.mark.parametrize("model", CONVERTED, ids=lambda path: path.stem)
def test_the_minimum_runtime_version_that_a_converter_noted(model: Path) -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+", model_at(model).min_runtime_version)


def test_metadata_without_a_buffer(tmp_path: Path) -> None:
    data = tflite_bytes(Subgraph(), metadata=("min_runtime_version",))
    assert model_of(tmp_path / "m", data).min_runtime_version == ""
