"""Findings and mends: what a program gets, and what a person reads of the same data."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel_index.build_flags import change_for
from kernel_index.errors import InputError
from opselect.findings import CATALOG, Finding, code_of, list_code, refusal_code
from opselect.findings.as_json import missing_json
from opselect.findings.mends import (
    OR,
    OTHERWISE,
    GraphCut,
    ListEdit,
    advice_text,
    change_model,
    extend_build,
    led,
    run,
    scan_root,
    wider_types,
)
from opselect.requirements.collect import Requirement, Requirements
from opselect.selection.select import select
from tests.opselect.sample import DOUBLE, FLOAT, index, kernel


def test_each_kind_of_mend_as_a_program_gets_it() -> None:
    mends = [
        extend_build("Extend it.", ("k/a.cc",)),
        wider_types(change_for("android", "android-full", "2.4.4")),
        run("Do `{command}`.", "opselect prepare 'a b.pb' -o c.pb", applicability="certain"),
        scan_root("Scan it."),
        GraphCut(text="Cut it.", inputs=("x",), outputs=("y",), applicability="likely"),
        change_model("Export it."),
    ]
    assert [{k: v for k, v in mend.to_json().items() if k != "text"} for mend in mends] == [
        {"kind": "list", "applicability": "likely", "list": "", "file": "", "add": ["k/a.cc"], "remove": []},
        {
            "kind": "flags",
            "applicability": "likely",
            "system": "bazel",
            "where": "on the command line of bazel build or in a build line of .bazelrc",
            "add": ["--copt=-D__ANDROID_TYPES_FULL__"],
            "remove": [],
            "opselect": ["--profile", "android-full"],
        },
        {"kind": "command", "applicability": "certain", "argv": ["opselect", "prepare", "a b.pb", "-o", "c.pb"]},
        {"kind": "options", "applicability": "guess", "options": ["--root", "DIR"]},
        {"kind": "cut", "applicability": "likely", "inputs": ["x"], "outputs": ["y"]},
        {"kind": "model", "applicability": "guess"},
    ]
    assert [mend.to_json()["text"] for mend in mends][2] == "Do `opselect prepare 'a b.pb' -o c.pb`."


def test_what_is_missing_has_flags_as_data() -> None:
    kernels = [kernel("Mul", DOUBLE, profiles=("android-full",)), kernel("Mul", FLOAT)]
    need = Requirements((Requirement("Mul", (("T", DOUBLE),), nodes=("n",), models=("m.pb",), count=3),))
    row: Any
    (row,) = map(missing_json, select(need, index(kernels), "android-slim").unresolved)
    assert (row["code"], row["kind"], row["count"]) == ("OPS103", "type-in-larger-build", 3)
    assert (row["dtypes"], row["profiles"], row["applicability"]) == (["DT_DOUBLE"], ["android-full"], "guess")
    model, flags = row["mends"]
    assert (model["kind"], flags["kind"]) == ("model", "flags")
    assert (flags["add"], flags["remove"]) == (["--copt=-D__ANDROID_TYPES_FULL__"], ["--copt=-D__ANDROID_TYPES_SLIM__"])
    assert flags["opselect"] == ["--profile", "android-full"]


def test_mends_are_one_paragraph() -> None:
    mends = (change_model("Export it."), *led(OTHERWISE, (change_model("TensorFlow 2 has it."),)))
    assert advice_text(mends) == "Export it. If the model cannot do without: TensorFlow 2 has it."
    assert advice_text([change_model("Export it."), change_model("Freeze it.", lead=OR)]) == "Export it. Or freeze it."
    edit = ListEdit(text="add a")
    assert advice_text([edit, replace(edit, text="remove b", lead=", or")]) == "add a, or remove b"
    assert led(OR, ()) == ()


def test_a_finding_takes_kind_and_applicability_from_what_it_knows() -> None:
    bare = Finding("OPS101", "no such op")
    assert (bare.kind, bare.applicability, bare.advice, str(bare.place)) == ("custom-op", "guess", "", "")
    assert Finding("OPS101", "", kind="no-kernel").kind == "no-kernel"
    assert Finding("OPS101", "", mends=(extend_build("Do.", ()),)).applicability == "likely"


@pytest.mark.parametrize("code", CATALOG)
def test_every_finding_explains_itself(code: str) -> None:
    assert Finding(code, "").explain().startswith(f"# {code}: ")


@given(st.sampled_from(sorted(CATALOG)), st.text())
def test_codes_are_found_whatever_their_capitals_and_nothing_else_is(code: str, other: str) -> None:
    assert code_of(code.lower()) is code_of(code) is CATALOG[code]
    if other.upper() not in CATALOG:
        with pytest.raises(InputError, match="there is no such code"):
            code_of(other)


def test_kinds_lead_to_codes() -> None:
    assert (refusal_code("inputs"), list_code("missing-library")) == ("OPS304", "OPS410")
    assert CATALOG["OPS114"].kind == "missing-library"
