"""The causes of a failure, by its kind: one table."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from opselect.diagnosis import builds, converter, kernels, lite, loading, ops, other_runtimes, runtime_ops, tools
from opselect.diagnosis.linking import nothing_linked
from opselect.diagnosis.setting import Setting, about
from opselect.findings import Finding
from opselect.logs.records import LogFailure

Causes = Callable[[LogFailure, Setting], list[Finding]]
"""The causes of a failure in a setting, the likeliest first; a failure of a known kind has one at least."""


def _nothing(failure: LogFailure, setting: Setting) -> list[Finding]:
    return [about(nothing_linked(failure, setting), failure)]


CAUSES: Mapping[str, Causes] = {
    "no-kernel": kernels.missing_kernel,
    "kernel-type": kernels.missing_kernel,
    "kernel-device": kernels.missing_kernel,
    "kernel-label": loading.kernel_label,
    "kernel-twice": loading.kernel_twice,
    "op-not-registered": ops.undefined_op,
    "op-registered-twice": loading.op_twice,
    "kernel-without-op": ops.kernel_without_op,
    "attr-unknown": loading.unknown_attr,
    "attr-missing": loading.missing_attr,
    "attr-value": loading.bad_value,
    "op-removed": loading.removed_op,
    "op-deprecated": loading.removed_op,
    "graph-version": loading.graph_version,
    "lowering": loading.lowering,
    "runtime-op": runtime_ops.runtime_op,
    "nothing-linked": _nothing,
    "flex-not-linked": lite.flex_not_linked,
    "tflite-custom": lite.custom_operator,
    "tflite-builtin-unknown": lite.unknown_builtin,
    "tflite-version": lite.newer_version,
    "tflite-not-added": lite.not_added,
    "tflite-resolver-full": lite.resolver_full,
    "tflite-schema": lite.schema,
    "tflite-model": lite.broken_model,
    "converter-needs-flex": converter.needs_flex,
    "converter-flex-list": converter.not_in_list,
    "flex-tool": converter.flex_tool,
    "header-tool": tools.header_tool,
    "header-is-message": tools.header_is_message,
    "tool-output-name": tools.no_such_node,
    "tool-input-name": tools.no_such_node,
    "link-undefined": builds.cannot_link,
    "compile-header": builds.missing_header,
    "native-library": builds.library_not_loaded,
    "page-size": builds.page_size,
    "onnx-no-kernel": other_runtimes.onnx_kernel,
    "onnx-unknown-op": other_runtimes.onnx_operator,
    "onnx-version": other_runtimes.onnx_version,
    "executorch-operator": other_runtimes.executorch,
    "pytorch-operator": other_runtimes.pytorch,
}
"""Kind of failure (:data:`opselect.logs.kinds.KINDS`) to what finds its causes."""


def causes_of(failure: LogFailure, setting: Setting) -> list[Finding]:
    """The causes of a failure, the likeliest first, each code once; KeyError for a kind that there is not."""
    found: dict[str, Finding] = {}
    for each in CAUSES[failure.kind](failure, setting):
        found.setdefault(each.code, each)
    return list(found.values())
