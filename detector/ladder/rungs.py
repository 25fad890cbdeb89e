"""The rungs of the ladder, lowest first: names, not networks. What each can attempt, and why it cannot attempt more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from detector.errors import OptionError


class Making(Enum):
    """How a rung comes by its weights."""

    EPOCHS = "trained on digits or strips, epoch by epoch"
    MINUTES = "trained on scenes, for some minutes"
    SHIPPED = "shipped"


@dataclass(frozen=True)
class Reach:
    """The tasks that a kind of rung can attempt, and what keeps it from the others."""

    tasks: tuple[str, ...]
    limit: str


ONE_DIGIT = Reach(("T1",), "it reads a picture of one digit")
FIVE_PLACES = Reach(("T2", "T3", "T4"), "it reads one strip of five places")
ONE_ROW = Reach(("T1", "T2", "T3", "T4"), "it reads one row of digits")
ANY_PICTURE = Reach(("T1", "T2", "T3", "T4", "T5", "T6", "T7"), "")


@dataclass(frozen=True)
class Rung:
    """One rung: its number, its name in the registry, and what it is in a few words. Variants share a number."""

    number: int
    name: str
    what: str
    making: Making
    reach: Reach

    def attempts(self, task: str) -> bool:
        """Whether it can attempt a task at all."""
        return task in self.reach.tasks


RUNGS: tuple[Rung, ...] = (
    Rung(1, "softmax", "softmax regression on 784 pixels", Making.EPOCHS, ONE_DIGIT),
    Rung(1, "mlp", "one hidden layer, 784-784-10", Making.EPOCHS, ONE_DIGIT),
    Rung(2, "simple-cnn", "one convolution, 32 of 5x5", Making.EPOCHS, ONE_DIGIT),
    Rung(2, "improved-cnn", "convolutions, 30 of 5x5, 15 of 3x3", Making.EPOCHS, ONE_DIGIT),
    Rung(3, "two-conv-cnn", "32 and 64 of 3x3, dropout", Making.EPOCHS, ONE_DIGIT),
    Rung(3, "modern-cnn", "batch norm, augmentation, schedule", Making.EPOCHS, ONE_DIGIT),
    Rung(4, "wide-cnn", "32 and 64 of 5x5, 1024 units", Making.EPOCHS, ONE_DIGIT),
    Rung(5, "cells", "cut into five cells, classify each", Making.EPOCHS, FIVE_PLACES),
    Rung(6, "sigmoids", "one network, 55 sigmoids", Making.EPOCHS, FIVE_PLACES),
    Rung(7, "five-softmax", "one network, five softmax heads", Making.EPOCHS, FIVE_PLACES),
    Rung(7, "five-softmax-length", "the same, with a head for the length", Making.EPOCHS, FIVE_PLACES),
    Rung(8, "space-displacement", "a classifier slid along the strip", Making.EPOCHS, ONE_ROW),
    Rung(9, "sliding-window", "a classifier slid over every place", Making.SHIPPED, ANY_PICTURE),
    Rung(10, "rcnn", "regions from OpenCV, each classified", Making.MINUTES, ANY_PICTURE),
    Rung(11, "fast-rcnn", "the same regions, shared features", Making.MINUTES, ANY_PICTURE),
    Rung(12, "faster-rcnn", "regions proposed by the network", Making.SHIPPED, ANY_PICTURE),
)


def choose(words: Sequence[str]) -> tuple[Rung, ...]:
    """The rungs that are meant by names or numbers, in their own order; all of them where there are no words.

    Raises OptionError for a word that means none.
    """
    known = {rung.name for rung in RUNGS} | {str(rung.number) for rung in RUNGS}
    for word in words:
        if word not in known:
            names = ", ".join(rung.name for rung in RUNGS)
            raise OptionError(
                f"--only {word}: there is no such rung; expected a number from 1 to 12 or one of {names}."
            )
    return tuple(rung for rung in RUNGS if not words or {rung.name, str(rung.number)} & set(words))
