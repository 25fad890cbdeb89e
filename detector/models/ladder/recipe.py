"""How a rung is trained, as a value: each rung names its usual recipe beside its network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from detector.errors import OptionError

Optimizer = Literal["sgd", "adadelta", "adam", "adamw"]
Schedule = Literal["constant", "one-cycle"]


@dataclass(frozen=True)
class Recipe:
    """What `detector.ladder.training.train` follows. Raises OptionError for values that make no sense."""

    epochs: int
    """Times that all samples are gone through."""
    batch_size: int = 128
    """Pictures a step."""
    optimizer: Optimizer = "adam"
    """SGD is without momentum; the other settings of each optimizer are those of its paper."""
    rate: float = 1e-3
    """Learning rate, or the highest one of a schedule."""
    schedule: Schedule = "constant"
    """One rate throughout, or up and down again in one cycle."""
    weight_decay: float = 0.0
    """Of matrices and kernels, not of biases and norms."""
    augment: bool = False
    """Whether each picture is distorted a little, differently each time."""
    average: float = 0.0
    """Decay of the running average of weights, which is kept in their place; 0 keeps the last weights themselves."""
    bfloat16: bool = True
    """Whether the forward pass runs in bfloat16 where that is safe: half the time on a CPU that has it."""
    strips: int = 35_000
    """Of fresh strips for each epoch, drawn by whoever calls `train`; for rungs that learn from strips."""
    seed: int = 0
    """Of the order of samples, dropout and distortions. The first weights were drawn when the rung was built."""

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size", "rate", "strips"):
            if not getattr(self, name) > 0:
                raise OptionError(f"{name}: expected more than 0, got {getattr(self, name)}; give a positive number.")
        if not 0 <= self.average < 1:
            raise OptionError(f"average: expected a decay from 0 to below 1, got {self.average}; 0.998 is usual.")
        for name, choices in (("optimizer", Optimizer), ("schedule", Schedule)):
            if getattr(self, name) not in get_args(choices):
                known = ", ".join(get_args(choices))
                raise OptionError(f"{name}: expected one of {known}, got {getattr(self, name)!r}; choose one of them.")
