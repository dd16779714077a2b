"""One grammar of literals: text without comments, tokens, statements and outlines must all read them alike."""

from __future__ import annotations

import itertools
import os
import re
import shutil
import subprocess
from pathlib import Path
from random import Random

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from kernel_index.preprocessor.files import parse_file
from kernel_index.preprocessor.leads import Statements
from kernel_index.preprocessor.literals import STRING, finder
from kernel_index.preprocessor.text import RAW_NEWLINE, newlines, without_comments
from kernel_index.preprocessor.tokens import is_string, string_value, token_at, tokenize
from kernel_index.symbols.outline import without_literals
from tests.kernel_index.preprocessor.lexer import reference_tokens
from tests.kernel_index.preprocessor.programs import marks

PROGRAMS = int(os.environ.get("OPSELECT_LITERAL_PROGRAMS", "400"))
"""How many programs are compared with the compiler."""

PIECES = (
    '"', "'", 'R"', 'R"(', ')"', "(", ")", "\\", "\\\n", "\\ \n", "\n", " ", "/", "*", "//", "/*", "*/", "u8", "u",
    "U", "L", "R", "FOOR", "x", "_k", "sv", "1", "1'0", ".5", "e+", "#", "##", "...", ";", 'R"d(', ')d"', "<", ">", ",",
    "\t",
)  # fmt: skip


def tokens_of(source: str) -> list[str]:
    return [t.replace(RAW_NEWLINE, "\n") for t in tokenize(without_comments(source)) if t != " "]


@settings(max_examples=600, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join))
def test_any_text_has_the_tokens_of_the_reference(source: str) -> None:
    ours, theirs = tokens_of(source), reference_tokens(source)
    pairs = itertools.pairwise(theirs)
    assume(
        not any(word in ("R", "u8R", "uR", "UR", "LR") and after[0] == '"' for word, after in pairs)
    )  # no raw string
    if ours and theirs:  # a literal that never ends takes in the splices that were put off until its end
        ours[-1], theirs[-1] = ours[-1].rstrip(" \\\n"), theirs[-1].rstrip(" \\\n")
    assert ours == theirs


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from([p for p in PIECES if "." not in p]), max_size=14).map("".join))
@example('1e+R"(')
@example("1e+1'0")
@example('1e-e+uR"(a)"\'')
def test_what_is_found_in_the_midst_of_text_is_what_tokens_are(source: str) -> None:
    text = without_comments(source)
    found = [m.span() for m in finder(text).finditer(text) if m[0][0] in "R\"'"]
    whole = []
    at = 0
    while (match := token_at(text, at)) is not None:
        at = match.end()
        literal = re.fullmatch(r"(u8|[uUL]?)(R?[\"'].*?)([\w$]*)", match[0], re.DOTALL)
        if literal is not None:
            ends = STRING.fullmatch(literal[2]) is not None or literal[2][0] == "'" == literal[2][1:][-1:]
            whole.append((match.start() + len(literal[1]), match.end() - len(literal[3]) * ends))
    assert found == whole


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join))
def test_lines_stay(source: str) -> None:
    clean = without_comments(source)
    assert len(newlines(clean)) == source.count("\n")


@pytest.mark.parametrize(
    ("source", "tokens"),
    [
        ('R"(a"b)" c', ['R"(a"b)"', "c"]),
        ('u8R"x(")x" uR"(")" UR"(")" LR"(")"', ['u8R"x(")x"', 'uR"(")"', 'UR"(")"', 'LR"(")"']),
        ('FOOR"x" y', ["FOOR", '"x"', "y"]),
        ('FOO8R"(x)" y', ["FOO8R", '"(x)"', "y"]),
        ('R"0123456789abcdef(")0123456789abcdef" x', ['R"0123456789abcdef(")0123456789abcdef"', "x"]),
        ('R"a(x)b" )a" y', ['R"a(x)b" )a"', "y"]),
        ('R"(\\\n// no /* comment\n)" x', ['R"(\\\n// no /* comment\n)"', "x"]),
        ('R\\\n"(\\\n)"', ['R"(\\\n)"']),
        ("1'000'000u + 0xF'F 'x'", ["1'000'000u", "+", "0xF'F", "'x'"]),
        ("case'a':", ["case", "'a'", ":"]),
        ("u8'\"' L'\\'' U'\"'", ["u8'\"'", "L'\\''", "U'\"'"]),
        ('"a"_km "b"sv R"(c)"_x \'d\'_y', ['"a"_km', '"b"sv', 'R"(c)"_x', "'d'_y"]),
        ('"%"PRId64 "\\n"', ['"%"', "PRId64", '"\\n"']),
        ('"a\\\nb" c\\\nd', ['"ab"', "cd"]),
        ('"a\\\\\n" "c', ['"a\\" "', "c"]),
        ("it isn't /* text */ so\nnext", ["it", "isn", "'t /* text */ so", "next"]),
        ('"open // text\nnext', ['"open // text', "next"]),
        ("a /\\\n* b *\\\n/ c /\\\n/ d\ne", ["a", "c", "e"]),
    ],
)
def test_examples(source: str, tokens: list[str]) -> None:
    assert tokens_of(source) == tokens
    assert reference_tokens(source) == tokens


def test_what_strings_hold() -> None:
    (token,) = tokenize(without_comments('u8R"d(a\\n\n"b")d"'))
    assert is_string(token)
    assert string_value(token) == 'a\\n\n"b"'
    assert string_value(tokenize(without_comments('"a\\\n b"'))[0]) == "a b"
    assert not any(map(is_string, ('"a"_k', '"open', '"open\\"', "'a'", 'R"(open"')))


def test_the_name_of_a_header_is_no_text() -> None:
    assert without_comments("#include <a//it's.h>\n'x' // y\n") == "#include <a//it's.h>\n'x'  \n"


@pytest.mark.parametrize("literal", ['R"(")"', 'u8R"x(\'")x"', "1'000", "'\"'", 'R"(\n{("\n)"', 'L"(\\"{"', 'FOOR"("'])
def test_literals_hide_nothing_behind_them(literal: str) -> None:
    text = without_comments(f"int a = {literal}; SINK(1); f({literal}, SINK(2)); // ' \"\nSINK(3) {{ }}")
    found = [text[start:end] for start, end in Statements(parse_file("a.cc", text), ["SINK"]).find(0, len(text))]
    assert found == ["SINK(1);", f"f({literal}, SINK(2));".replace("\n", RAW_NEWLINE), "SINK(3) {"]


@pytest.mark.parametrize("literal", ['R"(SINK(1);)"', '"; SINK(1);"', "'SINK'", 'R"d()" SINK(1); )d"'])
def test_literals_register_nothing(literal: str) -> None:
    text = f"int a = {literal}; int b;"
    assert Statements(parse_file("a.cc", text), ["SINK"]).find(0, len(text)) == []


def test_outlines_have_no_literals() -> None:
    assert without_literals('a = R"({")" + \'{\' + "}" + 1\'000;') == 'a = "" + "" + "" + 1\'000;'


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**48))
def test_statements_behind_random_literals_are_found(seed: int) -> None:
    random = Random(seed)
    pieces = [_literal(random) for _ in range(4)]
    source = "".join(f"int v{i} = f({piece}); SINK({i});\n" for i, piece in enumerate(pieces))
    text = without_comments(source)
    found = [text[start:end] for start, end in Statements(parse_file("a.cc", text), ["SINK"]).find(0, len(text))]
    assert found == [f"SINK({i});" for i in range(4)]


def _literal(random: Random) -> str:
    prefix = random.choice(["", "u8", "u", "U", "L", "FOO"])
    content = "".join(
        random.choice(['\\"', "\\'", "a", "(", ")", "{", "//", "/*", ";", "\\\\", "\\\n", "1"]) for _ in range(6)
    )
    kind = random.random()
    if kind < 0.5:
        delimiter = random.choice(["", "d", "doc", "0123456789abcdef", "a'"])
        text = content.replace("\\", random.choice(["\\", '"', "'", "\n"]))
        while f'){delimiter}"' in text:
            text = text.replace(f'){delimiter}"', "")
        # GCC 12 loses text behind a raw string over several lines where a splice ends its line.
        rest = random.choice(["", "_k", "\n", "_k\n"]) if "\n" not in text else "\n"
        return f' {prefix.removeprefix("FOO")}R"{delimiter}({text}){delimiter}"{rest}'
    if kind < 0.8:
        return f'{prefix}"{content}"{random.choice(["", "_k", "sv"])}'
    return random.choice([f"{prefix}'a'", "'\"'", "1'000;", "'\\''", "0x1'Fu;", "R ", "u8 "])


@pytest.mark.skipif(shutil.which("g++") is None, reason="needs g++ to compare with")
def test_random_programs_have_the_tokens_of_the_compiler() -> None:
    random = Random(7)
    programs = [
        "".join(
            random.choice([_literal(random), " ", "x", "\n", "// it's\n", '/* " */', ";", "\\\n", "a\\\nb", "+"])
            for _ in range(random.randint(1, 12))
        )
        for _ in range(PROGRAMS)
    ]
    source = "".join(f"\n@{number}@\n{program}" for number, program in enumerate(programs))
    done = subprocess.run(
        ["g++", "-std=gnu++17", "-E", "-P", "-w", "-x", "c++", "-"],
        input=source, capture_output=True, text=True, check=False,
    )  # fmt: skip
    ours, theirs = tokens_of(source), tokens_of(done.stdout)
    differing = next((i for i, pair in enumerate(zip(ours, theirs, strict=False)) if pair[0] != pair[1]), len(ours))
    assert ours[differing:] == theirs[differing:], ours[max(0, differing - 10) : differing + 10]


def test_a_raw_string_may_be_an_argument_and_a_replacement(tmp_path: Path) -> None:
    source = (
        '#define RAW R"(a, "b)"\n#define F(x) MARK(0, x)\nF(R"(c, ")")\nF(RAW)\nMARK(0, u8R"d(\n#if 0\n)d")\nF(1)\n'
    )
    assert marks(tmp_path, source) == ['R"(c, ")"', 'R"(a, "b)"', 'u8R"d(\x1e#if 0\x1e)d"', "1"]
