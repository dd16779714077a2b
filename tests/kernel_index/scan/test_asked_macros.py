"""Which macros the registrations of a checkout hang on."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from kernel_index.profiles import BuildProfile
from kernel_index.scan import scan_tree
from kernel_index.scan.asked_macros import asked_macros
from kernel_index.source_tree import open_tree
from tests.kernel_index.scan.trees import printed, tree

KERNEL = 'REGISTER_KERNEL_BUILDER(Name("One").Device(DEVICE_CPU).TypeConstraint<{}>("T"), Op);\n'
HEADER = "tensorflow/core/kernels/types.h"
INCLUDE = f'#include "{HEADER}"\n'
JOINED = "#define JOIN(A, B) A##B\n"
BUILT = "#define TYPE_OF(NAME) TYPE_OF_##NAME\n"

CASES: Mapping[str, tuple[str, str, str, str]] = {
    "a condition of a source": ("#ifdef X\n" + KERNEL.format("float") + "#endif\n", "", "X", "1"),
    "a condition of a header": (INCLUDE + KERNEL.format("MINE"), "#ifdef X\n#define MINE half\n#endif\n", "X", "1"),
    "the text of a registration": (KERNEL.format("X"), "", "X", "half"),
    "a macro of the source": ("#define MINE X\n" + KERNEL.format("MINE"), "", "X", "half"),
    "a macro of a header": (INCLUDE + KERNEL.format("MINE"), "#define MINE OF_MINE\n#define OF_MINE X\n", "X", "half"),
    "a registration in a header": (INCLUDE, KERNEL.format("X"), "X", "half"),
    "a name that ## of a source builds": (BUILT + KERNEL.format("TYPE_OF(One)"), "", "TYPE_OF_One", "half"),
    "a name that ## of a header builds": (INCLUDE + KERNEL.format("TYPE_OF(One)"), BUILT, "TYPE_OF_One", "half"),
    "a name joined of two in a source": (JOINED + KERNEL.format("JOIN(MY, TYPE)"), "", "MYTYPE", "half"),
    "a name joined of two in a header": (INCLUDE, JOINED + KERNEL.format("JOIN(MY, TYPE)"), "MYTYPE", "half"),
    "the header that is included": (
        f"#ifdef OTHER\n{INCLUDE}#else\n#include X\n#endif\n{KERNEL.format('MINE')}",
        "#define MINE half\n",
        "X",
        f'"{HEADER}"',
    ),
}


def registered(checkout: Path, defines: Mapping[str, str]) -> list[str]:
    scan = scan_tree(checkout, profiles=(BuildProfile("desktop", defines),), jobs=1)
    return [printed(registration) for registration in scan.registrations if registration.profiles]


@pytest.mark.parametrize("name", CASES)
def test_a_macro_that_changes_what_is_registered_decides(name: str, tmp_path: Path) -> None:
    source, header, macro, text = CASES[name]
    checkout = tree(tmp_path, source, {HEADER: header})
    asked = asked_macros(open_tree(checkout))
    assert registered(checkout, {macro: text}) != registered(checkout, {})
    assert asked.decides(macro)
    assert asked.writes(macro) == (macro not in asked.places)


def test_a_macro_that_no_registration_hangs_on_decides_nothing(tmp_path: Path) -> None:
    source = (
        f"{INCLUDE}{JOINED}{BUILT}int size = SIZE;\n#ifdef FAST\nint fast;\n#endif\n#define OWN PIC\n#define LAST\n"
        f"{KERNEL.format('MINE')}{KERNEL.format('JOIN(MY, TYPE)')}"
    )
    header = "#define MINE float\n#ifdef LOUD\nint loud = VOLUME;\n#endif\n#define UNUSED OTHER\n"
    asked = asked_macros(open_tree(tree(tmp_path, source, {HEADER: header})))
    names = ("SIZE", "FAST", "PIC", "LOUD", "VOLUME", "OTHER", "app_EXPORTS", "TYPEMY_", "OF_One")
    assert [name for name in names if asked.decides(name)] == []
