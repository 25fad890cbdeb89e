"""Forms for drawn digits of the fifth edition: as `late_forms`, of hands that hardly lift the pen.

Loops where there should be none and none where there should be: a 1 has an eye like a needle, a 9 is shut at its foot
like an 8, a 4 is shut like a 9, a 2 hardly has a base, a row of 0s hangs on one thread.
"""

from __future__ import annotations

from digit_scenes.forms import Maker, Strokes
from digit_scenes.forms import form as _form
from digit_scenes.high_forms import seven_strokes

FIFTH = 5  # edition


@_form(0, 1.2, (8, 20), edition=FIFTH)
def zero_threaded(m: Maker) -> Strokes:
    """The stroke comes from the digit before, goes around once, and runs on to the next one: high, low or level."""
    rx, enter, leave = m.u(0.3, 0.7), m.u(0.0, 0.3), m.u(0.05, 0.4)
    start = m.u(-0.3, -0.12)
    body = m.arc(rx, 0.5, rx, 0.5, start, start - m.u(0.98, 1.1), 11)
    came, gone = (-enter, m.u(0.1, 0.6)), (2 * rx + leave, m.u(-0.05, 0.4))
    (x, y) = body[-1]
    lead = m.curve(came, (rx * 0.3 - enter * 0.4, m.u(0.0, 0.2)), body[0])
    return [lead, m.curve(*body, (x + rx * 0.5, y + m.u(0.02, 0.14)), gone)]


@_form(1, 2.2, edition=FIFTH)
def one_like_needle(m: Maker) -> Strokes:
    """A leaning stem with an eye at its top, narrow or shut, and now and then a long way up to it."""
    lean, eye, begun = m.u(0.1, 0.6), m.u(0.03, 0.13), m.u(0.14, 0.5)
    flag = m.u(-0.03, 0.1)
    start = (lean * (1 - begun) - flag, begun)
    top = ((lean + eye, m.u(0.06, 0.16)), (lean + eye * 0.5, 0), (lean - eye * 0.7, 0.05))
    foot = m.u(-0.02, 0.1)
    stem = ((lean * 0.5 + m.u(-0.03, 0.03), 0.5), (0, 1), (foot, 1 - foot * 0.8))
    return [m.curve(start, (lean - begun * lean * 0.4 + eye * 0.7, begun * 0.5), *top, *stem)]


@_form(1, 1.2, edition=FIFTH)
def one_swung(m: Maker) -> Strokes:
    """A long way up from the foot of the digit before, an eye or a point, a stem, and a foot that may turn right."""
    rise, flag, lean = m.u(0.5, 1.0), m.u(0.2, 0.7), m.u(0.0, 0.3)
    eye = m.u(0.0, 0.08)
    up = ((-flag, rise), (-flag * 0.3, rise * m.u(0.4, 0.7)), (lean + eye, m.u(0.05, 0.1)), (lean, 0))
    foot = m.u(0.0, 0.26)
    return [m.curve(*up, (lean - eye * 1.4, 0.1), (lean * 0.4, 0.55), (0, 0.98), (foot, m.u(0.92, 1.02)))]


@_form(2, 1.2, edition=FIFTH)
def two_short_footed(m: Maker) -> Strokes:
    """A hook and a back that is straight or bowed; the base is a stub, level, rising or falling."""
    wide, base = m.u(0.34, 0.6), m.u(0.08, 0.4)
    corner = (m.u(-0.06, 0.12), m.u(0.93, 1.0))
    top = ((0, m.u(0.04, 0.26)), (wide * 0.4, m.u(-0.02, 0.06)), (wide, m.u(0.04, 0.26)), (wide * 0.6, m.u(0.5, 0.62)))
    return [m.curve(*top, corner, corner, (corner[0] + base, corner[1] - m.u(-0.08, 0.12)))]


@_form(2, 1.1, edition=FIFTH)
def two_tailed_ring(m: Maker) -> Strokes:
    """Round as a 0 above, open or shut, then a loop at the foot or a corner, and a tail below the line."""
    rx, low = m.u(0.26, 0.44), m.u(0.6, 0.82)
    around = m.arc(rx, low / 2, rx, low / 2, m.u(0.3, 0.48), m.u(1.0, 1.16), 10)
    x, loop = rx * m.u(0.0, 0.8), m.u(0.02, 0.2)
    turn = ((x, m.u(0.9, 1.0)), (x - loop, m.u(0.86, 0.94)), (x, m.u(0.78, 0.86)))
    return [m.curve(*around, *turn, (rx * 1.3, m.u(0.88, 1.0)), (rx * 2 + m.u(-0.1, 0.3), m.u(0.86, 1.08)))]


@_form(4, 1.6, edition=FIFTH)
def four_shut(m: Maker) -> Strokes:
    """All but closed: a bow from the top to a corner at the left, a bar back to the stem, which begins at the bow."""
    wide, low, reach = m.u(0.26, 0.52), m.u(0.42, 0.68), m.u(-0.02, 0.2)
    corner, begun = (m.u(-0.04, 0.06), low), m.u(0.55, 1.0)
    bow = ((wide * begun, m.u(0.0, 0.12)), (wide * 0.3, low * m.u(0.3, 0.5)), corner, corner)
    bar = m.curve(*bow, (wide * 0.5, low + m.u(-0.02, 0.06)), (wide + reach, low - m.u(-0.02, 0.16)))
    lean = m.u(-0.02, 0.2)
    return [bar, m.curve((wide, m.u(-0.02, 0.16)), (wide - lean * 0.4, low), (wide - lean, 1))]


@_form(4, 0.9, edition=FIFTH)
def four_arched(m: Maker) -> Strokes:
    """An h: a stem, then an arch or a step from its middle or its foot, whose right side hangs below."""
    lean, low, wide = m.u(0.02, 0.3), m.u(0.56, 0.8), m.u(0.28, 0.5)
    high = low - m.u(0.08, 0.34)
    stem = ((lean, 0), (lean * 0.5, low * 0.5), (m.u(-0.02, 0.04), low))
    arch = ((wide * 0.5, high + m.u(-0.04, 0.04)), (wide, high + m.u(0.0, 0.1)))
    return [m.curve(*stem, stem[2], *arch, (wide - m.u(-0.04, 0.1), (1 + high) / 2), (wide - m.u(-0.02, 0.24), 1))]


@_form(5, 0.9, edition=FIFTH)
def five_like_v(m: Maker) -> Strokes:
    """Down and up again like a tick, narrow or wide; its bar hangs at the top, away from it or right through it."""
    dip, top, low = m.u(0.08, 0.24), m.u(0.2, 0.5), m.u(0.86, 1.0)
    down = ((m.u(-0.06, 0.06), m.u(0.2, 0.5)), (dip * 0.6, 0.68), (dip, low))
    bend = m.u(0.0, 0.14)
    up = ((dip + (top - dip) * 0.6 + bend, 0.56), (top, m.u(0.1, 0.3)))
    x, y = top + m.u(-0.14, 0.08), m.u(-0.04, 0.12)
    return [m.curve(*down, (dip, low), *up), m.curve((x, y), (x + m.u(0.18, 0.5), y + m.u(-0.1, 0.06)))]


@_form(7, 1.2, edition=FIFTH)
def seven_footed(m: Maker) -> Strokes:
    """A waved flag, a bowed stem and a foot that turns a little to the right; crossed, level or steep."""
    wide, drop = m.u(0.3, 0.6), m.u(0.02, 0.2)
    flag = (m.u(-0.06, 0.06), drop), (wide * 0.3, m.u(-0.03, 0.08)), (wide, m.u(-0.03, 0.06))
    foot, turn = wide * m.u(0.05, 0.6), m.u(0.0, 0.12)
    stem = (((wide + foot) / 2 + m.u(-0.1, 0.06), 0.5), (foot, 0.97), (foot + turn, m.u(0.93, 1.0)))
    strokes = seven_strokes(m, flag, stem, False)
    y, left, right, tilt = m.u(0.36, 0.62), m.u(0.1, 0.34), m.u(0.08, 0.36), m.u(-0.06, 0.16)
    x = wide + (foot - wide) * y
    return [*strokes, m.curve((x - left, y + tilt), (x, y + m.u(-0.03, 0.03)), (x + right, y - tilt))]


@_form(9, 2.2, edition=FIFTH)
def nine_shut_below(m: Maker) -> Strokes:
    """A loop, a stem, and a hook at its foot that comes back to the stem or near it: an 8 but for its narrow foot."""
    rx, low = m.u(0.18, 0.32), m.u(0.4, 0.56)
    loop = m.arc(rx, low / 2, rx, low / 2, m.u(-0.12, 0.0), m.u(-1.0, -0.86), 9)
    x, wide = rx * m.u(1.3, 2.0), m.u(0.08, 0.26)
    y, back = m.u(0.78, 0.92), m.u(-0.1, 0.9)
    hook = ((x - wide * 0.4, 1), (x - wide, y), (x - wide * (1 - back), y - m.u(0.04, 0.2)))
    return [m.curve(*loop, (x, m.u(0.08, 0.24)), (x + m.u(-0.04, 0.04), 0.62), (x - m.u(0.0, 0.06), 0.93), *hook)]


@_form(9, 0.9, edition=FIFTH)
def nine_bowed(m: Maker) -> Strokes:
    """Begun within its own loop or left open, its back bowed far to the right, its foot far to the left."""
    rx, low = m.u(0.2, 0.36), m.u(0.4, 0.6)
    loop = m.arc(rx, low / 2, rx, low / 2, m.u(-0.3, 0.02), m.u(-1.06, -0.8), 9)
    x = rx * m.u(1.6, 2.1)
    back = ((x + m.u(0.0, 0.12), m.u(0.3, 0.5)), (x - m.u(0.02, 0.16), 0.8))
    return [m.curve(*loop, (x, m.u(0.06, 0.2)), *back, (x - m.u(0.15, 0.5), m.u(0.94, 1.0)))]
