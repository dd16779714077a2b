"""Asks an ONNX Runtime which operators it takes apart when it loads a model, and what it makes of them.

Many operators of ONNX are defined by a function of others. Where the runtime has no kernel for such an operator, or
none for the types at hand, it puts the body of the function in its place, whatever the level of optimisation. Which
these are only the runtime can say, so every operator that has a function is loaded: as it stands in the tests that
ONNX has of it, in every set of operators, and with every type that its definition admits.

Run by an interpreter that has ``onnx`` and ``onnxruntime``, without this project; writes the table on the output:

    WHEEL/bin/python tests/conformance/dump_function_bodies.py > opselect/onnxruntime/function_bodies.txt
"""

from __future__ import annotations

import importlib
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

onnx: Any = importlib.import_module("onnx")
onnxruntime: Any = importlib.import_module("onnxruntime")
node_tests: Any = importlib.import_module("onnx.backend.test.case.node")

HEADER = """\
# What ONNX Runtime {runtime} puts in the place of operators of ONNX that it has no kernel for, whatever the level of
# optimisation: written by tests/conformance/dump_function_bodies.py, which asks the runtime.
#
# operator;first opset;last opset that was asked;element types that it is replaced with, or * for every;operators
"""

#: ONNX's names of element types, and those of C++ that configurations have.
CPP_TYPES = {
    "float": "float",
    "double": "double",
    "float16": "MLFloat16",
    "bfloat16": "BFloat16",
    "int8": "int8_t",
    "int16": "int16_t",
    "int32": "int32_t",
    "int64": "int64_t",
    "uint8": "uint8_t",
    "uint16": "uint16_t",
    "uint32": "uint32_t",
    "uint64": "uint64_t",
    "bool": "bool",
    "string": "std::string",
}

#: The oldest set of operators that is asked for: kernels are older, and the runtime promises no more.
OLDEST = 7


def operators(graph: Any) -> Iterator[str]:
    """The operators of a graph and of the graphs in it; those of other domains with their domain."""
    for node in graph.node:
        yield f"{node.domain}:{node.op_type}" if node.domain else node.op_type
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.GRAPH:
                yield from operators(attribute.g)


def loaded(model: Any, path: str) -> frozenset[str] | None:
    """The operators of the model when it is loaded without optimisations; None where it cannot be."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.optimized_model_filepath = path
    options.log_severity_level = 4
    try:
        onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    except Exception:  # whatever the runtime raises: it does not load the model, and so runs nothing in its place
        return None
    return frozenset(operators(onnx.load(path).graph))


def element_type(name: str) -> int | None:
    """The number of the element type of ``tensor(name)``, None for what is no tensor."""
    if not name.startswith("tensor("):
        return None
    return int(onnx.TensorProto.DataType.Value(name[len("tensor(") : -1].upper()))


def variants(model: Any, schema: Any) -> Iterator[tuple[str, Any]]:
    """Each type that a constraint of the operator admits, and the model with its values of that type."""
    node = model.graph.node[0]
    formals = {
        name: formal_of(schema.inputs, position).type_str for position, name in enumerate(node.input) if name
    } | {name: formal_of(schema.outputs, position).type_str for position, name in enumerate(node.output) if name}
    for constraint in schema.type_constraints:
        for admitted in constraint.allowed_type_strs:
            number = element_type(admitted)
            if number is None or admitted[len("tensor(") : -1] not in CPP_TYPES:
                continue
            changed = onnx.ModelProto()
            changed.CopyFrom(model)
            used = False
            for value in (*changed.graph.input, *changed.graph.output):
                if formals.get(value.name) == constraint.type_param_str and value.type.HasField("tensor_type"):
                    value.type.tensor_type.elem_type = number
                    used = True
            if used:
                yield CPP_TYPES[admitted[len("tensor(") : -1]], changed


def formal_of(formals: Any, position: int) -> Any:
    """The parameter at a position: the last one stands for all that follow."""
    return formals[min(position, len(formals) - 1)]


def models_of(schemas: dict[str, list[Any]]) -> Iterator[tuple[str, Any]]:
    """The tests of one node of operators that have a function."""
    for case in node_tests.collect_testcases(None):
        model = case.model
        if model is None or len(model.graph.node) != 1 or model.functions:
            continue
        node = model.graph.node[0]
        if not node.domain and node.op_type in schemas:
            yield node.op_type, model


def newest(path: str) -> int:
    """The newest set of operators that the runtime takes."""
    tensor = onnx.helper.make_tensor_value_info
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("Identity", ["x"], ["y"])],
        "one",
        [tensor("x", onnx.TensorProto.FLOAT, [1])],
        [tensor("y", onnx.TensorProto.FLOAT, [1])],
    )
    opset = int(onnx.defs.onnx_opset_version())
    while opset > OLDEST:
        model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", opset)], ir_version=10)
        if loaded(model, path) is not None:
            return opset
        opset -= 1
    raise SystemExit("the runtime loads no model of ONNX")


def asked() -> Iterator[tuple[str, int, str, frozenset[str]]]:
    """Operator, opset, element type, and the operators that it is loaded as, where it can be loaded."""
    schemas = defaultdict(list)
    for schema in onnx.defs.get_all_schemas_with_history():
        if not schema.domain and (schema.has_function or schema.has_context_dependent_function):
            schemas[schema.name].append(schema)
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "loaded.onnx")
        for operator, model in models_of(schemas):
            for opset in range(OLDEST, newest(path) + 1):
                try:
                    schema = onnx.defs.get_schema(operator, opset)
                except onnx.defs.SchemaError:
                    continue
                model.opset_import[0].version = opset
                model.ir_version = 10
                for admitted, variant in variants(model, schema):
                    found = loaded(variant, path)
                    if found is not None:
                        yield operator, opset, admitted, found


def lines(facts: Iterable[tuple[str, int, str, frozenset[str]]]) -> Iterator[str]:
    """The table: opsets that follow one another and say the same are one line."""
    bodies: dict[str, dict[int, dict[str, set[str]]]] = defaultdict(lambda: defaultdict(lambda: defaultdict(set)))
    stays: dict[str, dict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
    for operator, opset, name, found in facts:
        if operator in found:
            stays[operator][opset].add(name)
        else:
            bodies[operator][opset][name] |= found
    for operator in sorted(bodies):
        told: list[tuple[int, int, str, str]] = []
        for opset in sorted(bodies[operator]):
            by_type = bodies[operator][opset]
            types = " ".join(sorted(by_type)) if stays[operator][opset] else "*"
            body = " ".join(sorted(frozenset().union(*by_type.values())))
            if told and told[-1][1:] == (opset - 1, types, body):
                told[-1] = (told[-1][0], opset, types, body)
            else:
                told.append((opset, opset, types, body))
        for first, last, types, body in told:
            yield f"{operator};{first};{last};{types};{body}"


if __name__ == "__main__":
    sys.stdout.write(HEADER.format(runtime=onnxruntime.__version__))
    for line in lines(asked()):
        print(line)
