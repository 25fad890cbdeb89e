"""What is known of the gaps between neighbouring digits of a line, for `joining` to weigh. NumPy only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from detector.reading.between import BETWEEN, MIN_SIGN_SCORE, OPERATORS, WRITING, Between, kinds_of
from detector.types import Detections, Float64Array, IntArray

REACH_GAPS = 12  # how many gaps on either side of one are looked at, to see how long the groups beside it are
LIKE_SHARE = 0.75  # a gap under this share of another one is clearly narrower
MEAN_OVERLAP_HEIGHTS = 0.4  # what is added to gaps before they are compared as ratios, as they can be below 0
MIN_ROOM_HEIGHTS = 0.05  # of gaps in ratios
REACH_LINES = 4  # how many lines above and below are looked at for columns
FREE_HEIGHTS = 0.08  # an overlap of two gaps under this is none, in digit heights
SAME_PLACE_HEIGHTS = 0.7  # lines begin, or end, at the same place where they differ by less
MAX_LINE_PITCH_HEIGHTS = 6.0  # from line to line; further away, lines are on their own
BLOCK_GAPS = 512  # gaps that are compared with those of all lines at a time, to bound the memory

_ANY, _GAP, _SHARE, _STRIP = (-np.inf, np.inf), (-0.6, 4.0), (0.0, 1.0), (-1.0, 3.0)
LIMITS = {
    "gap": _GAP,
    "narrow": (-0.6, 0.8),
    "pitch": (0.0, 5.0),
    "least": _GAP,
    "usual": _GAP,
    "widest": _GAP,
    "ratio": (-2.3, 2.3),
    "wider": _SHARE,
    "left_gap": (-0.6, 2.5),
    "right_gap": (-0.6, 2.5),
    "first": _SHARE,
    "last": _SHARE,
    "pitch_off": (0.0, 2.0),
    "pitch_spread": (0.0, 2.0),
    "gap_spread": (0.0, 4.0),
    "digits": _ANY,
    "left_run": (0.0, 8.0),
    "right_run": (0.0, 8.0),
    "three_right": _SHARE,
    "short_left": _SHARE,
    "single_left": _SHARE,
    "single_right": _SHARE,
    "height_ratio": (-1.5, 1.5),
    "baseline": (-1.0, 1.0),
    "page_low": _GAP,
    "page_usual": _GAP,
    "page_high": _GAP,
    "lines": _ANY,
    "column": _STRIP,
    "column_least": _STRIP,
    "column_usual": _STRIP,
    "column_widest": _STRIP,
    "crossing": _SHARE,
    "blocked": _SHARE,
    "ruled": _SHARE,
    "others_ruled": _SHARE,
    "points": _SHARE,
    "slashes": _SHARE,
    "dashes": _SHARE,
    "operators": _SHARE,
    "brackets": _SHARE,
    "writing": _SHARE,
    "free": _GAP,
    "same_left": _SHARE,
    "same_right": _SHARE,
    "line_pitch": (0.0, 6.0),
    "line_marks": (0.0, 4.0),
    "line_operators": _SHARE,
    "page_operators": _ANY,
    "page_writing": _ANY,
}
"""What is known of a gap, and between which limits: what lies beyond tells no more."""
FEATURES = tuple(LIMITS)
"""The names of these, in the order in which a Joining weighs them."""
_LOW, _HIGH = np.array(list(LIMITS.values()))[:, :, None].transpose(1, 0, 2)  # (F, 1) each


@dataclass(frozen=True, eq=False)
class Row:
    """Digits of all lines, line by line, each from left to right, in a frame in which lines run level. All (N,)."""

    u: Float64Array
    """Of their middles, along the lines, pixels."""
    v: Float64Array
    """Of their middles, down the page, pixels."""
    w: Float64Array
    """Widths, pixels."""
    h: Float64Array
    """Heights, pixels."""
    line: IntArray
    """The index of each digit's line."""

    @property
    def left(self) -> IntArray:
        """(G,): the index of the digit on the left of each gap."""
        return np.flatnonzero(self.line[1:] == self.line[:-1])


def gap_features(row: Row, boxes: Float64Array, found: Detections, categories: Sequence[str]) -> Float64Array:
    """What is known of each gap: float64 (G, F), in the order of FEATURES.

    boxes: (N, 4), of the row's digits in the upright picture, pixels. found: what else was found in the picture, as it
    was given: signs and writing, and where rulings run. categories: the names of its labels.
    """
    left = row.left
    if not len(left):
        return np.zeros((0, len(FEATURES)))
    right, line = left + 1, row.line[left]  # (G,) each
    heights = _medians(row.h, row.line)  # (L,), of all lines, also of those without a gap
    height = heights[line]  # (G,)
    start, end = (row.u + row.w / 2)[left], (row.u - row.w / 2)[right]  # (G,), where gaps start and end
    gap, pitch = (end - start) / height, (row.u[right] - row.u[left]) / height
    ends = np.append(np.flatnonzero(line[1:] != line[:-1]) + 1, len(line))  # of each line's gaps, (L,)
    starts = np.append(0, ends[:-1])
    counts = (ends - starts).repeat(ends - starts)  # (G,), gaps in the line of each

    lengths = ends - starts  # (L,)
    known = np.empty((len(FEATURES), len(gap)))
    of = dict(zip(FEATURES, known, strict=True))  # the row of each
    columns, of["crossing"][:], of["blocked"][:] = _columns(start, end, height, line, starts)
    leasts, usuals, widests, ranks = _others(np.stack([gap, pitch, columns]), line, starts, counts)
    (least, _, of["column_least"][:]), (widest, _, of["column_widest"][:]) = leasts, widests
    usual, usual_pitch, of["column_usual"][:] = usuals
    usual_pitch = np.maximum(usual_pitch, 0.1)
    of["column"][:] = columns
    of["gap"][:] = of["narrow"][:] = gap
    of["pitch"][:] = pitch
    of["least"][:], of["usual"][:], of["widest"][:] = least, usual, widest
    of["gap_spread"][:] = widest - least
    room = np.maximum(gap + MEAN_OVERLAP_HEIGHTS, MIN_ROOM_HEIGHTS)
    of["ratio"][:] = np.log(room / np.maximum(usual + MEAN_OVERLAP_HEIGHTS, MIN_ROOM_HEIGHTS))
    of["wider"][:] = 1 - ranks[0] / counts
    of["digits"][:] = np.log(counts)
    of["pitch_off"][:] = np.abs(pitch - usual_pitch) / usual_pitch
    of["pitch_spread"][:] = _spread(pitch, starts, counts)

    windows = _windows(gap, starts, ends)  # (G, 2 * REACH_GAPS + 1)
    wide = windows + MEAN_OVERLAP_HEIGHTS >= LIKE_SHARE * (gap + MEAN_OVERLAP_HEIGHTS)[:, None]
    wide[:, 0] = wide[:, -1] = True
    left_run = wide[:, REACH_GAPS - 1 :: -1].argmax(axis=1) + 1  # digits up to the next gap that is as wide
    right_run = wide[:, REACH_GAPS + 1 :].argmax(axis=1) + 1
    of["left_gap"][:], of["right_gap"][:] = windows[:, REACH_GAPS - 1], windows[:, REACH_GAPS + 1]
    of["first"][:], of["last"][:] = np.isinf(of["left_gap"]), np.isinf(of["right_gap"])
    of["left_run"][:], of["right_run"][:] = left_run, right_run
    of["single_left"][:], of["single_right"][:] = left_run == 1, right_run == 1
    of["short_left"][:], of["three_right"][:] = left_run <= 3, right_run == 3

    of["height_ratio"][:] = np.log(row.h[right] / row.h[left])
    bottoms = row.v + row.h / 2
    of["baseline"][:] = (bottoms[right] - bottoms[left]) / height
    page = np.sort(gap)
    for name, share in (("page_low", 0.25), ("page_usual", 0.5), ("page_high", 0.75)):
        of[name][:] = page[int(share * len(page))]
    of["lines"][:] = np.log(1 + row.line[-1])
    of["same_left"][:], of["same_right"][:], of["line_pitch"][:] = _layout(row, heights)[:, line]

    kinds = kinds_of(found, categories)
    for first in range(0, len(gap), BLOCK_GAPS):
        some = slice(first, first + BLOCK_GAPS)
        between = Between(boxes[left[some]], boxes[right[some]])
        of["ruled"][some] = between.rulings(found)
        for name, scores in zip(BETWEEN, between.signs(found, kinds), strict=True):
            of[name][some] = scores
    all_ruled = np.add.reduceat(of["ruled"], starts).repeat(lengths)
    of["others_ruled"][:] = (all_ruled - of["ruled"]) / np.maximum(counts - 1, 1)
    of["line_marks"][:] = np.add.reduceat(np.maximum(of["slashes"], of["dashes"]), starts).repeat(lengths)
    of["line_operators"][:] = np.maximum.reduceat(of["operators"], starts).repeat(lengths)
    for name, kind in (("page_operators", OPERATORS), ("page_writing", WRITING)):
        likely = found.scores[(kinds == kind) & (found.scores >= MIN_SIGN_SCORE)]
        of[name][:] = np.log1p(np.sort(likely).sum())  # sorted: the same in any order
    np.maximum(known, _LOW, out=known)
    return np.asarray(np.minimum(known, _HIGH, out=known).T)


def _medians(values: Float64Array, line: IntArray) -> Float64Array:
    """The median of the values (N,) of each line, (L,). line: (N,), ascending from 0 on without a gap."""
    ordered = values[np.lexsort((values, line))]
    counts = np.bincount(line)
    first = np.cumsum(counts) - counts
    return np.asarray((ordered[first + (counts - 1) // 2] + ordered[first + counts // 2]) / 2)


def _others(
    values: Float64Array, line: IntArray, starts: IntArray, counts: IntArray
) -> tuple[Float64Array, Float64Array, Float64Array, IntArray]:
    """The least, the lower median and the largest of the other values of each one's line; its rank there.

    values: (K, G), K kinds of them; so is each answer. A value that is the only one of its line stands for the others.
    """
    by_line = (values, np.broadcast_to(line, values.shape))
    order = np.lexsort(by_line) if len(starts) > 1 else values.argsort(axis=1, kind="stable")
    kind = np.arange(len(values))[:, None]
    ordered = values[kind, order]
    rank = np.empty(values.shape, np.int64)
    rank[kind, order] = np.arange(len(line))
    first = starts.repeat(counts[starts])  # (G,)
    rank -= first
    others = counts - 1
    some = others > 0

    def nth(index: IntArray | int) -> Float64Array:
        return np.asarray(ordered[kind, first + some * (index + (index >= rank))])

    return nth(0), nth((others - 1) // 2), nth(others - 1), rank


def _spread(values: Float64Array, starts: IntArray, counts: IntArray) -> Float64Array:
    """The standard deviation of the values of each one's line, as a share of their mean, (G,)."""
    lengths = counts[starts]
    mean = (np.add.reduceat(values, starts) / lengths).repeat(lengths)
    variance = (np.add.reduceat((values - mean) ** 2, starts) / lengths).repeat(lengths)
    return np.asarray(np.sqrt(variance) / np.maximum(np.abs(mean), 0.1))


def _windows(gap: Float64Array, starts: IntArray, ends: IntArray) -> Float64Array:
    """Each gap amid its REACH_GAPS neighbours to either side, (G, 2 * REACH_GAPS + 1); inf beyond the line's ends."""
    place = np.arange(len(gap)) + REACH_GAPS * (1 + np.arange(len(starts))).repeat(ends - starts)  # (G,)
    padded = np.full(place[-1] + REACH_GAPS + 1, np.inf)
    padded[place] = gap
    return np.asarray(padded[place[:, None] + np.arange(-REACH_GAPS, REACH_GAPS + 1)])


def _columns(
    start: Float64Array, end: Float64Array, height: Float64Array, line: IntArray, starts: IntArray
) -> tuple[Float64Array, Float64Array, Float64Array]:
    """How far gaps of the lines above and below leave the same strip free as each gap. All (G,).

    The mean width of that strip in digit heights, below 0 where digits lie in it; how many lines pass by, up to 1 for
    REACH_LINES or more; and the share of them that has digits there. Only lines with digits on both sides count.
    """
    free, crossing, blocked = np.zeros(len(start)), np.zeros(len(start)), np.zeros(len(start))
    if len(starts) == 1:
        return free, crossing, blocked
    own = line[starts]  # (L,), the line of each row of gaps
    lasts = np.append(starts[1:], len(line)) - 1
    low, high = start[starts], end[lasts]  # (L,): where its first digit ends and its last one starts
    middle = (start + end) / 2
    for first in range(0, len(start), BLOCK_GAPS):
        some = slice(first, first + BLOCK_GAPS)
        shared = np.minimum(end[some, None], end) - np.maximum(start[some, None], start)  # (B, G)
        strip = np.maximum.reduceat(shared, starts, axis=1) / height[some, None]  # (B, L)
        distance = np.abs(line[some, None] - own)
        passes = (distance > 0) & (distance <= REACH_LINES) & (low < middle[some, None]) & (high > middle[some, None])
        count = passes.sum(axis=1)
        known = np.maximum(count, 1)
        free[some] = (strip.clip(-1, 3) * passes).sum(axis=1) / known
        blocked[some] = (passes & (strip < FREE_HEIGHTS)).sum(axis=1) / known
        crossing[some] = np.minimum(count / REACH_LINES, 1)
    return free, crossing, blocked


def _layout(row: Row, heights: Float64Array) -> Float64Array:
    """How each line lies to those above and below, (3, L): the shares of them that begin where it begins, and end where
    it ends; how far the nearest one is, in digit heights.
    """
    count = len(heights)
    if count == 1:
        return np.array([[0.0], [0.0], [MAX_LINE_PITCH_HEIGHTS]])
    first = np.flatnonzero(np.diff(row.line, prepend=-1))  # (L,), the first digit of each line
    last = np.append(first[1:], len(row.line)) - 1
    left, right = (row.u - row.w / 2)[first], (row.u + row.w / 2)[last]
    middle = np.add.reduceat(row.v, first) / (last - first + 1)
    same, near = np.zeros((2, count)), np.zeros(count)
    nearest = np.full(count, MAX_LINE_PITCH_HEIGHTS)
    for step in range(1, min(REACH_LINES, count - 1) + 1):
        for own, other in ((slice(step, None), slice(None, -step)), (slice(None, -step), slice(step, None))):
            reach = SAME_PLACE_HEIGHTS * heights[own]
            same[0, own] += np.abs(left[own] - left[other]) < reach
            same[1, own] += np.abs(right[own] - right[other]) < reach
            near[own] += 1
            nearest[own] = np.minimum(nearest[own], np.abs(middle[own] - middle[other]) / heights[own])
    return np.concatenate([same / np.maximum(near, 1), nearest[None]])
