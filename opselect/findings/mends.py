"""What mends a finding, as data: an edit of a list, flags of a build system, a command, a cut or a change of the model.

Each mend carries the sentence that a person reads, made here of the same data that a program gets.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

from kernel_index.build_flags import TypesChange
from kernel_index.records_json import Json

Applicability = Literal["certain", "likely", "guess"]
"""How far a mend may be trusted; these are rustc's degrees for suggestions.

``certain`` (machine-applicable): it removes the finding and leaves what the model computes and what the build holds as
they are; a program may do it unasked. ``likely`` (maybe-incorrect): it removes the finding, but whether its effect is
wanted, a larger binary or another build, is for a person to say; a program may propose it and do it when asked to.
``guess`` (has-placeholders): something in it has to be filled in or decided first; a program may only show it.
"""

Action = Literal["strip", "feed", "freeze", "prepare", "extend", "change"]
"""The word for a mend in ``advice.action`` of the JSON of criteria."""

OR = "Or"
OTHERWISE = "If the model cannot do without:"
IF_NOT = "If not:"
BESIDES = "Besides,"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mend:
    """What all mends have: ``text`` is one sentence or two, ``lead`` the words that join it to the mend before."""

    text: str
    applicability: Applicability = "guess"
    action: Action = "change"
    lead: str = ""
    kind: ClassVar[str] = ""

    def to_json(self) -> Json:
        """``{"kind", "text", "applicability"}`` and the fields of the kind of mend."""
        return {"kind": self.kind, "text": self.text, "applicability": self.applicability, **self._own_json()}

    def _own_json(self) -> Json:
        return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class ListEdit(Mend):
    """Entries to add to a list of a build file, and entries to take out of it.

    ``list`` is the name of a group or the path of ``tf_op_files.txt``, ``file`` where it stands; both are empty where
    ``opselect generate --mode extend`` finds the list. Entries are spelled as the list spells them.
    """

    list: str = ""
    file: str = ""
    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    kind: ClassVar[str] = "list"

    def _own_json(self) -> Json:
        return {"list": self.list, "file": self.file, "add": [*self.add], "remove": [*self.remove]}


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildFlags(Mend):
    """Flags or macros of a build, in the words of its build system.

    ``system`` is ``bazel`` or ``make``, ``where`` the file or the command line that they stand in. ``opselect`` are
    the options that tell opselect of it.
    """

    system: str
    where: str
    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    opselect: tuple[str, ...] = ()
    kind: ClassVar[str] = "flags"

    def _own_json(self) -> Json:
        return {
            "system": self.system,
            "where": self.where,
            "add": [*self.add],
            "remove": [*self.remove],
            "opselect": [*self.opselect],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Command(Mend):
    """A command to run; ``line`` is how a shell takes it, and stands in ``text`` too."""

    line: str
    kind: ClassVar[str] = "command"

    @property
    def argv(self) -> list[str]:
        """The words of the command."""
        return shlex.split(self.line)

    def _own_json(self) -> Json:
        return {"argv": [*self.argv]}


@dataclass(frozen=True, slots=True, kw_only=True)
class OpselectOptions(Mend):
    """Options to add to the command of opselect that made the finding."""

    options: tuple[str, ...]
    kind: ClassVar[str] = "options"

    def _own_json(self) -> Json:
        return {"options": [*self.options]}


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphCut(Mend):
    """Nodes to feed and to fetch, for the options ``--inputs`` and ``--outputs``, so that nothing needs the op."""

    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    kind: ClassVar[str] = "cut"

    def _own_json(self) -> Json:
        return {"inputs": [*self.inputs], "outputs": [*self.outputs]}


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelChange(Mend):
    """A change of the model, or of its export, that only its author can make."""

    kind: ClassVar[str] = "model"


def advice_text(mends: Sequence[Mend]) -> str:
    """All mends as the sentences of one paragraph; a lead that begins with a mark goes on in the sentence before."""
    text = ""
    for mend in mends:
        blank = " " if text and not mend.lead.startswith((",", ";")) else ""
        text += blank + (f"{mend.lead} {uncapitalized(mend.text)}" if mend.lead else mend.text)
    return text


def led(lead: str, mends: Sequence[Mend]) -> tuple[Mend, ...]:
    """The mends, the first one joined by ``lead`` to what stands in front of it."""
    return (replace(mends[0], lead=lead), *mends[1:]) if mends else ()


def uncapitalized(text: str) -> str:
    """A sentence as it reads within another one; a name with more capitals, as TensorFlow's, keeps the first."""
    first = text.partition(" ")[0]
    return text if first[1:].lower() != first[1:] else text[:1].lower() + text[1:]


def change_model(text: str, *, lead: str = "") -> ModelChange:
    """A change of the model in a sentence."""
    return ModelChange(text=text, lead=lead)


def run(text: str, line: str, *, applicability: Applicability, action: Action = "change", lead: str = "") -> Command:
    """A command to run; ``{command}`` in the text stands for it."""
    spelled = text.replace("{command}", line)
    return Command(text=spelled, line=line, applicability=applicability, action=action, lead=lead)


def scan_root(text: str, *, lead: str = "") -> OpselectOptions:
    """To scan a folder that has what is missing."""
    return OpselectOptions(text=text, options=("--root", "DIR"), lead=lead)


def extend_build(text: str, files: tuple[str, ...]) -> ListEdit:
    """To add files to the lists of the build, wherever ``opselect generate --mode extend`` puts them."""
    return ListEdit(text=text, add=files, applicability="likely", action="extend")


def wider_types(change: TypesChange, *, lead: str = "") -> BuildFlags:
    """Flags that give a build the types of a larger one."""
    return BuildFlags(
        text=f"{change.sentence}.",
        system=change.system,
        where=change.where,
        add=change.add,
        remove=change.remove,
        opselect=change.opselect,
        applicability="likely",
        lead=lead,
    )
