"""Scores a detector on a few fixed images while it is trained."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from detector.reading.reader import Network
from detector.scoring.metrics import detection_metrics
from detector.types import Detections, Target

ValidationSet: TypeAlias = Sequence[tuple[NDArray[np.uint8], Target]]
"""Images uint8 (H, W, 3) RGB and what is truly in them."""

LOGGED_FIGURES = ("AP", "AP50", "AP75", "precision", "recall")


def validator(groups: Mapping[str, ValidationSet], batch_size: int = 4) -> Callable[[Network], dict[str, float]]:
    """A function for `fit` to call: it scores a detector on all groups together.

    groups: images by the name of their group. batch_size: how many images the detector is given at once. Where there
    are several groups, the AP of each is among the figures, too, as "AP_name".
    """

    def validate(model: Network) -> dict[str, float]:
        found = {name: _find(model, pictures, batch_size) for name, pictures in groups.items()}
        everything = [picture for pictures in groups.values() for picture in pictures]
        scores = _scores(everything, [one for group in found.values() for one in group])
        figures = {name: scores[name] for name in LOGGED_FIGURES}
        if len(groups) > 1:
            figures |= {f"AP_{name}": _scores(pictures, found[name])["AP"] for name, pictures in groups.items()}
        return figures

    return validate


def _find(model: Network, pictures: ValidationSet, batch_size: int) -> list[Detections]:
    found: list[Detections] = []
    for start in range(0, len(pictures), batch_size):
        found += model.find([image for image, _ in pictures[start : start + batch_size]])
    return found


def _scores(pictures: ValidationSet, found: Sequence[Detections]) -> dict[str, float]:
    sizes = [(image.shape[1], image.shape[0]) for image, _ in pictures]
    # nan says that there was nothing to measure. A log wants numbers, and a best AP cannot be nan.
    return {
        name: 0.0 if np.isnan(value) else float(value)
        for name, value in detection_metrics([target for _, target in pictures], found, sizes).items()
    }
