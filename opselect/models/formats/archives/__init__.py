"""Archives that models travel in: what is inside, and one model of it unpacked for as long as it is read.

Zip archives (``.zip``, ``.apk``, ``.aar``) and tar archives, as they are or compressed, are recognized by content.
Names,
sizes, links and counts in them are checked before anything is written: an archive is as little to be trusted as any
download.
"""

from opselect.models.formats.archives.opening import is_archive
from opselect.models.formats.archives.records import ArchivedModel, ArchiveMember
from opselect.models.formats.archives.spelling import split_member
from opselect.models.formats.archives.unpacking import (
    list_archive,
    look_inside,
    models_inside,
    of_pytorch,
    unpacked,
)

__all__ = [
    "ArchiveMember",
    "ArchivedModel",
    "is_archive",
    "list_archive",
    "look_inside",
    "models_inside",
    "of_pytorch",
    "split_member",
    "unpacked",
]
