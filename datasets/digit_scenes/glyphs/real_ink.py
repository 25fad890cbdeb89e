"""Real digits beside MNIST's, from a folder of public files of pens' ways and bitmaps: other countries' hands.

The files are not part of the project; a folder with some of them is enough. For what each holds, where it is from and
under which licence see docs/training.md. No two splits share a sample and, where a file goes by writers, a writer.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from detector.errors import DataError, OptionError
from digit_scenes.glyphs.digits import DIGIT_SIDE_PX, MIN_INK_GREY, SPLITS, DigitSet, Split
from digit_scenes.glyphs.ink_drawing import draw_bitmap, draw_strokes
from digit_scenes.glyphs.ink_files import (
    Bitmap,
    Strokes,
    found,
    read_eight_points,
    read_optical,
    read_pen_ways,
    read_semeion,
)

PICTURES_PER_DIGIT = {"train": 4000, "val": 800, "test": 1600}
"""Most pictures of each digit, by split."""
MAX_BAR_FILL = 0.6
"""Share of its box that the ink of a scanned 1 fills at most. Those that fill more are bars without a form."""
MAX_INK_SHARE = 0.9
"""Greatest share of handwritten digits that are real ink beside MNIST's."""
Sample = Strokes | Bitmap


@dataclass(frozen=True)
class RealInk:
    """Which real ink is among the digits of scenes. Raises OptionError where the share makes no sense."""

    folder: Path
    """Where its files lie, see INK_FILES."""
    share: float
    """Which share of the handwritten digits it is: above 0, at most MAX_INK_SHARE."""

    def __post_init__(self) -> None:
        if not 0 < self.share <= MAX_INK_SHARE:
            raise OptionError(f"--ink-share: expected above 0, {MAX_INK_SHARE} at most, got {self.share}.")

    @classmethod
    def of_options(cls, folder: Path | None, share: float) -> RealInk | None:
        """What --ink-dir and --ink-share ask for; None where there is no folder."""
        return cls(folder, share) if folder else None


@dataclass(frozen=True)
class InkFile:
    """A file of digits that is looked for."""

    name: str
    """Of the file, with or without .gz."""
    read: Callable[[Path], Mapping[str, Sequence[Sample]]]
    """Its samples by what they are."""
    shares: tuple[float, float, float]
    """Which share of each digit's samples is for train, val and test, in the order of the file."""
    pictures: int
    """Most pictures of a sample; also how often it comes beside the samples of other files."""
    square: bool
    """Whether its digits were stretched to fill a square."""


INK_FILES = (
    # name, read, shares, pictures, square
    InkFile("uji_pen_characters_2_digits.json", read_pen_ways, (2 / 3, 1 / 6, 1 / 6), 28, False),
    InkFile("numberpad_one_writer.json", read_pen_ways, (0.8, 0.1, 0.1), 8, False),
    InkFile("pendigits.csv", read_eight_points, (0.8, 0.1, 0.1), 2, True),
    InkFile("optdigits-orig.tra", read_optical, (1, 0, 0), 6, False),
    InkFile("optdigits-orig.windep", read_optical, (0, 0.5, 0.5), 6, False),
    InkFile("semeion.data", read_semeion, (0.8, 0.1, 0.1), 4, True),
)


def _own_part(samples: Sequence[Sample], shares: tuple[float, float, float], split: Split) -> Sequence[Sample]:
    """The samples of a split."""
    ends = [0, *np.round(np.cumsum(shares) * len(samples)).astype(int).tolist()]
    index = SPLITS.index(split)
    return samples[ends[index] : ends[index + 1]]


def _is_bar(sample: Sample, digit: int) -> bool:
    """Whether it is a scanned 1 of which only a bar is left."""
    if digit != 1 or isinstance(sample, tuple):
        return False
    ys, xs = np.nonzero(sample)
    return bool(len(ys) > MAX_BAR_FILL * (np.ptp(ys) + 1) * (np.ptp(xs) + 1))


def _draw(rng: np.random.Generator, sample: Sample, digit: int, count: int, square: bool) -> NDArray[np.uint8]:
    """`count` pictures of a sample, (count, 28, 28)."""
    if isinstance(sample, tuple):
        return draw_strokes(rng, sample, count, digit, square)
    return draw_bitmap(rng, sample, count, digit, square)


@lru_cache(maxsize=4)
def read_inks(folder: Path, split: Split) -> DigitSet:
    """The real digits of a split that the files in a folder hold, like MNIST's: uint8 (N, 28, 28), in random order.

    All digits come equally often, at most PICTURES_PER_DIGIT each: samples are drawn several times, in several pens.
    Raises ValueError where split is not a split, DataError where no file is there, one is damaged, or none has a digit
    of the split.
    """
    if split not in SPLITS:
        raise ValueError(f"split: expected one of {SPLITS}, got {split!r}")
    paths = {file: path for file in INK_FILES if (path := found(folder, file.name))}
    if not paths:
        names = ", ".join(file.name for file in INK_FILES)
        raise DataError(
            f"{folder}: expected files of real ink, plain or .gz, got none; put at least one of these there: {names}."
        )
    read = {file: file.read(path) for file, path in paths.items()}
    own = {
        digit: [
            (sample, file)
            for file, samples in read.items()
            for sample in _own_part(samples.get(str(digit), ()), file.shares, split)
            if file.square or not _is_bar(sample, digit)
        ]
        for digit in range(10)
    }
    room = [sum(file.pictures for _, file in samples) for samples in own.values() if samples]
    if not room:
        names = ", ".join(str(path) for path in paths.values())
        raise DataError(f"{names}: expected digits of the split {split}, got none; add other files of real ink.")
    per_digit = min(*room, PICTURES_PER_DIGIT[split])
    rng = np.random.default_rng((zlib.crc32(b"real ink"), SPLITS.index(split)))
    images, labels = [], []
    for digit, samples in own.items():
        if not samples:
            continue
        most = np.array([file.pictures for _, file in samples])
        ends = np.round(np.cumsum(most) / most.sum() * per_digit).astype(int)
        for (sample, file), count in zip(samples, np.diff(ends, prepend=0).tolist(), strict=True):
            if count:
                images.append(_draw(rng, sample, digit, count, file.square))
        labels.append(np.full(per_digit, digit, np.int64))
    return _in_random_order(rng, np.concatenate(images), np.concatenate(labels))


def _in_random_order(rng: np.random.Generator, images: NDArray[np.uint8], labels: NDArray[np.int64]) -> DigitSet:
    """The digits that have ink, in another order."""
    assert images.shape[1:] == (DIGIT_SIDE_PX, DIGIT_SIDE_PX)
    order = rng.permutation(np.nonzero((images >= MIN_INK_GREY).any((1, 2)))[0])
    return DigitSet(images[order], labels[order])
