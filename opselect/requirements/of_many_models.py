"""Requirements of any number of models, read by any executor and merged as they come.

Memory does not grow with the models: a bounded number of chunks is under way at a time, and what is merged grows only
with the ops that are needed. Results are taken in the order in which chunks were handed out, so that warnings,
failures and requirements are the same whatever the executor does.
"""

from __future__ import annotations

import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from kernel_index.errors import OpselectError
from kernel_index.index import KernelIndex, MemoryIndex
from kernel_index.shown import shown_path, without_secrets
from kernel_index.store import StoredIndex, index_bytes, open_index
from opselect.models.choice import Choice, Chosen, read_chosen
from opselect.requirements.collect import MAX_NODES_NAMED, Merger, Requirements, Way, collect_requirements

if TYPE_CHECKING:
    from concurrent.futures import Executor, Future

CHUNK = 16
"""Maximum number of models that one call of a worker reads: at a few milliseconds each, more than the call costs."""

IN_FLIGHT = 32
"""Maximum number of chunks that are handed out before the first of them must be done."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A model that could not be read: the text of the error, and whether it is a mistake of ours."""

    model: str
    problem: str
    defect: bool = False


@dataclass(frozen=True, slots=True)
class Collected:
    """What the models need that could be read, ``read`` of them, and those that could not, in the order given."""

    requirements: Requirements
    read: int
    failures: tuple[Failure, ...]


@dataclass(frozen=True, slots=True)
class _Chunk:
    """Models by path and name, and what a worker must know besides; ``index`` is an index file or its content."""

    models: tuple[tuple[str, str], ...]
    choice: Choice
    index: bytes | str | None


@dataclass(frozen=True, slots=True)
class _Findings:
    """What came of a chunk; the warnings are not in the requirements, for they are not kept."""

    requirements: Requirements
    warnings: tuple[str, ...]
    read: int
    failures: tuple[Failure, ...]


def collect_model(path: str, name: str, *, index: KernelIndex | None, choice: Choice) -> Requirements:
    """What one model needs. Raises InputError for one that cannot be read or lacks what is chosen."""
    with read_chosen(path, choice) as chosen:
        return collect_chosen(chosen, name, index=index)


def collect_chosen(
    chosen: Chosen,
    name: str,
    *,
    index: KernelIndex | None,
    inserted: bool = True,
    most_nodes: int | None = MAX_NODES_NAMED,
) -> Requirements:
    """What the chosen part of a model needs that is called ``name``. Raises InputError for a graph without sense.

    Of the nodes that ask for the same, ``most_nodes`` are named at most. Without ``inserted`` what the runtime only may
    insert is left out. TensorFlow Lite's Flex delegate runs each op by itself: no optimizer sees a graph, so none
    inserts anything, and no session loads one.
    """
    needed = collect_requirements(
        chosen.graph,
        name,
        index=index,
        entries=chosen.entries,
        is_whole=chosen.is_whole,
        inserted=inserted and chosen.is_whole,
        most_nodes=most_nodes,
    )
    if chosen.is_whole:
        return needed
    functions: tuple[Way, ...] = ("functions",) if chosen.graph.functions else ()
    return replace(needed, loads=needed.loads.as_single_ops(), runs=frozenset(("ops", *functions)))


def collect_many(
    models: Iterable[str],
    *,
    index: KernelIndex | None,
    choice: Choice | None = None,
    names: Mapping[str, str] | None = None,
    executor: Executor | None = None,
    chunk: int = CHUNK,
    in_flight: int = IN_FLIGHT,
    progress: Callable[[int], None] | None = None,
    warn: Callable[[str], None] | None = None,
) -> Collected:
    """What all the models need together; one that cannot be read does not stop the others.

    ``models`` are paths and URLs, taken from the iterable only as they are read, and called by what ``names`` says
    instead of their paths. ``executor`` is any :class:`concurrent.futures.Executor`; its workers must be able to import
    opselect and to open the paths. Without one the models are read here, one by one. ``progress`` gets how many
    models are done, ``warn`` each warning about a model; both are called in this thread. Warnings are not part of
    the result.

    Raises OpselectError where a worker died, and what an executor raises when it takes no more work.
    """
    choice = choice or Choice()
    named = ((path, (names or {}).get(path, path)) for path in models)
    if executor is None:
        return _merged((_read((model,), index, choice) for model in named), progress, warn)
    with _sent_index(index, executor) as sent:
        chunks = (_Chunk(part, choice, sent) for part in _chunks(named, chunk))
        return _merged(_in_order(executor, chunks, in_flight), progress, warn)


def _merged(
    found: Iterable[_Findings], progress: Callable[[int], None] | None, warn: Callable[[str], None] | None
) -> Collected:
    merger = Merger()
    read = 0
    failures: list[Failure] = []
    for findings in found:
        merger.add(findings.requirements)
        read += findings.read
        failures += findings.failures
        if warn is not None:
            for warning in findings.warnings:
                warn(warning)
        if progress is not None:
            progress(read + len(failures))
    return Collected(merger.merged(), read, tuple(failures))


def index_file(index: KernelIndex) -> bytes:
    """The content of an index file with what the index has: what is sent to workers, at most some 100 kB a release."""
    from kernel_index.overlay import OverlayIndex  # most questions have none

    if isinstance(index, StoredIndex):
        return index.content
    if isinstance(index, OverlayIndex):
        return index_bytes(index.as_scan())
    if isinstance(index, MemoryIndex):
        return index_bytes(index.scan)
    raise TypeError(f"an index of type {type(index).__name__} cannot be sent to workers")


@contextmanager
def _sent_index(index: KernelIndex | None, executor: Executor) -> Iterator[bytes | str | None]:
    """What stands for the index in a chunk: its content, or for processes on this machine a file while the block runs.

    A process pool passes chunks on through a pipe. One that does not fit into it hangs the pool when a worker dies
    (https://github.com/python/cpython/issues/94777), and an index does not.
    """
    from concurrent.futures import ProcessPoolExecutor

    content = None if index is None else index_file(index)
    if content is None or not isinstance(executor, ProcessPoolExecutor):
        yield content
        return
    with tempfile.NamedTemporaryFile(prefix="opselect-") as file:
        file.write(content)
        file.flush()
        yield file.name


def _chunks(models: Iterable[tuple[str, str]], size: int) -> Iterator[tuple[tuple[str, str], ...]]:
    remaining = iter(models)
    while part := tuple(islice(remaining, size)):
        yield part


def _in_order(executor: Executor, chunks: Iterable[_Chunk], in_flight: int) -> Iterator[_Findings]:
    """The findings of the chunks in their order, with at most ``in_flight`` of them handed out at a time."""
    from concurrent.futures import BrokenExecutor, ProcessPoolExecutor

    pending: deque[Future[_Findings]] = deque()
    try:
        for chunk in chunks:
            if len(pending) >= in_flight:
                yield pending.popleft().result()
            pending.append(executor.submit(_read_chunk, chunk))
        while pending:
            yield pending.popleft().result()
    except BrokenExecutor:
        raise OpselectError(
            "a process that reads models died, most likely for want of memory\n"
            "  Read fewer at once with --jobs; --jobs 1 reads one after the other, and shows which it is."
        ) from None
    finally:
        # The manager of a process pool breaks down over cancelled futures if workers die: whoever ends such a pool
        # cancels them by Executor.shutdown.
        if not isinstance(executor, ProcessPoolExecutor):
            for future in pending:
                future.cancel()


def _read_chunk(chunk: _Chunk) -> _Findings:
    """What a worker does."""
    return _read(chunk.models, None if chunk.index is None else _opened(chunk.index), chunk.choice)


@lru_cache(maxsize=1)
def _opened(index: bytes | str) -> StoredIndex:
    """The index of a chunk, opened once in a process."""
    return open_index(Path(index)) if isinstance(index, str) else StoredIndex("the index", index)


def _read(models: Iterable[tuple[str, str]], index: KernelIndex | None, choice: Choice) -> _Findings:
    merger = Merger()
    read = 0
    warnings: list[str] = []
    failures: list[Failure] = []
    for path, name in models:
        outcome = _outcome(path, name, index, choice)
        if isinstance(outcome, Failure):
            failures.append(outcome)
            continue
        read += 1
        warnings += outcome.warnings
        merger.add(replace(outcome, warnings=()))
    return _Findings(merger.merged(), tuple(warnings), read, tuple(failures))


def _outcome(path: str, name: str, index: KernelIndex | None, choice: Choice) -> Requirements | Failure:
    try:
        return collect_model(path, name, index=index, choice=choice)
    except OpselectError as error:
        return Failure(name, str(error))
    except MemoryError:
        return Failure(name, f"{shown_path(path)}: there is not enough memory to read it")
    except Exception as defect:
        # A mistake of ours in one model of thousands is reported with it, and the others are still answered.
        return Failure(
            name, f"{shown_path(path)}: {type(defect).__name__}: {without_secrets(str(defect))}", defect=True
        )
