"""Kinds of pages of writing: paragraphs, letters, lists, headings. Nearly half of them have no digit at all."""

from __future__ import annotations

import numpy as np

from digit_scenes.chance import happens
from digit_scenes.ink.composition import scrawls
from digit_scenes.ink.composition.composer import Composer
from digit_scenes.ink.composition.text import broken, gap_of, prose, put_lines, scrawl, write
from digit_scenes.texts.languages import Language, any_language, pick
from digit_scenes.texts.things import PRODUCTS, address, amount, date, digits, numbered, person, phone, place, town

DIGITLESS = 0.31
"""Share of pages for which nothing with a digit is chosen; in others there is none by chance."""
LETTERS = (12, 150)
"""Fewest and most letters of a page, log-uniform: each takes time to draw."""
SPACED = "ABCDEFGHJKLMNPQRSTUVWXYZ"
"""Capitals that may stand alone: none that is a digit's shape."""
PITCHES = (1.35, 2.4)
"""Least and most from one line to the next, in heights of a digit."""


def _letters(rng: np.random.Generator) -> int:
    """How many letters a page has."""
    return round(float(np.exp(rng.uniform(*np.log(LETTERS)))))


def _things(rng: np.random.Generator) -> int:
    """How many numbered things a page has."""
    return 0 if happens(rng, DIGITLESS) else int(rng.choice([1, 1, 2, 3, 5]))


def _fitted(page: Composer, longest: int) -> float:
    """Height of digits, pixels, so that about so many letters fit on a line."""
    return min(page.height, page.size[1] / (0.62 * longest))


def paragraphs(page: Composer) -> None:
    """Sentences that fill lines from side to side, beginning anywhere: part of a text that goes on beyond the page."""
    rng, language = page.rng, any_language(page.rng)
    height = _fitted(page, 9)
    pitch = height * float(rng.uniform(*PITCHES))
    margin = float(rng.uniform(0.0, 0.12)) * page.size[1]
    words = prose(rng, language, _letters(rng), _things(rng))
    lines = broken(page.scribe, words, (page.size[1] - margin) / height, gap_of(page))
    spare = max(page.size[0] - len(lines) * pitch, 0.0)
    y = height * 1.2 + float(rng.uniform(0, 1)) * spare
    if happens(rng, 0.2) and lines:  # a heading
        title = broken(page.scribe, _title(rng, language), page.size[1] / height, 0.6, 1.3)[:1]
        put_lines(page, title, margin, y, height, pitch)
        y += pitch * 1.5
    y = put_lines(page, lines, margin, y, height, pitch)
    if happens(rng, 0.08):
        scrawl(page, scrawls.signature(rng), float(rng.uniform(0.2, 0.6)) * page.size[1], y, height)
    page.page.frames.clear()  # no form has a box in the midst of a sentence


def _title(rng: np.random.Generator, language: Language) -> list[str]:
    """A few words as of a heading."""
    words = [pick(rng, language.words).capitalize() for _ in range(int(rng.integers(1, 4)))]
    return [word.upper() for word in words] if happens(rng, 0.4) else words


def letter(page: Composer) -> None:
    """A letter or a note: who writes to whom, when, some sentences, a signature."""
    rng, language = page.rng, any_language(page.rng)
    height = _fitted(page, 12)
    pitch = height * float(rng.uniform(*PITCHES))
    width, gap = page.size[1] / height, gap_of(page)
    with_digits = not happens(rng, DIGITLESS)
    y = height * float(rng.uniform(1.1, 2.0))
    if with_digits:
        head = [date(rng, language), address(rng, language), town(rng, language), phone(rng, language)]
        for words in head[: int(rng.integers(1, 4))]:
            lines = broken(page.scribe, words, width, gap)[:1]
            length = sum(before + run.width for before, run in lines[0]) if lines else 0.0
            put_lines(page, lines, max(page.size[1] - (length + 0.5) * height, 0.0), y, height, pitch)
            y += pitch
    greeting = [*pick(rng, language.greetings).replace("_", " ").split(), person(rng)[0] + ","]
    y = put_lines(page, broken(page.scribe, greeting, width, gap), 0.0, y, height, pitch)
    things = int(rng.choice([0, 1, 2])) if with_digits else 0
    body = broken(page.scribe, prose(rng, language, _letters(rng) // 2, things), width, gap)
    y = put_lines(page, body, 0.0, y, height, pitch)
    closing = broken(page.scribe, pick(rng, language.closings).replace("_", " ").split(), width, gap)
    y = put_lines(page, closing, 0.0, y + pitch * 0.3, height, pitch)
    if y < page.size[0]:
        scrawl(page, scrawls.signature(rng), float(rng.uniform(0, 0.3)) * page.size[1], y, height * 1.2)
    page.page.frames.clear()


def listing(page: Composer) -> None:
    """A list: things to buy or to do, with bullets, ticks, numbers or nothing before them, at times amounts behind."""
    rng, language = page.rng, any_language(page.rng)
    with_digits = not happens(rng, DIGITLESS)
    bullets = [str(rng.choice(["-", "*", "•", "", ""]))]
    if with_digits:
        bullets += ["1.", "1)", "(1)"]
    bullet = str(rng.choice(bullets))
    height = _fitted(page, 16 if with_digits else 11)
    pitch, gap = height * float(rng.uniform(*PITCHES)), gap_of(page)
    y, margin = height * float(rng.uniform(1.1, 2.5)), float(rng.uniform(0, 0.15)) * page.size[1]
    spoken = max(round((page.size[0] - y) / pitch), 1)
    behind = with_digits and happens(rng, 0.6)
    for index in range(min(int(rng.integers(2, 12)), spoken)):
        words = [bullet.replace("1", str(index + 1))] if bullet and bullet != "•" else []
        words += [pick(rng, PRODUCTS if happens(rng, 0.5) else language.words)]
        if happens(rng, 0.4):
            words.append(pick(rng, language.words))
        if behind and happens(rng, 0.7):
            words += amount(rng, language) if happens(rng, 0.5) else numbered(rng, language)
        line = broken(page.scribe, words, (page.size[1] - margin) / height, gap)[:1]
        put_lines(page, line, margin, y, height, pitch)
        if line and bullet == "" and happens(rng, 0.15):
            length = sum(before + run.width for before, run in line[0])
            scrawl(page, scrawls.strike(rng, length), margin, y, height)
        if happens(rng, 0.08) and line:
            length = sum(before + run.width for before, run in line[0])
            scrawl(page, scrawls.tick(rng), margin + (length + 0.5) * height, y, height)
        y += pitch


def jottings(page: Composer) -> None:
    """Words and things anywhere on the page, with arrows, rings and underlines; nobody could say in which order."""
    rng, language = page.rng, any_language(page.rng)
    with_digits = not happens(rng, DIGITLESS)
    page.page.told = False
    taken: list[tuple[float, float, float, float]] = []
    for _ in range(int(rng.integers(2, 9))):
        thing = with_digits and happens(rng, 0.35)
        words = (place if happens(rng, 0.4) else numbered)(rng, language) if thing else [pick(rng, language.words)]
        height = page.height * float(np.exp(rng.normal(0, 0.25)))
        run = write(page.scribe, " ".join(words))
        if run is None or run.width * height > page.size[1]:
            continue
        x = float(rng.uniform(0, page.size[1] - run.width * height))
        y = float(rng.uniform(height, max(page.size[0] - 0.4 * height, height + 1)))
        box = (x, y - height * 1.2, x + run.width * height, y + 0.4 * height)
        if any(a < box[2] and box[0] < c and b < box[3] and box[1] < d for a, b, c, d in taken):
            continue
        taken.append(box)
        page.put(run, x, y, height)
        beside = rng.uniform()
        if beside < 0.12:
            scrawl(page, scrawls.underline(rng, run.width), x, y, height)
        elif beside < 0.2:
            ring = scrawls.ring(rng, run.width + 0.6, 1.7)
            scrawl(page, ring, x - 0.3 * height, y + 0.35 * height, height)
        elif beside < 0.3 and box[2] < page.size[1] * 0.7:
            scrawl(page, scrawls.arrow(rng), box[2] + 0.3 * height, y, height)


def crossword(page: Composer) -> None:
    """Capitals one by one in rows, as in puzzles and eye charts, at times with a number among them."""
    rng = page.rng
    with_digits = not happens(rng, DIGITLESS)
    rows = []
    for _ in range(int(rng.integers(1, 6))):
        letters = rng.choice(list(SPACED), int(rng.integers(3, 9))).tolist()
        if with_digits and happens(rng, 0.4):
            letters[int(rng.integers(len(letters)))] = digits(rng, 1)
        rows.append(page.row(letters, 0.7, 0.1))
    page.block(rows)
