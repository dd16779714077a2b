"""What the sources that a question names, of a checkout or of folders over an index, ask of a build."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opselect.usecases.kernel_source import KernelSource

if TYPE_CHECKING:
    from kernel_index.scan.asked_macros import AskedMacros
    from kernel_index.source_tree import SourceTree


def named_sources(source: KernelSource, release: str) -> SourceTree | None:
    """The files that are scanned for a source of kernels of a release, None for an index alone.

    Raises SourceTreeError for folders that are none.
    """
    from kernel_index.source_tree import open_roots, open_tree

    if source.tree is not None:
        return open_tree(source.tree, extra_roots=source.roots, follow_links=source.follow_links)
    return open_roots(source.roots, release, follow_links=source.follow_links) if source.roots else None


def asked_of(files: SourceTree | None) -> AskedMacros | None:
    """What registrations of these files hang on."""
    from kernel_index.scan.asked_macros import asked_macros

    return None if files is None else asked_macros(files)
