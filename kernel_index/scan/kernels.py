"""From a registration macro's expanded arguments to a record.

The grammar is that of ``framework/kernel_def_builder.h``: a builder is ``Name(op)`` followed by calls of ``Device``,
``TypeConstraint``, ``AttrConstraint``, ``HostMemory``, ``Label`` and ``Priority``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from kernel_index.datatypes import DataType, has_no_data_type
from kernel_index.preprocessor.calls import SinkCall
from kernel_index.preprocessor.tokens import spell
from kernel_index.records import AttrScalar, Constraint, KernelRegistration, Location
from kernel_index.scan.definitions import Definitions
from kernel_index.scan.expressions import NotEvaluatedError, joined, plain, split_arguments

KERNEL_SINKS = ("REGISTER_KERNEL_BUILDER", "REGISTER_SYSTEM_KERNEL_BUILDER")


@dataclass(slots=True)
class _Builder:
    op: str = ""
    device: str = ""
    label: str = ""
    priority: int = 0
    constraints: dict[str, set[AttrScalar]] | None = None
    host_memory: list[str] | None = None


def registration(call: SinkCall, definitions: Definitions) -> KernelRegistration:
    """The record of one call of a registration macro, in no profile yet. Raises NotEvaluatedError."""
    if len(call.arguments) < 2:
        raise NotEvaluatedError("the registration names no kernel class")
    parser = _BuilderParser(call.arguments[0], definitions)
    try:
        builder = parser.parse()
    except NotEvaluatedError as problem:
        problem.op = parser.op
        raise
    except RecursionError:
        raise NotEvaluatedError("the kernel builder is nested too deeply") from None
    return KernelRegistration(
        op=builder.op,
        device=builder.device,
        kernel_class=spell(call.arguments[1]),
        location=Location(call.file, call.line),
        profiles=(),
        label=builder.label,
        priority=builder.priority,
        constraints=sorted_constraints(builder.constraints or {}),
        host_memory_args=tuple(builder.host_memory or ()),
        system=call.sink == "REGISTER_SYSTEM_KERNEL_BUILDER",
    )


def sorted_constraints(constraints: Mapping[str, set[AttrScalar]]) -> tuple[Constraint, ...]:
    """The constraints of a kernel by attr, each with its values sorted. Raises NotEvaluatedError."""
    for attr, values in constraints.items():
        if len({isinstance(value, str) for value in values}) > 1:
            raise NotEvaluatedError(f"the constraint on '{attr}' mixes strings with other values")
    return tuple(Constraint(attr, tuple(sorted(values))) for attr, values in sorted(constraints.items()))


class _BuilderParser:
    """Recursive descent over the tokens of a builder expression, white space left out."""

    def __init__(self, tokens: Sequence[str], definitions: Definitions) -> None:
        self._tokens = plain(tokens)
        self._at = 0
        self._definitions = definitions
        self._builder = _Builder(constraints={}, host_memory=[])

    @property
    def op(self) -> str:
        """The op that the builder names, empty before it is known."""
        return self._builder.op

    def parse(self) -> _Builder:
        """builder = [qualifier] "Name" "(" string ")" { "." method }"""
        while self._peek() != "Name":
            if self._peek() in ("::", "register_kernel", "tensorflow"):
                self._at += 1
                continue
            raise NotEvaluatedError(f"'{' '.join(self._tokens[:8])}' is no Name(...) builder")
        self._at += 1
        self._builder.op = self._string(self._group("(", ")"))
        while self._peek() == ".":
            self._at += 1
            self._method()
        if self._at < len(self._tokens):
            raise NotEvaluatedError(f"'{self._peek()}' was not expected in a kernel builder")
        if not self._builder.device:
            raise NotEvaluatedError("the registration names no device")
        return self._builder

    def _peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _group(self, opening: str, closing: str) -> list[str]:
        """The tokens between a pair of brackets, which must come next."""
        if self._peek() != opening:
            raise NotEvaluatedError(f"'{opening}' is missing in a kernel builder")
        depth = 0
        start = self._at + 1
        while self._at < len(self._tokens):
            token = self._tokens[self._at]
            depth += (token == opening) - (token == closing)
            self._at += 1
            if depth == 0:
                return self._tokens[start : self._at - 1]
        raise NotEvaluatedError(f"'{closing}' is missing in a kernel builder")

    def _method(self) -> None:
        """method = name [ "<" type ">" ] "(" arguments ")" """
        name = self._peek()
        self._at += 1
        template = self._group("<", ">") if self._peek() == "<" else None
        arguments = split_arguments(self._group("(", ")"))
        builder = self._builder
        if name == "Device":
            builder.device = self._string(arguments[0])
        elif name == "Label":
            builder.label = self._string(arguments[0])
        elif name == "Priority":
            builder.priority = self._definitions.number_of(arguments[0])
        elif name == "HostMemory":
            assert builder.host_memory is not None  # set by the constructor
            builder.host_memory.append(self._string(arguments[0]))
        elif name in ("TypeConstraint", "AttrConstraint"):
            values = self._values(arguments[1]) if len(arguments) > 1 else self._template_types(template)
            assert builder.constraints is not None  # set by the constructor
            attr = self._string(arguments[0])
            # A second constraint on the same attr narrows the first: KernelAttrsMatch asks for every one.
            known = builder.constraints.get(attr)
            builder.constraints[attr] = values if known is None else known & values
        else:
            raise NotEvaluatedError(f"the kernel builder has no method {name}")

    def _string(self, tokens: Sequence[str]) -> str:
        return self._definitions.string_of(tokens)

    def _template_types(self, template: Sequence[str] | None) -> set[AttrScalar]:
        if template is None:
            raise NotEvaluatedError("a constraint has no values")
        return {self._type(template)}

    def _type(self, tokens: Sequence[str]) -> DataType:
        spelling = joined(tokens)
        value = self._definitions.data_type(spelling)
        if value is None:
            if has_no_data_type(spelling):
                raise NotEvaluatedError(f"TensorFlow has no data type for '{spelling}'", spelling)
            raise NotEvaluatedError(f"'{spelling}' is no type the scanner knows", spelling)
        return value

    def _values(self, tokens: Sequence[str]) -> set[AttrScalar]:
        """values = "{" value { "," value } "}" | value"""
        if tokens and tokens[0] == "{" and tokens[-1] == "}":
            parts = split_arguments(tokens[1:-1])
            values: set[AttrScalar] = set()
            for part in parts if parts[-1] or len(parts) == 1 else parts[:-1]:  # a comma may stand at the end
                values |= self._values(part)
            return values
        text = "".join(tokens)
        if text in ("true", "false"):
            return {text == "true"}
        enum = self._definitions.types.from_enum_name(text)
        if enum is not None:
            return {enum}
        if "DataTypeToEnum" in tokens and ">" in tokens:
            start = tokens.index("DataTypeToEnum")
            end = len(tokens) - 1 - list(reversed(tokens)).index(">")
            return {self._type(tokens[start + 2 : end])}
        for opening in ("vector", "list", "initializer_list"):
            if opening in tokens and (braces := _first_braces(tokens)):
                return self._values(braces)
        types = self._definitions.data_types(text) if text else None
        if types is not None:
            return set(types)
        for evaluate in (self._definitions.number_of, self._definitions.string_of):
            with suppress(NotEvaluatedError):
                return {evaluate(tokens)}
        raise NotEvaluatedError(f"the value of '{text}' is not known")


def _first_braces(tokens: Sequence[str]) -> Sequence[str]:
    """The first pair of braces with what is between; nothing where none ends."""
    depth = 0
    for at, token in enumerate(tokens):
        depth += (token == "{") - (token == "}")
        if token == "}" and depth == 0:
            return tokens[tokens.index("{") : at + 1]
    return ()
