"""The rungs of the ladder, lowest first: their names in the registry, and the tasks that each supports."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from detector.errors import OptionError


class WeightsSource(Enum):
    """How a rung comes by its weights."""

    EPOCHS = "trained on digits or strips, epoch by epoch"
    MINUTES = "trained on scenes, for some minutes"
    SHIPPED = "shipped"


@dataclass(frozen=True)
class TaskSupport:
    """The tasks that a kind of rung supports."""

    tasks: tuple[str, ...]
    """Keys of tasks."""
    limitation: str
    """Why it supports no others."""


ONE_DIGIT = TaskSupport(("T1",), "it reads a picture of one digit")
FIVE_DIGIT_STRIP = TaskSupport(("T2", "T3", "T4"), "it reads one strip of five places")
ONE_ROW = TaskSupport(("T1", "T2", "T3", "T4"), "it reads one row of digits")
ANY_PICTURE = TaskSupport(("T1", "T2", "T3", "T4", "T5", "T6", "T7"), "")


@dataclass(frozen=True)
class Rung:
    """One rung of the ladder."""

    number: int
    """From 1 up; variants of one idea share a number."""
    name: str
    """In the registry."""
    what: str
    """What it is, in a few words."""
    weights_source: WeightsSource
    support: TaskSupport

    def attempts(self, task: str) -> bool:
        """Whether the rung supports the task with this key."""
        return task in self.support.tasks


RUNGS: tuple[Rung, ...] = (
    Rung(1, "softmax", "softmax regression on 784 pixels", WeightsSource.EPOCHS, ONE_DIGIT),
    Rung(1, "mlp", "one hidden layer, 784-784-10", WeightsSource.EPOCHS, ONE_DIGIT),
    Rung(2, "simple-cnn", "one convolution, 32 of 5x5", WeightsSource.EPOCHS, ONE_DIGIT),
    Rung(2, "improved-cnn", "convolutions, 30 of 5x5, 15 of 3x3", WeightsSource.EPOCHS, ONE_DIGIT),
    Rung(3, "two-conv-cnn", "32 and 64 of 3x3, dropout", WeightsSource.EPOCHS, ONE_DIGIT),
    Rung(3, "modern-cnn", "batch norm, augmentation, schedule", WeightsSource.EPOCHS, ONE_DIGIT),
    Rung(4, "wide-cnn", "32 and 64 of 5x5, 1024 units", WeightsSource.EPOCHS, ONE_DIGIT),
    Rung(5, "cells", "cut into five cells, classify each", WeightsSource.EPOCHS, FIVE_DIGIT_STRIP),
    Rung(6, "sigmoids", "one network, 55 sigmoids", WeightsSource.EPOCHS, FIVE_DIGIT_STRIP),
    Rung(7, "five-softmax", "one network, five softmax heads", WeightsSource.EPOCHS, FIVE_DIGIT_STRIP),
    Rung(7, "five-softmax-length", "the same, with a head for the length", WeightsSource.EPOCHS, FIVE_DIGIT_STRIP),
    Rung(8, "space-displacement", "a classifier slid along the strip", WeightsSource.EPOCHS, ONE_ROW),
    Rung(9, "sliding-window", "a classifier slid over every place", WeightsSource.SHIPPED, ANY_PICTURE),
    Rung(10, "rcnn", "regions from OpenCV, each classified", WeightsSource.MINUTES, ANY_PICTURE),
    Rung(11, "fast-rcnn", "the same regions, shared features", WeightsSource.MINUTES, ANY_PICTURE),
    Rung(12, "faster-rcnn", "regions proposed by the network", WeightsSource.SHIPPED, ANY_PICTURE),
)


def choose(words: Sequence[str]) -> tuple[Rung, ...]:
    """The rungs with the given names or numbers, lowest first; all rungs if there are no words.

    Raises OptionError for a word that is neither a name nor a number of a rung.
    """
    known = {rung.name for rung in RUNGS} | {str(rung.number) for rung in RUNGS}
    for word in words:
        if word not in known:
            names = ", ".join(rung.name for rung in RUNGS)
            raise OptionError(
                f"--only {word}: there is no such rung; expected a number from 1 to 12 or one of {names}."
            )
    return tuple(rung for rung in RUNGS if not words or {rung.name, str(rung.number)} & set(words))
