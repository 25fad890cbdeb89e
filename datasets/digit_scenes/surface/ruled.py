"""Rulings and shades of composed tables and forms, drawn on the paper."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from digit_scenes.ink.composition.page import Fill, Ruling
from digit_scenes.ink.perspective import Matrix, transform
from digit_scenes.surface.paper import Colours, Picture
from digit_scenes.surface.sheet import blend

FRACTION_BITS = 3
"""Of the coordinates of points, so that thin lines do not jump from pixel to pixel."""


def rule(picture: Picture, page: Matrix, colours: Colours, fills: Sequence[Fill], rulings: Sequence[Ruling]) -> None:
    """Draw shades, and rulings over them, in place. page: homography (3, 3) from the page to the picture."""
    paper, ink = colours

    def on_picture(points: np.ndarray) -> list[np.ndarray]:
        return [np.round(transform(page, points) * (1 << FRACTION_BITS)).astype(np.int32).reshape(-1, 1, 2)]

    for fill in fills:
        shaded = np.zeros(picture.shape[:2], np.uint8)
        cv2.fillPoly(shaded, on_picture(fill.corners), 255, cv2.LINE_AA, FRACTION_BITS)
        blend(picture, cv2.convertScaleAbs(shaded, alpha=fill.shade), ink)
    for ruling in rulings:
        # A line thinner than a pixel, or between two whole ones, is a paler one.
        whole = max(round(ruling.thickness), 1)
        colour = paper + (ink - paper) * ruling.shade * min(ruling.thickness / whole, 1.0)
        colour = colour.clip(0, 255).tolist()
        cv2.polylines(picture, on_picture(ruling.points), False, colour, whole, cv2.LINE_AA, FRACTION_BITS)
