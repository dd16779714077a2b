"""The tables of docs/criteria.md: what they say, and how to bring them up to date.

``python -m tests.opselect.selection.left_out_by_default.criteria_page`` writes them anew from the data.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from kernel_index import shipped
from kernel_index.kernel_lookup import CPU, DEFAULT
from kernel_index.store import open_index
from opselect.criteria import CRITERIA, OTHER
from opselect.requirements.collect import Requirement
from opselect.selection.left_out_by_default import LeftOut, MobileBuild

PAGE = Path(__file__).resolve().parents[4] / "docs" / "criteria.md"
RELEASES = ("1.4", "1.13", "1.15", "2.4", "2.14")
PROFILE = "android"


def tables(page: str) -> dict[str, str]:
    """The text of each table between its marks."""
    return dict(re.findall(r"<!-- (\w+) -->\n\n(.*?)\n\n<!-- end -->", page, re.DOTALL))


def expected() -> dict[str, str]:
    """The tables as the data have them."""
    return {"criteria": _criteria(), "numbers": _numbers()}


def left_out(release: str) -> tuple[int, Counter[str]]:
    """How many ops have a kernel on the desktop, and those of them that a mobile build lacks, by criterion."""
    index = open_index(shipped.find(release))
    build = MobileBuild(index, PROFILE)
    there = {r.op for r in index.all_registrations() if "desktop" in r.profiles and r.device in (CPU, DEFAULT)}
    built = {r.op for r in index.all_registrations() if PROFILE in r.profiles and build.compiles(r.source)}
    absent = sorted(there - built)
    found = [_why(build, op) for op in absent]
    return len(there), Counter(each.criterion.key for each in found if each is not None)


def _why(build: MobileBuild, op: str) -> LeftOut | None:
    """Why the build lacks what one of the desktop's kernels of an op does."""
    kernels = [r for r in build.index.registrations(op) if r.device in (CPU, DEFAULT) and "desktop" in r.profiles]
    kernels.sort(key=lambda r: (r.label, r.location))
    needs = (Requirement(op, tuple((c.attr, c.allowed[0]) for c in r.constraints), label=r.label) for r in kernels)
    return next(filter(None, map(build.left_out, needs)), None)


def _criteria() -> str:
    rows = [
        f"| `{c.key}` | [{c.code}](findings/{c.code}.md) | {c.title} | {c.sentence} | {c.source} |" for c in CRITERIA
    ]
    return "\n".join(
        ["| criterion | code | what falls under it | why it is left out | source |", "|---|---|---|---|---|", *rows]
    )


def _numbers() -> str:
    rows = []
    for release in RELEASES:
        ops, counts = left_out(release)
        absent = counts.total()
        explained = absent - counts[OTHER.key]
        rows.append(
            f"| {release} | {ops:,} | {absent} | {explained} ({explained / absent:.0%}) | {counts[OTHER.key]} |"
        )
    head = "| release | ops with a CPU kernel on the desktop | left out of `android` | with a reason | under `other` |"
    return "\n".join([head, "|---|---|---|---|---|", *rows])


def refreshed(page: str) -> str:
    """The page with both tables as the data have them."""
    for name, text in expected().items():
        page = re.sub(rf"(<!-- {name} -->\n\n).*?(\n\n<!-- end -->)", rf"\g<1>{text}\g<2>", page, flags=re.DOTALL)
    return page


if __name__ == "__main__":
    PAGE.write_text(refreshed(PAGE.read_text()))
