from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from kernel_index.store import open_index
from tests.cli.conftest import Cli

FIXTURES = Path(__file__).parents[2] / "fixtures" / "audit"
RUNTIME, WHOLE, ODD, PACKAGE = (FIXTURES / name for name in ("libruntime.so", "libwhole.so", "libodd.so", "app.apk"))


def test_an_index_of_a_library_says_what_is_from_where(cli: Cli) -> None:
    made = cli("index", "from-binary", RUNTIME, "--base", "2.14", "--profile", "android", "-o", "x.opselidx")
    assert (made.code, made.out) == (0, "")
    assert "read in libruntime.so:" in made.err
    assert "borrowed from TensorFlow 2.14.1:" in made.err
    assert "the index is called 2.14.1, as its base; --release names another" in made.err
    shown = cli("index", "show", "x.opselidx", "--json").json
    assert shown["origin"]["libraries"] == ["libruntime.so"]
    assert (shown["origin"]["profile"], shown["origin"]["base"]) == ("android", "2.14.1")
    assert shown["profiles"]["android"]["registrations"] == 7
    assert "not known:" in cli("index", "show", "x.opselidx").out


def test_its_profile_is_what_the_audit_says_the_library_registers(cli: Cli) -> None:
    cli("index", "from-binary", WHOLE, "--base", "2.14", "--profile", "android", "-o", "x.opselidx", "-q")
    kernels = cli("audit", WHOLE, "--registrations", "--json", "--tensorflow", "2.14").out.splitlines()
    index = open_index(Path("x.opselidx"))
    assert sum("android" in r.profiles for r in index.all_registrations()) == len(kernels)


def test_the_summary_as_json_and_the_index_on_stdout(cli: Cli) -> None:
    arguments = ("index", "from-binary", RUNTIME, "--base", "2.14", "--profile", "android", "--release", "2.14.9")
    made = cli(*arguments, "-o", "x.opselidx", "--json")
    assert (made.code, made.json["tensorflow"]) == (0, "2.14.9")
    assert made.json["origin"]["read"][0].startswith("the 7 kernels of profile android: ")
    assert "is called" not in made.err
    again = cli(*arguments, "-o", "y.opselidx", "-q")
    assert (again.out, again.err) == ("", "")
    assert Path("x.opselidx").read_bytes() == Path("y.opselidx").read_bytes()


def test_a_package_is_read_like_the_library_in_it(cli: Cli) -> None:
    for name, path in (("x", RUNTIME), ("y", PACKAGE)):
        assert cli("index", "from-binary", path, "--base", "2.14", "-o", f"{name}.opselidx", "-q").code == 0
    one, other = (list(open_index(Path(f"{name}.opselidx")).all_registrations()) for name in "xy")
    assert one == other


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((ODD, "-o", "x"), "registers no kernel that could be read"),
        (("missing.so", "-o", "x"), "missing.so: "),
        (("x" * 5000, "-o", "x"), "cannot be read: File name too long"),
        ((RUNTIME, "--base", "1.99", "-o", "x"), "there is no shipped index of TensorFlow 1.99"),
        ((RUNTIME, "--base", "2.14", "--profile", "phone", "-o", "x"), "it has no profile 'phone'"),
        ((RUNTIME, "--release", "newest", "-o", "x"), "'newest' is no TensorFlow version"),
        ((RUNTIME, "--json", "-o", "-"), "--json and -o - both write to stdout"),
        ((RUNTIME, "-o", RUNTIME), "would write over what is read"),
        ((Path(__file__), "-o", "x"), "test_index_from_binary.py: "),
    ],
)
def test_errors(cli: Cli, arguments: tuple[str | Path, ...], said: str) -> None:
    outcome = cli("index", "from-binary", *arguments)
    assert (outcome.code, outcome.out) == (2, "")
    assert said in outcome.err
    assert not Path("x").exists()


def test_of_a_selection_every_answer_says_that_the_release_may_have_more(cli: Cli) -> None:
    cli("index", "from-binary", RUNTIME, "--base", "2.14", "--profile", "android", "-o", "x.opselidx", "-q")
    found = cli("locate", "Conv2D", "--index", "x.opselidx", "--profile", "android")
    assert (
        "libruntime.so has a part of the kernels of TensorFlow 2.14.1: what is missing in profile android" in found.err
    )
    assert "may be in the release all the same" not in cli("locate", "Conv2D", "--tensorflow", "2.21").err


@pytest.mark.parametrize(
    ("version", "name"),
    [("1.0.9", "1.0.9"), ("1.0.0rc1", "1.0.0rc1"), ("1.0.1/../../x", "1.0.1"), ("1.0.1\x1b[31m", "1.0.1")],
)
def test_a_version_of_a_wheel_that_is_none_names_no_index(cli: Cli, version: str, name: str) -> None:
    with zipfile.ZipFile("x.whl", "w") as wheel:
        wheel.write(RUNTIME, "tensorflow/libtensorflow_cc.so.2")
        wheel.writestr("tensorflow-2.dist-info/METADATA", f"Name: tensorflow\nVersion: {version}\n")
        wheel.writestr("tensorflow/include/tensorflow/core/public/version.h", "#define TF_GRAPH_DEF_VERSION 1500\n")
    assert cli("index", "from-binary", "x.whl", "--base", "1.0", "--json", "-o", "x").json["tensorflow"] == name
