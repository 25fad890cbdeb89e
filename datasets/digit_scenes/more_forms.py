"""More forms, for drawn digits of the second edition: as `forms`, of hands that write amounts every day.

Many of these are one stroke where school has two, or curl where it is straight.
"""

from __future__ import annotations

from digit_scenes.forms import Maker, Strokes
from digit_scenes.forms import form as _form
from digit_scenes.high_forms import hooked_bar, seven_strokes
from digit_scenes.low_forms import two_base

SECOND = 2  # edition


@_form(0, 0.6, edition=SECOND)
def zero_curled(m: Maker) -> Strokes:
    """It ends inside itself, in a curl."""
    rx, start = m.u(0.28, 0.44), m.u(-0.35, -0.15)
    body = m.arc(rx, 0.5, rx, 0.5, start, start - m.u(0.9, 1.0), 10)
    (x, y) = body[0]
    return [m.curve(*body, (x - rx * m.u(0.0, 0.3), y + m.u(0.1, 0.22)), (x - rx * m.u(0.5, 1.0), y + m.u(0.08, 0.3)))]


@_form(1, 0.7, edition=SECOND)
def one_like_l(m: Maker) -> Strokes:
    """A written l with its foot turned to the right."""
    wide, rise = m.u(0.08, 0.2), m.u(0.12, 0.3)
    up = ((-rise, m.u(0.45, 0.8)), (wide * 0.6, 0.3), (wide, 0.1), (wide * 0.4, 0))
    return [m.curve(*up, (m.u(-0.08, -0.02), 0.16), (m.u(-0.08, 0.0), 0.7), (0.02, 0.98), (m.u(0.1, 0.3), 0.9))]


@_form(1, 1.2, edition=SECOND)
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


@_form(1, 1, edition=SECOND)
def one_bowed(m: Maker) -> Strokes:
    """Flag and stem in one stroke with a rounded top."""
    flag, lean = m.u(0.12, 0.36), m.u(-0.3, 0.05)
    rise = flag * m.u(0.85, 1.5)  # else it would be a 7
    turn = ((-0.03, m.u(0.0, 0.04)), (m.u(0.0, 0.03), 0.08))
    return [m.curve((-flag, rise), (-flag * 0.5, rise * m.u(0.4, 0.6)), *turn, (lean * 0.5, 0.5), (lean, 1))]


@_form(2, 1.5, edition=SECOND)
def two_closed_top(m: Maker) -> Strokes:
    """Its top is a whole loop: a 9 that turns to the right at its foot."""
    rx, low = m.u(0.2, 0.34), m.u(0.46, 0.68)
    loop = m.arc(rx, low / 2, rx, low / 2, m.u(0.16, 0.34), m.u(1.02, 1.1), 10)
    base = two_base(m, m.rng.uniform() < 0.6)
    return [m.curve(*loop, (rx * m.u(0.9, 1.3), low + m.u(0.04, 0.12)), *base)]


@_form(2, 0.8, edition=SECOND)
def two_like_q(m: Maker) -> Strokes:
    """A large open loop, and hardly any base."""
    rx, low = m.u(0.26, 0.4), m.u(0.62, 0.8)
    loop = m.arc(rx, low / 2, rx, low / 2, m.u(0.36, 0.55), m.u(1.06, 1.14), 9)
    turn = (rx * m.u(0.2, 0.5), m.u(0.9, 0.97))
    return [m.curve(*loop, turn, turn, (rx * 1.2, m.u(0.88, 0.98)), (2 * rx + m.u(0.0, 0.2), m.u(0.9, 1.04)))]


@_form(3, 0.8, edition=SECOND)
def three_tall_waist(m: Maker) -> Strokes:
    """Tall and thin: two bows of any sizes, with a knot or a corner between them."""
    top, low, waist = m.u(0.24, 0.46), m.u(0.26, 0.48), m.u(0.34, 0.56)
    x = m.u(0.02, 0.2)
    upper = ((m.u(-0.06, 0.08), m.u(0.04, 0.18)), (top * 0.6, 0.0), (top, waist * 0.45), (x + 0.04, waist))
    lower = ((x + low * 0.7, waist + m.u(0.03, 0.08)), (low + 0.06, (1 + waist) / 2 + 0.04), (low * 0.6, 0.98))
    return [m.curve(*upper, *lower, (m.u(-0.12, 0.02), m.u(0.84, 0.98)))]


@_form(4, 1.2, edition=SECOND)
def four_like_y(m: Maker) -> Strokes:
    """A bowl, and a stem that hangs from its right end."""
    wide, low = m.u(0.3, 0.56), m.u(0.42, 0.66)
    bowl = m.curve(
        (m.u(-0.05, 0.14), m.u(0.0, 0.14)),
        (m.u(-0.02, 0.04), low * 0.6),
        (wide * 0.3, low),
        (wide * 0.75, low - 0.04),
        (wide, low - m.u(0.1, 0.3)),
    )
    return [bowl, m.curve((wide + m.u(0.0, 0.06), m.u(-0.05, 0.3)), (wide - 0.02, 0.55), (wide - m.u(0.0, 0.25), 1))]


@_form(4, 1.2, edition=SECOND)
def four_like_chair(m: Maker) -> Strokes:
    """A chair: the left stem leans far, the seat is a wave, the right leg is short and begins at the seat."""
    lean, low, wide = m.u(0.05, 0.45), m.u(0.52, 0.76), m.u(0.4, 0.66)
    turn = (m.u(-0.06, 0.06), low)
    seat = (wide * 0.45, low - m.u(0.0, 0.16))
    left = m.curve((lean, 0), (lean * 0.5, low * 0.52), turn, turn, seat, (wide, low - m.u(-0.03, 0.1)))
    leg = wide * m.u(0.72, 1.0)
    return [left, m.curve((leg + m.u(0.0, 0.08), low - m.u(0.02, 0.26)), (leg, low), (leg - m.u(0.0, 0.22), 1))]


@_form(4, 0.8, edition=SECOND)
def four_in_one(m: Maker) -> Strokes:
    """Closed, in one stroke: down the left, along the bar, up and down the stem."""
    low, x = m.u(0.48, 0.7), m.u(0.4, 0.56)
    corner, end = (m.u(-0.04, 0.04), low), (x + m.u(0.06, 0.24), low + m.u(-0.08, 0.02))
    top = (x + m.u(-0.1, 0.08), m.u(0.0, 0.12))
    return [m.curve(top, (x * 0.45, low * 0.55), corner, corner, end), m.curve(top, (x, 0.5), (x - m.u(0.0, 0.2), 1))]


@_form(5, 0.9, edition=SECOND)
def five_like_tick(m: Maker) -> Strokes:
    """A leaning stem with a small barb at its foot, and a bar."""
    x, barb = m.u(0.15, 0.5), m.u(0.08, 0.22)
    stem = m.curve((x, 0.02), (x * 0.55, 0.5), (0, 0.98), (0, 0.98), (-barb, m.u(0.62, 0.84)))
    end = x + m.u(0.25, 0.7)
    return [stem, m.curve((x - m.u(0.0, 0.1), 0.02), ((x + end) / 2, m.u(-0.05, 0.05)), (end, m.u(-0.12, 0.08)))]


@_form(6, 1, edition=SECOND)
def six_wide_loop(m: Maker) -> Strokes:
    """Nearly a 0: the loop reaches far up."""
    high, rx, lean = m.u(0.25, 0.45), m.u(0.24, 0.38), m.u(0.2, 0.7)
    y = (1 + high) / 2
    loop = m.arc(rx, y, rx, 1 - y, 0.5, -0.5 - m.u(-0.1, 0.06), 9)
    return [m.curve((rx + lean * 0.5, 0), (rx * m.u(0.3, 0.7), high * 0.55), *loop)]


@_form(7, 1.3, edition=SECOND)
def seven_long_cross(m: Maker) -> Strokes:
    """A small head, and a cross as wide as it or wider."""
    wide = m.u(0.28, 0.5)
    foot, bend = wide * m.u(0.2, 0.8), m.u(-0.03, 0.08)
    top = hooked_bar(m, wide) if m.rng.uniform() < 0.6 else ((0, m.u(0.0, 0.16)), (wide / 2, 0.04), (wide, 0.0))
    strokes = seven_strokes(m, top, (((wide + foot) / 2 - bend, 0.5), (foot, 1)), False)
    y, left, right, tilt = m.u(0.38, 0.6), m.u(0.22, 0.42), m.u(0.2, 0.45), m.u(-0.1, 0.08)
    x = wide + (foot - wide) * y
    wave = m.u(0.0, 0.06)
    cross = ((x - left, y - tilt), (x - left / 2, y - tilt / 2 - wave), (x + right / 2, y + tilt / 2 + wave))
    return [*strokes, m.curve(*cross, (x + right, y + tilt))]


@_form(7, 0.7, edition=SECOND)
def seven_plain(m: Maker) -> Strokes:
    """A round corner, not crossed."""
    wide = m.u(0.44, 0.68)
    bar = (0, m.u(-0.02, 0.1)), (wide * 0.5, m.u(0.0, 0.06)), (wide * 0.92, 0.02)
    return [m.curve(*bar, (wide, m.u(0.08, 0.14)), (wide * m.u(0.5, 0.7), 0.55), (wide * m.u(0.05, 0.5), 1))]


@_form(8, 0.9, edition=SECOND)
def eight_like_s(m: Maker) -> Strokes:
    """From the top right as an S, and back through its middle; the ends cross or stay apart."""
    up, low, at = m.u(0.2, 0.3), m.u(0.22, 0.34), m.u(0.4, 0.52)
    x = m.u(0.26, 0.34)
    down = ((x + up * m.u(0.6, 1.1), m.u(0.04, 0.16)), (x, 0), (x - up, at / 2), (x, at), (x + low, (1 + at) / 2))
    back = ((x, 1), (x - low, (1 + at) / 2 + 0.02), (x - 0.02, at + 0.04), (x + up * 0.85, at * m.u(0.45, 0.65)))
    return [m.curve(*down, *back, (x + up * m.u(0.3, 1.1), m.u(0.0, 0.12)))]


@_form(9, 1.8, edition=SECOND)
def nine_like_e(m: Maker) -> Strokes:
    """In one stroke: it begins inside, goes around against the clock, and its left side becomes the tail."""
    rx, low, foot = m.u(0.18, 0.34), m.u(0.42, 0.66), m.u(-0.3, 0.4)
    inside = ((rx * m.u(-0.2, 0.7), low * m.u(0.6, 1.0)), (rx * m.u(1.0, 1.5), low * m.u(0.7, 0.95)))
    around = m.arc(rx, low / 2, rx, low / 2, 0.06, -0.54, 8)
    return [m.curve(*inside, *around, (m.u(-0.02, 0.12), low + (1 - low) * 0.45), (foot, 1))]


@_form(9, 1, edition=SECOND)
def nine_hung_left(m: Maker) -> Strokes:
    """A P: a stem, and a loop at the right of its top."""
    rx, low = m.u(0.16, 0.32), m.u(0.4, 0.62)
    foot, hook = m.u(-0.2, 0.12), m.u(-0.2, 0.3)
    stem = m.curve((m.u(-0.04, 0.06), m.u(0.02, 0.2)), (m.u(-0.05, 0.05), 0.5), (foot, 0.94), (foot + hook * 0.4, 1))
    return [stem, m.curve(*m.arc(rx, low / 2, rx, low / 2, m.u(0.44, 0.6), m.u(1.28, 1.48), 9))]


@_form(9, 0.8, edition=SECOND)
def nine_curled(m: Maker) -> Strokes:
    """Like a g: its tail turns up at the left."""
    rx, low = m.u(0.2, 0.32), m.u(0.42, 0.58)
    loop = m.arc(rx, low / 2, rx, low / 2, -0.1, -1.02, 9)
    x = 2 * rx
    return [m.curve(*loop, (x + m.u(-0.04, 0.04), 0.7), (x * 0.6, 1.0), (m.u(-0.2, 0.1), m.u(0.76, 0.92)))]
