"""Which instructions of a program count, by what its conditions say."""

from __future__ import annotations

import pytest

from kernel_index.preprocessor.branches import branches_around, chain_of, condition_text, condition_words, obeyed
from kernel_index.preprocessor.files import Instruction, parse_file

CHAIN = "a\n#if A\nb\n#elif B\nc\n#elif C\nd\n#else\ne\n#endif\nf\n"
NESTED = "#ifdef A\na\n#if B\nb\n#else\nc\n#endif\nd\n#else\n#if C\ne\n#endif\nf\n#endif\ng\n"


def counted(text: str, values: dict[str, bool | None]) -> tuple[str, str]:
    """The text that counts, and the conditions that were asked, in order."""
    asked = []

    def holds(condition: Instruction) -> bool | None:
        asked.append(condition.argument)
        return values[condition.argument]

    file = parse_file("x.h", text)
    parts = [file.text[i.text_start : i.text_end] for _, i in obeyed(file.program, holds)]
    return "".join("".join(parts).split()), "".join(asked)


@pytest.mark.parametrize(
    ("text", "true", "maybe", "expected"),
    [
        (CHAIN, "A", "", ("abf", "A")),
        (CHAIN, "BC", "", ("acf", "AB")),
        (CHAIN, "C", "", ("adf", "ABC")),
        (CHAIN, "", "", ("aef", "ABC")),
        (CHAIN, "", "A", ("abef", "ABC")),
        (CHAIN, "B", "A", ("abcf", "AB")),
        (CHAIN, "C", "B", ("acdf", "ABC")),
        (CHAIN, "", "ABC", ("abcdef", "ABC")),
        (NESTED, "A", "", ("acdg", "AB")),
        (NESTED, "AB", "", ("abdg", "AB")),
        (NESTED, "", "", ("fg", "AC")),
        (NESTED, "", "ABC", ("abcdefg", "ABC")),
        ("#if A\na\n#if B\nb\n", "A", "", ("a", "AB")),  # never closed
        ("#else\na\n#endif\n#elif A\nb\n", "", "", ("ab", "")),  # never opened
    ],
)
def test_what_counts(text: str, true: str, maybe: str, expected: tuple[str, str]) -> None:
    values: dict[str, bool | None] = {name: name in true for name in "ABC"}
    assert counted(text, values | dict.fromkeys(maybe)) == expected


def test_a_condition_is_asked_when_what_stands_before_it_was_obeyed() -> None:
    file = parse_file("x.h", "#define A\n#ifdef A\n#define B\n#endif\n#ifdef B\n#define C\n#endif\n")
    defined = set()
    for _, instruction in obeyed(file.program, lambda condition: condition.argument in defined):
        if instruction.macro is not None:
            defined.add(instruction.argument)
    assert defined == {"A", "B", "C"}


def test_what_stands_around_an_instruction() -> None:
    program = parse_file("x.h", CHAIN.replace("C", "defined(C) && F(C) && not D").replace("#if A", "#ifndef A")).program
    last = next(i for i, found in enumerate(program) if "defined" in found.argument)
    assert branches_around(program, last) == [last]
    assert branches_around(program, last + 2) == []
    assert chain_of(program, last) == [last - 2, last - 1, last]
    assert chain_of(program, last - 2) == [last - 2]
    assert condition_words(program, last) == ["C", "D", "A", "B"]
    assert condition_words(program, last + 1) == ["A", "B", "C", "D"]
    assert condition_text(program, last) == "#elif defined(C) && F(C) && not D"
    assert condition_text(program, last - 2) == "#ifndef A"
    assert condition_text(program, last + 1) == "#else of line 2"


def test_a_dollar_is_a_letter_of_names() -> None:
    program = parse_file("x.h", "#if A$ && $B(1) && defined $C && defined(D$)\n#endif\n").program
    assert condition_words(program, 1) == ["A$", "$C", "D$"]
