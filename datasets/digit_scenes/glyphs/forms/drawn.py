"""Draws digits in forms that MNIST hardly has, as pictures like MNIST's. For what a form is see `form`."""

from __future__ import annotations

import zlib
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from digit_scenes.glyphs.digits import DIGIT_SIDE_PX, SPLITS, DigitSet, Split

# These ten are imported because each registers the forms of its digit.
from digit_scenes.glyphs.forms import eight, five, four, nine, one, seven, six, three, two, zero  # noqa: F401
from digit_scenes.glyphs.forms.editions import EDITIONS
from digit_scenes.glyphs.forms.form import Floats, Form, Maker, Strokes, forms_of

BLOCK_SIZE = 5000  # digits that are drawn at once, and kept
OVERSAMPLING = 4  # pixels drawn for each pixel of a digit, across and down
FINE_SIDE_PX = DIGIT_SIDE_PX * OVERSAMPLING  # of a digit's picture before it is shrunk
FREQUENCY = (1, 2, 1, 1, 1, 1, 1, 1, 1, 1)  # of each digit, relative: more numbers begin with 1 than with any other
MAX_INK_WIDTH_PX = 24.0
FRACTION_BITS = 4  # of the fixed point numbers that OpenCV draws with


def bend_strokes(rng: np.random.Generator, strokes: Strokes, unsteadiness: float) -> Strokes:
    """The whole digit as an unsteady hand has it: wider or narrower, slanted, gently waved. Junctions stay closed."""
    count = len(strokes[0])
    stretch = np.exp(rng.normal(0, 0.13 * unsteadiness, (count, 1)))
    slant = rng.normal(0.03, 0.09 * unsteadiness, (count, 1))
    swing, turns = rng.normal(0, 0.018, (4, count, 1)), rng.uniform(0.5, 1.4, (4, count, 1))
    phase = rng.uniform(0, 1, (4, count, 1))

    def wave(k: int, along: Floats) -> Floats:
        return np.asarray(swing[k] * np.sin(2 * np.pi * (turns[k] * along + phase[k])))

    bent = []
    for stroke in strokes:
        x, y = stroke[..., 0], stroke[..., 1]  # (N, points) each
        wavy = x * stretch - slant * y + wave(0, x) + wave(1, y)
        bent.append(np.stack([wavy, y + wave(2, x) + wave(3, y)], -1))
    return bent


def sway_strokes(rng: np.random.Generator, strokes: Strokes, sway: float) -> Strokes:
    """Each stroke strays from its way by itself, ends included: junctions open, and loops do not close."""
    swayed = []
    for stroke in strokes:
        count, steps, _ = stroke.shape
        along = np.linspace(0, 1, steps)
        for waves in (0.5, 1, 1.5, 2.5):  # along the stroke
            size = rng.normal(0, sway / (0.5 + waves), (count, 1, 2))
            stroke = stroke + size * np.sin(2 * np.pi * (waves * along[:, None] + rng.uniform(0, 1, (count, 1, 2))))
        swayed.append(stroke)
    return swayed


def draw_form(
    form: Form, rng: np.random.Generator, count: int, unsteadiness: float = 1.0, sway: float = 0.0
) -> NDArray[np.uint8]:
    """Samples of a form as MNIST has them: uint8 (count, 28, 28), light ink on 0, the ink in the middle.

    For unsteadiness and sway see `Edition`.
    """
    strokes = form.strokes(Maker(rng, count))
    strokes = bend_strokes(rng, sway_strokes(rng, strokes, sway) if sway else strokes, unsteadiness)
    height = rng.uniform(*form.ink_height_px, count)
    pen = np.minimum(1.9 + 1.5 * rng.uniform(0, 1, count) ** 2, 0.16 * height)  # loops stay open
    fixed = fixed_points(strokes, height, pen)
    widths = np.maximum(np.round(pen * OVERSAMPLING), 1).astype(int).tolist()
    canvas = np.zeros((count, FINE_SIDE_PX, FINE_SIDE_PX), np.uint8)
    for i in range(count):
        cv2.polylines(canvas[i], [stroke[i] for stroke in fixed], False, 255, widths[i], cv2.LINE_8, FRACTION_BITS)
    return shrunk(canvas)


def fixed_points(strokes: Strokes, height: Floats, pen: Floats) -> list[NDArray[np.int32]]:
    """Where strokes lie on pictures (FINE_SIDE_PX, FINE_SIDE_PX): their ink so high, unless it is wide, and centred.

    height, pen: of each sample's ink and stroke, pixels of a 28x28 picture, (N,). In 2**-FRACTION_BITS of a pixel.
    """
    whole = np.concatenate(strokes, 1)  # (N, points, 2)
    low, high = whole.min(1, keepdims=True), whole.max(1, keepdims=True)  # (N, 1, 2)
    room = np.stack([np.full(len(height), MAX_INK_WIDTH_PX), height], 1)[:, None]  # (N, 1, 2)
    scale = ((room - pen[:, None, None]) / np.maximum(high - low, 0.05)).min(2, keepdims=True)
    middle = FINE_SIDE_PX / 2 - 0.5
    return [
        np.round(((stroke - (low + high) / 2) * scale * OVERSAMPLING + middle) * (1 << FRACTION_BITS)).astype(np.int32)
        for stroke in strokes
    ]


def shrunk(canvas: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Pictures (N, FINE_SIDE_PX, FINE_SIDE_PX) shrunk to those of digits, uint8 (N, 28, 28)."""
    small: NDArray[np.uint8] = cv2.resize(
        canvas.reshape(-1, FINE_SIDE_PX), (DIGIT_SIDE_PX, len(canvas) * DIGIT_SIDE_PX), interpolation=cv2.INTER_AREA
    )
    return small.reshape(-1, DIGIT_SIDE_PX, DIGIT_SIDE_PX)


@lru_cache(maxsize=16)
def _block(split: Split, index: int, edition: int) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """BLOCK_SIZE digits of a split in random order: their pictures, and which digits they are."""
    own = EDITIONS[edition]
    key = () if edition == 1 else (edition,)  # the first edition is older than the key's last part
    rng = np.random.default_rng((zlib.crc32(b"forms"), SPLITS.index(split), index, *key))
    images, labels = [], []
    ends = np.round(np.cumsum(FREQUENCY) / sum(FREQUENCY) * BLOCK_SIZE).astype(int)
    for digit, total in enumerate(np.diff(ends, prepend=0).tolist()):
        forms = forms_of(digit, edition)
        weights = np.array([form.weight for form in forms])
        ends_of_forms = np.round(np.cumsum(weights) / weights.sum() * total).astype(int)
        for form, count in zip(forms, np.diff(ends_of_forms, prepend=0).tolist(), strict=True):
            images.append(draw_form(form, rng, count, own.unsteadiness, own.sway))
        labels.append(np.full(total, digit, np.int64))
    order = rng.permutation(BLOCK_SIZE)
    return np.concatenate(images)[order], np.concatenate(labels)[order]


def drawn_digits(split: Split, count: int, edition: int = 1) -> DigitSet:
    """The first `count` drawn digits of a split, 1 twice as often as any other. No two splits share one.

    edition: which forms there are, and how unsteady the hands; an index into `EDITIONS`. Raises ValueError where split,
    count or edition is none.
    """
    if count < 1 or split not in SPLITS:
        raise ValueError(f"expected a split of {SPLITS} and a count of one or more, got {split!r} and {count}")
    if edition not in EDITIONS:
        raise ValueError(f"edition: expected one of {tuple(EDITIONS)}, got {edition}")
    blocks = [_block(split, index, edition) for index in range(-(-count // BLOCK_SIZE))]
    images, labels = (np.concatenate(parts)[:count] for parts in zip(*blocks, strict=True))
    return DigitSet(images, labels)
