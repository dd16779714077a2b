"""Is this installation of opselect whole, and what of it is optional and not there?"""

from __future__ import annotations

import importlib
import os
import platform
import re
import shutil
import sys
from collections.abc import Iterator, Sequence
from importlib import metadata
from pathlib import Path

from kernel_index import __version__, shipped
from kernel_index.errors import OpselectError
from kernel_index.scan.cache import cache_folder
from opselect.usecases.examined import Examined

_MODULES = {
    "protobuf": "google.protobuf",
    "pyyaml": "yaml",
    "google-crc32c": "google_crc32c",
    "ml-dtypes": "ml_dtypes",
    "pyelftools": "elftools",
}
"""Modules whose names are not those of their distributions."""

_EXTRAS = {
    "onnx": "reading .onnx models",
    "http": "models at http:// and https://",
    "gcs": "models at gs://",
    "s3": "models at s3://",
    "dask": "--dask, reading many models on a cluster",
}

_REQUIREMENT = re.compile(
    r"""(?P<name>[\w.-]+)(?:\[[^]]*\])?\s*(?:>=\s*(?P<least>[\d.]+))?[^;]*(?:;.*?\bextra\s*==\s*['"](?P<extra>[^'"]+)['"])?"""
)
"""As metadata of distributions have requirements: ``onnx>=1.16; extra == 'onnx'``, perhaps for some Pythons only.

Read without the package ``packaging``: that may be what an installation lacks.
"""

_SET_CACHE = "Set OPSELECT_CACHE to a folder of yours."
AGAIN = "Install opselect again: pip install --force-reinstall opselect"


def examine_installation() -> Iterator[Examined]:
    """Versions, dependencies, extras, shipped files, the cache, and the one program that opselect runs."""
    package = Path(__file__).parents[1]
    yield Examined("ok", "installation", "opselect", f"{__version__} in {package}")
    yield Examined(
        "ok", "installation", "Python", f"{platform.python_version()} ({sys.executable}), {platform.platform()}"
    )
    try:
        required = metadata.requires("opselect") or []
    except metadata.PackageNotFoundError:
        yield Examined(
            "note", "installation", "dependencies", "not known: opselect runs from its sources", "pip install -e ."
        )
        required = []
    yield from examine_dependencies(required)
    yield examine_indexes()
    yield from _shipped_texts()
    yield examine_cache(cache_folder())
    git = shutil.which("git")
    if git is not None:
        yield Examined("ok", "programs", "git", git)
    else:
        advice = "Only 'opselect apply --write' runs it, to spare what was changed in a checkout."
        yield Examined("note", "programs", "git", "was not found", advice)


def examine_dependencies(required: Sequence[str]) -> Iterator[Examined]:
    """The distributions that a list of requirements names: the needed ones are imported, extras looked for."""
    extras: dict[str, list[tuple[str, str]]] = {}
    for requirement in required:
        found = _REQUIREMENT.match(requirement)
        if found is None:
            continue
        name, least, extra = found.groups()
        if not extra:
            yield _needed(name, least or "")
        elif extra in _EXTRAS:
            extras.setdefault(extra, []).append((name, least or ""))
    for extra, members in sorted(extras.items()):
        yield _extra(extra, members)


def _needed(name: str, least: str) -> Examined:
    version = _version(name)
    advice = f'pip install "{name}>={least}"' if least else f"pip install {name}"
    if version is None:
        return Examined("problem", "dependencies", name, "is not installed", advice)
    if _is_older(version, least):
        return Examined("problem", "dependencies", name, f"{version} is too old: opselect needs {least}", advice)
    try:
        importlib.import_module(_MODULES.get(name, name))
    except Exception as error:
        # What a damaged library raises while it is loaded, nobody can know.
        reason = f"{version} cannot be imported: {type(error).__name__}: {error}"
        return Examined("problem", "dependencies", name, reason, f"pip install --force-reinstall {name}")
    return Examined("ok", "dependencies", name, version)


def _extra(extra: str, members: Sequence[tuple[str, str]]) -> Examined:
    purpose = f"for {_EXTRAS[extra]}"
    advice = f"pip install 'opselect[{extra}]'"
    versions = [(name, least, _version(name)) for name, least in members]
    absent = [name for name, _, version in versions if version is None]
    if absent:
        return Examined("note", "extras", extra, f"not installed, {purpose}", advice)
    old = [f"{name} {version} is older than {least}" for name, least, version in versions if _is_older(version, least)]
    if old:
        return Examined("problem", "extras", extra, f"{', '.join(old)}; {purpose}", advice)
    return Examined(
        "ok", "extras", extra, f"{', '.join(f'{name} {version}' for name, _, version in versions)}, {purpose}"
    )


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _is_older(version: str | None, least: str) -> bool:
    if version is None or not least:
        return False
    return _numbers(version) < _numbers(least)


def _numbers(version: str) -> list[int]:
    numbers = [int(part) for part in re.findall(r"\d+", re.split(r"[^\d.]", version)[0])]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return numbers


def examine_indexes(folder: Path | None = None) -> Examined:
    """Whether every index in a folder, that of the shipped ones by default, can be read."""
    place = folder or Path(shipped.__file__).parent
    releases = shipped.releases(place)
    if not releases:
        return Examined("problem", "shipped files", "indexes", f"there is none in {place}", AGAIN)
    for release in releases:
        error = _unreadable(place / f"{release}{shipped.SUFFIX}")
        if error is not None:
            return Examined("problem", "shipped files", "indexes", f"that of TensorFlow {release}: {error}", AGAIN)
    return Examined("ok", "shipped files", "indexes", f"{len(releases)} releases, {releases[0]} to {releases[-1]}")


def _unreadable(index: Path) -> Exception | None:
    from kernel_index.store import open_index

    try:
        open_index(index).op_names()
    except (OpselectError, OSError) as error:
        return error
    return None


def _shipped_texts() -> Iterator[Examined]:
    from opselect.build_lists.templates import template_folder
    from opselect.findings import CATALOG
    from opselect.findings.pages import page_folder

    templates = [path for path in template_folder().rglob("*") if path.is_file()]
    yield (
        Examined("ok", "shipped files", "templates", f"{len(templates)} in {template_folder()}")
        if templates
        else Examined("problem", "shipped files", "templates", f"there is none in {template_folder()}", AGAIN)
    )
    absent = [code for code in CATALOG if not (page_folder() / f"{code}.md").is_file()]
    yield (
        Examined(
            "problem",
            "shipped files",
            "pages",
            f"{len(absent)} of {len(CATALOG)} are missing, {absent[0]} first",
            AGAIN,
        )
        if absent
        else Examined("ok", "shipped files", "pages", f"{len(CATALOG)} for opselect explain")
    )


def examine_cache(folder: Path | None) -> Examined:
    """Where scans are kept, how much there is, and whether it can be written. Nothing is written for it."""
    if folder is None:
        return Examined(
            "note",
            "cache",
            "cache of scans",
            "there is no home folder to keep it in",
            _SET_CACHE,
        )
    there = folder
    while not os.path.lexists(there) and there != there.parent:
        there = there.parent
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        return Examined(
            "note",
            "cache",
            "cache of scans",
            f"{folder} cannot be written: every scan begins anew",
            _SET_CACHE,
        )
    if there != folder:
        return Examined("ok", "cache", "cache of scans", f"{folder}, made by the first scan")
    try:
        sizes = [path.stat().st_size for path in folder.iterdir() if path.is_file()]
    except OSError as error:
        return Examined("note", "cache", "cache of scans", f"{folder} cannot be read: {error.strerror}", _SET_CACHE)
    return Examined("ok", "cache", "cache of scans", f"{folder}: {len(sizes)} files, {sum(sizes) / 1e6:.1f} MB")
