"""``import opselect``: every public name once, documented, typed, at work; and light until it is used."""

from __future__ import annotations

import ast
import dataclasses
import doctest
import inspect
import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

import opselect
from opselect.cli.main import run
from tests.cli.commands_page import copy_models

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "api.md"
MOBILENET = "fixtures/models/tiny_mobilenet.pb"

PUBLIC = sorted(set(opselect.__all__) - {"__version__"})
OBJECTS = {name: getattr(opselect, name) for name in PUBLIC}
FUNCTIONS = {name: found for name, found in OBJECTS.items() if inspect.isfunction(found)}
CLASSES = {name: found for name, found in OBJECTS.items() if inspect.isclass(found)}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A scratch folder with the fixtures that the examples name."""
    copy_models(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def imported_for_type_checkers() -> list[tuple[str, str]]:
    """The names that ``opselect/__init__.py`` imports for type checkers, each with its module."""
    tree = ast.parse(Path(opselect.__file__).read_text())
    (block,) = [node for node in tree.body if isinstance(node, ast.If)]
    return [
        (alias.asname or alias.name, str(node.module))
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    ]


def test_every_name_is_exported_once() -> None:
    assert len(set(opselect.__all__)) == len(opselect.__all__)
    assert list(opselect.__all__) == sorted(opselect.__all__)
    assert [name for name, count in Counter(map(id, OBJECTS.values())).items() if count > 1] == []
    assert set(FUNCTIONS) | set(CLASSES) == set(PUBLIC)


def test_type_checkers_see_the_names_that_are_there() -> None:
    homes = imported_for_type_checkers()
    assert sorted(name for name, _ in homes) == PUBLIC
    assert dict(homes) == opselect._HOMES


def test_nothing_has_another_name_here_than_at_home() -> None:
    assert {name: found.__name__ for name, found in OBJECTS.items()} == {name: name for name in PUBLIC}


def test_what_records_are_made_of_is_public_where_a_caller_passes_it() -> None:
    """Types in signatures of the functions are public, or plain types of Python."""
    named = {
        word
        for function in FUNCTIONS.values()
        for annotation in spelled(function).values()
        for word in re.findall(r"\b[A-Z]\w+", annotation)
    }
    plain = {"Collection", "Executor", "Iterable", "Mapping", "None", "Sequence"}
    words = {"Json", "Mode", "PathLike", "Target"}  # names for what is plain text or a path
    assert named - plain - words - set(PUBLIC) == set()


def spelled(function: Any) -> dict[str, str]:
    return {name: str(annotation) for name, annotation in inspect.get_annotations(function).items()}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_are_typed(name: str) -> None:
    signature = inspect.signature(FUNCTIONS[name])
    assert signature.return_annotation is not inspect.Signature.empty
    assert [p.name for p in signature.parameters.values() if p.annotation is inspect.Parameter.empty] == []


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_say_what_they_take_and_raise(name: str) -> None:
    said = inspect.getdoc(FUNCTIONS[name]) or ""
    if name != "manifest_of":
        assert "Raises " in said
    told = {"index", "model", "models", "watch", "found", "tree", "path", "needed", "out", "graph", "checkpoint"}
    options = [
        p.name
        for p in inspect.signature(FUNCTIONS[name]).parameters.values()
        if p.kind is inspect.Parameter.KEYWORD_ONLY and p.name not in told
    ]
    assert [option for option in options if f"``{option}``" not in said and f"``{option}=" not in said] == []


@pytest.mark.parametrize("name", ["freeze", "transform", "prepare", "select"])
def test_rules_of_tensorflow_name_their_source(name: str) -> None:
    said = inspect.getdoc(FUNCTIONS[name]) or ""
    assert re.search(r"TensorFlow's\s+``[\w./]+``|of TensorFlow's documentation", said)
    (page,) = re.findall(r"``docs/(\w+\.md)``\)\.$", said)
    assert (ROOT / "docs" / page).is_file()


@pytest.mark.parametrize("name", CLASSES)
def test_records_and_errors_are_documented(name: str) -> None:
    found = CLASSES[name]
    own = found.__dict__.get("__doc__")
    assert own
    assert not own.startswith(f"{name}(")  # what dataclasses write where nobody did
    members = {key: value for key, value in vars(found).items() if not key.startswith("_")}
    methods = [
        key
        for key, value in members.items()
        if isinstance(value, property | staticmethod) or inspect.isfunction(value)
        if not inspect.getdoc(getattr(found, key) if not isinstance(value, property) else value)
    ]
    assert methods == []


@pytest.mark.parametrize("name", [name for name, found in CLASSES.items() if dataclasses.is_dataclass(found)])
def test_records_are_values(name: str) -> None:
    found: Any = CLASSES[name]
    assert found.__dataclass_params__.frozen
    assert "__slots__" in vars(found)


def test_errors_are_of_one_family() -> None:
    errors = [found for found in CLASSES.values() if issubclass(found, Exception)]
    assert len(errors) >= 7
    assert all(issubclass(found, opselect.OpselectError) for found in errors)


def test_the_page_lists_every_name_once() -> None:
    page = PAGE.read_text()
    listed = [
        word
        for cell in re.findall(r"^\| ((?:`\w+`(?:, )?)+) \|", page, re.MULTILINE)
        for word in re.findall(r"`(\w+)`", cell)
    ]
    given = re.findall(r"^\| `\w+` \| (?:an? |each )?`(\w+)`[:,]", page, re.MULTILINE)  # what the functions return
    given += ["SelectedFile", "SelectedKernel", "Finding"]  # parts of a Selection, explained in its row
    assert [name for name, count in Counter(listed + given).items() if count > 1] == []
    assert sorted(listed + given) == [name for name in PUBLIC if name != "Watch"]
    assert "`Watch`" in page


@pytest.mark.usefixtures("here")
def test_the_examples_of_the_page() -> None:
    failed, run_ = doctest.testfile(str(PAGE), module_relative=False)
    assert failed == 0
    assert run_ >= 40


def test_a_name_that_is_not_there() -> None:
    with pytest.raises(AttributeError, match="no attribute 'generate_everything'"):
        _ = opselect.generate_everything  # type: ignore[attr-defined]
    assert set(PUBLIC) <= set(dir(opselect))


def modules_after(program: str) -> set[str]:
    script = f"{program}\nimport json, sys\nprint(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    return set(json.loads(done.stdout))


HEAVY = {"numpy", "google.protobuf", "jinja2", "networkx", "rich", "yaml", "click"}


def test_nothing_is_imported_before_it_is_used() -> None:
    bare = modules_after("import opselect")
    assert not bare & HEAVY
    assert {name for name in bare if name.startswith(("opselect", "kernel_index"))} == {"opselect", "kernel_index"}
    assert not modules_after("import opselect; opselect.open_index('2.14').registrations('Mul')") & HEAVY
    program = f"import opselect; opselect.requirements_of({MOBILENET!r}, opselect.open_index('2.14'))"
    assert not modules_after(program) & HEAVY - {"google.protobuf"}


def files_in(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize(
    ("release", "profile", "model", "targets"),
    [
        ("2.14", "android", MOBILENET, ()),
        ("1.15", "android-slim", MOBILENET, ("bazel", "makefile", "manifest")),
        ("1.13", "android", MOBILENET, ()),
        ("2.14", "ios", "fixtures/models/training.pb", ("cmake", "list", "manifest")),
        ("2.14", "android", "fixtures/models/jpeg_training.pb", ()),
        ("1.15", "android", "fixtures/saved_models/sm2_functional_cnn", ("makefile", "manifest")),
    ],
)
def test_the_facade_writes_the_bytes_of_the_command(
    here: Path, release: str, profile: str, model: str, targets: tuple[Any, ...]
) -> None:
    arguments = ["generate", model, "--tensorflow", release, "--profile", profile, "--out", "command", "-q"]
    arguments += [word for target in targets for word in ("--target", target)]
    code = run([*arguments, "--allow-missing"])
    index = opselect.open_index(release)
    answer = opselect.select(opselect.requirements_of(model, index), index, profile, targets=targets)
    options = opselect.ListOptions(targets)
    written = opselect.write_build_lists(answer, here / "facade", options, allow_missing=True)
    assert code == 0
    assert files_in(here / "facade") == files_in(here / "command")
    assert sorted(path.name for path in written.paths) == sorted(files_in(here / "command"))
    strict = run(arguments)
    assert answer.complete == (strict == 0)
    if not answer.complete:
        with pytest.raises(opselect.IncompleteError, match="nothing was written") as refused:
            opselect.write_build_lists(answer, here / "refused", options)
        assert refused.value.answer is answer
        assert not (here / "refused").exists()


@pytest.mark.usefixtures("here")
def test_the_manifest_of_the_facade_is_that_of_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    Path("no_model.pb").write_text("node {")
    models = [MOBILENET, "fixtures/models/jpeg_training.pb", "no_model.pb"]
    run(["generate", *models, "--tensorflow", "1.15", "--json", "-q"])
    index = opselect.open_index("1.15")
    answer = opselect.select(opselect.requirements_of(models, index), index)
    printed = json.loads(capsys.readouterr().out)
    # What the command prints besides is no part of the manifest.
    assert opselect.manifest_of(answer) == {key: printed[key] for key in printed if key != "estimate"}
    assert printed["unread"] == list(answer.unread) == ["no_model.pb"]
    assert printed["criteria"]
    options = opselect.ListOptions(("manifest",), manifest_format="json")
    (path,) = opselect.write_build_lists(answer, "lists", options, allow_missing=True).paths
    assert {**json.loads(path.read_text()), "estimate": printed["estimate"]} == printed


@pytest.mark.usefixtures("here")
def test_models_of_which_none_can_be_read() -> None:
    paths = ["a.pb", "b.pb"]
    with pytest.raises(opselect.NoModelReadError, match="none of 2 models") as found:
        opselect.requirements_of(paths, opselect.open_index("2.14"))
    assert [failure.model for failure in found.value.unread] == paths
    with pytest.raises(opselect.InputError, match="cannot be read"):
        opselect.requirements_of("a.pb")


@pytest.mark.usefixtures("here")
def test_a_model_out_of_an_archive_is_there_as_long_as_it_is_loaded() -> None:
    import shutil

    archive = shutil.make_archive("saved", "zip", "fixtures/saved_models/sm2_functional_cnn")
    with opselect.load_model(archive) as model:
        folder = Path(model.model.path)
        assert folder.exists()
        assert model.path == archive
    assert not folder.exists()
    loaded = opselect.load_model(archive)
    folder = Path(loaded.model.path)
    assert folder.exists()
    del loaded
    assert not folder.exists()


class Steps:
    """The rooms that use cases call, one after the other; a room that follows itself is there once."""

    def __init__(self) -> None:
        self.rooms: list[str] = []
        self._inside = 0

    def __call__(self, frame: FrameType, event: str, _: object) -> None:
        if event != "call" or frame.f_back is None:
            return
        caller, called = (str(each.f_globals.get("__name__")) for each in (frame.f_back, frame))
        if caller.startswith("opselect.usecases") and called.startswith("opselect."):
            room = called.split(".")[1]
            # Making records, looking at the properties of what came back and at the table of targets is no way down.
            if room not in ("usecases", "targets") and frame.f_code.co_name not in (
                "__init__",
                "__bool__",
                "complete",
                "tag_set",
            ):
                self.rooms += [room] if self.rooms[-1:] != [room] else []


def test_one_question_visits_each_room_once(here: Path) -> None:
    from opselect.usecases.generate import generate
    from opselect.usecases.kernel_source import KernelSource
    from opselect.usecases.read_requirements import ModelSet
    from opselect.usecases.select_kernels import BuildQuestion

    question = BuildQuestion(ModelSet((MOBILENET,)), KernelSource("2.14"))
    steps = Steps()
    sys.setprofile(steps)
    try:
        generated = generate(question, out=here / "lists")
    finally:
        sys.setprofile(None)
    assert generated.written is not None
    # The size is known before anything is written, and of the files that the lists will have.
    assert steps.rooms == ["models", "requirements", "selection", "build_lists", "estimates", "build_lists"]


FOREIGN = """
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
made = descriptor_pb2.FileDescriptorProto(name="tensorflow/core/framework/graph.proto", package="tensorflow")
for name in ("GraphDef", "NodeDef", "SavedModel", "MetaGraphDef", "TensorProto", "AttrValue"):
    message = made.message_type.add(name=name)
    message.field.add(name="foreign", number=1, type=9, label=1)
for name in ("node_def", "types", "tensor", "attr_value", "saved_model", "meta_graph"):
    descriptor_pool.Default().AddSerializedFile(
        descriptor_pb2.FileDescriptorProto(name=f"tensorflow/core/framework/{name}.proto", package="tensorflow")
        .SerializeToString()
    )
descriptor_pool.Default().AddSerializedFile(made.SerializeToString())
Foreign = message_factory.GetMessageClass(descriptor_pool.Default().FindMessageTypeByName("tensorflow.GraphDef"))
assert Foreign.FromString(Foreign(foreign="x").SerializeToString()).foreign == "x"
"""
OURS = """
import opselect
index = opselect.open_index("2.14")
for model in ("fixtures/models/tiny_mobilenet.pbtxt", "fixtures/saved_models/sm2_functional_cnn"):
    answer = opselect.select(opselect.requirements_of(model, index), index)
    assert len(answer.selection.kernels) > 20
assert opselect.freeze("fixtures/saved_models/sm2_functional_cnn").frozen.weight_bytes == 1608
"""


@pytest.mark.parametrize("program", [FOREIGN + OURS, OURS + FOREIGN, OURS + FOREIGN + OURS])
def test_messages_of_tensorflow_in_the_same_process(program: str) -> None:
    """TensorFlow has files and messages of the same names in the default pool, of another release than ours."""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr
