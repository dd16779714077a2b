"""The built documentation: every page is in its navigation, every link leads somewhere, nothing comes from the network.

    python -m tests.site site

``zensical build --strict`` looks at links between pages; it passes over pages that the navigation names and that are
not there, pages that it does not name, anchors, and what pages load. Exit code 1 with a line for each fault.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

ROOT = Path(__file__).resolve().parents[1]
LOADS = {
    "script": "src",
    "img": "src",
    "iframe": "src",
    "source": "src",
    "video": "src",
    "object": "data",
    "use": "href",
}
LOADING_LINKS = frozenset({"stylesheet", "preload", "preconnect", "dns-prefetch", "icon", "manifest", "modulepreload"})

FETCHED = frozenset({"mermaid", "glightbox"})
"""Classes of elements for which the theme's script fetches another one."""


class Page(HTMLParser):
    """What one page loads, where its links lead, and the anchors it has."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.classes: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.anchors |= {values[name] for name in ("id", "name") if name in values}
        self.classes |= set(values.get("class", "").split())
        if tag == "link" and LOADING_LINKS & set(values.get("rel", "").split()):
            self.loaded.append(values.get("href", ""))
        if tag == "a" and "href" in values:
            self.links.append(values["href"])
        if (name := LOADS.get(tag)) in values and name is not None:
            self.loaded.append(values[name])


def faults_of_site(site: Path) -> Iterator[str]:
    """What is wrong with the pages of a built site."""
    pages = {path: Page(path.read_text("utf-8")) for path in sorted(site.rglob("*.html"))}
    for sheet in sorted(site.rglob("*.css")):
        found = re.findall(r"(?:url\(|@import)\s*[\"']?((?:https?:)?//[^\"')]+)", sheet.read_text("utf-8"))
        yield from (f"{sheet.relative_to(site)}: loads {url}" for url in found)
    for path, page in pages.items():
        name = path.relative_to(site)
        yield from (f"{name}: loads {url}" for url in page.loaded if urlsplit(url).netloc)
        yield from (f"{name}: has a {kind}, which a script loads" for kind in FETCHED & page.classes)
        if name.name == "404.html":
            continue  # it is shown for any address, and its links count from the root of the host
        for url in [*page.links, *page.loaded]:
            parts = urlsplit(url)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if not target.exists() or not target.is_relative_to(site.resolve()):
                yield f"{name}: {url} leads nowhere"
            elif parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].anchors:
                yield f"{name}: {url} has no such anchor"


def faults_of_navigation(configuration: str, docs: Path) -> Iterator[str]:
    """Pages that the navigation names and that are not there, and pages that it does not name.

    A folder whose README.md it names has its pages listed there.
    """
    named = re.findall(r'"([\w/]+\.md)"', configuration)
    yield from (f"zensical.toml: {page} is not there" for page in named if not (docs / page).is_file())
    yield from (
        f"zensical.toml: names {page} twice" for page in sorted({page for page in named if named.count(page) > 1})
    )
    for path in sorted(docs.rglob("*.md")):
        page, index = path.relative_to(docs).as_posix(), path.parent / "README.md"
        listed = index.is_file() and f"({path.name})" in index.read_text("utf-8")
        if page not in named and not (listed and index.relative_to(docs).as_posix() in named):
            yield f"zensical.toml: the navigation does not lead to {page}"


def main() -> int:
    site = Path(sys.argv[1]).resolve()
    configuration = (ROOT / "zensical.toml").read_text("utf-8")
    faults = [*faults_of_navigation(configuration, ROOT / "docs"), *faults_of_site(site)]
    sys.stdout.writelines(f"{fault}\n" for fault in faults)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
