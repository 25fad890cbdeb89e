"""Pages of boxes alone, without a picture: how people space digits within numbers, and numbers from each other.

For what is to learn where numbers begin and end. Thousands are made in seconds, so that all ways of spacing come in all
sizes: numbers with room in them, amounts grouped by threes, boxes of forms, tables with and without rulings, columns of
digits to be added, expressions, dates, words between numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from detector.categories import DIGIT_COUNT
from detector.types import Detections, Float64Array, FloatArray, Target
from digit_scenes.spaced_boxes import BoxSheet, Style

JITTER_HEIGHTS = 0.03
"""Standard deviation by which a detector draws the sides of boxes elsewhere, in digit heights."""
MISSED, INVENTED, SIGN_MISSED = 0.015, 0.01, 0.12
"""Shares of digits that a detector misses or finds beside them, and of signs that it misses."""
MIN_RULED_ROOM_HEIGHTS = 0.2
"""Rulings are looked for where digits are at least so far apart."""
RULING_MISSED = 0.08
"""Share of gaps with a ruling where none is seen."""
RULING_INVENTED = 0.015
"""Share of digits behind which a ruling is seen where there is none."""


@dataclass(frozen=True, eq=False)
class SpacedPage:
    """What is written on a page, and what a detector finds there."""

    target: Target
    """All digits, number by number."""
    lines: tuple[str, ...]
    """The numbers, parted by spaces, in one string."""
    found: Detections
    """Digits, signs and writing, labels after CATEGORIES: boxes a little off, a few missed; and rulings."""


def _length(rng: np.random.Generator, most: int = 10) -> int:
    return 1 + int(most * rng.uniform() ** 1.8)


def _numbers_on_lines(sheet: BoxSheet) -> None:
    """Lines of numbers with room between them that is clear to see, each number at any place or in columns."""
    rng = sheet.rng
    room, aligned = sheet.room(), rng.random() < 0.4
    starts = np.cumsum(rng.uniform(2.5, 7, 5))
    for row in range(int(rng.integers(1, 7))):
        x = float(rng.uniform(0, 3))
        for k in range(int(rng.integers(1, 5))):
            if k:
                x += max(0.45, room * float(rng.uniform(0.75, 1.5)))
            if k and aligned:
                x = max(x, float(starts[k]))
            x = sheet.number(x, row * 1.9, _length(rng))


def _one_number(sheet: BoxSheet) -> None:
    """One number and nothing else, as in a cell that was cut out, at times with a gap as wide as half a digit."""
    rng = sheet.rng
    length = int(rng.integers(2, 9))
    gaps = np.array([sheet.style.gap() for _ in range(length - 1)])
    if rng.random() < 0.4:
        gaps[rng.integers(length - 1)] += rng.uniform(0.1, 0.6)
    sheet.number(0, 0, length, gaps.tolist())


def _even_rows(sheet: BoxSheet) -> None:
    """Lines of digits, each by itself and as far from the next, without rulings: a number a line."""
    rng = sheet.rng
    pitch, length = float(rng.uniform(1.1, 2.6)), int(rng.integers(4, 12))
    off, equal = float(rng.uniform(0.03, 0.14)), rng.random() < 0.7
    for row in range(int(rng.integers(1, 11))):
        sheet.last += 1
        for k in range(length if equal else int(rng.integers(3, length + 1))):
            sheet.digit(pitch * (k + float(rng.normal(0, off))), row * 2.4)


def _roomy_number(sheet: BoxSheet) -> None:
    """Numbers with much room between their digits, each on a line of its own."""
    rng = sheet.rng
    usual, spread = float(rng.uniform(0.3, 1.5)), float(rng.uniform(0.05, 0.35))
    for row in range(int(rng.choice([1, 1, 1, 2, 3]))):
        length = int(rng.integers(3, 12))
        gaps = usual * np.exp(spread * rng.standard_normal(length - 1)) - 0.05
        sheet.number(float(rng.uniform(0, 2)), row * 2.2, length, gaps.tolist())


def _grouped_amounts(sheet: BoxSheet) -> None:
    """Amounts with more room before each third digit from the right, mostly with a point or comma in it."""
    rng = sheet.rng
    extra, sign = float(rng.uniform(0.1, 0.75)), str(rng.choice([".", ",", ".", ",", "/", "-", ""]))
    for row in range(int(rng.choice([1, 1, 1, 2, 4]))):
        x, length = float(rng.uniform(0, 2)), int(rng.integers(4, 10))
        decimals = int(rng.choice([0, 0, 1, 2]))
        sheet.last += 1
        for k in range(length):
            apart = (length - decimals - k) % 3 == 0 or (decimals and length - k == decimals)
            if k and apart:
                more = extra if sign else min(extra, 0.5)
                gap = max(0.0, sheet.style.gap()) + more * float(rng.uniform(0.7, 1.3))
                if sign and rng.random() < 0.9:
                    sheet.sign(x + gap * float(rng.uniform(0.2, 0.5)), row * 1.9, sign)
                x += gap
            elif k:
                x += sheet.style.gap()
            x = sheet.digit(x, row * 1.9)


def _combs(sheet: BoxSheet) -> None:
    """A form with a box for each digit. Dates have a wider step between their parts, or boxes that do not touch."""
    rng = sheet.rng
    pitch, ruled = float(rng.uniform(0.85, 2.1)), rng.random() < 0.8
    low, high = float(rng.uniform(-0.85, -0.5)), float(rng.uniform(0.5, 0.85))
    off = float(rng.uniform(0.02, 0.1))
    for row in range(int(rng.choice([1, 1, 2, 3, 5, 8]))):
        x, y = pitch * float(rng.choice([0, 0, 1, 3, rng.uniform(0, 5)])), row * float(rng.uniform(2.0, 2.4))
        parts = [int(rng.integers(2, 12))] if rng.random() < 0.7 else rng.choice([[2, 2, 4], [2, 2, 2], [3, 4, 4]][:2])
        for part in np.asarray(parts).tolist():
            sheet.last += 1
            if ruled:
                sheet.rulings += [(x + pitch * k, y + low, y + high) for k in range(part + 1)]
            for k in range(part):
                middle = x + pitch * (k + 0.5) + float(rng.normal(0, off))
                sheet.digit(middle - 0.31 * sheet.style.stretch, y)
            x += pitch * part + pitch * float(rng.choice([0.3, 0.6, 1.0, rng.uniform(0.2, 1.5)]))


def _table(sheet: BoxSheet) -> None:
    """Cells in rows and columns, each with a number of its own or none; often close to each other."""
    rng = sheet.rng
    rows, columns = int(rng.integers(2, 13)), int(rng.integers(2, 9))
    longest = [int(rng.choice([1, 1, 2, 2, 3, 4])) for _ in range(columns)]
    if rng.random() < 0.6:
        longest = [longest[0]] * columns
    shorter = rng.random() < 0.5
    step = 0.62 * sheet.style.stretch + sheet.style.inner
    padding = float(rng.choice([rng.uniform(0.3, 0.9), rng.uniform(0.5, 2.5)]))
    widths = np.array(longest) * step - sheet.style.inner + padding
    edges = np.concatenate([[0.0], np.cumsum(widths)])
    align, stray = float(rng.choice([0.0, 0.5, 1.0, 0.5])), float(rng.uniform(0.02, 0.35))
    height = float(rng.uniform(1.4, 2.6))
    if rng.random() < (0.95 if max(longest) == 1 else 0.65):
        sheet.rulings += [(float(x), -height / 2, (rows - 0.5) * height) for x in edges]
    full = 1.0 if rng.random() < 0.6 else float(rng.uniform(0.25, 0.95))
    for row in range(rows):
        free = -np.inf
        for column in range(columns):
            if rng.random() > full:
                continue
            length = int(rng.integers(1, longest[column] + 1)) if shorter else longest[column]
            content = length * step - sheet.style.inner
            spare = widths[column] - content
            x = edges[column] + spare * float(np.clip(0.1 + 0.8 * align + stray * rng.standard_normal(), 0.02, 0.98))
            free = sheet.number(max(float(x), free + 0.12), row * height, length)


def _marks(sheet: BoxSheet) -> None:
    """One row of cells, or two, as marks in an examination: a number each."""
    rng = sheet.rng
    width, height = float(rng.uniform(1.2, 3.2)), float(rng.uniform(1.5, 2.5))
    count, longest = int(rng.integers(3, 11)), int(rng.choice([1, 1, 2, 2, 3]))
    rows = int(rng.choice([1, 1, 2]))
    width = max(width, longest * (0.62 * sheet.style.stretch + max(0.0, sheet.style.inner)) + 0.45)
    if rng.random() < 0.85:
        sheet.rulings += [(width * k, -height / 2, (rows - 0.5) * height) for k in range(count + 1)]
    else:
        width += 0.9
    for row in range(rows):
        for k in range(count):
            length = int(rng.integers(1, longest + 1))
            content = length * (0.62 * sheet.style.stretch + sheet.style.inner) - sheet.style.inner
            x = width * (k + 0.5) - content / 2 + float(rng.normal(0, 0.12))
            sheet.number(x, row * height, length)


def _sum(sheet: BoxSheet) -> None:
    """Numbers one below the other to be added, digit below digit, with room between their columns, or in squares."""
    rng = sheet.rng
    pitch = float(rng.uniform(0.65, 1.7)) * max(1.0, sheet.style.stretch)
    longest = int(rng.integers(2, 7))
    if rng.random() < 0.3:
        sheet.rulings += [((k - 0.25) * pitch, -3.0, 12.0) for k in range(-1, longest + 3)]
    for row in range(int(rng.integers(2, 6))):
        length = int(rng.integers(max(1, longest - 2), longest + 1))
        sheet.last += 1
        for k in range(longest - length, longest):
            sheet.digit(pitch * k + float(rng.normal(0, 0.06)) * pitch, row * 1.7)
        if row and rng.random() < 0.3:
            sheet.sign(pitch * (longest - length - 1) - 0.3, row * 1.7, str(rng.choice(["+", "-", "×"])))


def _expression(sheet: BoxSheet) -> None:
    """Sums on lines: signs between numbers part them, with little room or much; so do "-" and "/" there."""
    rng = sheet.rng
    room = float(rng.uniform(0.05, 0.9))
    solved = rng.random() < 0.75
    for row in range(int(rng.integers(1, 6))):
        x = float(rng.uniform(0, 1.5))
        count = int(rng.integers(2, 5))
        for k in range(count):
            if k:
                sign = "=" if solved and k == count - 1 else str(rng.choice(list("++--××÷/()")))
                x = sheet.sign(x + room * float(rng.uniform(0.7, 1.4)), row * 1.9, sign)
                x += room * float(rng.uniform(0.7, 1.4))
            x = sheet.number(x, row * 1.9, _length(rng, 5))
        if solved and rng.random() < 0.2:
            sheet.sign(x + room, row * 1.9, "=")


def _marked(sheet: BoxSheet) -> None:
    """Numbers with signs in them: decimals, dates, times, telephone numbers; several on a line with clear room."""
    rng = sheet.rng
    sign = str(rng.choice([".", ",", "/", "-", ":", ".", ",", "/"]))
    loose = float(rng.uniform(0.02, 0.3))
    room = sheet.room()
    for row in range(int(rng.integers(1, 6))):
        x = float(rng.uniform(0, 1.5))
        for k in range(int(rng.choice([1, 1, 2, 3]))):
            x += room * float(rng.uniform(0.9, 1.4)) + 0.4 if k else 0.0
            sheet.last += 1
            for part in range(int(rng.integers(2, 4))):
                if part:
                    x = sheet.sign(x + loose * float(rng.uniform(0.5, 1.5)), row * 1.9, sign)
                    x += loose * float(rng.uniform(0.5, 1.5))
                for d in range(int(rng.integers(1, 5))):
                    x = sheet.digit(x + (sheet.style.gap() if d else 0.0), row * 1.9)


def _worded(sheet: BoxSheet) -> None:
    """Words and numbers on lines."""
    rng = sheet.rng
    room = float(rng.uniform(0.1, 0.9))
    for row in range(int(rng.integers(1, 7))):
        x = float(rng.uniform(0, 1))
        for _ in range(int(rng.integers(2, 6))):
            x += room * float(rng.uniform(0.7, 1.4))
            x = sheet.word(x, row * 1.9) if rng.random() < 0.5 else sheet.number(x + 0.4, row * 1.9, _length(rng, 6))


_KINDS: tuple[tuple[float, Callable[[BoxSheet], None], tuple[float, float]], ...] = (
    (0.23, _numbers_on_lines, (-0.12, 0.38)),
    (0.07, _one_number, (-0.12, 0.5)),
    (0.04, _even_rows, (0.0, 0.3)),
    (0.06, _roomy_number, (0.0, 0.3)),
    (0.13, _grouped_amounts, (-0.12, 0.3)),
    (0.11, _combs, (0.0, 0.3)),
    (0.17, _table, (-0.1, 0.5)),
    (0.04, _marks, (-0.1, 0.35)),
    (0.05, _sum, (0.0, 0.3)),
    (0.04, _expression, (-0.1, 0.35)),
    (0.04, _marked, (-0.1, 0.35)),
    (0.02, _worded, (-0.1, 0.3)),
)
"""Ways to space digits: the share of each, and least and most room between the digits of a number."""


def spaced_page(seed: int) -> SpacedPage:
    """A page of boxes. The same seed gives the same page."""
    rng = np.random.default_rng((0x5BACE, seed))
    shares = np.array([share for share, _, _ in _KINDS])
    _, draw, inner = _KINDS[int(rng.choice(len(_KINDS), p=shares / shares.sum()))]
    sheet = BoxSheet(rng, Style.random(rng, inner))
    draw(sheet)
    scale, slope = float(np.exp(rng.uniform(np.log(12), np.log(80)))), float(rng.normal(0, 0.025))
    boxes = np.array(sheet.boxes).reshape(-1, 4)
    boxes = boxes + slope * (boxes[:, :1] + boxes[:, 2:3]) / 2 * [0, 1, 0, 1]
    labels = np.array(sheet.labels, np.int64)

    digits = labels < DIGIT_COUNT
    words = [""] * (sheet.last + 1)
    for number, label in zip(sheet.numbers, sheet.labels, strict=True):
        if label < DIGIT_COUNT:
            words[number] += str(label)
    count = int(digits.sum())
    target = Target((boxes[digits] * scale).astype(np.float32), labels[digits], np.zeros(count, np.bool_))
    found = _found(rng, boxes, labels, np.array(sheet.rulings).reshape(-1, 3))
    ruled = found.ruled * np.array([scale] * 4 + [1], np.float32)
    seen = Detections(found.boxes * np.float32(scale), found.labels, found.scores, ruled=ruled)
    return SpacedPage(target, (" ".join(words),) if count else (), seen)


def _found(rng: np.random.Generator, boxes: Float64Array, labels: np.ndarray, rulings: Float64Array) -> Detections:
    """What a detector finds of boxes (N, 4) with labels (N,), and of rulings (R, 3), in digit heights."""
    digits = labels < DIGIT_COUNT
    missed = rng.random(len(boxes)) < np.where(digits, MISSED, SIGN_MISSED)
    invented = np.flatnonzero(digits & (rng.random(len(boxes)) < INVENTED))
    beside = boxes[invented] + rng.uniform(-2, 2, (len(invented), 1)) * [1, 0, 1, 0]
    seen = np.concatenate([boxes[~missed], beside])
    seen = seen + JITTER_HEIGHTS * rng.standard_normal(seen.shape)
    kinds = np.append(labels[~missed], labels[invented])
    sound = (seen[:, 2:] > seen[:, :2] + 0.02).all(axis=1)
    scores = 1 - 0.6 * rng.random(int(sound.sum())) ** 3
    ruled = _ruled(rng, boxes[digits], rulings)
    return Detections(seen[sound].astype(np.float32), kinds[sound], scores.astype(np.float32), ruled=ruled)


def _ruled(rng: np.random.Generator, digits: Float64Array, rulings: Float64Array) -> FloatArray:
    """Where rulings (R, 3) are seen between digits (N, 4): (K, 5), see Detections.ruled."""
    middle, ends = (digits[:, 1] + digits[:, 3]) / 2, digits[:, 2]
    x, top, bottom = rulings.T
    behind = np.where((x > ends[:, None] - 0.1) & (top < middle[:, None]) & (bottom > middle[:, None]), x, np.inf)
    nearest = behind.min(axis=1, initial=np.inf)
    nearest[rng.random(len(digits)) < RULING_MISSED] = np.inf
    mistaken = rng.random(len(digits)) < RULING_INVENTED
    nearest[mistaken] = ends[mistaken] + 0.1
    ahead = np.where(np.abs(middle - middle[:, None]) < 0.7, digits[:, 0] - ends[:, None], np.inf)
    room = np.where(ahead > -0.5, ahead, np.inf).min(axis=1, initial=np.inf)
    nearest[room < MIN_RULED_ROOM_HEIGHTS] = np.inf
    at, y = nearest[np.isfinite(nearest)], middle[np.isfinite(nearest)]
    strengths = 1 - 0.5 * rng.random(len(at)) ** 3
    return np.stack([at - 0.05, y - 0.5, at + 0.05, y + 0.5, strengths], axis=1).astype(np.float32)
