"""What must the build files of a release say, so that a build runs these models?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from kernel_index.build_files.places import MAKEFILE_LIST
from kernel_index.errors import OpselectError
from opselect.build_lists.flex.options import FlexOptions
from opselect.build_lists.header.options import HeaderOptions
from opselect.build_lists.keep_rule import Mode
from opselect.build_lists.lite import LiteOptions
from opselect.build_lists.lite.options import asks_models_alone
from opselect.build_lists.manifest import manifest, manifest_files
from opselect.build_lists.render import render, render_warnings
from opselect.build_lists.unread import check_read
from opselect.build_lists.write import write_outputs
from opselect.models.formats import check_output
from opselect.targets import LITE_TARGETS, TARGETS, ManifestFormat, Target, kind_of
from opselect.usecases.estimate_size import estimate_build
from opselect.usecases.kernel_source import PathLike
from opselect.usecases.select_kernels import BuildAnswer, BuildQuestion, IncompleteError, answer, builds_for
from opselect.usecases.watch import NOBODY, Watch

if TYPE_CHECKING:
    from kernel_index.records import BuildLists
    from kernel_index.records_json import Json
    from opselect.estimates import SizeEstimate
    from opselect.findings import Finding
    from opselect.selection.select import SelectedFile


_WITHOUT_LISTS = {"header", "flex-ops", *LITE_TARGETS}
"""Targets that name no files of a build."""

_FOR_TENSORFLOW = (
    "these lists are for a build of TensorFlow itself, and the models are of TensorFlow Lite: for a build of that "
    "name a --target: flex-bazel, registration, tflite-cmake, tflite-bazel or tflm-resolver"
)


@dataclass(frozen=True, slots=True)
class ListOptions:
    """What to write of a selection, and how.

    ``targets`` are the outputs; without any, the manifest and those of ``bazel`` and ``makefile`` that the release has
    lists for. ``mode`` trims every list to what is needed, or extends the release's own by what they lack; with
    ``keep_core`` a trimmed core group stays whole. ``template_dir`` has templates to use in place of the built-in ones.
    ``header`` is about the target of that name, ``lite`` about those for TensorFlow Lite.
    """

    targets: tuple[Target, ...] = ()
    mode: Mode = "trim"
    keep_core: bool = False
    template_dir: Path | None = None
    manifest_format: ManifestFormat = "yaml"
    header: HeaderOptions = field(default_factory=HeaderOptions)
    lite: LiteOptions = field(default_factory=LiteOptions)

    @property
    def of_models(self) -> tuple[Target, ...]:
        """Those of the targets that ask for models of TensorFlow Lite alone."""
        return tuple(target for target in self.targets if asks_models_alone(target, self.lite))

    @property
    def names_files(self) -> bool:
        """Whether any of it names files of a build besides those that register kernels."""
        return not self.targets or not _WITHOUT_LISTS.issuperset(self.targets) or self.manifest_format == "json"


DEFAULT_OPTIONS = ListOptions()
NOTHING_BESIDE: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class WrittenLists:
    """The files of some outputs, sorted by name, those that changed, and what a user should know of them."""

    paths: tuple[Path, ...]
    changed: tuple[Path, ...]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Generated:
    """The answer, and the lists that were written; None where nothing was to be written, or must not be.

    ``estimate`` is what the sources of the lists are expected to take once compiled, None where nothing is known.
    ``missing`` is what targets lack that ask for the models alone; nothing is written then, but where that is allowed.
    """

    answer: BuildAnswer
    written: WrittenLists | None = None
    estimate: SizeEstimate | None = None
    missing: tuple[Finding, ...] = ()


def generate(
    question: BuildQuestion,
    options: ListOptions = DEFAULT_OPTIONS,
    out: Path | None = None,
    *,
    allow_missing: bool = False,
    watch: Watch = NOBODY,
) -> Generated:
    """Answers a question and writes the build lists to a folder, if there is one.

    Where the answer is not complete, nothing is written but with ``allow_missing``. Raises what :func:`answer` and
    :func:`write_build_lists` raise, and InputError where a file that is read would be written over.
    """
    if question.builds is None:
        question = replace(question, builds=builds_for(options.targets, question.profile))
    # What makes no sense is said before anything is read.
    if options.of_models:
        from opselect.usecases.generate_lite import check_lite

        check_lite(options.of_models, options.lite)
    if options.of_models and question.models.kept:
        raise OpselectError(
            f"{options.of_models[0]} is written from models of TensorFlow Lite: kept requirements do not say enough\n"
            "  Name the models in place of the file."
        )
    question = replace(question, files=options.names_files)
    if "header" in options.targets:
        question = replace(question, tool=options.header.tool)
        if not options.names_files and question.tool is not None:
            # What is only inserted is in no header of the tool.
            question = replace(question, models=replace(question.models, inserted=False))
        _ = options.header.pairs
    if out is not None:
        _check_outputs(question, options, out)
    found = answer(question, watch)
    if "flex-bazel" in options.targets:
        from opselect.build_lists.flex.rule import check_flex_release

        check_flex_release(found.index.release)
    if question.files:
        check_read(found.index.build_lists)
    size = estimate_lists(found, options)
    texts, missing, warnings = _of_models(question, options, found, watch)
    may_write = allow_missing or (found.complete and not missing)
    if out is None or not may_write:
        return Generated(found, estimate=size, missing=missing)
    written = write_build_lists(found, out, options, allow_missing=allow_missing, beside=texts)
    return Generated(found, replace(written, warnings=(*written.warnings, *warnings)), size, missing)


def _of_models(
    question: BuildQuestion, options: ListOptions, found: BuildAnswer, watch: Watch
) -> tuple[dict[str, str], tuple[Finding, ...], tuple[str, ...]]:
    """The texts of the targets that ask for the models alone, what these lack, and what to know of them."""
    if not options.of_models:
        return {}, (), ()
    from opselect.usecases.generate_lite import lite_texts, told_of
    from opselect.usecases.lite_models import read_lite_models

    models = read_lite_models(question.models.paths, watch)
    own = options.lite
    templates, tree = own.template_dir or options.template_dir, own.tree or found.tree
    lite = replace(own, template_dir=templates, tree=tree)
    texts, missing = lite_texts(models, options.of_models, lite, found.index, found.selection.profile)
    return texts, missing, told_of(options.of_models, models, lite)


def _check_outputs(question: BuildQuestion, options: ListOptions, out: Path) -> None:
    """Raises InputError where a file that the question is answered from would be written over."""
    source = question.source
    files = [source.index_file] if source.index_file is not None else []
    files += [source.tree / MAKEFILE_LIST] if source.tree is not None else []
    for target in options.targets or ("bazel", "makefile", "manifest"):
        if target in TARGETS:
            name = kind_of(target).file_name(options.manifest_format)
            read = (*question.models.paths, *question.models.kept, *question.ops_lists, *map(str, files))
            check_output(str(out / name), *read)


def list_texts(found: BuildAnswer, options: ListOptions = DEFAULT_OPTIONS) -> dict[str, str]:
    """The texts of the outputs, by the names of their files. The same answer gives the same bytes.

    Targets that ask for the models alone are not among them (:func:`opselect.usecases.generate_lite.lite_texts`). What
    is missing is left out, and named where the format has comments. Raises InputError where the release lacks what
    a target needs, and where a template is wrong; OpselectError for a target that does not exist.
    """
    return _texts(found, options, _flex(found, options))


def _texts(found: BuildAnswer, options: ListOptions, flex: FlexOptions) -> dict[str, str]:
    texts: dict[str, str] = {}
    for target in _selected(options, found):
        texts |= render(
            target,
            found.selection,
            found.index,
            mode=options.mode,
            keep_core=options.keep_core,
            template_dir=options.template_dir,
            manifest_format=options.manifest_format,
            criteria=found.criteria,
            unread=found.unread,
            header=options.header,
            named=found.named,
            runs=found.needed.requirements.runs,
            flex=flex,
        )
    return texts


def list_warnings(
    found: BuildAnswer, options: ListOptions = DEFAULT_OPTIONS, beside: Sequence[Target] = ()
) -> tuple[str, ...]:
    """What a user should know of the outputs, each once; ``beside`` are other outputs for the same build."""
    return _warnings(found, options, beside, _flex(found, options))


def _warnings(found: BuildAnswer, options: ListOptions, beside: Sequence[Target], flex: FlexOptions) -> tuple[str, ...]:
    wanted = _selected(options, found)
    warnings = [
        warning
        for target in wanted
        for warning in render_warnings(
            target,
            found.selection,
            found.index,
            mode=options.mode,
            keep_core=options.keep_core,
            have=found.have,
            header=options.header,
            named=found.named,
            beside=(*wanted, *beside),
            runs=found.needed.requirements.runs,
            flex=flex,
            tree=found.tree,
        )
    ]
    runs = found.needed.requirements.runs
    if runs and "graphs" not in runs and not options.targets:
        warnings.append(_FOR_TENSORFLOW)
    return tuple(dict.fromkeys(warnings))


def write_build_lists(
    found: BuildAnswer,
    out: PathLike,
    options: ListOptions = DEFAULT_OPTIONS,
    *,
    allow_missing: bool = False,
    beside: Mapping[str, str] = NOTHING_BESIDE,
) -> WrittenLists:
    """Writes the outputs into a folder, all of them or none. A file that has these contents already is not touched.

    ``beside`` are other texts for the folder, by the names of their files.

    Raises IncompleteError where the build cannot have all that the models need, but with ``allow_missing``; and
    InputError for what cannot be written, and as :func:`list_texts` does.
    """
    if not (found.complete or allow_missing):
        raise IncompleteError(found)
    flex = _flex(found, options)
    texts = {**_texts(found, options, flex), **beside}
    folder = Path(out)
    changed = {path.name for path in write_outputs(texts, folder)}
    paths = tuple(folder / name for name in sorted(texts))
    return WrittenLists(
        paths, tuple(path for path in paths if path.name in changed), _warnings(found, options, (), flex)
    )


def build_files(found: BuildAnswer, options: ListOptions = DEFAULT_OPTIONS) -> tuple[SelectedFile, ...]:
    """The files of a build as its lists have them; for a header alone, which asks for no others, those with kernels and
    what stays of the release's own lists.
    """
    options = _counted(options)
    return manifest_files(found.selection, found.index, options.mode, options.keep_core)


def estimate_lists(found: BuildAnswer, options: ListOptions = DEFAULT_OPTIONS) -> SizeEstimate | None:
    """What the sources of the outputs are expected to take once compiled; with a header, which a Flex library has in
    any case, what it keeps of them.

    None where nothing is known of any object. Raises IndexFileError for a damaged table of sizes.
    """
    options = _counted(options)
    header = "flex-bazel" in options.targets or ("header" in options.targets and not options.header.everything)
    return estimate_build(found.selection, found.index, options.mode, keep_core=options.keep_core, header=header)


def manifest_of(found: BuildAnswer, options: ListOptions = DEFAULT_OPTIONS, missing: Sequence[Finding] = ()) -> Json:
    """The manifest as plain data: every file and kernel of the build and why it is there, and all that is missing.

    ``missing`` is what targets lack besides that ask for the models alone.

    Raises SourceTreeError where a BUILD file of the release could not be read.
    """
    check_read(found.index.build_lists)
    options = _counted(options)
    return manifest(
        found.selection,
        found.index,
        options.mode,
        options.keep_core,
        criteria=found.criteria,
        unread=found.unread,
        besides=missing,
    )


def _counted(options: ListOptions) -> ListOptions:
    """The options by which files are counted: a Flex library without lists beside it is made of the selected ones."""
    without_lists = {"flex-bazel", *_WITHOUT_LISTS}
    flex_alone = "flex-bazel" in options.targets and without_lists.issuperset(options.targets)
    return replace(options, mode="trim", keep_core=False) if flex_alone else options


def _flex(found: BuildAnswer, options: ListOptions) -> FlexOptions:
    """What a Flex library has besides the selection, where one is written."""
    if "flex-bazel" not in options.targets:
        return FlexOptions()
    from opselect.usecases.flex_sides import flex_options

    return flex_options(found, options.lite.labels)


def _selected(options: ListOptions, found: BuildAnswer) -> list[Target]:
    """The targets that are written from a selection of kernels."""
    wanted = _wanted(options.targets, found.index.build_lists)
    return [target for target in wanted if not asks_models_alone(target, options.lite)]


def _wanted(targets: Sequence[str], lists: BuildLists) -> list[Target]:
    """The targets in their order; those that the release has lists for, and the manifest, where none are named."""
    unknown = set(targets).difference(TARGETS)
    if unknown:
        raise OpselectError(f"there is no target {min(unknown)!r}\n  The targets are {', '.join(TARGETS)}.")
    available = {"bazel": bool(lists.groups), "makefile": bool(lists.makefile), "manifest": True}
    wanted = targets or [target for target, there in available.items() if there]
    return [target for target in TARGETS if target in wanted]
