"""What ``opselect inspect`` finds as the JSON that scripts may rely on."""

from __future__ import annotations

from opselect.cli.inspect.tensor_json import tensor_json
from opselect.findings.as_json import left_out_json
from opselect.models.choice import SERVE
from opselect.models.formats.recognize import CHECKPOINT
from opselect.models.graph import MetaGraph, Signature, TensorInfo
from opselect.models.summary import summarize, with_likely_outputs
from opselect.usecases.inspect import InspectedModel, MobileNeeds


def model_json(inspected: InspectedModel) -> dict[str, object]:
    """A model. Of several MetaGraphs the one tagged just ``serve``, or else the first, is the model's own face; all of
    them stand under ``meta_graphs``. A checkpoint's face are its variables, ``meta_graphs`` what is beside it."""
    model = inspected.model
    if model.tflite is not None:
        from opselect.cli.inspect.tflite import minimum_json, tflite_json

        (inside,) = inspected.graphs
        needs = _mobile_json(inside.needs)
        return {"format": model.format, **tflite_json(model.tflite), **minimum_json(inspected), **needs}
    documents = [_meta_graph_json(each.meta_graph) | _mobile_json(each.needs) for each in inspected.graphs]
    document: dict[str, object] = {"format": model.format}
    if model.format == CHECKPOINT:
        from opselect.cli.inspect.checkpoint import checkpoint_json  # with it comes NumPy, which graphs do without

        document |= checkpoint_json(model.variables)
    else:
        usual = next((i for i, each in enumerate(model.meta_graphs) if each.tags == (SERVE,)), 0)
        document |= documents[usual]
    if len(documents) > (model.format != CHECKPOINT):
        document["meta_graphs"] = documents
    return document


def _meta_graph_json(meta_graph: MetaGraph) -> dict[str, object]:
    """A MetaGraph: what it takes and gives, what it holds, and what it is made of."""
    summary = with_likely_outputs(summarize(meta_graph.graph), meta_graph.graph)
    document: dict[str, object] = {}
    if meta_graph.tags:
        document["tags"] = list(meta_graph.tags)
    if meta_graph.signatures:
        document["signatures"] = {key: _signature_json(each) for key, each in meta_graph.signatures.items()}
    if meta_graph.initializers:
        document["initializers"] = list(meta_graph.initializers)
    return document | {
        "inputs": [tensor_json(each.name, each.dtype, each.shape) for each in summary.inputs],
        "outputs": [{"name": output.name, "op": output.op} for output in summary.outputs],
        "variables": [tensor_json(each.name, each.dtype, each.shape) for each in summary.variables],
        "parameters": {
            "constants": summary.constants.count,
            "constant_bytes": summary.constants.bytes,
            "function_constants": summary.function_constants.count,
            "function_constant_bytes": summary.function_constants.bytes,
            "variables": summary.variables_held.count,
            "variable_bytes": summary.variables_held.bytes,
        },
        "control_edges": summary.control_edges,
        "devices": summary.devices,
        "op_counts": summary.op_counts,
        "functions": [function.name for function in summary.functions],
    }


def _mobile_json(needs: MobileNeeds | None) -> dict[str, object]:
    if needs is None:
        return {}
    return {
        "tensorflow": needs.tensorflow,
        "profile": needs.profile,
        "criteria": [left_out_json(finding) for finding in needs.findings],
        "without_kernel": list(needs.without_kernel),
        **(needs.verdict.to_json() if needs.verdict is not None else {}),
    }


def _signature_json(signature: Signature) -> dict[str, object]:
    return {
        "inputs": {argument: _info_json(info) for argument, info in signature.inputs.items()},
        "outputs": {argument: _info_json(info) for argument, info in signature.outputs.items()},
        "method": signature.method,
    }


def _info_json(info: TensorInfo) -> dict[str, object]:
    document = tensor_json(info.name, info.dtype, info.shape)
    if info.components:
        document["components"] = {part: _info_json(each) for part, each in info.components.items()}
    return document
