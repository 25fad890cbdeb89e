"""Where digits go, in page coordinates: pure geometry. A page is a flat rectangle, before slope and perspective.

Two arrangements: *scattered* digits, and *numbers on lines*. The gaps between the digits of a number lie within
`DIGIT_GAP_HEIGHTS`, those between two numbers above `MIN_NUMBER_GAP_HEIGHTS`: so the text of a line is well defined.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from digit_scenes.chance import happens, happens_no_draw_at_zero
from digit_scenes.glyphs.digits import DIGIT_SIDE_PX, MIN_INK_GREY, DigitSet
from digit_scenes.ink.hand import Hand
from digit_scenes.ink.pens import FIELD_SCALE
from digit_scenes.ink.perspective import Matrix

DIGIT_GAP_HEIGHTS = (-0.14, 0.32)
"""Least and most between two digits of a number, in heights of a digit; below 0 they overlap."""
MIN_NUMBER_GAP_HEIGHTS = 1.15
"""Least between two numbers of a line, in heights of a digit."""
LINE_PITCH_HEIGHTS = (1.4, 2.6)
"""Least and most from one line to the next, in heights of a digit."""
MAX_ROUNDED_ZEROS = 5
"""Most 0s at the end of a number that is rounded."""
MIN_SCALED_HEIGHT_PX = 15.0
"""Digits flatter than that, in MNIST pixels, are scaled as if they were as high: a flat one is not blown up."""


@dataclass(frozen=True)
class Slot:
    """One digit's place on a page."""

    digit: int
    """Its index in the set of digits."""
    x: float
    """Of the centre of its ink, pixels."""
    y: float
    """Of the centre of its ink, pixels."""
    height: float
    """Of its ink, pixels."""
    stretch: float = 1.0
    """Width relative to MNIST's."""
    slant: float = 0.0
    """Shift to the right a unit of height."""
    rotation: float = 0.0
    """Radians, clockwise."""

    def matrix(self, ink_box: NDArray[np.float32]) -> Matrix:
        """(2, 3) affine map from the digit's field pixels to page pixels. ink_box: (4,), in MNIST pixels."""
        x0, y0, x1, y1 = ink_box.tolist()
        scale = self.height / max(y1 - y0, MIN_SCALED_HEIGHT_PX) / FIELD_SCALE
        cos, sin = math.cos(self.rotation) * scale, math.sin(self.rotation) * scale
        a, b = cos * self.stretch, -cos * self.slant - sin
        c, d = sin * self.stretch, -sin * self.slant + cos
        u, v = (x0 + x1) / 2 * FIELD_SCALE - 0.5, (y0 + y1) / 2 * FIELD_SCALE - 0.5
        return np.array([[a, b, self.x - a * u - b * v], [c, d, self.y - c * u - d * v]])


NumberSlots = tuple[Slot, ...]
"""The places of a number's digits, from left to right."""


def profiles(
    digits: DigitSet, indices: NDArray[np.int64], stretch: float, slants: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How far digits' ink reaches left and right of its centre in each row, MNIST pixels: (N, 28) each.

    indices: (N,), which digits. slants: (N,), see Slot. Rows without ink: inf to the left, -inf to the right.
    """
    ink = np.asarray(digits.images[indices] >= MIN_INK_GREY)  # (N, 28, 28)
    x0, y0, x1, y1 = digits.boxes[indices].astype(np.float64).T
    shift = -slants[:, None] * (np.arange(DIGIT_SIDE_PX) + 0.5 - (y0 + y1)[:, None] / 2)  # (N, 28)
    centre = (x0 + x1)[:, None] / 2
    left = stretch * (ink.argmax(2) - centre) + shift  # (N, 28)
    right = stretch * (DIGIT_SIDE_PX - ink[:, :, ::-1].argmax(2) - centre) + shift
    inked = ink.any(2)
    return np.where(inked, left, np.inf), np.where(inked, right, -np.inf)


def extents(
    digits: DigitSet, indices: NDArray[np.int64], stretch: float, slants: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How far digits' ink reaches left and right of its centre once stretched and slanted, MNIST pixels: (N,) each.

    indices: (N,), which digits. slants: (N,), see Slot.
    """
    left, right = profiles(digits, indices, stretch, slants)
    return left.min(1), right.max(1)


def nesting(left: NDArray[np.float64], right: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How much closer neighbours can come than box to box until their inks touch, MNIST pixels: (N - 1,).

    left, right: (N, 28), see profiles. Never more than half the width of the narrower neighbour. The second answer is
    that width, (N - 1,).
    """
    first, last = left.min(1), right.max(1)  # (N,)
    reach = sliding_window_view(right, 4, axis=1).max(2)  # (N, 25): neighbours are not quite on one level
    start = sliding_window_view(left, 4, axis=1).min(2)
    free = (last[:-1, None] - reach[:-1]) + (start[1:] - first[1:, None])  # (N - 1, 25)
    narrower = np.minimum((last - first)[:-1], (last - first)[1:])
    return np.minimum(free.min(1), 0.5 * narrower), narrower


def rounded_off(
    rng: np.random.Generator, digits: DigitSet, indices: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.float64], float]:
    """A number of two digits or more whose last ones become 0s.

    indices: (N,), which digits. Returns such indices; sizes (N,), since some hands write these 0s smaller than other
    digits; and a lift: small 0s stand between the feet of the others, 0, and their heads, 1.
    """
    zeros = int(rng.integers(1, min(len(indices) - 1, MAX_ROUNDED_ZEROS) + 1))
    indices = np.concatenate([indices[:-zeros], rng.choice(np.flatnonzero(digits.labels == 0), zeros)])
    sizes, lift = np.ones(len(indices)), 0.0
    if happens(rng, 0.4):
        sizes[-zeros:], lift = rng.uniform(0.45, 0.9), rng.uniform()
    return indices, sizes, lift


def one_of_each_label(digits: DigitSet, indices: NDArray[np.int64]) -> NDArray[np.int64]:
    """Indices (N,) of digits, where the first digit of a label stands for all others of it."""
    _, first, group = np.unique(digits.labels[indices], return_index=True, return_inverse=True)
    same: NDArray[np.int64] = indices[first[group]]
    return same


def write_line(
    rng: np.random.Generator,
    digits: DigitSet,
    hand: Hand,
    height: float,
    x0: float,
    x1: float,
    y: float,
    max_count: int,
) -> list[NumberSlots]:
    """Up to `max_count` numbers on a line at y, within x0..x1 pixels; none where not even a digit fits.

    height: about that of its digits, pixels.
    """
    line: list[NumberSlots] = []
    x = x0
    for _ in range(max_count):
        shortest, longest = hand.lengths
        length = shortest + int((longest - shortest + 1) * rng.uniform() ** 1.6)  # short numbers are the commoner ones
        indices = rng.integers(len(digits), size=length)
        sizes, lift = np.ones(length), 0.0
        if length > 1 and happens_no_draw_at_zero(rng, hand.rounded):
            indices, sizes, lift = rounded_off(rng, digits, indices)
        if hand.alike:
            indices = one_of_each_label(digits, indices)
        heights = height * (1 + hand.uneven * rng.uniform(-1, 1, length)) * sizes
        heights = heights * np.where((digits.labels[indices] == 0) & (sizes == 1), hand.zero, 1.0)
        slants = hand.slant + rng.normal(0, 0.03, length)
        edges = profiles(digits, indices, hand.stretch, slants)
        left, right = edges[0].min(1), edges[1].max(1)  # (length,) each
        scale = heights / np.maximum(digits.boxes[indices, 3] - digits.boxes[indices, 1], MIN_SCALED_HEIGHT_PX)
        gaps = np.clip(hand.gap + hand.gap_spread * rng.standard_normal(length), *DIGIT_GAP_HEIGHTS) * height
        if hand.nested:
            closer, narrower = np.stack(nesting(*edges)) * np.minimum(scale[:-1], scale[1:])  # (length - 1,) each
            thirds = (length - 1 - np.arange(length - 1)) % 3 == 0
            gaps[:-1] = np.maximum(gaps[:-1], -0.35 * narrower) + thirds * hand.grouped * height - closer
        ends = x + np.cumsum((right - left) * scale) + np.concatenate([[0.0], np.cumsum(gaps[:-1])])  # (length,)
        fitting = int((ends <= x1).sum())
        if fitting == 0:
            break
        xs = ends - right * scale
        ys = y + (height - heights) / 2 - lift * (1 - sizes) * height  # on a baseline
        ys = ys + height * hand.wander * rng.standard_normal(length).clip(-2, 2)
        line.append(
            tuple(
                Slot(int(indices[i]), float(xs[i]), float(ys[i]), float(heights[i]), hand.stretch, float(slants[i]))
                for i in range(fitting)
            )
        )
        x = float(ends[fitting - 1]) + height * max(MIN_NUMBER_GAP_HEIGHTS, hand.number_gap * rng.uniform(0.9, 1.3))
        if hand.pitch:
            x = x0 + np.ceil((x - x0) / (hand.pitch * height)) * hand.pitch * height
    return line


def write_lines(
    rng: np.random.Generator,
    digits: DigitSet,
    hand: Hand,
    height: float,
    page: tuple[float, float],
    line_counts: tuple[int, int],
    max_digits: int,
    number_counts: tuple[int, int] = (1, 4),
) -> list[list[NumberSlots]]:
    """Lines of numbers on a page of (height, width) pixels: at least one number, and no line that does not fit.

    height: of digits, pixels. line_counts: fewest and most lines. number_counts: fewest and most numbers a line.
    """
    page_height, page_width = page
    height = min(height, page_height * 0.9)
    pitch = height * rng.uniform(*LINE_PITCH_HEIGHTS)
    fitting = 1 + int(max(0.0, page_height - 1.2 * height) // pitch)
    count = min(int(rng.integers(line_counts[0], line_counts[1] + 1)), fitting)
    spare = page_height - 1.2 * height - (count - 1) * pitch
    first = 0.6 * height + rng.uniform(0, max(spare, 1e-6))
    aligned, align = happens(rng, 0.6), rng.uniform()
    lines: list[list[NumberSlots]] = []
    digits_left = max_digits
    for row in range(count):
        max_count = 3 * number_counts[1] if hand.pitch else int(rng.integers(number_counts[0], number_counts[1] + 1))
        line = write_line(rng, digits, hand, height, 0.0, page_width * 0.99, first + row * pitch, max_count)
        while line and sum(map(len, line)) > digits_left:
            line.pop()
        if line:
            digits_left -= sum(map(len, line))
            lines.append(line)
    # write_line begins at 0: share out what is left on the right, for all lines alike or for each of its own
    spares = [page_width * 0.99 - line[-1][-1].x - 0.4 * line[-1][-1].height for line in lines]
    for row, line in enumerate(lines):
        indent = align * min(spares) if aligned else rng.uniform(0, max(spares[row], 1e-6))
        lines[row] = [tuple(replace(slot, x=slot.x + max(indent, 0.0)) for slot in number) for number in line]
    if not lines:  # too narrow for what was asked: one digit, as large as fits
        index = int(rng.integers(len(digits)))
        size = min(height, page_width * 0.8, page_height * 0.9)
        lines.append([(Slot(index, page_width / 2, page_height / 2, size),)])
    return lines


def scatter(
    rng: np.random.Generator,
    digits: DigitSet,
    page: tuple[float, float],
    count: int,
    heights: tuple[float, float],
    max_iou: float,
) -> list[Slot]:
    """Up to `count` digits anywhere on a page of (height, width) pixels, log-uniform in height, IoU under max_iou."""
    slots: list[Slot] = []
    boxes: list[tuple[float, float, float, float]] = []
    for _ in range(count):
        for _attempt in range(12):
            height = float(np.exp(rng.uniform(*np.log(heights))))
            index = int(rng.integers(len(digits)))
            x0, y0, x1, y1 = digits.boxes[index]
            width = height / max(float(y1 - y0), MIN_SCALED_HEIGHT_PX) * float(x1 - x0)
            x, y = rng.uniform(0, page[1]), rng.uniform(0, page[0])
            box = (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
            if largest_iou(box, boxes) < max_iou:
                boxes.append(box)
                stretch, slant = np.exp(rng.normal(0, 0.15)), rng.normal(0, 0.15)
                slots.append(Slot(index, x, y, height, float(stretch), float(slant), float(rng.normal(0, 0.15))))
                break
    return slots


def largest_iou(box: Sequence[float], others: Sequence[Sequence[float]]) -> float:
    """The largest IoU of a box with any of the others; 0 where there is none. Plain Python: the lists are short."""
    x0, y0, x1, y1 = box
    area = (x1 - x0) * (y1 - y0)
    best = 0.0
    for a0, b0, a1, b1 in others:
        width, height = min(x1, a1) - max(x0, a0), min(y1, b1) - max(y0, b0)
        if width > 0 and height > 0:
            common = width * height
            best = max(best, common / (area + (a1 - a0) * (b1 - b0) - common))
    return best
