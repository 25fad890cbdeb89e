"""The page in a real browser on its real server: what people see of what is read, take away, and are told.

How pictures get there is in test_page_ways_in.py, what a browser needs in visits.py.
"""

from __future__ import annotations

import csv
import io
import json
import re
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

import detector
from detector.results import CSV_COLUMNS, csv_rows, json_record
from detector.rotation import turned_boxes
from tests.server import visits
from tests.server.visits import EXAMPLES, FIVE, PATIENCE, Visit, expect, file, read

if TYPE_CHECKING:
    from playwright.sync_api import FileChooser, Route

# The fixtures, by names that only pytest looks up.
browser, address, visit = visits.browser, visits.address, visits.visit


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
    assert visit.text("tilted.jpg") == read("tilted.jpg").written
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


# What is shown, and what can be taken away.


def test_a_picture_is_read_and_its_slider_asks_nothing(visit: Visit) -> None:
    visit.page.get_by_role("button", name="page", exact=True).click()
    view = visit.card("page.jpg").locator(".view")
    expect(view).to_have_attribute("data-state", "read")
    page = read("page.jpg")
    assert visit.text("page.jpg") == page.written
    digits = view.locator(".digit:not(.sign)")
    assert digits.count() == len(re.sub(r"\s", "", page.text))
    asked = len(visit.asked)
    for threshold in ("0.95", "0.05", "0.7"):
        visit.page.locator("#threshold").fill(threshold)
        fewer = read("page.jpg", min_score=float(threshold))
        assert visit.text("page.jpg") == fewer.written
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


def test_signs_are_shown_where_they_stand_and_in_the_text(visit: Visit) -> None:
    sign = {"sign": "-", "box": [100, 70, 116, 76], "score": 0.9}
    digits = [
        {"digit": 4, "box": [120, 50, 140, 90], "score": 0.9},
        {"digit": 2, "box": [150, 50, 170, 90], "score": 0.9},
    ]
    number = {"text": "42", "score": 0.8, "rejected": False, "digits": digits}
    line = {"text": "42", "written": "-42", "numbers": [number | {"written": "-42", "value": -42.0, "signs": [sign]}]}
    what = {"text": "42", "written": "-42", "lines": [line], "signs": [sign]}
    record = {"file": "page.jpg", "width": 640, "height": 480, "turned": 0, "digits": digits} | what
    record["sweep"] = [{"min_score": 0.05} | what]
    answer = {"model": "faster-rcnn", "runtime": "none", "ms": 1.0, "pictures": [record]}
    visit.page.route("**/api/read*", lambda route: route.fulfill(json=answer))
    visit.choose(file("page.jpg"))
    view = visit.card("page.jpg").locator(".view")
    expect(view.locator(".number")).to_have_text("-42")
    expect(view.locator(".digit.sign")).to_have_count(1)
    expect(view.locator(".digit.sign")).to_have_attribute("aria-label", "-, score 90 %")
    view.locator(".number > span").nth(0).hover()  # the sign stands for its number
    expect(view.locator(".digit.on")).to_have_count(2)
    expect(view.locator(".tip")).to_contain_text("-42 · ")
    view.locator(".number > span").nth(2).hover()
    expect(view.locator(".digit.on")).to_have_attribute("aria-label", "2, score 90 %")
    visit.page.locator("#threshold").fill("0.5")
    expect(view.locator(".digit.sign")).to_have_count(1)
    assert visit.text("page.jpg") == "-42"
    assert len(visit.saved("page.jpg", "Picture")) > 0


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
    assert visit.text("tilted.jpg") == read("tilted.jpg", model="sliding-window").written
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
    assert visit.page.evaluate("navigator.clipboard.readText()") == page.written


def test_a_table_is_taken_away_as_csv_and_none_is_said_to_be_none(visit: Visit) -> None:
    rows = [["12", "7", "305"], ["4", "", "18"], ["96", "53", "240"]]
    sheet = np.full((220, 340, 3), 255, np.uint8)
    for i in range(4):
        cv2.line(sheet, (20, 20 + 60 * i), (320, 20 + 60 * i), (90, 90, 90), 1)
        cv2.line(sheet, (20 + 100 * i, 20), (20 + 100 * i, 200), (90, 90, 90), 1)
    for i, row in enumerate(rows):
        for j, text in enumerate(row):
            cv2.putText(
                sheet, text, (35 + 100 * j, 62 + 60 * i), cv2.FONT_HERSHEY_SIMPLEX, 1.1, (0, 0, 0), 2, cv2.LINE_AA
            )
    visit.choose(file("marks.png", cv2.imencode(".png", sheet)[1].tobytes()), file("no_digits.jpg"))
    expect(visit.page.locator("#progress")).to_have_text("2 read")
    asked = len(visit.readings)
    (table,) = detector.load(tables=True).page(sheet).tables
    saved = visit.saved("marks.png", "Table as CSV").decode()
    assert [tuple(row) for row in csv.reader(io.StringIO(saved, newline=""))] == list(table.texts)
    assert len(visit.readings) == asked + 1
    visit.card("no_digits.jpg").get_by_role("button", name="Table as CSV").click()
    expect(visit.card("no_digits.jpg").locator(".note")).to_contain_text("No table found in no_digits.jpg")


def test_boxes_turn_and_tables_are_quoted_as_in_python(visit: Visit) -> None:
    sizes = {"width": 640, "height": 480}
    box = [10.0, 20.0, 110.0, 90.0]
    turn = """async ([box, record]) => (await import("/page/reading.js")).uprightBox(box, record)"""
    for degrees in (0, 90, 180, 270):
        expected = turned_boxes(np.array([box]), degrees, 640, 480)[0].tolist()
        assert visit.page.evaluate(turn, [box, {**sizes, "turned": degrees}]) == expected
    name = 'a "quoted", long\nname;=1.png'
    number = {"text": "7", "score": 0.5, "digits": [{"digit": 7, "box": [1, 2.25, 3, 4.5], "score": 0.5}]}
    numbers = [number | {"written": "-7", "value": -7}, number | {"written": "7:7", "value": None}]
    record = {"file": name, "lines": [{"text": "7 7", "numbers": numbers}]}
    table = visit.page.evaluate("""async (record) => (await import("/page/reading.js")).toCSV([record])""", record)
    rows = list(csv.reader(io.StringIO(table, newline="")))
    box = ["0.5", "1.0", "2.25", "3.0", "4.5"]
    assert rows == [
        list(CSV_COLUMNS),
        [name, "1", "1", "7", *box, "-7", "-7.0"],
        [name, "1", "2", "7", *box, "7:7", ""],
    ]


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
    threshold = int(page.locator("#threshold-value").inner_text().split()[0])
    page.keyboard.press("ArrowRight")
    expect(page.locator("#threshold-value")).to_have_text(f"{threshold + 5} %")
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
