"""Forms of the 7, edition by edition. For what a form is see `form`."""

from __future__ import annotations

import numpy as np

from digit_scenes.glyphs.forms.form import Floats, Maker, Point, Strokes, form


def _bar_and_stem(
    m: Maker, top: tuple[Point, ...], stem: tuple[Point, ...], crossed: bool, wavy: bool = False
) -> Strokes:
    """A 7's strokes: a bar, a stem from the bar's end, and if `crossed` a short cross on the stem, straight or wavy."""
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


def _hooked_bar(m: Maker, wide: Floats) -> tuple[Point, ...]:
    """A 7's bar with a serif or hook at its left."""
    x, y = m.u(-0.05, 0.05), m.u(0.0, 0.05)
    return (x, y + m.u(0.08, 0.2)), (0.02, y), (0.02, y), (wide * 0.5, y + m.u(-0.02, 0.06)), (wide, m.u(-0.03, 0.03))


def _straight_bar(m: Maker, wide: Floats) -> tuple[Point, ...]:
    """A 7's bar, level or falling a little."""
    return (0, m.u(-0.04, 0.1)), (wide * 0.5, m.u(-0.03, 0.05)), (wide, m.u(-0.02, 0.03))


def _stem(m: Maker, wide: Floats, bend: Floats) -> tuple[Point, ...]:
    """A 7's stem below the bar's end. bend: how far its middle lies left of the straight line to its foot."""
    foot = wide * m.u(0.05, 0.5)
    return ((wide + foot) / 2 - bend, 0.45), (foot, 1)


@form(7, weight=1.3, edition=1)
def seven_crossed(m: Maker) -> Strokes:
    wide = m.u(0.38, 0.65)
    return _bar_and_stem(m, _straight_bar(m, wide), _stem(m, wide, m.u(-0.02, 0.08)), True)


@form(7, weight=1.6, edition=1)
def seven_hooked_crossed(m: Maker) -> Strokes:
    wide = m.u(0.4, 0.65)
    return _bar_and_stem(m, _hooked_bar(m, wide), _stem(m, wide, m.u(-0.02, 0.08)), True, wavy=True)


@form(7, weight=0.8, edition=1)
def seven_hooked(m: Maker) -> Strokes:
    wide = m.u(0.48, 0.68)
    return _bar_and_stem(m, _hooked_bar(m, wide), _stem(m, wide, m.u(0.0, 0.08)), False)


@form(7, weight=1, edition=1)
def seven_wavy(m: Maker) -> Strokes:
    """The bar is a wave."""
    wide, swing = m.u(0.45, 0.7), m.u(0.04, 0.09)
    bar = (0, m.u(0.06, 0.18)), (wide * 0.25, swing * 0.2), (wide * 0.65, swing), (wide, m.u(-0.04, 0.02))
    return _bar_and_stem(m, bar, _stem(m, wide, m.u(0.0, 0.1)), True, wavy=True)


@form(7, weight=0.9, edition=1)
def seven_bent(m: Maker) -> Strokes:
    """A stem that is steep at its foot."""
    wide = m.u(0.42, 0.65)
    foot = wide * m.u(0.25, 0.5)
    return _bar_and_stem(
        m, _straight_bar(m, wide), ((foot + wide * m.u(0.12, 0.25), 0.4), (foot, 0.75), (foot, 1)), True
    )


@form(7, weight=1.1, edition=1)
def seven_like_t(m: Maker) -> Strokes:
    """Hardly any bar, but a hook at its left and a long cross."""
    wide = m.u(0.14, 0.34)
    top = (m.u(-0.06, 0.04), m.u(0.1, 0.26)), (wide * 0.3, m.u(0.0, 0.08)), (wide, m.u(-0.02, 0.03))
    strokes = _bar_and_stem(m, top, ((wide * m.u(0.85, 1.05), 0.5), (wide * m.u(0.5, 1.0), 1)), False)
    y, left, right, tilt = m.u(0.36, 0.58), m.u(0.2, 0.4), m.u(0.26, 0.48), m.u(-0.08, 0.06)
    return [*strokes, m.curve((wide - left, y - tilt), (wide, y + m.u(-0.03, 0.03)), (wide + right, y + tilt))]


@form(7, weight=1.3, edition=2)
def seven_long_cross(m: Maker) -> Strokes:
    """A small head, and a cross as wide as it or wider."""
    wide = m.u(0.28, 0.5)
    foot, bend = wide * m.u(0.2, 0.8), m.u(-0.03, 0.08)
    top = _hooked_bar(m, wide) if m.rng.uniform() < 0.6 else ((0, m.u(0.0, 0.16)), (wide / 2, 0.04), (wide, 0.0))
    strokes = _bar_and_stem(m, top, (((wide + foot) / 2 - bend, 0.5), (foot, 1)), False)
    y, left, right, tilt = m.u(0.38, 0.6), m.u(0.22, 0.42), m.u(0.2, 0.45), m.u(-0.1, 0.08)
    x = wide + (foot - wide) * y
    wave = m.u(0.0, 0.06)
    cross = ((x - left, y - tilt), (x - left / 2, y - tilt / 2 - wave), (x + right / 2, y + tilt / 2 + wave))
    return [*strokes, m.curve(*cross, (x + right, y + tilt))]


@form(7, weight=0.7, edition=2)
def seven_plain(m: Maker) -> Strokes:
    """A round corner, not crossed."""
    wide = m.u(0.44, 0.68)
    bar = (0, m.u(-0.02, 0.1)), (wide * 0.5, m.u(0.0, 0.06)), (wide * 0.92, 0.02)
    return [m.curve(*bar, (wide, m.u(0.08, 0.14)), (wide * m.u(0.5, 0.7), 0.55), (wide * m.u(0.05, 0.5), 1))]


@form(7, weight=1.4, edition=3)
def seven_like_f(m: Maker) -> Strokes:
    """A flag that begins low at the left, a stem that is bowed, and a cross, wavy or slanted, at any height."""
    wide, drop = m.u(0.2, 0.5), m.u(0.12, 0.34)
    flag = (m.u(-0.1, 0.05), drop), (wide * 0.25, m.u(0.0, 0.1)), (wide * 0.6, m.u(0.0, 0.08)), (wide, m.u(-0.06, 0.03))
    bow, foot = m.u(-0.08, 0.1), wide * m.u(-0.1, 0.9)
    strokes = _bar_and_stem(m, flag, (((wide + foot) / 2 + bow, 0.5), (foot, 1)), False)
    y, left, right, tilt = m.u(0.34, 0.7), m.u(0.16, 0.4), m.u(0.16, 0.5), m.u(-0.12, 0.12)
    x, wave = wide + (foot - wide) * y, m.u(0.0, 0.07)
    cross = ((x - left, y + tilt), (x - left * 0.4, y + tilt * 0.4 - wave), (x + right * 0.4, y - tilt * 0.4 + wave))
    return [*strokes, m.curve(*cross, (x + right, y - tilt))]


@form(7, weight=0.7, edition=3)
def seven_curled(m: Maker) -> Strokes:
    """A hook at the left, a round corner, and a foot that turns to the right."""
    wide = m.u(0.36, 0.6)
    x = wide * m.u(0.1, 0.5)
    corner = ((wide, m.u(0.06, 0.14)), (wide * m.u(0.55, 0.8), 0.45))
    return [m.curve(*_hooked_bar(m, wide), *corner, (x, 0.9), (x + m.u(-0.05, 0.1), 1), (x + m.u(0.0, 0.25), 0.97))]


@form(7, weight=1.1, edition=4)
def seven_crossed_low(m: Maker) -> Strokes:
    """A flag, a stem, and a cross at half the height or below, so long that it is nearly a 4, or only a dot."""
    wide, drop = m.u(0.26, 0.56), m.u(0.04, 0.26)
    flag = (m.u(-0.08, 0.04), drop), (wide * 0.3, m.u(0.0, 0.12)), (wide, m.u(-0.04, 0.04))
    foot = wide * m.u(0.0, 0.7)
    strokes = _bar_and_stem(m, flag, (((wide + foot) / 2 + m.u(-0.05, 0.06), 0.5), (foot, 1)), False)
    y, left, right, tilt = m.u(0.44, 0.74), m.u(0.04, 0.4), m.u(0.04, 0.4), m.u(-0.08, 0.14)
    x = wide + (foot - wide) * y
    return [*strokes, m.curve((x - left, y + tilt), (x, y + m.u(-0.03, 0.03)), (x + right, y - tilt))]


@form(7, weight=1.2, edition=5)
def seven_footed(m: Maker) -> Strokes:
    """A waved flag, a bowed stem, a foot that turns a little to the right, and a cross, level or steep."""
    wide, drop = m.u(0.3, 0.6), m.u(0.02, 0.2)
    flag = (m.u(-0.06, 0.06), drop), (wide * 0.3, m.u(-0.03, 0.08)), (wide, m.u(-0.03, 0.06))
    foot, turn = wide * m.u(0.05, 0.6), m.u(0.0, 0.12)
    stem = (((wide + foot) / 2 + m.u(-0.1, 0.06), 0.5), (foot, 0.97), (foot + turn, m.u(0.93, 1.0)))
    strokes = _bar_and_stem(m, flag, stem, False)
    y, left, right, tilt = m.u(0.36, 0.62), m.u(0.1, 0.34), m.u(0.08, 0.36), m.u(-0.06, 0.16)
    x = wide + (foot - wide) * y
    return [*strokes, m.curve((x - left, y + tilt), (x, y + m.u(-0.03, 0.03)), (x + right, y - tilt))]


@form(7, weight=1.2, edition=6)
def seven_waving(m: Maker) -> Strokes:
    """A flag like a wave or with a loop at its corner, a stem, straight or curled at the foot, a cross or none."""
    wide, hook, dip = m.u(0.34, 0.62), m.u(0.04, 0.2), m.u(0.02, 0.12)
    flag = ((m.u(-0.05, 0.05), hook), (wide * 0.25, m.u(-0.02, 0.04)), (wide * 0.65, dip), (wide, m.u(-0.04, 0.03)))
    foot, curl = wide * m.u(0.05, 0.6), m.u(-0.1, 0.12)
    stem = (((wide + foot) / 2 + m.u(-0.04, 0.06), 0.45), (foot, 0.96), (foot + curl, m.u(0.9, 1.0)))
    strokes = _bar_and_stem(m, flag, stem, False)
    at, half, tilt = m.u(0.42, 0.6), m.u(0.0, 0.3), m.u(-0.06, 0.12)
    x = wide + (foot - wide) * at
    return [*strokes, m.curve((x - half, at + tilt), (x + half, at - tilt))]
