"""From pictures of any size to Pages.

Every picture has a search of its own, which asks for parts of it. The detector takes the parts of many pictures at a
time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import Protocol

import numpy as np

from detector.errors import DigitReaderError, ImageError, OptionError
from detector.images import Picture, Source, open_image
from detector.reading.calibration import Calibration
from detector.reading.orientation import upright_search
from detector.reading.prefetch import Group, open_ahead
from detector.reading.ruled_gaps import with_rulings
from detector.reading.search import search
from detector.reading.snap_to_ink import snap_to_ink
from detector.reading.tables import find_tables
from detector.types import Detections, Page, Table

BATCH_PX = 1_200_000  # that go through the detector at a time: two tiles, or many small pictures


class Network(Protocol):
    """What finds digits in pictures: a Detector on PyTorch, or an exported one on another runtime."""

    @property
    def categories(self) -> tuple[str, ...]:
        """What it finds, by name, in the order of its labels: the digits, then signs and others."""

    @property
    def runtime(self) -> str:
        """What computes, by name."""

    @property
    def whole_picture(self) -> bool:
        """Whether it takes pictures as they are, so that a reader must neither enlarge nor tile them."""

    @property
    def at_once(self) -> int:
        """How many calls of `find`, each in a thread of its own, give the most pictures a second."""

    def find(self, pictures: Sequence[Picture], /) -> list[Detections]:
        """The digits in each uint8 (H, W, 3) RGB, of any sizes, best first, down to a low score."""


class Reader:
    """A detector and what it takes to read any picture with it.

    model: the detector, on its runtime.
    min_score: digits with a lower score are not read, 0-1. By default the calibration's own threshold.
    min_number_score: numbers with a lower score are rejected, 0-1: their boxes stay, their text is withheld.
    calibration: what makes chances of the detector's scores. Both thresholds are compared with chances.
    turn: whether pictures that lie on a side or upside down are read upright.
    tables: whether pages are looked at for tables, too.
    Raises OptionError for a threshold outside 0-1.
    """

    def __init__(
        self,
        model: Network,
        min_score: float | None = None,
        min_number_score: float = 0.0,
        calibration: Calibration | None = None,
        turn: bool = True,
        tables: bool = False,
    ) -> None:
        self.calibration = calibration or Calibration()
        self.min_score = self.calibration.min_score if min_score is None else float(min_score)
        self.min_number_score = float(min_number_score)
        for name, usual in (("min_score", 0.5), ("min_number_score", 0.9)):
            if not 0 <= (score := getattr(self, name)) <= 1:
                raise OptionError(f"{name}: expected a number from 0 to 1, got {score}; {usual} is a usual one.")
        self.turn = turn
        self.with_tables = tables
        self.model = model

    @property
    def categories(self) -> tuple[str, ...]:
        """What its detector finds, by name, in the order of its labels."""
        return self.model.categories

    def detect(self, image: Picture) -> Detections:
        """All digits and signs in uint8 (H, W, 3) RGB, best first, down to the low score that the detector stops at."""
        return self.detect_many([image])[0]

    def detect_many(self, images: Sequence[Picture]) -> list[Detections]:
        """As detect, for several pictures. Parts of one size go through the detector together."""
        for image in images:
            _check_image(image)
        found = self._find(images) if self.model.whole_picture else self._search(images)
        return [self._calibrated(image, one) for image, one in zip(images, found, strict=True)]

    def _search(self, images: Sequence[Picture]) -> list[Detections]:
        """What is found in each picture by looking at parts of it, as large as they have to be."""
        found = [Detections.empty()] * len(images)
        searches = [(upright_search if self.turn else search)(image) for image in images]
        replies: dict[int, list[Detections]] = {i: [] for i in range(len(images))}  # to each search that goes on
        while replies:
            asked: dict[int, list[Picture]] = {}
            for i, reply in replies.items():
                try:
                    asked[i] = searches[i].send(reply) if reply else next(searches[i])
                except StopIteration as end:
                    found[i] = end.value
            seen = iter(self._find([part for parts in asked.values() for part in parts]))
            replies = {i: [next(seen) for _ in parts] for i, parts in asked.items()}
        return found

    def _calibrated(self, image: Picture, found: Detections) -> Detections:
        """What was found, with chances for scores and boxes drawn tight to the ink."""
        found = self.calibration.digits(replace(found, boxes=snap_to_ink(image, found.boxes)), self.categories)
        return with_rulings(image, found) if self.calibration.joining else found

    def page(self, image: Picture) -> Page:
        """What is written in uint8 (H, W, 3) RGB."""
        return self._page_of(image, self.detect(image))

    def read(self, source: Source) -> Page:
        """What is written in a picture: a path, bytes, binary file, NumPy array or PIL image. Raises ImageError."""
        return self.page(open_image(source))

    def read_many(self, sources: Iterable[Source]) -> Iterator[Page | DigitReaderError]:
        """What is written in each picture, in order; where one cannot be read, the error in place of its page."""
        for read in self.read_and_show(sources):
            yield read if isinstance(read, DigitReaderError) else read[1]

    def read_and_show(self, sources: Iterable[Source]) -> Iterator[tuple[Picture, Page] | DigitReaderError]:
        """As read_many, each page with its picture, uint8 (H, W, 3) RGB.

        Three things go on at once. One thread opens pictures. Others detect digits in them, in small ones together. The
        caller's thread puts what was found in reading order.
        """
        with ThreadPoolExecutor(self.model.at_once, "find") as pool:
            waiting: deque[tuple[Group, Future[list[Detections]]]] = deque()
            for group in open_ahead(sources):
                images = [image for image in group if not isinstance(image, DigitReaderError)]
                waiting.append((group, pool.submit(self.detect_many, images)))
                if len(waiting) > self.model.at_once:
                    yield from self._with_pages(*waiting.popleft())
            for last in waiting:
                yield from self._with_pages(*last)

    def _with_pages(
        self, group: Group, found: Future[list[Detections]]
    ) -> Iterator[tuple[Picture, Page] | DigitReaderError]:
        detections = iter(found.result())
        for image in group:
            if isinstance(image, DigitReaderError):
                yield image
            else:
                yield image, self._page_of(image, next(detections))

    def _page_of(self, image: Picture, found: Detections) -> Page:
        page = self.page_of(found, (image.shape[1], image.shape[0]), self.min_score, self.min_number_score)
        return replace(page, tables=self.tables(image, page)) if self.with_tables else page

    def tables(self, image: Picture, page: Page) -> tuple[Table, ...]:
        """The tables in uint8 (H, W, 3) RGB, top to bottom. page: what was read in it, by this reader or another."""
        return find_tables(image, page)

    def page_of(
        self, found: Detections, size: tuple[int, int], min_score: float, min_number_score: float = 0.0
    ) -> Page:
        """What is written where this was detected, by thresholds of one's own. size: width and height, pixels."""
        lines, signs = self.calibration.lines_and_signs(found, self.categories, min_score, min_number_score)
        return Page(*size, lines, found.turned, signs)

    def _find(self, pictures: Sequence[Picture]) -> list[Detections]:
        """What the detector finds in each, BATCH_PX pixels at a time, pictures of one size side by side."""
        batches: list[list[int]] = []  # indices of pictures
        room_px = 0
        for i in sorted(range(len(pictures)), key=lambda i: pictures[i].shape):
            pixels = pictures[i].size // 3
            if not batches or pixels > room_px:
                batches.append([])
                room_px = BATCH_PX
            batches[-1].append(i)
            room_px -= pixels
        found: dict[int, Detections] = {}
        for batch in batches:
            found.update(zip(batch, self.model.find([pictures[i] for i in batch]), strict=True))
        return [found[i] for i in range(len(pictures))]


def _check_image(image: Picture) -> None:
    if not isinstance(image, np.ndarray) or image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        got = f"{image.dtype} {image.shape}" if isinstance(image, np.ndarray) else type(image).__name__
        raise ImageError(f"the picture: expected uint8 (H, W, 3) RGB, got {got}; use read, or images.open_image first.")
    if not image.size:
        raise ImageError(f"the picture: expected at least one pixel, got shape {image.shape}.")
