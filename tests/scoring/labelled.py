"""Small targets, and detections of them, written as text or sign by sign."""

from __future__ import annotations

import numpy as np

from detector.categories import CATEGORIES
from detector.types import Detections, Target

POINT, PLUS, ELSEWHERE = (10, 10, 13, 13), (30, 0, 40, 10), (70, 0, 80, 10)


def target(text: str, ignored: str = "") -> Target:
    """Digits 10 wide, 20 high, 14 apart; a space leaves as much room as a digit, | begins a line."""
    boxes, labels = [], []
    for i, line in enumerate(text.split("|")):
        for k, letter in enumerate(line):
            if letter != " ":
                boxes.append((14 * k, 60 * i, 14 * k + 10, 60 * i + 20))
                labels.append(int(letter))
    ignore = np.array([str(label) in ignored for label in labels], np.bool_)
    return Target(np.array(boxes, np.float32).reshape(-1, 4), np.array(labels, np.int64), ignore)


def found(text: str, score: float = 0.9) -> Detections:
    true = target(text)
    return Detections(true.boxes, true.labels, np.full(len(true), score, np.float32))


def signs(*things: tuple[str, tuple[float, float, float, float]], ignored: str = "") -> Target:
    return Target(
        np.array([box for _, box in things], np.float32).reshape(-1, 4),
        np.array([CATEGORIES.index(name) for name, _ in things], np.int64),
        np.array([name in ignored for name, _ in things], np.bool_),
    )


def seen(true: Target, *scores: float) -> Detections:
    return Detections(true.boxes, true.labels, np.array(scores, np.float32))
