"""What should not ship as it is: pages of 4 KB, symbols and debug information left in, and what loaders dislike.

Sources: https://developer.android.com/guide/practices/page-sizes for the alignment; ``Stripper`` of the Android Gradle
plugin, which runs ``llvm-strip --strip-unneeded``, for what a release does not carry; ``linker_phdr.cpp`` and
``linker.cpp`` of bionic for text relocations and the stack.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence

import numpy as np

from opselect.binaries.elf.headers import ElfFile, read_headers
from opselect.binaries.image import Image, Machine, SectionKind
from opselect.binaries.packages import Packed
from opselect.binaries.recognizing import HEAD, FileKind, file_kind
from opselect.binaries.records import Registrations
from opselect.findings import Finding
from opselect.findings.mends import Mend, change_model, run

PAGE = 16_384
"""What devices with large pages need the segments of a library, and a library in an .apk, to be aligned for."""

_WIDE = (Machine.AARCH64, Machine.X86_64)
"""The machines of which Google Play asks it; devices with large pages run no 32-bit code."""

_NOT_SHIPPED = (".comment", ".gnu_debuglink", ".note.gnu.gold-version", ".llvm_addrsig", ".llvm.call-graph-profile")
"""Sections besides debug information and symbols that nobody reads on a phone."""

_STRIPPED = (".debug", ".zdebug", ".gdb_index")
"""How the names of sections begin that llvm-strip takes for debug information; others have to be named to it
(``isDebugSection`` of ``llvm/lib/ObjCopy/ELF/ELFObjcopy.cpp``)."""

_SHOWN = 5

_PT_GNU_STACK = 0x6474E551


def checks_of(image: Image, packed: Packed | None = None) -> tuple[Finding, ...]:
    """All that the reading of an ELF file tells of how it is shipped; objects and archives are linked before they are.

    Nothing of it keeps a model from running, save where a device or a store refuses the library. Of Mach-O files
    nothing is told: what is asked here are the rules of Android and of ELF.
    """
    if file_kind(image.content[:HEAD].tobytes()) is FileKind.MACH_O:
        return ()
    elf = _linked_elf(image)
    if elf is None:
        return ()
    found = [*_page_size(image), *_place_in_package(image, packed), *_symbols(image, packed), *_sections(image, packed)]
    found += [*_text_relocations(image), *_executable_stack(image, elf)]
    return tuple(sorted(found, key=lambda each: each.code))


def undefined_ops(registrations: Registrations) -> tuple[str, ...]:
    """Ops of which kernels are registered, and that are defined nowhere among the registrations."""
    defined = {each.op for each in registrations.definitions}
    return tuple(sorted({kernel.op for kernel in registrations.kernels} - defined))


def undefined(name: str, registrations: Registrations) -> tuple[Finding, ...]:
    """That a program registers kernels of ops which it does not define, where it defines any.

    ``registrations`` are those of all its libraries. Source: ``OpRegistry`` and ``InitializeKernels`` of
    ``core/framework/op_kernel.cc``: such a kernel is dropped with a line in the log.
    """
    ops = undefined_ops(registrations)
    if not ops or not registrations.definitions:
        return ()
    more = f" and {len(ops) - _SHOWN} more" if len(ops) > _SHOWN else ""
    what = "an op that it does not define" if len(ops) == 1 else f"{len(ops)} ops that it does not define"
    reason = f"{name}: it registers kernels of {what}: {', '.join(ops[:_SHOWN])}{more}"
    text = "Compile the files that define them, or audit the library that does together with this one."
    return (Finding("OPS526", reason, op=ops[0] if len(ops) == 1 else "", files=(name,), mends=(change_model(text),)),)


def _linked_elf(image: Image) -> ElfFile | None:
    """The headers of a shared object or an executable; None for anything else."""
    if image.members or image.content[:4].tobytes() != b"\x7fELF":
        return None
    elf = read_headers(image.name, image.content)
    return None if elf.is_object else elf


def _page_size(image: Image) -> Iterator[Finding]:
    low = sorted({each.alignment for each in image.segments if each.alignment < PAGE and each.memory_size})
    if image.machine not in _WIDE or not low:
        return
    reason = f"{image.name}: its LOAD segments are aligned for {low[0]:,} bytes, and pages of 16 KB want {PAGE:,}"
    text = f"Link it with -Wl,-z,max-page-size={PAGE} (NDK 28 and later do so)."
    yield Finding("OPS518", reason, files=(image.name,), mends=(change_model(text),))


def _place_in_package(image: Image, packed: Packed | None) -> Iterator[Finding]:
    if packed is None or not packed.stored or packed.offset % PAGE == 0 or image.machine not in _WIDE:
        return
    reason = f"{image.name}: it is not compressed and begins at byte {packed.offset:,}, no multiple of {PAGE:,}"
    text = "Align the package for pages of 16 KB before it is signed: {command}."
    mend = run(text, "zipalign -P 16 -f 4 IN.apk OUT.apk", applicability="likely")
    yield Finding("OPS521", reason, files=(image.name,), mends=(mend,))


def _symbols(image: Image, packed: Packed | None) -> Iterator[Finding]:
    size = sum(each.size for each in image.sections if each.kind is SectionKind.SYMBOLS)
    if size:
        reason = f"{image.name}: {size:,} bytes of symbols that no loader reads"
        yield Finding("OPS522", reason, files=(image.name,), mends=(_strip(image, packed),))


def _sections(image: Image, packed: Packed | None) -> Iterator[Finding]:
    named: dict[str, int] = {}
    for each in image.sections:
        if each.size and (each.kind is SectionKind.DEBUG or (not each.loaded and each.name in _NOT_SHIPPED)):
            named[each.name] = named.get(each.name, 0) + each.size
    if not named:
        return
    largest = sorted(named, key=lambda name: (-named[name], name))
    more = f" and {len(largest) - _SHOWN} more" if len(largest) > _SHOWN else ""
    sections = f"{', '.join(largest[:_SHOWN])}{more}"
    reason = f"{image.name}: {sum(named.values()):,} bytes of sections that need not ship: {sections}"
    removed = [name for name in sorted(named) if not name.startswith(_STRIPPED)]
    yield Finding("OPS523", reason, files=(image.name,), mends=(_strip(image, packed, removed),))


def _text_relocations(image: Image) -> Iterator[Finding]:
    meant = image.pointers.places
    fixed = [each for each in image.sections if each.loaded and not each.writable and each.memory_size]
    count = 0
    for each in fixed:
        first, last = np.searchsorted(meant, np.array([each.address, each.address + each.memory_size], np.uint64))
        count += int(last - first)
    if count:
        places = "one place" if count == 1 else f"{count:,} places"
        reason = f"{image.name}: the loader writes at {places} of what is only to be read (text relocations)"
        text = "Compile everything that is linked into it with -fPIC; -Wl,-z,text has the linker name what is not."
        yield Finding("OPS524", reason, files=(image.name,), mends=(change_model(text),))


def _executable_stack(image: Image, elf: ElfFile) -> Iterator[Finding]:
    wanted = zip(elf.segment_types, elf.all_segments, strict=True)
    if any(kind == _PT_GNU_STACK and segment.executable for kind, segment in wanted):
        reason = f"{image.name}: it asks for a stack that can be executed"
        text = "Link it with -Wl,-z,noexecstack; one assembler file without .note.GNU-stack is enough for it to ask."
        yield Finding("OPS525", reason, files=(image.name,), mends=(change_model(text),))


def _strip(image: Image, packed: Packed | None, sections: Sequence[str] = ()) -> Mend:
    """The command that strips a library and takes out ``sections``; before it is packed, where it is in a package."""
    path = image.name if packed is None else image.name.removesuffix(")").rpartition("/")[2]
    line = shlex.join(("llvm-strip", "--strip-unneeded", *(f"--remove-section={name}" for name in sections), path))
    text = "Strip it: {command}." if packed is None else "Strip it before it is packed: {command}."
    return run(text, line, applicability="likely")
