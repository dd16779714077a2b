"""Merged configurations have what ONNX Runtime's own tools read of each of them."""

from __future__ import annotations

import json
import random
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from opselect.build_lists.required_operators import required_operators_text
from opselect.onnxruntime.config_file import parse_configuration
from opselect.onnxruntime.merging import merged
from opselect.onnxruntime.operators import RequiredOperators, TypeEntry
from tests.conformance.onnxruntime_tools import PYTHON

TOOL = Path(__file__).with_name("onnxruntime_needs.py")

pytestmark = pytest.mark.skipif(not PYTHON, reason="OPSELECT_ONNXRUNTIME_PYTHON names no Python with an onnxruntime")

TYPES = ("float", "int32_t", "int64_t", "std::string", "MLFloat16")
PLACES = {
    "Add": (("inputs", 0),),
    "ReduceProd": (("inputs", 0),),
    "Cast": (("inputs", 0), ("outputs", 0)),
    "Gather": (("inputs", 0), ("inputs", 1)),
    "Where": (("inputs", 1),),
    "QuantizeLinear": (("outputs", 0),),
}
"""What the tools track, by operator; they end with an error for entries without it."""


def tools_read(texts: Sequence[str]) -> list[Any]:
    """What the tools make of configurations."""
    done = subprocess.run([PYTHON, TOOL], input=json.dumps(texts), capture_output=True, text=True, check=True)
    answers: list[Any] = json.loads(done.stdout)
    return answers


def drawn(chance: random.Random) -> RequiredOperators:
    """What a configuration may say that the tools read."""
    allowed = some(chance) if chance.random() < 0.2 else None
    if chance.random() < 0.05:
        return RequiredOperators({}, {}, allowed, all_operators=True)
    names = ("Reshape", "OneHot", *PLACES)
    operators = {
        (domain, opset): frozenset(chance.sample(named, chance.randint(1, len(named))))
        for domain, named in (("ai.onnx", names), ("com.microsoft", ("GatherPacked", "QLinearAdd", "FusedConv")))
        for opset in chance.sample((1, 11, 13), chance.randint(0, 2))
    }
    needed = {(domain, name) for (domain, _), found in operators.items() for name in found}
    types = {key: entry for key in sorted(needed) if (entry := drawn_entry(chance, key)) and chance.random() < 0.8}
    return RequiredOperators(operators, types if allowed is None else {}, allowed)


def drawn_entry(chance: random.Random, operator: tuple[str, str]) -> TypeEntry | None:
    domain, name = operator
    if name == "OneHot":
        triples = [tuple(chance.choices(("float", "int64_t", "std::string"), k=3)) for _ in range(2)]
        return TypeEntry(custom=frozenset(triples))
    if name == "GatherPacked":
        return TypeEntry({0: some(chance), 1: some(chance)}, {0: some(chance)})
    if domain == "com.microsoft" and name == "QLinearAdd":
        return TypeEntry({0: some(chance)})
    places = PLACES.get(name, ())
    inputs = {number: some(chance) for kind, number in places if kind == "inputs"}
    # Input 1 of Gather is not there in each model, and then it is not restricted.
    if name == "Gather" and chance.random() < 0.3:
        del inputs[1]
    outputs = {number: some(chance) for kind, number in places if kind == "outputs"}
    return TypeEntry(inputs, outputs) if places else None


def some(chance: random.Random) -> frozenset[str]:
    return frozenset(chance.sample(TYPES, chance.randint(1, 3)))


def check_covers(whole: Any, part: Any) -> None:
    """By the tools a build of ``whole`` has all that one of ``part`` has."""
    assert "error" not in whole
    wanted = None if part["operators"] is None else {tuple(each) for each in part["operators"]}
    if whole["operators"] is not None:
        assert wanted is not None
        assert {tuple(each) for each in whole["operators"]} >= wanted
    needed = None if wanted is None else {(domain, name) for domain, _, name in wanted}
    kept = {tuple(each) for each in whole["registrations"]}
    for domain, name, registered in part["registrations"]:
        if needed is None or (domain, name) in needed:
            assert (domain, name, registered) in kept
    # What is compiled in is what the C++ names; an argument that it does not name has all types.
    for place, types in whole["restricted"].items() if needed != set() else []:
        if place == "" or needed is None or place.split("/")[1] in {name for _, name in needed}:
            assert set(part["restricted"].get(place, part["restricted"].get("", ["not restricted"]))) <= set(types)


def test_a_merged_configuration_has_what_the_tools_read_of_each() -> None:
    chance = random.Random(19)
    pairs = [(drawn(chance), drawn(chance)) for _ in range(1_000)]
    texts = [required_operators_text(each, []) for pair in pairs for each in (*pair, merged(pair))]
    answers = tools_read(texts)
    assert not [answer["error"] for answer in answers if "error" in answer]
    for one, other, together in zip(*[iter(answers)] * 3, strict=True):
        check_covers(together, one)
        check_covers(together, other)


REDUCE = [f'ai.onnx;11;ReduceProd{{"inputs": {{"0": ["{name}"]}}}},Abs\n' for name in ("int64_t", "int32_t")]
TRAPS = {
    "a second entry replaces the first": REDUCE,
    "types of one and none of the other": (REDUCE[0], "ai.onnx;11;ReduceProd\n"),
    "types for all operators of one alone": (REDUCE[0], "!globally_allowed_types;float\nai.onnx;13;Abs,Add\n"),
    "all operators of one": ("!no_ops_specified_means_all_ops_are_required\n", REDUCE[1]),
    "the same operators in other opsets": (REDUCE[0], REDUCE[1].replace("11", "13")),
}


def together(texts: Sequence[str]) -> str:
    """The merged text of some texts."""
    return required_operators_text(merged([parse_configuration(text.encode(), "a").required for text in texts]), [])


@pytest.mark.parametrize("trap", TRAPS)
def test_what_goes_wrong_by_hand_does_not_when_merged(trap: str) -> None:
    texts = TRAPS[trap]
    by_hand = "".join(texts)
    *parts, whole, put_together = tools_read([*texts, together(texts), by_hand])
    for part in parts:
        check_covers(whole, part)
    assert not all(covers(put_together, part) for part in parts)


def covers(whole: Any, part: Any) -> bool:
    try:
        check_covers(whole, part)
    except AssertionError:
        return False
    return True


def test_what_is_said_together_in_one_file_counts_as_by_merging() -> None:
    """The text that somebody put together by hand is mended by reading it."""
    *parts, whole = tools_read([*REDUCE, together(["".join(REDUCE)])])
    for part in parts:
        check_covers(whole, part)


TEXTS = (
    "\n",
    "ai.onnx;11;Add,Cast",
    ' ai.onnx ; 11 , 12 ; Add {"inputs": {"0": ["float"]}} , Cast',
    "!globally_allowed_types;float,bool\nai.onnx;1;Add",
    "!no_ops_specified_means_all_ops_are_required",
    "!no_ops_specified_means_all_ops_are_required\nai.onnx;1;Add\r\nai.onnx;2;Cast\r",
)


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_is_read_as_the_tools_read_it(text: str) -> None:
    before, after = tools_read([text, together([text])])
    if before["operators"] is not None:
        # After a brace a blank before the comma makes their reader see a name that is empty.
        before["operators"] = sorted(each for each in before["operators"] if each[2])
        after["operators"].sort()
    assert before == after


def test_the_tools_read_all_that_is_written() -> None:
    chance = random.Random(20)
    texts = [required_operators_text(drawn(chance), ["a.onnx", "b\n.config"]) for _ in range(100)]
    for text, answer in zip(texts, tools_read(texts), strict=True):
        required = parse_configuration(text.encode(), "a").required
        named = [[domain, opset, name] for (domain, opset), names in required.operators.items() for name in names]
        assert sorted(answer["operators"] or []) == sorted(named)
        assert (answer["operators"] is None) is required.all_operators
