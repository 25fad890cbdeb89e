"""The page in a real browser on its real server: what people write, drop, paste and choose, and what they see of it.

Needs Playwright and a Chromium: the one that CHROMIUM names, or one on the path. Without them the tests are skipped,
and fail where CI_REQUIRE_BROWSER=1 says that they have to run.
"""

from __future__ import annotations

import base64
import csv
import io
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import detector
from detector.quarters import turned_boxes
from detector.results import CSV_COLUMNS, csv_rows, json_record

REQUIRED = os.environ.get("CI_REQUIRE_BROWSER") == "1"
try:
    from playwright.sync_api import Browser, FileChooser, FilePayload, Locator, Request, Route, expect, sync_playwright
except ImportError:
    if REQUIRED:
        raise
    pytest.skip("Playwright is not installed: pip install playwright", allow_module_level=True)

ROOT = Path(__file__).parents[1]
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
    assert not elsewhere
    # What the server refuses on purpose is said by the browser, too.
    assert [error for error in visit.errors if not error.startswith("Failed to load resource")] == []


def file(name: str, content: bytes | None = None) -> FilePayload:
    """What people choose: one of the examples, or anything else of that name."""
    kind = {"png": "image/png", "jpg": "image/jpeg"}.get(name[-3:], "text/plain")
    return {"name": name, "mimeType": kind, "buffer": (EXAMPLES / name).read_bytes() if content is None else content}


def read(name: str, **options: Any) -> detector.Page:
    return detector.load(**options).read(EXAMPLES / name)


# What the server cannot read, and what goes wrong.


def test_files_that_are_no_pictures_get_their_sentence_and_the_others_are_read(visit: Visit) -> None:
    hostile = "<img src=x onerror=alert(1)>.txt"
    broken = file("broken.png", b"\x89PNG\r\n\x1a\n" + bytes(40))
    visit.choose(file(hostile, b"5213"), broken, file("tilted.jpg"), file("empty.png", b""))
    expect(visit.page.locator("#progress")).to_have_text("4 read")
    states = visit.page.locator(".view").evaluate_all("views => views.map((view) => view.dataset.state)")
    assert states == ["failed", "failed", "read", "failed"]
    for name in (hostile, "broken.png", "empty.png"):
        expect(visit.card(name).locator(".state")).to_contain_text("expected")
    assert visit.text("tilted.jpg") == read("tilted.jpg").text
    visit.card("broken.png").get_by_role("button", name="Remove").click()
    expect(visit.page.locator(".card")).to_have_count(3)


def test_a_server_that_is_busy_is_asked_again_and_one_that_is_gone_is_said_to_be(visit: Visit) -> None:
    refusals = iter([429, 429])

    def answer(route: Route) -> None:
        if next(refusals, None):
            route.fulfill(status=429, headers={"Retry-After": "0.1"}, json={"error": "busy"})
        else:
            route.continue_()

    visit.page.route("**/api/read*", answer)
    visit.choose(file("tilted.jpg"))
    expect(visit.card("tilted.jpg").locator(".view")).to_have_attribute("data-state", "read")
    assert len(visit.readings) == 3
    visit.page.unroute("**/api/read*")
    visit.page.route("**/api/read*", lambda route: route.abort())
    visit.choose(file("page.jpg"))
    expect(visit.card("page.jpg").locator(".state")).to_contain_text("cannot be reached")
    visit.page.unroute("**/api/read*")
    visit.card("page.jpg").get_by_role("button", name="Try again").click()
    expect(visit.card("page.jpg").locator(".view")).to_have_attribute("data-state", "read")


def test_what_is_too_large_is_not_even_sent(visit: Visit) -> None:
    def strict(route: Route) -> None:
        answer = route.fetch().json()
        answer["limits"]["max_upload_bytes"] = 20_000
        route.fulfill(json=answer)

    visit.page.route("**/api/models", strict)
    visit.page.reload()
    expect(visit.page.get_by_role("radio")).to_have_count(3)
    visit.choose(file("page.jpg"), file("tilted.jpg"))
    expect(visit.page.locator("#progress")).to_have_text("2 read")
    expect(visit.card("page.jpg").locator(".state")).to_contain_text("send a smaller one")
    assert len(visit.readings) == 1


def test_nothing_found_is_said(visit: Visit) -> None:
    visit.choose(file("no_digits.jpg"))
    visit.page.locator("#threshold").fill("0.95")
    expect(visit.card("no_digits.jpg").locator(".state")).to_have_text("No digits found in no_digits.jpg.")
    expect(visit.card("no_digits.jpg").locator(".note")).not_to_be_empty()


# Ways in.


def test_what_is_written_is_read_stroke_by_stroke(visit: Visit) -> None:
    drawn = visit.page.locator("#drawn")
    visit.write(BAR)
    expect(drawn.locator(".times")).to_be_visible()
    assert len(visit.readings) == 1
    visit.write(BELOW)
    expect(drawn.locator(".text")).to_have_text("5")
    assert len(visit.readings) == 2
    assert visit.page.locator("#paper .digit").count() == 1
    visit.page.get_by_role("button", name="Undo").click()
    expect(drawn.locator(".text")).not_to_have_text("5")
    visit.page.get_by_role("button", name="Clear").click()
    expect(drawn.locator(".text")).to_have_text("What is read appears here")
    assert visit.page.locator("#paper .digit").count() == 0
    visit.write(FIVE)
    expect(drawn.locator(".text")).to_have_text("5")
    visit.page.get_by_role("button", name="Add to results").click()
    expect(visit.card("written-1.png").locator(".lines")).to_have_text("5")


def test_an_older_drawing_never_replaces_what_is_read_of_a_newer_one(visit: Visit) -> None:
    held: list[Route] = []
    visit.page.route("**/api/read*", lambda route: held.append(route))
    visit.write(BAR)
    visit.write(BELOW)
    visit.page.wait_for_timeout(50)
    assert len(held) == 2
    held[1].continue_()
    expect(visit.page.locator("#drawn .text")).to_have_text("5")
    assert visit.readings[0].failure  # given up, so that a server that is slow is not asked for what nobody wants


def test_pictures_are_pasted_and_dropped(visit: Visit) -> None:
    data = base64.b64encode((EXAMPLES / "tilted.jpg").read_bytes()).decode()
    send = """([data, kind]) => {
        const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
        const transfer = new DataTransfer();
        transfer.items.add(new File([bytes], `${kind}.jpg`, { type: "image/jpeg" }));
        const options = { bubbles: true, cancelable: true, clipboardData: transfer, dataTransfer: transfer };
        if (kind === "paste") document.body.dispatchEvent(new ClipboardEvent("paste", options));
        else for (const name of ["dragenter", "dragover", "drop"]) {
            document.body.dispatchEvent(new DragEvent(name, options));
        }
    }"""
    visit.page.evaluate(send, [data, "paste"])
    expect(visit.card("pasted-1.jpeg").locator(".view")).to_have_attribute("data-state", "read")
    visit.page.evaluate(send, [data, "drop"])
    expect(visit.card("drop.jpg").locator(".view")).to_have_attribute("data-state", "read")
    expect(visit.page.locator("#droptarget")).to_be_hidden()
    visit.page.evaluate("""() => document.body.dispatchEvent(
        new ClipboardEvent("paste", { bubbles: true, clipboardData: new DataTransfer() }))""")
    expect(visit.page.get_by_role("alert")).to_contain_text("no picture to paste")


def test_what_was_copied_comes_by_its_button(visit: Visit) -> None:
    visit.context.grant_permissions(["clipboard-read", "clipboard-write"])
    button, alert = visit.page.get_by_role("button", name="Paste", exact=True), visit.page.get_by_role("alert")
    visit.page.evaluate("navigator.clipboard.writeText('5213')")
    button.click()
    expect(alert).to_contain_text("no picture to paste")
    visit.page.evaluate("""async () => {
        const canvas = document.createElement("canvas");
        [canvas.width, canvas.height] = [80, 60];
        const blob = await new Promise((done) => canvas.toBlob(done));
        await navigator.clipboard.write([new ClipboardItem({ "image/png": blob })]);
    }""")
    button.click()
    expect(visit.card("pasted-1.png").locator(".size")).to_have_text("80 \N{MULTIPLICATION SIGN} 60")
    visit.context.clear_permissions()
    visit.page.evaluate("""() => { navigator.clipboard.read = () => Promise.reject(new Error("denied")); }""")
    button.click()
    expect(alert).to_contain_text("press Control and V")


def test_a_picture_from_the_camera(visit: Visit) -> None:
    """From one that Chromium makes up."""
    visit.context.grant_permissions(["camera"])
    window, button = visit.page.locator("#camera"), visit.page.get_by_role("button", name="Camera")
    seen = "document.querySelector('#camera video').videoWidth"
    off = "document.querySelector('#camera video').srcObject.getTracks().every((track) => track.readyState === 'ended')"
    button.click()
    expect(window).to_be_visible()
    visit.wait_for(seen)
    visit.page.keyboard.press("Escape")
    expect(window).to_be_hidden()
    visit.wait_for(off)  # a window tells that it is closed a little later
    button.click()
    width = visit.wait_for(seen)
    visit.page.get_by_role("button", name="Take picture").click()
    expect(window).to_be_hidden()
    expect(visit.card("camera.jpg").locator(".size")).to_contain_text(f"{width} ")
    visit.wait_for(off)


def test_a_camera_that_is_not_there_is_said_to_be(visit: Visit) -> None:
    alert = visit.page.get_by_role("alert")
    for error, said in (("NotAllowedError", "not allowed here"), ("NotFoundError", "No camera can be used")):
        visit.page.evaluate(
            """(name) => {
                navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException("", name));
            }""",
            error,
        )
        visit.page.get_by_role("button", name="Camera").click()
        expect(alert).to_contain_text(said)
    expect(visit.page.locator("#camera")).to_be_hidden()


def test_a_pen_that_is_pressed_writes_broader(visit: Visit) -> None:
    ink = visit.page.locator("#ink")
    ink.scroll_into_view_if_needed()
    sheet = ink.bounding_box()
    assert sheet
    pen = visit.context.new_cdp_session(visit.page)
    for part, force in ((0.3, 0.1), (0.6, 0.9)):
        for kind, across in (("mousePressed", 0.2), ("mouseMoved", 0.5), ("mouseReleased", 0.8)):
            where = {"x": sheet["x"] + across * sheet["width"], "y": sheet["y"] + part * sheet["height"]}
            held = {"button": "left", "buttons": 1, "clickCount": 1, "pointerType": "pen", "force": force}
            pen.send("Input.dispatchMouseEvent", {"type": kind, **where, **held})
    light, firm = ink.evaluate("""(canvas) => {
        const { data } = canvas.getContext("2d").getImageData(Math.round(0.4 * canvas.width), 0, 1, canvas.height);
        const dark = (from, to) => data.filter((value, i) => i % 4 === 0 && value < 128
            && from <= i / 4 / canvas.height && i / 4 / canvas.height < to).length;
        return [dark(0.2, 0.4), dark(0.5, 0.7)];
    }""")
    assert 0 < 1.5 * light < firm


def test_many_pictures_are_asked_for_three_at_a_time(visit: Visit) -> None:
    visit.page.add_init_script("""
        const { fetch } = window;
        window.underWay = window.most = 0;
        window.fetch = async (path, options) => {
            most = Math.max(most, ++underWay);
            try { return await fetch(path, options); } finally { underWay--; }
        };
    """)
    visit.page.reload()
    expect(visit.page.locator(".examples img").first).to_be_visible()
    picture = (EXAMPLES / "tilted.jpg").read_bytes()
    visit.choose(*(file(f"{i}.jpg", picture) for i in range(5)))
    expect(visit.page.locator("#progress")).to_have_text("5 read")
    assert visit.page.evaluate("most") == 3
    assert visit.page.locator(".card h3").all_inner_texts() == [f"{i}.jpg" for i in range(5)]


def test_a_picture_with_exif_stands_as_its_boxes_do(visit: Visit) -> None:
    upright = Image.new("RGB", (300, 200), "white")
    upright.paste((0, 0, 0), (0, 0, 100, 50))
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise by 90 degrees
    stored = io.BytesIO()
    upright.transpose(Image.Transpose.ROTATE_90).save(stored, "JPEG", exif=exif, quality=95)
    visit.choose(file("phone.jpg", stored.getvalue()))
    expect(visit.card("phone.jpg").locator(".size")).to_have_text("300 \N{MULTIPLICATION SIGN} 200")
    canvas = visit.card("phone.jpg").locator(".picture > canvas")
    assert canvas.evaluate("(canvas) => [canvas.width, canvas.height]") == [300, 200]
    red = """(canvas) => [...canvas.getContext("2d").getImageData(0, 0, 300, 200).data.filter((_, i) => i % 4 === 0)]"""
    shown = np.array(canvas.evaluate(red)).reshape(200, 300)
    assert np.abs(shown - np.asarray(upright)[..., 0]).mean() < 3


# What is shown, and what can be taken away.


def test_a_picture_is_read_and_its_slider_asks_nothing(visit: Visit) -> None:
    visit.page.get_by_role("button", name="page", exact=True).click()
    view = visit.card("page.jpg").locator(".view")
    expect(view).to_have_attribute("data-state", "read")
    page = read("page.jpg")
    assert visit.text("page.jpg") == page.text
    digits = view.locator(".digit")
    assert digits.count() == len(re.sub(r"\s", "", page.text))
    asked = len(visit.asked)
    for threshold in ("0.95", "0.05", "0.7"):
        visit.page.locator("#threshold").fill(threshold)
        fewer = read("page.jpg", min_score=float(threshold))
        assert visit.text("page.jpg") == fewer.text
        assert digits.count() == len(re.sub(r"\s", "", fewer.text))
    assert len(visit.asked) == asked


def test_boxes_and_text_point_at_each_other(visit: Visit) -> None:
    visit.choose(file("page.jpg"))
    view = visit.card("page.jpg").locator(".view")
    expect(view).to_have_attribute("data-state", "read")
    digit = read("page.jpg").lines[0].numbers[0].digits[1]
    frame, svg = view.locator(".marks"), view.locator(".marks").bounding_box()
    assert svg
    x0, y0, x1, y1 = digit.box
    width, height = read("page.jpg").width, read("page.jpg").height
    frame.hover(position={"x": (x0 + x1) / 2 / width * svg["width"], "y": (y0 + y1) / 2 / height * svg["height"]})
    expect(view.locator(".tip")).to_contain_text(f"{digit.digit} · ")
    expect(view.locator(".digit").nth(1)).to_have_class("digit on")
    expect(view.locator(".number > span").nth(1)).to_have_class("on")
    view.locator(".number > span").nth(2).hover()
    expect(view.locator(".digit.on")).to_have_count(1)
    expect(view.locator(".digit").nth(2)).to_have_class("digit on")


def test_both_detectors_side_by_side(visit: Visit) -> None:
    visit.choose(file("tilted.jpg"))
    views = visit.card("tilted.jpg").locator(".view")
    expect(views).to_have_attribute("data-state", "read")
    visit.page.get_by_role("radio", name="Compare").check()
    expect(views).to_have_count(2)
    expect(views.locator(".times")).to_have_count(2)
    for times in views.locator(".times").all():
        expect(times).to_contain_text("reading")
    assert [request.url.partition("model=")[2].split("&")[0] for request in visit.readings] == [
        "faster-rcnn",
        "sliding-window",
    ]
    visit.page.get_by_role("radio", name="sliding-window").check()
    expect(views).to_have_count(1)
    assert visit.text("tilted.jpg") == read("tilted.jpg", model="sliding-window").text
    visit.page.get_by_role("radio", name="faster-rcnn").check()
    expect(views).to_have_attribute("data-state", "read")
    assert len(visit.readings) == 2  # what is known is not asked for again


def test_what_is_taken_away_is_what_the_command_line_writes(visit: Visit) -> None:
    visit.context.grant_permissions(["clipboard-read", "clipboard-write"])
    visit.choose(file("page.jpg"))
    expect(visit.card("page.jpg").locator(".view")).to_have_attribute("data-state", "read")
    visit.page.locator("#threshold").fill("0.6")
    page = read("page.jpg", min_score=0.6)
    assert json.loads(visit.saved("page.jpg", "JSON")) == json_record("page.jpg", page)
    table = io.StringIO(newline="")
    csv.writer(table).writerows([CSV_COLUMNS, *csv_rows("page.jpg", page)])
    assert visit.saved("page.jpg", "CSV").decode() == table.getvalue()
    original = detector.open_image(EXAMPLES / "page.jpg").astype(np.int16)
    picture = detector.open_image(visit.saved("page.jpg", "Picture"))
    assert picture.shape == original.shape
    changed = (np.abs(picture - original).max(axis=2) > 60).mean()
    assert 0.005 < changed < 0.3  # boxes, and the picture between them
    visit.card("page.jpg").get_by_role("button", name="Copy text").click()
    expect(visit.card("page.jpg").get_by_role("button", name="Copied")).to_be_visible()
    assert visit.page.evaluate("navigator.clipboard.readText()") == page.text


def test_boxes_turn_and_tables_are_quoted_as_in_python(visit: Visit) -> None:
    sizes = {"width": 640, "height": 480}
    box = [10.0, 20.0, 110.0, 90.0]
    turn = """async ([box, record]) => (await import("/page/reading.js")).uprightBox(box, record)"""
    for degrees in (0, 90, 180, 270):
        expected = turned_boxes(np.array([box]), degrees, 640, 480)[0].tolist()
        assert visit.page.evaluate(turn, [box, {**sizes, "turned": degrees}]) == expected
    name = 'a "quoted", long\nname;=1.png'
    number = {"text": "7", "score": 0.5, "digits": [{"digit": 7, "box": [1, 2.25, 3, 4.5], "score": 0.5}]}
    record = {"file": name, "lines": [{"text": "7", "numbers": [number]}]}
    table = visit.page.evaluate("""async (record) => (await import("/page/reading.js")).toCSV([record])""", record)
    rows = list(csv.reader(io.StringIO(table, newline="")))
    assert rows == [list(CSV_COLUMNS), [name, "1", "1", "7", "0.5", "1.0", "2.25", "3.0", "4.5"]]


# For everybody.


def test_all_of_it_by_keyboard(visit: Visit) -> None:
    page = visit.page

    def focused(expression: str) -> str:
        return str(page.evaluate(f"document.activeElement.{expression} ?? ''"))

    def tab_to(selector: str) -> None:
        for _ in range(60):
            page.keyboard.press("Tab")
            if page.evaluate("(selector) => document.activeElement.matches(selector)", selector):
                assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none" or (
                    selector == ".digit"  # whose frame and tip show it
                )
                return
        raise AssertionError(f"the tab key never came to {selector}")

    expect(page.get_by_role("radio")).to_have_count(3)  # until then, there is less to come to
    expect(page.locator(".examples button")).not_to_have_count(0)
    choosers: list[FileChooser] = []
    # Before it is asked for: a busy browser is slow to learn who answers.
    page.on("filechooser", lambda one: choosers.append(one))
    tab_to("#choose")
    for wait in range(PATIENCE // 100):
        if wait % 100 == 0:  # a key pressed while the browser is that busy may open nothing
            page.keyboard.press("Enter")
        page.wait_for_timeout(100)
        if choosers:
            break
    choosers[0].set_files(EXAMPLES / "tilted.jpg")
    expect(page.locator(".view")).to_have_attribute("data-state", "read")
    tab_to(".examples button")
    tab_to("[type=radio]")
    tab_to("#threshold")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#threshold-value")).to_have_text("35 %")
    tab_to(".digit")
    first = focused("getAttribute('aria-label')")
    assert re.fullmatch(r"\d, score \d+(\.\d)? %", first)
    expect(page.locator(".tip")).to_be_visible()
    page.keyboard.press("End")
    digits = page.locator(".digit")
    expect(digits.last).to_be_focused()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    expect(digits.nth(1)).to_be_focused()
    tab_to(".number")
    tab_to("[data-copy]")
    page.keyboard.press("Shift+Tab")
    assert focused("className") == "number"
    unnamed = page.evaluate("""() => [...document.querySelectorAll("button, input, [tabindex='0']")]
        .filter((one) => !one.textContent.trim() && !one.labels?.length && !one.getAttribute("aria-label"))
        .map((one) => one.outerHTML)""")
    assert unnamed == []


def test_a_narrow_screen_has_nothing_to_scroll_sideways(visit: Visit) -> None:
    visit.page.set_viewport_size({"width": 320, "height": 640})
    visit.page.get_by_role("radio", name="Compare").check()
    name = "a_very_long_name_without_any_place_to_break_it_at_" * 3 + ".jpg"
    visit.choose(file("tilted.jpg"), file(name, b"not a picture"))
    expect(visit.page.locator("#progress")).to_have_text("2 read")
    visit.write(FIVE)
    expect(visit.page.locator("#drawn .times")).to_have_count(2)
    wide = """() => [...document.querySelectorAll("body *")].filter((one) => !one.closest(".unseen, .skip, svg")
        && one.getBoundingClientRect().right > 320.5).map((one) => one.outerHTML.slice(0, 120))"""
    assert visit.page.evaluate(wide) == []
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= 320


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_by_day_and_by_night(visit: Visit, scheme: str) -> None:
    visit.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    visit.choose(file("no_digits.jpg"), file("a.txt", b"1"))
    expect(visit.page.locator("#progress")).to_have_text("2 read")
    colours = visit.page.evaluate("""() => [...document.querySelectorAll("body *")]
        .filter((one) => !one.closest("svg, :disabled, .tip") && one.checkVisibility()
            && [...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim()))
        .map((one) => {
            let behind = one;
            const ground = () => getComputedStyle(behind).backgroundColor;
            while (behind.parentElement && ground() === "rgba(0, 0, 0, 0)") behind = behind.parentElement;
            return [one.textContent.slice(0, 30), getComputedStyle(one).color, ground()];
        })""")
    assert len(colours) > 15
    assert [said for said, ink, ground in colours if contrast(ink, ground) < 4.5] == []
    night = luminance(visit.page.evaluate("getComputedStyle(document.body).backgroundColor")) < 0.05
    assert night == (scheme == "dark")


def luminance(colour: str) -> float:
    """WCAG 2.2's relative luminance of a colour as browsers write it."""
    parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """WCAG 2.2's contrast ratio."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)
