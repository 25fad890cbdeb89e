"""Digits in forms that MNIST hardly has: crossed 7s, 1s with a long flag, 4s open at the top, looped 2s and many more.

A *form* is a way to write a digit: strokes given by their control points, each a free number within bounds. All samples
of a form are drawn at once: a coordinate is an array with one number a sample. Left, top is (0, 0); 1 is the height.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from digit_scenes.digits import SIDE, SPLITS, DigitSet, Split

Floats = NDArray[np.float64]
Strokes = list[Floats]  # each (N, points, 2)
Point = tuple[Any, Any]  # x, y: numbers or one a sample, (N,)

BLOCK = 5000  # digits drawn at once, and kept
OVERSAMPLED = 4  # drawn so much larger and then averaged
OFTEN = (1, 2, 1, 1, 1, 1, 1, 1, 1, 1)  # how often each digit is: numbers begin with 1 more often than with any other
# By edition, see draw_form.
UNSTEADY = {1: (1.0, 0.0), 2: (1.5, 0.0), 3: (1.5, 0.022), 4: (1.6, 0.026), 5: (1.6, 0.026), 6: (1.6, 0.026)}
LISTED = (1, 3, 4, 5, 2, 6)  # editions, in the order in which their forms are drawn: another gives other digits
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


@form(0, 1)
def zero_overlapping(m: Maker) -> Strokes:
    """Closed with an overlap: the end runs on inside or outside of the start."""
    rx, start = m.u(0.26, 0.42), m.u(-0.35, -0.12)
    body = m.arc(rx, 0.5, rx, 0.5, start, start - m.u(0.88, 0.98), 10)
    (x, y), turn = body[0], m.u(-0.12, 0.1)
    return [m.curve(*body, (x + turn, y + m.u(-0.06, 0.02)), (x + turn - m.u(0.02, 0.2), y + m.u(0.06, 0.2)))]


@form(0, 0.8)
def zero_tailed(m: Maker) -> Strokes:
    """A loop at the top from which a stroke goes on to the right."""
    rx = m.u(0.26, 0.42)
    body = m.arc(rx, 0.5, rx, 0.5, -0.2, -1.2 - m.u(-0.03, 0.05), 10)
    dip = m.u(0.04, 0.14)
    return [m.curve(*body, (rx * 1.3, dip), (2 * rx + m.u(-0.05, 0.16), m.u(-0.06, 0.06)))]


@form(0, 0.8)
def zero_open(m: Maker) -> Strokes:
    rx, start = m.u(0.25, 0.42), m.u(-0.35, -0.15)
    return [m.curve(*m.arc(rx, 0.5, rx, 0.5, start, start - m.u(0.92, 0.985), 10))]


@form(0, 0.5)
def zero_slashed(m: Maker) -> Strokes:
    rx, reach = m.u(0.28, 0.4), m.u(0.7, 1.25)
    lean = m.u(0.25, 0.42) * reach
    slash = m.curve((rx + rx * reach, 0.5 - lean), (rx - rx * reach, 0.5 + lean))
    return [m.curve(*m.arc(rx, 0.5, rx, 0.5, 0.7, -0.3, 10)), slash]


@form(0, 1.2, (8, 14))
def zero_small(m: Maker) -> Strokes:
    """Much smaller than the other digits, and often wider than high."""
    rx, start = m.u(0.4, 0.75), m.u(-0.35, -0.1)
    return [m.curve(*m.arc(rx, 0.5, rx, 0.5, start, start - m.u(0.95, 1.12), 10))]


@form(1, 1)
def one_bare(m: Maker) -> Strokes:
    return [m.curve((m.u(-0.02, 0.3), 0), (m.u(0.05, 0.15), 0.5), (0, 1))]


def _flag(m: Maker, length: Floats, bend: Floats) -> Floats:
    """A 1's flag, up to the stem's top at (0, 0): the longer, the steeper, or it would be a 7's bar."""
    angle = m.u(0.5, 1.04 - 0.5 * length)
    x, y = -length * np.sin(angle), length * np.cos(angle)
    return m.curve((x, y), (x * 0.45 + bend, y * 0.45 + bend), (0, 0))


@form(1, 1)
def one_flagged(m: Maker) -> Strokes:
    return [
        _flag(m, m.u(0.25, 0.55), m.u(-0.02, 0.04)),
        m.curve((0, 0), (m.u(-0.04, 0.03), 0.5), (m.u(-0.06, 0.06), 1)),
    ]


@form(1, 1.6)
def one_long_flag(m: Maker) -> Strokes:
    """Like a roof: the flag is nearly as long as the stem."""
    flag = _flag(m, m.u(0.5, 0.95), m.u(-0.02, 0.06))
    return [flag, m.curve((0, 0), (m.u(-0.04, 0.03), 0.5), (m.u(-0.08, 0.06), 1))]


@form(1, 0.5)
def one_looped(m: Maker) -> Strokes:
    """Like a written l: up, a narrow loop, and down."""
    wide, rise = m.u(0.06, 0.15), m.u(0.12, 0.34)
    up = ((-rise, m.u(0.4, 0.8)), (wide * 0.6, 0.3), (wide, 0.1))
    return [m.curve(*up, (wide * 0.4, 0), (m.u(-0.05, -0.01), 0.14), (m.u(-0.05, 0.0), 0.5), (m.u(-0.08, 0.05), 1))]


@form(1, 0.7)
def one_with_foot(m: Maker) -> Strokes:
    left, tilt = m.u(0.1, 0.28), m.u(-0.04, 0.04)
    foot = m.curve((-left, 1 + tilt), (left * m.u(0.7, 1.3), 1 - tilt))
    return [_flag(m, m.u(0.15, 0.45), m.u(-0.02, 0.03)), m.curve((0, 0), (m.u(-0.02, 0.02), 0.5), (0, 1)), foot]


def _two_start(m: Maker, looped: bool) -> tuple[Point, ...]:
    """A 2's hook, down to the middle of its back."""
    reach = m.u(0.5, 0.66)
    back = ((reach * 0.55, 0.0), (reach, m.u(0.16, 0.26)), (reach * 0.8, m.u(0.46, 0.56)))
    if looped:
        y = m.u(0.28, 0.38)
        return ((m.u(0.22, 0.34), m.u(0.08, 0.17)), (m.u(0.1, 0.2), y), (-0.08, m.u(0.14, 0.24)), (0.1, 0.03), *back)
    return ((0.0, m.u(0.1, 0.3)), (reach * 0.18, m.u(0.02, 0.1)), *back)


def two_base(m: Maker, looped: bool) -> tuple[Point, ...]:
    """A 2's base: with a loop lying at its left, or flat or wavy."""
    end = m.u(0.55, 0.85)
    if looped:
        high, x = m.u(0.65, 0.75), m.u(0.0, 0.08)
        loop = ((x + 0.1, 0.98), (x - 0.14, m.u(0.84, 0.92)), (x + 0.05, high), (x + 0.28, m.u(0.84, 0.9)))
        return (*loop, (end * 0.72, m.u(0.96, 1.02)), (end, m.u(0.82, 0.98)))
    return ((0.0, 0.97), (0.0, 0.97), (end * 0.4, m.u(0.88, 0.98)), (end, m.u(0.92, 1.04)))


@form(2, 1.2)
def two_looped_base(m: Maker) -> Strokes:
    return [m.curve(*_two_start(m, False), *two_base(m, True))]


@form(2, 0.9)
def two_looped_top(m: Maker) -> Strokes:
    return [m.curve(*_two_start(m, True), *two_base(m, False))]


@form(2, 0.9)
def two_looped_twice(m: Maker) -> Strokes:
    return [m.curve(*_two_start(m, True), *two_base(m, True))]


@form(2, 1.1)
def two_round_top(m: Maker) -> Strokes:
    """Its hook is nearly a circle, as if it were a 9 that goes on to the right."""
    reach, low = m.u(0.5, 0.66), m.u(0.46, 0.58)
    start = (reach * m.u(0.2, 0.45), low + m.u(-0.06, 0.02))
    around = ((-0.04, low * m.u(0.5, 0.7)), (reach * 0.25, 0.02), (reach * 0.75, 0.02), (reach, low * m.u(0.5, 0.65)))
    base = two_base(m, True) if m.rng.uniform() < 0.6 else two_base(m, False)
    return [m.curve(start, *around, (reach * 0.72, m.u(0.55, 0.66)), *base)]


@form(2, 1)
def two_plain(m: Maker) -> Strokes:
    return [m.curve(*_two_start(m, False), *two_base(m, False))]


@form(2, 0.9)
def two_angular(m: Maker) -> Strokes:
    """Like a Z."""
    top, end = (m.u(0.56, 0.68), m.u(0.0, 0.06)), (m.u(0.58, 0.78), m.u(0.92, 1.02))
    hook = m.curve((0, m.u(0.06, 0.2)), (m.u(0.15, 0.3), m.u(-0.02, 0.06)), top)
    return [hook, m.curve(top, (m.u(0.28, 0.36), 0.5), (0, 0.98)), m.curve((0, 0.98), (0.3, m.u(0.93, 1.0)), end)]


def _three_belly(m: Maker) -> tuple[Point, ...]:
    reach = m.u(0.52, 0.64)
    return ((reach, m.u(0.6, 0.7)), (reach * 0.75, m.u(0.93, 0.98)), (0.2, 1.0), (m.u(-0.08, 0.06), m.u(0.82, 0.94)))


@form(3, 1)
def three_flat_top(m: Maker) -> Strokes:
    right, middle = (m.u(0.45, 0.6), m.u(-0.02, 0.05)), (m.u(0.18, 0.3), m.u(0.36, 0.45))
    return [m.curve((0, m.u(0.0, 0.06)), right), m.curve(right, middle), m.curve(middle, *_three_belly(m))]


@form(3, 1)
def three_looped(m: Maker) -> Strokes:
    """A small loop where the two bows meet."""
    y, x, reach = m.u(0.42, 0.5), m.u(0.2, 0.3), m.u(0.5, 0.6)
    bow = ((0, m.u(0.08, 0.24)), (0.25, 0.0), (reach, m.u(0.12, 0.2)), (reach * 0.75, y - 0.08), (x + 0.06, y + 0.05))
    return [m.curve(*bow, (x - 0.06, y), (x + 0.03, y - m.u(0.07, 0.12)), (x + 0.2, y + 0.02), *_three_belly(m))]


@form(3, 0.8)
def three_round(m: Maker) -> Strokes:
    y, reach, x = m.u(0.4, 0.5), m.u(0.42, 0.56), m.u(0.15, 0.35)
    bow = ((0, m.u(0.08, 0.24)), (0.25, 0.0), (reach, m.u(0.14, 0.2)), (reach * 0.7, y - 0.06))
    return [m.curve(*bow, (x, y), (x, y), *_three_belly(m))]


@form(4, 1.4)
def four_open(m: Maker) -> Strokes:
    """Open at the top like a U with a long right stem."""
    wide, low = m.u(0.42, 0.6), m.u(0.46, 0.62)
    cup = m.curve((m.u(-0.04, 0.14), m.u(0.0, 0.12)), (0, low * 0.62), (wide * m.u(0.2, 0.45), low), (wide, low - 0.06))
    return [cup, m.curve((wide + m.u(-0.03, 0.08), m.u(-0.08, 0.12)), (wide, 0.5), (wide - m.u(0.0, 0.12), 1))]


@form(4, 1.4)
def four_angled(m: Maker) -> Strokes:
    """Open at the top: an L, and a stem through its bar."""
    low, wide, at = m.u(0.48, 0.7), m.u(0.54, 0.78), m.u(0.62, 0.82)
    x, bar = wide * at, m.u(-0.06, 0.06)
    top = m.u(0.05, 0.32)
    ell = m.curve((m.u(0.04, 0.18), 0), (m.u(0.0, 0.06), low * 0.6), (0, low), (0, low), (wide, low - bar))
    return [ell, m.curve((x + m.u(0.0, 0.08), top), (x, low), (x - m.u(-0.02, 0.12), 1))]


@form(4, 0.9)
def four_slanted(m: Maker) -> Strokes:
    """Open, with a stem that leans and hangs far below the bar."""
    low, wide = m.u(0.42, 0.54), m.u(0.5, 0.7)
    x = wide * m.u(0.7, 0.9)
    ell = m.curve((m.u(0.1, 0.28), 0), (0.02, low * 0.75), (m.u(0.05, 0.12), low), (wide, low - m.u(-0.03, 0.08)))
    return [ell, m.curve((x + m.u(0.06, 0.16), m.u(-0.05, 0.15)), (x, low), (x - m.u(0.1, 0.3), 1))]


@form(4, 1.3)
def four_like_h(m: Maker) -> Strokes:
    """Its left stem is the taller one, and leans; the right one is short and hangs below."""
    lean, low, wide = m.u(0.05, 0.5), m.u(0.52, 0.72), m.u(0.36, 0.56)
    turn = (lean * 0.1, low)
    left = m.curve(
        (lean, 0), (lean * 0.55, low * 0.5), turn, turn, (wide * 0.6, low - m.u(0.02, 0.14)), (wide, low - 0.1)
    )
    top = low - m.u(0.1, 0.3)
    return [left, m.curve((wide + m.u(0.0, 0.1), top), (wide, low), (wide - m.u(0.0, 0.25), 1))]


@form(4, 0.8)
def four_closed(m: Maker) -> Strokes:
    low, x = m.u(0.58, 0.72), m.u(0.42, 0.55)
    return [
        m.curve((x, 0), (0, low), (0, low), (x + m.u(0.08, 0.25), low + m.u(-0.05, 0.03))),
        m.curve((x + m.u(-0.02, 0.06), m.u(-0.02, 0.06)), (x, 0.5), (x + m.u(-0.08, 0.03), 1)),
    ]


def _five_belly(m: Maker, reach: Floats) -> tuple[Point, ...]:
    return (
        (reach * 0.75, m.u(0.4, 0.48)),
        (reach, m.u(0.64, 0.74)),
        (reach * 0.65, m.u(0.94, 0.99)),
        (0.12, 1),
        (m.u(-0.12, 0.02), m.u(0.84, 0.95)),
    )


@form(5, 1)
def five_like_s(m: Maker) -> Strokes:
    reach = m.u(0.48, 0.62)
    bow = ((reach + m.u(-0.04, 0.16), m.u(-0.02, 0.1)), (0.3, 0.0), (m.u(0.06, 0.14), m.u(0.12, 0.2)))
    return [m.curve(*bow, (0.14, m.u(0.34, 0.42)), (reach * 0.75, m.u(0.48, 0.54)), *_five_belly(m, reach)[1:])]


@form(5, 1.2)
def five_loose_bar(m: Maker) -> Strokes:
    """The bar begins away from the body."""
    top, neck = m.u(0.02, 0.1), m.u(0.34, 0.44)
    body = m.curve((0.1, top), (m.u(0.04, 0.12), neck), (0.08, neck), *_five_belly(m, m.u(0.45, 0.6)))
    x, y = m.u(0.2, 0.38), m.u(-0.1, 0.02)
    return [body, m.curve((x, y), (x + m.u(0.3, 0.55), y + m.u(-0.06, 0.05)))]


@form(5, 1)
def five_flying_bar(m: Maker) -> Strokes:
    """The bar goes far to the right, over the next digit."""
    neck = m.u(0.34, 0.44)
    body = m.curve((0.12, 0), (m.u(0.04, 0.12), neck), (0.08, neck), *_five_belly(m, m.u(0.45, 0.58)))
    end = m.u(0.7, 1.05)
    return [body, m.curve((0.12 + m.u(-0.04, 0.06), 0.01), (end * 0.6, m.u(-0.04, 0.04)), (end, m.u(-0.14, 0.06)))]


@form(5, 1)
def five_long(m: Maker) -> Strokes:
    """Tall and narrow like a long s, with a bar."""
    neck, x = m.u(0.3, 0.42), m.u(0.12, 0.24)
    reach = x + m.u(0.14, 0.26)
    body = m.curve(
        (x + m.u(0.04, 0.14), 0),
        (x, neck),
        (reach * 0.9, neck + m.u(0.06, 0.12)),
        (reach, m.u(0.68, 0.76)),
        (x, m.u(0.95, 1.0)),
        (m.u(-0.1, 0.02), m.u(0.86, 0.96)),
    )
    return [body, m.curve((x + 0.1, m.u(-0.02, 0.02)), (x + m.u(0.4, 0.65), m.u(-0.08, 0.06)))]


@form(5, 0.9)
def five_like_root(m: Maker) -> Strokes:
    """Hardly any belly: a leaning stem with a hook at its foot and a bar that flies off."""
    x, bulge, foot = m.u(0.14, 0.34), m.u(0.0, 0.08), m.u(0.02, 0.12)
    hook = ((foot, m.u(0.94, 1.0)), (foot - m.u(0.08, 0.2), m.u(0.78, 0.92)))
    body = m.curve((x, 0.02), (x - 0.05, 0.36), (x - 0.02 + bulge, 0.62), *hook)
    end = x + m.u(0.3, 0.7)
    return [body, m.curve((x - m.u(0.0, 0.08), 0.02), ((x + end) / 2, m.u(-0.05, 0.05)), (end, m.u(-0.16, 0.06)))]


@form(5, 0.8)
def five_in_one(m: Maker) -> Strokes:
    """In one go from the bar's right end, with a corner."""
    neck, reach = m.u(0.36, 0.46), m.u(0.46, 0.6)
    corner = (m.u(0.08, 0.18), m.u(0.0, 0.06))
    bar = m.curve((m.u(0.45, 0.75), m.u(-0.06, 0.06)), corner)
    return [bar, m.curve(corner, (0.06, neck), (0.06, neck), *_five_belly(m, reach))]


@form(6, 1.2)
def six_tall(m: Maker) -> Strokes:
    """A straight ascender and a small loop."""
    lean, high, rx = m.u(0.05, 0.5), m.u(0.55, 0.68), m.u(0.18, 0.27)
    y = (1 + high) / 2
    loop = m.arc(rx, y, rx, 1 - y, 0.5, -0.5 - m.u(-0.08, 0.05), 9)
    return [m.curve((lean, 0), (lean * 0.5, 0.36), *loop)]


@form(6, 0.8)
def six_curved(m: Maker) -> Strokes:
    lean, high, rx = m.u(0.35, 0.6), m.u(0.42, 0.56), m.u(0.22, 0.32)
    y = (1 + high) / 2
    loop = m.arc(rx, y, rx, 1 - y, 0.48, -0.5 - m.u(-0.05, 0.12), 9)
    return [m.curve((lean, m.u(0, 0.06)), (lean * 0.5, m.u(0.08, 0.14)), (0.06, m.u(0.38, 0.46)), *loop)]


def seven_strokes(
    m: Maker, top: tuple[Point, ...], stem: tuple[Point, ...], crossed: bool, wavy: bool = False
) -> Strokes:
    strokes = [m.curve(*top), m.curve(top[-1], *stem)]
    if crossed:
        height, lean = m.u(0.4, 0.62), m.u(-0.1, 0.12)
        stroke = strokes[1]
        at = np.abs(stroke[..., 1] - height[:, None]).argmin(1)
        x, y = stroke[np.arange(m.count), at].T
        left, right, bend = m.u(0.14, 0.32), m.u(0.14, 0.34), m.u(0.02, 0.06) if wavy else 0.0
        strokes.append(
            m.curve(
                (x - left, y + lean * left / 0.2),
                (x - left / 2, y + lean * left / 0.4 - bend),
                (x + right / 2, y - lean * right / 0.4 + bend),
                (x + right, y - lean * right / 0.2),
            )
        )
    return strokes


def hooked_bar(m: Maker, wide: Floats) -> tuple[Point, ...]:
    """A 7's bar with a serif or hook at its left."""
    x, y = m.u(-0.05, 0.05), m.u(0.0, 0.05)
    return (x, y + m.u(0.08, 0.2)), (0.02, y), (0.02, y), (wide * 0.5, y + m.u(-0.02, 0.06)), (wide, m.u(-0.03, 0.03))


def _straight(m: Maker, wide: Floats) -> tuple[Point, ...]:
    return (0, m.u(-0.04, 0.1)), (wide * 0.5, m.u(-0.03, 0.05)), (wide, m.u(-0.02, 0.03))


def _stem(m: Maker, wide: Floats, bend: Floats) -> tuple[Point, ...]:
    foot = wide * m.u(0.05, 0.5)
    return ((wide + foot) / 2 - bend, 0.45), (foot, 1)


@form(7, 1.3)
def seven_crossed(m: Maker) -> Strokes:
    wide = m.u(0.38, 0.65)
    return seven_strokes(m, _straight(m, wide), _stem(m, wide, m.u(-0.02, 0.08)), True)


@form(7, 1.6)
def seven_hooked_crossed(m: Maker) -> Strokes:
    wide = m.u(0.4, 0.65)
    return seven_strokes(m, hooked_bar(m, wide), _stem(m, wide, m.u(-0.02, 0.08)), True, wavy=True)


@form(7, 0.8)
def sevenhooked_bar(m: Maker) -> Strokes:
    wide = m.u(0.48, 0.68)
    return seven_strokes(m, hooked_bar(m, wide), _stem(m, wide, m.u(0.0, 0.08)), False)


@form(7, 1)
def seven_wavy(m: Maker) -> Strokes:
    """The bar is a wave."""
    wide, swing = m.u(0.45, 0.7), m.u(0.04, 0.09)
    bar = (0, m.u(0.06, 0.18)), (wide * 0.25, swing * 0.2), (wide * 0.65, swing), (wide, m.u(-0.04, 0.02))
    return seven_strokes(m, bar, _stem(m, wide, m.u(0.0, 0.1)), True, wavy=True)


@form(7, 0.9)
def seven_bent(m: Maker) -> Strokes:
    """A stem that is steep at its foot."""
    wide = m.u(0.42, 0.65)
    foot = wide * m.u(0.25, 0.5)
    return seven_strokes(m, _straight(m, wide), ((foot + wide * m.u(0.12, 0.25), 0.4), (foot, 0.75), (foot, 1)), True)


@form(7, 1.1)
def seven_like_t(m: Maker) -> Strokes:
    """Hardly any bar, but a hook at its left and a long cross."""
    wide = m.u(0.14, 0.34)
    top = (m.u(-0.06, 0.04), m.u(0.1, 0.26)), (wide * 0.3, m.u(0.0, 0.08)), (wide, m.u(-0.02, 0.03))
    strokes = seven_strokes(m, top, ((wide * m.u(0.85, 1.05), 0.5), (wide * m.u(0.5, 1.0), 1)), False)
    y, left, right, tilt = m.u(0.36, 0.58), m.u(0.2, 0.4), m.u(0.26, 0.48), m.u(-0.08, 0.06)
    return [*strokes, m.curve((wide - left, y - tilt), (wide, y + m.u(-0.03, 0.03)), (wide + right, y + tilt))]


@form(8, 1.2)
def eight_open(m: Maker) -> Strokes:
    """In one go like an S, its ends apart at the top."""
    low, high = m.u(0.24, 0.32), m.u(0.2, 0.3)
    middle, x = m.u(0.42, 0.5), m.u(0.26, 0.32)
    start = (x + high * m.u(0.2, 0.8), m.u(0.04, 0.14))
    up = (x - high, middle * m.u(0.4, 0.5))
    down = ((x + low, (1 + middle) / 2), (x, 1.0), (x - low, (1 + middle) / 2 + 0.03))
    end = (x + high + m.u(0.02, 0.2), m.u(-0.06, 0.12))
    return [m.curve(start, (x, 0), up, (x, middle), *down, (x, middle + 0.02), (x + high * 0.8, middle * 0.6), end)]


@form(8, 0.9)
def eight_circles(m: Maker) -> Strokes:
    """Two circles, one on the other."""
    middle, high, low = m.u(0.4, 0.52), m.u(0.17, 0.28), m.u(0.22, 0.34)
    x = low + m.u(-0.06, 0.06)
    top = m.arc(x, middle / 2, high, middle / 2, 0.2, m.u(1.12, 1.3), 9)
    return [m.curve(*top), m.curve(*m.arc(low, (1 + middle) / 2, low, (1 - middle) / 2, 0.75, m.u(-0.3, -0.2), 9))]


@form(8, 0.7)
def eight_narrow(m: Maker) -> Strokes:
    """One slim crossing stroke, its lower loop often thin."""
    low, high, middle, x = m.u(0.14, 0.24), m.u(0.14, 0.24), m.u(0.42, 0.52), 0.24
    start = (x + high * 0.9, m.u(0.05, 0.12))
    left = ((x, 0), (x - high, middle * 0.45), (x, middle))
    down = ((x + low, (1 + middle) / 2), (x, 1.0), (x - low, (1 + middle) / 2))
    return [m.curve(start, *left, *down, (x, middle), (x + high, middle * 0.5), (x + high * 0.8, m.u(0.02, 0.1)))]


def _nine_loop(m: Maker, rx: Floats, low: Floats, opened: Any) -> tuple[Point, ...]:
    """A 9's loop from its top right, against the clock, until it is closed."""
    return m.arc(rx, low / 2, rx, low / 2, -0.06 - opened, -1.05, 10)


@form(9, 1)
def nine_straight(m: Maker) -> Strokes:
    rx, low = m.u(0.2, 0.32), m.u(0.4, 0.56)
    x = 2 * rx
    tail = m.curve((x + m.u(-0.01, 0.04), m.u(0.0, 0.12)), (x + m.u(-0.02, 0.02), 0.5), (x - m.u(-0.02, 0.12), 1))
    return [m.curve(*_nine_loop(m, rx, low, m.u(0.0, 0.08))), tail]


@form(9, 1)
def ninehooked_bar(m: Maker) -> Strokes:
    rx, low = m.u(0.2, 0.32), m.u(0.4, 0.54)
    x, bottom = 2 * rx, m.u(0.92, 0.99)
    tail = m.curve(
        (x, low * m.u(0.1, 0.4)),
        (x, 0.68),
        (x * m.u(0.72, 0.85), bottom),
        (x * m.u(0.35, 0.5), 1.0),
        (m.u(-0.04, 0.1), m.u(0.86, 0.95)),
    )
    return [m.curve(*_nine_loop(m, rx, low, m.u(0.0, 0.08))), tail]


@form(9, 1.2)
def nine_long(m: Maker) -> Strokes:
    """A small loop and a long leaning tail."""
    rx, low = m.u(0.17, 0.28), m.u(0.34, 0.46)
    x = 2 * rx
    tail = m.curve((x, low * m.u(0.1, 0.4)), (x * 0.97, low * 0.9), (x * m.u(0.65, 0.85), 0.7), (x * m.u(0.0, 0.6), 1))
    return [m.curve(*_nine_loop(m, rx, low, m.u(0.0, 0.06))), tail]


@form(9, 0.8)
def nine_open(m: Maker) -> Strokes:
    """The loop's start stays short of the stem."""
    rx, low = m.u(0.2, 0.3), m.u(0.4, 0.52)
    x = 2 * rx + m.u(0.01, 0.04)
    loop = m.curve(*m.arc(rx, low / 2, rx, low / 2, -m.u(0.11, 0.15), -0.9, 9), (x, low * m.u(0.5, 0.7)))
    return [loop, m.curve((x + m.u(0, 0.03), m.u(0.0, 0.1)), (x, 0.5), (x - m.u(0.0, 0.2), 1))]


@form(9, 0.9)
def nine_like_p(m: Maker) -> Strokes:
    """The tail hangs from the middle or the left of its loop."""
    rx, low = m.u(0.2, 0.3), m.u(0.4, 0.52)
    at, foot = rx * m.u(0.1, 0.9), m.u(-0.15, 0.1)
    loop = m.arc(rx, low / 2, rx, low / 2, 0.32 + m.u(-0.04, 0.06), 1.3 + m.u(-0.06, 0.08), 10)
    return [m.curve(*loop), m.curve((at, low * m.u(0.2, 0.9)), (at + foot * 0.3, 0.65), (at + foot, 1))]


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
    if edition > 1:
        import digit_scenes.free_forms  # they register their forms, and themselves build on this module
        import digit_scenes.late_forms
        import digit_scenes.looped_forms
        import digit_scenes.more_forms
        import digit_scenes.swung_forms  # noqa: F401
    blocks = [_block(split, number, edition) for number in range(-(-count // BLOCK))]
    images, labels = (np.concatenate(parts)[:count] for parts in zip(*blocks, strict=True))
    return DigitSet(images, labels)
