"""Flags of TensorFlow's tools that no command takes, and what takes the tool's place.

Source: ``python/tools/optimize_for_inference.py``.
"""

from __future__ import annotations

import click

_OPTIMIZE_FOR_INFERENCE = frozenset(
    {
        "--input",
        "--output",
        "--frozen_graph",
        "--input_names",
        "--output_names",
        "--placeholder_type_enum",
        "--toco_compatible",
    }
)


class HintingCommand(click.Command):
    """A command that tells those who come with a script of ``optimize_for_inference`` what to write."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            if error.option_name not in _OPTIMIZE_FOR_INFERENCE:
                raise
            raise click.UsageError(
                f"{error.option_name} is a flag of TensorFlow's optimize_for_inference; in its place write\n"
                "  opselect prepare INPUT -o OUTPUT --inputs INPUT_NAMES --outputs OUTPUT_NAMES",
                ctx,
            ) from None
