"""Which values fit an option or argument, by what its help calls it: releases, profiles, ops, codes, files."""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

from opselect.cli.completion.shells import PATH

if TYPE_CHECKING:
    from kernel_index.index import KernelIndex

    _ParamType = click.ParamType[Any]
else:
    # A class without parameters before click 8.2.
    _ParamType = click.ParamType

Values = Callable[[click.Context, str], list[CompletionItem]]
"""What fits a parameter of a command: the line so far, and the start of the word, in; items out."""

_MAX_NODES_SIZE = 1_000_000
"""Bytes up to which a model is read for the names of its nodes: more would take longer than a key press."""

_MODELS = (
    ".pb", ".pbtxt", ".meta", ".index", ".tflite", ".lite", ".onnx", ".pte", ".bpte", ".zip", ".tar", ".gz", ".tgz",
    ".tflm", ".config", ".yaml", ".json",
)  # fmt: skip
_GRAPHS = (".pb", ".pbtxt", ".meta", ".zip", ".tar", ".gz", ".tgz")
_BINARIES = (".so", ".apk", ".aar", ".aab", ".ipa", ".zip", ".whl", ".dylib", ".a", ".o")


class CompletedType(_ParamType):
    """Stands in for the type of a parameter while a line is completed: takes anything, and knows what fits."""

    name = "completed"

    def __init__(self, values: Values) -> None:
        self._values = values

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        return value

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        return self._values(ctx, incomplete)


def with_values(command: click.Command) -> click.Command:
    """A copy of the command with :class:`CompletedType` for the parameters that something is known of."""
    completed = copy.copy(command)
    completed.params = [_completed(param) for param in command.params]
    return completed


def _completed(param: click.Parameter) -> click.Parameter:
    values = _values_of(param)
    if values is None:
        return param
    completed = copy.copy(param)
    completed.type = CompletedType(values)
    return completed


def _values_of(param: click.Parameter) -> Values | None:
    if isinstance(param.type, (click.Choice, click.types.BoolParamType)):
        return None
    for name in param.opts:
        if name in _BY_OPTION:
            return _BY_OPTION[name]
    folder = isinstance(param.type, click.Path) and not param.type.file_okay
    word = (param.metavar or "").strip("[]. ")
    if folder or word == "DIR":
        return _folders
    return _BY_WORD.get(word)


def _fitting(names: Iterable[str], incomplete: str) -> list[CompletionItem]:
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]


def _listed(values: Callable[[], Iterable[str]]) -> Values:
    """The names that are the same on every line; those after a comma, where several are given so."""

    def fitting(_: click.Context, incomplete: str) -> list[CompletionItem]:
        before, comma, last = incomplete.rpartition(",")
        return _fitting([f"{before}{comma}{name}" for name in values()], f"{before}{comma}{last}")

    return fitting


def _releases() -> list[str]:
    """The shipped releases, as they are mostly written, and whole; the newest first."""
    from kernel_index import shipped

    whole = shipped.releases()[::-1]
    return [*map(shipped.minor_of, whole), *whole]


def _release(_: click.Context, incomplete: str) -> list[CompletionItem]:
    """``2.14`` until more is typed than that."""
    found = _fitting(_releases(), incomplete)
    short = [item for item in found if item.value.count(".") < 2]
    return short if short and incomplete.count(".") < 2 else found


def _runtimes() -> list[str]:
    from opselect.lite.runtimes.registered import runtime_releases

    return list(map(str, reversed(runtime_releases())))


def _profiles() -> Iterable[str]:
    from kernel_index.profiles import PROFILE_NAMES

    return PROFILE_NAMES


def _libraries() -> Iterable[str]:
    from kernel_index.libraries import LIBRARIES

    return [library.name for library in LIBRARIES]


def _kinds() -> Iterable[str]:
    from opselect.findings.list_kinds import KINDS

    return KINDS


def _abis() -> Iterable[str]:
    from opselect.binaries.abis import ABI_NAMES

    return ABI_NAMES


def _codes(_: click.Context, incomplete: str) -> list[CompletionItem]:
    from opselect.findings.catalog import CATALOG

    return [
        CompletionItem(code, help=each.title) for code, each in CATALOG.items() if code.startswith(incomplete.upper())
    ]


def _transforms(_: click.Context, incomplete: str) -> list[CompletionItem]:
    """The name at the end of a list with blanks between its steps."""
    from opselect.rewriting.transforms import NAMES

    before, blank, last = incomplete.rpartition(" ")
    return _fitting([f"{before}{blank}{name}" for name in NAMES], f"{before}{blank}{last}")


def _ops(context: click.Context, incomplete: str) -> list[CompletionItem]:
    """The ops of the TensorFlow that the line names; of the newest shipped one where that is a checkout or none."""
    index = _index_of(context)
    return _fitting(index.op_names(), incomplete)


def _index_of(context: click.Context) -> KernelIndex:
    from kernel_index import shipped
    from kernel_index.store import open_index

    named = context.params.get("index_file")
    if named:
        return open_index(Path(named))
    release = context.params.get("release") or context.params.get("index") or shipped.releases()[-1]
    if Path(release).is_file():
        return open_index(Path(release))
    return shipped.index_of(release)


def _nodes(context: click.Context, incomplete: str) -> list[CompletionItem]:
    """The nodes of the model on the line, where it is a small graph in a file; nothing otherwise."""
    named = context.params.get("models") or context.params.get("model") or context.params.get("source") or ()
    # Where an option still lacks its value, click has not told arguments apart.
    words = [*((named,) if isinstance(named, str) else named), *context.args]
    path = Path(words[0]) if words else None
    if path is None or not path.is_file() or path.stat().st_size > _MAX_NODES_SIZE or path.suffix not in _GRAPHS:
        return []
    from opselect.models.formats.models import read_model

    before, comma, _ = incomplete.rpartition(",")
    nodes = [node.name for each in read_model(path).meta_graphs for node in each.graph.nodes]
    return _fitting([f"{before}{comma}{name}" for name in nodes], incomplete)


def _folders(_: click.Context, incomplete: str) -> list[CompletionItem]:
    return [CompletionItem(incomplete, type="dir")]


def _any_file(_: click.Context, incomplete: str) -> list[CompletionItem]:
    return [CompletionItem(incomplete, type="file")]


def _files(*suffixes: str) -> Values:
    """Files of these suffixes and folders; any files where there are none of those."""

    def fitting(_: click.Context, incomplete: str) -> list[CompletionItem]:
        head, tail = os.path.split(incomplete)
        start = incomplete[: len(incomplete) - len(tail)]
        items = []
        with os.scandir(Path(head).expanduser()) as entries:
            for entry in sorted(entries, key=lambda each: each.name):
                hidden = entry.name.startswith(".") and not tail.startswith(".")
                if hidden or not entry.name.startswith(tail):
                    continue
                if entry.is_dir():
                    items.append(CompletionItem(f"{start}{entry.name}/", type=PATH))
                elif entry.name.lower().endswith(suffixes):
                    items.append(CompletionItem(f"{start}{entry.name}", type=PATH))
        return items or _any_file(_, incomplete)

    return fitting


def _release_or_file(context: click.Context, incomplete: str) -> list[CompletionItem]:
    releases = _release(context, incomplete)
    files = [item for item in _files(".opselidx")(context, incomplete) if item.type == PATH]
    return releases if releases and not incomplete else [*releases, *files]


_BY_OPTION: dict[str, Values] = {
    "--tensorflow": _release,
    "--release": _release,
    "--compat": _release,
    "--profile": _listed(_profiles),
    "--runtime": _listed(_runtimes),
    "--have": _listed(_libraries),
    "--ignore": _listed(_kinds),
    "--abi": _listed(_abis),
    "--transforms": _transforms,
    "--op": _ops,
    "--inputs": _nodes,
    "--outputs": _nodes,
    "--output_node_names": _nodes,
    "--index": _files(".opselidx"),
    "--header": _files(".h"),
    "--config": _files(".yaml", ".yml"),
    "--budget": _files(".yaml", ".yml"),
    "--requirements": _files(".json"),
    "--ops-list": _files(".json"),
    "--model": _files(*_MODELS),
    "--in_graph": _files(*_GRAPHS),
    "--input_graph": _files(*_GRAPHS),
    "--input_meta_graph": _files(".meta"),
    "--binary": _files(*_BINARIES),
}

_BY_WORD: dict[str, Values] = {
    "OP": _ops,
    "CODE": _codes,
    "MODEL": _files(*_MODELS),
    "IN": _files(*_GRAPHS),
    "RELEASE|INDEX-FILE": _release_or_file,
    "BEFORE [AFTER": _release_or_file,
    "LOG": _any_file,
    "FILE": _any_file,
    "PREFIX": _any_file,
}
