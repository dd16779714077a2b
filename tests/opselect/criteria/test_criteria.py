"""The table of criteria: op names in, criteria out."""

from __future__ import annotations

import re

import pytest

from kernel_index import shipped
from kernel_index.store import open_index
from opselect.criteria import CRITERIA, Criterion, criterion, criterion_of_file, criterion_of_op


def _key(found: Criterion | None) -> str:
    return "" if found is None else found.key


@pytest.mark.parametrize(
    ("op", "key"),
    [
        ("ReluGrad", "gradients"),
        ("MaxPoolGradGradWithArgmax", "gradients"),
        ("FusedBatchNormGradV3", "gradients"),
        ("Conv2DBackpropFilter", "gradients"),
        ("CudnnRNNBackprop", "gradients"),
        ("FakeQuantWithMinMaxVarsGradient", "gradients"),
        ("SymbolicGradient", "gradients"),
        ("Conv2DBackpropInput", "transposed-convolutions"),
        ("ApplyGradientDescent", "optimizers"),
        ("ResourceSparseApplyAdagradV2", "optimizers"),
        ("SparseConditionalAccumulator", "optimizers"),
        ("SaveV2", "checkpoints"),
        ("RestoreSlice", "checkpoints"),
        ("MergeV2Checkpoints", "checkpoints"),
        ("ShardedFilename", "checkpoints"),
        ("VarHandleOp", "variables"),
        ("ReadVariableOp", "variable-reads"),
        ("AssignAddVariableOp", "variable-changes"),
        ("ScatterNdUpdate", "variable-changes"),
        ("RandomShuffleQueueV2", "queues"),
        ("QueueDequeueManyV2", "queues"),
        ("OrderedMapUnstage", "queues"),
        ("TFRecordReaderV2", "readers"),
        ("ReaderReadUpTo", "readers"),
        ("MergeSummary", "summaries"),
        ("CreateSummaryDbWriter", "summaries"),
        ("CTCLoss", "losses"),
        ("LogUniformCandidateSampler", "losses"),
        ("BoostedTreesUpdateEnsemble", "learners"),
        ("SampleDistortedBoundingBoxV2", "augmentation"),
        ("ExperimentalLMDBDataset", "services"),
        ("SqlDataset", "services"),
        ("ParallelMapDatasetV2", "datasets"),
        ("IteratorGetNext", "datasets"),
        ("OneShotIterator", "datasets"),
        ("MatchingFiles", "files"),
        ("DecodeCSV", "parsing"),
        ("DecodeJpeg", "image-decoders"),
        ("DecodeAndCropJpeg", "image-decoders"),
        ("EncodePng", "image-encoders"),
        ("DecodeAudioV2", "media"),
        ("StaticRegexReplace", "text-libraries"),
        ("UnicodeDecode", "text-libraries"),
        ("DecodeProtoV2", "protocol-buffers"),
        ("PyFunc", "python"),
        ("StatefulPartitionedCall", "functions"),
        ("StatelessWhile", "functions"),
        ("CollectiveReduce", "distribution"),
        ("XlaLaunch", "accelerators"),
        ("LoadTPUEmbeddingAdagradParametersGradAccumDebug", "accelerators"),
        ("TRTEngineOp", "accelerators"),
        ("_MklConv2D", "onednn"),
        ("DebugNanCount", "debugging"),
        ("BatchFunction", "experimental"),
    ],
)
def test_ops_of_each_criterion(op: str, key: str) -> None:
    assert _key(criterion_of_op(op)) == key


@pytest.mark.parametrize(
    "op",
    [
        "Conv2D",
        "Add",
        "StopGradient",
        "PreventGradient",
        "GradientTreesPrediction",
        "Identity",
        "ScatterNd",
        "InitializeTableFromDataset",
        "DecodeWav",
        "DecodeBmp",
        "BoostedTreesPredict",
        "BatchMatMul",
        "StackV2",
        "Switch",
        "Format",
        "MyCustomOp",
        "",
    ],
)
def test_ops_of_none(op: str) -> None:
    assert criterion_of_op(op) is None


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("tensorflow/core/kernels/cwise_op_acos.cc", ""),
        ("tensorflow/c/kernels/histogram_summary_op.cc", ""),
        ("tensorflow/core/kernels/mkl/mkl_conv_ops.cc", "onednn"),
        ("tensorflow/core/kernels/risc/experimental/risc_abs_op.cc", "experimental"),
        ("tensorflow/contrib/kafka/kernels/kafka_dataset_ops.cc", "services"),
        ("tensorflow/contrib/ffmpeg/decode_audio_op.cc", "media"),
        ("tensorflow/compiler/jit/kernels/xla_ops.cc", "accelerators"),
        ("tensorflow/contrib/seq2seq/kernels/beam_search_ops.cc", "libraries"),
        ("my_ops/kernels/fast_op.cc", "libraries"),
    ],
)
def test_folders(path: str, key: str) -> None:
    assert _key(criterion_of_file(path)) == key


def test_keys_and_titles_are_the_criterions_own() -> None:
    assert len({c.key for c in CRITERIA}) == len({c.title for c in CRITERIA}) == len(CRITERIA)
    assert [criterion(c.key) for c in CRITERIA] == list(CRITERIA)


@pytest.mark.parametrize("each", CRITERIA, ids=lambda each: each.key)
def test_each_has_one_sentence_a_source_and_advice(each: Criterion) -> None:
    assert each.sentence[0].isupper()
    assert re.fullmatch(r"[^.]+(?:\.(?=\w)[^.]+)*\.", each.sentence)
    assert each.source.startswith("tensorflow/")
    assert each.advice.endswith(".")
    assert ("{files}" in each.advice) == (each.action == "extend")


def test_the_first_criterion_that_knows_an_op_counts() -> None:
    """The one expression that is searched gives for every op of two releases what the rows give one after the other."""
    by_name = [(c, re.compile(c.ops)) for c in CRITERIA if c.ops]
    names = {name for release in ("1.15", "2.14") for name in open_index(shipped.find(release)).op_names()}
    assert len(names) > 1_900
    for name in names:
        expected = next((c.key for c, pattern in by_name if pattern.fullmatch(name)), "")
        assert _key(criterion_of_op(name)) == expected, name
