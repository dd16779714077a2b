"""Which ExecuTorch programs and lists of operators are meant, read for what they select."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kernel_index.errors import InputError, reading
from opselect.executorch.op_lists import read_names, read_ops_dict, read_yaml_list
from opselect.executorch.program import ExecutorchProgram, is_program, read_program
from opselect.executorch.selected import SelectedOperators, selected
from opselect.models.formats import model_at
from opselect.models.storage import open_file
from opselect.usecases.model_names import model_names
from opselect.usecases.only_members import only_member
from opselect.usecases.watch import Watch

_TASK = "Reading programs"
_LISTS = {".txt": read_names, ".json": read_ops_dict, ".yaml": read_yaml_list, ".yml": read_yaml_list}
_PROGRAMS = (".pte", ".bpte")
_NO_PROGRAM = "Pass a program, or name a list in it: MODEL is ARCHIVE!MEMBER."
_WHAT_IS_READ = (
    "Read are programs (.pte), names of operators (.txt), an ops dict (.json), and selected_operators.yaml or "
    "functions.yaml."
)
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
    with model_at(only_member(path, _PROGRAMS, ".pte program", _NO_PROGRAM)) as place, open_file(place) as file:
        if ending in _PROGRAMS or is_program(file.buffer):
            program = read_program(file)
            return ExecutorchInput(name, selected(program.operators, program.keys, name), program)
        read_list = _LISTS.get(ending)
        if read_list is None:
            raise InputError(path, "is neither an ExecuTorch program nor a list of operators", _WHAT_IS_READ)
        if len(file.buffer) > MAX_LIST_BYTES:
            raise InputError(path, f"has more than {MAX_LIST_BYTES:,} bytes, which no list of operators has")
        data = bytes(file.buffer[:])
    return ExecutorchInput(name, read_list(data, path))


def _ending(path: str) -> str:
    name = path.partition("?")[0] if "://" in path else path
    last = name.rpartition("/")[2]
    return f".{last.rpartition('.')[2].lower()}" if "." in last else ""
