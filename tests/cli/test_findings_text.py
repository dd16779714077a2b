"""Findings in, lines for a window of some width out."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from kernel_index.datatypes import DataType
from kernel_index.records import Location
from opselect.cli.shared.findings_text import Report, report_lines
from opselect.findings import Finding
from opselect.findings.mends import Mend, change_model, extend_build, run, uncapitalized
from opselect.requirements.loading import Verdict
from tests.cli.conftest import Cli

FLAG = change_model("Add --copt=-D__ANDROID_TYPES_FULL__ to the command line of bazel build.", lead="Or")


def lacking(
    op: str, *mends: Mend, count: int = 1, models: tuple[str, ...] = ("m.pb",), code: str = "OPS103"
) -> Finding:
    return Finding(
        code,
        f"no kernel of {op} in profile android",
        op=op,
        attrs=(("T", DataType.DT_HALF),),
        dtypes=(DataType.DT_HALF,),
        count=count,
        nodes=tuple(f"{op.lower()}_{number}" for number in range(min(count, 5))),
        models=models,
        places=(Location(f"k/{op.lower()}.cc", 7),),
        mends=mends,
    )


def lines(*missing: Finding, width: int = 100, **fields: object) -> list[str]:
    return report_lines(Report("2.14.1", "android", missing, **fields), width)  # type: ignore[arg-type]


def test_what_fails_for_one_cause_is_said_once_with_the_count() -> None:
    same = change_model("Convert the model.")
    found = lines(*(lacking(op, same, FLAG, count=7) for op in ("Add", "MatMul", "Mul", "Sub")))
    assert found == [
        "TensorFlow 2.14.1, profile android: 4 of the needed kernels are missing",
        "  OPS103  4 kernels: this build leaves the type out, a build with more types has it",
        "    Add     T=DT_HALF  add_0, add_1 and 5 more nodes        kernel at k/add.cc:7",
        "    MatMul  T=DT_HALF  matmul_0, matmul_1 and 5 more nodes  kernel at k/matmul.cc:7",
        "    Mul     T=DT_HALF  mul_0, mul_1 and 5 more nodes        kernel at k/mul.cc:7",
        "    Sub     T=DT_HALF  sub_0, sub_1 and 5 more nodes        kernel at k/sub.cc:7",
        "    - Convert the model.",
        "    - Or add --copt=-D__ANDROID_TYPES_FULL__ to the command line of bazel build.",
        "More about a code: opselect explain OPS103",
    ]


def test_a_mend_that_is_not_for_all_names_its_ops() -> None:
    found = lines(lacking("Add", change_model("Convert it."), FLAG), lacking("Mul", FLAG))
    assert "    - Add: convert it." in found
    assert sum("ANDROID_TYPES_FULL" in line for line in found) == 1


def test_what_is_missing_and_left_out_stands_there_once_with_both_mends() -> None:
    left_out = Finding(
        "OPS207",
        "Rare.",
        kind="types",
        op="Add",
        attr="T",
        dtypes=(DataType.DT_HALF,),
        nodes=("add_0",),
        mends=(extend_build("Extend the build by k/add.cc.", ("k/add.cc",)),),
    )
    found = lines(lacking("Add", FLAG), left_out=(left_out,))
    assert not any("OPS207" in line for line in found)
    assert "    - Extend the build by k/add.cc." in found
    other = lines(lacking("Mul", FLAG), left_out=(left_out,))
    assert sum("OPS207" in line for line in other) == 1


def test_a_command_is_on_a_line_of_its_own_and_names_the_model_as_typed() -> None:
    mend = run(
        "Prepare it: after `{command}` nothing needs it.", "opselect prepare m.pb -o phone.pb", applicability="certain"
    )
    found = lines(lacking("Add", mend), models=("some where/m.pb",), width=40)
    at = found.index("        opselect prepare 'some where/m.pb' -o phone.pb")
    assert " ".join(found[at - 2 : at]).split()[-4:] == ["below", "nothing", "needs", "it."]


def test_models_are_named_where_there_are_several() -> None:
    several = lacking("Add", FLAG, count=3, models=("a.pb", "b.pb", "c.pb", "d.pb"))
    assert any("in a.pb, b.pb, c.pb and 1 more model" in line for line in lines(several, width=200))


def test_refusals_have_the_same_shape_and_a_graph_may_have_no_op() -> None:
    versions = Finding("OPS308", "too new", mends=(change_model("Export it."),))
    assert lines(verdict=Verdict((versions,))) == [
        "TensorFlow 2.14.1 does not load this:",
        "  OPS308  the release does not take graphs of this version",
        "      too new",
        "    - Export it.",
        "More about a code: opselect explain OPS308",
    ]


@pytest.mark.parametrize("width", [60, 80, 200])
def test_lines_fit_the_window(width: int) -> None:
    long = change_model("Convert the model to other types. " * 6)
    found = lines(lacking("Add", long, FLAG, count=9), lacking("ANameThatIsLong", long), width=width)
    assert max(map(len, found[1:])) <= width


def test_columns_are_honoured_without_a_terminal(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    half = Path(__file__).resolve().parents[2] / "fixtures" / "findings" / "half.pbtxt"
    command = shlex.split(f"generate {half} --tensorflow 2.14 --json -q")
    wide = cli(*command).err
    monkeypatch.setenv("COLUMNS", "50")
    narrow = cli(*command).err
    assert len(narrow.splitlines()) > len(wide.splitlines())
    assert narrow.split() == wide.split()


@pytest.mark.parametrize(
    ("text", "within"), [("Export it.", "export it."), ("TensorFlow 2 has it.", "TensorFlow 2 has it."), ("", "")]
)
def test_a_name_keeps_its_capitals_within_a_sentence(text: str, within: str) -> None:
    assert uncapitalized(text) == within
