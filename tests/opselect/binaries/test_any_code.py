"""Whatever bytes stand where code should: they are followed or not, and nothing else happens."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from opselect.binaries.code.machines import flow_of
from opselect.binaries.image import Image
from opselect.binaries.opening import open_images
from opselect.binaries.registrations.reading import read_registrations

BINARIES = Path(__file__).parents[3] / "fixtures" / "binaries" / "elf"


def with_other_code(image: Image, choose: random.Random, share: float) -> Image:
    """The image with some of the bytes of its code replaced by any others."""
    segments = [segment for segment in image.segments if segment.executable]
    regions = []
    for region in image.regions:
        content = region.content.copy()
        for segment in segments:
            first, last = max(segment.address - region.address, 0), segment.address + segment.size - region.address
            part = content[first : max(last, 0)]
            changed = np.frombuffer(choose.randbytes(len(part)), np.uint8)
            where = np.frombuffer(choose.randbytes(len(part)), np.uint8) < 256 * share
            part[where] = changed[where]
        regions.append(replace(region, content=content))
    return replace(image, regions=tuple(regions))


@pytest.mark.parametrize("name", ["x86_64", "i386", "arm64", "thumb"])
def test_any_bytes_may_stand_where_code_should(name: str) -> None:
    (binary,) = open_images(str(BINARIES / f"{name}.so"))
    whole = binary.image()
    choose = random.Random(name)
    for case in range(12):
        image = with_other_code(whole, choose, (1.0, 0.1, 0.02)[case % 3])
        flow = flow_of(image)
        assert flow is not None
        for start in image.functions.starts.tolist():
            flow.calls(start)
        read_registrations(image)
