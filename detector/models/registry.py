"""The detectors there are, by the name that checkpoints and command lines give them.

A detector's module is imported when it is asked for: whoever reads with Faster R-CNN never loads the ladder's networks.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import cast

from detector.errors import OptionError
from detector.models.base import Detector, DetectorConfig


@dataclass(frozen=True)
class DetectorEntry:
    """Where a detector is defined. Its class is given its config, and keeps it as `.config`."""

    module: str
    """Its module, by the name within detector.models."""
    detector_name: str
    """The name of its class."""
    config_name: str
    """The name of its config dataclass."""

    @property
    def config(self) -> type[DetectorConfig]:
        """The config dataclass; all of its fields have defaults."""
        return cast("type[DetectorConfig]", getattr(self._imported(), self.config_name))

    @property
    def build(self) -> type[Detector]:
        """The class, whose one argument is a config."""
        return cast("type[Detector]", getattr(self._imported(), self.detector_name))

    def _imported(self) -> object:
        return import_module(f"detector.models.{self.module}")


def _of_ladder(module: str, detector_name: str, config_name: str | None = None) -> DetectorEntry:
    return DetectorEntry(f"ladder.{module}", detector_name, config_name or f"{detector_name}Config")


DETECTORS = {
    "softmax": _of_ladder("classifiers", "Softmax"),
    "mlp": _of_ladder("classifiers", "MLP"),
    "simple-cnn": _of_ladder("classifiers", "SimpleCNN"),
    "improved-cnn": _of_ladder("classifiers", "ImprovedCNN"),
    "two-conv-cnn": _of_ladder("classifiers", "TwoConvCNN"),
    "modern-cnn": _of_ladder("classifiers", "ModernCNN"),
    "wide-cnn": _of_ladder("classifiers", "WideCNN"),
    "cells": _of_ladder("strip_heads", "FixedCells", "TwoConvCNNConfig"),
    "sigmoids": _of_ladder("strip_heads", "Sigmoids", "StripConfig"),
    "five-softmax": _of_ladder("strip_heads", "FiveSoftmax", "StripConfig"),
    "five-softmax-length": _of_ladder("strip_heads", "FiveSoftmaxLength", "StripConfig"),
    "space-displacement": _of_ladder("space_displacement", "SpaceDisplacement"),
    "rcnn": _of_ladder("rcnn", "RCNN"),
    "fast-rcnn": _of_ladder("rcnn", "FastRCNN"),
    "faster-rcnn": DetectorEntry("faster_rcnn", "FasterRCNN", "FasterRCNNConfig"),
    "sliding-window": DetectorEntry("sliding_window", "SlidingWindow", "SlidingWindowConfig"),
}


def entry(name: str) -> DetectorEntry:
    """The entry for a name. Raises OptionError, naming those there are."""
    if name not in DETECTORS:
        raise OptionError(f"model: expected one of {', '.join(DETECTORS)}, got {name!r}; choose one of them.")
    return DETECTORS[name]
