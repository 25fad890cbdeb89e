"""Letters and signs of real ink: which are there, that they stand on the line, and that pages are written with them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from detector.errors import DataError
from digit_scenes.composed import INK_LETTERS_SHARE, letters_of_page
from digit_scenes.compositions import SUMS
from digit_scenes.glyphs.ink_letters import (
    LETTERS_FILE,
    LIKE_DIGITS_OR_SIGNS,
    SIGNS_FILE,
    InkLetters,
    has_letters,
    ink_letters,
)

DRAWER_COUNT = 8


def write_letters(folder: Path, count: int = 9) -> None:
    """Greek letters 1 to `count` of several drawers: a bar that is long as its letter's number, over the same foot."""
    letters = {
        f"Greek/character{n:02}": {f"{d:02}": [[[10, 90 - 5 * n - d], [20, 90]]] for d in range(DRAWER_COUNT)}
        for n in range(1, count + 1)
    }
    (folder / LETTERS_FILE).write_text(json.dumps(letters))


def write_signs(folder: Path) -> None:
    cross, bar, digit = [[[0, 0], [50, 50]], [[50, 0], [0, 50]]], [[[0, 7], [60, 7]]], [[[0, 0], [30, 100]]]
    samples = {"x": [cross] * 10, "-": [bar] * 10, "7": [digit] * 10, "?": [digit] * 10}
    (folder / SIGNS_FILE).write_text(json.dumps(samples))


def test_letters_like_digits_are_left_out(tmp_path: Path) -> None:
    write_letters(tmp_path, 12)
    left = [n for n in range(1, 13) if n not in LIKE_DIGITS_OR_SIGNS["Greek"]]
    assert len(ink_letters(np.random.default_rng(0), "train", tmp_path).letters) == len(left)
    few = tmp_path / "few"
    few.mkdir()
    write_letters(few, 5)
    assert not has_letters(few, "train")


def test_a_word_stands_on_the_line_and_its_letters_differ(tmp_path: Path) -> None:
    write_letters(tmp_path, 16)
    rng = np.random.default_rng(0)
    hand = ink_letters(rng, "train", tmp_path)
    glyphs = [hand.glyph(rng, character) for character in "handwriting"]
    boxes = np.array([glyph.box for glyph in glyphs if glyph])
    assert len(boxes) == 11
    assert np.abs(boxes[:, 3]).max() < 0.3
    assert (boxes[:, 1] < -0.1).all()
    assert len({round(float(height), 1) for height in boxes[:, 3] - boxes[:, 1]}) > 2


def test_signs_are_as_large_as_beside_digits(tmp_path: Path) -> None:
    write_letters(tmp_path, 16)
    write_signs(tmp_path)
    rng = np.random.default_rng(0)
    hand = ink_letters(rng, "train", tmp_path)
    times, minus = hand.glyph(rng, "×"), hand.glyph(rng, "-")
    assert times
    assert minus
    assert times.box[3] - times.box[1] == pytest.approx(0.5, abs=0.1)
    assert minus.box[2] - minus.box[0] == pytest.approx(0.6, abs=0.3)
    for glyph in (times, minus):
        assert (glyph.box[1] + glyph.box[3]) / 2 == pytest.approx(-0.45, abs=0.15)
    assert [hand.glyph(rng, character) for character in "7?+"] == [None, None, None]


def test_splits_share_no_drawer(tmp_path: Path) -> None:
    write_letters(tmp_path, 16)
    heights = [
        {
            round(float(np.ptp(np.concatenate(hand.letters[0])[:, 1])), 6)
            for hand in (ink_letters(np.random.default_rng(seed), split, tmp_path) for seed in range(40))
        }
        for split in ("train", "val", "test")
    ]
    assert [len(own) for own in heights] == [DRAWER_COUNT - 4, 2, 2]
    assert len(set.union(*heights)) == DRAWER_COUNT


@pytest.mark.parametrize("content", [b"", b"[]", b'{"Greek/character01": [[[0, 0]]]}', b"\x1f\x8b\x08broken"])
def test_damaged_files_are_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / LETTERS_FILE).write_bytes(content)
    with pytest.raises(DataError, match=LETTERS_FILE):
        has_letters(tmp_path, "train")


def test_a_folder_without_letters_has_none(tmp_path: Path) -> None:
    assert not has_letters(tmp_path, "train")


def test_a_share_of_handwritten_pages_is_in_them(tmp_path: Path) -> None:
    write_letters(tmp_path, 16)
    recipe = replace(SUMS[0], letters={"skeletons": 1.0})

    def share(inks: Path | None) -> float:
        hands = [letters_of_page(np.random.default_rng(seed), "train", recipe, inks) for seed in range(200)]
        return float(np.mean([isinstance(hand, InkLetters) for hand in hands]))

    assert share(tmp_path) == pytest.approx(INK_LETTERS_SHARE, abs=0.1)
    assert share(None) == 0
    recipe = replace(recipe, letters={"print": 1.0})
    assert share(tmp_path) == 0
