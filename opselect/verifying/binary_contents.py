"""Builds by what their binaries register: nothing more certain can be said before a phone is asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from kernel_index.datatypes import DataType
from kernel_index.errors import InputError
from kernel_index.index import KernelIndex
from kernel_index.kernel_lookup import value_text
from kernel_index.overlay import OverlayIndex
from kernel_index.records import BuildLists, KernelRegistration, Location, OpDefinition, ScanResult
from kernel_index.scan.expressions import NotEvaluatedError
from kernel_index.scan.ops import argument_definition, attr_definition, finished
from opselect.audit.releases import KnownKernels
from opselect.binaries.names import readable
from opselect.binaries.recognizing import HEAD, FileKind, file_kind
from opselect.binaries.records import CompiledDefinition, RegisteredKernel, Registrations, Undecoded
from opselect.binaries.unfollowed import why_not_followed
from opselect.findings import Finding
from opselect.findings.mends import Applicability, Mend, change_model

_SHOWN = 3

_FOLDERS = (".framework", ".xcframework")
"""How the names of folders end that stand for a library."""


@dataclass(frozen=True, slots=True)
class BinaryFile:
    """A binary that was read: what it is called, and all that it registers."""

    name: str
    registrations: Registrations


def is_binary(path: str) -> bool:
    """Whether a file, or a folder, is a library, a program, an archive of objects, or a package of such."""
    folder = Path(path)
    if folder.is_dir():
        return folder.suffix in _FOLDERS
    try:
        with folder.open("rb") as file:
            return file_kind(file.read(HEAD)) is not FileKind.OTHER
    except OSError:
        return False


def read_binary(path: str, abi: str = "") -> BinaryFile:
    """What a binary registers, all those together that a package has for one processor; ``abi`` says for which.

    Raises InputError for what is damaged, for a package of several processors where none is named, and for code that
    cannot be followed.
    """
    from opselect.binaries.opening import open_images
    from opselect.binaries.registrations.reading import read_registrations

    found = []
    for each in open_images(path, abi or None):
        image = each.image()
        registrations = read_registrations(image)
        if why := why_not_followed(image, registrations):
            advice = "Name the same build for arm64-v8a or x86_64, or the library before it is stripped."
            raise InputError(each.name, f"nothing is known of what it registers: {why}", advice)
        found.append(registrations)
    return BinaryFile(
        path,
        Registrations(
            tuple(kernel for each in found for kernel in each.kernels),
            tuple(definition for each in found for definition in each.definitions),
            tuple(one for each in found for one in each.undecoded),
        ),
    )


def fitting_profile(index: KernelIndex, kernels: Iterable[RegisteredKernel], profiles: Sequence[str]) -> str:
    """The profile of the index that has most of a binary's kernels; of those that have as many, the first."""
    known = KnownKernels(index)
    found = [each for each in map(known.find, kernels) if each is not None]
    counts = {profile: sum(profile in each.profiles for each in found) for profile in profiles}
    return max(profiles, key=lambda profile: counts[profile])


def preferred(profiles: Iterable[str]) -> tuple[str, ...]:
    """Profiles, that of Android without macros first, for binaries that fit several."""
    return tuple(sorted(profiles, key=lambda each: each != "android"))


class BinaryContents:
    """What binaries that work together register, held against a release in one of its profiles.

    ``index`` is that of the release with whatever the binaries register besides, kernels of one's own say, so that a
    kernel is picked among all that are really there. Of op definitions nothing is judged where none could be read.
    ``described`` is what the lists and headers of the same build are called, of which it is known that they have what
    the binaries are asked for.
    """

    def __init__(self, binaries: Sequence[BinaryFile], release: KernelIndex, profile: str, described: str = "") -> None:
        self.name = " + ".join(each.name for each in binaries)
        self._described = described
        known = KnownKernels(release)
        kernels = [kernel for each in binaries for kernel in each.registrations.kernels]
        self.records = tuple(known.registration(kernel, profile) for kernel in kernels)
        """The kernels as records of the index, in the order of the binaries."""
        self._registered = frozenset(self.records)
        self._files = frozenset(record.source for record in self.records)
        self._undecoded = tuple(each for binary in binaries for each in binary.registrations.undecoded)
        definitions = [each for binary in binaries for each in binary.registrations.definitions]
        self._ops = frozenset(each.op for each in definitions)
        own = {each.op: each for each in definitions if release.op_definition(each.op) is None}
        read = {op: _definition(each) for op, each in sorted(own.items())}
        self._unread = tuple(op for op, each in read.items() if each is None)
        self.index = _with_own(release, self._registered, [each for each in read.values() if each is not None])

    @property
    def unjudged(self) -> tuple[str, ...]:
        """What cannot be said of the binaries, a sentence each."""
        return tuple(self._unjudged())

    def _unjudged(self) -> Iterator[str]:
        count = len(self._undecoded)
        if count:
            what = "a registration" if count == 1 else f"{count} registrations"
            yield f"{self.name} has {what} that could not be decoded: {_where(self._undecoded)}."
        if not self._ops:
            yield f"{self.name}: no op definition can be read in it, so whether it defines the ops is not judged."
        if self._unread:
            yield f"{self.name}: the definition of {', '.join(self._unread)} cannot be read."

    def has_kernel(self, registration: KernelRegistration) -> bool:
        """Whether a binary registers just this kernel."""
        return registration in self._registered

    def has_op(self, definition: OpDefinition) -> bool:
        """Whether a binary defines an op."""
        return not self._ops or definition.name in self._ops

    def registered(self, op: str) -> tuple[KernelRegistration, ...]:
        """The kernels of an op that a binary registers."""
        return tuple(each for each in dict.fromkeys(self.records) if each.op == op)

    def nothing(self) -> Finding | None:
        """That no kernel at all is registered; None where one is."""
        if self._registered or self._undecoded:
            return None
        reason = f"{self.name}: no kernel of TensorFlow is registered in it"
        text = "Link TensorFlow's library of kernels whole (alwayslink = 1, -Wl,--whole-archive, -force_load)."
        return Finding("OPS503", reason, mends=(_told(text, "likely"),))

    def without_kernel(self, registration: KernelRegistration) -> Finding:
        """No binary registers the kernel, and by which other kernels of its file they do, why that may be."""
        source, text = registration.source, registration.kernel_class
        doubt = self._doubt(registration)
        trust: Applicability = "guess" if doubt else "likely"
        if source in self._files:
            types = _types(registration)
            reason = f"{self.name}: other kernels of {source} are registered in it, and not {text}{types}{doubt}"
            mend = _told("Have the header list the class, or compile the file with the macros for more types.", trust)
            return self._finding("OPS122", reason, registration, mend)
        if self._described:
            reason = (
                f"by {self._described}, the build has {source}, and no kernel of it is registered in "
                f"{self.name}{doubt}: the linker dropped it, or the binary is of another build"
            )
            mend = _told(f"Link the library with {source} whole, or build again from these lists.", trust)
            return self._finding("OPS502", reason, registration, mend)
        reason = f"{self.name}: no kernel of {source} is registered in it{doubt}"
        mend = _told(f"Compile {source} and link it whole; where a header selects, have it list the class.", trust)
        return self._finding("OPS119", reason, registration, mend)

    def without_op(self, definition: OpDefinition) -> Finding:
        """No binary defines the op."""
        reason = f"{self.name}: it does not define the op; {definition.source} does, and is not compiled or not linked"
        mend = _told(f"Compile {definition.source} and link it whole; where a header selects, have it list the op.")
        places, files = (definition.location,), (definition.source,)
        return Finding("OPS120", reason, places=places, files=files, mends=(mend,))

    @staticmethod
    def _finding(code: str, reason: str, registration: KernelRegistration, mend: Mend) -> Finding:
        return Finding(code, reason, places=(registration.location,), files=(registration.source,), mends=(mend,))

    def _doubt(self, registration: KernelRegistration) -> str:
        """That a registration which could not be read may be the one that is missing."""
        may_be = [each for each in self._undecoded if _may_be(each, registration)]
        return f", unless it is one that could not be decoded ({_where(may_be)})" if may_be else ""


def _told(text: str, applicability: Applicability = "likely") -> Mend:
    return replace(change_model(text), applicability=applicability)


def _may_be(each: Undecoded, registration: KernelRegistration) -> bool:
    if each.kernel_class:
        return each.kernel_class == registration.kernel_class
    return not each.file or registration.source.endswith(each.file.rpartition("/")[2])


def _where(undecoded: Sequence[Undecoded]) -> str:
    named = [_named(each) for each in undecoded[:_SHOWN]]
    more = f" and {len(undecoded) - _SHOWN} more" if len(undecoded) > _SHOWN else ""
    return ", ".join(named) + more


def _named(each: Undecoded) -> str:
    what = each.kernel_class or readable(each.function_name) or f"the call at {each.place:#x}"
    return f"{what} of {each.file}" if each.file else what


def _types(registration: KernelRegistration) -> str:
    types = [
        f"{each.attr}={'|'.join(value_text(value) for value in each.allowed)}"
        for each in registration.constraints
        if all(isinstance(value, DataType) for value in each.allowed)
    ]
    return f" for {', '.join(types)}" if types else ""


def _with_own(
    release: KernelIndex, registered: Iterable[KernelRegistration], definitions: Sequence[OpDefinition]
) -> KernelIndex:
    """The index with what the binaries have and the release has not."""
    own = [each for each in registered if each not in release.registrations(each.op)]
    if not own and not definitions:
        return release
    scan = ScanResult(
        release.release,
        release.profiles,
        tuple(sorted(own, key=lambda each: (each.op, each.device, each.kernel_class, repr(each.constraints)))),
        tuple(definitions),
        BuildLists(),
    )
    return OverlayIndex(release, scan, frozenset())


def _definition(each: CompiledDefinition) -> OpDefinition | None:
    """An op of one's own as its builder is told of it; None where that is no definition."""
    try:
        return finished(
            each.op,
            [argument_definition(spec) for spec in each.inputs],
            [argument_definition(spec) for spec in each.outputs],
            [attr_definition(spec) for spec in each.attrs],
            Location(each.file, 0),
            stateful=False,
        )
    except NotEvaluatedError:
        return None
