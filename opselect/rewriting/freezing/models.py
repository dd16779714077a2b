"""Freezing a model in whatever form its owner has it: where its variables are, and which outputs are meant.

Source: ``python/tools/freeze_graph.py``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from kernel_index.errors import InputError
from kernel_index.index import KernelIndex
from opselect.models.choice import choose_convertible
from opselect.models.formats import Model, read_model
from opselect.models.formats.recognize import META_GRAPH, SAVED_MODEL
from opselect.models.formats.saver_def import read_saver
from opselect.models.graph import MetaGraph, check_graph
from opselect.models.storage import is_file, with_suffix
from opselect.rewriting.freezing.defaults import with_defaults
from opselect.rewriting.freezing.freeze import freeze
from opselect.rewriting.freezing.job import Frozen, Job
from opselect.rewriting.freezing.signature_graph import mark_control_sources, signature_graph
from opselect.rewriting.freezing.signatures import chosen_signatures, output_names
from opselect.rewriting.freezing.variables import VariableSelection

if TYPE_CHECKING:
    from opselect.models.formats.checkpoint import Checkpoint

_META = ".meta"
_ALL = VariableSelection()


@dataclass(frozen=True, slots=True)
class Options:
    """What a user says about freezing a model; all empty means its own variables and its usual signature.

    ``checkpoint`` is a prefix or whatever else names one. ``saver`` is a file with a SaverDef. ``initializers`` are
    nodes whose assignments count after those of the checkpoint and of what the loader of a SavedModel runs; an empty
    tuple says that none count, not even the loader's. ``index`` is the TensorFlow whose op definitions tell
    what nodes take and give, None the newest that is shipped.
    """

    checkpoint: str = ""
    outputs: tuple[str, ...] = ()
    signatures: tuple[str, ...] = ()
    all_signatures: bool = False
    tags: tuple[str, ...] = ()
    selection: VariableSelection = _ALL
    saver: str = ""
    initializers: tuple[str, ...] | None = None
    clear_devices: bool = True
    index: KernelIndex | None = None


def freeze_model(path: str, options: Options) -> Frozen:
    """The graph of the model at a path or URL with its variables as constants; :func:`freeze` says how.

    Without outputs those of a signature count: the only one, or ``serving_default``. Raises InputError for a model or
    checkpoint that cannot be read, and for whatever :func:`freeze` refuses.
    """
    model = read_model(path, frozenset(options.tags) or None)
    meta_graph = choose_convertible(model)
    check_graph(meta_graph.graph, path)
    job = Job(
        meta_graph.graph,
        options.outputs,
        path,
        options.selection,
        _restore_op(meta_graph, options),
        options.initializers or (),
        options.clear_devices,
        meta_graph.tensorflow if meta_graph.defaults_stripped else "",
        main_op=_main_op(model, meta_graph),
        without_main_op=options.initializers == (),
        index=options.index,
    )
    checkpoint = _checkpoint(options.checkpoint or _checkpoint_of(model))
    if options.outputs:
        return freeze(job, checkpoint)
    signatures = chosen_signatures(meta_graph, options.signatures, options.all_signatures, path)
    only = next(iter(signatures.values())) if len(signatures) == 1 else None
    made = signature_graph(meta_graph.graph, only, path, options.index) if only is not None else None
    if made is None:
        return freeze(replace(job, outputs=output_names(meta_graph.graph, signatures, path)), checkpoint)
    outputs = (*made.outputs.values(), *made.inputs.values())
    job = replace(job, graph=made.graph, outputs=outputs, origin=meta_graph.graph, names=made.names)
    frozen = freeze(job, checkpoint)
    graph = replace(frozen.graph, nodes=mark_control_sources(frozen.graph.nodes))
    if job.defaults_of:
        # TensorFlow makes a function of the result, and importing it gives nodes that were made the defaults, too.
        graph = with_defaults(graph, job.defaults_of)
    return replace(frozen, graph=graph, inputs=made.inputs, outputs=made.outputs)


def _checkpoint(prefix: str) -> Checkpoint | None:
    if not prefix:
        return None
    from opselect.models.formats.checkpoint import open_checkpoint

    return open_checkpoint(prefix)


def _restore_op(meta_graph: MetaGraph, options: Options) -> str:
    if not options.saver:
        return meta_graph.restore_op
    restore_op = read_saver(options.saver)
    if all(node.name != restore_op for node in meta_graph.graph.nodes):
        advice = "Pass the SaverDef that was saved with this graph, or leave it out."
        raise InputError(options.saver, f"names the restore op {restore_op!r}, which the graph does not have", advice)
    return restore_op


def _main_op(model: Model, meta_graph: MetaGraph) -> tuple[str, ...]:
    """What the loader of a SavedModel runs after the restore op."""
    if model.format != SAVED_MODEL:
        return ()
    names = {node.name for node in meta_graph.graph.nodes}
    return tuple(name for name in meta_graph.initializers if name in names)


def _checkpoint_of(model: Model) -> str:
    """The checkpoint that belongs to a model: its own, or for ``PREFIX.meta`` the one of that prefix."""
    if model.variables or model.format != META_GRAPH or not model.path.endswith(_META) or "::" in model.path:
        return model.variables
    prefix = model.path.removesuffix(_META)
    return prefix if is_file(with_suffix(prefix, ".index")) or is_file(prefix) else ""
