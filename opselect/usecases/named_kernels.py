"""Which kernels do ops lists name, and which would TensorFlow's own header tool find for the models?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import nullcontext, suppress
from dataclasses import replace

from kernel_index.errors import InputError, OpselectError
from kernel_index.index import KernelIndex
from opselect.models.choice import Chosen, read_chosen
from opselect.models.graph import Graph
from opselect.requirements.collect import Requirement
from opselect.requirements.header_tool import ToolRelease, nodes_of_tool
from opselect.requirements.kernel_attrs import KernelAttrs
from opselect.requirements.ops_list import read_ops_list
from opselect.selection.named_kernels import NamedKernels, named_by_list, picked_by_tool
from opselect.usecases.model_names import model_names
from opselect.usecases.read_requirements import ModelRequirements, ModelSet


def named_kernels(
    sets: Sequence[ModelSet],
    needed: ModelRequirements,
    ops_lists: Sequence[str],
    index: KernelIndex,
    profile: str,
    tool: ToolRelease | None,
) -> NamedKernels:
    """What the ops lists name and, with a ``tool``, what that finds for each node of the models.

    ``sets`` are what ``needed`` was read from.

    Raises InputError for an ops list or model that cannot be read, and OpselectError where the tool does not read what
    is there: ops lists before 2.3, and requirements that were kept of models.
    """
    if tool is not None and any(each.kept for each in sets):
        raise OpselectError(
            "--compat needs the models themselves: kept requirements do not say what each node is\n"
            "  Name the models in place of the file, or leave out --compat."
        )
    if tool is not None and ops_lists and not tool.reads_ops_lists:
        raise OpselectError(f"the tool of TensorFlow {tool} reads no ops lists\n  That of 2.3 is the first that does.")
    parts = [named_by_list(read_ops_list(path), path, index, profile) for path in ops_lists]
    if tool is not None:
        asked = _asked(sets, needed, KernelAttrs(index), tool)
        parts.append(picked_by_tool(asked, index, profile, tool))
    return NamedKernels.merge(parts)


def _asked(
    sets: Sequence[ModelSet], needed: ModelRequirements, kernel_attrs: KernelAttrs, tool: ToolRelease
) -> Iterator[Requirement]:
    """The nodes of all models whose nodes can be had; the only one is open already."""
    names = model_names([path for each in sets for path in each.paths])
    if needed.only is not None:
        (name,) = names.values()
        yield from nodes_of_tool(_as_tool_sees(needed.only.chosen), name, kernel_attrs, tool)
        return
    unread = {failure.model for failure in needed.unread}
    choices = {path: each.choice for each in sets for path in each.paths}
    for path, name in names.items():
        # What cannot be read is said already; a graph that makes no sense has nodes for the tool all the same.
        with suppress(InputError) if name in unread else nullcontext(), read_chosen(path, choices[path]) as chosen:
            yield from nodes_of_tool(_as_tool_sees(chosen), name, kernel_attrs, tool)


def _as_tool_sees(chosen: Chosen) -> Graph:
    """The graph that the tool reads. Of TensorFlow Lite's models it reads what ``list_flex_ops`` lists.

    That looks at each op by itself, on the CPU whatever device it names (``lite/tools/list_flex_ops.cc``).
    """
    if chosen.is_whole:
        return chosen.graph
    return replace(chosen.graph, nodes=tuple(replace(n, device="") for n in chosen.graph.nodes), functions=())
