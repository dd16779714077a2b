"""Which tensor of a checkpoint is the value of which variable.

Source: ``python/tools/freeze_graph.py``, ``python/training/saver.py``, ``python/ops/partitioned_variables.py``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from kernel_index.errors import InputError
from kernel_index.near_names import did_you_mean
from opselect.models.formats.array_shapes import ArrayError, shape_text
from opselect.models.formats.checkpoint import Checkpoint
from opselect.models.formats.checkpoint.object_graph import names_of_variables
from opselect.models.formats.checkpoint.slices import TensorSlice
from opselect.rewriting.freezing.restoring import Source
from opselect.rewriting.freezing.values import dims_of
from opselect.rewriting.freezing.variables import Variable

MAX_PROBLEMS_SHOWN = 10

_PART = re.compile(r"(?P<whole>.+)/part_(?P<number>\d{1,9})", re.DOTALL)
_ADVICE = (
    "Pass the checkpoint that was saved from this graph, or keep variables: opselect freeze --variable_names_blacklist."
)


class VariableSources:
    """Finds the values of variables in a checkpoint.

    ``restored`` is what restore ops assign to each variable. With ``by_saver`` they were named by whoever saved the
    graph and count first; else a variable's own name does, as ``freeze_graph`` has it. ``parts`` are the shapes of all
    variables of the graph by name, from which the parts of partitioned ones are known.
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        restored: Mapping[str, tuple[Source, ...]],
        by_saver: bool,
        parts: Mapping[str, tuple[int, ...] | None],
    ) -> None:
        self._checkpoint = checkpoint
        self._restored = restored
        self._by_saver = by_saver
        self._parts = parts
        self._by_object = names_of_variables(checkpoint)

    def find(self, variables: Iterable[Variable]) -> dict[str, Source]:
        """The tensor of each variable by the variable's key.

        Raises one InputError that names every variable that the checkpoint lacks or has in another type or shape.
        """
        found = {}
        problems = []
        for variable in variables:
            source = self._source(variable)
            if source is None:
                near = did_you_mean(variable.name, self._checkpoint)
                problems.append(f"has no tensor for the variable {variable.name!r}{near}")
                continue
            problem = self._mismatch(variable, source)
            if problem:
                problems.append(problem)
            found[variable.key] = source
        if problems:
            raise InputError(self._checkpoint.prefix, listed("does not fit the graph", problems), _ADVICE)
        return found

    def _source(self, variable: Variable) -> Source | None:
        for candidates in self._candidates(variable):
            known = [source for source in dict.fromkeys(candidates) if source.key in self._checkpoint]
            if len(known) == 1:
                return known[0]
        return None

    def _candidates(self, variable: Variable) -> Iterator[Iterable[Source]]:
        restored = self._restored.get(variable.name, ())
        own = [Source(variable.name)], [Source(variable.shared)]
        if self._by_saver:
            yield restored
            yield from own
        else:
            yield from own
            yield restored
        yield self._as_part(variable)
        yield [Source(key) for key in self._by_object.get(variable.name, ())]

    def _as_part(self, variable: Variable) -> list[Source]:
        """The slice of a partitioned variable, where its parts together have the shape that the checkpoint holds."""
        match = _PART.fullmatch(variable.name)
        if match is None or match["whole"] not in self._checkpoint:
            return []
        whole, number = match["whole"], int(match["number"])
        dims = self._checkpoint.shapes[whole]
        shapes: list[tuple[int, ...]] = []
        while (shape := self._parts.get(f"{whole}/part_{len(shapes)}")) is not None:
            shapes.append(shape)
        for axis in range(len(dims)):
            fits = all(shape[:axis] + shape[axis + 1 :] == dims[:axis] + dims[axis + 1 :] for shape in shapes)
            same_rank = all(len(shape) == len(dims) for shape in shapes)
            if fits and same_rank and number < len(shapes) and sum(shape[axis] for shape in shapes) == dims[axis]:
                start = sum(shape[axis] for shape in shapes[:number])
                extents = [(0, size) for size in dims]
                extents[axis] = start, shapes[number][axis]
                return [Source(whole, TensorSlice(tuple(extents)), dims)]
        return []

    def _mismatch(self, variable: Variable, source: Source) -> str:
        stored = self._checkpoint.variables[source.key]
        if source.part is not None and source.dims != stored.dims:
            wanted, held = shape_text(source.dims), shape_text(stored.dims)
            return f"has {source.key!r} of shape {held}, but the graph restores parts of a tensor of shape {wanted}"
        try:
            dims = dims_of(self._checkpoint, source)
        except ArrayError as error:
            return f"has {source.key!r} that {error}"
        if variable.dtype is not None and variable.dtype is not stored.data_type:
            return (
                f"has {source.key!r} of type {stored.data_type}, but the variable {variable.name!r} is {variable.dtype}"
            )
        if not _fits(dims, variable.dims):
            held, wanted = shape_text(dims), shape_text(variable.dims)
            return f"has {source.key!r} of shape {held}, but the variable {variable.name!r} has shape {wanted}"
        return ""


def listed(head: str, problems: Sequence[str]) -> str:
    """Problems as one text, the first of many; the head goes before more than one."""
    if len(problems) == 1:
        return problems[0]
    shown = list(problems[:MAX_PROBLEMS_SHOWN])
    if len(problems) > len(shown):
        shown.append(f"and {len(problems) - len(shown):,} more")
    return f"{head}:" + "".join(f"\n  - {problem}" for problem in shown)


def _fits(dims: tuple[int, ...], wanted: tuple[int, ...] | None) -> bool:
    if wanted is None:
        return True
    return len(dims) == len(wanted) and all(want in (-1, size) for size, want in zip(dims, wanted, strict=True))
