"""Kinds of small crops as of one field of a form: a word or two, a mark of the pen, and now and then a number."""

from __future__ import annotations

import numpy as np

from digit_scenes.chance import happens
from digit_scenes.glyphs.letters import Points
from digit_scenes.ink.composition import scrawls
from digit_scenes.ink.composition.composer import Composer
from digit_scenes.ink.composition.page import Run
from digit_scenes.ink.composition.text import scrawl, write
from digit_scenes.texts.languages import Language, any_language, pick
from digit_scenes.texts.things import CITIES, PRODUCTS, amount, code, date, digits, measure, numbered, person, place

ANSWERS = (
    "nil Nil NIL none None n/a N/A Yes No yes no YES NO OK ok male female M F same ditto absent passed Paid PAID "
    "void cash Oui Non Ja Nein Sí Não Ndiyo Hapana Ano Ne only cents full empty left right true false total"
)
"""What stands in a field instead of a number."""
LONE_SIGNS = "? ! & # * @ A E F H K M N R W X Y a e f h k m n r w"
"""Characters that stand alone; none that could be a digit."""


def _fit(page: Composer, run: Run) -> tuple[float, float, float]:
    """Where a run goes on the page, x and baseline, and how high its digits are, pixels."""
    rng = page.rng
    height = min(
        page.height, page.size[1] * 0.97 / max(run.width, 0.1), page.size[0] * 0.95 / (run.box[3] - run.box[1])
    )
    x = float(rng.uniform(0, max(page.size[1] - run.width * height, 1e-6)))
    above, below = -run.box[1] * height, run.box[3] * height
    return x, above + float(rng.uniform(0, max(page.size[0] - above - below, 1e-6))), height


def _underlay(page: Composer, y: float, height: float) -> None:
    """What a form has around a field: a line below it, dots, or a frame; often nothing."""
    rng, kind = page.rng, page.rng.uniform()
    thickness, shade = float(rng.uniform(0.8, 2.5)), float(rng.uniform(0.3, 1.0))
    x0, x1 = float(rng.uniform(-0.3, 0.1)) * page.size[1], float(rng.uniform(0.9, 1.3)) * page.size[1]
    below = y + height * float(rng.uniform(0.05, 0.35))
    if kind < 0.2:
        page.rule([(x0, below), (x1, below)], thickness, shade)
    elif kind < 0.28:
        step = float(rng.uniform(4, 9))
        for x in np.arange(x0, x1, step).tolist():
            page.rule([(x, below), (x + 1.0, below)], thickness, shade)
    elif kind < 0.4:
        top = y - height * float(rng.uniform(1.15, 1.8))
        page.rule([(x0, top), (x1, top), (x1, below), (x0, below), (x0, top)], thickness, shade)


def _neighbours(page: Composer, height: float) -> None:
    """At times the feet of a word above or the heads of one below, which peep in at the borders."""
    rng, language = page.rng, any_language(page.rng)
    for y in (height * float(rng.uniform(-0.1, 0.25)), page.size[0] + height * float(rng.uniform(0.6, 1.0))):
        if not happens(rng, 0.12):
            continue
        words = numbered(rng, language) if happens(rng, 0.4) else [pick(rng, language.words)]
        run = write(page.scribe, " ".join(words))
        if run:
            page.trace(run, float(rng.uniform(-0.1, 0.6)) * page.size[1], y, height)


def _words(rng: np.random.Generator, language: Language) -> list[str]:
    """A word or a few, without digits."""
    kind = rng.uniform()
    if kind < 0.3:
        return person(rng) if happens(rng, 0.5) else person(rng)[-1:]
    if kind < 0.5:
        return [pick(rng, ANSWERS)]
    if kind < 0.85:
        words = f"{language.words} {language.months} {language.days} {language.numbers} {CITIES} {PRODUCTS}"
        return [pick(rng, words) for _ in range(int(rng.choice([1, 1, 2])))]
    return [pick(rng, language.small), pick(rng, language.words)]


def lone_words(page: Composer) -> None:
    """A word or two as large as the picture allows, at times underlined, struck out or scribbled over."""
    rng, language = page.rng, any_language(page.rng)
    case = (str, str, str.capitalize, str.upper)[int(rng.integers(4))]
    run = write(page.scribe, case(" ".join(_words(rng, language))))
    if run is None:
        return
    x, y, height = _fit(page, run)
    _underlay(page, y, height)
    _neighbours(page, height)
    page.put(run, x, y, height)
    beside = rng.uniform()
    if beside < 0.1:
        scrawl(page, scrawls.underline(rng, run.width), x, y, height)
    elif beside < 0.18:
        scrawl(page, scrawls.strike(rng, run.width), x, y, height)
    elif beside < 0.25:
        scrawl(page, scrawls.scribble(rng, run.width, 0.9), x, y, height)
    elif beside < 0.3:
        scrawl(page, scrawls.ring(rng, run.width + 0.5, 1.6), x - 0.25 * height, y + 0.3 * height, height)


def _scrawl(rng: np.random.Generator) -> list[Points]:
    """Something drawn with the pen."""
    kinds = (
        scrawls.signature,
        scrawls.signature,
        scrawls.tick,
        scrawls.cross,
        scrawls.arrow,
        lambda rng: scrawls.scribble(rng, float(rng.uniform(1, 5))),
        lambda rng: scrawls.underline(rng, float(rng.uniform(1, 5))),
        lambda rng: scrawls.ring(rng, float(rng.uniform(1.8, 4)), float(rng.uniform(0.9, 1.3))),
    )
    return kinds[int(rng.integers(len(kinds)))](rng)


def marks_of_a_pen(page: Composer) -> None:
    """A signature, a tick, a cross, a scribble, an arrow, a line, or a lone letter."""
    rng = page.rng
    count = int(rng.choice([1, 1, 1, 2, 3]))
    part = page.size[1] / count
    height = min(page.height, page.size[0] * 0.6)
    y = page.size[0] * float(rng.uniform(0.55, 0.85))
    _underlay(page, y, height)
    _neighbours(page, height)
    for index in range(count):
        if happens(rng, 0.2):
            run = write(page.scribe, pick(rng, LONE_SIGNS))
            if run:
                page.put(run, (index + 0.3) * part, y, height)
            continue
        strokes = _scrawl(rng)
        reach = max(float(stroke[:, 0].max()) for stroke in strokes)
        own = min(height, part * 0.95 / max(reach, 0.1))
        x = index * part + float(rng.uniform(0, max(part - reach * own, 1e-6)))
        scrawl(page, strokes, x, y, own)


def value(page: Composer) -> None:
    """A number, alone or with a unit, a currency, a word or letters."""
    rng, language = page.rng, any_language(page.rng)
    makers = (amount, amount, measure, measure, date, code, place, numbered)
    number = happens(rng, 0.3)
    words = [digits(rng, int(rng.integers(1, 7)))] if number else makers[int(rng.integers(len(makers)))](rng, language)
    run = write(page.scribe, " ".join(words))
    if run is None:
        return
    x, y, height = _fit(page, run)
    _underlay(page, y, height)
    _neighbours(page, height)
    page.put(run, x, y, height, page.new_row(y - height / 2))
