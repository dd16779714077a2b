"""Does a graph make sense? All that is wrong with it, not just the first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from kernel_index.errors import InputError
from opselect.models.graph.model import FunctionDefinition, Graph, Node
from opselect.models.graph.op_families import MERGES, NEXT_ITERATIONS
from opselect.models.graph.references import input_node

MAX_PROBLEMS_SHOWN = 10
"""Maximum number of problems that one error spells out; the rest are counted."""
MAX_CYCLE_SHOWN = 12


class BrokenGraphError(InputError):
    """A graph that makes no sense: no TensorFlow imports it."""

    code = "OPS309"


def graph_problems(graph: Graph) -> tuple[str, ...]:
    """Everything that TensorFlow would refuse about the structure of a graph, one sentence each, in file order.

    Inputs that do not exist, names that occur twice, and cycles, in the graph and in every function's body. The only
    legal cycle is a while loop's edge from NextIteration to Merge (``common_runtime/graph_constructor.cc``).
    """
    problems = _body_problems(graph.nodes, frozenset(), "")
    seen: dict[str, FunctionDefinition] = {}
    for function in graph.functions:
        # The very same once more is passed over (``AddFunctionDefHelper`` of ``framework/function.cc``).
        if seen.setdefault(function.name, function) != function:
            problems.append(f"function {function.name!r} is defined twice")
        problems.extend(_function_problems(function))
    return tuple(problems)


def check_graph(graph: Graph, path: str) -> None:
    """Raises one BrokenGraphError with what :func:`graph_problems` finds; ``path`` is where the graph comes from."""
    problems = graph_problems(graph)
    if not problems:
        return
    shown = problems[:MAX_PROBLEMS_SHOWN]
    if len(problems) > len(shown):
        shown = (*shown, f"and {len(problems) - len(shown):,} more")
    text = problems[0] if len(problems) == 1 else "the graph is broken:" + "".join(f"\n  - {p}" for p in shown)
    raise BrokenGraphError(path, text, "TensorFlow cannot import this graph either: export it again.")


def _function_problems(function: FunctionDefinition) -> list[str]:
    where = f"function {function.name!r}: "
    arguments = frozenset(argument.name for argument in function.inputs)
    problems = _body_problems(function.nodes, arguments, where)
    names = {node.name for node in function.nodes}
    problems.extend(
        f"{where}nothing is returned as output {output.name!r}"
        for output in function.outputs
        if output.name not in function.returns
    )
    for output, value in function.returns.items():
        if input_node(value) not in names | arguments:
            problems.append(f"{where}output {output!r} is {value!r}, which does not exist")
    for output, value in function.control_returns.items():
        if input_node(value) not in names:
            problems.append(f"{where}control output {output!r} is {value!r}, which does not exist")
    return problems


def _body_problems(nodes: Sequence[Node], arguments: frozenset[str], where: str) -> list[str]:
    problems = []
    by_name: dict[str, Node] = {}
    for node in nodes:
        if node.name in by_name or node.name in arguments:
            problems.append(f"{where}two nodes are named {node.name!r}")
        by_name.setdefault(node.name, node)
    known = by_name.keys() | arguments
    for node in nodes:
        problems.extend(
            f"{where}node {node.name!r} has an input {reference!r}, which does not exist"
            for reference in node.inputs
            if input_node(reference) not in known
        )
    cycle = _find_cycle(by_name)
    if cycle:
        names = [repr(name) for name in cycle[:MAX_CYCLE_SHOWN]]
        if len(cycle) > len(names):
            names.append(f"… ({len(cycle) - len(names):,} more)")
        names.append(repr(cycle[0]))
        problems.append(f"{where}nodes form a cycle without NextIteration: {' → '.join(names)}")
    return problems


def _find_cycle(by_name: Mapping[str, Node]) -> list[str]:
    """The nodes of one cycle, each feeding the next, the first of the file first; empty where there is none."""
    sources = {node.name: _forward_inputs(node, by_name) for node in by_name.values()}
    waiting = {name: len(inputs) for name, inputs in sources.items()}
    consumers: dict[str, list[str]] = {name: [] for name in by_name}
    for name, inputs in sources.items():
        for source in inputs:
            consumers[source].append(name)
    ready = [name for name, count in waiting.items() if not count]
    for name in ready:
        for consumer in consumers[name]:
            waiting[consumer] -= 1
            if not waiting[consumer]:
                ready.append(consumer)
    blocked = {name for name, count in waiting.items() if count}
    if not blocked:
        return []
    # Every blocked node has a blocked input, so walking up must come back to a node already seen.
    name = next(name for name in by_name if name in blocked)
    position: dict[str, int] = {}
    path: list[str] = []
    while name not in position:
        position[name] = len(path)
        path.append(name)
        name = next(source for source in sources[name] if source in blocked)
    cycle = path[position[name] :][::-1]
    members = set(cycle)
    first = cycle.index(next(name for name in by_name if name in members))
    return cycle[first:] + cycle[:first]


def _forward_inputs(node: Node, by_name: Mapping[str, Node]) -> list[str]:
    loop_head = node.op in MERGES
    return [
        source
        for source in _unique(input_node(reference) for reference in node.inputs)
        if source in by_name and not (loop_head and by_name[source].op in NEXT_ITERATIONS)
    ]


def _unique(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))
