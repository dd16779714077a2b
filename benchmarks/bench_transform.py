"""Stripping a frozen VGG16 of 553 MB, beside ``cp`` of the same file, and folding an InceptionV3.

Whole processes, in turn; the files stand in the page cache, and none waits for the disk. InceptionV3 is made by
TensorFlow, with ``--python``; beside the folds stands TensorFlow's own ``optimize_for_inference``, which does the same.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from benchmarks.figures import Figure, Measured
from benchmarks.given import Given, NotGivenError, main
from benchmarks.keras_models import frozen
from benchmarks.made_models import write_vgg16
from benchmarks.processes import cost, in_turn, opselect

SHARE = 1.1
REASON = "Python and the imports take a third of what cp of the whole file does"
MOST_MEGABYTES = 100
MOST_FOLD_SECONDS = 2
STRIP = 'strip_unused_nodes(type=float, shape="1,224,224,3")'
OPTIMIZE = "tensorflow.python.tools.optimize_for_inference"


def measure(given: Given) -> Measured:
    with tempfile.TemporaryDirectory() as folder:
        figures = _strip(Path(folder))
        try:
            figures += _fold(Path(folder), given.tensorflow_python())
            notes = []
        except NotGivenError as missing:
            notes = [f"InceptionV3 is not folded: it needs {missing}"]
        return Measured(figures, notes=notes)


def _strip(folder: Path) -> list[Figure]:
    source, target = folder / "vgg16.pb", folder / "stripped.pb"
    write_vgg16(source)
    strip = opselect(
        "transform", source, target, "--inputs=input", "--outputs=softmax", f"--transforms={STRIP}", "--quiet"
    )
    ours, theirs, start = in_turn(strip, ["cp", source, folder / "copy.pb"], opselect("transform", "--help"))
    what = f"strip of a frozen VGG16, {source.stat().st_size / 1e6:.0f} MB"
    return [
        Figure(what, ours.seconds, "s", "cp", theirs.seconds, share=SHARE, reason=REASON),
        Figure(f"{what}: seconds of the processor", ours.core_seconds, "s", "cp", theirs.core_seconds),
        Figure(f"{what}: memory above start-up", ours.megabytes - start.megabytes, "MB", at_most=MOST_MEGABYTES),
    ]


def _fold(folder: Path, python: str) -> list[Figure]:
    model, constant = frozen(python, "InceptionV3", folder), folder / "constant.pb"
    ends = [f"--inputs={model.input}", f"--outputs={model.output}", "--quiet"]
    cost(opselect("transform", model.path, constant, *ends, "--transforms=fold_constants"))
    fold = opselect(
        "transform", constant, folder / "ours.pb", *ends, "--transforms=fold_batch_norms fold_old_batch_norms"
    )
    tool = [python, "-m", OPTIMIZE, f"--input={constant}", f"--output={folder / 'theirs.pb'}"]
    tool += [f"--input_names={model.input}", f"--output_names={model.output}", "--frozen_graph=True"]
    ours, theirs = in_turn(fold, tool, runs=3)
    what = "folding the batch norms of an InceptionV3"
    return [Figure(what, ours.seconds, "s", "optimize_for_inference", theirs.seconds, at_most=MOST_FOLD_SECONDS)]


if __name__ == "__main__":
    sys.exit(main(measure, __doc__))
