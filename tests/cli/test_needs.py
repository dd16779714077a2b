"""Several models and kept requirements on one command line."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import click
import pytest

from kernel_index import shipped
from opselect.cli.shared.needs import spread
from opselect.usecases.model_names import model_names
from opselect.usecases.workers import MANY, open_workers
from tests.cli.conftest import Cli, Model
from tests.started import heed_signals, plain_environment

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("arguments", "spelled"),
    [
        ("a b --kept x y --to z", "a b --kept x --kept y --to z"),
        ("--kept x --quiet y", "--kept x --quiet y"),
        ("--kept x --kept y z", "--kept x --kept y --kept z"),
        ("--kept=x y", "--kept=x y"),
        ("--kept x -- y", "--kept x -- y"),
        ("a -- --kept x y", "a -- --kept x y"),
        ("--to z a", "--to z a"),
        ("", ""),
    ],
)
def test_an_option_that_takes_all_up_to_the_next_one(arguments: str, spelled: str) -> None:
    assert spread(arguments.split(), "--kept") == spelled.split()


@pytest.mark.parametrize("arguments", ["--kept", "a --kept --to z", "--kept -- x", "--kept --kept x"])
def test_such_an_option_without_value(arguments: str) -> None:
    with pytest.raises(click.BadOptionUsage, match="'--kept' requires an argument"):
        spread(arguments.split(), "--kept")


def test_names_of_many_models_take_no_time_to_find() -> None:
    paths = [f"/models/{number % 100}/{number}/graph.pb" for number in range(5000)] + ["gs://m//graph.pb"]
    started = time.perf_counter()
    names = model_names(paths)
    assert time.perf_counter() - started < 2  # quadratic, it would be minutes
    assert names[paths[4321]] == "4321/graph.pb"
    assert names["gs://m//graph.pb"] == "/graph.pb"
    assert len(set(names.values())) == len(paths)


def keep(cli: Cli, name: str, *command: str | Path) -> str:
    outcome = cli("requirements", *command, "--json")
    assert outcome.code == 0, outcome.err
    Path(name).write_text(outcome.out)
    return name


def test_kept_requirements_take_the_place_of_the_models(cli: Cli, index_file: Path, model: Model) -> None:
    mul, relu = model("Mul", name="mul.pbtxt"), model("Relu", "Mul", name="relu.pbtxt")
    a, b = keep(cli, "a.json", mul, "--index", index_file), keep(cli, "b.json", relu, "--index", index_file)
    of_models = cli("requirements", mul, relu, "--index", index_file, "--json").out
    assert cli("requirements", "--requirements", a, b, "--index", index_file, "--json").out == of_models
    merged = cli("requirements", "--requirements", a, b, "--json").json
    assert merged == {key: json.loads(of_models)[key] for key in ("ops", "releases", "loads")}
    assert merged["releases"] == ["1.13.9"]
    assert cli("requirements", relu, "--requirements", a, "--index", index_file, "--json").out == of_models
    assert cli("generate", mul, relu, "--index", index_file, "--out", "models").code == 0
    assert cli("generate", "--requirements", a, b, "--index", index_file, "--out", "kept").code == 0
    assert cli("generate", relu, "--requirements", a, "--index", index_file, "--out", "both").code == 0
    for path in Path("models").iterdir():
        assert path.read_text() == Path("kept", path.name).read_text() == Path("both", path.name).read_text()


def test_a_file_that_is_named_twice_counts_once(cli: Cli, index_file: Path, model: Model) -> None:
    kept = keep(cli, "a.json", model("Mul"), "--index", index_file)
    once = cli("requirements", "--requirements", kept, "--json").out
    assert cli("requirements", "--requirements", kept, kept, "--requirements", kept, "--json").out == once


def test_kept_requirements_are_completed_for_the_release_that_is_asked(cli: Cli, index_file: Path) -> None:
    Path("old.json").write_text('{"ops": [{"op": "Mul", "attrs": {}}]}')
    assert cli("requirements", "--requirements", "old.json", "--json").json["ops"][0]["attrs"] == {}
    completed = cli("requirements", "--requirements", "old.json", "--index", index_file, "--json").json
    assert completed["ops"][0]["attrs"] == {"T": "DT_FLOAT"}
    assert cli("generate", "--requirements", "old.json", "--index", index_file, "--out", "lists").code == 0


def test_kept_requirements_of_another_release(cli: Cli) -> None:
    models = ROOT / "fixtures" / "models"
    mobilenet = keep(cli, "mobilenet.json", models / "tiny_mobilenet.pb", "--tensorflow", "2.14")
    other = ("--tensorflow", "2.8", "--no-inserted", "--out")
    kept = cli("generate", "--requirements", mobilenet, *other, "kept")
    assert kept.code == 0
    before, after = (shipped.find(release).stem for release in ("2.14", "2.8"))
    assert f"warning: mobilenet.json was collected for {before}: ops that optimizers of {after} may insert" in kept.err
    assert cli("generate", models / "tiny_mobilenet.pb", *other, "direct").code == 0
    for path in Path("direct").iterdir():
        assert path.read_text() == Path("kept", path.name).read_text()
    loop = keep(cli, "loop.json", models / "functions.pb", "--tensorflow", "2.14")
    refused = cli("generate", "--requirements", mobilenet, loop, *other, "refused")
    assert refused.code == 2
    assert f"error: loop.json: was collected for {before}, and what the runtime of {after} makes of" in refused.err
    assert "StatelessWhile" in refused.err
    assert not Path("refused").exists()


def test_a_table_of_several_models_counts_them(cli: Cli, index_file: Path, model: Model) -> None:
    outcome = cli("requirements", model("Mul", name="a"), model("Mul", "Mul", name="b"), "--index", index_file)
    rows = [line.split() for line in outcome.out.splitlines()]
    assert rows[1] == ["op", "attrs", "device", "models", "nodes", "such", "as"]
    assert rows[2] == ["Mul", "T=DT_FLOAT", "any", "2", "3", "n0,", "n1"]


@pytest.mark.parametrize("command", ["requirements", "generate"])
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "name a MODEL, or a file of requirements with --requirements"),
        (("--requirements",), "'--requirements' requires an argument"),
        (("--requirements", "absent.json"), "absent.json: cannot be read: No such file or directory"),
        (("--requirements", "damaged.json"), "damaged.json:1: is no JSON"),
        (("--requirements", "foreign.json"), "foreign.json: ops[0].op must be a string"),
        (("x.pb", "--jobs", "2", "--dask", "tcp://127.0.0.1:1"), "--jobs and --dask exclude each other"),
        (("x.pb", "--jobs", "0"), "--jobs"),
    ],
)
def test_bad_usage(cli: Cli, index_file: Path, command: str, arguments: tuple[str, ...], message: str) -> None:
    Path("x.pb").touch()
    Path("damaged.json").write_text('{"ops": [')
    Path("foreign.json").write_text('{"ops": [{"name": "Mul"}]}')
    outcome = cli(command, *arguments, "--index", index_file, *(("--out", "lists") if command == "generate" else ()))
    assert outcome.code == 2
    assert message in outcome.err
    assert outcome.out == ""
    assert not Path("lists").exists()


def test_bad_models_do_not_stop_the_rest(cli: Cli, index_file: Path, model: Model) -> None:
    good = [model("Mul", name="a.pbtxt"), model("Relu", name="b.pbtxt")]
    broken = model(name="broken.pbtxt")
    broken.write_text("node {")
    outcome = cli("requirements", good[0], broken, "gone.pb", good[1], "--index", index_file, "--json")
    assert outcome.code == 1
    assert outcome.out == cli("requirements", *good, "--index", index_file, "--json").out
    first, *rest = outcome.err.splitlines()
    assert first == "2 of 4 models could not be read:"
    assert rest[0].startswith(f"  {broken}:1: ")
    assert any(line.startswith("  gone.pb: cannot be read") for line in rest)


def test_no_model_that_can_be_read(cli: Cli, index_file: Path) -> None:
    for command in ("requirements", "generate"):
        out = ("--out", "lists") if command == "generate" else ()
        outcome = cli(command, "gone.pb", "lost.pb", "--index", index_file, *out)
        assert outcome.code == 2
        assert outcome.err.startswith("2 of 2 models could not be read:\n  gone.pb: ")
        assert outcome.out == ""
        assert not Path("lists").exists()


def test_a_bad_model_beside_kept_requirements(cli: Cli, index_file: Path, model: Model) -> None:
    kept = keep(cli, "a.json", model("Mul"), "--index", index_file)
    Path("empty.pb").touch()
    outcome = cli("requirements", "empty.pb", "--requirements", kept, "--index", index_file, "--json")
    assert outcome.code == 1
    assert outcome.out == Path(kept).read_text()
    assert outcome.err.startswith("1 of 1 model could not be read:\n  empty.pb: the file is empty\n")


def test_lists_are_not_written_while_a_model_is_unread(cli: Cli, index_file: Path, model: Model) -> None:
    command = ("generate", model("Mul"), "gone.pb", "--index", index_file, "--out", "lists")
    outcome = cli(*command)
    assert outcome.code == 1
    assert "1 of 2 models could not be read:\n  gone.pb: " in outcome.err
    assert outcome.err.endswith("Nothing was written. --allow-missing writes the lists without these.\n")
    assert not Path("lists").exists()
    allowed = cli(*command, "--allow-missing")
    assert allowed.code == 1
    assert "1 unread model left out" in allowed.err
    assert "#   gone.pb\n" in Path("lists/kernels.BUILD").read_text()
    manifest = Path("lists/manifest.yaml").read_text()
    assert "INCOMPLETE" in manifest
    assert "unread:\n- gone.pb\n" in manifest
    assert cli(*command, "--json").json["unread"] == ["gone.pb"]


def test_what_is_missing_names_the_models_that_ask(cli: Cli, index_file: Path, model: Model) -> None:
    paths = [model("Lonely" if name in "bcd" else "Mul", name=name) for name in "abcd"]
    outcome = cli("generate", *paths, "--index", index_file, "--json")
    assert outcome.code == 1
    assert [missing["models"] for missing in outcome.json["unresolved"]] == [["b", "c", "d"]]
    _, _, row, *_ = outcome.err.splitlines()
    assert row.split("  ")[-1] == "n0 and 2 more nodes in b, c, d"


def test_a_defect_in_one_model_is_named_and_the_code_says_so(
    cli: Cli, index_file: Path, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("by zero")

    paths = [model("Mul", name="a.pbtxt"), model("Relu", name="b.pbtxt")]
    monkeypatch.setattr("opselect.requirements.of_many_models.collect_requirements", broken)
    outcome = cli("requirements", *paths, "--index", index_file)
    assert outcome.code == 3
    assert f"  internal error: {paths[0]}: ZeroDivisionError: by zero" in outcome.err
    assert "defect in opselect" in outcome.err
    assert cli("requirements", paths[0], "--index", index_file).code == 3


def fleet(folder: Path, model: Model, count: int) -> list[Path]:
    folder.mkdir()
    return [model("Mul" if number % 3 else "Relu", name=f"{folder.name}/m{number:03}.pbtxt") for number in range(count)]


def test_processes_give_the_same_answer(cli: Cli, index_file: Path, model: Model, tmp_path: Path) -> None:
    paths = fleet(tmp_path / "fleet", model, MANY)
    paths[5].write_text("node {")
    random.Random(1).shuffle(paths)
    command = ("requirements", *paths, "--index", index_file, "--json")
    here, there, default = cli(*command, "--jobs", "1"), cli(*command, "--jobs", "2"), cli(*command)
    assert here.code == 1
    assert here == there == default
    assert "m005.pbtxt:1: " in here.err


def test_few_models_are_read_in_this_process() -> None:
    def executors(models: int, jobs: int | None) -> tuple[bool, int]:
        with open_workers(models, jobs=jobs, dask="") as workers:
            return workers.executor is not None, workers.number

    assert executors(MANY - 1, None) == (False, 1)
    assert executors(MANY, 1) == (False, 1)
    assert executors(2, 5) == (True, 2)
    assert executors(1, 5) == (False, 1)


def test_processes_end_with_the_block() -> None:
    def stop() -> None:
        with open_workers(4, jobs=2, dask="") as workers:
            assert workers.executor is not None
            workers.executor.submit(time.sleep, 60)
            raise KeyboardInterrupt

    started = time.perf_counter()
    with pytest.raises(KeyboardInterrupt):
        stop()
    assert time.perf_counter() - started < 10


def seconds_of_members(group: int) -> list[float]:
    """The processor time of each process in a process group."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            stat = path.read_text().rpartition(")")[2].split()
            if stat[2] == str(group):
                found.append((int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK"))
    return found


def within(seconds: float, condition: Callable[[], bool]) -> bool:
    """Whether the condition comes true within some seconds."""
    end = time.perf_counter() + seconds
    while not (true := condition()) and time.perf_counter() < end:
        time.sleep(0.05)
    return true


def test_ctrl_c_ends_at_once_and_says_nothing(tmp_path: Path) -> None:
    line = 'node { name: "n%d" op: "NoOp" }\n'
    slow = "".join(line % number for number in range(60_000))
    paths = [tmp_path / f"{number}.pbtxt" for number in range(8)]
    for path in paths:
        path.write_text(slow)
    command = [
        sys.executable,
        "-m",
        "opselect",
        "requirements",
        *map(str, paths),
        "--tensorflow",
        "2.14",
        "--jobs",
        "2",
    ]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=plain_environment(),
        text=True,
        start_new_session=True,
        preexec_fn=heed_signals,  # noqa: PLW1509 (no threads here)
    ) as process:
        # Workers have started when more time went by than it takes to start everything.
        assert within(30, lambda: sum(seconds_of_members(process.pid)) > 2)
        os.killpg(process.pid, signal.SIGINT)
        started = time.perf_counter()
        out, err = process.communicate(timeout=30)
    assert time.perf_counter() - started < 3
    assert (process.returncode, out, err) == (130, "", "")
    assert within(5, lambda: not seconds_of_members(process.pid))


def test_warnings_of_every_model_unless_quiet(cli: Cli, index_file: Path, model: Model) -> None:
    paths = [model("ApplyGradientDescent", name="b.pbtxt"), model("ApplyGradientDescent", name="a.pbtxt")]
    command = ("requirements", *paths, "--index", index_file)
    loud, quiet = cli(*command), cli(*command, "--quiet")
    assert [line[:16] for line in loud.err.splitlines()] == ["warning: b.pbtxt", "warning: a.pbtxt"]
    assert (quiet.out, quiet.err) == (loud.out, "")


def test_kept_files_are_json_that_anyone_may_merge(cli: Cli, index_file: Path, model: Model) -> None:
    rows = [json.loads(Path(keep(cli, f"{n}.json", model("Mul"), "--index", index_file)).read_text()) for n in "ab"]
    Path("joined.json").write_text(json.dumps({"ops": rows[0]["ops"] + rows[1]["ops"], "by": "hand"}))
    merged = cli("requirements", "--requirements", "a.json", "b.json", "--json").json
    joined = cli("requirements", "--requirements", "joined.json", "--json").json
    loads = {"uses": [], "graphs": [], "unknown": ["joined.json"]}
    assert joined == {"ops": merged["ops"], "releases": [""], "loads": loads}
