"""Reading, needing and inspecting a frozen VGG16 of 553 MB, beside protobuf's own parser on the same file.

Medians of fresh processes, without what the interpreter and the imports take.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from benchmarks.figures import Figure, Measured
from benchmarks.given import Given, main
from benchmarks.made_models import write_vgg16
from benchmarks.processes import Cost, inside

MOST_SECONDS = 0.3
MOST_MEGABYTES = 60

NEEDED = (
    "from opselect.models.formats import read_graph\nfrom opselect.requirements.collect import collect_requirements",
    (
        "graph = read_graph(sys.argv[1])\nneeded = collect_requirements(graph, 'model', index=None)\n"
        "result = sum(item.count for item in needed.items)"
    ),
)
INSPECTED = (
    "import io\nfrom contextlib import redirect_stdout\nfrom opselect.cli.main import run",
    (
        "with redirect_stdout(io.StringIO()) as printed:\n    code = run(['inspect', sys.argv[1], '--json'])\n"
        "result = sum(json.loads(printed.getvalue())['op_counts'].values())"
    ),
)
PARSED = (
    "from opselect.models.proto import message_class\nmessage = message_class('GraphDef')()",
    "message.ParseFromString(open(sys.argv[1], 'rb').read())\nresult = len(message.node)",
)


def measure(_given: Given) -> Measured:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "vgg16.pb")
        write_vgg16(path)
        theirs, nodes = inside(*PARSED, path)
        figures: list[Figure] = []
        for name, program in (("requirements", NEEDED), ("inspect", INSPECTED)):
            ours, _ = inside(*program, path)
            figures += _figures(f"{name} of a frozen VGG16, {path.stat().st_size / 1e6:.0f} MB", ours, theirs)
        return Measured(figures, notes=[f"VGG16 with {nodes} nodes"])


def _figures(what: str, ours: Cost, theirs: Cost) -> list[Figure]:
    tool = "protobuf's ParseFromString"
    return [
        Figure(what, ours.seconds, "s", tool, theirs.seconds, at_most=MOST_SECONDS),
        Figure(f"{what}: memory", ours.megabytes, "MB", tool, theirs.megabytes, at_most=MOST_MEGABYTES),
    ]


if __name__ == "__main__":
    sys.exit(main(measure, __doc__))
