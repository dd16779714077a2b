"""Makes docs/images/report.png, which stands in the README: python -m tests.report_page.screenshot"""

from __future__ import annotations

import base64
import contextlib
import io
import os
import shutil
import struct
import tempfile
import zlib
from pathlib import Path

import numpy as np

from opselect.cli.main import run
from tests.report_page.browser import Browser

ROOT = Path(__file__).parents[2]
PICTURE = ROOT / "docs" / "images" / "report.png"
WIDTH = 1280

SHOWN = (ROOT / "fixtures" / "audit" / "libwide.so", ROOT / "fixtures" / "findings" / "relu.pbtxt")
BUDGET = "total: 18 kB\nany_op: 1 kB\n"


def main() -> None:
    """The page of a library that is larger than it may be and carries more than its model needs, its ops opened."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.chdir(folder)  # so that the page names files, and no folders of this machine
        for file in SHOWN:
            shutil.copy(file, folder)
        Path("budget.yaml").write_text(BUDGET, encoding="utf-8")
        with contextlib.redirect_stdout(io.StringIO()):
            library, model = (file.name for file in SHOWN)
            run(
                [
                    "audit",
                    library,
                    "--model",
                    model,
                    "--budget",
                    "budget.yaml",
                    "--tensorflow",
                    "2.14",
                    "--html",
                    "page.html",
                    "-q",
                ]
            )
        browser = Browser()
        try:
            browser.open(folder / "page.html", folder, size=(WIDTH, 900))
            browser.click(".box", "ops")
            end = browser.ask(
                "document.activeElement.blur(); window.scrollTo(0, 0);"
                "return document.querySelector('.as-table').getBoundingClientRect().bottom + 24"
            )
            browser.resize((WIDTH, round(end)))
            browser.settle()
            PICTURE.parent.mkdir(exist_ok=True)
            PICTURE.write_bytes(with_palette(browser, browser.picture()))
        finally:
            browser.quit()


def with_palette(browser: Browser, png: bytes) -> bytes:
    """The same picture in its 256 most frequent colours, which is less than half as large."""
    browser.driver.get("about:blank")
    pixels = browser.driver.execute_async_script(
        """const [data, done] = arguments;
        const image = new Image();
        image.onload = () => {
            const canvas = new OffscreenCanvas(image.width, image.height).getContext("2d");
            canvas.drawImage(image, 0, 0);
            const {data: values} = canvas.getImageData(0, 0, image.width, image.height);
            const parts = [];
            for (let at = 0; at < values.length; at += 30000) {
                parts.push(String.fromCharCode(...values.subarray(at, at + 30000)));
            }
            done([image.width, image.height, btoa(parts.join(""))]);
        };
        image.src = "data:image/png;base64," + data;""",
        base64.b64encode(png).decode(),
    )
    width, height, text = pixels
    colours = np.frombuffer(base64.b64decode(text), np.uint8).reshape(-1, 4)[:, :3].astype(np.int32)
    found, numbers, counts = np.unique(colours, axis=0, return_inverse=True, return_counts=True)
    palette = found[np.argsort(-counts, kind="stable")[:256]]
    nearest = np.array([((palette - each) ** 2).sum(axis=1).argmin() for each in found], np.uint8)
    rows = nearest[numbers.reshape(height, width)]
    lines = np.concatenate([np.zeros((height, 1), np.uint8), rows], axis=1)  # a row begins with its filter: none
    header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    parts = [(b"IHDR", header), (b"PLTE", palette.astype(np.uint8).tobytes())]
    parts += [(b"IDAT", zlib.compress(lines.tobytes(), 9)), (b"IEND", b"")]
    return png[:8] + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    )


if __name__ == "__main__":
    main()
