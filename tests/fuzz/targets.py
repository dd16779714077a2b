"""What is given to which command: a target writes one changed input into a folder and says the command lines to try."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from opselect.models.formats.graphdef_writer import encode_graph
from opselect.models.formats.models import SAVED_MODEL_FILES
from opselect.models.graph import Graph
from opselect.models.proto import message_class
from opselect.models.storage import JoinedBytes
from tests.cli.conftest import TREE
from tests.fuzz.binaries import binaries
from tests.fuzz.changes import changed_bytes, changed_message, changed_text, cut, odd_word
from tests.fuzz.described import described
from tests.fuzz.executorch import executorch
from tests.fuzz.judge import Command
from tests.fuzz.logs import logs
from tests.fuzz.odd_graphs import odd_graph
from tests.fuzz.transforms import PRESERVING
from tests.opselect.archive_files import folder_files, tar_bytes, zip_bytes
from tests.opselect.graph_text import field, varint

FIXTURES = Path(__file__).parents[2] / "fixtures"
MODELS, SAVED, FROZEN = FIXTURES / "models", FIXTURES / "saved_models", FIXTURES / "freeze" / "models"
INDEX = FIXTURES / "kernel_tree.opselidx"
VARIABLES = SAVED / "sm1_multi_tags_assets_examples" / "variables"
_TEXT_TOKENS = (
    "{",
    "}",
    ":",
    '"',
    "\\",
    "node {",
    "attr {",
    "list {",
    "# ",
    "\n",
    "-",
    "1e999",
    "99999999999999999999",
    "[",
)
_SOURCE_TOKENS = (
    "#", "##", '"', "'", 'R"(', "(", ")", "{", "}", "<", ">", ",", ";", "\\", "\\\n", "/*", "*/", "//", "\0", "\r",
    "__VA_ARGS__", "defined", "\n#if ", "\n#else\n", "\n#endif\n", "\n#define REGISTER(x) ", '\n#include "', "...",
)  # fmt: skip
_BUILD_TOKENS = (
    "[", "]", "(", ")", '"', "'", '"""', ",", "+", "=", "#", "\\", "\n", "glob(", "select({", "filegroup(", "for x in ",
    "if ", "srcs = ", "name = ", "exclude = ", "**", "*", "../", "//tensorflow:", "%", "load(", "def f():\n  pass\n",
)  # fmt: skip

Target = Callable[[random.Random, Path], Command]


def _flagged(choose: random.Random, *arguments: str) -> Command:
    return Command(arguments, terminal=choose.random() < 0.4)


def _index(choose: random.Random) -> tuple[str, ...]:
    """Mostly the small index, which is quick; a release of TensorFlow now and then."""
    if choose.random() < 0.85:
        return ("--index", str(INDEX))
    return ("--tensorflow", choose.choice(("2.14", "1.13", "1.0")))


def _asked_of_model(choose: random.Random, model: str) -> Command:
    kind = choose.randrange(7)
    terminal = choose.random() < 0.4
    if kind == 6:
        words = ("verify", model, *_index(choose), *choose.choice(((), ("--json",))))
        return Command(words, terminal=terminal, as_json="--json" in words)
    if kind == 0:
        more = choose.choice((("--json",), ("--print-structure",), ("--format", "summarize_graph"), ()))
        return Command(("inspect", model, *_index(choose), *more), terminal=terminal, as_json="--json" in more)
    if kind == 1:
        as_json = choose.random() < 0.5
        more = ("--json",) if as_json else ()
        return Command(("requirements", model, *_index(choose), *more), terminal=terminal, as_json=as_json)
    if kind == 2:
        header: tuple[str, ...] = ()
        more = ("--allow-missing",) if choose.random() < 0.7 else ()
        if choose.random() < 0.3:
            header = ("--target", "header", *choose.choice(((), ("--compat", "2.14"), ("--compat", "1.1"))))
        return Command(("generate", model, *_index(choose), "--out", "out", *more, *header), ("out",), terminal)
    return _rewritten(choose, model)


def _rewritten(choose: random.Random, model: str, outputs: tuple[str, ...] = ()) -> Command:
    # Only a GraphDef can be transformed.
    kind = choose.choice((0, 1, 2) if model.endswith((".pb", ".pbtxt")) else (0, 0, 0, 0, 1, 1, 1, 1, 2))
    terminal = choose.random() < 0.4
    named = ("--outputs", ",".join(outputs)) if outputs and choose.random() < 0.7 else ()
    source = _index(choose) if choose.random() < 0.1 else ()
    checkpoint = ("--checkpoint", str(VARIABLES / "variables")) if choose.random() < 0.6 else ()
    more: tuple[str, ...]
    if kind == 0:
        more = choose.choice(((), (), ("--all-signatures",), ("--initializer_nodes=",), ("--clear_devices=false",)))
        chosen = () if "--all-signatures" in more else named
        words = ("freeze", model, "-o", "o.pb", *chosen, *checkpoint, *more, *source)
    elif kind == 1:
        more = choose.choice(
            ((), (), ("--remove-checks",), ("--type", "float", "--shape", "2,2"), ("--allow-missing",))
        )
        words = ("prepare", model, "-o", "o.pb", *named, *checkpoint, *more, *source)
    else:
        steps = " ".join(choose.choice(PRESERVING) for _ in range(choose.randint(1, 4)))
        words = ("transform", model, "o.pb", "--transforms", steps, *named, *source)
    return Command(words, ("o.pb",), terminal, graph="o.pb")


@cache
def _messages(kind: str) -> tuple[bytes, ...]:
    """The small fixtures that hold a message of the kind, in wire format."""
    places = {
        "GraphDef": [*MODELS.glob("[fjtw]*.pb"), *(FIXTURES / "transforms").glob("*/input.pb")],
        "MetaGraphDef": FROZEN.glob("*/*.meta"),
        "SavedModel": SAVED.glob("*/saved_model.pb"),
    }
    found = [path.read_bytes() for path in sorted(places[kind])]
    return tuple(data for data in found if len(data) < 100_000)


def _changed(choose: random.Random, kind: str) -> bytes:
    data = choose.choice(_messages(kind))
    way = choose.random()
    if way < 0.75:
        return changed_message(data, message_class(kind).DESCRIPTOR, choose)
    return changed_bytes(data, choose) if way < 0.95 else cut(data, choose)


def graphs(choose: random.Random, folder: Path) -> Command:
    (folder / "m.pb").write_bytes(_changed(choose, "GraphDef"))
    return _asked_of_model(choose, "m.pb")


def texts(choose: random.Random, folder: Path) -> Command:
    data = choose.choice([(MODELS / "functions.pbtxt").read_bytes()])
    (folder / "m.pbtxt").write_bytes(changed_text(data, choose, _TEXT_TOKENS))
    return _asked_of_model(choose, "m.pbtxt")


def meta_graphs(choose: random.Random, folder: Path) -> Command:
    if choose.random() < 0.5:
        data = _changed(choose, "MetaGraphDef")
    else:
        data = _meta_graph(choose, odd_graph(choose))
    (folder / "m.meta").write_bytes(data)
    return _asked_of_model(choose, "m.meta")


def saved_models(choose: random.Random, folder: Path) -> Command:
    model = folder / "m"
    model.mkdir()
    if choose.random() < 0.8:
        (model / "variables").symlink_to(VARIABLES)
    if choose.random() < 0.5:
        data = _changed(choose, "SavedModel")
    else:
        metas = [_meta_graph(choose, odd_graph(choose)) for _ in range(choose.choice((1, 1, 1, 2)))]
        parts = [field(2, meta) for meta in metas] + [b"\x08\x01"] * choose.choice((0, 1, 1, 2))
        choose.shuffle(parts)
        data = b"".join(parts)
    (model / SAVED_MODEL_FILES[0]).write_bytes(data)
    return _asked_of_model(choose, "m")


def odd_graphs(choose: random.Random, folder: Path) -> Command:
    graph = odd_graph(choose)
    (folder / "m.pb").write_bytes(_encoded(graph))
    names = tuple(node.name for node in choose.sample(graph.nodes, min(2, len(graph.nodes))))
    if choose.random() < 0.8:
        return _rewritten(choose, "m.pb", names)
    return _asked_of_model(choose, "m.pb")


def _encoded(graph: Graph) -> bytes:
    message = encode_graph(graph)
    return JoinedBytes(tuple(message.pieces)).read(0, message.size)


def _meta_graph(choose: random.Random, graph: Graph) -> bytes:
    """A MetaGraphDef around a graph, with signatures, collections and a saver of which some name nothing."""
    names = [node.name for node in graph.nodes] or ["a0"]

    def tensor() -> bytes:
        reference = choose.choice((*names, "nothing", odd_word(choose))) + choose.choice(("", ":0", ":0", ":3"))
        info = field(1, reference.encode()) + b"\x10" + varint(choose.choice((1, 1, 3, 0, 99)))
        return info if choose.random() < 0.95 else field(4, field(1, reference.encode()))

    def entry(key: str, value: bytes) -> bytes:
        return field(1, key.encode()) + field(2, value)

    parts = [field(2, _encoded(graph))]
    tags = choose.choice((("serve",), ("serve",), ("serve", "gpu"), (odd_word(choose),), ()))
    parts.append(field(1, b"".join(field(4, tag.encode()) for tag in tags) + field(5, b"2.14.0")))
    for key in choose.sample(
        ("serving_default", "__saved_model_init_op", "other", odd_word(choose)), choose.randrange(4)
    ):
        sides = [field(side, entry(choose.choice("xy"), tensor())) for side in (1, 2, 2)[: choose.randrange(4)]]
        parts.append(field(5, entry(key, b"".join(sides) + field(3, b"tensorflow/serving/predict"))))
    if choose.random() < 0.5:
        key = choose.choice(("variables", "trainable_variables", "saved_model_main_op", "legacy_init_op", "init_op"))
        name = choose.choice((*names, "nothing")).encode()
        held = (
            field(1, field(1, name)) if choose.random() < 0.5 else field(2, field(1, field(1, name) + field(2, name)))
        )
        parts.append(field(4, entry(key, held)))
    if choose.random() < 0.4:
        saver = [choose.choice((*names, "nothing", "")).encode() for _ in range(3)]
        parts.append(field(3, b"".join(field(number, name) for number, name in enumerate(saver, 1))))
    if choose.random() < 0.2:
        parts.append(field(6, field(1, tensor()) + field(2, odd_word(choose).encode())))
    choose.shuffle(parts)
    return b"".join(parts)


def tflite(choose: random.Random, folder: Path) -> Command:
    data = choose.choice([path.read_bytes() for path in sorted(MODELS.glob("*.tflite"))])
    (folder / "m.tflite").write_bytes(changed_bytes(data, choose) if choose.random() < 0.9 else cut(data, choose))
    return _asked_of_model(choose, "m.tflite")


@cache
def _lite_models() -> tuple[bytes, ...]:
    from tests.opselect.hostile_tflite import HOSTILE
    from tests.opselect.odd_tflite import ODD

    hostile = (data for kind in HOSTILE.values() for data in kind)
    converted = (path.read_bytes() for path in sorted((FIXTURES / "tflite").glob("*.tflite")))
    return (*ODD.values(), *hostile, *converted)


def lite(choose: random.Random, folder: Path) -> Command:
    """What is written for builds of TensorFlow Lite, of which several models may be asked at once."""
    names = ["m.tflite", "n.tflite"][: choose.choice((1, 1, 2))]
    for name in names:
        data = choose.choice(_lite_models())
        (folder / name).write_bytes(data if choose.random() < 0.6 else changed_bytes(data, choose))
    asked: list[str] = []
    for target in choose.sample(("registration", "flex-ops", "tflite-bazel", "tflite-cmake"), choose.choice((1, 1, 2))):
        asked += ("--target", target)
    source = _index(choose) if "flex-ops" in asked else ()
    if "flex-ops" in asked and choose.random() < 0.4:
        asked.append("--no-kernels")
    if choose.random() < 0.6:
        asked += ("--compat", choose.choice(("2.14", "2.4")))
    if choose.random() < 0.2:
        asked += ("--namespace", choose.choice(("a", "a::b", odd_word(choose))))
    as_json = choose.random() < 0.2
    more = ("--json",) if as_json else ()
    words = ("generate", *names, *asked, *source, "--out", "out", *more)
    return Command(words, ("out",), choose.random() < 0.4, as_json=as_json)


def archives(choose: random.Random, folder: Path) -> Command:
    inside = {"a/while.pb": (MODELS / "while_v1.pb").read_bytes(), odd_word(choose) or "b": b"text"}
    if choose.random() < 0.4:
        inside |= folder_files(SAVED / "sm2_while_cond_functional", "s/")
    name = choose.choice(("m.zip", "m.tar", "m.tar.gz"))
    try:
        if name == "m.zip":
            data = zip_bytes(inside)
        else:
            data = tar_bytes(inside, "gz" if name.endswith("gz") else "")
    except ValueError:  # names that no writer takes
        data = zip_bytes({"a/while.pb": inside["a/while.pb"]})
    if choose.random() < 0.9:
        data = changed_bytes(data, choose) if choose.random() < 0.9 else cut(data, choose)
    (folder / name).write_bytes(data)
    if choose.random() < 0.3:
        return _flagged(choose, "inspect", name)
    return _asked_of_model(choose, f"{name}!{choose.choice(('a/while.pb', 's', 'a', ''))}")


def indexes(choose: random.Random, folder: Path) -> Command:
    from tests.kernel_index.test_damaged_index import _damaged

    data = _damaged(choose) if choose.random() < 0.7 else changed_bytes(INDEX.read_bytes(), choose)
    (folder / "i.opselidx").write_bytes(data)
    model = str(MODELS / "while_v1.pb")
    lines: tuple[tuple[str, ...], ...] = (
        *(("index", "show", "i.opselidx"), ("index", "export", "i.opselidx"), ("index", "deps", "i.opselidx")),
        *(("index", "show", "i.opselidx", "Mul"), ("locate", "Mul", "Conv2D", "--index", "i.opselidx")),
        *(("index", "diff", str(INDEX), "i.opselidx"), ("requirements", model, "--index", "i.opselidx")),
        ("index", "deps", "tensorflow/core/kernels/gather_op.cc", "--index", "i.opselidx"),
        ("inspect", model, "--index", "i.opselidx"),
    )
    if choose.random() < 0.2:
        words = ("generate", model, "--index", "i.opselidx", "--allow-missing", "--out", "out")
        return Command(words, ("out",), choose.random() < 0.4)
    return _flagged(choose, *choose.choice(lines))


@cache
def _kept() -> bytes:
    from tests.fuzz.judge import outcome_of

    words = ("requirements", str(MODELS / "functions.pb"), str(MODELS / "jpeg_training.pb"), "--json")
    return outcome_of(Command((*words, "--tensorflow", "2.14"))).out.encode()


def _changed_json(choose: random.Random) -> bytes:
    """The same with values inside that are others, or gone."""
    document = json.loads(_kept())
    for _ in range(choose.choice((1, 1, 2, 5))):
        at: Any = document
        while True:
            keys = list(at) if isinstance(at, dict) else list(range(len(at)))
            if not keys:
                break
            key = choose.choice(keys)
            if isinstance(at[key], (dict, list)) and at[key] and choose.random() < 0.9:
                at = at[key]
                continue
            if choose.random() < 0.2:
                del at[key]
            else:
                at[key] = choose.choice((None, True, -1, 1 << 80, 1.5, "", "DT_FLOAT", [], {}, ["x"], odd_word(choose)))
            break
    return json.dumps(document).encode()


def requirements(choose: random.Random, folder: Path) -> Command:
    tokens = ("{", "}", "[", "]", ",", ":", '"', "null", "true", "-1", "1e999", "9" * 5_000, "NaN", '"op"', "[" * 2_000)
    data = _changed_json(choose) if choose.random() < 0.7 else changed_text(_kept(), choose, tokens)
    (folder / "r.json").write_bytes(data)
    words = ("generate", "--requirements", "r.json", "--tensorflow", "2.14", "--allow-missing", "--out", "out")
    return Command(words, ("out",), choose.random() < 0.4)


def _tree(folder: Path) -> Path:
    for name, text in TREE.items():
        path = folder / "t" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.lstrip("\n"))
    return folder / "t"


def _change_files(choose: random.Random, tree: Path, names: Mapping[str, tuple[str, ...]]) -> None:
    for name in choose.sample(sorted(names), min(len(names), choose.choice((1, 1, 2)))):
        path = tree / name
        path.write_bytes(changed_text(path.read_bytes(), choose, names[name]))


def sources(choose: random.Random, folder: Path) -> Command:
    tree = _tree(folder)
    _change_files(choose, tree, dict.fromkeys((name for name in TREE if name.endswith((".cc", ".h"))), _SOURCE_TOKENS))
    if choose.random() < 0.5:
        words = ("index", "scan", "t", "--jobs", "1", "--no-cache", "-o", "o.opselidx")
        return Command(words, ("o.opselidx",), choose.random() < 0.4, graph="")
    return _flagged(choose, "locate", "Mul", "Cumsum", "--tree", "t")


def build_files(choose: random.Random, folder: Path) -> Command:
    tree = _tree(folder)
    makefile = tree / "tensorflow/contrib/makefile/tf_op_files.txt"
    makefile.parent.mkdir(parents=True)
    makefile.write_text("tensorflow/core/kernels/mul_op.cc\ntensorflow/core/kernels/placeholder_op.cc\n")
    names = ("tensorflow/core/kernels/BUILD", makefile.relative_to(tree).as_posix())
    _change_files(
        choose, tree, {names[0]: _BUILD_TOKENS} | ({names[1]: _BUILD_TOKENS} if choose.random() < 0.4 else {})
    )
    kept = folder / "r.json"
    kept.write_text('{"ops": [{"op": "Mul", "attrs": {"T": "DT_FLOAT"}}]}')
    kind = choose.randrange(4)
    if kind == 0:
        return _flagged(choose, "check", "--tree", "t")
    words = ("apply", "--requirements", "r.json", "--tree", "t", "--allow-missing")
    if kind == 1:
        return Command(words, terminal=choose.random() < 0.4, exact=True)
    if kind == 2:
        return Command((*words, "--write"), (), choose.random() < 0.4, edits="t")
    return _flagged(choose, "check", "--requirements", "r.json", "--tree", "t", "--json")


TARGETS: Mapping[str, Target] = {
    "graphs": graphs,
    "texts": texts,
    "saved_models": saved_models,
    "meta_graphs": meta_graphs,
    "odd_graphs": odd_graphs,
    "tflite": tflite,
    "lite": lite,
    "executorch": executorch,
    "archives": archives,
    "indexes": indexes,
    "requirements": requirements,
    "sources": sources,
    "build_files": build_files,
    "described": described,
    "logs": logs,
    "binaries": binaries,
}


def emptied(folder: Path) -> None:
    """Removes what the case before has left in the folder."""
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
