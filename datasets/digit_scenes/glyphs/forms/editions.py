"""The editions of the drawn digits: each has all forms of the editions before it, and its own.

Presets name an edition, and a preset's pictures never change. So an edition never changes: new forms need a new one.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Edition:
    """What one edition adds to those before it, and how unsteady the hands are that write it."""

    index: int
    """1 for the first."""
    unsteadiness: float
    """How far hands vary in width and slant, as a multiple of edition 1."""
    sway: float
    """How far, about, each stroke strays by itself, as a share of the digit's height. At 0 junctions stay closed."""
    drawing_rank: int
    """Forms are drawn in the order of their editions' ranks. Another order would give other digits."""
    summary: str
    """What its own forms are like."""


EDITIONS: dict[int, Edition] = {
    edition.index: edition
    for edition in (
        # index, unsteadiness, sway, drawing_rank, summary
        Edition(1, 1.0, 0.0, 0, "Hardly in MNIST: crossed 7s, 1s with a long flag, 4s open at the top, looped 2s."),
        Edition(2, 1.5, 0.0, 4, "Hands that write amounts daily: one stroke where school has two, many curls."),
        Edition(
            3, 1.5, 0.022, 1, "Hands in a hurry: a 2 is a 9 but for a tick at its foot, a 1 a 7 but for its corner."
        ),
        Edition(4, 1.6, 0.026, 2, "Hands that fill in form after form: 5s like root signs, 1s as slashes, loops open."),
        Edition(
            5, 1.6, 0.026, 3, "Hands that hardly lift the pen: 1s with an eye like a needle's, 9s shut at the foot."
        ),
        Edition(6, 1.6, 0.026, 5, "Hands that take a run-up: a 1's flag as long as its stem, a 5's bar far from it."),
    )
}
