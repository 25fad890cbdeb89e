"""Where digits go, in page coordinates: pure geometry. A page is a flat rectangle, before slope and perspective.

Two arrangements: *scattered* digits, and *numbers on lines*. The gaps between the digits of a number stay below
`DIGIT_GAP` digit heights and those between two numbers above `NUMBER_GAP`, so that the text of a line is well defined.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from digit_scenes.glyphs.digits import DIGIT_SIDE_PX, MIN_INK_GREY, DigitSet
from digit_scenes.ink.pens import SCALE

DIGIT_GAP = (-0.14, 0.32)
NUMBER_GAP = 1.15
LINE_PITCH = 1.4
MOST_ZEROS = 5  # at the end of a number that is rounded
Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Slot:
    """One digit's place: `digit` is its index in the set, x and y its ink's centre, height that of its ink, pixels.

    stretch: width relative to MNIST's. slant: shift to the right a unit of height. rotation: radians, clockwise.
    """

    digit: int
    x: float
    y: float
    height: float
    stretch: float = 1.0
    slant: float = 0.0
    rotation: float = 0.0

    def matrix(self, ink_box: NDArray[np.float32]) -> Matrix:
        """(2, 3) affine map from the digit's field pixels to page pixels. ink_box: (4,), in MNIST pixels."""
        x0, y0, x1, y1 = ink_box.tolist()
        scale = self.height / max(y1 - y0, 15.0) / SCALE  # a flat digit is not blown up to the height of a tall one
        cos, sin = math.cos(self.rotation) * scale, math.sin(self.rotation) * scale
        a, b = cos * self.stretch, -cos * self.slant - sin
        c, d = sin * self.stretch, -sin * self.slant + cos
        u, v = (x0 + x1) / 2 * SCALE - 0.5, (y0 + y1) / 2 * SCALE - 0.5
        return np.array([[a, b, self.x - a * u - b * v], [c, d, self.y - c * u - d * v]])


Number = tuple[Slot, ...]


@dataclass(frozen=True)
class Hand:
    """How somebody writes lines of numbers; lengths are in digit heights.

    gap, gap_spread: between digits. number_gap: between numbers. uneven: spread of heights. wander: of the baseline.
    zero: height of a 0 against the others.
    stretch, slant: see Slot. lengths: fewest and most digits a number. pitch: numbers start at multiples of it, or 0.
    nested: gaps are those between inks, along each row, not those between boxes. grouped: what is added to the gap
    before each third digit from the right, where a dot goes; 0 for plain numbers. tied: neighbouring 0s are joined.
    rounded: share of numbers that end in 0s. alike: equal digits of a number are one digit, each bent in its own way.
    ended: points, commas and dashes have the stroke of the digits, see `endings`.
    """

    gap: float
    gap_spread: float
    number_gap: float
    uneven: float
    zero: float
    wander: float
    stretch: float
    slant: float
    lengths: tuple[int, int]
    pitch: float = 0.0
    nested: bool = False
    grouped: float = 0.0
    tied: bool = False
    rounded: float = 0.0
    alike: bool = False
    ended: bool = False

    @classmethod
    def random(cls, rng: np.random.Generator, lengths: tuple[int, int] = (1, 10), steadiness: float = 1.0) -> Hand:
        """Somebody's hand. steadiness: 1 for anybody's, towards 0 for a steady and upright one."""
        return cls(
            gap=float(rng.choice([rng.uniform(-0.1, 0.06), rng.uniform(0.0, 0.2), rng.uniform(0.15, 0.3)])),
            gap_spread=float(rng.uniform(0.0, 0.06)),
            number_gap=float(rng.uniform(1.25, 2.6)),
            uneven=float(rng.choice([rng.uniform(0.0, 0.12), rng.uniform(0.05, 0.26)])) * steadiness,
            zero=1 - (float(rng.uniform(0.1, 0.45)) * steadiness if rng.uniform() < 0.25 else 0.0),
            wander=float(rng.uniform(0.0, 0.1)) * steadiness,
            stretch=float(np.exp(rng.normal(0.0, 0.14) * steadiness)),
            slant=float(rng.normal(0.08, 0.2) * steadiness),
            lengths=lengths,
            pitch=float(rng.uniform(3.0, 6.0)) if rng.uniform() < 0.12 else 0.0,
        )

    def hurried(self, rng: np.random.Generator, joined: float, slanted: float, separated: float) -> Hand:
        """The hand as it fills in amounts; shares of hands: digits that touch, a strong slant, groups of three."""
        hand = replace(self, nested=True)
        if rng.uniform() < joined:
            hand = replace(
                hand,
                gap=float(rng.uniform(-0.07, 0.02)),
                gap_spread=float(rng.uniform(0.02, 0.06)),
                tied=bool(rng.uniform() < 0.6),
            )
        if rng.uniform() < slanted:
            hand = replace(hand, slant=float(rng.uniform(0.2, 0.55)))
        return replace(hand, grouped=float(rng.uniform(0.06, 0.3))) if rng.uniform() < separated else hand


def profiles(
    digits: DigitSet, index: NDArray[np.int64], stretch: float, slants: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How far digits' ink reaches left and right of its centre in each row, MNIST pixels: (N, 28) each.

    index: (N,), which digits. slants: (N,), see Slot. Rows without ink: inf to the left, -inf to the right.
    """
    ink = np.asarray(digits.images[index] >= MIN_INK_GREY)  # (N, 28, 28)
    x0, y0, x1, y1 = digits.boxes[index].astype(np.float64).T
    shift = -slants[:, None] * (np.arange(DIGIT_SIDE_PX) + 0.5 - (y0 + y1)[:, None] / 2)  # (N, 28)
    centre = (x0 + x1)[:, None] / 2
    left = stretch * (ink.argmax(2) - centre) + shift  # (N, 28)
    right = stretch * (DIGIT_SIDE_PX - ink[:, :, ::-1].argmax(2) - centre) + shift
    inked = ink.any(2)
    return np.where(inked, left, np.inf), np.where(inked, right, -np.inf)


def extents(
    digits: DigitSet, index: NDArray[np.int64], stretch: float, slants: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How far digits' ink reaches left and right of its centre once stretched and slanted, MNIST pixels: (N,) each.

    index: (N,), which digits. slants: (N,), see Slot.
    """
    left, right = profiles(digits, index, stretch, slants)
    return left.min(1), right.max(1)


def nesting(left: NDArray[np.float64], right: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How much closer neighbours can come than box to box until their inks touch, MNIST pixels: (N - 1,).

    left, right: (N, 28), see profiles. Never more than half of the narrower one, whose width is the second answer.
    """
    first, last = left.min(1), right.max(1)  # (N,)
    reach = sliding_window_view(right, 4, axis=1).max(2)  # (N, 25): neighbours are not quite on one level
    start = sliding_window_view(left, 4, axis=1).min(2)
    room = (last[:-1, None] - reach[:-1]) + (start[1:] - first[1:, None])  # (N - 1, 25)
    narrower = np.minimum((last - first)[:-1], (last - first)[1:])
    return np.minimum(room.min(1), 0.5 * narrower), narrower


def rounded_off(
    rng: np.random.Generator, digits: DigitSet, index: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.float64], float]:
    """Numbers (N,) of digits, N > 1, of which the last ones become 0s: these numbers, sizes (N,), and a lift.

    sizes: of each, in its usual height: some hands write such 0s smaller. lift: how far those are raised, from the feet
    of the others, 0, to their heads, 1.
    """
    zeros = int(rng.integers(1, min(len(index) - 1, MOST_ZEROS) + 1))
    index = np.concatenate([index[:-zeros], rng.choice(np.flatnonzero(digits.labels == 0), zeros)])
    sizes, lift = np.ones(len(index)), 0.0
    if rng.uniform() < 0.4:
        sizes[-zeros:], lift = rng.uniform(0.45, 0.9), rng.uniform()
    return index, sizes, lift


def one_of_each_label(digits: DigitSet, index: NDArray[np.int64]) -> NDArray[np.int64]:
    """Numbers (N,) of digits, of which those with equal labels are all the first of them."""
    _, first, group = np.unique(digits.labels[index], return_index=True, return_inverse=True)
    same: NDArray[np.int64] = index[first[group]]
    return same


def write_line(
    rng: np.random.Generator, digits: DigitSet, hand: Hand, height: float, x0: float, x1: float, y: float, numbers: int
) -> list[Number]:
    """Up to `numbers` numbers of digits about `height` pixels high on a line at y, within x0..x1 pixels: maybe none."""
    line: list[Number] = []
    x = x0
    for _ in range(numbers):
        shortest, longest = hand.lengths
        length = shortest + int((longest - shortest + 1) * rng.uniform() ** 1.6)  # short numbers are the commoner ones
        index = rng.integers(len(digits), size=length)
        sizes, lift = np.ones(length), 0.0
        if hand.rounded and length > 1 and rng.uniform() < hand.rounded:
            index, sizes, lift = rounded_off(rng, digits, index)
        if hand.alike:
            index = one_of_each_label(digits, index)
        heights = height * (1 + hand.uneven * rng.uniform(-1, 1, length)) * sizes
        heights = heights * np.where((digits.labels[index] == 0) & (sizes == 1), hand.zero, 1.0)
        slants = hand.slant + rng.normal(0, 0.03, length)
        edges = profiles(digits, index, hand.stretch, slants)
        left, right = edges[0].min(1), edges[1].max(1)  # (length,) each
        scale = heights / np.maximum(digits.boxes[index, 3] - digits.boxes[index, 1], 15.0)
        gaps = np.clip(hand.gap + hand.gap_spread * rng.standard_normal(length), *DIGIT_GAP) * height
        if hand.nested:
            room, narrower = np.stack(nesting(*edges)) * np.minimum(scale[:-1], scale[1:])  # (length - 1,) each
            thirds = (length - 1 - np.arange(length - 1)) % 3 == 0
            gaps[:-1] = np.maximum(gaps[:-1], -0.35 * narrower) + thirds * hand.grouped * height - room
        ends = x + np.cumsum((right - left) * scale) + np.concatenate([[0.0], np.cumsum(gaps[:-1])])  # (length,)
        fitting = int((ends <= x1).sum())
        if fitting == 0:
            break
        xs = ends - right * scale
        ys = y + (height - heights) / 2 - lift * (1 - sizes) * height  # on a baseline
        ys = ys + height * hand.wander * rng.standard_normal(length).clip(-2, 2)
        line.append(
            tuple(
                Slot(int(index[i]), float(xs[i]), float(ys[i]), float(heights[i]), hand.stretch, float(slants[i]))
                for i in range(fitting)
            )
        )
        x = float(ends[fitting - 1]) + height * max(NUMBER_GAP, hand.number_gap * rng.uniform(0.9, 1.3))
        if hand.pitch:
            x = x0 + np.ceil((x - x0) / (hand.pitch * height)) * hand.pitch * height
    return line


def write_lines(
    rng: np.random.Generator,
    digits: DigitSet,
    hand: Hand,
    height: float,
    page: tuple[float, float],
    line_range: tuple[int, int],
    most_digits: int,
    number_range: tuple[int, int] = (1, 4),
) -> list[list[Number]]:
    """Lines of numbers on a page of (height, width) pixels: line_range lines where they fit, at least one number.

    number_range: fewest and most numbers a line.
    """
    page_height, page_width = page
    height = min(height, page_height * 0.9)
    pitch = height * rng.uniform(LINE_PITCH, 2.6)
    fitting = 1 + int(max(0.0, page_height - 1.2 * height) // pitch)
    count = min(int(rng.integers(line_range[0], line_range[1] + 1)), fitting)
    spare = page_height - 1.2 * height - (count - 1) * pitch
    first = 0.6 * height + rng.uniform(0, max(spare, 1e-6))
    aligned, align = rng.uniform() < 0.6, rng.uniform()
    lines: list[list[Number]] = []
    left = most_digits
    for row in range(count):
        numbers = int(rng.integers(number_range[0], number_range[1] + 1)) if not hand.pitch else 3 * number_range[1]
        line = write_line(rng, digits, hand, height, 0.0, page_width * 0.99, first + row * pitch, numbers)
        while line and sum(map(len, line)) > left:
            line.pop()
        if line:
            left -= sum(map(len, line))
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
            width = height / max(float(y1 - y0), 15.0) * float(x1 - x0)
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


def page_to_canvas(
    rng: np.random.Generator, canvas: tuple[int, int], slope: float, perspective: float, spill: float
) -> tuple[tuple[float, float], Matrix]:
    """A page's size and how it lies under the camera.

    canvas: (height, width) pixels. slope: degrees clockwise. perspective: how far a corner may move, relative to the
    canvas. spill: 0 for a page that lies wholly on the canvas, more for one that reaches over its borders.
    Returns the page (height, width) in pixels and its (3, 3) homography to the canvas; its scale is about 1.
    """
    height, width = canvas
    angle = np.deg2rad(slope)
    cos, sin = np.cos(angle), np.sin(angle)
    # the largest rectangle of the canvas's shape that, turned, still lies within it
    fit = min(width / (width * abs(cos) + height * abs(sin)), height / (width * abs(sin) + height * abs(cos)))
    fit = fit * (1 - 1.5 * perspective) * (1 + spill)
    page = (height * fit, width * fit)
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * (page[1] / 2, page[0] / 2)  # (4, 2)
    turned = corners @ np.array([[cos, sin], [-sin, cos]]) + (width / 2, height / 2)
    turned = turned + rng.uniform(-1, 1, (4, 2)) * perspective * min(canvas) * 0.5
    flat = np.add(corners, (page[1] / 2, page[0] / 2))
    return page, homography(flat, turned)


def homography(source: Matrix, target: Matrix) -> Matrix:
    """The (3, 3) projective map that takes four points (4, 2) to four others."""
    rows, right = [], []
    for (x, y), (u, v) in zip(source.tolist(), target.tolist(), strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        right += [u, v]
    return np.append(np.linalg.solve(np.array(rows), np.array(right)), 1.0).reshape(3, 3)


def transform(matrix: Matrix, points: Matrix) -> Matrix:
    """Points (N, 2) through a homography (3, 3)."""
    mapped = points @ matrix[:, :2].T + matrix[:, 2]  # (N, 3)
    return mapped[:, :2] / mapped[:, 2:]


def localise(page: Matrix, affine: Matrix, x: float, y: float) -> Matrix:
    """An affine map (2, 3) to the page continued to the canvas: the homography is replaced by its tangent at (x, y).

    A digit is small against the page, so that its own perspective is invisible, and drawn once it is interpolated once.
    """
    (p, q, r), (s, t, o), (g, h, k) = page.tolist()
    w = g * x + h * y + k
    u, v = (p * x + q * y + r) / w, (s * x + t * y + o) / w
    jacobian = np.array([[p - u * g, q - u * h], [s - v * g, t - v * h]]) / w  # (2, 2)
    mapped = jacobian @ (affine - [[0, 0, x], [0, 0, y]])  # (2, 3)
    mapped[:, 2] += (u, v)
    return mapped
