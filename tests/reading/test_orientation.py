"""Pictures that lie on a side: turned there and back, found out, and read as if they stood upright."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from torch import Tensor

from detector.draw import draw_page
from detector.images import Picture
from detector.reading.calibration import Calibration, Chance
from detector.reading.orientation import (
    SMALL_LOOK_PX,
    clearly_more,
    evidence,
    in_doubt,
    small_look,
    upright,
    upright_search,
)
from detector.reading.reader import Reader
from detector.reading.reading_order import read_lines
from detector.results import json_record
from detector.rotation import turned_boxes, turned_picture
from detector.types import RIGHT_ANGLES_DEG, Detections, Page
from digit_scenes import Scenes
from tests.fakes import FakeDetector, blank, draw_blobs

ROOT = Path(__file__).parents[2]
SIZES = [(1, 1), (1, 3000), (3000, 1), (2, 900), (50, 40), (900, 1000)]
UPRIGHT, OVERTURNED, SIDEWAYS = 0.97, 0.75, 0.35  # scores of a digit, by how it lies


class KnowsUpright(FakeDetector):
    """A FakeDetector that is surest of blobs whose blue half is the upper one, and nearly sees nothing sideways."""

    def _find(self, image: Tensor) -> Detections:
        found = super()._find(image)
        blue = image[2].cpu().numpy()  # (H, W)
        scores = []
        for x0, y0, x1, y1 in found.boxes.astype(int):
            blob = blue[y0:y1, x0:x1]
            half, side = (y1 - y0) // 2, (x1 - x0) // 2
            down = float(blob[:half].mean() - blob[-half:].mean()) if half else 0.0
            across = abs(float(blob[:, :side].mean() - blob[:, -side:].mean())) if side else 0.0
            scores.append(SIDEWAYS if across > abs(down) else UPRIGHT if down > 0 else OVERTURNED)
        return Detections(found.boxes, found.labels, np.array(scores, np.float32))


def written(boxes: list[list[int]], digits: list[int], height: int, width: int) -> np.ndarray:
    """Blobs of which KnowsUpright tells how they lie."""
    image = draw_blobs(blank(height, width), boxes, digits)
    for x0, y0, x1, y1 in boxes:
        image[y0 : (y0 + y1) // 2, x0:x1, 2] = 255
    return image


ROWS = [[20 + 30 * i, 20, 40 + 30 * i, 56] for i in range(4)] + [[30 + 30 * i, 90, 50 + 30 * i, 126] for i in range(3)]


def page_of_seven() -> np.ndarray:
    """1234 over 567."""
    return written(ROWS, [1, 2, 3, 4, 5, 6, 7], 160, 240)


def seen(*scores: float) -> Detections:
    boxes = np.array([[20 * i, 0, 20 * i + 12, 20] for i in range(len(scores))], np.float32).reshape(-1, 4)
    return Detections(boxes, np.zeros(len(scores), np.int64), np.array(scores, np.float32))


sides = st.integers(1, 40)
corners = st.tuples(st.integers(0, 30), st.integers(0, 30), st.integers(1, 9), st.integers(1, 9))
right_angles = st.sampled_from(RIGHT_ANGLES_DEG)


@pytest.mark.parametrize("degrees", RIGHT_ANGLES_DEG)
@pytest.mark.parametrize("size", SIZES)
def test_a_picture_turns_there_and_back(size: tuple[int, int], degrees: int) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (*size, 3), np.uint8)
    there = turned_picture(picture, degrees)
    assert there.shape[:2] == (size if degrees in (0, 180) else size[::-1])
    assert there.flags.c_contiguous
    np.testing.assert_array_equal(turned_picture(there, (360 - degrees) % 360), picture)


def test_what_is_at_the_left_comes_to_the_top_when_turned_clockwise() -> None:
    picture = np.zeros((2, 3), np.uint8)
    picture[1, 0] = 9  # below left
    assert turned_picture(picture, 90)[0, 0] == 9


@given(corners, right_angles)
def test_a_box_turns_with_its_ink(corner: tuple[int, int, int, int], degrees: int) -> None:
    x, y, w, h = corner
    width, height = 41, 43
    picture = np.zeros((height, width), np.uint8)
    picture[y : y + h, x : x + w] = 1
    rows, columns = np.nonzero(turned_picture(picture, degrees))
    expected = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
    (box,) = turned_boxes(np.array([[x, y, x + w, y + h]], np.float32), degrees, width, height)
    assert box.tolist() == expected


@given(st.lists(corners, max_size=5), right_angles, right_angles, sides, sides)
def test_turns_add_up(found: list[tuple[int, int, int, int]], first: int, second: int, width: int, height: int) -> None:
    boxes = np.array([[x, y, x + w, y + h] for x, y, w, h in found], np.float32).reshape(-1, 4)
    across, down = (width, height) if first in (0, 180) else (height, width)
    twice = turned_boxes(turned_boxes(boxes, first, width, height), second, across, down)
    np.testing.assert_array_equal(twice, turned_boxes(boxes, (first + second) % 360, width, height))
    assert ((twice[:, 2:] > twice[:, :2]).all(1)).all()


def test_only_right_angles_are_turns() -> None:
    with pytest.raises(ValueError, match="45"):
        turned_boxes(np.zeros((1, 4), np.float32), 45)
    with pytest.raises(ValueError, match="turned"):
        replace(seen(0.9), turned=45)


@given(st.integers(0, 10**6), st.integers(1, 25), right_angles)
def test_digits_are_ordered_as_they_are_when_upright(seed: int, count: int, degrees: int) -> None:
    rng = np.random.default_rng(seed)
    corner = rng.integers(0, 400, (count, 2))
    boxes = np.concatenate([corner, corner + rng.integers(5, 40, (count, 2))], axis=1).astype(np.float32)
    found = Detections(boxes, rng.integers(0, 10, count), rng.random(count).astype(np.float32))
    given_boxes = turned_boxes(boxes, (360 - degrees) % 360, 440, 440)
    lines = read_lines(Detections(given_boxes, found.labels, found.scores, degrees))
    assert [line.text for line in lines] == [line.text for line in read_lines(found)]
    told = sorted(digit.box for line in lines for number in line.numbers for digit in number.digits)
    assert told == sorted(tuple(box) for box in given_boxes.tolist())


def test_what_is_chosen_or_calibrated_is_turned_as_before() -> None:
    found = replace(seen(0.9, 0.4), turned=270)
    assert found[found.scores > 0.5].turned == 270
    assert Calibration(digit=Chance(0.5, 0.1)).digits(found).turned == 270


@pytest.mark.parametrize("size", SIZES)
def test_empty_pictures_stay_as_they_are(size: tuple[int, int]) -> None:
    assert Reader(KnowsUpright()).page(blank(*size)) == Page(size[1], size[0], ())


@pytest.mark.parametrize("given_turned", RIGHT_ANGLES_DEG)
def test_a_page_is_read_however_it_lies(given_turned: int) -> None:
    image = turned_picture(page_of_seven(), given_turned)
    page = Reader(KnowsUpright()).page(image)
    assert page.text == "1234\n567"
    assert page.turned == (360 - given_turned) % 360
    assert (page.height, page.width) == image.shape[:2]
    boxes = [digit.box for line in page.lines for number in line.numbers for digit in number.digits]
    expected = turned_boxes(np.array(ROWS, np.float32), given_turned, 240, 160)
    np.testing.assert_allclose(boxes, expected, atol=1.5)
    assert json_record("a.png", page)["turned"] == page.turned
    assert Reader(KnowsUpright(), turn=False).page(image).turned == 0


def test_pictures_that_lie_differently_are_read_together() -> None:
    sizes = [(160, 240), (300, 300), (900, 700)]
    images = [
        turned_picture(written(ROWS, [1, 2, 3, 4, 5, 6, 7], *size), degrees)
        for size in sizes
        for degrees in RIGHT_ANGLES_DEG
    ]
    images.insert(3, blank(40, 40))
    reader = Reader(KnowsUpright())
    pages = list(reader.read_many(images))
    assert pages == [reader.page(image) for image in images]
    assert [page.text for page in pages if isinstance(page, Page)].count("1234\n567") == 12


@pytest.mark.parametrize("degrees", RIGHT_ANGLES_DEG)
def test_a_few_digits_turn_nothing(degrees: int) -> None:
    image = turned_picture(written(ROWS[:2], [6, 9], 160, 240), degrees)
    assert Reader(KnowsUpright()).page(image).turned == 0


def test_upright_pictures_pay_nothing() -> None:
    looks = []
    for turn in (True, False):
        detector = KnowsUpright()
        Reader(detector, turn=turn).detect_many([page_of_seven(), blank(50, 90), turned_picture(page_of_seven(), 0)])
        looks.append(detector.calls)
    assert looks[0] == looks[1]


def driven(steps: Generator[list[Picture], list[Detections], Detections], *views: Detections) -> tuple[Detections, int]:
    """What a search comes to that sees this in the four views and little elsewhere, and how often it had such views."""
    little, looks = seen(*[0.4] * 5), 0
    asked = next(steps)
    while True:
        looks += len(asked) == len(views)
        try:
            asked = steps.send(list(views) if len(asked) == len(views) else [little] * len(asked))
        except StopIteration as end:
            return end.value, looks


def test_a_picture_is_left_as_it_was_where_the_whole_of_it_turned_shows_no_more() -> None:
    unsure, sure = seen(*[0.4] * 5), seen(*[0.95] * 5)
    found, looks = driven(upright_search(page_of_seven()), unsure, sure, unsure, unsure)
    assert (found.turned, looks) == (0, 1)


def test_doubt() -> None:
    assert not in_doubt(Detections.empty())
    assert not in_doubt(seen(0.3))
    assert not in_doubt(seen(*[0.99] * 20, 0.2))
    assert in_doubt(seen(0.5, 0.3))
    assert in_doubt(seen(*[0.7] * 20))


scores = st.lists(st.floats(0, 1, width=32), max_size=12)


@given(scores, scores)
def test_evidence_adds_up_and_certainty_is_worth_no_more_than_a_digit(a: list[float], b: list[float]) -> None:
    assert evidence(seen(*a, *b)) == pytest.approx(evidence(seen(*a)) + evidence(seen(*b)))
    assert 0 <= evidence(seen(*a)) <= 5.5 * len(a)
    assert not (clearly_more(seen(*a), seen(*b)) and clearly_more(seen(*b), seen(*a)))


@given(scores, scores, scores, scores)
def test_a_side_wins_by_more_evidence_alone(a: list[float], b: list[float], c: list[float], d: list[float]) -> None:
    views = [seen(*a), seen(*b), seen(*c), seen(*d)]
    degrees = upright(views)
    best = views[RIGHT_ANGLES_DEG.index(degrees)]
    if degrees:
        assert evidence(best) == max(map(evidence, views)) > evidence(views[0])
        assert (best.scores >= 0.5).sum() >= 3
    assert upright([best] * 4) == 0


@settings(max_examples=60)
@given(st.integers(1, 4000), st.integers(1, 4000), st.integers(1, 30), st.integers(0, 10**6))
def test_the_small_look_is_small_and_shows_something(height: int, width: int, count: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    start = rng.uniform(0, 0.98, (count, 2)) * [width, height]
    end = start + np.maximum(1e-3, rng.uniform(0, 1, (count, 2)) ** 4 * ([width, height] - start))
    found = Detections(
        np.concatenate([start, end], axis=1).astype(np.float32) + np.array([0, 0, 1e-2, 1e-2], np.float32),
        np.zeros(count, np.int64),
        np.full(count, 0.5, np.float32),
    )
    look = small_look(np.zeros((height, width, 3), np.uint8), found)
    assert look.size
    assert max(look.shape[:2]) <= SMALL_LOOK_PX


def test_the_small_look_is_where_most_is() -> None:
    image = blank(3000, 3000)
    boxes = [[10, 10, 24, 30]] + [[2000 + 20 * i, 2500, 2014 + 20 * i, 2520] for i in range(8)]
    found = Detections(np.array(boxes, np.float32), np.zeros(9, np.int64), np.full(9, 0.6, np.float32))
    image[2500:2520, 2000:2160] = 0
    assert (small_look(image, found) < 128).any()


def test_a_turned_page_is_drawn_upright() -> None:
    reader = Reader(KnowsUpright())
    drawn = [
        draw_page(image, reader.page(image))
        for image in (turned_picture(page_of_seven(), degrees) for degrees in RIGHT_ANGLES_DEG)
    ]
    assert {picture.shape for picture in drawn} == {drawn[0].shape}
    assert np.mean(drawn[0] != drawn[1]) < 0.02  # boxes may differ by a rounded pixel


def test_the_command_line_reads_what_lies_on_its_side(tmp_path: Path) -> None:
    scene = next(s for s in map(Scenes("lines", "val", 5).__getitem__, range(99)) if len("".join(s.lines or ())) >= 16)
    for degrees in (0, 90, 270):
        Image.fromarray(turned_picture(scene.image, degrees)).save(tmp_path / f"{degrees:03}.png")

    def read(*options: str) -> list[dict[str, object]]:
        command = [sys.executable, str(ROOT / "tools" / "infer.py"), str(tmp_path), "--json", "-", *options]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return [json.loads(line) for line in done.stdout.splitlines()]

    upright, sideways, other_side = read()
    assert (upright["turned"], sideways["turned"], other_side["turned"]) == (0, 270, 90)
    assert upright["text"] == sideways["text"] == other_side["text"]
    assert {record["turned"] for record in read("--no-turn")} == {0}
