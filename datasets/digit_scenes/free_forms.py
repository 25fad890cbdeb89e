"""More forms, for drawn digits of the third edition: as `forms`, of hands in a hurry.

What sets a digit apart from another one is hardly there any more: a 2 is a 9 but for a tick at its foot, a 1 a 7 but
for its corner, a 4 a 6 but for its opening.
"""

from __future__ import annotations

from digit_scenes.forms import Maker, Strokes
from digit_scenes.forms import form as _form
from digit_scenes.high_forms import hooked_bar, seven_strokes

THIRD = 3  # edition


@_form(0, 0.5, edition=THIRD)
def zero_begun_within(m: Maker) -> Strokes:
    """It begins inside itself, or above, goes around against the clock and stops anywhere."""
    rx, start = m.u(0.28, 0.42), m.u(-0.3, -0.1)
    body = m.arc(rx, 0.5, rx, 0.5, start, start - m.u(0.92, 1.12), 11)
    (x, y) = body[0]
    return [m.curve((x - rx * m.u(-0.3, 0.6), y + m.u(-0.16, 0.2)), *body)]


@_form(1, 2, edition=THIRD)
def one_like_roof(m: Maker) -> Strokes:
    """The flag begins near the foot: an A without its bar, narrow or wide, both sides straight or bowed."""
    rise, flag, bow = m.u(0.45, 1.0), m.u(0.16, 0.55), m.u(-0.04, 0.1)
    lean = m.u(-0.12, 0.14)
    up = m.curve((-flag, rise), (-flag * 0.5 + bow * 0.5, rise * 0.5 + bow), (0, 0))
    return [up, m.curve((0, 0), (lean * 0.5 + m.u(-0.02, 0.04), 0.5), (lean, 1))]


@_form(1, 0.8, edition=THIRD)
def one_waved(m: Maker) -> Strokes:
    """One stroke: swings up to the top, turns in a narrow bend and falls, its foot turned to the right or not."""
    flag, rise, turn = m.u(0.14, 0.42), m.u(0.3, 0.8), m.u(0.02, 0.07)
    foot, lean = m.u(0.0, 0.2), m.u(-0.16, 0.06)
    up = ((-flag, rise), (-flag * 0.4, rise * m.u(0.35, 0.6)), (-turn, 0.03), (turn, 0.05))
    return [m.curve(*up, (turn + lean * 0.5, 0.5), (lean, 0.97), (lean + foot * 0.5, 1), (lean + foot, m.u(0.88, 1)))]


@_form(2, 1.4, edition=THIRD)
def two_like_nine(m: Maker) -> Strokes:
    """A closed loop nearly as high as the digit, and a tick to the right at its foot."""
    rx, low = m.u(0.22, 0.36), m.u(0.5, 0.8)
    loop = m.arc(rx, low / 2, rx, low / 2, m.u(0.14, 0.4), m.u(1.0, 1.12), 10)
    x, tick = rx * m.u(0.1, 0.9), m.u(0.12, 0.5)
    turn = (x, m.u(0.94, 1.0))
    return [m.curve(*loop, (rx * m.u(1.0, 1.4), low + (1 - low) * 0.4), turn, turn, (x + tick, m.u(0.84, 1.02)))]


@_form(2, 0.8, edition=THIRD)
def two_flying(m: Maker) -> Strokes:
    """A flat bow, and a base that swings far to the right, over or under the line."""
    wide, turn = m.u(0.26, 0.46), m.u(0.1, 0.3)
    x, y = m.u(-0.12, 0.08), m.u(0.9, 1.0)
    top = ((0, m.u(0.12, 0.3)), (wide * 0.45, 0), (wide, turn), (wide * 0.6, m.u(0.5, 0.65)))
    wave = m.u(-0.1, 0.12)
    return [m.curve(*top, (x, y), (x, y), (x + wide * 0.8, y - wave), (wide + m.u(0.2, 0.6), m.u(0.8, 1.06)))]


@_form(3, 0.7, edition=THIRD)
def three_flat(m: Maker) -> Strokes:
    """Its top is a bar or a corner, its middle a tick, its foot hangs open."""
    wide, waist = m.u(0.28, 0.5), m.u(0.34, 0.5)
    bar = m.u(-0.03, 0.06)
    upper = ((0, m.u(0.0, 0.12)), (wide * 0.5, bar), (wide, bar + 0.02), (wide, bar + 0.02), (wide * 0.3, waist))
    reach = m.u(0.36, 0.58)
    lower = ((wide * 0.3, waist), (reach, waist + 0.16), (reach - 0.04, m.u(0.78, 0.9)), (reach * 0.4, 1))
    return [m.curve(*upper, *lower, (m.u(-0.14, 0.06), m.u(0.8, 0.98)))]


@_form(4, 1.3, edition=THIRD)
def four_like_b(m: Maker) -> Strokes:
    """One stroke: down, around a round corner, up over a hump, and down again, the second leg short."""
    lean, low, wide = m.u(0.0, 0.4), m.u(0.6, 0.85), m.u(0.26, 0.5)
    start = lean + m.u(-0.05, 0.05)
    bend = ((start * 0.45, low * 0.5), (m.u(-0.03, 0.04), low * 0.95), (wide * 0.35, low * m.u(0.82, 0.96)))
    hump = ((wide * 0.75, low - m.u(0.16, 0.34)), (wide, low - m.u(0.04, 0.2)))
    return [m.curve((start, 0), *bend, *hump, (wide - m.u(-0.04, 0.16), 1))]


@_form(4, 1, edition=THIRD)
def four_crossing(m: Maker) -> Strokes:
    """A bent stroke that ends far right, and a stem that crosses its end, high or low, long or short."""
    lean, low, wide = m.u(0.0, 0.34), m.u(0.46, 0.74), m.u(0.4, 0.75)
    corner = (m.u(-0.06, 0.06), low)
    end = (wide, low + m.u(-0.14, 0.1))
    bent = m.curve((lean, m.u(0.0, 0.12)), (lean * 0.5, low * 0.5), corner, corner, (wide * 0.5, low + 0.02), end)
    at, tilt = wide * m.u(0.5, 0.9), m.u(-0.05, 0.16)
    return [bent, m.curve((at + tilt, low - m.u(0.14, 0.6)), (at, low + 0.05), (at - tilt * m.u(0.2, 1.2), 1))]


@_form(4, 0.6, edition=THIRD)
def four_like_nine(m: Maker) -> Strokes:
    """A round head closed at its top, pointed below at the left; the stem is its right side."""
    wide, low = m.u(0.28, 0.5), m.u(0.46, 0.66)
    top = (wide + m.u(-0.06, 0.04), m.u(0.0, 0.1))
    corner = (m.u(-0.05, 0.03), low - m.u(0.0, 0.06))
    head = ((wide * 0.5, low * m.u(0.08, 0.4)), corner, (wide * 0.3, low + m.u(0.0, 0.05)))
    return [m.curve(top, *head, (wide, low - m.u(0.0, 0.16))), m.curve(top, (wide, 0.5), (wide - m.u(-0.08, 0.26), 1))]


@_form(5, 0.8, edition=THIRD)
def five_falling(m: Maker) -> Strokes:
    """A leaning stem with hardly any belly, and a bar that flies off to the right."""
    x, belly = m.u(0.1, 0.36), m.u(0.08, 0.26)
    stem = ((x, 0.04), (x * 0.7, 0.4), (x * 0.7 + belly, m.u(0.52, 0.66)), (x * 0.6 + belly * 0.6, 0.86))
    gap = m.u(-0.04, 0.1)
    bar = m.curve((x + gap, m.u(0.0, 0.08)), (x + 0.25, m.u(-0.04, 0.06)), (x + m.u(0.34, 0.8), m.u(-0.14, 0.08)))
    return [m.curve(*stem, (m.u(-0.2, 0.1), m.u(0.9, 1.0))), bar]


@_form(6, 0.7, edition=THIRD)
def six_like_b(m: Maker) -> Strokes:
    """A straight stem, and a loop that is small, or not closed, or pointed."""
    lean, high, wide = m.u(0.1, 0.5), m.u(0.45, 0.68), m.u(0.26, 0.46)
    loop = ((wide * 0.5, 1), (wide, (1 + high) / 2 + 0.05), (wide * 0.6, high), (m.u(0.0, 0.2), high + m.u(0.08, 0.26)))
    return [m.curve((lean, 0), (lean * 0.4, 0.4), (m.u(-0.02, 0.05), 0.84), *loop)]


@_form(7, 1.4, edition=THIRD)
def seven_like_f(m: Maker) -> Strokes:
    """A flag that begins low at the left, a stem that is bowed, and a cross, wavy or slanted, at any height."""
    wide, drop = m.u(0.2, 0.5), m.u(0.12, 0.34)
    flag = (m.u(-0.1, 0.05), drop), (wide * 0.25, m.u(0.0, 0.1)), (wide * 0.6, m.u(0.0, 0.08)), (wide, m.u(-0.06, 0.03))
    bow, foot = m.u(-0.08, 0.1), wide * m.u(-0.1, 0.9)
    strokes = seven_strokes(m, flag, (((wide + foot) / 2 + bow, 0.5), (foot, 1)), False)
    y, left, right, tilt = m.u(0.34, 0.7), m.u(0.16, 0.4), m.u(0.16, 0.5), m.u(-0.12, 0.12)
    x, wave = wide + (foot - wide) * y, m.u(0.0, 0.07)
    cross = ((x - left, y + tilt), (x - left * 0.4, y + tilt * 0.4 - wave), (x + right * 0.4, y - tilt * 0.4 + wave))
    return [*strokes, m.curve(*cross, (x + right, y - tilt))]


@_form(7, 0.7, edition=THIRD)
def seven_curled(m: Maker) -> Strokes:
    """A hook at the left, a round corner, and a foot that turns to the right."""
    wide = m.u(0.36, 0.6)
    x = wide * m.u(0.1, 0.5)
    corner = ((wide, m.u(0.06, 0.14)), (wide * m.u(0.55, 0.8), 0.45))
    return [m.curve(*hooked_bar(m, wide), *corner, (x, 0.9), (x + m.u(-0.05, 0.1), 1), (x + m.u(0.0, 0.25), 0.97))]


@_form(8, 0.8, edition=THIRD)
def eight_of_two(m: Maker) -> Strokes:
    """Two loops one upon the other that touch, overlap or miss each other, or do not close."""
    up, low, at = m.u(0.16, 0.28), m.u(0.2, 0.34), m.u(0.4, 0.54)
    x, apart = m.u(-0.08, 0.08), m.u(-0.05, 0.03)
    first, second = m.u(0.0, 1.0), m.u(0.6, 0.9)
    upper = m.arc(x, at / 2, up, at / 2, first, first - m.u(0.92, 1.06), 10)
    lower = m.arc(0, (1 + at) / 2, low, (1 - at) / 2 - apart, second, second - m.u(0.9, 1.06), 10)
    return [m.curve(*upper), m.curve(*lower)]


@_form(9, 1.4, edition=THIRD)
def nine_like_ribbon(m: Maker) -> Strokes:
    """A loop whose ends cross below it: one ends there or runs on, the other is the tail."""
    rx, low = m.u(0.16, 0.3), m.u(0.4, 0.62)
    end, foot = m.u(0.0, 0.34), m.u(-0.25, 0.3)
    y = low + end
    start = (rx * m.u(1.2, 2.2), y)
    around = m.arc(rx, low / 2, rx, low / 2, 0.48, 1.06, 8)
    return [m.curve(start, (rx * m.u(0.5, 0.9), low * m.u(0.86, 1.0)), *around, (rx * 1.2, low), (foot + rx, 1))]


@_form(9, 1, edition=THIRD)
def nine_like_r(m: Maker) -> Strokes:
    """A loop at the top from which the tail goes down to the right, or straight, or bowed."""
    rx, low = m.u(0.18, 0.34), m.u(0.42, 0.66)
    start = m.u(0.0, 0.4)
    loop = m.arc(rx, low / 2, rx, low / 2, start, start + m.u(0.95, 1.1), 10)
    x, foot = rx * m.u(0.7, 1.9), m.u(-0.1, 0.4)
    return [m.curve(*loop), m.curve((x, low * m.u(0.7, 1.0)), (x + foot * 0.4, 0.7), (x + foot, 1))]
