"""Files that say what a build has, told by their content: which kind, and what stands in them."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from kernel_index.build_files.lists import named_path, words_of_make
from kernel_index.errors import InputError, Place, reading
from kernel_index.file_names import is_source
from kernel_index.shown import shortened
from opselect.build_lists.header.reader import read_header
from opselect.build_lists.header.record import ERROR_MESSAGE, SelectiveHeader
from opselect.requirements.json_fields import json_of
from opselect.requirements.ops_list import Pair, parse_ops_list
from opselect.verifying.binary_contents import BinaryFile, is_binary, read_binary
from opselect.verifying.resolver import Resolver, is_registration, read_registration

_BINARIES = (
    b"\x7fELF",
    b"!<arch>\n",
    b"MZ",
    b"PK\x03\x04",
    b"\x00asm",
    b"\xfe\xed\xfa\xce",
    b"\xfe\xed\xfa\xcf",
    b"\xce\xfa\xed\xfe",
    b"\xcf\xfa\xed\xfe",
    b"\xca\xfe\xba\xbe",
)
"""How programs, libraries and archives of them begin: ELF, ar, PE, zip (.apk, .aar), WebAssembly and Mach-O."""

_KINDS = (
    "opselect reads manifests, ops_to_register.h, tf_op_files.txt and other lists of paths, ops lists (JSON) and "
    "*_registration.cc of TensorFlow Lite, and binaries, told by what stands in them; a folder is a checkout."
)


@dataclass(frozen=True, slots=True)
class ManifestFile:
    """What ``opselect generate --target manifest`` wrote: the source files of a build, and of which."""

    release: str
    profile: str
    files: frozenset[str]


@dataclass(frozen=True, slots=True)
class PathList:
    """A list of source files, paths from the root of a checkout: ``tf_op_files.txt``, or one like it.

    Make compiles ``x.cc`` for an entry ``x.c`` (``%.o: %.cc`` of ``tensorflow/contrib/makefile/Makefile``).
    """

    files: frozenset[str]

    def compiled(self, known: Collection[str]) -> frozenset[str]:
        """The files that are compiled for the entries, of those that a tree is known to have."""
        return frozenset(self._source(path, known) for path in self.files)

    @staticmethod
    def _source(path: str, known: Collection[str]) -> str:
        source = f"{path.rpartition('.')[0]}.cc"
        return source if path not in known and source in known else path


@dataclass(frozen=True, slots=True)
class OpsList:
    """The pairs of op and kernel class of ``list_flex_ops``."""

    pairs: tuple[Pair, ...]


NamedFile = ManifestFile | PathList | OpsList | SelectiveHeader | Resolver | BinaryFile


def read_named_file(path: str, abi: str = "") -> NamedFile:
    """What a file says of a build; ``abi`` picks the processor where it is a package of binaries.

    Raises InputError, with the place, for one that says nothing or is damaged.
    """
    if is_binary(path):
        return read_binary(path, abi)
    text = text_of(path)
    if not text.strip():
        raise InputError(path, "is empty", _KINDS)
    bare = text.lstrip("\ufeff \t\r\n")
    if Path(path).suffix in (".h", ".hh", ".hpp") or ERROR_MESSAGE in text or "SHOULD_REGISTER_OP" in text:
        return read_header(text, path)
    if is_registration(text):
        return read_registration(text, path)
    if bare.startswith("["):
        return OpsList(parse_ops_list(text, path))
    if bare.startswith("{"):
        return _manifest(json_of(text.removeprefix("\ufeff"), path, _KINDS), path)
    if re.search(r"^(?:tensorflow|files):", text, re.MULTILINE):
        return _manifest(_yaml(text, path), path)
    if re.search(r"^\s*filegroup\s*\(", text, re.MULTILINE):
        advice = "Name the checkout that it is part of, or the manifest that `opselect generate` writes beside it."
        raise InputError(path, "is a BUILD file, which only says what its checkout compiles", advice)
    return _path_list(text, path)


def text_of(path: str) -> str:
    """The text of a file that compilers and build tools read; bytes that are no UTF-8 are kept as surrogates.

    Raises InputError for what cannot be read, and for what is no such text.
    """
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise InputError(path, f"cannot be read: {error.strerror}") from None
    if data.startswith(_BINARIES):
        advice = "`opselect audit` says what is registered in one."
        raise InputError(path, "is a built binary, and no file that it is built from", advice)
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        advice = "PowerShell's > writes that: redirect in cmd, or use Out-File -Encoding ascii."
        raise InputError(path, "is UTF-16, which neither compilers nor build tools read", advice)
    if b"\0" in data:
        raise InputError(Place(path, byte=data.index(b"\0")), "is no text", _KINDS)
    return data.decode("utf-8", "surrogateescape")


def _yaml(text: str, path: str) -> object:
    import yaml

    try:
        with reading(path):
            return yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = Place(path, line=mark.line + 1) if mark is not None else Place(path)
        raise InputError(place, f"is no YAML: {getattr(error, 'problem', None) or 'it cannot be read'}") from None
    except ValueError:
        # Python makes no number of thousands of digits.
        raise InputError(path, "holds a number that is too long to be read") from None


def _manifest(data: object, path: str) -> ManifestFile:
    """The manifest in plain data. Raises InputError, with the key, for what is none."""
    if not isinstance(data, dict):
        raise InputError(path, "is no manifest", _KINDS)
    found = cast("dict[str, object]", data)
    files, release, profile = (found.get(key) for key in ("files", "tensorflow", "profile"))
    if not isinstance(files, list):
        raise InputError(path, "is no manifest of a build: it has no list `files`", _KINDS)
    headers = found.get("headers", [])  # a manifest that is written for people lists them apart
    if not (isinstance(headers, list) and all(isinstance(each, str) for each in headers)):
        raise InputError(path, "is no manifest: its `headers` are no list of paths", _KINDS)
    paths = [*(each.get("path") if isinstance(each, dict) else None for each in files), *headers]
    if not all(isinstance(each, str) for each in paths):
        number = next(i for i, each in enumerate(paths) if not isinstance(each, str))
        raise InputError(path, f"files[{number}] has no path", _KINDS)
    if not (isinstance(release, str) and isinstance(profile, str)):
        raise InputError(path, "does not say which TensorFlow and profile it is of", _KINDS)
    return ManifestFile(release, profile, frozenset(cast("list[str]", paths)))


def _path_list(text: str, path: str) -> PathList:
    files = []
    for number, line in enumerate(text.split("\n"), start=1):
        for word in words_of_make(line.partition("#")[0]):
            if "/" not in word or not (is_source(word) or word.endswith((".h", ".c", ".inc"))):
                problem = f"{shortened(word)!r} is no path of a source file from the root of a checkout"
                raise InputError(Place(path, line=number), problem, _KINDS)
            files.append(named_path(word))
    return PathList(frozenset(files))
