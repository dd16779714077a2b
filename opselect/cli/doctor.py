"""``opselect doctor``: are this installation and this place fit for work?"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from opselect.cli.shared.console import ConsoleWatch, counted, is_dumb, print_json, print_line
from opselect.cli.shared.exit_codes import DONE, NO
from opselect.cli.shared.options import json_option

if TYPE_CHECKING:
    from opselect.usecases.examined import Examined

CONFIG_NAME = "opselect.yaml"

_SCRIPTS = {
    "bash": (
        "~/.bashrc", "~/.bash_profile", "~/.profile", "~/.bash_completion",
        "~/.local/share/bash-completion/completions/opselect",
        "/usr/share/bash-completion/completions/opselect", "/etc/bash_completion.d/opselect",
    ),
    "zsh": ("~/.zshrc", "~/.zprofile", "/usr/share/zsh/vendor-completions/_opselect", "/etc/zsh/zshrc"),
    "fish": (
        "~/.config/fish/completions/opselect.fish", "~/.config/fish/config.fish",
        "/usr/share/fish/vendor_completions.d/opselect.fish",
    ),
}  # fmt: skip
"""Where the script of ``opselect completion`` stands, or is asked for."""


@click.command(
    "doctor",
    short_help="Say whether this installation and this place are fit.",
    epilog="""\b
Examples:
  opselect doctor
  opselect doctor mobilenet.pb flex.tflite
  opselect doctor --tree tensorflow --json
""",
)
@click.argument("models", nargs=-1, metavar="[MODEL]...", type=click.UNPROCESSED)
@click.option(
    "--tree",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="Look at this TensorFlow checkout, too.",
)
@json_option
def command(models: tuple[str, ...], tree: Path | None, as_json: bool) -> int:
    """Look at the installation of opselect, at this terminal, and at the checkout, MODELs and opselect.yaml here.

    Every line begins with ok, note or problem, and says what to do about the latter two. With a problem the exit code
    is 1. What is printed holds no passwords and has ~ for the home folder: paste it whole into a report of a defect.
    Nothing is written and nothing is fetched.
    """
    from opselect.usecases.examine_installation import examine_installation
    from opselect.usecases.examine_place import examine_config, examine_models, examine_tree

    def all_there_is() -> Iterator[Examined]:
        yield from examine_installation()
        yield from examine_terminal(os.environ)
        if tree is not None:
            yield from examine_tree(tree)
        if os.path.lexists(CONFIG_NAME):
            yield from examine_config(CONFIG_NAME)
        yield from examine_models(models)

    with ConsoleWatch(quiet=False):
        found = [each.to_be_shown() for each in all_there_is()]
    problems = sum(each.state == "problem" for each in found)
    if as_json:
        print_json({"fit": not problems, "examined": [_json(each) for each in found]})
    else:
        _print(found)
        print_line(f"{counted(problems, 'problem')} found." if problems else "All that is needed is there.")
    return NO if problems else DONE


def _json(each: Examined) -> dict[str, str]:
    return {"state": each.state, "area": each.area, "name": each.name, "text": each.text, "advice": each.advice}


def _print(found: list[Examined]) -> None:
    area = ""
    for each in found:
        if each.area != area:
            print_line(each.area)
            area = each.area
        print_line(f"  {each.state:7}  {each.name}: {each.text}")
        if each.advice:
            print_line(f"           {each.advice}")


def examine_terminal(environment: Mapping[str, str]) -> Iterator[Examined]:
    """What is printed to, and whether the shell of the user completes opselect."""
    from opselect.usecases.examined import Examined

    encoding = sys.stdout.encoding or "unknown"
    if sys.stdout.isatty():
        plain = bool(environment.get("NO_COLOR")) or is_dumb()
        width = shutil.get_terminal_size().columns
        text = f"{width} columns, {'no colours' if plain else 'colours'}, {encoding}"
    else:
        text = f"standard output is no terminal, {encoding}"
    narrow = encoding.lower().replace("-", "") != "utf8"
    yield Examined(
        "note" if narrow else "ok",
        "terminal",
        "output",
        text,
        "Names with other characters are shown escaped; PYTHONIOENCODING=utf-8 shows them." if narrow else "",
    )
    shell = os.path.basename(environment.get("SHELL", ""))  # noqa: PTH119 - a name of a program, no path
    if shell not in _SCRIPTS:
        yield Examined("note", "terminal", "completion", f"there is none for {shell or 'a shell that is not known'}")
    elif _is_completed(shell):
        yield Examined("ok", "terminal", "completion", f"{shell} completes opselect")
    else:
        advice = f"opselect completion {shell} --help says how."
        yield Examined("note", "terminal", "completion", f"{shell} does not complete opselect yet", advice)


def _is_completed(shell: str) -> bool:
    return any(_asks_for_completion(Path(each).expanduser(), shell) for each in _SCRIPTS[shell])


def _asks_for_completion(path: Path, shell: str) -> bool:
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except (OSError, RuntimeError):
        return False
    return f"opselect completion {shell}" in text or (f"{shell}_complete" in text and "_OPSELECT_COMPLETE" in text)
