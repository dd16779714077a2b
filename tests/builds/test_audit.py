"""What is read out of a binary is what the program prints of itself, however it was compiled, linked and stripped."""

from __future__ import annotations

from pathlib import Path

import pytest

from opselect.binaries.opening import open_images
from opselect.binaries.records import KnownFrom, Registrations
from opselect.binaries.registrations.reading import read_registrations
from tests.builds.binary_variants import UNDECODABLE, Variants, as_printed, build_variants
from tests.builds.builders import missing_commands, skip_without
from tests.builds.programs import Built
from tests.builds.sharing import made_once, shared_folder

_RUNTIME = (
    "as_it_stands", "header", "header_by_hand", "runtime", "static", "static_pie", "gc_sections", "relr",
)  # fmt: skip
_ARCHIVES = ("archive", "thin_archive", "partial")
_SHAPES = ("shapes", "shapes_unoptimized", "shared", "arm64", "thumb")


@pytest.fixture(scope="session")
def variants(built: Built, tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Variants:
    skip_without(missing_commands("ar", "ld", "strip"))
    folder = shared_folder(tmp_path_factory, pytestconfig, "binaries")
    return made_once(folder, lambda: build_variants(folder, built))


def read(path: Path) -> Registrations:
    (binary,) = open_images(str(path))
    return read_registrations(binary.image())


def read_variant(variants: Variants, name: str) -> Registrations:
    if name not in variants.binaries:
        pytest.skip(f"not installed: {variants.missing}")
    return read(variants.binaries[name].path)


@pytest.mark.parametrize("name", [*_RUNTIME, *_ARCHIVES])
def test_everything_is_read_by_the_names_of_symbols(name: str, variants: Variants) -> None:
    found = read_variant(variants, name)
    assert as_printed(found) == variants.printed[variants.binaries[name].truth]
    assert found.undecoded == ()
    assert {kernel.known_from for kernel in found.kernels} == {KnownFrom.SYMBOLS}


@pytest.mark.parametrize("name", [*(f"{name}, stripped" for name in _RUNTIME), "runtime, no section headers"])
def test_everything_is_read_out_of_code_alone(name: str, variants: Variants) -> None:
    found = read_variant(variants, name)
    assert as_printed(found) == variants.printed[variants.binaries[name].truth]
    assert found.undecoded == ()
    assert {kernel.known_from for kernel in found.kernels} == {KnownFrom.CODE}


@pytest.mark.parametrize("name", [*_SHAPES, "archive_of_others"])
def test_every_shape_of_a_registration_is_read(name: str, variants: Variants) -> None:
    found = read_variant(variants, name)
    truth = variants.printed[variants.binaries[name].truth]
    assert as_printed(found).without(UNDECODABLE) == truth.without(UNDECODABLE)
    assert not as_printed(found).kernels - truth.kernels
    assert found.undecoded, "names that are made at the start were read"
    assert {place.file for place in found.undecoded} == {"undecodable.cc"}


@pytest.mark.parametrize("name", [*(f"{name}, stripped" for name in _SHAPES), "arm64, no section headers"])
def test_nothing_is_wrong_or_lost_without_a_word_where_only_code_is_left(name: str, variants: Variants) -> None:
    """A function that only few registrations call may keep its meaning to itself; then they are counted."""
    found = read_variant(variants, name)
    truth = variants.printed[variants.binaries[name].truth]
    read = as_printed(found)
    assert not read.kernels - truth.kernels
    lost = (truth.without(UNDECODABLE).kernels - read.kernels).total()
    assert lost <= len(found.undecoded)
    assert read.kernels.total() > truth.without(UNDECODABLE).kernels.total() / 2


def test_a_class_that_selective_registration_drops_is_not_listed(variants: Variants) -> None:
    """The header that somebody changed by hand leaves out kernels that the other one has."""
    whole, changed = (as_printed(read_variant(variants, name)) for name in ("header", "header_by_hand"))
    assert whole.kernels - changed.kernels
