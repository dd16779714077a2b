"""What TensorFlow's own header tool reads of models, release by release.

The tool is ``tensorflow/python/tools/print_selective_registration_header.py``, from 1.1 on with
``selective_registration_header_lib.py``. It looks each node up by itself: whatever is fetched, without what the runtime
makes of the graph.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from kernel_index.errors import OpselectError
from kernel_index.kernel_lookup import CPU
from opselect.models.graph import Graph, Node
from opselect.models.graph.values import AttrPlaceholder
from opselect.requirements.collect import Requirement
from opselect.requirements.devices import device_type
from opselect.requirements.kernel_attrs import LABEL_ATTR, KernelAttrs

OLDEST, NEWEST = (0, 12), (2, 21)
"""The first release with the tool, and the last whose tool is known."""

DEFAULT_OPS = "NoOp:NoOp,_Recv:RecvOp,_Send:SendOp"
"""The pairs that the tool adds where nobody says otherwise."""

ALL_OPS = "all"
"""In place of pairs: the header registers everything."""

OPS_WITHOUT_KERNEL = ("AccumulateNV2",)
"""Ops that are in a header without a class (``OPS_WITHOUT_KERNEL_ALLOWLIST``): a pass of the runtime replaces them."""

_RELEASE = re.compile(r"v?(\d+)\.(\d+)(?:\.\d+)?(?:-?rc\d+)?")


@dataclass(frozen=True, slots=True, order=True)
class ToolRelease:
    """The tool of a release, by the first two numbers of it."""

    major: int
    minor: int

    @staticmethod
    def parse(text: str) -> ToolRelease:
        """The tool of ``1.15``, ``2.14.1`` or ``v2.14.1``. Raises OpselectError where there is none that is known."""
        match = _RELEASE.fullmatch(text)
        if match is None:
            raise OpselectError(f"{text!r} is no TensorFlow version\n  Write it like 2.14 or 2.14.1.")
        release = ToolRelease(int(match[1]), int(match[2]))
        if (release.major, release.minor) < OLDEST:
            raise OpselectError(f"TensorFlow {text} has no tool that writes headers\n  The first one is that of 0.12.")
        if (release.major, release.minor) > NEWEST:
            newest = f"{NEWEST[0]}.{NEWEST[1]}"
            raise OpselectError(
                f"what the tool of TensorFlow {text} writes is not known\n  The newest known is {newest}."
            )
        return release

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}"

    @property
    def reads_functions(self) -> bool:
        """Whether it reads the bodies of the graph's functions, called or not, as they stand in the library."""
        return self >= ToolRelease(2, 10)

    @property
    def reads_ops_lists(self) -> bool:
        """Whether it takes lists of ops and classes in place of graphs (``--proto_fileformat ops_list``)."""
        return self >= ToolRelease(2, 3)

    @property
    def ops_without_kernel(self) -> tuple[str, ...]:
        """Ops that it writes though they have no kernel."""
        return OPS_WITHOUT_KERNEL if self >= ToolRelease(1, 12) else ()

    @property
    def takes_no_default_ops(self) -> bool:
        """Whether ``--default_ops`` may be empty; 0.12 and 1.0 fail with ``ValueError`` then."""
        return self >= ToolRelease(1, 1)


def nodes_of_tool(graph: Graph, model: str, kernel_attrs: KernelAttrs, tool: ToolRelease) -> Iterator[Requirement]:
    """The nodes that the tool looks kernels up for, each as a requirement of its own, in the order of the file.

    ``device`` is the type that the tool looks for: ``CPU`` for a node without a device; of a device without a type it
    is the device as it stands. Attrs that a function binds where it is called are left out: the tool does not know
    them. A node of a function is ``function:node``. Calls of functions by name are no ops, and not among them.
    """
    functions = {function.name for function in graph.functions}
    bodies = [("", graph.nodes)]
    if tool.reads_functions:
        bodies += [(f"{function.name}:", function.nodes) for function in graph.functions]
    for prefix, nodes in bodies:
        for node in nodes:
            if node.op not in functions:
                yield _requirement(node, f"{prefix}{node.name}", model, kernel_attrs)


def _requirement(node: Node, name: str, model: str, kernel_attrs: KernelAttrs) -> Requirement:
    unbound = {attr for attr, value in node.attrs.items() if isinstance(value, AttrPlaceholder)}
    attrs = tuple((attr, value) for attr, value in kernel_attrs.of(node) if attr not in unbound)
    label = node.attrs.get(LABEL_ATTR, "")
    device = (device_type(node.device) or node.device) if node.device else CPU
    return Requirement(node.op, attrs, device, label if isinstance(label, str) else "", nodes=(name,), models=(model,))
