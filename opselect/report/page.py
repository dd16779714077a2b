"""A document as one HTML file: its styles, its script and its data are in it, and nothing is fetched."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from opselect.build_lists.templates import template_folder
from opselect.report.document import Document
from opselect.report.fitting import LEVELS, fitted
from opselect.report.packing import packed_json

MAX_BYTES = 3_000_000
"""What a page may have: more takes long to open."""

_ESCAPED = {sign: f"\\u{ord(sign):04x}" for sign in "<>&\u2028\u2029"}
"""Signs by which a text could end the element that it stands in, or a line of a script, as JSON spells them besides."""

_STEPS = (("kB", 1e3), ("MB", 1e6), ("GB", 1e9))


class Page(NamedTuple):
    """The text of a page, and how many rows of tables are not in it for its size."""

    text: str
    rows_left_out: int


def page(document: Document) -> str:
    """The text of :func:`made_page`."""
    return made_page(document).text


def made_page(document: Document) -> Page:
    """The page, of at most :data:`MAX_BYTES` bytes in UTF-8; the same document gives the same page.

    ``templates/report/page.html.j2`` gets the document as ``document`` and its JSON as ``data``. Of a file beside it
    ``inlined("report.css")`` is the text, and ``policy(styles, scripts)`` is the security policy that lets such files
    run and nothing else, each in an element of its own.

    Names are shown so that they act on nobody, and where a page would be too large, names are cut and rows are left
    out, which the page says.
    """
    for limits in LEVELS:
        shown = fitted(document, limits)
        text = _rendered(shown)
        if len(text.encode()) <= MAX_BYTES:
            break
    return Page(text, sum(table.more for table in shown.tables))


def data_text(document: Document) -> str:
    """The JSON of a document for an element ``<script>``: no text in it ends the element."""
    text = json.dumps(packed_json(document), ensure_ascii=False, separators=(",", ":"))
    for sign, escaped in _ESCAPED.items():
        text = text.replace(sign, escaped)
    return text


def _rendered(document: Document) -> str:
    import jinja2
    from markupsafe import Markup

    folder = template_folder() / "report"
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=True,
    )
    environment.filters["grouped"] = lambda number: f"{number:,}"
    environment.filters["byte_size"] = byte_size
    environment.globals["inlined"] = lambda name: Markup(_text(folder / name))
    environment.globals["policy"] = lambda styles, scripts: _policy(
        [_text(folder / name) for name in styles], [_text(folder / name) for name in scripts]
    )
    data = Markup(data_text(document))
    return environment.get_template("page.html.j2").render(document=document, data=data)


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _policy(styles: Sequence[str], scripts: Sequence[str]) -> str:
    """What the page may load and run: its own styles and scripts, told by their hashes, and nothing else."""
    sources = {"style-src": styles, "script-src": scripts}
    allowed = [f"{kind} {' '.join(map(_hash, texts))}" for kind, texts in sources.items()]
    return "; ".join(["default-src 'none'", "img-src data:", *allowed, "base-uri 'none'", "form-action 'none'"])


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def byte_size(count: int) -> str:
    """``999 bytes``, ``1.2 kB``, ``-553.4 MB``: steps of a thousand."""
    if abs(count) < 1000:
        return f"{count} byte{'' if abs(count) == 1 else 's'}"
    unit, step = next((each for each in _STEPS if abs(count) / each[1] < 999.95), _STEPS[-1])
    return f"{count / step:.1f} {unit}"
