"""Puts runs on a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from detector.categories import WRITING
from digit_scenes.chance import happens_no_draw_at_zero
from digit_scenes.glyphs.letters import Points, StrokeGlyph
from digit_scenes.ink.composition import scrawls
from digit_scenes.ink.composition.numbers import numbers_in
from digit_scenes.ink.composition.page import Composition, Fill, Mark, Row, Ruling, Run
from digit_scenes.ink.composition.scribe import LABELS, Scribe

LINE_PITCH = (1.45, 2.6)
"""Least and most from one row to the next, in heights of a digit."""
MIN_RULING_PX = 7.0
"""Least from one line of ruled paper to the next."""
RowOfRuns = Sequence[tuple[float, Run]]
"""Runs from left to right, each with the gap before it, in heights of a digit."""


@dataclass
class Composer:
    """A page that is being composed: what kinds are given."""

    rng: np.random.Generator
    """For all that is chosen."""
    scribe: Scribe
    """Who writes."""
    size: tuple[float, float]
    """Height and width of the page, pixels."""
    height: float
    """Of digits, about, pixels; kinds make them smaller where they would not fit."""
    row_count: int
    """Rows asked for; kinds that have a number of their own ignore it."""
    page: Composition = field(default_factory=Composition)
    """What is composed so far."""
    second: Scribe | None = None
    """Who writes beside the first, where the recipe has somebody: a form's printer, or who fills it in."""
    struck: float = 0.0
    """Share of runs with a number that are struck out: they are writing then, and no number."""
    ruled: float = 0.0
    """Share of blocks on ruled paper, and of columns of figures on squared paper, whose lines they keep to."""

    def run(self, text: str, size: float = 1.0) -> Run | None:
        """See `Scribe.run`."""
        return self.scribe.run(text, size)

    def row(self, tokens: Sequence[str], gap: float, spread: float = 0.3) -> RowOfRuns:
        """Tokens side by side, about `gap` heights apart; those that cannot be written are left out."""
        runs = [(gap * float(np.exp(self.rng.normal(0, spread))), self.run(token)) for token in tokens]
        return [(before, run) for before, run in runs if run]

    def put(self, run: Run, x: float, y: float, height: float, row: Row | None = None) -> None:
        """A run on the page from x on, pixels. y: of its baseline. height: of its digits. row: that its numbers are in.

        Without a row its digits are on the page, but in none of its lines: say `page.told = False` then.
        """
        if run.numbers and happens_no_draw_at_zero(self.rng, self.struck):
            void = tuple(replace(mark, label=LABELS[WRITING]) for mark in run.marks)
            lines = tuple(stroke * height + (x, y) for stroke in scrawls.struck_out(self.rng, run.width))
            self.page.marks.extend(mark.moved(x, y, height) for mark in void)
            self.draw(lines, height)
            return
        self.page.marks.extend(mark.moved(x, y, height) for mark in run.marks)
        if row is not None:
            row.numbers.extend((x + i * 1e-3, number) for i, number in enumerate(run.numbers))
            if run.numbers:
                x0, _, x1, _ = run.box
                self.page.frames.append((x + x0 * height, y - height, x + x1 * height, y))

    def trace(self, run: Run, x: float, y: float, height: float) -> None:
        """A run that only peeps in over the picture's border; characters of which more would be seen are left out."""
        self.page.marks.extend(replace(mark.moved(x, y, height), trace=True) for mark in run.marks)

    def put_row(self, row: RowOfRuns, x: float, y: float, height: float) -> Row:
        """A row on the page from x on, pixels."""
        told = self.new_row(y - height / 2)
        for index, (before, run) in enumerate(row):
            x += before * height if index else 0.0
            self.put(run, x, y, height, told)
            x += run.width * height
        return told

    def columns(self, text: str, right: float, y: float, height: float, pitch: float, row: Row | None) -> float:
        """Characters below those of other rows, each in the middle of a column.

        right: middle of the last column, pixels. pitch: from column to column, heights of a digit. y, height and row as
        of `put`. Returns where the ink begins, pixels.
        """
        x = right
        left = right
        for character in reversed(text):
            run = self.run(character)
            if run:
                left = x - (run.box[0] + run.box[2]) / 2 * height
                self.put(replace(run, numbers=()), left, y, height)
                left += run.box[0] * height
            x -= pitch * height * (0.45 if character in ".,:" else 1.0)
        if row is not None:
            row.numbers.extend((left + i * 1e-3, number) for i, number in enumerate(numbers_in(text)))
        return left

    def new_row(self, y: float) -> Row:
        """A line of the page's text. y: of the middle of its digits, pixels."""
        row = Row(y)
        self.page.rows.append(row)
        return row

    def draw(self, strokes: Sequence[Points], height: float, character: str = "") -> None:
        """Strokes of the pen in pixels of the page. character: what they are; nothing for some other writing."""
        label = LABELS.get(character, LABELS[WRITING])
        unit = np.array([[1.0, 0, 0], [0, 1.0, 0]])
        self.page.marks.append(Mark(StrokeGlyph(tuple(strokes)), label, unit, height))

    def rule(self, points: Sequence[tuple[float, float]], thickness: float, shade: float = 1.0) -> None:
        """A printed line through points, pixels of the page; see `Ruling`. No box tells of it."""
        self.page.rulings.append(Ruling(np.asarray(points, np.float64), thickness, shade))

    def fill(self, corners: Sequence[tuple[float, float]], shade: float = 1.0) -> None:
        """A printed shape, pixels of the page; see `Fill`. No box tells of it."""
        self.page.fills.append(Fill(np.asarray(corners, np.float64), shade))

    def rule_lines(self, y: float, pitch: float) -> None:
        """Ruled lines all over the page, of which one is at y, and the others every `pitch` pixels."""
        height, width = self.size
        pitch = max(pitch, MIN_RULING_PX)
        thickness, shade = float(self.rng.uniform(0.6, 1.8)), float(self.rng.uniform(0.12, 0.55))
        for row in np.arange(y - (y + 0.3 * height) // pitch * pitch, 1.3 * height, pitch).tolist():
            self.rule([(-0.3 * width, row), (1.3 * width, row)], thickness, shade)

    def rule_squares(self, x: float, y: float, side: float) -> None:
        """Squares all over the page, with a corner at (x, y)."""
        height, width = self.size
        side = max(side, MIN_RULING_PX)
        thickness, shade = float(self.rng.uniform(0.6, 1.5)), float(self.rng.uniform(0.1, 0.45))
        for row in np.arange(y - (y + 0.3 * height) // side * side, 1.3 * height, side).tolist():
            self.rule([(-0.3 * width, row), (1.3 * width, row)], thickness, shade)
        for column in np.arange(x - (x + 0.3 * width) // side * side, 1.3 * width, side).tolist():
            self.rule([(column, -0.3 * height), (column, 1.3 * height)], thickness, shade)

    def block(self, rows: Sequence[RowOfRuns], align: float | None = None) -> float:
        """Rows one below the other, as many as fit, anywhere on the page. Returns the height of their digits, pixels.

        align: 0 for rows that begin below each other, 1 for rows that end so; None for any of these, or neither.
        """
        rng = self.rng
        rows = [row for row in rows if row]
        if not rows:
            return self.height
        page_height, page_width = self.size
        widths = [row_width(row) for row in rows]
        height = min(self.height, page_width * 0.97 / max(widths), page_height * 0.8)
        above = max(max(-run.box[1] for _, run in row) for row in rows) + 0.05
        below = max(max(run.box[3] for _, run in row) for row in rows) + 0.05
        pitch = max(float(rng.uniform(*LINE_PITCH)), (above + below) * 0.8) * height
        fitting = 1 + int(max(0.0, page_height - (above + below) * height) // pitch)
        rows, widths = rows[:fitting], widths[:fitting]
        spare = max(page_height - (above + below) * height - (len(rows) - 1) * pitch, 0.0)
        y = above * height + float(rng.uniform(0, 1)) * spare
        if align is None:
            align = float(rng.choice([0.0, 0.0, 0.5, 1.0, -1.0]))
        room = page_width - max(widths) * height
        start = float(rng.uniform(0, max(room, 1e-6)))
        if happens_no_draw_at_zero(rng, self.ruled):
            double = 2 if rng.uniform() < 0.3 else 1
            self.rule_lines(y + float(rng.uniform(-0.05, 0.25)) * height, pitch / double)
        for row, width in zip(rows, widths, strict=True):
            own = page_width - width * height
            x = float(rng.uniform(0, max(own, 1e-6))) if align < 0 else start + align * (max(widths) - width) * height
            self.put_row(row, x, y, height)
            y += pitch
        return height


def row_width(row: RowOfRuns) -> float:
    """From the beginning of the first run to the end of the last, heights of a digit."""
    return sum(run.width + (before if index else 0.0) for index, (before, run) in enumerate(row))
