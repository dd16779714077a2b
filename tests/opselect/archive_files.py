"""Archives for tests, made of what is to be inside."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal

MODELS = Path(__file__).parents[2] / "fixtures" / "models"
GRAPH = (MODELS / "while_v1.pb").read_bytes()
LITE = (MODELS / "flex_ops.tflite").read_bytes()

Compression = Literal["", "gz", "bz2", "xz"]
_COMPRESS: dict[Compression, Callable[[bytes], bytes]] = {
    "": bytes,
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
}


def zip_bytes(files: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content, method)
    return out.getvalue()


def tar_bytes(files: Mapping[str, bytes], compression: Compression = "", format: int = tarfile.PAX_FORMAT) -> bytes:  # noqa: A002
    return tar_of([file_info(name, len(content)) for name, content in files.items()], files, compression, format)


def tar_of(
    infos: list[tarfile.TarInfo],
    files: Mapping[str, bytes],
    compression: Compression = "",
    format: int = tarfile.PAX_FORMAT,  # noqa: A002
) -> bytes:
    """A tar of members spelled out, each with the content that ``files`` has for its name."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=format) as archive:
        for info in infos:
            archive.addfile(info, io.BytesIO(files.get(info.name, b"")))
    return _COMPRESS[compression](out.getvalue())


def file_info(name: str, size: int = 0, kind: bytes = tarfile.REGTYPE, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size = size
    info.type = kind
    info.linkname = target
    return info


def written(path: Path, data: bytes) -> str:
    path.write_bytes(data)
    return str(path)


def folder_files(folder: Path, prefix: str = "") -> dict[str, bytes]:
    """All files of a folder, as members below a prefix."""
    return {
        prefix + path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
