"""The detectors there are, by the name that checkpoints and command lines give them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from detector.base import Detector
from detector.errors import OptionError
from detector.faster_rcnn import FasterRCNN, FasterRCNNConfig
from detector.sliding_window import SlidingWindow, SlidingWindowConfig


@dataclass(frozen=True)
class Kind:
    """A detector's config dataclass and what builds the detector from it; the detector keeps it as `.config`."""

    config: Callable[..., Any]
    build: Callable[[Any], Detector]


DETECTORS: dict[str, Kind] = {
    "faster-rcnn": Kind(FasterRCNNConfig, FasterRCNN),
    "sliding-window": Kind(SlidingWindowConfig, SlidingWindow),
}


def kind(name: str) -> Kind:
    """The entry for a name. Raises OptionError, naming those there are."""
    if name not in DETECTORS:
        raise OptionError(f"model: expected one of {', '.join(DETECTORS)}, got {name!r}; choose one of them.")
    return DETECTORS[name]
