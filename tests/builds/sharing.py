"""Builds that several test processes share."""

from __future__ import annotations

import fcntl
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest

T = TypeVar("T")


def shared_base(factory: pytest.TempPathFactory, config: pytest.Config) -> Path:
    """The folder in which this run of pytest has its scratch folders, the same one in all its processes."""
    base = factory.getbasetemp()
    return base.parent if hasattr(config, "workerinput") else base


def shared_folder(factory: pytest.TempPathFactory, config: pytest.Config, name: str) -> Path:
    """A folder of that name for this run of pytest, the same one in all its processes."""
    folder = shared_base(factory, config) / name
    folder.mkdir(exist_ok=True)
    return folder


def made_once(folder: Path, make: Callable[[], T]) -> T:
    """What ``make`` returns: the first process that asks makes it, while the others wait."""
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        kept = folder / "made.pickle"
        if not kept.exists():
            kept.write_bytes(pickle.dumps(make()))
        made: Any = pickle.loads(kept.read_bytes())
    result: T = made
    return result
