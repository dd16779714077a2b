"""``app.apk!assets/graph.pb``: a member of an archive, as users write it."""

from __future__ import annotations

from opselect.models.formats.archives.opening import is_archive
from opselect.models.storage import Pages, is_file, list_folder, source_of

SEPARATOR = "!"


def split_member(path: str) -> tuple[str, str | None]:
    """The archive and the member that a path names; the path itself and None where it names no member.

    What stands before the first ``!`` that follows an archive is the archive. A file or folder that is there counts
    as what it is, whatever its name. Works for URLs, of which only the first bytes are read.
    """
    if SEPARATOR not in path or is_file(path) or list_folder(path) is not None:
        return path, None
    at = path.find(SEPARATOR)
    while at >= 0:
        if is_file(path[:at]) and _is_archive_at(path[:at]):
            return path[:at], path[at + 1 :]
        at = path.find(SEPARATOR, at + 1)
    return path, None


def _is_archive_at(path: str) -> bool:
    source = source_of(path)
    return is_archive(Pages(source, source.size))
