"""The very text that TensorFlow's ``summarize_graph`` prints.

Source: ``tools/graph_transforms/summarize_graph_main.cc`` of 1.15, whose odd spaces and missing newlines are kept.
TensorFlow sorts the op counts unstably; here ops of the same count are in alphabetical order.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kernel_index.errors import InputError
from opselect.models.formats.tensor_headers import read_header
from opselect.models.graph import Node, TensorRef
from opselect.models.graph.op_families import REFERENCE_VARIABLES
from opselect.models.summary import NodeTensor, Summary
from opselect.models.tensor_text import MAX_SHOWN, debug_string, human_readable, shape_problem, shape_text, type_word

BENCHMARK_TARGET = "tensorflow/tools/benchmark:benchmark_model"


def summarize_graph_text(summary: Summary, path: str) -> str:
    """All lines but those of ``--print_structure``; ``path`` is how the user spells the graph's file.

    Where inputs do not exist, they end the text, as TensorFlow's tool then fails.
    """
    variables = [variable for variable in summary.variables if variable.op in REFERENCE_VARIABLES]
    constants, values = summary.constants.count, summary.variable_values
    counted = (
        f"Found {constants} ({human_readable(constants)}) const parameters, {values} ({human_readable(values)}) "
        f"variable parameters, and {summary.control_edges} control_edges\n"
    )
    lines = [
        _found("inputs", "possible inputs", [_tensor(tensor) for tensor in summary.inputs]),
        _found("variables", "variables", [_tensor(variable) for variable in variables]),
        _found("outputs", "possible outputs", [f"(name={out.name}, op={out.op}) " for out in summary.outputs]),
        counted,
        *(f"{count} nodes assigned to device '{device}'" for device, count in summary.devices.items()),
    ]
    if summary.invalid_inputs:
        lines += [f"Invalid input {name} for node {node}\n" for node, name in summary.invalid_inputs]
        return "".join(lines)
    counts = ", ".join(f"{count} {op}" for op, count in summary.op_counts.items())
    lines += [
        f"Op types used: {counts}\n",
        f"To use with {BENCHMARK_TARGET} try these arguments:\n",
        f"{benchmark_command(summary, path)}\n",
    ]
    return "".join(lines)


def benchmark_command(summary: Summary, path: str) -> str:
    """How TensorFlow's benchmark tool is to be called for the graph; variables count as inputs."""
    variables = [variable for variable in summary.variables if variable.op in REFERENCE_VARIABLES]
    layers = [*summary.inputs, *variables]
    return (
        f"bazel run {BENCHMARK_TARGET} -- --graph={path} --show_flops"
        f" --input_layer={','.join(layer.name for layer in layers)}"
        f" --input_layer_type={','.join(type_word(layer.dtype) for layer in layers)}"
        f" --input_layer_shape={':'.join(map(_sizes, layers))}"
        f" --output_layer={','.join(output.name for output in summary.outputs)}"
    )


def structure_lines(nodes: Sequence[Node]) -> Iterator[str]:
    """``name (Op): [input, input]`` for each node, with the first values of a constant."""
    for node in nodes:
        line = f"{node.name} ({node.op}): [{', '.join(node.inputs)}]"
        value = node.attrs.get("value")
        if node.op == "Const" and isinstance(value, TensorRef):
            text = _constant_text(value)
            line += f", value={text}" if text else ""
        yield line


def _found(what: str, kind: str, items: Sequence[str]) -> str:
    return f"Found {len(items)} {kind}: {''.join(items)}\n" if items else f"No {what} spotted.\n"


def _tensor(tensor: NodeTensor) -> str:
    shape = "None" if tensor.shape is None else shape_problem(tensor.shape) or shape_text(tensor.shape)
    return f"(name={tensor.name}, type={type_word(tensor.dtype)}({tensor.dtype.value}), shape={shape}) "


def _sizes(tensor: NodeTensor) -> str:
    if tensor.shape is None or tensor.shape.dims is None or shape_problem(tensor.shape):
        return ""
    return ",".join(map(str, tensor.shape.dims))


def _constant_text(value: TensorRef) -> str:
    """What a tensor holds; empty for one that cannot be decoded, as TensorFlow then prints nothing."""
    from opselect.models.formats.tensors import first_elements  # NumPy is slow to load and needed for nothing else

    try:
        header = read_header(value)
        return debug_string(header.dtype, header.dims, first_elements(value, MAX_SHOWN).tolist())
    except InputError:
        return ""
