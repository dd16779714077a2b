"""``opselect explain``: what a code means, and what to do about it."""

from __future__ import annotations

import click

from opselect.cli.shared.exit_codes import DONE


@click.command(
    "explain",
    short_help="Say what a code such as OPS103 means.",
    epilog="""\b
Examples:
  opselect explain OPS103
  opselect explain --list
""",
)
@click.argument("codes", nargs=-1, metavar="[CODE]...")
@click.option("--list", "list_all", is_flag=True, help="List all codes, a line each.")
def command(codes: tuple[str, ...], list_all: bool) -> int:
    """Print the pages of codes: the cause, an example, what mends it, and where TensorFlow says so.

    Codes stand in front of what the other commands find, and in their JSON. The pages come with opselect: nothing is
    fetched. Small letters do as well.
    """
    if list_all == bool(codes):
        raise click.UsageError("name a CODE, or --list for all of them")
    if list_all:
        from opselect.cli.shared.console import print_table
        from opselect.findings import CATALOG

        print_table(("code", "kind", "what it says"), [(c.code, c.kind, c.title) for c in CATALOG.values()])
        return DONE
    from opselect.findings.pages import page

    # All pages are read before one is printed: a wrong code prints nothing else.
    click.echo("\n".join([page(code) for code in codes]), nl=False)
    return DONE
