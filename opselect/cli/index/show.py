"""``opselect index show``: what an index holds, as a whole or for one op."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from opselect.cli.index.export import release_or_file
from opselect.cli.shared.console import counted, print_json, print_line, print_table, wrapped
from opselect.cli.shared.exit_codes import DONE, NO
from opselect.cli.shared.options import json_option
from opselect.usecases.kernel_source import KernelSource

if TYPE_CHECKING:
    from kernel_index.records import AttrDefinition, OpDefinition


@click.command(
    "show",
    short_help="Show what an index holds.",
    epilog="""\b
Examples:
  opselect index show 2.14
  opselect index show mine.opselidx
  opselect index show 1.15 --op Mul
""",
)
@click.argument("index", metavar="RELEASE|INDEX-FILE")
@click.option("--op", metavar="OP", help="The definition and the kernels of this op.")
@json_option
def command(index: str, op: str | None, as_json: bool) -> int:
    """Show what an index holds: its profiles, build lists and diagnostics, or all about one op.

    The kernels of an op are a table of data types × build profiles, one for each device; the number in a cell leads to
    the class and the place of the kernel below.
    """
    source = release_or_file(index)
    return show_index(source, as_json=as_json) if op is None else show_op(source, op, as_json=as_json)


def show_index(source: KernelSource, *, as_json: bool) -> int:
    """Prints the summary of an index and returns the exit code."""
    from kernel_index.records_json import origin_json
    from opselect.cli.index.origin_text import origin_lines
    from opselect.cli.shared.sources import open_source

    index = open_source(source)
    per_profile = dict.fromkeys(index.profiles, 0)
    files: dict[str, set[str]] = {name: set() for name in index.profiles}
    for registration in index.all_registrations():
        for name in registration.profiles:
            per_profile[name] += 1
            files[name].add(registration.location.file)
    lists = index.build_lists
    groups = {name: len(members) for name, members in sorted(lists.groups.items())}
    if as_json:
        print_json(
            {
                "tensorflow": index.release,
                "note": index.note,
                "origin": origin_json(index.origin),
                "ops": len(index.op_names()),
                "profiles": {
                    name: {"registrations": count, "files": len(files[name])} for name, count in per_profile.items()
                },
                "groups": groups,
                "makefile_lines": len(lists.makefile),
                "diagnostics": [
                    {"file": d.location.file, "line": d.location.line, "message": d.message} for d in index.diagnostics
                ],
            }
        )
        return DONE
    click.echo(f"TensorFlow {index.release}: {len(index.op_names())} ops")
    if index.note:
        click.echo(f"  note: {' '.join(index.note.split())}")
    rows = [(name, str(count), str(len(files[name]))) for name, count in per_profile.items()]
    print_table(("profile", "kernels", "files"), rows, indent=2)
    if groups:
        click.echo()
        print_table(("group", "files"), [(name, str(count)) for name, count in groups.items()], indent=2)
    if lists.makefile:
        click.echo(f"  tf_op_files.txt: {len(lists.makefile)} lines")
    for line in origin_lines(index.origin):
        print_line(line)
    if index.diagnostics:
        click.echo(f"  {counted(len(index.diagnostics), 'place')} could not be evaluated:")
    for diagnostic in index.diagnostics:
        print_line(f"    {diagnostic}")
    return DONE


def show_op(source: KernelSource, op: str, *, as_json: bool) -> int:
    """Prints the definition and the kernels of an op and returns the exit code."""
    from kernel_index.diagnostics import unsure
    from kernel_index.records_json import registration_json
    from opselect.cli.index.op_matrix import matrices, matrix_json, print_matrices
    from opselect.cli.shared.kernel_table import hidden_notes
    from opselect.cli.shared.sources import open_source
    from opselect.selection.not_known import doubtful
    from opselect.usecases.open_kernels import unknown_op

    index = open_source(source)
    definition = index.op_definition(op)
    registrations = index.registrations(op)
    if definition is None and not registrations:
        print_line(unknown_op(op, index), err=True)
        return NO
    present = [r for r in registrations if r.profiles]
    doubts = unsure(op, index.diagnostics)
    maybe = doubtful(registrations, index)
    # What no build surely has stands in the table, too, but in no document: there it is among the hidden.
    shown = present if as_json else [r for r in registrations if r.profiles or r in maybe]
    tables = matrices(shown, index.profiles, maybe)
    if as_json:
        print_json(
            {
                "op": op,
                "tensorflow": index.release,
                "definition": _definition_json(definition) if definition else None,
                "registrations": [registration_json(r) for r in present],
                "table": [row for table in tables for row in matrix_json(table, index.profiles)],
                "hidden": [registration_json(r) for r in registrations if not r.profiles],
                "not_known": list(map(str, doubts)),
            }
        )
        return DONE
    print_line(f"{op} (TensorFlow {index.release})")
    if definition is None:
        click.echo("  no definition in the scanned sources")
    else:
        click.echo(f"  defined in {definition.location}{', stateful' if definition.stateful else ''}")
        for kind, args in (("input", definition.inputs), ("output", definition.outputs)):
            for arg in args:
                click.echo(f"  {kind} {arg.name}: {arg.type_text}")
        for attr in definition.attrs:
            click.echo(wrapped(f"attr {_attr_text(attr)}"))
    print_matrices(tables, index.profiles)
    for hidden in hidden_notes(registrations):
        click.echo(f"  {hidden}")
    for doubt in doubts:
        print_line(f"  {doubt}")
    return DONE


def _attr_text(attr: AttrDefinition) -> str:
    from kernel_index.records_json import allowed_json, value_json
    from opselect.cli.shared.kernel_table import value_word

    text = f"{attr.name}: {attr.type}"
    if attr.allowed is not None:
        text += f" in {{{', '.join(map(value_word, allowed_json(attr.allowed)))}}}"
    if attr.minimum is not None:
        text += f" >= {attr.minimum}"
    if attr.has_default:
        text += f" = {attr.default_text if attr.default is None else value_word(value_json(attr.default))}"
    return text


def _definition_json(definition: OpDefinition) -> dict[str, object]:
    from kernel_index.records_json import allowed_json, value_json

    attrs = []
    for attr in definition.attrs:
        document: dict[str, object] = {"name": attr.name, "type": attr.type}
        if attr.allowed is not None:
            document["allowed"] = allowed_json(attr.allowed)
        if attr.minimum is not None:
            document["minimum"] = attr.minimum
        if attr.has_default:
            document["default"] = attr.default_text if attr.default is None else value_json(attr.default)
        attrs.append(document)
    return {
        "file": definition.location.file,
        "line": definition.location.line,
        "stateful": definition.stateful,
        "inputs": [{"name": arg.name, "type": arg.type_text} for arg in definition.inputs],
        "outputs": [{"name": arg.name, "type": arg.type_text} for arg in definition.outputs],
        "attrs": attrs,
    }
