"""Digits back in reading order: empty and odd pages, laws of geometry, and hundreds of random pages."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.reading.calibration import Calibration
from detector.reading.reading_order import NESTED_AREA_SHARE, read_lines, without_nested
from detector.types import Detections, Digit, Line, Number, Page


@dataclass(frozen=True)
class Written:
    """A page before it is turned: per digit (N, 4) centre u, v, width and height; labels; the true text."""

    digits: np.ndarray
    labels: np.ndarray
    lines: tuple[str, ...]


def write(rng: np.random.Generator, tilt: float = 0.035, uneven: float = 0.125, most_lines: int = 5) -> Written:
    """Lines of numbers, one below the other.

    Heights differ by 20 % within a line and by 30 % between lines. Gaps are in heights of the line: from -0.15 to 0.4
    between digits, from 1 to 8 between numbers. A line strays from the page by `tilt` (tangent), a digit from its line
    by `uneven` (heights). Wherever two lines share a column they are 1.35 heights apart or more.
    """
    digits: list[tuple[float, float, float, float]] = []
    labels: list[int] = []
    lines: list[str] = []
    earlier: list[tuple[float, float, float, float, float]] = []  # height, slope, v at start, start, end
    for _ in range(rng.integers(1, most_lines + 1)):
        height = np.exp(rng.uniform(-0.15, 0.15))
        slope, u = rng.uniform(-tilt, tilt), rng.uniform(0, 6)
        start, text = u, []
        row: list[tuple[float, float, float, float]] = []
        for index in range(rng.integers(1, 5)):
            u += (rng.uniform(1, 3) if rng.random() < 0.8 else rng.uniform(3, 8)) * height if index else 0
            text.append("")
            for position in range(rng.integers(1, 11)):
                label = int(rng.integers(10))
                h = height * rng.uniform(0.8, 1.2)
                w = h * (rng.uniform(0.15, 0.4) if label == 1 else rng.uniform(0.45, 0.8))
                u += max(rng.uniform(-0.15, 0.4) * height, -min(w, row[-1][2]) / 2) if position else 0
                row.append((u + w / 2, slope * (u - start) + rng.uniform(-uneven, uneven) * height, w, h))
                u += w
                text[-1] += str(label)
                labels.append(label)
        v = 0.0
        for other_height, other_slope, other_v, other_start, other_end in earlier:
            for at in (max(start, other_start), min(u, other_end)):
                above = other_v + other_slope * (at - other_start) + 1.35 * max(height, other_height)
                v = max(v, above - slope * (at - start))
        v += rng.choice([0.0, rng.uniform(0, 2)])
        earlier.append((height, slope, v, start, u))
        digits += [(x, y + v, w, h) for x, y, w, h in row]
        lines.append(" ".join(text))
    return Written(np.array(digits), np.array(labels, np.int64), tuple(lines))


def seen(page: Written, degrees: float, turned_digits: bool, scale: float = 40, shift: float = 500) -> Detections:
    """The page turned about its corner: boxes of digits that turned with it, or only of digits that moved with it."""
    u, v, w, h = page.digits.T
    c, s = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    x, y = u * c - v * s, u * s + v * c
    if turned_digits:
        w, h = w * c + h * abs(s), h * c + w * abs(s)
    boxes = np.stack([x - w / 2, y - h / 2, x + w / 2, y + h / 2], axis=1) * scale + shift
    return Detections(boxes.astype(np.float32), page.labels, np.full(len(boxes), 0.9, np.float32))


def text(detections: Detections) -> tuple[str, ...]:
    return tuple(line.text for line in read_lines(detections))


def row(text: str, pitch: float, y: float = 0, x: float = 0, height: float = 20, width: float = 12) -> Detections:
    """Digits at an even pitch, in pixels."""
    x0 = x + np.arange(len(text)) * pitch
    boxes = np.stack([x0, np.full(len(x0), y), x0 + width, np.full(len(x0), y + height)], axis=1)
    return Detections(boxes.astype(np.float32), np.array([int(d) for d in text]), np.full(len(text), 0.5, np.float32))


def together(*parts: Detections) -> Detections:
    return Detections(
        np.concatenate([p.boxes for p in parts]),
        np.concatenate([p.labels for p in parts]),
        np.concatenate([p.scores for p in parts]),
    )


def test_nothing_and_one_digit() -> None:
    assert read_lines(Detections.empty()) == ()
    assert Page(5, 5, ()).text == ""
    (line,) = read_lines(row("7", 1, y=3, x=2))
    digit = Digit(7, (2.0, 3.0, 14.0, 23.0), 0.5)
    assert line == Line("7", (Number("7", 0.5, (digit,)),))
    assert all(type(side) is float for side in digit.box)


def test_a_number_is_as_sure_as_all_its_digits_together() -> None:
    (line,) = read_lines(row("123", 14))
    assert line.numbers[0].score == pytest.approx(0.5**3)
    assert Page(99, 99, (line, line)).text == "123\n123"


def test_detections_in_one_place_are_all_kept() -> None:
    same = together(row("1", 1), row("1", 1), row("7", 1))
    assert sorted("".join(text(same)).replace(" ", "")) == ["1", "1", "7"]


def test_one_column_of_digits_is_a_line_each() -> None:
    assert text(together(*(row(str(d), 1, y=30 * d, x=d % 3) for d in range(10)))) == tuple("0123456789")


def test_a_small_digit_beside_a_tall_one_and_raised_cents() -> None:
    assert text(together(row("7", 1, height=40, width=24), row("0", 1, x=26, y=20, height=18))) == ("70",)
    assert text(together(row("7", 1, height=40, width=24), row("1", 1, x=28, y=4, height=34, width=4))) == ("71",)
    assert text(together(row("125", 26, height=40, width=24), row("50", 12, x=80, y=0, height=20, width=10))) == (
        "12550",
    )


def test_large_and_small_lines_on_one_page() -> None:
    page = together(
        row("12", 60, height=90, width=50),
        row("345678", 12, y=110, height=18, width=10),
        row("90", 12, y=135, height=18, width=10),
        row("34", 60, y=170, height=90, width=50),
    )
    assert text(page) == ("12", "345678", "90", "34")


def test_two_numbers_far_apart_are_one_line() -> None:
    assert text(together(row("12", 14), row("34", 14, x=900, y=4), row("5", 14, y=40), row("6", 14, x=905, y=44))) == (
        "12 34",
        "5 6",
    )


@pytest.mark.parametrize("pitch", [14, 18, 24, 28, 30])
@pytest.mark.parametrize("digits", ["123", "20260117"])
def test_digits_spread_evenly_over_the_boxes_of_a_form_are_one_number(digits: str, pitch: float) -> None:
    assert text(row(digits, pitch)) == (digits,)


def test_uneven_or_wider_gaps_part_numbers() -> None:
    assert text(row("123", 40)) == ("1 2 3",)
    assert text(together(row("1", 1), row("2", 1, x=36), row("3", 1, x=80))) == ("1 2 3",)
    assert text(together(row("12", 14), row("34", 14, x=50))) == ("12 34",)
    assert text(together(row("89", 24), row("153", 24, x=55))) == ("89153",)  # no wider than loose digits may stand


def spread(text: str, *gaps: float) -> Detections:
    """A row of digits with these gaps between them, in digit heights."""
    starts = np.cumsum([0, *(12 + 20 * np.array(gaps))])
    return together(*(row(digit, 1, x=float(x)) for digit, x in zip(text, starts, strict=True)))


def test_a_number_with_room_between_its_digits_is_one() -> None:
    """Unless its digits are few, or stand in columns, or their neighbours are clearly nearer: then they are numbers."""
    assert text(spread("12345", 1.1, 1.4, 1.6, 1.5)) == ("12345",)
    assert text(spread("20170708", 0.6, 0.9, 1.0, 1.1, 1.4, 0.9, 0.8)) == ("20170708",)
    assert text(spread("1234", 1.5, 1.6, 1.7)) == ("1 2 3 4",)
    assert text(spread("12345", 3.2, 3.5, 3.1, 3.3)) == ("1 2 3 4 5",)
    assert text(spread("63276051", 1.5, 0.2, 0.1, 0.3, 1.4, 1.3, 1.4)) == ("6 3276 0 5 1",)
    assert text(spread("1234567", 1.3, 0.7, 1.4, 0.7, 1.3, 0.8)) == ("1 23 45 67",)


# Derandomized: of some ten thousand such pages one can be read in two ways, and it should not be met on a Friday.
@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 2**20),
    degrees=st.floats(-15, 15),
    turned_digits=st.booleans(),
    scale=st.floats(10, 400),
    shift=st.floats(-1000, 1000),
)
def test_rotation_scale_shift_and_order_change_no_text(
    seed: int, degrees: float, turned_digits: bool, scale: float, shift: float
) -> None:
    rng = np.random.default_rng(seed)
    page = write(rng, tilt=0.01)
    found = seen(page, degrees, turned_digits, scale, shift)
    assert text(found) == page.lines
    assert text(found[rng.permutation(len(found))]) == page.lines


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**20), st.integers(0, 40))
def test_whatever_is_detected_every_detection_is_read_once(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    corners = rng.uniform(0, 300, (count, 2))
    boxes = np.concatenate([corners, corners + np.exp(rng.uniform(-2, 6, (count, 2)))], axis=1).astype(np.float32)
    found = Detections(boxes, rng.integers(0, 10, count), rng.random(count).astype(np.float32))
    lines = read_lines(found)
    read = [(d.digit, d.box, d.score) for line in lines for number in line.numbers for d in number.digits]
    rows = zip(found.labels, found.boxes, found.scores, strict=True)
    assert sorted(read) == sorted((int(a), tuple(b.tolist()), float(c)) for a, b, c in rows)
    again = found[rng.permutation(count)]
    assert read_lines(again) == lines


@pytest.mark.parametrize("start", [0, 250])
def test_random_pages_are_put_back_in_order(start: int) -> None:
    for seed in range(start, start + 250):
        rng = np.random.default_rng(seed)
        page = write(rng)
        assert text(seen(page, rng.uniform(-15, 15), bool(rng.integers(2)))) == page.lines, f"seed {seed}"


def test_digits_that_stray_a_quarter_of_their_height_are_nearly_always_put_back() -> None:
    right = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        page = write(rng, uneven=0.25)
        right += text(seen(page, rng.uniform(-15, 15), True)) == page.lines
    assert right >= 59


def test_a_dense_page() -> None:
    lines = ["".join(str((i * j) % 10) for j in range(30)) for i in range(14)]
    page = together(*(row(digits, 14, y=30 * i) for i, digits in enumerate(lines)))
    assert text(page) == tuple(lines)


# Digits within each other.


def kept_one_by_one(found: Detections) -> list[bool]:
    """What without_nested() keeps, by two loops."""
    keep = [True] * len(found)
    order = np.argsort(-found.scores, kind="stable").tolist()
    for at, i in enumerate(order):
        for j in order[:at]:
            first, second = found.boxes[i].astype(float), found.boxes[j].astype(float)
            sides = np.minimum(first[2:], second[2:]) - np.maximum(first[:2], second[:2])
            smaller = min((first[2:] - first[:2]).prod(), (second[2:] - second[:2]).prod())
            if keep[j] and (sides > 0).all() and sides.prod() > NESTED_AREA_SHARE * smaller:
                keep[i] = False
    return keep


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 10_000), st.integers(0, 40), st.sampled_from([3, 512]))
def test_of_digits_within_each_other_the_likeliest_is_read(seed: int, count: int, block: int) -> None:
    rng = np.random.default_rng(seed)
    corner = rng.uniform(0, 60, (count, 2))
    boxes = np.concatenate([corner, corner + rng.uniform(1, 50, (count, 2))], axis=1).astype(np.float32)
    scores = (rng.integers(1, 6, count) / 6).astype(np.float32)  # many are equal
    found = Detections(boxes, rng.integers(0, 10, count), scores)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("detector.reading.reading_order.BLOCK_DIGITS", block)
        assert without_nested(found).tolist() == kept_one_by_one(found)


def test_a_stroke_of_a_digit_is_not_read_with_it() -> None:
    boxes = np.array([[10, 10, 40, 60], [12, 35, 40, 60], [50, 12, 75, 60]], np.float32)
    found = Detections(boxes, np.array([2, 7, 5]), np.array([0.9, 0.6, 0.8], np.float32))
    assert [line.text for line in Calibration().lines(found, 0.5)] == ["25"]
    assert [line.text for line in Calibration().lines(found, 0.85)] == ["2"]
