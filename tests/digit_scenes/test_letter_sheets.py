"""Sheets of letters: every face has what it says, in its place."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from detector.errors import DataError
from digit_scenes.glyphs import letter_sheets
from digit_scenes.glyphs.fonts import font_files
from digit_scenes.glyphs.letter_sheets import CELL_PX, CHARACTERS, load_faces, make_letter_row


@pytest.mark.parametrize("name", ["letters", "prints", "scripts"])
def test_every_character_has_ink_and_an_advance(name: str) -> None:
    for face in load_faces(name):
        assert face.cells
        for character, cell in face.cells.items():
            assert cell.shape == (CELL_PX, CELL_PX)
            assert cell.max() > 150, (face.name, character)
            assert face.advances[character] > 0
        assert 0 < face.small <= face.capital + 5 < CELL_PX


def test_hands_and_prints_have_all_letters_and_digits() -> None:
    for face in load_faces("letters") + load_faces("prints"):
        assert set(CHARACTERS[:62]) <= set(face.cells), face.name


def test_letters_stand_on_their_baseline() -> None:
    for face in load_faces("prints"):
        for character in "AEHLTx":
            _, y, _, height = cv2.boundingRect((face.cells[character] > 127).view(np.uint8))
            assert abs(y + height - face.baseline) < 2.5, (face.name, character)


def test_a_row_is_made_as_the_sheets_were() -> None:
    row, measures = make_letter_row(font_files()[0], "xHpé", "xHp")
    assert row.shape == (CELL_PX, 4 * CELL_PX)
    x, capital, descender, missing = np.split(row, 4, axis=1)
    assert not missing.any()
    assert measures["advances"][3] == 0
    bottoms = [sum(cv2.boundingRect((cell > 127).view(np.uint8))[1::2]) for cell in (x, capital, descender)]
    assert bottoms[0] == pytest.approx(bottoms[1], abs=1)
    assert bottoms[2] > bottoms[1] + 3


def test_a_damaged_sheet_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(letter_sheets, "FOLDER", tmp_path)
    load_faces.cache_clear()
    cv2.imwrite(str(tmp_path / "letters.png"), np.zeros((10, 10), np.uint8))
    (tmp_path / "letters.json").write_text('[{"name": "x"}]', encoding="utf-8")
    with pytest.raises(DataError, match="restore both"):
        load_faces("letters")
    load_faces.cache_clear()
