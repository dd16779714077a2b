"""What binaries register and cost, on the command line."""

from __future__ import annotations

import csv
import io
import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.opselect.binaries.ar_files import gnu_archive
from tests.opselect.binaries.elf_files import CODE, Section, Symbol, elf_file

ROOT = Path(__file__).resolve().parents[2]
NOBITS = 8
AUDIT = ROOT / "fixtures" / "audit"
RUNTIME, WHOLE, WIDE = AUDIT / "libruntime.so", AUDIT / "libwhole.so", AUDIT / "libwide.so"
RELU, ABS = ROOT / "fixtures" / "findings" / "relu.pbtxt", ROOT / "fixtures" / "findings" / "int32.pbtxt"
OF = ("--tensorflow", "2.14")
OPS = ["Const", "NoOp", "Placeholder", "Relu", "Relu6", "_Arg", "_Retval"]


def test_registrations_are_lines_of_json_as_an_index_has_them(cli: Cli) -> None:
    outcome = cli("audit", RUNTIME, "--registrations", "--json")
    assert (outcome.code, outcome.err) == (0, "")
    rows = [json.loads(line) for line in outcome.out.splitlines()]
    assert [row["op"] for row in rows] == OPS
    assert rows[3] == {
        "op": "Relu",
        "device": "CPU",
        "label": "",
        "priority": 0,
        "constraints": {"T": ["DT_FLOAT"]},
        "host_memory_args": [],
        "kernel_class": "ReluOp<CPUDevice, float>",
        "file": "tensorflow/core/kernels/relu_op.cc",
        "known_from": "symbols",
    }
    exported = cli("index", "export", "2.14").out.splitlines()
    assert rows[3].keys() - json.loads(exported[0]).keys() == {"known_from"}


def test_registrations_as_a_table(cli: Cli) -> None:
    lines = cli("audit", *OF, RUNTIME, "--registrations").out.splitlines()
    assert lines[0].split()[:4] == ["op", "device", "constraints", "class"]
    assert [line.split()[0] for line in lines[1:]] == OPS


def test_definitions_that_are_compiled_in(cli: Cli) -> None:
    rows = [json.loads(line) for line in cli("audit", *OF, RUNTIME, "--definitions", "--json").out.splitlines()]
    relu = next(row for row in rows if row["op"] == "Relu")
    assert (relu["inputs"], relu["attrs"]) == (["features: T"], ["T: {realnumbertype, qint8}"])
    assert "Relu6" not in {row["op"] for row in rows}
    assert "features: T" in cli("audit", *OF, RUNTIME, "--definitions").out


def test_all_byte_figures_together_are_the_size(cli: Cli) -> None:
    outcome = cli("audit", *OF, RUNTIME, "--json")
    found = outcome.json
    assert outcome.code == 0
    assert {"file", "size", "registered", "sections", "ops", "unattributed", "checks"} <= found.keys()
    assert found["size"] == RUNTIME.stat().st_size
    assert sum(op["own_bytes"] for op in found["ops"]) + sum(found["unattributed"].values()) == found["size"]
    assert sum(found["sections"].values()) == found["size"]
    assert found["registered"] == {"kernels": 7, "ops": 7, "definitions": 7, "undecoded": 0}
    assert all(set(op) == {"op", "kernels", "own_bytes", "retained_bytes", "files", "needed_by"} for op in found["ops"])
    relu = next(op for op in found["ops"] if op["op"] == "Relu")
    assert (relu["kernels"], relu["files"]) == (1, ["tensorflow/core/kernels/relu_op.cc"])
    assert relu["retained_bytes"] > 300


@pytest.mark.parametrize(
    "name",
    [
        *("elf/arm64.stripped.so", "elf/thumb.so", "elf/i386.o", "elf/x86_64.thin.a"),
        *("macho/registers.arm64.stripped.dylib", "macho/registers.x86_64.a"),
    ],
)
def test_byte_figures_of_binaries_of_all_kinds(cli: Cli, name: str) -> None:
    found = cli("audit", *OF, ROOT / "fixtures" / "binaries" / name, "--json").json
    assert sum(op["own_bytes"] for op in found["ops"]) + sum(found["unattributed"].values()) == found["size"]
    assert sum(found["sections"].values()) == found["size"]
    assert found["registered"]["kernels"] >= 3


def test_what_should_not_ship_is_reported_and_no_answer(cli: Cli) -> None:
    outcome = cli("audit", *OF, RUNTIME, "--json")
    assert (outcome.code, [check["code"] for check in outcome.json["checks"]]) == (
        0,
        ["OPS518", "OPS522", "OPS523", "OPS526"],
    )
    assert "Should not ship as it is:" in cli("audit", *OF, RUNTIME).out


def test_the_release_whose_kernels_it_has_is_found(cli: Cli) -> None:
    # Of 2.21, of which an index of libraries is shipped, it may be as well.
    assert cli("audit", RUNTIME, "--json").json["tensorflow"] == "2.20.0"
    assert "Nearest release: TensorFlow 2.20.0, which has 7 of 7 kernel classes" in cli("audit", RUNTIME).out


def test_several_files_are_audited_together(cli: Cli) -> None:
    found = cli("audit", *OF, RUNTIME, WHOLE, "--json").json
    assert found["size"] == RUNTIME.stat().st_size + WHOLE.stat().st_size
    assert {op["op"]: op["kernels"] for op in found["ops"]}["Relu"] == 2
    assert sum(op["own_bytes"] for op in found["ops"]) + sum(found["unattributed"].values()) == found["size"]
    assert found["file"] == f"{RUNTIME} + {WHOLE}"


def test_a_file_that_is_named_twice_counts_once(cli: Cli) -> None:
    shutil.copy(RUNTIME, "lib.so.2")
    Path("lib.so").symlink_to("lib.so.2")
    outcome = cli("audit", *OF, "lib.so.2", "lib.so", "lib.so.2", "--json")
    assert outcome.json["registered"]["kernels"] == len(OPS)
    assert outcome.json["size"] == RUNTIME.stat().st_size
    assert outcome.err.count("is the same file as lib.so.2, and counts once") == 2


def test_a_table_is_not_written_over_what_is_read(cli: Cli) -> None:
    shutil.copy(RUNTIME, "lib.so")
    Path("link.csv").symlink_to("lib.so")
    for arguments in (("lib.so", "--csv", "link.csv"), ("--diff", "lib.so", WHOLE, "--csv", "./lib.so")):
        outcome = cli("audit", *arguments)
        assert (outcome.code, outcome.out) == (2, "")
        assert "would write over what is read" in outcome.err
    assert Path("lib.so").read_bytes() == RUNTIME.read_bytes()


def test_builds_for_different_processors_are_a_warning(cli: Cli) -> None:
    small = ROOT / "fixtures" / "binaries" / "elf"
    assert (
        "is for x86_64, and this one for arm64" in cli("audit", "--diff", small / "x86_64.so", small / "arm64.so").err
    )
    assert "older build is for" not in cli("audit", "--diff", small / "x86_64.so", small / "x86_64.stripped.so").err


_MEASURED = """
import sys
from opselect.__main__ import main
sys.argv = ["opselect", "audit", sys.argv[1]]
try:
    main()
finally:
    # Not what getrusage says, which begins with the memory of who started this.
    peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM:"))
    print(int(peak.split()[1]) * 1024, file=sys.stderr)
"""


def test_a_file_that_is_mostly_empty_takes_little_memory(tmp_path: Path) -> None:
    library, size = tmp_path / "sparse.so", 600_000_000
    shutil.copy(RUNTIME, library)
    with library.open("r+b") as file:
        file.truncate(size)
    run = subprocess.run([sys.executable, "-c", _MEASURED, library], capture_output=True, text=True, check=True)
    assert f"{size:,} bytes" in run.stdout
    assert int(run.stderr.split()[-1]) < size // 2


def test_a_library_in_a_package(cli: Cli) -> None:
    found = cli("audit", *OF, AUDIT / "app.apk", "--json").json
    assert found["file"].endswith("app.apk(lib/x86_64/libruntime.so)")
    (binary,) = found["binaries"]
    assert (binary["abi"], binary["download_size"]) == ("x86_64", binary["size"])
    assert "OPS521" in [check["code"] for check in found["checks"]]


def test_what_is_downloaded_is_what_is_compressed(cli: Cli) -> None:
    with zipfile.ZipFile("lib.aar", "w", zipfile.ZIP_DEFLATED) as package:
        package.write(RUNTIME, "jni/x86_64/libruntime.so")
    (binary,) = cli("audit", *OF, "lib.aar", "--json").json["binaries"]
    assert binary["download_size"] < binary["size"] // 2
    assert f"{binary['download_size']:,} bytes to download" in cli("audit", *OF, "lib.aar").out


def test_libraries_of_a_package_that_register_nothing_are_left_out(cli: Cli) -> None:
    with zipfile.ZipFile("app.apk", "w") as package:
        for name in ("libodd.so", "libruntime.so"):
            package.write(AUDIT / name, f"lib/x86_64/{name}")
    outcome = cli("audit", *OF, "app.apk", "--json")
    assert outcome.err == "app.apk: left out a library that registers nothing\n"
    assert outcome.json["file"] == "app.apk(lib/x86_64/libruntime.so)"
    assert len(cli("audit", *OF, AUDIT / "libodd.so", RUNTIME, "--json").json["binaries"]) == 2


def test_members_that_are_not_read_are_named(cli: Cli, tmp_path: Path) -> None:
    """An object that the compiler wrote for link-time optimisation holds no code: what it registers is not known."""
    code = elf_file([Section(".text", bytes(16), flags=CODE)], [Symbol("f", ".text", size=16)])
    lto = {f"lto{number}.o": b"BC\xc0\xde" + bytes(60) for number in range(12)}
    (tmp_path / "lib.a").write_bytes(gnu_archive({"code.o": code, **lto}))
    outcome = cli("audit", *OF, tmp_path / "lib.a", "--registrations", "--json")
    assert (outcome.code, outcome.out) == (0, "")
    assert "not read: lto0.o: it is LLVM bitcode" in outcome.err
    assert "not read: 2 more members" in outcome.err


def test_without_section_headers_nothing_is_said_of_what_would_go(cli: Cli, tmp_path: Path) -> None:
    content = bytearray(RUNTIME.read_bytes())
    content[40:48] = bytes(8)  # e_shoff
    content[60:64] = bytes(4)  # e_shnum, e_shstrndx
    (tmp_path / "lib.so").write_bytes(content)
    outcome = cli("audit", *OF, tmp_path / "lib.so", "--json")
    assert outcome.code == 0
    assert "no section headers" in outcome.err
    assert {row["retained_bytes"] for row in outcome.json["ops"]} == {None}
    assert outcome.json["binaries"][0]["linked"] == "not told"
    assert sum(outcome.json["sections"].values()) == len(content)
    words = ("audit", *OF, tmp_path / "lib.so", "--model", RELU)
    models = cli(*words, "--json").json["models"]
    assert (models["needed_bytes"], models["unused_bytes"]) == (None, None)
    assert {row["retained_bytes"] for row in (*models["needed"], *models["unused"])} == {None}
    text = cli(*words).out
    assert text.count("what would go without them is not told") == 2
    assert " 0 bytes would go" not in text
    for budget, code in (("any_op: 1 MB", 2), ("total: 1 MB", 0)):
        (tmp_path / "budget.yaml").write_text(budget)
        assert cli("audit", *OF, tmp_path / "lib.so", "--budget", tmp_path / "budget.yaml").code == code


@pytest.mark.parametrize("by", ["op", "dtype", "kernel", "file", "section", "symbol"])
def test_rows_of_each_kind(cli: Cli, by: str) -> None:
    rows = list(csv.reader(io.StringIO(cli("audit", *OF, RUNTIME, "--by", by, "--csv", "-").out)))
    assert rows[0] == [by, "kernels", "own_bytes", "retained_bytes", "files"]
    own = sum(int(row[2]) for row in rows[1:])
    size = RUNTIME.stat().st_size
    assert own == size if by == "section" else 0 < own < size
    names = {
        "op": "Relu",
        "dtype": "DT_FLOAT",
        "kernel": "Relu CPU ReluOp<CPUDevice, float>",
        "file": "tensorflow/core/kernels/relu_op.cc",
        "section": ".text",
        "symbol": "registration of Relu",
    }
    assert names[by] in [row[0] for row in rows]
    text = cli("audit", *OF, RUNTIME, "--by", by, "--top", "1").out
    assert len(rows) == 2 or f"1 of {len(rows) - 1}" in text
    if by != "op":
        document = cli("audit", *OF, RUNTIME, "--by", by, "--json").json
        assert (document["by"], len(document["rows"])) == (by, len(rows) - 1)


def test_a_table_in_a_file(cli: Cli) -> None:
    outcome = cli("audit", *OF, RUNTIME, "--csv", "ops.csv")
    assert "wrote ops.csv" in outcome.err
    assert Path("ops.csv").read_text().splitlines()[0] == "op,kernels,own_bytes,retained_bytes,files"
    assert cli("audit", *OF, RUNTIME, "--csv", "nowhere/ops.csv").code == 2


def test_a_model_that_the_binary_runs(cli: Cli) -> None:
    outcome = cli("audit", *OF, RUNTIME, "--model", RELU, "--json", "-q")
    found = outcome.json["models"]
    assert (outcome.code, found["ok"], found["missing"]) == (0, True, [])
    needed = {row["op"]: row["models"] for row in found["needed"]}
    assert needed == {"NoOp": [], "Placeholder": ["relu.pbtxt"], "Relu": ["relu.pbtxt"], "_Arg": [], "_Retval": []}
    unused = {row["file"].rpartition("/")[2]: row for row in found["unused"]}
    assert unused.keys() == {"constant_op.cc", "relu_op.cc"}
    assert [kernel["op"] for kernel in unused["relu_op.cc"]["kernels"]] == ["Relu6"]
    assert not unused["relu_op.cc"]["whole_file"]
    assert unused["relu_op.cc"]["mend"]["argv"][:2] == ["opselect", "generate"]
    assert 0 < unused["relu_op.cc"]["retained_bytes"] <= found["unused_bytes"]
    needed_by = {op["op"]: op["needed_by"] for op in outcome.json["ops"]}
    assert (needed_by["Relu"], needed_by["Softplus"], needed_by["NoOp"]) == (["relu.pbtxt"], [], ["the runtime"])


def test_a_file_that_no_model_needs_is_taken_out_of_its_list(cli: Cli) -> None:
    unused = cli("audit", *OF, WHOLE, "--model", RELU, "--json", "-q").json["models"]["unused"]
    softplus = next(row for row in unused if row["file"].endswith("softplus_op.cc"))
    assert softplus["whole_file"]
    assert softplus["mend"]["remove"] == ["softplus_op.cc"]
    assert softplus["mend"]["list"].startswith("portable_extended_ops")


def test_a_model_that_needs_what_is_missing(cli: Cli) -> None:
    outcome = cli("audit", *OF, RUNTIME, "--model", RELU, "--model", ABS, "--json", "-q")
    found = outcome.json["models"]
    assert (outcome.code, found["ok"]) == (1, False)
    (missing,) = found["missing"]
    assert (missing["code"], missing["op"], missing["models"]) == ("OPS119", "Abs", ["int32.pbtxt"])
    assert "cwise_op_abs.cc" in missing["mend"]
    text = cli("audit", *OF, RUNTIME, "--model", RELU, "--model", ABS)
    assert text.code == 1
    assert "does not run all of it:" in text.out
    assert "Dropping relu.pbtxt saves " in text.out


def test_what_dropping_a_model_saves(cli: Cli) -> None:
    found = cli("audit", *OF, RUNTIME, "--model", RELU, "--model", ABS, "--json", "-q").json["models"]
    saved = {row["model"]: (row["kernels"], row["saves_bytes"]) for row in found["dropping"]}
    relu = next(row["retained_bytes"] for row in found["needed"] if row["op"] == "Relu")
    assert saved == {"int32.pbtxt": (0, 0), "relu.pbtxt": (1, relu)}


def test_what_became_of_an_older_build(cli: Cli) -> None:
    outcome = cli("audit", *OF, "--diff", WHOLE, RUNTIME, "--json")
    found = outcome.json["diff"]
    assert (outcome.code, found["ok"]) == (0, True)
    assert found["growth_bytes"] == RUNTIME.stat().st_size - WHOLE.stat().st_size
    (softplus,) = [row for row in found["ops"] if row["op"] == "Softplus"]
    assert (softplus["state"], softplus["kernels"]) == ("gone", -1)
    assert [kernel["op"] for kernel in found["kernels"]["gone"]] == ["Softplus"]
    assert found["kernels"]["added"] == []
    assert ["tensorflow/core/kernels/softplus_op.cc", "gone"] in [[row["file"], row["state"]] for row in found["files"]]
    assert "Softplus" in cli("audit", *OF, "--diff", WHOLE, RUNTIME).out


def test_a_trim_that_changed_nothing_is_explained(cli: Cli) -> None:
    shutil.copy(RUNTIME, "trimmed.so")
    outcome = cli("audit", *OF, "--diff", RUNTIME, "trimmed.so", "--json")
    assert (outcome.code, outcome.json["diff"]["ok"]) == (1, False)
    assert [each["code"] for each in outcome.json["diff"]["explanations"]] == ["OPS527"]
    assert "Nothing changed" in cli("audit", *OF, "--diff", RUNTIME, "trimmed.so").out


def test_why_a_trim_saves_too_little(cli: Cli) -> None:
    named = ("--header", AUDIT / "ops_to_register.h", "--lists", AUDIT / "files.txt")
    found = cli("audit", *OF, "--diff", WHOLE, WIDE, *named, "--json").json["diff"]["explanations"]
    assert [each["code"] for each in found] == ["OPS527", "OPS530", "OPS528", "OPS529"]
    header, lists, wider, whole = (each["reason"] for each in found)
    assert "3 of its 8 kernels are left out by" in header
    assert lists.endswith("files.txt leaves out: tensorflow/core/kernels/relu_op.cc")
    assert "DT_DOUBLE (of Relu)" in wider
    assert "softplus_op.cc" in whole


def test_a_budget(cli: Cli) -> None:
    Path("budget.yaml").write_text("total: 1 MB\nops: {Relu: 100}\n")
    outcome = cli("audit", *OF, RUNTIME, "--budget", "budget.yaml", "--json")
    (exceeded,) = outcome.json["over_budget"]
    assert (outcome.code, exceeded["code"], exceeded["budget"], exceeded["most"]) == (1, "OPS601", "ops.Relu", 100)
    text = cli("audit", *OF, RUNTIME, "--budget", "budget.yaml")
    assert (text.code, "budget.yaml:2 ops.Relu" in text.out) == (1, True)
    Path("budget.yaml").write_text("total: 18.3 kB\n")
    within = cli("audit", *OF, RUNTIME, "--budget", "budget.yaml")
    assert (within.code, "Within the budget of budget.yaml." in within.out) == (0, True)


def test_growth_is_judged_with_an_older_build(cli: Cli) -> None:
    Path("budget.yaml").write_text("growth: 0\n")
    assert cli("audit", *OF, WHOLE, "--budget", "budget.yaml").code == 2
    grown = cli("audit", *OF, "--diff", RUNTIME, WHOLE, "--budget", "budget.yaml", "--json")
    assert (grown.code, [row["budget"] for row in grown.json["over_budget"]]) == (1, ["growth"])
    assert cli("audit", *OF, "--diff", WHOLE, RUNTIME, "--budget", "budget.yaml").code == 0


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        (RUNTIME, "--registrations", "--definitions"),
        (RUNTIME, "--registrations", "--model", RELU),
        (RUNTIME, "--header", AUDIT / "ops_to_register.h"),
        (RUNTIME, "--profile", "android"),
        (RUNTIME, "--outputs", "y"),
        (RUNTIME, "--json", "--csv", "-"),
        (RUNTIME, "--by", "nothing"),
        (RUNTIME, "--abi", "mips"),
        ("nowhere.so",),
        (RELU,),
        (AUDIT / "libodd.so", "--model", RELU),
        (RUNTIME, "--model", RELU, "--profile", "androit"),
    ],
    ids=str,
)
def test_what_cannot_be_asked(cli: Cli, arguments: tuple[str | Path, ...]) -> None:
    outcome = cli("audit", *arguments)
    assert (outcome.code, outcome.out) == (2, "")
    assert "rror: " in outcome.err


def test_sections_at_addresses_that_no_program_has(cli: Cli) -> None:
    content = bytearray(RUNTIME.read_bytes())
    table = int.from_bytes(content[40:48], "little")
    for number in range(1, int.from_bytes(content[60:62], "little")):
        at = table + 64 * number
        if content[at + 8] & 2:
            far = b"\0\0\0\0\0\x7f\0\0"
            for address in (b"\xff" * 8, far) if content[at + 4] != NOBITS else (b"\xff" * 8,):
                damaged = bytearray(content)
                damaged[at + 16 : at + 24] = address
                Path("damaged.so").write_bytes(damaged)
                outcome = cli("audit", *OF, "damaged.so")
                assert (outcome.code, "nothing loads it" in outcome.err) == (2, True)


def test_verify_reads_the_binary(cli: Cli) -> None:
    runs = cli("verify", RELU, "--against", RUNTIME, "--json", "-q")
    assert (runs.code, runs.json["ok"], runs.json["unjudged"]) == (0, True, [])
    fails = cli("verify", ABS, "--against", RUNTIME, "--json", "-q")
    assert (fails.code, [row["code"] for row in fails.json["problems"]]) == (1, ["OPS119"])


def test_lists_that_have_a_file_of_which_the_binary_has_no_kernel(cli: Cli) -> None:
    of = (ABS, "--tensorflow", "2.14", "--against", "default", "--against", RUNTIME)
    (problem,) = cli("verify", *of, "--json", "-q").json["problems"]
    assert (problem["code"], problem["op"]) == ("OPS502", "Abs")


def test_that_an_index_was_made_of_libraries_is_said_on_the_page_too(cli: Cli) -> None:
    outcome = cli("audit", RUNTIME, "--tensorflow", "2.21", "--html", "page.html")
    assert outcome.err.count("the index of TensorFlow 2.21.0 was made of libtensorflow_cc.so.2") == 1
    assert "the index of TensorFlow 2.21.0 was made of" in Path("page.html").read_text(encoding="utf-8")
    assert "was made of" not in cli("audit", RUNTIME).err
