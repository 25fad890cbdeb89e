"""What a camera, a scanner and a file format do to a picture. The only place that knows albumentations.

Nothing here moves a pixel: geometry happens before the ink is drawn (ink/perspective.py), so that boxes come from ink.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digit_scenes.surface.paper import add_grain

os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")  # otherwise importing it asks the network for a newer version

import albumentations as A


@dataclass(frozen=True)
class DetailLoss:
    """How much detail may be lost: a digit of ten pixels is gone where one of fifty is hardly touched."""

    max_blur: float
    """Largest standard deviation of a blur, pixels."""
    max_motion: int
    """Longest motion blur, pixels."""
    min_shrink: float
    """Smallest factor by which resolution is lost."""
    min_quality: int
    """Lowest JPEG quality."""


LOSS_BY_DIGIT_HEIGHT_PX = {
    0.0: DetailLoss(0.7, 3, 0.8, 50),
    22.0: DetailLoss(1.3, 5, 0.6, 30),
    42.0: DetailLoss(2.4, 9, 0.4, 18),
}
"""What digits of that height or more bear."""


@lru_cache(maxsize=len(LOSS_BY_DIGIT_HEIGHT_PX))
def _pipelines(loss: DetailLoss) -> tuple[Any, Any]:
    """What comes before the sensor's noise and what comes after it."""
    blurs = [
        A.GaussianBlur(blur_limit=0, sigma_limit=(0.3, loss.max_blur)),
        A.MotionBlur(blur_limit=(3, loss.max_motion)),
    ]
    camera = A.Compose(
        [
            A.OneOf([A.Downscale(scale_range=(loss.min_shrink, 0.9)), A.Sharpen(alpha=(0.2, 0.6))], p=0.12),
            A.OneOf(blurs, p=0.4),
            A.RandomBrightnessContrast(brightness_limit=0.2, contrast_limit=0.25, p=0.5),
            A.RandomGamma(gamma_limit=(70, 140), p=0.25),
            A.RandomToneCurve(scale=0.2, p=0.15),
            A.PlanckianJitter(p=0.15),
            A.HueSaturationValue(hue_shift_limit=12, sat_shift_limit=25, val_shift_limit=0, p=0.15),
            A.ToGray(p=0.2),
        ]
    )
    return camera, A.Compose([A.ImageCompression(quality_range=(loss.min_quality, 95), p=0.6)])


def photograph(rng: np.random.Generator, picture: NDArray[np.uint8], digit: float) -> NDArray[np.uint8]:
    """A picture uint8 (H, W, 3) as a camera would give it: optics, exposure, sensor noise, compression, in that order.

    digit: height of the smallest digit in pixels, by which the loss of detail is bounded.
    """
    bearable = max(height for height in LOSS_BY_DIGIT_HEIGHT_PX if height <= digit)
    camera, file = _pipelines(LOSS_BY_DIGIT_HEIGHT_PX[bearable])
    camera.set_random_seed(int(rng.integers(2**31)))
    file.set_random_seed(int(rng.integers(2**31)))
    picture = camera(image=picture)["image"]
    if rng.uniform() < 0.5:
        strength = float(np.exp(rng.uniform(np.log(1.0), np.log(14.0))))
        picture = add_grain(
            rng, picture, strength, coloured=bool(rng.uniform() < 0.5), coarse=bool(rng.uniform() < 0.3)
        )
    return np.asarray(file(image=picture)["image"])
