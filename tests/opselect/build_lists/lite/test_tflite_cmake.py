"""What ``tflite-cmake`` writes; ``tests/builds/test_lite.py`` builds with it."""

from __future__ import annotations

import pytest

from opselect.build_lists.lite import LiteOptions
from opselect.build_lists.lite.render import lite_warnings
from tests.opselect.build_lists.lite.tflite_models import builtin, custom, model, text_of

PLAIN = model("b.tflite", builtin("ADD"))
FLEX = model("a.tflite", builtin("MUL"), custom("FlexInv"))
CUSTOM = model("c.tflite", custom("MyOp"), unused=(custom("Unused"),))


def comments(text: str) -> str:
    return "\n".join(line[1:].strip() for line in text.splitlines() if line.startswith("#"))


@pytest.mark.parametrize(
    ("labels", "folder", "root"), [("tensorflow", "tensorflow/lite", "TENSORFLOW"), ("litert", "tflite", "LITERT")]
)
def test_how_it_is_used_is_said_in_the_words_of_the_tree(labels: str, folder: str, root: str) -> None:
    said = comments(text_of("tflite-cmake", PLAIN, FLEX, labels=labels))
    assert f"add_subdirectory(${{{root}_ROOT}}/{folder} tensorflow-lite EXCLUDE_FROM_ALL)" in said
    assert f'#include "{folder}/mutable_op_resolver.h"' in said
    assert "b.tflite\na.tflite" in said


def test_the_function_is_declared_in_its_namespace() -> None:
    plain = text_of("tflite-cmake", PLAIN)
    assert "\nvoid RegisterSelectedOps(::tflite::MutableOpResolver* resolver);\n" in comments(plain)
    assert "\nRegisterSelectedOps(&resolver);" in comments(plain)
    assert "PRIVATE opselect_registration)" in plain
    own = text_of("tflite-cmake", PLAIN, namespace="app::models")
    declared = "namespace app::models { void RegisterSelectedOps(::tflite::MutableOpResolver* resolver); }"
    assert f"\n{declared}\n" in comments(own)
    assert "\napp::models::RegisterSelectedOps(&resolver);" in comments(own)
    assert "add_library(opselect_registration_app_models OBJECT" in own


def test_in_a_namespace_the_c_api_cannot_have_the_selection() -> None:
    """The source that gives it one looks for the function outside of all namespaces."""
    source = "create_op_resolver_with_selected_ops.cc"
    assert source in text_of("tflite-cmake", PLAIN)
    own = text_of("tflite-cmake", PLAIN, namespace="app")
    assert source not in own
    assert "So do tflite::CreateOpResolver and TfLiteInterpreterCreate" in own


def test_custom_operators_are_asked_for_as_the_registration_has_them() -> None:
    assert "OPSELECT_CUSTOM_OPS" not in text_of("tflite-cmake", PLAIN, FLEX)
    text = text_of("tflite-cmake", CUSTOM)
    assert "MyOp: TfLiteRegistration* Register_MY_OP()" in comments(text)
    assert "Register_UNUSED" not in text
    assert "Register_UNUSED" in text_of("tflite-cmake", CUSTOM, compat="2.14")
    assert lite_warnings("tflite-cmake", [CUSTOM], LiteOptions()) == (
        "CMake asks for the targets that define the custom operators in OPSELECT_CUSTOM_OPS: MyOp.",
    )


def test_flex_operators_need_a_library_that_cmake_does_not_build() -> None:
    assert "no flex delegate" not in text_of("tflite-cmake", PLAIN)
    said = comments(text_of("tflite-cmake", FLEX))
    assert "CMake builds of TensorFlow Lite have no flex delegate" in said
    assert "\nFlexInv\n" in f"{said}\n"
    (warning,) = lite_warnings("tflite-cmake", [FLEX, PLAIN], LiteOptions())
    assert "no flex delegate" in warning


def test_names_stay_in_their_comments() -> None:
    text = text_of("tflite-cmake", model("a\nmessage(evil).tflite", custom("Flex\nmessage(evil)")))
    assert not [line for line in text.splitlines() if line.startswith("message(evil")]


def test_each_linker_is_told_in_its_own_words_to_drop_what_nothing_refers_to() -> None:
    text = " ".join(text_of("tflite-cmake", model("a.tflite", builtin("ADD"))).split())
    library = "target_link_options(opselect_registration INTERFACE"
    assert f"if(MSVC) {library} /OPT:REF) else()" in text
    assert f"if(APPLE) {library} -Wl,-dead_strip) else() {library} -Wl,--gc-sections) endif()" in text
