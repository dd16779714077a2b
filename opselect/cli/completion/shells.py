"""What the shells ask and how they are answered: click's machinery, with file names and ``--option=value`` besides.

A script sets ``_OPSELECT_COMPLETE`` and the words of the line, and runs ``opselect``, which prints what fits.
"""

from __future__ import annotations

import click
from click.shell_completion import BashComplete, CompletionItem, FishComplete, ShellComplete, ZshComplete

COMPLETE_VARIABLE = "_OPSELECT_COMPLETE"

PATH = "path"
"""The kind of an item that is a file or, with a slash at its end, a folder: the shell quotes it, and no blank follows a
folder."""

_BASH = """\
%(complete_func)s() {
    local IFS=$'\\n' line kind value
    COMPREPLY=()
    for line in $(
        COMP_WORDS="${COMP_WORDS[*]}" COMP_CWORD=$COMP_CWORD %(complete_var)s=bash_complete "$1" 2>/dev/null
    ); do
        kind=${line%%%%,*}
        value=${line#*,}
        case $kind in
            dir) compopt -o dirnames 2>/dev/null ;;
            file) compopt -o default 2>/dev/null ;;
            path) compopt -o filenames 2>/dev/null; COMPREPLY+=("${value%%/}") ;;
            *) COMPREPLY+=("$value") ;;
        esac
    done
}

complete -o nosort -F %(complete_func)s %(prog_name)s 2>/dev/null || complete -F %(complete_func)s %(prog_name)s
"""

_ZSH = """\
#compdef %(prog_name)s

%(complete_func)s() {
    local -a answer described words_alone
    local kind value help
    answer=("${(@f)$(COMP_WORDS="${words[*]}" COMP_CWORD=$((CURRENT-1)) %(complete_var)s=zsh_complete ${words[1]} \
2>/dev/null)}")
    for kind value help in "${answer[@]}"; do
        case $kind in
            dir) _path_files -/ ;;
            file) _path_files ;;
            path)
                if [[ $value == */ ]]; then
                    compadd -f -U -S '' -- "$value"
                else
                    compadd -f -U -- "$value"
                fi ;;
            plain)
                if [[ $help == _ ]]; then
                    words_alone+=("$value")
                else
                    described+=("$value:$help")
                fi ;;
        esac
    done
    (( $#described )) && _describe -V unsorted described -U
    (( $#words_alone )) && compadd -U -V unsorted -a words_alone
}

if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    %(complete_func)s "$@"
else
    (( $+functions[compdef] )) || { autoload -Uz compinit && compinit }
    compdef %(complete_func)s %(prog_name)s
fi
"""

_FISH = """\
function %(complete_func)s
    set -l command (commandline -opc)[1]
    set -l answer (env COMP_WORDS=(commandline -cp | string collect) COMP_CWORD=(commandline -t | string collect) \
%(complete_var)s=fish_complete $command 2>/dev/null)
    for line in $answer
        set -l parts (string split -m 1 "," -- $line)
        switch $parts[1]
            case dir
                __fish_complete_directories $parts[2]
            case file
                __fish_complete_path $parts[2]
            case '*'
                echo $parts[2]
        end
    end
end

complete --no-files --command %(prog_name)s --arguments "(%(complete_func)s)"
"""


class _Bash(BashComplete):
    """Bash takes the ``=`` of ``--option=value`` for a word of its own, and completes what follows it alone."""

    source_template = _BASH

    def source(self) -> str:
        # Click's own asks the bash at hand for its version, for an option that the script here does without.
        return ShellComplete.source(self)

    def get_completion_args(self) -> tuple[list[str], str]:
        args, incomplete = super().get_completion_args()
        if incomplete == "=":
            return args, ""
        if args and args[-1] == "=":
            return args[:-1], incomplete
        return args, incomplete


class _Zsh(ZshComplete):
    source_template = _ZSH

    def get_completions(self, args: list[str], incomplete: str) -> list[CompletionItem]:
        return _with_option(super().get_completions(args, incomplete), incomplete)


class _Fish(FishComplete):
    source_template = _FISH

    def get_completions(self, args: list[str], incomplete: str) -> list[CompletionItem]:
        return _with_option(super().get_completions(args, incomplete), incomplete)


def _with_option(items: list[CompletionItem], incomplete: str) -> list[CompletionItem]:
    """The items of ``--option=value`` with the option before them: these shells replace the word as a whole."""
    option, equals, _ = incomplete.partition("=")
    if not (option.startswith("--") and equals):
        return items
    return [CompletionItem(f"{option}={item.value or ''}", item.type, item.help) for item in items]


SHELLS: dict[str, type[ShellComplete]] = {"bash": _Bash, "zsh": _Zsh, "fish": _Fish}


def script_of(shell: str, cli: click.Command) -> str:
    """What the shell has to read to complete ``opselect``."""
    return SHELLS[shell](cli, {}, "opselect", COMPLETE_VARIABLE).source()


def answer_shell(instruction: str, cli: click.Command) -> str:
    """What fits at the end of the line that a script asks about; ``instruction`` is ``bash_complete``, say.

    The words are in the environment, as :class:`click.shell_completion.ShellComplete` reads them. Empty for an
    instruction of no such shell.
    """
    shell, _, what = instruction.partition("_")
    if what != "complete" or shell not in SHELLS:
        return ""
    return SHELLS[shell](cli, {}, "opselect", COMPLETE_VARIABLE).complete()
