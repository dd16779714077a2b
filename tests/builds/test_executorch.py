"""The header of ExecuTorch's dtypes, compiled against the declarations that it needs."""

from __future__ import annotations

import json
from pathlib import Path

from opselect.cli.main import run
from opselect.executorch.kernel_keys import DTYPES
from tests.builds.builders import checked, missing_commands, skip_without

LISTED = {
    "aten::add.out": ["Float", "UInt64"],
    "aten::mul.out": [],
    "aten::cat.out": ["v1/5;0|15;0", "QUInt4X2"],
    "aten::none.out": ["v1"],
    "mine::add.out": list(DTYPES[:-1]),
}
STAND_IN = f"""\
#include <cstdint>
#include <string_view>
namespace executorch {{ namespace aten {{
enum class ScalarType : int8_t {{ {", ".join(DTYPES)} }};
}} }}
#include "selected_op_variants.h"
using executorch::aten::ScalarType;
"""
ANSWERS = {
    "add.out": {"Float", "UInt64"},
    "mul.out": set(DTYPES),
    "cat.out": {"Half", "BFloat16", "QUInt4x2"},
    "none.out": set(DTYPES),
    "mine::add.out": set(DTYPES) - {"UInt64"},
    "aten::add.out": set(),
    "add.ou": set(),
    "": set(),
    "pow.Scalar": set(DTYPES),
    "pow": set(),
    "powers.out": set(),
}


def test_the_header_answers_for_each_operator_and_dtype(tmp_path: Path) -> None:
    skip_without(missing_commands("g++"))
    (tmp_path / "ops.json").write_text(json.dumps(LISTED))
    (tmp_path / "family.yaml").write_text("operators: {aten::pow: {}}\n")
    lists = [str(tmp_path / name) for name in ("ops.json", "family.yaml")]
    assert run(["generate", *lists, "--target", "executorch-header", "--out", str(tmp_path), "--quiet"]) == 0
    asserts = [
        f'static_assert({"" if dtype in has else "!"}should_include_kernel_dtype("{name}", ScalarType::{dtype}), "");'
        for name, has in ANSWERS.items()
        for dtype in DTYPES
    ]
    (tmp_path / "asks.cpp").write_text(STAND_IN + "\n".join(asserts) + "\n")
    checked(["g++", "-std=c++17", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", "asks.cpp"], tmp_path)
    (tmp_path / "all.yaml").write_text("include_all_operators: true\n")
    assert (
        run(["generate", *lists, str(tmp_path / "all.yaml"), "--target", "executorch-header", "--out", str(tmp_path)])
        == 0
    )
    (tmp_path / "all.cpp").write_text(
        STAND_IN + 'static_assert(should_include_kernel_dtype("any", ScalarType::Bits8), "");\n'
    )
    # Such a header asks for neither of its arguments, as that of ExecuTorch's own tool.
    checked(["g++", "-std=c++17", "-Wall", "-Werror", "-fsyntax-only", "all.cpp"], tmp_path)
