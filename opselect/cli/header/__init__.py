"""``opselect header``: what an ``ops_to_register.h`` says."""

from __future__ import annotations

import click

from opselect.cli.main import LazyGroup


@click.group(
    "header",
    cls=LazyGroup,
    modules={"show": "opselect.cli.header.show"},
    short_help="Read a header for selective registration back.",
    epilog="""\b
Examples:
  opselect header show ops_to_register.h
  opselect header show ops_to_register.h --tensorflow 2.14 --profile android --json
""",
)
def command() -> None:
    """Read headers back that choose which kernels TensorFlow registers."""
