"""The first forms of 5s to 9s: those of the first edition of drawn digits. See `forms`."""

from __future__ import annotations

from typing import Any

import numpy as np

from digit_scenes.forms import Floats, Maker, Point, Strokes
from digit_scenes.forms import form as _form


def _five_belly(m: Maker, reach: Floats) -> tuple[Point, ...]:
    return (
        (reach * 0.75, m.u(0.4, 0.48)),
        (reach, m.u(0.64, 0.74)),
        (reach * 0.65, m.u(0.94, 0.99)),
        (0.12, 1),
        (m.u(-0.12, 0.02), m.u(0.84, 0.95)),
    )


@_form(5, 1)
def five_like_s(m: Maker) -> Strokes:
    reach = m.u(0.48, 0.62)
    bow = ((reach + m.u(-0.04, 0.16), m.u(-0.02, 0.1)), (0.3, 0.0), (m.u(0.06, 0.14), m.u(0.12, 0.2)))
    return [m.curve(*bow, (0.14, m.u(0.34, 0.42)), (reach * 0.75, m.u(0.48, 0.54)), *_five_belly(m, reach)[1:])]


@_form(5, 1.2)
def five_loose_bar(m: Maker) -> Strokes:
    """The bar begins away from the body."""
    top, neck = m.u(0.02, 0.1), m.u(0.34, 0.44)
    body = m.curve((0.1, top), (m.u(0.04, 0.12), neck), (0.08, neck), *_five_belly(m, m.u(0.45, 0.6)))
    x, y = m.u(0.2, 0.38), m.u(-0.1, 0.02)
    return [body, m.curve((x, y), (x + m.u(0.3, 0.55), y + m.u(-0.06, 0.05)))]


@_form(5, 1)
def five_flying_bar(m: Maker) -> Strokes:
    """The bar goes far to the right, over the next digit."""
    neck = m.u(0.34, 0.44)
    body = m.curve((0.12, 0), (m.u(0.04, 0.12), neck), (0.08, neck), *_five_belly(m, m.u(0.45, 0.58)))
    end = m.u(0.7, 1.05)
    return [body, m.curve((0.12 + m.u(-0.04, 0.06), 0.01), (end * 0.6, m.u(-0.04, 0.04)), (end, m.u(-0.14, 0.06)))]


@_form(5, 1)
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


@_form(5, 0.9)
def five_like_root(m: Maker) -> Strokes:
    """Hardly any belly: a leaning stem with a hook at its foot and a bar that flies off."""
    x, bulge, foot = m.u(0.14, 0.34), m.u(0.0, 0.08), m.u(0.02, 0.12)
    hook = ((foot, m.u(0.94, 1.0)), (foot - m.u(0.08, 0.2), m.u(0.78, 0.92)))
    body = m.curve((x, 0.02), (x - 0.05, 0.36), (x - 0.02 + bulge, 0.62), *hook)
    end = x + m.u(0.3, 0.7)
    return [body, m.curve((x - m.u(0.0, 0.08), 0.02), ((x + end) / 2, m.u(-0.05, 0.05)), (end, m.u(-0.16, 0.06)))]


@_form(5, 0.8)
def five_in_one(m: Maker) -> Strokes:
    """In one go from the bar's right end, with a corner."""
    neck, reach = m.u(0.36, 0.46), m.u(0.46, 0.6)
    corner = (m.u(0.08, 0.18), m.u(0.0, 0.06))
    bar = m.curve((m.u(0.45, 0.75), m.u(-0.06, 0.06)), corner)
    return [bar, m.curve(corner, (0.06, neck), (0.06, neck), *_five_belly(m, reach))]


@_form(6, 1.2)
def six_tall(m: Maker) -> Strokes:
    """A straight ascender and a small loop."""
    lean, high, rx = m.u(0.05, 0.5), m.u(0.55, 0.68), m.u(0.18, 0.27)
    y = (1 + high) / 2
    loop = m.arc(rx, y, rx, 1 - y, 0.5, -0.5 - m.u(-0.08, 0.05), 9)
    return [m.curve((lean, 0), (lean * 0.5, 0.36), *loop)]


@_form(6, 0.8)
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


@_form(7, 1.3)
def seven_crossed(m: Maker) -> Strokes:
    wide = m.u(0.38, 0.65)
    return seven_strokes(m, _straight(m, wide), _stem(m, wide, m.u(-0.02, 0.08)), True)


@_form(7, 1.6)
def seven_hooked_crossed(m: Maker) -> Strokes:
    wide = m.u(0.4, 0.65)
    return seven_strokes(m, hooked_bar(m, wide), _stem(m, wide, m.u(-0.02, 0.08)), True, wavy=True)


@_form(7, 0.8)
def seven_hooked(m: Maker) -> Strokes:
    wide = m.u(0.48, 0.68)
    return seven_strokes(m, hooked_bar(m, wide), _stem(m, wide, m.u(0.0, 0.08)), False)


@_form(7, 1)
def seven_wavy(m: Maker) -> Strokes:
    """The bar is a wave."""
    wide, swing = m.u(0.45, 0.7), m.u(0.04, 0.09)
    bar = (0, m.u(0.06, 0.18)), (wide * 0.25, swing * 0.2), (wide * 0.65, swing), (wide, m.u(-0.04, 0.02))
    return seven_strokes(m, bar, _stem(m, wide, m.u(0.0, 0.1)), True, wavy=True)


@_form(7, 0.9)
def seven_bent(m: Maker) -> Strokes:
    """A stem that is steep at its foot."""
    wide = m.u(0.42, 0.65)
    foot = wide * m.u(0.25, 0.5)
    return seven_strokes(m, _straight(m, wide), ((foot + wide * m.u(0.12, 0.25), 0.4), (foot, 0.75), (foot, 1)), True)


@_form(7, 1.1)
def seven_like_t(m: Maker) -> Strokes:
    """Hardly any bar, but a hook at its left and a long cross."""
    wide = m.u(0.14, 0.34)
    top = (m.u(-0.06, 0.04), m.u(0.1, 0.26)), (wide * 0.3, m.u(0.0, 0.08)), (wide, m.u(-0.02, 0.03))
    strokes = seven_strokes(m, top, ((wide * m.u(0.85, 1.05), 0.5), (wide * m.u(0.5, 1.0), 1)), False)
    y, left, right, tilt = m.u(0.36, 0.58), m.u(0.2, 0.4), m.u(0.26, 0.48), m.u(-0.08, 0.06)
    return [*strokes, m.curve((wide - left, y - tilt), (wide, y + m.u(-0.03, 0.03)), (wide + right, y + tilt))]


@_form(8, 1.2)
def eight_open(m: Maker) -> Strokes:
    """In one go like an S, its ends apart at the top."""
    low, high = m.u(0.24, 0.32), m.u(0.2, 0.3)
    middle, x = m.u(0.42, 0.5), m.u(0.26, 0.32)
    start = (x + high * m.u(0.2, 0.8), m.u(0.04, 0.14))
    up = (x - high, middle * m.u(0.4, 0.5))
    down = ((x + low, (1 + middle) / 2), (x, 1.0), (x - low, (1 + middle) / 2 + 0.03))
    end = (x + high + m.u(0.02, 0.2), m.u(-0.06, 0.12))
    return [m.curve(start, (x, 0), up, (x, middle), *down, (x, middle + 0.02), (x + high * 0.8, middle * 0.6), end)]


@_form(8, 0.9)
def eight_circles(m: Maker) -> Strokes:
    """Two circles, one on the other."""
    middle, high, low = m.u(0.4, 0.52), m.u(0.17, 0.28), m.u(0.22, 0.34)
    x = low + m.u(-0.06, 0.06)
    top = m.arc(x, middle / 2, high, middle / 2, 0.2, m.u(1.12, 1.3), 9)
    return [m.curve(*top), m.curve(*m.arc(low, (1 + middle) / 2, low, (1 - middle) / 2, 0.75, m.u(-0.3, -0.2), 9))]


@_form(8, 0.7)
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


@_form(9, 1)
def nine_straight(m: Maker) -> Strokes:
    rx, low = m.u(0.2, 0.32), m.u(0.4, 0.56)
    x = 2 * rx
    tail = m.curve((x + m.u(-0.01, 0.04), m.u(0.0, 0.12)), (x + m.u(-0.02, 0.02), 0.5), (x - m.u(-0.02, 0.12), 1))
    return [m.curve(*_nine_loop(m, rx, low, m.u(0.0, 0.08))), tail]


@_form(9, 1)
def nine_hooked(m: Maker) -> Strokes:
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


@_form(9, 1.2)
def nine_long(m: Maker) -> Strokes:
    """A small loop and a long leaning tail."""
    rx, low = m.u(0.17, 0.28), m.u(0.34, 0.46)
    x = 2 * rx
    tail = m.curve((x, low * m.u(0.1, 0.4)), (x * 0.97, low * 0.9), (x * m.u(0.65, 0.85), 0.7), (x * m.u(0.0, 0.6), 1))
    return [m.curve(*_nine_loop(m, rx, low, m.u(0.0, 0.06))), tail]


@_form(9, 0.8)
def nine_open(m: Maker) -> Strokes:
    """The loop's start stays short of the stem."""
    rx, low = m.u(0.2, 0.3), m.u(0.4, 0.52)
    x = 2 * rx + m.u(0.01, 0.04)
    loop = m.curve(*m.arc(rx, low / 2, rx, low / 2, -m.u(0.11, 0.15), -0.9, 9), (x, low * m.u(0.5, 0.7)))
    return [loop, m.curve((x + m.u(0, 0.03), m.u(0.0, 0.1)), (x, 0.5), (x - m.u(0.0, 0.2), 1))]


@_form(9, 0.9)
def nine_like_p(m: Maker) -> Strokes:
    """The tail hangs from the middle or the left of its loop."""
    rx, low = m.u(0.2, 0.3), m.u(0.4, 0.52)
    at, foot = rx * m.u(0.1, 0.9), m.u(-0.15, 0.1)
    loop = m.arc(rx, low / 2, rx, low / 2, 0.32 + m.u(-0.04, 0.06), 1.3 + m.u(-0.06, 0.08), 10)
    return [m.curve(*loop), m.curve((at, low * m.u(0.2, 0.9)), (at + foot * 0.3, 0.65), (at + foot, 1))]
