"""What an op is said to cost, against what a library is smaller by that was really built without it."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from opselect.audit.references import reference_graph
from opselect.audit.registration_code import Registration
from opselect.audit.retained import Dropping, retention
from opselect.binaries.elf.headers import read_headers
from opselect.binaries.elf.linked import linked_image
from opselect.binaries.image import Image
from opselect.binaries.registrations.reading import read_registrations
from tests.builds.builders import copy_tree, missing_commands, skip_without

_OPS, _KERNELS = "tensorflow/core/ops", "tensorflow/core/kernels"
_FILES_OF = {
    "Softmax": (f"{_OPS}/nn_ops.cc", f"{_KERNELS}/softmax_op.cc"),
    "Relu6": (f"{_OPS}/nn_ops.cc", f"{_KERNELS}/relu_op.cc"),
    "Concat": (f"{_OPS}/array_ops.cc", f"{_KERNELS}/concat_op.cc"),
    "Identity": (f"{_OPS}/array_ops.cc", f"{_KERNELS}/identity_op.cc"),
}
"""Where the registrations of an op stand. Relu and ConcatV2 are registered in the same files and stay."""
_SECTIONS = ("-ffunction-sections", "-fdata-sections")

_WITHOUT = r"""
#define WITHOUT_TEXT_OF(op) "Name(\"" #op "\")"
#define WITHOUT_TEXT(op) WITHOUT_TEXT_OF(op)
constexpr bool begins(const char* text, const char* with) {
  return !*with || (*text == *with && begins(text + 1, with + 1));
}
constexpr bool registered(const char* text) { return !begins(text, WITHOUT_TEXT(WITHOUT)); }
"""


@dataclass(frozen=True, slots=True)
class Workplace:
    """A copy of the runtime in which a macro WITHOUT names the op whose registrations are not compiled."""

    tree: Path

    @staticmethod
    def in_folder(folder: Path) -> Workplace:
        tree = copy_tree(folder / "tree")
        (tree / "without.h").write_text(_WITHOUT)
        for header, before, after in (
            ("op_kernel.h", "SHOULD_REGISTER_OP_KERNEL(#__VA_ARGS__);", "registered(#builder);"),
            ("op.h", "(SHOULD_REGISTER_OP(name))", '(registered("Name(" #name ")"))'),
        ):
            path = tree / "tensorflow/core/framework" / header
            text = path.read_text()
            assert before in text
            path.write_text(text.replace(before, after))
        return Workplace(tree)

    def compile(self, source: str, without: str, flags: Sequence[str]) -> Path:
        """The object of a file; it is kept."""
        made = self.tree / "objects" / f"{without}{''.join(flags)}" / f"{source}.o"
        made.parent.mkdir(parents=True, exist_ok=True)
        if not made.exists():
            command = ["g++", "-std=c++14", "-Os", "-fPIC", "-DNDEBUG", "-DANDROID", "-I.", *flags]
            command += ["-include", "without.h", f"-DWITHOUT={without}", "-c", source, "-o", str(made)]
            subprocess.run(command, cwd=self.tree, check=True, timeout=120)
        return made

    def library(self, without: str, ops: Sequence[str], flags: Sequence[str]) -> Image:
        """A library with the files of some ops, but for the registrations of one; what they need besides stays open."""
        sources = sorted({source for op in ops for source in _FILES_OF[op]})
        lacking = [without if source in _FILES_OF.get(without, ()) else "nothing" for source in sources]
        with ThreadPoolExecutor(2) as pool:
            objects = list(pool.map(partial(self.compile, flags=flags), sources, lacking))
        script = self.tree / "exports"
        script.write_text("{ local: *; };")
        path = self.tree / f"{without}{''.join(flags)}.so"
        collected = ["-Wl,--gc-sections"] if flags else []
        command = ["g++", "-shared", f"-Wl,--version-script={script}", *collected, "-o", str(path), *map(str, objects)]
        subprocess.run(command, check=True, timeout=120)
        content = np.frombuffer(path.read_bytes(), np.uint8)
        return linked_image(read_headers(str(path), content), str(path))


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Workplace:
    skip_without(missing_commands("g++"))
    return Workplace.in_folder(tmp_path_factory.mktemp("sizes"))


def loaded(image: Image) -> int:
    """The bytes of the file that are loaded into memory."""
    return sum(section.size for section in image.sections if section.loaded)


def said(image: Image, dropping: Dropping) -> dict[str, int]:
    """What would go with each op."""
    found = read_registrations(image)
    registrations: list[Registration] = [*found.kernels, *found.definitions]
    ops = sorted({registration.op for registration in registrations})
    groups = [ops.index(registration.op) for registration in registrations]
    kept = retention(reference_graph(image, registrations), dropping)
    return dict(zip(ops, kept.by_group(groups, len(ops)).tolist(), strict=True))


@pytest.mark.parametrize(
    ("flags", "dropping", "ops"),
    [
        pytest.param(_SECTIONS, Dropping.SECTIONS, ("Softmax", "Relu6", "Concat", "Identity"), id="sections"),
        pytest.param((), Dropping.COMPILER, ("Softmax", "Relu6"), id="whole files"),
    ],
)
def test_a_library_without_an_op_is_smaller_by_what_was_said(
    workplace: Workplace, flags: Sequence[str], dropping: Dropping, ops: Sequence[str]
) -> None:
    whole = workplace.library("nothing", ops, flags)
    expected = said(whole, dropping)
    for op in ops:
        smaller = loaded(whole) - loaded(workplace.library(op, ops, flags))
        assert smaller > 1000
        assert expected[op] == pytest.approx(smaller, rel=0.05), op
