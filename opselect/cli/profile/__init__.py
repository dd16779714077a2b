"""``opselect profile``: what the named builds are made of, and which of them a build of one's own is."""

from __future__ import annotations

import click

from opselect.cli.main import LazyGroup


@click.group(
    "profile",
    cls=LazyGroup,
    modules={
        "list": "opselect.cli.profile.list",
        "show": "opselect.cli.profile.show",
        "explain": "opselect.cli.profile.explain",
    },
    short_help="Show the macros of build profiles, and which profile a build is.",
    epilog="""\b
Examples:
  opselect profile list
  opselect profile show android-slim --tensorflow 1.13
  opselect profile explain __ANDROID_TYPES_FULL__ --tensorflow 2.14
""",
)
def command() -> None:
    """A profile is a set of macros that a build compiles with: it decides which kernels are registered."""
