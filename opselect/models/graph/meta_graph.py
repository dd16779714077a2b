"""A graph with what its file says about using it: tags, signatures, what initialises it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from kernel_index.datatypes import DataType
from opselect.models.graph.model import Graph
from opselect.models.graph.values import Shape


@dataclass(frozen=True, slots=True)
class TensorInfo:
    """A tensor of a signature. ``name`` is a tensor name (``x:0``); a node's name where a signature only runs it.

    A sparse or composite tensor has its parts in ``components``, by what they are (``values``, ``indices`` …), and no
    name itself. ``dtype`` and ``shape`` are None where the file does not say.
    """

    name: str
    dtype: DataType | None = None
    shape: Shape | None = None
    components: Mapping[str, TensorInfo] = field(default_factory=dict, hash=False)

    def tensors(self) -> tuple[str, ...]:
        """The names of all tensors it stands for: its own, or those of its parts."""
        own = (self.name,) if self.name else ()
        return (*own, *(name for part in self.components.values() for name in part.tensors()))


@dataclass(frozen=True, slots=True)
class Signature:
    """One way to use a graph (``SignatureDef`` of ``protobuf/meta_graph.proto``): argument → tensor."""

    inputs: Mapping[str, TensorInfo] = field(default_factory=dict, hash=False)
    outputs: Mapping[str, TensorInfo] = field(default_factory=dict, hash=False)
    method: str = ""

    @property
    def gives_tensors(self) -> bool:
        """Whether it has an output that is a tensor; one such as ``__saved_model_train_op`` only runs nodes."""
        return any(info.dtype is not None or ":" in name for info in self.outputs.values() for name in info.tensors())


@dataclass(frozen=True, slots=True)
class MetaGraph:
    """A graph and what its file says about it; a plain GraphDef is one without tags and signatures.

    ``initializers`` names the nodes that a loader runs once (``saved_model_main_op``, ``legacy_init_op`` or the
    signature ``__saved_model_init_op``, which is not one of ``signatures``), ``assets`` the files below ``assets/``,
    ``tensorflow`` the version that wrote it. ``collections`` maps a collection to the node names it lists, where it
    lists nodes. ``restore_op`` is the node that its saver runs to restore the variables (``SaverDef`` of
    ``protobuf/saver.proto``), empty without a saver. ``defaults_stripped`` says that attrs were left out of the file
    where they had their default.
    """

    graph: Graph
    tags: tuple[str, ...] = ()
    signatures: Mapping[str, Signature] = field(default_factory=dict, hash=False)
    initializers: tuple[str, ...] = ()
    assets: tuple[str, ...] = ()
    tensorflow: str = ""
    collections: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)
    restore_op: str = ""
    defaults_stripped: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """A way into a graph: tensors that are fed and tensors or nodes that are fetched.

    Without ``outputs`` everything in the graph counts. ``name`` is the signature's key, empty for one that the user
    spelled out.
    """

    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    name: str = ""
