"""Words in lines: runs of words set one after the other, and broken where a line is full."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from detector.categories import WRITING
from digit_scenes.glyphs.letters import Points, StrokeGlyph
from digit_scenes.ink.composition.composer import Composer, RowOfRuns
from digit_scenes.ink.composition.page import Mark, Run
from digit_scenes.ink.composition.scribe import LABELS, Scribe, ridge_level
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


def scrawl(
    page: Composer, strokes: Sequence[Points], x: float, y: float, height: float, pen: Scribe | None = None
) -> None:
    """Strokes in heights of a digit on the page, from x on, on a baseline y, pixels. They are writing.

    pen: whose, where it is not the first writer's.
    """
    weight = pen.nib.thickness / page.scribe.nib.thickness if pen else 1.0
    glyph = StrokeGlyph(tuple(stroke * height + (x, y) for stroke in strokes), weight=weight)
    page.page.marks.append(Mark(glyph, LABELS[WRITING], np.array([[1.0, 0, 0], [0, 1.0, 0]]), height))


def of_own_pen(run: Run, page: Composer, writer: Scribe) -> Run:
    """A run of somebody who writes beside the page's first writer, as thick as the own pen is: pages know one pen."""
    level, weight = ridge_level(writer.nib.thickness), writer.nib.thickness / page.scribe.nib.thickness
    marks = []
    for mark in run.marks:
        glyph = mark.glyph
        if isinstance(glyph, StrokeGlyph):
            glyph = replace(glyph, weight=glyph.weight * weight)
        elif glyph.level is None:
            glyph = replace(glyph, level=level)
        marks.append(replace(mark, glyph=glyph))
    return replace(run, marks=tuple(marks))
