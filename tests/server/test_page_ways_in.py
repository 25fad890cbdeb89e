"""The ways in to the page in a real browser on its real server: pictures that people write, drop, paste, take, choose.

What people see of it then is in test_page.py, what a browser needs in visits.py.
"""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from tests.server import visits
from tests.server.visits import BAR, BELOW, EXAMPLES, FIVE, Visit, expect, file

if TYPE_CHECKING:
    from playwright.sync_api import Route

# The fixtures, by names that only pytest looks up.
browser, address, visit = visits.browser, visits.address, visits.visit


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
