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
class Kind:
    """A detector's config dataclass and what builds the detector from it; the detector keeps it as `.config`."""

    config: Callable[..., Any]
    build: Callable[[Any], Detector]


DETECTORS: dict[str, Kind] = {
    "softmax": Kind(classifiers.SoftmaxConfig, classifiers.Softmax),
    "mlp": Kind(classifiers.MLPConfig, classifiers.MLP),
    "simple-cnn": Kind(classifiers.SimpleCNNConfig, classifiers.SimpleCNN),
    "improved-cnn": Kind(classifiers.ImprovedCNNConfig, classifiers.ImprovedCNN),
    "two-conv-cnn": Kind(classifiers.TwoConvCNNConfig, classifiers.TwoConvCNN),
    "modern-cnn": Kind(classifiers.ModernCNNConfig, classifiers.ModernCNN),
    "wide-cnn": Kind(classifiers.WideCNNConfig, classifiers.WideCNN),
    "cells": Kind(classifiers.TwoConvCNNConfig, places.Cells),
    "sigmoids": Kind(places.StripConfig, places.Sigmoids),
    "five-softmax": Kind(places.StripConfig, places.FiveSoftmax),
    "five-softmax-length": Kind(places.StripConfig, places.FiveSoftmaxLength),
    "space-displacement": Kind(space_displacement.SpaceDisplacementConfig, space_displacement.SpaceDisplacement),
    "rcnn": Kind(RCNNConfig, RCNN),
    "fast-rcnn": Kind(FastRCNNConfig, FastRCNN),
    "faster-rcnn": Kind(FasterRCNNConfig, FasterRCNN),
    "sliding-window": Kind(SlidingWindowConfig, SlidingWindow),
}


def kind(name: str) -> Kind:
    """The entry for a name. Raises OptionError, naming those there are."""
    if name not in DETECTORS:
        raise OptionError(f"model: expected one of {', '.join(DETECTORS)}, got {name!r}; choose one of them.")
    return DETECTORS[name]
