"""What may stand in the places of a body while optimizers rewrite it, and who reads whom then.

Every node of the body is a *place*. What a rewrite puts there is one more *form* of the place: a node of the same name
with another op or other inputs. An op that a rewrite puts in beside has a place of its own. A form that only passes a
tensor on makes the place transparent: whoever reads it may read what it reads. Places whose forms read nothing but
constants may become constants.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain

from kernel_index.datatypes import DataType
from opselect.models.graph import Node, NodeAttr
from opselect.models.graph.op_definitions import OpDefinitions
from opselect.requirements.runtime.body_view import BodyView, DataEdge
from opselect.requirements.runtime.inserted.fillings import (
    DIFFERENT,
    KEEP_SIZE,
    OF_EVERY_INPUT,
    Filling,
    either,
    filling_of,
)
from opselect.requirements.runtime.inserted.settling import Constants

Tensor = tuple[str, int]
"""A place and the number of one of its outputs."""

MOST_FORMS = 2
"""Maximum number of forms with one op and the same types that a place gets beside its own node. More of them come of
long chains alone, and would bring the same ops with the same types."""

MOST_BESIDE = 8
"""Maximum number of places that a node gets for ops beside it; what comes then shares the last one, as its forms."""

MOST_OF_A_NODE = 6
"""Maximum number of forms that a node gets, those of places beside it among them, in bodies so large that
:data:`MOST_IN_ALL` are not more. Layers of models bring 6 at most."""

MOST_IN_ALL = 20_000
"""Number of forms up to which a body gets as many as come up."""

MOST_REACHED = 4
"""Maximum number of tensors that are looked at of those that one input may read, the nearest first."""

_DEEPEST = 3
"""Maximum number of inputs in a row that patterns follow, transparent places not counted."""

_MOST_PASSES = 4
"""Duplicates of duplicates are found at once where nodes come after their inputs, as they do in most files."""

_MOST_ELEMENTS = 100 * 1024 // 16
"""Maximum number of elements that are no more than 100 KiB, whatever their type."""

_TRANSPARENT = ("Identity", "Snapshot", "StopGradient", "PreventGradient")
"""Ops that optimizers take out: ``grappler/optimizers/model_pruner.cc``, ``dependency_optimizer.cc``."""

_PASSING = (*_TRANSPARENT, "IdentityN")
"""These, and one that is taken apart into them; the output of each that passes an input on has the input's number."""


class FormView:
    """The forms of a body, ``plain``, as rewrites leave them; what is asked between two :meth:`take` sees one state."""

    def __init__(self, plain: BodyView) -> None:
        self.plain = plain
        self.definitions: OpDefinitions = plain.definitions
        self._forms: dict[str, list[Node]] = {}
        self._by_op: dict[str, list[Node]] = {}
        self._fillings: dict[int, Filling] = {}
        self._matched: set[object] = set()
        self._most = max(MOST_OF_A_NODE, MOST_IN_ALL // max(len(plain.nodes), 1))
        self._counts: dict[str, int] = {}
        self._full: set[str] = set()
        self._offered: list[tuple[Node, Filling]] = []
        self._beside: dict[str, dict[object, str]] = {}
        self._passing: dict[str, list[Tensor]] = {}
        self._through: dict[Tensor, Tensor] = {}
        self._first: dict[str, str] = {}
        self._tensors: dict[str, Tensor] = {}
        self._inputs: dict[int, tuple[str, ...]] = {}
        self._controlled: set[str] = set()
        self._read: dict[int, tuple[Tensor, ...]] = {}
        self._readers: dict[str, list[str]] = {}
        self._constants = Constants()
        self._reached: dict[tuple[Tensor, bool], tuple[Tensor, ...]] = {}
        self._standing: dict[tuple[Tensor, bool], tuple[Node, ...]] = {}
        self._alone: dict[str, bool] = {}
        self._awake: frozenset[str] | None = None
        self._roots: dict[str, tuple[Node, ...]] = {}
        self._set_controls_apart()
        self._broken = {node.name for node in plain.nodes if not plain.definitions.may_run(node)}
        self._no_roots = self._folded_first() | self._broken
        self._look_through()
        self._merge_duplicates()
        for node in plain.nodes:
            self._join(node, None)
        self._constants.settle()

    def _set_controls_apart(self) -> None:
        """Which places control edges touch, and what nodes with control inputs read beside these."""
        for node in self.plain.nodes:
            if self.plain.has_controls(node):
                self._controlled.add(node.name)
                self._inputs[id(node)] = self.plain.data_inputs(node)

    # What there is.

    def named(self, *ops: str) -> Iterator[Node]:
        """The nodes and forms of these ops, one op after the other.

        From the second round on only those that can be the root of a pattern that was not there before. Nodes that
        are folded before anything else becomes of them are left out, as are those that no release loads.
        """
        for op in ops:
            roots = self._roots.get(op)
            if roots is None:
                nodes = chain(self.plain.named(op), self._by_op.get(op, ()))
                roots = self._roots[op] = tuple(node for node in nodes if self._is_root(node.name))
            for node in roots:
                if self._awake is None or node.name.partition(" ")[0] not in self._full:
                    yield node

    def _is_root(self, place: str) -> bool:
        return (self._awake is None or place in self._awake) and place not in self._no_roots

    def forms(self, place: str, port: int = 0) -> tuple[Node, ...]:
        """What may stand in a place: its node, and what rewrites put there, which has one output."""
        node = self.plain.node(place)
        others = () if port else self._forms.get(place, ())
        return tuple(others) if node is None or place in self._broken else (node, *others)

    def is_own(self, node: Node) -> bool:
        """Whether the body has the node itself: it is no form that a rewrite made."""
        return self.plain.node(node.name) is node

    def cause(self, node: Node) -> Node:
        """The node of the body that a form was made of."""
        return self.plain.node(node.name.partition(" ")[0]) or node

    def causes(self, nodes: Sequence[Node]) -> tuple[Node, ...]:
        """The nodes of the body that forms were made of, each once."""
        found = {node.name: node for node in map(self.cause, nodes)}
        return tuple(found.values())

    def type(self, node: Node, attr: str = "T") -> DataType | None:
        """The type in an attr of a node, its default where it is left out."""
        value = node.attrs.get(attr)
        return value if isinstance(value, DataType) else self.plain.type(node, attr)

    def inputs(self, node: Node) -> tuple[str, ...]:
        """What the node reads, control inputs left out."""
        return self._inputs.get(id(node), node.inputs) if self._inputs else node.inputs

    def has_controls(self, node: Node) -> bool:
        """Whether control edges come in or go out of the place."""
        return node.name in self._controlled

    # Who reads whom.

    def sources(self, node: Node, index: int = 0) -> Sequence[Node]:
        """Whatever a data input may read: forms of the place that it names, and of what transparent ones pass on."""
        return self._sources(node, index, alone=False)

    def sole_sources(self, node: Node, index: int = 0) -> Sequence[Node]:
        """Those of :meth:`sources` that nobody else may be left to read, so that a pass may change them in place."""
        return self._sources(node, index, alone=True)

    def _sources(self, node: Node, index: int, *, alone: bool) -> Sequence[Node]:
        read = self._read[id(node)]
        if index >= len(read):
            return ()
        key = (read[index], alone)
        found = self._standing.get(key)
        if found is None:
            reached = self._reach(read[index], alone=alone)
            found = self._standing[key] = tuple([form for place, port in reached for form in self.forms(place, port)])
        return found

    def chains(self, *steps: Sequence[str], attr: str = "T") -> Iterator[tuple[Node, ...]]:
        """Nodes each of which alone reads the next as its first input, the root first: ``steps`` are the ops of each.

        No control edges touch any, and all have the same type in ``attr``. That is what the fusions of
        ``grappler/optimizers/remapper.cc`` ask for.
        """
        for root in self.named(*steps[0]):
            found: list[tuple[Node, ...]] = [(root,)]
            for ops in steps[1:]:
                found = [
                    (*nodes, source) for nodes in found for source in self.sole_sources(nodes[-1]) if source.op in ops
                ]
            for nodes in found:
                if len({self.type(node, attr) for node in nodes}) == 1 and not any(map(self.has_controls, nodes)):
                    yield nodes

    def same(self, *references: str) -> bool:
        """Whether all of these may be one tensor."""
        first, *others = dict.fromkeys(map(self.tensor, references))
        return not others or any(all(each in self._reach(other) for other in others) for each in self._reach(first))

    def tensor(self, reference: str) -> Tensor:
        """The tensor that a reference names, upstream of what only passes it on."""
        found = self._tensors.get(reference)
        if found is None:
            tensor = (reference, 0) if " " in reference else self.plain.tensor(reference)
            place, port = self._through.get(tensor, tensor)
            found = self._tensors[reference] = (self._first.get(place, place), port)
        return found

    def _reach(self, tensor: Tensor, *, alone: bool = False) -> tuple[Tensor, ...]:
        """The tensors that who reads this one may read, the nearest first; ``alone``: over places with one reader."""
        key = (tensor, alone)
        reached = self._reached.get(key)
        if reached is None:
            first = () if alone and not self._is_alone(tensor[0]) else (tensor,)
            passes_on = first and tensor[0] in self._passing
            reached = self._reached[key] = self._passed_on(tensor, alone) if passes_on else first
        return reached

    def _passed_on(self, tensor: Tensor, alone: bool) -> tuple[Tensor, ...]:
        found = {tensor: None}
        waiting = deque(found)
        while waiting and len(found) < MOST_REACHED:
            for after in self._passing.get(waiting.popleft()[0], ()):
                if after not in found and not (alone and not self._is_alone(after[0])):
                    found[after] = None
                    waiting.append(after)
        return tuple(found)

    def _is_alone(self, place: str) -> bool:
        """Whether one reader at most may be left of those that the place has in the body."""
        found = self._alone.get(place)
        if found is None:
            node = self.plain.node(place)
            uses = self.plain.uses(node) if node is not None else ()
            found = self._alone[place] = len(uses) <= 1 or self._readers_left(uses, place) <= 1
        return found

    def _readers_left(self, uses: Sequence[DataEdge], place: str) -> int:
        """How many of those that read a place in the body may be left at least."""
        place = self._first.get(place, place)
        readers: dict[object, int] = {}
        for reader in self.plain.readers_behind(uses, _PASSING):
            if reader is None:
                readers[len(readers)] = 1
            elif not self._may_leave(reader, place):
                name = self._first.get(reader.name, reader.name)
                readers[name] = 1 if name in self._forms else self._reads(reader, place)
        return sum(readers.values())

    def _reads(self, node: Node, place: str) -> int:
        return [self.tensor(reference)[0] for reference in self.inputs(node)].count(place)

    def _may_leave(self, reader: Node, place: str) -> bool:
        """Whether the reader may become a constant, or something that does not read the place."""
        if reader.name in self._constants.found:
            return True
        return any(not self._reads(form, place) for form in self._forms.get(reader.name, ()))

    # What is constant.

    def is_constant(self, reference: str) -> bool:
        """Whether what a reference names may be a constant."""
        return self.tensor(reference)[0] in self._constants.found

    def filling_of(self, reference: str) -> Filling:
        """The numbers that what a reference names may be filled with."""
        return self._constants.found.get(self.tensor(reference)[0], DIFFERENT)

    def constant(self, node: Node, index: int) -> bool:
        """Whether a data input may read a constant."""
        read = self._read[id(node)]
        return index < len(read) and read[index][0] in self._constants.found

    def becomes_constant(self, node: Node) -> bool:
        """Whether the place may become a constant."""
        return node.name in self._constants.found

    def filling(self, node: Node, index: int) -> Filling:
        """The numbers that a data input may be filled with."""
        read = self._read[id(node)]
        return self._constants.found.get(read[index][0], DIFFERENT) if index < len(read) else DIFFERENT

    def filled(self, node: Node, index: int, *values: float) -> bool:
        """Whether all elements of a data input may be one of these numbers."""
        filling = self.filling(node, index)
        return filling is None or not filling.isdisjoint(values)

    # What rewrites do.

    def beside(self, root: Node, op: str, inputs: tuple[str, ...]) -> str:
        """The place of an op that a rewrite of ``root`` puts in beside it: one for what reads the same.

        No node has a space in its name. What is made of a place beside a node counts as made of the node.
        """
        name = root.name.partition(" ")[0]
        places = self._beside.setdefault(name, {})
        key = (op, inputs)
        if key not in places:
            places[key] = f"{name} {min(len(places), MOST_BESIDE)}"
        return places[key]

    def is_new(self, *match: object) -> bool:
        """Whether a rule asks for the first time about a match, named by its forms and whatever else tells it apart.

        What a rule makes of the same forms is the same in every round, so it need not be made again.
        """
        key = tuple([id(each) if isinstance(each, Node) else each for each in match])
        if key in self._matched:
            return False
        self._matched.add(key)
        return True

    def offer(
        self,
        root: Node,
        op: str,
        inputs: tuple[str, ...],
        attrs: Mapping[str, NodeAttr],
        place: str = "",
        filling: Filling = None,
    ) -> None:
        """Have an op added by the next :meth:`take` as a form of a place, if it may be new and its node has room.

        The place is that of the root where none is given. A Const has a ``filling``.
        """
        place = place or root.name
        name = place.partition(" ")[0]
        if self._is_known(place, op, inputs, filling) or name in self._full:
            return
        count = self._counts[name] = self._counts.get(name, 0) + 1
        if count >= self._most:
            self._full.add(name)
        self._offered.append((Node(place, op, inputs, root.device, attrs), filling))

    def take(self) -> bool:
        """Add what was offered; tells whether that brought any form that was not there."""
        changed = [form.name for form, filling in self._offered if self._add(form, filling)]
        self._offered.clear()
        if changed:
            grown = self._constants.settle()
            self._reached.clear()
            self._standing.clear()
            self._alone.clear()
            self._roots.clear()
            self._awake = frozenset(self._near([*changed, *sorted(grown)]))
        return bool(changed)

    def _is_known(self, place: str, op: str, inputs: tuple[str, ...], filling: Filling) -> bool:
        own = self.plain.node(place)
        if own is not None and own.op == op and own.inputs == inputs:
            return True
        for form in self._forms.get(place, ()):
            if form.op == op and form.inputs == inputs:
                found = self._constants.found.get(place, DIFFERENT)
                return op != "Const" or either(found, filling) == found
        return False

    def _add(self, node: Node, filling: Filling) -> bool:
        if " " in node.name and node.inputs and self._folds_at_once(node):
            node, filling = self._folded_at_once(node)
        forms = self._forms.setdefault(node.name, [])
        alike = [form for form in forms if form.op == node.op and form.attrs == node.attrs]
        if len(alike) >= MOST_FORMS:
            return False
        if any(form.inputs == node.inputs and self._fillings.get(id(form)) == filling for form in alike):
            return False
        forms.append(node)
        self._by_op.setdefault(node.op, []).append(node)
        if filling is not None:
            self._fillings[id(node)] = filling
        if node.op in _TRANSPARENT and node.inputs:
            self._passing.setdefault(node.name, []).append(self.tensor(node.inputs[0]))
        self._join(node, filling)
        return True

    def _folds_at_once(self, node: Node) -> bool:
        """Whether an op beside another one reads nothing but constants."""
        return all(map(self.is_constant, node.inputs)) and self.plain.is_foldable(node)

    def _folded_at_once(self, node: Node) -> tuple[Node, Filling]:
        """The constant that becomes of an op, and what fills it."""
        data_type = self.type(node)
        attrs = {"dtype": data_type} if data_type is not None else {}
        filling = filling_of(node.op, [self.filling_of(reference) for reference in node.inputs])
        return Node(node.name, "Const", (), node.device, attrs), filling

    def _join(self, node: Node, filling: Filling) -> None:
        """Note whom a node reads, and whether it is constant."""
        read = self._read[id(node)] = tuple(map(self.tensor, self.inputs(node)))
        places = [place for place, _ in read]
        for place in dict.fromkeys(places):
            self._readers.setdefault(place, []).append(node.name)
        if node.op == "Const":
            own = self.plain.node(node.name)
            if node is own:
                value = self.plain.content(node).filling
                filling = DIFFERENT if value is None else frozenset({value})
            self._constants.know(node.name, filling)
        elif node.op in OF_EVERY_INPUT:
            self._constants.know(node.name, frozenset({OF_EVERY_INPUT[node.op]}))
        elif self.plain.is_foldable(node):
            self._constants.add(node, places)

    def _near(self, changed: Iterable[str]) -> set[str]:
        """The places from which a pattern reaches what changed, or what somebody else has left to read alone."""
        changed = dict.fromkeys(changed)
        depths = dict.fromkeys(changed, 0)
        for place in changed:
            for form in self.forms(place):
                depths.update((read, 0) for read, _ in self._read[id(form)])
        waiting = deque(depths)
        while waiting:
            place = waiting.popleft()
            depth = depths[place] + (place not in self._passing)
            for reader in self._readers.get(place, ()) if depth <= _DEEPEST else ():
                if depths.get(reader, _DEEPEST + 1) > depth:
                    depths[reader] = depth
                    waiting.append(reader)
        return set(depths)

    def _folded_first(self) -> frozenset[str]:
        """Nodes that read nothing but small constants: so is what they give, if it is not made to be large.

        ``RunOptimizationPass`` in ``grappler/optimizers/constant_folding.cc`` folds what it can before it simplifies;
        it does not fold what is larger than 100 KiB and than its inputs.
        """
        constants = list(self.plain.named("Const"))
        sizes = {node.name: self._elements(node) for node in constants}
        waiting = deque(constants)
        while waiting:
            for use in self.plain.uses(waiting.popleft()):
                node = use.consumer
                if node is None or node.name in sizes or node.op not in KEEP_SIZE:
                    continue
                counts = [sizes.get(self.plain.tensor(reference)[0], 0) for reference in self.inputs(node)]
                if min(counts) > 0 and math.prod(counts) <= _MOST_ELEMENTS:
                    sizes[node.name] = math.prod(counts)
                    waiting.append(node)
        return frozenset(sizes) - {node.name for node in constants}

    def _elements(self, node: Node) -> int:
        """How many elements a Const has, 0 where its bytes do not tell."""
        dims = self.plain.content(node).dims
        return math.prod(dims) if dims is not None and min(dims, default=0) >= 0 else 0

    def is_scalar(self, reference: str) -> bool:
        """Whether what a reference names is certainly a scalar, whatever else becomes of it."""
        place = self.tensor(reference)[0]
        node = self.plain.node(place)
        return node is not None and node.op == "Const" and self.plain.content(node).dims == ()

    def _look_through(self) -> None:
        """Where that which nodes only pass on comes from, along any number of them."""
        for start in self.plain.named(*_PASSING):
            for port, reference in enumerate(self.inputs(start)):
                passed = {(start.name, port): None}
                tensor = self.plain.tensor(reference)
                while tensor not in self._through and tensor not in passed:
                    node = self.plain.node(tensor[0])
                    inputs = self.inputs(node) if node is not None and node.op in _PASSING else ()
                    if tensor[1] >= len(inputs):
                        break
                    passed[tensor] = None
                    tensor = self.plain.tensor(inputs[tensor[1]])
                end = self._through.get(tensor, tensor)
                self._through.update(dict.fromkeys(passed, end))

    def _merge_duplicates(self) -> None:
        """Nodes that compute the same become one, the first of them (``common_subgraph_elimination.cc``)."""
        keys = {node.name: self._attrs_key(node) for node in self.plain.nodes}
        for _ in range(_MOST_PASSES):
            self._tensors.clear()
            before = len(self._first)
            first: dict[object, str] = {}
            for node in self.plain.nodes:
                if keys[node.name] is not None:
                    key = (node.op, keys[node.name], *map(self.tensor, self.inputs(node)))
                    other = first.setdefault(key, node.name)
                    if other != node.name:
                        self._first[node.name] = other
                        self._tensors.pop(node.name, None)
            if len(self._first) == before:
                return

    def _attrs_key(self, node: Node) -> object | None:
        """What duplicates have in common beside their op and inputs; None for a node that stays apart."""
        if node.op == "Const":
            return self.plain.content(node).encoded
        if not self.plain.is_foldable(node):
            return None
        return repr(sorted((name, repr(value)) for name, value in node.attrs.items() if not name.startswith("_")))
