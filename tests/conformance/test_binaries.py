"""What is read out of TensorFlow's libraries is what a running TensorFlow says, stripped or not.

``OPSELECT_LIBRARIES`` names folders with the libraries of wheels, ``RELEASE=FOLDER`` each and colons between them;
``OPSELECT_REGISTRIES`` a folder with tables that ``dump_registry.py`` wrote.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from kernel_index.shipped import minor_of, releases
from tests.conformance.libraries import STRIP, compare_release, report
from tests.conformance.registry import REGISTRIES, table_of

NAMED = [part for part in os.environ.get("OPSELECT_LIBRARIES", "").split(":") if part]


@pytest.mark.parametrize("named", NAMED or [""])
def test_a_library_is_read_as_it_registers(named: str) -> None:
    release, _, folder = named.partition("=")
    if not folder:
        pytest.skip("OPSELECT_LIBRARIES names no RELEASE=FOLDER with the libraries of a wheel")
    missing = [tool for tool in STRIP.values() if shutil.which(tool) is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")
    if minor_of(release) not in map(minor_of, releases()):
        pytest.skip(f"no index of {release} is shipped")
    table = table_of("registered_kernels", release, Path(os.environ.get("OPSELECT_REGISTRIES", REGISTRIES)))
    libraries, registry, index = compare_release(minor_of(release), Path(folder), table)
    print(report(libraries, registry, index, everything=True))
    assert libraries
    for library in libraries:
        assert not library.lost_by_stripping
        assert not library.made_by_stripping
        assert not library.definitions_changed_by_stripping
    assert registry is None or registry.unexplained == ()
    assert index.unexplained == ()
