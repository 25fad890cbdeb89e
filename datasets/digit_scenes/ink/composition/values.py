"""Numbers as people write them."""

from __future__ import annotations

import numpy as np


def whole(rng: np.random.Generator, longest: int = 6) -> str:
    """A whole number of up to so many digits, short ones most often."""
    length = 1 + int(longest * rng.uniform() ** 1.6)
    return "".join(map(str, rng.integers(0, 10, length)))


def any_number(rng: np.random.Generator) -> str:
    """A whole number, a decimal, or one grouped by threes."""
    kind = rng.uniform()
    if kind < 0.6:
        return whole(rng)
    point = str(rng.choice([".", ","]))
    if kind < 0.85:
        return whole(rng, 3) + point + "".join(map(str, rng.integers(0, 10, int(rng.integers(1, 4)))))
    return f"{int(rng.integers(1000, 10 ** int(rng.integers(4, 8)))):,}".replace(",", point)
