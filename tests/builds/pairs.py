"""Pairs of a model and a program of the fixture runtime, and what the program really does with the model."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from opselect.models.graph.model import Graph
from opselect.models.graph.values import Shape
from tests.builds.pair_models import FAULTY, SOUND
from tests.builds.programs import Built, Program
from tests.builds.run_graph import MODELS, run_graph, run_model

RECORD = Path(__file__).with_name("pairs.json")
"""What every program said when the pairs were last looked through: program, model, "" or how its message begins."""

_FOR_FAULTY = "extended"
"""The program that has what faulty models need but for their fault, so that they can fail for nothing else."""

_HOST = " in binary running on "


@dataclass(frozen=True, slots=True)
class Pair:
    """A model, by name and as a binary GraphDef, and a program that may or may not run it."""

    name: str
    model: Path
    program: Program

    @property
    def faulty(self) -> bool:
        """Whether the model is refused for what is wrong with it, whatever a program has."""
        return self.name in FAULTY


def pairs(built: Built) -> tuple[Pair, ...]:
    """Every sound model with every program, and the faulty ones with the one that has their kernels."""
    return tuple(
        Pair(name, model, program)
        for program in built.programs.values()
        for name, model in built.models.items()
        if name not in FAULTY or program.name == _FOR_FAULTY
    )


def really_runs(pair: Pair) -> tuple[bool, str]:
    """Whether the program runs all of the model, and what it says if not, without the name of this machine.

    Every node is fetched that is no Placeholder, and every Placeholder is fed ones.
    """
    if pair.name in MODELS:
        outcome = run_model(pair.program.path, pair.name)
    else:
        graph = {**SOUND, **FAULTY}[pair.name]()
        outcome = run_graph(pair.program.path, pair.model, *_feeds_and_fetches(graph))
    message = outcome.err.strip()
    if _HOST in message:
        message = message[: message.index(_HOST)]
    return outcome.code == 0, message


def recorded() -> Mapping[str, Mapping[str, str]]:
    """What is written in :data:`RECORD`."""
    known: Mapping[str, Mapping[str, str]] = json.loads(RECORD.read_text())
    return known


def shown(runs: bool, message: str) -> str:
    """An answer as it is recorded: of a message its first line up to the attrs of the node."""
    return "" if runs else message.splitlines()[0].partition(" with these attrs")[0].partition("with these attrs")[0]


def _feeds_and_fetches(graph: Graph) -> list[str]:
    arguments = []
    for node in graph.nodes:
        shape = node.attrs.get("shape")
        if node.op == "Placeholder" and isinstance(shape, Shape):
            size = 1
            for dim in shape.dims or ():
                size *= dim or 1
            arguments += ["--input", f"{node.name}={','.join('1' * size)}"]
    for name in {node.name: None for node in graph.nodes if node.op != "Placeholder"}:
        arguments += ["--output", name]
    return arguments
