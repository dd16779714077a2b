"""What ``opselect inspect`` says of a TensorFlow Lite model: subgraphs, operators, and the TensorFlow ops inside."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

import click

from kernel_index.shown import shortened
from opselect.cli.inspect.tensor_json import tensor_json
from opselect.cli.shared.console import print_line, print_section
from opselect.cli.shared.findings_text import Report, print_report
from opselect.findings.as_json import problem_json
from opselect.lite.runtimes import ModelMinimum, OperatorMinimum, newest_named
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
from opselect.usecases.inspect import InspectedModel

_NOT_KNOWN = "not known"


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


def minimum_json(inspected: InspectedModel) -> dict[str, object]:
    """The runtime that a model needs at least; ``release`` of an operator is empty where upstream's table lacks it.

    ``registered`` are the first releases that do register it. ``unused`` are rows of built-ins that stand in the table
    of operators alone, which do not count, and which an interpreter looks up all the same.
    """
    found = inspected.minimum
    if found is None:
        return {}
    return {
        "min_runtime": {
            "computed": found.computed,
            "stored": found.stored,
            "judgement": found.judgement,
            "operators": [_first_json(each) for each in found.operators],
            "unused": [_first_json(each) for each in found.unused],
            "findings": [problem_json(inspected.noted)] if inspected.noted is not None else [],
        }
    }


def _first_json(each: OperatorMinimum) -> dict[str, object]:
    return {"op": each.op, "version": each.version, "release": each.release, "registered": list(each.registered)}


def print_tflite(model: TfliteModel, inspected: InspectedModel, *, structure: bool) -> None:
    """The report of a model; ``structure`` lists the operators of every subgraph in the order in which they run."""
    minimum = inspected.minimum
    since = {(each.op, each.version): each.release or _NOT_KNOWN for each in minimum.operators} if minimum else {}
    click.echo(f"schema version: {model.version}, parameters: {model.parameter_count:,}")
    for title, text in (("description", model.description), ("attached", ", ".join(model.metadata))):
        if text:
            print_line(f"{title}: {text}")
    if model.signatures:
        columns = ("signature", "subgraph", "", "argument", "tensor", "type", "shape")
        print_section("signatures", columns, list(_signature_rows(model)))
    print_section("subgraphs", ("subgraph", "operators", "tensors"), list(_subgraph_rows(model)))
    print_section("inputs and outputs", ("subgraph", "", "tensor", "type", "shape"), list(_tensor_rows(model)))
    rows = [
        (each.name, str(each.version), _kind(each), str(each.count), _first_release(each, since))
        for each in model.operator_counts
    ]
    print_section("operators", ("operator", "version", "kind", "count", "first release"), rows)
    if minimum is not None:
        print_line(f"minimum runtime: {_minimum_text(minimum)}")
        for late in minimum.late:
            first = " and ".join(late.registered) or f"none up to {newest_named()}"
            print_line(f"  {late.op} {late.version}: upstream says {late.release}; the first to register it: {first}")
        for unused in minimum.unused:
            said = "nothing uses it, and an interpreter looks up all that stands in the table of operators"
            print_line(f"  {unused.op} {unused.version} ({unused.release or _NOT_KNOWN}): {said}")
    if inspected.noted is not None:
        heading = "The metadata min_runtime_version:"
        report = Report("", "", [inspected.noted], heading=heading)
        print_report(report, err=False, quiet=False)
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


def _first_release(operator: OperatorCount, since: Mapping[tuple[str, int], str]) -> str:
    return "" if operator.is_custom else since[operator.name, operator.version]


def _minimum_text(minimum: ModelMinimum) -> str:
    """What is computed and what is noted, and what keeps the one from being told or held against the other."""
    deciding = ", ".join(f"{each.op} {each.version}" for each in minimum.deciding)
    text = f"{minimum.computed}, for {deciding}" if minimum.computed else "not known by its operators"
    if minimum.unknown:
        unknown = ", ".join(f"{each.op} {each.version}" for each in minimum.unknown)
        text += f"; or later, for nobody says since when there is {unknown}" if minimum.computed else ""
    notes = {"same": "notes the same", "absent": "notes none"}
    return f"{text}; the model {notes.get(minimum.judgement, f'notes {shortened(minimum.stored)}')}"


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
