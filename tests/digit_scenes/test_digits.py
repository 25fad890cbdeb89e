"""Digits from IDX files: what is embedded, what others bring, and what is broken."""

from __future__ import annotations

import gzip
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import numpy as np
import pytest

from detector.errors import DataError
from digit_scenes.glyphs.digits import (
    MIN_INK_GREY,
    MNIST_DIR,
    SPLITS,
    DigitSet,
    EndlessDigits,
    Split,
    load_digits,
    read_idx,
)


def idx(array: np.ndarray, code: int = 0x08) -> bytes:
    return bytes([0, 0, code, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def write_set(folder: Path, count: int = 24, prefix: str = "") -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (count, 28, 28), dtype=np.uint8)
    labels = np.arange(count, dtype=np.uint8) % 10
    for part in ("train", "t10k"):
        (folder / f"{prefix}{part}-images-idx3-ubyte").write_bytes(idx(images))
        (folder / f"{prefix}{part}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx(labels)))
    return images, labels


def test_the_embedded_splits_have_their_sizes_and_never_share_a_digit() -> None:
    sets = {split: load_digits(split) for split in SPLITS}
    assert {name: len(digits) for name, digits in sets.items()} == {"train": 55000, "val": 5000, "test": 10000}
    pixels = {name: {image.tobytes() for image in digits.images} for name, digits in sets.items()}
    assert not pixels["train"] & pixels["test"]
    assert not pixels["val"] & pixels["test"]
    assert not pixels["train"] & pixels["val"]


def test_boxes_are_tight_to_the_ink() -> None:
    digits = load_digits("test")
    for image, box in zip(digits.images[:300], digits.boxes[:300].astype(int), strict=True):
        ys, xs = np.nonzero(image >= MIN_INK_GREY)
        assert box.tolist() == [xs.min(), ys.min(), xs.max() + 1, ys.max() + 1]


def test_another_set_of_any_size_is_read_plain_or_gzipped(tmp_path: Path) -> None:
    images, labels = write_set(tmp_path)
    train, val = load_digits("train", tmp_path), load_digits("val", tmp_path)
    assert (len(train), len(val)) == (22, 2)
    np.testing.assert_array_equal(np.concatenate([train.images, val.images]), images)
    np.testing.assert_array_equal(load_digits("test", tmp_path).labels, labels)


def test_emnist_is_turned_upright(tmp_path: Path) -> None:
    images, _ = write_set(tmp_path, prefix="emnist-digits-")
    np.testing.assert_array_equal(load_digits("test", tmp_path).images, images.transpose(0, 2, 1))


def test_qmnist_labels_are_the_first_of_eight_columns(tmp_path: Path) -> None:
    _, labels = write_set(tmp_path)
    for part in ("train", "t10k"):
        (tmp_path / f"{part}-labels-idx1-ubyte.gz").unlink()
        table = np.zeros((24, 8), ">i4")
        table[:, 0] = labels
        (tmp_path / f"{part}-labels-idx2-int").write_bytes(idx(table, 0x0C))
    np.testing.assert_array_equal(load_digits("test", tmp_path).labels, labels)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0\0\x08",
        b"hello, this is no IDX file",
        b"\x1f\x8bbroken",
        idx(np.zeros((3, 28, 28), np.uint8))[:-1],
        bytes([0, 0, 8, 3]),
    ],
)
def test_a_broken_file_is_one_clear_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "train-images-idx3-ubyte"
    path.write_bytes(content)
    with pytest.raises(DataError, match="train-images-idx3-ubyte"):
        read_idx(path)


def test_a_changed_embedded_file_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("digit_scenes.glyphs.digits.MNIST_DIR", tmp_path)
    whole = gzip.decompress((MNIST_DIR / "t10k-labels-idx1-ubyte.gz").read_bytes())
    path = tmp_path / "t10k-labels-idx1-ubyte.gz"
    path.write_bytes(gzip.compress(whole[:-1] + bytes([(whole[-1] + 1) % 10])))
    with pytest.raises(DataError, match="MD5"):
        read_idx(path)


def test_missing_files_and_wrong_shapes_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="train-images"):
        load_digits("train", tmp_path)
    (tmp_path / "train-images-idx3-ubyte").write_bytes(idx(np.zeros((2, 8, 8), np.uint8)))
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(idx(np.zeros(2, np.uint8)))
    with pytest.raises(DataError, match="28"):
        load_digits("train", tmp_path)
    with pytest.raises(ValueError, match="split"):
        load_digits(cast(Split, "everything"))


def test_labels_beyond_nine_are_refused() -> None:
    with pytest.raises(ValueError, match="0-9"):
        DigitSet(np.zeros((1, 28, 28), np.uint8), np.array([10]))


def test_an_endless_row_is_drawn_once_and_anew_after_a_failure() -> None:
    drawn: list[Split] = []

    def draw(split: Split) -> Iterator[np.ndarray]:
        if split == "test" and drawn.count("test") == 0:
            drawn.append(split)
            raise DataError("no such thing")
        for i in range(1000):
            drawn.append(split)
            yield np.full((28, 28), i % 250 + 1, np.uint8)

    row = EndlessDigits(draw)
    many = row.first("val", 30)
    assert many.labels.tolist() == [i % 10 for i in range(30)]
    np.testing.assert_array_equal(row.first("val", 7).images, many.images[:7])
    assert row.first("val", 31).images[-1, 0, 0] == 31
    assert len(row.first("train", 2)) == 2
    assert drawn == ["val"] * 31 + ["train"] * 2
    with pytest.raises(DataError):
        row.first("test", 3)
    assert len(row.first("test", 3)) == 3
    with pytest.raises(ValueError, match="a count of one or more"):
        row.first("val", 0)
