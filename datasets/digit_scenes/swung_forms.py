"""Forms for drawn digits of the sixth edition: as `looped_forms`, of hands that take a run-up and let the pen swing.

A 1 has a loop at its head and another at its foot, or a flag as long as its stem; a 5's bar lies far from it; a 4 is
a 9 with a corner, a 7 waves, and an 8 hardly meets itself.
"""

from __future__ import annotations

from digit_scenes.forms import Maker, Strokes
from digit_scenes.forms import form as _form
from digit_scenes.high_forms import seven_strokes

SIXTH = 6  # edition


@_form(1, 1.4, edition=SIXTH)
def one_flagged_far(m: Maker) -> Strokes:
    """A flag as long as the stem or nearly, straight or bowed, from the line before up to a point; no cross."""
    lean, wide, begun = m.u(0.0, 0.4), m.u(0.2, 0.62), m.u(0.45, 1.0)
    bow = m.u(-0.05, 0.08)
    flag = m.curve((lean - wide, begun), (lean - wide * 0.45 + bow, begun * 0.5), (lean, 0))
    return [flag, m.curve((lean, 0), (lean * 0.5 + m.u(-0.04, 0.05), 0.5), (m.u(-0.03, 0.03), 1))]


@_form(1, 1.2, edition=SIXTH)
def one_wide_eyed(m: Maker) -> Strokes:
    """A leaning stem with a tall eye beside its upper half, shut or nearly: a 9 or an l but for its width."""
    lean, eye, low = m.u(0.1, 0.5), m.u(0.07, 0.17), m.u(0.35, 0.7)
    start = (lean * (1 - low) - m.u(0.0, 0.1), low)
    left = (lean * (1 - low * 0.4) - eye * m.u(0.4, 1.0), low * 0.45)
    top = ((lean + eye * 0.3, m.u(0.0, 0.05)), (lean + eye * 0.2, 0.18))
    return [m.curve(start, left, *top, (lean * 0.45, 0.55), (m.u(-0.03, 0.05), 1))]


@_form(1, 0.8, edition=SIXTH)
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


@_form(1, 0.7, edition=SIXTH)
def one_like_bracket(m: Maker) -> Strokes:
    """A stem bowed to the right like a bracket, with a hook or a flag at its head and a foot that swings left."""
    bow, flag = m.u(0.06, 0.2), m.u(0.0, 0.3)
    start = (m.u(-0.05, 0.12) - flag, m.u(0.04, 0.26))
    return [m.curve(start, (0.06, 0), (bow, 0.3), (bow * 0.9, 0.62), (m.u(-0.12, 0.04), 0.96), (m.u(-0.3, 0.0), 1))]


@_form(1, 0.6, (9, 16), edition=SIXTH)
def one_short(m: Maker) -> Strokes:
    """Half as high as the digits beside it: a stem and no more, or a little flag."""
    lean, flag = m.u(-0.05, 0.4), m.u(0.0, 0.16)
    return [m.curve((lean - flag, flag), (lean, 0)), m.curve((lean, 0), (lean * 0.5, 0.5), (0, 1))]


@_form(1, 0.8, edition=SIXTH)
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


@_form(2, 0.9, edition=SIXTH)
def two_headed(m: Maker) -> Strokes:
    """A head that comes around to meet its own start like a 9's, a straight back, and a short base."""
    rx, low = m.u(0.16, 0.3), m.u(0.34, 0.52)
    head = m.arc(rx, low / 2, rx, low / 2, m.u(0.3, 0.52), m.u(1.0, 1.12), 8)
    foot = (m.u(-0.06, 0.16), m.u(0.93, 1.0))
    return [m.curve(*head, (rx * 1.2, 0.68), foot, foot, (foot[0] + m.u(0.12, 0.5), foot[1] - m.u(-0.05, 0.1)))]


@_form(4, 1.3, edition=SIXTH)
def four_cornered_nine(m: Maker) -> Strokes:
    """A cup with a corner or a round one, whose right side is the stem, the top open, narrow or just shut."""
    wide, low, gap = m.u(0.24, 0.46), m.u(0.36, 0.58), m.u(-0.04, 0.3)
    left = wide * gap
    cup = ((left, m.u(0.0, 0.1)), (m.u(-0.04, 0.06), low * 0.75), (m.u(0.02, 0.1), low))
    right = ((wide * 0.6, low - m.u(-0.03, 0.08)), (wide, m.u(0.04, 0.24)))
    lean = m.u(-0.04, 0.26)
    return [m.curve(*cup, cup[-1], *right, (wide - lean * 0.3, 0.5), (wide - lean, 1))]


@_form(5, 1.2, edition=SIXTH)
def five_parted(m: Maker) -> Strokes:
    """A body like a hook or a slanted S, and a bar apart from it: far to the right, above, level or rising."""
    lean, wide = m.u(0.05, 0.34), m.u(0.14, 0.36)
    body = ((lean, m.u(0.06, 0.22)), (lean * 0.5, 0.36), (lean * 0.6, 0.46), (wide + lean * 0.4, 0.66))
    end = (m.u(-0.24, 0.06), m.u(0.84, 1.0))
    x, y = lean + m.u(0.0, 0.2), m.u(-0.04, 0.14)
    return [m.curve(*body, (wide * 0.6, 0.96), end), m.curve((x, y), (x + m.u(0.16, 0.56), y - m.u(-0.1, 0.14)))]


@_form(7, 1.2, edition=SIXTH)
def seven_waving(m: Maker) -> Strokes:
    """A flag like a wave or with a loop at its corner, a stem, straight or curled at the foot, a cross or none."""
    wide, hook, dip = m.u(0.34, 0.62), m.u(0.04, 0.2), m.u(0.02, 0.12)
    flag = ((m.u(-0.05, 0.05), hook), (wide * 0.25, m.u(-0.02, 0.04)), (wide * 0.65, dip), (wide, m.u(-0.04, 0.03)))
    foot, curl = wide * m.u(0.05, 0.6), m.u(-0.1, 0.12)
    stem = (((wide + foot) / 2 + m.u(-0.04, 0.06), 0.45), (foot, 0.96), (foot + curl, m.u(0.9, 1.0)))
    strokes = seven_strokes(m, flag, stem, False)
    at, half, tilt = m.u(0.42, 0.6), m.u(0.0, 0.3), m.u(-0.06, 0.12)
    x = wide + (foot - wide) * at
    return [*strokes, m.curve((x - half, at + tilt), (x + half, at - tilt))]


@_form(8, 0.9, edition=SIXTH)
def eight_slung(m: Maker) -> Strokes:
    """A slanted S whose way back is nearly straight, its head open, its belly flat or full."""
    up, low, at, lean = m.u(0.1, 0.26), m.u(0.14, 0.3), m.u(0.4, 0.54), m.u(0.0, 0.3)
    head = ((lean + up, m.u(0.08, 0.24)), (lean, 0), (lean - up, at * 0.5), (lean * 0.5, at))
    belly = ((low, (1 + at) / 2), (-0.02, 1), (-low, (1 + at) / 2 + 0.05))
    return [m.curve(*head, *belly, (lean * 0.5, at), (lean + up * m.u(0.5, 1.6), m.u(-0.02, 0.2)))]


@_form(9, 1.0, edition=SIXTH)
def nine_upright(m: Maker) -> Strokes:
    """A small loop that may stay open, and a straight stem longer than it, upright or leaning, without a hook."""
    rx, low, lean = m.u(0.14, 0.3), m.u(0.3, 0.5), m.u(-0.08, 0.24)
    loop = m.arc(rx, low / 2, rx, low / 2, m.u(-0.14, 0.02), m.u(-1.02, -0.76), 9)
    x = rx * m.u(1.7, 2.1)
    return [m.curve(*loop), m.curve((x, m.u(-0.04, 0.16)), (x - lean * 0.4, 0.5), (x - lean, 1))]
