"""A headless Chromium with ears: what a page logs, and what it asks the network for."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.chrome.service import Service

CHROMIUM, DRIVER = Path("/usr/bin/chromium"), Path("/usr/bin/chromedriver")
FLAGS = (
    "--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run "
    "--disable-background-networking --disable-component-update --disable-sync "
    "--disable-dev-shm-usage --hide-scrollbars"
)
LOCAL = ("file:", "blob:", "data:", "about:", "chrome:", "devtools:")


class Browser(webdriver.Chrome):
    """Selenium's Chrome with the page's console errors and requests."""

    def visit(self, page: Path, width: int = 1200, height: int = 900) -> None:
        """Open a file at a size of the visible page, with the logs empty."""
        self.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500},
        )
        self.get_log("browser"), self.get_log("performance")
        self.get(page.resolve().as_uri())

    def errors(self) -> list[str]:
        """Console errors since the visit."""
        return [e["message"] for e in self.get_log("browser") if e["level"] == "SEVERE"]

    def outside(self) -> list[str]:
        """Addresses asked for since the visit that are not on this machine's disk."""
        events = [json.loads(entry["message"])["message"] for entry in self.get_log("performance")]
        asked = [
            event["params"]["request"]["url"]
            for event in events
            if event["method"] == "Network.requestWillBeSent"
        ] + [event["params"]["url"] for event in events if event["method"] == "Network.webSocketCreated"]
        return [url for url in asked if not url.startswith(LOCAL)]


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
