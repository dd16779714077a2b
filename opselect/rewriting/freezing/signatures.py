"""Which signatures of a model are frozen, and the outputs that they have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kernel_index.errors import InputError
from opselect.models.choice import check_signatures
from opselect.models.graph import Graph, MetaGraph, Signature, TensorInfo, input_node
from opselect.rewriting.freezing.variables import is_variable

DEFAULT_SIGNATURE = "serving_default"
"""The signature that a server takes where a request names none (``saved_model/signature_constants.py``)."""


def chosen_signatures(
    meta_graph: MetaGraph, wanted: Sequence[str], all_signatures: bool, path: str
) -> dict[str, Signature]:
    """The signatures that are named, or all, or else the usual one: the only one, or ``serving_default``.

    One that gives no tensors, and only runs nodes, does not count among all. Raises InputError for a signature that
    there is not, and where none or no usual one is there.
    """
    known = {key: signature for key, signature in meta_graph.signatures.items() if signature.gives_tensors}
    if wanted:
        check_signatures(wanted, known, path)
        return {key: known[key] for key in wanted}
    if not known:
        raise InputError(path, "has no signatures", "Name what the program fetches with --outputs.")
    if all_signatures or len(known) == 1:
        return known
    if DEFAULT_SIGNATURE in known:
        return {DEFAULT_SIGNATURE: known[DEFAULT_SIGNATURE]}
    keys = ", ".join(known)
    raise InputError(path, f"has {len(known)} signatures", f"Choose with --signature or --all-signatures: {keys}.")


def output_names(graph: Graph, signatures: Mapping[str, Signature], path: str) -> tuple[str, ...]:
    """The tensors that signatures fetch. Raises InputError for one that feeds a variable."""
    variables = {node.name for node in graph.nodes if is_variable(node)}
    names: dict[str, None] = {}
    for key, signature in signatures.items():
        for argument, info in signature.inputs.items():
            if variables.intersection(map(input_node, info.tensors())):
                problem = f"signature {key!r} feeds the variable {info.name!r} as its input {argument!r}"
                raise InputError(path, problem, "What is fed cannot be a constant: name other outputs.")
        names.update(dict.fromkeys(name for info in signature.outputs.values() for name in info.tensors()))
    return tuple(names)


def signature_ends(
    meta_graph: MetaGraph, wanted: Sequence[str], all_signatures: bool, path: str
) -> tuple[tuple[TensorInfo, ...], tuple[str, ...]]:
    """What the signatures that are frozen feed, and the tensors that they fetch. Raises as those who choose them do."""
    signatures = chosen_signatures(meta_graph, wanted, all_signatures, path)
    fed = {info.name: info for signature in signatures.values() for info in signature.inputs.values()}
    return tuple(fed.values()), output_names(meta_graph.graph, signatures, path)
