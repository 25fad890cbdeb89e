"""Forms of the 1, edition by edition. For what a form is see `form`."""

from __future__ import annotations

import numpy as np

from digit_scenes.glyphs.forms.form import Floats, Maker, Strokes, form


@form(1, weight=1, edition=1)
def one_bare(m: Maker) -> Strokes:
    return [m.curve((m.u(-0.02, 0.3), 0), (m.u(0.05, 0.15), 0.5), (0, 1))]


def _flag(m: Maker, length: Floats, bend: Floats) -> Floats:
    """A 1's flag, up to the stem's top at (0, 0). A long one is steep, or it would be a 7's bar."""
    angle = m.u(0.5, 1.04 - 0.5 * length)
    x, y = -length * np.sin(angle), length * np.cos(angle)
    return m.curve((x, y), (x * 0.45 + bend, y * 0.45 + bend), (0, 0))


@form(1, weight=1, edition=1)
def one_flagged(m: Maker) -> Strokes:
    return [
        _flag(m, m.u(0.25, 0.55), m.u(-0.02, 0.04)),
        m.curve((0, 0), (m.u(-0.04, 0.03), 0.5), (m.u(-0.06, 0.06), 1)),
    ]


@form(1, weight=1.6, edition=1)
def one_long_flag(m: Maker) -> Strokes:
    """Like a roof: the flag is nearly as long as the stem."""
    flag = _flag(m, m.u(0.5, 0.95), m.u(-0.02, 0.06))
    return [flag, m.curve((0, 0), (m.u(-0.04, 0.03), 0.5), (m.u(-0.08, 0.06), 1))]


@form(1, weight=0.5, edition=1)
def one_looped(m: Maker) -> Strokes:
    """Like a written l: up, a narrow loop, and down."""
    wide, rise = m.u(0.06, 0.15), m.u(0.12, 0.34)
    up = ((-rise, m.u(0.4, 0.8)), (wide * 0.6, 0.3), (wide, 0.1))
    return [m.curve(*up, (wide * 0.4, 0), (m.u(-0.05, -0.01), 0.14), (m.u(-0.05, 0.0), 0.5), (m.u(-0.08, 0.05), 1))]


@form(1, weight=0.7, edition=1)
def one_with_foot(m: Maker) -> Strokes:
    left, tilt = m.u(0.1, 0.28), m.u(-0.04, 0.04)
    foot = m.curve((-left, 1 + tilt), (left * m.u(0.7, 1.3), 1 - tilt))
    return [_flag(m, m.u(0.15, 0.45), m.u(-0.02, 0.03)), m.curve((0, 0), (m.u(-0.02, 0.02), 0.5), (0, 1)), foot]


@form(1, weight=0.7, edition=2)
def one_like_l(m: Maker) -> Strokes:
    """A written l with its foot turned to the right."""
    wide, rise = m.u(0.08, 0.2), m.u(0.12, 0.3)
    up = ((-rise, m.u(0.45, 0.8)), (wide * 0.6, 0.3), (wide, 0.1), (wide * 0.4, 0))
    return [m.curve(*up, (m.u(-0.08, -0.02), 0.16), (m.u(-0.08, 0.0), 0.7), (0.02, 0.98), (m.u(0.1, 0.3), 0.9))]


@form(1, weight=1.2, edition=2)
def one_on_a_bar(m: Maker) -> Strokes:
    """A long flag, and a foot as wide as the flag is long."""
    flag, rise = m.u(0.2, 0.5), m.u(0.15, 0.5)
    foot, tilt = m.u(0.2, 0.5), m.u(-0.05, 0.05)
    lean = m.u(-0.12, 0.04)
    return [
        m.curve((-flag, rise), (-flag * 0.45, rise * 0.5), (0, 0)),
        m.curve((0, 0), (lean * 0.5, 0.5), (lean, 1)),
        m.curve((lean - foot, 1 + tilt), (lean + foot * m.u(0.6, 1.1), 1 - tilt)),
    ]


@form(1, weight=1, edition=2)
def one_bowed(m: Maker) -> Strokes:
    """Flag and stem in one stroke with a rounded top."""
    flag, lean = m.u(0.12, 0.36), m.u(-0.3, 0.05)
    rise = flag * m.u(0.85, 1.5)  # else it would be a 7
    turn = ((-0.03, m.u(0.0, 0.04)), (m.u(0.0, 0.03), 0.08))
    return [m.curve((-flag, rise), (-flag * 0.5, rise * m.u(0.4, 0.6)), *turn, (lean * 0.5, 0.5), (lean, 1))]


@form(1, weight=2, edition=3)
def one_like_roof(m: Maker) -> Strokes:
    """The flag begins near the foot: an A without its bar, narrow or wide, both sides straight or bowed."""
    rise, flag, bow = m.u(0.45, 1.0), m.u(0.16, 0.55), m.u(-0.04, 0.1)
    lean = m.u(-0.12, 0.14)
    up = m.curve((-flag, rise), (-flag * 0.5 + bow * 0.5, rise * 0.5 + bow), (0, 0))
    return [up, m.curve((0, 0), (lean * 0.5 + m.u(-0.02, 0.04), 0.5), (lean, 1))]


@form(1, weight=0.8, edition=3)
def one_waved(m: Maker) -> Strokes:
    """One stroke: swings up to the top, turns in a narrow bend and falls, its foot turned to the right or not."""
    flag, rise, turn = m.u(0.14, 0.42), m.u(0.3, 0.8), m.u(0.02, 0.07)
    foot, lean = m.u(0.0, 0.2), m.u(-0.16, 0.06)
    up = ((-flag, rise), (-flag * 0.4, rise * m.u(0.35, 0.6)), (-turn, 0.03), (turn, 0.05))
    return [m.curve(*up, (turn + lean * 0.5, 0.5), (lean, 0.97), (lean + foot * 0.5, 1), (lean + foot, m.u(0.88, 1)))]


@form(1, weight=1.4, edition=4)
def one_slash(m: Maker) -> Strokes:
    """A slash that leans far to the right, straight or bowed, now and then with a short flag or a tick at its foot."""
    lean, bow = m.u(0.15, 0.62), m.u(-0.06, 0.06)
    flag, tick = m.u(-0.02, 0.16), m.u(-0.02, 0.1)
    start = (lean - flag, m.u(0.02, 0.16))
    stem = m.curve((lean, 0), (lean * 0.5 + bow, 0.5), (0, 1))
    return [m.curve(start, (lean, 0)), stem, m.curve((0, 1), (tick, 1 - tick * 0.6))]


@form(1, weight=0.8, edition=4)
def one_doubled(m: Maker) -> Strokes:
    """Up and down along nearly the same line: a narrow lens, or a thick foot."""
    lean, apart, begun = m.u(0.0, 0.34), m.u(0.03, 0.12), m.u(0.3, 0.95)
    up = m.curve((lean * (1 - begun) - apart, begun), (lean * 0.6 - apart * 0.7, begun * 0.45), (lean, 0))
    return [up, m.curve((lean, 0), (lean * 0.5 + m.u(-0.02, 0.05), 0.5), (m.u(-0.02, 0.02), 1))]


@form(1, weight=2.2, edition=5)
def one_like_needle(m: Maker) -> Strokes:
    """A leaning stem with an eye at its top, narrow or shut, now and then after a long upstroke."""
    lean, eye, begun = m.u(0.1, 0.6), m.u(0.03, 0.13), m.u(0.14, 0.5)
    flag = m.u(-0.03, 0.1)
    start = (lean * (1 - begun) - flag, begun)
    top = ((lean + eye, m.u(0.06, 0.16)), (lean + eye * 0.5, 0), (lean - eye * 0.7, 0.05))
    foot = m.u(-0.02, 0.1)
    stem = ((lean * 0.5 + m.u(-0.03, 0.03), 0.5), (0, 1), (foot, 1 - foot * 0.8))
    return [m.curve(start, (lean - begun * lean * 0.4 + eye * 0.7, begun * 0.5), *top, *stem)]


@form(1, weight=1.2, edition=5)
def one_swung(m: Maker) -> Strokes:
    """A long upstroke from the foot of the digit before, an eye or a point, a stem, and a foot that may turn right."""
    rise, flag, lean = m.u(0.5, 1.0), m.u(0.2, 0.7), m.u(0.0, 0.3)
    eye = m.u(0.0, 0.08)
    up = ((-flag, rise), (-flag * 0.3, rise * m.u(0.4, 0.7)), (lean + eye, m.u(0.05, 0.1)), (lean, 0))
    foot = m.u(0.0, 0.26)
    return [m.curve(*up, (lean - eye * 1.4, 0.1), (lean * 0.4, 0.55), (0, 0.98), (foot, m.u(0.92, 1.02)))]


@form(1, weight=1.4, edition=6)
def one_flagged_far(m: Maker) -> Strokes:
    """A flag nearly as long as the stem, straight or bowed, that ends in a point at the top; no cross."""
    lean, wide, begun = m.u(0.0, 0.4), m.u(0.2, 0.62), m.u(0.45, 1.0)
    bow = m.u(-0.05, 0.08)
    flag = m.curve((lean - wide, begun), (lean - wide * 0.45 + bow, begun * 0.5), (lean, 0))
    return [flag, m.curve((lean, 0), (lean * 0.5 + m.u(-0.04, 0.05), 0.5), (m.u(-0.03, 0.03), 1))]


@form(1, weight=1.2, edition=6)
def one_wide_eyed(m: Maker) -> Strokes:
    """A leaning stem with a tall narrow eye beside its upper half, shut or nearly. A wider one would be a 9 or an l."""
    lean, eye, low = m.u(0.1, 0.5), m.u(0.07, 0.17), m.u(0.35, 0.7)
    start = (lean * (1 - low) - m.u(0.0, 0.1), low)
    left = (lean * (1 - low * 0.4) - eye * m.u(0.4, 1.0), low * 0.45)
    top = ((lean + eye * 0.3, m.u(0.0, 0.05)), (lean + eye * 0.2, 0.18))
    return [m.curve(start, left, *top, (lean * 0.45, 0.55), (m.u(-0.03, 0.05), 1))]


@form(1, weight=0.8, edition=6)
def one_looped_twice(m: Maker) -> Strokes:
    """An eye at the head, a stem, and a small loop or a tick at the foot that crosses it."""
    lean, eye, begun = m.u(0.0, 0.35), m.u(0.04, 0.14), m.u(0.2, 0.55)
    foot, rise = m.u(0.03, 0.14), m.u(0.04, 0.16)
    up = ((lean * 0.6 - m.u(0.0, 0.16), begun), (lean + eye, m.u(0.06, 0.16)), (lean, 0), (lean - eye, 0.1))
    turn = (
        (0, 0.98),
        (-foot, 1 - rise * 0.4),
        (-foot * 0.4, 1 - rise),
        (foot + m.u(0.0, 0.16), 1 - rise * m.u(0.2, 1)),
    )
    return [m.curve(*up, (lean * 0.4, 0.55), *turn)]


@form(1, weight=0.7, edition=6)
def one_like_bracket(m: Maker) -> Strokes:
    """A stem bowed to the right like a bracket, with a hook or a flag at its head and a foot that swings left."""
    bow, flag = m.u(0.06, 0.2), m.u(0.0, 0.3)
    start = (m.u(-0.05, 0.12) - flag, m.u(0.04, 0.26))
    return [m.curve(start, (0.06, 0), (bow, 0.3), (bow * 0.9, 0.62), (m.u(-0.12, 0.04), 0.96), (m.u(-0.3, 0.0), 1))]


@form(1, weight=0.6, edition=6, ink_height_px=(9, 16))
def one_short(m: Maker) -> Strokes:
    """Half as high as the digits beside it: a stem and no more, or a little flag."""
    lean, flag = m.u(-0.05, 0.4), m.u(0.0, 0.16)
    return [m.curve((lean - flag, flag), (lean, 0)), m.curve((lean, 0), (lean * 0.5, 0.5), (0, 1))]


@form(1, weight=0.8, edition=6)
def one_on_a_line(m: Maker) -> Strokes:
    """A flag, a stem, and a foot that runs far to the right, to the left or to both sides: a Z but for its stem."""
    lean, flag, drop = m.u(-0.02, 0.22), m.u(0.08, 0.36), m.u(0.04, 0.26)
    left, right, tilt = m.u(-0.05, 0.3), m.u(0.08, 0.5), m.u(-0.06, 0.06)
    foot = m.curve((-left, 1 + tilt), (right, 1 - tilt))
    return [
        m.curve((lean - flag, drop), (lean, 0)),
        m.curve((lean, 0), (lean * 0.5 + m.u(-0.03, 0.03), 0.5), (0, 1)),
        foot,
    ]
