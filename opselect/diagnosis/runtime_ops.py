"""Ops that no model has: the runtime makes them, to feed and fetch, between devices, and by its optimizers."""

from __future__ import annotations

from kernel_index.kernel_lookup import CPU, DEFAULT
from kernel_index.records import Location
from opselect.diagnosis.kernels import file_not_compiled
from opselect.diagnosis.linking import dropped_by_linker, nothing_linked
from opselect.diagnosis.lookup import fits, known_types
from opselect.diagnosis.setting import Setting, about, told
from opselect.findings import Finding
from opselect.findings.mends import OR, Mend
from opselect.logs.records import LogFailure
from opselect.requirements.runtime import SESSION_OPS

_FUSED = ("_Fused", "_MklFused", "_MklNative", "_Mkl")


def runtime_op(failure: LogFailure, setting: Setting) -> list[Finding]:
    """The causes of a missing kernel of an op that the runtime made, the likeliest first."""
    op, index = failure.op, setting.index
    purpose = SESSION_OPS.get(op)
    is_fused = op.startswith(_FUSED)
    if purpose is not None:
        why = f"the runtime puts {op} into every graph: {purpose}"
    elif is_fused:
        why = f"no model has {op}: the optimizer of the runtime puts it in the place of the ops that it fuses"
    else:
        why = f"no model has {op}: the runtime itself makes it"
    fitting = [
        r
        for r in index.registrations(op)
        if r.device in (CPU, DEFAULT) and setting.profile in r.profiles and fits(r, known_types(failure))
    ]
    mends: list[Mend] = []
    if is_fused:
        text = (
            "Turn the optimizer off: rewrite_options.remapping = OFF in graph_options of the session's ConfigProto "
            '(tf.config.optimizer.set_experimental_options({"remapping": False}) in Python).'
        )
        mends.append(told("likely", text))
    found: list[Finding] = []
    places: tuple[Location, ...] = ()
    files: tuple[str, ...] = ()
    if fitting:
        edit = file_not_compiled(fitting, setting)
        why = f"{why}; {edit.reason[:1].lower() if edit.reason.startswith('The') else edit.reason[:1]}{edit.reason[1:]}"
        first, *rest = edit.mends
        mends += [first if not mends else told("likely", first.text, lead=OR), *rest] if is_fused else [first, *rest]
        found.append(dropped_by_linker(fitting, setting))
        places, files = edit.places, edit.files
    elif not mends:
        found.append(nothing_linked(failure, setting))
    cause = Finding("OPS501", why, op=op, places=places, files=files, mends=tuple(mends))
    return [about(each, failure) for each in ([cause, *found] if mends else found)]
