"""What a transform gets besides the graph, and how it reads its arguments."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from kernel_index import shipped
from kernel_index.datatypes import DataType, from_spec
from kernel_index.errors import InputError
from kernel_index.index import KernelIndex
from kernel_index.near_names import typeset_mark
from opselect.models.graph import FunctionDefinition, Shape
from opselect.models.graph.op_definitions import OpDefinitions

_T = TypeVar("_T")
_INT = re.compile(r"\s*[+-]?\d+\s*", re.ASCII)
_MAX_INT64 = 2**63 - 1


class TransformError(InputError):
    """A transform cannot do what it is asked to.

    ``node`` names the node that stands in the way, if one does; ``problem`` begins with it, ``reason`` does not.
    """

    def __init__(self, path: str, reason: str, advice: str = "", node: str = "") -> None:
        self.node = node
        self.reason = reason
        super().__init__(path, f"node {node!r}: {reason}" if node else reason, advice)

    def __reduce__(self) -> tuple[type[TransformError], tuple[str, str, str, str]]:
        return type(self), (self.place.path, self.reason, self.advice, self.node)


def ops_of(index: KernelIndex | None, functions: Iterable[FunctionDefinition] = ()) -> OpDefinitions:
    """The ops of a TensorFlow, of the newest release that is shipped where it is None, and the functions of a graph."""
    return OpDefinitions(index or shipped.index_of(shipped.releases()[-1]), functions)


def _ignore(_: str) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Context:
    """``inputs`` and ``outputs`` as the user names them: the tensors that a program feeds and fetches.

    ``index`` is the TensorFlow whose op definitions tell what nodes take and give, None the newest that is shipped.
    ``gtt`` asks for what the Graph Transform Tool does where opselect does otherwise on purpose. ``note`` is called
    with a sentence for what the user should know and that is no error. ``path`` is where the graph comes from.
    """

    path: str = "graph"
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    arguments: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)
    index: KernelIndex | None = None
    gtt: bool = False
    note: Callable[[str], None] = _ignore

    def ops(self) -> OpDefinitions:
        """What ops take and give."""
        return ops_of(self.index)

    def error(self, problem: str, advice: str = "", node: str = "") -> TransformError:
        """An error to raise about this graph, at a node of it."""
        return TransformError(self.path, problem, advice, node)

    def all(self, name: str) -> tuple[str, ...]:
        """Every value of an argument that may be repeated."""
        return self.arguments.get(name, ())

    def text(self, name: str, default: str | None = None) -> str:
        """An argument that may occur once; without ``default`` it must."""
        values = self.all(name)
        if len(values) > 1:
            raise self.error(f"argument {name!r} is given {len(values)} times, it takes one value")
        if not values and default is None:
            raise self.error(f"argument {name!r} is missing")
        return values[0] if values else default or ""

    def whole(self, name: str, default: int) -> int:
        """An argument that is a whole number of 64 bits."""
        return self._parsed(name, default, "a whole number", _whole)

    def flag(self, name: str, default: bool = False) -> bool:
        """An argument that is true, false, 1 or 0."""
        words = {"true": True, "1": True, "false": False, "0": False}
        return self._parsed(name, default, "true, false, 1 or 0", lambda text: words[text.lower()])

    def data_type(self, name: str, default: DataType) -> DataType:
        """An argument that names a type as op definitions do: ``float``, ``int32``, ``half``."""
        return self._parsed(name, default, "a data type such as float or int32", parse_data_type)

    def shape(self, name: str, default: Shape) -> Shape:
        """An argument that lists dimensions: ``1,299,299,3``; empty text is a scalar."""
        return self._parsed(name, default, 'a shape such as "1,299,299,3"', parse_shape)

    def _parsed(self, name: str, default: _T, what: str, parse: Callable[[str], _T]) -> _T:
        if not self.all(name):
            return default
        text = self.text(name)
        try:
            return parse(text)
        except (ValueError, KeyError, OverflowError):
            mark = typeset_mark(text)
            why = f" ({mark})" if mark else ""
            raise self.error(f"argument {name!r} is {text!r}, which is not {what}{why}") from None


def parse_data_type(text: str) -> DataType:
    """The type that a word names; ValueError for any other word."""
    found = from_spec(text)
    if found is None:
        raise ValueError(text)
    return found


def parse_shape(text: str) -> Shape:
    """The shape that numbers between commas name; -1 is a dimension not known. ValueError for any other text."""
    return Shape(tuple(_dimension(part) for part in text.split(",")) if text else ())


def _dimension(text: str) -> int:
    size = _whole(text)
    if size < -1:
        raise ValueError(text)
    return size


def _whole(text: str) -> int:
    if not _INT.fullmatch(text) or abs(int(text)) > _MAX_INT64:
        raise ValueError(text)
    return int(text)
