"""Visits of the page in a real browser on its real server, for all tests of it.

Needs Playwright and a Chromium: the one that CHROMIUM names, or one on the path. Without them the tests are skipped,
and fail where CI_REQUIRE_BROWSER=1 says that they have to run.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import detector

REQUIRED = os.environ.get("CI_REQUIRE_BROWSER") == "1"
try:
    from playwright.sync_api import Browser, FilePayload, Locator, Request, expect, sync_playwright
except ImportError:
    if REQUIRED:
        raise
    pytest.skip("Playwright is not installed: pip install playwright", allow_module_level=True)

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
PATIENCE = 60_000  # milliseconds: for machines that are busy with something else
# A 5 as it is written, in units of which the sheet is 640 wide: the bar, and what hangs on it.
BAR = ((300, 112), (345, 109), (390, 110))
BELOW = ((300, 112), (296, 150), (290, 190), (330, 175), (375, 195), (392, 240), (370, 285), (320, 300), (275, 280))
FIVE = (*reversed(BAR), *BELOW[1:])

expect.set_options(timeout=PATIENCE)


def chromium() -> str | None:
    """Where a Chromium is."""
    names = (os.environ.get("CHROMIUM"), "chromium", "chromium-browser", "google-chrome")
    return next((path for name in names if name and (path := shutil.which(name))), None)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = chromium()
    if path is None:
        reason = "no Chromium: expected one on the path, or where the environment variable CHROMIUM says"
        pytest.fail(reason) if REQUIRED else pytest.skip(reason)
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--use-fake-device-for-media-stream"]
        browser = playwright.chromium.launch(executable_path=path, args=arguments, timeout=2 * PATIENCE)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def address(browser: Browser) -> Iterator[str]:
    """A server of its own, on any port that is free."""
    paths = os.pathsep.join([str(ROOT), str(ROOT / "datasets")])
    command = [sys.executable, str(ROOT / "tools" / "serve.py"), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": paths}) as server:
        assert server.stdout is not None
        try:
            found = next((found for line in server.stdout if (found := re.search(r"http://\S+:\d+", line))), None)
            assert found, "the server ended before it said where it listens"
            yield found[0]
        finally:
            server.terminate()
            server.communicate()


class Visit:
    """A page that is open, and all that it asked for."""

    def __init__(self, browser: Browser, address: str) -> None:
        self.context = browser.new_context(viewport={"width": 1100, "height": 800}, reduced_motion="reduce")
        self.page = self.context.new_page()
        self.page.set_default_timeout(PATIENCE)
        self.asked: list[Request] = []
        self.errors: list[str] = []
        self.context.on("request", lambda request: self.asked.append(request))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", lambda said: said.type in ("error", "warning") and self.errors.append(said.text))
        self.page.goto(address)
        expect(self.page.get_by_role("radio")).to_have_count(3)

    @property
    def readings(self) -> list[Request]:
        """What was asked to be read so far."""
        return [request for request in self.asked if "/api/read" in request.url]

    def write(self, stroke: tuple[tuple[int, int], ...]) -> None:
        self.page.locator("#ink").scroll_into_view_if_needed()
        sheet = self.page.locator("#ink").bounding_box()
        assert sheet
        unit = sheet["width"] / 640
        mouse = self.page.mouse
        for i, (x, y) in enumerate(stroke):
            mouse.move(sheet["x"] + x * unit, sheet["y"] + y * unit, steps=3 if i else 1)
            if i == 0:
                mouse.down()
        mouse.up()

    def choose(self, *files: FilePayload) -> None:
        self.page.set_input_files("#files", files)

    def card(self, name: str) -> Locator:
        return self.page.locator(".card", has=self.page.get_by_role("heading", name=name, exact=True))

    def text(self, name: str) -> str:
        """What is read in a picture, as lines."""
        lines = self.card(name).locator(".lines li").all_inner_texts()
        return "\n".join(" ".join(line.split()) for line in lines)

    def wait_for(self, condition: str) -> Any:
        """What the condition, JavaScript, gives once it is true. (Playwright's asks for eval, which is forbidden.)"""
        deadline = time.monotonic() + PATIENCE / 1000
        while not (value := self.page.evaluate(condition)):
            assert time.monotonic() < deadline, f"still not so: {condition}"
            self.page.wait_for_timeout(50)
        return value

    def saved(self, name: str, button: str) -> bytes:
        with self.page.expect_download() as download:
            self.card(name).get_by_role("button", name=button, exact=True).click()
        return Path(download.value.path()).read_bytes()


@pytest.fixture
def visit(browser: Browser, address: str) -> Iterator[Visit]:
    visit = Visit(browser, address)
    yield visit
    visit.context.close()
    elsewhere = [request.url for request in visit.asked if not request.url.startswith((address, "blob:", "data:"))]
    assert not elsewhere, elsewhere
    # What the server refuses on purpose is said by the browser, too.
    errors = [error for error in visit.errors if not error.startswith("Failed to load resource")]
    assert not errors, errors


def file(name: str, content: bytes | None = None) -> FilePayload:
    """What people choose: one of the examples, or anything else of that name."""
    kind = {"png": "image/png", "jpg": "image/jpeg"}.get(name[-3:], "text/plain")
    return {"name": name, "mimeType": kind, "buffer": (EXAMPLES / name).read_bytes() if content is None else content}


def read(name: str, **options: Any) -> detector.Page:
    return detector.load(**options).read(EXAMPLES / name)
