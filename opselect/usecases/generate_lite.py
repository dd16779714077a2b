"""What must builds of TensorFlow Lite be told of the operators of some models?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from opselect.build_lists import write_outputs
from opselect.build_lists.lite import LiteOptions, lite_findings, render_lite
from opselect.findings import Finding
from opselect.lite.operators import LiteModel
from opselect.models.formats import check_output
from opselect.targets import MODEL_TARGETS, Target, kind_of
from opselect.usecases.lite_models import read_lite_models
from opselect.usecases.watch import NOBODY, Watch


@dataclass(frozen=True, slots=True)
class WrittenForLite:
    """The files that were written, sorted by name, those of them that changed, and the models that they are of.

    ``findings`` are what the models have and files cannot; no file is written then, unless that was allowed.
    """

    paths: tuple[Path, ...]
    changed: tuple[Path, ...]
    models: tuple[LiteModel, ...]
    findings: tuple[Finding, ...] = ()


def generate_for_lite(
    paths: Sequence[str],
    targets: Sequence[Target],
    out: Path,
    options: LiteOptions | None = None,
    *,
    allow_missing: bool = False,
    watch: Watch = NOBODY,
) -> WrittenForLite:
    """Writes the targets that ask for the models alone, all of them or none.

    What a file cannot have is a finding; with ``allow_missing`` the files are written without it.

    Raises InputError for what cannot be read or written, and for an operator that a target cannot have.
    """
    options = options or LiteOptions()
    options.check()
    for target in targets:
        check_output(str(out / kind_of(target).file), *paths)
    models = read_lite_models(paths, watch)
    findings = tuple(each for target in targets for each in lite_findings(target, models, options))
    if findings and not allow_missing:
        return WrittenForLite((), (), models, findings)
    texts = lite_texts(models, targets, options)
    changed = {path.name for path in write_outputs(texts, out)}
    written = tuple(out / name for name in sorted(texts))
    return WrittenForLite(written, tuple(path for path in written if path.name in changed), models, findings)


def lite_texts(models: Sequence[LiteModel], targets: Sequence[Target], options: LiteOptions) -> dict[str, str]:
    """The texts of those targets that ask for the models alone, by the names of their files."""
    texts: dict[str, str] = {}
    for target in targets:
        if target in MODEL_TARGETS:
            texts |= render_lite(target, models, options)
    return texts
