"""What must builds of other runtimes be told of the operators of their models?"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from kernel_index.errors import OpselectError
from kernel_index.records_json import Json
from opselect.build_lists.write import write_outputs
from opselect.models.formats import check_output
from opselect.targets import kind_of
from opselect.usecases.runtime_question import RuntimeQuestion, RuntimeTexts
from opselect.usecases.watch import NOBODY, Watch


@dataclass(frozen=True, slots=True)
class GeneratedForRuntime:
    """What was written: the files, sorted by name, and those of them that changed."""

    found: RuntimeTexts
    paths: tuple[Path, ...]
    changed: tuple[Path, ...]

    def to_json(self) -> Json:
        """``{"ok", "models", "warnings", "files": [{"path", "changed"}]}``, and what the runtime has to tell."""
        return {
            "ok": True,
            "models": list(self.found.models),
            **self.found.details,
            "warnings": list(self.found.warnings),
            "files": [{"path": str(path), "changed": path in self.changed} for path in self.paths],
        }


def generate_for_runtime(question: RuntimeQuestion, out: Path, watch: Watch = NOBODY) -> GeneratedForRuntime:
    """Writes the targets of one runtime, all of them or none.

    Raises InputError for what cannot be read or written, and OpselectError where no model is named.
    """
    if not question.models:
        raise OpselectError("no model is named\n  Name those whose operators are to be written.")
    for target in question.targets:
        check_output(str(out / kind_of(target).file), *question.models)
    found = runtime_texts(question, watch)
    changed = {path.name for path in write_outputs(found.texts, out)}
    paths = tuple(out / name for name in sorted(found.texts))
    return GeneratedForRuntime(found, paths, tuple(path for path in paths if path.name in changed))


def runtime_texts(question: RuntimeQuestion, watch: Watch = NOBODY) -> RuntimeTexts:
    """The texts of all targets. Raises as :func:`generate_for_runtime` does."""
    if question.runtime == "onnxruntime":
        from opselect.usecases.onnxruntime_texts import onnxruntime_texts

        return onnxruntime_texts(question, watch)
    from opselect.usecases.executorch_texts import executorch_texts

    return executorch_texts(question, watch)
