"""A header from a cold start, against TensorFlow's own tool: time and peak memory of both, and their ratios.

    python benchmarks/bench_header.py GRAPH… --python PYTHON [--release 2.14] [--opselect PROGRAM]

PYTHON is that of an environment with TensorFlow. Both programs are started in turn, --runs times a graph; counted is
the fastest run of each. Memory is the peak resident set of the process as the kernel counts it. Both have compiled
modules, as after an installation, and the graph in the cache of files. The two texts are compared byte for byte.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

TOOL = "tensorflow.python.tools.print_selective_registration_header"


def measured(command: list[str], output: Path) -> tuple[float, float]:
    """Seconds and megabytes of a command, whose stdout goes to a file."""
    started = time.perf_counter()
    pid = os.fork()
    if pid == 0:
        with output.open("wb") as stdout, Path(os.devnull).open("wb") as stderr:
            os.dup2(stdout.fileno(), 1)
            os.dup2(stderr.fileno(), 2)
            os.execvp(command[0], command)
    _, status, usage = os.wait4(pid, 0)
    if status:
        print(f"{command[0]} ended with {os.waitstatus_to_exitcode(status)}", file=sys.stderr)
    return time.perf_counter() - started, usage.ru_maxrss / 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("graphs", nargs="+")
    parser.add_argument("--python", required=True)
    parser.add_argument("--release", default="2.14")
    parser.add_argument("--opselect", default="opselect")
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    print(f"{'graph':24} {'s':>7} {'MB':>7}  {'tool s':>7} {'MB':>7}  {'time':>6} {'memory':>6}  bytes")
    for graph in options.graphs:
        with tempfile.TemporaryDirectory() as folder:
            theirs = Path(folder) / "theirs.h"
            tool = [options.python, "-m", TOOL, f"--graphs={graph}"]
            command = [options.opselect, "generate", graph, "--tensorflow", options.release, "--profile", "desktop"]
            command += ["--target", "header", "--compat", options.release, "--quiet", "--out", folder]
            runs = [(*measured(tool, theirs), *measured(command, Path(folder) / "stdout")) for _ in range(options.runs)]
            tool_time, tool_memory, own_time, own_memory = map(min, zip(*runs, strict=True))
            ours = Path(folder) / "ops_to_register.h"
            same = "equal" if ours.is_file() and ours.read_bytes() == theirs.read_bytes() else "DIFFERENT"
        print(
            f"{Path(graph).name:24} {own_time:7.2f} {own_memory:7.0f}  {tool_time:7.2f} {tool_memory:7.0f}  "
            f"1/{tool_time / own_time:<4.1f} 1/{tool_memory / own_memory:<4.1f}  {same}",
            flush=True,
        )


if __name__ == "__main__":
    main()
