"""Options that several commands share, and the values they are parsed into."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar, cast

import click
from click.core import ParameterSource

from opselect.usecases.kernel_source import Macros

Command = TypeVar("Command", bound=Callable[..., Any])

FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
FOLDER = click.Path(path_type=Path, exists=True, file_okay=False)


def parsed_into(name: str, parse: Callable[..., object], command: Command) -> Command:
    """A command that has one argument ``name`` in place of the parameters of ``parse``, which makes it of them."""
    parts = tuple(inspect.signature(parse).parameters)

    @functools.wraps(command)
    def parsed(**values: object) -> object:
        made = parse(**{part: values.pop(part) for part in parts})
        return command(**values, **{name: made})

    return cast("Command", parsed)


def source_options(command: Command) -> Command:
    """``--tensorflow``, ``--tree`` and ``--index``: which TensorFlow the question is about; ``--root`` adds kernels."""
    for option in (
        click.option("--root", "roots", multiple=True, type=FOLDER, metavar="DIR", help="Add kernels of this folder."),
        click.option("--index", "index_file", type=FILE, metavar="FILE", help="Look it up in an index file."),
        click.option("--tree", type=FOLDER, metavar="PATH", help="Scan this TensorFlow checkout."),
        click.option("--tensorflow", "release", metavar="VERSION", help="Use the shipped index of this release."),
    ):
        command = option(command)
    return command


def macro_options(command: Command) -> Command:
    """``-D`` and ``-U`` on top of a build profile, as the argument ``macros``."""
    command = parsed_into("macros", _parse_macros, command)
    for option in (
        click.option("-U", "undefine", multiple=True, metavar="NAME", help="Undefine a macro of the profile."),
        click.option("-D", "define", multiple=True, metavar="NAME[=TEXT]", help="Define a macro, as a compiler does."),
    ):
        command = option(command)
    return command


def have_option(command: Command) -> Command:
    """``--have``: libraries of others that the build is said to have, as the argument ``have``."""
    command = parsed_into("have", _parse_have, command)
    return click.option(
        "--have",
        "libraries",
        multiple=True,
        metavar="LIBRARY",
        help="A library that your build has though TensorFlow's does not, such as re2; repeatable, or with commas.",
    )(command)


def _parse_have(libraries: tuple[str, ...]) -> frozenset[str]:
    """The names of known libraries. Raises click.BadParameter for another name."""
    if not libraries:
        return frozenset()
    from kernel_index.libraries import LIBRARIES
    from kernel_index.near_names import did_you_mean, listed

    known = tuple(library.name for library in LIBRARIES)
    names = frozenset(split_names(libraries))
    for name in sorted(names.difference(known)):
        meant = did_you_mean(name, known) or "."
        raise click.BadParameter(
            f"there is no library {name!r}{meant} The libraries are {listed(known)}.", param_hint="--have"
        )
    return names


follow_links_option = click.option(
    "--follow-links", is_flag=True, help="Follow links that lead out of the checkout, too."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON on stdout.")
no_inserted_option = click.option(
    "--no-inserted", is_flag=True, help="Leave out ops that only optimizers of the runtime may insert."
)
quiet_option = click.option("-q", "--quiet", is_flag=True, help="No progress bar, no warnings, no summary.")


def _parse_macros(define: tuple[str, ...], undefine: tuple[str, ...]) -> Macros:
    """The macros of ``-D NAME`` (which is 1), ``-D NAME=TEXT`` and ``-U NAME``.

    Raises click.BadParameter for something that is no macro name.
    """
    pairs = []
    for text in define:
        name, equals, value = text.partition("=")
        pairs.append((_macro_name(name, "-D"), value if equals else "1"))
    return Macros(tuple(pairs), tuple(_macro_name(name, "-U") for name in undefine))


def _macro_name(name: str, option: str) -> str:
    if not (name.isascii() and name.isidentifier()):
        raise click.BadParameter(f"{name!r} is no macro name", param_hint=option)
    return name


def given_text(context: click.Context, option: click.Parameter, value: str) -> str:
    """A callback for an option whose empty text would be as if it had not been given, as that of an unset variable is.

    Raises click.BadParameter for one that is given so.
    """
    if not value and context.get_parameter_source(option.name or "") is ParameterSource.COMMANDLINE:
        raise click.BadParameter("it is empty")
    return value


def split_names(values: tuple[str, ...]) -> tuple[str, ...]:
    """The names of an option that may be repeated and may hold several names between commas."""
    return tuple(name for value in values for part in value.split(",") if (name := part.strip()))


def names_or_none(values: tuple[str, ...]) -> tuple[str, ...] | None:
    """The same, None where the option is not given: an empty one says that there are no names."""
    return split_names(values) if values else None


def plain_flags(arguments: Sequence[str], *flags: str) -> list[str]:
    """Arguments with ``--flag`` for ``--flag=true``, as TensorFlow's tools take it, and none for ``--flag=false``."""
    yes = {f"{flag}={word}": flag for flag in flags for word in ("true", "1")}
    no = {f"{flag}={word}" for flag in flags for word in ("false", "0")}
    return [yes.get(argument, argument) for argument in arguments if argument not in no]
