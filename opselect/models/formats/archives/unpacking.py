"""One model of an archive in a temporary folder."""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from kernel_index.errors import InputError, Place
from kernel_index.near_names import meant, near_names
from kernel_index.shown import visible
from opselect.models.formats.archives.contents import ROOT, listed, looked_through, parts_of
from opselect.models.formats.archives.opening import open_archive
from opselect.models.formats.archives.records import (
    MAX_NAMES_SHOWN,
    UNPACK_YOURSELF,
    Archive,
    ArchivedModel,
    ArchiveMember,
    Stream,
    check_unpacked,
    spelled,
    tidy_name,
)
from opselect.models.formats.archives.streams import BLOCK
from opselect.models.formats.recognize import EXPORT_FROM_PYTORCH
from opselect.zip_files import damaged

_MODEL_SUFFIXES = (".pb", ".pbtxt", ".tflite", ".meta", ".index")
_ROOT_FOLDER = "saved_model"


def list_archive(path: str) -> tuple[ArchiveMember, ...]:
    """The files in the archive at a path or URL by name, nothing of them unpacked.

    Raises InputError for what is no archive, is damaged, or holds more than an archive may.
    """
    with open_archive(path) as archive:
        return listed(archive)


def models_inside(path: str) -> tuple[ArchivedModel, ...]:
    """The models in the archive at a path or URL by name, recognized by their first bytes.

    Raises InputError as :func:`list_archive` does.
    """
    return look_inside(path)[1]


def look_inside(path: str) -> tuple[tuple[ArchiveMember, ...], tuple[ArchivedModel, ...]]:
    """What :func:`list_archive` and :func:`models_inside` say, of an archive that is opened once."""
    with open_archive(path) as archive:
        return looked_through(archive)


@contextmanager
def unpacked(path: str, name: str | None = None) -> Iterator[str]:
    """The path of a model of an archive, unpacked to a temporary folder that is gone after the block.

    ``name`` is a member, the folder of a SavedModel (its variables and assets come with it) or the prefix of a
    checkpoint; without it the only model inside is taken. Raises InputError where there is none or more than one,
    where a member cannot or must not be unpacked, and where it is larger than it says or than an archive may hold. An
    InputError of the block that names an unpacked file names the member instead.
    """
    with open_archive(path) as archive, tempfile.TemporaryDirectory(prefix="opselect-") as folder:
        if name is None:
            name, members = _only_model(archive)
        else:
            name, members = tidy_name(name) or ROOT, listed(archive)
        parts = parts_of(members, name)
        if not parts:
            raise _no_such_member(path, name, members)
        place = _Placement(path, name, Path(folder))
        _unpack(archive, parts, place)
        try:
            yield str(place.local(name))
        except InputError as error:
            raise place.renamed(error) from None


class _Placement:
    """Where in a folder the members of a model go, and which of them a file there is."""

    def __init__(self, path: str, name: str, folder: Path) -> None:
        self._path = path
        self._folder = folder
        self._above = "" if name == ROOT else name[: name.rfind("/") + 1]
        if name == ROOT:
            self._folder = folder / _ROOT_FOLDER

    def local(self, name: str) -> Path:
        return self._folder if name == ROOT else self._folder / name.removeprefix(self._above)

    def renamed(self, error: InputError) -> InputError:
        """The error as one of a member, if it is one of an unpacked file."""
        try:
            inside = Path(error.place.path).relative_to(self._folder).as_posix()
        except ValueError:
            return error
        place = Place(spelled(self._path, self._above + inside), error.place.line, error.place.byte)
        return InputError(place, error.problem, error.advice)


def _only_model(archive: Archive) -> tuple[str, tuple[ArchiveMember, ...]]:
    members, models = looked_through(archive)
    unread = [member for member in members if member.problem and member.name.endswith(_MODEL_SUFFIXES)]
    if unread:
        member = unread[0]
        raise InputError(spelled(archive.path, member.name), member.problem, _choose(archive.path, models))
    if not models:
        if of_pytorch(member.name for member in members):
            raise InputError(archive.path, "holds no model, it looks like a file of PyTorch", EXPORT_FROM_PYTORCH)
        raise InputError(archive.path, "holds no model", _inside(members))
    if len(models) > 1:
        raise InputError(archive.path, f"holds {len(models):,} models", _choose(archive.path, models))
    return models[0].name, members


def of_pytorch(names: Iterable[str]) -> bool:
    """Whether an archive with members of these names is what torch.save or torch.jit.save wrote: it has Python objects
    in a folder that is called as the file was (torch/serialization.py).
    """
    return any(name.count("/") == 1 and name.endswith("/data.pkl") for name in names)


def _choose(path: str, models: Sequence[ArchivedModel]) -> str:
    if not models:
        return UNPACK_YOURSELF
    shown = [spelled(path, model.name) for model in models[:MAX_NAMES_SHOWN]]
    more = len(models) - len(shown)
    return "Name the one you mean: " + ", ".join(shown) + (f" or one of {more:,} more." if more else ".")


def _inside(members: Collection[ArchiveMember]) -> str:
    if not members:
        return "It holds no files at all."
    shown = [visible(member.name) for member in list(members)[:MAX_NAMES_SHOWN]]
    more = len(members) - len(shown)
    return "It holds " + ", ".join(shown) + (f" and {more:,} more." if more else ".")


def _no_such_member(path: str, name: str, members: Collection[ArchiveMember]) -> InputError:
    near = near_names(name, [member.name for member in members])
    problem = f"the archive has no such member{meant([spelled(path, each) for each in near])}"
    return InputError(spelled(path, name), problem, "" if near else _inside(members))


def _unpack(archive: Archive, parts: Collection[ArchiveMember], place: _Placement) -> None:
    for part in parts:
        if part.problem:
            raise InputError(spelled(archive.path, part.name), part.problem, UNPACK_YOURSELF)
    check_unpacked(archive.path, archive.size, sum(part.size for part in parts))
    wanted = {part.name: part for part in parts}
    for member, opened in archive.members():
        if member.name in wanted:
            try:
                _copy(opened(), member, place.local(member.name), spelled(archive.path, member.name))
            except OSError as error:
                path = spelled(archive.path, member.name)
                raise InputError(path, f"cannot be unpacked: {error.strerror or error}") from None


def _copy(stream: Stream, member: ArchiveMember, target: Path, path: str) -> None:
    """Writes just as many bytes as the member says it has, however many come."""
    target.parent.mkdir(parents=True, exist_ok=True)
    left = member.size
    with target.open("xb") as file:
        while data := stream.read(min(BLOCK, left + 1)):
            left -= len(data)
            if left < 0:
                raise damaged(path, f"it has more than the {member.size:,} bytes that it says it has")
            file.write(data)
    if left:
        raise damaged(path, f"it has {member.size - left:,} bytes and not the {member.size:,} that it says it has")
