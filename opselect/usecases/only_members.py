"""Archives that stand for the only model of a runtime in them, told by its name."""

from __future__ import annotations

from kernel_index.errors import InputError
from opselect.models.formats import is_archive_at
from opselect.models.formats.recognize import EXPORT_FROM_PYTORCH


def only_member(path: str, suffixes: tuple[str, ...], what: str, advice: str) -> str:
    """The path of the only file in an archive whose name ends in one of ``suffixes``; that of no archive as it is.

    Raises InputError where there is no such file, with the advice, and where there are several.
    """
    if not is_archive_at(path):
        return path
    # zip and tar take longer to load than most models
    from opselect.models.formats.archives import list_archive, of_pytorch

    members = [member.name for member in list_archive(path)]
    names = [name for name in members if name.lower().endswith(suffixes)]
    if not names and of_pytorch(members):
        raise InputError(path, f"holds no {what}, it looks like a file of PyTorch", EXPORT_FROM_PYTORCH)
    if not names:
        raise InputError(path, f"holds no {what}", advice)
    if len(names) > 1:
        problem = f"holds {len(names):,} {what}s"
        raise InputError(path, problem, f"Name one: MODEL is {path}!{names[0]}, for example.")
    return f"{path}!{names[0]}"
