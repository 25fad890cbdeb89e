"""Whether a vertical ruling runs between two digits: two cells of a table hold two numbers, however close they are.

A ruling is a thin straight line, dark on light or light on dark, that reaches above and below the digits beside it. No
stroke of a digit does that, nor a sign between digits. OpenCV and NumPy, no torch.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.types import BoolArray, Float64Array, FloatArray, IntArray

GreyPicture = NDArray[np.uint8]

MIN_STRENGTH = 0.6
"""A gap with that strength or more has a ruling in it."""

# Lengths are in heights of the two digits beside a gap
MAX_THICKNESS_HEIGHTS = {cv2.MORPH_BLACKHAT: 0.3, cv2.MORPH_TOPHAT: 0.18}  # of dark rulings, of light ones
REACH_HEIGHTS = 0.9  # a line is looked for so far above and below the middle of the digits: 1.8 heights in all
DIGIT_REACH_HEIGHTS = 0.5  # half of a digit: what lies beyond is above or below it
INTO_DIGITS_HEIGHTS = 0.12  # a ruling may run so far within the box of a digit beside it
DIGIT_EDGE_HEIGHTS = 0.04  # so much of a box along its sides may show a ruling; what else is in it is the digit's
ROW_STEP_HEIGHTS = 0.1  # from one row that is looked at to the next
COLUMN_STEP_HEIGHTS = 0.05  # from one column to the next, ...
MAX_COLUMNS = 64  # ... unless that makes more of them between two digits: they are further apart in wide gaps
STRAY_HEIGHTS = 0.03  # how far to either side a line may stray from a straight one
AVERAGED_HEIGHTS = 0.45  # lines are averaged over so much along them; so are specks and the paper's grain

LEANS = np.tan(np.deg2rad(np.linspace(-16.0, 16.0, 15))).astype(np.float32)  # (L,), columns a row, that are tried
LEVEL_WEIGHT = 1.5  # so many times the strength of a level line is taken off: sloping ones look a bit upright, too
MIN_CONTRAST_GREY = 7  # grey levels between a ruling and the paper on either side of it, and at least ...
MIN_INK_SHARE = 0.06  # ... that share of the contrast of the strongest ink around, and ...
NOISE_RATIO = 1.5  # ... so many times what half of the paper has
NOISE_STRIDE_PX = 3  # every third pixel tells it well enough
BESIDE_SHARE = 0.4  # of the rows beside the digits a ruling shows in so many at least: a digit may lie on it
MIN_SHOWN_SHARE = 0.3  # of the rows of a ruling; where fewer show anything, nothing straight is sought
MIN_ROWS = 2.0  # above and below the digits in which a line has to show, even if level rulings hide most of it

_STEPS = np.arange(-REACH_HEIGHTS, REACH_HEIGHTS + 1e-6, ROW_STEP_HEIGHTS, dtype=np.float32)  # (R,), from the middle
_ZONES = np.where(np.abs(_STEPS) <= DIGIT_REACH_HEIGHTS, 1, np.where(_STEPS < 0, 0, 2))  # (R,): above, beside, below
_ROWS_BY_ZONE = (_ZONES[:, None] == np.arange(3)) * np.array([1, BESIDE_SHARE, 1], np.float32)  # (R, 3)


def ruling_strengths(grey: GreyPicture, boxes: FloatArray | Float64Array, pairs: IntArray) -> FloatArray:
    """How much of a vertical ruling runs through each gap: float32 (G,), 0-1, see MIN_STRENGTH.

    It is the share of rows in which the straightest line shows: above, beside or below the digits, whichever is least.

    grey: uint8 (H, W), in which digits stand upright. boxes: (N, 4), of all of them, pixels. pairs: int (G, 2), the
    indices of the left and of the right digit beside each gap.
    """
    strengths = np.zeros(len(pairs), np.float32)
    if not len(pairs):
        return strengths
    gaps = _Gaps.between(np.asarray(boxes, np.float64)[pairs])
    octaves = np.rint(np.log2(gaps.height)).astype(np.int64)
    for octave in np.unique(octaves).tolist():  # a stroke of a small digit is as thin as a ruling is to a large one
        for sign in MAX_THICKNESS_HEIGHTS:
            open_ones = np.flatnonzero((octaves == octave) & (strengths < MIN_STRENGTH))
            if len(open_ones):
                found = _strengths(grey, boxes, gaps.chosen(open_ones), sign)
                strengths[open_ones] = np.maximum(strengths[open_ones], found)
    return strengths


@dataclass(frozen=True)
class _Gaps:
    """Where to look for rulings, pixels. All are (G,)."""

    x: Float64Array
    y: Float64Array
    """The middle."""
    half_width: Float64Array
    """A ruling passes the middle's row no further from it."""
    height: Float64Array
    """Of the digits."""

    @classmethod
    def between(cls, sides: Float64Array) -> _Gaps:
        """sides: the boxes of the two digits beside each gap, (G, 2, 4)."""
        height = (sides[:, :, 3] - sides[:, :, 1]).mean(axis=1)
        left, right = sides[:, 0, 2], sides[:, 1, 0]
        half_width = np.maximum((right - left) / 2, -INTO_DIGITS_HEIGHTS / 2 * height) + INTO_DIGITS_HEIGHTS * height
        return cls((left + right) / 2, sides[:, :, 1::2].mean(axis=(1, 2)), half_width, height)

    def chosen(self, index: IntArray) -> _Gaps:
        return _Gaps(self.x[index], self.y[index], self.half_width[index], self.height[index])


def _strengths(grey: GreyPicture, boxes: FloatArray | Float64Array, gaps: _Gaps, sign: int) -> FloatArray:
    """As ruling_strengths, for gaps between digits of about one height, and for dark or for light rulings."""
    strengths = np.zeros(len(gaps.x), np.float32)
    step = np.maximum(COLUMN_STEP_HEIGHTS * gaps.height, 2 * gaps.half_width / MAX_COLUMNS)  # (G,), pixels
    reach = gaps.half_width + float(np.abs(LEANS).max()) * REACH_HEIGHTS * gaps.height  # (G,), pixels
    left, top = max(0, int((gaps.x - reach).min()) - 2), max(0, int((gaps.y - gaps.height).min()) - 2)
    right, bottom = int((gaps.x + reach).max()) + 3, int((gaps.y + gaps.height).max()) + 3
    around = grey[top:bottom, left:right]
    if not around.size:
        return strengths
    local_boxes = boxes - np.array([left, top, left, top])
    upright, level, least = _lines(around, local_boxes, float(np.median(gaps.height)), float(step.max()), sign)

    middle = int(np.ceil((reach / step).max()))
    offsets = np.arange(-middle, middle + 1)  # (C,)
    x, in_width = _within(gaps.x[:, None] + offsets * step[:, None] - left, around.shape[1])  # (G, C)
    y, in_height = _within(gaps.y[:, None] + _STEPS * gaps.height[:, None] - top, around.shape[0])  # (G, R)
    inked = upright[y[:, :, None], x[:, None, :]] >= least  # (G, R, C)
    inked &= in_height[:, :, None] & in_width[:, None, :]
    shown = inked.any(axis=2) @ _ROWS_BY_ZONE  # (G, 3)
    hopeful = np.flatnonzero((shown >= MIN_SHOWN_SHARE * _ROWS_BY_ZONE.sum(axis=0)).all(axis=1))  # (K,): mostly none
    if not len(hopeful):
        return strengths

    rows = np.broadcast_to(_ROWS_BY_ZONE.sum(axis=0), (len(hopeful), 3))  # in which a whole ruling shows
    if sign == cv2.MORPH_BLACKHAT:  # where a level ruling crosses, nothing tells whether the other one goes on
        rows = (level[y[hopeful], x[hopeful, middle, None]] < least / 2) @ _ROWS_BY_ZONE
    gap, row, column = np.nonzero(inked[hopeful])  # (P,) each
    per_height = (gaps.height / step)[hopeful].astype(np.float32)  # (K,), columns
    half = (gaps.half_width / step)[hopeful].astype(np.float32) + 0.5  # (K,), columns

    # Each point votes for the lines through it: by their lean, and by the column where they pass the digits' middle.
    passed = (column - middle).astype(np.float32) - LEANS[:, None] * (_STEPS[row] * per_height[gap])  # (L, P)
    nearest = np.rint(passed).astype(np.int32)
    furthest = int(half.max())
    bins = (gap * 3 + _ZONES[row]) * len(LEANS) + np.arange(len(LEANS))[:, None]  # (L, P)
    bins = bins * (2 * furthest + 1) + nearest + furthest
    shape = (len(hopeful), 3, len(LEANS) * (2 * furthest + 1))
    votes = np.bincount(bins[np.abs(nearest) <= half[gap]], minlength=int(np.prod(shape))).reshape(shape)
    share = votes / np.maximum(rows, MIN_ROWS)[:, :, None]  # (K, 3, lines)
    strengths[hopeful] = share.min(axis=1).max(axis=1).clip(0, 1)
    return strengths


def _within(places: Float64Array, size: int) -> tuple[IntArray, BoolArray]:
    """Indices of pixels, none beyond the border, and which of them were not beyond it."""
    index = np.rint(places).astype(np.int64)
    return index.clip(0, size - 1), (index >= 0) & (index < size)


def _lines(
    grey: GreyPicture, boxes: Float64Array, height: float, step: float, sign: int
) -> tuple[GreyPicture, GreyPicture, float]:
    """By how much each pixel stands out as a part of an upright thin line, and of a level one, in grey levels.

    And how much it takes to be more than the paper's grain. height: of digits, pixels. step: how far apart columns are.
    """
    thick = max(3, 2 * round(MAX_THICKNESS_HEIGHTS[sign] * height / 2) + 1)
    along = max(3, 2 * round(AVERAGED_HEIGHTS * height / 2) + 1)
    upright, level = (cv2.morphologyEx(grey, sign, np.ones(size, np.uint8)) for size in ((1, thick), (thick, 1)))
    outside = np.ones(grey.shape, np.bool_)
    for lines in (upright, level, outside):  # 1s one below the other would be a ruling
        _leave_out(lines, boxes, DIGIT_EDGE_HEIGHTS * height)
    upright, level = cv2.blur(upright, (1, along)), cv2.blur(level, (along, 1))
    some = slice(None, None, NOISE_STRIDE_PX)
    grain = upright[some, some][outside[some, some]]
    least = max(MIN_CONTRAST_GREY, NOISE_RATIO * float(np.median(grain)) if len(grain) else 0)
    upright = cv2.addWeighted(upright, 1.0, level, -LEVEL_WEIGHT, 0.0)
    spread = 2 * max(round(STRAY_HEIGHTS * height), int(step / 2)) + 1
    upright = cv2.dilate(upright, np.ones((1, spread), np.uint8))
    low, usual, high = np.percentile(grey[some, some], (1, 50, 99)).tolist()
    least = max(least, MIN_INK_SHARE * max(usual - low, high - usual))
    return upright.astype(np.uint8, copy=False), level.astype(np.uint8, copy=False), least


def _leave_out(lines: NDArray[np.generic], boxes: Float64Array, edge: float) -> None:
    """No line within boxes, in place, but along their left and right sides; nor what sticks out above and below."""
    inner = np.rint(boxes + np.array([edge, -edge - 1, -edge, edge + 1])).astype(np.int64).clip(0)
    for x0, y0, x1, y1 in inner.tolist():
        lines[y0:y1, x0:x1] = 0
