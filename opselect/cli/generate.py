"""``opselect generate``: models in, the build lists of a TensorFlow release out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast, get_args

import click
from click.core import ParameterSource

from opselect.cli.shared.build_options import real_build_options_beside_config
from opselect.cli.shared.console import note, print_json, print_line, warn
from opselect.cli.shared.estimate_text import print_estimate
from opselect.cli.shared.exit_codes import NO
from opselect.cli.shared.models import choice_options
from opselect.cli.shared.needs import NeedsCommand, needs_options, parse_needs, reading
from opselect.cli.shared.options import (
    FOLDER,
    follow_links_option,
    given_text,
    have_option,
    json_option,
    macro_options,
    no_inserted_option,
    quiet_option,
    source_options,
)
from opselect.cli.shared.page_file import PageFile, html_option, page_file
from opselect.cli.shared.selecting import print_build, print_missing, report
from opselect.cli.shared.sources import check_source
from opselect.cli.shared.usage import WordChoice, help_of_groups
from opselect.targets import OTHER_RUNTIMES, TARGET_KINDS, TARGETS, ManifestFormat, kind_of, targets_by_runtime
from opselect.usecases.kernel_source import DEFAULT_PROFILE, KernelSource, Macros

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opselect.build_lists.keep_rule import Mode
    from opselect.build_lists.lite import Labels
    from opselect.estimates import SizeEstimate
    from opselect.models.choice import Choice
    from opselect.targets import Target
    from opselect.usecases.generate import ListOptions, WrittenLists
    from opselect.usecases.select_kernels import BuildAnswer, BuildQuestion


@click.command(
    "generate",
    cls=NeedsCommand,
    short_help="Write the build lists for models.",
    epilog="""\b
Examples:
  opselect generate mobilenet.pb --tensorflow 2.14 --out build_lists
  opselect generate mobilenet.pb --tensorflow 1.15 --profile android-slim --target makefile --out build_lists
  opselect generate mobilenet.pb --tree tensorflow --mode extend --outputs MobilenetV2/Predictions --out build_lists
  opselect generate mobilenet.pb --tensorflow 2.14 --target cmake --out cmake
  opselect generate mobilenet.pb --tensorflow 2.14 --target header --target bazel --out build_lists
  opselect generate mobilenet.pb --tensorflow 2.14 --profile desktop --target header --compat 2.14 --out headers
  opselect generate mobilenet.pb --tensorflow 2.14 --target manifest --json
  opselect generate mobilenet.pb --tensorflow 2.14 --html page.html
  opselect generate flex.tflite --tensorflow 2.14 --profile selective --target flex-bazel --out flex
  opselect generate flex.tflite --tensorflow 2.14 --profile desktop --target flex-ops --compat 2.14 --out flex
  opselect generate flex.tflite --target registration --target tflite-cmake --namespace app --out lite
  opselect generate flex.tflite --target tflite-bazel --labels litert --out lite
  opselect generate micro_speech.tflite --target tflm-resolver --out micro
  opselect generate squeezenet.onnx --target onnxruntime --types --with-optimizer-ops --out ort
  opselect generate squeezenet.onnx required_operators.config --target onnxruntime --types --out ort
  opselect generate phone.pte --target executorch --target executorch-header --out et
  opselect generate --requirements phone.json watch.json --tensorflow 2.14 --out build_lists
  opselect generate --config phone/opselect.yaml
""",
)
@needs_options
@click.option(
    "--config",
    "config_file",
    metavar="FILE",
    help="Write what this configuration says. Without models, opselect.yaml of this folder.",
)
@source_options
@click.option(
    "--profile", default=DEFAULT_PROFILE, show_default=True, metavar="NAME", help="The build to write the lists for."
)
@macro_options
@real_build_options_beside_config
@choice_options
@no_inserted_option
@click.option(
    "--target",
    "targets",
    multiple=True,
    type=WordChoice(TARGETS, targets_by_runtime()),
    metavar="TARGET",
    help="What to write; repeatable. Default: manifest, and of bazel and makefile what the release has lists for."
    f"{help_of_groups(targets_by_runtime())}",
)
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), metavar="DIR", help="Where to write it.")
@click.option(
    "--mode",
    type=WordChoice(("trim", "extend")),
    default="trim",
    show_default=True,
    help="Cut every group to what is needed, or add to upstream's lists what they lack.",
)
@click.option("--keep-core", is_flag=True, help="With trim: leave the core group as upstream has it.")
@click.option("--allow-missing", is_flag=True, help="Write the lists even if they cannot give all that is needed.")
@click.option(
    "--compat",
    default="",
    callback=given_text,
    metavar="RELEASE",
    help="With --target header, flex-ops, registration, tflite-cmake or tflm-resolver: the very text that "
    "the tool of this release prints.",
)
@click.option(
    "--default-ops",
    metavar="PAIRS",
    help="With --target header: Op:Class pairs that are in it in any case, 'all' for everything, '' for none. "
    "Default: those of TensorFlow's tool; none for .tflite models, as their Flex rules have it.",
)
@click.option(
    "--ops-list",
    "ops_lists",
    multiple=True,
    metavar="FILE",
    help="Add the ops and kernel classes of a JSON list, as list_flex_ops prints it; repeatable.",
)
@click.option("--no-kernels", is_flag=True, help="With --target flex-ops: the bare names of the models' ops.")
@click.option(
    "--namespace", default="", metavar="NAME", help="With --target registration or tflite-cmake: a namespace around it."
)
@click.option(
    "--labels",
    type=WordChoice(("tensorflow", "litert")),
    default="tensorflow",
    show_default=True,
    help="For TensorFlow Lite: whose folders are named, //tensorflow/lite or LiteRT's //tflite.",
)
@click.option(
    "--types", is_flag=True, help="With --target onnxruntime: restrict operators to the types they are used with."
)
@click.option(
    "--with-optimizer-ops",
    is_flag=True,
    help="With --target onnxruntime: add the operators that its optimisers put into models when they load them.",
)
@click.option("--template-dir", type=FOLDER, metavar="DIR", help="Templates to use instead of the built-in ones.")
@have_option
@follow_links_option
@html_option
@json_option
@quiet_option
def command(
    release: str | None,
    tree: Path | None,
    index_file: Path | None,
    roots: tuple[Path, ...],
    macros: Macros,
    choice: Choice,
    no_inserted: bool,
    models: tuple[str, ...],
    kept: tuple[str, ...],
    jobs: int | None,
    dask: str,
    config_file: str | None,
    profile: str,
    targets: tuple[str, ...],
    out: Path | None,
    mode: Mode,
    keep_core: bool,
    allow_missing: bool,
    compat: str,
    default_ops: str | None,
    ops_lists: tuple[str, ...],
    no_kernels: bool,
    namespace: str,
    labels: Labels,
    types: bool,
    with_optimizer_ops: bool,
    template_dir: Path | None,
    have: frozenset[str],
    follow_links: bool,
    html_file: str | None,
    as_json: bool,
    quiet: bool,
) -> int:
    """Write the exact lists of kernel files that a build needs to run the MODELs, for the release's own build files.

    Of .tflite models also what builds of TensorFlow Lite, of its Flex delegate and for microcontrollers need: --target
    says which (docs/tflite.md). These go to --out in any case.
    So does what reduced builds of ONNX Runtime need, of .onnx models and of configurations that are there
    (docs/onnxruntime.md), and of ExecuTorch, of .pte programs and lists of operators (docs/executorch.md).

    When something cannot be resolved, or the TensorFlow would refuse to load a model, that is said with why and what to
    do, nothing is written, and the exit code is 1; the same when one of several models cannot be read. Ops that
    optimizers of the runtime may insert count too, unless --no-inserted is given, but none is ever missing. With --json
    the manifest is printed on stdout, and --out is not needed. Nor is it with --html, which writes a page to look at,
    even where something is missing. How large the listed sources will be once compiled is said, too, with a band in
    which that is in 9 of 10 cases (docs/estimates.md).

    Without MODELs and --requirements the configuration opselect.yaml says it all: docs/config.md has its keys.
    """
    from opselect.cli.generate_configured import configuration_of, generate_targets

    config = configuration_of(config_file, named=bool(models or kept or ops_lists))
    if config is not None:
        from opselect.usecases.generate_configured import ReadingOptions

        reading_options = ReadingOptions(jobs, dask, follow_links)
        return generate_targets(config, reading_options, html_file, as_json=as_json, quiet=quiet)
    # click has taken nothing but targets.
    wanted = cast("tuple[Target, ...]", targets)
    _check_settings(wanted)
    if any(kind_of(target).runtime in OTHER_RUNTIMES for target in wanted):
        from opselect.cli.generate_other_runtimes import check_of_runtime, generate_and_print
        from opselect.usecases.runtime_question import RuntimeOptions, RuntimeQuestion

        folder = check_of_runtime(wanted, models, out)
        runtime_question = RuntimeQuestion(models, wanted, RuntimeOptions(types, with_optimizer_ops))
        return generate_and_print(runtime_question, folder, as_json=as_json, quiet=quiet)
    from opselect.build_lists.lite.options import LiteOptions, asks_for_kernels, asks_models_alone

    lite = LiteOptions(compat, namespace, labels, kernels=not no_kernels, template_dir=template_dir)
    source = KernelSource(release, tree, index_file, roots, follow_links)
    if wanted and all(asks_models_alone(target, lite) for target in wanted):
        from opselect.cli.generate_lite import check_of_models, generate_for_models
        from opselect.usecases.generate_lite import LiteQuestion

        folder = check_of_models(models, kept, choice, ops_lists, out, html_file)
        if any(asks_for_kernels(target, lite) for target in wanted):
            check_source(source, macros)
        lite_question = LiteQuestion(models, wanted, lite, source, profile, macros)
        return generate_for_models(lite_question, folder, allow_missing=allow_missing, as_json=as_json, quiet=quiet)
    from kernel_index.build_files.places import MAKEFILE_LIST
    from opselect.build_lists.header.options import HeaderOptions
    from opselect.models.formats import check_for_tensorflow
    from opselect.usecases.generate import ListOptions
    from opselect.usecases.select_kernels import BuildQuestion

    check_for_tensorflow(models)
    _check_destination(targets, out, printed=as_json or html_file is not None)
    check_source(source, macros)
    needs = parse_needs(models, kept, choice, jobs, dask, inserted=not no_inserted, named=bool(ops_lists))
    question = BuildQuestion(needs, source, profile, macros, have=have, ops_lists=ops_lists)
    files = [tree / MAKEFILE_LIST] if tree is not None else []
    page = page_file(
        html_file,
        [*models, *kept, *ops_lists, index_file, *files],
        outputs=_outputs(out),
        folders=[out] if out is not None else (),
        as_json=as_json,
    )
    header = HeaderOptions(compat=compat) if default_ops is None else HeaderOptions(default_ops, compat)
    options = ListOptions(wanted, mode, keep_core, template_dir, "json" if as_json else "yaml", header, lite)
    return generate_lists(question, options, out, page, allow_missing=allow_missing, as_json=as_json, quiet=quiet)


def generate_lists(
    question: BuildQuestion,
    options: ListOptions,
    out: Path | None,
    page: PageFile | None,
    *,
    allow_missing: bool,
    as_json: bool,
    quiet: bool,
) -> int:
    """Answers the question, writes lists and page, prints what came of it and returns the exit code."""
    from opselect.cli.generate_lite import NOT_WRITTEN, print_missing_of_models
    from opselect.usecases.estimate_size import estimate_json
    from opselect.usecases.generate import build_files, generate, manifest_of

    with reading(quiet=quiet) as watch:
        generated = generate(question, options, out, allow_missing=allow_missing, watch=watch)
    found = generated.answer
    # A header or ops list alone asks for no other files, so nobody looks for what the kernels need.
    kernel_files_only = not options.names_files
    print_missing(found, question.models.only_model, quiet=quiet)
    print_missing_of_models(
        generated.missing, found.selection.release, found.selection.profile, question.models.paths, quiet=quiet
    )
    if generated.written is not None:
        _print_written(found, generated.written, generated.estimate, kernel_files_only=kernel_files_only, quiet=quiet)
    elif out is None and not as_json and (found.complete or allow_missing):
        # A page alone: what it is about.
        print_build(found, quiet=quiet)
        print_estimate(generated.estimate, kernel_files_only=kernel_files_only, quiet=quiet)
    if as_json:
        document = manifest_of(found, options, generated.missing)
        print_json({**document, "estimate": estimate_json(generated.estimate)})
    if page is not None:
        from opselect.report.of_generation import BuildPart, generation_document
        from opselect.usecases.model_origins import model_origins

        written = out is None or generated.written is not None
        part = BuildPart(
            found,
            build_files(found, options),
            generated.estimate,
            written=written,
            kernel_files_only=kernel_files_only,
        )
        origins = model_origins([question.models], found.needed.unread)
        page.write(generation_document([part], origins), quiet=quiet)
    code = report(found, page, allow_missing=allow_missing)
    if generated.missing and not allow_missing:
        if not code:
            print_line(NOT_WRITTEN, err=True)
        return code or NO
    return code


def _check_settings(targets: Sequence[str]) -> None:
    """Raises click.UsageError for an option that none of the targets has."""
    context = click.get_current_context()
    for setting in dict.fromkeys(setting for kind in TARGET_KINDS for setting in kind.settings):
        kinds = [kind.name for kind in TARGET_KINDS if setting in kind.settings]
        if context.get_parameter_source(setting) is ParameterSource.COMMANDLINE and not set(kinds) & set(targets):
            option = f"--{setting.replace('_', '-')}"
            named = " or ".join(filter(None, (", ".join(kinds[:-1]), kinds[-1])))
            raise click.UsageError(f"{option} is about --target {named}")


def _check_destination(targets: tuple[str, ...], out: Path | None, *, printed: bool) -> None:
    if out is not None:
        return
    if not printed:
        raise click.UsageError(
            "say where the lists go: --out DIR, or --json to print the manifest, or --html FILE for a page"
        )
    if set(targets) - {"manifest"}:
        raise click.UsageError(
            "--json and --html tell of the manifest only; for the other targets name a folder: --out DIR"
        )


def _outputs(out: Path | None) -> list[Path]:
    """All files that may be written to the folder."""
    formats = get_args(ManifestFormat)
    return [] if out is None else [out / kind.file_name(form) for kind in TARGET_KINDS for form in formats]


def _print_written(
    found: BuildAnswer,
    written: WrittenLists,
    estimate: SizeEstimate | None,
    *,
    kernel_files_only: bool,
    quiet: bool,
) -> None:
    for warning in written.warnings:
        warn(warning, quiet=quiet)
    print_build(found, quiet=quiet)
    print_estimate(estimate, kernel_files_only=kernel_files_only, quiet=quiet)
    for path in written.paths:
        note(f"  {path}{'' if path in written.changed else ' (unchanged)'}", quiet=quiet)
