"""A contact sheet: what scenes look like, with the boxes and text that go with them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np

from digit_scenes.scene import Scene

ASKED, IGNORED, PAPER, INK = (0, 160, 60), (230, 120, 0), 245, (20, 20, 20)
"""RGB of the boxes of digits that count and of those that do not, grey of the sheet, RGB of its text."""

FONT, MARGIN, TEXT_HEIGHT, LEAST_WIDTH = cv2.FONT_HERSHEY_SIMPLEX, 8, 16, 160


def contact_sheet(scenes: Sequence[Scene]) -> np.ndarray:
    """uint8 (H, W, 3) RGB: the scenes in rows, each digit boxed and labelled, the lines of text underneath."""
    tiles = [_tile(scene) for scene in scenes]
    height, width = (max(tile.shape[axis] for tile in tiles) + MARGIN for axis in (0, 1))
    columns = max(1, round(math.sqrt(len(tiles) * height / width)))
    rows = math.ceil(len(tiles) / columns)
    sheet = np.full((rows * height + MARGIN, columns * width + MARGIN, 3), PAPER, np.uint8)
    for number, tile in enumerate(tiles):
        row, column = divmod(number, columns)
        y, x = row * height + MARGIN, column * width + MARGIN
        sheet[y : y + tile.shape[0], x : x + tile.shape[1]] = tile
    return sheet


def _tile(scene: Scene) -> np.ndarray:
    image = scene.image.copy()
    for box, label, ignore in zip(scene.target.boxes, scene.target.labels, scene.target.ignore, strict=True):
        x0, y0, x1, y1 = (round(value) for value in box.tolist())
        colour = IGNORED if ignore else ASKED
        cv2.rectangle(image, (x0, y0), (x1 - 1, y1 - 1), colour, 1)
        cv2.putText(image, str(label), (x0, max(9, y0 - 2)), FONT, 0.35, colour, 1, cv2.LINE_AA)
    lines = ["(scattered)"] if scene.lines is None else list(scene.lines) or ["(no digit)"]
    height, width = image.shape[:2]
    tile = np.full((height + TEXT_HEIGHT * len(lines) + 4, max(width, LEAST_WIDTH), 3), PAPER, np.uint8)
    tile[:height, :width] = image
    for number, line in enumerate(lines, 1):
        cv2.putText(tile, line, (2, height + TEXT_HEIGHT * number - 2), FONT, 0.42, INK, 1, cv2.LINE_AA)
    return tile
