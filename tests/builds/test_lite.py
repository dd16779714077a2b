"""TensorFlow Lite without operators that no model uses: what opselect writes for it, compiled and linked with a library
of the same names (``tests/builds/lite``)."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from opselect.cli.main import run
from tests.builds.builders import JOBS, checked, missing_commands, skip_without
from tests.builds.sharing import made_once, shared_folder
from tests.opselect.tflite_files import BUILTIN, Op, Subgraph, flex, tflite_bytes

LITE = Path(__file__).parent / "lite"
SOURCES = {"tensorflow": "tensorflow/lite", "litert": "tflite"}
BOTH = ("registration", "tflite-cmake")
FLEX = Op("FlexInv", options=flex('node { name: "inv" op: "Inv" }'))


def written(folder: Path, *operators: Op, targets: tuple[str, ...] = ("registration",), options: str = "") -> Path:
    """The folder with what opselect writes of a model with these operators."""
    folder.mkdir(parents=True)
    model = folder / "model.tflite"
    model.write_bytes(tflite_bytes(Subgraph(operators=operators)))
    wanted = [word for target in targets for word in ("--target", target)]
    assert run(["generate", str(model), *wanted, "--out", str(folder), "--quiet", *options.split()]) == 0
    return folder


def library(folder: Path, labels: str = "tensorflow") -> Path:
    """An include folder with the library where TensorFlow, or LiteRT, has it."""
    shutil.copytree(LITE / "tree", folder / SOURCES[labels])
    return folder


@dataclass(frozen=True, slots=True)
class Programs:
    folder: Path

    def operators(self, program: str) -> list[str]:
        return checked([self.folder / program], self.folder).splitlines()

    def kernels(self, program: str) -> set[str]:
        """The kernels whose code is in a program, by its symbols."""
        names = checked(["nm", "--demangle", self.folder / program], self.folder)
        return {line.split("::Eval_")[1].split("(")[0] for line in names.splitlines() if "::Eval_" in line}

    def tables(self, program: str) -> set[str]:
        names = checked(["nm", "--demangle", self.folder / program], self.folder)
        return {line.split("::kTable_")[1] for line in names.splitlines() if "::kTable_" in line}

    def size(self, program: str) -> int:
        """Bytes of code and constant data."""
        return int(checked(["size", self.folder / program], self.folder).splitlines()[1].split()[0])


@pytest.fixture(scope="session")
def programs(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Programs:
    """The programs of ``tests/builds/lite/CMakeLists.txt``."""
    skip_without(missing_commands("cmake", "make", "g++", "nm", "size"))
    folder = shared_folder(tmp_path_factory, pytestconfig, "lite")

    def build() -> None:
        conv = (Op(BUILTIN.CONV_2D, version=3), Op(BUILTIN.CONV_2D, version=5))
        plain = written(folder / "plain", Op(BUILTIN.ADD), *conv, Op(BUILTIN.RELU, version=2), targets=BOTH)
        custom = written(
            folder / "custom", Op(BUILTIN.MUL), Op("MyOp"), FLEX, targets=BOTH, options="--namespace app::models"
        )
        tree = library(folder / "include")
        settings = {
            "CMAKE_CXX_COMPILER_WORKS": 1,
            "INCLUDE_ROOT": tree,
            "FOLDER": SOURCES["tensorflow"],
            "PLAIN": plain,
            "CUSTOM": custom,
        }
        defined = [f"-D{name}={value}" for name, value in settings.items()]
        checked(["cmake", "-S", LITE, "-B", folder / "build", *defined], folder)
        checked(["cmake", "--build", folder / "build", "--parallel", JOBS], folder)

    made_once(folder, build)
    return Programs(folder / "build")


def test_the_linker_drops_what_is_not_registered(programs: Programs) -> None:
    """TANH shares a file with RELU, so only sections of their own set them apart."""
    every = {"ABS", "ADD", "AVERAGE_POOL_2D", "CONV_2D", "FULLY_CONNECTED", "MFCC", "MUL", "RELU", "SOFTMAX", "TANH"}
    assert programs.kernels("everything") == programs.tables("everything") == every
    assert programs.kernels("selected") == programs.tables("selected") == {"ADD", "CONV_2D", "RELU"}
    assert programs.size("selected") < programs.size("everything") - 7 * 4096
    assert "CONV_2D 7 10" in programs.operators("everything")


def test_the_program_has_the_operators_in_the_versions_of_the_models(programs: Programs) -> None:
    assert programs.operators("selected") == ["ADD 1 6", "CONV_2D 3 10", "CONV_2D 4 10", "CONV_2D 5 10", "RELU 2 40"]


def test_the_c_api_has_the_selected_operators_too(programs: Programs) -> None:
    assert programs.operators("selected_c") == ["ADD 1", "CONV_2D 3", "CONV_2D 4", "CONV_2D 5", "RELU 2"]
    assert programs.kernels("selected_c") == {"ADD", "CONV_2D", "RELU"}


def test_custom_operators_come_from_the_users_target(programs: Programs) -> None:
    """In a namespace; the Flex operator is the delegate's, and no registration has it. How the user's own library is
    compiled is the user's."""
    assert programs.operators("custom") == ["MUL 1 14", "MyOp 1 80"]
    assert programs.kernels("custom") == {"MUL", "MY_OP", "NOT_IN_THE_MODEL"}


@pytest.fixture(scope="session", params=["tensorflow", "litert"])
def headers(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """Whose labels, and the include folder for them."""
    skip_without(missing_commands("g++"))
    return request.param, library(tmp_path_factory.mktemp("headers"), request.param)


@pytest.mark.parametrize(
    ("operators", "options"),
    [
        ((Op(BUILTIN.ADD), Op(BUILTIN.CONV_2D)), ""),
        ((Op(BUILTIN.ADD, version=3), Op(BUILTIN.MUL, version=1), Op(BUILTIN.MUL, version=4)), "--compat 2.14"),
        ((Op(BUILTIN.ADD),), "--namespace app"),
        ((Op(BUILTIN.ADD), Op("MyOp", version=2), Op("HTTPServerOp")), "--namespace app::models"),
        ((Op("MyOp"),), ""),
        ((FLEX,), ""),
        ((FLEX,), "--compat 2.14"),
    ],
    ids=["built-in", "versions", "namespace", "custom", "only custom", "only flex", "flex as the tool"],
)
def test_registrations_compile(
    headers: tuple[str, Path], operators: tuple[Op, ...], options: str, tmp_path: Path
) -> None:
    labels, include = headers
    folder = written(tmp_path / "out", *operators, options=f"{options} --labels {labels}")
    checked(["g++", "-std=c++14", "-Wall", "-Werror", "-fsyntax-only", f"-I{include}", "registration.cc"], folder)


REFUSALS = {
    "no library": ("", "", "there is no target tensorflow-lite"),
    "shared": ("add_library(tensorflow-lite SHARED IMPORTED)", "", "is a shared library, which has all operators"),
    "alias of a shared one": (
        "add_library(mine SHARED IMPORTED GLOBAL)\nadd_library(tensorflow-lite ALIAS mine)",
        "",
        "mine is a shared library",
    ),
    "no custom target named": (
        "add_library(tensorflow-lite STATIC IMPORTED)",
        "",
        "tflite::ops::custom::Register_MY_OP(), tflite::ops::custom::Register_THEIR_OP()",
    ),
    "no such custom target": (
        "add_library(tensorflow-lite::tensorflow-lite STATIC IMPORTED)",
        "set(OPSELECT_CUSTOM_OPS their_ops)",
        "OPSELECT_CUSTOM_OPS names their_ops, which is no target",
    ),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_cmake_says_what_is_missing(case: str, tmp_path: Path) -> None:
    library_lines, setting, message = REFUSALS[case]
    assert message in " ".join(configured(tmp_path, library_lines, setting).split())


def test_cmake_asks_for_the_registration(tmp_path: Path) -> None:
    said = configured(tmp_path, "add_library(tensorflow-lite STATIC IMPORTED)", targets=("tflite-cmake",))
    assert "has no registration.cc. Write it with opselect generate --target registration." in " ".join(said.split())


def test_an_installed_library_is_taken_as_it_is(tmp_path: Path) -> None:
    """As ``find_package`` gives it; it has no sources, so the C API is said to stay whole."""
    skip_without(missing_commands("cmake", "make", "g++"))
    library_line = "add_library(tensorflow-lite::tensorflow-lite STATIC IMPORTED)"
    folder = project(tmp_path, "CXX", library_line, operators=(Op(BUILTIN.ADD),))
    said = checked(["cmake", "-S", folder, "-B", tmp_path / "build", "-DCMAKE_CXX_COMPILER_WORKS=1"], tmp_path)
    assert "without the sources of TensorFlow Lite, tflite::CreateOpResolver and the C API have all operators" in said


def project(
    folder: Path, language: str, *lines: str, operators: tuple[Op, ...], targets: tuple[str, ...] = BOTH
) -> Path:
    """A project of these lines that includes the snippet."""
    made = written(folder / "project", *operators, targets=targets)
    head = ("cmake_minimum_required(VERSION 3.16)", f"project(p {language})")
    (made / "CMakeLists.txt").write_text("\n".join((*head, *lines, "include(tflite_registration.cmake)")))
    return made


def configured(folder: Path, *lines: str, targets: tuple[str, ...] = BOTH) -> str:
    """What CMake says of such a project, of a model with custom operators, which it refuses."""
    skip_without(missing_commands("cmake"))
    made = project(folder, "NONE", *lines, operators=(Op("MyOp"), Op("TheirOp")), targets=targets)
    command = ["cmake", "-S", str(made), "-B", str(folder / "build")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    return done.stderr
