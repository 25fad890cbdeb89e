"""Handwritten digits from IDX files: MNIST as embedded, or any other set in that form from a folder.

The three splits never share a digit: `train` and `val` are parts of the training file, `test` is the test file.
Format: http://yann.lecun.com/exdb/mnist (big-endian: two zero bytes, a type byte, the number of dimensions, the sizes).
"""

from __future__ import annotations

import gzip
import hashlib
import math
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import islice
from pathlib import Path
from typing import Literal, get_args

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.errors import DataError

Split = Literal["train", "val", "test"]
SPLITS: tuple[Split, ...] = get_args(Split)
DIGIT_SIDE_PX = 28  # width and height of a digit's picture
MIN_INK_GREY = 64  # of 255: a pixel is ink from here on, so that a blurred edge does not widen a box
MNIST_DIR = Path(__file__).parents[1] / "mnist_idx"
MNIST_MD5 = {
    "train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
    "train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
    "t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea",
    "t10k-labels-idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
}
_IDX_TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}


@dataclass(frozen=True, eq=False)
class DigitSet:
    """Digits of one split. Raises ValueError where shapes or values are not as said below."""

    images: NDArray[np.uint8]
    """(N, 28, 28), light ink on 0. N is at least 1."""
    labels: NDArray[np.int64]
    """(N,), 0-9."""
    printed_count: int = 0
    """How many of them are printed: the last ones. All others are handwritten."""
    alone: bool = False
    """Whether no other digits may stand beside them, as those of a font whose letters are written: they may be of
    another script."""

    def __post_init__(self) -> None:
        if self.images.dtype != np.uint8 or self.images.shape != (len(self.labels), DIGIT_SIDE_PX, DIGIT_SIDE_PX):
            expected = f"uint8 ({len(self.labels)}, {DIGIT_SIDE_PX}, {DIGIT_SIDE_PX})"
            raise ValueError(f"images: expected {expected}, got {self.images.dtype} {self.images.shape}")
        if len(self.labels) == 0 or self.labels.min() < 0 or self.labels.max() > 9:
            raise ValueError(f"labels: expected at least one, each 0-9, got {np.unique(self.labels)[:20].tolist()}")

    def __len__(self) -> int:
        return len(self.labels)

    @cached_property
    def handwritten_and_printed(self) -> tuple[DigitSet, DigitSet]:
        """Two sets: the handwritten digits and the printed ones."""
        cut = len(self) - self.printed_count
        handwritten = DigitSet(self.images[:cut], self.labels[:cut])
        return handwritten, DigitSet(self.images[cut:], self.labels[cut:], self.printed_count)

    @cached_property
    def by_label(self) -> tuple[NDArray[np.int64], ...]:
        """Of each digit the indices of its pictures."""
        return tuple(np.flatnonzero(self.labels == label) for label in range(10))

    @cached_property
    def boxes(self) -> NDArray[np.float32]:
        """Tight box of each digit's ink: float32 (N, 4), pixels of its image, x1 and y1 exclusive."""
        ink = np.asarray(self.images >= MIN_INK_GREY)  # (N, 28, 28)
        columns, rows = np.asarray(ink.any(1)), np.asarray(ink.any(2))  # (N, 28)
        x0, y0 = columns.argmax(1), rows.argmax(1)
        x1, y1 = DIGIT_SIDE_PX - columns[:, ::-1].argmax(1), DIGIT_SIDE_PX - rows[:, ::-1].argmax(1)
        return np.stack([x0, y0, x1, y1], 1).astype(np.float32)  # (N, 4)


class EndlessDigits:
    """An endless row of digits for each split, labelled 0, 1, ... 9, 0, ... Each digit is drawn once and kept.

    draw: from a split to its pictures, uint8 (28, 28), always the same ones in the same order.
    """

    def __init__(self, draw: Callable[[Split], Iterator[NDArray[np.uint8]]]) -> None:
        self._draw = draw
        self._rows: dict[Split, tuple[Iterator[NDArray[np.uint8]], list[NDArray[np.uint8]]]] = {}

    def first(self, split: Split, count: int) -> DigitSet:
        """The first `count` of a split. Raises ValueError where count is less than one or split is not a split."""
        if count < 1 or split not in SPLITS:
            raise ValueError(f"expected a split of {SPLITS} and a count of one or more, got {split!r} and {count}")
        more, drawn = self._rows.pop(split) if split in self._rows else (self._draw(split), [])
        drawn.extend(islice(more, max(count - len(drawn), 0)))
        self._rows[split] = more, drawn  # not reached where drawing fails: the next call begins anew
        return DigitSet(np.stack(drawn[:count]), np.arange(count, dtype=np.int64) % 10)


def shrink_to_digit(picture: NDArray[np.uint8], gain: float) -> NDArray[np.uint8]:
    """A large picture of a glyph, light ink on 0, shrunk to that of a digit: uint8 (28, 28).

    gain: grey values are multiplied by it. Shrinking makes hairlines faint, and a faint line may not count as ink.
    """
    small = cv2.resize(picture, (DIGIT_SIDE_PX, DIGIT_SIDE_PX), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.convertScaleAbs(small, alpha=gain), np.uint8)


def read_idx(path: Path) -> np.ndarray:
    """The array in an IDX file, plain or gzipped. Raises DataError where the file is another kind or damaged."""
    try:
        data = path.read_bytes()
        if data[:2] == b"\x1f\x8b":
            data = gzip.decompress(data)
    except (OSError, EOFError) as error:
        raise DataError(f"{path}: cannot be read as an IDX file ({error}); get it again.") from error
    if len(data) < 4 or data[:2] != b"\0\0" or data[2] not in _IDX_TYPES:
        raise DataError(f"{path}: expected an IDX file, plain or gzipped, got something else; get it again.")
    expected_md5 = MNIST_MD5.get(path.name.removesuffix(".gz")) if path.parent == MNIST_DIR else None
    if expected_md5 and hashlib.md5(data, usedforsecurity=False).hexdigest() != expected_md5:
        raise DataError(f"{path}: its MD5 sum differs from that of the original MNIST file; restore it.")
    header = 4 + 4 * data[3]
    shape = struct.unpack(f">{data[3]}I", data[4:header]) if len(data) >= header else ()
    dtype = np.dtype(_IDX_TYPES[data[2]])
    if not shape or len(data) != header + math.prod(shape) * dtype.itemsize:
        raise DataError(f"{path}: expected {shape} values of {dtype}, got {len(data)} bytes; get the file again.")
    return np.frombuffer(data, dtype, offset=header).reshape(shape)


@lru_cache(maxsize=4)
def _load_file(folder: Path, part: Literal["train", "test"]) -> DigitSet:
    names = ("train",) if part == "train" else ("t10k", "test")

    def find(kind: str) -> Path:
        found = [p for p in sorted(folder.glob(f"*{kind}*idx*")) if any(name in p.name for name in names)]
        if not found:
            raise DataError(f"{folder}: expected an IDX file named like '{names[0]}-{kind}-idx...', found none.")
        return found[0]

    image_path, label_path = find("images"), find("labels")
    images, labels = read_idx(image_path), read_idx(label_path)
    if labels.ndim == 2:  # QMNIST keeps the class in the first of eight columns
        labels = labels[:, 0]
    if image_path.name.startswith("emnist"):  # EMNIST's files hold the transposed pictures
        images = images.transpose(0, 2, 1)
    if images.dtype != np.uint8 or images.shape[1:] != (DIGIT_SIDE_PX, DIGIT_SIDE_PX) or len(images) != len(labels):
        got = f"{images.dtype} {images.shape} with {len(labels)} labels"
        raise DataError(f"{image_path}: expected uint8 pictures (N, 28, 28) and as many labels, got {got}.")
    inked = (images >= MIN_INK_GREY).any((1, 2))  # an empty picture is no digit
    try:
        return DigitSet(np.ascontiguousarray(images[inked]), labels[inked].astype(np.int64))
    except ValueError as error:
        raise DataError(f"{label_path}: {error}.") from error


def load_digits(split: Split, folder: Path | None = None) -> DigitSet:
    """The digits of a split: of the embedded MNIST, or of the set whose IDX files lie in `folder`.

    The last twelfth of the training file is `val` (5,000 of MNIST's 60,000), the rest `train`.
    Raises DataError where files are missing, damaged, or do not hold 28x28 digits.
    """
    if split not in SPLITS:
        raise ValueError(f"split: expected one of {SPLITS}, got {split!r}")
    if folder is None and not MNIST_DIR.is_dir():
        raise DataError(
            "making scenes: expected MNIST's digits, got none, since the installed package does not carry them; work "
            "in a checkout of the project, or name a folder with digits in IDX form, as in: --mnist-dir FOLDER"
        )
    whole = _load_file(folder or MNIST_DIR, "test" if split == "test" else "train")
    if split == "test":
        return whole
    cut = len(whole) - math.ceil(len(whole) / 12)
    if cut == 0:
        raise DataError(f"{folder}: expected at least two training digits, to part them into train and val, got one.")
    own = slice(0, cut) if split == "train" else slice(cut, None)
    return DigitSet(whole.images[own], whole.labels[own])
