"""``opselect generate`` by ``opselect.yaml``: all targets of a configuration."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from opselect.cli.generate_lite import print_missing_of_models
from opselect.cli.shared.console import counted, note, print_json, print_line, warn
from opselect.cli.shared.estimate_text import print_estimate
from opselect.cli.shared.exit_codes import DONE, NO
from opselect.cli.shared.needs import reading, report_unread, unread_code
from opselect.cli.shared.page_file import PageFile, page_file
from opselect.cli.shared.selecting import nothing_written, print_build, print_missing

if TYPE_CHECKING:
    from opselect.config_file import Config
    from opselect.usecases.budgets import Exceeded
    from opselect.usecases.configured_runtimes import ConfiguredRuntime
    from opselect.usecases.generate_configured import ConfiguredBuild, GeneratedTargets, ReadingOptions, WrittenTarget

CONFIG_NAME = "opselect.yaml"
"""``opselect.config_file.FILE_NAME``, which is not imported before there is such a file."""

_OF_THE_CALL = frozenset(
    {"config_file", "models", "kept", "jobs", "dask", "follow_links", "html_file", "as_json", "quiet", "max_download"}
)
"""Parameters of ``generate`` that say how it works; all others say what is written, and that a configuration says."""


def configuration_of(config_file: str | None, *, named: bool) -> str | None:
    """The configuration that a call is by: the one that is given, else, where no models are named, that of the folder.

    Raises click.UsageError where there is none and no models are named, and for options that a configuration has keys
    for: which of both counts would be a guess.
    """
    if config_file is None:
        if named:
            return None
        if not Path(CONFIG_NAME).exists():
            raise click.UsageError(
                "name a MODEL, or a file of requirements with --requirements; "
                f"there is no {CONFIG_NAME} here, which `opselect init` writes"
            )
    elif named:
        raise click.UsageError("the models stand in the configuration: leave out --config, or what names models here")
    context = click.get_current_context()
    path = config_file or CONFIG_NAME
    for parameter in context.command.params:
        name = parameter.name or ""
        if name not in _OF_THE_CALL and context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            raise click.UsageError(f"what {parameter.opts[0]} says stands in {path}: change it there, or name a MODEL")
    return path


def generate_targets(path: str, options: ReadingOptions, html_file: str | None, *, as_json: bool, quiet: bool) -> int:
    """Writes all that a configuration asks for, prints what came of it and returns the exit code."""
    from opselect.config_file import read_config
    from opselect.usecases.generate_configured import generate_configured

    if options.jobs is not None and options.dask:
        raise click.UsageError("--jobs and --dask exclude each other")
    config = read_config(path)
    page = _page(config, html_file, as_json=as_json) if html_file is not None else None
    with reading(quiet=quiet) as watch:
        found = generate_configured(config, options, watch)
    of_models = [each.target for each in found.of_models]
    models = [model.path for model in found.inputs.models] if not found.inputs.kept else []
    for build in found.builds:
        print_missing(build.answer, models if len(models) == 1 else (), quiet=quiet)
        _print_exceeded(build.exceeded)
    for each in found.of_models:
        print_missing_of_models(each.missing, each.release, each.profile, models, quiet=quiet)
    for build in found.builds:
        if found.ok:
            _print_written(build, found, quiet=quiet)
    written = [each for each in found.written if each.target in of_models]
    _print_warnings(written, quiet=quiet)
    _print_files(written, quiet=quiet)
    for runtime in found.of_runtimes:
        if found.ok:
            _print_of_runtime(runtime, found, quiet=quiet)
    if as_json:
        print_json(found.to_json())
    if page is not None:
        from opselect.report.of_configuration import configured_document
        from opselect.usecases.model_origins import model_origins

        page.write(configured_document(found, model_origins(found.inputs.sets(), found.unread)), quiet=quiet)
    return _report(found, page)


def _page(config: Config, html_file: str, *, as_json: bool) -> PageFile | None:
    from kernel_index.build_files.places import MAKEFILE_LIST
    from opselect.config_file.runtimes import reading_runtime
    from opselect.usecases.config_models import named_inputs

    if all(reading_runtime(target.kind) != "tensorflow" for target in config.targets):
        raise click.UsageError(f"--html tells of kernels and files, and no target of {config.path} selects any")
    inputs = named_inputs(config)
    indexes = [config.place(target.index) for target in config.targets if target.index]
    makefiles = [Path(config.place(target.tree), MAKEFILE_LIST) for target in config.targets if target.tree]
    read = [config.path, *(model.path for model in inputs.models), *inputs.kept, *indexes, *makefiles]
    outputs = [config.output(target) for target in config.targets]
    folders = [output.parent for output in outputs]
    return page_file(html_file, read, outputs=outputs, folders=folders, as_json=as_json)


def _print_exceeded(exceeded: Sequence[Exceeded]) -> None:
    for each in exceeded:
        finding = each.finding
        print_line(f"{finding.place}: {finding.code} {finding.kind}: {finding.reason}", err=True)
        print_line(f"  {finding.advice}", err=True)


def _print_warnings(written: Sequence[WrittenTarget], *, quiet: bool) -> None:
    for warning in dict.fromkeys(warning for each in written for warning in each.warnings):
        warn(warning, quiet=quiet)


def _print_written(build: ConfiguredBuild, found: GeneratedTargets, *, quiet: bool) -> None:
    written = [each for each in found.written if each.target in build.targets]
    _print_warnings(written, quiet=quiet)
    print_build(build.answer, quiet=quiet)
    print_estimate(build.estimate, quiet=quiet)
    _print_files(written, quiet=quiet)


def _print_of_runtime(runtime: ConfiguredRuntime, found: GeneratedTargets, *, quiet: bool) -> None:
    note(runtime.found.summary, quiet=quiet)
    _print_files([each for each in found.written if each.target in runtime.targets], quiet=quiet)
    for warning in runtime.found.warnings:
        warn(warning, quiet=quiet)


def _print_files(written: Sequence[WrittenTarget], *, quiet: bool) -> None:
    for each in written:
        note(f"  {each.path}{'' if each.changed else ' (unchanged)'}", quiet=quiet)


def _report(found: GeneratedTargets, page: PageFile | None) -> int:
    """Says at the end what was not read, or why nothing was written, and returns the exit code."""
    if found.builds:
        report_unread(found.unread, found.builds[0].answer.needed.models)
    code = unread_code(found.unread)
    if found.ok:
        return code or DONE
    refusing = [target.own.spot.where for build in found.builds for target in build.refusing]
    refusing += [each.target.own.spot.where for each in found.of_models if each.is_refusing]
    if refusing:
        allowing = "`allow_missing: true` writes them without these."
        click.echo(
            f"{nothing_written(page)}: {counted(len(refusing), 'target')} cannot have it all ({', '.join(refusing)}). "
            f"{allowing}",
            err=True,
        )
    elif any(build.exceeded for build in found.builds):
        click.echo(f"{nothing_written(page)}, for a budget is exceeded.", err=True)
    return code or NO
