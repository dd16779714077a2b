"""That nothing is found in a binary is an answer only where its code could be looked at."""

from __future__ import annotations

from dataclasses import replace

from opselect.binaries.records import Registrations
from opselect.binaries.unfollowed import why_not_followed
from tests.opselect.audit.images import image, section
from tests.opselect.audit.made_up import kernel

TEXT = section(".text", 0, 64, 0x1000)
NOTHING = Registrations((), (), ())
CALLED = tuple(range(0x1000, 0x1030, 8))


def test_functions_that_the_loader_calls_and_that_begin_nowhere() -> None:
    made = replace(image(bytes(64), [TEXT], functions=[(0x1004, 0x1006)]), initialisers=CALLED)
    assert "where the functions begin that the loader calls" in why_not_followed(made, NOTHING)


def test_a_binary_whose_functions_are_known_registers_nothing() -> None:
    made = replace(image(bytes(64), [TEXT], functions=[(0x1000, 0x1008)]), initialisers=CALLED)
    assert why_not_followed(made, NOTHING) == ""


def test_what_compilers_bring_along_registers_nothing() -> None:
    made = replace(image(bytes(64), [TEXT]), initialisers=CALLED[:2])
    assert why_not_followed(made, NOTHING) == ""


def test_what_registers_something_was_followed() -> None:
    made = replace(image(bytes(64), [TEXT]), initialisers=CALLED)
    assert why_not_followed(made, replace(NOTHING, kernels=(kernel("Relu"),))) == ""


def test_the_reason_of_the_reader_is_passed_on() -> None:
    made = image(bytes(64), [TEXT])
    assert why_not_followed(made, replace(NOTHING, not_followed="its code is for a toaster")).endswith("toaster")
