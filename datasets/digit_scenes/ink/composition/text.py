"""Words in lines: runs of words set one after the other, and broken where a line is full."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

import numpy as np

from digit_scenes.chance import happens
from digit_scenes.glyphs.letters import Points
from digit_scenes.ink.composition.composer import Composer, RowOfRuns
from digit_scenes.ink.composition.page import Run
from digit_scenes.ink.composition.scribe import Scribe
from digit_scenes.texts.languages import Language, sentence
from digit_scenes.texts.things import numbered


def write(scribe: Scribe, text: str, size: float = 1.0) -> Run | None:
    """A run of a text; without its accents where the scribe cannot write them, None where even that fails."""
    return scribe.run(text, size) or scribe.run(plain(text), size)


def plain(text: str) -> str:
    """A text without accents."""
    parted = unicodedata.normalize("NFD", text)
    return "".join(character for character in parted if not unicodedata.combining(character)).replace("ß", "ss")


def prose(rng: np.random.Generator, language: Language, letters: int, things: int) -> list[str]:
    """Sentences of about so many letters, with that many numbered things at any places among them."""
    words: list[str] = []
    while sum(map(len, words)) < letters:
        words += sentence(rng, language)
    for _ in range(things):
        at = int(rng.integers(len(words) + 1))
        words[at:at] = numbered(rng, language)
    return words


def broken(scribe: Scribe, words: Sequence[str], width: float, gap: float, size: float = 1.0) -> list[RowOfRuns]:
    """Words in lines of at most that width, parted by gaps, all in heights of a digit. Words too wide are left out."""
    lines: list[list[tuple[float, Run]]] = []
    x = width
    for word in words:
        run = write(scribe, word, size)
        if run is None or run.width > width:
            continue
        if x + gap + run.width > width:
            lines.append([])
            x = -gap
        lines[-1].append((gap, run))
        x += gap + run.width
    return list(lines)


def put_lines(page: Composer, lines: Sequence[RowOfRuns], x: float, y: float, height: float, pitch: float) -> float:
    """Lines one below the other as far as the page reaches, from a first baseline y on. Returns the next baseline.

    x, y, pitch: pixels.
    """
    for line in lines:
        if y > page.size[0]:
            break
        page.put_row(line, x, y, height)
        y += pitch
    return y


def gap_of(page: Composer) -> float:
    """What a writer leaves between words, heights of a digit."""
    return float(page.rng.uniform(0.35, 0.5) if page.scribe.printed else page.rng.uniform(0.4, 0.9))


def scrawl(page: Composer, strokes: Sequence[Points], x: float, y: float, height: float) -> None:
    """Strokes in heights of a digit on the page, from x on, on a baseline y, pixels. They are writing."""
    page.draw([stroke * height + (x, y) for stroke in strokes], height)


def digitless(rng: np.random.Generator, share: float) -> bool:
    """Whether this page has no digit."""
    return happens(rng, share)
