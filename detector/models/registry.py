"""The detectors there are, by the name that checkpoints and command lines give them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from detector.errors import OptionError
from detector.models.base import Detector
from detector.models.faster_rcnn import FasterRCNN, FasterRCNNConfig
from detector.models.ladder import classifiers, space_displacement
from detector.models.ladder import strip_heads as places
from detector.models.ladder.rcnn import RCNN, FastRCNN, FastRCNNConfig, RCNNConfig
from detector.models.sliding_window import SlidingWindow, SlidingWindowConfig


@dataclass(frozen=True)
class DetectorEntry:
    """A detector's config dataclass and what builds the detector from it; the detector keeps it as `.config`."""

    config: Callable[..., Any]
    build: Callable[[Any], Detector]


DETECTORS: dict[str, DetectorEntry] = {
    "softmax": DetectorEntry(classifiers.SoftmaxConfig, classifiers.Softmax),
    "mlp": DetectorEntry(classifiers.MLPConfig, classifiers.MLP),
    "simple-cnn": DetectorEntry(classifiers.SimpleCNNConfig, classifiers.SimpleCNN),
    "improved-cnn": DetectorEntry(classifiers.ImprovedCNNConfig, classifiers.ImprovedCNN),
    "two-conv-cnn": DetectorEntry(classifiers.TwoConvCNNConfig, classifiers.TwoConvCNN),
    "modern-cnn": DetectorEntry(classifiers.ModernCNNConfig, classifiers.ModernCNN),
    "wide-cnn": DetectorEntry(classifiers.WideCNNConfig, classifiers.WideCNN),
    "cells": DetectorEntry(classifiers.TwoConvCNNConfig, places.FixedCells),
    "sigmoids": DetectorEntry(places.StripConfig, places.Sigmoids),
    "five-softmax": DetectorEntry(places.StripConfig, places.FiveSoftmax),
    "five-softmax-length": DetectorEntry(places.StripConfig, places.FiveSoftmaxLength),
    "space-displacement": DetectorEntry(
        space_displacement.SpaceDisplacementConfig, space_displacement.SpaceDisplacement
    ),
    "rcnn": DetectorEntry(RCNNConfig, RCNN),
    "fast-rcnn": DetectorEntry(FastRCNNConfig, FastRCNN),
    "faster-rcnn": DetectorEntry(FasterRCNNConfig, FasterRCNN),
    "sliding-window": DetectorEntry(SlidingWindowConfig, SlidingWindow),
}


def entry(name: str) -> DetectorEntry:
    """The entry for a name. Raises OptionError, naming those there are."""
    if name not in DETECTORS:
        raise OptionError(f"model: expected one of {', '.join(DETECTORS)}, got {name!r}; choose one of them.")
    return DETECTORS[name]
