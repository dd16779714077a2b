"""From the options of a command line to the index that answers it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from kernel_index.errors import InputError
from opselect.cli.shared.console import near, progress_bar, warn
from opselect.cli.shared.options import NO_MACROS, Macros, Source

if TYPE_CHECKING:
    from pathlib import Path

    from kernel_index.index import KernelIndex
    from kernel_index.overlay import OverlayIndex
    from kernel_index.profiles import BuildProfile


def open_source(
    source: Source, *, macros: Macros = NO_MACROS, profile: str = "", quiet: bool = False, lists: bool = True
) -> KernelIndex:
    """The index that the options name; a checkout is scanned, with ``macros`` on top of ``profile``.

    A scan covers every profile, and one more where there are macros; of an index with folders over it, the macros
    count for these folders, in every profile. What is unclear in the checkout is a warning,
    without ``lists`` only what is unclear in its sources. Raises click.UsageError when not exactly one
    source is named or when macros are to be applied to nothing but an index, and InputError for what cannot be read.
    """
    from kernel_index import shipped
    from kernel_index.store import open_index

    if source.given != 1:
        raise click.UsageError(
            "name one TensorFlow: --tensorflow VERSION, --tree PATH or --index FILE "
            f"(there are shipped indexes of {', '.join(shipped.releases())})"
        )
    if source.tree is None and macros and not source.roots:
        raise click.UsageError(
            "-D and -U need the sources: use --tree PATH or --root DIR, or make an index by 'opselect index scan'"
        )
    if source.tree is not None:
        return _scan(source.tree, source.roots, macros, profile, quiet, lists)
    index = open_index(source.index_file or shipped.find(source.release or ""))
    return add_roots(index, source.roots, macros=macros, quiet=quiet) if source.roots else index


def add_roots(base: KernelIndex, roots: tuple[Path, ...], *, macros: Macros = NO_MACROS, quiet: bool) -> OverlayIndex:
    """An index with the kernels of some folders over it; what is in each other's way is a warning."""
    from kernel_index.diagnostics import in_few_lines
    from kernel_index.scan.roots import scan_roots

    with progress_bar("Scanning", quiet=quiet) as progress:
        index = scan_roots(roots, base, define=dict(macros.define), undefine=macros.undefine, progress=progress)
    for line in in_few_lines(index.own_diagnostics):
        warn(line, quiet=quiet)
    return index


def _scan(tree: Path, roots: tuple[Path, ...], macros: Macros, profile: str, quiet: bool, lists: bool) -> KernelIndex:
    from kernel_index.diagnostics import in_few_lines
    from kernel_index.index import MemoryIndex
    from kernel_index.profiles import profiles
    from kernel_index.scan import default_cache, scan_tree
    from kernel_index.source_tree import version

    scanned = None
    if macros:
        # One profile more, so that a kernel which the macros lose is still found in the profile as it is.
        release = version(tree)
        scanned = [*profiles(release), build_profile(release, profile, macros)]
    with progress_bar("Scanning", quiet=quiet) as progress:
        scan = scan_tree(tree, profiles=scanned, extra_roots=roots, progress=progress, cache=default_cache())
    for line in in_few_lines(d for d in scan.diagnostics if lists or not _is_list(d.location.file)):
        warn(line, quiet=quiet)
    return MemoryIndex(scan)


def _is_list(path: str) -> bool:
    from kernel_index.build_files import BUILD_FILE_NAMES, MAKEFILE_LIST

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
    from kernel_index.overlay import OverlayIndex

    if macros and not isinstance(index, OverlayIndex):
        return index.profiles[-1]
    if profile in index.profiles:
        return profile
    with_macros = [name for name in index.profiles if name.startswith(f"{profile}+")]
    if len(with_macros) == 1:
        return with_macros[0]
    raise unknown_profile(profile, index.profiles)


def unknown_profile(profile: str, known: tuple[str, ...]) -> InputError:
    """The error of a profile that does not exist."""
    close = near(profile, known)
    return InputError(
        f"profile {profile}",
        "there is no such build profile" + (f"; did you mean {' or '.join(close)}?" if close else ""),
        f"The profiles are {', '.join(known)}.",
    )


def unknown_op(op: str, index: KernelIndex) -> str:
    """The sentence about an op that a release does not know, with names that are like it."""
    close = near(op, index.op_names())
    meant = f"; did you mean {' or '.join(close)}?" if close else ""
    return f"{op}: TensorFlow {index.release} has no such op{meant}"
