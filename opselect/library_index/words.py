"""What an index of libraries has what from, in words: for ``index list``, ``index show`` and their JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kernel_index.records import LibraryOrigin

OF_A_SELECTION = "whether the release has more than this selection: the libraries lack much of the base"
"""What is not known of libraries that have a part of what their build may have."""


@dataclass(frozen=True, slots=True)
class Counts:
    """How many kernels and op definitions the libraries have, and what became of those of the base.

    ``found`` counts by the words that :mod:`opselect.library_index.join` uses. ``copies`` are kernels that another of
    the libraries has, too; ``graph_versions`` tells whether those of the release are known. ``like`` is
    the profile that the libraries are most like, where that is another one than they are said to be.
    """

    kernels: int
    definitions: int
    copies: int
    found: Counter[str]
    is_whole: bool
    graph_versions: bool
    like: str


def origin(names: Sequence[str], profile: str, base: str, counts: Counts) -> LibraryOrigin:
    """Where everything is from."""
    libraries = tuple(name.rpartition("/")[2] for name in names)
    return LibraryOrigin(
        libraries,
        profile,
        base,
        tuple(_read(profile, counts)),
        tuple(_borrowed(profile, counts)),
        tuple(_unknown(profile, base, counts)),
    )


def _read(profile: str, counts: Counts) -> Iterator[str]:
    found = counts.found
    yield (
        f"the {counts.kernels:,} kernels of profile {profile}: op, device, label, priority, types, host memory, class, "
        "name of the source file"
    )
    if counts.copies:
        yield f"{counts.copies:,} of them are in another of the libraries, too, and count once"
    yield f"the inputs, outputs and attrs of {counts.definitions:,} ops"
    unlike = (
        ("kernels with the class of the base, spelled another way", found["spelling"]),
        ("kernels with another class", found["class"]),
        ("new kernels", found["new"] + found["inferred"]),
    )
    if parts := [f"{what}: {count:,}" for what, count in unlike if count]:
        yield "; ".join(parts)
    gone = [counted(found[key], noun) for key, noun in (("gone", "kernel"), ("ops gone", "op")) if found[key]]
    if gone:
        yield f"of the base, in no library and not here: {' and '.join(gone)}"
    if counts.graph_versions:
        yield "the versions of the graph format, from a header of the package"


def counted(count: int, noun: str) -> str:
    """``1 op``, ``1,024 ops``."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _borrowed(profile: str, counts: Counts) -> Iterator[str]:
    found = counts.found
    known = found["equal"] + found["spelling"] + found["class"]
    yield (
        f"of {known:,} kernels, which other profiles have them, the conditions that hide them, folder and line of "
        "their source files, and whether selective registration may drop them"
    )
    if found["inferred"]:
        yield f"of new kernels ({found['inferred']:,}), the other profiles: those of like kernels in the same file"
    elsewhere = found["other builds only"] + found["hidden"]
    if elsewhere:
        kernels = counted(elsewhere, "kernel")
        yield f"{kernels} that no build as {profile} registers, with their profiles and conditions"
    if found["not linked"]:
        kernels = counted(found["not linked"], "kernel")
        yield f"{kernels} of sources that the pip package does not link, in no build as {profile}"
    if found["undecoded"]:
        yield f"{counted(found['undecoded'], 'kernel')} whose registration in the libraries could not be read"
    yield "whether ops keep state, since when they are deprecated, and the places of their definitions"
    if found["ops with borrowed parts"]:
        yield f"parts of op definitions ({found['ops with borrowed parts']:,}) that are made when the library runs"
    if found["ops kept"]:
        yield f"op definitions ({found['ops kept']:,}) that none of the libraries has"
    yield "build lists, includes, dependencies of files, libraries of others, lists of types, what was not evaluated"
    if not counts.graph_versions:
        yield "the versions of the graph format"


def _unknown(profile: str, base: str, counts: Counts) -> Iterator[str]:
    found = counts.found
    if counts.like:
        yield (
            f"whether the libraries are of profile {profile}: they are more like those of {counts.like}, to judge by "
            f"the kernels of {base}"
        )
    if found["new"]:
        yield f"of new kernels ({found['new']:,}), which profiles but {profile} have them"
    if found["doubtful"]:
        doubtful = counted(found["doubtful"], "kernel")
        yield f"whether the release still has {doubtful}, of whose source files no library has any"
    if found["ops new"]:
        yield f"of new ops ({found['ops new']:,}), whether they keep state (taken as if) or are deprecated"
    if not counts.is_whole:
        yield OF_A_SELECTION
    yield "which source files were added, and what sources have come to need since"
