"""Every operator that the sources of ONNX Runtime's optimisers name where they make a node is in the table of rules.

``OPSELECT_ONNXRUNTIME_TREE`` is a checkout of ONNX Runtime.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from opselect.onnxruntime.optimizer_rules import optimizer_rules
from tests.conformance.onnxruntime_tools import TREE

EXCLUDED = {
    "bias_dropout_fusion.cc": "CUDA only",
    "bias_softmax_fusion.cc": "CUDA only: there is no kernel for CPUs",
    "compute_optimizer": "training only",
    "free_dim_override_transformer.cc": "makes no node",
    "gelu_approximation.cc": "only if a session asks for it: optimization.enable_gelu_approximation",
    "group_query_attention_fusion.cc": "CUDA only",
    "gqa_value_layout_transformer.cc": "only if a session asks for it",
    "isinf_reducesum_fusion.cc": "training only",
    "layout_transformation": "other providers than that for CPUs",
    "matmul_activation_fusion.cc": "DirectML only",
    "matmul_nbits_mlp_fusion.cc": "WebGPU only",
    "matmul_nbits_qkv_fusion.cc": "WebGPU only",
    "matmul_nbits_qlora_fusion.cc": "WebGPU only",
    "group_query_attention_pre_norm_fusion.cc": "CUDA and WebGPU only",
    "swiglu_fusion.cc": "CUDA only",
    "propagate_cast_ops.cc": "only if a session asks for it",
    "stft_decomposition.cc": "DirectML only",
    "transformer_memcpy.cc": "copies between devices",
}
"""Files and folders whose nodes are none of a session with the CPU provider and its defaults, and why."""

NOT_ADDED = {
    "GPT2Gelu": "the name of a node",
    "QDQFinalCleanupTransformer": "the name of a node",
    "NhwcConv": "what a node was before it is fused",
}

_MADE = (
    re.compile(r"\b(?:AddNode|QDQReplaceWithNew|MakeNode1Attr|SwapNodeOpTypeDomainAndSinceVersion)\s*\(([^;]*?);"),
    re.compile(r"\bop_type\w*\s*=\s*([^;=]*);"),
    re.compile(r"\breturn (?:[^;{}]*\?)?\s*(\"[A-Z]\w*\"(?:\s*:\s*\"[A-Z]\w*\")?);"),
)
_NAME = re.compile(r'"([A-Z][A-Za-z0-9]*)"')

pytestmark = pytest.mark.skipif(not TREE, reason="OPSELECT_ONNXRUNTIME_TREE names no checkout of ONNX Runtime")


def named() -> Iterator[tuple[str, str]]:
    """Names of operators where nodes are made, with the file."""
    folder = Path(TREE) / "onnxruntime" / "core" / "optimizer"
    for path in sorted(folder.rglob("*.cc")):
        inside = path.relative_to(folder)
        if EXCLUDED.keys().isdisjoint((inside.parts[0], path.name)):
            text = re.sub(r"//[^\n]*", "", path.read_text())
            for made in _MADE:
                for call in made.findall(text):
                    yield from ((name, str(inside)) for name in _NAME.findall(call))


def test_operators_that_the_sources_make_are_in_the_table() -> None:
    found = sorted(set(named()))
    assert len({name for name, _ in found}) > 25
    table = {addition.operator[1] for rule in optimizer_rules() for addition in rule.adds}
    assert [(name, path) for name, path in found if name not in table | NOT_ADDED.keys()] == []


def test_operators_between_quantisations_are_in_the_table() -> None:
    folder = Path(TREE) / "onnxruntime" / "core" / "optimizer" / "qdq_transformer" / "selectors_actions"
    text = (folder / "qdq_selector_action_transformer.cc").read_text()
    selected = set(re.findall(r'\{"(\w+)", \{', text))
    assert len(selected) > 25
    needs = {
        operator[1]
        for rule in optimizer_rules()
        if rule.optimizer == "QDQSelectorActionTransformer"
        for alternatives in rule.needs
        for operator in alternatives
    }
    assert selected <= needs
