"""The types of a node's inputs and outputs by its op's definition, references told apart.

Sources: ``InOutTypesForNode`` of ``framework/node_def_util.cc``, ``FinalizeInputOrOutput`` of
``framework/op_def_builder.cc``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from kernel_index.datatypes import DataType, from_spec
from kernel_index.records import ArgDefinition, OpDefinition
from opselect.models.graph import FunctionArg, FunctionDefinition, NodeAttr
from opselect.requirements.loading.uses import NO_OUTPUT, UNKNOWN_TYPE

REF = "_REF"
_MOST = 10_000
"""Tensors of one argument; of more nobody keeps the types."""

Lookup = Callable[[str], NodeAttr | None]
"""The value of an attr, its default where the node lacks it; None where nothing tells it."""


@dataclass(frozen=True, slots=True)
class Signature:
    """What an op or a function takes and gives."""

    inputs: tuple[FunctionArg, ...]
    outputs: tuple[FunctionArg, ...]

    @property
    def counting_attrs(self) -> frozenset[str]:
        """The attrs that say how many tensors an argument is."""
        return frozenset(arg.number_attr for arg in (*self.inputs, *self.outputs))


def signature_of(op: OpDefinition | FunctionDefinition) -> Signature:
    """The signature of either."""
    if isinstance(op, FunctionDefinition):
        return Signature(op.inputs, op.outputs)
    return Signature(_arguments(op.inputs, op), _arguments(op.outputs, op))


def _arguments(args: Sequence[ArgDefinition], definition: OpDefinition) -> tuple[FunctionArg, ...]:
    """argument = [ number attr "*" ] ( type | type attr | type list attr | "Ref(" … ")" )"""
    found = []
    for arg in args:
        number, _, spec = arg.type_text.rpartition("*")
        spec = spec.strip()
        is_ref = spec.startswith("Ref(")
        spec = spec.removeprefix("Ref(").removesuffix(")").strip()
        data_type = from_spec(spec)
        attr = definition.attr(spec)
        is_list = attr is not None and attr.type == "list(type)"
        found.append(
            FunctionArg(
                arg.name,
                data_type,
                type_attr="" if data_type is not None or is_list else spec,
                number_attr=number.strip(),
                type_list_attr=spec if data_type is None and is_list else "",
                is_ref=is_ref,
            )
        )
    return tuple(found)


def types_by_argument(args: Iterable[FunctionArg], attr: Lookup) -> list[tuple[str, tuple[str, ...]]] | None:
    """Each argument with its types by enum name; None where nothing tells how many tensors one of them is."""
    found = []
    for arg in args:
        types = _types(arg, attr)
        if types is None:
            return None
        found.append((arg.name, tuple(f"{name}{REF}" if name and arg.is_ref else name for name in types)))
    return found


def _types(arg: FunctionArg, attr: Lookup) -> tuple[str, ...] | None:
    if arg.type_list_attr:
        value = attr(arg.type_list_attr)
        return tuple(map(_name, value)) if isinstance(value, tuple) and len(value) <= _MOST else None
    name = _name(arg.type if arg.type is not None else attr(arg.type_attr))
    if not arg.number_attr:
        return (name,)
    number = attr(arg.number_attr)
    if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number <= _MOST:
        return None
    return (name,) * number


def _name(value: NodeAttr | None) -> str:
    return value.name if isinstance(value, DataType) else UNKNOWN_TYPE


def flat(types: Iterable[tuple[str, tuple[str, ...]]]) -> tuple[str, ...]:
    """The types of all arguments, one after the other."""
    return tuple(name for _, names in types for name in names)


def fits(given: str, expected: str) -> bool:
    """Whether an input may have a type: a reference can be read as a value (``TypesCompatible``)."""
    return UNKNOWN_TYPE in (given, expected) or given == expected or given.removesuffix(REF) == expected


def misfits(given: Sequence[str], args: Iterable[FunctionArg], attr: Lookup) -> Iterator[str]:
    """What of the types of a node's inputs does not fit, in TensorFlow's words; nothing where nobody knows what would.

    ``given`` are the types of its inputs, ``args`` what its op or function takes.
    """
    expected = types_by_argument(args, attr)
    if expected is None:
        return
    types = flat(expected)
    if len(types) != len(given):
        listed = ", ".join(map(spelled, types))
        yield f"NodeDef expected inputs '{listed}' do not match {len(given)} inputs specified"
        return
    for number, (one, wanted) in enumerate(zip(given, types, strict=True)):
        if one == NO_OUTPUT:
            yield f"Input {number} is connected to an invalid output of its source node"
        elif not fits(one, wanted):
            yield f"Input {number} was passed {spelled(one)} incompatible with expected {spelled(wanted)}"


def spelled(name: str) -> str:
    """A type as TensorFlow's messages spell it: ``float``, ``float_ref``."""
    return name.removeprefix("DT_").lower() or "?"
