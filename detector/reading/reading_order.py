"""From detections to lines, numbers and text: pure geometry on boxes, no model.

1. The slope of the page is the angle at which most digits line up with others near them.
2. In the frame turned by that angle, digits are joined to lines from the bottom up. Two parts are joined first if they
   are near each other and one straight line explains both well. What a join costs is how much worse one line fits both
   parts than a line each does, in units of how unevenly people write. That is little for two parts of one line, however
   long, and much for two long lines, however close. Digits one above the other never share a line.
3. The lines found so far tell the slope better, and how perspective fans it out. With that, digits are joined anew.
4. A line is parted into numbers at gaps that are wide for its digit height and its other gaps, with two exceptions.
   Digits spread as evenly as in the boxes of a form are one number. So are the digits of a line of which most stand by
   themselves, in five parts or more, unless the gaps between them are clearly wider than the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detector.categories import CATEGORIES
from detector.reading.gaps import Row, gap_features
from detector.reading.joining import Joining
from detector.rotation import turned_boxes
from detector.types import BoolArray, Detections, Digit, Float64Array, IntArray, Line, Number

# The slope of a page and of its lines
MAX_SLOPE_DEG = 18.0  # lines slope by up to 15 degrees; a line may differ from its page
LINE_SPREAD_HEIGHTS = 0.15  # how far digits stray from their line, in digit heights
VOTE_REACH_HEIGHTS = 6.0  # how far apart two digits still have a say in the slope, in digit heights
LINE_TILT_TANGENT = 0.015  # how far a line strays from the slope of its page: nearly one degree
PAGE_TILT_TANGENT = 0.03  # how far off the first estimate of that slope is
PAGE_FAN_PER_HEIGHT = 0.005  # how much the slope changes per digit height down the page, where perspective fans lines

# Joining digits to lines
MAX_JOIN_COST = 16.0  # where two parts do share a line, the cost is distributed as chi squared
GAP_COST_PER_HEIGHT = 4.0  # added for each digit height of empty paper between two parts, when the next join is picked
MAX_HEIGHT_RATIO = 3.0  # digits of one line differ in height by less than this factor

# Parting lines into numbers; gaps are in digit heights
WIDE_GAP_RATIO = 2.0  # a gap parts numbers if it is wider than so many times the usual gap of the line ...
GAP_LIMITS_HEIGHTS = (0.82, 1.05)  # ... where that lies within these limits, and else than the nearer limit
MIN_SPACED_NUMBERS = 5  # so many numbers or more on a line, ...
MIN_SINGLE_DIGIT_SHARE = 2 / 3  # ... so large a share of them one digit each, are one number with room in it, ...
CLEAR_GAP_RATIO = 2.0  # ... unless each gap between them is so many times as wide as any other, ...
MAX_SPACED_GAP_HEIGHTS = 3.0  # ... or one of them is wider than this
MAX_BOX_PITCH_HEIGHTS = 1.55  # from centre to centre of digits in the boxes of a form ...
MAX_BOX_PITCH_SPREAD = 0.24  # ... which differs by no more than this share; by half of it where there are only three

NESTED_AREA_SHARE = 0.7  # a digit with more of its area than this in another one is nested: only one of them is read

# To bound the memory, and to fit the cache
BLOCK_PAIRS = 1024  # pairs of digits that vote at a time
BLOCK_DIGITS = 512  # digits that are compared with all others at a time

ANGLES_RAD = np.deg2rad(np.linspace(-MAX_SLOPE_DEG, MAX_SLOPE_DEG, 145))  # (A,), the slopes that a page is tried at
ACROSS = np.stack([-np.sin(ANGLES_RAD), np.cos(ANGLES_RAD)], 1).astype(np.float32)  # (A, 2): u and v across the page


def without_nested(detections: Detections) -> BoolArray:
    """Which digits (N,) to read: of two that lie within each other, only the likelier.

    Where a small digit is found on a large one, one of them is false: people do not write one on the other. Either the
    smaller is a stroke of the larger, or the larger is a few strokes taken for a digit.
    """
    boxes = detections.boxes.astype(np.float64)  # (N, 4)
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    keep = np.ones(len(boxes), np.bool_)
    rank = np.empty(len(boxes), np.int64)
    rank[np.argsort(-detections.scores, kind="stable")] = np.arange(len(boxes))
    pairs = []
    for first_row in range(0, len(boxes), BLOCK_DIGITS):
        some = slice(first_row, first_row + BLOCK_DIGITS)
        wide, high = (
            np.minimum(boxes[some, None, end], boxes[:, end]) - np.maximum(boxes[some, None, start], boxes[:, start])
            for start, end in ((0, 2), (1, 3))
        )
        shared = np.maximum(wide, 0) * np.maximum(high, 0)  # (BLOCK_DIGITS, N)
        first, second = np.nonzero(
            (shared > NESTED_AREA_SHARE * np.minimum(areas[some, None], areas)) & (rank[some, None] < rank)
        )
        pairs.append(np.stack([first + first_row, second], axis=1))
    if pairs:
        for better, worse in sorted(np.concatenate(pairs).tolist(), key=lambda pair: int(rank[pair[0]])):
            keep[worse] &= not keep[better]  # a digit that is not read itself does not count
    return keep


def read_lines(
    detections: Detections,
    joining: Joining | None = None,
    others: Detections | None = None,
    categories: Sequence[str] = CATEGORIES,
) -> tuple[Line, ...]:
    """Put digits in reading order: lines top to bottom, numbers and digits left to right.

    Every detection is taken for a digit, so leave out the unlikely ones first. Their order does not matter. In the
    picture turned upright, as `turned` of the detections says, lines may slope by up to 15 degrees either way.

    joining: what parts lines into numbers; by default the rule described above. A number's score then is also the
    chance that it begins and ends where it does. It looks at `others` too: signs and writing found in the picture, of
    these categories.
    """
    if not len(detections):
        return ()
    order, row = arranged(detections)
    ends = np.append(np.flatnonzero(np.diff(row.line)) + 1, len(row.line)).tolist()
    boxes, labels, scores = (a[order].tolist() for a in (detections.boxes, detections.labels, detections.scores))
    digits = [Digit(labels[i], tuple(boxes[i]), scores[i]) for i in range(len(order))]
    if joining is None:
        cuts = [_parted(row, slice(a, b)) for a, b in pairwise([0, *ends])]
        chances = np.concatenate([np.append(cut, True) for cut in cuts]).astype(np.float64)[:-1]
    else:
        chances = np.ones(len(order) - 1)
        around = detections if others is None else replace(others, ruled=detections.ruled)
        upright = turned_boxes(detections.boxes[order], detections.turned).astype(np.float64)
        chances[row.left] = joining(gap_features(row, upright, around, categories))
    return tuple(_line(digits[a:b], chances[a : b - 1]) for a, b in pairwise([0, *ends]))


def _line(digits: Sequence[Digit], chances: Float64Array) -> Line:
    """Digits as numbers. chances (digits - 1,): that the line is parted after each digit but the last."""
    parted = chances >= 0.5
    sure = np.where(parted, chances, 1 - chances)
    starts = [0, *(np.flatnonzero(parted) + 1).tolist(), len(digits)]
    numbers = []
    for a, b in pairwise(starts):
        number = Number.of(digits[a:b])
        numbers.append(replace(number, score=number.score * float(sure[max(0, a - 1) : b].prod())))
    return Line.of(numbers)


def arranged(detections: Detections) -> tuple[IntArray, Row]:
    """One or more digits line by line, top to bottom, left to right: their indices (N,), and how they stand there."""
    boxes = turned_boxes(detections.boxes, detections.turned).astype(np.float64)
    # Sorted, so that equal costs are settled alike whatever the order of the input.
    order = np.lexsort((detections.labels, boxes[:, 3], boxes[:, 2], boxes[:, 1], boxes[:, 0]))
    boxes = boxes[order]

    upright = _Frame.turned(boxes, _page_slope(boxes))
    groups = _join(upright)
    if len(groups) > 1:  # one line would stay one, its digits in the same order
        upright = _straightened(upright, groups)
        groups = _join(upright)
        groups.sort(key=lambda group: float(upright.v[group].mean()))
    groups = [group[np.argsort(upright.u[group], kind="stable")] for group in groups]
    index = np.concatenate(groups)
    line = np.arange(len(groups)).repeat([len(group) for group in groups])
    return order[index], Row(upright.u[index], upright.v[index], upright.w[index], upright.h[index], line)


@dataclass(frozen=True)
class _Frame:
    """Digits in a frame turned so that lines run along u: centres u, v, widths w and heights h, pixels, all (N,)."""

    u: Float64Array
    v: Float64Array
    w: Float64Array
    h: Float64Array

    @classmethod
    def turned(cls, boxes: Float64Array, angle: float) -> _Frame:
        """Boxes (N, 4) in the frame of a page that slopes by angle, in radians, clockwise on the screen."""
        x, y = (boxes[:, 0] + boxes[:, 2]) / 2, (boxes[:, 1] + boxes[:, 3]) / 2
        w, h = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
        c, s = np.cos(angle), np.sin(angle)
        # The box of a turned digit is wider and higher than the digit: by |sin| of the other side if the digit filled a
        # rectangle, not at all if it was written upright on a sloping line. Half of it is never far off.
        filled_w, filled_h = (w * c - h * abs(s)) / (c * c - s * s), (h * c - w * abs(s)) / (c * c - s * s)
        width, height = (w + filled_w) / 2, (h + filled_h) / 2
        return cls(x * c + y * s, y * c - x * s, np.maximum(width, w / 4), np.maximum(height, h / 2))


def _page_slope(boxes: Float64Array) -> float:
    """The angle, in radians, at which most pairs of digits lie on one line. Near pairs count more."""
    if len(boxes) == 1:
        return 0.0
    frame = _Frame.turned(boxes, 0.0)
    # Level is preferred where digits tell little: one pair of digits is no reason to believe in a slope.
    votes = -0.3 * np.abs(ANGLES_RAD)  # (A,)
    index = np.arange(len(boxes))
    first, second = np.nonzero(index[:, None] < index)
    size = (frame.h[first] + frame.h[second]) / 2
    du, dv = (frame.u[second] - frame.u[first]) / size, (frame.v[second] - frame.v[first]) / size
    away = np.hypot(du, dv)
    near = np.flatnonzero((away < 16) & (np.abs(dv) < np.abs(du)))
    steps = np.stack([du[near], dv[near]]).astype(np.float32) / (2**0.5 * LINE_SPREAD_HEIGHTS)  # (2, pairs)
    say = np.exp(-away[near] / VOTE_REACH_HEIGHTS).astype(np.float32)
    for start in range(0, len(near), BLOCK_PAIRS):
        part = slice(start, start + BLOCK_PAIRS)
        votes += np.exp(-((ACROSS @ steps[:, part]) ** 2)) @ say[part]  # how far across the page each pair steps
    return float(ANGLES_RAD[np.argmax(votes)])


def _join(frame: _Frame) -> list[NDArray[np.int64]]:
    """Join digits to lines, cheapest join first, until no join is cheap. Returns the indices of each line's digits.

    This goes in rounds: any two parts are joined that are each other's cheapest. A page takes few rounds, however many
    digits it has. Each round is a handful of operations on matrices (P, P), for P parts.
    """
    index = np.arange(len(frame.h))
    if len(index) == 1:
        return [index]
    unit = median(frame.h)
    u, v, weight = frame.u / unit, frame.v / unit, (unit / (LINE_SPREAD_HEIGHTS * frame.h)) ** 2
    u, v = u - u.mean(), v - v.mean()
    # The weighted moments of each part, from which the best straight line and its misfit follow.
    moments = np.stack([weight, weight * u, weight * v, weight * u * u, weight * u * v, weight * v * v])  # (6, P)
    fit = _misfit(moments)  # (P,)
    left, right = u - frame.w / unit / 2, u + frame.w / unit / 2  # (P,)
    size, count = frame.h / unit, np.ones(len(u))  # (P,)
    stacked = _one_above_the_other(frame)  # (P, P)
    members = [[i] for i in index.tolist()]
    while True:
        both = _misfit(moments[:, :, None] + moments[:, None])  # (P, P)
        cost = both - fit[:, None] - fit
        empty = left[:, None] - right
        empty = np.maximum(np.maximum(empty, empty.T), 0)
        smaller = np.minimum(size[:, None], size)
        price = cost + GAP_COST_PER_HEIGHT * empty / smaller
        unlike = np.maximum(size[:, None], size) >= MAX_HEIGHT_RATIO * smaller
        price[stacked | unlike | (cost >= MAX_JOIN_COST)] = np.inf
        index = np.arange(len(size))
        price[index, index] = np.inf
        nearest = price.argmin(axis=1)
        mutual = (nearest[nearest] == index) & (index < nearest) & (price[index, nearest] < np.inf)
        first, second = index[mutual], nearest[mutual]
        if not len(first):
            return [np.array(part) for part in members]

        counts = count[first] + count[second]
        size[first] = (size[first] * count[first] + size[second] * count[second]) / counts
        count[first] = counts
        moments[:, first] += moments[:, second]
        fit[first] = both[first, second]
        left[first], right[first] = np.minimum(left[first], left[second]), np.maximum(right[first], right[second])
        stacked[first] |= stacked[second]
        stacked[:, first] |= stacked[:, second]
        for i, j in zip(first.tolist(), second.tolist(), strict=True):
            members[i] += members[j]
        stays = np.ones(len(size), np.bool_)
        stays[second] = False
        kept = np.flatnonzero(stays)
        if len(kept) == 1:
            return [np.array(members[kept[0]])]
        moments, fit, left, right = moments[:, kept], fit[kept], left[kept], right[kept]
        size, count, stacked = size[kept], count[kept], stacked[kept[:, None], kept]
        members = [members[i] for i in kept.tolist()]


def median(values: NDArray[np.floating[Any]]) -> float:
    """The median of one or more values, to the last bit NumPy's, which takes ten times as long where they are few."""
    ordered = np.sort(values)
    middle = len(ordered) // 2
    return float(ordered[middle]) if len(ordered) % 2 else float((ordered[middle - 1] + ordered[middle]) / 2)


def _straightened(frame: _Frame, lines: Sequence[NDArray[np.int64]]) -> _Frame:
    """The frame sheared so that the lines found so far run level, even where perspective fans them out."""
    unit = median(frame.h)
    u, v = (frame.u - frame.u.mean()) / unit, (frame.v - frame.v.mean()) / unit
    # slope = a + b * v, by least squares over all lines, with a prior that keeps both small.
    normal, moment = np.diag([1 / PAGE_TILT_TANGENT**2, 1 / PAGE_FAN_PER_HEIGHT**2]), np.zeros(2)
    for line in lines:
        du, dv = u[line] - u[line].mean(), v[line] - v[line].mean()
        factors = np.array([1.0, v[line].mean()])
        normal += np.outer(factors, factors) * (du @ du) / LINE_SPREAD_HEIGHTS**2
        moment += factors * (du @ dv) / LINE_SPREAD_HEIGHTS**2
    a, b = np.linalg.solve(normal, moment)
    return replace(frame, v=frame.v - (a + b * v) * u * unit)


def _misfit(moments: Float64Array) -> Float64Array:
    """How badly a line near the slope of the page fits parts with these moments (6, ...): chi squared, (...)."""
    s, su, sv, suu, suv, svv = moments
    uu, uv, vv = suu - su * su / s, suv - su * sv / s, svv - sv * sv / s
    misfit: Float64Array = vv - uv * uv / (uu + 1 / LINE_TILT_TANGENT**2)
    return misfit


def _one_above_the_other(frame: _Frame) -> BoolArray:
    """(N, N): whether two digits share a column and not a row."""
    du, dv = np.abs(frame.u[:, None] - frame.u), np.abs(frame.v[:, None] - frame.v)
    return (du < 0.35 * (frame.w[:, None] + frame.w)) & (dv > 0.35 * (frame.h[:, None] + frame.h))


def _parted(row: Row, line: slice) -> BoolArray:
    """(digits - 1,): after which digits a line is parted into numbers. line: the part of the row that is this line."""
    u, w, height = row.u[line], row.w[line], median(row.h[line])
    pitch = np.diff(u) / height
    gaps = pitch - (w[1:] + w[:-1]) / 2 / height
    if len(pitch) >= 2:  # as evenly spread as in the boxes of a form, or closer?
        usual, even = median(pitch), MAX_BOX_PITCH_SPREAD if len(pitch) > 2 else MAX_BOX_PITCH_SPREAD / 2
        if usual <= MAX_BOX_PITCH_HEIGHTS and (np.abs(pitch - usual) <= even * usual).all():
            return np.zeros(len(pitch), np.bool_)
    if not len(gaps) or _is_one_spaced_number(gaps):
        return np.zeros(len(pitch), np.bool_)
    return gaps > min(max(WIDE_GAP_RATIO * median(gaps), GAP_LIMITS_HEIGHTS[0]), GAP_LIMITS_HEIGHTS[1])


def _is_one_spaced_number(gaps: Float64Array) -> bool:
    """Whether digits with these gaps (digits - 1,), in digit heights, are one number written with room in it."""
    wide = gaps > GAP_LIMITS_HEIGHTS[0]
    numbers = 1 + int(wide.sum())
    if numbers < MIN_SPACED_NUMBERS or gaps.max() > MAX_SPACED_GAP_HEIGHTS:
        return False
    ends = np.concatenate([[True], wide, [True]])
    single = int((ends[1:] & ends[:-1]).sum())
    unclear = wide.all() or gaps[wide].min() < CLEAR_GAP_RATIO * gaps[~wide].max()
    return bool(single >= MIN_SINGLE_DIGIT_SHARE * numbers and unclear)
