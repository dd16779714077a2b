"""Which checkpoint a path means: a prefix, a file of a checkpoint, or a folder that holds one.

Source: ``latest_checkpoint`` in ``python/checkpoint/checkpoint_management.py``, ``util/tensor_bundle/naming.cc``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from kernel_index.errors import InputError
from kernel_index.near_names import near_names
from opselect.models.formats.checkpoint.state_file import STATE_FILE, latest_path
from opselect.models.formats.checkpoint.table import MAGIC
from opselect.models.storage import base_name, folder_of, is_file, is_url, join, list_folder, source_of, with_suffix

MAX_LOOKED_INTO = 100
"""Files of a folder that are opened to see whether they are checkpoints of version 1, whose names say nothing."""

_SHOWN = 5
_INDEX = ".index"
_SHARD = re.compile(r"(?P<stem>.+)(?<!\.data)-(?:\d{5}|\?{5})-of-(?P<count>\d{5,})", re.DOTALL)
_PART = re.compile(r"(?P<stem>.+)\.(index|meta|data-\d{5,}-of-\d{5,})", re.DOTALL)
_DRIVE = re.compile(r"[A-Za-z]:[\\/]|\\\\")
_WHAT_IS_READ = "Pass the prefix of a checkpoint (PREFIX of PREFIX.index), the one file of an old one, or its folder."


@dataclass(frozen=True, slots=True)
class Located:
    """A checkpoint: its prefix, and of version 1 the files; version 2 has its own names for them."""

    prefix: str
    files: tuple[str, ...] = ()


def locate(path: str) -> Located:
    """The checkpoint that a path means; InputError, with those that are there, where it means none.

    A path is a prefix as TensorFlow's own tools take it, or one of the checkpoint's files, or a folder: the checkpoint
    that a state file in it names, or the only one in it, or the variables of a SavedModel.
    """
    names = list_folder(path)
    if names is not None:
        return _in_folder(path, names)
    located = _by_prefix(path) or _by_file(path)
    if located is None:
        raise _nothing_at(path)
    return located


def _by_prefix(prefix: str) -> Located | None:
    name = base_name(prefix)
    if is_file(with_suffix(prefix, _INDEX)):
        return Located(prefix)
    if _SHARD.fullmatch(name) is None and not name.endswith(_INDEX) and _is_table(prefix):
        return Located(prefix, (prefix,))
    return _sharded(prefix)


def _by_file(path: str) -> Located | None:
    """The checkpoint that a file is a part of."""
    name = base_name(path)
    part = _PART.fullmatch(name)
    if part is not None:
        return _by_prefix(join(folder_of(path), part["stem"]))
    if name == STATE_FILE and is_file(path):
        return _in_folder(folder_of(path), list_folder(folder_of(path)) or ())
    return None


def _is_table(path: str) -> bool:
    if not is_file(path):
        return False
    source = source_of(path)
    return source.size > len(MAGIC) and source.read(source.size - len(MAGIC), len(MAGIC)) == MAGIC


def _sharded(prefix: str) -> Located | None:
    """The shards of a prefix of version 1, which may be named by one of them or by ``PREFIX-?????-of-NNNNN``."""
    folder, name = folder_of(prefix), base_name(prefix)
    named = _SHARD.fullmatch(name)
    stem = named["stem"] if named else name
    counts: dict[str, list[str]] = {}
    for other in list_folder(folder) or ():
        shard = _SHARD.fullmatch(other)
        if shard and shard["stem"] == stem and (named is None or shard["count"] == named["count"]):
            counts.setdefault(shard["count"], []).append(other)
    if not counts:
        return None
    if len(counts) > 1:
        shown = ", ".join(f"{stem}-?????-of-{count}" for count in sorted(counts)[:_SHOWN])
        raise InputError(prefix, "there are several checkpoints of this prefix", f"Pass one of {shown}.")
    ((count, shards),) = counts.items()
    for number, shard_name in enumerate([*shards, ""]):
        expected = f"{stem}-{number:05d}-of-{count}"
        if shard_name != expected and number < int(count):
            raise InputError(join(folder, expected), "is missing", f"A checkpoint is all of its {int(count):,} shards.")
    return Located(join(folder, stem), tuple(join(folder, shard) for shard in shards))


def _in_folder(folder: str, names: Sequence[str]) -> Located:
    if any(name in names for name in ("saved_model.pb", "saved_model.pbtxt")):
        located = _by_prefix(join(join(folder, "variables"), "variables"))
        if located is None:
            raise InputError(folder, "is a SavedModel without variables", _WHAT_IS_READ)
        return located
    if STATE_FILE in names and is_file(join(folder, STATE_FILE)) and not _is_table(join(folder, STATE_FILE)):
        return _latest(folder, names)
    prefixes = _prefixes(names) or _tables(folder, names)
    if len(prefixes) != 1:
        problem = f"holds {len(prefixes):,} checkpoints" if prefixes else "is a folder without a checkpoint"
        raise InputError(folder, problem, _advice("", prefixes))
    located = _by_prefix(join(folder, prefixes[0]))
    if located is None:
        raise InputError(folder, "is a folder without a checkpoint", _WHAT_IS_READ)
    return located


def _latest(folder: str, names: Sequence[str]) -> Located:
    """The checkpoint that the state file of a folder names."""
    state_file = join(folder, STATE_FILE)
    recorded = latest_path(state_file)
    for prefix in _inside(folder, recorded):
        located = _by_prefix(prefix)
        if located is not None:
            return located
    problem = f"names {recorded!r} as the latest checkpoint, which is not in the folder"
    raise InputError(state_file, problem, _advice(base_name(recorded), _prefixes(names) or _tables(folder, names)))


def _inside(folder: str, recorded: str) -> Iterator[str]:
    """Where a path of a state file may lie in the folder: where it says, or, for a moved folder, by its last part.

    A state file comes with a checkpoint and is as little to be trusted: nothing outside of the folder is looked at.
    """
    parts = re.split(r"[\\/]" if _DRIVE.match(recorded) else "/", recorded)
    here = [] if is_url(folder) or "\0" in recorded else [Path(folder).absolute(), Path(folder).resolve()]
    above = next((base for base in here if Path(recorded).is_relative_to(base)), None)
    if above is not None:
        parts = list(Path(recorded).relative_to(above).parts)
    elif recorded.startswith("/") or is_url(recorded) or _DRIVE.match(recorded):
        parts = parts[-1:]
    for candidate in (parts, parts[-1:]):
        kept = [part for part in candidate if part not in ("", ".")]
        if kept and ".." not in kept and "\0" not in recorded:
            path = folder
            for part in kept:
                path = join(path, part)
            yield path


def _prefixes(names: Sequence[str]) -> list[str]:
    """The prefixes of the checkpoints in a folder that show by the names of their files."""
    found = {name.removesuffix(_INDEX) for name in names if name.endswith(_INDEX) and name != _INDEX}
    found |= {shard["stem"] for shard in map(_SHARD.fullmatch, names) if shard}
    return sorted(found)


def _tables(folder: str, names: Sequence[str]) -> list[str]:
    """The files of a folder that are checkpoints of version 1 in one file."""
    plain = [name for name in names if not name.endswith((_INDEX, ".meta", ".pb", ".pbtxt"))]
    return [name for name in plain[:MAX_LOOKED_INTO] if _is_table(join(folder, name))]


def _nothing_at(path: str) -> InputError:
    folder = folder_of(path)
    names = list_folder(folder) or ()
    problem = "is no checkpoint" if is_file(path) else "there is no checkpoint of this prefix"
    return InputError(path, problem, _advice(base_name(path), _prefixes(names) or _tables(folder, names)))


def _advice(wanted: str, prefixes: Sequence[str]) -> str:
    """What to pass: the prefixes that are most like what was asked for."""
    if not prefixes:
        return _WHAT_IS_READ
    close = near_names(wanted, prefixes, at_most=_SHOWN) or prefixes[:_SHOWN]
    more = len(prefixes) - len(close)
    return f"There are: {', '.join(close)}{f' and {more:,} more' if more > 0 else ''}. Pass one of these prefixes."
