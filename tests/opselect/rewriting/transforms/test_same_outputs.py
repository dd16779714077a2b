"""A graph computes the same after a transform: every transform on every graph that the evaluator can run."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from opselect.models.formats.models import read_graph
from opselect.models.formats.numpy_types import Array
from opselect.models.graph import Graph, Shape
from opselect.rewriting import Context, parse_steps, transforms
from opselect.rewriting.freezing import Options, freeze_model
from opselect.rewriting.transforms import apply_steps
from tests.interpreter import run

FIXTURES = Path(__file__).parents[4] / "fixtures"
FOLDED = "fold_constants(ignore_errors=true)"
CHAIN = "strip_unused_nodes fold_constants(ignore_errors=true) fold_batch_norms fold_old_batch_norms"
ARGUMENTS = {
    "add_default_attributes": "(tensorflow=2.14)",
    "fold_constants": "(ignore_errors=true)",
    "remove_attribute": "(attribute_name=_output_shapes)",
    "remove_nodes": "(op=Identity, op=CheckNumerics, op=StopGradient)",
    "rename_attribute": "(old_attribute_name=_output_shapes, new_attribute_name=_shapes)",
    "rename_op": "(old_op_name=AddV2, new_op_name=Add)",
    "set_device": '(device="/cpu:0")',
}
OTHERS = ("inline_partitionedcall", "rename_node")
"""Transforms of calls and of one node by its name, which these graphs do not share: they have tests of their own."""
STEPS = {
    name: name + ARGUMENTS.get(name, "")
    for name in transforms.NAMES
    if name not in OTHERS and not name.endswith("_weights")
} | {
    **{name: f"{FOLDED} {name}" for name in ("flatten_atrous_conv", "fold_old_batch_norms")},
    "chain": CHAIN,
    "chain, twice": f"{CHAIN} {CHAIN}",
    "chain, the other way": "fold_old_batch_norms fold_batch_norms fold_constants(ignore_errors=true)",
    "chain, then all else": f"{CHAIN} flatten_atrous_conv remove_nodes(op=Identity) merge_duplicate_nodes "
    "sort_by_execution_order obfuscate_names",
}
ROUNDED = {"quantize_weights": "quantize_weights(minimum_size=16)", "round_weights": "round_weights(num_steps=256)"}
NOT_RUN = {("backport_tensor_array_v3", "lstm_dynamic_rnn")}
"""Where a transform puts ops that the evaluator does not know."""
SAVED_MODELS = ("sm2_functional_cnn", "sm2_multi_signatures", "sm2_nested_functions_map_fn")
WITHOUT_NORMS = (
    "atrous_conv_fused_bn_v1",
    "bn_with_global_normalization",
    "slim_bn_unfused_conv_depthwise_fc",
    "sm2_functional_cnn",
    "tiny_mobilenet",
)
"""Graphs whose batch norms the chain folds, all of them."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A graph, what is fed to it, and what it computes of that."""

    graph: Graph
    fed: dict[str, Array]
    computed: dict[str, Array]

    def after(self, steps: str) -> Graph:
        context = Context("m.pb", tuple(self.fed), tuple(self.computed))
        return apply_steps(self.graph, parse_steps(steps), context)

    def recomputed(self, graph: Graph) -> list[Array]:
        return run(graph, self.fed, list(self.computed))


def _recorded(folder: str) -> dict[str, tuple[Path, Path]]:
    return {
        (each.parent if each.stem == "numerics" else each).name.removesuffix(".npz"): (
            each.parent / "input.pb" if each.stem == "numerics" else each.with_suffix(".pb"),
            each,
        )
        for each in sorted(FIXTURES.glob(folder))
    }


RECORDED = _recorded("transforms/*/numerics.npz") | _recorded("evaluation/*.npz")
"""Graphs with what was fed to them when TensorFlow ran them."""
VECTOR = np.array([1, -2.5, 3], np.float32)
OWN: dict[str, tuple[dict[str, Array], list[str]]] = {
    "tiny_mobilenet": (
        {"input": np.linspace(-1, 1, 32 * 32 * 3, dtype=np.float32).reshape(1, 32, 32, 3)},
        ["MobilenetV2/Predictions"],
    ),
    "while_v1": ({"x": VECTOR}, ["result"]),
    "functions": ({"x": VECTOR}, ["Identity"]),
}
NAMES = sorted([*RECORDED, *OWN, *SAVED_MODELS])


@functools.cache
def sample(name: str) -> Sample:
    if name in SAVED_MODELS:
        return _frozen(name)
    if name in OWN:
        path, (fed, outputs) = FIXTURES / "models" / f"{name}.pb", OWN[name]
    else:
        path, numerics = RECORDED[name]
        with np.load(numerics) as arrays:
            fed = {key[3:]: arrays[key] for key in arrays.files if key.startswith("in|")}
            outputs = [key[4:] for key in arrays.files if key.startswith("out|")]
    return _computed(read_graph(path), fed, outputs)


def _frozen(name: str) -> Sample:
    frozen = freeze_model(str(FIXTURES / "saved_models" / name), Options())
    assert frozen.outputs
    random = np.random.default_rng(5)
    fed = {}
    for reference in frozen.inputs.values():
        (node,) = (node for node in frozen.graph.nodes if node.name == reference.partition(":")[0])
        shape = node.attrs["shape"]
        assert isinstance(shape, Shape)
        fed[reference] = random.normal(size=[abs(size) for size in shape.dims or ()]).astype(np.float32)
    return _computed(frozen.graph, fed, list(frozen.outputs.values()))


def _computed(graph: Graph, fed: dict[str, Array], outputs: list[str]) -> Sample:
    return Sample(graph, fed, dict(zip(outputs, run(graph, fed, outputs), strict=True)))


@pytest.mark.parametrize(("step", "name"), sorted(set(product(STEPS, NAMES)) - NOT_RUN))
def test_outputs_are_the_same(step: str, name: str) -> None:
    before = sample(name)
    after = before.after(STEPS[step])
    if after == before.graph:
        return
    for ours, theirs in zip(before.recomputed(after), before.computed.values(), strict=True):
        assert ours.dtype == theirs.dtype
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("step", sorted(STEPS))
def test_every_transform_changes_a_graph(step: str) -> None:
    folded = STEPS[step] == f"{FOLDED} {step}"
    samples = map(sample, NAMES)
    assert any(each.after(STEPS[step]) != (each.after(FOLDED) if folded else each.graph) for each in samples)


@pytest.mark.parametrize("name", WITHOUT_NORMS)
def test_the_chain_leaves_no_batch_norm(name: str) -> None:
    left = {node.op for node in sample(name).after(CHAIN).nodes}
    assert not {op for op in left if "Norm" in op or op == "Rsqrt"}


@pytest.mark.parametrize("name", ["slim_bn_unfused_conv_depthwise_fc", "tiny_mobilenet"])
@pytest.mark.parametrize("step", sorted(ROUNDED))
def test_rounded_weights_change_little(step: str, name: str) -> None:
    before = sample(name)
    for ours, theirs in zip(before.recomputed(before.after(ROUNDED[step])), before.computed.values(), strict=True):
        assert 0 < np.max(np.abs(ours - theirs)) < 0.1 * np.max(np.abs(theirs))
