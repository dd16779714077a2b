"""Whether an installation and a place are fit, as opselect doctor says."""

from __future__ import annotations

import shutil
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from opselect.usecases.examine_installation import examine_cache, examine_dependencies, examine_indexes
from opselect.usecases.examine_place import examine_models
from opselect.usecases.examined import Examined
from tests.cli.conftest import Cli

ROOT = Path(__file__).resolve().parents[2]


def _by_name(document: Any) -> dict[str, Any]:
    return {each["name"]: each for each in document["examined"]}


def test_installation_of_the_tests_is_fit(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPSELECT_CACHE", str(tmp_path / "cache"))
    outcome = cli("doctor")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.endswith("All that is needed is there.\n")
    found = cli("doctor", "--json")
    assert found.code == 0
    assert found.json["fit"] is True
    by_name = _by_name(found.json)
    assert {"opselect", "Python", "numpy", "protobuf", "indexes", "templates", "pages", "completion"} <= set(by_name)
    assert by_name["indexes"]["state"] == "ok"
    assert not (tmp_path / "cache").exists()


def test_a_line_is_followed_by_what_to_do_where_there_is_something(cli: Cli) -> None:
    found = cli("doctor", "--json").json["examined"]
    lines = cli("doctor").out.splitlines()
    indented = [line.strip() for line in lines if line.startswith("           ")]
    assert indented == [each["advice"] for each in found if each["advice"]]


def test_what_is_named_is_looked_at(cli: Cli) -> None:
    shutil.copy(ROOT / "fixtures/models/tiny_mobilenet.pb", "m.pb")
    Path("bad.pb").write_bytes(b"nonsense")
    outcome = cli("doctor", "m.pb", "bad.pb", "gone.pb", "https://me:pass@host/m.pb", "--json")
    assert outcome.code == 1
    assert "pass" not in outcome.out
    by_name = _by_name(outcome.json)
    assert (by_name["m.pb"]["state"], by_name["m.pb"]["text"]) == ("ok", "a GraphDef")
    assert by_name["bad.pb"]["state"] == "problem"
    assert by_name["gone.pb"]["text"] == "there is no such file"
    assert by_name["https://me:***@host/m.pb"]["state"] == "note"
    assert cli("doctor", "bad.pb").out.endswith("1 problem found.\n")


def test_checkout_is_told_by_its_release_and_lists(cli: Cli, small_tree: Path) -> None:
    by_name = _by_name(cli("doctor", "--tree", small_tree, "--json").json)
    shown = next(each for each in by_name.values() if each["area"] == "checkout")
    assert "TensorFlow " in shown["text"]
    assert "build lists" in by_name
    outcome = cli("doctor", "--tree", ".")
    assert outcome.code == 1
    assert "problem  .: is no TensorFlow source tree" in outcome.out


def test_configuration_of_the_folder_is_read_with_its_models(cli: Cli) -> None:
    shutil.copy(ROOT / "fixtures/models/tiny_mobilenet.pb", "m.pb")
    assert cli("init", "-q").code == 0
    by_name = _by_name(cli("doctor", "--json").json)
    assert by_name["opselect.yaml"]["state"] == "ok"
    assert by_name["m.pb"]["state"] == "ok"
    Path("opselect.yaml").write_text("modles: [m.pb]\n")
    outcome = cli("doctor")
    assert outcome.code == 1
    assert "opselect.yaml: " in outcome.out


def test_home_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/somebody")
    shown = Examined(
        "ok", "cache", "x", "/home/somebody/.cache, /home/somebodyelse", "see /home/somebody/a"
    ).to_be_shown()
    assert (shown.text, shown.advice) == ("~/.cache, /home/somebodyelse", "see ~/a")


def test_dependencies_that_are_missing_or_old() -> None:
    required = [
        "no-such-thing>=1.0",
        "click>=999.1",
        "click>=8.1",
        "no-such-extra>=1; extra == 'gcs'",
        "zzz; extra == 'test'",
        "zzz>=1; python_version >= '3.11' and extra == 'docs'",
        'zzz>=1; extra == "docs" and python_version < "4"',
    ]
    found = [(each.state, each.name, each.text) for each in examine_dependencies(required)]
    assert found[0] == ("problem", "no-such-thing", "is not installed")
    assert found[1][0] == "problem"
    assert "too old: opselect needs 999.1" in found[1][2]
    assert found[2][:2] == ("ok", "click")
    assert found[3] == ("note", "gcs", "not installed, for models at gs://")
    assert len(found) == 4


def test_damaged_and_missing_indexes_are_problems(tmp_path: Path) -> None:
    assert examine_indexes(tmp_path).state == "problem"
    (tmp_path / "1.0.0.opselidx").write_bytes(b"nonsense")
    found = examine_indexes(tmp_path)
    assert found.state == "problem"
    assert "that of TensorFlow 1.0.0" in found.text


def test_cache_is_told_by_place_and_size(tmp_path: Path) -> None:
    assert examine_cache(None).state == "note"
    assert examine_cache(tmp_path / "a/b").text.endswith("made by the first scan")
    (tmp_path / "x").write_bytes(bytes(2_500_000))
    assert examine_cache(tmp_path).text == f"{tmp_path}: 1 files, 2.5 MB"
    assert "cannot be written" in examine_cache(tmp_path / "x").text


def test_models_of_other_runtimes_by_what_they_begin_with(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT / "fixtures")
    onnx, program = next(Path("onnx").glob("*.onnx")), next(Path("executorch").glob("*.pte"))
    found = list(examine_models([str(onnx), str(program), "saved_models"]))
    assert [each.state for each in found[:2]] == ["ok", "ok"]
    assert found[2].state == "problem"


@pytest.mark.parametrize(("shell", "state"), [("bash", "ok"), ("zsh", "note"), ("csh", "note")])
def test_completion_is_looked_for(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shell: str, state: str
) -> None:
    (tmp_path / ".bashrc").write_text('eval "$(opselect completion bash)"\n')
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("SHELL", f"/bin/{shell}")
    assert _by_name(cli("doctor", "--json").json)["completion"]["state"] == state


def test_script_that_stands_where_the_shell_looks_is_found(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / ".local/share/bash-completion/completions/opselect"
    script.parent.mkdir(parents=True)
    script.write_text(cli("completion", "bash").out)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("SHELL", "/bin/bash")
    assert _by_name(cli("doctor", "--json").json)["completion"]["state"] == "ok"


def test_home_that_is_the_root_is_in_no_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/")
    assert Examined("ok", "cache", "x", "/usr/lib//x").to_be_shown().text == "/usr/lib//x"


def test_versions_are_compared_as_numbers() -> None:
    version = metadata.version("click")
    assert [each.state for each in examine_dependencies([f"click>={version}.0"])] == ["ok"]
    (old,) = examine_dependencies(["click>=999.1; extra == 'gcs'"])
    assert (old.state, old.name) == ("problem", "gcs")
    assert old.text == f"click {version} is older than 999.1; for models at gs://"


def test_of_a_long_configuration_some_models_are_read(cli: Cli) -> None:
    names = [f"m{number:02}.pb" for number in range(22)]
    for name in names:
        shutil.copy(ROOT / "fixtures/models/tiny_mobilenet.pb", name)
    assert cli("init", "-q").code == 0
    found = [each["name"] for each in cli("doctor", "--json").json["examined"] if each["area"] == "models"]
    assert found == [*names[:20], "2 more"]
