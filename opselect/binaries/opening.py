"""The binaries of a file or folder: what kind it is by its first bytes, and which members of a package are meant.

Nothing is unpacked or mapped before somebody asks a binary for its image.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from kernel_index.errors import InputError
from kernel_index.near_names import did_you_mean, listed, meant, near_names
from opselect.binaries.abis import ABI_NAMES
from opselect.binaries.files import map_file
from opselect.binaries.image import Bytes, Image, Machine
from opselect.binaries.packages import FolderPackage, Package, Packed, ZipPackage, build_of, member_name
from opselect.binaries.recognizing import (
    HEAD,
    FileKind,
    file_kind,
    machine_of_abi,
    machines_of,
    stranger,
)


@dataclass(frozen=True, slots=True)
class Binary:
    """A binary that can be read: a file, or a member of a package.

    ``member`` is empty where ``path`` is the binary itself. ``machines`` are the processors that it is for, more than
    one only in a Mach-O file for several. ``size`` are its bytes when unpacked, ``packed`` how it stands in its zip.
    """

    path: str
    member: str
    kind: FileKind
    machines: tuple[Machine, ...]
    size: int
    packed: Packed | None
    abi: str | None
    _content: Callable[[], Bytes] = field(repr=False, compare=False)

    @property
    def name(self) -> str:
        """What messages call it: ``lib.aar(jni/arm64-v8a/libfoo.so)``."""
        return member_name(self.path, self.member)

    def content(self) -> Bytes:
        """Its bytes, mapped or unpacked anew with each call."""
        return self._content()

    def image(self) -> Image:
        """What is in it, read anew with each call.

        Raises InputError for what is damaged or cannot be read.
        """
        folder = None if self.packed is not None else str((Path(self.path) / self.member).parent)
        return read_image(self.name, self.content(), self.abi, folder)


def read_image(name: str, content: Bytes, abi: str | None = None, folder: str | None = None) -> Image:
    """The image of the bytes of one binary; ``abi`` picks one of a Mach-O file for several processors.

    ``folder`` is where the members of a thin archive are. Raises InputError for what is no binary or a damaged one.
    """
    kind = file_kind(content[:HEAD].tobytes())
    if kind is FileKind.ELF:
        return _elf_image(name, content)
    if kind in {FileKind.ARCHIVE, FileKind.THIN_ARCHIVE}:
        return _archive_image(name, content, folder)
    if kind is FileKind.FAT:
        from opselect.binaries.macho import chosen_slice

        part, inside = chosen_slice(name, content, abi)
        return read_image(part, inside)
    if kind is FileKind.MACH_O:
        from opselect.binaries.macho import read_macho

        return read_macho(name, content, abi)
    what, advice = stranger(content[:HEAD].tobytes())
    raise InputError(name, f"is {what}, and no binary", advice)


def _elf_image(name: str, content: Bytes) -> Image:
    from opselect.binaries.archives import ArchivedFile
    from opselect.binaries.elf.headers import read_headers
    from opselect.binaries.elf.linked import linked_image
    from opselect.binaries.elf.objects import objects_image

    file = read_headers(name, content)
    if file.is_object:
        return objects_image(name, content, (ArchivedFile(name.rpartition("/")[2], 0, len(content)),), archive=False)
    return linked_image(file, name)


def _archive_image(name: str, content: Bytes, folder: str | None) -> Image:
    from opselect.binaries.archives import read_archive, what_it_is

    archive = read_archive(name, content, folder)
    kinds = [what_it_is(archive.content[member.offset : member.offset + member.size]) for member in archive.members]
    wanted = next((kind for kind in kinds if kind in {FileKind.ELF, FileKind.MACH_O}), FileKind.ELF)
    members, others = [], []
    for member, kind in zip(archive.members, kinds, strict=True):
        if kind is wanted:
            members.append(member)
        else:
            others.append(f"{member.name}: it is {kind.value if isinstance(kind, FileKind) else kind}")
    if wanted is FileKind.MACH_O:
        from opselect.binaries.macho import objects_image as macho_objects

        return macho_objects(name, archive.content, members, archive=True, not_read=others)
    from opselect.binaries.elf.objects import objects_image

    return objects_image(name, archive.content, members, archive=True, not_read=others)


def _is_folder(path: str) -> bool:
    """Whether a path is one of a folder; what no path can be is read as a file, and that says what is wrong with it."""
    try:
        return bool(path) and Path(path).is_dir()
    except (OSError, ValueError):
        return False


def open_images(path: str, abi: str | None = None, members: Sequence[str] | None = None) -> tuple[Binary, ...]:
    """The binaries of a file, package or folder, by name: one for a file, all of one ABI for a package.

    ``abi`` is an ABI of Android, another usual name of a processor, or the name that an .xcframework has for a build,
    as in ios-arm64. ``members`` are names of members, whole or their last part. Raises InputError for what is no
    binary, a package without any or with several ABIs of which none was asked for, and for members that are not there.
    """
    package: Package
    if _is_folder(path):
        package = FolderPackage(path)
    else:
        content = map_file(path)
        kind = file_kind(content[:HEAD].tobytes())
        if kind is FileKind.OTHER:
            what, advice = stranger(content[:HEAD].tobytes())
            raise InputError(path, f"is {what}, and no binary", advice)
        if kind is not FileKind.ZIP:
            machines = machines_of(partial(_part, content))
            if abi is not None and machines and _asked(path, abi) not in machines:
                names = ", ".join(machine.value for machine in machines)
                raise InputError(path, f"is for {names}, and not for {abi}")
            return (Binary(path, "", kind, machines, len(content), None, abi, partial(map_file, path)),)
        package = ZipPackage(path, content)
    found = _found(package, package.libraries() if members is None else _named(package, members))
    return chosen(path, found, abi)


def _asked(path: str, abi: str) -> Machine:
    machine = machine_of_abi(abi)
    if machine is None:
        near = near_names(abi, ABI_NAMES)
        known = listed([each.value for each in Machine if each is not Machine.OTHER])
        raise InputError(path, f"there is no ABI {abi}{meant(near)}", "" if near else f"Known: {known}.")
    return machine


def _part(content: Bytes, offset: int, count: int) -> bytes:
    return content[offset : offset + count].tobytes()


def _found(package: Package, names: Sequence[str]) -> tuple[Binary, ...]:
    """What is a binary by its first bytes, of the members that are named."""
    found = []
    packages = []
    for name in names:
        kind = file_kind(package.start(name, HEAD))
        if kind is FileKind.ZIP:
            packages.append(name)
        elif kind is not FileKind.OTHER:
            machines = machines_of(partial(_start, package, name))
            content, packed = partial(package.content, name), package.packed(name)
            found.append(Binary(package.path, name, kind, machines, package.size(name), packed, None, content))
    if not found:
        inside = ", ".join(packages[:3])
        advice = f"It holds other packages: unpack it and pass one of them ({inside})." if inside else ""
        raise InputError(package.path, "holds no library, object or program", advice)
    return tuple(found)


def chosen(path: str, found: Sequence[Binary], abi: str | None) -> tuple[Binary, ...]:
    """Those of the binaries of a package that are for one ABI, and of an .xcframework those of one of its builds.

    Raises InputError where there are none for the ABI that is asked for, and for several where none is.
    """
    builds = {binary.member: build_of(binary.member) for binary in found}
    if abi is not None and abi in builds.values():
        found = [binary for binary in found if builds[binary.member] == abi]
        abi = None
    every = ", ".join(sorted({machine.value for binary in found for machine in binary.machines}))
    if abi is not None:
        machine = _asked(path, abi)
        found = [replace(binary, abi=abi) for binary in found if machine in binary.machines]
        if not found:
            raise InputError(path, f"has no library for {abi}", f"It has libraries for {every}.")
    named = sorted({builds[binary.member] for binary in found} - {""})
    if len(named) > 1:
        raise InputError(path, f"has builds for {', '.join(named)}", "Say with --abi which you mean.")
    if len({binary.machines for binary in found}) > 1 and abi is None:
        raise InputError(path, f"has libraries for {every}", "Say with --abi which you mean.")
    return tuple(found)


def _start(package: Package, name: str, offset: int, count: int) -> bytes:
    return package.start(name, offset + count)[offset:]


def _named(package: Package, members: Sequence[str]) -> tuple[str, ...]:
    names = package.libraries()
    found: dict[str, None] = {}
    for member in members:
        matching = [name for name in names if name == member or name.endswith("/" + member)]
        if not matching:
            problem = f"there is no such library inside{did_you_mean(member, names)}"
            raise InputError(member_name(package.path, member), problem)
        found.update(dict.fromkeys(matching))
    return tuple(found)
