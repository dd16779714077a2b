"""What is this model with its weights in the graph?"""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from kernel_index.index import KernelIndex
from opselect.models.formats import check_output, model_at
from opselect.models.formats.graphdef_writer import write_graph
from opselect.rewriting.freezing import Frozen, Options, VariableSelection, freeze_model
from opselect.usecases.kernel_source import PathLike

_ALL = VariableSelection()


@dataclass(frozen=True, slots=True)
class FrozenModel:
    """A frozen graph, and the bytes of its file; 0 where none was written."""

    frozen: Frozen
    size: int = 0


def freeze(
    model: PathLike,
    output: PathLike = "",
    *,
    checkpoint: PathLike = "",
    outputs: Sequence[str] = (),
    signatures: Sequence[str] = (),
    all_signatures: bool = False,
    tags: Sequence[str] = (),
    only: Collection[str] | None = None,
    without: Collection[str] = (),
    saver: PathLike = "",
    initializers: Sequence[str] | None = None,
    clear_devices: bool = True,
    index: KernelIndex | None = None,
) -> FrozenModel:
    """The graph of a model with its variables as constants, and of it only what the outputs need; written if wanted.

    ``model`` is a GraphDef, MetaGraphDef, SavedModel or the ``.meta`` file of a checkpoint, by path or URL, or in an
    archive; ``output`` is the path of a binary GraphDef, which appears whole or not at all. ``tags`` choose the
    MetaGraph that has just these. A SavedModel has its own variables, ``PREFIX.meta`` those of ``PREFIX``; other graphs
    need ``checkpoint``, a prefix. ``outputs`` are names of nodes or tensors; without them those of ``signatures``
    count, by default the only one or ``serving_default``, with ``all_signatures`` those of all. ``only`` and
    ``without`` narrow which variables become constants, by the names of their nodes. ``saver`` is a file with a
    SaverDef, ``initializers`` are nodes that assign constants after the checkpoint was restored and after what a loader
    of the SavedModel runs, whose assignments count, too, unless ``initializers`` are none (``()``); ``clear_devices``
    takes the devices off all nodes. ``index`` is the TensorFlow that tells what nodes take and give, without one the
    newest release that is shipped.

    Tensors stay in the checkpoint until the graph is written; ``weight_bytes`` counts what they take. Raises InputError
    for what cannot be read or written, and for whatever cannot be frozen without changing what the graph computes. The
    rules are those of TensorFlow's ``python/tools/freeze_graph.py`` (``docs/freeze.md``).
    """
    options = Options(
        checkpoint=os.fspath(checkpoint),
        outputs=tuple(outputs),
        signatures=tuple(signatures),
        all_signatures=all_signatures,
        tags=tuple(tags),
        selection=VariableSelection(only, without) if only is not None or without else _ALL,
        saver=os.fspath(saver),
        initializers=None if initializers is None else tuple(initializers),
        clear_devices=clear_devices,
        index=index,
    )
    return freeze_to_file(os.fspath(model), options, os.fspath(output))


def freeze_to_file(model: str, options: Options, output: str = "") -> FrozenModel:
    """The graph of the model at a path or URL, or in an archive, its variables as constants; written where wanted.

    The file appears whole or not at all. Raises InputError for a model or checkpoint that cannot be read, for whatever
    cannot be frozen without changing what the graph computes, and for a file that cannot be written or that is read.
    """
    check_output(output, model, options.checkpoint, options.saver)
    with model_at(model) as place, model_at(options.checkpoint) as checkpoint:
        frozen = freeze_model(place, replace(options, checkpoint=checkpoint))
        return FrozenModel(frozen, write_graph(frozen.graph, output) if output else 0)
