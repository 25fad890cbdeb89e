"""Made-up pictures whose text a fake reader can tell."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from detector.types import Target


@dataclass(frozen=True)
class Written:
    """A picture whose single bright pixels are digits: column x of row 0 holds 10 * (digit + 1)."""

    image: np.ndarray
    target: Target
    lines: tuple[str, ...] | None
    written: None = None

    @classmethod
    def of(cls, text: str) -> Written:
        image = np.zeros((28, 140, 3), np.uint8)
        image[0, : len(text)] = np.array([10 * (int(digit) + 1) for digit in text], np.uint8).reshape(-1, 1)
        return cls(image, Target(boxes_of(len(text)), labels_of(text), np.zeros(len(text), bool)), (text,))


def boxes_of(count: int) -> np.ndarray:
    return np.array([(20 * k, 4, 20 * k + 12, 24) for k in range(count)], np.float32).reshape(-1, 4)


def labels_of(text: str) -> np.ndarray:
    return np.array([int(digit) for digit in text], np.int64)
