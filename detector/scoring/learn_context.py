"""Teaches a Context what surroundings say about a digit, from detections of which the truth is known. NumPy only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from detector.categories import DIGIT_COUNT
from detector.reading.calibration import MIN_SLOPE, fit_logistic
from detector.reading.context import FEATURES, Context, Things, logit
from detector.scoring.risk import digit_verdicts
from detector.types import BoolArray, Detections, Float64Array, Target

MIN_DIGITS_OF_EACH = 25  # right and wrong ones; with fewer there is nothing to learn from
MIN_SPREAD = 0.02  # of a feature: one that hardly varies is not blown up
DIGITS_KEPT = 5  # significant ones, of weights


@dataclass(frozen=True, eq=False)
class Surroundings:
    """Detections of digits, D of them, what is known of each from its surroundings, and whether it is right."""

    scores: Float64Array
    """float64 (D,), as the network gives them."""
    features: Float64Array
    """float64 (D, F), see `context.FEATURES`."""
    right: BoolArray
    """bool (D,)."""

    @classmethod
    def of(cls, target: Target, found: Detections, categories: Sequence[str]) -> Surroundings:
        """Those in a picture that are right or wrong. target: what is true. categories: the names of found's labels."""
        digits = found.labels < DIGIT_COUNT
        if not digits.any():
            return cls(np.zeros(0), np.zeros((0, len(FEATURES))), np.zeros(0, np.bool_))
        _, asked, right = digit_verdicts(target.digits(), found.digits())
        things = Things.of(found, categories)
        which, labels = things.index[digits][asked], found.labels[digits][asked]
        scores = found.scores[digits][asked].astype(np.float64)
        if not len(which):
            return cls(scores, np.zeros((0, len(FEATURES))), right[asked])
        return cls(scores, things.features(which, labels), right[asked])


def learn_context(pictures: Sequence[Surroundings]) -> Context | None:
    """The weights with the least log loss; None where there are too few digits, right or wrong, to tell.

    A normal prior around slope 1 and weights 0 keeps what varies little from counting much.
    """
    scores, right = (
        np.concatenate([getattr(one, name) for one in pictures]) if pictures else np.zeros(0)
        for name in ("scores", "right")
    )
    if min(right.sum(), len(right) - right.sum()) < MIN_DIGITS_OF_EACH:
        return None
    features = np.concatenate([one.features for one in pictures])
    spread = np.maximum(features.std(axis=0), MIN_SPREAD)
    own, truth = logit(scores), right.astype(np.bool_)
    rest = np.concatenate([features / spread, np.ones((len(own), 1))], axis=1)
    steeper, *weights = fit_logistic(own, np.concatenate([own[:, None], rest], axis=1), truth).tolist()
    slope = 1 + steeper
    if slope < MIN_SLOPE:
        slope, weights = MIN_SLOPE, fit_logistic(MIN_SLOPE * own, rest, truth).tolist()
    counts = np.array(weights[:-1]) / spread
    return Context(_rounded(slope), tuple(map(_rounded, counts.tolist())), _rounded(weights[-1]))


def _rounded(value: float) -> float:
    return float(f"{value:.{DIGITS_KEPT}g}")
