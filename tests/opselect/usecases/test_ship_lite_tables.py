"""The maker of the tables: sources of releases and wheels in, tables out."""

from __future__ import annotations

import subprocess
import zipfile
from pathlib import Path

import pytest

from kernel_index.errors import InputError
from opselect.lite.runtimes.releases import LiteRelease
from opselect.lite.runtimes.tables import read_tables
from opselect.usecases.ask_lite_wheel import ask_lite_wheel, asked_registrations
from opselect.usecases.ship_lite_tables import (
    LiteFacts,
    changed_pairs,
    facts_of,
    joined_tables,
    main,
    said_release,
)

REGISTER = """BuiltinOpResolver::BuiltinOpResolver() {{
  AddBuiltin(BuiltinOperator_ADD, Register_ADD(), 1, {high});
  AddCustom("Mfcc", tflite::ops::custom::Register_MFCC());
}}
"""
SCHEMA = "enum BuiltinOperator : byte {\n  ADD = 0,\n  CUSTOM = 32\n}\n"
VERSIONS = '{{{{BuiltinOperator_ADD, 1}}, "1.5.0"}}, {{{{BuiltinOperator_ADD, 2}}, "{since}"}}\n'
VERSION = "#define TF_MAJOR_VERSION {}\n#define TF_MINOR_VERSION {}\n#define TF_PATCH_VERSION {}\n"
TF = "tensorflow/lite/"

# An interpreter in the image of TensorFlow's: it knows versions 1 to 3 of ADD, and the custom operator Mfcc.
INTERPRETER = """
import os
from tflite.Model import Model

class Wrapper:
    def __init__(self, operator):
        self.operator = operator

    def AllocateTensors(self):
        if self.operator is None:
            return
        if self.operator == ("Kept", 1):
            os._exit(3)
        if self.operator != ("Mfcc", 1):
            raise RuntimeError("Encountered unresolved custom op: X. Node number 0 (X) failed to prepare.")
        raise RuntimeError("NumInputs(node) != 2 (0 != 2)Node number 0 (Mfcc) failed to prepare.")

def CreateWrapperFromBuffer(data, resolver, names, some, others):
    model = Model.GetRootAs(data, 0)
    code = model.OperatorCodes(0)
    if code.BuiltinCode() == 32:
        return Wrapper((code.CustomCode().decode(), code.Version()))
    if code.BuiltinCode() == 1:
        raise ValueError({other!r})
    if code.BuiltinCode() > 99:
        raise ValueError("Op builtin_code out of range: 207. Are you using old TFLite binary with newer model?")
    if code.BuiltinCode() == 0 and code.Version() <= {high}:
        return Wrapper(None)
    raise ValueError("Didn't find op for builtin opcode 'X' version '9'. Registration failed.")
"""


def git(folder: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=a", "-c", "user.email=a@b", "-c", "init.defaultBranch=main")
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


def repository(folder: Path, releases: dict[str, dict[str, str]]) -> Path:
    """A repository of git with a tag for each release, each with its own files."""
    folder.mkdir()
    git(folder, "init", "-q")
    for tag, files in releases.items():
        for path, text in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text)
        git(folder, "add", "-A")
        git(folder, "commit", "-qm", tag, "--allow-empty")
        git(folder, "tag", tag)
    return folder


def packages(folder: Path, high: int = 3, other: str = "") -> Path:
    wrapper = folder / TF / "python/interpreter_wrapper"
    wrapper.mkdir(parents=True)
    text = INTERPRETER.replace("{high}", str(high)).replace(
        "{other!r}", repr(other or "Didn't find op for builtin opcode")
    )
    (wrapper / "_pywrap_tensorflow_interpreter_wrapper.py").write_text(text)
    return folder


def facts(release: tuple[int, ...], high: int, since: str) -> LiteFacts:
    files = {
        f"{TF}kernels/register.cc": REGISTER.format(high=high),
        f"{TF}schema/schema.fbs": SCHEMA,
        f"{TF}tools/versioning/runtime_version.cc": VERSIONS.format(since=since),
    }
    found = facts_of(LiteRelease(False, release), files)
    assert found is not None
    return found


def test_what_the_sources_of_a_release_say() -> None:
    found = facts((2, 8, 0), 2, "2.4.0")
    assert found.registered == {"ADD": (1, 2)}
    assert found.custom == {"Mfcc": (1, 1)}
    assert found.functions == {"Mfcc": "Register_MFCC"}
    assert found.codes == {"ADD": 0, "CUSTOM": 32}
    assert found.versions == {("ADD", 1): "1.5.0", ("ADD", 2): "2.4.0"}
    assert facts_of(found.release, {f"{TF}schema/schema.fbs": SCHEMA}) is None
    alone = facts_of(found.release, {"tflite/core/kernels/register.cc": REGISTER.format(high=2)})
    assert alone is not None
    assert (alone.codes, alone.versions) == (None, None)


def test_an_operator_that_is_added_twice_has_all_its_versions() -> None:
    def registered(second: str) -> LiteFacts | None:
        text = REGISTER.format(high=2).replace(
            "  AddCustom", f"  AddBuiltin(BuiltinOperator_ADD, R(), {second});\n  AddCustom"
        )
        return facts_of(LiteRelease(False, (2, 8, 0)), {f"{TF}kernels/register.cc": text})

    found = registered("3, 5")
    assert found is not None
    assert found.registered == {"ADD": (1, 5)}
    with pytest.raises(InputError, match="which are no range"):
        registered("4, 5")
    with pytest.raises(InputError, match="which are no range"):
        registered("3, 2")


def test_a_custom_operator_without_a_function_is_an_error() -> None:
    text = REGISTER.format(high=1).replace("tflite::ops::custom::Register_MFCC()", "&registration")
    with pytest.raises(InputError, match="which function registers Mfcc"):
        facts_of(LiteRelease(False, (2, 8, 0)), {f"{TF}kernels/register.cc": text})


def test_releases_are_joined_as_changes_and_the_newest_table_counts() -> None:
    several = [facts((2, 10, 0), 3, "2.4.0"), facts((2, 9, 0), 2, "2.3.0"), facts((2, 8, 0), 2, "2.3.0")]
    joined = joined_tables(several)
    assert [str(release) for release in joined.releases] == ["2.8.0", "2.9.0", "2.10.0"]
    assert [(str(since), versions) for since, versions in joined.registered["ADD"].changes] == [
        ("2.8.0", (1, 2)),
        ("2.10.0", (1, 3)),
    ]
    assert joined.versions["ADD", 2] == "2.4.0"
    assert list(joined.codes) == ["ADD"]
    assert list(changed_pairs(several)) == ["ADD 2: 2.3.0 in 2.8.0, then 2.4.0 in 2.10.0"]
    unknown = LiteFacts(several[0].release, {"SUB": (1, 1)}, {}, {}, {"ADD": 0}, None)
    with pytest.raises(InputError, match="registers SUB, which no schema has"):
        joined_tables([unknown])


def test_the_release_that_sources_say() -> None:
    assert said_release(VERSION.format(1, 13, 1)) == LiteRelease(False, (1, 13, 1))
    assert said_release("#define TF_MAJOR_VERSION 1\n") is None


def test_an_interpreter_is_asked_for_each_version(tmp_path: Path) -> None:
    codes = {"ADD": 0, "SUB": 1, "CUSTOM": 32, "LATER": 100}
    registered, custom = asked_registrations(packages(tmp_path), codes, ("Kept", "Mfcc"))
    assert registered == {"ADD": (1, 3)}
    # A kernel that ends the process is there, too.
    assert custom == {"Kept": (1, 1), "Mfcc": (1, 1)}


@pytest.mark.parametrize(
    ("high", "other", "said"),
    [(99, "", "which are no range below 32"), (3, "Out of memory", "says of SUB in version 1: Out of memory")],
)
def test_an_interpreter_that_answers_oddly_is_an_error(tmp_path: Path, high: int, other: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        asked_registrations(packages(tmp_path, high, other), {"ADD": 0, "SUB": 1, "CUSTOM": 32}, ())


def test_an_interpreter_that_cannot_be_loaded_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="has no interpreter of TensorFlow Lite"):
        asked_registrations(tmp_path, {"ADD": 0, "CUSTOM": 32}, ())
    broken = packages(tmp_path)
    (module,) = broken.rglob("_pywrap_*.py")
    module.write_text("import no_such_module")
    with pytest.raises(InputError, match="cannot be loaded: ModuleNotFoundError"):
        asked_registrations(broken, {"ADD": 0, "CUSTOM": 32}, ())


def wheel(folder: Path, name: str) -> Path:
    """A wheel of TensorFlow or LiteRT by its name, which have the same files in other folders."""
    root = packages(folder / "unpacked")
    schema = "class BuiltinOperator(object):\n    ADD = 0\n    CUSTOM = 32\n\n\nclass Other(object):\n    NONE = 1\n"
    (module,) = root.rglob("_pywrap_*.py")
    is_litert = name.startswith("ai_edge")
    path = folder / name
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(
            module, "ai_edge_litert/_pywrap_litert_interpreter_wrapper.py" if is_litert else module.relative_to(root)
        )
        archive.writestr(f"{'ai_edge_litert' if is_litert else TF + 'python'}/schema_py_generated.py", schema)
    return path


@pytest.mark.parametrize(
    ("name", "release"),
    [("tensorflow_cpu-2.17.0-cp311-x.whl", "2.17.0"), ("ai_edge_litert-2.3.0-cp311-x.whl", "litert-2.3.0")],
)
def test_a_wheel_says_its_release_codes_and_registrations(tmp_path: Path, name: str, release: str) -> None:
    found = ask_lite_wheel(wheel(tmp_path, name), ["Mfcc"], {})
    assert (str(found.release), found.codes) == (release, {"ADD": 0, "CUSTOM": 32})
    assert (found.registered, found.custom) == ({"ADD": (1, 3)}, {"Mfcc": (1, 1)})


def test_what_is_no_wheel_of_these(tmp_path: Path) -> None:
    other = tmp_path / "numpy-1.0.0-x.whl"
    other.write_bytes(b"")
    with pytest.raises(InputError, match="is no wheel of TensorFlow or LiteRT"):
        ask_lite_wheel(other, [], {})


def test_a_wheel_without_a_schema_is_asked_for_known_codes(tmp_path: Path) -> None:
    whole = wheel(tmp_path, "ai_edge_litert-2.3.0-x.whl")
    with zipfile.ZipFile(whole) as archive, zipfile.ZipFile(tmp_path / "ai_edge_litert-1.0.1-x.whl", "w") as other:
        (module,) = (name for name in archive.namelist() if "_pywrap_" in name)
        other.writestr(module, archive.read(module))
    found = ask_lite_wheel(tmp_path / "ai_edge_litert-1.0.1-x.whl", [], {"ADD": 0, "CUSTOM": 32})
    assert (str(found.release), found.registered, found.codes) == ("litert-1.0.1", {"ADD": (1, 3)}, None)


def test_tables_are_made_of_repositories_and_wheels(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    schema, version = {f"{TF}schema/schema.fbs": SCHEMA}, "tensorflow/core/public/version.h"
    tensorflow = repository(
        tmp_path / "tensorflow",
        {
            "v1.8.0": {"tensorflow/contrib/lite/kernels/register.cc": "old"},
            "v2.8.0": {f"{TF}kernels/register.cc": REGISTER.format(high=1), **schema, version: VERSION.format(2, 8, 0)},
            "v2.8.1": {},  # says that it is 2.8.0
            "v2.9.0-rc0": {},
            "v2.9.0": {f"{TF}core/kernels/register.cc": REGISTER.format(high=2), version: VERSION.format(2, 9, 0)},
        },
    )
    litert = repository(
        tmp_path / "litert",
        {"v1.0.1": {"README": ""}, "v1.1.0": {"tflite/core/kernels/register.cc": REGISTER.format(high=4)}},
    )
    out = tmp_path / "tables.txt"
    of = ["--tensorflow", str(tensorflow), "--litert", str(litert), "--out", str(out)]
    assert main([*of, str(wheel(tmp_path, "tensorflow-2.17.0-x.whl"))]) == 0
    assert capsys.readouterr().out == "2.8.0 1 1 2\n2.9.0 1 1 2\n2.17.0 1 1 2\nlitert-1.1.0 1 1 -\n"
    made = read_tables(out.read_text(), str(out))
    assert [str(release) for release in made.schemas] == ["2.8.0", "2.9.0", "2.17.0"]
    assert [(str(since), found) for since, found in made.registered["ADD"].changes] == [
        ("2.8.0", (1, 1)),
        ("2.9.0", (1, 2)),
        ("2.17.0", (1, 3)),
        ("litert-1.1.0", (1, 4)),
    ]


def test_nothing_is_written_where_something_cannot_be_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "tables.txt"
    assert main(["--tensorflow", str(tmp_path), "--litert", str(tmp_path), "--out", str(out)]) == 2
    assert capsys.readouterr().err.startswith("error: ")
    assert not out.exists()
