"""``opselect completion``: the script that makes a shell complete ``opselect``."""

from __future__ import annotations

import click

from opselect.cli.shared.exit_codes import DONE
from opselect.cli.shared.usage import WordChoice

SHELL_NAMES = ("bash", "zsh", "fish")


@click.command(
    "completion",
    short_help="Print the script that makes a shell complete opselect.",
    epilog="""\b
Examples:
  opselect completion bash
  opselect completion zsh
  opselect completion fish
""",
)
@click.argument("shell", metavar="SHELL", type=WordChoice(SHELL_NAMES))
def command(shell: str) -> int:
    """Print the script for SHELL, which is bash, zsh or fish: commands, options, releases, ops and more with Tab.

    \b
    bash, in ~/.bashrc:
      eval "$(opselect completion bash)"
    or, with the package bash-completion, once:
      mkdir -p ~/.local/share/bash-completion/completions
      opselect completion bash > ~/.local/share/bash-completion/completions/opselect

    \b
    zsh, in ~/.zshrc:
      eval "$(opselect completion zsh)"
    or as a file _opselect in a folder of $fpath.

    \b
    fish, once:
      opselect completion fish > ~/.config/fish/completions/opselect.fish

    A shell that is started after that completes. Nodes are completed for --inputs and --outputs after a graph of up to
    1 MB, ops from the index of the release on the line.
    """
    from opselect.cli.completion.shells import script_of

    click.echo(script_of(shell, click.get_current_context().find_root().command), nl=False)
    return DONE
