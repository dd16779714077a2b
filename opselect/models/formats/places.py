"""Where the model that a user names can be read: as it is, or unpacked for as long as that takes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from kernel_index.errors import InputError
from opselect.models.formats.recognize import ARCHIVE, Recognized, recognize_binary
from opselect.models.storage import Pages, is_file, source_of

_OTHER_SUFFIXES = (".onnx", ".pte")
"""Of models that nobody expects TensorFlow to read: files of other names are looked into when they are read."""


def is_archive_at(path: str) -> bool:
    """Whether there is an archive at a path or URL; of the file little more than its first bytes is read."""
    kind = kind_at(path)
    return kind is not None and kind.format == ARCHIVE


def check_for_tensorflow(models: Sequence[str]) -> None:
    """Raises InputError where all of some models are for other runtimes than TensorFlow's, before TensorFlow is asked
    of them what only it has. One that cannot be read is not judged.
    """
    kinds = {path: kind_at(path) for path in models if path.endswith(_OTHER_SUFFIXES)}
    if models and all((kind := kinds.get(path)) is not None and kind.other_runtime for path in models):
        first = kinds[models[0]]
        assert first is not None
        raise InputError(models[0], f"is no model of TensorFlow, it looks like {first.what}", first.advice)


def kind_at(path: str) -> Recognized | None:
    """What a binary file at a path or URL is that is no GraphDef, by what is in it; None for folders, too.

    Raises InputError where it cannot be read.
    """
    if not is_file(path):
        return None
    source = source_of(path)
    return recognize_binary(Pages(source, source.size))


@contextmanager
def model_at(path: str) -> Iterator[str]:
    """The path at which a model can be read inside the block; for most models the one that is given.

    ``app.apk!assets/graph.pb`` is a member of an archive, and an archive stands for the only model in it: those are
    unpacked to a temporary folder, which is gone after the block. Raises InputError as
    :func:`opselect.models.formats.archives.unpacked` does.
    """
    if "!" not in path and not is_archive_at(path):
        yield path
        return
    from opselect.models.formats.archives import (  # zip and tar take longer to load than most graphs
        split_member,
        unpacked,
    )

    archive, member = split_member(path)
    if member is None and not is_archive_at(path):
        yield path
        return
    with unpacked(archive, member) as local:
        yield local
