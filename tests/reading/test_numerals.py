"""Numbers as they stand there: tables of what signs make of digits, and laws for any arrangement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.categories import CATEGORIES, SIGNS
from detector.reading.calibration import Calibration, Chance
from detector.reading.numerals import written_with
from detector.reading.reader import Reader
from detector.reading.reading_order import read_lines
from detector.reading.signs import signs_of
from detector.rotation import turned_boxes
from detector.types import RIGHT_ANGLES_DEG, Detections, Line, Page, Sign
from tests.fakes import blank

SHAPES = {
    ".": (2, 17, 19),
    ",": (2, 16, 23),
    "-": (8, 9, 11),
    "+": (10, 5, 15),
    "×": (8, 6, 14),
    "÷": (10, 5, 15),
    "/": (8, 0, 20),
    "=": (8, 7, 13),
    ":": (2, 5, 17),
    "%": (16, 0, 20),
    "(": (4, -2, 24),
    ")": (4, -2, 24),
    "$": (10, -2, 22),
    "€": (10, 0, 20),
    "£": (10, 0, 20),
}
"""Of each sign beside digits 10 wide and 20 high: its width, and where it begins and ends below the top of a digit."""


def scene(text: str, slope: float = 0.0) -> Detections:
    """Text set in one line, a gap of 3 pixels between glyphs, 16 more for a space; "_" is a gap of 6 more."""
    x, boxes, labels = 0.0, [], []
    for glyph in text:
        if glyph in " _":
            x += 16 if glyph == " " else 6
            continue
        width, top, bottom = SHAPES.get(glyph, (10, 0, 20))
        y = 100 + slope * x
        boxes.append((x, y + top, x + width, y + bottom))
        labels.append(CATEGORIES.index(glyph))
        x += width + 3
    return Detections(
        np.array(boxes, np.float32).reshape(-1, 4), np.array(labels, np.int64), np.full(len(labels), 0.9, np.float32)
    )


def read(found: Detections) -> tuple[Line, ...]:
    lines = read_lines(found.digits())
    return written_with(lines, signs_of(found, CATEGORIES, 0.5, lines), found.turned)


TABLE = {
    "12.5": "12.5",
    "12_._5": "12.5",
    "1.250,00": "1.250,00",
    "12/05/1998": "12/05/1998",
    "12_/_05_/_1998": "12/05/1998",
    "10:45": "10:45",
    "06-05-22": "06-05-22",
    "-3": "-3",
    "+3": "+3",
    "$5": "$5",
    "-$5.00": "-$5.00",
    "$-5": "$-5",
    "5€": "5€",
    "5_€": "5€",
    "£12 $7": "£12 $7",
    "12%": "12%",
    "110,000/-": "110,000/-",
    "110,000/= 5": "110,000/= 5",
    "11.": "11",
    "11,": "11",
    ".5": "5",
    "(12)": "12",
    "(-12)": "-12",
    "12+34=46": "12 34 46",
    "12-7=5": "12 7 5",
    "12-7-4=1": "12 7 4 1",
    "12/3=4": "12 3 4",
    "10:2=5": "10 2 5",
    "2×3.5=7": "2 3.5 7",
    "5÷-3=": "5 -3",
    "5=-3": "5 -3",
    "3-4": "3 4",
    "3_-_4": "3 4",
    "12   -3": "12 -3",
    "1, 2, 3": "1 2 3",
    "12 34": "12 34",
    "3/4": "3/4",
    "5%-3": "5% 3",
    ")-3": "3",
    "12 % 3": "12% 3",
    "81__.__2": "81.2",
    "744.__7": "744.7",
    "744,__7": "744 7",
    "14  +3": "14 3",
    "8(+5)": "8 5",
    "9=5   -3": "9 5 3",
    "3-3-8": "3 3 8",
    "1-2-98": "1-2-98",
    "2024-6-30": "2024-6-30",
    "0123-45-67": "0123-45-67",
    "12-34": "12 34",
}


@pytest.mark.parametrize("text", TABLE)
@pytest.mark.parametrize("slope", [0.0, 0.15])
def test_a_line_as_it_stands_there(text: str, slope: float) -> None:
    assert [line.written for line in read(scene(text, slope))] == [TABLE[text]]


@pytest.mark.parametrize("turned", RIGHT_ANGLES_DEG)
def test_pictures_on_their_side_are_read_upright(turned: int) -> None:
    upright = scene("-12.5 110,000/-")
    lying = turned_boxes(upright.boxes, -turned % 360, 300, 300)
    assert [line.written for line in read(Detections(lying, upright.labels, upright.scores, turned))] == [
        "-12.5 110,000/-"
    ]


def test_signs_of_numbers_are_told_left_to_right() -> None:
    (line,) = read(scene("-12.5%"))
    (number,) = line.numbers
    assert [sign.category for sign in number.signs] == ["-", ".", "%"]
    assert (number.text, number.value) == ("125", -12.5)


def test_signs_of_ones_own_are_reported_and_belong_to_no_number() -> None:
    found = scene("-12.5")
    lines = read_lines(found.digits())
    names = (*CATEGORIES[:10], *(f"my {sign}" for sign in SIGNS))
    signs = signs_of(found, names, 0.5, lines)
    assert {sign.category for sign in signs} == {"my .", "my -"}
    assert written_with(lines, signs) == lines


def test_a_point_up_or_a_dash_down_means_nothing() -> None:
    for sign, up in ((".", -12), (",", -14), ("-", 10), ("-", -9)):
        found = scene(f"1{sign}5")
        boxes = found.boxes.copy()
        boxes[1, [1, 3]] += up
        assert [line.written for line in read(Detections(boxes, found.labels, found.scores))] == ["15"]


# Which detections are signs


def detections(*things: tuple[str, tuple[float, float, float, float], float]) -> Detections:
    return Detections(
        np.array([box for _, box, _ in things], np.float32).reshape(-1, 4),
        np.array([CATEGORIES.index(name) for name, _, _ in things], np.int64),
        np.array([score for _, _, score in things], np.float32),
    )


def categories_of(found: Detections, least: float = 0.5) -> list[str]:
    return [sign.category for sign in signs_of(found, CATEGORIES, least, read_lines(found.digits()))]


BOX = (10.0, 10.0, 20.0, 30.0)


@pytest.mark.parametrize(
    ("things", "expected"),
    [
        ([], []),
        ([("/", BOX, 0.9)], ["/"]),
        ([("/", BOX, 0.49)], []),
        ([("1", BOX, 0.6), ("/", BOX, 0.9)], []),  # one box, read as a digit
        ([("writing", BOX, 0.9)], []),
        ([("writing", BOX, 0.9), (".", (14, 10, 16, 12), 0.8)], []),  # the dot of a letter
        ([("=", (0, 6, 10, 14), 0.9), ("-", (0, 6, 10, 8), 0.8)], ["="]),  # a stroke of a sign
        ([("7", BOX, 0.9), ("-", (12, 19, 18, 21), 0.9)], []),  # a stroke of a digit
        ([("7", BOX, 0.9), (",", (17, 26, 20, 34), 0.9)], [","]),  # under the arm of a digit
    ],
)
def test_what_is_a_sign(
    things: list[tuple[str, tuple[float, float, float, float], float]], expected: list[str]
) -> None:
    assert categories_of(detections(*things)) == expected


def test_labels_without_a_name_are_left_out() -> None:
    assert signs_of(scene("1.5"), CATEGORIES[:10], 0.5, ()) == ()


# All the way through a reader


class Known:
    """A network that finds what it is told, in any picture."""

    runtime, at_once, whole_picture, categories = "none", 1, True, CATEGORIES

    def __init__(self, found: Detections) -> None:
        self.found = found

    def find(self, pictures: Sequence[np.ndarray]) -> list[Detections]:
        return [self.found] * len(pictures)


def page(found: Detections, **calibrated: object) -> Page:
    return Reader(Known(found), calibration=replace(Calibration(), **calibrated)).page(blank(300, 300))


def test_a_page_has_its_signs_and_numbers_as_they_are_written() -> None:
    read_page = page(scene("-12.5 = 3"))
    assert (read_page.text, read_page.written) == ("125 3", "-12.5 3")
    assert {sign.category for sign in read_page.signs} == {"-", ".", "="}
    assert [number.value for line in read_page.lines for number in line.numbers] == [-12.5, 3.0]


def test_signs_have_a_chance_and_a_threshold_of_their_own() -> None:
    found = scene("12.5")
    assert page(found, min_sign_score=0.95).written == "125"
    assert page(found, sign=Chance(1.0, -5.0)).written == "125"
    read_page = page(found, sign=Chance(1.0, 1.0))
    assert read_page.signs[0].score == pytest.approx(float(Chance(1.0, 1.0)(0.9)), abs=1e-6)
    assert read_page.lines[0].numbers[0].digits[0].score == pytest.approx(0.9)


def test_digits_beside_a_number_are_read_unless_they_are_likelier_signs() -> None:
    found = scene("12/31")
    twin = Detections(found.boxes[2:3], np.array([1], np.int64), np.array([0.3], np.float32))
    both = Detections(
        *(np.concatenate([getattr(one, n) for one in (found, twin)]) for n in ("boxes", "labels", "scores"))
    )
    assert page(both, company=32.0).written == "12/31"
    digits = both.digits()
    assert page(digits, company=32.0).text == "12131"


def test_a_rejected_number_withholds_its_signs() -> None:
    lines, signs = Calibration().lines_and_signs(scene("-12.5"), CATEGORIES, 0.5, 0.99)
    assert [(line.text, line.written) for line in lines] == [("???", "???")]
    assert len(lines[0].numbers[0].signs) == len(signs) == 2


# Laws


@st.composite
def any_page(draw: st.DrawFn) -> Detections:
    count = draw(st.integers(0, 14))
    corner = st.tuples(st.integers(0, 90), st.integers(0, 50), st.integers(1, 22), st.integers(1, 24))
    boxes = [(x, y, x + w, y + h) for x, y, w, h in draw(st.lists(corner, min_size=count, max_size=count))]
    labels = draw(st.lists(st.integers(0, len(CATEGORIES) - 1), min_size=count, max_size=count))
    scores = draw(st.lists(st.sampled_from([0.4, 0.5, 0.7, 0.9, 1.0]), min_size=count, max_size=count))
    return Detections(
        np.array(boxes, np.float32).reshape(-1, 4),
        np.array(labels, np.int64),
        np.array(scores, np.float32),
        draw(st.sampled_from(RIGHT_ANGLES_DEG)),
    )


@given(any_page(), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_no_digit_goes_and_order_plays_no_role(found: Detections, random: np.random.Generator) -> None:
    lines, before = read(found), read_lines(found.digits())
    for line, as_it_was in zip(lines, before, strict=True):
        assert line.text.replace(" ", "") == as_it_was.text.replace(" ", "")
        for number in line.numbers:
            assert "".join(filter(str.isdigit, number.written)) == number.text
            assert len(number.written) == len(number.digits) + len(number.signs)
    order = list(range(len(found)))
    random.shuffle(order)
    assert read(found[np.array(order, np.int64)]) == lines


@given(st.text("0123456789.,-+×÷/=:%()$€£_ ", max_size=16))
@settings(max_examples=60, deadline=None)
def test_each_sign_belongs_to_one_number_at_most(text: str) -> None:
    signs = [sign for line in read(scene(text)) for number in line.numbers for sign in number.signs]
    assert len(set(signs)) == len(signs)
    assert {sign.category for sign in signs}.isdisjoint("×÷()")


def test_scores_of_numbers_that_stay_are_left() -> None:
    """What parts numbers may have lowered them."""
    lines = tuple(
        Line.of([replace(number, score=0.25) for number in line.numbers]) for line in read_lines(scene("12").digits())
    )
    sign = Sign("-", (-10.0, 109.0, -2.0, 111.0), 0.9)
    ((number,),) = [line.numbers for line in written_with(lines, [sign])]
    assert (number.written, number.score) == ("-12", 0.25)
