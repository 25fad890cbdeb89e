"""Scenes of digits as their set has them, light on black and nothing else: `clean` and three kinds of strips."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.types import Target
from digit_scenes.glyphs.digits import DIGIT_SIDE_PX, MIN_INK_GREY, DigitSet
from digit_scenes.ink.layout import largest_iou
from digit_scenes.scene import Scene

Grey = NDArray[np.uint8]
Box = tuple[int, int, int, int]

STRIP_DIGITS = 5
"""As many digits as a strip has room for."""
STRIP_SIZE_PX = (DIGIT_SIDE_PX, STRIP_DIGITS * DIGIT_SIDE_PX)
"""Height and width of a strip, pixels."""
MIN_GAP_SIDES, MAX_GAP_SIDES = np.array([-0.16, 0.02, 0.3]), np.array([0.02, 0.3, 1.2])
"""Least and most between digits of a loose strip, where gaps are close, usual and wide, in larger sides of a digit."""
CLOSE_SHARE, CLOSE_OR_USUAL_SHARE = 0.4, 0.8
"""Shares of the gaps."""


def clean_scene(rng: np.random.Generator, digits: DigitSet) -> Scene:
    """1-20 digits on black, 300x300: square patches of 15-99 px, pairwise IoU under 0.25, added and clipped.

    The parameters of the public MNIST object detection set (github.com/hukkelas/MNIST-ObjectDetection), so that figures
    compare; boxes are tight to the ink, and every digit counts.
    """
    side = 300
    grey = np.zeros((side, side), np.uint8)
    patches: list[Box] = []
    indices = rng.integers(len(digits), size=int(rng.integers(1, 21)))
    boxes = []
    for i in indices:
        while True:
            size, u, v = int(rng.integers(15, 100)), rng.uniform(), rng.uniform()
            x, y = int(u * (side - size + 1)), int(v * (side - size + 1))
            patch = (x, y, x + size, y + size)
            if largest_iou(patch, patches) < 0.25:
                break
        patches.append(patch)
        boxes.append(_add(grey, _resized(digits.images[i], size, size), x, y))
    return _scene(grey, boxes, digits.labels[indices], text=False)


def strip_scene(rng: np.random.Generator, digits: DigitSet) -> Scene:
    """Five 28x28 digits side by side, as they are: 28x140."""
    return _cells(digits, rng.integers(len(digits), size=STRIP_DIGITS))


def short_strip_scene(rng: np.random.Generator, digits: DigitSet) -> Scene:
    """One to five 28x28 digits side by side, as they are, the rest of the five cells black: 28x140."""
    return _cells(digits, rng.integers(len(digits), size=int(rng.integers(1, STRIP_DIGITS + 1))))


def loose_strip_scene(rng: np.random.Generator, digits: DigitSet) -> Scene:
    """One to five digits of uneven size and height on one line, begun anywhere, some far apart, some touching: 28x140.

    The larger side of a digit is 11-27 px (MNIST's own is 20): a usual size for each strip, each digit a little off it.
    Two gaps in five are close, so that digits touch or overlap a little, two are usual, one is wide. A row that would
    not fit is drawn anew.
    """
    height, width = STRIP_SIZE_PX
    indices = rng.integers(len(digits), size=int(rng.integers(1, STRIP_DIGITS + 1)))
    while True:
        usual = rng.uniform(12, 26)
        sides = np.clip(usual * rng.uniform(0.85, 1.15, len(indices)), 11, 27)
        inks = [_sized(digits.images[i], side) for i, side in zip(indices, sides, strict=True)]
        kind = np.searchsorted((CLOSE_SHARE, CLOSE_OR_USUAL_SHARE), rng.uniform(size=len(inks) - 1))
        gaps = np.rint(usual * rng.uniform(MIN_GAP_SIDES[kind], MAX_GAP_SIDES[kind])).astype(int)
        length = sum(ink.shape[1] for ink in inks) + int(gaps.sum())
        if length <= width:
            break
    tallest = max(ink.shape[0] for ink in inks)
    middle = rng.uniform(tallest / 2, height - tallest / 2)
    x = int(rng.integers(width - length + 1))
    grey = np.zeros(STRIP_SIZE_PX, np.uint8)
    boxes = []
    for ink, gap in zip(inks, [*gaps.tolist(), 0], strict=True):
        stray = rng.uniform(-0.12, 0.12) * tallest
        y = round(min(max(middle + stray - ink.shape[0] / 2, 0), height - ink.shape[0]))
        boxes.append(_add(grey, ink, x, y))
        x += ink.shape[1] + gap
    return _scene(grey, boxes, digits.labels[indices], text=True)


def _cells(digits: DigitSet, indices: NDArray[np.int64]) -> Scene:
    """At most five digits in cells from the left."""
    grey = np.zeros(STRIP_SIZE_PX, np.uint8)
    boxes = [_add(grey, digits.images[i], k * DIGIT_SIDE_PX, 0) for k, i in enumerate(indices)]
    return _scene(grey, boxes, digits.labels[indices], text=True)


def _sized(image: Grey, side: float) -> Grey:
    """The ink of a digit, faint edges included, resized so that its larger side is `side` pixels."""
    x, y, width, height = cv2.boundingRect(image)
    scale = side / max(width, height)
    return _resized(image[y : y + height, x : x + width], max(2, round(width * scale)), max(2, round(height * scale)))


def _resized(image: Grey, width: int, height: int) -> Grey:
    """A picture of a digit at another size, pixels."""
    shrink = width * height < image.size
    return np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA if shrink else cv2.INTER_LINEAR))


def _add(grey: Grey, ink: Grey, x: int, y: int) -> Box:
    """Add the ink of a digit to a picture, in place, and return its tight box there: x0, y0, x1, y1."""
    place = grey[y : y + ink.shape[0], x : x + ink.shape[1]]
    cv2.add(place, ink, place)
    left, top, width, height = cv2.boundingRect((ink >= MIN_INK_GREY).view(np.uint8))
    return x + left, y + top, x + left + width, y + top + height


def _scene(grey: Grey, boxes: list[Box], labels: NDArray[np.int64], text: bool) -> Scene:
    """text: whether the digits are one number, from left to right."""
    target = Target(np.array(boxes, np.float32).reshape(-1, 4), labels, np.zeros(len(labels), np.bool_))
    lines = ("".join(map(str, labels)),) if text else None
    return Scene(cv2.merge([grey, grey, grey]), target, lines)
