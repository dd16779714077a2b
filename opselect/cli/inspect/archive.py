"""What ``opselect inspect`` says of an archive: its members, and which of them are models."""

from __future__ import annotations

import shlex

import click

from kernel_index.shown import shown_path
from opselect.cli.shared.console import byte_size, counted, print_command, print_line, print_table
from opselect.models.formats.archives import ArchivedModel, ArchiveMember, look_inside
from opselect.models.formats.recognize import ARCHIVE

_MOST_SHOWN = 20


def archive_json(path: str) -> dict[str, object]:
    """The archive at a path: ``members`` by name, and ``models`` with what they are."""
    members, models = look_inside(path)
    return {
        "format": ARCHIVE,
        "members": [
            {"name": member.name, "size": member.size, **({"problem": member.problem} if member.problem else {})}
            for member in members
        ],
        "models": [{"name": model.name, "format": model.kind} for model in models],
    }


def print_archive(path: str) -> None:
    """The archive at a path as tables: models first, then members, the largest first."""
    members, models = look_inside(path)
    size = sum(member.size for member in members)
    path = shown_path(path)
    print_line(f"{path}: an archive of {counted(len(members), 'file')}, {byte_size(size)} unpacked")
    _print_models(path, models)
    _print_members(members)


def _print_models(path: str, models: tuple[ArchivedModel, ...]) -> None:
    if not models:
        click.echo("no models inside")
        return
    click.echo("models inside")
    print_table(("name", "format"), [(model.name, model.kind) for model in models], indent=2)
    click.echo("to look into one")
    print_command(f"opselect inspect {shlex.quote(f'{path}!{models[0].name}')}")


def _print_members(members: tuple[ArchiveMember, ...]) -> None:
    if not members:
        return
    click.echo("files")
    largest = sorted(members, key=lambda member: (-member.size, member.name))
    rows = [(member.name, byte_size(member.size), member.problem) for member in largest[:_MOST_SHOWN]]
    print_table(("name", "size", ""), rows, indent=2)
    if len(members) > _MOST_SHOWN:
        click.echo(f"  and {len(members) - _MOST_SHOWN:,} smaller ones (--json lists all)")
