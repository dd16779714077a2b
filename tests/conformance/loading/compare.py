"""Our verdict against what a TensorFlow says to random graphs.

    python -m tests.conformance.loading.compare INDEX --python PYTHON [--graphs N] [--seed S] [--record FILE]

``PYTHON`` is an interpreter that has the release of ``INDEX`` (or a patch of it). Printed is how often both agree, by
what was done to the graphs, and every disagreement; exits with 1 where there is one. ``--record`` keeps a sample, one
graph of twenty, as ``fixtures/loading`` has them.
"""

from __future__ import annotations

import argparse
import base64
import gzip
import json
import re
import struct
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from kernel_index.index import KernelIndex
from kernel_index.records import OpDefinition
from kernel_index.store import open_index
from opselect.models.formats.graphdef import parse_graphdef
from opselect.models.formats.graphdef_writer import encode_graph
from opselect.models.graph import expand_functions
from opselect.models.storage import MemoryBytes
from opselect.requirements.loading import collect_loads, judge
from tests.conformance.loading.random_graphs import mutations, random_graph

SAMPLE = 20
"""One of so many graphs is recorded."""

LOADER = Path(__file__).with_name("tensorflow_loads.py")

_CHECKED = re.compile(
    r"NodeDef mentions attr|NodeDef missing attr|NodeDef expected inputs|AttrValue|for attr '"
    r"|is not available in GraphDef|GraphDef (min consumer|disallows|producer)|Op type not registered"
    r"|incompatible with expected|invalid output"
    r"|does not exist\. Node only has"
)
"""Refusals that we judge. The rest are shape functions, which a session of C++ does not run."""


@dataclass(frozen=True, slots=True)
class Case:
    """A GraphDef and what was done to it."""

    kind: str
    data: bytes


def cases(index: KernelIndex, number: int, seed: int) -> list[Case]:
    """Random graphs, every kind of change about as often."""
    random = Random(seed)
    definitions = [d for d in map(index.op_definition, index.op_names()) if d is not None]
    core = [d for d in definitions if is_in_wheels(d, index)]
    kinds = mutations(index, [d.name for d in core])
    found: list[Case] = []
    while len(found) < number:
        graph = random_graph(random, random.choice(core))
        if graph is not None:
            kind = random.choice(sorted(kinds))
            pieces = encode_graph(kinds[kind](random, graph)).pieces
            found.append(Case(kind, b"".join(p if isinstance(p, bytes) else p.read() for p in pieces)))
    return found


def is_in_wheels(definition: OpDefinition, index: KernelIndex) -> bool:
    """Whether a wheel defines the op: not those of contrib, which are loaded later, nor those of special builds."""
    core = definition.location.file.startswith("tensorflow/core/ops/") and not definition.name.startswith("_")
    return core and any("desktop" in kernel.profiles for kernel in index.registrations(definition.name))


def refused(data: bytes, index: KernelIndex) -> str | None:
    """Why we say that a graph is refused; empty where it is not, None where we say that we do not know."""
    graph = parse_graphdef(data, [(0, len(data))], MemoryBytes(data))
    loads = collect_loads(graph, expand_functions(graph, graph.nodes, "graph"), index, "graph")
    verdict = judge(loads, index)
    if verdict.unjudged and not verdict.refused:
        return None
    return "; ".join(each.reason for each in verdict.refused)


def answers(python: str, graphs: Sequence[Case]) -> list[tuple[int, str]]:
    """Code and message of ``TF_GraphImportGraphDef`` for each graph; -1 for one over which TensorFlow dies."""
    found: list[tuple[int, str]] = []
    while len(found) < len(graphs):
        sent = b"".join(struct.pack("<I", len(case.data)) + case.data for case in graphs[len(found) :])
        run = subprocess.run([python, str(LOADER)], input=sent, capture_output=True, check=False)
        rows = [json.loads(line) for line in run.stdout.splitlines()]
        found += [(row["imported"][0], row["imported"][1]) for row in rows]
        if len(found) < len(graphs):
            if run.returncode >= 0:
                raise RuntimeError(run.stderr.decode("utf-8", "replace"))
            found.append((-1, "TensorFlow died"))
    return found


def is_judged(code: int, message: str) -> bool:
    """Whether the answer is about something that we judge."""
    return code == 0 or _CHECKED.search(message) is not None


def main(arguments: Sequence[str] | None = None) -> int:
    """Compares and prints; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("index", type=Path)
    parser.add_argument("--python", required=True)
    parser.add_argument("--graphs", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--record", type=Path)
    options = parser.parse_args(arguments)
    index = open_index(options.index)
    graphs = cases(index, options.graphs, options.seed)
    agreed: Counter[tuple[str, bool]] = Counter()
    elsewhere = different = 0
    recorded = []
    for case, (code, message) in zip(graphs, answers(options.python, graphs), strict=True):
        ours = refused(case.data, index)
        if not is_judged(code, message) or ours is None:
            elsewhere += 1
            continue
        recorded.append({"kind": case.kind, "graph": base64.b64encode(case.data).decode(), "refused": code != 0})
        if bool(ours) == bool(code):
            agreed[case.kind, bool(code)] += 1
            continue
        different += 1
        graph = parse_graphdef(case.data, [(0, len(case.data))], MemoryBytes(case.data))
        print(f"{case.kind}: we say {ours or 'loads'}; TensorFlow says {message or 'loads'}\n  {graph.nodes[-1]}")
    for kind in sorted(mutations(index)):
        print(f"{kind:28} both load {agreed[kind, False]:5}  both refuse {agreed[kind, True]:5}")
    print(f"agree {sum(agreed.values())}, differ {different}, not judged (shapes, custom ops) {elsewhere}")
    if options.record is not None:
        lines = "".join(json.dumps(row) + "\n" for row in recorded[::SAMPLE])
        options.record.write_bytes(gzip.compress(lines.encode(), mtime=0))
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
