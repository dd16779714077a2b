"""From a log to the cause and the edit, on the command line."""

from __future__ import annotations

import json
import select
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.started import plain_environment

ROOT = Path(__file__).resolve().parents[2]
LOGS = ROOT / "fixtures" / "logs"
REAL = LOGS / "tensorflow_1.13.1"
ADD = (
    "06-01 10:11:12.341  4100  4120 E AndroidRuntime: java.lang.IllegalArgumentException: No OpKernel was "
    "registered to support Op 'Cumsum' with these attrs.  Registered devices: [CPU], Registered kernels:\n"
    "06-01 10:11:12.341  4100  4120 E AndroidRuntime:   <no registered kernels>\n"
    "06-01 10:11:12.341  4100  4120 E AndroidRuntime: \n"
    "06-01 10:11:12.341  4100  4120 E AndroidRuntime: \t [[Node: total = Cumsum[T=DT_FLOAT, Tidx=DT_INT32](x, axis)]]\n"
)
KEYS = {
    *("kind", "code", "op", "node", "dtypes", "device", "runtime", "release", "lines", "count", "causes", "next"),
    *(
        "release_inferred",
        "log",
        "checked",
        "unsure",
        "attrs",
        "attr",
        "version",
        "graph_version",
        "removed_in",
        "node_number",
    ),
    *("builtin_code", "ops", "custom_ops", "devices", "registered", "file", "symbol", "library"),
    *("next_causes", "next_assumed"),
}


def written(text: str, name: str = "crash.log") -> Path:
    path = Path(name)
    path.write_text(text)
    return path


def tree() -> Path:
    """A checkout of the fixture runtime that may be edited."""
    shutil.copytree(ROOT / "fixtures" / "runtime_tree", "tree")
    return Path("tree")


def test_cause_mend_and_command_stand_in_this_order_on_a_screen(cli: Cli) -> None:
    outcome = cli(
        "diagnose", written(ADD), "--tree", tree(), "--model", ROOT / "fixtures/build_models/running_total.pb"
    )
    lines = outcome.out.splitlines()
    assert outcome.code == 0
    assert lines[0] == "crash.log, line 1: no kernel of the op is registered for the node"
    assert "Cumsum  T=DT_FLOAT, Tidx=DT_INT32  node total" in lines[1]
    cause = next(i for i, line in enumerate(lines) if "OPS119 (certain)" in line)
    mend = next(i for i, line in enumerate(lines) if "scan_ops.cc" in line and line.startswith("  - "))
    command = next(i for i, line in enumerate(lines) if line.strip().startswith("opselect apply "))
    assert cause < mend < command
    end = next(i for i, line in enumerate(lines) if line.startswith("The edit that mends"))
    assert end <= 24
    assert "+tensorflow/core/kernels/scan_ops.cc" in lines[end:]


def test_json_has_what_scripts_rely_on(cli: Cli) -> None:
    outcome = cli("diagnose", written(ADD * 2), "--json", "--quiet")
    (failure,) = outcome.json["failures"]
    assert set(failure) == KEYS
    told = {
        name: failure[name] for name in ("kind", "op", "node", "dtypes", "device", "runtime", "count", "registered")
    }
    assert told == {
        "kind": "no-kernel",
        "op": "Cumsum",
        "node": "total",
        "dtypes": {"T": "DT_FLOAT", "Tidx": "DT_INT32"},
        "device": "",
        "runtime": "tensorflow",
        "count": 2,
        "registered": [],
    }
    assert failure["attrs"] == {"T": "DT_FLOAT", "Tidx": "DT_INT32"}
    assert failure["lines"] == [1, 5]
    assert failure["code"] == failure["causes"][0]["code"]
    assert all({"code", "applicability", "evidence", "mend"} <= set(cause) for cause in failure["causes"])
    assert (failure["version"], failure["attr"], failure["ops"]) == (None, "", [])
    assert (outcome.code, outcome.err) == (0, "")


def test_a_log_without_a_known_failure_shows_its_nearest_lines(cli: Cli) -> None:
    path = written("fine\nan OpKernel is a class\nfine\n")
    outcome = cli("diagnose", path)
    assert outcome.code == 1
    assert outcome.out == (
        "crash.log: no failure that is known in 3 lines; the nearest lines:\n  2: an OpKernel is a class\n"
    )
    as_json = cli("diagnose", path, "--json", "-q")
    assert (as_json.code, as_json.json, as_json.err) == (1, {"failures": []}, "")
    assert cli("diagnose", written("", "empty.log")).out == "empty.log: no failure that is known in 0 lines.\n"


def test_several_logs_are_told_apart(cli: Cli) -> None:
    written(ADD, "one.log")
    written("nothing\n", "two.log")
    written(ADD.replace("Cumsum", "Relu"), "three.log")
    failures = cli("diagnose", "one.log", "two.log", "three.log", "--json", "-q").json["failures"]
    assert [(each["log"], each["op"]) for each in failures] == [("one.log", "Cumsum"), ("three.log", "Relu")]
    text = cli("diagnose", "one.log", "two.log", "three.log").out
    assert "one.log, line 1: " in text
    assert "three.log, line 1: " in text


@pytest.mark.parametrize(
    ("name", "kind", "code"),
    [
        ("BREAK_lstm_dynamic_rnn", "no-kernel", "OPS119"),
        ("BREAK_dtype_add_uint8", "kernel-type", "OPS119"),
        ("BREAK_slim_add_uint8", "kernel-type", "OPS103"),
        ("BREAK_opdef_nn_ops_missing", "op-not-registered", "OPS120"),
        ("ERR_opdef_missing_BitwiseAnd", "op-not-registered", "OPS120"),
        ("BREAK_runtime_no_op", "runtime-op", "OPS501"),
        ("ERR_newer_attr_explicit_paddings", "attr-unknown", "OPS301"),
        ("ERR_newer_attr_half_pixel_centers", "attr-unknown", "OPS301"),
        ("ERR_stateless_if_lowering", "lowering", "OPS307"),
        ("LINK_decode_compressed_op", "link-undefined", "OPS121"),
        ("LINK_regex_replace_op", "link-undefined", "OPS114"),
        ("COMPILE_regex_hash_headers", "compile-header", "OPS114"),
    ],
)
def test_logs_of_a_real_tensorflow_give_their_cause(cli: Cli, name: str, kind: str, code: str) -> None:
    first = cli("diagnose", REAL / f"{name}.txt", "--json", "-q").json["failures"][0]
    assert (first["kind"], first["code"]) == (kind, code)


def test_fix_edits_what_is_certain_and_undo_takes_it_back(cli: Cli) -> None:
    folder = tree()
    makefile = folder / "tensorflow/contrib/makefile/tf_op_files.txt"
    before = makefile.read_text()
    outcome = cli("diagnose", written(ADD), "--tree", folder, "--fix")
    assert outcome.code == 0
    assert "edited 2 files" in outcome.err
    assert "tensorflow/core/kernels/scan_ops.cc\n" in makefile.read_text()
    again = cli("diagnose", "crash.log", "--tree", folder, "--fix", "--json", "-q")
    assert (again.json["edits"], again.json["written"]) == ([], False)
    assert cli("apply", "--tree", folder, "--undo").code == 0
    assert makefile.read_text() == before


def test_without_fix_nothing_is_written(cli: Cli) -> None:
    folder = tree()
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    document = cli("diagnose", written(ADD), "--tree", folder, "--json", "-q").json
    assert [each["path"] for each in document["edits"]] != []
    assert document["written"] is False
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_what_fails_next_is_named(cli: Cli) -> None:
    model = ROOT / "fixtures/build_models/mobile_ops.pb"
    log = written(ADD.replace("Cumsum", "Relu"))
    arguments = (
        "--model",
        model,
        "--tensorflow",
        "1.15",
        "--lists",
        written("tensorflow/core/kernels/no_op.cc\n", "list.txt"),
    )
    (failure,) = cli("diagnose", log, *arguments, "--json", "-q").json["failures"]
    verified = cli("verify", model, "--tensorflow", "1.15", "--against", "list.txt", "--json", "-q").json["problems"]
    others = {problem["op"] for problem in verified if problem["op"]}
    assert set(failure["next"]) == others - {"Relu"}
    assert {(each["op"], each["code"]) for each in failure["next_causes"]} >= {(op, "OPS119") for op in ("Conv2D",)}
    assert failure["next_assumed"] is False
    assert len(failure["next"]) > 3


def test_without_a_build_what_fails_next_is_by_the_lists_of_the_release(cli: Cli) -> None:
    model = ROOT / "fixtures/build_models/mobile_ops.pb"
    log = REAL / "BREAK_lstm_dynamic_rnn.txt"
    failure = cli("diagnose", log, "--model", model, "--json", "-q").json["failures"][0]
    default = cli("verify", model, "--tensorflow", failure["release"], "--json", "-q").json["problems"]
    assert set(failure["next"]) == {problem["op"] for problem in default if problem["op"]} != set()
    assert failure["next_assumed"] is True
    told = cli("diagnose", log, "--model", model).out
    assert f"Will fail next, if the build has the lists of TensorFlow {failure['release']}: " in told


def test_many_failures_are_told_in_short_and_verbose_tells_all(cli: Cli) -> None:
    ops = [f"Op{number}" for number in range(12)]
    log = written("".join(ADD.replace("Cumsum", op) for op in ops))
    brief = cli("diagnose", log).out
    assert brief.count("crash.log, line ") == 8
    assert "crash.log: 4 more failures; --verbose tells all of them." in brief
    assert cli("diagnose", log, "--verbose").out.count("crash.log, line ") == 12


def test_warnings_are_counted_where_something_else_stops(cli: Cli) -> None:
    warning = 'OpKernel (\'op: "Foo" device_type: "CPU"\') for unknown op: Foo\n'
    assert "1 warning besides that alone stops nothing (Foo)." in cli("diagnose", written(warning + ADD)).out
    assert "crash.log, line 1: a kernel is registered whose op" in cli("diagnose", written(warning)).out


def test_names_in_logs_do_not_act_on_terminals(cli: Cli) -> None:
    log = written(ADD.replace("total", "to\x1b]0;x\x07tal\x9b31m\u202e"))
    for arguments in ((), ("--json",), ("--verbose",)):
        text = cli("diagnose", log, *arguments).out
        assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set(text)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("no.log",), "no.log: cannot be read"),
        ((".",), ".: cannot be read"),
        (("--follow", "a", "b"), "--follow is for one log"),
        (("a", "--follow", "--fix"), "exclude each other"),
        (("a", "--fix"), "name it with --tree or --lists"),
        (("a", "--fix=always"), "there is no 'always'; there are certain, likely"),
        (("a", "--model", "no.pb", "--tensorflow", "2.14"), "no.pb: cannot be read"),
    ],
)
def test_bad_usage_is_one_error(cli: Cli, arguments: tuple[str, ...], error: str) -> None:
    outcome = cli("diagnose", *arguments)
    assert (outcome.code, outcome.out) == (2, "")
    assert error in outcome.err
    assert "Traceback" not in outcome.err


def started(*arguments: str) -> subprocess.Popen[bytes]:
    """``opselect diagnose`` with pipes for all three streams."""
    return subprocess.Popen(
        [sys.executable, "-m", "opselect", "diagnose", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=plain_environment(PYTHONPATH=str(ROOT)),
    )


def line_of(program: subprocess.Popen[bytes], seconds: float = 30) -> bytes:
    assert program.stdout is not None
    assert select.select([program.stdout], [], [], seconds)[0], "nothing was said"
    return program.stdout.readline()


def test_a_pipe_is_read_to_its_end() -> None:
    out, err = started("--json", "-q").communicate(ADD.encode())
    assert [each["op"] for each in json.loads(out)["failures"]] == ["Cumsum"]
    assert err == b""


def test_followed_failures_are_told_while_the_log_goes_on() -> None:
    with started("--follow", "--json") as program:
        assert program.stdin is not None
        for op in ("Cumsum", "Relu"):
            program.stdin.write(ADD.replace("Cumsum", op).encode())
            program.stdin.flush()
            assert json.loads(line_of(program))["op"] == op
        program.stdin.write(ADD.encode())
        program.stdin.close()
        assert program.stdout is not None
        assert program.stdout.read() == b""
        assert program.wait(30) == 0


def test_a_followed_file_may_grow_and_be_cut(tmp_path: Path) -> None:
    log = tmp_path / "growing.log"
    log.write_text("nothing yet\n" * 100)
    with started("--follow", "--json", str(log)) as program:
        with log.open("a") as stream:
            stream.write(ADD)
        assert json.loads(line_of(program))["op"] == "Cumsum"
        time.sleep(0.5)
        log.write_text(ADD.replace("Cumsum", "Relu"))
        assert json.loads(line_of(program))["op"] == "Relu"
        program.kill()


def test_a_followed_log_without_failures_ends_with_one() -> None:
    with started("--follow") as program:
        out, err = program.communicate(b"nothing\n")
    assert (program.returncode, out, err) == (1, b"", b"")


def test_an_attr_that_the_release_only_warns_of_is_found_in_the_model(cli: Cli) -> None:
    log = written(
        "E node_def_util.cc:676] NodeDef mentions attribute slope which is not in the op definition: Op<name=Relu; "
        "signature=features:T -> activations:T> This may be expected if your graph generating binary is newer  than "
        "this binary. Unknown attributes will be ignored. NodeDef: {{node y}}\n"
    )
    node = 'node {{ name: "{}" op: "{}" {} attr {{ key: "{}" value {{ {} }} }} {} }}\n'
    more = 'attr { key: "slope" value { f: 0.5 } }'
    x = node.format("x", "Placeholder", "", "dtype", "type: DT_FLOAT", "")
    model = written(x + node.format("y", "Relu", 'input: "x"', "T", "type: DT_FLOAT", more), "model.pbtxt")
    (failure,) = cli("diagnose", log, "--model", model, "--tensorflow", "2.14", "--json", "-q").json["failures"]
    assert (failure["kind"], failure["attr"], failure["checked"]) == ("attr-unknown", "slope", True)
    first = failure["causes"][0]
    assert (first["code"], first["evidence"]) == ("OPS301", "NodeDef mentions attr 'slope' not in Op<name=Relu>")


@pytest.mark.parametrize(
    ("line", "codes", "command"),
    [
        (
            "Could not find an implementation for FusedMatMul(1) node with name 'a'",
            ["OPS501", "OPS519"],
            "opselect generate MODEL --target onnxruntime --with-optimizer-ops --out DIR",
        ),
        *(
            (
                f"Could not find an implementation for {op} node with name 'a'",
                codes,
                "opselect generate MODEL --target onnxruntime --with-optimizer-ops --out DIR",
            )
            for op, codes in {
                "Erf(13)": ["OPS519"],
                "Conv(1)": ["OPS519"],
                "Attention(1)": ["OPS519"],
                "QLinearConv(10)": ["OPS519"],
                "SkipLayerNormalization(1)": ["OPS501", "OPS519"],
                "FusedNew(1)": ["OPS501", "OPS519"],
            }.items()
        ),
        (
            "Failed to find kernel for com.microsoft.nchwc.Conv(1)",
            ["OPS501", "OPS519"],
            "opselect generate MODEL --target onnxruntime --with-optimizer-ops --out DIR",
        ),
        (
            "Missing operator: [4] aten::topk.values",
            ["OPS519"],
            "opselect generate PROGRAM --target executorch --out DIR",
        ),
    ],
)
def test_reduced_builds_are_mended_by_the_command_that_lists_their_operators(
    cli: Cli, tmp_path: Path, line: str, codes: list[str], command: str
) -> None:
    log = tmp_path / "app.log"
    log.write_text(f"{line}\n")
    (failure,) = cli("diagnose", log, "--json").json["failures"]
    assert [cause["code"] for cause in failure["causes"]] == codes
    assert command in failure["causes"][0]["mend"]
    evidence = failure["causes"][0]["evidence"]
    assert ("(MatMulScaleFusion, MatmulTransposeFusion)" in evidence) == ("FusedMat" in line)
    assert ("(NchwcTransformer)" in evidence) == ("nchwc" in line)
    assert all("no model has" not in cause["evidence"].lower() for cause in failure["causes"])
