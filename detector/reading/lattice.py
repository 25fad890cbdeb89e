"""The rulings of a page, level and upright ones, and which of them belong together. OpenCV and NumPy, no torch.

Long straight segments tell how the page lies under the camera. In the straightened page rulings are thin level and
upright lines, of which only long ones are kept.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.reading.rulings import GreyPicture
from detector.reading.straightening import Frame, straightening
from detector.types import Float64Array

# Lengths are in heights of a digit
DIGIT_PX = 20.0  # height of digits in the straightened page: rulings are seen, and the paper's grain is not
MAX_SCALE = 2.0
MAX_PAGE_PX = 5_000_000  # pixels of the straightened page, to bound time and memory
MIN_SEGMENT_HEIGHTS = 1.8  # of segments that tell how the page lies
MAX_TILT_TANGENT = 0.5  # of rulings
THICK_HEIGHTS = 0.4  # thickest ruling
ALONG_HEIGHTS = 0.35  # rulings are averaged over so much along them, as the paper's grain averages out
WHOLE_HEIGHTS = 1.6  # of so much along a ruling ...
WHOLE_SHARE = 0.66  # ... so large a share shows, of what no digit covers
MIN_DOTTED_SHARE = 0.8  # of a ruling that shows, of what no digit covers; letters below each other show less
FREE_SHARE = 0.35  # where digits cover more than the rest, nothing is told of rulings
SHOWN_NEAR_HEIGHTS = 0.3  # a line that is no further off shows
GAP_HEIGHTS = 0.6  # longest gap in a ruling, as where a digit lies on it
MIN_LENGTH_HEIGHTS = 2.0  # of a ruling
ONE_LINE_HEIGHTS = 0.3  # rulings that are no further apart are one ruling
MAX_BREAK_HEIGHTS = 4.0  # longest stretch of a ruling that is not there, as in cells that are one
CROSSING_HEIGHTS = 0.5  # rulings that come as near to each other as that cross
ACROSS_WEIGHT = 1.3  # so many times the strength of a line the other way is taken off
MIN_CONTRAST_GREY = 5.0
NOISE_RATIO = 2.5
NOISE_STRIDE_PX = 3
MAX_POLARITY_VOTES = 40  # of digits, on whether they are light on dark
PAD_HEIGHTS = 2.0  # of the straightened page around the picture


@dataclass(frozen=True)
class Ruling:
    """A level or upright line of the straightened page, heights of a digit."""

    at: float
    """Its v if it is level, its u if it is upright."""
    pieces: tuple[tuple[float, float], ...]
    """Where its pieces begin and end in the other direction, in order."""
    strength: float = np.inf
    """By how many grey levels it stands out from the paper."""

    @property
    def start(self) -> float:
        """Where it begins."""
        return self.pieces[0][0]

    @property
    def end(self) -> float:
        """Where it ends."""
        return self.pieces[-1][1]

    def share(self, start: float, end: float) -> float:
        """How much of the stretch from start to end it covers, 0-1."""
        covered = sum(max(min(end, b) - max(start, a), 0.0) for a, b in self.pieces)
        return covered / max(end - start, 1e-9)

    def within(self, start: float, end: float) -> Ruling | None:
        """What of it lies between start and end; None where that is nothing."""
        pieces = tuple((max(a, start), min(b, end)) for a, b in self.pieces if b > start and a < end)
        return replace(self, pieces=pieces) if pieces else None

    def crosses(self, other: Ruling) -> bool:
        """Whether it crosses or touches a ruling of the other direction."""
        reach = CROSSING_HEIGHTS
        return (
            self.start - reach <= other.at <= self.end + reach and other.start - reach <= self.at <= other.end + reach
        )


@dataclass(frozen=True, eq=False)
class Found:
    """The rulings of a straightened page."""

    level: tuple[Ruling, ...] = ()
    upright: tuple[Ruling, ...] = ()
    level_ink: NDArray[Any] = field(default_factory=lambda: np.zeros((0, 0), np.uint8))
    """(H, W), where a level line may be, above 0."""
    upright_ink: NDArray[Any] = field(default_factory=lambda: np.zeros((0, 0), np.uint8))
    """The same of upright lines."""
    origin: Float64Array = field(default_factory=lambda: np.zeros(2))
    """u, v of the first pixel of these, in their pixels."""
    unit_px: float = DIGIT_PX
    """Height of a digit in them."""


@dataclass(frozen=True, eq=False)
class Straightened:
    """A page made straight, and the rulings on it. All lengths on it are in heights of a digit."""

    frame: Frame
    """To and from the picture, in pixels."""
    digit_px: float
    """Height of a digit in the picture."""
    found: Found
    """What rulings there are."""

    @property
    def level(self) -> tuple[Ruling, ...]:
        """Level rulings."""
        return self.found.level

    @property
    def upright(self) -> tuple[Ruling, ...]:
        """Upright rulings."""
        return self.found.upright

    def shown(self, at: float, start: float, end: float, level: bool) -> float:
        """How much of a line from start to end shows any ink as of a ruling, 0-1, also where no ruling was found."""
        ink = self.found.level_ink if level else self.found.upright_ink.T
        across, along = self.found.origin[::-1] if level else self.found.origin
        unit = self.found.unit_px
        low, high = (max(0, round((at + side) * unit - across)) for side in (-SHOWN_NEAR_HEIGHTS, SHOWN_NEAR_HEIGHTS))
        first, last = (max(0, round(place * unit - along)) for place in (start, end))
        stretch = ink[low : high + 1, first:last]
        return float((stretch > 0).any(axis=0).mean()) if stretch.size else 0.0

    def boxes(self, boxes: Float64Array) -> Float64Array:
        """Boxes (N, 4) of the picture on the page."""
        return self.frame.straight_boxes(boxes) / self.digit_px

    def in_picture(self, points: Float64Array) -> Float64Array:
        """Points (..., 2) of the page in the picture."""
        return self.frame.in_picture(points * self.digit_px)


def straighten(
    grey: GreyPicture, digits: Float64Array, lines: Float64Array, stacks: Float64Array, signs: Float64Array
) -> Straightened:
    """The page in uint8 (H, W), upright, with its rulings.

    digits: boxes (N, 4) of one or more digits, pixels. lines: (L, 4), x, y of both ends of lines of
    writing, pixels. stacks: (S, 4), x, y of what stands below each other. They tell how the page lies where no
    ruling does. signs: boxes (K, 4) of other ink that is no ruling.
    """
    digit_px = float(np.median(digits[:, 3] - digits[:, 1]))
    segments = _segments(grey, digit_px)
    across = np.abs(segments[:, 2] - segments[:, 0])
    down = np.abs(segments[:, 3] - segments[:, 1])
    level = segments[down < MAX_TILT_TANGENT * across]
    upright = segments[across < MAX_TILT_TANGENT * down]
    height, width = grey.shape
    frame = straightening((width / 2, height / 2), np.concatenate([level, lines]), np.concatenate([upright, stacks]))
    kinds = (cv2.MORPH_BLACKHAT, cv2.MORPH_TOPHAT)  # dark rulings, light ones
    found = Found()
    for kind in kinds[:: -1 if _light_on_dark(grey, digits) else 1]:  # as the digits are; or else the others
        found = _rulings(grey, np.concatenate([digits, signs]), frame, digit_px, kind)
        counts = len(found.level), len(found.upright)
        if min(counts) >= 2 or max(counts) >= 3:
            break
    return Straightened(frame, digit_px, found)


def _segments(grey: GreyPicture, digit_px: float) -> Float64Array:
    """Long straight edges (N, 4): x, y of their ends, pixels."""
    scale = min(1.0, 2 * DIGIT_PX / digit_px, (MAX_PAGE_PX / grey.size) ** 0.5)
    small = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else grey
    found = cv2.createLineSegmentDetector(cv2.LSD_REFINE_STD).detect(small)[0]
    if found is None:
        return np.zeros((0, 4))
    segments: Float64Array = found.reshape(-1, 4).astype(np.float64) / scale
    lengths = np.hypot(segments[:, 2] - segments[:, 0], segments[:, 3] - segments[:, 1])
    return segments[lengths >= MIN_SEGMENT_HEIGHTS * digit_px]


def _light_on_dark(grey: GreyPicture, digits: Float64Array) -> bool:
    """Whether most digits are lighter than their paper."""
    votes = 0
    for x0, y0, x1, y1 in np.rint(digits[:: len(digits) // MAX_POLARITY_VOTES + 1]).astype(int).clip(0).tolist():
        inside = grey[y0:y1, x0:x1]
        if inside.size:
            low, middle, high = np.percentile(inside, (2, 60, 98)).tolist()  # more than half of a box is paper
            votes += 1 if high - middle > middle - low else -1
    return votes > 0


def _rulings(grey: GreyPicture, ink: Float64Array, frame: Frame, digit_px: float, sign: int) -> Found:
    """Level and upright rulings, dark or light."""
    scale = min(
        DIGIT_PX / digit_px, MAX_SCALE, (MAX_PAGE_PX / grey.size) ** 0.5
    )  # pixels of the straightened page for one of the picture
    unit = scale * digit_px  # a digit's height on it
    page, free, origin = _warped(grey, frame, scale, unit)
    thick, along, whole = (
        2 * round(heights * unit / 2) + 1 for heights in (THICK_HEIGHTS, ALONG_HEIGHTS, WHOLE_HEIGHTS)
    )
    for x0, y0, x1, y1 in np.rint(frame.straight_boxes(ink) * scale - np.tile(origin, 2)).astype(int).clip(0).tolist():
        free[y0 : y1 + 1, x0 + 1 : x1] = 0
    level, upright = (
        _averaged(cv2.morphologyEx(page, sign, np.ones(size[::-1], np.uint8)), free, size_along)
        for size, size_along in (((1, thick), (along, 1)), ((thick, 1), (1, along)))
    )  # float32, grey levels
    found = []
    inks = []
    some = slice(None, None, NOISE_STRIDE_PX)
    for own, other, size in ((level, upright, (whole, 1)), (upright, level, (1, whole))):
        grain = own[some, some][free[some, some] > 0]
        least = max(MIN_CONTRAST_GREY, NOISE_RATIO * float(np.median(grain)) if len(grain) else 0)
        dotted = cv2.dilate((own - ACROSS_WEIGHT * other >= least).astype(np.float32), np.ones((3, 3), np.uint8))
        shown = _averaged(dotted, free, size) >= WHOLE_SHARE
        inked = (shown & (cv2.blur(free, size) >= FREE_SHARE)).astype(np.uint8)
        found.append(_long_lines(inked, dotted, free, own, unit, origin, own is level))
        inks.append(dotted)
    return Found(found[0], found[1], inks[0], inks[1], origin, unit)


def _warped(
    grey: GreyPicture, frame: Frame, scale: float, unit: float
) -> tuple[GreyPicture, NDArray[np.float32], Float64Array]:
    """The straightened page, where the picture is on it, 0 or 1, and the u, v of its first pixel, in its own pixels."""
    height, width = grey.shape
    corners = frame.straight(np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64)) * scale
    low, high = corners.min(axis=0) - PAD_HEIGHTS * unit, corners.max(axis=0) + PAD_HEIGHTS * unit
    most = 4 * scale * np.array([width, height])  # nothing sensible is stretched more
    low, high = np.maximum(low, -most / 2), np.minimum(high, most / 2)
    origin = np.floor(low)
    columns, rows = np.ceil(high - origin).astype(int)
    u, v = np.meshgrid(np.arange(columns) + origin[0], np.arange(rows) + origin[1])
    places = frame.in_picture(np.stack([u, v], axis=-1) / scale).astype(np.float32)  # (rows, columns, 2)
    source = grey
    if scale < 1:
        source = cv2.blur(grey, (1, 1)) if scale > 0.7 else cv2.GaussianBlur(grey, (0, 0), 0.4 / scale)
    page = cv2.remap(source, places[..., 0], places[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    inside = ((places >= 0) & (places <= [width - 1, height - 1])).all(axis=-1).astype(np.float32)
    straight: GreyPicture = page.astype(np.uint8, copy=False)
    return straight, np.asarray(inside, np.float32), np.asarray(origin, np.float64)


def _averaged(ridges: NDArray[Any], free: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.float32]:
    """The mean along lines, of what digits do not cover. size: width and height that it is taken over, pixels."""
    total = cv2.blur(ridges.astype(np.float32) * free, size)
    averaged: NDArray[np.float32] = total / np.maximum(cv2.blur(free, size), 0.25)
    return averaged


def _long_lines(
    inked: GreyPicture,
    dotted: NDArray[Any],
    free: NDArray[np.float32],
    strength: NDArray[np.float32],
    unit: float,
    origin: Float64Array,
    level: bool,
) -> tuple[Ruling, ...]:
    """The rulings among pixels that may be some.

    inked: where much of a line shows around. dotted: where it shows itself. free: where no digit is. All are of one
    size, 0 or 1. strength: of lines, grey levels. unit: height of a digit, pixels.
    """
    if not level:
        inked, dotted, free, strength = (np.ascontiguousarray(each.T) for each in (inked, dotted, free, strength))
        origin = origin[::-1]
    gap, length = (max(3, round(heights * unit)) for heights in (GAP_HEIGHTS, MIN_LENGTH_HEIGHTS))
    inked = cv2.dilate(inked, np.ones((3, 1), np.uint8))  # a ruling that bends a little stays one
    inked = cv2.morphologyEx(inked, cv2.MORPH_CLOSE, np.ones((1, gap), np.uint8))
    inked = cv2.morphologyEx(inked, cv2.MORPH_OPEN, np.ones((1, length), np.uint8))
    count, labels, stats, middles = cv2.connectedComponentsWithStats(inked.astype(np.uint8), connectivity=8)
    pieces = []
    for i in range(1, count):
        x, y, width, height = stats[i, :4].tolist()
        place = slice(y, y + height), slice(x, x + width)
        own = labels[place] == i
        told = ((free[place] > 0) | ~own).all(axis=0)  # (width,), where no digit is on the line
        if ((dotted[place] > 0) & own).any(axis=0)[told].mean() >= MIN_DOTTED_SHARE if told.any() else False:
            at = (float(middles[i][1]) + origin[1]) / unit
            most = float(np.median((strength[place] * own).max(axis=0)[told]))
            pieces.append((at, (x + origin[0]) / unit, (x + width + origin[0]) / unit, most))
    return _joined(pieces)


def _joined(pieces: list[tuple[float, float, float, float]]) -> tuple[Ruling, ...]:
    """Rulings of pieces in one line with no wide gap between. Of each: where it is, begins and ends, its strength."""
    lines: list[list[tuple[float, float, float, float]]] = []
    for piece in sorted(pieces, key=lambda piece: piece[1]):
        near = [
            line
            for line in lines
            if abs(line[-1][0] - piece[0]) <= ONE_LINE_HEIGHTS and piece[1] - line[-1][2] <= MAX_BREAK_HEIGHTS
        ]
        if near:
            min(near, key=lambda line: abs(line[-1][0] - piece[0])).append(piece)
        else:
            lines.append([piece])
    rulings = []
    for line in lines:
        lengths = [end - start for _, start, end, _ in line]
        at, strength = (float(np.average([piece[k] for piece in line], weights=lengths)) for k in (0, 3))
        rulings.append(Ruling(at, tuple((start, end) for _, start, end, _ in line), strength))
    return tuple(rulings)
