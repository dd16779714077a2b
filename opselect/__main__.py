"""The command line, as the script ``opselect`` and as ``python -m opselect``."""

from __future__ import annotations

import gc
import os
import signal

# Until the line is reached that heeds Ctrl-C, as little as can be is imported: "typing" alone takes longer than that.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

_INTERRUPTED = 130


def main() -> NoReturn:
    """Runs the command line; Ctrl-C while it is still being imported ends the program without a word."""
    # Commands are short and make many objects, few of which refer to each other in circles: to look for those as often
    # as Python does takes an eighth of the time of a large audit.
    gc.set_threshold(100_000, 50, 50)
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _leave)
    from opselect.cli.main import main as command_line

    command_line()


def _leave(_signal: int, _frame: object) -> None:
    os._exit(_INTERRUPTED)


if __name__ == "__main__":
    main()
