"""Small source trees for tests: source text in, records out, printed on a line each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from kernel_index.profiles import BuildProfile
from kernel_index.records import KernelRegistration, OpDefinition, ScanResult
from kernel_index.scan import scan_tree

UNIT = "tensorflow/core/kernels/unit.cc"
"""Where the source text of a test stands."""

PLAIN = BuildProfile("desktop", {})
"""A profile that defines nothing."""

VERSION = """
#define TF_MAJOR_VERSION 2
#define TF_MINOR_VERSION 4
#define TF_PATCH_VERSION 9
#define TF_VERSION_SUFFIX ""
"""


def tree(folder: Path, source: str, headers: Mapping[str, str] | None = None) -> Path:
    """A checkout with one kernel source and some headers, whose names are paths from its root."""
    texts = {"tensorflow/core/public/version.h": VERSION, UNIT: source, **(headers or {})}
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def scan(
    folder: Path,
    source: str,
    headers: Mapping[str, str] | None = None,
    profiles: Sequence[BuildProfile] | None = (PLAIN,),
) -> ScanResult:
    """Scan a source text; ``profiles`` None means those of the release."""
    return scan_tree(tree(folder, source, headers), profiles=profiles, jobs=1)


def kernels(folder: Path, source: str, headers: Mapping[str, str] | None = None) -> list[str]:
    """The registrations of a source text, printed; nothing else may be found and nothing be unclear."""
    result = scan(folder, source, headers)
    assert problems(result) == []
    return [printed(r) for r in result.registrations]


def op(folder: Path, source: str, headers: Mapping[str, str] | None = None) -> OpDefinition:
    """The one op definition of a source text."""
    result = scan(folder, source, headers)
    assert problems(result) == []
    (definition,) = result.op_definitions
    return definition


def problems(result: ScanResult) -> list[str]:
    """What the scan says of sources: ``file:line: message``, the folder of kernels left out, build lists left out."""
    return [
        str(d).removeprefix("tensorflow/core/kernels/")
        for d in result.diagnostics
        if not d.location.file.endswith("/BUILD")
    ]


def printed(record: KernelRegistration) -> str:
    """A registration on one line: ``Op@device attr={values} host=args label=l priority=n: class``."""
    parts = [f"{record.op}@{record.device}"]
    parts += [f"{c.attr}={{{','.join(map(str, c.allowed))}}}" for c in record.constraints]
    if record.host_memory_args:
        parts.append(f"host={','.join(record.host_memory_args)}")
    if record.label:
        parts.append(f"label={record.label}")
    if record.priority:
        parts.append(f"priority={record.priority}")
    if record.system:
        parts.append("system")
    return f"{' '.join(parts)}: {record.kernel_class}"
