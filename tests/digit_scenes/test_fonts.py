"""Printed digits: the fonts are found, every face draws ten digits, the sets are like MNIST's."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from typing import cast

import matplotlib
import numpy as np
import pytest

from detector.errors import DataError
from digit_scenes.glyphs import fonts
from digit_scenes.glyphs.digits import MIN_INK_GREY, SPLITS, Split
from digit_scenes.glyphs.fonts import LIT_SEGMENTS, font_files, printed_digits


@pytest.fixture
def fresh() -> None:
    """The list of fonts is remembered: not from one test to the next."""
    font_files.cache_clear()


def test_the_fonts_are_those_of_matplotlib() -> None:
    found = font_files()
    assert len(found) >= 20
    assert len(set(found)) == len(found)
    folder = Path(matplotlib.get_data_path())
    assert all(path.is_file() and folder in path.parents for path in found)
    assert not any(word in path.name for path in found for word in ("LastResort", "Display", "cmex", "cmsy", "NonUni"))


@pytest.mark.usefixtures("fresh")
def test_missing_fonts_are_one_clear_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matplotlib, "get_data_path", lambda: str(tmp_path))
    with pytest.raises(DataError, match=r"DejaVuSans\.ttf"):
        font_files()


@pytest.mark.usefixtures("fresh")
def test_missing_matplotlib_is_one_clear_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(DataError, match="train"):
        font_files()


def test_every_face_draws_ten_different_digits() -> None:
    for face in fonts._digits_of_faces():
        assert len(face) == 10
        assert all(glyph.dtype == np.uint8 and glyph.shape[0] == fonts.GLYPH_HEIGHT_PX for glyph in face)
        square = [glyph[:, np.arange(64) * glyph.shape[1] // 64].astype(np.int64) for glyph in face]
        for i in range(10):
            for j in range(i):
                assert np.abs(square[i] - square[j]).mean() > 5, f"{i} looks like {j}"
        assert np.mean([glyph.mean() for glyph in face]) > 20


def test_no_two_faces_are_the_same() -> None:
    drawn = [b"".join(glyph.tobytes() for glyph in face) for face in fonts._digits_of_faces()]
    fonts_alone = drawn[: len(font_files())]
    assert len(set(fonts_alone)) == len(fonts_alone)


def test_segments_are_those_of_a_calculator() -> None:
    assert [row.count("1") for row in LIT_SEGMENTS] == [6, 2, 5, 5, 4, 5, 6, 3, 7, 6]
    assert len(set(LIT_SEGMENTS)) == 10
    eight = fonts._segments(8, 0.07, 0.02) > 127
    for digit in range(10):
        assert not (fonts._segments(digit, 0.07, 0.02) > 127)[~eight].any()


@pytest.mark.parametrize("count", [0, -3])
def test_an_empty_set_is_refused(count: int) -> None:
    with pytest.raises(ValueError, match="a count of one or more"):
        printed_digits("train", count)


def test_an_unknown_split_is_refused() -> None:
    with pytest.raises(ValueError, match="split"):
        printed_digits(cast(Split, "everything"), 10)


def test_a_set_is_like_mnists() -> None:
    digits = printed_digits("train", 600)
    assert digits.images.shape == (600, 28, 28)
    assert np.bincount(digits.labels, minlength=10).tolist() == [60] * 10
    assert (digits.images.max((1, 2)) > 200).all()
    heights = digits.boxes[:, 3] - digits.boxes[:, 1]
    widths = digits.boxes[:, 2] - digits.boxes[:, 0]
    assert 19 < heights.mean() < 22
    assert heights.min() >= 14
    assert heights.max() <= 27
    assert widths.min() >= 1
    assert widths.max() <= 28
    centres = (digits.boxes[:, :2] + digits.boxes[:, 2:]) / 2
    assert np.abs(centres - 14).max() < 4
    assert np.abs(centres.mean(0) - 14).max() < 0.5
    assert 0.04 < (digits.images >= MIN_INK_GREY).mean() < 0.35


def test_splits_share_no_digit_and_sets_begin_alike() -> None:
    seen: set[bytes] = set()
    for split in SPLITS:
        digits = printed_digits(split, 300)
        own = {image.tobytes() for image in digits.images}
        assert len(own) > 295
        assert not own & seen
        seen |= own
        np.testing.assert_array_equal(printed_digits(split, 20).images, digits.images[:20])


def test_a_set_is_the_same_in_every_process() -> None:
    digits = printed_digits("val", 40)
    code = (
        "import hashlib; from digit_scenes.glyphs.fonts import printed_digits as p;"
        "print(hashlib.md5(p('val', 40).images.tobytes()).hexdigest())"
    )
    root = Path(__file__).parents[2]
    paths = {"PYTHONPATH": os.pathsep.join([str(root), str(root / "datasets")])}
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=os.environ | paths, check=True
    )
    assert run.stdout.strip() == hashlib.md5(digits.images.tobytes()).hexdigest()
