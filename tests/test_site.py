"""What is asked of the built documentation: pages in, faults out."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.site import ROOT, faults_of_navigation, faults_of_site


def faults(folder: Path, **pages: str) -> list[str]:
    for name, text in pages.items():
        (folder / f"{name}.html").write_text(text)
    return [*faults_of_site(folder)]


@pytest.mark.parametrize(
    ("page", "fault"),
    [
        ('<script src="https://cdn.example/x.js"></script>', "a.html: loads https://cdn.example/x.js"),
        ('<img src="//cdn.example/x.png">', "a.html: loads //cdn.example/x.png"),
        ('<link rel="preconnect" href="https://fonts.example">', "a.html: loads https://fonts.example"),
        ('<link rel="stylesheet" href="gone.css">', "a.html: gone.css leads nowhere"),
        ('<pre class="mermaid">graph</pre>', "a.html: has a mermaid, which a script loads"),
        ('<a href="c.html">', "a.html: c.html leads nowhere"),
        ('<a href="../a.html">', "a.html: ../a.html leads nowhere"),
        ('<a href="b.html#there">', "a.html: b.html#there has no such anchor"),
        ('<a href="#there">', "a.html: #there has no such anchor"),
    ],
)
def test_faults_of_a_page(tmp_path: Path, page: str, fault: str) -> None:
    assert faults(tmp_path, a=page, b="<p id='here'>") == [fault]


def test_a_link_out_of_the_site_leads_nowhere(tmp_path: Path) -> None:
    (tmp_path / "beside.html").write_text("<p>")
    (tmp_path / "site").mkdir()
    assert faults(tmp_path / "site", a='<a href="../beside.html">') == ["a.html: ../beside.html leads nowhere"]


def test_a_page_without_faults(tmp_path: Path) -> None:
    links = '<a href="b.html#he%72e"><a href="https://elsewhere.example"><a href="#top"><p id="top">'
    assert faults(tmp_path, a=links, b="<p id='here'>") == []


def test_a_style_sheet_that_loads_fonts(tmp_path: Path) -> None:
    (tmp_path / "a.css").write_text(
        "@font-face { src: url('https://fonts.example/a.woff2') } p { background: url(a.png) }"
    )
    assert faults(tmp_path) == ["a.css: loads https://fonts.example/a.woff2"]


def test_the_navigation_leads_to_all_pages_and_to_no_other(tmp_path: Path) -> None:
    (tmp_path / "codes").mkdir()
    for name in ("a.md", "b.md", "codes/one.md", "codes/two.md"):
        (tmp_path / name).touch()
    (tmp_path / "codes/README.md").write_text("- [one](one.md)")
    assert [*faults_of_navigation('nav = ["a.md", "a.md", "c.md", "codes/README.md"]', tmp_path)] == [
        "zensical.toml: c.md is not there",
        "zensical.toml: names a.md twice",
        "zensical.toml: the navigation does not lead to b.md",
        "zensical.toml: the navigation does not lead to codes/two.md",
    ]


def test_the_navigation_of_the_documentation() -> None:
    assert [*faults_of_navigation((ROOT / "zensical.toml").read_text("utf-8"), ROOT / "docs")] == []
