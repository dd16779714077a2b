"""Is what a model needs left out of a mobile build by default, and by which criterion?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from kernel_index.build_files.mobile_lists import BASE_LIBRARY, default_files, group_name
from kernel_index.datatypes import DataType, from_cpp, from_spec
from kernel_index.dependencies import included
from kernel_index.index import KernelIndex
from kernel_index.kernel_lookup import CPU, DEFAULT, Ambiguous, Found, NotFound, Outcome, find_kernel
from kernel_index.profiles import is_mobile
from kernel_index.records import KernelRegistration, OpDefinition
from opselect.criteria import (
    EXCLUDED,
    FIRST_TYPES,
    OTHER,
    TYPES,
    Criterion,
    criterion_of_file,
    criterion_of_headers,
    criterion_of_op,
)
from opselect.requirements.collect import Requirement
from opselect.selection.not_known import is_known_file, may_have

_KERNELS_FOLDER = "tensorflow/core/kernels"
_ALL_TYPES = "TF_CALL_ALL_TYPES"

_OF_DATA = frozenset(
    {
        DataType.DT_STRING,
        DataType.DT_VARIANT,
        DataType.DT_COMPLEX64,
        DataType.DT_COMPLEX128,
        DataType.DT_DOUBLE,
        DataType.DT_HALF,
        DataType.DT_BFLOAT16,
    }
)
"""Types that tell what data an op works on; integers and handles are beside data of any type."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What a build lacks by default. ``attr`` and ``dtype`` tell which type it is about, where it is about one.

    ``attr`` is empty where the op works on nothing but that type. ``files`` register the kernel and are not compiled
    by default. ``is_registered`` tells whether they register it in this profile, so that compiling them is enough.
    """

    criterion: Criterion
    attr: str = ""
    dtype: DataType | None = None
    files: tuple[str, ...] = ()
    is_registered: bool = True


class MobileBuild:
    """What a build of one release and profile has by default: the files of its lists, the types of its macros.

    The lists decide which file is compiled (:func:`default_files`), the registrations of the
    profile what a file registers. Nothing is left out of a build that compiles all files, such as the desktop's.
    """

    def __init__(self, index: KernelIndex, profile: str) -> None:
        self.index = index
        self.profile = profile
        self._files = default_files(index.build_lists, profile)
        all_types = index.type_lists.get(_ALL_TYPES, {}).get(profile, ())
        self._types = frozenset(from_cpp(spelling) for spelling in all_types)
        lists = index.build_lists
        self._offered = frozenset(lists.groups.get(group_name(lists, "all_ops"), ()))
        self._impossible: dict[str, Criterion | None] = {}

    def left_out(self, requirement: Requirement) -> LeftOut | None:
        """Why the build has no kernel for a requirement though TensorFlow has one; None where that is not so.

        A requirement that no build on a CPU can meet (a custom op, a type that no kernel admits) is not left out of
        this one: :mod:`why_missing` explains it. Nor is what runs without the kernel: an op that the runtime
        replaces, and one that it only may insert. Kernels of one's own are no part of the release that leaves out.
        Where it is not known whether the build has a kernel, or whether its lists have the file, nothing is said.
        """
        if self._files is None or (requirement.origin is not None and requirement.origin.kind != "added"):
            return None
        kernels = self._kernels(requirement.op)
        if not any(map(_is_of_release, kernels)):
            return None
        here = [r for r in kernels if self.profile in r.profiles]
        built = [r for r in here if self.compiles(r.source)]
        anywhere = _sources(_find(kernels, requirement))
        if not isinstance(_find(built, requirement), NotFound) or not anywhere:
            return None
        in_profile = _sources(_find(here, requirement))
        if self._is_not_known(requirement, in_profile):
            return None
        built = [r for r in built if r.label == requirement.label]
        if built:
            attr, dtype = _refused_type(requirement, built)
            found = LeftOut(self._criterion_of_type(dtype, is_registered=bool(in_profile)), attr, dtype)
        else:
            found = self._whole_op(requirement.op, kernels)
        files = tuple(path for path in in_profile or anywhere if not self.compiles(path))
        return replace(found, files=files, is_registered=bool(in_profile))

    def _is_not_known(self, requirement: Requirement, in_profile: Sequence[str]) -> bool:
        """Whether the build may have a kernel of which an index of libraries does not tell; ``in_profile`` it has."""
        if in_profile:
            return not all(is_known_file(path, self.index) for path in in_profile)
        return bool(may_have(requirement, self.index))

    def compiles(self, path: str) -> bool:
        """Whether a file is in the build by default."""
        return self._files is None or path in self._files or path.startswith(BASE_LIBRARY)

    def impossible(self, path: str) -> Criterion | None:
        """Why no build for a phone can have the kernels of a file, whatever it compiles; None where one can.

        Told by the file's folder and by what it includes, directly or not. What the release's own lists hold can be
        built, and so can anything for a desktop.
        """
        if path not in self._impossible:
            self._impossible[path] = self._why_impossible(path)
        return self._impossible[path]

    def _why_impossible(self, path: str) -> Criterion | None:
        if not is_mobile(self.profile) or (self._files is not None and self.compiles(path)):
            return None
        found = criterion_of_file(path)
        if found is not None and found.is_impossible:
            return found
        found = criterion_of_headers(included((path,), self.index.includes))
        return found if found is not None and found.is_impossible else None

    def _kernels(self, op: str) -> list[KernelRegistration]:
        """The kernels of an op that a CPU can use in some profile; where a phone can have some, only these."""
        found = [r for r in self.index.registrations(op) if r.device in (CPU, DEFAULT) and r.profiles]
        return [r for r in found if self.impossible(r.source) is None] or found

    def _criterion_of_type(self, dtype: DataType | None, *, is_registered: bool) -> Criterion:
        """Why kernels of one type are missing where those of others are built."""
        if dtype is not None and dtype not in self._types:
            return TYPES
        # The profile has the type, so it is lost to the slim macros or in a file of its own.
        return OTHER if dtype is None or is_registered else FIRST_TYPES

    def _whole_op(self, op: str, kernels: Sequence[KernelRegistration]) -> LeftOut:
        files = tuple(sorted({r.source for r in kernels}))
        criterion = criterion_of_op(op) or _criterion_of_files(files)
        if criterion is not None and criterion.is_impossible and any(self.impossible(path) is None for path in files):
            # What the name stands for is elsewhere: this is somebody's own kernel of that name.
            criterion = _criterion_of_files(files)
        if criterion is not None:
            return LeftOut(criterion, files=files)
        rare = self._rare_type(self.index.op_definition(op))
        if rare is not None:
            return LeftOut(TYPES, dtype=rare, files=files)
        return LeftOut(EXCLUDED if self._is_excluded(files) else OTHER, files=files)

    def _rare_type(self, definition: OpDefinition | None) -> DataType | None:
        """The type of data that an op works on, where ``framework/register_types.h`` drops it in this profile."""
        if definition is None or not self._types:
            return None
        ends = (*definition.inputs[:1], *definition.outputs[:1])
        data = [from_spec(argument.type_text.rpartition("*")[2].strip()) for argument in ends]
        for attr in definition.attrs:
            allowed = [value for value in attr.allowed or () if isinstance(value, DataType)]
            if allowed and not self._types.intersection(allowed):
                data.append(allowed[0])
        return next((t for t in data if t in _OF_DATA and t not in self._types), None)

    def _is_excluded(self, files: Sequence[str]) -> bool:
        """Whether upstream's list of nearly all ops, which globs the folder of kernels, leaves the files out."""
        return bool(self._offered) and all(
            path.rpartition("/")[0] == _KERNELS_FOLDER and path not in self._offered for path in files
        )


def _is_of_release(registration: KernelRegistration) -> bool:
    """Whether a kernel is TensorFlow's own; those of other folders come by ``--root``."""
    return registration.source.startswith("tensorflow/")


def _find(kernels: Sequence[KernelRegistration], requirement: Requirement) -> Outcome:
    return find_kernel(kernels, dict(requirement.attrs), label=requirement.label)


def _sources(outcome: Outcome) -> tuple[str, ...]:
    """The files of the kernels that a lookup found, one or rivals; among kernels of several profiles rivals abound."""
    if isinstance(outcome, Found):
        return (outcome.registration.source,)
    return tuple(sorted({r.source for r in outcome.registrations})) if isinstance(outcome, Ambiguous) else ()


def _criterion_of_files(files: Sequence[str]) -> Criterion | None:
    found = [criterion_of_file(path) for path in files]
    return found[0] if found and None not in found else None


def _refused_type(requirement: Requirement, kernels: Sequence[KernelRegistration]) -> tuple[str, DataType | None]:
    """The attr and the type of it that no kernel admits; of several attrs that only fail together, the first."""
    together: tuple[str, DataType | None] = ("", None)
    for attr, value in requirement.attrs:
        allowed = [c.allowed for r in kernels for c in r.constraints if c.attr == attr]
        types = [t for t in (value if isinstance(value, tuple) else (value,)) if isinstance(t, DataType)]
        if not allowed or not types:
            continue
        for dtype in types:
            if len(allowed) == len(kernels) and not any(dtype in admitted for admitted in allowed):
                return attr, dtype
        if together[1] is None:
            together = attr, types[0]
    return together
