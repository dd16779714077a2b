"""What a compiler makes of headers in every form, beside what they are read to register."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from opselect.build_lists.header.reader import read_header
from opselect.build_lists.header.writer import own_text

ROOT = Path(__file__).parents[4]
FORMS = ROOT / "fixtures/headers/forms"
RUNTIME = ROOT / "fixtures/runtime_tree"
STRING_OF_CLASSES = "1.0.1"
"""The form whose test of classes is no constant expression: the macros of 1.0 asked for none, later ones do."""
OURS = own_text({"Mul": "x", "Add": ""}, {"BinaryOp<CPUDevice, functor::mul<float>>": "Mul: x", "NoOp": ""}, ["for us"])
HEADERS = {path.stem: path.read_text() for path in sorted(FORMS.glob("*.h"))} | {"ours": OURS}

OPS = ["Mul", " Mul", "Mu", "Mull", "AccumulateNV2", "NoOp", ""]
CLASSES = [
    "BinaryOp< CPUDevice, functor::mul<float>>",
    "BinaryOp<CPUDevice, functor::mul<float>>",
    "BinaryOp<CPUDevice,functor::mul<float>>",
    "NoOp",
    "Mul",
    "float",
]

pytestmark = pytest.mark.skipif(shutil.which("g++") is None, reason="no g++")


def compiled(folder: Path, header: str, program: str, *flags: str) -> subprocess.CompletedProcess[str]:
    (folder / "ops_to_register.h").write_text(header)
    (folder / "main.cc").write_text(program)
    command = ["g++", "-I.", f"-I{RUNTIME}", "-Wall", "-Werror", "-Wno-unused", *flags, "main.cc"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


USES = """
#include <cstring>
#include "tensorflow/core/framework/selective_registration.h"
template <bool registered> struct Op {{}};
Op<SHOULD_REGISTER_OP("Mul")> op;
{constant} bool kernel = SHOULD_REGISTER_OP_KERNEL("NoOp");
constexpr bool gradient = SHOULD_REGISTER_OP_GRADIENT;
"""


@pytest.mark.parametrize("standard", ["c++11", "c++17"])
@pytest.mark.parametrize("name", HEADERS)
def test_every_form_compiles_where_tensorflow_uses_it(name: str, standard: str, tmp_path: Path) -> None:
    program = USES.format(constant="static" if name == STRING_OF_CLASSES else "constexpr")
    for macro in ([], ["-DSELECTIVE_REGISTRATION"]):
        done = compiled(tmp_path, HEADERS[name], program, "-fsyntax-only", f"-std={standard}", *macro)
        assert done.returncode == 0, done.stderr


def test_the_oldest_form_compiles_in_no_build_that_asks_for_a_constant(tmp_path: Path) -> None:
    program = USES.format(constant="constexpr")
    done = compiled(tmp_path, HEADERS[STRING_OF_CLASSES], program, "-fsyntax-only", "-DSELECTIVE_REGISTRATION")
    assert "strstr" in done.stderr


@pytest.mark.parametrize("name", HEADERS)
def test_a_compiler_registers_what_is_read(name: str, tmp_path: Path) -> None:
    tests = [f'SHOULD_REGISTER_OP("{op}")' for op in OPS]
    tests += [f'SHOULD_REGISTER_OP_KERNEL("{text}")' for text in CLASSES] + ["SHOULD_REGISTER_OP_GRADIENT"]
    body = "".join(f"std::putchar({test} ? '1' : '0');" for test in tests)
    program = f'#include <cstdio>\n#include <cstring>\n#include "ops_to_register.h"\nint main() {{ {body} }}\n'
    done = compiled(tmp_path, HEADERS[name], program)
    assert done.returncode == 0, done.stderr
    printed = subprocess.run([tmp_path / "a.out"], capture_output=True, text=True, check=True).stdout
    header = read_header(HEADERS[name])
    expected = [*map(header.has_op, OPS), *map(header.has_class, CLASSES), header.gradient]
    assert dict(zip(tests, printed, strict=True)) == {
        test: str(int(value)) for test, value in zip(tests, expected, strict=True)
    }
