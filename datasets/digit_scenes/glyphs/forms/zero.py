"""Forms of the 0, edition by edition. For what a form is see `form`."""

from __future__ import annotations

from digit_scenes.glyphs.forms.form import Maker, Strokes, form


@form(0, weight=1, edition=1)
def zero_overlapping(m: Maker) -> Strokes:
    """Closed with an overlap: the end runs on inside or outside of the start."""
    rx, start = m.u(0.26, 0.42), m.u(-0.35, -0.12)
    body = m.arc(rx, 0.5, rx, 0.5, start, start - m.u(0.88, 0.98), 10)
    (x, y), turn = body[0], m.u(-0.12, 0.1)
    return [m.curve(*body, (x + turn, y + m.u(-0.06, 0.02)), (x + turn - m.u(0.02, 0.2), y + m.u(0.06, 0.2)))]


@form(0, weight=0.8, edition=1)
def zero_tailed(m: Maker) -> Strokes:
    """A loop at the top from which a stroke goes on to the right."""
    rx = m.u(0.26, 0.42)
    body = m.arc(rx, 0.5, rx, 0.5, -0.2, -1.2 - m.u(-0.03, 0.05), 10)
    dip = m.u(0.04, 0.14)
    return [m.curve(*body, (rx * 1.3, dip), (2 * rx + m.u(-0.05, 0.16), m.u(-0.06, 0.06)))]


@form(0, weight=0.8, edition=1)
def zero_open(m: Maker) -> Strokes:
    rx, start = m.u(0.25, 0.42), m.u(-0.35, -0.15)
    return [m.curve(*m.arc(rx, 0.5, rx, 0.5, start, start - m.u(0.92, 0.985), 10))]


@form(0, weight=0.5, edition=1)
def zero_slashed(m: Maker) -> Strokes:
    rx, reach = m.u(0.28, 0.4), m.u(0.7, 1.25)
    lean = m.u(0.25, 0.42) * reach
    slash = m.curve((rx + rx * reach, 0.5 - lean), (rx - rx * reach, 0.5 + lean))
    return [m.curve(*m.arc(rx, 0.5, rx, 0.5, 0.7, -0.3, 10)), slash]


@form(0, weight=1.2, edition=1, ink_height_px=(8, 14))
def zero_small(m: Maker) -> Strokes:
    """Much smaller than the other digits, and often wider than high."""
    rx, start = m.u(0.4, 0.75), m.u(-0.35, -0.1)
    return [m.curve(*m.arc(rx, 0.5, rx, 0.5, start, start - m.u(0.95, 1.12), 10))]


@form(0, weight=0.6, edition=2)
def zero_curled(m: Maker) -> Strokes:
    """It ends inside itself, in a curl."""
    rx, start = m.u(0.28, 0.44), m.u(-0.35, -0.15)
    body = m.arc(rx, 0.5, rx, 0.5, start, start - m.u(0.9, 1.0), 10)
    (x, y) = body[0]
    return [m.curve(*body, (x - rx * m.u(0.0, 0.3), y + m.u(0.1, 0.22)), (x - rx * m.u(0.5, 1.0), y + m.u(0.08, 0.3)))]


@form(0, weight=0.5, edition=3)
def zero_begun_within(m: Maker) -> Strokes:
    """It begins inside itself, or above, goes around anticlockwise and stops anywhere."""
    rx, start = m.u(0.28, 0.42), m.u(-0.3, -0.1)
    body = m.arc(rx, 0.5, rx, 0.5, start, start - m.u(0.92, 1.12), 11)
    (x, y) = body[0]
    return [m.curve((x - rx * m.u(-0.3, 0.6), y + m.u(-0.16, 0.2)), *body)]


@form(0, weight=0.7, edition=4, ink_height_px=(7, 13))
def zero_raised(m: Maker) -> Strokes:
    """Small, wide or narrow, begun with a hook and ended inside, or left open at the top."""
    rx, start = m.u(0.34, 0.8), m.u(-0.4, -0.05)
    body = m.arc(rx, 0.5, rx, 0.5, start, start - m.u(0.85, 1.15), 11)
    (x, y) = body[0]
    return [m.curve((x + rx * m.u(-0.4, 0.5), y + m.u(-0.2, 0.15)), *body)]


@form(0, weight=1.2, edition=5, ink_height_px=(8, 20))
def zero_threaded(m: Maker) -> Strokes:
    """The stroke comes from the digit before, goes around once, and runs on to the next one: high, low or level."""
    rx, enter, leave = m.u(0.3, 0.7), m.u(0.0, 0.3), m.u(0.05, 0.4)
    start = m.u(-0.3, -0.12)
    body = m.arc(rx, 0.5, rx, 0.5, start, start - m.u(0.98, 1.1), 11)
    came, gone = (-enter, m.u(0.1, 0.6)), (2 * rx + leave, m.u(-0.05, 0.4))
    (x, y) = body[-1]
    lead = m.curve(came, (rx * 0.3 - enter * 0.4, m.u(0.0, 0.2)), body[0])
    return [lead, m.curve(*body, (x + rx * 0.5, y + m.u(0.02, 0.14)), gone)]
