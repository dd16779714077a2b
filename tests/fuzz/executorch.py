"""Programs and lists of ExecuTorch, changed, of which several may be asked at once."""

from __future__ import annotations

import random
from functools import cache
from pathlib import Path

from tests.fuzz.changes import changed_bytes, changed_text, cut, odd_word
from tests.fuzz.judge import Command
from tests.opselect.pte_files import Call, Plan, Value, pte_bytes, tensor, tensors

FIXTURES = Path(__file__).parents[2] / "fixtures" / "executorch"
TARGETS = ("executorch", "executorch-ops-dict", "executorch-header")
_SELECTED = b"""\
operators:
  aten::add.out: {include_all_overloads: false, debug_info: [a.pte, null]}
  aten::mul: {is_root_operator: true}
et_kernel_metadata:
  aten::add.out: [v1/6;0,1|6;0,1, default]
  aten::cat.out: []
custom_classes: [A]
include_all_operators: false
"""
_TOKENS = ("aten::", "default", "v1/6;0|", "true", ": ", "- ", "{}", "[]", '"', ",", "null", "\0", "&a ", "*a")


@cache
def _programs() -> tuple[bytes, ...]:
    return tuple(path.read_bytes() for path in sorted(FIXTURES.glob("*pte")))


def _made(choose: random.Random) -> bytes:
    """A program that calls operators with whatever values, most of which are there."""
    values: list[Value] = [tensor(choose.randrange(30), *range(choose.randrange(4))) for _ in range(4)]
    values += [tensors(*(choose.randrange(5) for _ in range(choose.randrange(4))), optional=choose.random() < 0.5)]
    values += [Value(choose.choice((1, 2, 9, 12)))]
    names = ("aten::add.out", "aten::cat.out", choose.choice(("a::b", f"a::{odd_word(choose)}")))
    calls = [
        Call(choose.randrange(3), tuple(choose.randrange(7) for _ in range(choose.randrange(5)))) for _ in range(3)
    ]
    return pte_bytes(*(Plan(names, values, calls, (odd_word(choose) or "B",)) for _ in range(choose.choice((1, 2)))))


def _program(choose: random.Random) -> bytes:
    data = choose.choice(_programs()) if choose.random() < 0.7 else _made(choose)
    if choose.random() < 0.4:
        return data
    return changed_bytes(data, choose) if choose.random() < 0.8 else cut(data, choose)


def executorch(choose: random.Random, folder: Path) -> Command:
    """What is written for selective builds of ExecuTorch."""
    texts = {name: (FIXTURES / name).read_bytes() for name in ("names.txt", "ops.json", "functions.yaml")}
    texts["selected.yaml"] = _SELECTED
    names = []
    for name in choose.sample(("m.pte", "n.pte", *texts), choose.choice((1, 1, 2, 3))):
        if name in texts:
            text = texts[name] if choose.random() < 0.5 else changed_text(texts[name], choose, _TOKENS)
            (folder / name).write_bytes(text)
        else:
            (folder / name).write_bytes(_program(choose))
        names.append(name)
    asked: list[str] = []
    for target in choose.sample(TARGETS, choose.choice((1, 2, 3))):
        asked += ("--target", target)
    as_json = choose.random() < 0.3
    words = ("generate", *names, *asked, "--out", "out", *(("--json",) if as_json else ()))
    return Command(words, ("out",), choose.random() < 0.4, as_json=as_json)
