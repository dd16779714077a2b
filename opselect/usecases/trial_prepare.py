"""Preparing a model in memory, to see what that takes out, within bounds."""

from __future__ import annotations

import shlex
from pathlib import Path

from kernel_index import shipped
from kernel_index.errors import InputError
from kernel_index.index import KernelIndex
from opselect.models.choice import Choice
from opselect.models.formats import model_at
from opselect.models.graph import Graph
from opselect.models.graph.op_families import VARIABLES
from opselect.preparing import Wishes, make_graph
from opselect.requirements.loading import judge
from opselect.rewriting.freezing import Options
from opselect.selection.left_out_by_default import Attempt

MAX_NODES = 20_000
"""Larger graphs are not tried; functions count."""

MAX_BYTES = 64 << 20
"""Models whose files, weights included, are larger than that are not tried."""

_PREPARED = "phone.pb"


def try_preparing(path: str, choice: Choice, graph: Graph, index: KernelIndex, shown: str) -> Attempt:
    """What ``opselect prepare`` would leave of the graph ``graph`` of the model at a local path.

    ``shown`` is what the model is called in the command. Never raises: what a model does not allow, and what is not
    tried as it takes too long, is said in the attempt.
    """
    command = _command(choice, shown, needs_checkpoint=_needs_checkpoint(path, graph))
    too_large = _too_large(path, graph)
    if too_large:
        return Attempt(command, too_large=too_large)
    options = Options(
        outputs=choice.outputs, signatures=choice.signatures, all_signatures=choice.all_signatures, tags=choice.tags
    )
    try:
        with model_at(path) as place:
            made = make_graph(place, Wishes(options, choice.inputs), index, lambda _: None)
            needed = made.needed(place, index)
            # Told the release, prepare also takes off what that refuses, and writes nothing that is refused even then.
            taken = not judge(needed.loads, index).refused
            return Attempt(command + _named_release(index.release) if taken else command, needed.items)
    except InputError as error:
        return Attempt(command, problem=f"tried without success: {error.problem}")
    except Exception as defect:
        # Advice is beside the point of the command that gives it, which is to go on.
        return Attempt(command, problem=f"tried without success: {type(defect).__name__}")


def _needs_checkpoint(path: str, graph: Graph) -> bool:
    """Whether the values of variables are in a checkpoint that the model at a path does not name."""
    if not any(node.op in VARIABLES for node in graph.nodes):
        return False
    return not (Path(path).is_dir() or path.endswith(".meta"))


def _named_release(release: str) -> str:
    minor = shipped.minor_of(release)
    return f" --tensorflow {minor}" if minor in map(shipped.minor_of, shipped.releases()) else ""


def _command(choice: Choice, shown: str, *, needs_checkpoint: bool) -> str:
    options = {
        "--checkpoint": ("PREFIX",) if needs_checkpoint else (),
        "--tags": choice.tags,
        "--signature": choice.signatures,
        "--inputs": choice.inputs,
        "--outputs": choice.outputs,
    }
    named = [word for option, names in options.items() if names for word in (option, ",".join(names))]
    return shlex.join(["opselect", "prepare", shown, *named, "-o", _PREPARED])


def _too_large(path: str, graph: Graph) -> str:
    nodes = len(graph.nodes) + sum(len(function.nodes) for function in graph.functions)
    if nodes > MAX_NODES:
        return f"not tried, as it has {nodes:,} nodes"
    size = _size(Path(path))
    if size is None:
        return "not tried, as it is no local file"
    return f"not tried, as it has {size >> 20:,} MB" if size > MAX_BYTES else ""


def _size(path: Path) -> int | None:
    """The bytes of a model's files: a folder's, or those that begin with the name of its checkpoint."""
    try:
        if path.is_dir():
            return sum(each.stat().st_size for each in path.rglob("*") if each.is_file())
        beside = path.parent.glob(f"{_escaped(path.stem)}.*") if path.suffix == ".meta" else [path]
        return sum(each.stat().st_size for each in beside)
    except OSError:
        return None


def _escaped(name: str) -> str:
    return "".join(f"[{char}]" if char in "*?[" else char for char in name)
