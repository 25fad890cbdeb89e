"""Forms with a box for each digit: the digits of a row of boxes are one number."""

from __future__ import annotations

import numpy as np

from digit_scenes.chance import happens
from digit_scenes.ink.composition.composer import Composer
from digit_scenes.ink.composition.numbers import WrittenNumber
from digit_scenes.ink.composition.page import Run
from digit_scenes.ink.composition.rulings import Pencil

LABELS = ("Name", "No", "Date", "Phone", "Code", "Zip", "Amount", "Account", "Year", "ID", "Total", "Born", "Tax")
GROUP_GAP_BOXES = (0.9, 1.6)
"""Least and most between two rows of boxes on a line, in widths of a box."""
BOXES, COMB, APART = "boxes", "comb", "apart"
"""Boxes side by side; a line with ticks, as the teeth of a comb; boxes each of its own."""


def combs(page: Composer) -> None:
    """Lines of boxes, each with a word before it or above it, or none."""
    rng = page.rng
    kind = str(rng.choice([BOXES, COMB, APART], p=[0.55, 0.25, 0.2]))
    wide, high = float(rng.uniform(0.95, 1.6)), float(rng.uniform(1.15, 1.9))
    apart = float(rng.uniform(0.1, 0.35)) if kind == APART else 0.0
    word_share, above = float(rng.choice([0.0, 0.8])), happens(rng, 0.4)
    lines = [_groups(rng) for _ in range(page.row_count)]
    pitch = high + float(rng.uniform(0.5, 1.6)) + (1.3 if above and word_share else 0.0)
    words = [page.run(str(rng.choice(LABELS))) if happens(rng, word_share) else None for _ in lines]
    indent = 0.0 if above else max((run.width + 0.6 for run in words if run), default=0.0)
    gap = float(rng.uniform(*GROUP_GAP_BOXES)) * wide
    longest = indent + max(sum(groups) * (wide + apart) + (len(groups) - 1) * gap for groups in lines)
    height = min(page.height, page.size[1] * 0.96 / longest, page.size[0] * 0.96 / pitch)
    lines = lines[: max(1, int(page.size[0] * 0.96 / (pitch * height)))]
    left = float(rng.uniform(0, max(page.size[1] - longest * height, 1e-6)))
    top = float(rng.uniform(0, max(page.size[0] - pitch * height * len(lines), 1e-6)))
    pencil = Pencil.any(rng, True, height)
    ragged, full = happens(rng, 0.3), float(rng.choice([1.0, 1.0, rng.uniform(0.2, 1.0)]))
    for i, (groups, word) in enumerate(zip(lines, words, strict=False)):
        bottom = top + ((i + 1) * pitch - 0.2) * height
        baseline = bottom - (high - 1) / 2 * height
        told = page.new_row(baseline - height / 2)
        x = left + indent * height
        if word:
            place = (left, bottom - (high + 0.35) * height) if above else (left, baseline)
            page.put(word, *place, height, told)
        for count in groups:
            width = (wide + apart) * height
            _draw_boxes(pencil, page, (x, bottom), (width, apart * height, high * height), count, kind)
            length = int(rng.integers(1, count + 1)) if ragged else count
            if happens(rng, full):
                start = count - length if happens(rng, 0.5) else 0
                boxes = x + (start + np.arange(length)) * width
                text = _put_digits(
                    page, boxes, width - apart * height, baseline, (bottom - high * height, bottom), height
                )
                if text:
                    told.numbers.append((float(boxes[0]), WrittenNumber(text, text)))
            x += count * width + gap * height


def _groups(rng: np.random.Generator) -> list[int]:
    """How many boxes there are side by side, for each row of boxes on a line."""
    if happens(rng, 0.3):  # a date
        return [2, 2, int(rng.choice([2, 4]))]
    return [int(rng.integers(3, 11)) for _ in range(1 + int(happens(rng, 0.15)))]


def _put_digits(
    page: Composer, lefts: np.ndarray, width: float, baseline: float, inside: tuple[float, float], height: float
) -> str:
    """A digit in each box. Returns the number that they make; nothing where one cannot be written."""
    rng, text = page.rng, ""
    runs: list[Run] = []
    for _ in lefts:
        text += str(int(rng.integers(10)))
        run = page.run(text[-1])
        if run is None:
            return ""
        runs.append(run)
    for run, left in zip(runs, lefts.tolist(), strict=True):
        free = max(width - run.width * height, 0.0)
        stray = 0.0 if page.scribe.printed else float(np.clip(rng.normal(0, 0.15), -0.5, 0.5))
        rise = 0.0 if page.scribe.printed else float(rng.normal(0, 0.05)) * height
        y = min(max(baseline + rise, inside[0] + height), max(inside[1], inside[0] + height))
        page.put(run, left + free * (0.5 + stray), y, height)
    return text


def _draw_boxes(
    pencil: Pencil,
    page: Composer,
    corner: tuple[float, float],
    size: tuple[float, float, float],
    count: int,
    kind: str,
) -> None:
    """So many boxes from the lower left corner on. size: from one to the next, gap between two, height; pixels."""
    (x, bottom), (step, apart, high) = corner, size
    lines, top = page.page.rulings, bottom - high
    if kind == APART:
        for left in (x + step * i for i in range(count)):
            right = left + step - apart
            for start, end in (((left, top), (right, top)), ((left, bottom), (right, bottom)),
                               ((left, top), (left, bottom)), ((right, top), (right, bottom))):  # fmt: skip
                pencil.draw(lines, start, end)
        return
    pencil.draw(lines, (x, bottom), (x + step * count, bottom))
    if kind == BOXES:
        pencil.draw(lines, (x, top), (x + step * count, top))
    teeth = bottom - high * float(page.rng.uniform(0.25, 0.8)) if kind == COMB else top
    for i in range(count + 1):
        pencil.draw(lines, (x + step * i, teeth), (x + step * i, bottom))
