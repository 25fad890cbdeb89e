"""What a pen leaves that is no character: signatures, scribbles, ticks, crosses, rings, arrows and lines.

Each is strokes of points (N, 2), x from 0 on and y down from a baseline at 0, in heights of a digit.
"""

from __future__ import annotations

import numpy as np

from digit_scenes.chance import happens
from digit_scenes.glyphs.letters import Points
from digit_scenes.glyphs.signs import curve, ellipse, line


def signature(rng: np.random.Generator) -> list[Points]:
    """A name that nobody can read: loops that grow smaller, at times underlined."""
    turns = int(rng.integers(3, 12))
    tall = np.exp(-np.arange(turns) * rng.uniform(0.0, 0.4)) * rng.uniform(0.4, 1.4)
    tall[rng.uniform(size=turns) < 0.15] *= 1.8
    back = rng.uniform(0.0, 0.5)  # how far each way down goes back: loops
    steps = np.stack([rng.uniform(0.15, 0.7, turns), rng.uniform(0.1, 0.4, turns) - back], 1) * rng.uniform(0.7, 1.5)
    x = np.cumsum(steps.ravel())
    x -= x.min()
    y = np.empty(2 * turns)
    y[::2], y[1::2] = -tall * rng.uniform(0.5, 1.1, turns), tall * rng.uniform(-0.15, 0.3, turns)
    strokes = [curve(np.stack([x, y], 1).tolist())]
    if happens(rng, 0.5):  # a large first letter
        reach, size = rng.uniform(0.4, 0.9), rng.uniform(0.9, 1.7)
        loop = [
            (reach, -size),
            (0.0, -size * 0.6),
            (reach * 0.3, 0.0),
            (reach, -size * 0.3),
            (reach * 0.2, -size * 0.5),
        ]
        strokes = [curve(loop), strokes[0] + np.array([reach * rng.uniform(0.6, 1.1), 0.0])]
        x = x + reach
    if happens(rng, 0.4):
        strokes.append(curve([(0.0, 0.4), (x.max() / 2, rng.uniform(0.2, 0.5)), (x.max(), rng.uniform(0.0, 0.4))]))
    return strokes


def scribble(rng: np.random.Generator, width: float, height: float = 1.0) -> list[Points]:
    """Back and forth over a field, as over a word that shall not be read."""
    count = int(rng.integers(6, 16))
    x = np.linspace(0, width, count) + rng.normal(0, 0.06, count)
    y = np.where(np.arange(count) % 2, -height, 0.0) * rng.uniform(0.6, 1.1, count)
    if happens(rng, 0.4):  # across
        x = np.where(np.arange(count) % 2, width, 0.0) + rng.normal(0, 0.1, count)
        y = np.linspace(-height, 0, count) + rng.normal(0, 0.04, count)
    return [curve(np.stack([x, y], 1).tolist())]


def tick(rng: np.random.Generator) -> list[Points]:
    """A check mark."""
    dip, up = rng.uniform(0.25, 0.45), rng.uniform(0.7, 1.3)
    return [curve([(0.0, -rng.uniform(0.25, 0.5)), (dip, 0.0), (dip, 0.0), (dip + rng.uniform(0.4, 0.9), -up)])]


def cross(rng: np.random.Generator) -> list[Points]:
    """Two strokes across each other."""
    return [line(rng, (0, -1), (0.9, 0)), line(rng, (0.9, -rng.uniform(0.85, 1.05)), (0, 0))]


def ring(rng: np.random.Generator, width: float, height: float) -> list[Points]:
    """Around something so large that stands on the baseline."""
    return [ellipse(rng, width / 2, -height / 2, width / 2, height / 2)]


def arrow(rng: np.random.Generator) -> list[Points]:
    """A long stroke with a head, in any direction but upright."""
    reach, rise = rng.uniform(1.5, 4.0), rng.uniform(-0.6, 0.6)
    start, end = np.array([0.0, -0.5]), np.array([reach, -0.5 + rise])
    back = (start - end) / np.linalg.norm(start - end) * rng.uniform(0.3, 0.5)
    turn = rng.uniform(0.4, 0.7)
    turns = [np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]]) for a in (turn, -turn)]
    strokes = [
        line(rng, start.tolist(), end.tolist()),
        *(line(rng, end.tolist(), (end + rotation @ back).tolist()) for rotation in turns),
    ]
    if happens(rng, 0.5):
        strokes = [stroke * (-1, 1) + (reach, 0) for stroke in strokes]
    return strokes


def underline(rng: np.random.Generator, width: float) -> list[Points]:
    """One or two lines below something so wide."""
    y = rng.uniform(0.15, 0.35)
    strokes = [line(rng, (-0.2, y), (width + rng.uniform(-0.1, 0.4), y + rng.normal(0, 0.06)), 0.015)]
    if happens(rng, 0.25):
        strokes.append(strokes[0] + (0, rng.uniform(0.12, 0.2)))
    return strokes


def struck_out(rng: np.random.Generator, width: float) -> list[Points]:
    """What makes digits so wide void: lines through them from side to side, a zigzag, or a cross."""
    kind = rng.uniform()
    if kind < 0.45:
        middle = -rng.uniform(0.35, 0.65)
        rise = float(rng.normal(0, 0.2))
        first = line(rng, (-0.2, middle + rise / 2), (width + 0.2, middle - rise / 2), 0.03)
        second = first + np.array([0, rng.uniform(0.12, 0.25)])
        return [first, second] if happens(rng, 0.4) else [first]
    if kind < 0.6:
        return [line(rng, (-0.1, -1.05), (width + 0.1, 0.05)), line(rng, (width + 0.1, -1.05), (-0.1, 0.05))]
    return scribble(rng, width, 1.0)


def strike(rng: np.random.Generator, width: float) -> list[Points]:
    """A line through small letters so wide."""
    y = -rng.uniform(0.2, 0.45)
    return [line(rng, (-0.15, y), (width + 0.15, y + rng.normal(0, 0.08)), 0.03)]
