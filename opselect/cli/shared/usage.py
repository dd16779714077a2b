"""What the command line says of a command, option or value that there is not: what may have been meant instead."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from kernel_index.near_names import did_you_mean, listed, meant

if TYPE_CHECKING:
    _Choice = click.Choice[str]
else:
    # A class without parameters before click 8.2.
    _Choice = click.Choice


_HELP_WIDTH = 48
"""Columns that click's help of an option has."""


class WordChoice(_Choice):
    """One of some words. ``groups``, whose names are told with theirs where there are many, has each of them once.

    Of a wrong word the error says which may have been meant, and which there are where none is near.
    """

    def __init__(self, choices: Sequence[str], groups: Mapping[str, Sequence[str]] | None = None) -> None:
        super().__init__(tuple(choices))
        self._groups = groups

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if value not in self.choices:
            ending = did_you_mean(value, self.choices)
            self.fail(f"there is no {value!r}{ending or f'; there are{self._all()}'}", param, ctx)
        return str(value)

    def _all(self) -> str:
        if self._groups is None:
            return f" {listed(self.choices)}"
        return "".join(f"\n  {name}: {', '.join(words)}" for name, words in self._groups.items())


def help_of_groups(groups: Mapping[str, Sequence[str]]) -> str:
    """What the help of an option ends with: the words of each group, below its name."""
    lines = []
    for name, words in groups.items():
        text = textwrap.wrap(", ".join(words), _HELP_WIDTH - 2, break_on_hyphens=False)
        lines += [f"{name}:", *(f"  {line}" for line in text)]
    return "\n\n\b\n" + "\n".join(lines)


def unknown_command(name: str, group: str, known: Sequence[str], inside: Mapping[str, Sequence[str]]) -> str:
    """The sentence about a command that ``group``, such as ``opselect index``, does not have.

    ``inside`` has the commands of the groups in it.
    """
    elsewhere = [f"{group} {each} {name}" for each, names in inside.items() if name in names]
    ending = meant(elsewhere) if elsewhere else did_you_mean(name, known)
    return f"{group} has no command {name!r}{ending}"


def in_plain_words(failure: click.ClickException) -> click.ClickException:
    """The same failure with the options that may have been meant, if there is no such option; others as they are."""
    if not isinstance(failure, click.NoSuchOption) or failure.ctx is None:
        return failure
    context = failure.ctx
    known = [name for param in context.command.get_params(context) for name in (*param.opts, *param.secondary_opts)]
    flags = [name for name in known if name.startswith("-")]
    wanted = failure.option_name
    sentence = f"{context.command_path} has no option {wanted}{did_you_mean(wanted, flags)}"
    return click.UsageError(sentence, context)
