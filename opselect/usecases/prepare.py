"""What is the graph that the phone runs of this training export, and what does it save?"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

from kernel_index.errors import InputError
from kernel_index.index import KernelIndex
from kernel_index.records_json import Json
from opselect.estimates import SizeEstimate
from opselect.models.formats import check_output, model_at
from opselect.models.formats.graphdef_writer import write_graph
from opselect.models.graph import Shape
from opselect.preparing import Prepared, Saved, Wishes, prepare_model, saved
from opselect.requirements.loading import Verdict, judge
from opselect.rewriting import parse_data_type
from opselect.rewriting.freezing import Options
from opselect.selection.select import Selection
from opselect.usecases.estimate_size import estimate_build, estimate_json
from opselect.usecases.kernel_source import DEFAULT_PROFILE, KernelSource, PathLike
from opselect.usecases.open_kernels import newest_release, open_kernels, profile_of
from opselect.usecases.watch import NOBODY, RecordingWatch, Watch


@dataclass(frozen=True, slots=True)
class PreparedModel:
    """The graph that the phone runs, and what a build saves by it.

    ``verdict`` tells whether the TensorFlow that was named loads it, None where none was named. ``written`` tells
    whether there is a file of it now. ``notes`` are what was found out on the way, ``warnings`` are about sources.
    ``estimate`` is what the sources of a build for the graph are expected to take once compiled, ``estimate_before``
    the same for the model as it was; None where nothing is known.
    """

    prepared: Prepared
    saving: Saved
    verdict: Verdict | None = None
    written: bool = False
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    estimate: SizeEstimate | None = None
    estimate_before: SizeEstimate | None = None

    @property
    def refused(self) -> bool:
        """Whether the TensorFlow that was named refuses to load the graph."""
        return self.verdict is not None and bool(self.verdict.refused)

    def to_json(self) -> Json:
        """The document of ``opselect prepare --json``."""
        prepared, saving = self.prepared, self.saving
        return {
            "inputs": list(prepared.inputs),
            "outputs": list(prepared.outputs),
            "before": {**asdict(prepared.before), **_needs_json(saving.before)},
            "after": {**asdict(prepared.after), **_needs_json(saving.after)},
            "kernels_saved": [{"op": op, "kernel_class": kernel_class} for op, kernel_class in saving.kernels],
            "files_saved": list(saving.files),
            "taken_off": [asdict(each) for each in prepared.taken_off],
            "estimate": estimate_json(self.estimate),
            "estimate_before": estimate_json(self.estimate_before),
            **(self.verdict.to_json() if self.verdict is not None else {}),
        }


def prepare(
    model: PathLike,
    output: PathLike = "",
    *,
    index: KernelIndex | None = None,
    profile: str = DEFAULT_PROFILE,
    checkpoint: PathLike = "",
    inputs: Sequence[str] = (),
    outputs: Sequence[str] = (),
    signatures: Sequence[str] = (),
    tags: Sequence[str] = (),
    initializers: Sequence[str] | None = None,
    data_type: str = "",
    shape: Sequence[int] | None = None,
    remove_checks: bool = False,
    allow_missing: bool = False,
    watch: Watch = NOBODY,
) -> PreparedModel:
    """The graph that a phone runs: a model frozen, cut to what its outputs need, constants folded; written if wanted.

    What that saves is counted in a build of ``profile`` of the TensorFlow ``index``; without one of the newest release
    that is shipped, and then whether that loads the graph is not judged. ``checkpoint``, ``signatures``, ``tags`` and
    ``initializers`` are those of :func:`opselect.freeze`. ``inputs`` and ``outputs``, nodes that the program feeds and
    fetches, are those of the signature where they are not named, else the Placeholders and what looks like a result. An
    input that is no Placeholder becomes one of ``data_type``, such as ``"float"``, and ``shape``, with -1 for a size
    that is not known. ``remove_checks`` takes out what only looks whether values are as they should be, such as Assert.

    Sizes are in nodes, ops, parameters and bytes. Where the TensorFlow refuses the graph, nothing is written but with
    ``allow_missing``. Raises InputError for what cannot be read, frozen or written, for a profile that the index has
    not, and for a ``data_type`` that there is not; TransformError for a step that would change what the graph computes.
    The steps are those of ``mobile/prepare_models`` of TensorFlow's documentation (``docs/prepare.md``).
    """
    options = Options(
        checkpoint=os.fspath(checkpoint),
        outputs=tuple(outputs),
        signatures=tuple(signatures),
        tags=tuple(tags),
        initializers=None if initializers is None else tuple(initializers),
    )
    try:
        made_of = parse_data_type(data_type) if data_type else None
    except ValueError:
        raise InputError(os.fspath(model), f"{data_type!r} is no data type such as float or int32") from None
    wishes = Wishes(options, tuple(inputs), made_of, None if shape is None else Shape(tuple(shape)), remove_checks)
    kernels = open_kernels(KernelSource(newest_release())) if index is None else index
    return prepare_for(
        os.fspath(model),
        wishes,
        kernels,
        profile,
        judged=index is not None,
        output=os.fspath(output),
        allow_missing=allow_missing,
        watch=watch,
    )


def prepare_to_file(
    model: str,
    wishes: Wishes,
    source: KernelSource | None = None,
    profile: str = DEFAULT_PROFILE,
    *,
    output: str = "",
    allow_missing: bool = False,
    watch: Watch = NOBODY,
) -> PreparedModel:
    """The model at a path or URL, or in an archive: frozen, cut to what its outputs need, folded; written where wanted.

    What that saves is counted in a build of ``profile`` of the TensorFlow of ``source``, or without one of the newest
    release that is shipped. Where the TensorFlow that was named refuses the graph, nothing is written but with
    ``allow_missing``.

    Raises InputError for a model that cannot be read or frozen and for sources that cannot be read, and TransformError,
    which is one, for a step that would change what the graph computes.
    """
    recording = RecordingWatch(watch)
    asked = source is not None and bool(source.given)
    source = source or KernelSource()
    source.check_output(output)
    index = open_kernels(source if asked else replace(source, release=newest_release()), watch=recording)
    made = prepare_for(
        model, wishes, index, profile, judged=asked, output=output, allow_missing=allow_missing, watch=recording
    )
    return replace(made, warnings=recording.warnings)


def prepare_for(
    model: str,
    wishes: Wishes,
    index: KernelIndex,
    profile: str,
    *,
    judged: bool,
    output: str = "",
    allow_missing: bool = False,
    watch: Watch = NOBODY,
) -> PreparedModel:
    """The same for a TensorFlow whose kernels are at hand; ``judged`` asks whether it loads the graph."""
    recording = RecordingWatch(watch)
    name = profile_of(index, profile)
    check_output(output, model, wishes.options.checkpoint, wishes.options.saver)
    with model_at(model) as place, model_at(wishes.options.checkpoint) as checkpoint:
        wishes = replace(wishes, options=replace(wishes.options, checkpoint=checkpoint))
        prepared = prepare_model(place, wishes, index, recording.note)
        saving = saved(prepared, index, name)
        size, size_before = (estimate_build(each, index) for each in (saving.after, saving.before))
        verdict = judge(prepared.needed_after.loads, index) if judged else None
        may_write = bool(output) and (allow_missing or verdict is None or not verdict.refused)
        if may_write:
            write_graph(prepared.graph, output)
    return PreparedModel(
        prepared, saving, verdict, may_write, recording.notes, estimate=size, estimate_before=size_before
    )


def _needs_json(selection: Selection) -> Json:
    return {
        "kernels": len(selection.kernels),
        "files": len(selection.files),
        "missing": sorted({missing.op for missing in selection.unresolved}),
    }
