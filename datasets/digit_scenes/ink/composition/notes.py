"""Kinds of pages of numbers: one below the other, with a word or none, rows of single digits."""

from __future__ import annotations

from digit_scenes.ink.composition.composer import Composer
from digit_scenes.ink.composition.values import any_number


def numbers(page: Composer) -> None:
    """A number a row, or a few."""
    count = int(page.rng.choice(3, p=[0.6, 0.25, 0.15])) + 1
    page.block([page.row([any_number(page.rng) for _ in range(count)], 1.5, 0.1) for _ in range(page.row_count)])
