from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import pytest

from kernel_index.datatypes import DataType
from kernel_index.records import AttrScalar, Constraint, KernelRegistration, Location
from opselect.cli.index.class_text import common, edit, shape
from opselect.cli.index.op_matrix import matrices, matrix_json, print_matrices
from opselect.cli.shared.console import WIDTH

FLOAT, HALF, INT32, INT64 = DataType.DT_FLOAT, DataType.DT_HALF, DataType.DT_INT32, DataType.DT_INT64
PROFILES = ("slim", "full")


def kernel(
    *,
    text: str = "Op",
    line: int = 1,
    profiles: tuple[str, ...] = PROFILES,
    device: str = "CPU",
    label: str = "",
    priority: int = 0,
    host_memory: tuple[str, ...] = (),
    **allowed: Sequence[AttrScalar],
) -> KernelRegistration:
    constraints = tuple(Constraint(attr, tuple(sorted(values))) for attr, values in sorted(allowed.items()))
    return KernelRegistration(
        "Op", device, text, Location("op.cc", line), profiles, label, priority, constraints, host_memory
    )


class Draw(Protocol):
    """Draws the kernels of an op, in a window of :data:`WIDTH` columns."""

    def __call__(self, *kernels: KernelRegistration, profiles: Sequence[str] = ...) -> list[str]: ...


@pytest.fixture
def drawn(capsys: pytest.CaptureFixture[str]) -> Draw:
    def draw(*kernels: KernelRegistration, profiles: Sequence[str] = PROFILES) -> list[str]:
        print_matrices(matrices(kernels, profiles), profiles)
        lines = capsys.readouterr().out.splitlines()
        assert max(map(len, lines), default=0) <= WIDTH
        return lines

    return draw


def test_one_place_and_class_needs_no_numbers(drawn: Draw) -> None:
    assert drawn(kernel(text="Op<float>", T=[FLOAT]), kernel(text="Op<half>", profiles=("full",), T=[HALF])) == [
        "  CPU",
        "    T      slim  full",
        "    float  ●     ●",
        "    half   ·     ●",
        "  ●  op.cc:1  Op<…>",
    ]


def test_kernels_without_constraint_are_one_row(drawn: Draw) -> None:
    assert drawn(kernel(profiles=("slim",))) == [
        "  CPU",
        "         slim  full",
        "    any  ●     ·",
        "  ●  op.cc:1  Op",
    ]


def test_classes_places_and_what_else_tells_kernels_apart(drawn: Draw) -> None:
    lines = drawn(
        kernel(text="Op<float>", T=[FLOAT]),
        kernel(text="Op<CPU, half>", T=[HALF]),
        kernel(text="Op<int32>", T=[INT32], line=4, host_memory=("x", "y"), priority=2),
    )
    assert lines[1:] == [
        "    T      slim  full",
        "    float  1     1",
        "    int32  2     2",
        "    half   3     3",
        "  1  op.cc:1  Op<float>",
        "  2  op.cc:4  Op<int32>, priority 2, host memory x y",
        "  3  op.cc:1  Op<CPU, half>",
    ]


def test_several_kernels_in_one_cell(drawn: Draw) -> None:
    lines = drawn(kernel(T=[FLOAT]), kernel(line=2, priority=1, profiles=("full",), T=[FLOAT]))
    assert lines[2] == "    float  1     1,2"


def test_devices_and_labels_have_tables_of_their_own(drawn: Draw) -> None:
    lines = drawn(kernel(T=[FLOAT]), kernel(device="DEFAULT", line=2), kernel(label="eigen", line=3, T=[HALF]))
    assert [line for line in lines if line.startswith("  ") and line[2] in "CD"] == [
        "  CPU",
        "  CPU label=eigen",
        "  DEFAULT",
    ]
    assert [line.split()[0] for line in lines[-3:]] == ["1", "2", "3"]


def test_attr_that_makes_no_difference_is_said_once(drawn: Draw) -> None:
    lines = drawn(*(kernel(T=[t], Tidx=[i]) for t in (FLOAT, HALF, INT32) for i in (INT32, INT64)))
    assert lines[:3] == [
        "  CPU, Tidx int32 or int64",
        "    T      slim  full",
        "    float  ●     ●",
    ]
    assert len(lines) == 6


def test_values_that_make_a_difference_have_a_column(drawn: Draw) -> None:
    lines = drawn(
        kernel(T=[FLOAT], Tidx=[INT32, INT64]),
        kernel(T=[HALF], Tidx=[INT32]),
        kernel(T=[HALF], Tidx=[INT64], profiles=("full",)),
        kernel(T=[INT32]),
    )
    assert lines[:6] == [
        "  CPU",
        "    T      Tidx         slim  full",
        "    float  int32|int64  ●     ●",
        "    int32  any          ●     ●",
        "    half   int32        ●     ●",
        "    half   int64        ·     ●",
    ]


def test_wide_tables_have_letters_for_profiles(drawn: Draw) -> None:
    profiles = tuple(f"android-profile-number-{n}+-DINTEL_MKL" for n in range(7))
    lines = drawn(kernel(T=[FLOAT], profiles=profiles[1:2]), profiles=profiles)
    legend = " ".join(line.strip() for line in lines[1:-3])
    assert legend.startswith("a android-profile-number-0+-DINTEL_MKL, b android-profile-number-1+-DINTEL_MKL, ")
    assert lines[-3:-1] == ["    T      a  b  c  d  e  f  g", "    float  ·  ●  ·  ·  ·  ·  ·"]


def test_values_of_other_kinds(drawn: Draw) -> None:
    lines = drawn(kernel(mode=["fast", "slow"], flag=[True], text="A"))
    assert lines[:2] == ["  CPU, flag True", "    mode  slim  full"]
    assert [line.split()[0] for line in lines[2:4]] == ["fast", "slow"]


def test_long_class_has_lines_of_its_own(drawn: Draw) -> None:
    lines = drawn(kernel(text=f"Op<{', '.join(['::tensorflow::bfloat16'] * 6)}>"))
    assert lines[3] == "  ●  op.cc:1"
    assert lines[4].startswith("       Op<::tensorflow::bfloat16, ")


@pytest.mark.parametrize(
    ("classes", "text"),
    [
        (["Op"], "Op"),
        (["Op<a >"], "Op<a >"),
        (["Op<CPU, f<a>>", "Op<CPU, f<b>>"], "Op<CPU, f<…>>"),
        (["Op<a, b>", "Op< c,b >"], "Op<…, b>"),
    ],
)
def test_what_classes_have_in_common(classes: list[str], text: str) -> None:
    assert len({shape(kernel_class) for kernel_class in classes}) == 1
    assert common(classes) == text


def test_classes_of_another_template_or_nesting_have_another_shape() -> None:
    assert len({shape(c) for c in ("Op<a>", "Po<a>", "Op<a<b>>", "Op<a, b>", "Op")}) == 5
    assert shape("Op<a, b>") == shape("Op<c,d >")


def test_how_a_class_changes() -> None:
    assert edit("Op<CPU, int64, f<int64>>", "Op<CPU, int64_t, f<int64_t>>") == "int64 → int64_t"
    assert edit("Op<a, b>", "Op<c, d>") == "a → c, b → d"


def test_what_is_not_known_is_no_absence(capsys: pytest.CaptureFixture[str]) -> None:
    sure, maybe = kernel(text="Op<float>", T=[FLOAT]), kernel(text="Op<half>", profiles=("full",), T=[HALF], line=0)
    tables = matrices([sure, maybe], PROFILES, [maybe])
    print_matrices(tables, PROFILES)
    assert capsys.readouterr().out.splitlines() == [
        "  CPU",
        "    T      slim  full",
        "    float  1     1",
        "    half   ?     2",
        "  ?  it is not known whether the build has a kernel",
        "  1  op.cc:1  Op<float>",
        "  2  op.cc  Op<half>",
    ]
    half = matrix_json(tables[0], PROFILES)[1]
    assert half["profiles"] == {"slim": [], "full": [1]}
    assert half["not_known"] == ["slim"]


def test_a_kernel_beside_one_of_which_nobody_knows(capsys: pytest.CaptureFixture[str]) -> None:
    sure, maybe = kernel(profiles=("slim",), T=[FLOAT]), kernel(profiles=("full",), T=[FLOAT], line=0)
    print_matrices(matrices([sure, maybe], PROFILES, [maybe]), PROFILES)
    assert capsys.readouterr().out.splitlines()[2] == "    float  1,?   2"
