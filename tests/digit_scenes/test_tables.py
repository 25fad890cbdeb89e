"""Scenes of tables: what stands in their cells is what their text says."""

from __future__ import annotations

import numpy as np
import pytest

from digit_scenes.glyphs.digits import load_digits
from digit_scenes.glyphs.letters import letter_sources
from digit_scenes.ink.composition.combs import combs
from digit_scenes.ink.composition.composer import Composer
from digit_scenes.ink.composition.kinds import KINDS
from digit_scenes.ink.composition.rulings import FULL, LEVEL, NONE, UPRIGHT
from digit_scenes.ink.composition.scribe import Scribe
from digit_scenes.ink.composition.tables import Plan, lay
from digit_scenes.ink.hand import Hand
from digit_scenes.ink.strokes import Nib

SIZE = (384.0, 512.0)
DIGITS = load_digits("val")


def composer(seed: int, printed: bool = False) -> Composer:
    rng = np.random.default_rng(seed)
    sources = letter_sources()
    skeletons, print_ = sources["skeletons"](rng, "val"), sources["print"](rng, "val")
    letters = print_ if printed else skeletons
    hand = Hand.random(rng)
    nib = Nib(letters.stroke or 0.1, 0.5, False)
    scribe = Scribe(rng, DIGITS, letters, skeletons, printed, nib, hand, {}, False, False, False)
    return Composer(rng, scribe, SIZE, 20.0, 3)


@pytest.mark.parametrize("kind", ["marks", "logbook", "prices", "timetable", "grid", "sudoku", "calendar", "bingo"])
@pytest.mark.parametrize("seed", [0, 1])
def test_the_lines_are_the_rows_of_the_table(kind: str, seed: int) -> None:
    page = composer(seed, printed=seed == 1)
    KINDS[kind](page)
    (table,) = page.page.tables
    rows = [" ".join(cell for cell in row if cell) for row in table]
    lines = [" ".join(number.written for number in line) for line in page.page.lines()]
    assert lines == [row for row in rows if row]
    assert len({len(row) for row in table}) == 1


@pytest.mark.parametrize("seed", range(4))
def test_a_table_of_words_holds_no_digit(seed: int) -> None:
    page = composer(seed)
    KINDS["wordy table"](page)
    assert not page.page.lines()
    assert all(mark.label >= 10 for mark in page.page.marks)


def test_a_sudoku_keeps_its_cells() -> None:
    page = composer(3)
    KINDS["sudoku"](page)
    (table,) = page.page.tables
    assert len(table) == len(table[0]) in (4, 6, 9)
    for cells in [*table, *zip(*table, strict=True)]:
        given = [cell for cell in cells if cell]
        assert len(given) == len(set(given))


@pytest.mark.parametrize("seed", range(4))
def test_digits_in_the_boxes_of_a_form_are_one_number(seed: int) -> None:
    page = composer(seed)
    combs(page)
    written = "".join(number.written for line in page.page.lines() for number in line)
    assert sorted(written) == sorted(str(mark.label) for mark in page.page.marks if mark.label < 10)
    assert page.page.rulings


@pytest.mark.parametrize(("rulings", "upright"), [(FULL, True), (UPRIGHT, True), (LEVEL, False), (NONE, False)])
def test_upright_rulings_are_drawn_where_they_are_asked_for(rulings: str, upright: bool) -> None:
    page = composer(5)
    lay(page, Plan([["12", "34", "5"]] * 3, [0.5] * 3, rulings=rulings))
    ends = [ruling.points[[0, -1]] for ruling in page.page.rulings]
    assert any(abs(end[0, 1] - end[1, 1]) > abs(end[0, 0] - end[1, 0]) for end in ends) == upright
