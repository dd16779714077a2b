"""What programs of several lists and headers do with sound and faulty models: the truth that a verdict is held against.

``python -m tests.builds.test_pairs`` writes down what they do now, to be looked through.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from opselect.cli.main import run
from tests.builds.pair_models import FAULTY
from tests.builds.pairs import RECORD, Pair, pairs, really_runs, recorded, shown
from tests.builds.programs import Built, build_all

FAULTS = {
    "unknown_op": "not registered 'Blend'",
    "later_op": "not registered 'Einsum'",
    "without_any_kernel": "support Op 'Digamma' used by {{node y}}",
    "without_any_kernel_unreached": "support Op 'Digamma' used by {{node aside}}",
    "labelled": "support Op 'MatMul'",
    "removed_op": "removed in version 9",
    "removed_op_at_first": "removed in version 9",
    "min_consumer": "min consumer version 135",
    "bad_consumer": "disallows consumer version 134",
    "unknown_attr_default": "mentions attr 'grad_a'",
    "unknown_attr_value": "mentions attr 'grad_a'",
    "missing_attr": "missing attr 'T'",
    "attr_kind": "type 'int' when 'bool' expected",
    "attr_not_allowed": "attr 'padding' of \"FULL\"",
    "attr_list_for_one": "type 'int' when 'list(int)' expected",
    "type_not_allowed": "attr 'T' of int32",
    "attr_below_minimum": "at least minimum 2",
    "too_few_inputs": "do not match 1 inputs",
    "too_many_inputs": "do not match 3 inputs",
    "fewer_than_named": "do not match 3 inputs",
    "input_type": "was passed int32 from z:0",
    "no_such_output": "invalid output 1",
    "no_such_node": "Unknown input node 'w'",
    "no_such_control_node": "Unknown input node '^w'",
    "control_before_data": "must come after regular dependencies",
    "control_of_an_output": "Unknown input node '^x:0'",
    "name_with_a_blank": "Node 'a b': Node name contains invalid characters",
    "name_of_the_runtime": "Node '_a': Node name contains invalid characters",
    "two_of_a_name": "is not unique",
    "cycle": "2 nodes in a cycle",
    "pinned_to_gpu": "explicitly assigned to /gpu:0",
    "pinned_to_gpu_fully": "explicitly assigned to /job:localhost/replica:0/task:0/device:GPU:0",
    "pinned_to_worker": "explicitly assigned to /job:worker",
    "pinned_to_second_cpu": "explicitly assigned to /device:CPU:1",
    "pinned_in_small_letters": "explicitly assigned to /device:cpu:0",
    "beside_no_node": "colocated with unknown node 'w'",
    "pinned_to_nothing": "Malformed device specification",
}
"""Words of the message about each faulty model."""


def answers(of: Sequence[Pair]) -> dict[str, dict[str, str]]:
    said: dict[str, dict[str, str]] = {}
    for pair in of:
        said.setdefault(pair.program.name, {})[pair.name] = shown(*really_runs(pair))
    return said


def test_programs_answer_as_recorded(built: Built) -> None:
    said = answers(pairs(built))
    assert said == recorded()


def against(pair: Pair, *, by_files: bool) -> list[str]:
    """How ``opselect verify`` is told of the build: its checkout, or its list of files, and its header."""
    program = pair.program
    named = [*(["--against", str(program.header)] if program.header else [])]
    named += ["--against", str(program.op_files if by_files or program.header else program.tree)]
    return [*named, "--tree", str(program.tree), "--profile", program.profile, "--build", "makefile"]


def test_verify_says_what_programs_do(built: Built, capsys: pytest.CaptureFixture[str]) -> None:
    """Every other pair, by one of two ways to tell of the build, in turn."""
    said = recorded()
    wrong = {}
    for number, pair in enumerate(pairs(built)[::2]):
        told = against(pair, by_files=bool(number % 2))
        code = run(["verify", str(pair.model), "--json", "--quiet", *told])
        verdict = json.loads(capsys.readouterr().out)
        runs = said[pair.program.name][pair.name] == ""
        if (code, verdict["ok"], not verdict["problems"]) != (not runs, runs, runs):
            wrong[pair.name, pair.program.name] = verdict["problems"]
    assert wrong == {}


def test_there_are_many_of_both_answers(built: Built) -> None:
    said = [answer for program in recorded().values() for answer in program.values()]
    assert len(said) == len(pairs(built))
    assert min(said.count(""), len(said) - said.count("")) >= 60


def test_faulty_models_fail_and_for_their_fault() -> None:
    """What they have besides is in the program: its answer to each names what is wrong."""
    said = recorded()["extended"]
    assert {name: words for name, words in FAULTS.items() if words not in said[name]} == {}
    assert set(FAULTS) == set(FAULTY)


if __name__ == "__main__":
    scratch = Path(tempfile.mkdtemp())
    try:
        RECORD.write_text(json.dumps(answers(pairs(build_all(scratch / "built"))), indent=1) + "\n")
    finally:
        shutil.rmtree(scratch)
    sys.exit(0)
