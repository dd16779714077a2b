"""Freezing a VGG16, 553 MB of weights, beside ``cp`` of its data file: whole processes, in turn.

The checkpoint has the variables of VGG16 with random bytes in them, the graph the layers and nothing else. Both
programs find the bytes in the page cache, and neither waits for the disk.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from benchmarks.figures import Figure, Measured
from benchmarks.given import Given, main
from benchmarks.made_checkpoints import write_vgg16_checkpoint, write_vgg16_variables_graph
from benchmarks.processes import in_turn, opselect

SHARE = 1.3
REASON = "Python and the imports, numpy among them, take half as long as cp; weights are read twice, for checksums"
MOST_MEGABYTES = 100


def measure(_given: Given) -> Measured:
    with tempfile.TemporaryDirectory() as folder:
        prefix, graph, frozen = Path(folder, "model.ckpt"), Path(folder, "graph.pb"), Path(folder, "frozen.pb")
        write_vgg16_checkpoint(prefix)
        write_vgg16_variables_graph(graph)
        data = prefix.with_name(f"{prefix.name}.data-00000-of-00001")
        freeze = opselect("freeze", graph, "--checkpoint", prefix, "--outputs", "probs", "-o", frozen, "--quiet")
        ours, theirs, start = in_turn(freeze, ["cp", data, Path(folder, "copy")], opselect("freeze", "--help"))
        what = f"freeze of a VGG16, {data.stat().st_size / 1e6:.0f} MB"
        return Measured(
            [
                Figure(what, ours.seconds, "s", "cp", theirs.seconds, share=SHARE, reason=REASON),
                Figure(f"{what}: seconds of the processor", ours.core_seconds, "s", "cp", theirs.core_seconds),
                Figure(
                    f"{what}: memory above start-up", ours.megabytes - start.megabytes, "MB", at_most=MOST_MEGABYTES
                ),
            ]
        )


if __name__ == "__main__":
    sys.exit(main(measure, __doc__))
