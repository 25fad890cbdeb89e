"""How somebody sets digits one after the other."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from digit_scenes.chance import happens, happens_no_draw_at_zero
from digit_scenes.recipe import HandRecipe


@dataclass(frozen=True)
class Hand:
    """How somebody writes lines of numbers. All lengths are in heights of a digit."""

    gap: float
    """Between the digits of a number; below 0 they overlap."""
    gap_spread: float
    """Standard deviation of such gaps."""
    number_gap: float
    """Between the numbers of a line."""
    uneven: float
    """Most that a digit's height differs, up or down."""
    zero: float
    """Height of a 0, in that of other digits."""
    wander: float
    """Standard deviation from the baseline."""
    stretch: float
    """Width of digits, see `Slot`."""
    slant: float
    """Of digits to the right, see `Slot`."""
    lengths: tuple[int, int]
    """Fewest and most digits a number."""
    pitch: float = 0.0
    """Numbers begin at multiples of it, as in columns; 0 for numbers that begin anywhere."""
    nested: bool = False
    """Whether gaps lie between inks, measured along each row, and not between boxes."""
    grouped: float = 0.0
    """What is added to the gap before each third digit from the right, where a dot goes; 0 for plain numbers."""
    tied: bool = False
    """Whether a stroke joins neighbouring 0s."""
    rounded: float = 0.0
    """Share of numbers that end in 0s."""
    alike: bool = False
    """Whether equal digits of a number are one and the same digit, each bent in its own way."""
    ended: bool = False
    """Whether points, commas and dashes have the stroke of the digits, see `endings`."""

    @classmethod
    def random(cls, rng: np.random.Generator, lengths: tuple[int, int] = (1, 10), steadiness: float = 1.0) -> Hand:
        """Somebody's hand. steadiness: see `HandRecipe`."""
        return cls(
            gap=float(rng.choice([rng.uniform(-0.1, 0.06), rng.uniform(0.0, 0.2), rng.uniform(0.15, 0.3)])),
            gap_spread=float(rng.uniform(0.0, 0.06)),
            number_gap=float(rng.uniform(1.25, 2.6)),
            uneven=float(rng.choice([rng.uniform(0.0, 0.12), rng.uniform(0.05, 0.26)])) * steadiness,
            zero=1 - (float(rng.uniform(0.1, 0.45)) * steadiness if rng.uniform() < 0.25 else 0.0),
            wander=float(rng.uniform(0.0, 0.1)) * steadiness,
            stretch=float(np.exp(rng.normal(0.0, 0.14) * steadiness)),
            slant=float(rng.normal(0.08, 0.2) * steadiness),
            lengths=lengths,
            pitch=float(rng.uniform(3.0, 6.0)) if rng.uniform() < 0.12 else 0.0,
        )

    @classmethod
    def of(cls, rng: np.random.Generator, recipe: HandRecipe, lengths: tuple[int, int]) -> Hand:
        """Somebody's hand after a recipe."""
        hand = cls.random(rng, lengths, recipe.steadiness)
        if recipe.hurried:
            hand = hand.hurried(rng, recipe.joined, recipe.slanted, recipe.separated)
        return replace(
            hand,
            rounded=recipe.rounded,
            alike=happens_no_draw_at_zero(rng, recipe.alike),
            ended=happens_no_draw_at_zero(rng, recipe.ended),
        )

    def hurried(self, rng: np.random.Generator, joined: float, slanted: float, separated: float) -> Hand:
        """The hand as it fills in amounts, where digits nest. Shares: see `HandRecipe`."""
        hand = replace(self, nested=True)
        if happens(rng, joined):
            hand = replace(
                hand,
                gap=float(rng.uniform(-0.07, 0.02)),
                gap_spread=float(rng.uniform(0.02, 0.06)),
                tied=happens(rng, 0.6),
            )
        if happens(rng, slanted):
            hand = replace(hand, slant=float(rng.uniform(0.2, 0.55)))
        return replace(hand, grouped=float(rng.uniform(0.06, 0.3))) if happens(rng, separated) else hand
