"""The first forms of 0s to 4s: those of the first edition of drawn digits. See `forms`."""

from __future__ import annotations

import numpy as np

from digit_scenes.forms import Floats, Maker, Point, Strokes
from digit_scenes.forms import form as _form


@_form(0, 1)
def zero_overlapping(m: Maker) -> Strokes:
    """Closed with an overlap: the end runs on inside or outside of the start."""
    rx, start = m.u(0.26, 0.42), m.u(-0.35, -0.12)
    body = m.arc(rx, 0.5, rx, 0.5, start, start - m.u(0.88, 0.98), 10)
    (x, y), turn = body[0], m.u(-0.12, 0.1)
    return [m.curve(*body, (x + turn, y + m.u(-0.06, 0.02)), (x + turn - m.u(0.02, 0.2), y + m.u(0.06, 0.2)))]


@_form(0, 0.8)
def zero_tailed(m: Maker) -> Strokes:
    """A loop at the top from which a stroke goes on to the right."""
    rx = m.u(0.26, 0.42)
    body = m.arc(rx, 0.5, rx, 0.5, -0.2, -1.2 - m.u(-0.03, 0.05), 10)
    dip = m.u(0.04, 0.14)
    return [m.curve(*body, (rx * 1.3, dip), (2 * rx + m.u(-0.05, 0.16), m.u(-0.06, 0.06)))]


@_form(0, 0.8)
def zero_open(m: Maker) -> Strokes:
    rx, start = m.u(0.25, 0.42), m.u(-0.35, -0.15)
    return [m.curve(*m.arc(rx, 0.5, rx, 0.5, start, start - m.u(0.92, 0.985), 10))]


@_form(0, 0.5)
def zero_slashed(m: Maker) -> Strokes:
    rx, reach = m.u(0.28, 0.4), m.u(0.7, 1.25)
    lean = m.u(0.25, 0.42) * reach
    slash = m.curve((rx + rx * reach, 0.5 - lean), (rx - rx * reach, 0.5 + lean))
    return [m.curve(*m.arc(rx, 0.5, rx, 0.5, 0.7, -0.3, 10)), slash]


@_form(0, 1.2, (8, 14))
def zero_small(m: Maker) -> Strokes:
    """Much smaller than the other digits, and often wider than high."""
    rx, start = m.u(0.4, 0.75), m.u(-0.35, -0.1)
    return [m.curve(*m.arc(rx, 0.5, rx, 0.5, start, start - m.u(0.95, 1.12), 10))]


@_form(1, 1)
def one_bare(m: Maker) -> Strokes:
    return [m.curve((m.u(-0.02, 0.3), 0), (m.u(0.05, 0.15), 0.5), (0, 1))]


def _flag(m: Maker, length: Floats, bend: Floats) -> Floats:
    """A 1's flag, up to the stem's top at (0, 0): the longer, the steeper, or it would be a 7's bar."""
    angle = m.u(0.5, 1.04 - 0.5 * length)
    x, y = -length * np.sin(angle), length * np.cos(angle)
    return m.curve((x, y), (x * 0.45 + bend, y * 0.45 + bend), (0, 0))


@_form(1, 1)
def one_flagged(m: Maker) -> Strokes:
    return [
        _flag(m, m.u(0.25, 0.55), m.u(-0.02, 0.04)),
        m.curve((0, 0), (m.u(-0.04, 0.03), 0.5), (m.u(-0.06, 0.06), 1)),
    ]


@_form(1, 1.6)
def one_long_flag(m: Maker) -> Strokes:
    """Like a roof: the flag is nearly as long as the stem."""
    flag = _flag(m, m.u(0.5, 0.95), m.u(-0.02, 0.06))
    return [flag, m.curve((0, 0), (m.u(-0.04, 0.03), 0.5), (m.u(-0.08, 0.06), 1))]


@_form(1, 0.5)
def one_looped(m: Maker) -> Strokes:
    """Like a written l: up, a narrow loop, and down."""
    wide, rise = m.u(0.06, 0.15), m.u(0.12, 0.34)
    up = ((-rise, m.u(0.4, 0.8)), (wide * 0.6, 0.3), (wide, 0.1))
    return [m.curve(*up, (wide * 0.4, 0), (m.u(-0.05, -0.01), 0.14), (m.u(-0.05, 0.0), 0.5), (m.u(-0.08, 0.05), 1))]


@_form(1, 0.7)
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


@_form(2, 1.2)
def two_looped_base(m: Maker) -> Strokes:
    return [m.curve(*_two_start(m, False), *two_base(m, True))]


@_form(2, 0.9)
def two_looped_top(m: Maker) -> Strokes:
    return [m.curve(*_two_start(m, True), *two_base(m, False))]


@_form(2, 0.9)
def two_looped_twice(m: Maker) -> Strokes:
    return [m.curve(*_two_start(m, True), *two_base(m, True))]


@_form(2, 1.1)
def two_round_top(m: Maker) -> Strokes:
    """Its hook is nearly a circle, as if it were a 9 that goes on to the right."""
    reach, low = m.u(0.5, 0.66), m.u(0.46, 0.58)
    start = (reach * m.u(0.2, 0.45), low + m.u(-0.06, 0.02))
    around = ((-0.04, low * m.u(0.5, 0.7)), (reach * 0.25, 0.02), (reach * 0.75, 0.02), (reach, low * m.u(0.5, 0.65)))
    base = two_base(m, True) if m.rng.uniform() < 0.6 else two_base(m, False)
    return [m.curve(start, *around, (reach * 0.72, m.u(0.55, 0.66)), *base)]


@_form(2, 1)
def two_plain(m: Maker) -> Strokes:
    return [m.curve(*_two_start(m, False), *two_base(m, False))]


@_form(2, 0.9)
def two_angular(m: Maker) -> Strokes:
    """Like a Z."""
    top, end = (m.u(0.56, 0.68), m.u(0.0, 0.06)), (m.u(0.58, 0.78), m.u(0.92, 1.02))
    hook = m.curve((0, m.u(0.06, 0.2)), (m.u(0.15, 0.3), m.u(-0.02, 0.06)), top)
    return [hook, m.curve(top, (m.u(0.28, 0.36), 0.5), (0, 0.98)), m.curve((0, 0.98), (0.3, m.u(0.93, 1.0)), end)]


def _three_belly(m: Maker) -> tuple[Point, ...]:
    reach = m.u(0.52, 0.64)
    return ((reach, m.u(0.6, 0.7)), (reach * 0.75, m.u(0.93, 0.98)), (0.2, 1.0), (m.u(-0.08, 0.06), m.u(0.82, 0.94)))


@_form(3, 1)
def three_flat_top(m: Maker) -> Strokes:
    right, middle = (m.u(0.45, 0.6), m.u(-0.02, 0.05)), (m.u(0.18, 0.3), m.u(0.36, 0.45))
    return [m.curve((0, m.u(0.0, 0.06)), right), m.curve(right, middle), m.curve(middle, *_three_belly(m))]


@_form(3, 1)
def three_looped(m: Maker) -> Strokes:
    """A small loop where the two bows meet."""
    y, x, reach = m.u(0.42, 0.5), m.u(0.2, 0.3), m.u(0.5, 0.6)
    bow = ((0, m.u(0.08, 0.24)), (0.25, 0.0), (reach, m.u(0.12, 0.2)), (reach * 0.75, y - 0.08), (x + 0.06, y + 0.05))
    return [m.curve(*bow, (x - 0.06, y), (x + 0.03, y - m.u(0.07, 0.12)), (x + 0.2, y + 0.02), *_three_belly(m))]


@_form(3, 0.8)
def three_round(m: Maker) -> Strokes:
    y, reach, x = m.u(0.4, 0.5), m.u(0.42, 0.56), m.u(0.15, 0.35)
    bow = ((0, m.u(0.08, 0.24)), (0.25, 0.0), (reach, m.u(0.14, 0.2)), (reach * 0.7, y - 0.06))
    return [m.curve(*bow, (x, y), (x, y), *_three_belly(m))]


@_form(4, 1.4)
def four_open(m: Maker) -> Strokes:
    """Open at the top like a U with a long right stem."""
    wide, low = m.u(0.42, 0.6), m.u(0.46, 0.62)
    cup = m.curve((m.u(-0.04, 0.14), m.u(0.0, 0.12)), (0, low * 0.62), (wide * m.u(0.2, 0.45), low), (wide, low - 0.06))
    return [cup, m.curve((wide + m.u(-0.03, 0.08), m.u(-0.08, 0.12)), (wide, 0.5), (wide - m.u(0.0, 0.12), 1))]


@_form(4, 1.4)
def four_angled(m: Maker) -> Strokes:
    """Open at the top: an L, and a stem through its bar."""
    low, wide, at = m.u(0.48, 0.7), m.u(0.54, 0.78), m.u(0.62, 0.82)
    x, bar = wide * at, m.u(-0.06, 0.06)
    top = m.u(0.05, 0.32)
    ell = m.curve((m.u(0.04, 0.18), 0), (m.u(0.0, 0.06), low * 0.6), (0, low), (0, low), (wide, low - bar))
    return [ell, m.curve((x + m.u(0.0, 0.08), top), (x, low), (x - m.u(-0.02, 0.12), 1))]


@_form(4, 0.9)
def four_slanted(m: Maker) -> Strokes:
    """Open, with a stem that leans and hangs far below the bar."""
    low, wide = m.u(0.42, 0.54), m.u(0.5, 0.7)
    x = wide * m.u(0.7, 0.9)
    ell = m.curve((m.u(0.1, 0.28), 0), (0.02, low * 0.75), (m.u(0.05, 0.12), low), (wide, low - m.u(-0.03, 0.08)))
    return [ell, m.curve((x + m.u(0.06, 0.16), m.u(-0.05, 0.15)), (x, low), (x - m.u(0.1, 0.3), 1))]


@_form(4, 1.3)
def four_like_h(m: Maker) -> Strokes:
    """Its left stem is the taller one, and leans; the right one is short and hangs below."""
    lean, low, wide = m.u(0.05, 0.5), m.u(0.52, 0.72), m.u(0.36, 0.56)
    turn = (lean * 0.1, low)
    left = m.curve(
        (lean, 0), (lean * 0.55, low * 0.5), turn, turn, (wide * 0.6, low - m.u(0.02, 0.14)), (wide, low - 0.1)
    )
    top = low - m.u(0.1, 0.3)
    return [left, m.curve((wide + m.u(0.0, 0.1), top), (wide, low), (wide - m.u(0.0, 0.25), 1))]


@_form(4, 0.8)
def four_closed(m: Maker) -> Strokes:
    low, x = m.u(0.58, 0.72), m.u(0.42, 0.55)
    return [
        m.curve((x, 0), (0, low), (0, low), (x + m.u(0.08, 0.25), low + m.u(-0.05, 0.03))),
        m.curve((x + m.u(-0.02, 0.06), m.u(-0.02, 0.06)), (x, 0.5), (x + m.u(-0.08, 0.03), 1)),
    ]
