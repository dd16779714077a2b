"""Headers as we write them with ``--compat``, beside what TensorFlow's own tool printed for the same models.

Run ``python -m tests.conformance.headers ORACLE``. The folder has a ``MANIFEST.json`` whose cases name the arguments of
``print_selective_registration_header``, the release, and the header that it printed, which must be ours byte for byte.
An op that the tool dropped with a warning and that is not in the header must be one of those that we say are missing,
unless it is a function of the graph.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

from opselect.build_lists.header.options import HeaderOptions
from opselect.build_lists.header.reader import FILE_NAME
from opselect.models.choice import Choice, read_chosen
from opselect.requirements.header_tool import DEFAULT_OPS
from opselect.usecases.generate import ListOptions, list_texts
from opselect.usecases.kernel_source import KernelSource
from opselect.usecases.read_requirements import ModelSet
from opselect.usecases.select_kernels import BuildAnswer, BuildQuestion, answer

TOOL = "print_selective_registration_header"


@dataclass(frozen=True, slots=True)
class Outcome:
    """A case, the release of its tool, how many ops that dropped, and every difference.

    ``absent`` is a model that the folder does not have, which leaves nothing to compare.
    """

    case: str
    release: str
    dropped: int = 0
    differences: tuple[str, ...] = ()
    absent: str = ""

    def __str__(self) -> str:
        state = "FAIL" if self.differences else "skip" if self.absent else "pass"
        note = f", {self.dropped} ops dropped by the tool" if self.dropped else ""
        return f"{state} {self.case}: TensorFlow {self.release}{note}{f': {self.absent}' if self.absent else ''}"


def outcomes(oracle: Path) -> Iterator[Outcome]:
    """The cases of an oracle folder, written and compared one after the other."""
    for case in json.loads((oracle / "MANIFEST.json").read_text())["cases"]:
        if case["tool"] == TOOL:
            yield _compare(oracle, case)


def _compare(oracle: Path, case: Mapping[str, Any]) -> Outcome:
    name, release = case["id"], case["tf"]
    absent = [each["path"] for each in case["inputs"] if not (oracle / each["path"]).is_file()]
    if absent:
        return Outcome(name, release, absent=absent[0])
    found, text = written(oracle, case)
    header = next(each["path"] for each in case["expected"] if each["path"].endswith(".h"))
    expected = (oracle / header).read_bytes().decode()
    differences = [
        f"line {number}: {theirs!r} is {ours!r} in ours"
        for number, (theirs, ours) in enumerate(zip_longest(expected.split("\n"), text.split("\n")), 1)
        if theirs != ours
    ]
    dropped = set(_dropped(oracle, case))
    if dropped:
        # The tool looks for a kernel of each function, and a call of one needs none.
        dropped -= {function for each in case["inputs"] for function in _functions(oracle / each["path"])}
    named = {op for op, _ in found.named.pairs} | {each.op for each in found.selection.unresolved}
    differences += [f"the tool dropped {op}, and we do not say that it is missing" for op in sorted(dropped - named)]
    return Outcome(name, release, len(dropped), tuple(differences))


def _functions(path: Path) -> Iterator[str]:
    with read_chosen(str(path), Choice()) as chosen:
        yield from (function.name for function in chosen.graph.functions)


def _dropped(oracle: Path, case: Mapping[str, Any]) -> list[str]:
    """The ops that the tool warned about: with the case, or in a file beside the header."""
    ops: list[str] = case.get("warned_no_kernel") or []
    for each in case["expected"]:
        if each["path"].endswith(".pairs.json") and (oracle / each["path"]).is_file():
            ops = json.loads((oracle / each["path"]).read_text()).get("warned_no_kernel", [])
    return ops


def written(oracle: Path, case: Mapping[str, Any]) -> tuple[BuildAnswer, str]:
    """The answer for a case of the tool, and our header, written though something be missing."""
    arguments = dict(argument.removeprefix("--").split("=", 1) for argument in case["args"])
    release = ".".join(case["tf"].split(".")[:2])
    paths = tuple(str(oracle / each["path"]) for each in case["inputs"])
    is_list = arguments.get("proto_fileformat") == "ops_list"
    options = HeaderOptions(arguments.get("default_ops", DEFAULT_OPS), release)
    question = BuildQuestion(
        ModelSet(() if is_list else paths, inserted=False),
        KernelSource(release),
        "desktop",
        ops_lists=paths if is_list else (),
        tool=options.tool,
        files=False,
    )
    found = answer(question)
    return found, list_texts(found, ListOptions(("header",), header=options))[FILE_NAME]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("oracle", type=Path)
    results = list(outcomes(parser.parse_args().oracle))
    for outcome in results:
        print(outcome)
        for difference in outcome.differences:
            print(f"  {difference}")
    compared = [outcome for outcome in results if not outcome.absent]
    equal = sum(not outcome.differences for outcome in compared)
    print(
        f"{equal} of {len(compared)} headers are the tool's byte for byte; {len(results) - len(compared)} without model"
    )
    return 0 if compared and equal == len(compared) else 1


if __name__ == "__main__":
    sys.exit(main())
