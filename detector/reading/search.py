"""How one picture is searched: from coarse to fine, and finely only where something small may be. No torch.

A search asks for what is in parts of its picture and is told, step by step, so that whoever drives it can let the parts
of many pictures go through the detector together.

The levels that are one tile are looked at first. Of those that take more tiles, the coarsest comes first, and each is
looked at around two things only: digits found so far that are so small that twice the pixels make a difference, and ink
that may be digits too small to be found in half the size, unless many far larger ones were. So what a large photograph
costs is decided by where its small writing is: paper, blur and large digits take no second look.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TypeAlias

import cv2
import numpy as np

from detector.images import Picture
from detector.reading.tiles import CREDIBLE, LARGEST, MANY, SURE, Level, Tile, around, levels, merge, tiles, trusted
from detector.types import BoolArray, Detections, FloatArray

Parts: TypeAlias = "list[tuple[Level, Detections]]"
Steps: TypeAlias = "Generator[list[Picture], list[Detections], Parts]"

SMALL = 24.0  # longest side of a digit that is better seen at twice the size
WEAK = 0.2  # the score from which a digit leads to a closer look
INK = (4, 14)  # height of what may be a digit, and is too small to be found, in pixels of the coarser level
BLOT = 15  # larger than such a digit: what holds a square of this side is a ground to write on
CONTRAST = 8.0  # grey levels, at least, between such ink and its ground; and ...
ABOVE = 2.0  # ... so many times the contrast that everything around has: grain is all contrast
AROUND = 65  # pixels a side that are around
ENOUGH, UNEQUAL = 20, 2.5  # where so many digits are found, none is so many times smaller than nine of ten of them
LINE = 25  # pixels that are too long for a stroke of such a digit: a ruling, which may join many


def search(image: Picture) -> Generator[list[Picture], list[Detections], Detections]:
    """All digits of uint8 (H, W, 3) RGB, best first.

    Yields parts of the picture to look at, one or more at a time, and is sent what was found in each, in its pixels.
    """
    pyramid = list(levels(image))
    fine = [level for level in pyramid[:-1] if level.tiled]
    if fine or pyramid[0].tiled:
        parts: Parts = []
        for level in pyramid[len(fine) :]:  # one tile each, but for the last of a long strip
            parts += yield from _look(level, tiles(level))
    else:
        parts = yield from _look_at_small(pyramid)
    for level, coarser in zip(reversed(fine), reversed(pyramid[1 : len(fine) + 1]), strict=True):
        found = merge(parts)  # each digit once, however many levels show it
        known = Detections(found.boxes / coarser.scale, found.labels, found.scores)
        sides = (known.boxes[:, 2:] - known.boxes[:, :2]).max(axis=1, initial=0)
        small = known.boxes[(sides < SMALL) & (known.scores >= WEAK)]
        credible = known.boxes[known.scores >= CREDIBLE]
        spots = unseen(coarser.image, credible)
        if len(credible) >= ENOUGH:  # whoever wrote so many digits writes others about as large
            usual = np.quantile(credible[:, 3] - credible[:, 1], 0.1)
            spots = spots[spots[:, 3] - spots[:, 1] > usual / UNEQUAL]
        wanted = np.concatenate([small, spots])
        parts += yield from _look(level, around(level, wanted * coarser.scale / level.scale))
    return merge(parts)


def _look(level: Level, cut: list[Tile]) -> Steps:
    """What is found in tiles of a level, in pixels of the whole picture."""
    if not cut:
        return []
    found = yield [tile.image for tile in cut]
    return [(level, trusted(seen, tile, level)) for seen, tile in zip(found, cut, strict=True)]


def _look_at_small(pyramid: list[Level]) -> Steps:
    """What is found in a picture of one tile, on its first level and on those for digits too large to be known there.

    The second is always looked at, together with the first, and smaller ones as long as there are such digits or
    nothing at all. What only a small size shows, and nothing led there, has to be sure: a few blots on an empty page
    look like a digit from afar.
    """
    parts: Parts = []
    anything = False
    first = yield [level.image for level in pyramid[:2]]
    for number, level in enumerate(pyramid):
        seen = first[number] if number < 2 else (yield [level.image])[0]
        if number > 1 and not anything:
            seen = seen[seen.scores >= SURE]
        known = trusted(seen, Tile(level.image, 0, 0), level)
        parts.append((level, known))
        anything = anything or bool((known.scores >= CREDIBLE).any())
        credible = seen.boxes[seen.scores >= CREDIBLE]  # (N, 4), pixels of the level
        too_large = (credible[:, 2:] - credible[:, :2]).max(initial=0) > LARGEST
        if number and anything and not too_large:
            break
    return parts


def unseen(picture: Picture, known: FloatArray) -> FloatArray:
    """Boxes (N, 4) around ink in uint8 (H, W, 3) that may be digits too small to be found in it.

    Ink is what a square of BLOT pixels does not fit into, darker or lighter than its ground, less long straight lines.
    known: (M, 4), digits found in the picture: what is inside of one is a stroke of it, unless there are many such.
    """
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    boxes = np.concatenate([_spots(grey, cv2.MORPH_BLACKHAT), _spots(grey, cv2.MORPH_TOPHAT)])  # (N, 4)
    middles = (boxes[:, :2] + boxes[:, 2:]) / 2  # (N, 2)
    free = np.ones(len(boxes), np.bool_)
    for box in known:
        inside: BoolArray = ((middles > box[:2]) & (middles < box[2:])).all(axis=1)
        if inside.sum() <= MANY:
            free &= ~inside
    return boxes[free]


def _spots(grey: Picture, hat: int) -> FloatArray:
    """Boxes (N, 4) around connected ink as high as INK says. hat: the morphology that leaves ink alone."""
    contrast = cv2.morphologyEx(grey, hat, np.ones((BLOT, BLOT), np.uint8))
    least = cv2.addWeighted(cv2.blur(contrast, (AROUND, AROUND)), ABOVE, contrast, 0, CONTRAST)
    ink = (contrast > least).astype(np.uint8)
    lines = [cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones(shape, np.uint8)) for shape in ((1, LINE), (LINE, 1))]
    ink &= ~(lines[0] | lines[1])
    _, _, stats, _ = cv2.connectedComponentsWithStats(ink)
    x, y, width, height, _ = stats[1:].T  # the first is the ground
    spots = np.stack([x, y, x + width, y + height], axis=1)[(height >= INK[0]) & (height <= INK[1])]
    return spots.astype(np.float32)
