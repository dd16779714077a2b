"""What is this model with its weights in the graph?"""

from __future__ import annotations

from dataclasses import dataclass, replace

from opselect.models.formats import model_at
from opselect.models.formats.graphdef_writer import write_graph
from opselect.rewriting.freezing import Frozen, Options, freeze_model
from opselect.usecases.kernel_source import KernelSource
from opselect.usecases.open_kernels import ops_named
from opselect.usecases.watch import NOBODY, Watch

ALL = Options()


@dataclass(frozen=True, slots=True)
class FrozenModel:
    """A frozen graph, and the bytes of its file; 0 where none was written."""

    frozen: Frozen
    size: int = 0


def freeze_to_file(
    model: str,
    options: Options = ALL,
    output: str = "",
    source: KernelSource | None = None,
    watch: Watch = NOBODY,
) -> FrozenModel:
    """The graph of the model at a path or URL, or in an archive, its variables as constants; written where wanted.

    The TensorFlow of ``source`` tells what nodes take and give, without one the newest release that is shipped. The
    file appears whole or not at all. Raises InputError for a model or checkpoint that cannot be read, for whatever
    cannot be frozen without changing what the graph computes, and for a file that cannot be written.
    """
    options = replace(options, index=ops_named(source, watch) or options.index)
    with model_at(model) as place, model_at(options.checkpoint) as checkpoint:
        frozen = freeze_model(place, replace(options, checkpoint=checkpoint))
        return FrozenModel(frozen, write_graph(frozen.graph, output) if output else 0)
