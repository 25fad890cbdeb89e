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
from detector.types import Detections, FloatArray

TILE = 768  # pixels a side
ENLARGED = 1.5  # a picture smaller than a tile is enlarged by as much, if it then still fits one
OVERLAP = 160  # of neighbouring tiles, at least
LARGEST = 120  # longest side of a digit trusted in a tile that may cut it: OVERLAP less a border on either side
HUGE = 240  # longest side of a digit trusted in any tile: one so large is left to the levels after
SMALLEST = 8  # longest side of a digit trusted on a level that the level before shows at twice the size, in tiles
LARGE = 40  # the same where the level before was one tile, which nobody passes over
THUMBNAIL = 160  # longest side of the last level: a digit as high as the picture is easily read there
NARROW = 32  # a level with a shorter side under this is not halved again
BORDER = 8  # a box this close to the inner border of a tile may be cut by it
DETAIL = 6.0  # grey levels, meaned over PATCH x PATCH pixels, that halving must change for a tile to be looked at
PATCH = 4
SAME = 0.45  # boxes that overlap by more than this (IoU) are one digit
SAME_HEIGHT = 0.6  # a box inside another that has this share of its height is the same digit once more
INSIDE = 0.7  # a box is inside another with more than this share of its area
SLIM = 4.0  # height over width from which a box can only be a 1
COVERED = 0.5  # a box with more than this share of its area in several digits, better seen, is none itself
MANY, SURE = 4, 0.8  # a box with so many digits of such a score in it is a line or a page, and no digit
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


def tiles(level: Level) -> Iterator[Tile]:
    """The tiles of a level that are worth looking at; a level of one tile always is."""
    height, width = level.image.shape[:2]
    for y in _starts(height):
        for x in _starts(width):
            tile = level.image[y : y + TILE, x : x + TILE]
            if not level.tiled or _shows_detail(tile):
                yield Tile(tile, x, y)


def _starts(length: int) -> list[int]:
    """Where tiles begin along a side: evenly, so that they overlap by OVERLAP or more."""
    count = max(1, -(-(length - OVERLAP) // (TILE - OVERLAP)))
    return [round(i * (length - TILE) / max(1, count - 1)) for i in range(count)]


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
    overlap too much, the better one stays.
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
    areas, sides = spans.prod(axis=1), spans.max(axis=1)

    credible = scores >= CREDIBLE
    alive = np.zeros(len(boxes), np.bool_)
    for depth in np.unique(depths):  # what neighbouring tiles both found
        of_level = np.flatnonzero(depths == depth)
        alive[of_level[_best_of_each(boxes[of_level], scores[of_level])]] = True
    for i in np.flatnonzero(alive):
        for depth in np.unique(depths[depths < depths[i]]):
            finer = np.flatnonzero(alive & credible & (depths == depth) & (areas < INSIDE * areas[i]))
            shared = _shared(boxes[i], boxes[finer])
            inside = shared > INSIDE * areas[finer]
            covered = inside.sum() > 1 and shared[inside].sum() > COVERED * areas[i]
            if covered or (scores[finer][inside] >= SURE).sum() >= MANY:
                alive[i] = False
    for i in np.flatnonzero(alive & credible & (sides > limits.min())):
        strokes = (depths < depths[i]) & (sides[i] > limits) & (_shared(boxes[i], boxes) > INSIDE * areas)
        if spans[i, 1] > SLIM * spans[i, 0]:  # a 1 is no more than 1s inside; an edge of the paper may be one, too
            strokes &= labels == 1
        alive &= ~strokes
    kept = np.flatnonzero(alive)
    kept = kept[_best_of_each(boxes[kept], scores[kept])]
    return Detections(boxes[kept], labels[kept], scores[kept])


def _best_of_each(boxes: FloatArray, scores: FloatArray) -> NDArray[np.int64]:
    """Non-maximum suppression across classes: indices of the boxes (N, 4) that stay, best first."""
    areas, heights = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1), boxes[:, 3] - boxes[:, 1]
    order = np.argsort(-scores, kind="stable")
    keep: list[int] = []
    while len(order):
        best, order = int(order[0]), order[1:]
        keep.append(best)
        shared = _shared(boxes[best], boxes[order])
        lower, higher = np.minimum(heights[best], heights[order]), np.maximum(heights[best], heights[order])
        part = (shared > INSIDE * np.minimum(areas[best], areas[order])) & (lower > SAME_HEIGHT * higher)
        order = order[(shared <= SAME * (areas[best] + areas[order] - shared)) & ~part]
    return np.array(keep, np.int64)


def _shared(box: FloatArray, boxes: FloatArray) -> FloatArray:
    """The area that a box (4,) shares with each of boxes (N, 4): (N,)."""
    sides: FloatArray = np.minimum(box[2:], boxes[:, 2:]) - np.maximum(box[:2], boxes[:, :2])
    return np.maximum(sides, 0).prod(axis=1)
