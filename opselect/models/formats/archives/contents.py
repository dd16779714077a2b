"""Which models an archive holds, and which of its members belong to each."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace

from opselect.models.formats.archives.kinds import HeadReader
from opselect.models.formats.archives.records import Archive, ArchivedModel, ArchiveMember
from opselect.models.formats.recognize import CHECKPOINT, SAVED_MODEL

SAVED_MODEL_FILES = ("saved_model.pb", "saved_model.pbtxt")
ROOT = "."
"""The folder of members without one."""

_SAVED_MODEL_FOLDERS = ("variables", "assets", "assets.extra")
_INDEX = ".index"
_OF_CHECKPOINT = re.compile(r"(?P<prefix>.+)(\.index|\.meta|\.data-\d{5}-of-\d{5})", re.DOTALL)
_DATA = re.compile(r"(?P<prefix>.+)\.data-\d{5}-of-\d{5}", re.DOTALL)


def listed(archive: Archive) -> tuple[ArchiveMember, ...]:
    """The members of an archive by name; those whose name occurs twice have that as their problem."""
    return _sorted(member for member, _ in archive.members())


def looked_through(archive: Archive) -> tuple[tuple[ArchiveMember, ...], tuple[ArchivedModel, ...]]:
    """The members of an archive and the models among them, each by name; of every member the first bytes are read."""
    heads = HeadReader()
    found = []
    kinds = {}
    for member, opened in archive.members():
        found.append(member)
        if not member.problem:
            kinds[member.name] = heads.kind(opened(), member.size)
    members = _sorted(found)
    return members, _models(members, kinds)


def parts_of(members: Iterable[ArchiveMember], name: str) -> tuple[ArchiveMember, ...]:
    """The members that are to be unpacked with a model: by a member's name, a SavedModel's folder, or a prefix.

    Of a SavedModel these are its file, variables and assets; of a checkpoint all files with its prefix. Empty where
    the archive has nothing of that name.
    """
    by_name = {member.name: member for member in members}
    folder, file = _split(name)
    if name in by_name and file not in SAVED_MODEL_FILES:
        match = _OF_CHECKPOINT.fullmatch(name)
        parts = _of_checkpoint(by_name, match["prefix"]) if match else []
        return tuple(parts) or (by_name[name],)
    if name not in by_name:
        folder = name
    if any(_joined(folder, file) in by_name for file in SAVED_MODEL_FILES):
        return tuple(by_name[part] for part in by_name if _is_of_saved_model(part, folder))
    return tuple(_of_checkpoint(by_name, name))


def _sorted(members: Iterable[ArchiveMember]) -> tuple[ArchiveMember, ...]:
    ordered = sorted(members, key=lambda member: member.name)
    counts = Counter(member.name for member in ordered)
    return tuple(
        replace(member, problem=member.problem or "is there more than once") if counts[member.name] > 1 else member
        for member in ordered
    )


def _models(members: Iterable[ArchiveMember], kinds: Mapping[str, str]) -> tuple[ArchivedModel, ...]:
    sound = [member.name for member in members if not member.problem]
    folders = {folder for folder, file in map(_split, sound) if file in SAVED_MODEL_FILES}
    data = {match["prefix"] for match in map(_DATA.fullmatch, sound) if match}
    prefixes = {name.removesuffix(_INDEX) for name in sound if name.endswith(_INDEX)} & data
    prefixes = {prefix for prefix in prefixes if not _in_variables(prefix, folders)}
    models = [ArchivedModel(SAVED_MODEL, folder) for folder in folders]
    models += [ArchivedModel(CHECKPOINT, prefix) for prefix in prefixes]
    models += [
        ArchivedModel(kinds[name], name)
        for name in sound
        if kinds.get(name)
        and _split(name)[1] not in SAVED_MODEL_FILES
        and not _in_variables(name, folders)
        and name.removesuffix(".meta") not in prefixes
    ]
    return tuple(sorted(models, key=lambda model: model.name))


def _in_variables(name: str, folders: set[str]) -> bool:
    """Whether a member is one of the files of a SavedModel in one of the folders."""
    parts = name.split("/")
    return any(
        part in _SAVED_MODEL_FOLDERS and ("/".join(parts[:index]) or ROOT) in folders
        for index, part in enumerate(parts[:-1])
    )


def _is_of_saved_model(name: str, folder: str) -> bool:
    inside = name if folder == ROOT else name.removeprefix(folder + "/")
    if inside == name and folder != ROOT:
        return False
    first, _, rest = inside.partition("/")
    return first in _SAVED_MODEL_FOLDERS if rest else first in SAVED_MODEL_FILES


def _of_checkpoint(by_name: Mapping[str, ArchiveMember], prefix: str) -> list[ArchiveMember]:
    matches = {name: _OF_CHECKPOINT.fullmatch(name) for name in by_name if name.startswith(prefix)}
    parts = [by_name[name] for name, match in matches.items() if match and match["prefix"] == prefix]
    return parts if any(part.name == prefix + _INDEX for part in parts) else []


def _split(name: str) -> tuple[str, str]:
    folder, _, file = name.rpartition("/")
    return folder or ROOT, file


def _joined(folder: str, file: str) -> str:
    return file if folder == ROOT else f"{folder}/{file}"
