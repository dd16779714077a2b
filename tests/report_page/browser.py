"""A headless Chromium: one of each process that runs tests, which opens pages, presses keys and says what it saw."""

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, cast

import pytest

from opselect.report.document import Document
from opselect.report.page import page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")
AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
"""The checker of accessibility, which test.sh installs."""

needs_browser = pytest.mark.skipif(
    CHROMIUM is None or DRIVER is None, reason="no browser (Debian: apt-get install chromium chromium-driver)"
)
"""For tests that a machine without Chromium and its driver cannot run."""

PHONE, DESKTOP = (360, 740), (1280, 900)

# As root there is no sandbox, and /dev/shm of a container is too small. The driver is named: nothing is downloaded.
_FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--hide-scrollbars",
    "--no-first-run",
)


class Browser:
    """Chromium with pages of documents. ``complaints`` and ``requests`` say what happened since a page was opened."""

    def __init__(self) -> None:
        from selenium import webdriver
        from selenium.webdriver.chrome.service import Service

        options = webdriver.ChromeOptions()
        options.binary_location = str(CHROMIUM)
        for flag in _FLAGS:
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=Service(str(DRIVER)))

    def quit(self) -> None:
        self.driver.quit()

    def open(
        self,
        document: Document | Path,
        folder: Path,
        *,
        size: tuple[int, int] = DESKTOP,
        scheme: Literal["light", "dark"] = "light",
        scripts: bool = True,
    ) -> None:
        """Opens the page of a document, or one that is there, in a window of a size in pixels."""
        file = document
        if isinstance(document, Document):
            file = folder / "page.html"
            file.write_text(page(document), encoding="utf-8")
        for kind in ("browser", "performance"):
            self._log(kind)  # what was of the page before is no longer of interest
        self.resize(size)
        features = [
            {"name": "prefers-color-scheme", "value": scheme},
            {"name": "prefers-reduced-motion", "value": "reduce"},
        ]
        self.tell("Emulation.setEmulatedMedia", features=features)
        self.tell("Emulation.setScriptExecutionDisabled", value=not scripts)
        self.driver.get(cast("Path", file).resolve().as_uri())

    def resize(self, size: tuple[int, int]) -> None:
        """Makes the window so many pixels wide and high."""
        screen = {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": False}
        self.tell("Emulation.setDeviceMetricsOverride", **screen)

    def tell(self, command: str, **values: object) -> Mapping[str, Any]:
        """Chromium's own commands (the DevTools protocol)."""
        return cast("Mapping[str, Any]", self.driver.execute_cdp_cmd(command, values))

    def ask(self, script: str, *values: object) -> Any:
        """What a function body in the page returns. It runs whatever the page's policy is."""
        return self.driver.execute_script(script, *values)

    def text(self, selector: str) -> str:
        """The text of the first element, as one reads it."""
        return str(self.ask("return document.querySelector(arguments[0]).innerText", selector))

    def texts(self, selector: str) -> list[str]:
        """The text of each element, hidden ones too."""
        script = "return [...document.querySelectorAll(arguments[0])].map((each) => each.textContent.trim())"
        return list(self.ask(script, selector))

    def click(self, selector: str, text: str = "") -> None:
        """Clicks near the corner of the first element whose text, or name for a screen reader, begins so.

        In its middle there may be a box that lies inside it.
        """
        place = self.ask(
            """const found = [...document.querySelectorAll(arguments[0])]
                .find((each) => (each.getAttribute("aria-label") ?? each.textContent).startsWith(arguments[1]));
            found?.scrollIntoView({block: "center"});
            const {x, y, width, height} = found?.getBoundingClientRect() ?? {};
            return found && [Math.round(x + Math.min(8, width / 2)), Math.round(y + Math.min(8, height / 2))];""",
            selector,
            text,
        )
        assert place, f"no {selector} that begins with {text!r}"
        for kind in ("mousePressed", "mouseReleased"):
            self.tell("Input.dispatchMouseEvent", type=kind, x=place[0], y=place[1], button="left", clickCount=1)
        self.settle(0)

    def settle(self, milliseconds: int = 150) -> None:
        """Waits until the page has drawn and done what was put off for so long."""
        script = "const [wait, done] = arguments; requestAnimationFrame(() => setTimeout(done, wait))"
        self.driver.execute_async_script(script, milliseconds)

    def press(self, *keys: str) -> None:
        """Keys one after the other, to what has the focus."""
        from selenium.webdriver.common.action_chains import ActionChains
        from selenium.webdriver.common.keys import Keys

        actions = ActionChains(self.driver, duration=0)
        for key in keys:
            actions.send_keys(getattr(Keys, key.upper()) if len(key) > 1 else key)
        actions.perform()

    def fill(self, selector: str, text: str) -> None:
        """Types a text into a field instead of what is there, and waits until the page has settled."""
        field = self.driver.find_element("css selector", selector)
        field.clear()
        field.send_keys(text)
        self.settle()

    def focused(self) -> str:
        """The name of what has the focus."""
        script = "const at = document.activeElement; return at.getAttribute('aria-label') ?? at.textContent"
        return str(self.ask(script))

    def spoken(self) -> str:
        """What was said last to those who hear the page."""
        return str(self.ask("return document.getElementById('spoken').textContent")).strip()

    def complaints(self) -> Sequence[str]:
        """Errors and warnings of the console."""
        return [entry["message"] for entry in self._log("browser")]

    def requests(self) -> Sequence[str]:
        """The URLs that were asked for."""
        messages = [json.loads(entry["message"])["message"] for entry in self._log("performance")]
        sent = [each["params"]["request"]["url"] for each in messages if each["method"] == "Network.requestWillBeSent"]
        return [url for url in sent if not url.startswith("data:,")]

    def violations(self) -> Sequence[str]:
        """What axe-core finds serious or critical, with the first place of each; skips the test where it is missing."""
        if not AXE.is_file():
            pytest.skip("axe-core is not installed (npm install axe-core@4.14.1)")
        self.ask(AXE.read_text(encoding="utf-8"))
        found = self.driver.execute_async_script(
            """const [done] = arguments;
            const told = (each) => [each.impact, each.id, each.nodes[0].html, each.nodes[0].failureSummary];
            axe.run(document, {resultTypes: ["violations"]}).then((found) => done(found.violations.map(told)));"""
        )
        return [f"{name}: {where} {why}" for impact, name, where, why in found if impact in ("serious", "critical")]

    def pdf(self) -> bytes:
        """The page as it is printed."""
        return base64.b64decode(self.tell("Page.printToPDF")["data"])

    def picture(self) -> bytes:
        """A PNG of the window."""
        return base64.b64decode(self.tell("Page.captureScreenshot", format="png")["data"])

    def _log(self, kind: str) -> list[dict[str, Any]]:
        return cast("list[dict[str, Any]]", self.driver.get_log(kind))  # type: ignore[no-untyped-call] # selenium leaves it untyped
