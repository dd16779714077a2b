"""Errors with the place in the configuration that led to them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from kernel_index.errors import InputError, OpselectError
from opselect.config_file import ConfigError, Spot


@contextmanager
def at_spot(spot: Spot) -> Iterator[None]:
    """Names the place in the configuration where something in the block cannot be used.

    Raises ConfigError in place of other errors that users see.
    """
    try:
        yield
    except InputError as error:
        raise ConfigError((spot.error(f"{error.place}: {error.problem}", error.advice),)) from error
    except OpselectError as error:
        problem, _, advice = str(error).partition("\n")
        raise ConfigError((spot.error(problem, advice.strip()),)) from error
