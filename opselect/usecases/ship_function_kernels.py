"""Makes the table of kernels that ONNX Runtime has for functions of ONNX, of the list of kernels in its sources.

    python -m opselect.usecases.ship_function_kernels onnxruntime/docs/OperatorKernels.md [--out FILE]

Of several lists those kernels count that all have. It needs the package ``onnx``, which says what is a function.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from kernel_index.errors import OpselectError
from kernel_index.whole_files import write_whole
from opselect.onnxruntime.function_kernels import TABLE, table_text
from opselect.onnxruntime.kernel_docs import DocumentedKernel, documented_kernels
from opselect.onnxruntime.onnx_functions import onnx_function_names


def function_kernels(lists: Sequence[Path]) -> dict[str, list[DocumentedKernel]]:
    """The kernels of functions by operator. Raises InputError for what is no list of kernels."""
    of_each = [list(documented_kernels(path.read_text(), str(path))) for path in lists]
    names = onnx_function_names()
    found: dict[str, list[DocumentedKernel]] = defaultdict(list)
    for kernel in of_each[0]:
        if kernel.op in names and all(kernel in others for others in of_each[1:]):
            found[kernel.op].append(kernel)
    return found


def main(arguments: Sequence[str]) -> int:
    """The exit code: 2 where something cannot be read, and then nothing is written."""
    parser = argparse.ArgumentParser(
        prog="python -m opselect.usecases.ship_function_kernels", description="Make the table of ONNX's functions."
    )
    parser.add_argument("lists", nargs="+", type=Path, metavar="OperatorKernels.md")
    parser.add_argument("--out", type=Path, default=TABLE, metavar="FILE")
    given = parser.parse_args(arguments)
    try:
        write_whole(given.out, table_text(function_kernels(given.lists)).encode())
    except (OpselectError, OSError) as problem:
        sys.stderr.write(f"error: {problem}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
