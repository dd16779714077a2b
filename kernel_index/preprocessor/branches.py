"""The conditionals of a file's program: which branches are obeyed, and which an instruction stands in."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from kernel_index.preprocessor.files import ELIF, ELSE, ENDIF, IFDEF, IFNDEF, OPENING, Instruction
from kernel_index.preprocessor.literals import WORD

_CONDITION_WORD = re.compile(rf"\bdefined\s*\(?\s*({WORD})|(?<![\w$])({WORD})(?![\w$]|\s*\()")
_NO_MACROS = ("defined", "and", "or", "not", "true", "false")
_BRANCHES = (*OPENING, ELIF, ELSE)


def obeyed(
    program: Sequence[Instruction], holds: Callable[[Instruction], bool | None]
) -> Iterator[tuple[int, Instruction]]:
    """The instructions of a program that count, each with its index, in order: [cpp.cond] for whoever obeys directives.

    ``holds`` is asked of an ``#if``, ``#ifdef``, ``#ifndef`` or ``#elif`` when it decides what comes next, so that it
    sees what the caller made of the instructions before. None is for a condition that may hold or not: both its branch
    and those after it in its chain count.
    """
    closed: set[int] = set()
    """The conditionals of which one branch counts for sure."""
    length = len(program)
    at = 0
    while at < length:
        index, instruction = at, program[at]
        kind = instruction.kind
        at += 1
        if kind in _BRANCHES:
            chain = index if kind in OPENING else instruction.chain
            held = chain not in closed and (kind == ELSE or holds(instruction))
            if held is False:
                at = instruction.jump
                continue
            if held:
                closed.add(chain)
        yield index, instruction


def branches_around(program: Sequence[Instruction], index: int) -> list[int]:
    """The branches that an instruction stands in, outermost first: indices of #if, #elif and #else."""
    found: list[int] = []
    for i, instruction in enumerate(program[: index + 1]):
        if instruction.kind in OPENING:
            found.append(i)
        elif instruction.kind in (ELIF, ELSE) and found:
            found[-1] = i
        elif instruction.kind == ENDIF and found:
            found.pop()
    return found


def condition_text(program: Sequence[Instruction], branch: int) -> str:
    """A branch's directive as the source has it, white space normalised; an #else with the line of its #if."""
    instruction = program[branch]
    words = {IFDEF: "#ifdef", IFNDEF: "#ifndef", ELIF: "#elif", ELSE: "#else"}
    text = f"{words.get(instruction.kind, '#if')} {' '.join(instruction.argument.split())}".strip()
    return f"{text} of line {program[instruction.chain].line}" if instruction.kind == ELSE else text


def condition_words(program: Sequence[Instruction], branch: int) -> list[str]:
    """The macros that decide whether a branch is taken, each once: its own, then those of the branches before it."""
    *before, own = chain_of(program, branch)
    return list(dict.fromkeys(word for i in (own, *before) for word in own_condition_words(program[i])))


def own_condition_words(instruction: Instruction) -> list[str]:
    """The macros that the condition of one directive asks for, each once; an #else asks for none.

    A macro that is called with arguments is none of them: no ``-D`` gives it its meaning.
    """
    words = [m[1] or m[2] for m in _CONDITION_WORD.finditer(instruction.argument)] if instruction.kind != ELSE else []
    return [w for w in dict.fromkeys(words) if w not in _NO_MACROS]


def chain_of(program: Sequence[Instruction], branch: int) -> list[int]:
    """The branches that decide about one: those before it in its chain, and itself."""
    chain = program[branch].chain if program[branch].kind in (ELIF, ELSE) else branch
    return [i for i in range(chain, branch + 1) if i in (chain, branch) or program[i].chain == chain]
