"""How a rung learns, as a value: each rung names its usual recipe beside its network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from detector.errors import OptionError

Optimizer = Literal["sgd", "adadelta", "adam", "adamw"]
Schedule = Literal["constant", "one-cycle"]


@dataclass(frozen=True)
class Recipe:
    """What `detector.ladder.training.train` follows. Raises OptionError for what cannot be followed."""

    epochs: int
    """How often all samples are gone through."""
    batch_size: int = 128
    """Pictures a step."""
    optimizer: Optimizer = "adam"
    """SGD has a momentum of 0; the other settings are each optimizer's own, as its paper has them."""
    rate: float = 1e-3
    """Learning rate, or the highest of a schedule."""
    schedule: Schedule = "constant"
    """One rate throughout, or up and down again in one cycle."""
    weight_decay: float = 0.0
    """Of matrices and kernels."""
    augment: bool = False
    """Whether each picture is bent a little, differently each time: see `distort`."""
    average: float = 0.0
    """Decay of the running average of weights that is kept in their place; 0 keeps the last weights themselves."""
    bfloat16: bool = True
    """Whether the forward pass runs in bfloat16 where that is safe: half the time on a CPU that knows it."""
    strips: int = 35_000
    """For a rung that learns from strips: fresh ones that whoever calls `train` draws for each epoch."""
    seed: int = 0
    """Of the order of the samples, dropout and distortions; the first weights were drawn when the rung was built."""

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
