"""Kernels and ops that are registered through the C API, not by a macro (``tensorflow/c/kernels.h``, ``c/ops.h``).

The calls of one kernel stand one after the other in one function: ``TF_NewKernelBuilder``, then what constrains it,
then ``TF_RegisterKernelBuilder``. A function that is a template is called once for every type.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence

from kernel_index.datatypes import DataType
from kernel_index.preprocessor.calls import SinkCall
from kernel_index.preprocessor.files import SourceFile
from kernel_index.preprocessor.tokens import spell
from kernel_index.records import ArgDefinition, AttrDefinition, AttrScalar, KernelRegistration, Location, OpDefinition
from kernel_index.scan.definitions import Definitions
from kernel_index.scan.expressions import NotEvaluatedError, joined, split_arguments
from kernel_index.scan.kernels import sorted_constraints
from kernel_index.scan.ops import argument_definition, attr_definition, finished

C_API_SINKS = (
    "TF_NewKernelBuilder", "TF_KernelBuilder_TypeConstraint", "TF_KernelBuilder_HostMemory",
    "TF_KernelBuilder_Priority", "TF_KernelBuilder_Label", "TF_RegisterKernelBuilder",
    "TF_NewOpDefinitionBuilder", "TF_OpDefinitionBuilderAddAttr", "TF_OpDefinitionBuilderAddInput",
    "TF_OpDefinitionBuilderAddOutput", "TF_OpDefinitionBuilderSetIsStateful", "TF_RegisterOpDefinition",
)  # fmt: skip

_TEMPLATE = re.compile(r"\btemplate\s*<\s*(?:typename|class)\s+(\w+)\s*>\s*[\w:*&\s]+?\b(\w+)\s*\([^()]*\)\s*\{")
_ENUM_OF = re.compile(r"DataTypeToEnum\s*<(.+)>")


def c_api_groups(calls: Sequence[SinkCall]) -> Iterator[list[SinkCall]]:
    """The calls that make one kernel or op each."""
    yield from _groups(calls, "TF_NewKernelBuilder", "TF_RegisterKernelBuilder")
    yield from _groups(calls, "TF_NewOpDefinitionBuilder", "TF_RegisterOpDefinition")


class Templates:
    """The function templates of a file, and the types that they are called with."""

    def __init__(self, file: SourceFile) -> None:
        self._file = file
        self._found: tuple[list[int], list[tuple[str, str]]] | None = None

    def before(self, line: int) -> tuple[str, str] | None:
        """The type parameter and the name of the last template that begins at a line or above it."""
        if self._found is None:
            matches = list(_TEMPLATE.finditer(self._file.text)) if "template" in self._file.words else []
            self._found = [self._file.line_at(m.start()) for m in matches], [(m[1], m[2]) for m in matches]
        lines, names = self._found
        index = bisect_right(lines, line)
        return names[index - 1] if index else None

    def calls(self, name: str) -> list[str]:
        """The template arguments of every call of a function without parameters."""
        return re.findall(rf"\b{name}\s*<([^;()]+)>\s*\(\s*\)", self._file.text)


def c_api_records(
    group: Sequence[SinkCall], templates: Templates, definitions: Definitions
) -> list[KernelRegistration] | OpDefinition:
    """The kernels that a group of calls registers, one a type of a template, or the op. Raises NotEvaluatedError."""
    if group[0].sink == "TF_NewOpDefinitionBuilder":
        return _op(group, definitions)
    return [_kernel(group, binding, definitions) for binding in _bindings(group, templates)]


def _groups(calls: Sequence[SinkCall], first: str, last: str) -> Iterator[list[SinkCall]]:
    group: list[SinkCall] = []
    for call in calls:
        if not call.arguments or not {"const", "*", "void"}.isdisjoint(call.arguments[0]):
            continue  # the function's declaration
        if call.sink == first:
            group = [call]
        elif group and call.sink in C_API_SINKS:
            group.append(call)
            if call.sink == last:
                yield group
                group = []


def _bindings(group: Sequence[SinkCall], templates: Templates) -> list[dict[str, str]]:
    """What the type parameter of the function around the calls is bound to, once a call of that function."""
    around = templates.before(group[0].line)
    words = {w for call in group for argument in call.arguments for w in argument}
    if around is None or around[0] not in words:
        return [{}]
    parameter, function = around
    return [{parameter: " ".join(use.split())} for use in templates.calls(function)]


def _arguments(call: SinkCall) -> list[list[str]]:
    first, rest = call.arguments[0], call.arguments[1] if len(call.arguments) > 1 else ()
    return [[t for t in first if t != " "], *split_arguments([t for t in rest if t != " "])]


def _argument(call: SinkCall, number: int) -> list[str]:
    arguments = _arguments(call)
    if number >= len(arguments):
        raise NotEvaluatedError(f"a call of {call.sink} has too few arguments")
    return arguments[number]


def _data_type(tokens: Sequence[str], binding: dict[str, str], definitions: Definitions) -> DataType:
    """type = "TF_" name | [cast] "DataTypeToEnum" "<" type ">" "::" "v" "(" ")" (the names of ``c/tf_datatype.h``)."""
    text = joined(tokens)
    enum = _ENUM_OF.search(text)
    spelling = enum[1].strip() if enum else ""
    if text.startswith("TF_"):
        data_type = definitions.types.from_enum_name("DT_" + text.removeprefix("TF_"))
    else:
        data_type = definitions.data_type(binding.get(spelling, spelling))
    if data_type is None:
        raise NotEvaluatedError(f"the type constraint '{spell(tokens)}' is not known")
    return data_type


def _kernel(group: Sequence[SinkCall], binding: dict[str, str], definitions: Definitions) -> KernelRegistration:
    op = definitions.string_of(_argument(group[0], 0))
    try:
        return _built(op, group, binding, definitions)
    except NotEvaluatedError as problem:
        problem.op = op
        raise


def _built(op: str, group: Sequence[SinkCall], binding: dict[str, str], definitions: Definitions) -> KernelRegistration:
    constraints: dict[str, set[AttrScalar]] = {}
    host_memory: list[str] = []
    priority = 0
    label = ""
    for call in group[1:-1]:
        if call.sink == "TF_KernelBuilder_TypeConstraint":
            attr = definitions.string_of(_argument(call, 1))
            admitted: set[AttrScalar] = {_data_type(_argument(call, 2), binding, definitions)}
            constraints[attr] = constraints.get(attr, admitted) & admitted
        elif call.sink == "TF_KernelBuilder_HostMemory":
            host_memory.append(definitions.string_of(_argument(call, 1)))
        elif call.sink == "TF_KernelBuilder_Label":
            label = definitions.string_of(_argument(call, 1))
        elif call.sink == "TF_KernelBuilder_Priority":
            priority = definitions.number_of(_argument(call, 1))
    return KernelRegistration(
        op=op,
        device=definitions.string_of(_argument(group[0], 1)),
        kernel_class=definitions.string_of(_argument(group[-1], 0)),
        location=Location(group[0].file, group[0].line),
        profiles=(),
        label=label,
        priority=priority,
        constraints=sorted_constraints(constraints),
        host_memory_args=tuple(host_memory),
    )


def _op(group: Sequence[SinkCall], definitions: Definitions) -> OpDefinition:
    inputs: list[ArgDefinition] = []
    outputs: list[ArgDefinition] = []
    attrs: list[AttrDefinition] = []
    for call in group[1:-1]:
        spec = definitions.string_of(_argument(call, 1)) if "Add" in call.sink else ""
        if call.sink.endswith("AddInput"):
            inputs.append(argument_definition(spec))
        elif call.sink.endswith("AddOutput"):
            outputs.append(argument_definition(spec))
        elif call.sink.endswith("AddAttr"):
            attrs.append(attr_definition(spec, definitions.types))
    name = definitions.string_of(_argument(group[0], 0))
    stateful = any(call.sink.endswith("SetIsStateful") for call in group)
    place = Location(group[0].file, group[0].line)
    return finished(name, inputs, outputs, attrs, place, stateful)
