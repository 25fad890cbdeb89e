"""Detectors small enough to learn in a test, and pictures of bars that they can learn."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from detector.models.base import Detector, rebuilt
from detector.models.faster_rcnn import FasterRCNN, FasterRCNNConfig
from detector.models.ladder.rcnn import FastRCNNConfig, RCNNConfig
from detector.models.registry import DETECTORS
from detector.models.sliding_window import SlidingWindowConfig
from detector.types import Target

TINY = FasterRCNNConfig(
    stem=8,
    widths=(8, 16, 16),
    blocks=(1, 0, 0),
    channels=16,
    proposals_before_nms=(60, 60),
    samples=32,
    roi_size=4,
    head_width=16,
    head_hidden=32,
    close_widths=(8, 8, 16, 16),
)
TINY_DETECTORS = {
    "faster-rcnn": TINY,
    "sliding-window": SlidingWindowConfig(
        widths=((8, 8), (16, 16), (24, 32)), hidden=32, dropout=0.0, patches=3, sizes=(16.0, 64.0)
    ),
    "rcnn": RCNNConfig(regions=40, samples=16, roi_size=16, widths=(8, 16, 16), head_hidden=32),
    "fast-rcnn": FastRCNNConfig(
        regions=40, samples=16, stem=8, widths=(8, 16, 16), blocks=(1, 0, 0), channels=16, head_width=16, head_hidden=32
    ),
}


def tiny_detector(name: str, seed: int = 0) -> Detector:
    torch.manual_seed(seed)
    return DETECTORS[name].build(TINY_DETECTORS[name])


def tiny_model(seed: int = 0) -> FasterRCNN:
    torch.manual_seed(seed)
    return FasterRCNN(TINY)


def bars(seed: int, height: int = 64, width: int = 96) -> tuple[np.ndarray, Target]:
    """A uint8 picture with two bars of different brightness, a "1" and a "7" that has a corner less."""
    rng = np.random.default_rng(seed)
    image = np.full((height, width, 3), 30, np.uint8)
    boxes = []
    for side, value in enumerate((255, 120)):
        x, y = int(rng.integers(4, 20)) + side * width // 2, int(rng.integers(4, height - 34))
        image[y : y + 28, x : x + 16] = value
        image[y + 10 : y + 28, x : x + 8 * side] = 30
        boxes.append((x, y, x + 16, y + 28))
    return image, Target(np.array(boxes, np.float32), np.array([1, 7]), np.zeros(2, np.bool_))


def as_input(image: np.ndarray) -> Tensor:
    """uint8 (H, W, 3) -> float32 (3, H, W) in [0, 1]."""
    return torch.from_numpy(image).permute(2, 0, 1).float() / 255


def total(losses: Mapping[str, Tensor]) -> Tensor:
    """The sum of all terms of a loss."""
    return sum(losses.values(), start=torch.zeros(()))


class BarBatches:
    """Batches of bars by their step, without end."""

    def __init__(self, size: int = 2) -> None:
        self.size = size

    def __getitem__(self, step: int) -> tuple[list[np.ndarray], list[Target]]:
        scenes = [bars(step * self.size + i) for i in range(self.size)]
        return [image for image, _ in scenes], [target for _, target in scenes]


STEPS = {"faster-rcnn": 160, "sliding-window": 120}


@lru_cache
def trained_detector(name: str) -> Detector:
    """A tiny detector, trained on bars for some seconds. All tests share it: do not change it."""
    model = tiny_detector(name).train()
    optimizer = torch.optim.AdamW(model.parameters(), 5e-3)
    for step in range(STEPS[name]):
        scenes = [bars(step * 4 + i) for i in range(4)]
        loss = total(model.losses([as_input(image) for image, _ in scenes], [target for _, target in scenes]))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model.eval()


@lru_cache
def sign_detector() -> Detector:
    """The trained tiny Faster R-CNN, which takes a "7" for a point and a point for a "7". Do not change it, either."""
    model = rebuilt(trained_detector("faster-rcnn"))
    with torch.no_grad():
        for name, weights in model.state_dict().items():
            if name.split(".")[-2:-1] == ["classes"]:
                first = len(weights) - len(model.categories)  # behind the background, where there is one
                pair = [first + 7, first + model.categories.index(".")]
                weights[pair] = weights[pair[::-1]]
    return model
