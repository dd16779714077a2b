"""Selective registration: the runtime built with the headers that opselect writes, of our form and of the tool's."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from kernel_index.build_files.places import MAKEFILE_LIST
from kernel_index.records import ScanResult
from opselect.build_lists.header.reader import FILE_NAME, read_header
from opselect.build_lists.header.record import SelectiveHeader
from opselect.cli.main import run
from tests.builds.builders import Make, copy_tree, skip_without
from tests.builds.run_graph import MODELS, as_rows, differences, registered, run_graph, run_model
from tests.builds.sharing import made_once, shared_folder

BUILDS: dict[str, tuple[str, ...]] = {
    "tiny_mobilenet": (),
    "more_types": ("--compat", "1.15", "--no-inserted"),
    "running_total": ("--compat", "1.2", "--no-inserted"),
}
"""The model that a header is for, and whose words the header is in.

They are ours, those of the newest tool, and those of a tool that compares ops by strcmp. What the tools write has
nothing that is only inserted.
"""

LEFT_OUT = {"running_total": "Softmax"}
"""An op whose line is taken out of the header before the program is built."""

SYSTEM_OPS = {"_Arg", "_Retval"}


@dataclass(frozen=True, slots=True)
class Built:
    """A program and its header; pairs of op and class in the manifest that was written beside it, and its sources."""

    program: Path
    header: SelectiveHeader
    pairs: frozenset[tuple[str, str]]
    sources: frozenset[str]


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> dict[str, Built]:
    """The runtime once for each model, from the list and the header that opselect writes for it."""
    folder = shared_folder(tmp_path_factory, pytestconfig, "selective")
    builder = Make(folder / "tree", profile="selective")
    skip_without(builder.missing_tools())

    def build() -> dict[str, Built]:
        copy_tree(builder.tree)
        return {model: build_for(model, builder, folder / model) for model in BUILDS}

    return made_once(folder, build)


def build_for(model: str, builder: Make, out: Path) -> Built:
    targets = [f"--target={target}" for target in ("header", "makefile", "manifest")]
    arguments = [
        "--tree",
        str(builder.tree),
        "--profile",
        builder.profile,
        *targets,
        *BUILDS[model],
        "--quiet",
        "--json",
    ]
    assert run(["generate", str(MODELS[model]), *arguments, "--out", str(out)]) == 0
    header = (out / FILE_NAME).read_text()
    left_out = LEFT_OUT.get(model, "")
    header = header.replace(f'     || (strcmp(op, "{left_out}") == 0)\n', "")
    (builder.tree / FILE_NAME).write_text(header)
    shutil.copy(out / "tf_op_files.txt", builder.tree / MAKEFILE_LIST)
    program = Path(shutil.copy(builder.build(), out / "run_graph"))
    kernels = json.loads((out / "manifest.json").read_text())["kernels"]
    pairs = frozenset((kernel["op"], kernel["kernel_class"]) for kernel in kernels if kernel["op"] != left_out)
    return Built(program, read_header(header), pairs, builder.sources())


@pytest.mark.parametrize("model", BUILDS)
def test_exactly_the_selected_kernels_are_registered(model: str, built: dict[str, Built], scanned: ScanResult) -> None:
    one = built[model]
    rows = registered(one.program)
    compiled = [r for r in scanned.registrations if r.source in one.sources and "selective" in r.profiles]
    assert rows == as_rows(r for r in compiled if r.system or (r.op, r.kernel_class) in one.pairs)
    assert len(rows) < len(compiled)
    assert {(row[0], row[5]) for row in rows} == one.pairs
    assert one.header.ops is not None
    assert set(run_graph(one.program, "--ops").out.split()) == set(one.header.ops) | SYSTEM_OPS


@pytest.mark.parametrize("model", sorted(BUILDS.keys() - LEFT_OUT.keys()))
def test_the_model_runs(model: str, built: dict[str, Built]) -> None:
    assert differences(run_model(built[model].program, model), model) == []


@pytest.mark.parametrize("model", BUILDS)
def test_the_program_has_what_the_header_is_read_to_register(
    model: str, built: dict[str, Built], scanned: ScanResult
) -> None:
    one = built[model]
    compiled = [r for r in scanned.registrations if r.source in one.sources and "selective" in r.profiles]
    assert registered(one.program) == as_rows(
        r for r in compiled if r.system or (one.header.has_op(r.op) and one.header.has_class(r.kernel_class))
    )


@pytest.mark.parametrize(("model", "op"), LEFT_OUT.items())
def test_the_kernels_of_an_op_that_is_left_out_are_not_registered(model: str, op: str, built: dict[str, Built]) -> None:
    one = built[model]
    assert any(text.startswith(op) for text in one.header.classes or ())
    assert op not in {row[0] for row in registered(one.program)}
    outcome = run_model(one.program, model)
    assert outcome.code != 0
    assert f"Op type not registered '{op}'" in outcome.err
