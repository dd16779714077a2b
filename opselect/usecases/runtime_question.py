"""What is asked of the models of another runtime than TensorFlow, and what comes of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from kernel_index.records_json import Json
from opselect.targets import Runtime, Target, kind_of


@dataclass(frozen=True, slots=True)
class RuntimeOptions:
    """What may be chosen: whether operators are restricted to the ``types`` that models use them with, and whether
    those count that the optimisers of ONNX Runtime add when it loads a model.
    """

    types: bool = False
    with_optimizer_ops: bool = False


@dataclass(frozen=True, slots=True)
class RuntimeQuestion:
    """Of which models, lists or configurations what is to be written; all ``targets`` are of one runtime."""

    models: tuple[str, ...]
    targets: tuple[Target, ...]
    options: RuntimeOptions = field(default_factory=RuntimeOptions)

    @property
    def runtime(self) -> Runtime:
        """The runtime that the targets are of."""
        return kind_of(self.targets[0]).runtime


@dataclass(frozen=True, slots=True)
class RuntimeTexts:
    """What is to be written, by the names of the files.

    ``models`` are the names of what was read. ``summary`` says what is in the files, ``warnings`` what a user should
    know of them, a sentence each. ``details`` go into the JSON as they are.
    """

    models: tuple[str, ...]
    texts: dict[str, str]
    summary: str
    warnings: tuple[str, ...] = ()
    details: Json = field(default_factory=dict)
