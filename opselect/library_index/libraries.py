"""What several libraries of one build register together, each kernel and each op once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from kernel_index.source_tree import left_out
from opselect.binaries.records import CompiledDefinition, RegisteredKernel, Registrations, Undecoded
from opselect.library_index.matching import admitted, last_name


@dataclass(frozen=True, slots=True)
class Libraries:
    """Kernels and op definitions of all libraries, and what could not be read, each with the name of its library.

    ``names`` are those that register something, that of most kernels first.
    ``copies`` counts kernels that another library has already. What tests register is left out, as a scan leaves it
    out: ``skipped`` maps the source file to the reason.
    """

    names: tuple[str, ...]
    kernels: tuple[RegisteredKernel, ...]
    definitions: tuple[CompiledDefinition, ...]
    undecoded: tuple[tuple[str, Undecoded], ...]
    skipped: dict[str, str]
    copies: int


def together(parts: Iterable[tuple[str, Registrations]]) -> Libraries:
    """Libraries by name, as one."""
    parts = tuple(parts)
    registering = [(name, part) for name, part in parts if part.kernels or part.definitions or part.undecoded]
    names = [name for name, _ in sorted(registering or parts, key=lambda part: (-len(part[1].kernels), part[0]))]
    kernels: dict[tuple[object, ...], list[RegisteredKernel]] = {}
    definitions: dict[str, CompiledDefinition] = {}
    undecoded: list[tuple[str, Undecoded]] = []
    skipped: dict[str, str] = {}
    copies = 0
    for name, part in parts:
        own: dict[tuple[object, ...], list[RegisteredKernel]] = {}
        for kernel in part.kernels:
            if reason := _left_out(kernel.file):
                skipped[kernel.file] = reason
            else:
                own.setdefault(_key(kernel), []).append(kernel)
        for key, group in own.items():
            known = kernels.setdefault(key, [])
            copies += min(len(known), len(group))
            known.extend(group[len(known) :])
        for definition in part.definitions:
            if reason := _left_out(definition.file):
                skipped[definition.file] = reason
            else:
                known_definition = definitions.setdefault(definition.op, definition)
                if known_definition.file == "":
                    definitions[definition.op] = replace(known_definition, file=definition.file)
        undecoded += [(name, each) for each in part.undecoded if not _left_out(each.file)]
    found = tuple(kernel for group in kernels.values() for kernel in group)
    return Libraries(tuple(names), found, tuple(definitions.values()), tuple(undecoded), skipped, copies)


def _left_out(file: str) -> str:
    """Why a scan would leave a source file out; folders of the machine that compiled it do not matter."""
    return left_out(last_name(file) if file.startswith("/") else file)


def _key(kernel: RegisteredKernel) -> tuple[object, ...]:
    """All that a registration says, and the name of its source file."""
    return (
        kernel.op,
        kernel.device,
        kernel.label,
        kernel.priority,
        admitted(kernel.constraints),
        kernel.host_memory_args,
        kernel.kernel_class,
        last_name(kernel.file),
    )
