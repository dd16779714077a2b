"""Builds for a desktop: TensorFlow's library as the pip package has it, which links almost all of the tree."""

from __future__ import annotations

from kernel_index.records import KernelRegistration, OpDefinition
from opselect.findings import Finding
from opselect.findings.mends import change_model

NOT_LINKED = {
    "tensorflow/core/kernels/risc/": "experimental RISC ops: no target outside their own folder depends on them",
    "tensorflow/core/kernels/mlir_generated/cpu_op_": "made by MLIR (2.5 to 2.9): the default build leaves them out",
    "tensorflow/core/tpu/": "TPU ops: not linked into the CPU library",
    "tensorflow/dtensor/cc/dtensor_tpu_kernels.cc": "TPU ops: not linked into the CPU library",
    "tensorflow/compiler/xrt/": "XRT ops: not linked into the CPU library",
    "tensorflow/lite/delegates/flex/": "an op of the Flex delegate: not linked into the CPU library",
    "tensorflow/compiler/tf2tensorrt/": "TensorRT ops: built only with TensorRT",
    "tensorflow/core/distributed_runtime/preemption/": "loaded by the Python module of the preemption watcher alone",
    "tensorflow/core/tfrt/": "TFRT session: not linked into the CPU library",
    "tensorflow/core/runtime_fallback/": "TFRT fallback: not linked into the CPU library",
    "tensorflow/contrib/": "contrib is loaded op library by op library, when Python imports it",
}
"""Folders and files, by how their paths begin, whose kernels the tree has and the pip package has not."""


class DesktopLibrary:
    """The CPU library of a release."""

    def has_kernel(self, registration: KernelRegistration) -> bool:
        """Whether the library links the file that registers a kernel."""
        return not why_not_linked(registration.source)

    def has_op(self, definition: OpDefinition) -> bool:
        """Whether the library links the file that defines an op."""
        return not why_not_linked(definition.source)

    def without_kernel(self, registration: KernelRegistration) -> Finding:
        """The library leaves the kernel's file out."""
        return self._without("OPS119", registration.source)

    def without_op(self, definition: OpDefinition) -> Finding:
        """The library leaves out the file that defines the op."""
        return self._without("OPS120", definition.source)

    @staticmethod
    def _without(code: str, source: str) -> Finding:
        reason = f"the library for desktops does not have {source} ({why_not_linked(source)})"
        mend = change_model("Link the file into your program, or export the model without the op.")
        return Finding(code, reason, files=(source,), mends=(mend,))


def why_not_linked(path: str) -> str:
    """Why the library does not have what a source file registers; empty where it has."""
    return next((why for start, why in NOT_LINKED.items() if path.startswith(start)), "")
