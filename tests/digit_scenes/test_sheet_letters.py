"""Letters of the sheets: one hand writes letters and digits, and no two splits share a hand."""

from __future__ import annotations

import numpy as np
import pytest

from digit_scenes.glyphs.digits import SPLITS, Split
from digit_scenes.glyphs.letter_sheets import load_faces
from digit_scenes.glyphs.sheet_letters import (
    ScriptLetters,
    SheetLetters,
    hand_letters,
    script_letters,
    sheet_print,
    split_faces,
)


@pytest.mark.parametrize("sheet", ["letters", "prints"])
def test_no_two_splits_share_a_face(sheet: str) -> None:
    parts = [split_faces(sheet, split) for split in SPLITS]
    assert sorted(index for part in parts for index in part) == list(range(len(load_faces(sheet))))
    assert all(len(part) >= 2 for part in parts)


@pytest.mark.parametrize("split", SPLITS)
def test_every_hand_writes_all_letters_and_digits(split: Split) -> None:
    rng = np.random.default_rng(1)
    for _ in range(5):
        for source in (hand_letters(rng, split), sheet_print(rng, split)):
            for character in "AghzQ0123456789.-":
                glyph = source.glyph(rng, character)
                assert glyph is not None
                x0, y0, x1, y1 = glyph.box
                assert x0 < x1 < 3
                assert -2.5 < y0 < y1 < 1.3
                assert glyph.advance is not None
                assert glyph.advance > 0
            assert source.glyph(rng, "\u4e2d") is None


def test_digits_are_about_one_high() -> None:
    rng = np.random.default_rng(2)
    boxes = [source.glyph(rng, digit).box for source in [sheet_print(rng, "train") for _ in range(8)] for digit in "08"]
    assert all(0.7 < y1 - y0 < 1.25 for _, y0, _, y1 in boxes)


def test_print_stays_the_same_and_hands_vary() -> None:
    rng = np.random.default_rng(3)
    hand, printed = SheetLetters("letters", 0, False, 0.5, unsteadiness=0.03), SheetLetters("prints", 0, True, 0.5)
    boxes = [{source.glyph(rng, "a").box for _ in range(6)} for source in (hand, printed)]
    assert len(boxes[0]) > 3
    assert len(boxes[1]) == 1


def test_accents_reach_above_their_letter() -> None:
    rng = np.random.default_rng(4)
    source = SheetLetters("prints", 0, True, 0.5)
    for plain, accented in ("eé", "aä", "oõ", "cč", "Eé"):
        boxes = [glyph.box for c in (plain, accented) if (glyph := source.glyph(rng, c))]
        assert len(boxes) == 2
        assert plain.isupper() or boxes[1][1] < boxes[0][1] - 0.05


def test_another_alphabet_has_a_letter_for_every_latin_one_and_keeps_digits() -> None:
    rng = np.random.default_rng(5)
    for _ in range(10):
        source = script_letters(rng, "train")
        assert isinstance(source, ScriptLetters)
        assert all(source.glyph(rng, c) is not None for c in "abcXYZé")
        assert source.glyph(rng, "7") is not None
