"""Random macro programs: the expansion must be the compiler's, up to white space.

White space is compared elsewhere, on registrations as people write them: around empty expansions GCC pads in ways
that no rule of the standard asks for.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kernel_index.preprocessor.tokens import is_string, string_value, tokenize
from tests.kernel_index.preprocessor.programs import marks

PROGRAMS = int(os.environ.get("OPSELECT_MACRO_PROGRAMS", "400"))
"""How many programs are compared; the nightly figure is 2000 and more."""

BATCH = 20

# As REGISTER_KERNEL_BUILDER does it: expanded on the way into the second macro, then stringified.
PRELUDE = "#define MARK_TEXT(...) #__VA_ARGS__\n#define MARK(n, ...) @n MARK_TEXT(__VA_ARGS__)\n"

NAMES = ("A", "B", "F", "G", "V")
_ATOMS = ("a", "b2", "1", "2.5e-3", "+", "<", ">", "::", ".", '"s t"', '"\\n"', " 'c'", "x y")


class _Writer:
    """Writes a random program; hypothesis chooses the seed, for a tree of choices shrinks to nearly empty programs."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)

    def program(self) -> tuple[list[str], str]:
        definitions = [self._definition() for _ in range(self._random.randint(2, 6))]
        return definitions, self._text(())

    def _definition(self) -> str:
        name, parameters = self._random.choice(
            [("A", None), ("B", None), ("F", "p"), ("F", "p"), ("G", "p"), ("G", "p,q"), ("V", "p, ..."), ("V", "...")]
        )
        names = [] if parameters is None else parameters.replace("...", "__VA_ARGS__").replace(",", " ").split()
        head = name if parameters is None else f"{name}({parameters})"
        return f"#define {head} {self._text(names)}"

    def _text(self, parameters: Sequence[str], depth: int = 0) -> str:
        parts = [self._word(parameters, depth) for _ in range(self._random.randint(0, 5 - depth))]
        return "".join(part + self._random.choice(["", " ", " ", "  "]) for part in parts)

    def _word(self, parameters: Sequence[str], depth: int) -> str:
        kind = self._random.random()
        if kind < 0.25:
            return " " + self._random.choice(NAMES) + " "
        if kind < 0.5 and depth < 3:
            count = self._random.choice([1, 1, 1, 2, 2, 3])
            arguments = ",".join(self._text(parameters, depth + 1) for _ in range(count))
            return f" {self._random.choice(NAMES)}{self._random.choice(['', ' '])}({arguments})"
        if parameters and kind < 0.62:
            return f" #{self._random.choice(['', ' '])}{self._random.choice(parameters)} "
        if parameters and kind < 0.72:
            operands = [*parameters, "a", "1", "A"]
            left, right = self._random.choice(operands), self._random.choice(operands)
            return f" {left}{self._random.choice(['', ' '])}##{self._random.choice(['', ' '])}{right} "
        if parameters and kind < 0.9:
            return f" {self._random.choice(parameters)} "
        return self._random.choice(_ATOMS)


def _source(number: int, definitions: list[str], use: str) -> str:
    undefine = "".join(f"#undef {name}\n" for name in NAMES)
    return "".join(line + "\n" for line in definitions) + f"MARK({number}, {use})\n" + undefine


@pytest.mark.skipif(shutil.which("g++") is None, reason="needs g++ to compare with")
@settings(max_examples=max(1, PROGRAMS // BATCH), deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 2**48))
def test_random_programs(seed: int) -> None:
    programs = [_Writer(seed + i).program() for i in range(BATCH)]
    sources = [_source(i, *program) for i, program in enumerate(programs)]
    done = subprocess.run(
        ["g++", "-std=gnu++17", "-E", "-P", "-w", "-x", "c++", "-"],
        input=PRELUDE + "".join(sources), capture_output=True, text=True, check=False,
    )  # fmt: skip
    first_lines = [2]
    for source in sources:
        first_lines.append(first_lines[-1] + source.count("\n"))
    refused = {
        next(i for i in range(BATCH) if first_lines[i] < int(line.split(":")[1]) <= first_lines[i + 1])
        for line in done.stderr.splitlines()
        if ": error:" in line and line.startswith("<stdin>")
    }
    tokens = [t for t in tokenize(done.stdout) if t != " "]
    expected = {
        int(tokens[i + 1]): string_value(tokens[i + 2])
        for i, token in enumerate(tokens[:-2])
        if token == "@" and is_string(tokens[i + 2])
    }
    accepted = set(range(BATCH)) - refused
    assert accepted, "the compiler took none of the programs"
    assert accepted <= expected.keys(), f"the compiler left some out: {done.stderr}"
    with tempfile.TemporaryDirectory() as folder:
        for number in sorted(accepted):
            ours = marks(Path(folder), sources[number])
            assert ["".join(m.split()) for m in ours] == ["".join(expected[number].split())], sources[number]
