"""Headless Chromium that opens pages of this project: what it drew, said and asked for."""

from __future__ import annotations

import base64
import json
import shutil
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

OWN = ("file:", "data:", "blob:", "about:", "chrome:")
_AXE_S = 110.0  # a long page on a machine with other work; the driver itself answers within 120
_PATIENCE_S = 120.0  # a first page may have kernels to compile behind it, on a core that is shared
_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--enable-unsafe-swiftshader",  # WebGL without a graphics card, for tests of the shader
    "--force-device-scale-factor=1",
)
_AXE = Path(getattr(find_spec("axe_core_python"), "origin", None) or "").with_name("axe.min.js")


def missing() -> str:
    """Why pages cannot be opened here; empty where they can."""
    programs = [name for name in ("chromium", "chromedriver") if not shutil.which(name)]
    packages = [name for name in ("selenium", "axe_core_python") if not find_spec(name)]
    lacking = [*programs, *packages]
    return f"no {', '.join(lacking)} on this machine" if lacking else ""


needs_browser = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(bool(missing()), reason=missing() or "chromium is here"),
]


def in_browser(test: Any) -> Any:
    """Mark one test as `needs_browser` marks a file."""
    for mark in needs_browser:
        test = mark(test)
    return test


@contextmanager
def open_browser(folder: Path) -> Iterator[Browser]:
    """A new browser with an empty profile; downloads go to `folder`/saved."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for flag in (*_FLAGS, f"--user-data-dir={folder / 'profile'}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
    try:
        saved = folder / "saved"
        saved.mkdir(exist_ok=True)
        behavior = {"behavior": "allow", "downloadPath": str(saved)}
        driver.execute_cdp_cmd("Browser.setDownloadBehavior", behavior)
        yield Browser(driver, saved)
    finally:
        driver.quit()


@contextmanager
def browser_at(port: int, folder: Path, known: Collection[str]) -> Iterator[Browser]:
    """A new browser at a server over TLS. At the end it asked nobody else, and said of no error but
    those that these words are in: a browser reports each page that is refused."""
    with open_browser(folder) as browser:
        browser.driver.execute_cdp_cmd("Security.setIgnoreCertificateErrors", {"ignore": True})
        browser.server = f"https://127.0.0.1:{port}/"
        browser.forget()
        yield browser
        assert [text for text in browser.logged() if not any(one in text for one in known)] == []
        assert browser.asked() == []


class Browser:
    """One window of 1280 x 800 pixels."""

    def __init__(self, driver: Any, saved: Path) -> None:
        self.driver = driver
        self.saved = saved
        self.server = ""  # of the application under test; the only address that may be asked
        self.resize()

    def resize(self, width: int = 1280, height: int = 800, scale: int = 1) -> None:
        """Of the window, in pixels; `scale` is the zoom."""
        size = {"width": width, "height": height, "deviceScaleFactor": scale, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)

    def open(self, page: Path, mark: str = "") -> None:
        """Open a file; `mark` goes after the address (#canvas, #webgl)."""
        self.let_go()
        self.driver.get("about:blank")
        self.forget()
        self.driver.get(page.as_uri() + mark)
        self.settle()

    def settle(self) -> None:
        """Until the page is whole and what it had begun to say is said."""
        self.wait("return document.readyState === 'complete'")
        self.driver.execute_async_script(
            "const done = arguments[arguments.length - 1];"
            "requestAnimationFrame(() => setTimeout(done, 0));"
        )

    def let_go(self) -> None:
        """Let the page be left, whatever was not saved."""
        self.run("if (window.ribin) window.ribin.notes.unsaved = false")

    def forget(self) -> None:
        """Leave aside what was logged and asked for so far."""
        self.logged()
        self.asked()

    @contextmanager
    def other_window(self, opens: str) -> Iterator[None]:
        """In the window that a click opens; closed afterwards, and back in the one before."""
        before = self.driver.current_window_handle
        known = set(self.driver.window_handles)
        self.click(opens)
        end = time.monotonic() + _PATIENCE_S
        while not (fresh := set(self.driver.window_handles) - known):
            assert time.monotonic() < end, f"{opens} opened no window"
            time.sleep(0.02)
        self.driver.switch_to.window(fresh.pop())
        try:
            yield
        finally:
            self.driver.close()
            self.driver.switch_to.window(before)

    def open_comparison(self, page: Path, mark: str = "") -> None:
        """Open a comparison page and wait for its first picture."""
        self.open(page, mark)
        self.wait("return document.body.dataset.firstPictureMs !== undefined")

    def run(self, script: str, *values: Any) -> Any:
        return self.driver.execute_script(script, *values)

    def wait(self, script: str, seconds: float = _PATIENCE_S) -> None:
        """Until a script says true; fails with what the page said instead."""
        end = time.monotonic() + seconds
        while not self.run(script):
            assert time.monotonic() < end, f"{script}: {self._errors()}"
            time.sleep(0.02)

    def find(self, css: str) -> Any:
        return self.driver.find_element("css selector", css)

    def click(self, css: str) -> None:
        self.find(css).click()

    def keys(self, *keys: str) -> None:
        """Press keys one after the other, wherever the focus is."""
        from selenium.webdriver import ActionChains

        ActionChains(self.driver).send_keys(*keys).perform()

    def drag(self, start: tuple[float, float], end: tuple[float, float], *held: str) -> None:
        """From one point of the window to another, (x, y), while keys are held."""
        from selenium.webdriver import ActionChains
        from selenium.webdriver.common.actions.action_builder import ActionBuilder

        for key in held:
            ActionChains(self.driver).key_down(key).perform()
        actions = ActionBuilder(self.driver, duration=20)
        pointer = actions.pointer_action
        pointer.move_to_location(*map(round, start)).pointer_down()
        middle = [(a + b) / 2 for a, b in zip(start, end, strict=True)]
        for point in (middle, end):
            pointer.move_to_location(*map(round, point))
        pointer.pointer_up()
        actions.perform()
        for key in held:
            ActionChains(self.driver).key_up(key).perform()

    def middle(self, css: str) -> tuple[float, float]:
        """Middle of an element in the window, (x, y)."""
        box = self.run(
            "const b = document.querySelector(arguments[0]).getBoundingClientRect();"
            "return [b.x + b.width / 2, b.y + b.height / 2];",
            css,
        )
        return box[0], box[1]

    def text(self, css: str) -> str:
        return str(self.run("return document.querySelector(arguments[0]).textContent", css))

    def canvas(self) -> np.ndarray:
        """What the stage shows now, without overlays: (H, W, 3) uint8."""
        import cv2

        url = self.run(
            "window.ribin.stage.drawNow();"
            "return document.querySelector('#stage canvas').toDataURL('image/png')"
        )
        data = np.frombuffer(base64.b64decode(url.partition(",")[2]), np.uint8)
        return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR))

    def stage(self, expression: str) -> Any:
        """A value of the stage: `stage("camera.scale")`."""
        return self.run(f"return window.ribin.stage.{expression}")

    def logged(self) -> list[str]:
        """Errors that the page, which is whole, reported since it was last asked."""
        if self.driver.current_url.startswith(("file:", "http")):
            self.settle()
        return self._errors()

    def _errors(self) -> list[str]:
        entries = self.driver.get_log("browser")
        return [entry["message"] for entry in entries if entry["level"] == "SEVERE"]

    def asked(self) -> list[str]:
        """Addresses that were asked for since, other than files and what a page holds itself."""
        found = []
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                found.append(message["params"]["request"]["url"])
        own = (*OWN, self.server) if self.server else OWN
        return [url for url in found if not url.startswith(own)]

    def complaints(self, every: bool = False, without: Sequence[str] = ()) -> list[str]:
        """What axe-core finds serious or critical in the page, which is whole, one line each; with
        `every` also what is of less impact, and `without` some of its rules."""
        self.settle()
        self.run(_AXE.read_text(encoding="utf-8"))
        self.driver.set_script_timeout(_AXE_S)
        rules = {rule: {"enabled": False} for rule in without}
        found = self.driver.execute_async_script(
            "const [options, done] = arguments;"
            "axe.run(options).then((found) => done(found.violations), (e) => done(String(e)));",
            {"resultTypes": ["violations"], "rules": rules},
        )
        assert isinstance(found, list), found
        return [
            f"{one['id']}: {node['target']} {node['html'][:100]}"
            for one in found
            if every or one["impact"] in ("serious", "critical")
            for node in one["nodes"]
        ]

    def saved_file(self, ending: str) -> Path:
        """The file of this ending that was saved last; waits for it."""
        end = time.monotonic() + _PATIENCE_S
        while not (found := list(self.saved.glob(f"*{ending}"))):
            assert time.monotonic() < end, f"no {ending} saved"
            time.sleep(0.05)
        return max(found, key=lambda path: path.stat().st_mtime_ns)
