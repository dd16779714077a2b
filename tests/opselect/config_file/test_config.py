"""opselect.yaml in, a configuration out, or all that is wrong with its places."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel_index.errors import InputError, OpselectError
from kernel_index.profiles import PROFILE_NAMES
from opselect.config_file import Config, ConfigError, parse_config, read_config
from opselect.config_file.config import SETTING_NAMES
from opselect.config_file.schema import SCHEMA_FILE, json_schema, schema_file_text
from opselect.config_file.write import FirstConfig, FirstModel, first_config, scalar
from opselect.config_file.yaml_tree import YamlText, parse_yaml
from opselect.targets import TARGET_KINDS, TARGETS
from opselect.usecases.budgets import NUMBERS
from opselect.yaml_text import to_yaml

SMALL = "models: [a.pb]\ntensorflow: 2.10\ntargets: [bazel]\n"


def config(text: str) -> Config:
    return parse_config(text.encode(), "opselect.yaml")


def problems(text: str) -> list[str]:
    with pytest.raises(OpselectError) as failed:
        config(text)
    return str(failed.value).splitlines()


def test_a_target_has_what_the_top_level_says_and_its_own_counts_more() -> None:
    read = config(
        SMALL.replace("targets: [bazel]", "profile: ios\nout: lists\nbudgets: {kernels: 5, ops: 7}")
        + "targets:\n  - makefile\n  - kind: manifest\n    tree: tf\n    profile: desktop\n    out: full\n"
        + "    format: json\n    mode: extend\n    have: re2\n    budgets: {ops: 9}\n"
    )
    first, second = read.targets
    assert (first.kind, first.tensorflow, first.profile, first.out) == ("makefile", "2.10", "ios", "lists")
    assert first.budgets == (("kernels", 5), ("ops", 7))
    assert (second.tensorflow, second.tree, second.profile, second.out) == ("", "tf", "desktop", "full")
    assert (second.mode, second.have, second.file_name) == ("extend", ("re2",), "manifest.json")
    assert second.budgets == (("kernels", 5), ("ops", 9))
    assert str(second.spot_of("profile").error("x")) == "opselect.yaml:10: targets[1].profile: x"
    assert str(second.spot_of("budgets.kernels").error("x")) == "opselect.yaml:5: budgets.kernels: x"
    assert second.spot_of("allow_missing").where == "targets[1]"


def test_a_version_is_what_is_written_not_a_number() -> None:
    assert config(SMALL).targets[0].tensorflow == "2.10"


def test_paths_are_relative_to_the_file() -> None:
    read = parse_config(SMALL.encode(), "phone/opselect.yaml")
    assert read.place("a.pb") == "phone/a.pb"
    assert read.place("/a.pb") == "/a.pb"
    assert read.place("gs://m/a.pb") == "gs://m/a.pb"
    assert str(read.output(read.targets[0])) == "phone/build_lists/kernels.BUILD"
    assert config(SMALL).place("a.pb") == "a.pb"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "models: [a.pb]\ntensorflow: 2.14\ntargets:\n- bazel\n- list\n- kind: manifest\n  profile: andriod\n",
            'opselect.yaml:7: targets[2].profile: no profile "andriod"; did you mean android?',
        ),
        (SMALL + "profil: ios\n", "opselect.yaml:4: profil: no such key; did you mean profile?"),
        (SMALL + "xyzzy: 1\n", "opselect.yaml:4: xyzzy: no such key; there are models, requirements, "),
        (SMALL + '"a\\nb": 1\n', 'opselect.yaml:4: "a\\nb": no such key'),
        (SMALL.replace("bazel", "bazl"), 'opselect.yaml:3: targets[0]: no target "bazl"; did you mean bazel?'),
        (SMALL.replace("[bazel]", "[]"), "opselect.yaml:3: targets: must not be empty"),
        (SMALL.replace("[bazel]", "bazel"), "opselect.yaml:3: targets: must be a list, and is text"),
        (SMALL.replace("[a.pb]", "[1]"), 'opselect.yaml:1: models[0]: must be text, and is a number: write "1"'),
        (SMALL.replace("[a.pb]", "[{tags: x}]"), "opselect.yaml:1: models[0].path: is missing"),
        (SMALL.replace("[a.pb]", "[]"), "opselect.yaml:1: models: names no models"),
        (SMALL.replace("[a.pb]", '["a\\0"]'), 'opselect.yaml:1: models[0]: "a\\u0000" is not a path'),
        (SMALL.replace("[a.pb]", "[{path: a, signature: s, inputs: x}]"), "models[0].inputs: excludes signature"),
        (SMALL.replace("tensorflow: 2.10\n", ""), "opselect.yaml:2: targets[0]: names no TensorFlow"),
        (SMALL + "tree: x\n", "opselect.yaml:4: tree: excludes tensorflow: leave one out"),
        (SMALL + "allow_missing: yes\n", 'opselect.yaml:4: allow_missing: must be true or false, and is "yes"'),
        (SMALL + "keep_core:\n", "opselect.yaml:4: keep_core: must be true or false, and is nothing"),
        (SMALL + "budgets: {kernels: -1}\n", "opselect.yaml:4: budgets.kernels: must be a whole number from 0 to "),
        (SMALL + "budgets: {kernels: 0x1F}\n", "opselect.yaml:4: budgets.kernels: must be a whole number from 0 to "),
        (SMALL + "budgets: {kernel: 1}\n", "opselect.yaml:4: budgets.kernel: no such key; did you mean kernels?"),
        (SMALL + "have: [snapy]\n", 'opselect.yaml:4: have[0]: no library "snapy"; did you mean snappy?'),
        (SMALL + "define: 1X\n", 'opselect.yaml:4: define: "1X" is not a macro'),
        (SMALL + "define: X\n", "opselect.yaml:4: define: needs sources to scan: `tree` or `roots`"),
        (
            SMALL.replace("bazel", "{kind: bazel, format: json}"),
            "targets[0].format: is only for manifest, not for bazel",
        ),
        (
            SMALL.replace("[bazel]", "\n- bazel\n- {kind: bazel, out: ./build_lists/}"),
            "opselect.yaml:5: targets[1]: writes build_lists/kernels.BUILD, as targets[0] in line 4 does",
        ),
        (SMALL + "mode: trim\nmode: trim\n", "opselect.yaml:5: the key 'mode' stands in line 4 already"),
        (SMALL + "roots: &a [x]\nhave: *a\n", "opselect.yaml:4: anchors and aliases are not taken"),
        (SMALL + "have: *a\n", "opselect.yaml:4: anchors and aliases are not taken"),
        (SMALL + "have: !!python/object:os.system x\n", "opselect.yaml:4: tags are not taken"),
        (SMALL + "have: [\n", "opselect.yaml:5: is no YAML: did not find expected node content"),
        (SMALL + "---\n", "opselect.yaml:4: a second document begins here"),
        (SMALL + "have: \0\n", "opselect.yaml:4: holds a NUL character"),
        ("", "opselect.yaml:1: is empty"),
        ("# nothing\n", "opselect.yaml:1: is empty"),
        ("bazel\n", "opselect.yaml:1: must be a mapping, and is text"),
        ("a: " + "[" * 30 + "]" * 30, "opselect.yaml:1: is nested more than 20 deep"),
        ("a: " + "[" * 100_000, "opselect.yaml:1: is n"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text: str, expected: str) -> None:
    assert any(expected in line for line in problems(text)), problems(text)


def test_all_that_is_wrong_is_said_at_once_in_the_order_of_the_file() -> None:
    found = problems("modles: 1\nprofile: x\ntargets: [bazl, {kind: list, out: 1}]\n")
    lines = [line.split(":")[1] for line in found if line.startswith("opselect.yaml")]
    assert len(found) > 3
    assert lines == sorted(lines, key=int)


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_bytes(b"a: \xff")
    with pytest.raises(InputError, match="byte 3: the text is not valid UTF-8"):
        read_config(str(path))
    for missing in (str(tmp_path / "no"), str(tmp_path), "a\0b"):
        with pytest.raises(InputError, match="cannot be read"):
            read_config(missing)


def test_aliases_that_would_fill_any_memory_are_refused_at_once() -> None:
    bomb = "a: &a [x, x]\n" + "".join(f"{b}: &{b} [*{a}, *{a}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True))
    assert "anchors and aliases" in problems(bomb)[0]


NAMES = st.text(min_size=1).filter(lambda text: not any("\ud800" <= mark <= "\udfff" for mark in text))


@given(NAMES)
def test_any_name_comes_back_as_it_was_written(name: str) -> None:
    node = parse_yaml(f"- {scalar(name)}\n".encode(), "x")
    assert node is not None
    assert not isinstance(node, YamlText)
    assert [item.text for item in node.items] == [name]  # type: ignore[union-attr]


@given(st.lists(NAMES.filter(lambda text: "\0" not in text), min_size=1, max_size=3, unique=True), NAMES)
def test_a_first_configuration_says_what_it_was_made_of(paths: list[str], tag: str) -> None:
    models = [FirstModel(path, (tag,), (path, tag)) for path in paths]
    text = first_config(FirstConfig(models, ("tensorflow", "2.10"), "android", ["list"], "x", [(paths[0], tag)]))
    read = config(text)
    assert [(model.path, model.tags) for model in read.models] == [(path, (tag,)) for path in paths]
    assert [(t.kind, t.tensorflow, t.out) for t in read.targets] == [("list", "2.10", "x")]


def test_a_first_configuration_names_what_there_is_to_choose_from() -> None:
    text = first_config(FirstConfig([FirstModel("a.pb")], ("tensorflow", "2.10"), "android", ["list"], "x", []))
    (build,) = [line for line in text.splitlines() if line.startswith("# The build: ")]
    assert build == f"# The build: {', '.join(PROFILE_NAMES)}."
    targets = text.partition("\ntargets:\n")[2].partition("\n\n")[0].splitlines()
    assert [line.partition("- ")[2].split()[0] for line in targets] == list(TARGETS)


# What documents are made of, so that many are right and most are nearly so.
WORDS = st.sampled_from(
    ["a.pb", "2.14", "android", "ios", "trim", "bazel", "manifest", "json", "re2", "X", "X=1", "", "1", "é\n", "a\0"]
)
LEAVES: st.SearchStrategy[Any] = st.one_of(
    WORDS, st.booleans(), st.integers(-1, 3), st.none(), st.sampled_from([2.14, 0.5, 10**20])
)
VALUES = st.one_of(LEAVES, st.lists(LEAVES, max_size=2), st.dictionaries(st.sampled_from(["kernels", "ops"]), LEAVES))
RIGHT: dict[str, st.SearchStrategy[Any]] = {
    "profile": st.sampled_from(["ios", "android+-DX"]),
    "undefine": st.just([]),
    "define": st.just([]),
    "have": st.sampled_from(["re2", ["re2"]]),
    "mode": st.just("extend"),
    "budgets": st.dictionaries(st.sampled_from(["kernels", "ops"]), st.integers(0, 10**15 - 1), max_size=2),
    "format": st.just("json"),
    **dict.fromkeys(("inserted_ops", "keep_core", "allow_missing"), st.booleans()),
}
SETTINGS = [name for name in SETTING_NAMES if name not in ("tree", "index", "tensorflow")]
NAMED = st.sampled_from(["x", ["x", "y"]])
PATHS = st.just("a")


def some_of(always: dict[str, st.SearchStrategy[Any]], keys: list[str]) -> st.SearchStrategy[dict[str, Any]]:
    """Mappings with the first keys, and at most two of the others."""
    chosen = st.lists(st.sampled_from(keys), max_size=2, unique=True)
    return chosen.flatmap(lambda names: st.fixed_dictionaries({**always, **{n: RIGHT.get(n, PATHS) for n in names}}))


MODELS = st.one_of(
    st.just("a.pb"), st.fixed_dictionaries({"path": st.just("b.pb")}, optional={"tags": NAMED, "outputs": NAMED})
)
ENTRIES = st.one_of(
    st.sampled_from(TARGETS),
    some_of({"kind": st.sampled_from(TARGETS)}, SETTINGS),
    some_of({"kind": st.just("manifest")}, ["format"]),
)
SOUND = some_of(
    {
        "models": st.lists(MODELS, min_size=1, max_size=2),
        "targets": st.lists(ENTRIES, min_size=1, max_size=2),
        "tensorflow": st.sampled_from([2.14, "2.14"]),
    },
    [*SETTINGS, "requirements"],
)


@st.composite
def nearly_sound(draw: st.DrawFn) -> dict[str, Any]:
    """Documents with one key put in, changed or taken out, of the top level, a model or a target."""
    document = copy.deepcopy(draw(SOUND))
    mappings = [document, *(each for each in (*document["models"], *document["targets"]) if isinstance(each, dict))]
    mapping = draw(st.sampled_from(mappings))
    key = draw(st.sampled_from([*mapping, *SETTING_NAMES, "format", "signature", "inputs", "path", "kind", "x"]))
    if draw(st.booleans()):
        mapping.pop(key, None)
    else:
        mapping[key] = draw(VALUES)
    return document


DOCUMENTS = st.one_of(SOUND, nearly_sound(), nearly_sound(), LEAVES)


@settings(max_examples=300)
@given(DOCUMENTS)
def test_any_document_is_read_or_refused_with_places(document: object) -> None:
    problem = ""
    try:
        read = config(to_yaml(document))
    except OpselectError as error:
        problem = str(error)
    assert problem.startswith("opselect.yaml:") if problem else read.targets


@settings(max_examples=300)
@given(DOCUMENTS)
def test_the_schema_admits_what_is_read(document: object) -> None:
    """But for what depends on other targets: files that two of them write, and macros that nothing is scanned with."""
    valid = jsonschema.Draft202012Validator(json_schema()).is_valid(document)
    problems: tuple[InputError, ...] = ()
    try:
        config(to_yaml(document))
    except ConfigError as error:
        problems = error.problems
    within = [each for each in problems if "writes" not in each.problem and "needs sources" not in each.problem]
    assert bool(within) is not valid


@pytest.mark.parametrize("break_it", ["", "x: 1\n", "targets: []\n", "profile: andriod\n", "profile: android+-DX\n"])
def test_the_schema_admits_a_plain_configuration_and_refuses_a_wrong_one(break_it: str) -> None:
    text = SMALL.replace("targets: [bazel]\n", break_it) if "targets" in break_it else SMALL + break_it
    schema = jsonschema.Draft202012Validator(json_schema())
    assert schema.is_valid(yaml.safe_load(text)) is (break_it in ("", "profile: android+-DX\n"))


def test_the_schema_that_is_shipped_is_that_of_the_table() -> None:
    assert SCHEMA_FILE.read_text() == schema_file_text()
    jsonschema.Draft202012Validator.check_schema(json.loads(SCHEMA_FILE.read_text()))


def test_every_budget_can_be_counted() -> None:
    from opselect.config_file.keys import BUDGETS

    assert [key.name for key in BUDGETS.keys] == list(NUMBERS)


def test_settings_of_kinds_are_keys_of_targets() -> None:
    from opselect.config_file.keys import TARGET

    keys = {key.name for key in TARGET.keys}
    assert {setting for kind in TARGET_KINDS for setting in kind.settings} <= keys
