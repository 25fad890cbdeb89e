"""Things on paper that are not digits, so that a detector learns what to leave alone."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from digit_scenes.ink.pens import Field

HERSHEY_FONTS = (
    cv2.FONT_HERSHEY_SIMPLEX,
    cv2.FONT_HERSHEY_DUPLEX,
    cv2.FONT_HERSHEY_COMPLEX,
    cv2.FONT_HERSHEY_TRIPLEX,
    cv2.FONT_HERSHEY_SCRIPT_SIMPLEX,
    cv2.FONT_HERSHEY_SCRIPT_COMPLEX,
)
# Without letters that could be digits: O, o, I, l, Z, z, S, s, B, b, g, q, D, i, t. Alone, nothing tells them apart.
LONE_LETTERS = "ACEFGHJKLMNPRTUVWXYadefhkmnprvwxy"
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyzaeiourstnaeiourstn"
SIGNS = "#$&*+=-<>?%()[]:;@"
SIGN_HEIGHT_PX = 64
"""Height of the fields made here."""


def _soft(field: Field, blur: float = 1.2) -> Field:
    """A field with edges that fall off smoothly. blur: standard deviation, pixels."""
    return np.asarray(cv2.GaussianBlur(field, (0, 0), blur))


def text_field(rng: np.random.Generator, text: str) -> Field:
    """Text as a field, uint8 (64, W), in one of OpenCV's stroke fonts, bent a little."""
    font, thickness = int(rng.choice(HERSHEY_FONTS)), int(rng.integers(2, 6))
    (width, _), _ = cv2.getTextSize(text, font, 1.4, thickness)
    field = np.zeros((SIGN_HEIGHT_PX, width + 24), np.uint8)
    cv2.putText(field, text, (12, SIGN_HEIGHT_PX - 20), font, 1.4, 255, thickness, cv2.LINE_AA)
    coarse = rng.standard_normal((3, 2 + width // 32, 2)).astype(np.float32) * np.float32(rng.uniform(0, 2.5))
    bend = cv2.resize(coarse, (field.shape[1], SIGN_HEIGHT_PX), interpolation=cv2.INTER_CUBIC)
    columns, rows = np.meshgrid(
        np.arange(field.shape[1], dtype=np.float32), np.arange(SIGN_HEIGHT_PX, dtype=np.float32)
    )
    return _soft(cv2.remap(field, bend[..., 0] + columns, bend[..., 1] + rows, cv2.INTER_LINEAR))


def word(rng: np.random.Generator) -> Field:
    """Letters in a row; as many as make it plain that they are a word."""
    return text_field(rng, "".join(rng.choice(list(LETTERS), int(rng.integers(3, 9)))))


def lone_sign(rng: np.random.Generator) -> Field:
    """One letter or sign that is not the shape of any digit."""
    return text_field(rng, str(rng.choice(list(LONE_LETTERS + SIGNS))))


def scribble(rng: np.random.Generator) -> Field:
    """A smooth wandering stroke, as of handwriting that cannot be read, a signature or crossed-out words."""
    field = np.zeros((SIGN_HEIGHT_PX, int(rng.integers(64, 260))), np.uint8)
    turns = int(rng.integers(6, 24))
    t = np.linspace(0, 1, turns * 8)
    x = 10 + t * (field.shape[1] - 20) + rng.uniform(2, 9) * np.cos(t * turns * 2.6 + rng.uniform(0, 6))
    coarse = rng.uniform(10, SIGN_HEIGHT_PX - 10, turns)
    y = np.interp(t, np.linspace(0, 1, turns), coarse)
    y = np.convolve(np.pad(y, 3, mode="edge"), np.ones(7) / 7, mode="valid")
    points = np.round(np.stack([x, y], 1) * 8).astype(np.int32).reshape(-1, 1, 2)
    cv2.polylines(field, [points], False, 255, int(rng.integers(2, 6)), cv2.LINE_AA, 3)
    return _soft(field)


def stroke(rng: np.random.Generator) -> Field:
    """A long line or arc: underlinings, ticks, brackets, arrows. Never short and steep, which would be a 1."""
    field = np.zeros((SIGN_HEIGHT_PX, int(rng.integers(90, 260))), np.uint8)
    start, end = (
        np.array([8.0, rng.uniform(10, SIGN_HEIGHT_PX - 10)]),
        np.array([field.shape[1] - 8.0, rng.uniform(10, SIGN_HEIGHT_PX - 10)]),
    )
    middle = (start + end) / 2 + (0, rng.uniform(-14, 14) if rng.uniform() < 0.5 else 0)
    t = np.linspace(0, 1, 16)[:, None]
    curve = (1 - t) ** 2 * start + 2 * t * (1 - t) * middle + t**2 * end
    points = np.round(curve * 8).astype(np.int32).reshape(-1, 1, 2)
    cv2.polylines(field, [points], False, 255, int(rng.integers(2, 7)), cv2.LINE_AA, 3)
    return _soft(field)


def blob(rng: np.random.Generator) -> Field:
    """A filled spot of any outline: ink spots, bullets, logos, finger tips."""
    angles = np.linspace(0, 2 * np.pi, 14, endpoint=False)
    radii = rng.uniform(8, 26) * (1 + rng.uniform(-0.4, 0.4, 14))
    points = np.stack([32 + radii * np.cos(angles), 32 + radii * np.sin(angles)], 1)
    field = np.zeros((SIGN_HEIGHT_PX, SIGN_HEIGHT_PX), np.uint8)
    cv2.fillPoly(field, [points.astype(np.int32)], 255, cv2.LINE_AA)
    return _soft(field, 1.5)


def separator(rng: np.random.Generator, kind: str) -> Field:
    """What stands between and beside the digits of an amount: a field as high as the digits are.

    kind: "dot", "comma", "dash", "equals", "plus", "double" (the two strokes at the end of an amount) or "currency".
    """
    if kind == "currency":
        return text_field(rng, str(rng.choice(list("$#*$"))))
    field = np.zeros((SIGN_HEIGHT_PX, SIGN_HEIGHT_PX), np.uint8)
    width = int(rng.integers(3, 7))
    if kind == "dot":
        cv2.circle(field, (32, 50), int(rng.integers(3, 6)), 255, -1, cv2.LINE_AA)
    elif kind == "comma":
        cv2.line(field, (33, 48), (int(rng.integers(25, 31)), 60), 255, width, cv2.LINE_AA)
    else:
        half = int(rng.integers(12, 28))
        rows = {"dash": [32], "equals": [25, 39], "plus": [32], "double": [24, 36]}[kind]
        for y in rows:
            tilt = int(rng.integers(-4, 5))
            cv2.line(field, (32 - half, y + tilt), (32 + half, y - tilt), 255, width, cv2.LINE_AA)
        if kind == "plus":
            cv2.line(field, (32, 32 - half), (32, 32 + half), 255, width, cv2.LINE_AA)
    return _soft(field)


def amount_sign(rng: np.random.Generator, trailing: bool) -> Field:
    """What stands before or, trailing, after an amount: a field as high as the digits are."""
    if not trailing:
        if rng.uniform() < 0.25:
            return text_field(rng, str(rng.choice(["#", "$", "R$", "=", "-", "*", "EUR", "Rp", "Kr"])))
        return separator(rng, str(rng.choice(["currency", "dash", "equals", "plus"], p=[0.3, 0.3, 0.3, 0.1])))
    kinds = ["dash", "equals", "double", "dot", "comma", "plus", "hash", "pointed", "wave"]
    kind = str(rng.choice(kinds, p=[0.2, 0.2, 0.06, 0.14, 0.08, 0.02, 0.08, 0.12, 0.1]))
    if kind == "hash":
        return text_field(rng, str(rng.choice(["#", "##", "*", "--"])))
    if kind in ("pointed", "wave"):
        field = np.zeros((SIGN_HEIGHT_PX, 2 * SIGN_HEIGHT_PX), np.uint8)
        width, end = int(rng.integers(3, 6)), int(rng.integers(56, 120))
        if kind == "pointed":
            drop = int(rng.integers(0, 9))
            cv2.line(field, (14, 50), (14 - drop // 2, 50 + drop), 255, width + 2, cv2.LINE_AA)
            x = np.linspace(rng.uniform(24, 32), end, 9)
            y = rng.uniform(30, 46) + np.linspace(0, rng.uniform(-10, 4), 9)
        else:
            x = np.linspace(10, end, 24)
            y = 32 + rng.uniform(2, 7) * np.sin(np.linspace(0, rng.uniform(3, 10), 24) + rng.uniform(0, 6))
        points = np.round(np.stack([x, y], 1) * 8).astype(np.int32).reshape(-1, 1, 2)
        cv2.polylines(field, [points], False, 255, width, cv2.LINE_AA, 3)
        return _soft(field)
    return separator(rng, kind)


def thread() -> Field:
    """A stroke that hangs slightly between (8, 16) and (56, 16): what joins two 0s. uint8 (32, 64)."""
    field = np.zeros((SIGN_HEIGHT_PX // 2, SIGN_HEIGHT_PX), np.uint8)
    x = np.linspace(8, 56, 13)
    points = np.stack([x, 16 + 3 * np.sin((x - 8) / 48 * np.pi)], 1)
    cv2.polylines(field, [np.round(points * 8).astype(np.int32).reshape(-1, 1, 2)], False, 255, 4, cv2.LINE_AA, 3)
    return _soft(field)


def any_clutter(rng: np.random.Generator) -> Field:
    """One thing of any of the kinds above, words most often."""
    kinds = (word, scribble, stroke, blob, lone_sign)
    return kinds[int(rng.choice(len(kinds), p=[0.42, 0.2, 0.16, 0.08, 0.14]))](rng)


def extent(field: NDArray[np.uint8]) -> tuple[int, int, int, int]:
    """x, y, width and height of a field's ink, field pixels."""
    x, y, width, height = cv2.boundingRect((field > 100).view(np.uint8))
    return int(x), int(y), int(width), int(height)
