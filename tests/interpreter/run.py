"""A graph, what is fed and what is fetched in, the values fetched out: for tests of what graphs compute."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from opselect.models.formats.numpy_types import Array
from opselect.models.graph import Graph
from opselect.rewriting.evaluation.kernel import MAX_VALUE_BYTES, EvaluationError
from tests.interpreter.bodies import graph_body
from tests.interpreter.interpreter import Interpreter, Library
from tests.interpreter.lists import Item


def run(graph: Graph, feeds: Mapping[str, Array], fetches: Sequence[str], limit: int = MAX_VALUE_BYTES) -> list[Array]:
    """The tensors that ``fetches`` name, computed from what ``feeds`` gives, as ``Session.run`` computes them.

    Names are ``node`` or ``node:output``. Conditionals and loops of 1.x run, and those of 2.x, functions, TensorArrays
    and TensorLists; variables, queues and random numbers do not. Raises EvaluationError, the node named, for what
    cannot be computed, for an output of more than ``limit`` bytes, and for a graph that does not come to an end.
    """
    body = graph_body(graph)
    fed: dict[str, tuple[Item | None, ...]] = {}
    for reference, value in feeds.items():
        name, index = body.tensor(reference)
        outputs = list(fed.get(name, ()))
        outputs += [None] * (index + 1 - len(outputs))
        outputs[index] = np.asarray(value)
        fed[name] = tuple(outputs)
    library = Library({function.name: function for function in graph.functions}, limit)
    arrays = []
    for reference, found in zip(fetches, Interpreter(body, fed, library).values(fetches), strict=True):
        if not isinstance(found, np.ndarray):
            raise EvaluationError(f"{reference!r} is no tensor that could be fetched")
        arrays.append(found)
    return arrays
