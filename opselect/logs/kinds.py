"""The kinds of failures: words that scripts may rely on. A kind keeps its meaning for ever."""

from __future__ import annotations

KINDS: dict[str, str] = {
    "no-kernel": "no kernel of the op is registered for the node",
    "kernel-type": "kernels of the op are registered for the device, none for the types of the node",
    "kernel-device": "kernels are registered for other devices only, or the node is pinned to one that is not there",
    "kernel-label": "the node asks for a kernel by a label that no registered kernel has",
    "kernel-twice": "several registered kernels fit the node",
    "op-not-registered": "the binary does not define the op",
    "op-registered-twice": "two definitions of the op are linked",
    "kernel-without-op": "a kernel is registered whose op the binary does not define",
    "attr-unknown": "the node has an attr that the op of the binary has not",
    "attr-missing": "the node lacks an attr that the op of the binary needs",
    "attr-value": "an attr of the node has a value that the op of the binary does not take",
    "op-removed": "the op is removed at the version of the graph",
    "op-deprecated": "the op will be removed at a later version: a warning",
    "graph-version": "the binary does not take graphs of this version",
    "lowering": "the binary does not lower the op that is to be lowered",
    "runtime-op": "no kernel is registered for an op that the runtime itself makes",
    "nothing-linked": "the binary has no session or no device at all",
    "flex-not-linked": "ops of TensorFlow are in a TensorFlow Lite model, and no Flex delegate is there",
    "tflite-custom": "a custom operator is not registered",
    "tflite-builtin-unknown": "the model has a builtin operator that the runtime does not know",
    "tflite-version": "the model has a newer version of a builtin operator than the runtime",
    "tflite-not-added": "a builtin operator was never added to the resolver",
    "tflite-resolver-full": "the resolver has no room for another operator",
    "tflite-schema": "the model is of another schema version than the runtime",
    "tflite-model": "an operator of the model has no name, or refers to none of the model's operator codes",
    "converter-needs-flex": "the converter needs TensorFlow's own kernels, or custom ones, for ops of the model",
    "converter-flex-list": "an op is not among those that the Flex delegate may run",
    "flex-tool": "the tool that lists the Flex ops of models does not find an op or its kernel",
    "header-tool": "the tool that writes ops_to_register.h does not find a kernel",
    "header-is-message": "ops_to_register.h holds an error message in place of a header",
    "tool-output-name": "a node that a tool is to fetch is not in the graph",
    "tool-input-name": "a node that a tool is to feed is not in the graph",
    "link-undefined": "a file of TensorFlow cannot be linked, for a function of another is missing",
    "compile-header": "a file of TensorFlow cannot be compiled, for a header is missing",
    "native-library": "the native library of TensorFlow cannot be loaded",
    "page-size": "a native library is not aligned for pages of 16 KB",
    "onnx-no-kernel": "ONNX Runtime has no kernel of the op",
    "onnx-unknown-op": "ONNX Runtime does not know the op, or not in that version of its domain",
    "onnx-version": "the ONNX model is newer than the ONNX Runtime",
    "executorch-operator": "ExecuTorch has no kernel of the operator",
    "pytorch-operator": "PyTorch Mobile does not have the operator",
}
"""Every kind, and what it says as a clause."""

WARNINGS = frozenset({"kernel-without-op", "op-deprecated", "header-tool"})
"""Kinds that alone stop nothing."""
