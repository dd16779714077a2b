"""The ``opselect`` command: its subcommands, and what every failure becomes.

Exit codes: 0 done, 1 the answer is "no", 2 bad usage or unreadable input, 3 a defect in opselect itself; 130 after
Ctrl-C and 141 when the reader of the output went away, as shells report them.
"""

from __future__ import annotations

import importlib
import io
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import click

from kernel_index.errors import OpselectError
from opselect import __version__
from opselect.cli.shared.exit_codes import BROKEN_PIPE, DEFECT, DONE, INTERRUPTED, UNUSABLE


@dataclass(slots=True)
class Settings:
    """What the options before the subcommand say; filled while they are parsed."""

    debug: bool = False


class LazyGroup(click.Group):
    """A group that imports the module of a subcommand only when it is run or its help is shown.

    ``modules`` maps a subcommand to its module, where the click command is called ``command``.
    """

    def __init__(self, *args: Any, modules: dict[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.modules = modules

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.modules)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.modules:
            return None
        command: click.Command = importlib.import_module(self.modules[cmd_name]).command
        return command


@click.group(
    cls=LazyGroup,
    modules={
        "generate": "opselect.cli.generate",
        "apply": "opselect.cli.apply",
        "check": "opselect.cli.check",
        "locate": "opselect.cli.locate",
        "requirements": "opselect.cli.requirements",
        "inspect": "opselect.cli.inspect.command",
        "freeze": "opselect.cli.freeze",
        "transform": "opselect.cli.transform",
        "prepare": "opselect.cli.prepare",
        "index": "opselect.cli.index",
        "explain": "opselect.cli.explain",
    },
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="""\b
Examples:
  opselect generate mobilenet.pb --tensorflow 2.14 --out build_lists
  opselect locate Mul Conv2D --tensorflow 2.14
  opselect index list
""",
)
@click.version_option(__version__, prog_name="opselect")
@click.option("--debug", is_flag=True, help="Show the traceback of a failure.")
@click.pass_obj
def cli(settings: Settings, debug: bool) -> None:
    """Which operator kernels does a mobile TensorFlow build need, and what must its build files say?

    Exit codes: 0 done; 1 the answer is "no" (an op cannot be resolved, no such kernel); 2 bad usage or unreadable
    input; 3 a defect in opselect.
    """
    settings.debug = debug


def run(arguments: Sequence[str] | None = None) -> int:
    """Runs one command line (``sys.argv`` by default) and returns its exit code."""
    settings = Settings()

    def invoke() -> int | None:
        with cli.make_context("opselect", list(sys.argv[1:] if arguments is None else arguments), obj=settings) as ctx:
            code: int | None = cli.invoke(ctx)
        sys.stdout.flush()
        return code

    return exit_code_of(invoke, settings)


def exit_code_of(action: Callable[[], int | None], settings: Settings) -> int:
    """The exit code of an action that returns one (None is 0) or fails; what the user must know goes to stderr."""
    try:
        code = action()
    except click.exceptions.Exit as leave:
        return leave.exit_code
    except click.ClickException as usage:
        usage.show()
        return usage.exit_code
    except (KeyboardInterrupt, click.Abort):
        return INTERRUPTED
    except BrokenPipeError:
        # What is still buffered has no reader either; without this the interpreter would complain while it exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    except OpselectError as error:
        if settings.debug:
            _show_traceback()
        click.echo(f"error: {error}", err=True)
        return UNUSABLE
    except Exception as defect:
        # The last resort: whatever comes here is our mistake, and the user needs a sentence, not our stack.
        if settings.debug:
            _show_traceback()
        click.echo(
            f"internal error: {type(defect).__name__}: {defect}\n"
            "  This is a defect in opselect. Please report it with what the same command prints under "
            "'opselect --debug'.",
            err=True,
        )
        return DEFECT
    return DONE if code is None else code


def _show_traceback() -> None:
    import traceback

    traceback.print_exc()


def main() -> NoReturn:
    """Entry point of the console script."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        # Node names are bytes: one that the terminal's encoding lacks is shown escaped, it is no reason to fail.
        sys.stdout.reconfigure(errors="backslashreplace")
    sys.exit(run())
