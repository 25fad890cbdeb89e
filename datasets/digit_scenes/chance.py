"""Whether something happens in a scene."""

from __future__ import annotations

import numpy as np


def happens(rng: np.random.Generator, share: float) -> bool:
    """True in that share of cases. Draws one random number, whatever the share."""
    return bool(rng.uniform() < share)


def happens_no_draw_at_zero(rng: np.random.Generator, share: float) -> bool:
    """True in that share of cases. Draws one random number, but none where the share is 0.

    For what came later than some recipes: their share of it is 0, and a number drawn for it would change all that
    follows in their scenes.
    """
    return share > 0 and happens(rng, share)
