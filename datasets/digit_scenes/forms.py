"""Digits in forms that MNIST hardly has: crossed 7s, 1s with a long flag, 4s open at the top, looped 2s and many more.

A *form* is a way to write a digit: strokes given by their control points, each a free number within bounds. All samples
of a form are drawn at once: a coordinate is an array with one number a sample. Left, top is (0, 0); 1 is the height.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from digit_scenes.glyphs.digits import SIDE, SPLITS, DigitSet, Split

Floats = NDArray[np.float64]
Strokes = list[Floats]  # each (N, points, 2)
Point = tuple[Any, Any]  # x, y: numbers or one a sample, (N,)

BLOCK = 5000  # digits drawn at once, and kept
OVERSAMPLED = 4  # drawn so much larger and then averaged
OFTEN = (1, 2, 1, 1, 1, 1, 1, 1, 1, 1)  # how often each digit is: numbers begin with 1 more often than with any other
# By edition, see draw_form.
UNSTEADY = {1: (1.0, 0.0), 2: (1.5, 0.0), 3: (1.5, 0.022), 4: (1.6, 0.026), 5: (1.6, 0.026), 6: (1.6, 0.026)}
LISTED = (1, 3, 4, 5, 2, 6)  # editions, in the order in which their forms are drawn: another gives other digits
# Where forms are, see drawn_digits.
MODULES = tuple(f"digit_scenes.{name}_forms" for name in ("low", "high", "more", "free", "late", "looped", "swung"))
STEPS = 8  # pieces a curve has between two control points


class Maker:
    """Draws what differs between the samples of a form."""

    def __init__(self, rng: np.random.Generator, count: int) -> None:
        self.rng, self.count = rng, count

    def u(self, low: Any, high: Any) -> Floats:
        """One number a sample, (N,), uniform within the bounds."""
        return self.rng.uniform(low, high, self.count)

    def curve(self, *points: Point) -> Floats:
        """A smooth curve through points, (N, steps, 2); the same point twice is a corner."""
        control = np.empty((self.count, len(points), 2))
        for i, (x, y) in enumerate(points):
            control[:, i, 0], control[:, i, 1] = x, y
        return _spline(len(points)) @ control  # (steps, points) @ (N, points, 2)

    def arc(self, x: Any, y: Any, rx: Any, ry: Any, start: Any, end: Any, points: int = 10) -> tuple[Point, ...]:
        """Points along an ellipse; angles in turns, clockwise from its right end (0.75 is its top)."""
        angles = [2 * np.pi * (start + (end - start) * k / (points - 1)) for k in range(points)]
        return tuple((x + rx * np.cos(angle), y + ry * np.sin(angle)) for angle in angles)


@lru_cache(maxsize=32)
def _spline(points: int) -> Floats:
    """Catmull-Rom's weights, (steps, points): each piece is a cubic by its two ends and their two neighbours."""
    t = np.arange(STEPS) / STEPS
    cubic = np.stack([-t + 2 * t**2 - t**3, 2 - 5 * t**2 + 3 * t**3, t + 4 * t**2 - 3 * t**3, t**3 - t**2], 1) / 2
    weights = np.zeros(((points - 1) * STEPS + 1, points))
    for piece in range(points - 1):
        for k in range(4):
            rows = slice(piece * STEPS, (piece + 1) * STEPS)
            weights[rows, min(max(piece - 1 + k, 0), points - 1)] += cubic[:, k]
    weights[-1, -1] = 1
    return weights


@dataclass(frozen=True)
class Form:
    """A way to write a digit. weight: its share among the forms of the digit. height: of the ink, MNIST pixels.

    edition: of drawn digits, the first that has it.
    """

    name: str
    digit: int
    weight: float
    strokes: Callable[[Maker], Strokes]
    height: tuple[float, float]
    edition: int = 1


FORMS: dict[str, Form] = {}


def form(
    digit: int, weight: float, height: tuple[float, float] = (18.5, 21), edition: int = 1
) -> Callable[[Callable[[Maker], Strokes]], Callable[[Maker], Strokes]]:
    """Adds the decorated function to FORMS. See Form."""

    def register(strokes: Callable[[Maker], Strokes]) -> Callable[[Maker], Strokes]:
        name = strokes.__name__
        assert name not in FORMS, f"{name} is taken"  # or an earlier edition would lose it
        FORMS[name] = Form(name, digit, weight, strokes, height, edition)
        return strokes

    return register


def _bend(rng: np.random.Generator, strokes: Strokes, much: float) -> Strokes:
    """A hand's unsteadiness: the whole digit is made wider, sheared and gently waved, junctions stay junctions."""
    count = len(strokes[0])
    stretch, slant = np.exp(rng.normal(0, 0.13 * much, (count, 1))), rng.normal(0.03, 0.09 * much, (count, 1))
    swing, turns = rng.normal(0, 0.018, (4, count, 1)), rng.uniform(0.5, 1.4, (4, count, 1))
    phase = rng.uniform(0, 1, (4, count, 1))

    def wave(k: int, along: Floats) -> Floats:
        return swing[k] * np.sin(2 * np.pi * (turns[k] * along + phase[k]))

    bent = []
    for stroke in strokes:
        x, y = stroke[..., 0], stroke[..., 1]  # (N, points) each
        wavy = x * stretch - slant * y + wave(0, x) + wave(1, y)
        bent.append(np.stack([wavy, y + wave(2, x) + wave(3, y)], -1))
    return bent


def wobble(rng: np.random.Generator, strokes: Strokes, sway: float) -> Strokes:
    """Each stroke sways on its own along its way, and begins and ends elsewhere: junctions open, loops do not close."""
    swayed = []
    for stroke in strokes:
        count, steps, _ = stroke.shape
        along = np.linspace(0, 1, steps)
        for k in (0.5, 1, 1.5, 2.5):  # turns along the stroke
            size = rng.normal(0, sway / (0.5 + k), (count, 1, 2))
            stroke = stroke + size * np.sin(2 * np.pi * (k * along[:, None] + rng.uniform(0, 1, (count, 1, 2))))
        swayed.append(stroke)
    return swayed


def draw_form(
    form: Form, rng: np.random.Generator, count: int, much: float = 1.0, sway: float = 0.0
) -> NDArray[np.uint8]:
    """Samples of a form as MNIST has them: uint8 (count, 28, 28), light ink on 0, the ink in the middle.

    much: how unsteady the hands are, how wide or narrow and how slanted what they write. sway: by how much of the
    height each stroke leaves its way, about.
    """
    strokes = form.strokes(Maker(rng, count))
    strokes = _bend(rng, wobble(rng, strokes, sway) if sway else strokes, much)
    whole = np.concatenate(strokes, 1)  # (N, points, 2)
    low, high = whole.min(1, keepdims=True), whole.max(1, keepdims=True)  # (N, 1, 2)
    height = rng.uniform(*form.height, count)
    width = np.minimum(1.9 + 1.5 * rng.uniform(0, 1, count) ** 2, 0.16 * height)[:, None, None]  # loops stay open
    room = np.stack([np.full(count, 24.0), height], 1)[:, None]  # (N, 1, 2)
    scale = ((room - width) / np.maximum(high - low, 0.05)).min(2, keepdims=True)
    one = 1 << 4  # of the fixed point numbers that OpenCV draws with
    middle = SIDE / 2 * OVERSAMPLED - 0.5
    fixed = [
        np.round(((stroke - (low + high) / 2) * scale * OVERSAMPLED + middle) * one).astype(np.int32)
        for stroke in strokes
    ]
    pens = np.maximum(np.round(width.ravel() * OVERSAMPLED), 1).astype(int).tolist()
    side = SIDE * OVERSAMPLED
    canvas = np.zeros((count, side, side), np.uint8)
    for i in range(count):
        cv2.polylines(canvas[i], [stroke[i] for stroke in fixed], False, 255, pens[i], cv2.LINE_8, 4)
    small = cv2.resize(canvas.reshape(-1, side), (SIDE, count * SIDE), interpolation=cv2.INTER_AREA)
    return small.reshape(count, SIDE, SIDE)


def forms_of(digit: int, edition: int) -> list[Form]:
    """All forms of a digit that an edition has, in one order whatever was imported first."""
    forms = [form for form in FORMS.values() if form.digit == digit and form.edition <= edition]
    return sorted(forms, key=lambda form: LISTED.index(form.edition))


@lru_cache(maxsize=16)
def _block(split: Split, number: int, edition: int) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    key = () if edition == 1 else (edition,)
    rng = np.random.default_rng((zlib.crc32(b"forms"), SPLITS.index(split), number, *key))
    images, labels = [], []
    shares = np.round(np.cumsum(OFTEN) / sum(OFTEN) * BLOCK).astype(int)
    for digit, total in enumerate(np.diff(shares, prepend=0).tolist()):
        forms = forms_of(digit, edition)
        weights = np.array([form.weight for form in forms])
        ends = np.round(np.cumsum(weights) / weights.sum() * total).astype(int)
        for form, count in zip(forms, np.diff(ends, prepend=0).tolist(), strict=True):
            images.append(draw_form(form, rng, count, *UNSTEADY[edition]))
        labels.append(np.full(total, digit, np.int64))
    order = rng.permutation(BLOCK)
    return np.concatenate(images)[order], np.concatenate(labels)[order]


def drawn_digits(split: Split, count: int, edition: int = 1) -> DigitSet:
    """The first `count` drawn digits of a split, 1 twice as often as any other; no two splits share one.

    edition: 1, 2 for more forms and unsteadier hands, 3 for still more, every stroke on its own, 4 to 6 for more yet.
    Raises ValueError where one of them is not as it should be.
    """
    if count < 1 or split not in SPLITS:
        raise ValueError(f"expected a split of {SPLITS} and a count of one or more, got {split!r} and {count}")
    if edition not in UNSTEADY:
        raise ValueError(f"edition: expected one of {tuple(UNSTEADY)}, got {edition}")
    for module in MODULES:  # they register their forms, and themselves build on this one
        import_module(module)
    blocks = [_block(split, number, edition) for number in range(-(-count // BLOCK))]
    images, labels = (np.concatenate(parts)[:count] for parts in zip(*blocks, strict=True))
    return DigitSet(images, labels)
