"""How one picture is searched: from coarse to fine, and finely only where something small may be. No torch.

A search is a generator: it yields parts of its picture and is sent what was found in them, step by step. So whoever
drives several searches can let the parts of many pictures go through the detector together.

The levels that are one tile are looked at first. Then come those in several tiles, from coarse to fine. A closer look
goes to two kinds of places only: around digits found so far that are small enough to gain from twice the pixels, and
around ink that may be digits too small to be found at half the size. Such ink is passed over where many far larger
digits were found. So a large photograph costs as much as its small writing needs: paper, blur and large digits are not
looked at twice.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TypeAlias

import cv2
import numpy as np

from detector.images import Picture
from detector.reading.tiles import (
    CREDIBLE_SCORE,
    MAX_TILED_DIGIT_PX,
    MIN_PAGE_DIGITS,
    SURE_SCORE,
    Level,
    Tile,
    merge,
    pyramid_levels,
    tiles_around,
    tiles_of,
    trusted,
)
from detector.types import BoolArray, Detections, FloatArray

Parts: TypeAlias = "list[tuple[Level, Detections]]"
Steps: TypeAlias = "Generator[list[Picture], list[Detections], Parts]"

SMALL_DIGIT_PX = 24.0  # longest side; a smaller digit is better seen at twice the size
MIN_LEAD_SCORE = 0.2  # from which a digit leads to a closer look
ENOUGH_DIGITS = 20  # where so many are found, ...
MAX_HEIGHT_RATIO = 2.5  # ... none is so many times smaller than nine of ten of them

# Ink that may be digits too small to be found, in pixels of the coarser level
INK_HEIGHTS_PX = (4, 14)
BLOT_PX = 15  # ink into which a square of this side fits is no stroke but a ground to write on
RULING_PX = 25  # a straight line as long as this is no stroke but a ruling, which may join many digits
MIN_CONTRAST_GREY = 8.0  # grey levels between ink and its ground, at least; and ...
CONTRAST_OVER_AROUND = 2.0  # ... so many times the mean contrast around it: grain has contrast everywhere
AROUND_PX = 65  # side of the square that counts as around


def search(image: Picture) -> Generator[list[Picture], list[Detections], Detections]:
    """All digits in uint8 (H, W, 3) RGB, best first.

    Yields parts of the picture to look at, one or more at a time, and is sent what was found in each, in its pixels.
    """
    pyramid = list(pyramid_levels(image))
    fine = [level for level in pyramid[:-1] if level.tiled]
    if fine or pyramid[0].tiled:
        parts: Parts = []
        for level in pyramid[len(fine) :]:  # each is one tile, except the last level of a long strip
            parts += yield from _look(level, tiles_of(level))
    else:
        parts = yield from _look_at_small(pyramid)
    for level, coarser in zip(reversed(fine), reversed(pyramid[1 : len(fine) + 1]), strict=True):
        found = merge(parts)  # each digit once, however many levels show it
        known = Detections(found.boxes / coarser.scale, found.labels, found.scores)
        digits = known.digits()
        sides = (digits.boxes[:, 2:] - digits.boxes[:, :2]).max(axis=1, initial=0)
        small = digits.boxes[(sides < SMALL_DIGIT_PX) & (digits.scores >= MIN_LEAD_SCORE)]
        credible = known.boxes[known.scores >= CREDIBLE_SCORE]
        spots = unseen_ink(coarser.image, credible)
        if len(credible) >= ENOUGH_DIGITS:  # whoever wrote so many writes others about as large
            low_height = np.quantile(credible[:, 3] - credible[:, 1], 0.1)
            spots = spots[spots[:, 3] - spots[:, 1] > low_height / MAX_HEIGHT_RATIO]
        wanted = np.concatenate([small, spots])
        parts += yield from _look(level, tiles_around(level, wanted * coarser.scale / level.scale))
    return merge(parts)


def _look(level: Level, cut: list[Tile]) -> Steps:
    """What is found in tiles of a level, in pixels of the picture."""
    if not cut:
        return []
    found = yield [tile.image for tile in cut]
    return [(level, trusted(seen, tile, level)) for seen, tile in zip(found, cut, strict=True)]


def _look_at_small(pyramid: list[Level]) -> Steps:
    """What is found in a picture that is one tile: on its first two levels, and on coarser ones where they are needed.

    They are needed as long as digits too large for a level are seen, or nothing at all. Where nothing else led to a
    coarser level, only what is sure counts there: from afar a few blots on an empty page look like a digit.
    """
    parts: Parts = []
    anything = False
    first = yield [level.image for level in pyramid[:2]]
    for index, level in enumerate(pyramid):
        seen = first[index] if index < 2 else (yield [level.image])[0]
        if index > 1 and not anything:
            seen = seen[seen.scores >= SURE_SCORE]
        known = trusted(seen, Tile(level.image, 0, 0), level)
        parts.append((level, known))
        anything = anything or bool((known.scores >= CREDIBLE_SCORE).any())
        credible = seen.boxes[seen.scores >= CREDIBLE_SCORE]  # (N, 4), pixels of the level
        too_large = (credible[:, 2:] - credible[:, :2]).max(initial=0) > MAX_TILED_DIGIT_PX
        if index and anything and not too_large:
            break
    return parts


def unseen_ink(picture: Picture, known: FloatArray) -> FloatArray:
    """Boxes (N, 4) around ink in uint8 (H, W, 3) that may be digits too small to be found in it.

    Ink is darker or lighter than its ground and too thin for a square of BLOT_PX to fit in. Long straight lines do not
    count. known: (M, 4), digits found in the picture. What is inside one of them is its stroke, unless that is a lot.
    """
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    boxes = np.concatenate([_spots(grey, cv2.MORPH_BLACKHAT), _spots(grey, cv2.MORPH_TOPHAT)])  # (N, 4)
    middles = (boxes[:, :2] + boxes[:, 2:]) / 2  # (N, 2)
    free = np.ones(len(boxes), np.bool_)
    for box in known:
        inside: BoolArray = ((middles > box[:2]) & (middles < box[2:])).all(axis=1)
        if inside.sum() <= MIN_PAGE_DIGITS:
            free &= ~inside
    return boxes[free]


def _spots(grey: Picture, hat: int) -> FloatArray:
    """Boxes (N, 4) around connected ink as high as INK_HEIGHTS_PX says.

    grey: uint8 (H, W). hat: OpenCV's operation that leaves only ink, darker or lighter than its ground.
    """
    contrast = cv2.morphologyEx(grey, hat, np.ones((BLOT_PX, BLOT_PX), np.uint8))
    around = cv2.blur(contrast, (AROUND_PX, AROUND_PX))
    least = cv2.addWeighted(around, CONTRAST_OVER_AROUND, contrast, 0, MIN_CONTRAST_GREY)
    ink = (contrast > least).astype(np.uint8)
    rulings = [cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones(s, np.uint8)) for s in ((1, RULING_PX), (RULING_PX, 1))]
    ink &= ~(rulings[0] | rulings[1])
    _, _, stats, _ = cv2.connectedComponentsWithStats(ink)
    x, y, width, height, _ = stats[1:].T  # the first is the ground
    right_height = (height >= INK_HEIGHTS_PX[0]) & (height <= INK_HEIGHTS_PX[1])
    spots: FloatArray = np.stack([x, y, x + width, y + height], axis=1)[right_height].astype(np.float32)
    return spots
