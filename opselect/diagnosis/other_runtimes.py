"""What ONNX Runtime, ExecuTorch and PyTorch Mobile lack in builds that are reduced to some models."""

from __future__ import annotations

from opselect.diagnosis.setting import Setting, about, told
from opselect.findings import Finding
from opselect.findings.mends import OR
from opselect.logs.records import LogFailure

_INSERTED = ("com.microsoft.nchwc", "com.ms.internal.nhwc", "Fused", "Nhwc")
"""What is in the names of ops that only ONNX Runtime's optimizers make, in releases besides those of the table, too."""


def onnx_kernel(failure: LogFailure, _: Setting) -> list[Finding]:
    """A reduced build without the operator, its version or its type; or an operator that an optimizer put in."""
    op, version = failure.op, f"({failure.version})" if failure.version is not None else ""
    reason = f"the build has no kernel of {op}{version} for the node: a reduced build leaves it out, or its type"
    again = (
        "Write the configuration again from all models (opselect generate MODEL --target onnxruntime "
        "--with-optimizer-ops --out DIR) and build with --include_ops_by_config."
    )
    found = [Finding("OPS519", reason, mends=(told("likely", again),))]
    optimizers = _optimizers(op)
    if optimizers or any(part in op for part in _INSERTED):
        which = f" ({', '.join(optimizers)})" if optimizers else ""
        why = f"few models name {op}: an optimizer of ONNX Runtime{which} puts it in when it loads the model"
        lower = "Lower graph_optimization_level, or convert to .ort first: its optimized ops are in the configuration."
        mends = (told("likely", again), told("likely", lower, lead=OR))
        found.insert(0, Finding("OPS501", why, mends=mends))
    full = told("guess", "A full build may lack it too: its providers have no kernel for that type.", lead=OR)
    found[-1] = Finding(found[-1].code, found[-1].reason, mends=(*found[-1].mends, full))
    return [about(each, failure) for each in found]


def _optimizers(op: str) -> list[str]:
    """The optimizers that put an op of ONNX Runtime's own domains into a graph when it is loaded.

    Some logs name no domain: a name that an operator of ONNX has, too, then tells nothing.
    """
    from opselect.onnxruntime.models import ONNX_DOMAIN
    from opselect.onnxruntime.optimizer_rules import function_bodies, optimizer_rules

    rules = optimizer_rules()
    added = [(rule.optimizer, each.operator) for rule in rules for each in rule.adds]
    of_onnx = {name for rule in rules for some in rule.needs for domain, name in some if domain == ONNX_DOMAIN}
    of_onnx.update(function_bodies().by_operator)
    return sorted(
        {
            optimizer
            for optimizer, (domain, name) in added
            if domain != ONNX_DOMAIN and (op == f"{domain}.{name}" or (op == name and name not in of_onnx))
        }
    )


def onnx_operator(failure: LogFailure, _: Setting) -> list[Finding]:
    """An op that the runtime does not know: the model's opset is newer, or its domain is of others."""
    op = failure.op
    reason = (
        f"the runtime does not know {op or 'the op'} in the opset of the model: it is older, or the op is of others"
    )
    text = "Take a newer ONNX Runtime, or export the model for an older opset (opset_version of the exporter)."
    custom = "Register the library of its domain (SessionOptions.register_custom_ops_library)."
    mends = (told("likely", text), told("guess", custom, lead=OR))
    return [about(Finding("OPS520", reason, mends=mends), failure)]


def onnx_version(failure: LogFailure, _: Setting) -> list[Finding]:
    """A model of a newer IR or opset than the runtime takes."""
    of = f" {failure.version}" if failure.version is not None else ""
    reason = f"the model is of a version{of} of the format that this ONNX Runtime does not take"
    text = "Take a newer ONNX Runtime, or save the model for an older opset and IR version."
    return [about(Finding("OPS520", reason, mends=(told("likely", text),)), failure)]


def executorch(failure: LogFailure, _: Setting) -> list[Finding]:
    """A build of selected operators without this one, or its library of kernels not linked whole."""
    op = failure.op or "the operator"
    reason = (
        f"no kernel of {op} is registered: the selection of the build leaves it out, or its library is not linked whole"
    )
    again = (
        "Select it (opselect generate PROGRAM --target executorch --out DIR, or gen_selected_ops with the program in "
        "EXECUTORCH_SELECT_OPS_MODEL), then build."
    )
    whole = "Link the library of kernels whole (executorch_target_link_options_shared_lib, -force_load)."
    mends = (told("likely", again), told("likely", whole, lead=OR))
    return [about(Finding("OPS519", reason, mends=mends), failure)]


def pytorch(failure: LogFailure, _: Setting) -> list[Finding]:
    """A custom build of PyTorch Mobile without the operator, or a runtime that is older than the model."""
    op = failure.op or ", ".join(failure.ops) or "the operator"
    reason = f"the build does not have {op}: it is of selected operators, or older than the model"
    again = "Export the list again (torch.jit.export_opnames of every model) and build with SELECTED_OP_LIST."
    newer = (
        "Take the runtime of the PyTorch that exported the model; torchvision's operators are a library of their own."
    )
    mends = (told("likely", again), told("likely", newer, lead=OR))
    return [about(Finding("OPS519", reason, mends=mends), failure)]
