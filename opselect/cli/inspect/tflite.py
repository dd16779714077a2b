"""What ``opselect inspect`` says of a TensorFlow Lite model: subgraphs, operators, and the TensorFlow ops inside."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import click

from opselect.cli.inspect.tensor_json import tensor_json
from opselect.cli.shared.console import print_line, print_section
from opselect.models.graph import Shape
from opselect.models.graph.tflite import (
    FLEX_PREFIX,
    NO_TENSOR,
    OperatorCount,
    TfliteModel,
    TfliteSubgraph,
    TfliteTensor,
)
from opselect.models.tensor_text import shape_text


def tflite_json(model: TfliteModel) -> dict[str, object]:
    """A model; keys as in the JSON of a graph, ``inputs`` and ``outputs`` are those of the first subgraph.

    ``op_counts`` counts operators of all versions, ``flex_ops`` the TensorFlow ops that ``Flex…`` operators run.
    """
    main = model.subgraphs[0] if model.subgraphs else TfliteSubgraph("")
    return {
        "version": model.version,
        "description": model.description,
        "inputs": [_tensor_json(tensor) for tensor in main.inputs],
        "outputs": [_tensor_json(tensor) for tensor in main.outputs],
        "parameters": {"constants": model.parameter_count},
        "op_counts": _by_count(Counter(op.name for subgraph in model.subgraphs for op in subgraph.operators)),
        "flex_ops": _by_count(_flex_ops(model)),
        "operators": [
            {"name": each.name, "version": each.version, "custom": each.is_custom, "count": each.count}
            for each in model.operator_counts
        ],
        "subgraphs": [
            {
                "name": subgraph.name,
                "inputs": [_tensor_json(tensor) for tensor in subgraph.inputs],
                "outputs": [_tensor_json(tensor) for tensor in subgraph.outputs],
                "operators": [operator.name for operator in subgraph.operators],
            }
            for subgraph in model.subgraphs
        ],
        "signatures": {
            signature.name: {
                "subgraph": signature.subgraph,
                "inputs": {argument: _tensor_json(tensor) for argument, tensor in signature.inputs.items()},
                "outputs": {argument: _tensor_json(tensor) for argument, tensor in signature.outputs.items()},
            }
            for signature in model.signatures
        },
        "metadata": list(model.metadata),
    }


def print_tflite(model: TfliteModel, *, structure: bool) -> None:
    """The report of a model; ``structure`` lists the operators of every subgraph in the order in which they run."""
    click.echo(f"schema version: {model.version}, parameters: {model.parameter_count:,}")
    for title, text in (("description", model.description), ("attached", ", ".join(model.metadata))):
        if text:
            print_line(f"{title}: {text}")
    if model.signatures:
        columns = ("signature", "subgraph", "", "argument", "tensor", "type", "shape")
        print_section("signatures", columns, list(_signature_rows(model)))
    print_section("subgraphs", ("subgraph", "operators", "tensors"), list(_subgraph_rows(model)))
    print_section("inputs and outputs", ("subgraph", "", "tensor", "type", "shape"), list(_tensor_rows(model)))
    rows = [(each.name, str(each.version), _kind(each), str(each.count)) for each in model.operator_counts]
    print_section("operators", ("operator", "version", "kind", "count"), rows)
    flex_ops = [(op, str(count)) for op, count in _by_count(_flex_ops(model)).items()]
    print_section("TensorFlow ops inside", ("op", "operators"), flex_ops)
    if structure:
        for number, subgraph in enumerate(model.subgraphs):
            print_line(f"subgraph {number} {subgraph.name}")
            for line in _structure_lines(subgraph):
                print_line(f"  {line}")


def _tensor_json(tensor: TfliteTensor) -> dict[str, object]:
    """A tensor; a type that TensorFlow lacks has the schema's name for it."""
    document = tensor_json(tensor.name, tensor.data_type, _shape(tensor))
    return document if tensor.data_type else document | {"dtype": tensor.type}


def _shape(tensor: TfliteTensor) -> Shape:
    return Shape(tensor.shape if tensor.shape_signature is None else tensor.shape_signature)


def _flex_ops(model: TfliteModel) -> Counter[str]:
    operators = (operator for subgraph in model.subgraphs for operator in subgraph.operators)
    return Counter(operator.node.op for operator in operators if operator.node is not None)


def _by_count(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda entry: (-entry[1], entry[0])))


def _kind(operator: OperatorCount) -> str:
    if not operator.is_custom:
        return "built-in"
    return "TensorFlow op" if operator.name.startswith(FLEX_PREFIX) else "custom"


def _signature_rows(model: TfliteModel) -> Iterator[tuple[str, ...]]:
    for signature in model.signatures:
        for way, arguments in (("in", signature.inputs), ("out", signature.outputs)):
            for argument, tensor in arguments.items():
                yield signature.name, str(signature.subgraph), way, argument, *_columns(tensor)


def _subgraph_rows(model: TfliteModel) -> Iterator[tuple[str, ...]]:
    for number, subgraph in enumerate(model.subgraphs):
        yield f"{number} {subgraph.name}", str(len(subgraph.operators)), str(len(subgraph.tensors))


def _tensor_rows(model: TfliteModel) -> Iterator[tuple[str, ...]]:
    for number, subgraph in enumerate(model.subgraphs):
        for way, tensors in (("in", subgraph.inputs), ("out", subgraph.outputs)):
            for tensor in tensors:
                yield f"{number} {subgraph.name}", way, *_columns(tensor)


def _columns(tensor: TfliteTensor) -> tuple[str, str, str]:
    return tensor.name, tensor.type, shape_text(_shape(tensor))


def _structure_lines(subgraph: TfliteSubgraph) -> Iterator[str]:
    """``CONV_2D: [x, w, -] -> [y]`` for each operator, with the numbers of the subgraphs that it runs."""
    for operator in subgraph.operators:
        inputs, outputs = (
            ", ".join(_name(subgraph, tensor) for tensor in end) for end in (operator.inputs, operator.outputs)
        )
        runs = f", subgraphs {', '.join(map(str, operator.subgraphs))}" if operator.subgraphs else ""
        yield f"{operator.name}: [{inputs}] -> [{outputs}]{runs}"


def _name(subgraph: TfliteSubgraph, tensor: int) -> str:
    return "-" if tensor == NO_TENSOR else subgraph.tensors[tensor].name
