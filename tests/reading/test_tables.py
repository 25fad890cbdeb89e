"""Tables out of pages: with rulings of any kind and without, sloping, under perspective, and none at all."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.reading.reader import Reader
from detector.reading.straightening import Frame
from detector.reading.tables import find_tables
from detector.types import Cell, Digit, Line, Number, Page, Sign
from tests.fakes import FakeDetector, blank, draw_blobs

RULING_RGB = (150, 150, 150)  # light enough not to be a digit to the fake detector
DIGIT_PX = (10, 16)  # width and height of blobs
SUDOKU = (
    "53..7....",
    "6..195...",
    ".98....6.",
    "8...6...3",
    "4..8.3..1",
    "7...2...6",
    ".6....28.",
    "...419..5",
    "....8..79",
)
NUMBERS = (("12", "3", "40"), ("7", "", "515"), ("80", "62", "9"), ("31", "5", "77"))


def drawn(
    cells: tuple[tuple[str, ...], ...] | tuple[str, ...],
    pitch: tuple[int, int] = (44, 32),
    level: bool = True,
    upright: bool = True,
    thick_every: int = 0,
    align: float = 0.5,
) -> np.ndarray:
    """A table of numbers as blobs, uint8 (H, W, 3). pitch: of cells, pixels. align: 0 left, 1 right."""
    rows, columns, (wide, high) = len(cells), len(cells[0]), pitch
    left, top = 40, 30
    picture = blank(rows * high + 2 * top, columns * wide + 2 * left)
    for i in range(rows + 1):
        thickness = 3 if thick_every and i % thick_every == 0 else 1
        if level:
            cv2.line(picture, (left, top + i * high), (left + columns * wide, top + i * high), RULING_RGB, thickness)
    for j in range(columns + 1):
        thickness = 3 if thick_every and j % thick_every == 0 else 1
        if upright:
            cv2.line(picture, (left + j * wide, top), (left + j * wide, top + rows * high), RULING_RGB, thickness)
    width, height = DIGIT_PX
    for i, row in enumerate(cells):
        for j, text in enumerate(row):
            text = text.strip(".")
            taken = len(text) * (width + 2) - 2
            x = left + j * wide + 5 + round(align * (wide - 10 - taken))
            y = top + i * high + (high - height) // 2
            boxes = [(x + k * (width + 2), y, x + k * (width + 2) + width, y + height) for k in range(len(text))]
            draw_blobs(picture, boxes, [int(digit) for digit in text])
    return picture


def tilted(picture: np.ndarray, degrees: float, perspective: float = 0.0) -> np.ndarray:
    """The picture turned, its upper corners drawn together by a share of its width."""
    height, width = picture.shape[:2]
    size = round(1.4 * max(height, width))
    middle = np.array([width / 2, height / 2])
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64) - middle
    angle = np.deg2rad(degrees)
    turned = corners @ np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    turned[:2, 0] *= 1 - 2 * perspective
    matrix = cv2.getPerspectiveTransform((corners + middle).astype(np.float32), (turned + size / 2).astype(np.float32))
    white = (255, 255, 255)
    return np.asarray(cv2.warpPerspective(picture, matrix, (size, size), flags=cv2.INTER_AREA, borderValue=white))


def texts(picture: np.ndarray, turn: bool = False) -> list[tuple[tuple[str, ...], ...]]:
    """The texts of all tables that are found."""
    page = Reader(FakeDetector(), turn=turn, tables=True).page(picture)
    return [table.texts for table in page.tables]


def as_cells(rows: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(digit.strip(".") for digit in row) for row in rows)


@pytest.mark.parametrize(("degrees", "perspective"), [(0, 0), (5, 0), (-5, 0), (0, 0.06), (4, 0.05)])
def test_a_sudoku_keeps_its_empty_cells(degrees: float, perspective: float) -> None:
    picture = tilted(drawn(SUDOKU, (32, 32), thick_every=3), degrees, perspective)
    assert texts(picture) == [as_cells(SUDOKU)]


@pytest.mark.parametrize("degrees", [0, 5, -8])
@pytest.mark.parametrize(("level", "upright"), [(True, True), (True, False), (False, True)])
def test_rulings_of_one_direction_are_enough(level: bool, upright: bool, degrees: float) -> None:
    assert texts(tilted(drawn(NUMBERS, (60, 32), level, upright), degrees)) == [NUMBERS]


@pytest.mark.parametrize("align", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("degrees", [0, 5])
def test_numbers_below_each_other_need_no_rulings(align: float, degrees: float) -> None:
    picture = tilted(drawn(NUMBERS, (80, 32), level=False, upright=False, align=align), degrees)
    page = Reader(FakeDetector(), turn=False, tables=True).page(picture)
    assert [table.texts for table in page.tables] == [NUMBERS]
    assert not page.tables[0].ruled


def test_two_numbers_side_by_side_are_no_table() -> None:
    assert texts(drawn((("12", "34"),), (80, 32), level=False, upright=False)) == []
    assert texts(drawn((("12", "34"), ("5", "67")), (80, 32), level=False, upright=False)) == []
    assert texts(drawn((("1",), ("2",), ("3",), ("4",)), (80, 32), level=False, upright=False)) == []


def test_a_page_without_numbers_has_none() -> None:
    assert texts(drawn((("", ""), ("", "")))) == []
    assert texts(blank(100, 100)) == []


def test_a_reading_that_is_not_asked_for_tables_has_none() -> None:
    picture = drawn(NUMBERS)
    reader = Reader(FakeDetector(), turn=False)
    page = reader.page(picture)
    assert page.tables == ()
    assert [table.texts for table in reader.tables(picture, page)] == [NUMBERS]


def test_cells_and_corners_lie_where_the_table_is() -> None:
    (table,) = Reader(FakeDetector(), turn=False, tables=True).page(drawn(NUMBERS, (60, 32))).tables
    assert table.ruled
    np.testing.assert_allclose(table.corners, [(40, 30), (220, 30), (220, 158), (40, 158)], atol=3)
    np.testing.assert_allclose(table.rows[1][2].box, (160, 62, 220, 94), atol=3)
    assert [number.text for number in table.rows[1][2].numbers] == ["515"]
    assert table.rows[1][1] == Cell("", (), table.rows[1][1].box)


def test_pictures_on_their_side_have_their_tables_too() -> None:
    picture = drawn(NUMBERS, (60, 32))
    reader = Reader(FakeDetector(), turn=False)
    page = reader.page(picture)
    (upright,) = reader.tables(picture, page)
    height, width = picture.shape[:2]

    def on_side(box: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
        x0, y0, x1, y1 = box  # turned counterclockwise: to be turned by 90 degrees clockwise to stand upright
        return y0, width - x1, y1, width - x0

    lines = tuple(
        Line.of([Number.of([replace(d, box=on_side(d.box)) for d in number.digits]) for number in line.numbers])
        for line in page.lines
    )
    lying = np.ascontiguousarray(np.rot90(picture))
    (table,) = find_tables(lying, Page(height, width, lines, turned=90))
    assert table.texts == upright.texts
    np.testing.assert_allclose(table.rows[1][2].box, on_side(upright.rows[1][2].box), atol=1)


def test_a_number_across_a_ruling_is_two() -> None:
    picture = drawn(NUMBERS, (30, 32))
    page = Reader(FakeDetector(), turn=False).page(picture)
    rows: dict[int, list[Digit]] = {}
    for line in page.lines:
        for number in line.numbers:
            for digit in number.digits:
                rows.setdefault(round(digit.box[1] / 32), []).append(digit)
    # The digits of the first two cells of the first row, read as one number.
    first = sorted(rows[min(rows)], key=lambda digit: digit.box[0])
    lines = [Line.of([Number.of(first[:3]), Number.of(first[3:])])]
    lines += [line for line in page.lines if first[0] not in line.numbers[0].digits]
    (table,) = find_tables(picture, replace(page, lines=tuple(lines)))
    assert table.texts[0] == ("12", "3", "40")


def test_cells_that_are_one_keep_their_text_in_the_first() -> None:
    picture = drawn((("", "12", ""), *NUMBERS[1:]), (60, 32))
    picture[32:61, 42:218][(picture[32:61, 42:218] == RULING_RGB).all(axis=2)] = 255  # the first row is one cell
    (found,) = texts(picture)
    assert found == (("12", "", ""), *NUMBERS[1:])


@settings(max_examples=30, deadline=None)
@given(st.tuples(*[st.floats(-0.2, 0.2)] * 2), st.tuples(*[st.floats(-3e-4, 3e-4)] * 2), st.integers(0, 99))
def test_straightening_is_undone_exactly(slopes: tuple[float, float], fans: tuple[float, float], seed: int) -> None:
    frame = Frame(320, 240, (slopes[0], fans[0]), (slopes[1], fans[1]))
    points = np.random.default_rng(seed).uniform(0, 600, (20, 2))
    np.testing.assert_allclose(frame.in_picture(frame.straight(points)), points, atol=1e-6)


def test_forms_with_a_box_for_each_digit_are_no_tables() -> None:
    picture = blank(260, 220)
    numbers = ("12345", "67890", "31415", "92653")
    for i, text in enumerate(numbers):
        top = 20 + 60 * i
        cv2.rectangle(picture, (30, top), (30 + 18 * len(text), top + 26), RULING_RGB, 1)
        for k in range(1, len(text)):
            cv2.line(picture, (30 + 18 * k, top), (30 + 18 * k, top + 26), RULING_RGB, 1)
        draw_blobs(
            picture, [(34 + 18 * k, top + 5, 44 + 18 * k, top + 21) for k in range(len(text))], list(map(int, text))
        )
    page = Reader(FakeDetector(), turn=False).page(picture)
    digits = [digit for line in page.lines for number in line.numbers for digit in number.digits]
    digits.sort(key=lambda digit: (digit.box[1], digit.box[0]))
    lines = tuple(Line.of([Number.of(digits[5 * i : 5 * i + 5])]) for i in range(4))
    assert [line.text for line in lines] == list(numbers)
    assert find_tables(picture, replace(page, lines=lines)) == ()


@pytest.mark.parametrize(("sign", "count"), [("+", 0), ("=", 0), (".", 1)])
def test_sums_below_each_other_are_no_table(sign: str, count: int) -> None:
    picture = drawn(NUMBERS, (80, 32), level=False, upright=False)
    page = Reader(FakeDetector(), turn=False).page(picture)
    signs = tuple(Sign(sign, (116.0, 40.0 + 32 * i, 126.0, 50.0 + 32 * i), 0.9) for i in range(len(NUMBERS)))
    assert len(find_tables(picture, replace(page, signs=signs))) == count
