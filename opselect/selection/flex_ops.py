"""The TensorFlow ops of TensorFlow Lite models with their kernel classes, as TensorFlow's own tool lists them.

The tool is ``lite/tools/list_flex_ops.cc``, the same from TensorFlow 2.4 to 2.16; it looks at each operator by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from kernel_index.errors import InputError, Place
from kernel_index.index import KernelIndex
from kernel_index.kernel_lookup import CPU, Found, NotFound, Outcome
from kernel_index.shown import one_line
from opselect.findings import Finding
from opselect.lite.operators import LiteModel
from opselect.models.graph.tflite import FLEX_PREFIX, TfliteOperator
from opselect.requirements.collect import MAX_MODELS_NAMED, MAX_NODES_NAMED, Requirement
from opselect.requirements.kernel_attrs import LABEL_ATTR, KernelAttrs
from opselect.requirements.ops_list import Pair
from opselect.selection.named_kernels import kernel_of_tool, sorted_pairs
from opselect.selection.why_missing import explain

_ENDS = {
    "format": "Invalid CustomOptionsFormat",
    "node_def": "Failed to parse data into a valid NodeDef",
    "no_op": "Invalid NodeDef",
}
"""The words with which the tool ends at options that it cannot read, by what is wrong with them."""


@dataclass(frozen=True, slots=True)
class FlexOps:
    """Pairs of op and kernel class, sorted as the tool sorts them, and the ops at which the tool ends without a list.

    The op is the name of the operator without ``Flex``; its class is that of the op that the operator's NodeDef names.
    """

    pairs: tuple[Pair, ...]
    lost: tuple[Finding, ...] = ()


def flex_ops(models: Iterable[LiteModel], index: KernelIndex, profile: str) -> FlexOps:
    """What the tool lists for all models, if it is linked with the kernels of a profile of the index.

    An operator without options is passed over, as the tool does, and so is one whose options come after the tables of
    the file, where it does not look. Raises InputError, with the byte and in the tool's words, for options that it ends
    at.
    """
    attrs = KernelAttrs(index)
    pairs: list[Pair] = []
    lost: dict[tuple[object, ...], Finding] = {}
    for asked, name in _asked(models, attrs):
        outcome = kernel_of_tool(asked, index, profile)
        if isinstance(outcome, Found):
            pairs.append((name, outcome.registration.kernel_class))
            continue
        key = (asked.op, asked.attrs, asked.label)
        lost[key] = _and_one_more(lost[key], asked) if key in lost else _explained(asked, outcome, index, profile)
    return FlexOps(sorted_pairs(pairs), tuple(lost.values()))


def flex_names(models: Iterable[LiteModel]) -> tuple[str, ...]:
    """The bare names of the ops, sorted, whatever their options (``lite/tools/list_flex_ops_no_kernel.cc``)."""
    return tuple(sorted({operator.name.removeprefix(FLEX_PREFIX) for _, operator in _flex_operators(models)}))


def check_flex_options(models: Iterable[LiteModel]) -> None:
    """Raises InputError, with the byte and in the tool's words, for options at which ``list_flex_ops`` ends."""
    for (model, _), operator in _flex_operators(models):
        _check_options(model, operator)


def _check_options(model: str, operator: TfliteOperator) -> None:
    problem = operator.problem
    if problem is not None and problem.fault in _ENDS and not _is_overlooked(operator):
        end = f"list_flex_ops ends with {_ENDS[problem.fault]!r}: {problem.problem}"
        raise InputError(Place(model, byte=problem.byte), end, "Convert the model again.")


def _is_overlooked(operator: TfliteOperator) -> bool:
    """Whether the tool takes the options for empty. Their format it looks at before that."""
    return operator.is_outside and (operator.problem is None or operator.problem.fault != "format")


def _flex_operators(models: Iterable[LiteModel]) -> Iterator[tuple[tuple[str, str], TfliteOperator]]:
    """Each with its model and place."""
    for each in models:
        for number, subgraph in enumerate(each.model.subgraphs):
            for index, operator in enumerate(subgraph.operators):
                if operator.code.is_flex:
                    yield (each.name, f"subgraph_{number}/operator_{index}"), operator


def _asked(models: Iterable[LiteModel], kernel_attrs: KernelAttrs) -> Iterator[tuple[Requirement, str]]:
    """What each operator asks for, and the name that it has without ``Flex``."""
    for (model, place), operator in _flex_operators(models):
        _check_options(model, operator)
        node = operator.node
        if node is None or _is_overlooked(operator):
            continue
        label = node.attrs.get(LABEL_ATTR, "")
        label = label if isinstance(label, str) else ""
        asked = Requirement(node.op, kernel_attrs.of(node), CPU, label, nodes=(place,), models=(model,))
        yield asked, operator.name.removeprefix(FLEX_PREFIX)


def _explained(asked: Requirement, outcome: Outcome | None, index: KernelIndex, profile: str) -> Finding:
    why = NotFound(()) if outcome is None or isinstance(outcome, Found) else outcome
    cause = explain(asked, index, profile, why)
    op = one_line(asked.op)
    words = f"Op {op} not found" if outcome is None else f"Failed to find kernel class for op: {op}"
    return Finding(
        "OPS129",
        f"list_flex_ops ends with {words!r}: {cause.reason}",
        op=asked.op,
        attrs=asked.attrs,
        device=asked.device,
        count=asked.count,
        nodes=asked.nodes,
        models=asked.models,
        mends=cause.mends,
    )


def _and_one_more(finding: Finding, asked: Requirement) -> Finding:
    """The same finding of one more operator."""
    models = tuple(dict.fromkeys((*finding.models, *asked.models)))[:MAX_MODELS_NAMED]
    nodes = tuple(dict.fromkeys((*finding.nodes, *asked.nodes)))[:MAX_NODES_NAMED]
    return replace(finding, count=finding.count + 1, nodes=nodes, models=models)
