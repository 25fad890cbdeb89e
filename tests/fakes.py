"""A detector without weights. What it finds is known, so that all around it can be tested exactly."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from torch import Tensor

from detector.models.base import Detector
from detector.types import Detections, Target

PAPER_GREY = 255


def ink(digit: int) -> tuple[int, int, int]:
    """The colour, RGB, in which `FakeDetector` takes a blob for this digit."""
    return (digit * 20, 0, 0)


def draw_blobs(image: np.ndarray, boxes: Sequence[Sequence[int]], digits: Sequence[int]) -> np.ndarray:
    """Fill boxes x0, y0, x1, y1 in the picture uint8 (H, W, 3) with the ink of their digits; returns the picture."""
    for (x0, y0, x1, y1), digit in zip(boxes, digits, strict=True):
        image[y0:y1, x0:x1] = ink(digit)
    return image


def blank(height: int, width: int) -> np.ndarray:
    """White paper, uint8 (height, width, 3)."""
    return np.full((height, width, 3), PAPER_GREY, np.uint8)


MAX_HEIGHT_OVER_WIDTH = 20


class FakeDetector(Detector):
    """Takes each connected dark blob for one digit, which the red in it tells. `calls` holds the sizes (H, W) it saw.

    Like a trained detector it sees nothing outside a range of heights. It takes no blob for a digit that is more than
    MAX_HEIGHT_OVER_WIDTH times as high as wide. What the border of a picture leaves of a blob is a digit to it, too.
    score: that of every detection.
    """

    def __init__(self, score: float = 0.95, smallest: float = 0, largest: float = np.inf) -> None:
        super().__init__()
        self.score, self.smallest, self.largest = score, smallest, largest
        self.calls: list[tuple[int, ...]] = []
        self.batches: list[int] = []

    def losses(self, images: Sequence[Tensor], targets: Sequence[Target]) -> dict[str, Tensor]:
        raise NotImplementedError("a fake learns nothing")

    def predict(self, images: Sequence[Tensor]) -> list[Detections]:
        self.batches.append(len(images))
        return [self._find(image) for image in images]

    def _find(self, image: Tensor) -> Detections:
        self.calls.append(tuple(image.shape[1:]))
        pixels = np.rint(image.permute(1, 2, 0).cpu().numpy() * 255)  # (H, W, 3)
        dark = (pixels[..., 1] < 128).astype(np.uint8)
        count, blobs, stats, _ = cv2.connectedComponentsWithStats(dark, connectivity=8)
        found = []
        for blob in range(1, count):
            x, y, w, h, _ = stats[blob]
            if self.smallest <= h <= self.largest and h < MAX_HEIGHT_OVER_WIDTH * w:
                red = np.median(pixels[y : y + h, x : x + w, 0][blobs[y : y + h, x : x + w] == blob])
                found.append((x, y, x + w, y + h, min(9, round(red / 20))))
        table = np.array(found, np.float64).reshape(-1, 5)
        scores = np.full(len(table), self.score, np.float32)
        return Detections(table[:, :4].astype(np.float32), table[:, 4].astype(np.int64), scores)
