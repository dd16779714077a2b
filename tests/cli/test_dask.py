"""``--dask`` with a real cluster: a scheduler and two worker processes on this machine."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from kernel_index.errors import OpselectError
from opselect.usecases.workers import open_workers
from tests.cli.conftest import Cli, Model

distributed = pytest.importorskip("distributed")


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """The address of the cluster's scheduler."""
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0", host="127.0.0.1"
    ) as cluster:
        yield cluster.scheduler_address


def test_a_cluster_gives_the_same_answer(cli: Cli, index_file: Path, model: Model, address: str) -> None:
    paths = [model("Mul" if number % 2 else "Relu", name=f"m{number:02}.pbtxt") for number in range(20)]
    paths[7].write_text("node {")
    command = ("requirements", *paths, "--index", index_file, "--json")
    here = cli(*command, "--jobs", "1")
    there = cli(*command, "--dask", address)
    assert there.code == here.code == 1
    assert (there.out, there.err) == (here.out, here.err)


def test_lists_from_models_read_on_a_cluster(cli: Cli, index_file: Path, model: Model, address: str) -> None:
    paths = [model("Mul", name="a.pbtxt"), model("Relu", name="b.pbtxt")]
    outcome = cli("generate", *paths, "--index", index_file, "--out", "lists", "--dask", address)
    assert outcome.code == 0, outcome.err
    assert "relu_op.cc" in Path("lists/kernels.BUILD").read_text()


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("nowhere", "there is no dask scheduler at nowhere: missing port number"),
        ("tcp://127.0.0.1:1", "there is no dask scheduler at tcp://127.0.0.1:1: Timed out"),
    ],
)
def test_no_cluster(
    cli: Cli, index_file: Path, model: Model, monkeypatch: pytest.MonkeyPatch, address: str, message: str
) -> None:
    monkeypatch.setattr("opselect.usecases.workers.CONNECT_SECONDS", 0.2)
    paths = [model("Mul", name="a.pbtxt"), model("Relu", name="b.pbtxt")]
    outcome = cli("requirements", *paths, "--index", index_file, "--dask", address)
    assert outcome.code == 2
    assert message in outcome.err


def test_a_cluster_with_another_version(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("opselect.usecases.workers.__version__", "0.0.0")
    message = r"has opselect .*\n  Install opselect 0\.0\.0 where"
    with pytest.raises(OpselectError, match=message), open_workers(9, jobs=None, dask=address):
        pass


def test_workers_that_die(address: str) -> None:
    def die() -> None:
        with open_workers(9, jobs=None, dask=address) as workers:
            assert workers.number == 2
            assert workers.executor is not None
            workers.executor.submit(os._exit, 1).result()

    with pytest.raises(OpselectError, match="most likely for want of memory"):
        die()


def test_a_cluster_without_workers(cli: Cli, index_file: Path, model: Model) -> None:
    paths = [model("Mul", name="a.pbtxt"), model("Relu", name="b.pbtxt")]
    with distributed.LocalCluster(
        n_workers=0, processes=False, dashboard_address=":0", host="127.0.0.1", protocol="tcp"
    ) as cluster:
        outcome = cli("requirements", *paths, "--index", index_file, "--dask", cluster.scheduler_address)
    assert outcome.code == 2
    assert "has no workers" in outcome.err


def test_without_dask(cli: Cli, index_file: Path, model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    paths = [model("Mul", name="a.pbtxt"), model("Relu", name="b.pbtxt")]
    outcome = cli("requirements", *paths, "--index", index_file, "--dask", "tcp://127.0.0.1:1")
    assert outcome.code == 2
    assert "pip install 'opselect[dask]'" in outcome.err
