"""Real ink: its files, whole and damaged, the pictures that are drawn of it, and its share among a preset's digits."""

from __future__ import annotations

import csv
import gzip
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.errors import DataError, OptionError
from digit_scenes import SceneBatches, Scenes
from digit_scenes.coco_writer import dataset_head
from digit_scenes.glyphs.digits import MIN_INK_GREY, DigitSet
from digit_scenes.glyphs.ink_drawing import draw_bitmap, draw_strokes
from digit_scenes.glyphs.real_ink import INK_FILES, RealInk, read_inks
from digit_scenes.presets import MAX_DIGITS, mixed_digits

SEVEN = [[[0, 0], [40, 0], [20, 80]], [[12, 40], [38, 40]]]  # crossed; tablet units, y down
UJI, NUMBERPAD, EIGHT_POINTS, TRA, WINDEP, SEMEION = (file.name for file in INK_FILES)


def write_pen_ways(path: Path, count: int, digits: str = "0123456789") -> None:
    """`count` samples of each digit, all of which are 7s of growing size."""
    samples = {d: [(np.array(SEVEN[0]) * (1 + i)).tolist() for i in range(count)] for d in digits}
    path.write_text(json.dumps({d: [[stroke] for stroke in strokes] for d, strokes in samples.items()}))


def write_optical(path: Path, count: int) -> None:
    """`count` bitmaps of each digit: an L, gzipped."""
    bitmap = np.zeros((32, 32), int)
    bitmap[:, 8:12] = bitmap[28:, 8:26] = 1
    rows = "\n".join("".join(map(str, row)) for row in bitmap)
    text = "written by hand\nntot = 20\n" + "".join(f"{rows}\n {digit}\n" for digit in list(range(10)) * count)
    path.write_bytes(gzip.compress(text.encode()))


def write_semeion(path: Path, count: int) -> None:
    bitmap = np.zeros((16, 16), int)
    bitmap[:, :3] = bitmap[13:] = 1
    classes = np.eye(10, dtype=int).repeat(count, 0)
    rows = ["\t".join(map(str, [*bitmap.ravel(), *one_hot])) for one_hot in classes]
    rows[0] = rows[0].replace("\t", "\n", 20) + "\t1000000000"  # broken up, its class said again
    path.write_text("\n".join(rows))


def write_eight_points(path: Path, count: int) -> None:
    """`count` rows of each digit: an L, with y up."""
    points = [0, 100, 0, 75, 0, 50, 0, 25, 0, 0, 30, 0, 60, 0, 100, 0]
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow([f"input{i}" for i in range(1, 17)] + ["class"])
        rows.writerows([*points, digit] for digit in range(10) for _ in range(count))


def folder_of_all(folder: Path) -> Path:
    write_pen_ways(folder / UJI, 12)
    write_pen_ways(folder / NUMBERPAD, 10, "0123456789+e")
    write_eight_points(folder / EIGHT_POINTS, 10)
    write_optical(folder / f"{TRA}.gz", 2)
    write_optical(folder / f"{WINDEP}.gz", 2)
    write_semeion(folder / SEMEION, 10)
    return folder


def upright_l(picture: np.ndarray) -> bool:
    """Whether there is more ink at the left and at the foot than at the right and at the top."""
    ink = picture.astype(int)
    return bool(ink[:, :14].sum() > ink[:, 14:].sum() and ink[14:].sum() > ink[:14].sum())


def test_digits_of_all_files_are_like_mnists_and_equally_many(tmp_path: Path) -> None:
    digits = read_inks(folder_of_all(tmp_path), "train")
    assert len(set(np.bincount(digits.labels, minlength=10))) == 1
    x0, y0, x1, y1 = digits.boxes.T
    assert np.percentile(y1 - y0, 1) >= 16
    assert (y1 - y0).max() <= 24
    assert max(abs(x0 + x1 - 28).max(), abs(y0 + y1 - 28).max()) <= 4
    assert len(np.unique(digits.images, axis=0)) > 0.95 * len(digits)


def test_splits_share_no_sample(tmp_path: Path) -> None:
    """Samples of which each is another shape: a stroke that rises by its index."""
    way = {"3": [[[[0, 0], [10, 0], [10, 100 + 4 * i], [0, 130]]] for i in range(12)]}
    (tmp_path / UJI).write_text(json.dumps(way))
    seen = [read_inks(tmp_path, split) for split in ("train", "val", "test")]
    assert [len(s) for s in seen] == [8 * 28, 2 * 28, 2 * 28]


@pytest.mark.parametrize(
    ("name", "write"), [(EIGHT_POINTS, write_eight_points), (TRA, write_optical), (SEMEION, write_semeion)]
)
def test_nothing_is_mirrored_or_upside_down(tmp_path: Path, name: str, write: object) -> None:
    assert callable(write)
    write(tmp_path / name, 10)
    digits = read_inks(tmp_path, "train")
    assert all(map(upright_l, digits.images))


def test_what_eight_points_lose_is_left_out(tmp_path: Path) -> None:
    write_eight_points(tmp_path / EIGHT_POINTS, 10)
    assert set(read_inks(tmp_path, "train").labels.tolist()) == {0, 2, 6, 8}


def test_a_folder_without_files_says_which_are_expected(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(DataError, match=f"{folder}.*{UJI}.*{SEMEION}"):
            read_inks(folder, "train")


def test_a_split_that_no_file_has_is_said(tmp_path: Path) -> None:
    write_optical(tmp_path / f"{TRA}.gz", 1)
    with pytest.raises(DataError, match="split test"):
        read_inks(tmp_path, "test")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        (UJI, b"{"),
        (UJI, b"[1, 2]"),
        (UJI, b'{"7": [[[[0, 0], [1]]]]}'),
        (UJI, b'{"7": [[[[0, NaN], [1, 1]]]]}'),
        (UJI, b'{"7": [[]]}'),
        (NUMBERPAD, b"\xff\xfe"),
        (NUMBERPAD, gzip.compress(b'{"7": []}')[:-9]),
        (EIGHT_POINTS, b"1, 2, 3\n"),
        (EIGHT_POINTS, b"x" * 40),
        (TRA, b"0" * 32 + b"\n7\n"),
        (SEMEION, b"0 1 2 3"),
        (SEMEION, b" ".join([b"0"] * 266)),
        *((file.name, b"") for file in INK_FILES),
        *((file.name, gzip.compress(b"")) for file in INK_FILES),
    ],
)
def test_damaged_and_empty_files_are_named(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=name):
        read_inks(tmp_path, "train")


points = st.lists(st.tuples(st.integers(-500, 500), st.integers(-500, 500)), min_size=1, max_size=12)


@settings(max_examples=30, deadline=None)
@given(st.lists(points, min_size=1, max_size=3), st.integers(0, 99))
def test_any_strokes_become_ink_in_the_middle(strokes: list[list[tuple[int, int]]], seed: int) -> None:
    """A law: also of a single point, a pen that rests, or a stroke without height."""
    sample = tuple(np.array(stroke, float) for stroke in strokes)
    pictures = draw_strokes(np.random.default_rng(seed), sample, 2)
    assert pictures.shape == (2, 28, 28)
    assert (pictures >= MIN_INK_GREY).any((1, 2)).all()
    assert not pictures[:, [0, -1]].any()
    assert not pictures[:, :, [0, -1]].any()


@settings(max_examples=20, deadline=None)
@given(st.integers(8, 32), st.integers(1, 32), st.booleans())
def test_any_bitmap_becomes_ink_within_the_picture(height: int, width: int, square: bool) -> None:
    bitmap = np.zeros((32, 32), np.uint8)
    bitmap[:height, :width] = 1
    pictures = draw_bitmap(np.random.default_rng(0), bitmap, 2, 8, square)
    assert (pictures >= MIN_INK_GREY).any((1, 2)).all()
    assert not pictures[:, [0, -1]].any()
    assert not pictures[:, :, [0, -1]].any()


def test_real_ink_is_a_share_of_the_handwritten_digits(tmp_path: Path) -> None:
    ink = RealInk(folder_of_all(tmp_path), 0.3)
    own = {picture.tobytes() for picture in read_inks(tmp_path, "val").images}

    def share(digits: DigitSet) -> float:
        return float(np.mean([picture.tobytes() in own for picture in digits.images]))

    digits = mixed_digits("val", drawn=0.1, printed=0.05, ink=ink)
    assert len(digits) <= MAX_DIGITS
    handwritten, printed = digits.handwritten_and_printed
    assert share(handwritten) == pytest.approx(0.3, abs=0.01)
    assert share(printed) == 0
    assert len(printed) / len(digits) == pytest.approx(0.05, abs=0.01)


def test_presets_that_show_mnist_alone_stay_as_they_are(tmp_path: Path) -> None:
    ink = RealInk(folder_of_all(tmp_path), 0.5)
    assert Scenes("strips", "val", ink=ink).digits is Scenes("strips", "val").digits
    assert dataset_head("strips", "val", 0, None, ink) == dataset_head("strips", "val", 0, None)
    assert tmp_path.name in dataset_head("lines", "val", 0, None, ink)["info"]["attribution"]


def test_batches_take_real_ink(tmp_path: Path) -> None:
    batches = SceneBatches({"lines": 1}, 1, 0, "val", ink=RealInk(folder_of_all(tmp_path), 0.5))
    assert not np.array_equal(batches[0][0][0], SceneBatches({"lines": 1}, 1, 0, "val")[0][0][0])


def test_options_that_make_no_sense(tmp_path: Path) -> None:
    for share in (0.0, -1.0, 0.95, float("nan")):
        with pytest.raises(OptionError, match="--ink-share"):
            RealInk(tmp_path, share)
    with pytest.raises(OptionError, match=r"--mnist-dir.*--ink-dir"):
        Scenes("lines", "val", mnist_dir=tmp_path, ink=RealInk(tmp_path, 0.3))
    assert RealInk.of_options(None, 7.0) is None
