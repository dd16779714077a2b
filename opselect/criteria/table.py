"""The table of the criteria.

It gives reasons only: whether an op is left out is decided by the lists and the registrations of a release.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable

from opselect.criteria.record import Criterion

_GUIDE = "tensorflow/docs_src/mobile/prepare_models.md (1.4)"
_KERNELS = "tensorflow/core/kernels/BUILD"

_CORE = ("tensorflow/core/", "tensorflow/c/kernels/")

_EXTEND = "Extend the build by {files} (opselect generate --mode extend)."
_FREEZE = "Freeze the model first (opselect prepare, which also cuts and folds it): a frozen model has no variables."

_BY_NAME = (
    Criterion(
        "transposed-convolutions",
        "OPS209",
        "transposed convolutions",
        "It is the gradient of a convolution, of which models for inference make transposed convolutions too.",
        f"{_GUIDE}, What ops should you include on mobile?",
        _EXTEND,
        ops=r"Conv\dDBackpropInput(V2)?|DepthwiseConv2dNativeBackpropInput",
    ),
    Criterion(
        "gradients",
        "OPS201",
        "gradients",
        "It computes gradients, for which only back-propagation has a use; a phone runs inference.",
        f"{_GUIDE}, What ops should you include on mobile?",
        _EXTEND,
        ops=(
            r"(?!LoadTPU|RetrieveTPU)(\w+Grad(Grad)?(A|Boxes|Ex|Image|V\d|WithArgmax|WithShape)?|\w+Backprop\w*)"
            r"|(FakeQuant\w+|Routing|StochasticHardRouting|KFeature|RaggedTensorToVariant|Symbolic)Gradient"
            r"|BroadcastGradientArgs"
        ),
        stage="result",
        is_training=True,
    ),
    Criterion(
        "optimizers",
        "OPS201",
        "optimizer steps",
        "It changes weights by a step of an optimizer, or gathers the gradients for one.",
        "tensorflow/core/ops/training_ops.cc",
        _EXTEND,
        ops=(
            r"(Resource)?(Sparse)?Apply[A-Z]\w*|(Resource|Sparse)?(Conditional)?Accumulator\w*|ResourceConditionalAcc\w+"
            r"|SparseConditionalAccumulator|Sdca\w+|NegTrain|WALSComputePartialLhsAndRhs"
        ),
        stage="result",
        is_training=True,
    ),
    Criterion(
        "checkpoints",
        "OPS201",
        "checkpoint saving",
        "It writes or reads checkpoints, which a frozen model does without.",
        f"{_GUIDE}, Removing training-only nodes",
        _EXTEND,
        ops=(
            r"(Save|Restore)(V2|Slices?)?|MergeV2Checkpoints|ShardedFile(name|spec)|LoadAndRemapMatrix"
            r"|GenerateVocabRemapping|DTensorRestoreV2|CheckpointExists"
        ),
        stage="result",
        is_training=True,
    ),
    Criterion(
        "variables",
        "OPS202",
        "variables that are not frozen",
        "It holds weights while they are trained; freezing turns them into constants.",
        f"{_GUIDE}, How do you get a model you can use on mobile?",
        _FREEZE,
        ops=r"Variable(V2)?|VarHandleOp|TemporaryVariable|AutoReloadVariable",
        is_training=True,
        action="freeze",
    ),
    Criterion(
        "variable-reads",
        "OPS202",
        "reading of variables",
        "It reads a variable, and a frozen model has none.",
        f"{_GUIDE}, How do you get a model you can use on mobile?",
        _FREEZE,
        ops=r"_?ReadVariables?Op|_UnsafeReadVariable|_VarHandlesOp|VariableShape|ResourceGather(Nd)?",
        action="freeze",
    ),
    Criterion(
        "variable-changes",
        "OPS201",
        "changing of variables",
        "It changes a variable, as training and the loading of checkpoints do; a frozen model has none.",
        f"{_GUIDE}, How do you get a model you can use on mobile?",
        _EXTEND,
        ops=(
            r"Assign(Add|Sub)?(VariableOp)?|VarIsInitializedOp|IsVariableInitialized|Destroy(ResourceOp|TemporaryVariable)"
            r"|(Resource)?CountUpTo|(Resource)?Scatter(Nd)?(Add|Sub|Mul|Div|Min|Max|Update)|Zero(Var)?Initializer"
            r"|(Resource)?StridedSliceAssign"
        ),
        stage="result",
    ),
    Criterion(
        "queues",
        "OPS203",
        "input queues",
        "It queues training examples between the threads that read them and the model.",
        f"{_GUIDE}, Removing training-only nodes",
        _EXTEND,
        ops=(
            r"\w*Queue(V2)?|Queue[A-Z]\w*|Barrier\w*|(Stage|Unstage)(Clear|Peek|Size)?"
            r"|(Ordered)?Map(Stage|Unstage(NoKey)?|Clear|IncompleteSize|Peek|Size)"
            r"|(Add|Take)(Many)?Sparse(To|From)TensorsMap"
        ),
        stage="input",
        is_training=True,
    ),
    Criterion(
        "readers",
        "OPS203",
        "file readers",
        "It reads training examples from files, while an app has its data in memory.",
        f"{_KERNELS}, comments in android_all_ops",
        _EXTEND,
        ops=r"(?!Snapshot)\w+Reader(V2)?|Reader[A-Z]\w*|RecordInput|GenerateBigQueryReaderPartitions",
        stage="input",
        is_training=True,
    ),
    Criterion(
        "summaries",
        "OPS201",
        "summaries",
        "It records what TensorBoard shows of a training run.",
        f"{_GUIDE}, How do you get a model you can use on mobile?",
        _EXTEND,
        ops=(
            r"(Scalar|Histogram|Image|Audio|Tensor|Merge|Write\w*)Summary(V2)?|\w*SummaryWriter|ImportEvent"
            r"|CreateSummary\w+Writer"
        ),
        stage="result",
        is_training=True,
    ),
    Criterion(
        "losses",
        "OPS201",
        "losses",
        "It belongs to a loss or samples classes for one, which only training asks for.",
        "tensorflow/python/ops/nn_impl.py (sampled_softmax_loss, nce_loss)",
        _EXTEND,
        ops=(
            r"(Sparse)?SoftmaxCrossEntropyWithLogits|CTCLoss(V2)?|L2Loss|\w*CandidateSampler|ComputeAccidentalHits"
            r"|Skipgram|SkipGramGenerateCandidates"
        ),
        stage="result",
    ),
    Criterion(
        "learners",
        "OPS201",
        "learning without gradients",
        "It grows decision trees or looks for clusters, which is training too.",
        "tensorflow/core/ops/boosted_trees_ops.cc, tensorflow/core/kernels/clustering_ops.cc",
        _EXTEND,
        ops=(
            r"BoostedTrees(Aggregate|Calculate|Center|Flush|Make|Quantile|Sparse|Training|Update)\w+"
            r"|BoostedTreesCreateQuantileStreamResource|BoostedTreesExampleDebugOutputs|BoostedTreesGetEnsembleStates"
            r"|BoostedTreesSerializeEnsemble|IsBoostedTreesQuantileStreamResourceInitialized"
            r"|TensorForestTreeSerialize|KmeansPlusPlusInitialization|KMC2ChainInitialization"
        ),
        stage="result",
    ),
    Criterion(
        "augmentation",
        "OPS203",
        "data augmentation",
        "It distorts training images at random, to make more of few.",
        "tensorflow/core/api_def/base_api/api_def_SampleDistortedBoundingBox.pbtxt",
        _EXTEND,
        ops=r"(Stateless)?SampleDistortedBoundingBox(V2)?|RandomCrop",
        stage="input",
    ),
    Criterion(
        "services",
        "OPS203",
        "databases and network services",
        "It needs the client of a database or of a service in the network, which a phone's library is built without.",
        f"{_KERNELS}, comments in android_all_ops (lmdb_reader_op, rpc_op)",
        _EXTEND,
        ops=(
            r"(Experimental)?(Sql|LMDB)Dataset|\w*Bigtable\w*|(Kafka|Kinesis|Ignite|SequenceFile)Dataset|Gcs\w+"
            r"|(Try)?Rpc\w*|DeleteRpcFutureResource|(\w*DataServiceDataset|RegisterDataset)(V\d)?|DistributedSave"
            r"|DummyIterationCounter|TensorFlowService"
        ),
        folders=tuple(f"tensorflow/contrib/{name}/" for name in ("bigtable", "cloud", "ignite", "kafka", "kinesis")),
        stage="input",
    ),
    Criterion(
        "datasets",
        "OPS203",
        "dataset pipelines",
        "It is part of an input pipeline (tf.data), which reads and shuffles examples for training.",
        f"{_GUIDE}, Removing training-only nodes",
        _EXTEND,
        ops=(
            r"(?!InitializeTable)\w+Dataset(V\d)?|(Un)?[Ww]rapDatasetVariant|(Experimental)?Dataset[A-Z]\w+"
            r"|\w*Iterator(V\d)?|(Anonymous)?MultiDeviceIterator\w*|(Experimental)?Iterator[A-Z]\w*"
            r"|Optional(FromValue|GetValue|HasValue|None)|(Experimental)?(StatsAggregator\w+|ThreadPoolHandle)"
            r"|(Experimental)?(IndexedDataset(Get|Materialize)|MaterializedIndexDatasetHandle)"
            r"|(Anonymous|Delete|Dummy)(MemoryCache|(Random)?SeedGenerator)"
            r"|Snapshot\w*DatasetReader|(Un)?[Cc]ompressElement|ComputeBatchSize|GetElementAtIndex|ObtainNext"
            r"|(Deserialize(Many)?|Serialize(Many)?)Sparse|MapDefun"
        ),
        stage="input",
    ),
    Criterion(
        "files",
        "OPS203",
        "reading and writing of files",
        "It reads or writes files, and not every phone has a file system for them.",
        f"{_GUIDE}, What is up with all the different saved file formats? (GraphDef)",
        _EXTEND,
        ops=r"ReadFile|WriteFile|MatchingFiles|FileSystemSetConfiguration",
        stage="input",
    ),
    Criterion(
        "parsing",
        "OPS203",
        "parsing of stored examples",
        "It decodes examples as training data stores them, while an app has its data as arrays.",
        f"{_GUIDE}, Removing training-only nodes",
        _EXTEND,
        ops=r"DecodeCSV|DecodeRaw|DecodePaddedRaw|DecodeCompressed|DecodeLibsvm|DecodeJSONExample|ParseTensor"
        r"|Parse(Single)?(Sequence)?Example(V2)?|SerializeTensor",
        stage="input",
    ),
    Criterion(
        "image-decoders",
        "OPS204",
        "image decoders",
        "It needs libjpeg, libpng or giflib, which mobile builds do not always have.",
        f"{_GUIDE}, What ops should you include on mobile?",
        "Extend the build by {files} (opselect generate --mode extend), and link the library that it calls.",
        ops=r"Decode(AndCrop)?Jpeg|Decode(Png|Gif|Image|WebP)|ExtractJpegShape",
        stage="input",
    ),
    Criterion(
        "image-encoders",
        "OPS204",
        "image encoders",
        "It needs libjpeg or libpng, which mobile builds do not always have.",
        f"{_GUIDE}, What ops should you include on mobile?",
        "Extend the build by {files} (opselect generate --mode extend), and link the library that it calls.",
        ops=r"EncodeJpeg(VariableQuality)?|EncodePng",
        stage="result",
    ),
    Criterion(
        "media",
        "OPS206",
        "audio and video through FFmpeg",
        "It runs the program ffmpeg, which phones lack.",
        "tensorflow/contrib/ffmpeg/default/ffmpeg_lib.cc (1.x)",
        "Let the app decode or encode by what the phone has for it: export the model without it.",
        ops=r"DecodeAudio(V2)?|DecodeVideo|EncodeAudio(V2)?",
        folders=("tensorflow/contrib/ffmpeg/",),
        stage="input",
        action="change",
        is_impossible=True,
    ),
    Criterion(
        "text-libraries",
        "OPS204",
        "text through RE2 and ICU",
        "It needs RE2 for regular expressions or ICU for Unicode, which upstream kept from phones as experimental.",
        f"{_KERNELS}, comments in android_all_ops",
        "Extend the build by {files} (opselect generate --mode extend), and link RE2 or ICU.",
        ops=r"(Static)?Regex\w+|Unicode\w+|String(Lower|Upper)",
        stage="input",
    ),
    Criterion(
        "protocol-buffers",
        "OPS204",
        "protocol buffers by their descriptors",
        "It needs the descriptors of messages at run time, which the lite protocol buffers of mobile builds lack.",
        f"{_KERNELS}, comments in android_all_ops (decode_proto_op, encode_proto_op)",
        "Extend the build by {files} (opselect generate --mode extend), and link the full protocol buffers.",
        ops=r"DecodeProto(V2)?|EncodeProto",
        stage="input",
    ),
    Criterion(
        "python",
        "OPS206",
        "calls of Python",
        "It calls a function in the Python interpreter that made the graph.",
        "tensorflow/python/lib/core/py_func.cc",
        "No build for a phone can have it: export the model without it.",
        ops=r"(Eager)?PyFunc(Stateless)?",
        folders=("tensorflow/python/",),
        headers=("tensorflow/python/",),
        stage="input",
        action="change",
        is_impossible=True,
    ),
    Criterion(
        "functions",
        "OPS205",
        "function calls and functional control flow",
        "Freezing inlines functions and lowers If and While to Switch and Merge, so a frozen graph has none of it.",
        "tensorflow/python/framework/convert_to_constants.py (convert_variables_to_constants_v2)",
        "Freeze the model first (opselect prepare, or convert_variables_to_constants_v2): that takes it out.",
        ops=(
            r"(Stateful)?PartitionedCall|_?(Stateless)?(If|While|Case)|For|FakeParam|DeviceIndex|ToBool|RemoteCall"
            r"|_(Array|List)To(Array|List)"
        ),
        action="freeze",
    ),
    Criterion(
        "distribution",
        "OPS206",
        "work on several devices",
        "It lets several machines or devices work on one step together.",
        "tensorflow/core/ops/collective_ops.cc",
        "Export the model for a single device.",
        ops=r"Collective\w+|_ScopedAllocator\w*|_?Nccl\w+|MPI[A-Z]\w+|CheckPreemption|SyncDevice|CopyToMesh|Relayout\w*",
        action="change",
    ),
    Criterion(
        "accelerators",
        "OPS206",
        "compilers and accelerators",
        "It runs what XLA, TensorRT or a TPU's compiler made of a part of the model.",
        "tensorflow/compiler/jit/BUILD",
        "No build for a phone can have it: export the model without it.",
        ops=(
            r"\w*(TPU|Tpu|XRT)\w*|_?Xla\w+|AssignVariableXla\w+|ReadVariableXla\w+|(In|Out)feed(En|De)queue\w*"
            r"|Prelinearize(Tuple)?|\w*TRT\w*|_XLA(Recv|Send)|Cudnn\w+|ParallelCheck|Mlrt\w+"
        ),
        action="change",
        folders=("tensorflow/compiler/", "tensorflow/core/tpu/", "tensorflow/core/tfrt/"),
        is_impossible=True,
    ),
    Criterion(
        "other-processors",
        "OPS204",
        "graphs for other processors",
        "It hands a part of the graph to another processor, such as Hexagon, by an executor that a build brings.",
        "tensorflow/core/kernels/remote_fused_graph_execute_utils.h",
        "Extend the build by {files} (opselect generate --mode extend), and link the executor that the nodes name.",
        ops=r"RemoteFusedGraphExecute",
    ),
    Criterion(
        "onednn",
        "OPS206",
        "oneDNN (MKL) for x86",
        "It calls oneDNN (MKL), which is tied to x86 processors.",
        f"{_KERNELS}, comments in android_all_ops",
        "Export the model without the rewriting for oneDNN: TensorFlow has the same as plain ops.",
        ops=r"_*Mkl\w+",
        folders=("tensorflow/core/kernels/mkl/",),
        action="change",
        is_impossible=True,
    ),
    Criterion(
        "debugging",
        "OPS206",
        "the debugger",
        "The debugger puts it into a graph to look at tensors.",
        f"{_KERNELS}, comments in android_all_ops (debug_ops)",
        "Save the graph without the debugger.",
        ops=r"Copy(Host)?|Debug\w+",
        action="change",
    ),
    Criterion(
        "experimental",
        "OPS209",
        "experimental ops",
        "Upstream takes it for experimental and keeps its file from mobile builds for that.",
        f"{_KERNELS}, comments in android_all_ops (batch_kernels, mutex_ops)",
        _EXTEND,
        ops=r"Batch(Function)?|_BatchFunctionFallback|Unbatch|Mutex(V2|Lock)|ConsumeMutexLock",
        folders=("tensorflow/core/kernels/risc/experimental/",),
    ),
)

TRAINING = Criterion(
    "training",
    "OPS201",
    "what only runs while training",
    "It stands in a conditional that asks whether the model is being trained, as dropout and batch norms do.",
    "tensorflow/python/keras/backend.py (in_train_phase)",
    "Export the model with the training phase false (K.set_learning_phase(0) of Keras, is_training=False).",
    action="change",
)

_LIBRARIES = Criterion(
    "libraries",
    "OPS204",
    "libraries of their own",
    "Its kernel is in a library of its own, and mobile libraries are made of TensorFlow's core.",
    "tensorflow/core/BUILD (android_tensorflow_lib, portable_tensorflow_lib)",
    _EXTEND,
)

TYPES = Criterion(
    "types",
    "OPS207",
    "types that are rarely used",
    "Kernels for types that inference rarely uses are left out.",
    "tensorflow/core/framework/register_types.h",
    _EXTEND,
)

FIRST_TYPES = Criterion(
    "first-types",
    "OPS208",
    "types after the first",
    "Slim builds register only the first type that a macro REGISTER2 to REGISTER9 names.",
    "tensorflow/core/kernels/cwise_ops_common.h",
    _EXTEND,
)

EXCLUDED = Criterion(
    "excluded",
    "OPS209",
    "what upstream excludes by name",
    "Upstream keeps its file even out of the list of nearly all ops that may work on Android.",
    f"{_KERNELS} (android_all_ops, portable_all_ops)",
    "Extend the build by {files} (opselect generate --mode extend), which may need more libraries.",
)

OTHER = Criterion(
    "other",
    "OPS209",
    "other ops",
    "It is not in the mobile groups of this release, which keep the library small; no other reason is known.",
    f"{_KERNELS} (android_core_ops, portable_core_ops)",
    _EXTEND,
)

CRITERIA: tuple[Criterion, ...] = (*_BY_NAME, TRAINING, _LIBRARIES, TYPES, FIRST_TYPES, EXCLUDED, OTHER)
"""All criteria. Of two that know an op by its name, the first counts."""


def criterion(key: str) -> Criterion:
    """The criterion with a key; KeyError where there is none."""
    return _by_key()[key]


@functools.cache
def criterion_of_op(op: str) -> Criterion | None:
    """The criterion that knows an op by its name."""
    match = _op_names().fullmatch(op)
    return None if match is None or match.lastgroup is None else _BY_NAME[int(match.lastgroup[1:])]


def criterion_of_headers(paths: Iterable[str]) -> Criterion | None:
    """The criterion of everything that a file with one of these headers registers."""
    telling = [candidate for candidate in _BY_NAME if candidate.headers]
    return next((each for path in paths for each in telling if path.startswith(each.headers)), None)


def criterion_of_file(path: str) -> Criterion | None:
    """The criterion of everything that a file registers, by its folder."""
    for candidate in _BY_NAME:
        if path.startswith(candidate.folders):
            return candidate
    return None if path.startswith(_CORE) else _LIBRARIES


@functools.cache
def _by_key() -> dict[str, Criterion]:
    return {candidate.key: candidate for candidate in CRITERIA}


@functools.cache
def _op_names() -> re.Pattern[str]:
    # One expression for all, compiled when it is first asked for; the name of a group is the place in the table.
    groups = [re.sub(r"\((?!\?)", "(?:", c.ops) for c in _BY_NAME]
    return re.compile("|".join(f"(?P<c{place}>{ops})" for place, ops in enumerate(groups)))
