"""Handwritten letters from the skeletons of `ink.writing`, each by itself, with signs of the same hand."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from digit_scenes.glyphs.digits import Split
from digit_scenes.glyphs.letters import Points, StrokeGlyph
from digit_scenes.glyphs.signs import drawn_sign
from digit_scenes.ink.writing import CAPITALS, SCRIPT, SPLINE_STEPS

CAPITAL_TENTHS = 20
"""Height of capitals in skeletons, in tenths of a small letter's height."""


@lru_cache(maxsize=1)
def _skeletons() -> dict[str, list[Points]]:
    """The strokes of each letter, float64 (N, 2) each: x, and y down from the baseline, capitals 1 high."""

    def points(row: str) -> Points:
        pairs = [[float(value) for value in point.split(",")] for point in row.split()]
        return np.array(pairs) * (1, -1) / CAPITAL_TENTHS

    return {letter: [points(row) for row in rows] for letter, rows in (SCRIPT | CAPITALS).items()}


def _smooth(points: Points) -> Points:
    """The curve through points (N, 2), of which one that comes twice is a corner."""
    padded = np.concatenate([points[:1], points, points[-1:]])
    around = np.stack([padded[:-3], padded[1:-2], padded[2:-1], padded[3:]])  # (4, N - 1, 2)
    t = np.arange(SPLINE_STEPS)[:, None] / SPLINE_STEPS
    weights = np.hstack([-t + 2 * t**2 - t**3, 2 - 5 * t**2 + 3 * t**3, t + 4 * t**2 - 3 * t**3, -(t**2) + t**3]) / 2
    return np.concatenate([np.einsum("sk,knd->nsd", weights, around).reshape(-1, 2), points[-1:]])


@dataclass(frozen=True, eq=False)
class SkeletonLetters:
    """One writer."""

    small: float
    """Size of small letters, in that of capitals as high as digits."""
    capital: float
    """Height of capitals, in heights of a digit."""
    width: float
    """Width of letters, in their usual one."""
    wobble: float
    """Standard deviation of the points of a letter, in heights of a digit."""
    habit: NDArray[np.float64]
    """(26, 2, 2): how this writer's letters are bent, a cosine across and down."""
    printed: bool = False
    stroke: float | None = None

    def glyph(self, rng: np.random.Generator, character: str) -> StrokeGlyph | None:
        """A Latin letter without accents, or a sign."""
        skeleton = _skeletons().get(character)
        if skeleton is None:
            return drawn_sign(rng, character, self.wobble)
        size = (self.small if character in SCRIPT else self.capital) * float(np.exp(rng.normal(0, 0.04)))
        bend = self.habit[ord(character.lower()) - ord("a")]
        strokes = []
        for points in skeleton:
            waved = points + np.sin(points[:, ::-1] * 5 + bend[1]) * bend[0]
            shaken = waved + rng.normal(0, self.wobble, points.shape)
            corners = np.flatnonzero((points[1:] == points[:-1]).all(1))
            shaken[corners + 1] = shaken[corners]
            strokes.append(_smooth(shaken * (size * self.width, size)))
        return StrokeGlyph(tuple(strokes))


def skeleton_letters(rng: np.random.Generator, split: Split) -> SkeletonLetters:
    """Anybody's hand. The splits share the skeletons, never a hand."""
    habit = np.stack([rng.uniform(-0.035, 0.035, (26, 2)), rng.uniform(0, 6, (26, 2))], 1)
    return SkeletonLetters(
        small=float(rng.uniform(0.8, 1.25)),
        capital=float(rng.uniform(0.85, 1.25)),
        width=float(rng.uniform(0.75, 1.3)),
        wobble=float(rng.uniform(0.004, 0.03)),
        habit=habit,
    )
