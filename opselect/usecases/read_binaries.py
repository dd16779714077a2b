"""Binaries read for an audit: the one place where images, registrations and costs come together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from kernel_index.errors import InputError
from opselect.audit.audited import AuditedBinary
from opselect.audit.checks import checks_of, undefined
from opselect.audit.costs import BinaryCosts
from opselect.audit.owners.owning import owners
from opselect.audit.releases import KnownKernels, with_paths
from opselect.audit.source_paths import SourcePaths
from opselect.binaries.debug_files import debug_information, with_debug_symbols
from opselect.binaries.dwarf_units import UnitRanges, unit_ranges
from opselect.binaries.image import Image, unmapped
from opselect.binaries.maps import read_map
from opselect.binaries.maps.records import LinkerMap
from opselect.binaries.maps.same_binary import why_other_binary
from opselect.binaries.opening import Binary, open_images
from opselect.binaries.records import Registrations
from opselect.binaries.registrations.reading import read_registrations
from opselect.binaries.unfollowed import why_not_followed
from opselect.usecases.watch import Watch

if TYPE_CHECKING:
    from kernel_index.index import KernelIndex
    from opselect.usecases.audit import AuditQuestion

READING, JUDGING = "Reading binaries", "Counting bytes"
"""The tasks, as a :class:`Watch` sees them."""

_MAX_SHOWN = 10
"""Members of an archive that are not read and named."""


@dataclass(frozen=True, slots=True)
class ReadBinary:
    """A binary with what it registers; source files as it has them itself."""

    binary: Binary
    image: Image
    registrations: Registrations


def read_binaries(question: AuditQuestion, watch: Watch) -> tuple[ReadBinary, ...]:
    """All binaries of the files of a question, in the order given; of a package those of the processor that is meant.

    A file that is named several times, as by links with its versions, counts once.

    Of a package only what registers something counts, where anything in it does. Code that cannot be followed
    is a warning: nothing is known of what is registered there. Raises InputError for what is no binary or damaged, and
    for a package of several processors of which none is named.
    """
    files = _distinct(question.files, watch)
    opened = [each for path in files for each in open_images(path, question.abi or None)]
    found = []
    for number, each in enumerate(opened):
        watch.progress(READING, number, len(opened))
        image = _with_symbols(each.image(), question.debug_file, only=len(opened) == 1)
        _say_what_is_not_read(image, watch)
        registrations = read_registrations(image)
        if why := why_not_followed(image, registrations):
            watch.warning(f"{each.name}: nothing is known of what it registers: {why}")
        found.append(ReadBinary(each, image, registrations))
    watch.progress(READING, len(opened), len(opened))
    return tuple(_registering(found, watch))


def _distinct(files: Sequence[str], watch: Watch) -> Iterator[str]:
    """The files without those that are the same as one before."""
    seen: dict[tuple[int, int], str] = {}
    for path in files:
        try:
            status = Path(path).stat()
        except (OSError, ValueError):
            yield path  # whoever opens it says what is wrong
            continue
        key = status.st_dev, status.st_ino
        first = seen.get(key)
        if first is None:
            seen[key] = path
            yield path
        else:
            watch.warning(f"{path}: is the same file as {first}, and counts once")


def _say_what_is_not_read(image: Image, watch: Watch) -> None:
    """Warns of members of an archive that are no objects that can be read: nothing is known of what is in them."""
    for text in image.not_read[:_MAX_SHOWN]:
        watch.warning(f"{image.name}: not read: {text}")
    if len(image.not_read) > _MAX_SHOWN:
        watch.warning(f"{image.name}: not read: {len(image.not_read) - _MAX_SHOWN:,} more members")


def _registering(found: list[ReadBinary], watch: Watch) -> Iterator[ReadBinary]:
    """The binaries without those of a package that register nothing, where others of it do."""
    having = {each.binary.path for each in found if _registers(each)}
    left_out = [each for each in found if each.binary.member and each.binary.path in having and not _registers(each)]
    for path, count in Counter(each.binary.path for each in left_out).items():
        libraries = "a library that registers" if count == 1 else f"{count} libraries that register"
        watch.note(f"{path}: left out {libraries} nothing")
    omitted = {id(each) for each in left_out}
    yield from (each for each in found if id(each) not in omitted)


def _registers(read: ReadBinary) -> bool:
    registrations = read.registrations
    return bool(registrations.kernels or registrations.definitions or registrations.undecoded)


def _with_symbols(image: Image, debug_file: Path | None, *, only: bool) -> Image:
    """The image with the symbols of its debug file, where it has none itself; of several binaries that it belongs to.

    Raises InputError where it is the only binary, and the file does not belong to it.
    """
    if debug_file is None:
        return with_debug_symbols(image)
    try:
        return with_debug_symbols(image, str(debug_file))
    except InputError:
        if only:
            raise
        return with_debug_symbols(image)


def audited_binaries(
    read: tuple[ReadBinary, ...], question: AuditQuestion, index: KernelIndex | None, watch: Watch
) -> tuple[AuditedBinary, ...]:
    """The binaries with the paths that the index has of their source files, and with what their bytes are for.

    Raises InputError for tables that cannot be read, and for a map of the linker that is of none of the binaries.
    """
    linker_map = _map_of(read, question.map) if question.map is not None else None
    found = []
    for number, each in enumerate(read):
        watch.progress(JUDGING, number, len(read))
        found.append(_audited(each, index, _Ranges(linker_map, question.debug_file), watch, costs=question.costs))
    watch.progress(JUDGING, len(read), len(read))
    return tuple(_with_undefined(found) if question.costs else found)


def _map_of(read: tuple[ReadBinary, ...], path: Path) -> LinkerMap:
    """The map of the linker. Raises InputError where it is of none of the binaries."""
    found = read_map(path)
    problems = [why_other_binary(found, each.image) for each in read]
    if all(problems):
        raise InputError(str(path), f"is no map of {read[0].binary.name}: {problems[0]}", "Name the map of this build.")
    return found


class _Ranges(NamedTuple):
    """What may say of which source file addresses are, besides the binary."""

    linker_map: LinkerMap | None
    debug_file: Path | None


def _audited(
    read: ReadBinary, index: KernelIndex | None, ranges: _Ranges, watch: Watch, *, costs: bool
) -> AuditedBinary:
    image, kernels = read.image, read.registrations.kernels
    if index is not None:
        kernels = with_paths(kernels, KnownKernels(index))
    paths = SourcePaths(index, kernels)
    definitions = tuple(replace(each, file=paths.of(each.file)) for each in read.registrations.definitions)
    registrations = replace(read.registrations, kernels=kernels, definitions=definitions)
    return AuditedBinary(
        read.binary.name,
        len(image.content),
        image.machine.value,
        registrations,
        _costs(image, registrations, ranges, paths, watch) if costs else None,
        checks_of(image, read.binary.packed) if costs else (),
        read.binary.packed,
    )


def _costs(
    image: Image, registrations: Registrations, ranges: _Ranges, paths: SourcePaths, watch: Watch
) -> BinaryCosts:
    if registrations.kernels and not image.sections:
        watch.warning(
            f"{image.name}: it has no section headers: which ops its bytes are for, and what would go, is not told"
        )
    linker_map = ranges.linker_map
    if linker_map is not None and why_other_binary(linker_map, image) is not None:
        linker_map = None
    units = _units(image, ranges.debug_file, watch)
    found = owners(image, registrations, units=units, linker_map=linker_map)
    # What was looked at of the file need not stay in memory: it is as large as all the rest.
    unmapped(image.content)
    return BinaryCosts(found, {name: paths.of(name) for name in found.source.names})


def _units(image: Image, debug_file: Path | None, watch: Watch) -> UnitRanges | None:
    """The units of the debug information of a linked ELF file, in it or in the debug file that belongs to it."""
    if image.members or image.content[:4].tobytes() != b"\x7fELF":
        return None
    file = debug_information(image, None if debug_file is None else str(debug_file))
    if file is None:
        return None
    try:
        found = unit_ranges(file)
    except InputError as error:
        watch.warning(f"{error.place}: its debug information is passed over: {error.problem}")
        return None
    return found if len(found.starts) else None


def _with_undefined(binaries: list[AuditedBinary]) -> Iterator[AuditedBinary]:
    """The binaries, the last one with what all of them register and define nowhere."""
    yield from binaries[:-1]
    everything = Registrations(
        tuple(kernel for each in binaries for kernel in each.registrations.kernels),
        tuple(definition for each in binaries for definition in each.registrations.definitions),
        (),
    )
    last = binaries[-1]
    yield replace(last, checks=(*last.checks, *undefined(" + ".join(each.name for each in binaries), everything)))
