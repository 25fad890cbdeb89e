"""The scales and tiles in which a picture is looked at, and one result from what was found in all of them. No torch.

A picture is looked at on several levels, each half the size of the one before, down to a thumbnail: an image pyramid.
Every digit has a comfortable height on one of them. A picture smaller than TILE_PX a side is first enlarged, by up to
MAX_ENLARGEMENT, since more pixels a digit make tighter boxes and surer classes.

A level larger than TILE_PX is cut into tiles. They overlap by more than the largest digit that is trusted there. What
touches the inner border of a tile is left to the next tile or the next level, where it is whole.

A tile is looked at only if it shows detail that the next level lost. That spares blank paper. It also spares the noise
and blur of photographs with more pixels than sharpness, in which a detector finds many tiny digits.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.categories import DIGIT_COUNT
from detector.images import Picture
from detector.types import BoolArray, Detections, FloatArray

# Levels and tiles
TILE_PX = 768  # a side, at most
MAX_ENLARGEMENT = 1.5  # of a picture smaller than a tile, if it then still fits one
TILE_OVERLAP_PX = 160  # of neighbouring tiles, at least
TILE_SIDE_MULTIPLE_PX = 16  # sides of tiles are multiples of it; networks round up to this, or to a multiple of it
GRID_PX = 64  # what is looked at is rounded to a grid of such squares: tiles of few different sizes are faster
SURROUNDINGS_PX = 32  # looked at around what is wanted, as the surroundings of a digit tell its size
THUMBNAIL_PX = 160  # longest side of the last level: a digit as high as the picture is easily read there
MIN_HALVED_PX = 64  # a level with a shorter side under this is not halved again: detectors enlarge what is so narrow
MIN_DETAIL_GREY = 6.0  # grey levels, averaged over a patch, that halving must change for a tile to be looked at
DETAIL_PATCH_PX = 4  # a side

# Digits by their longest side: which are trusted where
MAX_TILED_DIGIT_PX = 120  # in a tile that may cut it: TILE_OVERLAP_PX less a border on either side
MAX_DIGIT_PX = 240  # in any tile: a larger one is left to the levels after
MIN_DIGIT_PX_AFTER_TILES = 8  # on a level after one in tiles, which shows it at twice the size
MIN_DIGIT_PX_AFTER_ONE_TILE = 20  # on a level after one that is one tile and always looked at: two looks are surer
TILE_BORDER_PX = 8  # a box this close to the inner border of a tile may be cut by it

# Several boxes for one digit, and one box for several digits
CREDIBLE_SCORE = 0.5  # from which a digit speaks against others
SAME_DIGIT_IOU = 0.45  # boxes that overlap by more are one digit
SAME_DIGIT_HEIGHT_SHARE = 0.6  # a box inside another that has more than this share of its height is the same digit
INSIDE_AREA_SHARE = 0.7  # a box is inside another with more than this share of its area
SLIM_HEIGHT_OVER_WIDTH = 4.0  # a slimmer box can only be a 1
COVERED_AREA_SHARE = 0.5  # a box with more than this share of its area in several digits, better seen, is no digit
MIN_PAGE_DIGITS, SURE_SCORE = 4, 0.8  # a box with so many digits of such a score in it is a line or a page
NO_TWIN = -1  # index of the twin of a detection that has none: see with_twins
TOLD = ("labels", "scores")  # what is told of a detection beside its box
BLOCK_BOXES = 256  # compared with all others at a time, to bound the memory


@dataclass(frozen=True, eq=False)
class Level:
    """The whole picture at one size."""

    image: Picture
    """uint8 (H, W, 3)."""
    depth: float
    """How often it was halved. Where the picture was enlarged first, this is no whole number and may be negative."""
    scale: FloatArray
    """float32 (4,): what brings x0, y0, x1, y1 back to pixels of the picture."""
    smallest: float
    """Longest side, in pixels of the level, under which a digit is left to the level before."""

    @property
    def tiled(self) -> bool:
        """Whether it takes several tiles."""
        return bool(max(self.image.shape[:2]) > TILE_PX)


@dataclass(frozen=True, eq=False)
class Tile:
    """A part of a level."""

    image: Picture
    """uint8 (H, W, 3), a view."""
    x: int
    """Of its left side, pixels of the level."""
    y: int
    """Of its upper side, pixels of the level."""


def pyramid_levels(image: Picture) -> Iterator[Level]:
    """The picture, enlarged if it is small, then every coarser level, one at a time to save memory."""
    height, width = image.shape[:2]
    small, depth, smallest = image, 0.0, 0
    factor = min(MAX_ENLARGEMENT, TILE_PX / max(height, width))
    if factor > 1:
        size = (round(width * factor), round(height * factor))
        small = cv2.resize(image, size, interpolation=cv2.INTER_CUBIC).astype(np.uint8)
        depth = -math.log2(factor)
    while True:
        rows, columns = small.shape[:2]
        scale = np.array([width / columns, height / rows] * 2, np.float32)
        level = Level(small, depth, scale, smallest)
        yield level
        if max(rows, columns) <= THUMBNAIL_PX or min(rows, columns) < MIN_HALVED_PX:
            return
        small = cv2.resize(small, (-(-columns // 2), -(-rows // 2)), interpolation=cv2.INTER_AREA).astype(np.uint8)
        depth, smallest = depth + 1, MIN_DIGIT_PX_AFTER_TILES if level.tiled else MIN_DIGIT_PX_AFTER_ONE_TILE


def tiles_of(level: Level) -> list[Tile]:
    """The tiles of a level that show detail. A level that is not cut is its only tile, with or without detail."""
    height, width = level.image.shape[:2]
    return (
        tiles_around(level, np.array([[0, 0, width, height]], np.float32)) if level.tiled else [Tile(level.image, 0, 0)]
    )


def tiles_around(level: Level, boxes: FloatArray) -> list[Tile]:
    """Tiles that show boxes (N, 4), in pixels of the level, with their surroundings, except those without detail."""
    height, width = level.image.shape[:2]
    grid = np.zeros((-(-height // GRID_PX), -(-width // GRID_PX)), np.uint8)  # 1 where something is wanted
    for x0, y0, x1, y1 in np.rint(boxes).astype(np.int64):
        rows = slice(max(0, (y0 - SURROUNDINGS_PX) // GRID_PX), -(-(y1 + SURROUNDINGS_PX) // GRID_PX))
        grid[rows, max(0, (x0 - SURROUNDINGS_PX) // GRID_PX) : -(-(x1 + SURROUNDINGS_PX) // GRID_PX)] = 1
    cut = []
    for x, y, columns, rows, _ in cv2.connectedComponentsWithStats(grid, connectivity=4)[2][1:] * GRID_PX:
        for top, bottom in _cuts(y, min(y + rows, height)):
            for left, right in _cuts(x, min(x + columns, width)):
                tile = level.image[top:bottom, left:right]
                wanted = grid[top // GRID_PX : -(-bottom // GRID_PX), left // GRID_PX : -(-right // GRID_PX)].any()
                if wanted and _shows_detail(tile):
                    cut.append(Tile(tile, left, top))
    return cut


def _cuts(start: int, end: int) -> list[tuple[int, int]]:
    """Where tiles begin and end along a side: as few as can be, of one size, overlapping by TILE_OVERLAP_PX or more."""
    length = end - start
    count = max(1, -(-(length - TILE_OVERLAP_PX) // (TILE_PX - TILE_OVERLAP_PX)))
    side = -(-(length + (count - 1) * TILE_OVERLAP_PX) // (count * TILE_SIDE_MULTIPLE_PX)) * TILE_SIDE_MULTIPLE_PX
    side = min(length, side)
    starts = [start + round(i * (length - side) / max(1, count - 1)) for i in range(count)]
    return [(begin, begin + side) for begin in starts]


def _shows_detail(tile: Picture) -> bool:
    height, width = tile.shape[:2]
    half = cv2.resize(tile, (max(1, width // 2), max(1, height // 2)), interpolation=cv2.INTER_AREA)
    lost = cv2.absdiff(tile, cv2.resize(half, (width, height), interpolation=cv2.INTER_LINEAR))
    patches = (max(1, width // DETAIL_PATCH_PX), max(1, height // DETAIL_PATCH_PX))
    return bool(cv2.resize(lost, patches, interpolation=cv2.INTER_AREA).max() >= MIN_DETAIL_GREY)


def trusted(found: Detections, tile: Tile, level: Level) -> Detections:
    """What was found in a tile, brought from its pixels to those of the picture.

    Digits that this tile or level cannot judge are left out: those too small, too large, or cut by an inner border.
    """
    height, width = level.image.shape[:2]
    rows, columns = tile.image.shape[:2]
    boxes = found.boxes  # (N, 4)
    sides = (boxes[:, 2:] - boxes[:, :2]).max(axis=1, initial=0)  # (N,)
    keep = (sides >= level.smallest) & (sides <= MAX_DIGIT_PX)
    if level.tiled:
        keep &= sides <= MAX_TILED_DIGIT_PX
        # Inner borders only: what the edge of the picture cuts is cut in every tile.
        keep &= boxes[:, 0] >= (TILE_BORDER_PX if tile.x > 0 else -np.inf)
        keep &= boxes[:, 1] >= (TILE_BORDER_PX if tile.y > 0 else -np.inf)
        keep &= boxes[:, 2] <= (columns - TILE_BORDER_PX if tile.x + columns < width else np.inf)
        keep &= boxes[:, 3] <= (rows - TILE_BORDER_PX if tile.y + rows < height else np.inf)
    found = found[keep]
    moved = (found.boxes + np.array([tile.x, tile.y] * 2, np.float32)) * level.scale
    return Detections(moved.astype(np.float32), found.labels, found.scores)


def merge(parts: Iterable[tuple[Level, Detections]]) -> Detections:
    """One result from what was found on each level, in pixels of the picture, best first.

    Two kinds of mistakes that no level sees by itself go first. A coarse level may take several digits, or a whole page
    of them, for one. A fine level may take the strokes of a large digit for digits. Then, of boxes that overlap too
    much, the better one stays, with the box of the finest level that is sure of that digit too.

    Here a box that comes as a digit and as another category is one thing, of the likelier of the two.
    """
    listed = [(level, found) for level, found in parts if len(found)]
    if not listed:
        return Detections.empty()
    twins = [np.full(len(found), NO_TWIN) for _, found in listed]
    if any((found.labels >= DIGIT_COUNT).any() for _, found in listed):
        pairs = [with_twins(found) for _, found in listed]
        twins = [index for _, index in pairs]
        everything = [found for _, found in listed]
        listed = [(level, found[first]) for (level, found), (first, _) in zip(listed, pairs, strict=True)]
    boxes = np.concatenate([found.boxes for _, found in listed])  # (N, 4); all that follows is (N,)
    labels = np.concatenate([found.labels for _, found in listed])
    scores = np.concatenate([found.scores for _, found in listed])
    depths = np.concatenate([np.full(len(found), level.depth) for level, found in listed])
    limits = np.concatenate([np.full(len(found), MAX_TILED_DIGIT_PX * 2.0**level.depth) for level, found in listed])
    spans = boxes[:, 2:] - boxes[:, :2]  # (N, 2)
    areas, sides = _areas(boxes), spans.max(axis=1)  # (N,)

    credible = scores >= CREDIBLE_SCORE
    alive = np.zeros(len(boxes), np.bool_)
    # Boxes of a coarse level that are several digits of a finer one go.
    for depth in np.unique(depths):  # finest first
        digits = np.flatnonzero(alive & credible)
        of_level = np.flatnonzero(depths == depth)
        # What neighbouring tiles both found stays once.
        of_level = of_level[_nms_across_classes(boxes[of_level], scores[of_level])]
        alive[of_level] = True
        for finer in np.unique(depths[digits]):
            of_finer = digits[depths[digits] == finer]
            alive[of_level] &= ~_several_taken_for_one(boxes[of_level], boxes[of_finer], scores[of_finer])
    # Boxes of a fine level that are strokes of a digit too large for it go.
    for i in np.flatnonzero(alive & credible & (sides > limits.min())):
        inside = _shared_areas(boxes[i], boxes) > INSIDE_AREA_SHARE * areas
        strokes = (depths < depths[i]) & (sides[i] > limits) & inside
        if spans[i, 1] > SLIM_HEIGHT_OVER_WIDTH * spans[i, 0]:  # inside a 1 are only 1s; it may be an edge of the paper
            strokes &= labels == 1
        alive &= ~strokes
    # Of boxes that overlap the better one stays, in the place that the finest level gives it.
    rivals = np.flatnonzero(alive)
    kept = rivals[_nms_across_classes(boxes[rivals], scores[rivals])]
    sure = rivals[credible[rivals]]
    sure = sure[np.argsort(-scores[sure], kind="stable")]
    placed = _finest(kept, sure, boxes, labels, depths)
    merged = Detections(boxes[placed], labels[kept], scores[kept])
    twin = np.concatenate(twins)[kept]
    if not (twin != NO_TWIN).any():
        return merged
    starts = np.cumsum([0, *(len(found) for found in everything)])
    part = np.repeat(np.arange(len(listed)), [len(found) for _, found in listed])[kept]
    there = np.flatnonzero(twin != NO_TWIN)
    index = starts[part[there]] + twin[there]  # among the detections of all parts
    all_labels, all_scores = (np.concatenate([getattr(found, name) for found in everything]) for name in TOLD)
    scores = np.concatenate([merged.scores, all_scores[index]])
    order = np.argsort(-scores, kind="stable")
    return Detections(
        np.concatenate([merged.boxes, merged.boxes[there]])[order],
        np.concatenate([merged.labels, all_labels[index]])[order],
        scores[order],
    )


def with_twins(found: Detections) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The indices (K,) of the likelier detection of each box, in order, and of the other one; NO_TWIN for none."""
    index_of: dict[bytes, int] = {}
    firsts: list[int] = []
    twins: list[int] = []
    for i, box in enumerate(found.boxes):
        known = index_of.setdefault(box.tobytes(), len(firsts))
        if known == len(firsts):
            firsts.append(i)
            twins.append(NO_TWIN)
        else:
            twins[known] = i
    return np.array(firsts, np.int64), np.array(twins, np.int64)


def _finest(
    digits: NDArray[np.int64],
    others: NDArray[np.int64],
    boxes: FloatArray,
    labels: NDArray[np.int64],
    depths: FloatArray,
) -> NDArray[np.int64]:
    """The index of the box that shows each digit on the finest level, (N,).

    digits: (N,) and others: (M,), best first, are indices of boxes, labels and depths.
    """
    if not len(others):
        return digits
    finest = digits.copy()
    areas, depth = _areas(boxes[others]), depths[others]
    for start in range(0, len(digits), BLOCK_BOXES):
        some = digits[start : start + BLOCK_BOXES, None]  # (K, 1)
        shared = _shared_areas(boxes[some], boxes[others])  # (K, M)
        same = shared > SAME_DIGIT_IOU * (_areas(boxes[some[:, 0]])[:, None] + areas - shared)
        same &= (depth < depths[some]) & (labels[others] == labels[some])
        found = np.where(same, depth, np.inf).argmin(axis=1)  # (K,)
        there = same[np.arange(len(some)), found]
        finest[start : start + BLOCK_BOXES][there] = others[found[there]]
    return finest


def _several_taken_for_one(boxes: FloatArray, digits: FloatArray, scores: FloatArray) -> BoolArray:
    """Which of boxes (N, 4) are several digits taken for one, (N,). digits: (M, 4), scores: (M,), of a finer level."""
    several = np.zeros(len(boxes), np.bool_)
    areas, digit_areas = _areas(boxes), _areas(digits)
    for start in range(0, len(boxes), BLOCK_BOXES):
        rows = slice(start, start + BLOCK_BOXES)
        shared = _shared_areas(boxes[rows, None], digits)  # (K, M)
        inside = (shared > INSIDE_AREA_SHARE * digit_areas) & (digit_areas < INSIDE_AREA_SHARE * areas[rows, None])
        covered = (shared * inside).sum(axis=1) > COVERED_AREA_SHARE * areas[rows]
        is_page = (inside & (scores >= SURE_SCORE)).sum(axis=1) >= MIN_PAGE_DIGITS
        several[rows] = (covered & (inside.sum(axis=1) > 1)) | is_page
    return several


def _nms_across_classes(boxes: FloatArray, scores: FloatArray) -> NDArray[np.int64]:
    """Non-maximum suppression (NMS) across classes: indices of the boxes (N, 4) that stay, best first."""
    order = np.argsort(-scores, kind="stable")
    boxes = boxes[order]
    areas, heights = _areas(boxes), boxes[:, 3] - boxes[:, 1]
    alive = np.ones(len(boxes), np.bool_)
    for start in range(0, len(boxes), BLOCK_BOXES):
        rows = slice(start, start + BLOCK_BOXES)
        shared = _shared_areas(boxes[rows, None], boxes)  # (K, N)
        lower, higher = np.minimum(heights[rows, None], heights), np.maximum(heights[rows, None], heights)  # (K, N)
        alike = lower > SAME_DIGIT_HEIGHT_SHARE * higher
        same = alike & (shared > INSIDE_AREA_SHARE * np.minimum(areas[rows, None], areas))
        same |= shared > SAME_DIGIT_IOU * (areas[rows, None] + areas - shared)
        for i, doubles in enumerate(same, start):
            if alive[i]:
                alive[i + 1 :] &= ~doubles[i + 1 :]
    return order[alive]


def _areas(boxes: FloatArray) -> FloatArray:
    """(N,) of boxes (N, 4)."""
    return (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])


def _shared_areas(box: FloatArray, boxes: FloatArray) -> FloatArray:
    """The area that a box (4,), or each of (K, 1, 4), shares with each of boxes (N, 4): (N,) or (K, N)."""
    width = np.minimum(box[..., 2], boxes[:, 2]) - np.maximum(box[..., 0], boxes[:, 0])
    height = np.minimum(box[..., 3], boxes[:, 3]) - np.maximum(box[..., 1], boxes[:, 1])
    area: FloatArray = np.maximum(width, 0) * np.maximum(height, 0)
    return area
