"""Builds that are broken in each way that a build can be: their own log, ``opselect diagnose``, and what it says, done.

Nothing here knows what mends a build: each test does what the JSON of diagnose tells, builds again and runs the model.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fixtures.build_models.make_models import BOOL, FLOAT, Nodes
from kernel_index.build_files.places import MAKEFILE, MAKEFILE_LIST
from opselect.cli.main import run
from opselect.models.formats.graphdef_writer import write_graph
from opselect.models.graph.model import Graph, Versions
from opselect.models.graph.values import NodeAttr
from tests.builds.builders import copy_tree
from tests.builds.conftest import Story, apply
from tests.builds.pair_models import FAULTY, GRAPH_VERSION, SOUND
from tests.builds.programs import Built
from tests.builds.run_graph import MODELS, Outcome, differences, run_model
from tests.builds.workshop import HEADER, MECHANICAL, Workshop, do_as_told

Json = Mapping[str, Any]


@dataclass(frozen=True)
class Broken:
    """A way to break a build, the model that it no longer runs, and what ``diagnose`` is to say.

    ``kind`` is the kind of the failure; ``alone`` is the first cause, and how sure it is, where only the log is known,
    ``cause`` where model and build are named too, and ``options`` say so beside ``--model``, ``--tree`` and
    ``--build``. ``values`` are what the model computes in a build that runs it. ``selective`` starts from a build with
    a header; ``looked_up`` tells whether the build has to be asked at all.
    """

    model: Callable[[], Graph]
    breaks: Callable[[Workshop], None]
    kind: str
    alone: tuple[str, str]
    cause: tuple[str, str]
    values: str
    feeds: Mapping[str, str] = field(default_factory=lambda: {"x": "-1,2,-3,4"})
    options: tuple[str, ...] = ()
    next: tuple[str, ...] = ()
    selective: bool = False
    looked_up: bool = True


def _as_it_is(_: Workshop) -> None:
    """Nothing is wrong with the build."""


def _without(*entries: str) -> Callable[[Workshop], None]:
    return lambda workshop: workshop.take_out(*entries)


def _with(*entries: str) -> Callable[[Workshop], None]:
    return lambda workshop: workshop.put_in(*entries)


def _graph(g: Nodes) -> Graph:
    return Graph(tuple(g.nodes), versions=Versions(GRAPH_VERSION))


def _several() -> Graph:
    """Three ops of three files."""
    g = Nodes()
    g.placeholder("x", FLOAT, 2, 2)
    g.add("a", "Relu", "x", T=FLOAT)
    g.add("b", "BiasAdd", "a", g.const("bias", np.array([10, 20], np.float32), FLOAT), T=FLOAT)
    g.add("y", "Tanh", g.add("c", "Sub", "b", "b", T=FLOAT), T=FLOAT)
    return _graph(g)


def _dropout() -> Graph:
    """A layer with dropout of a training graph: a flag, the Switch of the flag, and both branches."""
    g = Nodes()
    g.placeholder("x", FLOAT, 2, 2)
    flag = g.const("dropout/is_training", np.array(False), BOOL)
    switch: Mapping[str, NodeAttr] = {"T": BOOL}
    g.add("dropout/cond/Switch", "Switch", flag, flag, **switch)
    g.add("dropout/cond/pred_id", "Identity", flag, T=BOOL)
    for branch in ("train", "infer"):
        g.add(f"dropout/cond/{branch}/Switch", "Switch", "x", "dropout/cond/pred_id", T=FLOAT)
    g.add("dropout/cond/train", "AddV2", *["dropout/cond/train/Switch:1"] * 2, T=FLOAT)
    g.add("dropout/cond/infer", "Identity", "dropout/cond/infer/Switch", T=FLOAT)
    g.add("dropout/cond/Merge", "Merge", "dropout/cond/infer", "dropout/cond/train", T=FLOAT, N=2)
    g.add("y", "Relu", "dropout/cond/Merge", T=FLOAT)
    return _graph(g)


def _old_norm() -> Graph:
    """A convolution and the normalization of old graphs, in a graph of today."""
    g = Nodes()
    g.placeholder("x", FLOAT, 1, 2, 2, 1)
    weights = g.const("weights", np.full((1, 1, 1, 1), 2, np.float32), FLOAT)
    conv = g.add("conv", "Conv2D", "x", weights, T=FLOAT, strides=(1, 1, 1, 1), padding="SAME")
    moments = [
        g.const(name, np.array([value], np.float32), FLOAT)
        for name, value in (("mean", 1), ("variance", 1), ("beta", 3), ("gamma", 1))
    ]
    attrs: Mapping[str, NodeAttr] = {"variance_epsilon": 0.0, "scale_after_normalization": False}
    g.add("y", "BatchNormWithGlobalNormalization", conv, *moments, T=FLOAT, **attrs)
    return _graph(g)


def _no_whole_archive(workshop: Workshop) -> None:
    workshop.edit(MAKEFILE, lambda text: text.replace("-Wl,--whole-archive $(LIB) -Wl,--no-whole-archive", "$(LIB)"))


def _only_ops_linked_whole(workshop: Workshop) -> None:
    """The objects with op definitions are linked by name, those with kernels come out of the archive."""
    ops = "$(filter $(OBJDIR)tensorflow/core/ops/%,$(TF_CC_OBJS))"
    _no_whole_archive(workshop)
    workshop.edit(MAKEFILE, lambda text: text.replace("$@ $(RUN_GRAPH_OBJS)", f"$@ $(RUN_GRAPH_OBJS) {ops}"))


def _trimmed(workshop: Workshop) -> None:
    """The list has what the model needs, so that other types are soon compiled."""
    source = ("--tree", "tree", "--profile", "selective")
    assert run(["apply", workshop.model, *source, "--mode", "trim", "--write", "--quiet"]) == 0


def _types(text: str) -> Callable[[Workshop], None]:
    def breaks(workshop: Workshop) -> None:
        _trimmed(workshop)
        workshop.set_variable("ANDROID_TYPES", text)

    return breaks


def _header_without(line: str) -> Callable[[Workshop], None]:
    def without(text: str) -> str:
        return "".join(each for each in text.splitlines(keepends=True) if line not in each)

    return lambda workshop: workshop.edit(HEADER, without)


def _no_header(workshop: Workshop) -> None:
    (workshop.tree / HEADER).unlink()


def _selective_without_types(workshop: Workshop) -> None:
    workshop.set_variable("EXTRA_CXXFLAGS", "-DSELECTIVE_REGISTRATION")


RELU, RELU_INT64 = SOUND["relu_float"], SOUND["relu_int64"]
KERNEL, DEFINITION = "tensorflow/core/kernels/scan_ops.cc", "tensorflow/core/ops/scan_ops.cc"
HELPER = "tensorflow/core/util/scan_order.cc"

WAYS: Mapping[str, Broken] = {
    "kernel not in the list": Broken(
        RELU, _without("relu_op.cc"), "no-kernel", ("OPS119", "likely"), ("OPS119", "certain"), "0 2 0 4"
    ),
    "kernels not in the list": Broken(
        _several, _without("relu_op.cc", "bias_op.cc", "cwise_op_tanh.cc"),
        "no-kernel", ("OPS119", "likely"), ("OPS119", "certain"), "0 0 0 0", next=("BiasAdd", "Tanh"),
    ),
    "definition not in the list": Broken(
        SOUND["cumsum_float"], _with(KERNEL, HELPER),
        "op-not-registered", ("OPS120", "likely"), ("OPS120", "certain"), "-1 1 -3 1",
    ),
    "definition and kernel not in the list": Broken(
        SOUND["cumsum_float"], _as_it_is,
        "op-not-registered", ("OPS120", "likely"), ("OPS120", "certain"), "-1 1 -3 1",
    ),
    "type that slim builds prune": Broken(
        RELU_INT64, _trimmed, "kernel-type", ("OPS103", "likely"), ("OPS103", "certain"), "0 2 0 4"
    ),
    "pinned to a GPU": Broken(
        FAULTY["pinned_to_gpu"], _as_it_is,
        "kernel-device", ("OPS107", "likely"), ("OPS107", "certain"), "0 2 0 4",
    ),
    "attr of a later release": Broken(
        FAULTY["unknown_attr_default"], _as_it_is,
        "attr-unknown", ("OPS301", "likely"), ("OPS301", "certain"), "-1 2 -3 4",
        {"x": "-1,2,-3,4", "z": "1,0,0,1"},
    ),
    "op that is gone": Broken(
        _old_norm, _as_it_is, "op-removed", ("OPS305", "likely"), ("OPS305", "likely"), "0 6 -4 10"
    ),
    "training": Broken(
        _dropout, _as_it_is, "op-not-registered", ("OPS120", "likely"), ("OPS102", "certain"), "0 2 0 4",
        next=("Merge",),
    ),
    "file that a kernel needs": Broken(
        RELU, _without("cwise_ops_common.cc"), "link-undefined", ("OPS121", "likely"), ("OPS121", "certain"), "0 2 0 4"
    ),
    "files that kernels need": Broken(
        RELU, _without("tile_functor_cpu.cc", "cwise_ops_common.cc", "conv_2d.cc", "ops_util.cc"),
        "link-undefined", ("OPS121", "guess"), ("OPS121", "certain"), "0 2 0 4",
    ),
    "file of the base library": Broken(
        SOUND["cumsum_float"], _with(KERNEL, DEFINITION),
        "link-undefined", ("OPS121", "guess"), ("OPS121", "certain"), "-1 1 -3 1",
    ),
    "nothing of the library linked": Broken(
        RELU, _no_whole_archive, "op-not-registered", ("OPS503", "likely"), ("OPS502", "likely"), "0 2 0 4"
    ),
    "kernels dropped by the linker": Broken(
        RELU, _only_ops_linked_whole, "no-kernel", ("OPS503", "likely"), ("OPS502", "likely"), "0 2 0 4"
    ),
    "op of the runtime": Broken(
        RELU, _without("kernels/function_ops.cc", "ops/function_ops.cc"),
        "op-not-registered", ("OPS501", "likely"), ("OPS120", "certain"), "0 2 0 4", next=("_Retval",),
    ),
    "kernel of the runtime": Broken(
        RELU, _without("kernels/function_ops.cc"),
        "runtime-op", ("OPS501", "likely"), ("OPS119", "certain"), "0 2 0 4", next=("_Retval",),
    ),
    "macro misspelt": Broken(
        RELU_INT64, _types("-DANDROID_TYPES_FULL"),
        "kernel-type", ("OPS103", "likely"), ("OPS505", "certain"), "0 2 0 4",
        options=("-D", "ANDROID_TYPES_FULL"),
    ),
    "class not in the header": Broken(
        RELU, _header_without('"ReluOp<'),
        "no-kernel", ("OPS119", "likely"), ("OPS122", "certain"), "0 2 0 4",
        options=("--header", f"tree/{HEADER}"), selective=True,
    ),
    "op not in the header": Broken(
        RELU, _header_without('isequal(op, "Relu")'),
        "op-not-registered", ("OPS120", "likely"), ("OPS123", "certain"), "0 2 0 4",
        options=("--header", f"tree/{HEADER}", "--profile", "selective"), selective=True,
    ),
    "no header": Broken(
        RELU, _no_header,
        "compile-header", ("OPS124", "likely"), ("OPS124", "likely"), "0 2 0 4",
        options=("--profile", "selective"), selective=True, looked_up=False,
    ),
    "types for the header forgotten": Broken(
        RELU_INT64, _selective_without_types,
        "no-kernel", ("OPS103", "likely"), ("OPS103", "likely"), "0 2 0 4",
        options=("--header", f"tree/{HEADER}", "--profile", "selective"), selective=True,
    ),
}  # fmt: skip


OTHERS: Mapping[str, Broken] = {
    "custom op": Broken(
        FAULTY["unknown_op"], _as_it_is,
        "op-not-registered", ("OPS101", "likely"), ("OPS101", "certain"), "-1 2 -3 4",
    ),
    "op of a later release": Broken(
        FAULTY["later_op"], _as_it_is, "op-not-registered", ("OPS102", "likely"), ("OPS102", "certain"), ""
    ),
}  # fmt: skip


class Bench:
    """A workshop and the command line, from its folder."""

    def __init__(self, folder: Path, built: Built, broken: Broken, capsys: pytest.CaptureFixture[str]) -> None:
        self.workshop = Workshop(folder)
        self.broken = broken
        self._capsys = capsys
        self.workshop.restore(built.everything, built.programs["as_it_stands"].op_files.read_text())
        write_graph(broken.model(), str(folder / self.workshop.model))
        if broken.selective:
            self._use_header()

    def _use_header(self) -> None:
        """Has the build compile what the model needs, and a header say what of it is registered."""
        source = ("--tree", "tree", "--profile", "selective", "--no-inserted")
        targets = ("--target", "header", "--target", "makefile", "--out", "generated", "--quiet")
        assert run(["generate", self.workshop.model, *source, *targets]) == 0
        shutil.copy("generated/tf_op_files.txt", self.workshop.tree / MAKEFILE_LIST)
        shutil.copy(f"generated/{HEADER}", self.workshop.tree / HEADER)
        flags = "-DSELECTIVE_REGISTRATION -DSUPPORT_SELECTIVE_REGISTRATION"
        self.workshop.variables |= {"ANDROID_TYPES": "", "EXTRA_CXXFLAGS": flags}
        self.workshop.forget_objects()

    def outcome(self) -> Outcome:
        """What the build says if it fails, and else what the program says."""
        built = self.workshop.build()
        return built if built.code else self.workshop.run(self.broken.feeds, "y")

    def diagnosed(self, log: str, *options: str) -> Sequence[Json]:
        """The failures that diagnose finds in a log."""
        (self.workshop.folder / "failed.log").write_text(log)
        self._capsys.readouterr()
        code = run(["diagnose", "failed.log", "--json", "--quiet", *options])
        failures: Sequence[Json] = json.loads(self._capsys.readouterr().out)["failures"]
        assert code == 0, failures
        return failures

    def informed(self, log: str, *options: str) -> Sequence[Json]:
        """The failures where checkout and model are named."""
        return self.diagnosed(log, "--model", self.workshop.model, "--tree", "tree", *self.broken.options, *options)

    def run(self, argv: Sequence[str]) -> None:
        """Runs a command that diagnose names."""
        assert argv[0] == "opselect"
        assert run([*argv[1:]]) == 0


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("workshop")


@pytest.fixture
def bench(
    request: pytest.FixtureRequest,
    built: Built,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Bench:
    monkeypatch.chdir(folder)
    return Bench(folder, built, {**WAYS, **OTHERS}[request.param], capsys)


def said(failure: Json) -> tuple[str, str]:
    """The first cause, and how sure it is."""
    return failure["causes"][0]["code"], failure["causes"][0]["applicability"]


@pytest.mark.parametrize("bench", WAYS, indirect=True)
def test_a_broken_build_runs_after_what_diagnose_says(bench: Bench) -> None:
    broken = bench.broken
    broken.breaks(bench.workshop)
    failed = bench.outcome()
    assert failed.code != 0
    log = failed.out + failed.err

    alone = bench.diagnosed(log)
    assert {failure["kind"] for failure in alone} == {broken.kind}
    assert said(alone[0]) == broken.alone

    informed = bench.informed(log, "--build", "makefile")
    assert {failure["kind"] for failure in informed} == {broken.kind}
    assert {said(failure) for failure in informed} == {broken.cause}
    assert informed[0]["checked"] is broken.looked_up
    assert informed[0]["next"] == [*broken.next]

    # A checkout has lists for Bazel, too: which of them was built, the log tells, or what they lack.
    assert {said(failure) for failure in bench.informed(log)} == {broken.cause}

    # What adds one file is too little where other ops fail next; a command adds whatever the model needs.
    kinds = ("command",) if broken.next else MECHANICAL
    each_once = {json.dumps(mends := failure["causes"][0]["mends"]): mends for failure in informed}
    for mends in each_once.values():
        do_as_told(mends, bench.workshop, bench.run, kinds)
    after = bench.outcome()
    assert after.code == 0, after.err
    assert after.out.splitlines()[1] == broken.values


FIXED = (
    "kernels not in the list", "definition and kernel not in the list", "files that kernels need", "op of the runtime",
)  # fmt: skip


@pytest.mark.parametrize("bench", FIXED, indirect=True)
def test_a_broken_build_runs_after_its_lists_are_fixed(bench: Bench) -> None:
    broken = bench.broken
    broken.breaks(bench.workshop)
    failed = bench.outcome()
    assert failed.code != 0
    bench.informed(failed.out + failed.err, "--fix")
    after = bench.outcome()
    assert after.code == 0, after.err
    assert after.out.splitlines()[1] == broken.values


@pytest.mark.parametrize("bench", ["kernels not in the list"], indirect=True)
def test_what_fails_next_is_what_is_named_at_first(bench: Bench) -> None:
    """Who adds one file after the other meets just the ops that were named."""
    bench.broken.breaks(bench.workshop)
    failed = bench.outcome()
    first, *_ = bench.informed(failed.err)
    met = []
    while (failed := bench.outcome()).code:
        failure, *_ = bench.informed(failed.err)
        met.append(failure["op"])
        do_as_told(failure["causes"][0]["mends"], bench.workshop, bench.run, ("list",))
    assert sorted(met) == sorted([first["op"], *first["next"]])


@pytest.mark.parametrize("bench", ["kernel not in the list"], indirect=True)
def test_the_list_alone_tells_what_it_lacks(bench: Bench) -> None:
    bench.broken.breaks(bench.workshop)
    failed = bench.outcome()
    failure, *_ = bench.diagnosed(failed.err, "--tree", "tree", "--lists", f"tree/{MAKEFILE_LIST}")
    assert said(failure) == bench.broken.cause
    do_as_told(failure["causes"][0]["mends"], bench.workshop, bench.run)
    assert bench.outcome().out.splitlines()[1] == bench.broken.values


BLEND = """
#include "tensorflow/core/framework/op.h"
#include "tensorflow/core/framework/op_kernel.h"

namespace tensorflow {

REGISTER_OP("Blend").Input("x: T").Output("y: T").Attr("T: {float}");

class BlendOp : public OpKernel {
 public:
  explicit BlendOp(OpKernelConstruction* context) : OpKernel(context) {}
  void Compute(OpKernelContext* context) override { context->set_output(0, context->input(0)); }
};

REGISTER_KERNEL_BUILDER(Name("Blend").Device(DEVICE_CPU).TypeConstraint<float>("T"), BlendOp);

}  // namespace tensorflow
"""


@pytest.mark.parametrize("bench", ["custom op"], indirect=True)
def test_a_custom_op_runs_after_its_folder_is_scanned_and_listed(bench: Bench) -> None:
    """First diagnose asks for the folder of the op, then it says what of it is not compiled."""
    source = bench.workshop.tree / "custom" / "blend_op.cc"
    source.parent.mkdir(exist_ok=True)
    source.write_text(BLEND)
    failed = bench.outcome()
    (alone,) = bench.diagnosed(failed.err)
    (informed,) = bench.informed(failed.err, "--build", "makefile")
    assert (alone["kind"], said(alone), said(informed)) == (bench.broken.kind, bench.broken.alone, bench.broken.cause)
    asked = next(mend["options"] for mend in informed["causes"][0]["mends"] if mend["kind"] == "options")
    assert asked == ["--root", "DIR"]
    (scanned,) = bench.informed(failed.err, "--build", "makefile", "--root", "tree/custom")
    assert said(scanned) == ("OPS120", "certain")
    do_as_told(scanned["causes"][0]["mends"], bench.workshop, bench.run)
    assert bench.outcome().out.splitlines()[1] == bench.broken.values


@pytest.mark.parametrize("bench", ["op of a later release"], indirect=True)
def test_an_op_of_a_later_release_is_told_of(bench: Bench) -> None:
    """No edit mends that: the mend is another release, or another export."""
    failed = bench.outcome()
    (informed,) = bench.informed(failed.err, "--build", "makefile")
    assert (informed["kind"], said(informed)) == (bench.broken.kind, bench.broken.cause)
    assert "Export the model" in informed["causes"][0]["mend"]


@pytest.mark.parametrize("story", ["bazel"], indirect=True)
def test_groups_of_bazel_are_mended(
    story: Story, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The lists that diagnose makes are those that Bazel has built a program of, which runs the model."""
    monkeypatch.chdir(tmp_path)
    builder = replace(story.builder, tree=copy_tree(tmp_path / "tree"))
    apply(builder, "tiny_mobilenet", "trim")
    assert builder.sources() == story.trimmed.sources
    (tmp_path / "failed.log").write_text(run_model(story.trimmed.program, "running_total").err)
    capsys.readouterr()
    named = ("--model", str(MODELS["running_total"]), "--tree", "tree", "--build", "bazel", "--fix")
    assert run(["diagnose", "failed.log", "--json", "--quiet", *named]) == 0
    (failure,) = json.loads(capsys.readouterr().out)["failures"]
    assert (failure["op"], said(failure)) == ("Cumsum", ("OPS119", "certain"))
    assert builder.sources() == story.extended.sources
    assert differences(run_model(story.extended.program, "running_total"), "running_total") == []
