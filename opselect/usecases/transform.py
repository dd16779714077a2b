"""What becomes of a graph that is rewritten step by step?"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

from kernel_index.index import KernelIndex
from opselect.models.formats import check_output, model_at, read_graph
from opselect.models.formats.graphdef_writer import encode_graph, write_graph
from opselect.models.graph import Graph
from opselect.rewriting import Context, parse_steps
from opselect.rewriting.absent import ABSENT
from opselect.rewriting.transforms import NAMES, apply_steps, find_transform
from opselect.usecases.kernel_source import PathLike
from opselect.usecases.watch import NOBODY, RecordingWatch, Watch, progress_of


@dataclass(frozen=True, slots=True)
class GraphSize:
    """How many nodes a graph has, without those of functions, and the bytes of its file."""

    nodes: int
    bytes: int


@dataclass(frozen=True, slots=True)
class TransformedGraph:
    """A graph after all steps, its size before and after, and what the steps had to say."""

    graph: Graph
    before: GraphSize
    after: GraphSize
    warnings: tuple[str, ...] = ()


def transform(
    graph: PathLike,
    steps: str,
    output: PathLike = "",
    *,
    inputs: Sequence[str] = (),
    outputs: Sequence[str] = (),
    as_text: bool = False,
    gtt: bool = False,
    index: KernelIndex | None = None,
    watch: Watch = NOBODY,
) -> TransformedGraph:
    """A GraphDef after transforms, one after the other; written if wanted.

    ``graph`` is a path or URL, or in an archive; ``steps`` are such as ``"strip_unused_nodes fold_constants"``, with
    arguments in parentheses. ``inputs`` and ``outputs`` are the nodes or tensors that a program feeds and fetches.
    ``output`` is a path, not that of the graph or its archive, and appears whole or not at all; ``as_text`` writes
    protobuf's text format. ``gtt`` does what TensorFlow's tool does where opselect does otherwise on purpose.
    ``index`` is the TensorFlow that tells what nodes take and give, without one the newest release that is shipped.

    Sizes are in nodes and bytes. After each step the graph is valid. Raises InputError for a graph that cannot be read,
    steps that are not understood and a file that cannot be written, and TransformError, with the node that stands in
    the way, for a step that cannot do what it is asked to. Transforms and their words are those of TensorFlow's
    ``tools/graph_transforms`` (``docs/transforms.md``).
    """
    return transform_file(
        os.fspath(graph),
        os.fspath(output),
        steps,
        inputs=tuple(inputs),
        outputs=tuple(outputs),
        as_text=as_text,
        gtt=gtt,
        index=index,
        watch=watch,
    )


def transform_file(
    source: str,
    target: str,
    steps: str,
    *,
    inputs: tuple[str, ...] = (),
    outputs: tuple[str, ...] = (),
    as_text: bool = False,
    gtt: bool = False,
    index: KernelIndex | None = None,
    watch: Watch = NOBODY,
) -> TransformedGraph:
    """The GraphDef at a path or URL, or in an archive, after transforms, one after the other; written where wanted.

    ``steps`` are in the words of TensorFlow's Graph Transform Tool (``docs/transforms.md``), ``inputs`` and ``outputs``
    what a program feeds and fetches. ``target`` is a path, empty for none; ``as_text`` writes protobuf's text format.
    ``gtt`` does what that tool does where opselect does otherwise on purpose. ``index`` tells what nodes
    take and give, without one the newest release that is shipped. After each transform the graph is valid.

    Raises InputError for a graph that cannot be read, steps that are not understood, and a file that cannot be written
    or that is read; TransformError, which is one, for a step that cannot do what it is asked to, and where no node is
    left. Nothing is written then.
    """
    recording = RecordingWatch(watch)
    parsed = parse_steps(steps)
    check_output(target, source)
    context = Context(source, inputs, outputs, index=index, gtt=gtt, note=recording.warning)
    with model_at(source) as place:
        before = read_graph(place)
        after = apply_steps(before, parsed, context, progress_of(recording, "transforms"))
        if not after.nodes:
            raise context.error("no node is left of the graph", "--outputs names what the program fetches.")
        size = write_graph(after, target, text=as_text) if target else encode_graph(after).size
        before_size = GraphSize(len(before.nodes), encode_graph(before).size)
    return TransformedGraph(after, before_size, GraphSize(len(after.nodes), size), recording.warnings)


def transforms_json() -> dict[str, object]:
    """The document of ``opselect transform --list --json``: transforms with their arguments, and those not there."""
    return {
        "transforms": [
            {
                "name": each.name,
                "summary": each.summary,
                "arguments": [
                    {"name": argument.name, "help": argument.help, "repeated": argument.repeated}
                    for argument in each.arguments
                ],
            }
            for each in map(find_transform, NAMES)
        ],
        "absent": [{"name": name, "reason": reason} for name, reason in ABSENT.items()],
    }
