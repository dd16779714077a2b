"""A small index, a small model and a way to run a command line in this process."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from kernel_index.datatypes import DataType
from kernel_index.records import (
    ArgDefinition,
    AttrDefinition,
    BuildLists,
    Condition,
    Constraint,
    Diagnostic,
    GraphVersions,
    KernelRegistration,
    Location,
    OpDefinition,
    ScanResult,
)
from kernel_index.store import write_index
from opselect.cli.main import run

KERNELS = "tensorflow/core/kernels"
SLIM_AND_FULL = ("android-slim", "android")


@dataclass(frozen=True)
class Outcome:
    """What a command line left: exit code, stdout, stderr."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Cli = Callable[..., Outcome]


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Cli:
    """Runs a command line in a scratch folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("COLUMNS", raising=False)

    def call(*arguments: str | Path) -> Outcome:
        code = run([str(argument) for argument in arguments])
        printed = capsys.readouterr()
        return Outcome(code, printed.out, printed.err)

    return call


def _kernel(
    op: str,
    file: str,
    line: int,
    dtype: DataType | None = None,
    *,
    profiles: tuple[str, ...] = SLIM_AND_FULL,
    device: str = "CPU",
    condition: Condition | None = None,
    system: bool = False,
) -> KernelRegistration:
    return KernelRegistration(
        op=op,
        device=device,
        kernel_class=f"{op}Op<{device}Device>",
        location=Location(f"{KERNELS}/{file}", line),
        profiles=profiles,
        constraints=() if dtype is None else (Constraint("T", (dtype,)),),
        condition=condition,
        system=system,
    )


def _op(name: str, inputs: int, *, typed: bool = True) -> OpDefinition:
    args = tuple(ArgDefinition(f"in{i}", "T" if typed else "float") for i in range(inputs))
    attrs = (AttrDefinition("T", "type", has_default=True, default=DataType.DT_FLOAT),) if typed else ()
    return OpDefinition(name, args, (ArgDefinition("out", "T" if typed else "float"),), attrs, Location("ops.cc", 7))


def _source_op(name: str, attr: AttrDefinition) -> OpDefinition:
    """An op without inputs, of a type that its attr ``dtype`` says."""
    dtype = AttrDefinition("dtype", "type")
    return OpDefinition(name, (), (ArgDefinition("output", "dtype"),), (dtype, attr), Location("ops.cc", 3))


@pytest.fixture(scope="session")
def scan() -> ScanResult:
    """Mul for float everywhere and for int64 in the bigger profile only; MatMul on GPU only, Lonely without kernel."""
    gpu = Condition("GOOGLE_CUDA", True, "#if GOOGLE_CUDA", Location(f"{KERNELS}/matmul_op.cc", 40))
    runtime = [
        _kernel(op, "runtime_ops.cc", line, system=True)
        for line, op in enumerate(("NoOp", "_Arg", "_HostRecv", "_HostSend", "_Recv", "_Retval", "_Send"), start=10)
    ]
    registrations = [
        _kernel("Mul", "cwise_op_mul.cc", 20, DataType.DT_FLOAT),
        _kernel("Mul", "cwise_op_mul.cc", 20, DataType.DT_HALF, profiles=("android",)),
        _kernel("Mul", "cwise_op_mul.cc", 20, DataType.DT_INT64, profiles=("android",)),
        _kernel("Mul", "cwise_op_mul.cc", 31, DataType.DT_INT32),
        _kernel("MatMul", "matmul_op.cc", 41, DataType.DT_FLOAT, profiles=(), device="GPU", condition=gpu),
        _kernel("Relu", "relu_op.cc", 12, DataType.DT_FLOAT),
        _kernel("Placeholder", "constant_op.cc", 90),
        _kernel("Const", "constant_op.cc", 50),
        *runtime,
    ]
    lists = BuildLists(
        prefix="android",
        groups={
            "android_core_ops": (f"{KERNELS}/constant_op.cc", f"{KERNELS}/runtime_ops.cc"),
            "android_extended_ops_group1": (f"{KERNELS}/cwise_op_mul.cc",),
            "android_extended_ops_group2": (f"{KERNELS}/softplus_op.cc",),
            "android_quantized_ops": (f"{KERNELS}/quantized_mul_ops.cc",),
        },
        group_labels={
            "android_core_ops": ("constant_op.cc", "runtime_ops.cc"),
            "android_extended_ops_group1": ("cwise_op_mul.cc",),
            "android_extended_ops_group2": ("softplus_op.cc",),
            "android_quantized_ops": ("quantized_mul_ops.cc",),
        },
        makefile=(f"{KERNELS}/constant_op.cc", f"{KERNELS}/cwise_op_mul.cc", "tensorflow/core/ops/math_ops.cc"),
    )
    return ScanResult(
        release="1.13.9",
        profiles=SLIM_AND_FULL,
        registrations=tuple(sorted(registrations, key=lambda r: (r.op, r.location, str(r.constraints)))),
        op_definitions=(
            _source_op("Const", AttrDefinition("value", "tensor")),
            _op("Lonely", 1),
            _op("MatMul", 2),
            _op("Mul", 2),
            _source_op("Placeholder", AttrDefinition("shape", "shape", has_default=True)),
            _op("Relu", 1),
        ),
        build_lists=lists,
        diagnostics=(Diagnostic(Location(f"{KERNELS}/odd.cc", 3), "a name that cannot be evaluated: kOdd"),),
        graph_versions=GraphVersions(27),
    )


@pytest.fixture(scope="session")
def index_file(scan: ScanResult, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The scan as an index file."""
    path = tmp_path_factory.mktemp("index") / "small.opselidx"
    write_index(scan, path)
    return path


Model = Callable[..., Path]


@pytest.fixture
def model(tmp_path: Path) -> Model:
    """Writes a graph in text form: x, then one node an op, each fed by the one before."""

    def write(*ops: str, name: str = "model.pbtxt", dtype: str = "DT_FLOAT") -> Path:
        nodes = [f'node {{ name: "x" op: "Placeholder" attr {{ key: "dtype" value {{ type: {dtype} }} }} }}']
        before = "x"
        for position, op in enumerate(ops):
            inputs = f'input: "{before}" ' * (1 if op in ("Relu", "Lonely") else 2)
            attr = f'attr {{ key: "T" value {{ type: {dtype} }} }}'
            before = f"n{position}"
            nodes.append(f'node {{ name: "{before}" op: "{op}" {inputs}{attr} }}')
        path = tmp_path / name
        path.write_text("\n".join(nodes) + "\n")
        return path

    return write


TREE = {
    "tensorflow/core/public/version.h": """
#define TF_MAJOR_VERSION 1
#define TF_MINOR_VERSION 13
#define TF_PATCH_VERSION 9
#define TF_VERSION_SUFFIX ""
#define TF_GRAPH_DEF_VERSION 27
""",
    "tensorflow/core/framework/types.h": """
#pragma once
const char* const DEVICE_CPU = "CPU";
""",
    "tensorflow/core/ops/math_ops.cc": """
REGISTER_OP("Mul").Input("x: T").Input("y: T").Output("z: T").Attr("T: {float, int64} = DT_FLOAT");
REGISTER_OP("Cumsum").Input("x: T").Output("y: T").Attr("T: {float, int64}");
REGISTER_OP("Placeholder").Output("output: dtype").Attr("dtype: type");
""",
    "tensorflow/core/kernels/mul_op.cc": """
#include "tensorflow/core/framework/types.h"
#define REGISTER(T) \\
  REGISTER_KERNEL_BUILDER(Name("Mul").Device(DEVICE_CPU).TypeConstraint<T>("T"), MulOp<CPUDevice, T>)
REGISTER(float);
#ifdef WITH_LONG
REGISTER(int64);
#endif
""",
    "tensorflow/core/kernels/cumsum_op.cc": """
#include "tensorflow/core/framework/types.h"
REGISTER_KERNEL_BUILDER(Name("Cumsum").Device(DEVICE_CPU).TypeConstraint<float>("T"), CumsumOp<float>);
""",
    "tensorflow/core/kernels/placeholder_op.cc": """
#include "tensorflow/core/framework/types.h"
REGISTER_KERNEL_BUILDER(Name("Placeholder").Device(DEVICE_CPU), PlaceholderOp);
""",
    "tensorflow/core/kernels/BUILD": """
filegroup(
    name = "android_core_ops",
    srcs = ["placeholder_op.cc"],
)

filegroup(
    name = "android_extended_ops_group1",
    srcs = ["mul_op.cc"],
)

filegroup(
    name = "android_extended_ops_group2",
    srcs = ["cumsum_op.cc"],
)
""",
    "my_ops/kernels/fast_op.cc": """
#include "tensorflow/core/framework/types.h"
REGISTER_KERNEL_BUILDER(Name("Fast").Device(DEVICE_CPU), FastOp);
""",
}


@pytest.fixture(scope="session")
def small_tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout of a TensorFlow with four kernels, one of them in a folder that only ``--root`` names."""
    root = tmp_path_factory.mktemp("tree") / "tensorflow"
    for name, text in TREE.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.lstrip("\n"))
    return root
