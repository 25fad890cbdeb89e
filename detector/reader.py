"""From a picture of any size to a Page: pick the scales, cut tiles, predict, merge, order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

import numpy as np

from detector import tiles
from detector.errors import DigitReaderError, ImageError, OptionError
from detector.images import Picture, Source, open_image
from detector.strings import Page, read_lines
from detector.types import Detections

MIN_SCORE = 0.5  # digits below are not read; chosen for the shipped weights on validation scenes
BATCH = 4  # pictures or tiles that go through the detector at a time


class Network(Protocol):
    """What finds digits in pictures: a Detector, or an exported one on another runtime."""

    @property
    def runtime(self) -> str:
        """What computes, by name."""

    @property
    def whole_picture(self) -> bool:
        """Whether it takes a picture at once as it is, so that a reader must neither enlarge nor tile it."""

    def find(self, pictures: Sequence[Picture], /) -> list[Detections]:
        """Digits in uint8 (H, W, 3) RGB of any and of different sizes, best first, down to a low score."""


class Reader:
    """A detector and what it takes to read any picture with it.

    min_score: digits with a lower score are not read, 0-1. Raises OptionError for a min_score outside 0-1.
    """

    def __init__(self, model: Network, min_score: float = MIN_SCORE) -> None:
        if not 0 <= min_score <= 1:
            raise OptionError(f"min_score: expected a number from 0 to 1, got {min_score}; 0.5 is a usual one.")
        self.min_score = float(min_score)
        self.model = model

    def detect(self, image: Picture) -> Detections:
        """All digits in uint8 (H, W, 3) RGB, best first, down to the low score that the detector stops at."""
        return self.detect_many([image])[0]

    def detect_many(self, images: Sequence[Picture]) -> list[Detections]:
        """As detect, for several pictures; small ones of one size go through the detector together."""
        for image in images:
            _check(image)
        if self.model.whole_picture:
            return self._predict(images)
        found = [Detections.empty()] * len(images)
        small = {i: next(tiles.levels(image)) for i, image in enumerate(images) if max(image.shape[:2]) <= tiles.TILE}
        for shape in sorted({level.image.shape for level in small.values()}):
            alike = [i for i, level in small.items() if level.image.shape == shape]
            for i, first in zip(alike, self._predict([small[i].image for i in alike]), strict=True):
                found[i] = self._look_further(images[i], first)
        for i in set(range(len(images))) - set(small):
            found[i] = tiles.merge((level, part) for level in tiles.levels(images[i]) for part in self._look(level))
        return found

    def page(self, image: Picture) -> Page:
        """What is written in uint8 (H, W, 3) RGB."""
        found = self.detect(image)
        height, width = image.shape[:2]
        return Page(width, height, read_lines(found[found.scores >= self.min_score]))

    def read(self, source: Source) -> Page:
        """What is written in a picture: a path, bytes, binary file, NumPy array or PIL image. Raises ImageError."""
        return self.page(open_image(source))

    def read_many(self, sources: Iterable[Source]) -> Iterator[Page | DigitReaderError]:
        """What is written in each picture, in order; for one that cannot be read, the error in place of a page."""
        for source in sources:
            try:
                yield self.read(source)
            except DigitReaderError as error:
                yield error

    def _look(self, level: tiles.Level) -> Iterator[Detections]:
        """What is found on one level, tile by tile, in pixels of the whole picture."""
        batch: list[tiles.Tile] = []
        for tile in tiles.tiles(level):
            batch.append(tile)
            if len(batch) == BATCH:
                yield from self._look_at(level, batch)
                batch = []
        yield from self._look_at(level, batch)

    def _look_at(self, level: tiles.Level, batch: Sequence[tiles.Tile]) -> Iterator[Detections]:
        for tile, found in zip(batch, self._predict([tile.image for tile in batch]), strict=True):
            yield tiles.trusted(found, tile, level)

    def _look_further(self, image: Picture, first: Detections) -> Detections:
        """All digits of a small picture, given what was found on its first level, in pixels of that.

        Half its size is always looked at, for digits too large to be known, and smaller sizes as long as there are such
        or nothing at all. What only a small size shows, and nothing led there, has to be sure: a few blots on an empty
        page look like a digit from afar.
        """
        parts: list[tuple[tiles.Level, Detections]] = []
        anything = False
        for number, level in enumerate(tiles.levels(image)):
            seen = self._predict([level.image])[0] if number else first
            if number > 1 and not anything:
                seen = seen[seen.scores >= tiles.SURE]
            known = tiles.trusted(seen, tiles.Tile(level.image, 0, 0), level)
            parts.append((level, known))
            anything = anything or bool((known.scores >= tiles.CREDIBLE).any())
            credible = seen.boxes[seen.scores >= tiles.CREDIBLE]  # (N, 4), pixels of the level
            too_large = (credible[:, 2:] - credible[:, :2]).max(initial=0) > tiles.LARGEST
            if number and anything and not too_large:
                break
        return tiles.merge(parts)

    def _predict(self, images: Sequence[Picture]) -> list[Detections]:
        found: list[Detections] = []
        for start in range(0, len(images), BATCH):
            found += self.model.find(images[start : start + BATCH])
        return found


def _check(image: Picture) -> None:
    if not isinstance(image, np.ndarray) or image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        got = f"{image.dtype} {image.shape}" if isinstance(image, np.ndarray) else type(image).__name__
        raise ImageError(f"the picture: expected uint8 (H, W, 3) RGB, got {got}; use read, or images.open_image first.")
    if not image.size:
        raise ImageError(f"the picture: expected at least one pixel, got shape {image.shape}.")
