"""Forms of the 3, edition by edition. For what a form is see `form`."""

from __future__ import annotations

from digit_scenes.glyphs.forms.form import Maker, Point, Strokes, form


def _belly(m: Maker) -> tuple[Point, ...]:
    """A 3's lower bow, from its right side to its end at the left."""
    reach = m.u(0.52, 0.64)
    return ((reach, m.u(0.6, 0.7)), (reach * 0.75, m.u(0.93, 0.98)), (0.2, 1.0), (m.u(-0.08, 0.06), m.u(0.82, 0.94)))


@form(3, weight=1, edition=1)
def three_flat_top(m: Maker) -> Strokes:
    right, middle = (m.u(0.45, 0.6), m.u(-0.02, 0.05)), (m.u(0.18, 0.3), m.u(0.36, 0.45))
    return [m.curve((0, m.u(0.0, 0.06)), right), m.curve(right, middle), m.curve(middle, *_belly(m))]


@form(3, weight=1, edition=1)
def three_looped(m: Maker) -> Strokes:
    """A small loop where the two bows meet."""
    y, x, reach = m.u(0.42, 0.5), m.u(0.2, 0.3), m.u(0.5, 0.6)
    bow = ((0, m.u(0.08, 0.24)), (0.25, 0.0), (reach, m.u(0.12, 0.2)), (reach * 0.75, y - 0.08), (x + 0.06, y + 0.05))
    return [m.curve(*bow, (x - 0.06, y), (x + 0.03, y - m.u(0.07, 0.12)), (x + 0.2, y + 0.02), *_belly(m))]


@form(3, weight=0.8, edition=1)
def three_round(m: Maker) -> Strokes:
    y, reach, x = m.u(0.4, 0.5), m.u(0.42, 0.56), m.u(0.15, 0.35)
    bow = ((0, m.u(0.08, 0.24)), (0.25, 0.0), (reach, m.u(0.14, 0.2)), (reach * 0.7, y - 0.06))
    return [m.curve(*bow, (x, y), (x, y), *_belly(m))]


@form(3, weight=0.8, edition=2)
def three_tall_waist(m: Maker) -> Strokes:
    """Tall and thin: two bows of any sizes, with a knot or a corner between them."""
    top, low, waist = m.u(0.24, 0.46), m.u(0.26, 0.48), m.u(0.34, 0.56)
    x = m.u(0.02, 0.2)
    upper = ((m.u(-0.06, 0.08), m.u(0.04, 0.18)), (top * 0.6, 0.0), (top, waist * 0.45), (x + 0.04, waist))
    lower = ((x + low * 0.7, waist + m.u(0.03, 0.08)), (low + 0.06, (1 + waist) / 2 + 0.04), (low * 0.6, 0.98))
    return [m.curve(*upper, *lower, (m.u(-0.12, 0.02), m.u(0.84, 0.98)))]


@form(3, weight=0.7, edition=3)
def three_flat(m: Maker) -> Strokes:
    """Its top is a bar or a corner, its middle a tick, its foot hangs open."""
    wide, waist = m.u(0.28, 0.5), m.u(0.34, 0.5)
    bar = m.u(-0.03, 0.06)
    upper = ((0, m.u(0.0, 0.12)), (wide * 0.5, bar), (wide, bar + 0.02), (wide, bar + 0.02), (wide * 0.3, waist))
    reach = m.u(0.36, 0.58)
    lower = ((wide * 0.3, waist), (reach, waist + 0.16), (reach - 0.04, m.u(0.78, 0.9)), (reach * 0.4, 1))
    return [m.curve(*upper, *lower, (m.u(-0.14, 0.06), m.u(0.8, 0.98)))]


@form(3, weight=0.6, edition=4)
def three_like_z(m: Maker) -> Strokes:
    """A flat top, a diagonal back to the left, and a belly that hangs low and ends in a hook."""
    wide, waist = m.u(0.3, 0.52), m.u(0.32, 0.48)
    left = m.u(0.0, 0.16)
    top = ((m.u(-0.05, 0.08), m.u(0.02, 0.14)), (wide, m.u(-0.02, 0.06)), (wide, m.u(-0.02, 0.06)))
    corner = (left + 0.06, waist)
    belly = ((wide * 1.05, waist + m.u(0.12, 0.24)), (wide * 0.7, m.u(0.86, 0.98)), (m.u(-0.1, 0.12), m.u(0.86, 1.0)))
    return [m.curve(*top, corner, corner, *belly)]
