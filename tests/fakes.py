"""A detector without weights. What it finds is known, so that all around it can be tested exactly."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from torch import Tensor

from detector.categories import CATEGORIES
from detector.models.base import Detector
from detector.reading.calibration import Calibration
from detector.types import Detections, Target
from digit_scenes import Scene, Scenes

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


class KnowingReader:
    """Finds what is in the pictures it was shown, or, as noise grows, something like it."""

    categories = CATEGORIES

    def __init__(self, scenes: list[Scene], noise: float = 0) -> None:
        self.min_score, self.calibration = 0.5, Calibration()
        self.detections = {
            scene.image.tobytes(): self.near_truth(scene.target, noise, i) for i, scene in enumerate(scenes)
        }

    @staticmethod
    def near_truth(target: Target, noise: float, seed: int) -> Detections:
        rng = np.random.default_rng(seed)
        boxes = target.boxes + rng.normal(0, noise, target.boxes.shape).astype(np.float32)
        boxes[:, 2:] = np.maximum(boxes[:, 2:], boxes[:, :2] + 1)
        labels = np.where(rng.uniform(size=len(target)) < 0.1 * noise, 8, target.labels)
        return Detections(boxes, labels, rng.uniform(0.55 - 0.3 * min(noise, 1), 1, len(target)).astype(np.float32))

    def detect(self, image: np.ndarray) -> Detections:
        return self.detections.get(image.tobytes(), Detections.empty())


def strip_scenes(count: int, seed: int = 0) -> list[Scene]:
    """The first test scenes of the preset `strips`."""
    scenes = Scenes("strips", "test", seed)
    return [scenes[index] for index in range(count)]
