"""The ``opselect`` command: its subcommands, and what every failure becomes.

Exit codes: 0 done, 1 the answer is "no", 2 bad usage or unreadable input, 3 a defect in opselect itself; 130 after
Ctrl-C, 143 and 129 when the process is told to end, and 141 when the reader of the output went away, as shells report
them.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import click

from kernel_index.errors import InputError, OpselectError
from kernel_index.shown import shortened, without_secrets
from opselect import __version__
from opselect.cli.shared.exit_codes import BROKEN_PIPE, DEFECT, DONE, ENDED, INTERRUPTED, UNUSABLE
from opselect.cli.shared.screen import OutputError, flushed, open_streams, screens
from opselect.cli.shared.usage import in_plain_words, unknown_command


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
        if ctx.resilient_parsing:
            # A line is being completed.
            from opselect.cli.completion.values import with_values

            return with_values(command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the first argument names; click.UsageError that says what may have been meant."""
        name = args[0]
        if name in self.modules or name.startswith("-") or ctx.resilient_parsing:
            return super().resolve_command(ctx, args)
        groups = {each: self.get_command(ctx, each) for each in self.modules}
        inside = {each: list(group.modules) for each, group in groups.items() if isinstance(group, LazyGroup)}
        raise click.UsageError(unknown_command(name, ctx.command_path, list(self.modules), inside), ctx)


@click.group(
    cls=LazyGroup,
    modules={
        "generate": "opselect.cli.generate",
        "apply": "opselect.cli.apply",
        "check": "opselect.cli.check",
        "verify": "opselect.cli.verify",
        "audit": "opselect.cli.audit.command",
        "diagnose": "opselect.cli.diagnose",
        "locate": "opselect.cli.locate",
        "requirements": "opselect.cli.requirements",
        "inspect": "opselect.cli.inspect.command",
        "freeze": "opselect.cli.freeze",
        "transform": "opselect.cli.transform",
        "prepare": "opselect.cli.prepare",
        "index": "opselect.cli.index",
        "header": "opselect.cli.header",
        "profile": "opselect.cli.profile",
        "explain": "opselect.cli.explain",
        "init": "opselect.cli.init",
        "merge": "opselect.cli.merge",
        "doctor": "opselect.cli.doctor",
        "completion": "opselect.cli.completion.command",
    },
    # "color" keeps click from taking escape codes out of names: the screen shows them.
    context_settings={"help_option_names": ["-h", "--help"], "color": True},
    epilog="""\b
Examples:
  opselect generate mobilenet.pb --tensorflow 2.14 --out build_lists
  opselect generate flex.tflite --target registration --target tflite-cmake --out lite
  opselect generate squeezenet.onnx --target onnxruntime --with-optimizer-ops --out ort
  opselect verify gelu.tflite --runtime 2.9
  opselect locate Mul Conv2D --tensorflow 2.14
  opselect index list
""",
)
@click.version_option(__version__, prog_name="opselect")
@click.option("--debug", is_flag=True, help="Show the traceback of a failure.")
@click.pass_obj
def cli(settings: Settings, debug: bool) -> None:
    """Which operator kernels does a mobile TensorFlow build need, and what must its build files say?

    'opselect generate' answers that for TensorFlow Lite (.tflite), ONNX Runtime (.onnx) and ExecuTorch (.pte), too.

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

    with screens():
        return exit_code_of(invoke, settings)


def complete(instruction: str) -> int:
    """Prints what fits at the end of the line that a shell asks about, and returns the exit code.

    Whatever cannot be told is left out without a word: somebody is typing.
    """
    from opselect.cli.completion.shells import answer_shell

    with contextlib.suppress(Exception):
        click.echo(answer_shell(instruction, cli))
    return DONE


def exit_code_of(action: Callable[[], int | None], settings: Settings) -> int:
    """The exit code of an action that returns one (None is 0) or fails; what the user must know goes to stderr."""
    try:
        code = action()
    except click.exceptions.Exit as leave:
        return leave.exit_code
    except (KeyboardInterrupt, click.Abort):
        return INTERRUPTED
    except BrokenPipeError:
        return BROKEN_PIPE
    except Exception as failure:
        # Where stderr cannot be written, the exit code is all that is left to say.
        with contextlib.suppress(OutputError, BrokenPipeError):
            if settings.debug and not isinstance(failure, click.ClickException):
                click.echo(_traceback(), err=True, nl=False, color=True)
            click.echo(_sentence(failure), err=True, color=True)
        return _failure_code(failure)
    return DONE if code is None else code


def _failure_code(failure: Exception) -> int:
    if isinstance(failure, click.ClickException):
        return failure.exit_code
    # An input that this machine has no memory for is unusable here, and no mistake of ours.
    return UNUSABLE if isinstance(failure, (OpselectError, MemoryError)) else DEFECT


def _sentence(failure: Exception) -> str:
    """What the user must know of a failure. What is quoted in it is cut, and shows no secret of a URL."""
    if isinstance(failure, click.ClickException):
        with io.StringIO() as text:
            in_plain_words(failure).show(text)
            return shortened(without_secrets(text.getvalue().rstrip("\n")))
    if isinstance(failure, OpselectError):
        more = (
            f"\n  More about it: opselect explain {failure.code}"
            if isinstance(failure, InputError) and failure.code
            else ""
        )
        return f"error: {without_secrets(str(failure))}{more}"
    if isinstance(failure, MemoryError):
        return "error: there is not enough memory for this\n  Close other programs, or pass smaller models."
    # The last resort: whatever comes here is our mistake, and the user needs a sentence, not our stack.
    return (
        f"internal error: {type(failure).__name__}: {shortened(without_secrets(str(failure)))}\n"
        "  This is a defect in opselect. Please report it with what the same command prints under "
        "'opselect --debug'."
    )


def _traceback() -> str:
    import traceback

    lines = without_secrets(traceback.format_exc()).splitlines(keepends=True)
    return "".join(map(shortened, lines))


def main() -> NoReturn:
    """Entry point of the console script."""
    open_streams()
    for name, code in ENDED.items():
        number = getattr(signal, name, None)
        # What whoever started us wants to be ignored, as nohup does, stays so.
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _ending_with(code))
    try:
        if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        if "_OPSELECT_COMPLETE" in os.environ:
            code = complete(os.environ["_OPSELECT_COMPLETE"])
        else:
            code = run()
        if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
            # The work is done: a traceback of how the interpreter leaves would tell nobody anything.
            signal.signal(signal.SIGINT, lambda *_: os._exit(INTERRUPTED))
    except KeyboardInterrupt:
        code = INTERRUPTED
    flushed()
    sys.exit(code)


def _ending_with(code: int) -> Callable[[int, object], None]:
    """What to do when told to end: leave by an exception, so that no temporary file and no process stays behind."""

    def leave(_signal: int, _frame: object) -> None:
        raise SystemExit(code)

    return leave
