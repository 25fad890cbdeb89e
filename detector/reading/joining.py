"""Where numbers begin and end: the chance that a line is parted between two neighbouring digits. No torch.

Boxes tell most of it. What counts is how wide a gap is, beside the other gaps of its line and of the page, how evenly
digits are spread, and whether gaps of the lines above and below lie one under the other, as in columns. What stands in
a gap tells the rest: a point joins, a plus parts, and so does the ruling of a table. A small network learns from pages
of which the truth is known what all this means together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from detector.reading.gaps import FEATURES
from detector.types import Float64Array


@dataclass(frozen=True)
class Joining:
    """A network with one hidden layer. Raises ValueError where its arrays do not fit together or are not finite."""

    mean: tuple[float, ...]
    """(F,): of each feature, where it was fitted."""
    spread: tuple[float, ...]
    """(F,), above 0: the standard deviation of each."""
    hidden: tuple[tuple[float, ...], ...]
    """(K, F + 1): the weights of each hidden unit, and its offset."""
    out: tuple[float, ...]
    """(K + 1,): the weights of hidden units in the logit of the chance, and its offset."""

    def __post_init__(self) -> None:
        arrays = [np.array(one, np.float64) for one in (self.mean, self.spread, self.hidden, self.out)]
        count, units = len(FEATURES), len(self.hidden)
        shapes = [(count,), (count,), (units, count + 1), (units + 1,)]
        if [one.shape for one in arrays] != shapes or not all(np.isfinite(one).all() for one in arrays):
            raise ValueError(f"expected finite arrays of shapes {shapes}, got {[one.shape for one in arrays]}")
        if not (arrays[1] > 0).all():
            raise ValueError("expected spreads above 0")
        scaled = arrays[2][:, :-1] / arrays[1]  # (K, F)
        object.__setattr__(self, "_weights", scaled.T.copy())
        object.__setattr__(self, "_offsets", arrays[2][:, -1] - scaled @ arrays[0])
        object.__setattr__(self, "_out", arrays[3])

    def __call__(self, features: Float64Array) -> Float64Array:
        """The chances (G,) that a line is parted at gaps with these features (G, F)."""
        known: dict[str, Float64Array] = self.__dict__
        active = np.tanh(features @ known["_weights"] + known["_offsets"])  # (G, K)
        logits = active @ known["_out"][:-1] + known["_out"][-1]
        return np.asarray(np.exp(-np.logaddexp(0.0, -logits)))

    def as_json(self) -> dict[str, Any]:
        """The form in which a weights file holds it."""
        return {
            "features": list(FEATURES),
            "mean": list(self.mean),
            "spread": list(self.spread),
            "hidden": [list(unit) for unit in self.hidden],
            "out": list(self.out),
        }

    @classmethod
    def from_json(cls, value: Any) -> Joining:
        """What as_json made. Raises KeyError, TypeError or ValueError for anything else."""
        if tuple(value["features"]) != FEATURES:
            raise ValueError("expected the features of this version")
        hidden = tuple(tuple(map(float, unit)) for unit in value["hidden"])
        mean, spread, out = (tuple(map(float, value[name])) for name in ("mean", "spread", "out"))
        return cls(mean, spread, hidden, out)
