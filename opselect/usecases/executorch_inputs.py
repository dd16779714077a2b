"""Which ExecuTorch programs and lists of operators are meant, read for what they select."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kernel_index.errors import InputError, reading
from opselect.executorch.op_lists import read_names, read_ops_dict, read_yaml_list
from opselect.executorch.program import ExecutorchProgram, is_program, read_program
from opselect.executorch.selected import SelectedOperators, selected
from opselect.models.formats import model_at
from opselect.models.formats.recognize import is_text, recognize_binary, recognize_text
from opselect.models.formats.wire import Buffer
from opselect.models.storage import is_url, open_file
from opselect.usecases.model_names import model_names
from opselect.usecases.only_members import only_member
from opselect.usecases.watch import Watch

_TASK = "Reading programs"
_LISTS = {".txt": read_names, ".json": read_ops_dict}
_YAML = (".yaml", ".yml")
_PROGRAMS = (".pte", ".bpte")
_NO_PROGRAM = "Pass a program, or name a list in it: MODEL is ARCHIVE!MEMBER."
_WHAT_IS_READ = (
    "Read are programs (.pte), names of operators (.txt), an ops dict (.json), and selected_operators.yaml or "
    "functions.yaml."
)
_BEGINNING = 4096
"""How many bytes of a text tell what it is."""
MAX_LIST_BYTES = 1 << 26
"""Of a list of operators; that of all operators of PyTorch has a hundredth of it."""


@dataclass(frozen=True, slots=True)
class ExecutorchInput:
    """A program or list under the name that the output calls it by; ``program`` is None for a list."""

    name: str
    selected: SelectedOperators
    program: ExecutorchProgram | None = None


def read_executorch_inputs(paths: Sequence[str], watch: Watch) -> tuple[ExecutorchInput, ...]:
    """The programs and lists at some paths or URLs, in their order; one that is named twice counts once.

    A program is known by its content, a list by the ending of its name. Raises InputError for what cannot be read.
    """
    named = model_names(paths)
    found = []
    for number, (path, name) in enumerate(named.items()):
        watch.progress(_TASK, number, len(named))
        with reading(path):
            found.append(_read(path, name))
    watch.progress(_TASK, len(named), len(named))
    return tuple(found)


def _read(path: str, name: str) -> ExecutorchInput:
    ending = _ending(path)
    if not is_url(path) and Path(path).is_dir():
        raise InputError(path, "is a folder", "Name the programs and lists in it, for example as FOLDER/*.pte.")
    with model_at(only_member(path, _PROGRAMS, ".pte program", _NO_PROGRAM)) as place, open_file(place) as file:
        if ending in _PROGRAMS or is_program(file.buffer):
            program = read_program(file)
            return ExecutorchInput(name, selected(program.operators, program.keys, name), program)
        if ending not in _LISTS and ending not in _YAML:
            raise _unread(path, file.buffer)
        if len(file.buffer) > MAX_LIST_BYTES:
            raise InputError(path, f"has more than {MAX_LIST_BYTES:,} bytes, which no list of operators has")
        data = bytes(file.buffer[:])
    found = read_yaml_list(data, path, name) if ending in _YAML else _LISTS[ending](data, path)
    return ExecutorchInput(name, found)


def _unread(path: str, buffer: Buffer) -> InputError:
    """What is wrong with a file that is no program and has no name of a list, and what it looks like."""
    known = (
        recognize_text(buffer[:_BEGINNING].decode("utf-8", "ignore")) if is_text(buffer) else recognize_binary(buffer)
    )
    problem = "is neither an ExecuTorch program nor a list of operators"
    if known is None:
        return InputError(path, problem, _WHAT_IS_READ)
    return InputError(path, f"{problem}, it looks like {known.what}", known.advice if known.for_all else _WHAT_IS_READ)


def _ending(path: str) -> str:
    name = path.partition("?")[0] if "://" in path else path
    last = name.rpartition("/")[2]
    return f".{last.rpartition('.')[2].lower()}" if "." in last else ""
