"""Lists that could not be read are no lists to build on."""

from __future__ import annotations

from kernel_index.errors import Place, SourceTreeError
from kernel_index.records import BuildLists


def check_read(lists: BuildLists) -> None:
    """Raises SourceTreeError, with the place, where a BUILD file that the lists of a release lead to was not read.

    Nothing may be written then, not the other list either: the two would no longer agree.
    """
    for unread in lists.unread:
        place = Place(unread.location.file, line=unread.location.line)
        raise SourceTreeError(place, unread.message, "Mend that file first: what its lists say is not known.")
