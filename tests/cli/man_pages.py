"""The man pages below docs/man, which the wheel installs as share/man/man1.

``python -m tests.cli.man_pages`` makes them of the commands: what ``--help`` prints, in the order that man pages have.
No date stands in them, so that they change only where a command does.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import click

from opselect.cli.main import LazyGroup, cli

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "man"

_EXIT_CODES = (
    ("0", "Done."),
    ("1", 'The answer is "no": an op cannot be resolved, something is missing or wrong.'),
    ("2", "Bad usage, unreadable input, or output that cannot be written."),
    ("3", "A defect in opselect."),
    ("129, 130, 143", "Ended by SIGHUP, by Ctrl-C, by SIGTERM."),
    ("141", "The reader of the output went away."),
)
_ENVIRONMENT = (
    ("OPSELECT_CACHE", "The folder that scans of checkouts are kept in; ~/.cache/opselect by default."),
    ("NO_COLOR", "No colours, whatever the terminal has."),
    ("COLUMNS", "How wide sentences and tables are."),
)


def man_pages() -> dict[str, str]:
    """The text of every page by its file name."""
    return {f"{'-'.join(path)}.1": _page(path, command) for path, command in _commands(("opselect",), cli)}


def _commands(path: tuple[str, ...], command: click.Command) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield path, command
    if isinstance(command, LazyGroup):
        for name in command.modules:
            yield from _commands((*path, name), _inside(command, name))


def _inside(group: LazyGroup, name: str) -> click.Command:
    command = group.get_command(click.Context(group), name)
    assert command is not None
    return command


def _page(path: tuple[str, ...], command: click.Command) -> str:
    context = _context(path, command)
    title = "-".join(path)
    summary = (command.short_help or (command.help or "").partition("\n")[0]).rstrip(".")
    lines = [
        '.\\" Made by python -m tests.cli.man_pages of the command itself.',
        f'.TH "{_text(title.upper())}" 1 "" "opselect" "User Commands"',
        ".SH NAME",
        _line(f"{title} - {summary[:1].lower()}{summary[1:]}"),
        ".SH SYNOPSIS",
        _synopsis(path, command, context),
        ".SH DESCRIPTION",
        *_paragraphs(inspect.cleandoc(command.help or "")),
    ]
    params = [param for param in command.get_params(context) if isinstance(param, click.Option)]
    options = [record for param in params if (record := param.get_help_record(context))]
    lines += [".SH OPTIONS", *(line for names, text in options for line in _item(names, text))]
    inside = list(command.modules) if isinstance(command, LazyGroup) else []
    if inside and isinstance(command, LazyGroup):
        lines.append(".SH COMMANDS")
        for name in inside:
            lines += _item(name, _inside(command, name).short_help or "")
    examples = inspect.cleandoc(command.epilog or "").partition("Examples:\n")[2]
    if examples:
        lines += [".SH EXAMPLES", ".EX", *(_line(line.strip()) for line in examples.splitlines()), ".EE"]
    lines.append(".SH EXIT STATUS")
    for code, meaning in _EXIT_CODES:
        lines += _item(code, meaning)
    lines.append(".SH ENVIRONMENT")
    for name, meaning in _ENVIRONMENT:
        lines += _item(name, meaning)
    related = [*("-".join(path[:end]) for end in range(1, len(path))), *(f"{title}-{name}" for name in inside)]
    if related:
        lines.append(".SH SEE ALSO")
        lines += [f".BR {_text(name)} (1){',' if name != related[-1] else ''}" for name in related]
    return "\n".join(lines) + "\n"


def _context(path: tuple[str, ...], command: click.Command) -> click.Context:
    # A width that breaks no line: troff does that.
    names = ["-h", "--help"]
    wide = 10_000
    return click.Context(
        command, info_name=" ".join(path), terminal_width=wide, max_content_width=wide, help_option_names=names
    )


def _synopsis(path: tuple[str, ...], command: click.Command, context: click.Context) -> str:
    usage = " ".join(command.collect_usage_pieces(context))
    return f"\\fB{_text(' '.join(path))}\\fR {_text(usage)}"


def _paragraphs(text: str) -> Iterator[str]:
    """The paragraphs of a help text; one that begins with ``\\b`` keeps its lines."""
    for number, paragraph in enumerate(re.split(r"\n\s*\n", text)):
        if number:
            yield ".PP"
        if paragraph.startswith("\b"):
            yield ".EX"
            yield from map(_line, paragraph.splitlines()[1:])
            yield ".EE"
        else:
            yield _line(" ".join(paragraph.split()))


def _item(names: str, text: str) -> Iterator[str]:
    yield ".TP"
    yield f"\\fB{_text(names)}\\fR"
    yield from _paragraphs_of_item(text)


def _paragraphs_of_item(text: str) -> Iterator[str]:
    for number, paragraph in enumerate(re.split(r"\n\s*\n", text)):
        lines = paragraph.splitlines()
        if number:
            yield ".IP"
        if lines and lines[0] == "\b":
            for line in lines[1:]:
                yield _line(line.strip())
                yield ".br"
        else:
            yield _line(" ".join(paragraph.split()))


def _line(text: str) -> str:
    """A line of text, in which nothing at its start is an instruction."""
    escaped = _text(text)
    return f"\\&{escaped}" if escaped.startswith((".", "'")) else escaped


def _text(text: str) -> str:
    """A text without anything that troff takes for an instruction; what users type keeps its plain marks."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-").replace("~", "\\(ti").replace("^", "\\(ha")
    escaped = escaped.replace("'", "\\(aq").replace("`", "\\(ga").replace('"', "\\(dq")
    return "".join(each if each.isascii() else f"\\[u{ord(each):04X}]" for each in escaped)


def write(folder: Path = FOLDER) -> None:
    """Writes all pages, and removes those of commands that are gone."""
    folder.mkdir(parents=True, exist_ok=True)
    pages = man_pages()
    for old in folder.glob("*.1"):
        if old.name not in pages:
            old.unlink()
    for name, text in pages.items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write()
