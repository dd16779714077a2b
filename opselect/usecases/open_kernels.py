"""Which kernels are there? A release, a checkout or an index file, with folders of one's own over it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from kernel_index import shipped
from kernel_index.errors import InputError, OpselectError
from kernel_index.near_names import did_you_mean, listed
from kernel_index.store import open_index as open_index_file
from opselect.usecases.kernel_source import DEFAULT_PROFILE, NO_MACROS, KernelSource, Macros, PathLike
from opselect.usecases.watch import NOBODY, Watch, progress_of

if TYPE_CHECKING:
    from kernel_index.index import KernelIndex
    from kernel_index.overlay import OverlayIndex
    from kernel_index.profiles import BuildProfile


def open_index(
    release: str | None = None,
    *,
    tree: PathLike | None = None,
    index_file: PathLike | None = None,
    roots: Iterable[PathLike] = (),
    profile: str = DEFAULT_PROFILE,
    define: Mapping[str, str] | None = None,
    undefine: Sequence[str] = (),
    watch: Watch = NOBODY,
) -> KernelIndex:
    """The kernels of a TensorFlow: of a released version, of a checkout, or out of a file that was made of one.

    Exactly one of the three is named: ``release`` as in ``"2.14"``, ``"2.14.1"`` or ``"v2.14.1"``, for which an index
    is shipped; ``tree``, the folder of a checkout, which is scanned; ``index_file``, which ``opselect index scan``
    wrote. ``roots`` are folders with kernels of one's own over it. ``define`` (name to text) and ``undefine`` are
    macros on top of those of ``profile``; they need sources, of a tree or of roots.

    An index answers by the names of ops and reads only what it is asked. What could not be evaluated in the sources is
    in its ``diagnostics``. Raises OpselectError for a release that is not shipped and where not exactly one of the
    three is named, SourceTreeError for a folder that is no checkout, and IndexFileError for a damaged file. The sources
    are preprocessed as a compiler does (``docs/preprocessor.md``).
    """
    source = KernelSource(
        release,
        None if tree is None else Path(tree),
        None if index_file is None else Path(index_file),
        tuple(map(Path, roots)),
    )
    macros = Macros(tuple((define or {}).items()), tuple(undefine))
    return open_kernels(source, macros=macros, profile=profile, watch=watch)


def open_kernels(
    source: KernelSource,
    *,
    macros: Macros = NO_MACROS,
    profile: str = DEFAULT_PROFILE,
    lists: bool = True,
    watch: Watch = NOBODY,
) -> KernelIndex:
    """The index of a source of kernels; a checkout is scanned, with ``macros`` on top of ``profile``.

    A scan covers every profile, and one more where there are macros; of an index with folders over it, the macros
    count for these folders, in every profile. What is unclear in the sources is a warning, and stays among the
    diagnostics of the index; without ``lists`` nothing is said of the checkout's build lists. Raises OpselectError when
    not exactly one source is named or when macros are to be applied to nothing but an index, and InputError for what
    cannot be read.
    """
    if source.given != 1:
        raise OpselectError(
            "name one TensorFlow: a released version, a checkout or an index file\n"
            f"  Shipped are indexes of {shipped.releases()[0]} to {shipped.releases()[-1]}: opselect index list."
        )
    if source.tree is None and macros and not source.roots:
        raise OpselectError(
            "macros need the sources, and an index has none\n"
            "  Name a checkout, or make an index of one with these macros by 'opselect index scan'."
        )
    if source.tree is not None:
        return _scan(source, source.tree, macros, profile, lists, watch)
    file = source.index_file
    index = shipped.index_of(source.release or "") if file is None else open_index_file(file)
    warn_of_libraries(index, profile, watch)
    if not source.roots:
        return index
    return add_roots(index, source.roots, macros=macros, follow_links=source.follow_links, watch=watch)


def warn_of_libraries(index: KernelIndex, profile: str, watch: Watch) -> None:
    """Says of an index that was made of libraries what of an answer about ``profile`` is borrowed or not known."""
    origin = index.origin
    if origin is None:
        return
    from opselect.library_index.words import OF_A_SELECTION

    other = "" if profile == origin.profile else f"which builds but {origin.profile} have a kernel, "
    watch.warning(
        f"the index of TensorFlow {index.release} was made of {origin.made_of}: {other}build lists and dependencies "
        f"are those of {origin.base}"
    )
    if OF_A_SELECTION in origin.unknown:
        watch.warning(
            f"{origin.made_of} has a part of the kernels of TensorFlow {origin.base}: what is missing "
            f"in profile {origin.profile} is not in this library, and may be in the release all the same"
        )


def ops_named(source: KernelSource | None, watch: Watch = NOBODY) -> KernelIndex | None:
    """The TensorFlow whose op definitions tell what nodes take and give; None where nobody names one.

    Folders without a TensorFlow go over the newest release that is shipped. Raises what :func:`open_kernels` raises.
    """
    if source is None or not (source.given or source.roots):
        return None
    named = source if source.given else replace(source, release=newest_release())
    return open_kernels(named, lists=False, watch=watch)


def newest_release() -> str:
    """What a question is about that names no TensorFlow: the newest release whose shipped index is made of sources.

    Indexes of libraries are for those who name their release: a part of what they say is that of another one.
    """
    of_sources = (r for r in reversed(shipped.releases()) if open_index_file(shipped.find(r)).origin is None)
    return next(of_sources, shipped.releases()[-1])


def add_roots(
    base: KernelIndex,
    roots: tuple[Path, ...],
    *,
    macros: Macros = NO_MACROS,
    follow_links: bool = False,
    watch: Watch = NOBODY,
) -> OverlayIndex:
    """An index with the kernels of some folders over it; what is in each other's way is a warning.

    Raises InputError for a folder that cannot be read.
    """
    from kernel_index.diagnostics import in_few_lines
    from kernel_index.scan.roots import scan_roots

    progress = progress_of(watch, SCANNING)
    index = scan_roots(
        roots,
        base,
        define=dict(macros.define),
        undefine=macros.undefine,
        progress=progress,
        follow_links=follow_links,
    )
    for line in in_few_lines(index.own_diagnostics):
        watch.warning(line)
    return index


SCANNING = "Scanning"
"""The task of reading sources, as a :class:`Watch` sees it."""


def _scan(source: KernelSource, tree: Path, macros: Macros, profile: str, lists: bool, watch: Watch) -> KernelIndex:
    from kernel_index.diagnostics import in_few_lines
    from kernel_index.index import MemoryIndex
    from kernel_index.profiles import profiles
    from kernel_index.scan import default_cache, scan_tree
    from kernel_index.source_tree import version

    scanned = None
    if macros:
        # One profile more, so that a kernel which the macros lose is still found in the profile as it is.
        release = version(tree, follow_links=source.follow_links)
        scanned = [*profiles(release), build_profile(release, profile, macros)]
    progress = progress_of(watch, SCANNING)
    scan = scan_tree(
        tree,
        profiles=scanned,
        extra_roots=source.roots,
        progress=progress,
        cache=default_cache(),
        follow_links=source.follow_links,
    )
    for line in in_few_lines(d for d in scan.diagnostics if lists or not _is_list(d.location.file)):
        watch.warning(line)
    return MemoryIndex(scan)


def _is_list(path: str) -> bool:
    from kernel_index.build_files.globbing import BUILD_FILE_NAMES
    from kernel_index.build_files.places import MAKEFILE_LIST

    return path == MAKEFILE_LIST or path.rpartition("/")[2] in BUILD_FILE_NAMES


def build_profile(release: str, profile: str, macros: Macros = NO_MACROS) -> BuildProfile:
    """The profile of that name as builds of a release define it, with macros on top. Raises InputError."""
    from kernel_index.profiles import PROFILE_NAMES, profiles

    for candidate in profiles(release):
        if candidate.name == profile:
            return candidate.with_macros(dict(macros.define), macros.undefine) if macros else candidate
    raise unknown_profile(profile, PROFILE_NAMES)


def profile_of(index: KernelIndex, profile: str, macros: Macros = NO_MACROS) -> str:
    """The name under which the index has a profile.

    An index that was scanned with macros of its own has them in its profiles' names; the plain name is enough where
    only one is meant. Macros for folders over an index change no name. Raises InputError that lists the profiles of
    the index.
    """
    if macros:
        from kernel_index.overlay import OverlayIndex

        if not isinstance(index, OverlayIndex):
            return index.profiles[-1]
    if profile in index.profiles:
        return profile
    with_macros = [name for name in index.profiles if name.startswith(f"{profile}+")]
    if len(with_macros) == 1:
        return with_macros[0]
    raise unknown_profile(profile, index.profiles)


def unknown_profile(profile: str, known: tuple[str, ...]) -> InputError:
    """The error of a profile that does not exist."""
    return InputError(
        f"profile {profile}",
        f"there is no such build profile{did_you_mean(profile, known)}",
        f"The profiles are {listed(known)}.",
    )


def unknown_op(op: str, index: KernelIndex) -> str:
    """The sentence about an op that a release does not know, with names that are like it."""
    return f"{op}: TensorFlow {index.release} has no such op{did_you_mean(op, index.op_names())}"
