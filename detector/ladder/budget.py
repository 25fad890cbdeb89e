"""How much training and how many test images the ladder spends on each rung."""

from __future__ import annotations

import math
from dataclasses import dataclass

from detector.errors import OptionError
from detector.ladder.rungs import Rung, WeightsSource
from detector.ladder.tasks import Task

DETECTOR_DIGITS_DIVISOR = 10  # of the test digits of T1 a detector gets a tenth, since it searches each image


@dataclass(frozen=True)
class Budget:
    """Training and test images. Raises OptionError for a count under 1, and for no time at all."""

    epochs: int | None = None
    """Epochs of rungs 1-8; None for those of each rung's recipe."""
    samples: int | None = None
    """Digits or strips of an epoch, at most; None for all digits, and for the strips of the recipe."""
    minutes: float = 12.0
    """Minutes of training for rungs 10 and 11."""
    digits: int = 10_000
    """Test digits in T1, at most. Detectors, which search each digit's image, get a tenth of them."""
    strips: int = 1000
    """Test strips in each of T2-T4."""
    scenes: int = 300
    """Test scenes in each of T5-T7; the option is --count."""
    seed: int = 0
    """Seed of the first weights, of the order of samples, and of the strips and scenes to learn from."""

    def count(self, task: Task, rung: Rung) -> int:
        """How many images of a task the rung is tested on."""
        trained_by_epochs = rung.weights_source is WeightsSource.EPOCHS
        digits = self.digits if trained_by_epochs else math.ceil(self.digits / DETECTOR_DIGITS_DIVISOR)
        return {"digits": digits, "strips": self.strips, "scenes": self.scenes}[task.kind]

    def __post_init__(self) -> None:
        for name in ("epochs", "samples", "digits", "strips", "scenes"):
            value = getattr(self, name)
            if value is not None and value < 1:
                option = "count" if name == "scenes" else name
                raise OptionError(f"--{option}: expected 1 or more, got {value}; give a positive number.")
        if not self.minutes > 0:
            raise OptionError(f"--minutes: expected more than 0, got {self.minutes}; give a positive number.")


FULL = Budget()
QUICK = Budget(epochs=2, samples=10_000, minutes=1.0, digits=1000, strips=200, scenes=40)
