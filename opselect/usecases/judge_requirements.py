"""What do models need, what of it do mobile builds leave out by default, and does a release load the models at all?"""

from __future__ import annotations

from dataclasses import dataclass, replace

from kernel_index.records_json import Json
from opselect.findings import Finding
from opselect.findings.as_json import left_out_json
from opselect.requirements.as_json import requirements_json
from opselect.requirements.collect import Requirements
from opselect.requirements.loading import Verdict, judge
from opselect.selection.left_out_by_default import findings
from opselect.selection.not_known import unsure_of
from opselect.usecases.advice import adviser_of
from opselect.usecases.kernel_source import DEFAULT_PROFILE, KernelSource
from opselect.usecases.open_kernels import open_kernels, profile_of
from opselect.usecases.read_requirements import ModelRequirements, ModelSet, read_requirements
from opselect.usecases.watch import NOBODY, RecordingWatch, Watch


@dataclass(frozen=True, slots=True)
class JudgedRequirements:
    """What models need, held against a release.

    ``release`` and ``profile`` are empty, and nothing is judged, where no TensorFlow was named: ``verdict`` is None
    then. ``criteria`` are what a build of the profile leaves out by default.
    """

    needed: ModelRequirements
    release: str = ""
    profile: str = ""
    criteria: tuple[Finding, ...] = ()
    verdict: Verdict | None = None
    warnings: tuple[str, ...] = ()

    @property
    def requirements(self) -> Requirements:
        """What all models that could be read need together."""
        return self.needed.requirements

    def to_json(self) -> Json:
        """The document of ``opselect requirements --json``, which can be kept and merged later."""
        document = requirements_json(self.requirements)
        if self.verdict is None:
            return document
        return {**document, "criteria": [left_out_json(each) for each in self.criteria], **self.verdict.to_json()}


def judge_requirements(
    models: ModelSet, source: KernelSource, profile: str = DEFAULT_PROFILE, watch: Watch = NOBODY
) -> JudgedRequirements:
    """What models need of the TensorFlow of a source, and what that says of them.

    Files of kept requirements alone can be merged without one. Raises OpselectError where models are named and no
    TensorFlow is, InputError for what cannot be read, and NoModelReadError where none of several models could be.
    """
    recording = RecordingWatch(watch)
    if not (models.paths or source.given):
        needed = read_requirements(models, None, recording)
        return JudgedRequirements(needed.closed(), warnings=recording.warnings)
    index = open_kernels(source, watch=recording)
    name = profile_of(index, profile)
    needed = read_requirements(models, index, recording)
    criteria = findings(needed.requirements, index, name, adviser_of(needed.only, index, name))
    verdict = judge(needed.requirements.loads, index)
    unsure = unsure_of(needed.requirements, index, name)
    verdict = replace(verdict, unjudged=(*verdict.unjudged, *unsure))
    return JudgedRequirements(needed.closed(), index.release, name, criteria, verdict, recording.warnings)
