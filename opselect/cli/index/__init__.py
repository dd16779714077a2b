"""``opselect index``: make, list, show, compare and export indexes of kernel registrations."""

from __future__ import annotations

import click

from opselect.cli.main import LazyGroup


@click.group(
    "index",
    cls=LazyGroup,
    modules={
        "scan": "opselect.cli.index.scan",
        "from-binary": "opselect.cli.index.from_binary",
        "list": "opselect.cli.index.list",
        "show": "opselect.cli.index.show",
        "diff": "opselect.cli.index.diff",
        "deps": "opselect.cli.index.deps",
        "export": "opselect.cli.index.export",
    },
    short_help="Make, list, show, compare and export indexes.",
    epilog="""\b
Examples:
  opselect index list
  opselect index scan tensorflow -o mine.opselidx
  opselect index show mine.opselidx
  opselect index diff 1.13 1.15
  opselect index export 2.14 --profile android
  opselect index deps tensorflow/core/kernels/slice_op.cc --tensorflow 2.14
""",
)
def command() -> None:
    """Make, list, show, compare and export indexes of the kernels that a TensorFlow release registers."""
