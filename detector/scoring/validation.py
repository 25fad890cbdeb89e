"""Scoring a detector on a few fixed pictures while it is trained."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from detector.reading.reader import Network
from detector.scoring.metrics import detection_metrics
from detector.types import Detections, Target

ValidationSet = Sequence[tuple[np.ndarray, Target]]
SHOWN = ("AP", "AP50", "AP75", "precision", "recall")


def validator(groups: Mapping[str, ValidationSet], chunk: int = 4) -> Callable[[Network], dict[str, float]]:
    """What `fit` calls: figures of all groups together, and each group's AP as "AP_name" where there are several.

    groups: by name, pictures uint8 (H, W, 3) with their targets. chunk: how many go through the detector at once.
    """

    def validate(model: Network) -> dict[str, float]:
        found = {name: _find(model, pictures, chunk) for name, pictures in groups.items()}
        everything = [picture for pictures in groups.values() for picture in pictures]
        scores = _scores(everything, [one for group in found.values() for one in group])
        figures = {name: scores[name] for name in SHOWN}
        if len(groups) > 1:
            figures |= {f"AP_{name}": _scores(pictures, found[name])["AP"] for name, pictures in groups.items()}
        return figures

    return validate


def _find(model: Network, pictures: ValidationSet, chunk: int) -> list[Detections]:
    found: list[Detections] = []
    for start in range(0, len(pictures), chunk):
        found += model.find([image for image, _ in pictures[start : start + chunk]])
    return found


def _scores(pictures: ValidationSet, found: Sequence[Detections]) -> dict[str, float]:
    sizes = [(image.shape[1], image.shape[0]) for image, _ in pictures]
    # Of a class that the pictures do not hold, or with no digits at all, figures are nan: nothing was found.
    return {
        name: 0.0 if np.isnan(value) else float(value)
        for name, value in detection_metrics([target for _, target in pictures], found, sizes).items()
    }
