from __future__ import annotations

import dataclasses
import pickle
import subprocess
import sys

import pytest

from kernel_index import records
from kernel_index.datatypes import DataType
from kernel_index.errors import InputError, OpselectError, Place, PreprocessorError
from kernel_index.records import (
    AttrDefinition,
    BuildLists,
    Constraint,
    Diagnostic,
    KernelRegistration,
    Location,
    OpDefinition,
    ops,
    registrations,
    scans,
)

REGISTRATION = KernelRegistration(
    "Mul", "CPU", "K", Location("a.cc", 3), ("android",), constraints=(Constraint("T", (DataType.DT_FLOAT,)),)
)


def test_every_record_is_frozen_and_slotted() -> None:
    named = [getattr(records, name) for name in dir(records)]
    classes = [c for c in named if isinstance(c, type) and c.__module__.startswith(records.__name__)]
    assert len(classes) == 16
    assert REGISTRATION.__class__ in classes
    for record in classes:
        assert dataclasses.is_dataclass(record)
        assert "__slots__" in vars(record)
    with pytest.raises(dataclasses.FrozenInstanceError):
        REGISTRATION.op = "Add"  # type: ignore[misc]  # that it is refused is the point


def test_every_name_is_found_and_no_other() -> None:
    for home in (ops, registrations, scans):
        for name, value in vars(home).items():
            if getattr(value, "__module__", "") == home.__name__:
                assert getattr(records, name) is value
                assert name in records.__all__
    assert set(records.__all__) <= set(dir(records))
    with pytest.raises(AttributeError, match="has no attribute 'Kernel'"):
        records.Kernel  # type: ignore[attr-defined]  # noqa: B018


def test_looking_up_kernels_loads_their_records_only() -> None:
    program = (
        "import sys, kernel_index.store; print(sorted(m for m in sys.modules if m.startswith('kernel_index.rec')))"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stdout == "['kernel_index.records', 'kernel_index.records.registrations']\n"


def test_records_are_values() -> None:
    assert dataclasses.replace(REGISTRATION) == REGISTRATION
    assert len({REGISTRATION, dataclasses.replace(REGISTRATION), dataclasses.replace(REGISTRATION, op="Add")}) == 2
    assert pickle.loads(pickle.dumps(REGISTRATION)) == REGISTRATION


def test_places_sort_and_print() -> None:
    places = [Location("b.cc", 1), Location("a.cc", 10), Location("a.cc", 9)]
    assert [str(place) for place in sorted(places)] == ["a.cc:9", "a.cc:10", "b.cc:1"]
    assert str(Diagnostic(places[0], "is odd")) == "b.cc:1: is odd"


def test_attrs_by_name() -> None:
    attr = AttrDefinition("T", "type")
    definition = OpDefinition("Mul", (), (), (attr,), Location("a.cc", 1))
    assert definition.attr("T") is attr
    assert definition.attr("U") is None


def test_build_lists_of_a_release_without_any() -> None:
    lists = BuildLists()
    assert (lists.groups, lists.makefile, lists.packages) == ({}, (), ())


ERRORS = {
    InputError("a.pb", "is empty"): "a.pb: is empty",
    InputError(Place("a.cc", line=3), "is odd", "Mend it."): "a.cc:3: is odd\n  Mend it.",
    InputError(Place("a.pb", byte=0), "ends early"): "a.pb: byte 0: ends early",
}


@pytest.mark.parametrize("error", ERRORS, ids=str)
def test_errors_print_place_problem_and_advice(error: InputError) -> None:
    assert str(error) == ERRORS[error]
    assert isinstance(error, OpselectError)


def test_an_error_survives_the_way_between_processes() -> None:
    error = PreprocessorError(Place("a.cc", line=3), "never ends", "Mend it.")
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), again.place, again.problem, again.advice, str(again)) == (
        PreprocessorError, Place("a.cc", line=3), "never ends", "Mend it.", str(error),
    )  # fmt: skip
