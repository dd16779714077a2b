"""The keys of ``opselect.yaml``: the one table that the reader, the JSON schema and docs/config.md are made of."""

from __future__ import annotations

from kernel_index.libraries import LIBRARIES
from kernel_index.profiles import PROFILE_NAMES
from opselect.config_file.values import Count, Flag, Key, ListOf, MappingOf, OneOf, Profile, Text, Version
from opselect.targets import OTHER_RUNTIMES, TARGET_KINDS, TARGETS

_ANY = r"[^\u0000]+"
_PATH = Text("a path", _ANY)
_NAMES = ListOf(Text("a name"), some=True)
_NAME = "[A-Za-z_][A-Za-z0-9_]*"

BUDGETS = MappingOf(
    (
        Key("kernels", Count(), "registrations of kernels that are picked"),
        Key("ops", Count(), "ops that these are of"),
        Key("files", Count(), "files in all, as the manifest lists them"),
        Key("kernel_files", Count(), "source files with kernels that are picked"),
        Key("left_out_ops", Count(), "ops that mobile builds leave out by default, and the models need"),
    )
)
"""What may be counted; the reader of budgets counts each."""

SOURCES = ("tensorflow", "tree", "index")
"""Of these a target has exactly one, its own or that of the top level."""

SETTINGS = (
    Key("tensorflow", Version(), "the release whose shipped index is asked"),
    Key("tree", _PATH, "a TensorFlow checkout, which is scanned"),
    Key("index", _PATH, "an index file, from `opselect index scan`"),
    Key("roots", ListOf(_PATH), "folders with kernels of your own", "none"),
    Key("profile", Profile(PROFILE_NAMES), "the build to write for", "`android`"),
    Key(
        "define",
        ListOf(Text("a macro, `NAME` or `NAME=TEXT`", rf"{_NAME}(=[\s\S]*)?")),
        "macros on top of the profile's, where sources are scanned (`tree` or `roots`)",
        "none",
    ),
    Key("undefine", ListOf(Text("a name of a macro", _NAME)), "macros of the profile that are not defined", "none"),
    Key(
        "have",
        ListOf(OneOf("library", tuple(library.name for library in LIBRARIES))),
        "libraries that your build has though TensorFlow's does not",
        "none",
    ),
    Key("inserted_ops", Flag(), "whether kernels count that optimizers of the runtime only may need", "`true`"),
    Key(
        "mode",
        OneOf("mode", ("trim", "extend")),
        "cut every list to what is needed, or add to upstream's what they lack",
        "`trim`",
    ),
    Key("keep_core", Flag(), "with `trim`: leave the core group as upstream has it", "`false`"),
    Key("template_dir", _PATH, "a folder with templates to use in place of the built-in ones", "none"),
    Key("out", _PATH, "the folder to write to", "`build_lists`"),
    Key("allow_missing", Flag(), "whether to write although the build cannot have all that the models need", "`false`"),
    Key("budgets", BUDGETS, "what must not be more than a number", "none"),
)
"""Keys that stand at the top level for all targets, and in a target for it alone."""

_OF_KINDS = (
    Key("compat", Version(), "write the very text that TensorFlow's tool of this release prints", "the newest form"),
    Key("no_kernels", Flag(), "whether an ops list has the bare names of the models' ops", "`false`"),
    Key("namespace", Text("a namespace of C++", f"{_NAME}(::{_NAME})*"), "a namespace around the registration", "none"),
    Key(
        "labels",
        OneOf("labels", ("tensorflow", "litert")),
        "whose folders are named, `//tensorflow/lite` or `//tflite` of LiteRT",
        "`tensorflow`",
    ),
    Key(
        "default_ops",
        Text("pairs `Op:Class`, `all` or nothing", may_be_empty=True),
        "what the header has in any case",
        "the default ops of TensorFlow's tool; none for `.tflite` models",
    ),
    Key("types", Flag(), "whether operators of ONNX Runtime are restricted to the types they are used with", "`false`"),
    Key(
        "with_optimizer_ops",
        Flag(),
        "whether operators count that the optimisers of ONNX Runtime add to models",
        "`false`",
    ),
    Key("format", OneOf("format", ("yaml", "json")), "the format of the manifest", "`yaml`"),
)
"""Keys of targets that only some kinds have: those that :data:`opselect.targets.TARGET_KINDS` names."""

MODEL = MappingOf(
    (
        Key("path", Text("a path, a pattern or a URL", _ANY), "the model, as on the command line, or a pattern"),
        Key("tags", _NAMES, "the MetaGraph with just these tags", "the only one, or the one tagged `serve`"),
        Key("signature", _NAMES, "count only what these signatures reach", "all"),
        Key("inputs", _NAMES, "nodes that are fed: nothing upstream of them counts", "none"),
        Key("outputs", _NAMES, "nodes that are fetched: only their needs count", "everything"),
    ),
    required=("path",),
    short="path",
    excluding=(("signature", "inputs"), ("signature", "outputs")),
    words="a path or a mapping",
)

TARGET = MappingOf(
    (Key("kind", OneOf("target", TARGETS), "what to write"), *_OF_KINDS, *SETTINGS),
    required=("kind",),
    short="kind",
    excluding=(SOURCES,),
    only_for={
        key: tuple(kind.name for kind in TARGET_KINDS if key in kind.settings)
        for key in dict.fromkeys(key for kind in TARGET_KINDS for key in kind.settings)
    },
    # All but `out` is about TensorFlow and its kernels.
    not_for={
        kind.name: tuple(key.name for key in SETTINGS if key.name != "out")
        for kind in TARGET_KINDS
        if kind.runtime in OTHER_RUNTIMES
    },
    words="the kind of a target or a mapping",
)

CONFIG = MappingOf(
    (
        Key("models", ListOf(MODEL, or_one=False), "the models of the build"),
        Key("requirements", ListOf(_PATH), "files that `opselect requirements --json` printed, or patterns", "none"),
        *SETTINGS,
        Key("targets", ListOf(TARGET, or_one=False, some=True), "what to write"),
    ),
    required=("targets",),
    excluding=(SOURCES,),
)
"""All of the file."""
