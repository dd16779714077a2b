"""How tables of running libraries are made and compared, on small ones by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from google.protobuf import text_format

from kernel_index.datatypes import DataType
from kernel_index.records import (
    ArgDefinition,
    AttrDefinition,
    BuildLists,
    Constraint,
    KernelRegistration,
    Location,
    OpDefinition,
    ScanResult,
)
from kernel_index.store import write_index
from opselect.models.proto.schema import message_class
from tests.conformance.dump_registry import op_definitions
from tests.conformance.op_definitions import Table, compare_definitions
from tests.conformance.registry import compare, open_scanned, ops_of_tests, table_of

OPS = """
op {
  name: "Blend"
  input_arg { name: "parts" type_attr: "T" number_attr: "N" }
  input_arg { name: "weight" type: DT_FLOAT }
  output_arg { name: "sum" type_attr: "T" is_ref: true }
  output_arg { name: "rest" type_list_attr: "Trest" }
  attr { name: "T" type: "type" allowed_values { list { type: DT_FLOAT type: DT_HALF } } }
  attr { name: "N" type: "int" has_minimum: true minimum: 1 }
  attr { name: "Trest" type: "list(type)" default_value { list { type: DT_INT32 } } }
  attr { name: "mode" type: "string" default_value { s: "add" } }
  attr { name: "scale" type: "float" default_value { f: 0.1 } }
  attr { name: "shape" type: "shape" default_value { shape { } } }
  deprecation { version: 9 explanation: "use Mix" }
  is_stateful: true
}
"""

ROW = {"type": "", "allowed": None, "min": None, "has": False, "default": None}

BLEND = OpDefinition(
    "Blend",
    (ArgDefinition("parts", "N*T"), ArgDefinition("weight", "float32")),
    (ArgDefinition("sum", "Ref(T)"), ArgDefinition("rest", "Trest")),
    (
        AttrDefinition("T", "type", (DataType.DT_FLOAT, DataType.DT_HALF)),
        AttrDefinition("N", "int", minimum=1),
        AttrDefinition("Trest", "list(type)", has_default=True, default=(DataType.DT_INT32,)),
        AttrDefinition("mode", "string", has_default=True, default="add"),
        AttrDefinition("scale", "float", has_default=True, default=0.1),
        AttrDefinition("shape", "shape", has_default=True, default_text="{}"),
    ),
    Location("ops.cc", 1),
    stateful=True,
)


def table() -> Table:
    return op_definitions(text_format.Parse(OPS, message_class("OpList")()), lambda number: DataType(number).name)


def test_definitions_as_a_table() -> None:
    assert table() == {
        "Blend": {
            "in": ["parts", "weight"],
            "in_types": ["N * T", "float"],
            "out": ["sum", "rest"],
            "out_types": ["Ref(T)", "Trest"],
            "stateful": True,
            "deprecated": 9,
            "attrs": {
                "T": {**ROW, "type": "type", "allowed": ["DT_FLOAT", "DT_HALF"]},
                "N": {**ROW, "type": "int", "min": 1},
                "Trest": {**ROW, "type": "list(type)", "has": True, "default": ["DT_INT32"]},
                "mode": {**ROW, "type": "string", "has": True, "default": "add"},
                "scale": {**ROW, "type": "float", "has": True, "default": pytest.approx(0.1)},
                "shape": {**ROW, "type": "shape", "has": True, "default": "OPAQUE"},
            },
        }
    }


def attr_replaced(position: int, attr: AttrDefinition) -> OpDefinition:
    return replace(BLEND, attrs=(*BLEND.attrs[:position], attr, *BLEND.attrs[position + 1 :]))


@pytest.mark.parametrize(
    ("ours", "difference"),
    [
        (BLEND, None),
        (replace(BLEND, inputs=BLEND.inputs[:1]), "names of inputs"),
        (replace(BLEND, outputs=BLEND.outputs[::-1]), "names of outputs"),
        (
            replace(BLEND, inputs=(BLEND.inputs[0], ArgDefinition("weight", "T"))),
            "types of inputs: ['N * T', 'T'], not ['N * T', 'float']",
        ),
        (replace(BLEND, stateful=False), "stateful"),
        (replace(BLEND, attrs=BLEND.attrs[1:]), "attrs ['T'] on one side only"),
        (attr_replaced(0, AttrDefinition("T", "type", (DataType.DT_FLOAT,))), "allowed values of T"),
        (attr_replaced(0, AttrDefinition("T", "type")), "allowed values of T"),
        (attr_replaced(1, AttrDefinition("N", "int", minimum=2)), "N"),
        (attr_replaced(3, AttrDefinition("mode", "string")), "mode"),
        (
            attr_replaced(3, AttrDefinition("mode", "string", has_default=True, default="mul")),
            "default of mode: 'mul', not 'add'",
        ),
    ],
)
def test_definitions_are_compared_in_every_field(ours: OpDefinition, difference: str | None) -> None:
    comparison = compare_definitions([ours], table(), ())
    assert comparison.differences == ({} if difference is None else {"Blend": (difference,)})
    assert comparison.compared == 1


def test_definitions_that_are_missing() -> None:
    comparison = compare_definitions([], table(), ())
    assert (comparison.compared, comparison.missing, comparison.of_tests) == (0, ("Blend",), ())
    assert compare_definitions([], table(), ("Blend",)).of_tests == ("Blend",)
    looped = compare_definitions([], {"LoadTPUEmbeddingADAMParameters": table()["Blend"]}, ())
    assert (looped.missing, looped.made_at_run_time) == ((), ("LoadTPUEmbeddingADAMParameters",))


def kernel(op: str, file: str, device: str = "CPU") -> KernelRegistration:
    constraints = (Constraint("T", (DataType.DT_FLOAT,)),)
    return KernelRegistration(op, device, f"{op}Op", Location(file, 5), ("android", "desktop"), constraints=constraints)


def row(op: str, device: str = "CPU") -> dict[str, object]:
    return {
        "op": op, "device": device, "label": "", "priority": 0, "constraints": {"T": ["DT_FLOAT"]},
        "host_memory_arg": [], "kernel_class": f"{op}Op",
    }  # fmt: skip


def scan(*kernels: KernelRegistration, skipped: tuple[str, ...] = ()) -> ScanResult:
    return ScanResult(
        "2.4.0", ("android", "desktop"), kernels, (BLEND,), BuildLists(), skipped_files=dict.fromkeys(skipped, "a test")
    )


def test_kernels_are_compared_with_a_cause_for_each_difference() -> None:
    ours = scan(
        kernel("Add", "tensorflow/core/kernels/add.cc"),
        kernel("Tpu", "tensorflow/core/tpu/kernels/tpu.cc"),
        kernel("Odd", "tensorflow/core/kernels/odd.cc"),
        kernel("Add", "tensorflow/core/kernels/add.cc", "GPU"),
    )
    registry = [row("Add"), row("Fact"), row("Size", "XLA_CPU"), row("Tested"), row("Lost")]
    comparison = compare(ours, registry, {"Tested": "t_test.cc", "Size": "t_test.cc"}, devices=None)
    assert (comparison.registry, comparison.found, comparison.reported) == (4, 1, 4)
    assert [(d.key[0], d.place) for d in comparison.missing] == [
        ("Fact", ""), ("Lost", ""), ("Size", ""), ("Tested", "t_test.cc"),
    ]  # fmt: skip
    assert {(d.side, d.key[0], d.key[1]) for d in comparison.unexplained} == {
        ("missing", "Lost", "CPU"), ("surplus", "Odd", "CPU"), ("surplus", "Add", "GPU"),
    }  # fmt: skip
    of_cpu = compare(ours, registry, {}, devices=("CPU",))
    assert (of_cpu.found, of_cpu.reported, len(of_cpu.missing)) == (1, 3, 3)


def test_ops_of_tests_are_read_off_the_files_that_the_scan_left_out(tmp_path: Path) -> None:
    text = 'REGISTER_OP("Spaced>Op");\nREGISTER_KERNEL_BUILDER(Name("K").Device(DEVICE_CPU), K);\n'
    (tmp_path / "a_test.cc").write_text(text + "REGISTER_RESOURCE_HANDLE_OP(Stub);\n")
    found = ops_of_tests(scan(skipped=("a_test.cc",)), tmp_path)
    assert found == dict.fromkeys(("Spaced>Op", "K", "StubHandleOp"), "a_test.cc")


def test_an_index_stands_for_a_scan(tmp_path: Path) -> None:
    made = scan(kernel("Blend", "tensorflow/core/kernels/add.cc"), skipped=("a_test.cc",))
    write_index(made, tmp_path / "x.opselidx")
    assert open_scanned(tmp_path, tmp_path / "x.opselidx") == made


def test_the_table_of_a_release_serves_its_patch_releases() -> None:
    for release in ("2.14.0", "2.14.1"):
        found = table_of("registered_kernels", release)
        assert found is not None
        assert found.name == "registered_kernels_2.14.1.json.gz"
    assert table_of("registered_kernels", "2.1.4") is None
    assert table_of("op_definitions", "1.15.0") is None
