"""Pages of words and numbers as a detector tells them, box by box: as the likeliest digit and as writing."""

from __future__ import annotations

import numpy as np

from detector.categories import CATEGORIES, WRITING
from detector.types import Detections, Target

LOOKS_LIKE = {"o": 0, "O": 0, "l": 1, "I": 1, "S": 5, "g": 9, "q": 9, "z": 2, "B": 8, "b": 6}
WORDS = ("to", "lost", "Iso", "goal", "all", "Sold", "room", "paper", "Bob", "quiz", "hello", "no", "Irish", "H", "kg")


def line(rng: np.random.Generator) -> list[str]:
    """Words, numbers and what is both, in an order that differs from line to line."""
    kinds = (
        lambda: str(rng.choice(WORDS)),
        lambda: "".join(map(str, rng.integers(0, 10, rng.integers(1, 6)))),
        lambda: str(rng.choice(["A4", "B12", "H2O", "2nd", "7b"])),
    )
    mostly = rng.dirichlet([1.0, 1.0, 0.15])
    return [kinds[int(rng.choice(3, p=mostly))]() for _ in range(int(rng.integers(1, 6)))]


def told_page(seed: int, sure: float = 6.0) -> tuple[Target, Detections]:
    """What is written on a page, and what is told. sure: the logit of what looks like one thing alone."""
    rng = np.random.default_rng(seed)
    boxes, glyphs = [], ""
    for row in range(int(rng.integers(1, 7))):
        x = float(rng.uniform(0, 50))
        for word in line(rng):
            for glyph in word:
                width = 5.0 if glyph in "1lI" else 12.0
                height = 20.0 if glyph.isdigit() or glyph.isupper() or glyph in "lbdh" else 14.0
                height *= float(rng.uniform(0.9, 1.1))
                boxes.append((x, row * 40 + 20 - height, x + width, row * 40 + 20))
                glyphs += glyph
                x += width + float(rng.uniform(1, 4))
            x += float(rng.uniform(8, 20))
    digit = np.array([glyph.isdigit() for glyph in glyphs])
    shape = np.array([int(g) if g.isdigit() else LOOKS_LIKE.get(g, -1) for g in glyphs])
    alike = np.isin(shape, (0, 1)) | (~digit & (shape >= 0))  # what may be either
    logits = np.where(alike, 0.5, sure) * np.where(digit, 1, -1) + rng.normal(0, 1.2, len(glyphs))
    chances = 1 / (1 + np.exp(-logits))
    labels = np.where(shape >= 0, shape, rng.integers(0, 10, len(glyphs)))
    writing = CATEGORIES.index(WRITING)
    page = np.array(boxes, np.float32)
    target = Target(page, np.where(digit, labels, writing), np.zeros(len(page), np.bool_))
    told = Detections(
        np.concatenate([page, page]),
        np.concatenate([labels, np.full(len(page), writing)]),
        np.concatenate([chances, 1 - chances]).astype(np.float32),
    )
    return target, told[told.scores >= 0.02]
