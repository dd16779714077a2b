"""Many models, read here or by any executor: the same answer, whatever comes in what order."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import random
import time
from collections.abc import Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from kernel_index import shipped
from kernel_index.errors import IndexFileError, InputError, OpselectError, Place
from kernel_index.index import KernelIndex
from kernel_index.overlay import OverlayIndex
from kernel_index.records import BuildLists, ScanResult
from kernel_index.store import StoredIndex, open_index
from opselect.models.choice import Choice
from opselect.requirements.collect import Requirements
from opselect.requirements.of_many_models import Collected, Failure, collect_many, index_file
from tests.opselect.graph_text import graph_bytes, node
from tests.opselect.sample import FLOAT, index, kernel

OPS = ("Relu", "Neg", "Abs", "Exp")


@pytest.fixture(scope="module")
def stored() -> StoredIndex:
    return open_index(shipped.find("2.14"))


@pytest.fixture
def models(tmp_path: Path) -> list[str]:
    """Forty models; every tenth is damaged, and every tenth another one warns."""
    paths = []
    for number in range(40):
        text = node("x", "Placeholder", attrs="dtype: type: DT_FLOAT")
        text += node(f"n{number}", OPS[number % len(OPS)], "x", attrs="T: type: DT_FLOAT")
        if number % 10 == 3:
            text += node("v", "VariableV2", attrs="dtype: type: DT_FLOAT")
            text += node("a", "ApplyGradientDescent", "v", "x", "x", attrs="T: type: DT_FLOAT")
        path = tmp_path / f"m{number:02}.pb"
        data = graph_bytes(text)
        path.write_bytes(data[:-7] if number % 10 == 7 else data)
        paths.append(str(path))
    return paths


class Shuffled(Executor):
    """Runs what it is given only when a result is asked for, and then everything that waits, in any order."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.waiting: list[tuple[Future[Any], Any, Any]] = []
        self.most = 0

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        future = _Asked(self)
        self.waiting.append((future, *pickle.loads(pickle.dumps((fn, args)))))
        self.most = max(self.most, len(self.waiting))
        return future

    def run(self) -> None:
        self.random.shuffle(self.waiting)
        for future, fn, args in self.waiting:
            future.set_result(pickle.loads(pickle.dumps(fn(*args))))
        self.waiting.clear()


class _Asked(Future[Any]):
    def __init__(self, executor: Shuffled) -> None:
        super().__init__()
        self.executor = executor

    def result(self, timeout: float | None = None) -> Any:
        if not self.done():
            self.executor.run()
        return super().result(timeout)


def collected(paths: list[str], known: KernelIndex, **options: Any) -> tuple[Collected, list[str]]:
    """The result and the warnings, models called by their file names."""
    warned: list[str] = []
    names = {path: Path(path).name for path in paths}
    return collect_many(paths, index=known, names=names, warn=warned.append, **options), warned


@pytest.fixture
def expected(models: list[str], stored: StoredIndex) -> tuple[Collected, list[str]]:
    return collected(models, stored)


def test_models_are_merged_and_bad_ones_do_not_stop_the_rest(expected: tuple[Collected, list[str]]) -> None:
    found, warned = expected
    assert found.read == 36
    assert [failure.model for failure in found.failures] == ["m07.pb", "m17.pb", "m27.pb", "m37.pb"]
    assert all("truncated" in failure.problem and not failure.defect for failure in found.failures)
    counts = {item.op: (item.model_count, item.models[0]) for item in found.requirements.items}
    assert counts["Placeholder"] == (36, "m00.pb")
    assert counts["Exp"] == (8, "m03.pb")
    assert counts["ApplyGradientDescent"] == (4, "m03.pb")
    assert [warning[:6] for warning in warned] == ["m03.pb", "m13.pb", "m23.pb", "m33.pb"]
    assert found.requirements.warnings == ()


@pytest.mark.parametrize("seed", range(3))
def test_the_order_in_which_workers_answer_makes_no_difference(
    models: list[str], stored: StoredIndex, expected: tuple[Collected, list[str]], seed: int
) -> None:
    executor = Shuffled(seed)
    assert collected(models, stored, executor=executor, chunk=3, in_flight=5) == expected
    assert executor.most == 5


def test_threads(models: list[str], stored: StoredIndex, expected: tuple[Collected, list[str]]) -> None:
    with ThreadPoolExecutor(3) as executor:
        assert collected(models, stored, executor=executor, chunk=2, in_flight=4) == expected


def test_processes(models: list[str], stored: StoredIndex, expected: tuple[Collected, list[str]]) -> None:
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as executor:
        assert collected(models, stored, executor=executor, chunk=4) == expected


def test_models_are_taken_only_as_they_are_read(models: list[str]) -> None:
    taken = 0

    def some() -> Iterator[str]:
        nonlocal taken
        for path in models:
            taken += 1
            yield path

    ahead: list[int] = []
    executor = Shuffled(0)
    done: list[int] = []

    def progress(count: int) -> None:
        done.append(count)
        ahead.append(taken - count)

    collect_many(some(), index=None, executor=executor, chunk=2, in_flight=3, progress=progress)
    assert done == list(range(2, 41, 2))
    assert max(ahead) <= 2 * 3


def test_paths_are_names_unless_they_are_given(models: list[str]) -> None:
    found = collect_many(models[:1], index=None)
    assert found.requirements.items[0].models == (models[0],)


def test_what_is_chosen_goes_to_the_workers(models: list[str]) -> None:
    chosen = Choice(outputs=("x",))
    found = collect_many(models[:4], index=None, choice=chosen, executor=Shuffled(0))
    assert [item.op for item in found.requirements.items] == ["Placeholder"]


@pytest.mark.parametrize("kind", ["stored", "memory", "overlay"])
def test_every_kind_of_index_goes_to_the_workers(tmp_path: Path, kind: str) -> None:
    memory = index([kernel("Neg", "fast", attr="mode"), kernel("Neg", FLOAT)])
    known: KernelIndex = memory
    if kind == "stored":
        known = StoredIndex("i", index_file(memory))
    elif kind == "overlay":
        known = OverlayIndex(memory, ScanResult("1.13.1", memory.profiles, (), (), BuildLists()), frozenset())
    path = tmp_path / "m.pb"
    path.write_bytes(graph_bytes(node("n", "Neg", attrs='T: type: DT_FLOAT; mode: s: "slow"')))
    found = collect_many([str(path)], index=known, executor=Shuffled(0))
    assert [item.attrs for item in found.requirements.items] == [(("T", FLOAT), ("mode", "slow"))]


def test_an_index_of_ones_own_cannot_be_sent() -> None:
    class Other:
        pass

    with pytest.raises(TypeError, match="Other"):
        index_file(Other())  # type: ignore[arg-type]


def test_a_mistake_of_ours_is_reported_with_its_model(monkeypatch: pytest.MonkeyPatch, models: list[str]) -> None:
    def broken(path: str, _: Choice) -> Any:
        raise MemoryError if path.endswith("m00.pb") else ZeroDivisionError("by zero")

    monkeypatch.setattr("opselect.requirements.of_many_models.read_chosen", broken)
    assert collect_many(models[:2], index=None).failures == (
        Failure(models[0], f"{models[0]}: there is not enough memory to read it"),
        Failure(models[1], f"{models[1]}: ZeroDivisionError: by zero", defect=True),
    )


@pytest.mark.parametrize(
    "error",
    [OpselectError("a"), InputError("p", "b", "c"), InputError(Place("p", line=3), "b"), IndexFileError("p", "b")],
)
def test_errors_survive_the_way_from_a_worker(error: OpselectError) -> None:
    back = pickle.loads(pickle.dumps(error))
    assert (type(back), str(back)) == (type(error), str(error))


def _die(*_: object) -> None:
    time.sleep(0.1)
    os._exit(9)


def test_a_worker_that_dies(models: list[str]) -> None:
    executor = ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), _die)
    with executor, pytest.raises(OpselectError, match="--jobs 1"):
        collect_many(models, index=None, executor=executor, chunk=1)


def test_nothing_is_left_under_way_when_reading_stops(models: list[str]) -> None:
    def stop(_: int) -> None:
        raise KeyboardInterrupt

    executor = Shuffled(0)
    with pytest.raises(KeyboardInterrupt):
        collect_many(models, index=None, executor=executor, chunk=1, in_flight=4, progress=stop)
    assert all(future.cancelled() for future, _, _ in executor.waiting)


def test_no_models() -> None:
    assert collect_many([], index=None) == Collected(Requirements(), 0, ())
