"""From detections to lines, numbers and text: pure geometry on boxes, no model.

1. The slope of the page is the angle at which most digits line up with others near them.
2. In the frame turned by that angle, digits are joined to lines from the bottom up: whichever two parts are best
   explained by one straight line, and are near each other, are joined first. What a join costs is how much worse one
   straight line fits both parts than a line each does, in units of how unevenly people write. That is little for two
   parts of one line however long they are, and much for two long lines however close they run. Digits one above the
   other never share a line.
3. The lines found so far tell the slope better, and how perspective fans it out; with that, digits are joined anew.
4. A line is parted into numbers where the gap between two digits is wide for its height and its other gaps, unless its
   digits are spread as evenly as over the boxes of a form, or most of five or more numbers would be single digits and
   the gaps between those are no clearly wider than others: one number with room between its digits looks like that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detector.rotation import turned_boxes
from detector.types import BoolArray, Detections, Digit, Float64Array, Line, Number

MAX_SLOPE = 18.0  # degrees: lines up to 15, and a little more because a line may differ from its page
UNEVEN = 0.15  # how far digits stray from their line, as a share of their height
NEAR = 6.0  # how many digit heights away a digit still has a say in the slope
PAIRS = 1024  # of digits that vote at a time: what fits the cache
LINE_TILT = 0.015  # how far a line strays from the slope of the page, as a tangent: nearly one degree
PAGE_TILT = 0.03  # how far off the first estimate of that slope is
PAGE_FAN = 0.005  # how much the slope changes, for each digit height down the page, where perspective fans lines out
JOIN = 16.0  # the most a join may cost; it is distributed as chi squared where two parts do share a line
FAR = 4.0  # what one digit height of empty paper between two parts adds when the next join is picked
SIZES = 3.0  # digits of one line differ in height by less than this factor
GAP = (0.82, 1.05)  # numbers are parted at gaps wider than a share of the digit height, within these limits ...
WIDE = 2.0  # ... and so many times the usual gap of the line
ROW, SINGLE = 5, 2 / 3  # of so many numbers on a line so large a share of one digit each: they are one number, ...
CLEAR = 2.0  # ... unless each gap between them is so many times as wide as any other, ...
ROOM = 3.0  # ... or one of them is wider than so many digit heights
SAME_INK = 0.7  # two digits of which one has more of its area than this in the other are not both written there
ROWS = 512  # digits that are compared with all others at a time
BOX_PITCH = 1.55  # digits in the boxes of a form: at most this many heights from centre to centre ...
BOX_EVEN = 0.24  # ... which differs by no more than this share; by half of it where there are only three

ANGLES = np.deg2rad(np.linspace(-MAX_SLOPE, MAX_SLOPE, 145))  # that a page is tried at
ACROSS = np.stack([-np.sin(ANGLES), np.cos(ANGLES)], 1).astype(np.float32)  # (A, 2): what of u and v leads across it


def without_nested(detections: Detections) -> BoolArray:
    """Which digits (N,) to read of those that lie within each other: of two, the likelier.

    A small digit may lie on a large one and both be found; in what people write, the smaller is a stroke of the larger,
    or the larger some strokes that are taken for one.
    """
    boxes = detections.boxes.astype(np.float64)  # (N, 4)
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    keep = np.ones(len(boxes), np.bool_)
    rank = np.empty(len(boxes), np.int64)
    rank[np.argsort(-detections.scores, kind="stable")] = np.arange(len(boxes))
    pairs = []
    for first_row in range(0, len(boxes), ROWS):
        some = slice(first_row, first_row + ROWS)
        wide, high = (
            np.minimum(boxes[some, None, end], boxes[:, end]) - np.maximum(boxes[some, None, start], boxes[:, start])
            for start, end in ((0, 2), (1, 3))
        )
        shared = np.maximum(wide, 0) * np.maximum(high, 0)  # (ROWS, N)
        first, second = np.nonzero(
            (shared > SAME_INK * np.minimum(areas[some, None], areas)) & (rank[some, None] < rank)
        )
        pairs.append(np.stack([first + first_row, second], axis=1))
    if pairs:
        for better, worse in sorted(np.concatenate(pairs).tolist(), key=lambda pair: int(rank[pair[0]])):
            keep[worse] &= not keep[better]  # what is not read itself is in nobody's way
    return keep


def read_lines(detections: Detections) -> tuple[Line, ...]:
    """Put digits in reading order: lines top to bottom, numbers and digits left to right.

    Every detection is taken for a digit, so leave out the unlikely ones first. Their order does not matter. Lines may
    slope by up to 15 degrees either way in the picture turned as the detections say.
    """
    if not len(detections):
        return ()
    boxes = turned_boxes(detections.boxes, detections.turned).astype(np.float64)
    # One order whatever the order of the input, so that equal costs are settled alike.
    order = np.lexsort((detections.labels, boxes[:, 3], boxes[:, 2], boxes[:, 1], boxes[:, 0]))
    given = detections.boxes[order].astype(np.float64)
    boxes, labels, scores = boxes[order], detections.labels[order], detections.scores[order]

    upright = _Frame.turned(boxes, _page_slope(boxes))
    groups = _join(upright)
    if len(groups) > 1:  # one line would still be one, its digits in the same order
        upright = _straightened(upright, groups)
        groups = _join(upright)
        groups.sort(key=lambda group: float(upright.v[group].mean()))
    lines = []
    for group in groups:
        group = group[np.argsort(upright.u[group], kind="stable")]
        digits = [Digit(int(labels[i]), tuple(given[i].tolist()), float(scores[i])) for i in group]
        starts = [0, *(np.flatnonzero(_parted(upright, group)) + 1).tolist(), len(group)]
        lines.append(Line.of([Number.of(digits[a:b]) for a, b in pairwise(starts)]))
    return tuple(lines)


@dataclass(frozen=True)
class _Frame:
    """Digits in a frame turned so that lines run along u: centres u, v, widths w and heights h, all (N,)."""

    u: Float64Array
    v: Float64Array
    w: Float64Array
    h: Float64Array

    @classmethod
    def turned(cls, boxes: Float64Array, angle: float) -> _Frame:
        """Boxes (N, 4) seen in the frame of a page that slopes by angle, in radians, clockwise on the screen."""
        x, y = (boxes[:, 0] + boxes[:, 2]) / 2, (boxes[:, 1] + boxes[:, 3]) / 2
        w, h = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
        c, s = np.cos(angle), np.sin(angle)
        # The box of a turned digit is wider and higher than the digit: by |sin| of the other side if the digit filled a
        # rectangle, not at all if it was written upright on a sloping line. Half of it is never far off.
        filled_w, filled_h = (w * c - h * abs(s)) / (c * c - s * s), (h * c - w * abs(s)) / (c * c - s * s)
        width, height = (w + filled_w) / 2, (h + filled_h) / 2
        return cls(x * c + y * s, y * c - x * s, np.maximum(width, w / 4), np.maximum(height, h / 2))


def _page_slope(boxes: Float64Array) -> float:
    """The angle, in radians, at which most pairs of digits lie on one line; near pairs count more."""
    if len(boxes) == 1:
        return 0.0
    frame = _Frame.turned(boxes, 0.0)
    # Leaning towards level where digits say little: one pair of digits is no reason to believe in a slope.
    votes = -0.3 * np.abs(ANGLES)  # (A,)
    number = np.arange(len(boxes))
    first, second = np.nonzero(number[:, None] < number)
    size = (frame.h[first] + frame.h[second]) / 2
    du, dv = (frame.u[second] - frame.u[first]) / size, (frame.v[second] - frame.v[first]) / size
    away = np.hypot(du, dv)
    near = np.flatnonzero((away < 16) & (np.abs(dv) < np.abs(du)))
    steps = np.stack([du[near], dv[near]]).astype(np.float32) / (2**0.5 * UNEVEN)  # (2, pairs)
    say = np.exp(-away[near] / NEAR).astype(np.float32)
    for start in range(0, len(near), PAIRS):
        part = slice(start, start + PAIRS)
        votes += np.exp(-((ACROSS @ steps[:, part]) ** 2)) @ say[part]  # how far across the page each pair steps
    return float(ANGLES[np.argmax(votes)])


def _join(frame: _Frame) -> list[NDArray[np.int64]]:
    """Join digits to lines, cheapest join first, until no join is cheap. Returns the members of each line.

    In rounds: of all parts, any two are joined that are each other's cheapest. A page takes few rounds, however many
    digits are on it, and each is a handful of operations on matrices of parts by parts.
    """
    number = np.arange(len(frame.h))
    if len(number) == 1:
        return [number]
    unit = median(frame.h)
    u, v, weight = frame.u / unit, frame.v / unit, (unit / (UNEVEN * frame.h)) ** 2
    u, v = u - u.mean(), v - v.mean()
    # The weighted moments of each part, from which the best straight line and its misfit follow.
    moments = np.stack([weight, weight * u, weight * v, weight * u * u, weight * u * v, weight * v * v])  # (6, P)
    fit = _misfit(moments)  # (P,)
    left, right = u - frame.w / unit / 2, u + frame.w / unit / 2  # (P,)
    size, count = frame.h / unit, np.ones(len(u))  # (P,)
    apart = _one_above_the_other(frame)  # (P, P)
    members = [[i] for i in number.tolist()]
    while True:
        both = _misfit(moments[:, :, None] + moments[:, None])  # (P, P)
        cost = both - fit[:, None] - fit
        empty = left[:, None] - right
        empty = np.maximum(np.maximum(empty, empty.T), 0)
        smaller = np.minimum(size[:, None], size)
        price = cost + FAR * empty / smaller
        price[apart | (np.maximum(size[:, None], size) >= SIZES * smaller) | (cost >= JOIN)] = np.inf
        number = np.arange(len(size))
        price[number, number] = np.inf
        nearest = price.argmin(axis=1)
        mutual = (nearest[nearest] == number) & (number < nearest) & (price[number, nearest] < np.inf)
        first, second = number[mutual], nearest[mutual]
        if not len(first):
            return [np.array(part) for part in members]

        counts = count[first] + count[second]
        size[first] = (size[first] * count[first] + size[second] * count[second]) / counts
        count[first] = counts
        moments[:, first] += moments[:, second]
        fit[first] = both[first, second]
        left[first], right[first] = np.minimum(left[first], left[second]), np.maximum(right[first], right[second])
        apart[first] |= apart[second]
        apart[:, first] |= apart[:, second]
        for i, j in zip(first.tolist(), second.tolist(), strict=True):
            members[i] += members[j]
        stays = np.ones(len(size), np.bool_)
        stays[second] = False
        kept = np.flatnonzero(stays)
        if len(kept) == 1:
            return [np.array(members[kept[0]])]
        moments, fit, left, right = moments[:, kept], fit[kept], left[kept], right[kept]
        size, count, apart = size[kept], count[kept], apart[kept[:, None], kept]
        members = [members[i] for i in kept.tolist()]


def median(values: NDArray[np.floating[Any]]) -> float:
    """Of one or more values, to the last bit NumPy's, which takes ten times as long to find it among a few."""
    ordered = np.sort(values)
    middle = len(ordered) // 2
    return float(ordered[middle]) if len(ordered) % 2 else float((ordered[middle - 1] + ordered[middle]) / 2)


def _straightened(frame: _Frame, lines: Sequence[NDArray[np.int64]]) -> _Frame:
    """The frame sheared so that the lines found first run level, also where perspective fans them out down the page."""
    unit = median(frame.h)
    u, v = (frame.u - frame.u.mean()) / unit, (frame.v - frame.v.mean()) / unit
    # slope = a + b * v, by least squares over all lines; both are likely to be small.
    normal, moment = np.diag([1 / PAGE_TILT**2, 1 / PAGE_FAN**2]), np.zeros(2)
    for line in lines:
        du, dv = u[line] - u[line].mean(), v[line] - v[line].mean()
        factors = np.array([1.0, v[line].mean()])
        normal += np.outer(factors, factors) * (du @ du) / UNEVEN**2
        moment += factors * (du @ dv) / UNEVEN**2
    a, b = np.linalg.solve(normal, moment)
    return replace(frame, v=frame.v - (a + b * v) * u * unit)


def _misfit(moments: Float64Array) -> Float64Array:
    """How badly one straight line, near the slope of the page, fits parts with these moments (6, ...): chi squared."""
    s, su, sv, suu, suv, svv = moments
    uu, uv, vv = suu - su * su / s, suv - su * sv / s, svv - sv * sv / s
    return vv - uv * uv / (uu + 1 / LINE_TILT**2)


def _one_above_the_other(frame: _Frame) -> BoolArray:
    """(N, N): whether two digits share a column and not a row."""
    du, dv = np.abs(frame.u[:, None] - frame.u), np.abs(frame.v[:, None] - frame.v)
    return (du < 0.35 * (frame.w[:, None] + frame.w)) & (dv > 0.35 * (frame.h[:, None] + frame.h))


def _parted(frame: _Frame, line: NDArray[np.int64]) -> BoolArray:
    """(digits - 1,): where a line, its digits in order, is parted into numbers."""
    u, w, height = frame.u[line], frame.w[line], median(frame.h[line])
    pitch = np.diff(u) / height
    gaps = pitch - (w[1:] + w[:-1]) / 2 / height
    if len(pitch) >= 2:  # as evenly spread as in the boxes of a form, or closer?
        usual, even = median(pitch), BOX_EVEN if len(pitch) > 2 else BOX_EVEN / 2
        if usual <= BOX_PITCH and (np.abs(pitch - usual) <= even * usual).all():
            return np.zeros(len(pitch), np.bool_)
    if not len(gaps) or _is_one_apart(gaps):
        return np.zeros(len(pitch), np.bool_)
    return gaps > min(max(WIDE * median(gaps), GAP[0]), GAP[1])


def _is_one_apart(gaps: Float64Array) -> bool:
    """Whether the digits with these gaps (digits - 1,), in digit heights, are one number written with room in it."""
    wide = gaps > GAP[0]
    numbers = 1 + int(wide.sum())
    if numbers < ROW or gaps.max() > ROOM:
        return False
    ends = np.concatenate([[True], wide, [True]])
    single = int((ends[1:] & ends[:-1]).sum())
    unclear = wide.all() or gaps[wide].min() < CLEAR * gaps[~wide].max()
    return bool(single >= SINGLE * numbers and unclear)
