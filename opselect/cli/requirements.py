"""``opselect requirements``: what models need, whatever a release has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import click

from opselect.cli.console import counted, print_json, print_table, warn
from opselect.cli.exit_codes import DONE
from opselect.cli.models import choice_options, models_argument, parse_choice, read_chosen
from opselect.cli.options import (
    DEFAULT_PROFILE,
    Source,
    json_option,
    no_inserted_option,
    quiet_option,
    source_options,
)

if TYPE_CHECKING:
    from kernel_index.index import KernelIndex
    from opselect.entries import Choice
    from opselect.requirements import Requirement, Requirements


@click.command(
    "requirements",
    short_help="List the ops that models need.",
    epilog="""\b
Examples:
  opselect requirements mobilenet.pb --tensorflow 2.14
  opselect requirements mobilenet.pb --tensorflow 2.14 --outputs MobilenetV2/Predictions --json
  opselect requirements saved_model --tensorflow 2.14 --tags serve --signature serving_default --json
""",
)
@models_argument
@source_options
@click.option(
    "--profile", default=DEFAULT_PROFILE, show_default=True, metavar="NAME", help="The build to say what it leaves out."
)
@choice_options
@no_inserted_option
@json_option
@quiet_option
def command(
    models: tuple[str, ...],
    release: str | None,
    tree: Path | None,
    index_file: Path | None,
    roots: tuple[Path, ...],
    profile: str,
    tags: tuple[str, ...],
    signatures: tuple[str, ...],
    all_signatures: bool,
    inputs: tuple[str, ...],
    outputs: tuple[str, ...],
    no_inserted: bool,
    as_json: bool,
    quiet: bool,
) -> int:
    """List the ops a MODEL needs, with the attrs that kernels are chosen by and the nodes that ask.

    A MODEL is a GraphDef, a MetaGraphDef or a SavedModel, by path or URL, told apart by content. The TensorFlow that is
    named tells the attrs that matter, fills in their defaults, and says what its runtime makes of the nodes. What its
    mobile builds leave out by default is listed with the reason and with what to do.
    """
    source = Source(release, tree, index_file, roots)
    choice = parse_choice(tags, signatures, all_signatures, inputs, outputs)
    return show(models, source, profile, choice, inserted=not no_inserted, as_json=as_json, quiet=quiet)


def show(
    models: Sequence[str],
    source: Source,
    profile: str,
    choice: Choice,
    *,
    inserted: bool,
    as_json: bool,
    quiet: bool,
) -> int:
    """Prints the requirements of the models and returns the exit code."""
    from opselect.cli.criteria import print_findings, read_findings
    from opselect.cli.sources import open_source, profile_of
    from opselect.requirements_json import requirements_json

    index = open_source(source, quiet=quiet)
    profile = profile_of(index, profile)
    needed = read_requirements(models, index, choice, inserted=inserted, quiet=quiet)
    found = read_findings(needed, index, profile, models, choice)
    if as_json:
        print_json({**requirements_json(needed), "criteria": [each.to_json() for each in found]})
        return DONE
    own = [item for item in needed.items if item.origin is None or item.origin.kind == "replaced"]
    ops, nodes = len({item.op for item in own}), sum(item.count for item in own)
    click.echo(f"{counted(ops, 'op')}, {counted(nodes, 'node')}")
    _print_section("", [item for item in own if item.origin is None])
    for kind, title in _SECTIONS.items():
        _print_section(title, [item for item in needed.items if item.origin is not None and item.origin.kind == kind])
    print_findings(found, index.release, profile)
    return DONE


_SECTIONS = {
    "replaced": "replaced by the runtime, so that no kernel runs them",
    "added": "added by the runtime",
    "inserted": "may be inserted by the runtime",
}


def _print_section(title: str, items: Sequence[Requirement]) -> None:
    """Tables of requirements; where the runtime decides, one for each reason, which stands above it."""
    if title and items:
        click.echo(f"\n{title}")
    whys = dict.fromkeys(item.origin.why if item.origin is not None else "" for item in items)
    for why in whys:
        if why:
            click.echo(f"  {why}:")
        rows = [
            (item.op, attrs_text(item.attrs_json()), item.device or "any", str(item.count), such_as(item.nodes))
            for item in items
            if (item.origin.why if item.origin is not None else "") == why
        ]
        print_table(("op", "attrs", "device", "nodes", "such as"), rows, indent=4 if why else 2)


def read_requirements(
    models: Sequence[str], index: KernelIndex, choice: Choice, *, inserted: bool, quiet: bool
) -> Requirements:
    """The merged requirements of the models; what they warn of goes to stderr.

    Without ``inserted``, ops that the runtime only may insert are left out.
    """
    from opselect.requirements import Requirements, collect_requirements

    parts = []
    for path, name in model_names(models).items():
        graph, entries = read_chosen(path, choice)
        parts.append(collect_requirements(graph, name, index=index, entries=entries))
    needed = Requirements.merge(parts)
    if not inserted:
        needed = needed.without_inserted()
    for warning in needed.warnings:
        warn(warning, quiet=quiet)
    return needed


def model_names(models: Sequence[str]) -> dict[str, str]:
    """What each model is called in the output: its file name, with as many folders as make it the only one.

    Outputs must not depend on where a checkout lies, so no name is an absolute path. A model named twice counts once.
    """
    first: dict[object, str] = {}
    for path in models:
        first.setdefault(path if "://" in path else Path(path).resolve(), path)
    parts = {path: (PurePosixPath(path) if "://" in path else Path(path).absolute()).parts for path in first.values()}
    names: dict[str, str] = {}
    for path in parts:
        depth = 1
        while sum(other[-depth:] == parts[path][-depth:] for other in parts.values()) > 1:
            depth += 1
        names[path] = "/".join(parts[path][-depth:])
    return names


def such_as(nodes: Sequence[str]) -> str:
    """The first of some nodes."""
    return ", ".join(nodes[:2]) + (", …" if len(nodes) > 2 else "")


def attrs_text(attrs: Mapping[str, object]) -> str:
    """Attrs of a JSON document on one line."""
    return ", ".join(f"{k}={','.join(map(str, v)) if isinstance(v, list) else v}" for k, v in attrs.items())
