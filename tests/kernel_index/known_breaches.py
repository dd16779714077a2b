"""Upstream's own breaches of the rules in ``invariants``, each kind with its reason; seen in the files named."""

from __future__ import annotations

import re
from dataclasses import dataclass

from kernel_index.profiles import release_number


@dataclass(frozen=True, slots=True)
class Known:
    """What upstream does that breaks a rule: ``about`` are patterns for what the breach is about, from start to end.

    ``first`` and ``last`` are the releases that do it, where that is not all of those with the op.
    """

    rule: str
    about: tuple[str, ...]
    why: str
    first: str = "1.0"
    last: str = "99.0"

    def covers(self, rule: str, about: str, release: tuple[int, int] | None) -> bool:
        """Whether this explains a breach in a release; None is any of them."""
        if rule != self.rule or not any(re.fullmatch(pattern, about) for pattern in self.about):
            return False
        return release is None or self.is_of(release)

    def is_of(self, release: tuple[int, int]) -> bool:
        """Whether this is said of a release."""
        return release_number(self.first) <= release <= release_number(self.last)


LABELS = frozenset(
    (
        "custom", "eigen", "eigen_tensor", "cublas", "cudnn", "cudnn_grouped_convolution", "neon", "host",
        "JITCompiledKernel", "MKL", "MklLayer", "MklOp", "QuantizedMklOp", "MklLayoutDependentOp", "MklNameChangeOp",
    )
)  # fmt: skip
"""Every label that a kernel of upstream has: a new one is a reason to look."""

_WIDER = (
    "the kernels' list of types is longer than the op's: the rest can never be asked for, and the running library "
    "registers them all the same"
)
_TWICE = "upstream registers bfloat16 by itself and in TF_CALL_ALL_TYPES or its like: no node of that type can run"

KNOWN = (
    Known(
        "op is defined",
        ("TpuHandleToProtoKey", "TPURoundRobin"),
        "upstream published the kernels of core/tpu/kernels first, the definitions in core/tpu/ops came with 2.10",
        "2.4", "2.9",
    ),
    Known("constraint fits", (r"TileGrad\.Tmultiples",), "the op has been deprecated since 2016, its attr is lacking"),
    Known(
        "constraint fits",
        (r"TopK\.index_type",),
        "kernels/topk_op.cc registers TopK with a macro that is made for TopKV2: no TopK can run",
        "2.9",
    ),
    Known(
        "constraint fits",
        tuple(
            rf"{op}\.(T|Tidx|Tindices|TInput|dtype|output_type)"
            for op in (
                "Acos", "Add", "AddV2", "ApproxTopK", "AvgPool3D", "AvgPool3DGrad", "BatchMatMul", "BatchMatrixInverse",
                "BatchMatrixSolve", "BatchMatrixTriangularSolve", "BatchSelfAdjointEigV2", "Bincount",
                "CompareAndBitpack", "Conv3DBackpropFilter", "Conv3DBackpropInput", "CropAndResize",
                "CropAndResizeGradBoxes", "DenseBincount", "DenseCountSparseOutput", "Gather", "HistogramFixedWidth",
                "ImageConnectedComponents", "LeakyRelu", "LeakyReluGrad", "MatMul", "MaxPool", "MaxPool3D",
                "MaxPool3DGrad", "MaxPool3DGradGrad", "MaxPoolV2", "OnesLike", "Prod", "RaggedBincount",
                "RaggedCountSparseOutput", "RandomCrop", "RandomGamma", "ResizeArea", "ResizeBicubic",
                "ResizeBilinear", "ResizeNearestNeighbor", "ResizeNearestNeighborGrad", "Reverse", "ReverseV2",
                "SampleDistortedBoundingBox", "SampleDistortedBoundingBoxV2", "ScaleAndTranslate", "ScatterMax",
                "ScatterMin", "ScatterNdAdd", "ScatterNdSub", "SparseBincount", "SparseCountSparseOutput",
                "StatelessRandomGammaV2", "StatelessRandomGammaV3", "StatelessSampleDistortedBoundingBox",
                "UnsortedSegmentMax", "UnsortedSegmentMin", "UnsortedSegmentProd", "_FusedBatchNormEx",
                "_FusedBatchNormGradEx", "_FusedConv2D", "_FusedMatMul", "_MklToTf",
            )
        ),
        _WIDER,
    ),
    Known("constraint fits", (r"_MklConv2DBackprop(Filter|FilterWithBias|Input)\.T",), _WIDER, "2.16"),
    Known(
        "listed file is known",
        (r"tensorflow/core/ops/\w+_grad\.cc",),
        "registers gradient functions, neither ops nor kernels: the makefile lists them, the scan has no use for them",
    ),
    Known("one kernel a node", ("TensorList\\w+", "Less", "LessEqual", "Reshape"), _TWICE, "1.5", "2.0"),
    Known(
        "one kernel a node",
        ("Pack",),
        "kernels/pack_op.cc registers bfloat16 (1.5) or, with __ANDROID_TYPES_FULL__, string by itself and in a list",
        "1.5",
    ),
    Known(
        "one kernel a node",
        ("RiscMax",),
        "kernels/risc/experimental/risc_sub_op.cc registers RiscMax, copied from risc_max_op.cc",
        "2.5",
    ),
    Known(
        "one kernel a node",
        ("OptimizeDataset",),
        "optimize_dataset_op_mobile.cc takes the place of optimize_dataset_op.cc in mobile builds (kernels/data/BUILD)",
        "2.1", "2.3",
    ),
    Known(
        "one kernel a node",
        (
            "Abs", "AddV2", "Angle", "Bitwise(And|Or|Xor)", "Ceil", "Cos", "Floor", "Invert", "LeftShift",
            "RightShift", "Rsqrt", "Sin", "Sqrt", "Square", "Tan", "Tanh",
        ),
        "kernels/mlir_generated/cpu_op_*.cc are an experiment that the default build leaves out (mlir_generated/BUILD)",
        "2.5", "2.9",
    ),
    Known(
        "op does not come back",
        (r"\w*Dataset", "DatasetToTFRecord", "IteratorGetDevice", r"StatsAggregator\w+", "ThreadPoolHandle"),
        "tf.data's ops were called Experimental… from 1.12 or 1.13 to 1.14",
    ),
    Known(
        "op does not come back",
        ("BlockLSTM(Grad)?V2", "BoostedTreesUpdateEnsembleV2", "RaggedTensorToTensor"),
        "2.0 was branched off before 1.15 was",
    ),
    Known(
        "op does not come back",
        ("ImageProjectiveTransformV2",),
        "it was an op of contrib, which 2.1 lacks, and came back as one of core in 2.2",
    ),
    Known(
        "op does not come back",
        ("_MklConv2DWithBiasBackpropBias",),
        "no library has what nn_ops.cc defines for another build, and 2.18 and 2.19 are made of libraries",
    ),
)  # fmt: skip
