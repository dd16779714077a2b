"""What a program feeds to a graph: which nodes, and the type and shape of a Placeholder in the place of one."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TypeVar

from kernel_index.datatypes import DataType
from kernel_index.errors import InputError
from kernel_index.index import KernelIndex
from opselect.models.graph import Graph, Node, Shape, TensorInfo, reach
from opselect.models.graph.op_families import PLACEHOLDER_WITH_DEFAULT, PLACEHOLDERS
from opselect.models.graph.references import endpoint
from opselect.rewriting import Step, ops_of
from opselect.rewriting.evaluation.known import find_known

_T = TypeVar("_T")


def placeholders(
    graph: Graph, outputs: Sequence[str], path: str, note: Callable[[str], None] = lambda _: None
) -> dict[str, TensorInfo]:
    """The Placeholders that outputs need.

    Those with a default keep it, as nobody has to feed them, unless there is no other; ``note`` gets a
    sentence about it.
    """
    needed = reach(graph, (), outputs, path).nodes
    plain = [node.name for node in needed if node.op in PLACEHOLDERS]
    others = [node.name for node in needed if node.op == PLACEHOLDER_WITH_DEFAULT]
    if plain and others:
        note(f"inputs: {', '.join(plain)}; {', '.join(others)} keep their defaults (--inputs names what is fed)")
    return {name: TensorInfo(name) for name in plain or others}


def strip_step(
    graph: Graph,
    inputs: Mapping[str, TensorInfo],
    data_type: DataType | None,
    shape: Shape | None,
    path: str,
    index: KernelIndex | None = None,
) -> Step:
    """``strip_unused_nodes`` with the type and shape of each input that is no Placeholder yet.

    Both are those given, else those of ``inputs``, else what the graph tells of the node that was there, by the op
    definitions of ``index`` (:func:`opselect.rewriting.ops_of`). Raises
    InputError for a type or shape that contradicts the graph, and where nothing tells the shape.
    """
    by_name = {node.name: node for node in graph.nodes}
    fed = {endpoint(name)[0]: (endpoint(name)[1], info) for name, info in inputs.items()}
    there = {name: (position, info) for name, (position, info) in fed.items() if name in by_name}
    shapes = _shapes(graph, [name for name in there if by_name[name].op != "Placeholder"])
    ops = ops_of(index)
    made: list[tuple[str, DataType, Shape]] = []
    for name, (position, info) in there.items():
        node = by_name[name]
        known = _at(shapes.get(name, ()), position) or _own_shape(node)
        known_type = _at(ops.output_types(node) or (), position)
        _check(node, data_type, shape, known_type, known, path)
        if node.op == "Placeholder":
            continue
        dtype = data_type or info.dtype or known_type or DataType.DT_FLOAT
        dims = next((each for each in (shape, info.shape, known) if each is not None and each.dims is not None), None)
        if dims is None:
            problem = f"input {name!r} is a {node.op}, and nothing tells its shape"
            raise InputError(path, problem, 'Say it: --shape "1,299,299,3", -1 for any size.')
        made.append((name, dtype, dims))
    return _step(made)


def _at(values: Sequence[_T], position: int) -> _T | None:
    return values[position] if position < len(values) else None


def _own_shape(node: Node) -> Shape:
    shape = node.attrs.get("shape")
    return shape if isinstance(shape, Shape) else Shape()


def _shapes(graph: Graph, names: Collection[str]) -> Mapping[str, tuple[Shape, ...]]:
    """What the graph tells of the shapes of the outputs of nodes."""
    known = find_known(graph.nodes).shapes if names else {}
    return {name: known.get(name, ()) for name in names}


def _step(made: Sequence[tuple[str, DataType, Shape]]) -> Step:
    if not made:
        return Step("strip_unused_nodes")
    arguments = {
        "name": tuple(name for name, _, _ in made),
        "type_for_name": tuple(dtype.name.removeprefix("DT_").lower() for _, dtype, _ in made),
        "shape_for_name": tuple(",".join(map(str, shape.dims or ())) for _, _, shape in made),
    }
    return Step("strip_unused_nodes", arguments)


def _check(
    node: Node,
    data_type: DataType | None,
    shape: Shape | None,
    known_type: DataType | None,
    known: Shape,
    path: str,
) -> None:
    """InputError for a type or shape that is not that of the node; in its place the batch may be another."""
    if data_type is not None and known_type not in (None, data_type):
        raise InputError(
            path,
            f"input {node.name!r} is {_name(known_type or data_type)}, not {_name(data_type)}",
            "Leave out --type: the graph tells it.",
        )
    if shape is not None and _contradicts(shape.dims, known.dims, skipped=int(node.op != "Placeholder")):
        raise InputError(
            path,
            f"input {node.name!r} has the shape {_text(known)}, which {_text(shape)} contradicts",
            "Leave out --shape, or name an input where the graph is open to it.",
        )


def _contradicts(wanted: tuple[int, ...] | None, known: tuple[int, ...] | None, skipped: int) -> bool:
    if wanted is None or known is None:
        return False
    pairs = list(zip(wanted, known, strict=False))[skipped:]
    return len(wanted) != len(known) or any(one != other and min(one, other) >= 0 for one, other in pairs)


def _name(data_type: DataType) -> str:
    return data_type.name.removeprefix("DT_").lower()


def _text(shape: Shape) -> str:
    return ",".join(map(str, shape.dims or ())) or "of a scalar"
