"""Literals with odd quotes and brackets in front of registrations: none may be lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kernel_index.scan.trees import kernels, op

LITERALS = (
    'R"(a " b)"', 'u8R"x(")x"', 'uR"(\')"', 'UR"(")"', 'LR"d({(")d"', 'FOOR"(\\")"', "1'000", "'\"'", '"\\\n\\""',
    'R"(\n#if 0\n")"',
    'R"(\\\n")"', '"\\\\"', "L'\\''", '"\'"_k', 'R"(\n//")"_k', "0x1'0'0", 'R"(/*)"',
)  # fmt: skip
REGISTRATION = 'REGISTER_KERNEL_BUILDER(Name("A").Device("CPU"), K);'


@pytest.mark.parametrize("literal", LITERALS)
@pytest.mark.parametrize(
    "place", ["const char* text = {};\n{r}", "void f() {{ g({}); }}\n{r}", "g({}); {r}", "m({}) {r}"]
)
def test_a_registration_behind_a_literal(tmp_path: Path, literal: str, place: str) -> None:
    source = place.format(literal, r=REGISTRATION) + "\n" + REGISTRATION.replace('"A"', '"B"')
    assert kernels(tmp_path, source) == ["A@CPU: K", "B@CPU: K"]


@pytest.mark.parametrize("prefix", ["R", "u8R", "uR", "UR", "LR"])
def test_a_doc_may_be_any_raw_string(tmp_path: Path, prefix: str) -> None:
    source = f'REGISTER_OP("A").Doc({prefix}"doc(\nit\'s "one)\n#define X (\n)doc").Attr(R"(n: int)");'
    assert [attr.name for attr in op(tmp_path, source).attrs] == ["n"]


def test_a_registration_in_a_raw_string_is_text(tmp_path: Path) -> None:
    assert kernels(tmp_path, f'const char* a = R"(\n{REGISTRATION}\n)";\n') == []


def test_a_word_may_go_on_behind_a_splice(tmp_path: Path) -> None:
    assert kernels(tmp_path, REGISTRATION.replace("KERNEL", "KER\\\nNEL").replace("CPU", "C\\\nPU")) == ["A@CPU: K"]
