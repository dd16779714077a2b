"""Which places may be constant, and what they may be filled with."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence

from kernel_index.datatypes import DataType
from opselect.models.graph import Node
from opselect.requirements.runtime.inserted.fillings import Filling, either, filling_of


class Constants:
    """The places that are constant, those of nodes that read nothing but constants among them.

    Kahn's algorithm, so that deep chains need no stack, and one that takes more nodes at any time. A place is looked
    at when it gets constant and whenever its filling grows, which it does a few times at most (:func:`either`); so the
    time for all that is ever added is linear in the inputs.
    """

    def __init__(self) -> None:
        self._found: dict[str, Filling] = {}
        self._settled: set[str] = set()
        self._queue: deque[tuple[str, bool]] = deque()
        self._readers: dict[str, list[int]] = {}
        self._nodes: list[tuple[Node, Sequence[str]]] = []
        self._waiting: list[int] = []

    @property
    def found(self) -> Mapping[str, Filling]:
        """The constant places, as far as :meth:`settle` has come, with what they may be filled with."""
        return self._found

    def know(self, place: str, filling: Filling) -> None:
        """Take a place for a constant."""
        if place not in self._found:
            self._found[place] = filling
            self._queue.append((place, True))
        elif (wider := either(self._found[place], filling)) != self._found[place]:
            self._found[place] = wider
            self._queue.append((place, False))

    def add(self, node: Node, places: Sequence[str]) -> None:
        """Take a node for one that is evaluated where the places that it reads are constant."""
        number = len(self._nodes)
        distinct = dict.fromkeys(places)
        self._nodes.append((node, places))
        self._waiting.append(len(distinct.keys() - self._settled))
        for place in distinct:
            self._readers.setdefault(place, []).append(number)
        if not self._waiting[number]:
            self._evaluate(number)

    def settle(self) -> set[str]:
        """Follow what is known to its readers; gives the places that got constant or whose filling grew."""
        changed = set()
        while self._queue:
            place, first = self._queue.popleft()
            changed.add(place)
            self._settled.add(place)
            for number in self._readers.get(place, ()):
                self._waiting[number] -= first
                if not self._waiting[number]:
                    self._evaluate(number)
        return changed

    def _evaluate(self, number: int) -> None:
        node, places = self._nodes[number]
        to = node.attrs.get("DstT")
        fillings = [self._found[place] for place in places]
        data_type = to if isinstance(to, DataType) else None
        self.know(node.name, filling_of(node.op, fillings, data_type, of_itself=len(set(places)) < len(places)))
