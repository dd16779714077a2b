"""What ``opselect inspect`` says of a checkpoint: names, types and shapes of its variables, and how much they are."""

from __future__ import annotations

import click

from opselect.cli.inspect.tensor_json import tensor_json
from opselect.cli.shared.console import byte_size, print_table
from opselect.models.formats.checkpoint import Checkpoint, open_checkpoint
from opselect.models.graph import Shape
from opselect.models.summary import Parameters, parameters_of
from opselect.models.tensor_text import shape_text, type_word


def checkpoint_json(prefix: str) -> dict[str, object]:
    """The checkpoint of a prefix; keys as in the JSON of a graph, ``version`` is that of the format."""
    checkpoint = open_checkpoint(prefix)
    held = _held(checkpoint)
    return {
        "version": checkpoint.version,
        "variables": [tensor_json(name, v.data_type, Shape(v.dims)) for name, v in checkpoint.variables.items()],
        "parameters": {"variables": held.count, "variable_bytes": held.bytes},
    }


def print_checkpoint(prefix: str) -> None:
    """The variables of the checkpoint of a prefix as a table."""
    checkpoint = open_checkpoint(prefix)
    held = _held(checkpoint)
    click.echo(f"format version: {checkpoint.version}")
    click.echo(f"variables: {len(checkpoint):,}, parameters: {held.count:,}, in memory: {byte_size(held.bytes)}")
    rows = [(name, type_word(v.data_type), shape_text(Shape(v.dims))) for name, v in checkpoint.variables.items()]
    if rows:
        print_table(("name", "type", "shape"), rows, indent=2)


def _held(checkpoint: Checkpoint) -> Parameters:
    return sum((parameters_of(v.data_type, v.dims) for v in checkpoint.variables.values()), Parameters())
