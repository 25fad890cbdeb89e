"""Digits of open handwriting fonts: the sheet is whole, the sets are like MNIST's, the splits share no font."""

from __future__ import annotations

from pathlib import Path

import cv2
import matplotlib
import numpy as np
import pytest

from detector.errors import DataError
from digit_scenes.glyphs import lettering
from digit_scenes.glyphs.digits import MIN_INK_GREY, SPLITS, EndlessDigits, Split
from digit_scenes.glyphs.lettering import CELL_PX, MAX_GLYPH_PX, face_indices, lettered_digits, make_sheet

FONTS = sorted((Path(matplotlib.get_data_path()) / "fonts" / "ttf").glob("DejaVuSans*.ttf"))[:3]


@pytest.mark.parametrize(("split", "count"), [("train", 0), ("val", -3), ("nonsense", 10)])
def test_nonsense_is_refused(split: Split, count: int) -> None:
    with pytest.raises(ValueError, match="expected a split"):
        lettered_digits(split, count)


def test_the_sheet_has_ten_different_digits_of_each_font_and_every_font_is_named() -> None:
    faces = lettering._digits_of_faces()
    of_digits, _ = (lettering.SHEET_PATH.parent / "README.md").read_text("utf-8").split("\n## Letters\n")
    named = [row for row in of_digits.splitlines() if " | " in row]
    assert len(named) - 1 == len(faces) > 200  # without the table's head
    ink = (faces > 127).mean((2, 3))
    assert (ink > 0.005).all()
    different = np.unique(faces.reshape(-1, CELL_PX * CELL_PX), axis=0)
    assert len(different) > 0.97 * 10 * len(faces)  # schools share some


def test_no_two_splits_share_a_font_and_none_is_left_out() -> None:
    indices = [index for split in SPLITS for index in face_indices(split)]
    assert sorted(indices) == list(range(len(lettering._digits_of_faces())))
    assert len(face_indices("train")) > 10 * len(face_indices("val")) > 10


@pytest.mark.parametrize("split", SPLITS)
def test_they_are_like_mnists_digits(split: Split) -> None:
    digits = lettered_digits(split, 600)
    assert digits.images.shape == (600, 28, 28)
    np.testing.assert_array_equal(digits.labels, np.arange(600) % 10)
    ink = np.asarray(digits.images >= MIN_INK_GREY)
    assert digits.images[:, 0].max() == digits.images[:, -1].max() == 0
    assert (digits.images.max((1, 2)) > 100).all()
    assert 0.03 < np.median(ink.mean((1, 2))) < 0.3
    rows = np.asarray(ink.any(2))
    assert np.median(rows.sum(1)) >= 15
    middle = (rows.argmax(1) + 28 - rows[:, ::-1].argmax(1)) / 2
    assert np.abs(middle - 14).max() <= 1.5


def test_they_are_always_the_same_and_no_two_alike() -> None:
    many = lettered_digits("val", 200)
    np.testing.assert_array_equal(EndlessDigits(lettering._samples).first("val", 50).images, many.images[:50])
    assert len(np.unique(many.images.reshape(200, -1), axis=0)) == 200


@pytest.mark.parametrize("pen", [7.0, 10.0, 13.0])
def test_a_glyph_is_written_with_the_pen_asked_for(pen: float) -> None:
    bar = np.zeros((CELL_PX, CELL_PX), np.uint8)
    bar[8:56, 27:36] = 255
    assert lettering._stroke_width(bar) == pytest.approx(9, abs=2.0)
    assert lettering._stroke_width(lettering._with_pen(bar, pen)) == pytest.approx(pen, abs=2.0)


def test_a_hairline_is_not_thinned_away() -> None:
    line = np.zeros((CELL_PX, CELL_PX), np.uint8)
    line[8:56, 30:32] = 255
    assert cv2.countNonZero(lettering._with_pen(line, 0.0)) == cv2.countNonZero(line)


def test_a_sheet_of_any_fonts_keeps_their_sizes() -> None:
    sheet = make_sheet(FONTS)
    assert sheet.shape == (CELL_PX * len(FONTS), CELL_PX * 10)
    rows = (sheet.reshape(-1, CELL_PX, 10, CELL_PX) > 64).any(3).sum(1)  # ink height of each digit
    assert ((rows > 0.8 * MAX_GLYPH_PX) & (rows <= MAX_GLYPH_PX)).all()


def test_what_is_no_font_is_one_clear_sentence(tmp_path: Path) -> None:
    (tmp_path / "a.ttf").write_text("no font")
    with pytest.raises(DataError, match=r"a\.ttf: expected a font"):
        make_sheet([tmp_path / "a.ttf"])


def test_a_damaged_sheet_is_one_clear_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lettering, "SHEET_PATH", tmp_path / "digits.png")
    lettering._digits_of_faces.cache_clear()
    with pytest.raises(DataError, match=r"digits\.png: expected rows of ten digits"):
        lettering._digits_of_faces()
    lettering._digits_of_faces.cache_clear()
