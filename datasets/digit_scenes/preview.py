"""A contact sheet: what scenes look like, with the boxes and text that go with them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.categories import CATEGORIES, WRITING
from digit_scenes.scene import Scene

COUNTED_RGB, IGNORED_RGB = (0, 160, 60), (230, 120, 0)
"""Boxes of digits that count, and of those that do not."""
SHEET_GREY, TEXT_RGB = 245, (20, 20, 20)
FONT = cv2.FONT_HERSHEY_SIMPLEX
DRAWABLE = frozenset(name for name in CATEGORIES if name.isascii() and name != WRITING)
"""Categories whose names FONT has; of writing there is too much to name it."""
TILE_MARGIN_PX, LINE_HEIGHT_PX, MIN_TILE_WIDTH_PX = 8, 16, 160


def contact_sheet(scenes: Sequence[Scene]) -> NDArray[np.uint8]:
    """uint8 (H, W, 3) RGB: the scenes in rows, each digit and sign boxed and labelled, the lines of text underneath."""
    tiles = [_tile(scene) for scene in scenes]
    height, width = (max(tile.shape[axis] for tile in tiles) + TILE_MARGIN_PX for axis in (0, 1))
    columns = max(1, round(math.sqrt(len(tiles) * height / width)))
    rows = math.ceil(len(tiles) / columns)
    sheet = np.full((rows * height + TILE_MARGIN_PX, columns * width + TILE_MARGIN_PX, 3), SHEET_GREY, np.uint8)
    for index, tile in enumerate(tiles):
        row, column = divmod(index, columns)
        y, x = row * height + TILE_MARGIN_PX, column * width + TILE_MARGIN_PX
        sheet[y : y + tile.shape[0], x : x + tile.shape[1]] = tile
    return sheet


def _tile(scene: Scene) -> NDArray[np.uint8]:
    """A scene with its boxes and labels, and its text underneath."""
    image = scene.image.copy()
    for box, label, ignore in zip(scene.target.boxes, scene.target.labels, scene.target.ignore, strict=True):
        x0, y0, x1, y1 = (round(value) for value in box.tolist())
        colour = IGNORED_RGB if ignore else COUNTED_RGB
        cv2.rectangle(image, (x0, y0), (x1 - 1, y1 - 1), colour, 1)
        name = CATEGORIES[label] if CATEGORIES[label] in DRAWABLE else ""
        cv2.putText(image, name, (x0, max(9, y0 - 2)), FONT, 0.35, colour, 1, cv2.LINE_AA)
    text = scene.lines if scene.written is None else scene.written
    lines = ["(scattered)"] if text is None else list(text) or ["(no digit)"]
    height, width = image.shape[:2]
    tile = np.full((height + LINE_HEIGHT_PX * len(lines) + 4, max(width, MIN_TILE_WIDTH_PX), 3), SHEET_GREY, np.uint8)
    tile[:height, :width] = image
    for row, line in enumerate(lines, 1):
        cv2.putText(tile, line, (2, height + LINE_HEIGHT_PX * row - 2), FONT, 0.42, TEXT_RGB, 1, cv2.LINE_AA)
    return tile
