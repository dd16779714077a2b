"""How large will the sources of a build be once they are compiled?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING

from kernel_index.file_names import is_source
from kernel_index.index import KernelCount, KernelIndex, definitions_by_file
from kernel_index.overlay import OverlayIndex
from opselect.build_lists.manifest import manifest_files
from opselect.estimates import OPS_FOLDER, FileToCompile, KeptClasses, SizeEstimate, estimate, measured_files
from opselect.selection.select import Selection

if TYPE_CHECKING:
    from kernel_index.records import KernelRegistration
    from kernel_index.records_json import Json
    from opselect.build_lists.keep_rule import Mode

_OF_TENSORFLOW = "tensorflow/"
"""How the paths of all sources of TensorFlow begin; those of kernels of one's own begin with their folder."""

MEANING = (
    "bytes of text and data in the object files of the sources, before a linker drops what nothing uses; "
    "without the base library"
)
"""What the number of an estimate is, in a few words."""


def estimate_build(
    selection: Selection, index: KernelIndex, mode: Mode = "trim", *, keep_core: bool = False, header: bool = False
) -> SizeEstimate | None:
    """The expected size of a build's sources, by the ``mode`` in which its lists are written.

    With a ``header`` only the selected kernels of each file are compiled. None where nothing is known of any object.
    Raises IndexFileError for a damaged table of sizes.
    """
    files = manifest_files(selection, index, mode, keep_core)
    kept = [each.registration for each in selection.kernels] if header else None
    return estimate_files((file.path for file in files), index, selection.profile, kept)


def estimate_files(
    paths: Iterable[str], index: KernelIndex, profile: str, kept: Iterable[KernelRegistration] | None = None
) -> SizeEstimate | None:
    """The same for source files by their paths; other files are passed over.

    ``kept`` are kernels of a header that drops all others, None where every kernel of a file is compiled.
    """
    sources = sorted(set(filter(is_source, paths)))
    own = index.own_files if isinstance(index, OverlayIndex) else frozenset()
    kernels = index.kernel_counts(profile, frozenset(sources))
    defining = [path for path in sources if OPS_FOLDER in path]
    # Of files that were measured the ops need not be counted, which takes longer than all the rest.
    counted = not measured_files(index.release, profile).issuperset(defining)
    definitions = definitions_by_file(index) if counted else {}
    left = _kept(kept, index, profile) if kept is not None else {}
    nothing = KeptClasses(frozenset(), 0) if kept is not None else None
    files = []
    for path in sources:
        count = kernels.get(path, KernelCount(0, 0))
        files.append(
            FileToCompile(
                path,
                count.registrations + definitions.get(path, 0),
                count.classes,
                left.get(path, nothing) if OPS_FOLDER not in path else None,
                path in own or not path.startswith(_OF_TENSORFLOW),
            )
        )
    return estimate(files, index.release, profile)


def _kept(kernels: Iterable[KernelRegistration], index: KernelIndex, profile: str) -> Mapping[str, KeptClasses]:
    """Source file to what a header with some kernels keeps of it: all kernels of these ops and classes."""
    wanted: dict[str, set[str]] = {}
    for each in kernels:
        wanted.setdefault(each.op, set()).add(each.kernel_class)
    names: dict[str, set[str]] = {}
    counts: Counter[str] = Counter()
    for op, classes in wanted.items():
        for each in index.registrations(op):
            if profile in each.profiles and each.kernel_class in classes:
                names.setdefault(each.source, set()).add(each.kernel_class)
                counts[each.source] += 1
    return {path: KeptClasses(frozenset(found), counts[path]) for path, found in names.items()}


def estimate_json(found: SizeEstimate | None) -> Json | None:
    """An estimate as the JSON that scripts may rely on; null where there is none."""
    if found is None:
        return None
    return {
        "bytes": found.bytes,
        "low": found.low,
        "high": found.high,
        "confidence": found.confidence,
        "meaning": MEANING,
        "compiled_as": asdict(found.compiled_as),
        "files": [
            {"path": each.file, "bytes": each.bytes, "low": each.low, "high": each.high, "basis": each.basis.value}
            for each in found.files
        ],
        "unknown": list(found.unknown),
    }
