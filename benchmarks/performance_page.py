"""docs/performance.md and its picture, made of what ``benchmarks/run --save`` measured.

``python -m benchmarks.performance_page`` makes both again.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator, Mapping, Sequence
from math import log
from pathlib import Path
from typing import Any

from benchmarks.figures import Curve, Figure, Measured, amount, limit, times, verdict

ROOT = Path(__file__).resolve().parents[1]
MEASURED = ROOT / "benchmarks" / "measured.json"
PAGE = ROOT / "docs" / "performance.md"
PICTURE = ROOT / "docs" / "images" / "growth.svg"

BEGINNING = """# Performance

What opselect takes, each beside a public tool that did the same or less in the same run, and the limit that the project
holds itself to. `benchmarks/run --tree PATH --python PROGRAM --save` measures all of it and makes this page: PATH is a
checkout of TensorFlow, PROGRAM a Python with TensorFlow. Seconds differ from machine to machine; ratios do so less.
Unless it says otherwise a figure is a whole process, the median of several that took turns with the tool's.

"""


def write_page() -> None:
    """Makes the page and the picture of the figures that were kept."""
    kept = json.loads(MEASURED.read_text())
    PICTURE.write_text(picture(_curves(kept["benchmarks"])))
    PAGE.write_text(page(kept))


def page(kept: Mapping[str, Any]) -> str:
    """The text of the page."""
    machine, benchmarks = kept["machine"], kept["benchmarks"]
    lines = [
        BEGINNING.rstrip(),
        "",
        f"Measured on {machine['date']}: {machine['system']}, {machine['cores']} cores, Python {machine['python']}.",
        "",
        *_missed(benchmarks),
    ]
    for name, rows in benchmarks.items():
        title, *_ = (importlib.import_module(f"benchmarks.bench_{name}").__doc__ or "").splitlines()
        lines += [f"## {title.rstrip('.')}", ""]
        if "not_measured" in rows:
            lines += [f"Not measured: {rows['not_measured']}.", ""]
            continue
        measured = Measured.of_json(rows)
        lines += [*_figure_table(measured.figures), *_curve_table(measured.curves)]
        lines += [f"{'; '.join(measured.notes)}.", ""] if measured.notes else []
    lines += [
        "## Growth",
        "",
        "How times grow where the input doubles: on the lower dashed line they double, too, on the upper one they grow",
        "with the square.",
        "",
        "![Times against sizes, both as multiples of the smallest, on logarithmic axes, with a dashed line for times",
        "that double with sizes and one for times that grow with their square.](images/growth.svg)",
    ]
    return "\n".join(lines) + "\n"


def _missed(benchmarks: Mapping[str, Any]) -> Iterator[str]:
    missed = [each for rows in benchmarks.values() if "figures" in rows for each in Measured.of_json(rows).missed]
    if not missed:
        yield from ("All limits are kept.", "")
        return
    yield from ("Limits that are missed:", "")
    for each in missed:
        yield f"- {each.what}: {each.reason or 'the reason is not known'}"
    yield ""


def _figure_table(figures: Sequence[Figure]) -> Iterator[str]:
    if not figures:
        return
    yield from ("| figure | opselect | beside | ratio | limit | |", "|---|---|---|---|---|---|")
    for each in figures:
        beside = "" if each.theirs is None else f"{each.tool}: {amount(each.theirs, each.unit)}"
        ratio = "" if each.ratio is None else times(each.ratio)
        cells = (each.what, amount(each.ours, each.unit), beside, ratio, limit(each), verdict(each.kept))
        yield f"| {' | '.join(cells)} |"
    yield ""


def _curve_table(curves: Sequence[Curve]) -> Iterator[str]:
    if not curves:
        return
    yield from ("| seconds of the processor | of | sizes | seconds | growth | |", "|---|---|---|---|---|---|")
    for each in curves:
        sizes = ", ".join(f"{size:,}" for size in each.sizes)
        seconds = ", ".join(f"{took:.2f}" for took in each.seconds)
        growth = ", ".join(f"{ratio:.1f}" for ratio in each.growth)
        yield f"| {each.what} | {each.of} | {sizes} | {seconds} | {growth} | {verdict(each.kept)} |"
    yield ""


def _curves(benchmarks: Mapping[str, Any]) -> list[Curve]:
    return [curve for rows in benchmarks.values() if "curves" in rows for curve in Measured.of_json(rows).curves]


WIDTH, HEIGHT, MARGIN = 640, 400, 48
WIDEST = 8
"""The multiple of the smallest size, and time, that the axes end at."""


def picture(curves: Sequence[Curve]) -> str:
    """All curves as multiples of their first point, on logarithmic axes, as SVG in the colours of the reader."""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">',
        "<title>How times grow with sizes</title>",
        (
            "<style>text{font:12px sans-serif;fill:#57606a}path{fill:none;stroke-width:1.5}"
            ".curve{stroke:#0969da;opacity:.6}"
            ".guide{stroke:#8c959f;stroke-dasharray:4 4}.axis{stroke:#8c959f}"
            "@media(prefers-color-scheme:dark){text{fill:#9ea7b3}.curve{stroke:#4493f8}}</style>"
        ),
        _path("axis", [(1, WIDEST), (1, 1), (WIDEST, 1)]),
        _path("guide", [(1, 1), (WIDEST, WIDEST)]),
        _path("guide", [(1, 1), (WIDEST**0.5, WIDEST)]),
        *(
            _path("curve", [(size / each.sizes[0], took / each.seconds[0]) for size, took in _points(each)])
            for each in curves
        ),
    ]
    for number in (1, 2, 4, WIDEST):
        x, y = _place(number, number)
        parts += [
            f'<text x="{x:.0f}" y="{HEIGHT - MARGIN + 18}" text-anchor="middle">{number} ×</text>',
            f'<text x="{MARGIN - 8}" y="{y + 4:.0f}" text-anchor="end">{number} ×</text>',
        ]
    middle = HEIGHT / 2
    parts += [
        f'<text x="{WIDTH / 2:.0f}" y="{HEIGHT - 8}" text-anchor="middle">size of the input</text>',
        f'<text x="14" y="{middle:.0f}" text-anchor="middle" transform="rotate(-90 14 {middle:.0f})">time</text>',
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _points(curve: Curve) -> Iterator[tuple[int, float]]:
    yield from zip(curve.sizes, curve.seconds, strict=True)


def _place(size: float, took: float) -> tuple[float, float]:
    across, up = log(size) / log(WIDEST), log(max(took, 1e-9)) / log(WIDEST)
    return MARGIN + across * (WIDTH - 2 * MARGIN), HEIGHT - MARGIN - up * (HEIGHT - 2 * MARGIN)


def _path(kind: str, points: Sequence[tuple[float, float]]) -> str:
    places = (_place(*point) for point in points)
    return f'<path class="{kind}" d="M{" L".join(f"{x:.1f} {y:.1f}" for x, y in places)}"/>'


if __name__ == "__main__":
    write_page()
