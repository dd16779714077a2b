"""What is the graph that the phone runs of this training export, and what does it save?"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace

from kernel_index.records_json import Json
from opselect.models.formats import model_at
from opselect.models.formats.graphdef_writer import write_graph
from opselect.preparing import Prepared, Saved, Wishes, prepare_model, saved
from opselect.requirements.loading import Verdict, judge
from opselect.selection.select import Selection
from opselect.usecases.kernel_source import DEFAULT_PROFILE, KernelSource
from opselect.usecases.open_kernels import newest_release, open_kernels, profile_of
from opselect.usecases.watch import NOBODY, Remembering, Watch


@dataclass(frozen=True, slots=True)
class PreparedModel:
    """The graph that the phone runs, and what a build saves by it.

    ``verdict`` tells whether the TensorFlow that was named loads it, None where none was named. ``written`` tells
    whether there is a file of it now. ``notes`` are what was found out on the way, ``warnings`` are about sources.
    """

    prepared: Prepared
    saving: Saved
    verdict: Verdict | None = None
    written: bool = False
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

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
            **(self.verdict.to_json() if self.verdict is not None else {}),
        }


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
    told = Remembering(watch)
    asked = source is not None and bool(source.given)
    source = source or KernelSource()
    index = open_kernels(source if asked else replace(source, release=newest_release()), watch=told)
    name = profile_of(index, profile)
    with model_at(model) as place, model_at(wishes.options.checkpoint) as checkpoint:
        wishes = replace(wishes, options=replace(wishes.options, checkpoint=checkpoint))
        prepared = prepare_model(place, wishes, index, told.note)
        saving = saved(prepared, index, name)
        # Nobody asked about the newest release that is shipped: it only has to be one.
        verdict = judge(prepared.needed_after.loads, index) if asked else None
        may_write = bool(output) and (allow_missing or verdict is None or not verdict.refused)
        if may_write:
            write_graph(prepared.graph, output)
    return PreparedModel(prepared, saving, verdict, may_write, told.notes, told.warnings)


def _needs_json(selection: Selection) -> Json:
    return {
        "kernels": len(selection.kernels),
        "files": len(selection.files),
        "missing": sorted({missing.op for missing in selection.unresolved}),
    }
