"""Measures every figure, one benchmark after the other, and writes down what was measured.

    benchmarks/run --tree PATH --python PROGRAM --save      # measured.json, docs/performance.md and its picture
    benchmarks/run --only start --only index                # two of them, printed

PATH is a checkout of TensorFlow and PROGRAM the Python of an environment with tensorflow-cpu of the same release; what
needs one that is not given is not measured, and that is said. Leave the machine alone meanwhile: it takes some 20
minutes. Exit code 1 where a limit is missed.
"""

from __future__ import annotations

import argparse
import datetime as dt
import importlib
import json
import os
import platform
import subprocess
import sys
from pathlib import Path

from benchmarks.figures import Measured, text
from benchmarks.given import Given, NotGivenError, add_options, given
from benchmarks.performance_page import MEASURED, write_page

FOLDER = Path(__file__).parent
NAMES = sorted(path.stem.removeprefix("bench_") for path in FOLDER.glob("bench_*.py"))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_options(parser)
    parser.add_argument("--only", choices=NAMES, action="append", metavar="NAME", help=f"one of {', '.join(NAMES)}")
    parser.add_argument("--save", action="store_true", help="keep the figures, and make the page of them")
    options = parser.parse_args()
    kept = {} if options.only is None or not MEASURED.is_file() else json.loads(MEASURED.read_text())["benchmarks"]
    all_kept = True
    for name in options.only or NAMES:
        print(f"# {name}", flush=True)
        found = measured(name, given(options))
        if isinstance(found, str):
            print(f"not measured: {found}", flush=True)
            kept[name] = {"not_measured": found}
            continue
        print(text(found), flush=True)
        kept[name] = found.to_json()
        all_kept &= found.kept
    if options.save:
        MEASURED.write_text(json.dumps({"machine": machine(), "benchmarks": kept}, indent=1, sort_keys=True) + "\n")
        write_page()
    return 0 if all_kept else 1


def measured(name: str, places: Given) -> Measured | str:
    """What one benchmark measured, or why it could not."""
    benchmark = importlib.import_module(f"benchmarks.bench_{name}")
    try:
        found: Measured = benchmark.measure(places)
    except NotGivenError as missing:
        return f"needs {missing}"
    except subprocess.CalledProcessError as failed:
        said = failed.stderr.decode(errors="replace") if isinstance(failed.stderr, bytes) else failed.stderr
        return f"{failed.cmd[0]} ended with {failed.returncode}: {(said or '').strip()[-200:]}"
    return found


def machine() -> dict[str, str]:
    """What the figures were measured on, and when."""
    return {
        "cores": str(os.cpu_count()),
        "date": dt.datetime.now(dt.timezone.utc).date().isoformat(),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
    }


if __name__ == "__main__":
    sys.exit(main())
