"""Why a binary does not define an op: its file is not compiled, the release lacks it, nobody's release has it."""

from __future__ import annotations

import re
from dataclasses import replace

from kernel_index import shipped
from kernel_index.build_files.mobile_lists import builds_of
from kernel_index.op_history import history, known_span
from kernel_index.records import BAZEL, OpDefinition
from opselect.build_lists.checking.builds import Build, how_listed
from opselect.diagnosis.flex_library import of_flex_library
from opselect.diagnosis.linking import has_nothing, nothing_linked
from opselect.diagnosis.setting import Setting, about, told
from opselect.diagnosis.training import by_op
from opselect.findings import Finding
from opselect.findings.mends import OR, ListEdit, Mend, scan_root
from opselect.logs.records import LogFailure
from opselect.requirements.runtime import SESSION_OPS

_FUNCTION = re.compile(r"[a-z_]\w*_[0-9a-f]+|__(inference|forward|backward)_\w+|[a-z][a-z0-9]*(_\w+)?")
"""Names that functions of graphs have and ops never: ops of TensorFlow begin with a capital."""


def undefined_op(failure: LogFailure, setting: Setting) -> list[Finding]:
    """The causes of "Op type not registered", the likeliest first."""
    op = failure.op
    if not shipped.releases_with(op) and not _is_known(op, setting):
        return unknown_op(failure, setting)
    found = of_flex_library(failure, setting) or by_op(failure, setting)
    seen = _seen_without_op(setting)
    if not found and not seen and setting.is_mobile and has_nothing(failure):
        found = [about(nothing_linked(failure, setting), failure)]
    definition = setting.index.op_definition(op)
    lacking = _not_in_release(failure, setting)
    if definition is None:
        return [*found, *([lacking] if lacking is not None else [])] or unknown_op(failure, setting)
    compiled = definition_not_compiled(definition, setting, proven=_proof(definition, seen, setting))
    if op in SESSION_OPS:
        made = replace(
            compiled, code="OPS501", kind="", reason=f"the runtime puts it into every graph; {compiled.reason}"
        )
        return [about(made, failure)]
    if lacking is not None and lacking.applicability != "guess" and not seen:
        return [*found, lacking, about(compiled, failure)]
    return [*found, about(compiled, failure), *([lacking] if lacking is not None else [])]


def kernel_without_op(failure: LogFailure, setting: Setting) -> list[Finding]:
    """The causes of "OpKernel … for unknown op": the kernel's file is compiled, the op's is not."""
    definition = setting.index.op_definition(failure.op)
    if definition is None:
        return unknown_op(failure, setting)
    reason = f"the binary has the kernel, and not {definition.source}, which defines the op in {setting.release}"
    found = definition_not_compiled(definition, setting, proven=reason)
    harmless = " A model without the op runs all the same."
    first = found.mends[0]
    return [about(replace(found, mends=(replace(first, text=first.text + harmless), *found.mends[1:])), failure)]


def definition_not_compiled(definition: OpDefinition, setting: Setting, *, proven: str = "") -> Finding:
    """The build does not compile the file of a definition; ``proven`` is a reason that leaves no doubt."""
    path, lists = definition.source, setting.index.build_lists
    is_globbed = path.startswith("tensorflow/core/ops/")
    mends: list[Mend] = []
    for name in builds_of(lists):
        if is_globbed and name == BAZEL:
            continue
        edit = how_listed(path, Build(name, {}, frozenset()), lists)
        text = f"{edit.text[:1].upper()}{edit.text[1:]}."
        mends.append(
            replace(edit, text=text, applicability="certain" if proven else "likely", lead=OR if mends else "")
        )
    if is_globbed:
        label = f"//tensorflow/core:{path.rpartition('/')[2].removesuffix('.cc')}_op_lib"
        text = f"Link {label} or compile {path}: Bazel's library for phones has all of tensorflow/core/ops."
        edit = ListEdit(text=text, file="", add=(path,), applicability="certain" if proven else "likely")
        mends.append(replace(edit, lead=OR if mends else ""))
    elif "/contrib/" in path:
        text = f"It is an op of contrib: in Python, import {_module(path)} before the graph is loaded."
        mends.insert(0, told("likely", text))
    return Finding(
        "OPS120",
        proven or f"{setting.release} defines it in {path}, and this binary does not have that file",
        op=definition.name,
        places=(definition.location,),
        files=(path,),
        mends=tuple(mends),
    )


def _module(path: str) -> str:
    """``tf.contrib.resampler`` for a file of its folder."""
    parts = path.split("/")
    return f"tf.contrib.{parts[parts.index('contrib') + 1]}"


def unknown_op(failure: LogFailure, setting: Setting) -> list[Finding]:
    """The causes of an op that no release has: a function that was lost, or a custom op whose library is not there."""
    op = failure.op
    known = shipped.releases_with(op)
    if known:
        lacking = _not_in_release(failure, setting)
        return [lacking] if lacking is not None else []
    python = by_op(failure, setting)
    if python:
        return python
    nowhere = f"no release of TensorFlow that opselect knows ({known_span()}) has an op of this name"
    is_function = _FUNCTION.fullmatch(op) is not None
    load = told(
        "guess" if is_function else "likely",
        "Load the op's library before the graph (tf.load_op_library, TF_LoadLibrary), or link the folder that "
        "registers op and kernel.",
    )
    found = [Finding("OPS101", nowhere, mends=(load, scan_root("Scan its sources with --root DIR.", lead=OR)))]
    if is_function:
        reason = f"the name {op} is spelled as functions of graphs are, and {nowhere}: the function library was lost"
        text = (
            "Export the graph again with its library (graph.as_graph_def() keeps it; a merge or an edit node by node "
            "loses it), or take the calls out: opselect freeze writes their bodies in their place."
        )
        found.insert(0, Finding("OPS506", reason, mends=(told("likely", text),)))
    return [about(each, failure) for each in found]


def _is_known(op: str, setting: Setting) -> bool:
    return bool(setting.index.op_definition(op) or setting.index.registrations(op))


def _not_in_release(failure: LogFailure, setting: Setting) -> Finding | None:
    """The release lacks the op, or may: where several may have written the log, some of them lack it."""
    having = frozenset(shipped.releases_with(failure.op))
    release = setting.index.release
    candidates = setting.releases or (release,)
    lacking = [each for each in candidates if each not in having]
    if release not in having and _is_known(failure.op, setting):
        return None
    if not having or not lacking:
        return None
    oldest = lacking[-1]
    known = history(failure.op, oldest)
    if known is None:
        return None
    if len(lacking) == len(candidates):
        reason = f"TensorFlow {oldest} has no op of this name: {known.text}"
        applicability = "likely"
    else:
        reason = f"if the binary is of {shipped.minor_of(oldest)} or older, it is older than the op: {known.text}"
        applicability = "likely" if known.later else "guess"
    mend = told("likely" if applicability == "likely" else "guess", known.advice(oldest))
    return about(Finding("OPS102", reason, mends=(mend,)), failure)


def _seen_without_op(setting: Setting) -> list[LogFailure]:
    return [each for each in setting.seen if each.kind == "kernel-without-op"]


def _proof(definition: OpDefinition, seen: list[LogFailure], setting: Setting) -> str:
    """What other lines of the log prove: kernels of ops of the same file are there, and their ops are not."""
    same = [each for each in seen if each.op == definition.name]
    if same:
        return f"the binary has kernels of it, and not {definition.source}, which defines it in {setting.release}"
    for each in seen:
        other = setting.index.op_definition(each.op)
        if other is not None and other.source == definition.source:
            where = f"{definition.source}, which defines it in {setting.release}"
            return (
                f"the binary does not have {where}: it has kernels of {each.op} of the same file and not that op either"
            )
    return ""
