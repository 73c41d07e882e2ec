"""A headless Chromium with ears: what a page logs, and what it asks the network for."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

CHROMIUM, DRIVER = Path("/usr/bin/chromium"), Path("/usr/bin/chromedriver")
FLAGS = (
    "--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run "
    "--disable-background-networking --disable-component-update --disable-sync "
    "--disable-dev-shm-usage --hide-scrollbars"
)
LOCAL = ("file:", "blob:", "data:", "about:", "chrome:", "devtools:")


class Browser(webdriver.Chrome):
    """Selenium's Chrome with the page's console errors and requests."""

    def resize(self, width: int, height: int) -> None:
        """Change the size of the visible page; a narrow one is a phone's."""
        self.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500},
        )

    def visit(self, page: Path, width: int = 1200, height: int = 900) -> None:
        """Open a file at a size of the visible page, with the logs empty."""
        self.resize(width, height)
        self.get_log("browser"), self.get_log("performance")
        self.get(page.resolve().as_uri())

    def errors(self) -> list[str]:
        """Console errors since the visit."""
        return [e["message"] for e in self.get_log("browser") if e["level"] == "SEVERE"]

    def asked(self) -> list[str]:
        """Addresses asked for since the visit."""
        events = [json.loads(entry["message"])["message"] for entry in self.get_log("performance")]
        return [
            event["params"]["request"]["url"]
            for event in events
            if event["method"] == "Network.requestWillBeSent"
        ] + [event["params"]["url"] for event in events if event["method"] == "Network.webSocketCreated"]

    def outside(self) -> list[str]:
        """Addresses asked for since the visit that are not on this machine's disk."""
        return [url for url in self.asked() if not url.startswith(LOCAL)]


@contextmanager
def chromium() -> Iterator[Browser]:
    """A fresh browser, closed and its profile removed afterwards."""
    profile = tempfile.mkdtemp()
    options = webdriver.ChromeOptions()
    options.binary_location = str(CHROMIUM)
    for flag in [*FLAGS.split(), f"--user-data-dir={profile}"]:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    browser = Browser(options=options, service=Service(str(DRIVER)))
    try:
        yield browser
    finally:
        browser.quit()
        shutil.rmtree(profile, ignore_errors=True)


FRAME = """<!doctype html><html lang="en" data-theme="{theme}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>Widgets</title>
<style>html {{ --pst-color-background: {paper}; --pst-color-text-base: {ink}; }}
body {{ background: {paper}; font-family: sans-serif; margin: 8px; }}</style></head>
<body>{body}</body></html>"""


def wait(browser, condition):
    WebDriverWait(browser, 60, poll_frequency=0.05).until(lambda _: condition())


def all_of(root, selector):
    return root.find_elements(By.CSS_SELECTOR, selector)


def one(root, selector):
    return root.find_element(By.CSS_SELECTOR, selector)


def press(root, text):
    next(b for b in all_of(root, "button") if b.text == text).click()


def row(root, name):
    """Numbers that the read-out shows for a method; none when it is off."""
    text = one(root, f"tr[data-rule={name}]").get_attribute("textContent").replace("−", "-")
    return [float(found) for found in re.findall(r"-?\d\.\d\d", text)]


def arrows(root, name):
    return all_of(root, f"svg [data-rule={name}] .mtl-head")


def says(handle):
    return handle.get_attribute("aria-valuetext")


def is_named(picture):
    """Whether it has an alternative text, other than the file name that the builder puts in."""
    names = (picture.get_attribute(a) for a in ("alt", "aria-label", "aria-labelledby"))
    return any(name and not re.search(r"\.(svg|png|jpe?g)$", name) for name in names)
