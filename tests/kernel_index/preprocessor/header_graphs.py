"""Random headers that include each other, several units over them, and what each of three ways makes of them.

The ways are the cut that scans use, shared by all units as in a scan; the uncut one; and ``g++ -E``.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from kernel_index.preprocessor.calls import SinkCall
from kernel_index.preprocessor.cut import CutHeaders
from kernel_index.preprocessor.files import Files
from kernel_index.preprocessor.headers import Headers
from kernel_index.preprocessor.inclusion import Inclusions
from kernel_index.preprocessor.macros import Macro
from kernel_index.preprocessor.tokens import is_string, string_value, tokenize
from kernel_index.preprocessor.unit import Unit
from tests.kernel_index.preprocessor.programs import SINK, marked

PRELUDE = f"#define {SINK}_TEXT(...) #__VA_ARGS__\n#define {SINK}(n, ...) @n {SINK}_TEXT(__VA_ARGS__)\n"

FLAGS = ("A", "B", "C", "D", "E")
VALUES = ("V_a", "V_b", "V_c")
CALLS = ("REG_a", "REG_b", "REG_c")
"""Each may call the next, for one that calls itself is refused."""


@dataclass(frozen=True, slots=True)
class Program:
    """Texts by path, the paths of the units, and the sets of definitions under which each unit is run."""

    texts: Mapping[str, str]
    units: tuple[str, ...]
    defines: tuple[Mapping[str, str], ...]

    def __str__(self) -> str:
        files = "".join(f"--- {path}\n{text}" for path, text in self.texts.items())
        return f"{files}--- under {' or '.join(map(str, self.defines))}"


class _Writer:
    def __init__(self, random: Random) -> None:
        self._random = random
        self._headers = random.randint(3, 7)

    def program(self) -> Program:
        random = self._random
        texts = {f"h{i}.h": self._header(i) for i in range(self._headers)}
        units = tuple(f"u{i}.cc" for i in range(random.randint(2, 4)))
        for unit in units:
            texts[unit] = self._unit()
        defines = [{flag: random.choice(["1", "0", "2"]) for flag in FLAGS if random.random() < 0.3} for _ in range(2)]
        return Program(texts, units, tuple(defines))

    def _header(self, number: int) -> str:
        random = self._random
        kind = random.choice(["guard", "guard", "once", "once", "shared guard", "none", "once if"])
        # What nothing turns away the second time must not come back to itself: it includes later headers only.
        safe = range(number + 1, self._headers) if kind in ("none", "once if") else range(self._headers)
        text = self._elements(safe, random.randint(1, 6))
        if random.random() < 0.15:  # a header that only includes others
            text = "".join(f'#include "h{random.choice(safe)}.h"\n' for _ in range(3)) if len(safe) else ""
        if "guard" in kind:
            guard = f"H{number}" if kind == "guard" else "H"
            return f"#ifndef {guard}\n#define {guard}\n{text}#endif\n"
        if kind == "once":
            return "#pragma once\n" + text
        if kind == "once if":
            return f"#ifdef {random.choice(FLAGS)}\n#pragma once\n#endif\n{text}"
        return text

    def _unit(self) -> str:
        random = self._random
        includes = "".join(f'#include "h{random.randrange(self._headers)}.h"\n' for _ in range(random.randint(1, 3)))
        text = self._elements(range(self._headers), random.randint(2, 6))
        if random.random() < 0.1:
            text = f"#undef H{random.randrange(self._headers)}\n{text}"
        return includes + text + "".join(f"MARK(0, {flag});\n" for flag in random.sample(FLAGS, 2))

    def _elements(self, headers: Sequence[int], count: int, depth: int = 0) -> str:
        return "".join(self._element(headers, depth) for _ in range(count))

    def _element(self, headers: Sequence[int], depth: int) -> str:
        random = self._random
        flag, call = random.choice(FLAGS), random.choice(CALLS)
        kind = random.random()
        if kind < 0.18:
            return f"#define {flag} {random.choice(['1', '0', '2', random.choice(FLAGS), '3'])}\n"
        if kind < 0.25:
            return f"#undef {random.choice([flag, flag, call, 'MAKE'])}\n"
        if kind < 0.42 and len(headers):
            return f'#include "h{random.choice(headers)}.h"\n'
        if kind < 0.54:
            return f"#define {call}{random.choice(['(x)', '(x)', '(x, ...)', ''])} {self._body(call, flag)}\n"
        if kind < 0.6:
            name = random.choice(["MAKE", "BUILD"])
            return f"#define {name}(y) {random.choice(['REG_##y(y)', 'CAT(REG_, y)(y)', 'REG_ ## y'])}\n"
        if kind > 0.97:
            return f"#define ID(z) {random.choice(['z', '', '[z]'])}\n"
        if kind < 0.64:
            return f"#define {random.choice(VALUES)} {flag}\n" if kind < 0.62 else "#define CAT(l, r) l##r\n"
        if kind < 0.8 and depth < 2:
            return self._conditional(headers, depth)
        return self._text(flag, call)

    def _body(self, call: str, flag: str) -> str:
        bodies = [f"MARK(0, x {flag})", "MARK(0, x)", f"MARK(0, {flag});", f"MARK(0, CAT(V_, {call[-1]}))", "x", ""]
        if call != CALLS[-1]:
            following = CALLS[CALLS.index(call) + 1]
            bodies += [f"{following}({flag})", f"CAT(REG_, {following[-1]})(x)"]
        if call == CALLS[0]:
            bodies += ["BUILD(b)", "BUILD(c)"]
        return self._random.choice(bodies)

    def _conditional(self, headers: Sequence[int], depth: int) -> str:
        random = self._random
        text = f"{self._opening()}\n{self._elements(headers, random.randint(1, 3), depth + 1)}"
        if random.random() < 0.3:
            text += f"#elif {self._condition()}\n{self._elements(headers, random.randint(0, 2), depth + 1)}"
        if random.random() < 0.4:
            text += f"#else\n{self._elements(headers, random.randint(0, 2), depth + 1)}"
        return text + "#endif\n"

    def _opening(self) -> str:
        name = self._random.choice([*FLAGS, *FLAGS, "REG_a", "MAKE", "H", f"H{self._random.randrange(self._headers)}"])
        return self._random.choice([f"#ifdef {name}", f"#ifndef {name}", f"#if {self._condition()}"])

    def _condition(self) -> str:
        first, second = self._random.choice(FLAGS), self._random.choice(FLAGS)
        forms = ["{0}", "{0} > 1", "defined({0}) && !{1}", "!defined {0} || {1} == 2", "{0} == {1}", "defined({0})"]
        return self._random.choice(forms).format(first, second)

    def _text(self, flag: str, call: str) -> str:
        random = self._random
        texts = [
            f"MARK(0, {flag});\n",
            f"{call}({flag});\n",
            f"{call}(1) {call}({flag});\n",
            f"MAKE({call[-1]});\n",
            f"int v = {flag};\n",
            f'void f() {{ g(R"(")"); }} {call}(1);\n',
            f"CAT({call[:4]}, {call[4:]})(1);\n",
            f"MARK(0, CAT(V_, {call[-1]}));\n",
            f"g({call}(2), '\"');\n",
            f"{call}(\n#ifdef {flag}\n{random.choice(FLAGS)}\n#else\n2\n#endif\n);\n",
            f"ID(\n#if {flag}\n{call}({random.choice(FLAGS)})\n#endif\n);\n",
            f"g(\n#if {flag}\n{call}(1)\n#endif\n);\n",
        ]
        return random.choice(texts)


def random_program(seed: int) -> Program:
    return _Writer(Random(seed)).program()


class _Texts(Files):
    def __init__(self, texts: Mapping[str, str]) -> None:
        super().__init__(Path())
        self._texts = texts

    def read(self, path: str) -> bytes | None:
        return self._texts[path].encode() if path in self._texts else None


def calls(program: Program, kind: type[Headers]) -> list[list[SinkCall]]:
    """The calls of the sink in every unit under every set of definitions, the units in company as in a scan."""
    files = _Texts(program.texts)
    sources = [file for path in program.units if (file := files.get(path)) is not None]
    headers = kind(files, sources, (SINK,))
    inclusions = Inclusions(headers)
    tables = [{name: Macro(name, None, value) for name, value in defines.items()} for defines in program.defines]
    found = []
    for source in sources:
        unit = Unit(source, headers, inclusions, frozenset((SINK,)))
        found += [unit.run(table).calls for table in tables]
    return found


def expected(programs: Sequence[Program], folder: Path) -> list[list[list[str]]]:
    """What ``g++ -E`` makes of the marks: for each program the texts of each unit under each set of definitions."""
    driver = []
    number = 0
    for program in programs:
        names = sorted({*FLAGS, *CALLS, *VALUES, "MAKE", "BUILD", "ID", "CAT", "H", *(f"H{i}" for i in range(9))})
        for unit in program.units:
            for defines in program.defines:
                # Every run has files of its own, equal to no other's: #pragma once goes by their content.
                for path, text in program.texts.items():
                    copy = folder / str(number) / path
                    copy.parent.mkdir(exist_ok=True)
                    copy.write_text(f"{text}// {number}\n")
                driver.append(f"%% {number}\n" + "".join(f"#define {n} {v}\n" for n, v in defines.items()))
                driver.append(f'#include "{number}/{unit}"\n' + "".join(f"#undef {name}\n" for name in names))
                number += 1
    source = folder / "driver.cc"
    source.write_text(PRELUDE + "".join(driver))
    command = ["g++", "-std=gnu++17", "-E", "-P", "-w", str(source)]
    output = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    found = _marks_by_run(output, number)
    runs = iter(found)
    return [[next(runs) for _ in program.units for _ in program.defines] for program in programs]


def _marks_by_run(output: str, count: int) -> list[list[str]]:
    tokens = [t for t in tokenize(output) if t != " "]
    found: list[list[str]] = [[] for _ in range(count)]
    run = -1
    for at, token in enumerate(tokens[:-2]):
        if token == "%" and tokens[at + 1] == "%" and tokens[at + 2].isdigit():
            run = int(tokens[at + 2])
        elif token == "@" and is_string(tokens[at + 2]):
            found[run].append("".join(string_value(tokens[at + 2]).split()))
    assert run == count - 1, "the compiler did not come to the end"
    return found


def texts_of(found: Iterable[Sequence[SinkCall]]) -> list[list[str]]:
    return [["".join(marked(call).split()) for call in run] for run in found]


def difference(program: Program, theirs: Sequence[Sequence[str]]) -> str:
    """What the three ways find differently; empty where they agree."""
    cut, uncut = calls(program, CutHeaders), calls(program, Headers)
    runs = [f"{unit} under {defines}" for unit in program.units for defines in program.defines]
    for run, ours, whole, compiler in zip(runs, cut, uncut, theirs, strict=True):
        if ours != whole:
            return f"{run}: cut {ours}\nuncut {whole}\n{program}"
        (texts,) = texts_of([ours])
        if texts != list(compiler):
            return f"{run}: {texts}\ng++ {list(compiler)}\n{program}"
    return ""
