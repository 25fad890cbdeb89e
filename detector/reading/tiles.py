"""The scales and tiles in which a picture is looked at, and one answer from the answers of all of them. No torch.

A picture of at most TILE pixels a side is one tile, and enlarged to that by up to ENLARGED: more pixels a digit make
tighter boxes and surer classes. Every picture is looked at in levels, each half the size of the one
before, down to a thumbnail, so that every digit has a comfortable height in one of them. Levels larger than a tile are
cut into tiles that overlap by more than the largest digit trusted there: whatever touches the inner border of a tile is
whole in the next tile or in the next level, and is left to it.

A tile is looked at only if it shows detail that the next level lost. That spares blank paper, and the noise and blur of
photographs with more pixels than sharpness, which are full of tiny digits to a willing eye.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.images import Picture
from detector.types import BoolArray, Detections, FloatArray

TILE = 768  # pixels a side
ENLARGED = 1.5  # a picture smaller than a tile is enlarged by as much, if it then still fits one
OVERLAP = 160  # of neighbouring tiles, at least
STEP = 16  # pixels, of which the sides of such tiles are multiples: what a network rounds up to, or a multiple of that
CELL = 64  # pixels a side of the cells that are looked at or not: tiles of few different sizes are the faster
MARGIN = 32  # pixels around what is looked at: the surroundings of a digit tell of its size
LARGEST = 120  # longest side of a digit trusted in a tile that may cut it: OVERLAP less a border on either side
HUGE = 240  # longest side of a digit trusted in any tile: one so large is left to the levels after
SMALLEST = 8  # longest side of a digit trusted on a level that the level before shows at twice the size, in tiles
LARGE = 20  # the same where the level before was one tile, which nobody passes over: two looks say it more surely
THUMBNAIL = 160  # longest side of the last level: a digit as high as the picture is easily read there
NARROW = 64  # a level with a shorter side under this is not halved again: detectors enlarge what is so narrow
BORDER = 8  # a box this close to the inner border of a tile may be cut by it
DETAIL = 6.0  # grey levels, meaned over PATCH x PATCH pixels, that halving must change for a tile to be looked at
PATCH = 4
SAME = 0.45  # boxes that overlap by more than this (IoU) are one digit
SAME_HEIGHT = 0.6  # a box inside another that has this share of its height is the same digit once more
INSIDE = 0.7  # a box is inside another with more than this share of its area
SLIM = 4.0  # height over width from which a box can only be a 1
COVERED = 0.5  # a box with more than this share of its area in several digits, better seen, is none itself
MANY, SURE = 4, 0.8  # a box with so many digits of such a score in it is a line or a page, and no digit
BLOCK = 256  # boxes that are compared with all others at a time
CREDIBLE = 0.5  # the score from which a digit speaks against others


@dataclass(frozen=True, eq=False)
class Level:
    """A picture, halved `depth` times: uint8 (H, W, 3). scale (4,) brings x0, y0, x1, y1 back to the whole picture.

    depth is no whole number, and may be negative, where the picture was enlarged first. smallest: longest side, in
    pixels of the level, under which a digit is left to the level before.
    """

    image: Picture
    depth: float
    scale: FloatArray
    smallest: float

    @property
    def tiled(self) -> bool:
        """Whether it takes more than one tile."""
        return max(self.image.shape[:2]) > TILE


@dataclass(frozen=True, eq=False)
class Tile:
    """A part of a level, its corner at x, y: uint8 (H, W, 3), a view."""

    image: Picture
    x: int
    y: int


def levels(image: Picture) -> Iterator[Level]:
    """The picture, enlarged if it is small, then every level under it, one at a time to save memory."""
    height, width = image.shape[:2]
    small, depth, smallest = image, 0.0, 0
    factor = min(ENLARGED, TILE / max(height, width))
    if factor > 1:
        size = (round(width * factor), round(height * factor))
        small = cv2.resize(image, size, interpolation=cv2.INTER_CUBIC).astype(np.uint8)
        depth = -math.log2(factor)
    while True:
        rows, columns = small.shape[:2]
        scale = np.array([width / columns, height / rows] * 2, np.float32)
        level = Level(small, depth, scale, smallest)
        yield level
        if max(rows, columns) <= THUMBNAIL or min(rows, columns) < NARROW:
            return
        small = cv2.resize(small, (-(-columns // 2), -(-rows // 2)), interpolation=cv2.INTER_AREA).astype(np.uint8)
        depth, smallest = depth + 1, SMALLEST if level.tiled else LARGE


def tiles(level: Level) -> list[Tile]:
    """The tiles of a level that show detail; a level of one tile is that tile."""
    height, width = level.image.shape[:2]
    return around(level, np.array([[0, 0, width, height]], np.float32)) if level.tiled else [Tile(level.image, 0, 0)]


def around(level: Level, boxes: FloatArray) -> list[Tile]:
    """Tiles that show all of boxes (N, 4), in pixels of the level, from some way off, less those without detail."""
    height, width = level.image.shape[:2]
    cells = np.zeros((-(-height // CELL), -(-width // CELL)), np.uint8)
    for x0, y0, x1, y1 in np.rint(boxes).astype(np.int64):
        rows = slice(max(0, (y0 - MARGIN) // CELL), -(-(y1 + MARGIN) // CELL))
        cells[rows, max(0, (x0 - MARGIN) // CELL) : -(-(x1 + MARGIN) // CELL)] = 1
    cut = []
    for x, y, columns, rows, _ in cv2.connectedComponentsWithStats(cells, connectivity=4)[2][1:] * CELL:
        for top, bottom in _cuts(y, min(y + rows, height)):
            for left, right in _cuts(x, min(x + columns, width)):
                tile = level.image[top:bottom, left:right]
                wanted = cells[top // CELL : -(-bottom // CELL), left // CELL : -(-right // CELL)].any()
                if wanted and _shows_detail(tile):
                    cut.append(Tile(tile, left, top))
    return cut


def _cuts(start: int, end: int) -> list[tuple[int, int]]:
    """Where tiles begin and end along a side: as few as can be, alike, overlapping by OVERLAP or a little more."""
    length = end - start
    count = max(1, -(-(length - OVERLAP) // (TILE - OVERLAP)))
    side = min(length, -(-(length + (count - 1) * OVERLAP) // (count * STEP)) * STEP)
    starts = [start + round(i * (length - side) / max(1, count - 1)) for i in range(count)]
    return [(begin, begin + side) for begin in starts]


def _shows_detail(tile: Picture) -> bool:
    height, width = tile.shape[:2]
    half = cv2.resize(tile, (max(1, width // 2), max(1, height // 2)), interpolation=cv2.INTER_AREA)
    lost = cv2.absdiff(tile, cv2.resize(half, (width, height), interpolation=cv2.INTER_LINEAR))
    patches = (max(1, width // PATCH), max(1, height // PATCH))
    return bool(cv2.resize(lost, patches, interpolation=cv2.INTER_AREA).max() >= DETAIL)


def trusted(found: Detections, tile: Tile, level: Level) -> Detections:
    """What was found in a tile, in its pixels, less what a tile or its level is wrong to judge; in picture pixels."""
    height, width = level.image.shape[:2]
    rows, columns = tile.image.shape[:2]
    boxes = found.boxes
    sides = (boxes[:, 2:] - boxes[:, :2]).max(axis=1, initial=0)
    keep = (sides >= level.smallest) & (sides <= HUGE)
    if level.tiled:
        keep &= sides <= LARGEST
        # Inner borders only: what the edge of the picture cuts is cut in every tile.
        keep &= (boxes[:, 0] >= (BORDER if tile.x > 0 else -np.inf)) & (
            boxes[:, 1] >= (BORDER if tile.y > 0 else -np.inf)
        )
        keep &= boxes[:, 2] <= (columns - BORDER if tile.x + columns < width else np.inf)
        keep &= boxes[:, 3] <= (rows - BORDER if tile.y + rows < height else np.inf)
    found = found[keep]
    moved = (found.boxes + np.array([tile.x, tile.y] * 2, np.float32)) * level.scale
    return Detections(moved.astype(np.float32), found.labels, found.scores)


def merge(parts: Iterable[tuple[Level, Detections]]) -> Detections:
    """One answer from what was found on each level, in picture pixels, best first.

    Two kinds of mistakes go that one level alone cannot see: several digits, or a whole page of them, taken for one by
    a coarse level; and strokes of a digit taken for digits by a level that is too fine for it. Then, of boxes that
    overlap too much, the better one stays; if a finer level is sure of that digit, too, with the finer level's box.
    """
    listed = [(level, found) for level, found in parts if len(found)]
    if not listed:
        return Detections.empty()
    boxes = np.concatenate([found.boxes for _, found in listed])
    labels = np.concatenate([found.labels for _, found in listed])
    scores = np.concatenate([found.scores for _, found in listed])
    depths = np.concatenate([np.full(len(found), level.depth) for level, found in listed])
    limits = np.concatenate([np.full(len(found), LARGEST * 2.0**level.depth) for level, found in listed])
    spans = boxes[:, 2:] - boxes[:, :2]
    areas, sides = _areas(boxes), spans.max(axis=1)

    credible = scores >= CREDIBLE
    alive = np.zeros(len(boxes), np.bool_)
    for depth in np.unique(depths):  # finest first
        digits = np.flatnonzero(alive & credible)
        of_level = np.flatnonzero(depths == depth)
        of_level = of_level[_best_of_each(boxes[of_level], scores[of_level])]  # what neighbouring tiles both found
        alive[of_level] = True
        for finer in np.unique(depths[digits]):
            of_finer = digits[depths[digits] == finer]
            alive[of_level] &= ~_made_of(boxes[of_level], boxes[of_finer], scores[of_finer])
    for i in np.flatnonzero(alive & credible & (sides > limits.min())):
        strokes = (depths < depths[i]) & (sides[i] > limits) & (_shared(boxes[i], boxes) > INSIDE * areas)
        if spans[i, 1] > SLIM * spans[i, 0]:  # a 1 is no more than 1s inside; an edge of the paper may be one, too
            strokes &= labels == 1
        alive &= ~strokes
    rivals = np.flatnonzero(alive)
    kept = rivals[_best_of_each(boxes[rivals], scores[rivals])]
    sure = rivals[credible[rivals]]
    sure = sure[np.argsort(-scores[sure], kind="stable")]
    placed = _finest(kept, sure, boxes, labels, depths)
    return Detections(boxes[placed], labels[kept], scores[kept])


def _finest(
    digits: NDArray[np.int64],
    others: NDArray[np.int64],
    boxes: FloatArray,
    labels: NDArray[np.int64],
    depths: FloatArray,
) -> NDArray[np.int64]:
    """Of digits (N,) and others (M,), best first, by their numbers: whose box shows each digit on the finest level."""
    if not len(others):
        return digits
    finest = digits.copy()
    areas, depth = _areas(boxes[others]), depths[others]
    for start in range(0, len(digits), BLOCK):
        some = digits[start : start + BLOCK, None]  # (K, 1)
        shared = _shared(boxes[some], boxes[others])  # (K, M)
        same = shared > SAME * (_areas(boxes[some[:, 0]])[:, None] + areas - shared)
        same &= (depth < depths[some]) & (labels[others] == labels[some])
        found = np.where(same, depth, np.inf).argmin(axis=1)  # (K,)
        there = same[np.arange(len(some)), found]
        finest[start : start + BLOCK][there] = others[found[there]]
    return finest


def _made_of(boxes: FloatArray, digits: FloatArray, scores: FloatArray) -> BoolArray:
    """Which of boxes (N, 4) are several digits (M, 4) of a finer level, with scores (M,), taken for one: (N,)."""
    made = np.zeros(len(boxes), np.bool_)
    areas, digit_areas = _areas(boxes), _areas(digits)
    for start in range(0, len(boxes), BLOCK):
        rows = slice(start, start + BLOCK)
        shared = _shared(boxes[rows, None], digits)  # (K, M)
        inside = (shared > INSIDE * digit_areas) & (digit_areas < INSIDE * areas[rows, None])
        covered = (shared * inside).sum(axis=1) > COVERED * areas[rows]
        made[rows] = (covered & (inside.sum(axis=1) > 1)) | ((inside & (scores >= SURE)).sum(axis=1) >= MANY)
    return made


def _best_of_each(boxes: FloatArray, scores: FloatArray) -> NDArray[np.int64]:
    """Non-maximum suppression across classes: indices of the boxes (N, 4) that stay, best first."""
    order = np.argsort(-scores, kind="stable")
    boxes = boxes[order]
    areas, heights = _areas(boxes), boxes[:, 3] - boxes[:, 1]
    alive = np.ones(len(boxes), np.bool_)
    for start in range(0, len(boxes), BLOCK):
        rows = slice(start, start + BLOCK)
        shared = _shared(boxes[rows, None], boxes)  # (K, N)
        alike = np.minimum(heights[rows, None], heights) > SAME_HEIGHT * np.maximum(heights[rows, None], heights)
        same = alike & (shared > INSIDE * np.minimum(areas[rows, None], areas))
        same |= shared > SAME * (areas[rows, None] + areas - shared)
        for i, doubles in enumerate(same, start):
            if alive[i]:
                alive[i + 1 :] &= ~doubles[i + 1 :]
    return order[alive]


def _areas(boxes: FloatArray) -> FloatArray:
    return (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])


def _shared(box: FloatArray, boxes: FloatArray) -> FloatArray:
    """The area that a box (4,), or each of (K, 1, 4), shares with each of boxes (N, 4): (N,) or (K, N)."""
    width = np.minimum(box[..., 2], boxes[:, 2]) - np.maximum(box[..., 0], boxes[:, 0])
    height = np.minimum(box[..., 3], boxes[:, 3]) - np.maximum(box[..., 1], boxes[:, 1])
    area: FloatArray = np.maximum(width, 0) * np.maximum(height, 0)
    return area
