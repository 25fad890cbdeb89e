"""Bad copies: pictures that were small, blurred and saved with too little left of them, as records often are."""

from __future__ import annotations

import cv2
import numpy as np

from digit_scenes.surface.paper import Picture

MAX_BLUR_HEIGHTS = 0.07
"""Largest standard deviation of the blur, in heights of the smallest digit."""
MIN_COPY_HEIGHT_PX = 11.0
"""No digit is made smaller than that, pixels."""


def copy_badly(rng: np.random.Generator, picture: Picture, digit: float) -> Picture:
    """A picture (H, W, 3) after a bad copier. digit: height of the smallest digit, pixels."""
    height, width = picture.shape[:2]
    picture = cv2.GaussianBlur(picture, (0, 0), max(float(rng.uniform(0.25, 1.0)) * MAX_BLUR_HEIGHTS * digit, 0.3))
    shrink = float(rng.uniform(max(0.35, min(1.0, MIN_COPY_HEIGHT_PX / digit)), 1.0))
    if shrink < 0.9:
        small = (max(round(width * shrink), 8), max(round(height * shrink), 8))
        picture = cv2.resize(picture, small, interpolation=cv2.INTER_AREA)
    _, file = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(18, 80))])
    picture = np.asarray(cv2.imdecode(file, cv2.IMREAD_COLOR), np.uint8)
    if picture.shape[:2] != (height, width):
        picture = np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)
    return picture
