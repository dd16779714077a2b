"""How the time of a scan grows with the registrations of one file: it should double where they do.

Each shape is scanned with 5,000 registrations, twice and four times as many, in one profile and one process: seconds of
the processor, the best of three. A growth near 2 is linear, one near 4 quadratic.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.figures import Curve, Measured
from benchmarks.given import Given, main
from kernel_index.profiles import BuildProfile
from kernel_index.scan import scan_tree

RUNS = 3
COUNTS = (5_000, 10_000, 20_000)
MOST_GROWTH = 2.8
UNIT = "tensorflow/core/kernels/unit.cc"


def kernel(number: int) -> str:
    return f'REGISTER_KERNEL_BUILDER(Name("Op{number}").Device("CPU"), K{number});'


SHAPES: dict[str, Callable[[int], str]] = {
    "on one line": lambda count: "".join(map(kernel, range(count))),
    "on a line each": lambda count: "\n".join(map(kernel, range(count))),
    "through a macro, on one line": lambda count: (
        '#define R(n) REGISTER_KERNEL_BUILDER(Name(#n).Device("CPU"), K);\n'
        + "".join(f"R(A{i}) " for i in range(count))
    ),
    "from one call": lambda count: (
        '#define R(n) REGISTER_KERNEL_BUILDER(Name(#n).Device("CPU"), K);\n'
        f"#define ALL(m) {' '.join(f'm(A{i})' for i in range(count))}\nALL(R)\n"
    ),
    "after literals, on one line": lambda count: "".join(f'f("#", R"(")"); {kernel(i)}' for i in range(count)),
    "a directive each": lambda count: "".join(f"#define A{i} {i}\n{kernel(i)}\n" for i in range(count)),
    "ops, on one line": lambda count: "".join(
        f'REGISTER_OP("Op{i}").Input("a: T").Attr("T: type");' for i in range(count)
    ),
    "wrong calls, on one line": lambda count: (
        "#define R(n) REGISTER_KERNEL_BUILDER(n, n)\n" + "".join("R(1, 2) " for _ in range(count))
    ),
    "calls of the C API, on one line": lambda count: "".join(
        f'void f{i}() {{ b = TF_NewKernelBuilder("Op{i}", "CPU", 0, 0, 0); TF_RegisterKernelBuilder("K", b, 0); }}'
        for i in range(count)
    ),
    "hidden, on one line": lambda count: f"#ifdef NEVER\n{''.join(map(kernel, range(count)))}\n#endif\n",
}


def seconds(text: str) -> float:
    """What scanning a tree of one file with this text takes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, UNIT)
        path.parent.mkdir(parents=True)
        path.write_text(text)
        best = float("inf")
        for _ in range(RUNS):
            start = time.process_time()
            scan_tree(Path(folder), profiles=(BuildProfile("desktop", {}),), release="2.14.1", jobs=1)
            best = min(best, time.process_time() - start)
    return best


def measure(_given: Given) -> Measured:
    curves = [
        Curve(f"scan: {name}", "registrations", COUNTS, tuple(seconds(shape(count)) for count in COUNTS), MOST_GROWTH)
        for name, shape in SHAPES.items()
    ]
    return Measured(curves=curves)


if __name__ == "__main__":
    sys.exit(main(measure, __doc__))
