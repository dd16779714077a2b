"""A release is trimmed for one model, and extended for another that fails on it: real builds, run on real graphs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from kernel_index.datatypes import DataType
from kernel_index.records import ScanResult
from opselect.models.formats.graphdef_writer import write_graph
from opselect.models.graph.model import Graph, Node
from tests.builds.builders import Make
from tests.builds.conftest import Stage, Story, note_sizes
from tests.builds.run_graph import MODELS, as_rows, differences, registered, run_graph, run_model

MISSING_CUMSUM = """\
Invalid argument: No OpKernel was registered to support Op 'Cumsum' used by {{node total}}with these attrs: \
[T=DT_FLOAT, Tidx=DT_INT32, exclusive=false, reverse=false]
Registered devices: [CPU]
Registered kernels:
  <no registered kernels>

\t [[total]]
"""

MISSING_INT64 = """\
Invalid argument: No OpKernel was registered to support Op 'Relu' used by {{node y}}with these attrs: [T=DT_INT64]
Registered devices: [CPU]
Registered kernels:
  device='CPU'; T in [DT_INT32]
  device='CPU'; T in [DT_FLOAT]

\t [[y]]
"""


@pytest.mark.parametrize("model", ["tiny_mobilenet", "mobile_ops"])
def test_whole_build_computes_what_tensorflow_does(story: Story, model: str) -> None:
    assert differences(run_model(story.whole.program, model), model) == []


@pytest.mark.parametrize("stage", ["whole", "trimmed", "extended"])
def test_the_index_knows_every_kernel_that_a_build_registers(story: Story, stage: str, scanned: ScanResult) -> None:
    built: Stage = getattr(story, stage)
    expected = [r for r in scanned.registrations if story.builder.profile in r.profiles and r.source in built.sources]
    assert registered(built.program) == as_rows(expected)


def test_the_index_knows_every_op(story: Story, scanned: ScanResult) -> None:
    ops = run_graph(story.extended.program, "--ops").out.split()
    assert sorted(ops) == [d.name for d in scanned.op_definitions if d.location.file in story.extended.sources]


def test_trimmed_build_runs_its_model_and_is_smaller(
    story: Story, record_property: Callable[[str, object], None]
) -> None:
    note_sizes(record_property, story.builder, whole=story.whole, trimmed=story.trimmed, extended=story.extended)
    assert differences(run_model(story.trimmed.program, "tiny_mobilenet"), "tiny_mobilenet") == []
    assert story.trimmed.sources < story.whole.sources
    assert story.trimmed.size < 0.9 * story.whole.size


def test_trimmed_build_fails_on_another_model_in_tensorflows_words(story: Story) -> None:
    outcome = run_model(story.trimmed.program, "running_total")
    assert (outcome.code, outcome.out) == (1, "")
    if isinstance(story.builder, Make):  # whose list has no longer the file that defines the op
        assert outcome.err.startswith("Not found: Op type not registered 'Cumsum' in binary running on ")
    else:
        assert outcome.err == MISSING_CUMSUM


def test_extended_build_runs_both_models(story: Story) -> None:
    new = {"tensorflow/core/kernels/scan_ops.cc"}
    if isinstance(story.builder, Make):
        new |= {"tensorflow/core/ops/scan_ops.cc", "tensorflow/core/util/scan_order.cc"}
    assert story.extended.sources - story.trimmed.sources == new
    for model in ("tiny_mobilenet", "running_total"):
        assert differences(run_model(story.extended.program, model), model) == []


def test_kernels_for_other_types_are_listed(story: Story, tmp_path: Path) -> None:
    x = Node("x", "Placeholder", attrs={"dtype": DataType.DT_INT64})
    graph = Graph((x, Node("y", "Relu", ("x",), attrs={"T": DataType.DT_INT64})))
    write_graph(graph, str(tmp_path / "relu.pb"))
    outcome = run_graph(story.whole.program, tmp_path / "relu.pb", "--output", "y")
    assert (outcome.code, outcome.err) == (1, MISSING_INT64)


def test_more_types_are_for_larger_builds(story: Story) -> None:
    outcome = run_model(story.whole.program, "more_types")
    if story.builder.profile == "android-slim":
        assert "Op 'AddV2' used by {{node sum_of_halves}}with these attrs: [T=DT_HALF]" in outcome.err
    else:
        assert differences(outcome, "more_types") == []


def test_an_unknown_op_fails_in_tensorflows_words(story: Story, tmp_path: Path) -> None:
    write_graph(Graph((Node("b", "Blend"),)), str(tmp_path / "blend.pb"))
    outcome = run_graph(story.trimmed.program, tmp_path / "blend.pb", "--output", "b")
    assert outcome.code == 1
    assert outcome.err.startswith("Not found: Op type not registered 'Blend' in binary running on ")
    assert ". Make sure the Op and Kernel are registered in the binary running in this process." in outcome.err


def test_a_graph_that_ends_early_is_refused(story: Story, tmp_path: Path) -> None:
    whole = MODELS["running_total"].read_bytes()
    graph = tmp_path / "graph.pb"
    for length in range(1, len(whole), 7):
        graph.write_bytes(whole[:length])
        outcome = run_graph(story.extended.program, graph, "--output", "total", "--input", "x=1,2,3,4,5,6,7,8")
        assert outcome.code == 1
        assert outcome.err
