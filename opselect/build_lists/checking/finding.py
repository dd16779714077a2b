"""One thing that is wrong with a list, and the kinds of them."""

from __future__ import annotations

from dataclasses import dataclass

from kernel_index.build_files import ListEntry

KINDS = {
    "missing-file": "An entry names nothing that the build tool finds.",
    "drift": "One of BUILD file and makefile builds a source file that the other does not.",
    "duplicate-entry": "An entry stands in one list twice.",
    "compiled-twice": "A source file is in two groups that Bazel compiles by themselves.",
    "in-two-groups": "A source file is in two of the groups that make up the extended ops.",
    "unneeded": "A source file has no kernel in the profile, and nothing that is listed needs it.",
    "unpicked": "No model picks a kernel of a source file, and nothing that is picked needs it.",
    "missing-dependency": "A listed source file cannot be linked without one that is not listed.",
    "undefined-op": "A kernel is of an op that nothing in the build defines.",
    "missing-library": "A listed source file is compiled with a library that the build does not have.",
    "unlisted-kernel": "A model needs a kernel whose source file is in no list.",
    "no-kernel": "A model needs a kernel that the release does not have in the profile.",
    "refused": "A model holds something that the release refuses to load.",
    "not-evaluated": "A part of a list cannot be read, so nothing is known of it.",
}
"""Every kind of finding with what it says of a list."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong with a build list.

    ``list`` is the name of a group (the full label of one of another package) or the path of ``tf_op_files.txt``,
    ``entry`` what it is about as the list spells it, ``file`` and ``line`` where that stands. Where a finding is
    about no list, ``list`` and ``file`` are empty and ``line`` is 0. ``mend`` says what to do.
    """

    kind: str
    list: str
    entry: str
    file: str
    line: int
    message: str
    mend: str

    @property
    def order(self) -> tuple[object, ...]:
        """The place, those without one last; then what is said."""
        return (not self.file, self.file, self.line, self.kind, self.entry, self.list, self.message)


def at_entry(kind: str, entry: ListEntry, message: str, mend: str) -> Finding:
    """A finding about an entry."""
    place = entry.location
    return Finding(kind, entry.list, entry.text, place.file, place.line, message, mend)


def removal(entry: ListEntry) -> str:
    """How to take an entry out of its list."""
    return f"{'exclude it from the glob of' if entry.globbed else 'remove it from'} {entry.list}"
