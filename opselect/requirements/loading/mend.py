"""What mends a refusal: another release, ``opselect prepare``, or a transform, as a command that can be copied."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from pathlib import PurePosixPath

from kernel_index import shipped
from kernel_index.index import KernelIndex
from kernel_index.op_history import history
from kernel_index.profiles import release_number
from kernel_index.records import OpDefinition
from opselect.findings.mends import Applicability, Mend, change_model, run
from opselect.models.graph.op_definitions import signature_of
from opselect.requirements.loading.releases import elsewhere, releases_defining, releases_where, releases_with_attr
from opselect.requirements.loading.rules import IGNORES_UNKNOWN_ATTRS, Problem, problems
from opselect.requirements.loading.uses import GraphUse, Use

_ANY = "MODEL"
"""What commands call a model where several are meant."""

_SUCCESSOR = re.compile(r"\bUse (\w+)")


def mend_graph(graph: GraphUse, release: str) -> tuple[Mend, ...]:
    """What to do about versions that a release refuses."""
    having = releases_where(lambda index: _takes(graph, index))
    there = elsewhere(having, release, "take it")
    return _build_or_export(there, release)


def _build_or_export(there: str, release: str, first: str = "") -> tuple[Mend, ...]:
    if not there:
        return (change_model(f"{first}Export the model for TensorFlow {release}."),)
    return (change_model(f"{first}{there}: build one of these, or export the model for {release}."),)


def _takes(graph: GraphUse, index: KernelIndex) -> bool:
    known = index.graph_versions
    return (
        known is not None
        and known.min_producer <= graph.producer
        and graph.min_consumer <= known.current
        and known.current not in graph.bad_consumers
    )


def mend_use(
    problem: Problem, uses: Sequence[Use], index: KernelIndex, models: Sequence[str], *, has_default: bool
) -> tuple[Mend, ...]:
    """What to do about a problem with uses of one op; ``has_default`` tells that the attr has its default in all."""
    release, op = index.release, uses[0].op
    model = shlex.quote(models[0]) if len(models) == 1 else _ANY
    if problem.kind == "unknown_op":
        known = history(op, release)
        return (change_model(f"{known.text}. {known.advice(release)}"),) if known is not None else ()
    if problem.kind == "bad_node":
        return (change_model("The graph was cut or merged, and not whole: export it again."),)
    if problem.kind == "removed_op":
        return mend_removed(op, index, model)
    if problem.kind == "lowering":
        return _taking_off(f"Take the attr off, so that the kernel of {op} runs it:", problem, uses, release, model)
    if problem.kind == "unknown_attr":
        there = elsewhere(releases_with_attr(op, problem.attr), release, "know it")
        if has_default and release_number(release) < IGNORES_UNKNOWN_ATTRS and not _is_lite(model):
            take_off = "Take the attr off, for its value is the default:"
            other = (change_model(f"{there}."),) if there else ()
            return (*_taking_off(take_off, problem, uses, release, model), *other)
        # The default of a later release is what its op did before it had the attr; any other value is not.
        value = "Its value is not the default. " if there else "No shipped release knows it. "
        value = "" if uses[0].is_call or (there and has_default) else value
        return _build_or_export(there, release, value)
    having = releases_defining(op, lambda *other: _accepts(problem, uses, *other))
    there = elsewhere(having, release, "take it")
    if there:
        return _build_or_export(there, release)
    return (change_model("No shipped release takes it: the graph is damaged. Export it again."),)


def _accepts(problem: Problem, uses: Sequence[Use], definition: OpDefinition, release: str) -> bool:
    number = release_number(release)
    return not any(found.kind == problem.kind for use in uses for found in problems(use, definition, number))


def _taking_off(first: str, problem: Problem, uses: Sequence[Use], release: str, model: str) -> tuple[Mend, ...]:
    if _is_lite(model):
        return _build_or_export("", release)
    minor = shipped.minor_of(release)
    applicability: Applicability = "guess" if model == _ANY else "certain"
    prepare = f"opselect prepare {model} -o phone.pb --tensorflow {minor}"
    in_function = any(use.in_function for use in uses)
    end = ", in functions too." if in_function else "." if not _may_be_graph(model) else ""
    text = f"{first} {{command}} does it{end}"
    mends = [run(text, prepare, applicability=applicability, action="prepare")]
    if not end:
        step = shlex.quote(f"remove_attribute(attribute_name={problem.attr}, op_name={uses[0].op})")
        transform = f"opselect transform {model} without.pb --transforms={step}"
        mends.append(run("{command}.", transform, applicability=applicability, lead="; for a GraphDef also"))
    return tuple(mends)


def _is_lite(model: str) -> bool:
    """Whether the name of a model is that of one of TensorFlow Lite, which can be converted again and not be edited."""
    return model.strip("'").endswith(".tflite")


def _may_be_graph(model: str) -> bool:
    """Whether the name of a model may be that of a GraphDef, which is all that ``opselect transform`` takes.

    SavedModels are folders, and MetaGraphDefs have a suffix of their own.
    """
    name = PurePosixPath(model.strip("'")).name
    return model == _ANY or not (PurePosixPath(name).suffix in ("", ".meta") or name.startswith("saved_model."))


def mend_removed(op: str, index: KernelIndex, model: str) -> tuple[Mend, ...]:
    """What to do about an op that is removed; ``model`` is what commands call the model, ``MODEL`` for any."""
    definition = index.op_definition(op)
    gone = definition.deprecation if definition is not None else None
    named = _SUCCESSOR.search(gone.explanation) if gone is not None else None
    successor = index.op_definition(named[1]) if named is not None else None
    if definition is None or successor is None or not _same_shape(definition, successor) or _is_lite(model):
        return (change_model("Export the model again with what takes its place."),)
    step = shlex.quote(f"rename_op(old_op_name={op}, new_op_name={successor.name})")
    freeze = "" if _may_be_graph(model) else f"opselect freeze {model} -o frozen.pb"
    rename = f"opselect transform {'frozen.pb' if freeze else model} renamed.pb --transforms={step}"
    applicability: Applicability = "guess" if model == _ANY else "certain"
    place = f"{successor.name} takes its place:"
    if not freeze:
        return (run(f"{place} {{command}}.", rename, applicability=applicability),)
    return (
        run(f"{place} {{command}}", freeze, applicability=applicability),
        run("{command}.", rename, applicability=applicability, lead=", then"),
    )


def _same_shape(one: OpDefinition, other: OpDefinition) -> bool:
    """Whether nodes of one op are nodes of the other, but for the name."""
    if one.attrs != other.attrs:
        return False
    return _unnamed(one) == _unnamed(other)


def _unnamed(definition: OpDefinition) -> list[list[str]]:
    signature = signature_of(definition)
    return [[str((a.type, a.type_attr, a.number_attr, a.type_list_attr, a.is_ref)) for a in args]
            for args in (signature.inputs, signature.outputs)]  # fmt: skip
