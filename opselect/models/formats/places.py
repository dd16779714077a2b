"""Where the model that a user names can be read: as it is, or unpacked for as long as that takes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from opselect.models.formats.recognize import ARCHIVE, recognize_binary
from opselect.models.storage import Pages, is_file, source_of


def is_archive_at(path: str) -> bool:
    """Whether there is an archive at a path or URL; of the file little more than its first bytes is read."""
    if not is_file(path):
        return False
    source = source_of(path)
    kind = recognize_binary(Pages(source, source.size))
    return kind is not None and kind.format == ARCHIVE


@contextmanager
def model_at(path: str) -> Iterator[str]:
    """The path at which a model can be read inside the block; for most models the one that is given.

    ``app.apk!assets/graph.pb`` is a member of an archive, and an archive stands for the only model in it: those are
    unpacked to a temporary folder, which is gone after the block. Raises InputError as
    :func:`opselect.models.formats.archives.unpacked` does.
    """
    if "!" not in path and not is_archive_at(path):
        yield path
        return
    from opselect.models.formats.archives import (  # zip and tar take longer to load than most graphs
        split_member,
        unpacked,
    )

    archive, member = split_member(path)
    if member is None and not is_archive_at(path):
        yield path
        return
    with unpacked(archive, member) as local:
        yield local
