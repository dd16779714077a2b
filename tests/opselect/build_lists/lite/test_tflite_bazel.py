from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel_index.errors import InputError
from opselect.build_lists.lite import Labels, LiteOptions
from opselect.build_lists.lite.render import lite_warnings
from opselect.models.graph.tflite import FlexFault, FlexProblem
from tests.buildifier import complaints, needs_buildifier
from tests.opselect.build_lists.lite.tflite_models import builtin, custom, model, text_of

PLAIN = model("b.tflite", builtin("ADD"))
FLEX = model("folder/a.tflite", builtin("MUL"), custom("FlexInv"))
CUSTOM = model("c.tflite", custom("MyOp"), custom("theirOp"))
CASES = {
    "plain": (PLAIN,),
    "flex": (FLEX,),
    "some flex": (PLAIN, FLEX),
    "custom": (CUSTOM,),
    "all": (PLAIN, FLEX, CUSTOM),
}


def evaluated(text: str) -> tuple[dict[str, tuple[str, ...]], dict[str, tuple[str, dict[str, Any]]]]:
    """What a BUILD file loads, label → names, and its calls: name → rule and the other arguments."""
    loads: dict[str, tuple[str, ...]] = {}
    calls: dict[str, tuple[str, dict[str, Any]]] = {}
    names: dict[str, Any] = {}

    def load(label: str, *rules: str) -> None:
        assert not calls
        loads[label] = rules
        for rule in rules:
            names[rule] = lambda *, name, rule=rule, **arguments: calls.update({name: (rule, arguments)})

    names["load"] = load
    exec(text, names)
    return loads, calls


@pytest.mark.parametrize(
    ("labels", "build_def", "flex_def"),
    [
        ("tensorflow", "//tensorflow/lite:build_def.bzl", "//tensorflow/lite/delegates/flex:build_def.bzl"),
        ("litert", "//tflite:build_def.bzl", "//tflite/delegates/flex:build_def.bzl"),
    ],
)
def test_rules_of_either_tree(labels: str, build_def: str, flex_def: str) -> None:
    loads, calls = evaluated(text_of("tflite-bazel", PLAIN, FLEX, labels=labels))
    of_models = ("tflite_custom_android_library", "tflite_custom_c_library", "tflite_custom_cc_library")
    of_flex = ("tflite_flex_android_library", "tflite_flex_cc_library", "tflite_flex_shared_library")
    assert loads == {build_def: of_models, flex_def: of_flex}
    every = {"models": ["a.tflite", "b.tflite"]}
    flex = {"models": ["a.tflite"]}
    assert calls == {
        "selected_tflite": ("tflite_custom_cc_library", every),
        "selected_tflite_c": ("tflite_custom_c_library", every),
        "selected_tflite_android": ("tflite_custom_android_library", every),
        "selected_flex": ("tflite_flex_cc_library", flex),
        "selected_flex_shared": ("tflite_flex_shared_library", flex),
        "selected_flex_android": ("tflite_flex_android_library", flex),
    }


def test_a_release_that_lacks_a_rule_is_named() -> None:
    text = text_of("tflite-bazel", FLEX)
    assert "TensorFlow has this rule from 2.5 on.\ntflite_custom_c_library(" in text
    assert "TensorFlow has this rule from 2.6 on.\ntflite_flex_shared_library(" in text
    assert "this rule from" not in text_of("tflite-bazel", FLEX, labels="litert")


def test_no_flex_rules_without_flex_operators() -> None:
    loads, calls = evaluated(text_of("tflite-bazel", PLAIN))
    assert list(loads) == ["//tensorflow/lite:build_def.bzl"]
    assert not [name for name in calls if "flex" in name]


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (
            "tensorflow",
            "TensorFlow's flex rules select only for Android, iOS and, from 2.12 on, ChromiumOS, and link all of",
        ),
        (
            "litert",
            "LiteRT's flex rules select only for Android, iOS, ChromiumOS and, from 2.1.6 on, Fuchsia and",
        ),
    ],
)
def test_platforms_that_ignore_the_selection_are_named_in_the_file_and_in_a_warning(labels: Labels, said: str) -> None:
    assert said in text_of("tflite-bazel", FLEX, labels=labels)
    (warning,) = lite_warnings("tflite-bazel", [PLAIN, FLEX], LiteOptions(labels=labels))
    assert said in warning
    assert "--target flex-bazel" in warning
    assert "flex rules" not in text_of("tflite-bazel", PLAIN, labels=labels)


def test_nothing_is_said_where_there_is_nothing_to_know() -> None:
    assert lite_warnings("tflite-bazel", [PLAIN], LiteOptions()) == ()
    assert lite_warnings("tflite-cmake", [PLAIN], LiteOptions()) == ()
    assert lite_warnings("registration", [FLEX, CUSTOM], LiteOptions()) == ()


def test_custom_operators_have_a_place_for_what_only_the_user_has() -> None:
    """Those that no operator uses, too: the rules' own tool registers the whole table."""
    models = model("a.tflite", builtin("ADD"), unused=(custom("MyOp"), custom("HTTPServer2Get"))), PLAIN
    text = text_of("tflite-bazel", *models)
    _, calls = evaluated(text)
    assert [name for name, (_, arguments) in calls.items() if arguments.get("deps") == [":custom_ops"]] == [
        "selected_tflite",
        "selected_tflite_android",
    ]
    assert "    #   MyOp: TfLiteRegistration* tflite::ops::custom::Register_MY_OP()\n" in text
    assert "Register_HTTPSERVER2GET()" in text
    assert lite_warnings("tflite-bazel", models, LiteOptions()) == (
        "tflite.BUILD has a place for the target that defines the custom operators: HTTPServer2Get, MyOp.",
    )


@needs_buildifier
@pytest.mark.parametrize("labels", ["tensorflow", "litert"])
def test_buildifier_has_nothing_to_say(labels: str, tmp_path: Path) -> None:
    files = []
    for name, models in CASES.items():
        files.append(tmp_path / f"{name}.BUILD")
        files[-1].write_text(text_of("tflite-bazel", *models, labels=labels))
    assert complaints(files) == ""


@given(
    st.lists(st.from_regex(r"[A-Za-z0-9_+=-][A-Za-z0-9_.+=-]{0,20}\.tflite", fullmatch=True), min_size=1, unique=True)
)
def test_legal_names_stand_as_they_are(names: list[str]) -> None:
    _, calls = evaluated(text_of("tflite-bazel", *(model(f"folder/{name}", builtin("ADD")) for name in names)))
    assert calls["selected_tflite"][1]["models"] == sorted(names)


@pytest.mark.parametrize("archive", ["app.apk", "APP.APK", "b.tar.GZ"])
def test_a_member_of_an_archive_is_named_without_the_archive(archive: str) -> None:
    _, calls = evaluated(text_of("tflite-bazel", model(f"{archive}!a.tflite", builtin("ADD"))))
    assert calls["selected_tflite"][1]["models"] == ["a.tflite"]


UNFIT = ["my model.tflite", "a,b.tflite", "a$(x).tflite", "a'b.tflite", 'a"b.tflite', "a:b.tflite", "@a.tflite"]


@pytest.mark.parametrize("name", [*UNFIT, "a!b.tflite", "größe.tflite", "a\n.tflite", "a (2)", "..", ""])
def test_names_that_the_rules_cannot_carry(name: str) -> None:
    with pytest.raises(InputError, match="cannot stand in Bazel's rules") as error:
        text_of("tflite-bazel", PLAIN, model(f"models/{name}", builtin("ADD")))
    assert error.value.place.path.startswith("models/")
    assert "Rename the file" in error.value.advice


def test_two_models_of_one_file_name() -> None:
    with pytest.raises(InputError, match=r"x/a\.tflite: has the file name of folder/a\.tflite, and a Bazel package"):
        text_of("tflite-bazel", FLEX, model("x/a.tflite", builtin("ADD")))


@pytest.mark.parametrize("name", ["models.zip", "app.APK", "a.tar.gz", "a.tflite.xz"])
def test_an_archive_is_no_model_for_bazel(name: str) -> None:
    with pytest.raises(InputError, match="read no archives"):
        text_of("tflite-bazel", model(name, builtin("ADD")))


@pytest.mark.parametrize("fault", ["format", "node_def"])
def test_a_flex_operator_at_which_the_rules_would_abort(fault: FlexFault) -> None:
    broken = model("bad.tflite", custom("FlexInv", FlexProblem(fault, "main: operator 0: no NodeDef", 77)))
    with pytest.raises(
        InputError, match=r"bad\.tflite: byte 77: list_flex_ops ends with .*: main: operator 0: no Node"
    ):
        text_of("tflite-bazel", PLAIN, broken)


@pytest.mark.parametrize("fault", ["empty", "other_op"])
def test_a_flex_operator_that_the_rules_pass_over(fault: FlexFault) -> None:
    passed = model("odd.tflite", custom("FlexInv", FlexProblem(fault, "main: operator 0", 77)))
    _, calls = evaluated(text_of("tflite-bazel", passed))
    assert calls["selected_flex"][1] == {"models": ["odd.tflite"]}


@pytest.mark.parametrize("target", ["tflite-bazel", "tflite-cmake"])
@pytest.mark.parametrize("name", ["My Op", "a/b", "x;y", "evil\n)"])
def test_a_custom_operator_that_no_function_can_be_called_after(target: Any, name: str) -> None:
    with pytest.raises(InputError, match="no function is called") as error:
        text_of(target, PLAIN, model("odd.tflite", custom(name)))
    assert error.value.place.path == "odd.tflite"
