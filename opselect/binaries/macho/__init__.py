"""Mach-O files: dylibs, executables, objects, archives of objects, and files for several processors."""

from __future__ import annotations

from opselect.binaries.archives import ArchivedFile
from opselect.binaries.image import Bytes, Image
from opselect.binaries.macho.architectures import checked_architecture, chosen_slice, is_fat
from opselect.binaries.macho.headers import read_headers
from opselect.binaries.macho.linked import linked_image
from opselect.binaries.macho.objects import objects_image

__all__ = ["chosen_slice", "is_fat", "objects_image", "read_macho"]


def read_macho(name: str, content: Bytes, abi: str | None = None) -> Image:
    """Reads a Mach-O file; of one for several processors the part for ``abi``.

    ``abi`` is a name of Apple's (arm64, arm64e, x86_64, armv7, i386) or of Android's. Raises InputError for a file that
    cannot be read, and where the file has no part for ``abi`` or several parts and none is asked for.
    """
    if is_fat(content):
        name, content = chosen_slice(name, content, abi)
        abi = None
    file = read_headers(name, content)
    checked_architecture(name, file.architecture, abi)
    if file.is_object:
        called = name.rpartition("/")[2]
        return objects_image(name, content, (ArchivedFile(called, 0, len(content)),), archive=False)
    return linked_image(file)
