"""The expressions that texts give a name."""

from __future__ import annotations

import pytest

from kernel_index.scan.constants import given


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('const char* kName = "a" "b";', ['"a""b"']),
        ('constexpr char kName[]{"a"};', ['"a"']),
        ('string kName("a");', ['"a"']),
        ("int kName = f(1, 2), kOther = 3;", ["f(1,2)"]),
        ("int kName() { return 1; }", ["1"]),
        ("f(kName(1));", []),
        # A function or a class with that name gives it no value.
        ("void kName() { f(); return; }", []),
        ("struct kName{int a; int b;};", []),
        ("class kName {1; 2};", []),
        ("kName = (1;", []),
        ("kName = 1)", []),
    ],
)
def test_expressions_of_a_name(text: str, expected: list[str]) -> None:
    assert ["".join(tokens) for tokens in given("kName", text)] == expected
