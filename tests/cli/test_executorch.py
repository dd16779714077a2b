"""``opselect generate`` for ExecuTorch: what its own tools write, and what they get wrong."""

from __future__ import annotations

import json
import os
import shutil
import zipfile
from pathlib import Path
from typing import Any

import fsspec
import pytest
import yaml

from opselect.usecases.executorch_inputs import MAX_LIST_BYTES
from tests.cli.conftest import Cli, Outcome
from tests.opselect.hostile_executorch import HOSTILE
from tests.opselect.pte_files import Call, Plan, Value, calling, pte_bytes, tensor, with_header

FIXTURES = Path(__file__).parents[2] / "fixtures" / "executorch"
TEXTS: dict[str, dict[str, str]] = json.loads((FIXTURES / "texts.json").read_text())
YAML, DICT, HEADER = "selected_operators.yaml", "ops_dict.json", "selected_op_variants.h"
ALL = ("--target", "executorch", "--target", "executorch-ops-dict", "--target", "executorch-header")
BOTH = ("--target", "executorch", "--target", "executorch-header")


@pytest.fixture
def written(cli: Cli, tmp_path: Path) -> Any:
    def of(*names: str, targets: tuple[str, ...] = BOTH) -> dict[str, str]:
        out = tmp_path / "out"
        outcome = cli("generate", *names, *targets, "--out", out, "--quiet")
        assert (outcome.code, outcome.out) == (0, ""), outcome.err
        return {path.name: path.read_text() for path in out.iterdir()}

    return of


@pytest.mark.parametrize("name", sorted(TEXTS))
def test_texts_are_those_of_the_tools(name: str, written: Any, tmp_path: Path) -> None:
    shutil.copy(FIXTURES / name, tmp_path)
    if name == "mixed_cat.pte":
        found = written(name)
        key = "  - v1/4;0,1|6;0,1|6;0,1\n"
        assert found[YAML].replace(key, "") == TEXTS[name][YAML]
        assert "scalar_type == executorch::aten::ScalarType::Long" in found[HEADER]
        return
    assert written(name) == TEXTS[name]


def test_what_is_written_is_read_again(written: Any, tmp_path: Path) -> None:
    for path in FIXTURES.glob("*pte"):
        shutil.copy(path, tmp_path)
    programs = sorted(path.name for path in tmp_path.glob("*pte"))
    first = written(*programs, targets=ALL)
    for name, text in first.items():
        (tmp_path / name).write_text(text)
    assert written(YAML, targets=ALL) == first
    again = written(DICT, targets=ALL)
    assert (again[DICT], again[HEADER]) == (first[DICT], first[HEADER])
    # What is in the list already changes nothing, whatever comes first.
    assert written(programs[3], YAML, *programs[:2], DICT) == {**first, YAML: first[YAML]}


def test_a_merge_keeps_what_each_list_says(written: Any, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(
        "operators:\n"
        "  aten::add.out: {debug_info: [a], include_all_overloads: false, is_used_for_training: false}\n"
        "  aten::mul: {}\n"
        "et_kernel_metadata: {aten::add.out: [v1/6;0, default], aten::neg.out: []}\n"
        "custom_classes: [A]\nbuild_features: [one]\nkernel_metadata: {add: [float]}\n"
        "include_all_non_op_selectives: yes\ndebug_info: [top]\n"
    )
    (tmp_path / "b.yaml").write_text(
        "operators:\n"
        "  aten::add.out: {debug_info: [b, null], include_all_overloads: false, is_root_operator: false}\n"
        "et_kernel_metadata: {aten::add.out: [v1/3;0], aten::neg.out: [v1/3;]}\n"
        "custom_classes: [B]\nkernel_metadata: {add: [int, float], sub: [int]}\n"
    )
    found = written("a.yaml", "b.yaml")
    operator = {"is_root_operator": True, "is_used_for_training": True}
    assert yaml.safe_load(found[YAML]) == {
        "build_features": ["one"],
        "custom_classes": ["A", "B"],
        "debug_info": ["top"],
        "et_kernel_metadata": {"aten::add.out": ["default", "v1/3;0", "v1/6;0"], "aten::neg.out": ["default", "v1/3;"]},
        "include_all_non_op_selectives": True,
        "include_all_operators": False,
        "kernel_metadata": {"add": ["float", "int"], "sub": ["int"]},
        "operators": {
            "aten::add.out": {**operator, "include_all_overloads": False, "debug_info": ["a", "b"]},
            "aten::mul": {**operator, "include_all_overloads": True},
        },
    }
    # The order of the YAML is what gen_selected_op_variants.py goes by.
    assert found[YAML].index("- default\n") < found[YAML].index("- v1/3;0")
    assert 'compare("add.out") == 0)\n        && (true))' in found[HEADER]
    assert 'compare("neg.out") == 0)\n        && (true))' in found[HEADER]
    assert 'substr(0, 4).compare("mul.") == 0)\n        && (true))' in found[HEADER]


def test_all_operators_are_kept(cli: Cli, written: Any, tmp_path: Path) -> None:
    shutil.copy(FIXTURES / "half.pte", tmp_path)
    (tmp_path / "all.yaml").write_text("include_all_operators: true\net_kernel_metadata: {a::b: [v1/6;]}\n")
    found = written("half.pte", "all.yaml")
    document = yaml.safe_load(found[YAML])
    assert document["include_all_operators"]
    # Keys would have the code generator leave out kernels, and gen_selected_op_variants.py all other operators.
    assert document["et_kernel_metadata"] == {}
    assert {"a::b", "aten::addmm.out"} <= document["operators"].keys()
    assert "return true;" in found[HEADER]
    outcome = cli("generate", "all.yaml", "--target", "executorch-ops-dict", "--out", "no")
    assert (outcome.code, "all operators are included" in outcome.err) == (2, True)
    assert not (tmp_path / "no").exists()


def test_an_ops_dict_says_what_it_can(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "l.json").write_text('{"aten::add.out": ["Float", "default", "v1/5;0|5;0"], "a::b": ["v1", "UInt64"]}')
    outcome = cli("generate", "l.json", *ALL, "--out", "out")
    assert json.loads((tmp_path / "out" / DICT).read_text()) == {"a::b": ["v1", "v1/29;"], "aten::add.out": []}
    assert "needed with any dtype, and with kernels for some: aten::add.out" in outcome.err
    (tmp_path / "f.yaml").write_text("operators: {aten::add: {}}\n")
    outcome = cli("generate", "f.yaml", "--target", "executorch-ops-dict", "--out", "no")
    assert (outcome.code, "all overloads are included of aten::add" in outcome.err) == (2, True)


def test_the_header_spells_enumerators_as_they_are(written: Any, tmp_path: Path) -> None:
    (tmp_path / "l.json").write_text(
        '{"aten::add.out": ["UInt64", "UInt16", "QUInt4X2"], "my_aten::add.out": ["Half"]}'
    )
    text = written("l.json")[HEADER]
    checks = [f"scalar_type == executorch::aten::ScalarType::{name}" for name in ("QUInt4x2", "UInt16", "UInt64")]
    assert f'compare("add.out") == 0)\n        && ({" || ".join(checks)}))' in text
    assert 'compare("my_aten::add.out")' in text


def test_the_json_tells_of_keys_dtypes_and_backends(cli: Cli, tmp_path: Path) -> None:
    shutil.copy(FIXTURES / "xnnpack.pte", tmp_path)
    (tmp_path / "n.txt").write_text("aten::add.out # all\n")
    (tmp_path / "idle.pte").write_bytes(pte_bytes(Plan(("aten::idle.out",))))
    outcome = cli("generate", "xnnpack.pte", "n.txt", "idle.pte", *BOTH, "--out", "out", "--json")
    found = outcome.json
    assert (outcome.code, found["ok"], found["models"]) == (0, True, ["xnnpack.pte", "n.txt", "idle.pte"])
    assert found["backends"] == [{"name": "XnnpackBackend", "models": ["xnnpack.pte"]}]
    rows = {row["name"]: row for row in found["operators"]}
    assert rows["aten::add.out"] == {"name": "aten::add.out", "keys": ["default"], "dtypes": None}
    assert rows["aten::idle.out"] == {"name": "aten::idle.out", "keys": [], "dtypes": []}
    assert rows["aten::sort.values"]["dtypes"] == ["Float", "Long"]
    assert rows["aten::sort.values"]["keys"] == ["v1/6;0,1|6;0,1|4;0,1|6;0,1"]
    (warning,) = found["warnings"]
    assert warning.endswith("no list of operators names them: XnnpackBackend")
    assert "5 operators with 4 kernel keys; backends: XnnpackBackend" in outcome.err


def told(outcome: Outcome) -> str:
    assert outcome.code == 0
    return outcome.err


def test_what_a_build_would_miss_is_told(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "l.yaml").write_text("operators: {aten::add: {}}\net_kernel_metadata: {aten::mul.out: [default]}\n")
    err = told(cli("generate", "l.yaml", *BOTH, "--out", "out"))
    assert "listed without kernel keys: aten::add;" in err
    assert "has kernel keys and is not listed: aten::mul.out;" in err
    assert "listed with all overloads: aten::add;" in err
    shutil.copy(FIXTURES / "mixed_cat.pte", tmp_path)
    assert "lists of tensors of several dtypes: aten::cat.out" in told(
        cli("generate", "mixed_cat.pte", *BOTH, "--out", "o")
    )
    (tmp_path / "none.pte").write_bytes(pte_bytes(Plan()))
    assert "nothing calls an operator" in told(cli("generate", "none.pte", *BOTH, "--out", "o"))
    assert "return true;" in (tmp_path / "o" / HEADER).read_text()


def test_programs_are_known_by_content_and_lists_by_name(cli: Cli, written: Any, tmp_path: Path) -> None:
    shutil.copy(FIXTURES / "half.pte", tmp_path / "half.bin")
    assert written("half.bin")[HEADER] == TEXTS["half.pte"][HEADER]
    (tmp_path / "names.lst").write_text("aten::add.out")
    outcome = cli("generate", "names.lst", *BOTH, "--out", "no")
    assert outcome.code == 2
    assert "names.lst: is neither an ExecuTorch program nor a list of operators" in outcome.err


def test_programs_in_archives(cli: Cli, written: Any, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "app.apk", "w") as archive:
        archive.write(FIXTURES / "half.pte", "assets/half.pte")
        archive.writestr("assets/names.txt", "add.out")
    assert written("app.apk!assets/half.pte")[HEADER] == TEXTS["half.pte"][HEADER]
    assert written("app.apk")[HEADER] == TEXTS["half.pte"][HEADER]
    outcome = cli("generate", "app.apk!assets/names.txt", *BOTH, "--out", "no")
    assert (outcome.code, "app.apk!assets/names.txt:1: 'add.out' is no name" in outcome.err) == (2, True)


def test_a_program_is_read_without_its_weights(written: Any, tmp_path: Path) -> None:
    head = with_header(calling("aten::add.out", tensor(6, 0)), b"\1")[:-1]
    size = 1 << 36
    with (tmp_path / "big.pte").open("wb") as file:
        file.write(head[:32] + size.to_bytes(8, "little") + head[40:])
        file.truncate(len(head) + size)
    assert yaml.safe_load(written("big.pte")[YAML])["et_kernel_metadata"] == {"aten::add.out": ["v1/6;0"]}


def test_what_is_written_does_not_depend_on_where_a_list_lies(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "lists").mkdir()
    (tmp_path / "lists" / "functions.yaml").write_text("- op: add.out\n")
    assert cli("generate", tmp_path / "lists" / "functions.yaml", *ALL, "--out", "out").code == 0
    (operator,) = yaml.safe_load((tmp_path / "out" / YAML).read_text())["operators"].values()
    assert operator["debug_info"] == ["functions.yaml"]


def test_operators_do_not_leave_their_line(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "m.pte").write_bytes(pte_bytes(Plan(calls=(Call(kind=2),), delegates=("Evil\x1b[2J",))))
    outcome = cli("generate", "m.pte", *BOTH, "--out", "out")
    assert outcome.code == 0
    assert "\x1b" not in outcome.err


@pytest.mark.parametrize("kind", sorted(HOSTILE))
def test_a_hostile_file_is_one_error(cli: Cli, tmp_path: Path, kind: str) -> None:
    for number, data in enumerate(HOSTILE[kind]):
        name = f"m{number}{Path(kind).suffix}"
        (tmp_path / name).write_bytes(data)
        outcome = cli("generate", name, *ALL, "--out", "out", "--quiet")
        assert (outcome.code, outcome.out) == (2, ""), data
        assert outcome.err.count("error: ") == 1
        assert name in outcome.err
        assert "Traceback" not in outcome.err
    assert not (tmp_path / "out").exists()


def test_there_are_many_hostile_files() -> None:
    assert sum(map(len, HOSTILE.values())) >= 140


@pytest.mark.parametrize(
    "command",
    [("inspect",), ("generate", "--tensorflow", "2.14", "--out", "o"), ("requirements", "--tensorflow", "2.14")],
)
@pytest.mark.parametrize("name", ["half.pte", "mobile.pte", "bundled.bpte"])
def test_where_no_program_is_read_the_command_that_does_is_named(cli: Cli, command: tuple[str, ...], name: str) -> None:
    outcome = cli(command[0], FIXTURES / name, *command[1:])
    assert outcome.code == 2
    assert "looks like an ExecuTorch program" in outcome.err
    assert "--target executorch" in outcome.err


def test_without_a_target_nobody_asks_for_a_tensorflow(cli: Cli) -> None:
    outcome = cli("generate", FIXTURES / "half.pte", "--out", "o")
    assert outcome.code == 2
    assert "half.pte: is no model of TensorFlow, it looks like an ExecuTorch program" in outcome.err
    assert "--target executorch" in outcome.err


@pytest.mark.parametrize(
    "option",
    [
        *(
            ("--tensorflow", "2.14"),
            ("--tree", "."),
            ("--root", "."),
            ("--profile", "desktop"),
            ("-D", "A"),
            ("-U", "A"),
        ),
        *(("--no-inserted",), ("--mode", "trim"), ("--keep-core",), ("--allow-missing",), ("--template-dir", ".")),
        *(("--have", "re2"), ("--follow-links",), ("--jobs", "2"), ("--dask", "a:1"), ("--all-signatures",)),
        *(("--compat", "2.14"), ("--ops-list", "a.json"), ("--html", "a.html"), ("--types",), ("--labels", "litert")),
    ],
)
def test_no_option_is_ignored(cli: Cli, tmp_path: Path, option: tuple[str, ...]) -> None:
    outcome = cli("generate", FIXTURES / "half.pte", *BOTH, "--out", "out", *option)
    assert (outcome.code, outcome.out) == (2, "")
    assert not (tmp_path / "out").exists()


def test_an_option_of_tensorflow_is_named(cli: Cli) -> None:
    outcome = cli("generate", FIXTURES / "half.pte", *BOTH, "--out", "out", "--no-inserted", "--max-download", "1G")
    assert "--no-inserted says nothing here: --target executorch is written from whole" in outcome.err


def test_where_kernels_may_compute_in_float_that_is_said_and_can_be_added(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "half.pte").write_bytes(calling("aten::add.out", tensor(5, 0)))
    (tmp_path / "whole.pte").write_bytes(calling("aten::gt.Scalar_out", tensor(3, 0), Value(4), args=(0, 1)))
    err = told(cli("generate", "half.pte", "whole.pte", *BOTH, "--out", "o"))
    assert "the header has no Float for aten::add.out, aten::gt.Scalar_out: a build with dtypes selected" in err
    # The advice is taken at its word.
    (tmp_path / "more.json").write_text(err[err.index('{"') :].partition("}")[0] + "}")
    err = told(cli("generate", "half.pte", "whole.pte", "more.json", *BOTH, "--out", "o"))
    assert "the header has no Float for aten::gt.Scalar_out:" in err
    header = (tmp_path / "o" / HEADER).read_text()
    half_or_float = (
        "scalar_type == executorch::aten::ScalarType::Float || scalar_type == executorch::aten::ScalarType::Half"
    )
    assert f'compare("add.out") == 0)\n        && ({half_or_float}))' in header
    (tmp_path / "all.json").write_text('{"aten::gt.Scalar_out": []}')
    assert "Float" not in told(cli("generate", "whole.pte", "all.json", *BOTH, "--out", "o"))


def test_what_is_read_is_not_written_over(cli: Cli, tmp_path: Path) -> None:
    for name, text in ((YAML, "operators: {}\n"), (DICT, "{}"), (HEADER, "aten::add.out")):
        (tmp_path / name).write_text(text)
        outcome = cli("generate", name, *ALL, "--out", ".")
        assert outcome.code == 2
        assert f"{name}: would be written over, and is part of what is read" in outcome.err
        assert [path.name for path in tmp_path.iterdir()] == [name]
        (tmp_path / name).unlink()


def test_names_that_are_no_utf_8(written: Any, tmp_path: Path) -> None:
    name = os.fsdecode(b"m\xff.pte")
    shutil.copy(FIXTURES / "half.pte", tmp_path / name)
    operators = yaml.safe_load(written(name)[YAML])["operators"]
    assert {source for each in operators.values() for source in each["debug_info"]} == {"m\\udcff.pte"}


def test_a_list_has_no_more_bytes_than_any_list_has(cli: Cli, tmp_path: Path) -> None:
    with (tmp_path / "names.txt").open("wb") as file:
        file.truncate(MAX_LIST_BYTES + 1)
    outcome = cli("generate", "names.txt", *BOTH, "--out", "out")
    assert outcome.code == 2
    assert "names.txt: has more than 67,108,864 bytes, which no list of operators has" in outcome.err


def test_lists_behind_urls_are_known_by_their_paths(cli: Cli) -> None:
    files = fsspec.filesystem("memory")
    files.pipe_file("/lists.d/names.txt?raw=1.x", b"aten::add.out")
    outcome = cli("generate", "memory://lists.d/names.txt?raw=1.x", *BOTH, "--out", "out", "--json")
    files.rm("/lists.d", recursive=True)
    assert [row["name"] for row in outcome.json["operators"]] == ["aten::add.out"], outcome.err


@pytest.mark.parametrize(
    "name", ["a!b.zip", "a!b.zip!half.pte", "memory://lists.d/a.zip", "memory://lists.d/a.zip!half.pte"]
)
def test_archives_are_known_whatever_they_are_called(written: Any, tmp_path: Path, name: str) -> None:
    with zipfile.ZipFile(tmp_path / "a!b.zip", "w") as archive:
        archive.write(FIXTURES / "half.pte", "half.pte")
    files = fsspec.filesystem("memory")
    files.pipe_file("/lists.d/a.zip", (tmp_path / "a!b.zip").read_bytes())
    assert written(name)[HEADER] == TEXTS["half.pte"][HEADER]
    files.rm("/lists.d", recursive=True)


def test_an_archive_stands_for_the_only_program_in_it(cli: Cli, tmp_path: Path) -> None:
    for name, members in (("none.zip", ("names.txt",)), ("two.zip", ("a.pte", "b.bpte"))):
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            for member in members:
                archive.writestr(member, "aten::add.out")
    err = cli("generate", "none.zip", *BOTH, "--out", "no").err
    assert err.startswith("error: none.zip: holds no .pte program\n  Pass a program, or name a list in it")
    outcome = cli("generate", "two.zip", *BOTH, "--out", "no")
    assert outcome.code == 2
    assert "two.zip: holds 2 .pte programs\n  Name one: MODEL is two.zip!a.pte, for example." in outcome.err
