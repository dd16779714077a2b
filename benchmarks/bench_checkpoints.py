"""Listing a checkpoint of 2 GB and reading one variable of it, beside NumPy on the same names and bytes.

The checkpoint has 3,000 variables; most of its data file is a hole. NumPy lists names and shapes of an ``.npz`` with as
many arrays, and reads the bytes of the variable with ``np.fromfile``, which checks no checksum. Medians of fresh
processes, without what the interpreter and the imports take.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.figures import Figure, Measured
from benchmarks.given import Given, main
from benchmarks.made_checkpoints import LARGE, write_large_checkpoint
from benchmarks.processes import inside
from opselect import open_checkpoint

OPSELECT = "from opselect import open_checkpoint"
LISTED = (
    OPSELECT,
    (
        "checkpoint = open_checkpoint(sys.argv[1])\n"
        "result = len([(name, checkpoint.shapes[name], checkpoint.dtypes[name]) for name in checkpoint])"
    ),
)
LISTED_BY_NUMPY = (
    "import numpy as np",
    "arrays = np.load(sys.argv[1])\nresult = len([(name, arrays[name].shape) for name in arrays.files])",
)
READ = (f"{OPSELECT}\ncheckpoint = open_checkpoint(sys.argv[1])", "result = checkpoint[sys.argv[2]].nbytes")
READ_BY_NUMPY = (
    "import numpy as np",
    "result = np.fromfile(sys.argv[1], np.uint8, int(sys.argv[3]), offset=int(sys.argv[2])).nbytes",
)


def measure(_given: Given) -> Measured:
    with tempfile.TemporaryDirectory() as folder:
        prefix, arrays = Path(folder, "model.ckpt"), Path(folder, "same.npz")
        write_large_checkpoint(prefix)
        data = prefix.with_name(f"{prefix.name}.data-00000-of-00001")
        listed, count = inside(*LISTED, prefix)
        assert isinstance(count, int)  # what the program counts
        np.savez(arrays, *(np.zeros((1, 1), np.float32) for _ in range(count)))
        by_numpy, _ = inside(*LISTED_BY_NUMPY, arrays)
        stored = open_checkpoint(prefix).stored(LARGE)
        assert stored is not None  # it was written with the others
        read, _ = inside(*READ, prefix, LARGE)
        plain, _ = inside(*READ_BY_NUMPY, data, stored.offset, stored.length)
        listing = f"names, shapes and types of {count:,} variables, {data.stat().st_size / 1e9:.1f} GB"
        reading = f"one variable of {stored.length / 1e6:.0f} MB, its checksum checked"
        return Measured(
            [
                Figure(listing, listed.seconds, "s", "numpy.load of an .npz", by_numpy.seconds, at_most=0.2),
                Figure(
                    f"{listing}: memory",
                    listed.megabytes,
                    "MB",
                    "numpy.load of an .npz",
                    by_numpy.megabytes,
                    at_most=40,
                ),
                Figure(reading, read.seconds, "s", "numpy.fromfile", plain.seconds),
            ]
        )


if __name__ == "__main__":
    sys.exit(main(measure, __doc__))
