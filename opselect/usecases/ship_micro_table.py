"""Make the table of functions of TensorFlow Lite for Microcontrollers that comes with the package.

    python -m opselect.usecases.ship_micro_table [--out FILE] --state "main of YEAR-MONTH-DAY" TREE

TREE is a checkout of ``tensorflow/tflite-micro``, and the state of it that the table names is that day's: there are no
releases. Prints how many functions there are for built-in and custom operators, and for how many in int8 alone.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from kernel_index.errors import OpselectError
from kernel_index.whole_files import write_whole
from opselect.lite.micro.sources import read_micro_table
from opselect.lite.micro.table import TABLE


def main(arguments: Sequence[str]) -> int:
    """The exit code: 2 where the tree cannot be read."""
    parser = argparse.ArgumentParser(
        prog="python -m opselect.usecases.ship_micro_table",
        description="Make the table of functions of TensorFlow Lite for Microcontrollers.",
    )
    parser.add_argument("--out", type=Path, default=TABLE, metavar="FILE")
    parser.add_argument("--state", required=True, metavar="TEXT")
    parser.add_argument("tree", type=Path, metavar="TREE")
    given = parser.parse_args(arguments)
    try:
        table = read_micro_table(given.tree, given.state)
        write_whole(given.out, table.to_text().encode())
    except (OpselectError, OSError) as problem:
        sys.stderr.write(f"error: {problem}\n")
        return 2
    custom = sum(each.is_custom for each in table.functions)
    int8 = sum(bool(each.int8) for each in table.functions)
    sys.stdout.write(f"{table.sources}: {len(table.functions) - custom} built-in, {custom} custom, {int8} in int8\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
