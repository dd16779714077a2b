"""What benchmarks need that is not in the repository, and the command line that names it."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from benchmarks.figures import Measured, text


class NotGivenError(Exception):
    """A benchmark needs an option that was not given; the message names it."""


@dataclass(frozen=True, slots=True)
class Given:
    """Checkouts of TensorFlow, the newest last, and the Python of an environment with TensorFlow."""

    trees: tuple[Path, ...] = ()
    python: str | None = None

    def tree(self) -> Path:
        """The checkout that limits are about.

        Raises:
            NotGivenError: there is none.
        """
        if not self.trees:
            raise NotGivenError("a checkout of TensorFlow: --tree PATH")
        return self.trees[-1]

    def tensorflow_python(self) -> str:
        """The Python that has TensorFlow.

        Raises:
            NotGivenError: there is none.
        """
        if self.python is None:
            raise NotGivenError("a Python with TensorFlow: --python PROGRAM")
        return self.python

    def package(self) -> Path:
        """The folder of the TensorFlow package: its headers stand in ``include``, its library beside them."""
        return _package(self.tensorflow_python())


@cache
def _package(python: str) -> Path:
    ask = "import importlib.util; print(importlib.util.find_spec('tensorflow').submodule_search_locations[0])"
    return Path(subprocess.run([python, "-c", ask], check=True, capture_output=True, text=True).stdout.strip())


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--tree", type=Path, action="append", default=[], help="a checkout of TensorFlow; again for more"
    )
    parser.add_argument("--python", help="the Python of an environment with TensorFlow")


def given(options: argparse.Namespace) -> Given:
    return Given(tuple(options.tree), options.python)


def main(measure: Callable[[Given], Measured], about: str) -> int:
    """One benchmark by itself: 0, or 1 where a limit is missed, 2 where something is not given."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_options(parser)
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    try:
        measured = measure(given(options))
    except NotGivenError as missing:
        print(f"needs {missing}", file=sys.stderr)
        return 2
    print(json.dumps(measured.to_json(), indent=1) if options.json else text(measured))
    return 0 if measured.kept else 1
