"""What a build of ONNX Runtime must have to run some models."""

from __future__ import annotations

from collections import defaultdict

from kernel_index.shown import shortened
from opselect.onnxruntime.inference import knows_opset
from opselect.onnxruntime.models import OnnxModel
from opselect.onnxruntime.node_uses import NodeUse, follow_nodes
from opselect.onnxruntime.operators import RequiredOperators
from opselect.onnxruntime.type_entries import TypeUsage, UnknownType


class ModelNeeds:
    """The operators of any number of models, one after the other, with their types where these are asked for."""

    def __init__(self, *, types: bool) -> None:
        self._typed = types
        self._operators: dict[tuple[str, int], set[str]] = defaultdict(set)
        self._usage = TypeUsage()
        self._warnings: list[str] = []

    def add(self, model: OnnxModel, name: str) -> None:
        """Counts a model, which messages call ``name``. Raises InputError as :func:`follow_nodes` does."""

        def use(node: NodeUse) -> None:
            self._operators[node.domain, node.opset].add(node.op)
            if self._typed:
                self._usage.add(node, name)

        for domain, opset in sorted(follow_nodes(model, use, typed=self._typed).items()):
            self._warnings.append(
                f"{name}: operators of {domain} are listed for opset {opset}, which a function imports, and the model "
                f"itself does not: ONNX Runtime then takes the newest opset that it has; import {domain} in the model"
            )
        for domain, opset in sorted(model.opsets.items()):
            if self._typed and not knows_opset(domain, opset):
                self._warnings.append(
                    f"{name}: the installed package onnx does not know opset {opset} of {domain}, and so not the types "
                    "of its operators: update it"
                )

    def required(self) -> RequiredOperators:
        """What all the models need, together."""
        operators = {key: frozenset(self._operators[key]) for key in sorted(self._operators)}
        return RequiredOperators(operators, self._usage.entries())

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a user should know of it, a sentence each."""
        found = (*self._warnings, *(_not_restricted(each) for each in self._usage.unknown))
        return tuple(shortened(each) for each in found)


def _not_restricted(unknown: UnknownType) -> str:
    if unknown.value_type is None:
        why = f"the type of {unknown.value!r} is not known"
    else:
        why = f"{unknown.value!r} is {unknown.value_type}, which configurations have no name for"
    return f"{unknown.domain}:{unknown.op} keeps all types: {why} ({unknown.model}, {unknown.node})"
