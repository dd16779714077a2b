"""Calls put together to registrations: the calls of a function in, records out."""

from __future__ import annotations

from typing import Any

import pytest

from kernel_index.datatypes import DataType
from kernel_index.records import Constraint
from opselect.binaries.code.values import Either, Loaded, Place, Value
from opselect.binaries.records import KnownFrom, RegisteredKernel
from tests.opselect.binaries.registrations.made_calls import BUILDER, FACTORY, Program

NAME = "_ZN10tensorflow15register_kernel4NameC1EPKc"
_METHODS = "_ZN10tensorflow16KernelDefBuilder"
DEVICE, LABEL, PRIORITY = f"{_METHODS}6DeviceEPKc", f"{_METHODS}5LabelEPKc", f"{_METHODS}8PriorityEi"
HOST_MEMORY, BUILD = f"{_METHODS}10HostMemoryEPKc", f"{_METHODS}5BuildEv"
TYPE = f"{_METHODS}14TypeConstraintEPKcNS_8DataTypeE"
TYPES = f"{_METHODS}14TypeConstraintEPKcN4absl4SpanIKNS_8DataTypeEEE"
FLOAT = f"{_METHODS}14TypeConstraintIfEERS0_PKc"
DESTRUCTOR = f"{_METHODS}D2Ev"
REGISTRAR = (
    "_ZN10tensorflow14kernel_factory17OpKernelRegistrarC2EPKNS_9KernelDefESt17basic_string_viewIcSt11char_traitsIcEE"
    "PFPNS_8OpKernelEPNS_20OpKernelConstructionEE"
)
_DEFINITION = "_ZN10tensorflow11register_op19OpDefBuilderWrapper"
OP, ATTR, INPUT, OUTPUT = (f"{_DEFINITION}{name}EPKc" for name in ("C2", "4Attr", "5Input", "6Output"))
RECEIVER = "_ZN10tensorflow11register_op20OpDefBuilderReceiverC1ERKNS0_19OpDefBuilderWrapperE"


Told = tuple[Any, ...]
"""A function, and what it is told besides the builder."""


def kernel(program: Program, op: Value | str = "Add", kernel_class: str = "AddOp", *told: Told) -> None:
    """The calls of one registration, with what else is told of it."""
    program.call(NAME, BUILDER, op)
    builder = program.call(DEVICE, BUILDER, "CPU")
    for target, *arguments in told:
        builder = program.call(target, builder, *arguments)
    built = program.call(BUILD, builder)
    program.call(REGISTRAR, Place(0, -8), built, len(kernel_class), kernel_class, FACTORY)
    program.call(DESTRUCTOR, BUILDER)


def only(program: Program) -> RegisteredKernel:
    found = program.read()
    assert not found.undecoded
    (read,) = found.kernels
    return read


def reasons(program: Program) -> list[str]:
    found = program.read()
    assert not found.kernels
    return [undecoded.reason for undecoded in found.undecoded]


def test_a_plain_kernel() -> None:
    program = Program()
    kernel(program)
    found = only(program)
    assert (found.op, found.device, found.kernel_class, found.label, found.priority) == ("Add", "CPU", "AddOp", "", 0)
    assert (found.constraints, found.host_memory_args, found.file) == ((), (), "made.cc")
    assert (found.factory, found.function, found.known_from) == (FACTORY, 0x1000, KnownFrom.SYMBOLS)
    assert found.place == program.calls[3].place
    assert (found.first, found.end) == (0x1000, program.calls[-1].after)


def test_everything_that_can_be_told() -> None:
    program = Program()
    kernel(
        program, "Add", "AddOp",
        (FLOAT, "T"), (TYPE, "U", 9), (HOST_MEMORY, "y"), (HOST_MEMORY, "x"), (LABEL, "mine"), (PRIORITY, 0xFFFFFFFE),
    )  # fmt: skip
    found = only(program)
    assert found.constraints == (Constraint("T", (DataType.DT_FLOAT,)), Constraint("U", (DataType.DT_INT64,)))
    assert (found.host_memory_args, found.label, found.priority) == (("y", "x"), "mine", -2)


def test_types_of_a_list_on_the_stack() -> None:
    program = Program()
    types = Place(0, -128)
    for at, number in enumerate((19, 1)):
        program.memory.store(Place(0, -128 + 4 * at), 4, number)
    kernel(program, "Add", "AddOp", (TYPES, "T", types, 2))
    assert only(program).constraints == (Constraint("T", (DataType.DT_FLOAT, DataType.DT_HALF)),)


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ((TYPE, "T", None), "what attr T may be of a kernel of op Add"),
        ((TYPE, "T", 0), "what attr T may be of a kernel of op Add"),
        ((TYPE, "T", 77), "what attr T may be of a kernel of op Add"),
        ((TYPES, "T", Place(0, -256), 2), "what attr T may be of a kernel of op Add"),
        ((PRIORITY, None), "the priority of a kernel of op Add"),
        ((LABEL, None), "what a call says that gives the label, of a kernel of op Add"),
        ((f"{_METHODS}7NewsEPKc", "x"), "what a call says that is not known here"),
    ],
)
def test_what_cannot_be_read_makes_a_kernel_undecoded(told: Told, reason: str) -> None:
    program = Program()
    kernel(program, "Add", "AddOp", told)
    (found,) = reasons(program)
    assert found.startswith(reason)


def test_a_function_without_a_name_on_the_builder_may_say_anything() -> None:
    program = Program()
    kernel(program, "Add", "AddOp", (0x9000, "x"))
    assert len(reasons(program)) == 1


@pytest.mark.parametrize("op", [None, Either(0x20000, 0x20001)])
def test_an_op_that_is_not_known(op: Value) -> None:
    program = Program()
    kernel(program, op)
    assert reasons(program) == ["its op"]


def test_a_registrar_that_is_given_something_else() -> None:
    program = Program()
    program.call(REGISTRAR, Place(0, -8), Place(0, -16), 5, "AddOp", FACTORY)
    assert reasons(program) == ["its op"]


def test_a_registrar_that_is_given_nothing_leaves_the_kernel_out() -> None:
    program = Program()
    program.call(REGISTRAR, Place(0, -8), 0, 5, "AddOp", FACTORY)
    assert reasons(program) == []


def test_a_builder_that_nothing_registers() -> None:
    program = Program()
    program.call(NAME, BUILDER, "Add")
    program.call(DEVICE, BUILDER, "CPU")
    assert reasons(program) == ["no call registers what begins with op Add"]


@pytest.mark.parametrize("name", ["", "_no_register"])
def test_names_that_selective_registration_gives_are_no_ops(name: str) -> None:
    program = Program()
    kernel(program, name)
    assert reasons(program) == []


def test_registrars_out_of_the_way_get_what_their_builder_was_told() -> None:
    program = Program()
    built = []
    for op in ("Add", "Sub"):
        program.call(NAME, BUILDER, op)
        built.append(program.call(BUILD, program.call(DEVICE, BUILDER, "CPU")))
    for one, kernel_class in zip(reversed(built), ("SubOp", "AddOp"), strict=True):
        program.call(REGISTRAR, one, kernel_class, FACTORY)
    found = program.read()
    assert {(one.op, one.kernel_class) for one in found.kernels} == {("Add", "AddOp"), ("Sub", "SubOp")}
    assert not found.undecoded


def test_the_device_of_another_library() -> None:
    program = Program()
    program.call(NAME, BUILDER, "Add")
    builder = program.call(DEVICE, BUILDER, Loaded("_ZN10tensorflow10DEVICE_GPUE"))
    program.call(REGISTRAR, program.call(BUILD, builder), "AddOp", FACTORY)
    assert only(program).device == "GPU"


def test_a_class_that_a_call_made_a_view_of() -> None:
    program = Program()
    program.call(NAME, BUILDER, "Add")
    built = program.call(BUILD, program.call(DEVICE, BUILDER, "CPU"))
    program.call("_ZNSt17basic_string_viewIcSt11char_traitsIcEEC1EPKc", Place(0, -32), "AddOp")
    program.call(REGISTRAR, Place(0, -8), built, None, None, FACTORY)
    assert only(program).kernel_class == "AddOp"


def test_a_class_that_the_run_decides_is_not_known() -> None:
    program = Program()
    program.call(NAME, BUILDER, "Add")
    built = program.call(BUILD, program.call(DEVICE, BUILDER, "CPU"))
    program.call(REGISTRAR, built, Either(program.text("AddOp"), program.text("OtherOp")), FACTORY, "left over")
    assert reasons(program) == ["the class of a kernel of op Add"]


def conditional(program: Program, op: str) -> None:
    kernel(program, Either(program.text(op), program.text("")))


def test_an_op_that_the_run_decides_on_is_there_with_its_definition() -> None:
    program = Program()
    conditional(program, "Add")
    conditional(program, "Sub")
    program.call(OP, BUILDER, "Sub")
    found = program.read()
    assert [one.op for one in found.kernels] == ["Sub"]
    assert not found.undecoded


def test_without_definitions_nobody_knows_what_the_run_decides() -> None:
    program = Program()
    conditional(program, "Add")
    assert reasons(program) == ["whether selective registration keeps op Add"]


def test_an_op_definition() -> None:
    program = Program()
    program.call(OP, BUILDER, "Add")
    builder = program.call(INPUT, BUILDER, "x: T")
    builder = program.call(INPUT, builder, "y: T")
    builder = program.call("_ZN10tensorflow12OpDefBuilder16SetIsCommutativeEv", builder)
    builder = program.call(OUTPUT, builder, "z: T")
    program.call(ATTR, builder, "T: type")
    (found,) = program.read().definitions
    assert (found.op, found.inputs, found.outputs, found.attrs) == ("Add", ("x: T", "y: T"), ("z: T",), ("T: type",))


def test_an_op_definition_of_string_objects() -> None:
    program = Program()
    text = Place(0, -128)
    program.call(OP, BUILDER, "Add")
    program.call("_ZNSsC1EPKcRKSaIcE", text, "x: T")
    builder = program.call(INPUT, BUILDER, text)
    program.call("_ZNSsC1EPKcRKSaIcE", text, "T: type")
    program.call(ATTR, builder, text)
    (found,) = program.read().definitions
    assert (found.inputs, found.attrs) == (("x: T",), ("T: type",))


def test_an_op_definition_whose_name_is_stored_without_a_call() -> None:
    program = Program()
    for at, part in ((0, b"MatM"), (3, b"Mul\0")):
        program.memory.store(Place(0, -48 + at), 4, int.from_bytes(part, "little"))
    program.memory.store(BUILDER, 8, Place(0, -48))
    program.memory.store(Place(0, -56), 8, 6)
    program.call(RECEIVER, Place(0, -8), program.call(INPUT, BUILDER, "x: T"))
    (found,) = program.read().definitions
    assert (found.op, found.inputs) == ("MatMul", ("x: T",))


def test_kernels_and_ops_of_the_c_api() -> None:
    program = Program()
    builder = program.call("TF_NewKernelBuilder", "Bitcast", "CPU", FACTORY, 0x500, 0x600)
    program.call("TF_KernelBuilder_TypeConstraint", builder, "T", 1)
    program.call("TF_KernelBuilder_HostMemory", builder, "x")
    program.call("TF_RegisterKernelBuilder", "BitcastOp", builder)
    builder = program.call("TF_NewOpDefinitionBuilder", "Bitcast")
    program.call("TF_OpDefinitionBuilderAddInput", builder, "input: T")
    program.call("TF_RegisterOpDefinition", builder)
    found = only(program)
    assert (found.op, found.device, found.kernel_class, found.factory) == ("Bitcast", "CPU", "BitcastOp", FACTORY)
    assert (found.constraints, found.host_memory_args) == ((Constraint("T", (DataType.DT_FLOAT,)),), ("x",))
    assert [(one.op, one.inputs) for one in program.read().definitions] == [("Bitcast", ("input: T",))]
