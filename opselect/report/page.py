"""A document as one HTML file: page, style and scripts of ``templates/report`` put into one."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

from kernel_index.shown import shortened, visible
from opselect.build_lists.templates import template_folder

if TYPE_CHECKING:
    from opselect.report.document import Document


def page(document: Document) -> str:
    """The page of a document: HTML that needs nothing beside it."""
    import jinja2
    from markupsafe import Markup

    folder = template_folder() / "report"

    def inlined(name: str) -> Markup:
        return Markup(_text(folder / name))

    def policy(styles: list[str], scripts: list[str]) -> str:
        return _policy([_text(folder / name) for name in styles], [_text(folder / name) for name in scripts])

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        undefined=jinja2.StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_readable,
    )
    environment.filters["grouped"] = lambda number: f"{number:,}"
    environment.filters["byte_size"] = _byte_size
    return environment.get_template("page.html.j2").render(
        document=document, data=Markup(_data(document)), inlined=inlined, policy=policy
    )


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8")


def _policy(styles: list[str], scripts: list[str]) -> str:
    """What the page may load and run: its own styles and scripts, told by their hashes, and nothing else."""
    of_styles, of_scripts = (" ".join(map(_hash, texts)) for texts in (styles, scripts))
    return (
        f"default-src 'none'; img-src data:; style-src {of_styles}; script-src {of_scripts}; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _data(document: Document) -> str:
    """The JSON of a document where HTML ends no element in it and opens none."""
    text = json.dumps(document.to_json(), separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _readable(value: object) -> object:
    """What stands in the page for a value: names without characters that act, and no longer than can be read."""
    return shortened(visible(value)) if type(value) is str else value


def _byte_size(count: int) -> str:
    """``999 bytes``, ``1.2 kB``, ``553.4 MB``."""
    if abs(count) < 1000:
        return f"{count} byte{'' if count == 1 else 's'}"
    size = abs(count) / 1000
    for unit in ("kB", "MB", "GB", "TB"):
        if size < 999.95 or unit == "TB":
            break
        size /= 1000
    return f"{'-' if count < 0 else ''}{size:.1f} {unit}"
