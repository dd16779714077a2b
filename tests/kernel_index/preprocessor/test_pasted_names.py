"""Macros whose names no text spells out, because ``##`` builds them: nothing may be left out for that."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kernel_index.preprocessor.programs import marks


def test_a_macro_of_a_header(tmp_path: Path) -> None:
    headers = {
        "names.h": '#define NAME_a "A"\n#define b_NAME "B"\n#define OTHER_c C\n#define d_MID_e D\n#include "more.h"\n',
        "more.h": "#define MORE(x) OTHER_##x\n",
    }
    source = """#include "names.h"
#define FRONT(x) MARK(0, NAME_##x)
#define BACK(x) MARK(0, x##_NAME)
#define MIDDLE(x, y) MARK(0, x ## _MID_ ## y)
FRONT(a) BACK(b) MARK(0, MORE(c)) MIDDLE(d, e)
"""
    assert marks(tmp_path, source, headers) == ['"A"', '"B"', "C", "D"]


@pytest.mark.parametrize(
    "pasted", ["REGISTER_##x", "y##_type", "y##_##x", "y ## _on_ ## x", "y##STER_##x", "RE##z##_##x"]
)
@pytest.mark.parametrize("in_header", [False, True])
def test_a_macro_that_registers(pasted: str, in_header: bool, tmp_path: Path) -> None:
    names = "REGISTER_type", "REGI_type", "REGI_on_type"
    source = "".join(f"#define {name} MARK(0, 1)\n" for name in names) + f"#define BUILD(x, y, z) {pasted};\n"
    headers = {"build.h": source} if in_header else {}
    begin = '#include "build.h"\n' if in_header else source
    assert marks(tmp_path, f"{begin}BUILD(type, REGI, GI)\n", headers) == ["1"]
