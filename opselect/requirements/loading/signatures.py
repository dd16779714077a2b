"""The types of a node's inputs and outputs by its op's definition, references distinguished from values.

Sources: ``InOutTypesForNode`` of ``framework/node_def_util.cc``, ``FinalizeInputOrOutput`` of
``framework/op_def_builder.cc``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from kernel_index.datatypes import DataType
from opselect.models.graph import FunctionArg
from opselect.models.graph.op_definitions import Lookup, types_of
from opselect.requirements.loading.uses import NO_OUTPUT, UNKNOWN_TYPE

REF = "_REF"


def types_by_argument(args: Iterable[FunctionArg], attr: Lookup) -> list[tuple[str, tuple[str, ...]]] | None:
    """Each argument with its types by enum name; None where nothing tells how many tensors one of them is."""
    found = []
    for arg in args:
        types = types_of(arg, attr)
        if types is None:
            return None
        found.append((arg.name, tuple(_name(data_type, arg.is_ref) for data_type in types)))
    return found


def _name(data_type: DataType | None, is_ref: bool) -> str:
    if data_type is None:
        return UNKNOWN_TYPE
    return f"{data_type.name}{REF}" if is_ref else data_type.name


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
