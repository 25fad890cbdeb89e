"""Teaches a Joining where numbers begin and end, from detections of which the truth is known. NumPy only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from detector.reading.gaps import FEATURES, gap_features
from detector.reading.joining import Joining
from detector.reading.reading_order import arranged
from detector.rotation import turned_boxes
from detector.scoring.matching import match
from detector.types import BoolArray, Detections, Float64Array, Target

NETWORKS, HIDDEN_UNITS = 3, 24  # whose logits are averaged, and of each: one network of all their units
MAX_STEPS, MAX_EPOCHS = 6000, 60  # batches, and how often each gap is looked at: whichever is less
BATCH_GAPS = 512
LEARNING_RATE = 0.01  # of Adam, falling to 0 along a cosine
DECAY = 3e-4  # of weights: half its product with their squares is added to the loss
MIN_SPREAD = 1e-3  # of a feature: one that hardly varies is not blown up
MIN_GAPS_OF_EACH = 25  # parted and not; with fewer there is nothing to learn from
DIGITS_KEPT = 4  # significant ones, of weights


@dataclass(frozen=True, eq=False)
class Gaps:
    """Gaps between neighbouring digits, and whether numbers are parted there. G gaps of F features."""

    features: Float64Array
    """float64 (G, F), see `gaps.FEATURES`."""
    parted: BoolArray
    """bool (G,)."""

    def __len__(self) -> int:
        return len(self.parted)

    @classmethod
    def of(
        cls,
        target: Target,
        numbers: Sequence[tuple[int, ...]],
        read: Detections,
        found: Detections,
        categories: Sequence[str],
    ) -> Gaps:
        """Those between digits that are read in a picture, where both are true ones.

        target: its true digits. numbers: the indices of each true number's digits. read: the digits that are read.
        found: all that was found. categories: the names of labels.
        """
        if not len(read) or not numbers:
            return cls(np.zeros((0, len(FEATURES))), np.zeros(0, np.bool_))
        order, row = arranged(read)
        upright = turned_boxes(read.boxes[order], read.turned).astype(np.float64)
        number = np.full(len(target) + 1, -1)  # of each true digit; the last stands for all that is none
        for index, digits in enumerate(numbers):
            number[list(digits)] = index
        owner = number[match(target, read)[order]]  # (N,)
        before, behind = owner[row.left], owner[row.left + 1]
        known = (before >= 0) & (behind >= 0)
        return cls(gap_features(row, upright, found, categories)[known], (before != behind)[known])


def learn(pictures: Sequence[Gaps], seed: int = 0) -> Joining | None:
    """What tells best where numbers are parted, by the log loss; None where there are too few gaps to tell.

    Of two pictures, one with four times as many gaps has twice the weight. The same pictures give the same.
    """
    pictures = [gaps for gaps in pictures if len(gaps)]
    parted = np.concatenate([gaps.parted for gaps in pictures]) if pictures else np.zeros(0, np.bool_)
    if min(parted.sum(), (~parted).sum()) < MIN_GAPS_OF_EACH:
        return None
    features = np.concatenate([gaps.features for gaps in pictures])
    weight = np.concatenate([np.full(len(gaps), len(gaps) ** -0.5) for gaps in pictures])
    mean, spread = features.mean(axis=0), features.std(axis=0) + MIN_SPREAD
    inputs, weight = (features - mean) / spread, weight / weight.mean()
    trained = [_trained(inputs, parted, weight, np.random.default_rng((seed, k))) for k in range(NETWORKS)]
    hidden = np.concatenate([units for units, _ in trained])
    out = np.concatenate([*(one[:-1] for _, one in trained), sum(one[-1:] for _, one in trained)]) / NETWORKS
    return Joining(_rounded(mean), _rounded(spread), tuple(_rounded(unit) for unit in hidden), _rounded(out))


def _rounded(values: Float64Array) -> tuple[float, ...]:
    return tuple(float(f"{value:.{DIGITS_KEPT}g}") for value in values.tolist())


def _trained(
    inputs: Float64Array, parted: BoolArray, weight: Float64Array, rng: np.random.Generator
) -> tuple[Float64Array, Float64Array]:
    """The hidden units (K, F + 1) and the weights of their sum (K + 1,), see Joining, by Adam in small batches.

    inputs: (G, F), of mean 0 and spread 1. parted: (G,), the truth. weight: (G,), of each gap in the loss.
    """
    count = inputs.shape[1]
    weights = [
        rng.normal(0, count**-0.5, (count, HIDDEN_UNITS)),
        np.zeros(HIDDEN_UNITS),
        rng.normal(0, HIDDEN_UNITS**-0.5, HIDDEN_UNITS),
        np.zeros(1),
    ]
    first, second = ([np.zeros_like(one) for one in weights] for _ in range(2))  # moments of the gradient
    batches = -(-len(parted) // BATCH_GAPS)
    steps = min(MAX_STEPS, MAX_EPOCHS * batches)
    for step in range(steps):
        if step % batches == 0:
            order = np.array_split(rng.permutation(len(parted)), batches)
        some = order[step % batches]
        active = np.tanh(inputs[some] @ weights[0] + weights[1])  # (B, K)
        chances = 1 / (1 + np.exp(-(active @ weights[2] + weights[3])))
        off = (chances - parted[some]) * weight[some] / len(some)  # (B,)
        back = off[:, None] * weights[2] * (1 - active**2)  # (B, K)
        gradients = [
            inputs[some].T @ back + DECAY * weights[0],
            back.sum(axis=0),
            active.T @ off + DECAY * weights[2],
            off.sum(keepdims=True),
        ]
        rate = LEARNING_RATE * (1 + np.cos(np.pi * step / steps)) / 2
        for k, gradient in enumerate(gradients):
            first[k] = 0.9 * first[k] + 0.1 * gradient
            second[k] = 0.999 * second[k] + 0.001 * gradient**2
            size = np.sqrt(second[k] / (1 - 0.999 ** (step + 1))) + 1e-8
            weights[k] = weights[k] - rate * first[k] / (1 - 0.9 ** (step + 1)) / size
    hidden = np.concatenate([weights[0].T, weights[1][:, None]], axis=1)
    return hidden, np.concatenate([weights[2], weights[3]])
